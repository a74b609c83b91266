// SPDX-License-Identifier: Apache-2.0
//! What an alarm of ours is: its kinds, its name, and how one that is there differs from one that should be.
//!
//! An alarm is a trigger and not a judge: it makes a function or a person look.

use std::collections::BTreeSet;
use std::fmt;

use crate::direction::Direction;

/// What every name of an alarm of ours begins with.
pub const ALARM_PREFIX: &str = "kinesis-scaler/";
/// The tag that tells an alarm of ours from one that only has such a name. Its value is the stack that made it.
pub const TAG_MADE_BY: &str = "kinesis-scaler/made-by";

/// Which of a stream's alarms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// Makes a function look.
    Scaling(Direction),
    /// Makes a person look.
    Watch(Watch),
}

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// More records a minute than the policy's threshold.
    IncomingRecords,
    /// Producers are refused.
    WriteThrottled,
    /// Consumers are refused.
    ReadThrottled,
    /// Consumers are behind.
    IteratorAge,
}

impl fmt::Display for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IncomingRecords => "watch-incoming-records",
            Self::WriteThrottled => "watch-write-throttled",
            Self::ReadThrottled => "watch-read-throttled",
            Self::IteratorAge => "watch-iterator-age",
        })
    }
}

impl AlarmKind {
    /// All six, the most urgent first: they are made in this order.
    pub const ALL: [Self; 6] = [
        Self::Scaling(Direction::Out),
        Self::Scaling(Direction::In),
        Self::Watch(Watch::WriteThrottled),
        Self::Watch(Watch::ReadThrottled),
        Self::Watch(Watch::IteratorAge),
        Self::Watch(Watch::IncomingRecords),
    ];
}

impl fmt::Display for AlarmKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scaling(direction) => direction.fmt(f),
            Self::Watch(watch) => watch.fmt(f),
        }
    }
}

/// A stream's alarm of this kind is called so: `kinesis-scaler/orders/scale-out`.
pub fn alarm_name(stream: &str, kind: AlarmKind) -> String {
    format!("{ALARM_PREFIX}{stream}/{kind}")
}

/// The stream that an alarm's name is about, whatever its kind; `None` where it is no name of the form we give.
pub fn stream_of_alarm(name: &str) -> Option<&str> {
    let (stream, kind) = name.strip_prefix(ALARM_PREFIX)?.split_once('/')?;
    (!stream.is_empty() && !kind.is_empty()).then_some(stream)
}

/// How a value is held against the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Breaching above it.
    GreaterThanThreshold,
    /// Breaching below it.
    LessThanThreshold,
}

impl Comparison {
    /// CloudWatch's name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::GreaterThanThreshold => "GreaterThanThreshold",
            Self::LessThanThreshold => "LessThanThreshold",
        }
    }
}

/// One metric of a stream that an alarm reads, minute by minute, under an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlarmMetric {
    /// What expressions call it; empty in a plain alarm, which has none.
    pub id: String,
    /// Its name in `AWS/Kinesis`.
    pub name: String,
    /// `Sum` or `Maximum`.
    pub statistic: String,
}

/// One expression of a metric-math alarm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlarmExpression {
    /// What other expressions call it.
    pub id: String,
    /// CloudWatch metric math.
    pub expression: String,
    /// Whether this is the series that is compared with the threshold; exactly one is.
    pub returned: bool,
}

/// An alarm over one stream's metrics, whole: all that `PutMetricAlarm` sets.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamAlarm {
    /// `kinesis-scaler/<stream>/<kind>`.
    pub name: String,
    /// The stream.
    pub stream: String,
    /// What it says of itself to a person who finds it.
    pub description: String,
    /// What it reads. Without expressions it is a plain alarm on the only metric.
    pub metrics: Vec<AlarmMetric>,
    /// Metric math over that.
    pub expressions: Vec<AlarmExpression>,
    /// How the value is compared with the threshold, by CloudWatch's name.
    pub comparison: String,
    /// The threshold.
    pub threshold: f64,
    /// Of the last this many minutes, ...
    pub evaluation_minutes: u32,
    /// ... so many must breach.
    pub minutes_to_alarm: u32,
    /// What a minute without metrics counts as, by CloudWatch's name.
    pub treat_missing_data: String,
    /// ARNs of what it does on ALARM.
    pub actions: Vec<String>,
    /// Settings that ours never have, as they are called: a hand was here.
    pub extras: Vec<String>,
}

/// The id of the expression that holds the shard count.
pub const SHARDS_ID: &str = "shards";

impl StreamAlarm {
    /// The shard count that the expressions hold: the one literal that a resize has to change.
    pub fn shard_count(&self) -> Option<u32> {
        self.expressions.iter().find(|entry| entry.id == SHARDS_ID)?.expression.parse().ok()
    }

    /// This alarm, whose description says which stack made it: that costs no call to ask, as its tag does.
    #[must_use]
    pub fn signed_by(&self, stack: &str) -> Self {
        Self { description: format!("{}{}", self.description, signature(stack)), ..self.clone() }
    }

    /// In which respects this alarm is another than `wanted`; empty where it is right.
    ///
    /// Entries are compared without their order and thresholds to a thousandth: AWS promises neither back.
    pub fn differences(&self, wanted: &Self) -> Vec<&'static str> {
        let same = |a: &Self, b: &Self| {
            [
                ("stream", a.stream == b.stream),
                ("description", a.description == b.description),
                ("metrics", sorted(&a.metrics) == sorted(&b.metrics)),
                ("shard count", a.shard_count() == b.shard_count()),
                ("expression", formulas(a) == formulas(b)),
                ("comparison", a.comparison == b.comparison),
                ("threshold", (a.threshold - b.threshold).abs() < 0.001),
                ("evaluation periods", a.evaluation_minutes == b.evaluation_minutes),
                ("datapoints to alarm", a.minutes_to_alarm == b.minutes_to_alarm),
                ("missing data", a.treat_missing_data == b.treat_missing_data),
                ("actions", a.actions == b.actions),
                ("other settings", a.extras == b.extras),
            ]
        };
        same(self, wanted).into_iter().filter(|(_, same)| !same).map(|(respect, _)| respect).collect()
    }
}

/// What stands before the stack's name.
const MADE_BY: &str = " Made by stack ";

/// What a description ends with, by the stack that made the alarm.
pub fn signature(stack: &str) -> String {
    format!("{MADE_BY}{stack}.")
}

/// The stack by which a description is signed.
pub fn signed_by(description: &str) -> Option<&str> {
    description.strip_suffix('.')?.rsplit_once(MADE_BY).map(|(_, stack)| stack)
}

fn sorted<T: Ord>(entries: &[T]) -> BTreeSet<&T> {
    entries.iter().collect()
}

/// The expressions but for the shard count, which is told apart.
fn formulas(alarm: &StreamAlarm) -> BTreeSet<&AlarmExpression> {
    alarm.expressions.iter().filter(|entry| entry.id != SHARDS_ID || alarm.shard_count().is_none()).collect()
}
