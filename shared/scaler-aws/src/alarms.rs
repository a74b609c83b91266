//! The `Alarms` port over CloudWatch.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StateValue,
};
use scaler_app::event::stream_names;
use scaler_app::ports::{Alarms, CallError, FiringAlarm};
use scaler_core::{Direction, ScalingAlarm, TAG_PREFIX};

use crate::error::call_error;

/// CloudWatch alarms through the SDK.
#[derive(Clone, Debug)]
pub struct CloudWatchAlarms(pub Client);

impl Alarms for CloudWatchAlarms {
    async fn firing(&self, direction: Direction) -> Result<Vec<FiringAlarm>, CallError> {
        let ours = format!("/{direction}");
        let mut firing = Vec::new();
        let mut pages = self
            .0
            .describe_alarms()
            .alarm_name_prefix(TAG_PREFIX)
            .alarm_types(AlarmType::MetricAlarm)
            .state_value(StateValue::Alarm)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error("DescribeAlarms", "the sweep", error))?;
            let named = page.metric_alarms().iter().filter_map(|alarm| Some((alarm.alarm_name()?, alarm)));
            firing.extend(named.filter(|(name, _)| name.ends_with(&ours)).map(|(name, alarm)| FiringAlarm {
                name: name.to_owned(),
                streams: streams_of(alarm),
                fits: fits(alarm),
            }));
        }
        Ok(firing)
    }

    async fn refit(&self, alarms: &[ScalingAlarm]) -> Result<(), CallError> {
        let names = alarms.iter().map(|alarm| alarm.name.clone()).collect();
        let answer = self.0.describe_alarms().set_alarm_names(Some(names)).send().await;
        let subject = alarms.first().map_or("no alarm", |alarm| alarm.name.as_str());
        let existing = answer.map_err(|error| call_error("DescribeAlarms", subject, error))?;
        for old in existing.metric_alarms() {
            let Some(alarm) = alarms.iter().find(|alarm| Some(alarm.name.as_str()) == old.alarm_name()) else {
                continue;
            };
            let request = definition(&self.0, alarm)
                .set_actions_enabled(old.actions_enabled())
                .set_alarm_actions(old.alarm_actions.clone())
                .set_ok_actions(old.ok_actions.clone())
                .set_insufficient_data_actions(old.insufficient_data_actions.clone());
            request.send().await.map_err(|error| call_error("PutMetricAlarm", &alarm.name, error))?;
        }
        Ok(())
    }
}

impl CloudWatchAlarms {
    /// Makes an alarm, or replaces it, with this action on ALARM.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn create(&self, alarm: &ScalingAlarm, action_arn: &str) -> Result<(), CallError> {
        let request = definition(&self.0, alarm).alarm_actions(action_arn);
        request.send().await.map_err(|error| call_error("PutMetricAlarm", &alarm.name, error))?;
        Ok(())
    }
}

/// The whole alarm but for its actions: `PutMetricAlarm` replaces everything.
fn definition(client: &Client, alarm: &ScalingAlarm) -> PutMetricAlarmFluentBuilder {
    let metrics = ScalingAlarm::METRICS.iter().map(|(id, name)| metric(&alarm.stream, id, name));
    let expressions = alarm.expressions.iter().map(|entry| {
        MetricDataQuery::builder().id(entry.id).expression(&entry.expression).return_data(entry.returned).build()
    });
    client
        .put_metric_alarm()
        .alarm_name(&alarm.name)
        .alarm_description(alarm.description())
        .set_metrics(Some(metrics.chain(expressions).collect()))
        .comparison_operator(ComparisonOperator::from(alarm.comparison()))
        .threshold(alarm.threshold_percent)
        .evaluation_periods(whole(alarm.evaluation_minutes))
        .datapoints_to_alarm(whole(alarm.minutes_to_alarm))
        .treat_missing_data(alarm.treat_missing_data())
}

fn metric(stream: &str, id: &str, name: &str) -> MetricDataQuery {
    let dimension = Dimension::builder().name("StreamName").value(stream).build();
    let metric = Metric::builder().namespace("AWS/Kinesis").metric_name(name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat("Sum").build();
    MetricDataQuery::builder().id(id).metric_stat(stat).return_data(false).build()
}

fn streams_of(alarm: &MetricAlarm) -> Vec<String> {
    let of_metrics = alarm.metrics().iter().filter_map(|entry| entry.metric_stat()?.metric());
    let dimensions = of_metrics.flat_map(Metric::dimensions).chain(alarm.dimensions());
    stream_names(dimensions.filter_map(|dimension| Some((dimension.name()?, dimension.value()?))))
}

/// The shard count in the alarm's expressions: the one literal that is only a number.
fn fits(alarm: &MetricAlarm) -> Option<u32> {
    let shards = alarm.metrics().iter().find(|entry| entry.id() == Some("shards"))?;
    shards.expression()?.parse().ok()
}

/// Evaluation periods are at most 1,440, see `PolicySpec::STABILIZATION_WINDOW_MINUTES`.
fn whole(minutes: u32) -> i32 {
    i32::try_from(minutes).unwrap_or(i32::MAX)
}
