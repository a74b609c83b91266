// SPDX-License-Identifier: Apache-2.0
//! `shardctl cost`: what streams cost, what was saved, and what could be; the report of cost-report, in the terminal.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use billing::prices::Item;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::MicroUsd;
use scaler_app::cloud::{Clock as _, Cloud as _};
use scaler_app::report::figures::{AdviceLine, Mode, StreamCost, Usd, UsdSaved};
use scaler_app::report::{CostFault, CostReport, CostRequest, CostSettings, Scope, calculate_report, time};
use scaler_app::stack_config::StackConfig;

use crate::connection::{Connection, credentials_advice, in_aws};
use crate::failure::usage;
use crate::options::{Output, cannot_write, stream_name};
use crate::pricing::{each_once, item_words, price, price_help};
use crate::report::write_json;
use crate::settings::StackOptions;
use crate::stack::stack_policy;
use crate::table::{figure, table};

/// A terminal has as much time as it takes; a day is as good as none.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// A file's name for standard output.
const STANDARD_OUTPUT: &str = "-";
/// Names of streams that have a note in common, before it is told how many more.
const NAMES_SHOWN: usize = 5;

/// Show what streams cost, what they would have cost otherwise, and what could be saved.
///
/// Changes nothing. Costs are calculated from CloudWatch's metrics, and prices come from AWS's Price List if it can be
/// read, else from a dated sheet. Only AWS's bill is binding. The settings given here and the stream's tags set the
/// target utilization for the static peak, and the minimums that the advice is about. A report on a month reads some
/// ten metrics of each stream, which costs less than a cent for a hundred streams.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The stream [default: every stream whose tag kinesis-scaler/managed is true].
    #[arg(value_name = "NAME", value_parser = stream_name)]
    name: Option<String>,
    /// Every stream of the account and Region, managed or not.
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// When the period begins: days or hours before now, or a time [default: the first of this month].
    #[arg(long, value_name = "30d|12h|TIME")]
    since: Option<String>,
    /// When it ends [default: now].
    #[arg(long, value_name = "30d|12h|TIME")]
    until: Option<String>,
    /// A price in USD that you know better, for example shard-hour=0.0185; repeatable, once for each item.
    #[arg(long = "price", value_name = "ITEM=USD", value_parser = price, long_help = price_help())]
    prices: Vec<(Item, MicroUsd)>,
    #[command(flatten)]
    stack: StackOptions,
    /// Write the report as an HTML page with charts; `-` writes the page, and nothing else, to standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    html: Option<PathBuf>,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    arguments.stack.policy(None)?;
    each_once(&arguments.prices)?;
    let report = in_aws(async {
        let connection = Connection::new().await?;
        let stack_config = StackConfig {
            region: connection.region.clone(),
            prices: arguments.prices.clone(),
            ..StackConfig::default()
        };
        let cloud = connection.cost_cloud(&stack_config);
        let now = cloud.clock().now();
        let request = request(arguments, now).map_err(|fault| usage(fault.to_string()))?;
        let stack_policy = stack_policy(&connection, &arguments.stack, None, Some(&[])).await?;
        let settings =
            CostSettings { policy: &stack_policy.policy, stack_config: &stack_config, draw: cost_page::draw };
        let mut report = calculate_report(&cloud, settings, &request, now + PATIENCE).await;
        report.notes.extend(stack_policy.policy_source.warning());
        Ok(report)
    })?;
    if report.streams.is_empty() && !report.faults.is_empty() {
        let faults = report.faults.join("; ");
        let advice =
            report.credential_fault.map_or_else(String::new, |fault| format!("; {}", credentials_advice(fault)));
        bail!("{faults}{advice}");
    }
    let to_out = Path::new(STANDARD_OUTPUT);
    if let Some(file) = arguments.html.as_deref().filter(|file| *file != to_out) {
        fs::write(file, cost_page::draw(&report)).with_context(|| cannot_write(file))?;
    }
    match arguments.output {
        _ if arguments.html.as_deref() == Some(to_out) => write!(out, "{}", cost_page::draw(&report))?,
        Output::Json => write_json(&report, out)?,
        Output::Table => tell(&report, arguments.name.is_some(), out)?,
    }
    match report.streams_left_out {
        0 => Ok(()),
        left_out => bail!(
            "{left_out} of {} streams are not in the report: the lines `not included` say which, and why",
            left_out + report.streams.len()
        ),
    }
}

fn request(arguments: &Arguments, now: Timestamp) -> Result<CostRequest, CostFault> {
    let scope = match (&arguments.name, arguments.all) {
        (Some(name), _) => Scope::Streams(vec![name.clone()]),
        (None, true) => Scope::All,
        (None, false) => Scope::Managed,
    };
    let read = |field, text: &Option<String>| text.as_deref().map(|text| time(field, text, now)).transpose();
    let (since, until) = (read("--since", &arguments.since)?, read("--until", &arguments.until)?);
    CostRequest::period(scope, since, until, false, now)
}

