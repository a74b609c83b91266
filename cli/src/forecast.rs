// SPDX-License-Identifier: Apache-2.0
//! `shardctl forecast`: the load that a stream is expected to have in the next 24 hours, and the shards planned for it.

use std::io::Write;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::METRIC_DELAY_MINUTES;
use kinesis_model::{MetricWindow, Minute, ShardCount};
use scaler_core::{LoadHistory, Plan, PlannedSpan, Policy, StreamTags, plan_ahead};
use serde_json::json;
use simulator::trace::Trace;
use sizing::{HashedKeys, Reads, Workload};

use crate::few_keys::{self, KeyOptions};
use crate::options::{Output, with_negative_numbers};
use crate::setting_options::SettingOptions;
use crate::settings::policy_to_simulate;
use crate::size::busiest;
use crate::source::{Capacity, Source, SourceOptions, Tags};
use crate::table::table;

/// Show the load that a stream is expected to have in the next 24 hours, and the shards planned for it.
///
/// It is the plan that the functions would make now. They make a new plan at each evaluation, and carry out only its
/// first step.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("workload").args(["stream", "trace"]).required(true)))]
#[command(mut_arg("stream", |stream| stream.long(None).value_name("STREAM")))]
#[command(mut_args(with_negative_numbers))]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    keys: KeyOptions,
    #[command(flatten)]
    settings: SettingOptions,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

/// Plans from now, or from the end of a trace.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let Arguments { source: options, keys, settings, output } = arguments;
    let stack = policy_to_simulate(settings, None)?;
    let source = options.read_with(Tags::Read)?;
    let now = source.trace.at(source.trace.minutes.len() + METRIC_DELAY_MINUTES as usize);
    let (shards, plan) = planned(&source, &stack, now)?;
    let name = &source.trace.name;
    let keys = hashed_keys(keys.partition_keys, &source.trace, &plan);
    match *output {
        Output::Json => {
            let mut report = in_json(name, shards, &plan, now);
            report["partition_keys"] = keys.as_ref().map_or(serde_json::Value::Null, few_keys::in_json);
            Ok(writeln!(out, "{report:#}")?)
        }
        Output::Table => {
            writeln!(out, "{}\n", heading(name, (shards, options.is_assumed()), &plan, now))?;
            let rows = plan.spans.iter().map(|span| row(span, now));
            writeln!(out, "{}", table(["UTC", "shards", "likely", "up to"], rows))?;
            if let Some(keys) = keys.filter(HashedKeys::are_few) {
                let words = few_keys::in_words(&keys);
                writeln!(
                    out,
                    "\nWith the largest planned shard count and the load of the busiest known minute: \
                    {words}"
                )?;
            }
            Ok(())
        }
    }
}

/// The partition keys on the most shards that are planned, with the load of the busiest minute known.
fn hashed_keys(keys: Option<u32>, trace: &Trace, plan: &Plan) -> Option<HashedKeys> {
    let most = plan.spans.iter().map(|span| span.shards).max()?;
    let load = busiest(trace);
    let workload = Workload {
        bytes_per_second: load.bytes_per_second,
        records_per_second: load.records_per_second,
        reads: Reads::Unknown,
        distinct_partition_keys: keys,
    };
    HashedKeys::of(&workload, most)
}

fn planned(source: &Source, stack: &Policy, now: Timestamp) -> Result<(ShardCount, Plan)> {
    let (tags, capacity) = match &source.stream {
        Some(stream) => (stream.tags.clone(), stream.capacity),
        None => (StreamTags::default(), Capacity::Shards(source.initial_shards)),
    };
    let name = &source.trace.name;
    let Capacity::Shards(_) = capacity else {
        bail!(
            "stream {name} is in on-demand mode, in which AWS sets the shard count: try shardctl backtest \
             --stream {name}"
        );
    };
    if let Some(fault) = tags.faults.first() {
        bail!("{fault}: the functions do not change the stream until this is corrected");
    }
    let policy = match tags.policy(stack) {
        Ok(policy) => policy,
        Err(faults) => bail!(
            "the stream's tags contradict the options: {}",
            faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        ),
    };
    let shards = ShardCount::saturating(u64::from(source.initial_shards));
    let window = MetricWindow { end: now, minutes: Vec::new() };
    match plan_ahead(&policy, shards, &tags.history, &history(&source.trace), &window, now) {
        Some(plan) => Ok((shards, plan)),
        None => bail!("{} minutes of {name} are known: a forecast needs at least an hour", source.trace.minutes.len()),
    }
}

fn history(trace: &Trace) -> LoadHistory {
    let minute = |bytes, records| Minute { bytes: Some(bytes), records: Some(records), ..Minute::default() };
    let minutes = trace.minutes.iter().map(|demand| minute(demand.bytes, demand.records)).collect();
    LoadHistory::of(&MetricWindow { end: trace.at(trace.minutes.len()), minutes })
}

fn heading(name: &str, (shards, is_assumed): (ShardCount, bool), plan: &Plan, now: Timestamp) -> String {
    let desired = plan.desired();
    let assumed = if is_assumed { " (the current count is assumed: give --initial-shards)" } else { "" };
    let first = if desired == shards { format!("hold {shards}") } else { format!("{shards} -> {desired} now") };
    let next = plan.next().map_or_else(String::new, |(minutes, to)| format!(", {to} from {} on", clock(now, minutes)));
    format!(
        "{name} at {}: {first}{assumed}{next}; resizes left of ten per 24 h: {}.\nshards: planned; likely: \
         enough for the load with a probability of 50 %; up to: enough in 19 of 20 minutes",
        now.strftime("%Y-%m-%d %H:%MZ"),
        plan.left,
    )
}

fn row(span: &PlannedSpan, now: Timestamp) -> [String; 4] {
    let (begins, ends) = (span.begins_in_minutes, span.begins_in_minutes + span.minutes);
    let when = format!("{} to {}", clock(now, begins), clock(now, ends));
    [when, span.shards.to_string(), span.likely.to_string(), span.high.to_string()]
}

/// So many minutes from now, with the date where it is not today's.
fn clock(now: Timestamp, minutes: u32) -> String {
    let at = now.checked_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(now);
    let is_today = at.strftime("%F").to_string() == now.strftime("%F").to_string();
    at.strftime(if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" }).to_string()
}

fn in_json(name: &str, shards: ShardCount, plan: &Plan, now: Timestamp) -> serde_json::Value {
    let at = |minutes: u32| now.checked_add(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(now).to_string();
    let spans: Vec<_> = plan
        .spans
        .iter()
        .map(|span| {
            json!({
                "from": at(span.begins_in_minutes),
                "minutes": span.minutes,
                "shards": span.shards.get(),
                "likely": span.likely,
                "up_to": span.high,
            })
        })
        .collect();
    json!({ "stream": name, "at": now.to_string(), "shards": shards.get(), "desired": plan.desired().get(),
            "resizes_left": plan.left, "spans": spans })
}
