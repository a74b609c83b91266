//! What a function prints: for each outcome one log line and one line of metrics.
//!
//! Both are plain JSON on standard output. Lambda takes a JSON line with `level` and `timestamp` as a structured log
//! event, and CloudWatch makes metrics of a line in its embedded metric format.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::report::{Outcome, OutcomeKind, Response};

/// The namespace of our metrics.
const NAMESPACE: &str = "KinesisScaler";

/// Prints every outcome of a response.
pub fn print(response: &Response, now: Timestamp) {
    for line in lines(response, now) {
        println!("{line}");
    }
}

/// The lines that [`print`] prints.
pub fn lines(response: &Response, now: Timestamp) -> Vec<String> {
    let of = |outcome| [log_line(&response.function, outcome, now), metrics_line(&response.function, outcome, now)];
    response.outcomes.iter().flat_map(of).map(|line| line.to_string()).collect()
}

fn log_line(function: &str, outcome: &Outcome, now: Timestamp) -> Value {
    let level = match outcome.outcome {
        OutcomeKind::Resized | OutcomeKind::Held | OutcomeKind::DryRun | OutcomeKind::Ignored => "INFO",
        OutcomeKind::Refused => "WARN",
        OutcomeKind::Failed => "ERROR",
    };
    json!({ "timestamp": now.to_string(), "level": level, "message": outcome.words, "function": function, "decision": outcome })
}

/// By function and stream: that the pass ended so, and the counts before and after, where they are known.
///
/// Only the way it ended is counted, not the others as zero: every metric of every stream has its price.
fn metrics_line(function: &str, outcome: &Outcome, now: Timestamp) -> Value {
    let ended = match outcome.outcome {
        OutcomeKind::Resized => "Resized",
        OutcomeKind::Held => "Held",
        OutcomeKind::DryRun => "DryRun",
        OutcomeKind::Refused => "Refused",
        OutcomeKind::Ignored => "Ignored",
        OutcomeKind::Failed => "Failed",
    };
    let counts = [(ended, Some(1)), ("OpenShards", outcome.current), ("DesiredShards", outcome.desired)];
    let known: Vec<_> = counts.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect();

    let metrics: Vec<_> = known.iter().map(|(name, _)| json!({ "Name": name, "Unit": "Count" })).collect();
    let mut line = json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [
                { "Namespace": NAMESPACE, "Dimensions": [["FunctionName", "StreamName"]], "Metrics": metrics }
            ],
        },
        "FunctionName": function,
        "StreamName": outcome.stream.as_deref().unwrap_or("none"),
    });
    for (name, value) in known {
        line[name] = json!(value);
    }
    line
}
