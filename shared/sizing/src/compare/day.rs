// SPDX-License-Identifier: Apache-2.0
//! A day's load, the same every day: a rate, and perhaps hours with a higher one.

use crate::paper::PaperStream;
use crate::{HEADROOM_PERCENT, Readers, Reading, Reads, Sizing, Workload};
use billing::prices::MONTH_SECONDS;
use kinesis_model::ShardCount;
use kinesis_model::limits::MINUTE_SECONDS;
use kinesis_model::{Demand, shards_to_read};

/// Full in percent that the scaler means shards to be, as long as nobody says otherwise.
pub const TARGET_UTILIZATION_PERCENT: u32 = 80;

const HOURS_PER_DAY: u32 = 24;
const HOUR_SECONDS: u64 = 3_600;
const DAYS_PER_MONTH: u64 = MONTH_SECONDS / (HOURS_PER_DAY as u64 * HOUR_SECONDS);

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyLoad {
    /// Bytes written a second outside the peak.
    pub bytes_per_second: u64,
    /// Bytes written a second in the peak; at least those outside.
    pub peak_bytes_per_second: u64,
    /// Hours of the day at the peak, up to 24.
    pub peak_hours: u32,
    /// Bytes of a record, at least one.
    pub record_bytes: u64,
    /// Consumers, each of which reads everything.
    pub consumers: u32,
    /// How long records are kept.
    pub retention_hours: u32,
}

impl DailyLoad {
    /// What its load uses in a month, with so many shards times seconds.
    pub(super) fn month_on_paper(&self, shard_seconds: u128) -> PaperStream {
        let (bytes, records) = self.written_in_month();
        PaperStream {
            seconds: MONTH_SECONDS,
            shard_seconds,
            bytes,
            records: Some(records),
            readers: Some(self.readers()),
            retention_hours: self.retention_hours,
        }
    }

    /// The same day with so much at its peak, and everything else in proportion.
    #[must_use]
    pub fn with_peak(&self, peak_bytes_per_second: u64) -> Self {
        let scaled = u128::from(self.bytes_per_second) * u128::from(peak_bytes_per_second)
            / u128::from(self.peak_bytes_per_second.max(1));
        let bytes_per_second = u64::try_from(scaled).unwrap_or(u64::MAX);
        Self { bytes_per_second, peak_bytes_per_second, ..*self }
    }

    /// The peak, to be sized.
    pub fn peak(&self) -> Workload {
        Workload {
            bytes_per_second: self.peak_bytes_per_second,
            records_per_second: Some(self.records(self.peak_bytes_per_second)),
            reads: Reads::ByConsumers(self.consumers),
            distinct_partition_keys: None,
        }
    }

    /// The consumers: how they read at the peak is how they read all day.
    pub fn readers(&self) -> Readers {
        let written = Workload { reads: Reads::Unknown, ..self.peak() };
        Readers::of(self.consumers, Sizing::of(&written, 0).needed, self.peak_bytes_per_second)
    }

    /// Shards that are created for the peak and left alone, by the same rule as any stream on paper.
    pub fn shards_for_peak(&self) -> ShardCount {
        Sizing::of(&self.peak(), HEADROOM_PERCENT).recommended
    }

    /// Shards that the scaler has for such a rate, at its target utilization, those who read included.
    pub fn shards(&self, bytes_per_second: u64) -> ShardCount {
        let bytes = bytes_per_second * MINUTE_SECONDS;
        let written = Demand { bytes, records: self.records(bytes_per_second) * MINUTE_SECONDS };
        let to_write = written.shards(TARGET_UTILIZATION_PERCENT);
        match self.readers().reading() {
            Reading::Classic => {
                to_write.max(shards_to_read(bytes * u64::from(self.consumers), TARGET_UTILIZATION_PERCENT))
            }
            Reading::FanOut => to_write,
        }
    }

    /// Up, so that the mean record is no larger than it is.
    fn records(&self, bytes: u64) -> u64 {
        bytes.div_ceil(self.record_bytes.max(1))
    }

    /// Bytes and records of a month.
    pub(super) fn written_in_month(&self) -> (u64, u64) {
        let [(base, base_seconds), (peak, peak_seconds)] = self.phases();
        let bytes = (base * base_seconds + peak * peak_seconds) * DAYS_PER_MONTH;
        (bytes, self.records(bytes))
    }

    /// Shards that follow the load, times the seconds of a month. What a resize takes is not reckoned.
    pub(super) fn shard_seconds_of_month(&self) -> u128 {
        let seconds = |(rate, seconds): (u64, u64)| u128::from(self.shards(rate).get()) * u128::from(seconds);
        self.phases().map(seconds).iter().sum::<u128>() * u128::from(DAYS_PER_MONTH)
    }

    /// Rates, and the seconds of a day at each.
    fn phases(&self) -> [(u64, u64); 2] {
        let peak_hours = self.peak_hours.min(HOURS_PER_DAY);
        let seconds = |hours: u32| u64::from(hours) * HOUR_SECONDS;
        [
            (self.bytes_per_second, seconds(HOURS_PER_DAY - peak_hours)),
            (self.peak_bytes_per_second, seconds(peak_hours)),
        ]
    }
}
