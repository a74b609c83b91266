//! The inputs and outputs of CloudWatch's operations, and their translation to and from the model.
//!
//! Names are those of the Smithy model, as the AWS SDK for Rust 1.140 writes and reads them.

use kinesis_model::num;
use std::collections::BTreeMap;
use std::str::FromStr;

use aws_models::alarm::{Rule, TreatMissing, UnknownName};
use aws_models::cloudwatch::{
    Alarm, AlarmConfig, AlarmSource, Metric, MetricResult, MetricStat, Query, QuerySource, Statistic,
};
use ciborium::Value;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Refusal;
use crate::events::Origin;

/// One of AWS's names, or the refusal that lists them.
pub(super) fn named<T: FromStr<Err = UnknownName>>(name: &str) -> Result<T, Refusal> {
    name.parse().map_err(|error: UnknownName| Refusal::validation(error.to_string()))
}

fn required<T>(field: Option<T>, name: &str) -> Result<T, Refusal> {
    field.ok_or_else(|| Refusal::missing(name))
}

fn positive<T: TryFrom<i64>>(number: i64, name: &str) -> Result<T, Refusal> {
    T::try_from(number).map_err(|_| Refusal::validation(format!("{name}={number} is not a number of 1 or more")))
}

/// A timestamp: seconds since 1970, whole or not; in CBOR tag 1 is around them.
fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let seconds = match Option::<Value>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Value::Tag(1, seconds)) => float(&seconds),
        Some(seconds) => float(&seconds),
    };
    let milliseconds = seconds.map(|seconds| (seconds * 1_000.0).round());
    // Out-of-range values saturate in the cast and are then refused by the range of Timestamp.
    #[allow(clippy::cast_possible_truncation)]
    let instant = milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds as i64).ok());
    instant.map(Some).ok_or_else(|| D::Error::custom("expected a timestamp, seconds since 1970"))
}

/// A number that a client may write whole or with a fraction.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let Some(value) = Option::<Value>::deserialize(deserializer)? else { return Ok(None) };
    float(&value).map(Some).ok_or_else(|| D::Error::custom("expected a number"))
}

pub(super) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(float) => Some(*float),
        // Far inside the whole numbers a float holds exactly.
        Value::Integer(integer) => i64::try_from(*integer).ok().map(num::float),
        _ => None,
    }
}

