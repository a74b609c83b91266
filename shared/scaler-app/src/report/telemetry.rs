// SPDX-License-Identifier: Apache-2.0
//! What a report prints: one log line with its short form, and lines of metrics in CloudWatch's embedded metric format.

use jiff::Timestamp;
use kinesis_model::MicroUsd;
use kinesis_model::num::float;
use serde_json::json;

use super::figures::{CostReport, StreamCost, Usd};
use super::summary::summary;
use crate::telemetry::{Measured, metrics_line};

/// A log line, a line of metrics for the fleet and, where metrics are published by stream, one for each.
///
/// `MonthUsd` is what this month is expected to cost; `OverBudget` counts streams over their budget.
pub fn lines(report: &CostReport, by_stream: bool, now: Timestamp) -> Vec<String> {
    let mut lines = vec![log_line(report, now), metrics_line(("Function", "cost-report"), &of_fleet(report), now)];
    if by_stream {
        // CloudWatch has no use for a line without a metric.
        let expected = report.streams.iter().filter(|stream| stream.usd_month_expected.is_some());
        lines.extend(expected.map(|stream| metrics_line(("StreamName", &stream.stream), &of_stream(stream), now)));
    }
    lines
}

fn log_line(report: &CostReport, now: Timestamp) -> String {
    let level = if report.needs_attention() { "WARN" } else { "INFO" };
    json!({
        "timestamp": now.to_string(),
        "level": level,
        "message": summary(report),
        "function": report.function,
        "fleet": report.fleet,
    })
    .to_string()
}

fn of_fleet(report: &CostReport) -> Vec<Measured> {
    vec![
        ("PeriodUsd", "None", Some(json!(dollars(report.fleet.usd)))),
        ("MonthUsd", "None", report.fleet.usd_month_expected.map(|usd| json!(dollars(usd)))),
        ("OverBudget", "Count", Some(json!(report.streams.iter().filter(|stream| stream.over_budget).count()))),
    ]
}

fn of_stream(stream: &StreamCost) -> Vec<Measured> {
    vec![("MonthUsd", "None", stream.usd_month_expected.map(|usd| json!(dollars(usd))))]
}

fn dollars(Usd(MicroUsd(micro)): Usd) -> f64 {
    float(micro) / 1e6
}