fn tell(report: &CostReport, is_one: bool, out: &mut impl Write) -> Result<()> {
    let shown = |time: Timestamp| time.strftime("%Y-%m-%d %H:%M").to_string();
    let [from, until] = [report.from, report.until].map(shown);
    writeln!(out, "{} stream(s) in {}, {from} to {until} (UTC), in USD\n", report.streams.len(), report.region)?;
    if report.streams.is_empty() {
        writeln!(out, "no stream is tagged kinesis-scaler/managed=true: --all shows every stream")?;
    } else {
        let header =
            ["stream", "mode", "shards", "cost", "on-demand", "static peak", "scaler", "saved", "month", "budget"];
        let fleet = (report.streams.len() > 1).then(|| fleet_row(report));
        writeln!(out, "{}", table(header, report.streams.iter().map(row).chain(fleet)))?;
        writeln!(
            out,
            "shards: on average; static peak: the cost with the shards for the busiest minute, all the time; \
             saved: by managed streams against that, after the scaler's own cost as far as it is known; month: \
             expected for the whole month"
        )?;
    }
    if let Some(advantage) = report.fleet.usd_advantage.filter(|_| !is_one) {
        writeln!(
            out,
            "on-demand Advantage for these streams, with its minimum charge for 25 MiB/s in and out: {}",
            cents(advantage)
        )?;
    }
    if let Some(stream) = report.streams.first().filter(|_| is_one) {
        lines(stream, out)?;
    }
    for stream in &report.streams {
        tell_advice(stream, out)?;
    }
    tell_notes(&report.streams, out)?;
    report.notes.iter().try_for_each(|note| writeln!(out, "note: {note}"))?;
    report.faults.iter().try_for_each(|fault| writeln!(out, "not included: {fault}"))?;
    Ok(())
}

fn row(stream: &StreamCost) -> [String; 10] {
    let mode = if stream.mode == Mode::OnDemand { "on-demand" } else { "provisioned" };
    [
        stream.stream.clone(),
        mode.to_owned(),
        figure(stream.mean_shards, 1),
        cents(stream.usd),
        known(stream.usd_on_demand),
        stream
            .usd_static_peak
            .map_or_else(|| known(None), |usd| format!("{} ({})", cents(usd), stream.static_peak_shards)),
        cents(stream.usd_scaler),
        if stream.managed { saved(stream.saved_against_static_peak) } else { "-".to_owned() },
        stream.usd_month_expected.map_or_else(|| "unknown".to_owned(), cents),
        stream.budget_usd_month.map_or_else(String::new, |budget| {
            format!("{}{}", if stream.over_budget { "over " } else { "" }, cents(budget))
        }),
    ]
}

fn fleet_row(report: &CostReport) -> [String; 10] {
    let fleet = &report.fleet;
    [
        "together".to_owned(),
        String::new(),
        String::new(),
        cents(fleet.usd),
        known(fleet.usd_on_demand),
        known(fleet.usd_static_peak),
        cents(fleet.usd_scaler),
        saved(fleet.saved_against_static_peak),
        fleet.usd_month_expected.map_or_else(|| "unknown".to_owned(), cents),
        String::new(),
    ]
}

/// The bill of one stream.
fn lines(stream: &StreamCost, out: &mut impl Write) -> Result<()> {
    let words = |item: &str| item.parse().map_or_else(|_| item.to_owned(), |item| item_words(item).to_owned());
    // The same for all, so that they stand below each other and add up.
    let decimals = if stream.usd.0 < MicroUsd(1_000_000) { 4 } else { 2 };
    let rows = stream.lines.iter().map(|line| {
        let quantity = figure(line.quantity, 3);
        [words(line.item), quantity, format!("x {}", line.unit), line.usd.0.rounded(decimals)]
    });
    let sum = || ["together".to_owned(), String::new(), String::new(), stream.usd.0.rounded(decimals)];
    let together = (stream.lines.len() > 1).then(sum);
    if stream.lines.is_empty() {
        writeln!(out, "\nnothing was billed in this period")?;
    } else {
        writeln!(out, "\n{}", table(["item", "quantity", "", "USD"], rows.chain(together)))?;
    }
    if let Some(advantage) = stream.usd_advantage {
        let words = "under on-demand Advantage, in an account above its minimum charge for 25 MiB/s in and out";
        writeln!(out, "{words}: {}", cents(advantage))?;
    }
    Ok(())
}

fn tell_advice(stream: &StreamCost, out: &mut impl Write) -> Result<()> {
    for AdviceLine { words, usd_month, command } in &stream.advice {
        writeln!(out, "\n{}: {} a month: {words}", stream.stream, cents(*usd_month))?;
        if let Some(command) = command {
            writeln!(out, "  {command}")?;
        }
    }
    Ok(())
}

/// What is to be known of streams, each note once for all that it is about.
fn tell_notes(streams: &[StreamCost], out: &mut impl Write) -> Result<()> {
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for stream in streams {
        for note in &stream.notes {
            match told.iter_mut().find(|(others, _)| others == note) {
                Some((_, names)) => names.push(&stream.stream),
                None => told.push((note, vec![&stream.stream])),
            }
        }
    }
    for (note, names) in told {
        let more = names.len().saturating_sub(NAMES_SHOWN);
        let names = names[..names.len() - more].join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "\n{names}{more}: {note}")?;
    }
    Ok(())
}

fn known(usd: Option<Usd>) -> String {
    usd.map_or_else(|| "no price".to_owned(), cents)
}

fn saved(saved: Option<UsdSaved>) -> String {
    saved.map_or_else(
        || "no price".to_owned(),
        |UsdSaved(micro)| {
            let sign = if micro < 0 { "-" } else { "" };
            format!("{sign}{}", cents(Usd(MicroUsd(micro.unsigned_abs()))))
        },
    )
}

fn cents(Usd(amount): Usd) -> String {
    amount.cents()
}
