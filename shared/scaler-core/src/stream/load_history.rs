// SPDX-License-Identifier: Apache-2.0
//! What a stream was asked to take, minute by minute, as far back as it is known.

use jiff::{SignedDuration, Timestamp};

use kinesis_model::Demand;
use kinesis_model::{MetricWindow, Minute};

/// Minutes of the past that are asked for: CloudWatch keeps them for 15 days (User Guide, "Metrics retention") and refuses to be
/// asked for older ones, so two hours less, since they age while they are kept.
pub const HISTORY_MINUTES: u32 = 15 * 1_440 - 120;

/// Load in shards (what was wanted, throttled records included, by the limit that binds), one value a minute.
///
/// A minute of which nothing is known is taken for like the last known one: unknown is not idle. It begins and ends with a
/// known minute.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadHistory {
    end: Timestamp,
    load: Vec<f32>,
    /// End of the newest minute that throttled.
    throttled_until: Option<Timestamp>,
}

impl LoadHistory {
    /// The history that a window of metrics tells.
    pub fn of(window: &MetricWindow) -> Self {
        let (mut load, mut until): (Vec<f32>, usize) = (Vec::with_capacity(window.minutes.len()), 0);
        let throttled = window.minutes.iter().rposition(Minute::throttled);
        for (index, minute) in window.minutes.iter().enumerate().filter(|(_, minute)| minute.is_known()) {
            if let Some(&last) = load.last() {
                load.extend(std::iter::repeat_n(last, index - until));
            }
            load.push(Demand::wanted(minute).in_shards());
            until = index + 1;
        }
        let end = until.checked_sub(1).map_or(window.end, |last| ends(window, last));
        Self { end, load, throttled_until: throttled.map(|index| ends(window, index)) }
    }

    /// This history and what a later window knows beyond it.
    #[must_use]
    pub fn with(&self, window: &MetricWindow) -> Self {
        let mut longer = self.clone();
        for (began, minute) in window.known() {
            if began >= longer.end || longer.load.is_empty() {
                longer.push(began.checked_add(SignedDuration::from_mins(1)).unwrap_or(began), minute);
            }
        }
        longer
    }

    /// End of the last known minute, exclusive.
    pub fn end(&self) -> Timestamp {
        self.end
    }

    /// Whether any of so many last minutes throttled. Then the accepted load is only a part of the load.
    pub(crate) fn throttled_within(&self, minutes: usize) -> bool {
        let minutes = SignedDuration::from_mins(i64::try_from(minutes).expect("a few minutes"));
        self.throttled_until.is_some_and(|until| self.end.duration_since(until) < minutes)
    }

    /// The load of each minute in shards, oldest first.
    pub fn minutes(&self) -> &[f32] {
        &self.load
    }

    /// Puts a minute that ends then behind the others, if anything is known of it.
    fn push(&mut self, ends: Timestamp, minute: &Minute) {
        if !minute.is_known() {
            return;
        }
        if let Some(&last) = self.load.last() {
            let missing = ends.duration_since(self.end).as_mins() - 1;
            let missing = usize::try_from(missing).expect("a later minute").min(HISTORY_MINUTES as usize);
            self.load.extend(std::iter::repeat_n(last, missing));
        }
        self.load.push(Demand::wanted(minute).in_shards());
        self.end = ends;
        if minute.throttled() {
            self.throttled_until = Some(ends);
        }
    }
}

/// When a minute of a window ends.
fn ends(window: &MetricWindow, index: usize) -> Timestamp {
    let ago = i64::try_from(window.minutes.len() - 1 - index).expect("a list has no more entries than that");
    window.end.checked_sub(SignedDuration::from_mins(ago)).unwrap_or(window.end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const END: Timestamp = Timestamp::constant(1_767_322_800, 0);

    /// A minute that fills so many tenths of a shard by its records, or an unknown one.
    fn minute(tenths: Option<u64>) -> Minute {
        Minute { records: tenths.map(|tenths| tenths * 6_000), ..Minute::default() }
    }

    fn window(end: Timestamp, tenths: &[Option<u64>]) -> MetricWindow {
        MetricWindow { end, minutes: tenths.iter().copied().map(minute).collect() }
    }

    #[test]
    fn gaps_are_like_the_minute_before_and_the_ends_are_known() {
        let history = LoadHistory::of(&window(END, &[None, Some(10), None, None, Some(20), None]));
        assert_eq!(history.minutes(), [1.0, 1.0, 1.0, 2.0]);
        assert_eq!(END.duration_since(history.end()), SignedDuration::from_mins(1));
        assert!(LoadHistory::of(&window(END, &[None, None])).minutes().is_empty());
    }

    #[test]
    fn the_newest_minute_that_throttled_is_remembered() {
        let throttled = |tenths: u64, records: u64| Minute { throttled_records: Some(records), ..minute(Some(tenths)) };
        let window = MetricWindow {
            end: END,
            minutes: vec![throttled(10, 5), throttled(10, 7), throttled(10, 0), minute(None)],
        };
        let history = LoadHistory::of(&window);
        assert!(history.throttled_within(2) && !history.throttled_within(1));
        let end = END.checked_add(SignedDuration::from_mins(3)).unwrap();
        let calm = history.with(&MetricWindow { end, minutes: vec![throttled(10, 0); 4] });
        assert!(calm.throttled_within(6) && !calm.throttled_within(5));
        let again = history.with(&MetricWindow { end, minutes: vec![throttled(10, 1); 4] });
        assert!(again.throttled_within(1));
    }

    #[test]
    fn a_later_window_goes_on_where_the_past_ends() {
        let past = LoadHistory::of(&window(END, &[Some(10), Some(20), None]));
        let later = END.checked_add(SignedDuration::from_mins(2)).unwrap();
        let longer = past.with(&window(later, &[Some(90), Some(90), None, Some(30), Some(40)]));
        assert_eq!(longer.minutes(), [1.0, 2.0, 2.0, 3.0, 4.0], "what was known before is not told again");
        assert_eq!(longer.end(), later);
    }
}
