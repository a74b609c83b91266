// SPDX-License-Identifier: Apache-2.0
//! What a minute of traffic asks of a stream, in bytes and in records.

use std::fmt;

use crate::limits::{
    READ_BYTES_PER_MINUTE_PER_SHARD, WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD,
};
use crate::metrics::Minute;
use crate::units::ShardCount;

/// Which of a shard's limits a load comes up against first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// 1 MiB a second written.
    WriteBytes,
    /// 1,000 records a second written.
    WriteRecords,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WriteBytes => "bytes",
            Self::WriteRecords => "records",
        })
    }
}

/// What producers wanted to write in one minute: what was accepted and what was throttled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Bytes in the minute.
    pub bytes: u64,
    /// Records in the minute.
    pub records: u64,
}

impl fmt::Display for Demand {
    /// Rates, since that is how limits are known: `4.6 MiB/s, 3200 records/s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.bytes.saturating_mul(10).div_ceil(60 * 1_048_576);
        write!(f, "{}.{} MiB/s, {} records/s", tenths / 10, tenths % 10, self.records.div_ceil(60))
    }
}

impl Demand {
    /// What was accepted in a minute that [`Minute::is_known`].
    pub fn accepted(minute: &Minute) -> Self {
        Self { bytes: minute.bytes.unwrap_or_default(), records: minute.records.unwrap_or_default() }
    }

    /// What was wanted in a minute that [`Minute::is_known`].
    ///
    /// Throttled records are demand too: AWS does not count them as incoming. They are taken to be of the minute's mean
    /// size, and to be no more than was accepted: producers that retry are counted once per try, and one call can do no
    /// more than double anyway.
    pub fn wanted(minute: &Minute) -> Self {
        let [bytes, records, throttled] =
            [minute.bytes, minute.records, minute.throttled_records].map(Option::unwrap_or_default);
        let throttled = if records == 0 { throttled } else { throttled.min(records) };
        let throttled_bytes = if records == 0 { 0 } else { part(bytes, throttled, records) };
        // What CloudWatch answers is the world's: it may be any number.
        Self { bytes: bytes.saturating_add(throttled_bytes), records: records.saturating_add(throttled) }
    }

    /// The fewest shards that carry this at `utilization_percent` of their capacity; rounded up, since a part of a shard
    /// cannot be had.
    pub fn shards(&self, utilization_percent: u32) -> ShardCount {
        let (by_bytes, by_records) = self.hundredths();
        ShardCount::saturating(by_bytes.max(by_records).div_ceil(u64::from(utilization_percent.max(1))))
    }

    /// Percent of the capacity of `shards` that this takes, rounded up.
    pub fn utilization_percent(&self, shards: ShardCount) -> u64 {
        let (by_bytes, by_records) = self.hundredths();
        by_bytes.max(by_records).div_ceil(u64::from(shards.get()))
    }

    /// The shards that this fills, as a fraction.
    #[allow(clippy::cast_precision_loss, reason = "seven digits are more than a minute's sums are good for")]
    pub fn in_shards(&self) -> f32 {
        let by_bytes = self.bytes as f32 / WRITE_BYTES_PER_MINUTE_PER_SHARD as f32;
        by_bytes.max(self.records as f32 / WRITE_RECORDS_PER_MINUTE_PER_SHARD as f32)
    }

    /// A number to compare demands by, exactly: the larger of bytes and records, each as a share of a shard's.
    pub fn weight(&self) -> u128 {
        let by_bytes = u128::from(self.bytes) * u128::from(WRITE_RECORDS_PER_MINUTE_PER_SHARD);
        by_bytes.max(u128::from(self.records) * u128::from(WRITE_BYTES_PER_MINUTE_PER_SHARD))
    }

    /// The limit that this comes up against first.
    pub fn binding(&self) -> Limit {
        let (by_bytes, by_records) = self.hundredths();
        if by_records > by_bytes { Limit::WriteRecords } else { Limit::WriteBytes }
    }

    /// The demand in hundredths of a shard's capacity, by bytes and by records, each rounded up.
    fn hundredths(&self) -> (u64, u64) {
        (
            hundredths(self.bytes, WRITE_BYTES_PER_MINUTE_PER_SHARD),
            hundredths(self.records, WRITE_RECORDS_PER_MINUTE_PER_SHARD),
        )
    }
}

/// The part of `bytes` that so many of `records` have; up, since half a byte too many is safe and too few is not.
fn part(bytes: u64, throttled: u64, records: u64) -> u64 {
    let part = (u128::from(bytes) * u128::from(throttled)).div_ceil(u128::from(records));
    u64::try_from(part).expect("no more are throttled than are accepted")
}

/// An amount in hundredths of what a shard can in a minute, rounded up.
fn hundredths(amount: u64, per_shard: u64) -> u64 {
    let hundredths = (u128::from(amount) * 100).div_ceil(u128::from(per_shard));
    u64::try_from(hundredths).expect("a shard can more than a hundred in a minute")
}

/// The fewest shards that give consumers with `GetRecords` so many bytes a minute at `utilization_percent` of their capacity;
/// rounded up, since a part of a shard cannot be had.
pub fn shards_to_read(bytes: u64, utilization_percent: u32) -> ShardCount {
    let hundredths = hundredths(bytes, READ_BYTES_PER_MINUTE_PER_SHARD);
    ShardCount::saturating(hundredths.div_ceil(u64::from(utilization_percent.max(1))))
}
