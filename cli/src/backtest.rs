// SPDX-License-Identifier: Apache-2.0
//! `shardctl backtest`: what a policy would have done with a stream's own past, against what was paid for it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{ArgGroup, Args, value_parser};
use serde::Serialize;
use simulator::run::Run;
use simulator::score::Score;

use crate::comparison::{Comparison, Optimum};
use crate::files;
use crate::options::{AssumptionOptions, Output, cannot_write};
use crate::picture::svg;
use crate::report::{Report, write_json};
use crate::scaling_policy::{PolicyOptions, ScalingPolicy};
use crate::scenario::{Assumed, Scenario};
use crate::source::{Capacity, SourceOptions, StreamNow};
use crate::table::{figure, percent};
use crate::words::{HOURS_PER_MONTH, comparison_table, heading, hindsight_line};

/// Minutes of a day.
const DAY_MINUTES: usize = 24 * 60;
/// The name of what was paid, in tables.
const AS_NOW: &str = "as-now";

/// Show what would have happened: run a policy over a stream's own last days, or over a recorded workload.
///
/// Records that were throttled in the past count as demand, and minutes without data in CloudWatch count as idle. AWS
/// does not keep past shard counts, so the policy is compared with the stream's present count. Prices are those of
/// us-east-1.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("workload").args(["stream", "trace"]).required(true)))]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    #[command(flatten)]
    assumptions: AssumptionOptions,
    /// Draw load, shards, resizes, throttled minutes and costs into this SVG file.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    picture: Option<PathBuf>,
    /// Draw only this many last days.
    #[arg(long, value_name = "DAYS", requires = "picture", value_parser = value_parser!(u32).range(1..=366))]
    #[arg(help_heading = "Output")]
    picture_days: Option<u32>,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
    /// Leave out the optimum in hindsight, which takes some seconds to calculate.
    #[arg(long, help_heading = "Output")]
    no_optimum: bool,
}

/// A backtest for programs.
#[derive(Serialize)]
struct BacktestReport<'a> {
    #[serde(flatten)]
    report: Report<'a>,
    /// `null` for a trace.
    stream: Option<StreamReport>,
}

#[derive(Serialize)]
struct StreamReport {
    /// `null` in on-demand mode.
    open_shards: Option<u32>,
    unknown_minutes_share: f64,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    files::is_read_once(arguments.source.file().into_iter().chain([Path::new(&arguments.policy.policy)]))?;
    let policy = ScalingPolicy::chosen(&arguments.policy, &arguments.assumptions)?;
    let assumed = Assumed::of(&arguments.assumptions)?;
    let source = arguments.source.read()?;
    let stream = source.stream;
    let scenario = Scenario::new(source.trace, source.initial_shards, assumed);
    let run = policy.run(&scenario)?;
    if let Some(file) = &arguments.picture {
        let minutes = arguments.picture_days.map_or(usize::MAX, |days| DAY_MINUTES * days as usize);
        let (drawn, run) = scenario.last(&run, minutes);
        let picture = svg(&drawn, &run, &policy)?;
        fs::write(file, picture).with_context(|| cannot_write(file))?;
    }
    let optimum = if arguments.no_optimum { Optimum::NotWanted } else { Optimum::Wanted };
    let mut comparison = Comparison::of(&scenario, &policy, &run, optimum)?;
    if let Some(Capacity::Shards(shards)) = stream.as_ref().map(|stream| stream.capacity) {
        comparison.add(AS_NOW.to_owned(), held(&scenario, shards));
    }
    match arguments.output {
        Output::Json => {
            let report = Report::of(&scenario, &policy, &comparison);
            write_json(&BacktestReport { report, stream: stream.as_ref().map(StreamReport::of) }, out)
        }
        Output::Table => {
            writeln!(out, "{}:\n", heading(&scenario, &policy))?;
            writeln!(out, "{}", comparison_table(&comparison))?;
            write!(out, "{}", hindsight_line(&comparison))?;
            Ok(writeln!(out, "\n{}", verdict(&scenario, stream.as_ref(), &comparison))?)
        }
    }
}

/// What so many shards cost and throttle that stay as they are.
fn held(scenario: &Scenario, shards: u32) -> Score {
    scenario.score(&Run { capacity: vec![shards; scenario.trace.minutes.len()], ..Run::default() })
}

/// What it comes to, against what was paid.
fn verdict(scenario: &Scenario, stream: Option<&StreamNow>, comparison: &Comparison) -> String {
    let Some(stream) = stream else {
        return "The cost that was paid is not known for a trace. With --stream it is known.".to_owned();
    };
    let monthly = |usd: f64| usd / scenario.hours() * HOURS_PER_MONTH;
    let ours = &comparison.ours;
    let (paid, throttled, how) = match stream.capacity {
        Capacity::OnDemand => (comparison.on_demand_usd, 0.0, "in on-demand mode, as it is now".to_owned()),
        Capacity::Shards(shards) => {
            let held = held(scenario, shards);
            (held.usd, held.throttled_bytes_share, format!("with its present {shards} shards all the time"))
        }
    };
    let [less, month_less] = [paid - ours.score.usd, monthly(paid) - monthly(ours.score.usd)];
    let word = if less < 0.0 { "more" } else { "less" };
    format!(
        "{}, {how}, costs {} USD a month and throttles {} of its bytes.\n{} costs {} USD a month and throttles \
         {}: {} USD a month {word} ({}).\nCloudWatch has no data for {} of the minutes; they count as idle.",
        stream.name,
        figure(monthly(paid), 2),
        percent(throttled, 4),
        ours.name,
        figure(monthly(ours.score.usd), 2),
        percent(ours.score.throttled_bytes_share, 4),
        figure(month_less.abs(), 2),
        percent((less / paid).abs(), 1),
        percent(stream.unknown_share, 2),
    )
}

impl StreamReport {
    fn of(stream: &StreamNow) -> Self {
        let open_shards = match stream.capacity {
            Capacity::Shards(shards) => Some(shards),
            Capacity::OnDemand => None,
        };
        Self { open_shards, unknown_minutes_share: stream.unknown_share }
    }
}
