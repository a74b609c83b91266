// SPDX-License-Identifier: Apache-2.0
//! How a producer works, checked.

use std::time::Duration;

use kinesis_model::HashKeyRange;
use kinesis_model::limits::{RECORD_BYTES_DEFAULT, RECORD_BYTES_MAX};

/// Records in one call, at most. Source: Kinesis API reference, `PutRecords`.
pub(crate) const CALL_RECORDS_MAX: usize = 500;
/// Bytes in one call, keys included, at most. Source: Kinesis API reference, `PutRecords` (older texts say 5 MiB).
pub(crate) const CALL_BYTES_MAX: usize = 10 << 20;
/// Longer than anybody waits; a time far longer cannot be added to a clock's.
const TIME_MAX: Duration = Duration::from_hours(24);

/// How a producer works.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Records in one call, 1 to 500.
    pub call_records_max: usize,
    /// Bytes in one call, keys included, up to 10 MiB. Where an endpoint takes less (older ones 5 MiB), each call over that is made
    /// again as two: right, and slower than with what it takes.
    pub call_bytes_max: usize,
    /// Bytes of one record, key included: what the stream takes, 1 MiB unless it was told otherwise, up to 10 MiB.
    pub record_bytes_max: usize,
    /// A record waits so long for others to go with it.
    pub linger: Duration,
    /// A call that has no answer in this time counts as not answered, and its records are tried again.
    pub call_timeout: Duration,
    /// Calls that wait for an answer at once, at most. Where most of a call is throttled, or a call has no answer, it is fewer for a while.
    pub calls_max: usize,
    /// Bytes that wait to be acknowledged, at most; then [`send`](crate::Producer::send) waits. A record counts a kilobyte at least.
    pub queue_bytes_max: usize,
    /// The first pause before a record is tried again is up to this; each further one up to twice the one before.
    pub pause: Duration,
    /// ... and never more than this.
    pub pause_max: Duration,
    /// A record that is not taken in this time is given back. It begins with the record's first try: how long it waits before, behind
    /// others of a deep queue or of its key, does not count.
    pub give_up_after: Duration,
    /// ... or after so many tries; 1 is no second try.
    pub tries_max: u32,
    /// Whether the order of records of a key is kept.
    pub order: Order,
    /// What is done with data.
    pub compression: Compression,
    /// Whether several records are written as one.
    pub aggregation: Aggregation,
    /// What pauses are drawn from; `None` is another in each process.
    pub seed: Option<u64>,
}

/// Order of the records of one partition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A record that is tried again may come after those sent after it.
    Any,
    /// Of each key one record at a time is under way, and the next only after it has ended, so that what is read is in the order
    /// in which it was sent. Slow for a key with many records; aggregation makes one of them. With [`Aggregation::PerShard`] it
    /// is the order of each shard. A call that was not answered may still take effect after the try that follows it.
    PerKey,
}

/// What is done with data before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    None,
    /// gzip, each record for itself. Whoever reads has to know.
    Gzip,
}

/// Whether records are put together in the KPL's format, see [`aggregation`](crate::aggregation).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aggregation {
    /// One record each.
    None,
    /// Records of the same place on the ring, be it by the same partition key: right whatever the shards do.
    PerKey {
        /// Bytes of one aggregated record, at most.
        bytes_max: usize,
    },
    /// Records of one shard, by these ranges, which tile the ring. While the shards are other ones, records of an aggregated one may
    /// come to a shard that is not theirs: the KCL drops those. Only where nobody reshards.
    PerShard {
        /// The shards' ranges, in their order.
        ranges: Vec<HashKeyRange>,
        /// Bytes of one aggregated record, at most.
        bytes_max: usize,
    },
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            call_records_max: CALL_RECORDS_MAX,
            call_bytes_max: CALL_BYTES_MAX,
            record_bytes_max: usize::try_from(RECORD_BYTES_DEFAULT).unwrap_or(usize::MAX),
            linger: Duration::from_millis(20),
            call_timeout: Duration::from_secs(10),
            calls_max: 8,
            queue_bytes_max: 64 << 20,
            pause: Duration::from_millis(50),
            pause_max: Duration::from_secs(5),
            give_up_after: Duration::from_mins(1),
            tries_max: u32::MAX,
            order: Order::Any,
            compression: Compression::None,
            aggregation: Aggregation::None,
            seed: None,
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value} is not {expected}")]
pub struct SettingsFault {
    /// Which.
    pub name: &'static str,
    /// What it is.
    pub value: String,
    /// What it should be.
    pub expected: String,
}

impl Settings {
    /// Everything that is wrong, at once.
    pub(crate) fn faults(&self) -> Vec<SettingsFault> {
        let record_max = usize::try_from(RECORD_BYTES_MAX).unwrap_or(usize::MAX);
        let mut faults = Vec::new();
        let mut within = |name, value: usize, min: usize, max: usize| {
            if !(min..=max).contains(&value) {
                faults.push(SettingsFault { name, value: value.to_string(), expected: format!("from {min} to {max}") });
            }
        };
        within("call_records_max", self.call_records_max, 1, CALL_RECORDS_MAX);
        within("record_bytes_max", self.record_bytes_max, 1, record_max);
        within("call_bytes_max", self.call_bytes_max, self.record_bytes_max, CALL_BYTES_MAX);
        within("calls_max", self.calls_max, 1, 1_000);
        // A semaphore has no more.
        within("queue_bytes_max", self.queue_bytes_max, self.record_bytes_max, u32::MAX as usize);
        within("tries_max", self.tries_max as usize, 1, u32::MAX as usize);
        let mut within = |name, value: Duration, min: Duration| {
            if !(min..=TIME_MAX).contains(&value) {
                let expected = format!("from {min:?} to {TIME_MAX:?}");
                faults.push(SettingsFault { name, value: format!("{value:?}"), expected });
            }
        };
        within("linger", self.linger, Duration::ZERO);
        within("call_timeout", self.call_timeout, Duration::from_millis(1));
        within("pause", self.pause, Duration::ZERO);
        within("pause_max", self.pause_max, Duration::ZERO);
        within("give_up_after", self.give_up_after, Duration::ZERO);
        faults.extend(self.aggregation_faults());
        if self.pause > self.pause_max {
            let (value, expected) = (format!("{:?}", self.pause), format!("at most pause_max, {:?}", self.pause_max));
            faults.push(SettingsFault { name: "pause", value, expected });
        }
        faults
    }

    fn aggregation_faults(&self) -> Vec<SettingsFault> {
        let (ranges, bytes_max) = match &self.aggregation {
            Aggregation::None => return Vec::new(),
            Aggregation::PerKey { bytes_max } => (None, *bytes_max),
            Aggregation::PerShard { ranges, bytes_max } => (Some(ranges), *bytes_max),
        };
        let mut faults = Vec::new();
        if !(1..=self.record_bytes_max).contains(&bytes_max) {
            let (value, expected) = (bytes_max.to_string(), format!("from 1 to {}", self.record_bytes_max));
            faults.push(SettingsFault { name: "aggregation.bytes_max", value, expected });
        }
        if let Some(ranges) = ranges.filter(|ranges| !HashKeyRange::tile(ranges)) {
            let (value, expected) =
                (format!("{} ranges", ranges.len()), "the whole hash key space, in order".to_owned());
            faults.push(SettingsFault { name: "aggregation.ranges", value, expected });
        }
        faults
    }
}

/// Settings that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsFaults(pub Vec<SettingsFault>);
