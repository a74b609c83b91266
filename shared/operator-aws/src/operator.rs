// SPDX-License-Identifier: Apache-2.0
//! What an operator's tool asks of AWS beside what the functions do: all there is to see of a stream. What it changes is in
//! `create.rs`, what it reads of records in `sample.rs`.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, StateValue};
use aws_sdk_kinesis::types::{EnhancedMetrics, StreamDescriptionSummary};
use jiff::Timestamp;
use kinesis_model::{MetricWindow, OpenShard, StreamState};
use scaler_app::cloud::CallError;

use scaler_aws::error::call_error;
use scaler_aws::{AwsCloudWatch, AwsKinesis, Pace, open_since, state};

/// Kinesis and CloudWatch through the SDK, for a person.
#[derive(Clone, Debug)]
pub struct Operator {
    pub(crate) kinesis: AwsKinesis,
    pub(crate) cloudwatch: AwsCloudWatch,
}

/// What `DescribeStreamSummary` says of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamDetails {
    /// Status, mode and open shards.
    pub state: StreamState,
    /// Hours for which records are kept.
    pub retention_hours: u32,
    /// Registered consumers with enhanced fan-out.
    pub fan_out_consumers: u32,
    /// Names of the metrics that are sent for each shard.
    pub shard_metrics: Vec<String>,
}

/// An alarm, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmState {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Since when it stands so.
    pub since: Option<Timestamp>,
    /// What it says of itself.
    pub description: String,
}

impl AlarmState {
    /// Whether it is in state ALARM.
    pub fn is_firing(&self) -> bool {
        self.state == StateValue::Alarm.as_str()
    }

    fn of(alarm: &MetricAlarm) -> Option<Self> {
        let since = alarm.state_updated_timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok());
        let state = alarm.state_value()?.as_str().to_owned();
        let description = alarm.alarm_description().unwrap_or_default().to_owned();
        Some(Self { name: alarm.alarm_name()?.to_owned(), state, since, description })
    }
}

impl Operator {
    /// Over this configuration, at this pace.
    pub fn new(sdk: &SdkConfig, pace: &Pace) -> Self {
        Self {
            kinesis: AwsKinesis { client: aws_sdk_kinesis::Client::new(sdk), pace: pace.clone() },
            cloudwatch: AwsCloudWatch { client: aws_sdk_cloudwatch::Client::new(sdk), pace: pace.clone() },
        }
    }

    /// All that there is to say of a stream in one call.
    pub async fn details(&self, stream: &str) -> Result<StreamDetails, CallError> {
        self.kinesis.summary(stream, "status, mode or shard count", details).await
    }

    /// The shards that are open, or were at this time or later.
    pub async fn shards_since(&self, stream: &str, since: Timestamp) -> Result<Vec<OpenShard>, CallError> {
        self.kinesis.shards(stream, open_since(since)).await
    }

    /// All metrics of many streams, for the `minutes` before `end` (exclusive, a whole minute).
    pub async fn windows(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.cloudwatch.whole(streams, end, minutes).await
    }

    /// What is written to each of these shards, what is throttled there, and the lag, as [`Self::windows`].
    pub async fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.cloudwatch.whole_shards(stream, shards, end, minutes).await
    }

    /// How the first of the alarms stand whose name begins so: as many as one call tells.
    pub async fn first_alarms(&self, prefix: &str) -> Result<Vec<AlarmState>, CallError> {
        let call = "DescribeAlarms";
        let request =
            self.cloudwatch.client.describe_alarms().alarm_name_prefix(prefix).alarm_types(AlarmType::MetricAlarm);
        self.cloudwatch.pace.wait(call).await;
        let page = request.max_records(100).send().await.map_err(|error| call_error(call, prefix, error))?;
        Ok(page.metric_alarms().iter().filter_map(AlarmState::of).collect())
    }

    /// How every alarm stands whose name begins so.
    pub async fn alarms(&self, prefix: &str) -> Result<Vec<AlarmState>, CallError> {
        let call = "DescribeAlarms";
        let request =
            self.cloudwatch.client.describe_alarms().alarm_name_prefix(prefix).alarm_types(AlarmType::MetricAlarm);
        let (mut alarms, mut pages) = (Vec::new(), request.max_records(100).into_paginator().send());
        loop {
            self.cloudwatch.pace.wait(call).await;
            let Some(page) = pages.next().await else { return Ok(alarms) };
            let page = page.map_err(|error| call_error(call, prefix, error))?;
            alarms.extend(page.metric_alarms().iter().filter_map(AlarmState::of));
        }
    }
}

fn details(summary: &StreamDescriptionSummary) -> Option<StreamDetails> {
    let whole = |count: i32| u32::try_from(count).unwrap_or(0);
    let shard_metrics = summary.enhanced_monitoring().iter().flat_map(EnhancedMetrics::shard_level_metrics);
    Some(StreamDetails {
        state: state(summary)?,
        retention_hours: whole(summary.retention_period_hours()),
        fan_out_consumers: whole(summary.consumer_count().unwrap_or(0)),
        shard_metrics: shard_metrics.map(|metric| metric.as_str().to_owned()).collect(),
    })
}
