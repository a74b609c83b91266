//! The metrics that a report prints: costs of streams and of the fleet, in CloudWatch's embedded metric format.

use jiff::Timestamp;
use scaler_core::MicroUsd;
use serde_json::json;

use super::report::{CostReport, StreamCost, Usd};
use crate::telemetry::NAMESPACE;

/// A line for the fleet and, where metrics are published by stream, one for each.
///
/// `MonthUsd` is what this month is expected to cost; `OverBudget` counts streams over their budget.
pub fn metric_lines(report: &CostReport, by_stream: bool, now: Timestamp) -> Vec<String> {
    let over = report.streams.iter().filter(|one| one.over_budget).count();
    let mut fleet = vec![
        ("PeriodUsd", "None", Some(json!(dollars(report.fleet.usd)))),
        ("MonthUsd", "None", report.fleet.usd_month_expected.map(|usd| json!(dollars(usd)))),
        ("OverBudget", "Count", Some(json!(over))),
    ];
    let unreckoned = !report.faults.is_empty();
    fleet.push(("NeedsAttention", "Count", Some(json!(u32::from(over > 0 || unreckoned)))));
    let mut lines = vec![line(("Function", "cost-report"), &fleet, now)];
    if by_stream {
        lines.extend(report.streams.iter().map(|stream| line(("StreamName", &stream.stream), &of_stream(stream), now)));
    }
    lines
}

type Value = (&'static str, &'static str, Option<serde_json::Value>);

fn of_stream(stream: &StreamCost) -> Vec<Value> {
    vec![("MonthUsd", "None", stream.usd_month_expected.map(|usd| json!(dollars(usd))))]
}

/// What is not known is left out: it is not zero.
fn line((dimension, name): (&str, &str), values: &[Value], now: Timestamp) -> String {
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

#[allow(clippy::cast_precision_loss, reason = "amounts are far below 2^53 millionths")]
fn dollars(Usd(MicroUsd(micro)): Usd) -> f64 {
    micro as f64 / 1e6
}
