// SPDX-License-Identifier: Apache-2.0
//! What the last minutes asked of a stream or of a shard, in rates and in percent of what it can take.

use std::fmt;

use jiff::Timestamp;
use kinesis_model::limits::METRIC_DELAY_MINUTES;
use kinesis_model::{Demand, MetricWindow, Minute, ShardCount};
use serde::Serialize;

use crate::table::table;

/// Minutes that a person is shown, beside those that CloudWatch may not have yet.
const SHOWN_MINUTES: u32 = 5;
/// Minutes that are asked for to show them.
pub(crate) const ASKED_MINUTES: u32 = SHOWN_MINUTES + METRIC_DELAY_MINUTES;

/// The known minutes of a window, and the worst of them.
#[derive(Debug, Serialize)]
pub(crate) struct Load {
    /// On which the window ends.
    #[serde(skip)]
    date: String,
    /// Of so many minutes that were asked for.
    asked_minutes: usize,
    /// Oldest first.
    minutes: Vec<MinuteLoad>,
    /// In percent of the capacity, of the busiest; `null` where nothing is known, or the capacity is not ours to say.
    pub(crate) busiest_percent: Option<u64>,
    /// In all of them.
    pub(crate) throttled_records: Option<u64>,
    /// Calls of `GetRecords`, in all of them.
    throttled_reads: Option<u64>,
    /// Of the slowest consumer that uses `GetRecords`; `null` where there is none.
    pub(crate) iterator_age_ms: Option<u64>,
}

/// A minute.
#[derive(Debug, Serialize)]
struct MinuteLoad {
    at: String,
    /// Accepted.
    bytes_per_second: u64,
    /// Accepted.
    records_per_second: u64,
    percent_of_capacity: Option<u64>,
    throttled_records: Option<u64>,
    iterator_age_ms: Option<u64>,
}

impl Load {
    /// The load of what has so many shards; `None` where that is not known, or AWS chooses them.
    pub(crate) fn of(window: &MetricWindow, shards: Option<ShardCount>) -> Self {
        let known: Vec<_> = window.known().collect();
        let sum =
            |of: fn(&Minute) -> Option<u64>| known.iter().filter_map(|(_, minute)| of(minute)).reduce(|a, b| a + b);
        let minutes: Vec<_> = known.iter().map(|(at, minute)| MinuteLoad::of(*at, minute, shards)).collect();
        Self {
            date: window.end.strftime("%F").to_string(),
            asked_minutes: window.minutes.len(),
            busiest_percent: minutes.iter().filter_map(|minute| minute.percent_of_capacity).max(),
            throttled_records: sum(|minute| minute.throttled_records),
            throttled_reads: sum(|minute| minute.read_throttles),
            iterator_age_ms: known.iter().filter_map(|(_, minute)| minute.iterator_age_ms).max(),
            minutes,
        }
    }

    /// A minute's time of day, with its date where the window ends on another day.
    fn clock(&self, at: &str) -> String {
        let (date, clock) = (at.get(..10).unwrap_or(at), at.get(11..16).unwrap_or(at));
        if date == self.date { clock.to_owned() } else { format!("{date} {clock}") }
    }

    /// Whether CloudWatch has anything to say.
    pub(crate) fn is_known(&self) -> bool {
        !self.minutes.is_empty()
    }

    /// The busiest minute's cells, with what was throttled in all and the longest lag.
    pub(crate) fn cells(&self) -> [String; 5] {
        let most = |of: fn(&MinuteLoad) -> u64| self.minutes.iter().map(of).max();
        [
            or_dash(most(|minute| minute.bytes_per_second).map(bytes_rate)),
            or_dash(most(|minute| minute.records_per_second)),
            percent_or_dash(self.busiest_percent),
            or_dash(self.throttled_records),
            or_dash(self.iterator_age_ms.map(lag)),
        ]
    }
}

impl fmt::Display for Load {
    /// A line a minute.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.minutes.is_empty() {
            return write!(
                f,
                "CloudWatch has no metrics for the last {} minutes: an unknown load is not treated as idle",
                self.asked_minutes
            );
        }
        let rows = self.minutes.iter().map(|minute| {
            [
                self.clock(&minute.at),
                bytes_rate(minute.bytes_per_second),
                minute.records_per_second.to_string(),
                percent_or_dash(minute.percent_of_capacity),
                or_dash(minute.throttled_records),
                or_dash(minute.iterator_age_ms.map(lag)),
            ]
        });
        f.write_str(&table(["UTC", "bytes/s", "records/s", "used", "throttled", "lag"], rows))?;
        match self.throttled_reads {
            Some(calls @ 1..) => write!(f, "\n{calls} reads were throttled"),
            Some(0) | None => Ok(()),
        }
    }
}

