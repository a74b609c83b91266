// SPDX-License-Identifier: Apache-2.0
//! The horizontal axis of a picture: minutes of a trace, with ticks at whole hours and days in UTC.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// Minutes between two ticks: the first of these with which there are not too many.
const STEPS: [i64; 12] = [1, 5, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080];
const MINUTES_PER_DAY: i64 = 1_440;

/// Minutes counted from a start.
pub(crate) struct TimeAxis {
    pub(crate) start: Timestamp,
    /// At least one.
    pub(crate) minutes: i64,
}

impl Ranged for TimeAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = i64;

    fn map(&self, minute: &i64, (left, right): (i32, i32)) -> i32 {
        left + i32::try_from(i64::from(right - left) * minute / self.minutes)
            .expect("a part of the limits, which are pixels")
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<i64> {
        let most = i64::try_from(hint.max_num_points()).unwrap_or(i64::MAX);
        let fits = STEPS.into_iter().find(|step| self.minutes / step < most);
        let step = fits.unwrap_or(self.minutes).max(1);
        // Whole multiples since 1970 are whole hours and days in UTC.
        let first = (-self.start.as_second().div_euclid(60)).rem_euclid(step);
        let ticks = (self.minutes - first).div_euclid(step);
        (0..=ticks).map(|tick| first + tick * step).collect()
    }

    fn range(&self) -> Range<i64> {
        0..self.minutes
    }
}

impl ValueFormatter<i64> for TimeAxis {
    /// The day at midnight, the time of day elsewhere.
    fn format_ext(&self, minute: &i64) -> String {
        let at = self.start.checked_add(SignedDuration::from_mins(*minute)).unwrap_or(Timestamp::MAX);
        let is_midnight = at.as_second().div_euclid(60).rem_euclid(MINUTES_PER_DAY) == 0;
        at.strftime(if is_midnight { "%b %-d" } else { "%H:%M" }).to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ticks(start: &str, minutes: i64) -> Vec<String> {
        let axis = TimeAxis { start: start.parse().unwrap(), minutes };
        axis.key_points(8).iter().map(|minute| axis.format_ext(minute)).collect()
    }

    #[test]
    fn ticks_are_whole_hours_and_days() {
        assert_eq!(ticks("2026-01-31T21:10:00Z", 360), ["22:00", "23:00", "Feb 1", "01:00", "02:00", "03:00"]);
        assert_eq!(ticks("2026-01-31T21:10:00Z", 2_880), ["Feb 1", "12:00", "Feb 2", "12:00"]);
        assert_eq!(
            ticks("2026-01-01T00:00:00Z", 8_640),
            ["Jan 1", "Jan 2", "Jan 3", "Jan 4", "Jan 5", "Jan 6", "Jan 7"]
        );
    }

    #[test]
    fn the_axis_fills_its_pixels() {
        let axis = TimeAxis { start: Timestamp::UNIX_EPOCH, minutes: 100 };
        assert_eq!([0, 50, 100].map(|minute| axis.map(&minute, (60, 1_160))), [60, 610, 1_160]);
    }
}
