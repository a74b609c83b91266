//! Amazon CloudWatch through the SDK.

mod alarm_read;
mod alarms;
mod client;
mod metric_data;
mod usage;
mod windows;

use std::collections::BTreeMap;

use billing::{Series, Standing};
use jiff::Timestamp;
use kinesis_model::MetricWindow;
use scaler_app::cloud::{CallError, CloudWatch, FiringAlarm, OtherSettings, Runs, StoredAlarm};
use scaler_core::StreamAlarm;

pub use client::AwsCloudWatch;

impl CloudWatch for AwsCloudWatch {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.stream_window(stream, end, minutes).await
    }

    async fn past(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.past_writes(stream, end, minutes).await
    }

    async fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.shard_writes(stream, shards, end, minutes).await
    }

    async fn stream_windows(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.writes(streams, end, minutes).await
    }

    async fn series(
        &self,
        streams: &[(String, Standing)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> Result<BTreeMap<String, Series>, CallError> {
        self.usage(streams, start, end, step_seconds).await
    }

    async fn runs(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<String, Runs>, CallError> {
        self.function_runs(functions, start, end).await
    }

    async fn alarms(&self, prefix: &str) -> Result<Vec<StoredAlarm>, CallError> {
        self.alarms_under(prefix).await
    }

    async fn alarms_named(&self, names: &[String]) -> Result<Vec<StoredAlarm>, CallError> {
        self.alarms_called(names).await
    }

    async fn firing_alarms(&self, prefix: &str) -> Result<Vec<FiringAlarm>, CallError> {
        self.firing(prefix).await
    }

    async fn alarm_tags(&self, alarm: &StoredAlarm) -> Result<Vec<(String, String)>, CallError> {
        self.tags_of(&alarm.arn).await
    }

    async fn put_alarm(
        &self,
        alarm: &StreamAlarm,
        other: &OtherSettings,
        tags: &[(&str, &str)],
    ) -> Result<(), CallError> {
        self.put(alarm, other, tags).await
    }

    async fn delete_alarms(&self, names: &[String]) -> Result<(), CallError> {
        self.delete(names).await
    }
}
