// SPDX-License-Identifier: Apache-2.0
//! What the shards of streams take in a second of the virtual clock, and what they refuse beyond it.

use std::collections::HashMap;

use ferrokinesis::types::Shard;
use jiff::Timestamp;
use kinesis_model::limits::{WRITE_BYTES_PER_SECOND_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD};
use kinesis_model::num::float;

use super::records::Put;
use super::shards::is_open;
use crate::clock::SandboxClock;

/// What shards have taken in the present window of time; see [`SandboxClock::limit_window_seconds`].
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// The number of the window, counted from 1970.
    window: i64,
    /// By stream and shard.
    taken: HashMap<(String, String), Usage>,
}

/// What one shard has taken in the window, in virtual records and bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    records: f64,
    bytes: f64,
}

/// Where a record goes, and whether it is taken there.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    /// The window in which it was asked.
    window: i64,
    /// The id of the shard.
    pub(super) shard: String,
    /// Whether the shard takes it now.
    pub(super) is_accepted: bool,
}

impl Throttle {
    /// Takes records one after the other, each if its shard still has room for it in this window.
    ///
    /// The first record in a window is always taken, or one as large as AWS allows would never be.
    pub(super) fn admit(
        &mut self,
        clock: &SandboxClock,
        stream: &str,
        shards: &[Shard],
        puts: &[Put],
    ) -> Vec<Admission> {
        let seconds = clock.limit_window_seconds();
        self.turn_to(clock.now(), seconds);
        let (records_max, bytes_max) =
            (float(WRITE_RECORDS_PER_SECOND_PER_SHARD) * seconds, float(WRITE_BYTES_PER_SECOND_PER_SHARD) * seconds);
        let admit = |put: &Put| {
            let shard = shard_of(shards, put);
            let (records, bytes) = (clock.weight(), float(put.len()) * clock.weight());
            let taken = self.taken.entry((stream.to_owned(), shard.clone())).or_default();
            let fits = taken.records + records <= records_max && taken.bytes + bytes <= bytes_max;
            let is_accepted = fits || taken.records == 0.0;
            if is_accepted {
                taken.records += records;
                taken.bytes += bytes;
            }
            Admission { window: self.window, shard, is_accepted }
        };
        puts.iter().map(admit).collect()
    }

    /// Gives back the room of records that were not written after all.
    pub(super) fn give_back(&mut self, clock: &SandboxClock, stream: &str, puts: &[Put], admissions: &[Admission]) {
        // A window that is over has no room to get back.
        let is_to_give_back = |admission: &Admission| admission.is_accepted && admission.window == self.window;
        for (put, admission) in puts.iter().zip(admissions).filter(|(_, admission)| is_to_give_back(admission)) {
            if let Some(taken) = self.taken.get_mut(&(stream.to_owned(), admission.shard.clone())) {
                taken.records = (taken.records - clock.weight()).max(0.0);
                taken.bytes = (taken.bytes - float(put.len()) * clock.weight()).max(0.0);
            }
        }
    }

    /// Forgets a stream that is gone: the next of its name has all its room.
    pub(super) fn forget(&mut self, stream: &str) {
        self.taken.retain(|(of, _), _| of != stream);
    }

    fn turn_to(&mut self, now: Timestamp, window_seconds: f64) {
        #[allow(clippy::cast_possible_truncation, reason = "windows since 1970")]
        let window = (now.as_duration().as_secs_f64() / window_seconds).floor() as i64;
        if window != self.window {
            self.window = window;
            self.taken.clear();
        }
    }
}