pub(super) fn tagged(at: Timestamp) -> Value {
    // Milliseconds, which is all that the protocol keeps.
    let seconds = num::float(at.as_millisecond()) / 1_000.0;
    Value::Tag(1, Box::new(Value::Float(seconds)))
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WireDimension {
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
pub(super) struct WireQuery {
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

pub(super) fn queries(queries: Option<Vec<WireQuery>>) -> Result<Vec<Query>, Refusal> {
    required(queries, "metricDataQueries")?.into_iter().map(query).collect()
}

fn query(query: WireQuery) -> Result<Query, Refusal> {
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

fn dimensions(dimensions: Vec<WireDimension>) -> BTreeMap<String, String> {
    dimensions.into_iter().map(|dimension| (dimension.name, dimension.value)).collect()
}

fn wire_dimensions(metric: &Metric) -> Vec<WireDimension> {
    let pairs = metric.dimensions.iter();
    pairs.map(|(name, value)| WireDimension { name: name.clone(), value: value.clone() }).collect()
}

fn wire_query(query: &Query) -> WireQuery {
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
pub(super) struct GetMetricData {
    pub(super) metric_data_queries: Option<Vec<WireQuery>>,
    #[serde(default, deserialize_with = "timestamp")]
    pub(super) start_time: Option<Timestamp>,
    #[serde(default, deserialize_with = "timestamp")]
    pub(super) end_time: Option<Timestamp>,
    pub(super) scan_by: Option<String>,
    pub(super) max_datapoints: Option<i64>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMetricDataOutput {
    metric_data_results: Vec<WireResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
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
    pub(super) fn page(
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

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WireTag {
    key: String,
    value: String,
}

pub(super) fn tags(tags: Vec<WireTag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutMetricAlarm {
    alarm_name: Option<String>,
    alarm_description: Option<String>,
    actions_enabled: Option<bool>,
    #[serde(default, rename = "OKActions")]
    ok_actions: Vec<String>,
    #[serde(default)]
    alarm_actions: Vec<String>,
    #[serde(default)]
    insufficient_data_actions: Vec<String>,
    metric_name: Option<String>,
    namespace: Option<String>,
    statistic: Option<String>,
    #[serde(default)]
    dimensions: Vec<WireDimension>,
    period: Option<i64>,
    evaluation_periods: Option<i64>,
    datapoints_to_alarm: Option<i64>,
    #[serde(default, deserialize_with = "number")]
    threshold: Option<f64>,
    comparison_operator: Option<String>,
    treat_missing_data: Option<String>,
    metrics: Option<Vec<WireQuery>>,
    #[serde(default)]
    pub(super) tags: Vec<WireTag>,
    // Not modelled; named so that an alarm that needs them is refused instead of evaluated wrongly.
    unit: Option<Value>,
    extended_statistic: Option<Value>,
    threshold_metric_id: Option<Value>,
    evaluation_criteria: Option<Value>,
    evaluation_window: Option<Value>,
    warm_up_configuration: Option<Value>,
    evaluation_interval: Option<Value>,
    action_configuration: Option<Value>,
}

impl PutMetricAlarm {
    pub(super) fn into_config(self) -> Result<AlarmConfig, Refusal> {
        self.refuse_unmodelled()?;
        let evaluation_periods =
            positive(required(self.evaluation_periods, "evaluationPeriods")?, "EvaluationPeriods")?;
        let datapoints = self.datapoints_to_alarm.map(|number| positive(number, "DatapointsToAlarm")).transpose()?;
        let rule = Rule {
            threshold: required(self.threshold, "threshold")?,
            comparison: named(required(self.comparison_operator.as_deref(), "comparisonOperator")?)?,
            evaluation_periods,
            // M is N unless it is said. Source: CloudWatch User Guide, "Using Amazon CloudWatch alarms" (facts 4.3).
            datapoints_to_alarm: datapoints.unwrap_or(evaluation_periods),
            treat_missing: self.treat_missing_data.as_deref().map_or(Ok(TreatMissing::Missing), named)?,
        };
        let single = self.metric_name.is_some() || self.period.is_some() || self.statistic.is_some();
        let source = match self.metrics {
            Some(_) if single => {
                return Err(Refusal::validation(
                    "Metrics cannot be given together with MetricName, Period or Statistic",
                ));
            }
            Some(queries) => AlarmSource::Math(queries.into_iter().map(query).collect::<Result<_, _>>()?),
            None => AlarmSource::Stat(MetricStat {
                metric: Metric {
                    namespace: required(self.namespace, "namespace")?,
                    name: required(self.metric_name, "metricName")?,
                    dimensions: dimensions(self.dimensions),
                },
                period_seconds: positive(required(self.period, "period")?, "Period")?,
                statistic: named::<Statistic>(&required(self.statistic, "statistic")?)?,
            }),
        };
        Ok(AlarmConfig {
            name: required(self.alarm_name, "alarmName")?,
            description: self.alarm_description,
            actions_enabled: self.actions_enabled.unwrap_or(true),
            ok_actions: self.ok_actions,
            alarm_actions: self.alarm_actions,
            insufficient_data_actions: self.insufficient_data_actions,
            source,
            rule,
        })
    }

    fn refuse_unmodelled(&self) -> Result<(), Refusal> {
        refuse_unmodelled(&[
            ("Unit", &self.unit),
            ("ExtendedStatistic", &self.extended_statistic),
            ("ThresholdMetricId", &self.threshold_metric_id),
            ("EvaluationCriteria", &self.evaluation_criteria),
            ("EvaluationWindow", &self.evaluation_window),
            ("WarmUpConfiguration", &self.warm_up_configuration),
            ("EvaluationInterval", &self.evaluation_interval),
            ("ActionConfiguration", &self.action_configuration),
        ])
    }
}

fn refuse_unmodelled(fields: &[(&str, &Option<Value>)]) -> Result<(), Refusal> {
    match fields.iter().find(|(_, value)| value.is_some()) {
        Some((name, _)) => Err(Refusal::validation(format!("{name} is not modelled here; leave it out"))),
        None => Ok(()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeAlarms {
    #[serde(default)]
    pub(super) alarm_names: Vec<String>,
    pub(super) alarm_name_prefix: Option<String>,
    #[serde(default)]
    pub(super) alarm_types: Vec<String>,
    pub(super) state_value: Option<String>,
    pub(super) action_prefix: Option<String>,
    pub(super) max_records: Option<i64>,
    pub(super) next_token: Option<String>,
    // Not modelled; named so that a caller who needs them is refused instead of answered wrongly.
    children_of_alarm_name: Option<Value>,
    parents_of_alarm_name: Option<Value>,
}

impl DescribeAlarms {
    pub(super) fn refuse_unmodelled(&self) -> Result<(), Refusal> {
        refuse_unmodelled(&[
            ("ChildrenOfAlarmName", &self.children_of_alarm_name),
            ("ParentsOfAlarmName", &self.parents_of_alarm_name),
        ])
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeAlarmsOutput {
    pub(super) metric_alarms: Vec<MetricAlarm>,
    /// There are none here; a client that lists them finds a list.
    pub(super) composite_alarms: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricAlarm {
    alarm_name: String,
    alarm_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm_description: Option<String>,
    alarm_configuration_updated_timestamp: Value,
    actions_enabled: bool,
    #[serde(rename = "OKActions")]
    ok_actions: Vec<String>,
    alarm_actions: Vec<String>,
    insufficient_data_actions: Vec<String>,
    state_value: String,
    state_reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_reason_data: Option<String>,
    state_updated_timestamp: Value,
    state_transitioned_timestamp: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statistic: Option<String>,
    dimensions: Vec<WireDimension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    evaluation_periods: usize,
    datapoints_to_alarm: usize,
    threshold: f64,
    comparison_operator: String,
    treat_missing_data: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<WireQuery>,
}

impl MetricAlarm {
    pub(super) fn new(origin: &Origin<'_>, alarm: &Alarm) -> Self {
        let config = &alarm.config;
        let (stat, metrics) = match &config.source {
            AlarmSource::Stat(stat) => (Some(stat), Vec::new()),
            AlarmSource::Math(queries) => (None, queries.iter().map(wire_query).collect()),
        };
        Self {
            alarm_name: config.name.clone(),
            alarm_arn: origin.alarm_arn(&config.name),
            alarm_description: config.description.clone(),
            alarm_configuration_updated_timestamp: tagged(alarm.configuration_updated_at),
            actions_enabled: config.actions_enabled,
            ok_actions: config.ok_actions.clone(),
            alarm_actions: config.alarm_actions.clone(),
            insufficient_data_actions: config.insufficient_data_actions.clone(),
            state_value: alarm.state.value.to_string(),
            state_reason: alarm.state.reason.clone(),
            state_reason_data: alarm.state.reason_data.clone(),
            state_updated_timestamp: tagged(alarm.state.updated_at),
            state_transitioned_timestamp: tagged(alarm.state.updated_at),
            metric_name: stat.map(|stat| stat.metric.name.clone()),
            namespace: stat.map(|stat| stat.metric.namespace.clone()),
            statistic: stat.map(|stat| stat.statistic.to_string()),
            dimensions: stat.map(|stat| wire_dimensions(&stat.metric)).unwrap_or_default(),
            period: stat.map(|stat| stat.period_seconds),
            evaluation_periods: config.rule.evaluation_periods,
            datapoints_to_alarm: config.rule.datapoints_to_alarm,
            threshold: config.rule.threshold,
            comparison_operator: config.rule.comparison.to_string(),
            treat_missing_data: config.rule.treat_missing.to_string(),
            metrics,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteAlarms {
    pub(super) alarm_names: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAlarmState {
    pub(super) alarm_name: Option<String>,
    pub(super) state_value: Option<String>,
    pub(super) state_reason: Option<String>,
    pub(super) state_reason_data: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ListTagsForResource {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<String>,
    pub(super) tags: Option<Vec<WireTag>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: Option<String>,
    pub(super) tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsForResourceOutput {
    tags: Vec<WireTag>,
}

impl ListTagsForResourceOutput {
    pub(super) fn new(tags: BTreeMap<String, String>) -> Self {
        Self { tags: tags.into_iter().map(|(key, value)| WireTag { key, value }).collect() }
    }
}
