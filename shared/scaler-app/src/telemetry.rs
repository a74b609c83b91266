//! What a function prints: for each outcome one log line and one line of metrics.
//!
//! Both are plain JSON on standard output. Lambda takes a JSON line with `level` and `timestamp` as a structured log
//! event, and CloudWatch makes metrics of a line in its embedded metric format.

use jiff::Timestamp;
use scaler_core::Direction;
use serde_json::{Value, json};

use crate::report::{Outcome, OutcomeKind};

/// The namespace of our metrics.
const NAMESPACE: &str = "KinesisScaler";

/// Prints an outcome of a function.
pub fn print(function: Direction, outcome: &Outcome, now: Timestamp) {
    for line in lines(function, outcome, now) {
        println!("{line}");
    }
}

/// The lines that [`print()`] prints.
pub fn lines(function: Direction, outcome: &Outcome, now: Timestamp) -> [String; 2] {
    [log_line(function, outcome, now), metrics_line(function, outcome, now)].map(|line| line.to_string())
}

fn log_line(function: Direction, outcome: &Outcome, now: Timestamp) -> Value {
    let level = match outcome.outcome {
        OutcomeKind::Failed => "ERROR",
        _ if outcome.needs_attention || !outcome.faults.is_empty() => "WARN",
        _ => "INFO",
    };
    json!({
        "timestamp": now.to_string(),
        "level": level,
        "message": outcome.words,
        "function": function.to_string(),
        "decision": outcome,
    })
}

/// By function alone: a metric for each stream would cost more a month than the passes do. The stream and its counts are
/// in the line as properties, for queries.
fn metrics_line(function: Direction, outcome: &Outcome, now: Timestamp) -> Value {
    let ended = match outcome.outcome {
        OutcomeKind::Resized => "Resized",
        OutcomeKind::Held => "Held",
        OutcomeKind::DryRun => "DryRun",
        OutcomeKind::Refused => "Refused",
        OutcomeKind::Ignored => "Ignored",
        OutcomeKind::Failed => "Failed",
    };
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Function"]],
                "Metrics": [{ "Name": ended, "Unit": "Count" }, { "Name": "NeedsAttention", "Unit": "Count" }],
            }],
        },
        "Function": function.to_string(),
        "StreamName": outcome.stream,
        "OpenShards": outcome.current,
        "DesiredShards": outcome.desired,
        ended: 1,
        "NeedsAttention": u32::from(outcome.needs_attention),
    })
}
