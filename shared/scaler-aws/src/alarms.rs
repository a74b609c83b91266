//! The `Alarms` and `AlarmStore` ports over CloudWatch.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::describe_alarms::builders::DescribeAlarmsFluentBuilder;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat, StateValue, Statistic,
    Tag,
};
use scaler_app::cloud::{Alarms, CallError, Failure, FiringAlarm};
use scaler_app::cloud::{AlarmStore, StoredAlarm};
use scaler_core::{ALARM_PREFIX, AlarmMetric, Direction, StreamAlarm, TAG_MADE_BY};

use crate::alarm_read::{NAMESPACE, PERIOD, read};
use crate::error::call_error;
use crate::pace::Pace;

/// CloudWatch alarms through the SDK.
#[derive(Clone, Debug)]
pub struct CloudWatchAlarms {
    /// The client.
    pub client: Client,
    /// Its pace.
    pub pace: Pace,
    /// Whose alarms are ours: the value of their tag.
    pub stack: String,
}

impl Alarms for CloudWatchAlarms {
    async fn firing(&self, direction: Direction) -> Result<Vec<FiringAlarm>, CallError> {
        let ours = format!("/{direction}");
        let request = self.client.describe_alarms().alarm_name_prefix(ALARM_PREFIX).state_value(StateValue::Alarm);
        let firing = |alarm: MetricAlarm| {
            let name = alarm.alarm_name().filter(|name| name.ends_with(&ours))?.to_owned();
            // Another stack's alarm is another stack's to answer.
            let alarm = read(&alarm, &self.stack).filter(|read| read.is_signed)?;
            Some(FiringAlarm { name, fits: alarm.alarm.fits(), streams: alarm.streams })
        };
        self.described(request, "the sweep", firing).await
    }

    async fn refit(&self, alarms: &[StreamAlarm]) -> Result<(), CallError> {
        let subject = alarms.first().map_or("no alarm", |alarm| alarm.name.as_str());
        let names = alarms.iter().map(|alarm| alarm.name.clone()).collect();
        let existing =
            self.described(self.client.describe_alarms().set_alarm_names(Some(names)), subject, Some).await?;
        let mut others = Vec::new();
        for old in &existing {
            let Some(alarm) = alarms.iter().find(|alarm| Some(alarm.name.as_str()) == old.alarm_name()) else {
                continue;
            };
            if !self.has_our_tag(old.alarm_arn().unwrap_or_default()).await? {
                others.push(alarm.name.as_str());
                continue;
            }
            // The description as well: it tells the stack's settings, which a caller need not know.
            let request = keeping(self.definition(alarm), old)
                .set_alarm_description(old.alarm_description.clone())
                .set_actions_enabled(old.actions_enabled())
                .set_alarm_actions(old.alarm_actions.clone())
                .set_ok_actions(old.ok_actions.clone())
                .set_insufficient_data_actions(old.insufficient_data_actions.clone());
            self.send(request, &alarm.name).await?;
        }
        if others.is_empty() {
            return Ok(());
        }
        Err(CallError {
            call: "PutMetricAlarm",
            subject: others.join(", "),
            failure: Failure::Refused,
            message: format!("not made by the stack {}, and left as it is", self.stack),
            source: None,
        })
    }
}

impl AlarmStore for CloudWatchAlarms {
    async fn under(&self, prefix: &str) -> Result<Vec<StoredAlarm>, CallError> {
        let stored = |alarm: MetricAlarm| {
            Some(StoredAlarm { arn: alarm.alarm_arn()?.to_owned(), alarm: read(&alarm, &self.stack)?.alarm })
        };
        self.described(self.client.describe_alarms().alarm_name_prefix(prefix), prefix, stored).await
    }

    async fn is_ours(&self, alarm: &StoredAlarm) -> Result<bool, CallError> {
        self.has_our_tag(&alarm.arn).await
    }

    async fn put(&self, alarm: &StreamAlarm, there: Option<&StoredAlarm>) -> Result<(), CallError> {
        // On an alarm that exists AWS ignores the tags.
        let tag = Tag::builder().key(TAG_MADE_BY).value(&self.stack).build();
        let mut request = self.definition(alarm).set_alarm_actions(Some(alarm.actions.clone())).tags(tag);
        if there.is_some() {
            let named = self.client.describe_alarms().alarm_names(&alarm.name);
            for old in self.described(named, &alarm.name, Some).await? {
                request = keeping(request, &old);
            }
        }
        self.send(request, &alarm.name).await
    }

    async fn delete(&self, names: &[String]) -> Result<(), CallError> {
        let call = "DeleteAlarms";
        self.pace.wait(call).await;
        let deleted = self.client.delete_alarms().set_alarm_names(Some(names.to_vec())).send().await;
        deleted.map_err(|error| call_error(call, names.first().map_or("no alarm", String::as_str), error))?;
        Ok(())
    }
}

impl CloudWatchAlarms {
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

    async fn has_our_tag(&self, arn: &str) -> Result<bool, CallError> {
        let call = "ListTagsForResource";
        self.pace.wait(call).await;
        let answer = self.client.list_tags_for_resource().resource_arn(arn).send().await;
        let answer = answer.map_err(|error| call_error(call, arn, error))?;
        let ours = (Some(TAG_MADE_BY), Some(self.stack.as_str()));
        Ok(answer.tags().iter().any(|tag| (tag.key(), tag.value()) == ours))
    }

    /// The whole alarm but for its actions: `PutMetricAlarm` replaces everything.
    fn definition(&self, alarm: &StreamAlarm) -> PutMetricAlarmFluentBuilder {
        let request = self
            .client
            .put_metric_alarm()
            .alarm_name(&alarm.name)
            .alarm_description(alarm.signed_by(&self.stack).description)
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

    async fn send(&self, request: PutMetricAlarmFluentBuilder, name: &str) -> Result<(), CallError> {
        let call = "PutMetricAlarm";
        self.pace.wait(call).await;
        request.send().await.map_err(|error| call_error(call, name, error))?;
        Ok(())
    }
}

/// With what an alarm has that is no part of ours: a put that leaves it out would take it away. How many periods are looked at and
/// how is ours, and their window is not. What CloudWatch may come to add is not shown by this version of its SDK, and is lost in a
/// put. Source: API reference, `PutMetricAlarm`.
fn keeping(request: PutMetricAlarmFluentBuilder, old: &MetricAlarm) -> PutMetricAlarmFluentBuilder {
    request
        .set_evaluation_window(old.evaluation_window.clone().filter(|window| !window.is_unknown()))
        .set_warm_up_configuration(old.warm_up_configuration.clone())
        .set_action_configuration(old.action_configuration.clone())
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
