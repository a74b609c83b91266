// SPDX-License-Identifier: Apache-2.0
//! Amazon CloudWatch through the SDK.

mod alarm_read;
mod alarms;
mod client;
mod metric_data;
mod usage;
mod windows;

use std::collections::BTreeMap;

use billing::{Series, StreamConfig};
use jiff::Timestamp;
use kinesis_model::MetricWindow;
use scaler_app::cloud::{CallError, CloudWatch, FiringAlarm, LambdaUsage, OtherSettings, StoredAlarm};
use scaler_core::StreamAlarm;

pub use client::AwsCloudWatch;

/// Not `async` themselves: one future more between a function's `main` and the SDK is more than the compiler counts (128).
impl CloudWatch for AwsCloudWatch {
    fn window(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<MetricWindow, CallError>> + Send {
        self.stream_window(stream, end, minutes)
    }

    fn load_history(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<MetricWindow, CallError>> + Send {
        self.past_writes(stream, end, minutes)
    }

    fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, MetricWindow>, CallError>> + Send {
        self.shard_writes(stream, shards, end, minutes)
    }

    fn stream_windows(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, MetricWindow>, CallError>> + Send {
        self.writes(streams, end, minutes)
    }

    fn series(
        &self,
        streams: &[(String, StreamConfig)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, Series>, CallError>> + Send {
        self.usage(streams, start, end, step_seconds)
    }

    fn lambda_usage(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> impl Future<Output = Result<BTreeMap<String, LambdaUsage>, CallError>> + Send {
        self.function_runs(functions, start, end)
    }

    fn alarms(&self, prefix: &str) -> impl Future<Output = Result<Vec<StoredAlarm>, CallError>> + Send {
        self.alarms_under(prefix)
    }

    fn alarms_named(&self, names: &[String]) -> impl Future<Output = Result<Vec<StoredAlarm>, CallError>> + Send {
        self.alarms_called(names)
    }

    fn firing_alarms(&self, prefix: &str) -> impl Future<Output = Result<Vec<FiringAlarm>, CallError>> + Send {
        self.firing(prefix)
    }

    fn alarm_tags(&self, alarm: &StoredAlarm) -> impl Future<Output = Result<Vec<(String, String)>, CallError>> + Send {
        self.tags_of(&alarm.arn)
    }

    fn put_alarm(
        &self,
        alarm: &StreamAlarm,
        other: &OtherSettings,
        tags: &[(&str, &str)],
    ) -> impl Future<Output = Result<(), CallError>> + Send {
        self.put(alarm, other, tags)
    }

    fn delete_alarms(&self, names: &[String]) -> impl Future<Output = Result<(), CallError>> + Send {
        self.delete(names)
    }
}
