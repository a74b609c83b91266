// SPDX-License-Identifier: Apache-2.0
//! What a function writes: for each outcome one log line and one line of metrics, and one line of metrics a stream.
//!
//! All are plain JSON on standard output. Lambda takes a JSON line with `level` and `timestamp` as a structured log
//! event, and CloudWatch makes metrics of a line in its embedded metric format.

use jiff::Timestamp;
use kinesis_model::num::float;
use kinesis_model::{MicroUsd, ShardCount};
use serde_json::{Value, json};

use crate::outcome::{Outcome, OutcomeKind};

/// The namespace of our metrics.
pub const NAMESPACE: &str = "KinesisScaler";
/// The metric that says how many open shards a stream has, see [`Gauges::open_shards`].
pub const OPEN_SHARDS: &str = "OpenShards";

/// What a function emits as it goes.
#[derive(Clone, Debug)]
pub enum TelemetryItem {
    /// How a pass over one stream ended, or a part of a run that concerns none.
    Outcome(Box<Outcome>),
    /// Where a stream stands.
    Gauges(Gauges),
}

/// Writes a function's log and metrics to standard output.
#[derive(Clone, Copy, Debug)]
pub struct Telemetry {
    /// `scale-out`, `scale-in` or `alarm-sync`.
    pub function: &'static str,
    /// Whether outcomes count by stream as well. Each metric of each stream costs money, by the hour in which it is
    /// published.
    pub by_stream: bool,
}

impl Telemetry {
    /// Writes an item.
    pub fn emit(self, item: &TelemetryItem, now: Timestamp) {
        match item {
            TelemetryItem::Outcome(outcome) => self.lines(outcome, now).iter().for_each(|line| println!("{line}")),
            TelemetryItem::Gauges(gauges) => println!("{}", gauges.line(now)),
        }
    }

    /// The lines that [`Self::emit`] writes for an outcome.
    pub fn lines(self, outcome: &Outcome, now: Timestamp) -> [String; 2] {
        [self.log_line(outcome, now), self.metrics_line(outcome, now)].map(|line| line.to_string())
    }

    fn log_line(self, outcome: &Outcome, now: Timestamp) -> Value {
        let level = match outcome.outcome {
            OutcomeKind::Failed => "ERROR",
            _ if outcome.needs_attention || !outcome.faults.is_empty() => "WARN",
            _ => "INFO",
        };
        json!({
            "timestamp": now.to_string(),
            "level": level,
            "message": outcome.words,
            "function": self.function,
            "decision": outcome,
        })
    }

    /// The stream and its counts are in the line as properties, for queries, also where they are no dimension.
    fn metrics_line(self, outcome: &Outcome, now: Timestamp) -> Value {
        let ended = match outcome.outcome {
            OutcomeKind::Resized => "Resized",
            OutcomeKind::Held => "Held",
            OutcomeKind::DryRun => "DryRun",
            OutcomeKind::Refused => "Refused",
            OutcomeKind::Ignored => "Ignored",
            OutcomeKind::Failed => "Failed",
            OutcomeKind::Kept => "Kept",
            OutcomeKind::Mended => "Mended",
        };
        let mut dimensions = vec![["Function"]];
        if self.by_stream && outcome.stream.is_some() {
            dimensions.push(["StreamName"]);
        }
        json!({
            "_aws": {
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": dimensions,
                    "Metrics": [{ "Name": ended, "Unit": "Count" }, { "Name": "NeedsAttention", "Unit": "Count" }],
                }],
            },
            "Function": self.function,
            "StreamName": outcome.stream,
            "OpenShards": outcome.current,
            "DesiredShards": outcome.desired,
            ended: 1,
            "NeedsAttention": u32::from(outcome.needs_attention),
        })
    }
}

/// A metric: its name, its unit, its value.
pub(crate) type Measured = (&'static str, &'static str, Option<Value>);

/// A line of metrics with one dimension. What is not known is left out: it is not zero.
pub(crate) fn metrics_line((dimension, name): (&str, &str), values: &[Measured], now: Timestamp) -> String {
    let known: Vec<_> = values.iter().filter(|(.., value)| value.is_some()).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[dimension]],
                "Metrics": known.iter().map(|(name, unit, _)| json!({ "Name": name, "Unit": unit })).collect::<Vec<_>>(),
            }],
        },
        dimension: name,
    });
    for (name, _, value) in known {
        line[*name] = json!(value);
    }
    line.to_string()
}

/// Where a managed stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gauges {
    /// The stream.
    pub stream: String,
    /// Open shards.
    pub open_shards: ShardCount,
    /// Percent of its capacity that was wanted in the busiest of the last minutes; `None` where nothing is known.
    pub utilization_percent: Option<u64>,
    /// Of the day's ten resizes, how many are left.
    pub resizes_left: u32,
    /// What its open shards cost an hour; `None` where no price is known for the Region.
    pub per_hour: Option<MicroUsd>,
}

impl Gauges {
    /// The line of metrics that says so.
    pub fn line(&self, now: Timestamp) -> String {
        let dollars = self.per_hour.map(|cost| float(cost.0) / 1e6);
        let values = [
            (OPEN_SHARDS, "Count", Some(json!(self.open_shards.get()))),
            ("UtilizationPercent", "Percent", self.utilization_percent.map(|percent| json!(percent))),
            ("ResizesLeft", "Count", Some(json!(self.resizes_left))),
            ("HourlyCostUsd", "None", dollars.map(|dollars| json!(dollars))),
        ];
        metrics_line(("StreamName", &self.stream), &values, now)
    }
}
