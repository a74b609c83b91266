// SPDX-License-Identifier: Apache-2.0
//! Alarms: found, put, deleted.

use std::sync::Arc;

use aws_sdk_cloudwatch::operation::describe_alarms::builders::DescribeAlarmsFluentBuilder;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    ActionConfiguration, AlarmType, ComparisonOperator, Dimension, EvaluationWindow, Metric, MetricAlarm,
    MetricDataQuery, MetricStat, StateValue, Statistic, Tag, WarmUpConfiguration,
};
use scaler_app::cloud::{CallError, FiringAlarm, NativeSettings, OtherSettings, StoredAlarm};
use scaler_core::{AlarmMetric, StreamAlarm};

use super::alarm_read::{NAMESPACE, PERIOD, read};
use super::client::AwsCloudWatch;
use crate::error::call_error;

impl AwsCloudWatch {
    /// Those that exist of the alarms whose name begins so.
    pub(super) async fn alarms_under(&self, prefix: &str) -> Result<Vec<StoredAlarm>, CallError> {
        self.described(self.client.describe_alarms().alarm_name_prefix(prefix), prefix, stored).await
    }

    /// Those that exist of these.
    pub(super) async fn alarms_called(&self, names: &[String]) -> Result<Vec<StoredAlarm>, CallError> {
        let request = self.client.describe_alarms().set_alarm_names(Some(names.to_vec()));
        self.described(request, first(names), stored).await
    }

    /// Those in state ALARM of the alarms whose name begins so.
    pub(super) async fn firing(&self, prefix: &str) -> Result<Vec<FiringAlarm>, CallError> {
        let request = self.client.describe_alarms().alarm_name_prefix(prefix).state_value(StateValue::Alarm);
        let firing = |alarm: MetricAlarm| {
            let (alarm, streams) = read(&alarm)?;
            let alarm_shard_count = alarm.shard_count();
            Some(FiringAlarm { name: alarm.name, description: alarm.description, streams, alarm_shard_count })
        };
        self.described(request, "all alarms in state ALARM", firing).await
    }

    /// The tags of the alarm with this ARN.
    pub(super) async fn tags_of(&self, arn: &str) -> Result<Vec<(String, String)>, CallError> {
        let call = "ListTagsForResource";
        self.pace.wait(call).await;
        let answer = self.client.list_tags_for_resource().resource_arn(arn).send().await;
        let answer = answer.map_err(|error| call_error(call, arn, error))?;
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Ok(answer.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect())
    }

    /// Puts an alarm, whole: `PutMetricAlarm` replaces everything.
    pub(super) async fn put(
        &self,
        alarm: &StreamAlarm,
        other: &OtherSettings,
        tags: &[(&str, &str)],
    ) -> Result<(), CallError> {
        let call = "PutMetricAlarm";
        let kept = Kept::of(&other.native);
        let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build();
        // Sending tags takes a permission of its own.
        let tags = (!tags.is_empty()).then(|| tags.iter().map(tag).collect());
        let request = self
            .definition(alarm)
            .set_alarm_actions(Some(alarm.actions.clone()))
            .set_actions_enabled(other.actions_enabled)
            .set_ok_actions(other.ok_actions.clone())
            .set_insufficient_data_actions(other.insufficient_data_actions.clone())
            .set_evaluation_window(kept.window)
            .set_warm_up_configuration(kept.warm_up)
            .set_action_configuration(kept.actions)
            .set_tags(tags);
        self.pace.wait(call).await;
        request.send().await.map_err(|error| call_error(call, &alarm.name, error))?;
        Ok(())
    }

    /// Deletes these alarms.
    pub(super) async fn delete(&self, names: &[String]) -> Result<(), CallError> {
        let call = "DeleteAlarms";
        self.pace.wait(call).await;
        let deleted = self.client.delete_alarms().set_alarm_names(Some(names.to_vec())).send().await;
        deleted.map_err(|error| call_error(call, first(names), error))?;
        Ok(())
    }

