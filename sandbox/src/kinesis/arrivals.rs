// SPDX-License-Identifier: Apache-2.0
//! When the records of each shard came in, by the virtual clock: the emulator stamps them with the real one.

use std::collections::HashMap;

use jiff::Timestamp;

/// The first record of each moment in which a shard took any, by stream and shard.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(HashMap<(String, String), Vec<(SequenceNumber, Timestamp)>>);

/// A number in decimal digits without leading zeros, too long for any integer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SequenceNumber(String);

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Arrivals {
    /// A record that has just come in.
    pub(crate) fn record(&mut self, stream: &str, shard: &str, sequence_number: &str, at: Timestamp) {
        let arrivals = self.0.entry((stream.to_owned(), shard.to_owned())).or_default();
        // Calls side by side may end in another order than their records were numbered in.
        let number = SequenceNumber(sequence_number.to_owned());
        let place = arrivals.partition_point(|(first, _)| *first <= number);
        let is_told = place.checked_sub(1).is_some_and(|before| arrivals[before].1 == at);
        if !is_told {
            arrivals.insert(place, (number, at));
        }
    }

    /// When a record came in; `None` for one that this has not seen.
    pub(crate) fn at(&self, stream: &str, shard: &str, sequence_number: &str) -> Option<Timestamp> {
        let arrivals = self.0.get(&(stream.to_owned(), shard.to_owned()))?;
        let number = SequenceNumber(sequence_number.to_owned());
        let place = arrivals.partition_point(|(first, _)| *first <= number);
        place.checked_sub(1).map(|before| arrivals[before].1)
    }

    /// The first record that came in at a time or after it.
    pub(crate) fn first_since(&self, stream: &str, shard: &str, at: Timestamp) -> Option<String> {
        let arrivals = self.0.get(&(stream.to_owned(), shard.to_owned()))?;
        arrivals.iter().find(|(_, came)| *came >= at).map(|(number, _)| number.0.clone())
    }

    /// Forgets a stream whose records are gone.
    pub(crate) fn forget(&mut self, stream: &str) {
        self.0.retain(|(of, _), _| of != stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    #[test]
    fn a_record_came_when_the_first_of_its_moment_did() {
        let mut arrivals = Arrivals::default();
        for (number, second) in [("9", 1), ("10", 1), ("100", 2), ("101", 2), ("99", 2)] {
            arrivals.record("s", "0", number, at(second));
        }
        let came = |number| arrivals.at("s", "0", number).map(Timestamp::as_second);
        assert_eq!(
            ["8", "9", "10", "98", "99", "100", "500"].map(came),
            [None, Some(1), Some(1), Some(1), Some(2), Some(2), Some(2)]
        );
        assert_eq!(arrivals.at("s", "1", "9"), None);
        let since = |second| arrivals.first_since("s", "0", at(second));
        assert_eq!([0, 1, 2, 3].map(since), [Some("9".to_owned()), Some("9".to_owned()), Some("99".to_owned()), None]);
    }

    #[test]
    fn a_stream_whose_records_are_gone_is_forgotten() {
        let mut arrivals = Arrivals::default();
        arrivals.record("s", "0", "9", at(1));
        arrivals.record("t", "0", "9", at(1));
        arrivals.forget("s");
        assert_eq!((arrivals.at("s", "0", "9"), arrivals.at("t", "0", "9")), (None, Some(at(1))));
    }
}