/// The open shard that takes a record; empty for a stream that has none yet.
fn shard_of(shards: &[Shard], put: &Put) -> String {
    let holds = |shard: &&Shard| {
        (shard.hash_key_range.start_u128()..=shard.hash_key_range.end_u128()).contains(&put.hash_key())
    };
    shards.iter().filter(|shard| is_open(shard)).find(holds).map(|shard| shard.shard_id.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ferrokinesis::types::{HashKeyRange, SequenceNumberRange};

    use super::*;
    use crate::clock::ClockOptions;

    /// Two shards, one for each half of the keys.
    fn shards() -> Vec<Shard> {
        let half = u128::MAX / 2;
        let shard = |id: &str, from: u128, to: u128| Shard {
            shard_id: id.to_owned(),
            parent_shard_id: None,
            adjacent_parent_shard_id: None,
            hash_key_range: HashKeyRange::new(from.to_string(), to.to_string()),
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: "0".to_owned(),
                ending_sequence_number: None,
            },
        };
        vec![shard("low", 0, half), shard("high", half + 1, u128::MAX)]
    }

    fn manual(weight: f64) -> SandboxClock {
        SandboxClock::new(ClockOptions::Manual { start: Timestamp::UNIX_EPOCH, weight }).expect("this weight can be")
    }

    /// How many of so many records of so many bytes are taken `seconds` after the start, all in the lower half.
    fn taken(throttle: &mut Throttle, clock: &SandboxClock, seconds: f64, records: usize, bytes: usize) -> usize {
        clock.set(Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs_f64(seconds));
        let puts: Vec<Put> = (0..records).map(|_| Put::new(bytes, 7)).collect();
        let admissions = throttle.admit(clock, "s", &shards(), &puts);
        admissions.iter().filter(|admission| admission.is_accepted).count()
    }

    #[test]
    fn a_second_has_room_for_a_thousand_records_or_a_mebibyte() {
        for (bytes, expected) in
            [(0, 1_000), (1_048, 1_000), (1_049, 999), (524_288, 2), (1_048_576, 1), (2_000_000, 1)]
        {
            let (mut throttle, clock) = (Throttle::default(), manual(1.0));
            assert_eq!(taken(&mut throttle, &clock, 5.0, 1_500, bytes), expected, "of {bytes} bytes");
            assert_eq!(taken(&mut throttle, &clock, 5.999, 1, 1_048_576), 0, "the same second");
            assert_eq!(taken(&mut throttle, &clock, 6.0, 1_500, bytes), expected, "the next one");
        }
    }

    #[test]
    fn each_shard_and_each_stream_has_its_own_room() {
        let (mut throttle, clock) = (Throttle::default(), manual(1.0));
        let puts = [Put::new(1_000_000, 0), Put::new(1_000_000, u128::MAX), Put::new(1_000_000, 0)];
        for stream in ["s", "t"] {
            let admissions = throttle.admit(&clock, stream, &shards(), &puts);
            let told: Vec<_> = admissions.iter().map(|it| (it.shard.as_str(), it.is_accepted)).collect();
            assert_eq!(told, [("low", true), ("high", true), ("low", false)]);
        }
    }

    #[test]
    fn the_next_stream_of_a_name_has_all_its_room() {
        let (mut throttle, clock) = (Throttle::default(), manual(1.0));
        assert_eq!(taken(&mut throttle, &clock, 0.0, 2, 1_000_000), 1);
        throttle.forget("s");
        assert_eq!(taken(&mut throttle, &clock, 0.0, 1, 1_000_000), 1);
    }

    #[test]
    fn what_was_not_written_gives_its_room_back() {
        let (mut throttle, clock) = (Throttle::default(), manual(1.0));
        let puts = [Put::new(1_000_000, 0)];
        let admissions = throttle.admit(&clock, "s", &shards(), &puts);
        assert_eq!(taken(&mut throttle, &clock, 0.0, 1, 1_000_000), 0);
        throttle.give_back(&clock, "s", &puts, &admissions);
        assert_eq!(taken(&mut throttle, &clock, 0.0, 1, 1_000_000), 1);
        // ... but not in a later second.
        assert_eq!(taken(&mut throttle, &clock, 1.0, 1, 1_000_000), 1);
        throttle.give_back(&clock, "s", &puts, &admissions);
        assert_eq!(taken(&mut throttle, &clock, 1.0, 1, 1_000_000), 0);
    }

    #[test]
    fn a_record_counts_as_many_as_it_stands_for() {
        let (mut throttle, clock) = (Throttle::default(), manual(64.0));
        assert_eq!(taken(&mut throttle, &clock, 0.0, 100, 1_024), 15, "of a thousand records, 64 each");
        assert_eq!(taken(&mut throttle, &clock, 1.0, 100, 2_048), 8, "of a mebibyte, 128 KiB each");
    }

    /// Whoever writes keeps real time: what they may write in a second does not depend on the speed.
    #[test]
    fn on_a_running_clock_the_room_is_that_of_a_real_second() {
        let clock = SandboxClock::new(ClockOptions::Running { speed: 60.0 }).expect("this speed can be");
        assert!((clock.limit_window_seconds() - 60.0).abs() < 1e-9 && (clock.weight() - 60.0).abs() < 1e-9);
        let puts: Vec<Put> = (0..1_001).map(|_| Put::new(0, 7)).collect();
        // A window may end while this is asked; then both sides of it had room.
        let admissions = Throttle::default().admit(&clock, "s", &shards(), &puts);
        let same: Vec<_> = admissions.iter().filter(|admission| admission.window == admissions[0].window).collect();
        assert_eq!(same.iter().filter(|admission| admission.is_accepted).count(), same.len().min(1_000));
    }
}