    /// What `read` makes of every metric alarm that this request finds, of all pages; one page is held at a time, for an
    /// account may have tens of thousands.
    async fn described<T>(
        &self,
        request: DescribeAlarmsFluentBuilder,
        subject: &str,
        read: impl Fn(MetricAlarm) -> Option<T> + Send,
    ) -> Result<Vec<T>, CallError> {
        let call = "DescribeAlarms";
        let mut found = Vec::new();
        let mut pages = request.alarm_types(AlarmType::MetricAlarm).max_records(100).into_paginator().send();
        loop {
            self.pace.wait(call).await;
            let Some(page) = pages.next().await else { return Ok(found) };
            let page = page.map_err(|error| call_error(call, subject, error))?;
            found.extend(page.metric_alarms.unwrap_or_default().into_iter().filter_map(&read));
        }
    }

    /// The whole alarm but for its actions: `PutMetricAlarm` replaces everything.
    fn definition(&self, alarm: &StreamAlarm) -> PutMetricAlarmFluentBuilder {
        let request = self
            .client
            .put_metric_alarm()
            .alarm_name(&alarm.name)
            .alarm_description(&alarm.description)
            .comparison_operator(ComparisonOperator::from(alarm.comparison.as_str()))
            .threshold(alarm.threshold)
            .evaluation_periods(whole(alarm.evaluation_minutes))
            .datapoints_to_alarm(whole(alarm.minutes_to_alarm))
            .treat_missing_data(&alarm.treat_missing_data);
        match alarm.metrics.as_slice() {
            [plain] if alarm.expressions.is_empty() => request
                .namespace(NAMESPACE)
                .metric_name(&plain.name)
                .dimensions(stream_dimension(&alarm.stream))
                .statistic(Statistic::from(plain.statistic.as_str()))
                .period(PERIOD),
            metrics => {
                let metrics = metrics.iter().map(|metric| query(&alarm.stream, metric));
                let expressions = alarm.expressions.iter().map(|entry| {
                    MetricDataQuery::builder()
                        .id(&entry.id)
                        .expression(&entry.expression)
                        .return_data(entry.returned)
                        .build()
                });
                request.set_metrics(Some(metrics.chain(expressions).collect()))
            }
        }
    }
}

/// What a put says again of an alarm that is there, since it would take it away otherwise. How many periods are looked at and how
/// is ours, and their window is not. What CloudWatch may come to add is not shown by this version of its SDK, and is lost in a
/// put. Source: API reference, `PutMetricAlarm`.
#[derive(Clone, Debug, Default, PartialEq)]
struct Kept {
    window: Option<EvaluationWindow>,
    warm_up: Option<WarmUpConfiguration>,
    actions: Option<ActionConfiguration>,
}

impl Kept {
    fn of(native: &NativeSettings) -> Self {
        native.0.as_ref().and_then(|any| any.downcast_ref::<Self>()).cloned().unwrap_or_default()
    }

    /// Most alarms have nothing of it: then no room is taken for it.
    fn native(self) -> NativeSettings {
        NativeSettings((self != Self::default()).then(|| Arc::new(self) as _))
    }
}

fn stored(alarm: MetricAlarm) -> Option<StoredAlarm> {
    let (read, _) = read(&alarm)?;
    let kept = Kept {
        window: alarm.evaluation_window.filter(|window| !window.is_unknown()),
        warm_up: alarm.warm_up_configuration,
        actions: alarm.action_configuration,
    };
    let other = OtherSettings {
        actions_enabled: alarm.actions_enabled,
        ok_actions: alarm.ok_actions,
        insufficient_data_actions: alarm.insufficient_data_actions,
        native: kept.native(),
    };
    Some(StoredAlarm { arn: alarm.alarm_arn?, alarm: read, other })
}

fn first(names: &[String]) -> &str {
    names.first().map_or("no alarm", String::as_str)
}

fn query(stream: &str, metric: &AlarmMetric) -> MetricDataQuery {
    let read =
        Metric::builder().namespace(NAMESPACE).metric_name(&metric.name).dimensions(stream_dimension(stream)).build();
    let stat = MetricStat::builder().metric(read).period(PERIOD).stat(&metric.statistic).build();
    MetricDataQuery::builder().id(&metric.id).metric_stat(stat).return_data(false).build()
}

fn stream_dimension(stream: &str) -> Dimension {
    Dimension::builder().name("StreamName").value(stream).build()
}

/// Evaluation periods are at most 1,440, see `PolicySpec::STABILIZATION_WINDOW_MINUTES`.
fn whole(minutes: u32) -> i32 {
    i32::try_from(minutes).unwrap_or(i32::MAX)
}
