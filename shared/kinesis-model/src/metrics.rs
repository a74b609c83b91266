// SPDX-License-Identifier: Apache-2.0
//! CloudWatch's metrics of a stream, minute by minute.

use jiff::{SignedDuration, Timestamp};

/// One minute of CloudWatch metrics of a stream. `None` is unknown, zero is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// `IncomingBytes`, Sum: bytes accepted.
    pub bytes: Option<u64>,
    /// `IncomingRecords`, Sum: records accepted.
    pub records: Option<u64>,
    /// `WriteProvisionedThroughputExceeded`, Sum: records refused by throttling; they are not in the two above.
    pub throttled_records: Option<u64>,
    /// `GetRecords.Bytes`, Sum: bytes read by classic consumers.
    pub read_bytes: Option<u64>,
    /// `ReadProvisionedThroughputExceeded`, Sum: throttled `GetRecords` calls.
    pub read_throttles: Option<u64>,
    /// `GetRecords.IteratorAgeMilliseconds`, Maximum: how far the slowest consumer is behind. Absent when nobody reads
    /// with `GetRecords` (enhanced fan-out consumers do not).
    pub iterator_age_ms: Option<u64>,
}

impl Minute {
    /// Whether CloudWatch had anything to say of the stream in this minute.
    ///
    /// Kinesis sends write metrics only when somebody writes. So in a minute with any metric at all (a consumer polling,
    /// say) an absent write sum means that nothing was written: idle. In a minute with none, nothing is known.
    pub fn is_known(&self) -> bool {
        [self.bytes, self.records, self.throttled_records, self.read_bytes, self.read_throttles, self.iterator_age_ms]
            .iter()
            .any(Option::is_some)
    }

    /// Whether records were throttled in it, as far as is known.
    pub fn throttled(&self) -> bool {
        self.throttled_records.is_some_and(|records| records > 0)
    }
}

/// Consecutive minutes of metrics, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricWindow {
    /// End of the last minute, exclusive; a whole minute.
    pub end: Timestamp,
    /// One entry a minute, unknown ones included.
    pub minutes: Vec<Minute>,
}

impl MetricWindow {
    /// So many minutes of which nothing is known.
    pub fn unknown(end: Timestamp, minutes: usize) -> Self {
        Self { end, minutes: vec![Minute::default(); minutes] }
    }

    /// The known minutes with the time each began, oldest first.
    pub fn known(&self) -> impl Iterator<Item = (Timestamp, &Minute)> {
        self.all().filter(|(_, minute)| minute.is_known())
    }

    /// All minutes with the time each began, oldest first.
    pub fn all(&self) -> impl Iterator<Item = (Timestamp, &Minute)> {
        self.minutes.iter().enumerate().map(|(index, minute)| (self.began(index), minute))
    }

    fn began(&self, index: usize) -> Timestamp {
        let ago = i64::try_from(self.minutes.len() - index).expect("a list has no more entries than that");
        // Out of range only at the end of representable time, where no stream lives.
        self.end.checked_sub(SignedDuration::from_mins(ago)).unwrap_or(Timestamp::MIN)
    }
}

/// The end of the last whole minute: one that is not over yet is not asked for.
pub fn whole_minute(now: Timestamp) -> Timestamp {
    // Out of range only at the begin of representable time.
    Timestamp::from_second(now.as_second().div_euclid(60) * 60).unwrap_or(now)
}
