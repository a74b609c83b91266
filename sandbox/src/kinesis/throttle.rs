//! What the shards of streams take in a second of the virtual clock, and what they refuse beyond it.

use std::collections::HashMap;

use ferrokinesis::types::Shard;
use jiff::Timestamp;
use scaler_core::limits::{WRITE_BYTES_PER_SECOND_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD};

use super::is_open;
use super::observe::Put;
use crate::clock::SandboxClock;

/// What shards have taken in the present window of time; see [`SandboxClock::limit_window_seconds`].
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// The number of the window, counted from 1970.
    window: i64,
    /// By stream and shard.
    taken: HashMap<(String, String), Taken>,
}

/// What one shard has taken in the window, in virtual records and bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    records: f64,
    bytes: f64,
}

/// Where a record goes, and whether it is taken there.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    /// The id of the shard.
    pub(super) shard: String,
    /// Whether the shard takes it now.
    pub(super) is_taken: bool,
}

impl Throttle {
    /// Takes records one after the other, each if its shard still has room for it in this window.
    ///
    /// The first record in a window is always taken, or one as large as AWS allows would never be.
    pub(super) fn admit(
        &mut self,
        clock: &SandboxClock,
        now: Timestamp,
        stream: &str,
        shards: &[Shard],
        puts: &[Put],
    ) -> Vec<Admission> {
        let seconds = clock.limit_window_seconds();
        self.turn_to(now, seconds);
        let (records_max, bytes_max) =
            (to_f64(WRITE_RECORDS_PER_SECOND_PER_SHARD) * seconds, to_f64(WRITE_BYTES_PER_SECOND_PER_SHARD) * seconds);
        let admit = |put: &Put| {
            let shard = shard_of(shards, put);
            let (records, bytes) = (clock.weight(), put.bytes() * clock.weight());
            let taken = self.taken.entry((stream.to_owned(), shard.clone())).or_default();
            let fits = taken.records + records <= records_max && taken.bytes + bytes <= bytes_max;
            let is_taken = fits || taken.records == 0.0;
            if is_taken {
                taken.records += records;
                taken.bytes += bytes;
            }
            Admission { shard, is_taken }
        };
        puts.iter().map(admit).collect()
    }

    /// Gives back the room of records that were not written after all.
    pub(super) fn give_back(&mut self, clock: &SandboxClock, stream: &str, puts: &[Put], admissions: &[Admission]) {
        for (put, admission) in puts.iter().zip(admissions).filter(|(_, admission)| admission.is_taken) {
            // In another window by now there is nothing to give back.
            if let Some(taken) = self.taken.get_mut(&(stream.to_owned(), admission.shard.clone())) {
                taken.records = (taken.records - clock.weight()).max(0.0);
                taken.bytes = (taken.bytes - put.bytes() * clock.weight()).max(0.0);
            }
        }
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

/// Exact: the limits are far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn to_f64(limit: u64) -> f64 {
    limit as f64
}
