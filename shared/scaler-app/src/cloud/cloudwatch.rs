// SPDX-License-Identifier: Apache-2.0
//! Amazon CloudWatch: metrics and alarms.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use billing::{Series, StreamConfig};
use jiff::Timestamp;
use kinesis_model::MetricWindow;
use scaler_core::StreamAlarm;

use super::failure::CallError;

/// Names in one `DeleteAlarms`, at most. Source: CloudWatch API reference of it.
pub const DELETED_AT_ONCE: usize = 100;

/// An alarm that exists.
#[derive(Clone, Debug)]
pub struct StoredAlarm {
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub alarm: StreamAlarm,
    /// What it has besides.
    pub other: OtherSettings,
}

/// What an alarm may have that a [`StreamAlarm`] has no place for: a put that leaves it out takes it away.
#[derive(Clone, Debug, Default)]
pub struct OtherSettings {
    /// Whether its actions are carried out, where that is said; CloudWatch's default is that they are.
    pub actions_enabled: Option<bool>,
    /// What it does on OK.
    pub ok_actions: Option<Vec<String>>,
    /// What it does on `INSUFFICIENT_DATA`.
    pub insufficient_data_actions: Option<Vec<String>>,
    /// What only CloudWatch's adapter can read.
    pub native: NativeSettings,
}

/// Settings in the form that the adapter has them in, which alone makes them and reads them.
#[derive(Clone, Default)]
pub struct NativeSettings(pub Option<Arc<dyn Any + Send + Sync>>);

impl fmt::Debug for NativeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "some" } else { "none" })
    }
}

/// An alarm in state ALARM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiringAlarm {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub description: String,
    /// The streams that its metrics name; exactly one on a well-made alarm.
    pub streams: Vec<String>,
    /// The shard count that its expression holds, if it is an alarm of ours.
    pub alarm_shard_count: Option<u32>,
}

/// Runs of a Lambda function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LambdaUsage {
    /// How many.
    pub count: u64,
    /// How long they took together.
    pub milliseconds: u64,
}

/// Amazon CloudWatch. A window ends before `end`, a whole minute, and has one entry for each of its minutes.
pub trait CloudWatch: Send + Sync {
    /// All metrics that a decision looks at.
    fn window(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<MetricWindow, CallError>> + Send;

    /// The write metrics alone, and far more of them.
    fn load_history(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<MetricWindow, CallError>> + Send;

    /// The write metrics of each of these shards of a stream, by their ids.
    fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, MetricWindow>, CallError>> + Send;

    /// The write metrics of many streams, by stream.
    fn stream_windows(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, MetricWindow>, CallError>> + Send;

    /// What each of these streams carried from `start` (inclusive) to `end` (exclusive), both whole steps, by stream. The
    /// consumers of a [`StreamConfig`] are those whose bytes are asked for. Each is there, also one of which nothing is known.
    fn series(
        &self,
        streams: &[(String, StreamConfig)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, Series>, CallError>> + Send;

    /// How often and how long each of these Lambda functions ran, by name; one that did not run is there, with zeros.
    fn lambda_usage(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> impl Future<Output = Result<BTreeMap<String, LambdaUsage>, CallError>> + Send;

    /// Every alarm whose name begins so; all of them, or an error.
    fn alarms(&self, prefix: &str) -> impl Future<Output = Result<Vec<StoredAlarm>, CallError>> + Send;

    /// Those of these alarms that exist.
    fn alarms_named(&self, names: &[String]) -> impl Future<Output = Result<Vec<StoredAlarm>, CallError>> + Send;

    /// Every alarm whose name begins so and that is in state ALARM.
    fn firing_alarms(&self, prefix: &str) -> impl Future<Output = Result<Vec<FiringAlarm>, CallError>> + Send;

    /// The tags of an alarm.
    fn alarm_tags(&self, alarm: &StoredAlarm) -> impl Future<Output = Result<Vec<(String, String)>, CallError>> + Send;

    /// Makes an alarm, or replaces the one of its name. The tags are for a new one: on one that exists AWS ignores them.
    fn put_alarm(
        &self,
        alarm: &StreamAlarm,
        other: &OtherSettings,
        tags: &[(&str, &str)],
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Deletes up to [`DELETED_AT_ONCE`] alarms; one that does not exist is no fault.
    fn delete_alarms(&self, names: &[String]) -> impl Future<Output = Result<(), CallError>> + Send;
}
