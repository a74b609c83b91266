//! What alarm-sync needs of the world beside a pass over one stream: the fleet, all alarms, and a way to go on later.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use scaler_core::{MetricWindow, StreamAlarm};

use crate::ports::{Adapters, CallError, Ports};

/// A stream that carries `kinesis-scaler/managed`, whatever its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedStream {
    /// Its name.
    pub name: String,
    /// Its tags that are ours, as the tagging service has them: perhaps minutes old.
    pub tags: Vec<(String, String)>,
}

/// What the tagging service knows of the account and Region.
pub trait Fleet: Send + Sync {
    /// Every stream that carries the tag; all of them, or an error.
    fn tagged(&self) -> impl Future<Output = Result<Vec<TaggedStream>, CallError>> + Send;

    /// The ARNs of the alarms that carry this stack's tag, as the tagging service has them: perhaps without the newest.
    fn own_alarms(&self) -> impl Future<Output = Result<BTreeSet<String>, CallError>> + Send;
}

/// An alarm that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredAlarm {
    /// Its ARN.
    pub arn: String,
    /// What it is.
    pub alarm: StreamAlarm,
}

/// The alarms of the account and Region.
pub trait AlarmStore: Send + Sync {
    /// Every alarm whose name begins so; all of them, or an error.
    fn under(&self, prefix: &str) -> impl Future<Output = Result<Vec<StoredAlarm>, CallError>> + Send;

    /// Whether alarm-sync made this alarm, by its tag; its name alone does not tell.
    fn is_ours(&self, alarm: &StoredAlarm) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Makes an alarm, or replaces the one that is there of its name; what that one has which [`StreamAlarm`] does not know stays.
    fn put(
        &self,
        alarm: &StreamAlarm,
        there: Option<&StoredAlarm>,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Deletes up to [`DELETED_AT_ONCE`] alarms; one that does not exist is no fault.
    fn delete(&self, names: &[String]) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// Names in one `DeleteAlarms`, at most. Source: CloudWatch API reference.
pub const DELETED_AT_ONCE: usize = 100;

/// The write metrics of many streams at once.
pub trait FleetMetrics: Send + Sync {
    /// Bytes, records and throttled records of the `minutes` before `end` (exclusive, a whole minute), by stream.
    fn loads(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, MetricWindow>, CallError>> + Send;
}

/// A way to go on in another run.
pub trait Continuations: Send + Sync {
    /// Whether there is one.
    fn is_there(&self) -> bool;

    /// Has alarm-sync called with this request when this run is over, and not before so many seconds (900 at most).
    fn later(&self, request: &str, seconds: u32) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// CloudFormation, which waits for an answer about a resource of the stack.
pub trait StackAnswers: Send + Sync {
    /// Answers at the URL that it gave. With that URL anybody can answer, so it is told nobody.
    fn give(&self, url: &str, answer: &str) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Returns when so much time has passed.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

/// One adapter for each port of alarm-sync.
pub trait FleetAdapters: Adapters {
    /// The streams.
    type Fleet: Fleet;
    /// The alarms.
    type AlarmStore: AlarmStore;
    /// The metrics of many streams.
    type FleetMetrics: FleetMetrics;
    /// Another run.
    type Continuations: Continuations;
}

/// The world that alarm-sync runs in.
pub struct FleetPorts<A: FleetAdapters> {
    /// What a pass over one stream needs.
    pub pass: Ports<A>,
    /// The streams.
    pub fleet: A::Fleet,
    /// The alarms.
    pub alarms: A::AlarmStore,
    /// The metrics of many streams.
    pub metrics: A::FleetMetrics,
    /// Another run.
    pub continuations: A::Continuations,
}

impl<A: FleetAdapters> fmt::Debug for FleetPorts<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FleetPorts")
    }
}
