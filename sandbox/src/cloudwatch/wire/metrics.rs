// SPDX-License-Identifier: Apache-2.0
//! `GetMetricData`, and the metrics and queries that alarms have too.

use std::collections::BTreeMap;

use aws_models::cloudwatch::{Metric, MetricResult, MetricStat, Query, QuerySource};
use ciborium::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::values::{named, positive, required, timestamp};
use crate::cloudwatch::refusal::Refusal;

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireDimension {
    name: String,
    value: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireMetric {
    namespace: Option<String>,
    metric_name: Option<String>,
    #[serde(default)]
    dimensions: Vec<WireDimension>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireStat {
    metric: WireMetric,
    period: i64,
    stat: String,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct WireQuery {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_stat: Option<WireStat>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_data: Option<bool>,
}

pub(in crate::cloudwatch) fn queries(queries: Option<Vec<WireQuery>>) -> Result<Vec<Query>, Refusal> {
    required(queries, "metricDataQueries")?.into_iter().map(query).collect()
}

pub(super) fn query(query: WireQuery) -> Result<Query, Refusal> {
    let source = match (query.metric_stat, query.expression) {
        (Some(stat), None) => QuerySource::Stat(metric_stat(stat)?),
        (None, Some(expression)) => QuerySource::Expression(expression),
        _ => {
            let message = format!("query {:?} must have either MetricStat or Expression", query.id);
            return Err(Refusal::validation(message));
        }
    };
    // Absent means returned. Source: CloudWatch API reference, `MetricDataQuery`.
    Ok(Query { id: query.id, label: query.label, source, return_data: query.return_data.unwrap_or(true) })
}

fn metric_stat(stat: WireStat) -> Result<MetricStat, Refusal> {
    Ok(MetricStat {
        metric: metric(stat.metric)?,
        period_seconds: positive(stat.period, "Period")?,
        statistic: named(&stat.stat)?,
    })
}

fn metric(metric: WireMetric) -> Result<Metric, Refusal> {
    Ok(Metric {
        namespace: required(metric.namespace, "namespace")?,
        name: required(metric.metric_name, "metricName")?,
        dimensions: dimensions(metric.dimensions),
    })
}

pub(super) fn dimensions(dimensions: Vec<WireDimension>) -> BTreeMap<String, String> {
    dimensions.into_iter().map(|dimension| (dimension.name, dimension.value)).collect()
}

pub(super) fn wire_dimensions(metric: &Metric) -> Vec<WireDimension> {
    let pairs = metric.dimensions.iter();
    pairs.map(|(name, value)| WireDimension { name: name.clone(), value: value.clone() }).collect()
}

pub(super) fn wire_query(query: &Query) -> WireQuery {
    let (metric_stat, expression) = match &query.source {
        QuerySource::Expression(text) => (None, Some(text.clone())),
        QuerySource::Stat(stat) => {
            let metric = WireMetric {
                namespace: Some(stat.metric.namespace.clone()),
                metric_name: Some(stat.metric.name.clone()),
                dimensions: wire_dimensions(&stat.metric),
            };
            let period = i64::from(stat.period_seconds);
            (Some(WireStat { metric, period, stat: stat.statistic.to_string() }), None)
        }
    };
    let return_data = Some(query.return_data);
    WireQuery { id: query.id.clone(), metric_stat, expression, label: query.label.clone(), return_data }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct GetMetricData {
    pub(in crate::cloudwatch) metric_data_queries: Option<Vec<WireQuery>>,
    #[serde(default, deserialize_with = "timestamp")]
    pub(in crate::cloudwatch) start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "timestamp")]
    pub(in crate::cloudwatch) end_time: Option<Timestamp>,
    pub(in crate::cloudwatch) scan_by: Option<String>,
    pub(in crate::cloudwatch) max_datapoints: Option<i64>,
    pub(in crate::cloudwatch) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct GetMetricDataOutput {
    metric_data_results: Vec<WireResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloudwatch) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireResult {
    id: String,
    label: String,
    timestamps: Vec<Value>,
    values: Vec<f64>,
    status_code: &'static str,
}

impl WireResult {
    fn new(id: String, label: String, points: &[(i64, f64)], is_complete: bool) -> Self {
        let time = |at: i64| Value::Tag(1, Box::new(Value::Integer(at.into())));
        Self {
            id,
            label,
            timestamps: points.iter().map(|(at, _)| time(*at)).collect(),
            values: points.iter().map(|(_, value)| *value).collect(),
            status_code: if is_complete { "Complete" } else { "PartialData" },
        }
    }
}

impl GetMetricDataOutput {
    /// So many points from a place on, query after query, and where the next page begins if there is one.
    pub(in crate::cloudwatch) fn page(
        results: Vec<MetricResult>,
        newest_first: bool,
        from: usize,
        size: usize,
    ) -> (Self, Option<usize>) {
        let (end, mut place) = (from.saturating_add(size), 0);
        let mut shown = Vec::new();
        for result in results {
            let mut points: Vec<(i64, f64)> = result.values.into_iter().collect();
            if newest_first {
                points.reverse();
            }
            let begins = place;
            place += points.len();
            // A query whose points were all on earlier pages, or are all on later ones, is not on this one.
            let is_shown = if points.is_empty() { from == 0 } else { place > from && begins < end };
            if is_shown {
                let within = |place: usize| place.clamp(begins, begins + points.len()) - begins;
                let points = &points[within(from)..within(end)];
                // One without points is complete wherever it stands.
                let is_complete = points.is_empty() || place <= end;
                shown.push(WireResult::new(result.id, result.label, points, is_complete));
            }
        }
        (Self { metric_data_results: shown, next_token: None }, (place > end).then_some(end))
    }
}
