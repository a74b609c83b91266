//! What a pass needs of the world: streams, metrics, alarms, people and the time, and how each can fail.

use std::error::Error;
use std::fmt;
use std::sync::OnceLock;

pub use crate::pasts::Pasts;
pub use crate::subject::Subject;
use jiff::Timestamp;
use std::collections::BTreeMap;

use scaler_core::{AccountShards, Direction, MetricWindow, OpenShard, ShardCount, StreamAlarm, StreamState};

/// Why a call came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such stream.
    NotFound,
    /// The stream is being changed by somebody: a later try may succeed.
    InUse,
    /// AWS understood and said no, as to a bad argument. The same call would fail again.
    Refused,
    /// The caller has no permission for this call. The same call would fail again until somebody gives it.
    Denied,
    /// A limit of the account or the service is reached, other than that of [`Self::DaySpent`] and of calls a second.
    Quota,
    /// AWS says that the stream has had all the resizes of its day. The same call would fail again for hours.
    DaySpent,
    /// Too many calls: nothing was done, a later try may succeed.
    Throttled,
    /// No answer, or one that says nothing about whether the call took effect. A later try may succeed.
    Unavailable,
}

impl Failure {
    /// Whether the same call may succeed in a moment, so that Lambda should try the event again.
    pub const fn is_passing(self) -> bool {
        match self {
            Self::Throttled | Self::Unavailable => true,
            Self::NotFound | Self::InUse | Self::Refused | Self::Denied | Self::Quota | Self::DaySpent => false,
        }
    }

    /// Whether AWS said no to this very call, for whatever reason.
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Refused | Self::Denied | Self::Quota)
    }
}

/// What to ask oneself where a stream was not found.
pub(crate) const NOT_FOUND_ADVICE: &str = "Is it called so, in this Region and account?";

/// A call that failed, after the adapter's own bounded retries.
#[derive(Debug, thiserror::Error)]
#[error("{call} for {subject}: {message}")]
pub struct CallError {
    /// The AWS operation.
    pub call: &'static str,
    /// The stream or alarm it was about.
    pub subject: String,
    /// What kind of failure it was.
    pub failure: Failure,
    /// AWS's error code and words, or what went wrong on the way.
    pub message: String,
    /// The cause, where there is one.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// Kinesis streams and their tags.
pub trait Streams: Send + Sync {
    /// Status, mode and open shards.
    fn describe(&self, stream: &str) -> impl Future<Output = Result<StreamState, CallError>> + Send;

    /// All of a stream's tags.
    fn tags(&self, stream: &str) -> impl Future<Output = Result<Vec<(String, String)>, CallError>> + Send;

    /// Writes one of the tags that are our memory: the stream's resizes, or what people were told of it.
    fn remember(
        &self,
        stream: &str,
        tag: &'static str,
        value: &str,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Starts a resize; returns when AWS has accepted it, minutes before it is done.
    fn update_shard_count(
        &self,
        stream: &str,
        desired: ShardCount,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Open shards and quota of the account and Region.
    fn account(&self) -> impl Future<Output = Result<AccountShards, CallError>> + Send;

    /// The open shards in the order of their hash key ranges.
    fn open_shards(&self, stream: &str) -> impl Future<Output = Result<Vec<OpenShard>, CallError>> + Send;

    /// Starts to split a shard in two, of which the upper one begins at `at`; returns when AWS has accepted it.
    fn split(&self, stream: &str, shard: &str, at: u128) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Starts to merge a shard with its upper neighbour; returns when AWS has accepted it.
    fn merge(&self, stream: &str, lower: &str, upper: &str) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Has [`SHARD_METRICS`](scaler_core::limits::SHARD_METRICS) sent for each shard from now on, which is charged.
    fn send_shard_metrics(&self, stream: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// CloudWatch metrics of streams.
pub trait Metrics: Send + Sync {
    /// The `minutes` before `end` (exclusive, a whole minute), one entry each.
    fn window(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<MetricWindow, CallError>> + Send;

    /// As [`Self::window`], of the write metrics of each of these shards of the stream, by their ids.
    fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, MetricWindow>, CallError>> + Send;

    /// As [`Self::window`], of the write metrics alone, and far more of it.
    fn past(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<MetricWindow, CallError>> + Send;
}

/// An alarm in state ALARM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiringAlarm {
    /// Its name.
    pub name: String,
    /// The streams that its metrics name; exactly one on a well-made alarm.
    pub streams: Vec<String>,
    /// The shard count that its expression holds, if it is an alarm of ours.
    pub fits: Option<u32>,
}

/// The scaling alarms.
pub trait Alarms: Send + Sync {
    /// All scaling alarms of this direction that are firing now.
    fn firing(&self, direction: Direction) -> impl Future<Output = Result<Vec<FiringAlarm>, CallError>> + Send;

    /// Brings those of these alarms that exist and are ours in step; their actions and descriptions stay as they are. One that does not
    /// exist is not made: alarm-sync does. One that is another stack's is left as it is, which is an error in the end.
    fn refit(&self, alarms: &[StreamAlarm]) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// What a message is about, for people who want only a part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A stream was resized: nothing to do.
    Resize,
    /// Somebody is needed.
    Attention,
    /// Something went wrong that is tried again.
    Fault,
    /// What streams cost.
    Cost,
    /// The stack was deployed: what the first look came to.
    Deployment,
}

/// One message to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about.
    pub kind: NoticeKind,
    /// What it is about in a line.
    pub subject: Subject,
    /// What happened, why, and what to do next.
    pub text: String,
}

/// The people who are told.
pub trait Notices: Send + Sync {
    /// Whether there are any.
    fn is_heard(&self) -> bool;

    /// Tells them.
    fn publish(&self, notice: &Notice) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// The time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// One adapter for each port that a pass over a stream needs.
pub trait Adapters {
    /// Kinesis.
    type Streams: Streams;
    /// CloudWatch metrics.
    type Metrics: Metrics;
    /// CloudWatch alarms.
    type Alarms: Alarms;
    /// The people who are told.
    type Notices: Notices;
    /// The time.
    type Clock: Clock;
}

/// The world that a pass runs in.
pub struct Ports<A: Adapters> {
    /// Kinesis.
    pub streams: A::Streams,
    /// CloudWatch metrics.
    pub metrics: A::Metrics,
    /// CloudWatch alarms.
    pub alarms: A::Alarms,
    /// The people who are told.
    pub notices: A::Notices,
    /// The time.
    pub clock: A::Clock,
    /// What was read of the past.
    pub pasts: Pasts,
    /// The Region of the streams, where it is known.
    pub region: Option<String>,
    /// The account of the streams. A function learns it from its first invocation.
    pub account: OnceLock<String>,
}

impl<A: Adapters> fmt::Debug for Ports<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}