impl MinuteLoad {
    fn of(at: Timestamp, minute: &Minute, shards: Option<ShardCount>) -> Self {
        let accepted = Demand::accepted(minute);
        Self {
            at: at.to_string(),
            // Up: a trickle is not nothing.
            bytes_per_second: accepted.bytes.div_ceil(60),
            records_per_second: accepted.records.div_ceil(60),
            percent_of_capacity: shards.map(|shards| Demand::wanted(minute).utilization_percent(shards)),
            throttled_records: minute.throttled_records,
            iterator_age_ms: minute.iterator_age_ms,
        }
    }
}

/// The shards that the busiest known minute of a window needs at a target utilization; `None` where none is known.
pub(crate) fn needed_shards(window: &MetricWindow, target_percent: u32) -> Option<ShardCount> {
    window.known().map(|(_, minute)| Demand::wanted(minute).shards(target_percent)).max()
}

/// What is not known is not zero.
pub(crate) fn or_dash(known: Option<impl fmt::Display>) -> String {
    known.map_or_else(|| "-".to_owned(), |known| known.to_string())
}

pub(crate) fn percent_or_dash(percent: Option<u64>) -> String {
    or_dash(percent.map(|percent| format!("{percent} %")))
}

/// In the unit that a shard's limit is known by, rounded up.
fn bytes_rate(bytes: u64) -> String {
    match bytes {
        0..=1_023 => format!("{bytes} B"),
        1_024..=1_048_575 => format!("{} KiB", bytes.div_ceil(1_024)),
        _ => {
            let tenths = bytes.saturating_mul(10).div_ceil(1_048_576);
            format!("{}.{} MiB", tenths / 10, tenths % 10)
        }
    }
}

/// In the unit that says enough, to the nearest.
pub(crate) fn lag(milliseconds: u64) -> String {
    match milliseconds {
        0..=9_999 => format!("{milliseconds} ms"),
        10_000..=599_499 => format!("{} s", (milliseconds + 500) / 1_000),
        _ => format!("{} min", milliseconds.saturating_add(30_000) / 60_000),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn unknown_minutes_are_left_out_and_a_gap_in_a_known_one_is_idle() {
        let busy = Minute { bytes: Some(60 * 1_048_576), records: Some(600), ..Minute::default() };
        let read = Minute { iterator_age_ms: Some(70_000), ..Minute::default() };
        let window = MetricWindow { end: Timestamp::UNIX_EPOCH, minutes: vec![busy, Minute::default(), read] };
        let load = Load::of(&window, ShardCount::new(2));
        let shown: Vec<_> = load.minutes.iter().map(|it| (it.bytes_per_second, it.percent_of_capacity)).collect();
        assert_eq!(shown, [(1_048_576, Some(50)), (0, Some(0))]);
        assert_eq!((load.throttled_records, load.iterator_age_ms), (None, Some(70_000)));
        assert_eq!(load.cells(), ["1.0 MiB", "10", "50 %", "-", "70 s"]);
        assert_eq!(needed_shards(&window, 80), ShardCount::new(2));
        assert_eq!(Load::of(&window, None).busiest_percent, None, "AWS says what an on-demand stream can take");
    }

    #[test]
    fn a_minute_of_yesterday_has_its_date() {
        let minutes = vec![Minute { bytes: Some(1), ..Minute::default() }; 2];
        let load = Load::of(&MetricWindow { end: Timestamp::from_second(60).unwrap(), minutes }, None);
        let shown: Vec<_> = load.minutes.iter().map(|minute| load.clock(&minute.at)).collect();
        assert_eq!(shown, ["1969-12-31 23:59", "00:00"]);
    }

    #[test]
    fn rates_and_lags_are_shown_in_their_unit() {
        assert_eq!([0, 1_023, 1_025, 1_048_577].map(bytes_rate), ["0 B", "1023 B", "2 KiB", "1.1 MiB"]);
        assert_eq!(
            [0, 10_000, 10_600, 599_499, 599_500, 600_000, 659_000].map(lag),
            ["0 ms", "10 s", "11 s", "599 s", "10 min", "10 min", "11 min"]
        );
    }
}
