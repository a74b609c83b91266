// SPDX-License-Identifier: Apache-2.0
//! Alarms.

use aws_models::alarm::{Rule, TreatMissing};
use aws_models::cloudwatch::{Alarm, AlarmConfig, AlarmSource, Metric, MetricStat, Statistic};
use ciborium::Value;
use serde::{Deserialize, Serialize};

use super::metrics::{WireDimension, WireQuery, dimensions, query, wire_dimensions, wire_query};
use super::tags::WireTag;
use super::values::{named, number, positive, required, tagged};
use crate::cloudwatch::refusal::Refusal;
use crate::events::Origin;
use crate::json;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct PutMetricAlarm {
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
    pub(in crate::cloudwatch) tags: Vec<WireTag>,
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
    pub(in crate::cloudwatch) fn into_config(self) -> Result<AlarmConfig, Refusal> {
        self.refuse_unmodelled()?;
        let evaluation_periods =
            positive(required(self.evaluation_periods, "evaluationPeriods")?, "EvaluationPeriods")?;
        let datapoints = self.datapoints_to_alarm.map(|number| positive(number, "DatapointsToAlarm")).transpose()?;
        let rule = Rule {
            threshold: required(self.threshold, "threshold")?,
            comparison: named(required(self.comparison_operator.as_deref(), "comparisonOperator")?)?,
            evaluation_periods,
            // M is N unless it is said. Source: CloudWatch User Guide, "Using Amazon CloudWatch alarms".
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
    json::unmodelled(fields).map_or(Ok(()), |message| Err(Refusal::validation(message)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct DescribeAlarms {
    #[serde(default)]
    pub(in crate::cloudwatch) alarm_names: Vec<String>,
    pub(in crate::cloudwatch) alarm_name_prefix: Option<String>,
    #[serde(default)]
    pub(in crate::cloudwatch) alarm_types: Vec<String>,
    pub(in crate::cloudwatch) state_value: Option<String>,
    pub(in crate::cloudwatch) action_prefix: Option<String>,
    pub(in crate::cloudwatch) max_records: Option<i64>,
    pub(in crate::cloudwatch) next_token: Option<String>,
    // Not modelled; named so that a caller who needs them is refused instead of answered wrongly.
    children_of_alarm_name: Option<Value>,
    parents_of_alarm_name: Option<Value>,
}

impl DescribeAlarms {
    pub(in crate::cloudwatch) fn refuse_unmodelled(&self) -> Result<(), Refusal> {
        refuse_unmodelled(&[
            ("ChildrenOfAlarmName", &self.children_of_alarm_name),
            ("ParentsOfAlarmName", &self.parents_of_alarm_name),
        ])
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct DescribeAlarmsOutput {
    pub(in crate::cloudwatch) metric_alarms: Vec<MetricAlarm>,
    /// There are none here; a client that lists them finds a list.
    pub(in crate::cloudwatch) composite_alarms: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cloudwatch) next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct MetricAlarm {
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
    pub(in crate::cloudwatch) fn new(origin: &Origin<'_>, alarm: &Alarm) -> Self {
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
pub(in crate::cloudwatch) struct DeleteAlarms {
    pub(in crate::cloudwatch) alarm_names: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct SetAlarmState {
    pub(in crate::cloudwatch) alarm_name: Option<String>,
    pub(in crate::cloudwatch) state_value: Option<String>,
    pub(in crate::cloudwatch) state_reason: Option<String>,
    pub(in crate::cloudwatch) state_reason_data: Option<String>,
}
