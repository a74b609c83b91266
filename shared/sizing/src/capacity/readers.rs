// SPDX-License-Identifier: Apache-2.0
//! How the consumers of a stream read it: sharing what its shards give, or each with enhanced fan-out.

use std::fmt;

use super::workload::whole_shards;
use kinesis_model::ShardCount;
use kinesis_model::limits::{READ_BYTES_PER_SECOND_PER_SHARD, READ_CALLS_PER_SECOND_PER_SHARD};

/// One shard to spare for so many that the writes need, as shards that are meant to be 80 % full have it.
const NEEDED_FOR_ONE_TO_SPARE: u32 = 4;

/// A way to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// With `GetRecords`: all consumers share what the shards give.
    Classic,
    /// With enhanced fan-out: each consumer has its own 2 MiB a second of every shard.
    FanOut,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "classic",
            Self::FanOut => "enhanced fan-out",
        })
    }
}

/// The consumers of a stream, each of which reads everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readers {
    count: u32,
    classic_max: u32,
    bytes_per_second: u64,
}

impl Readers {
    /// So many consumers of a stream whose writes need so many shards.
    ///
    /// They share as long as those shards, and a quarter more, give them their bytes and the `GetRecords` calls, of which
    /// each makes one a second; they all have enhanced fan-out where that is not enough. Still more shards, for the consumers
    /// alone, would often cost less; but the scaler never adds any for what is read, and would take them away by night.
    pub fn of(count: u32, for_writes: ShardCount, bytes_per_second: u64) -> Self {
        let shards = u64::from(for_writes.get()) + u64::from(for_writes.get().div_ceil(NEEDED_FOR_ONE_TO_SPARE));
        let given = shards * READ_BYTES_PER_SECOND_PER_SHARD;
        let by_bytes = given.checked_div(bytes_per_second).unwrap_or(u64::MAX);
        let classic_max = u32::try_from(by_bytes)
            .map_or(READ_CALLS_PER_SECOND_PER_SHARD, |max| max.min(READ_CALLS_PER_SECOND_PER_SHARD));
        Self { count, classic_max, bytes_per_second }
    }

    /// How many they are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How many could share.
    pub fn classic_max(&self) -> u32 {
        self.classic_max
    }

    /// How they read.
    pub fn reading(&self) -> Reading {
        if self.count > self.classic_max { Reading::FanOut } else { Reading::Classic }
    }

    /// The fewest shards that give them their bytes; with enhanced fan-out any number does.
    pub(super) fn shards(&self) -> ShardCount {
        whole_shards(self.shared_bytes_per_second(), READ_BYTES_PER_SECOND_PER_SHARD)
    }

    /// What they take a second of what the shards give to all that share; nothing with enhanced fan-out.
    pub(super) fn shared_bytes_per_second(&self) -> u64 {
        match self.reading() {
            Reading::Classic => self.bytes_per_second.saturating_mul(u64::from(self.count)),
            Reading::FanOut => 0,
        }
    }
}

impl fmt::Display for Readers {
    /// `2 classic consumers (2 at most can share the shards)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, max) = (self.count, self.classic_max);
        let plural = if count == 1 { "" } else { "s" };
        match self.reading() {
            Reading::Classic if count == 0 => f.write_str("no consumer"),
            Reading::Classic => write!(f, "{count} classic consumer{plural} (at most {max} can share the shards)"),
            Reading::FanOut => {
                write!(f, "{count} consumer{plural} with enhanced fan-out (at most {max} can share the shards)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_048_576;

    fn readers(count: u32, shards: u32, megabytes: u64) -> Readers {
        Readers::of(count, ShardCount::saturating(u64::from(shards)), megabytes * MB)
    }

    #[test]
    fn consumers_share_while_the_shards_or_a_quarter_more_give_enough() {
        let max = |shards, megabytes| readers(1, shards, megabytes).classic_max();
        // Two at a shard's full 1 MB/s, three where one shard is a large quarter, more on shards that are full of records,
        // never more than five calls a second allow.
        assert_eq!([max(10, 10), max(4, 4), max(2, 2), max(1, 1), max(4, 2), max(10, 1)], [2, 2, 3, 4, 5, 5]);
        assert_eq!(max(1, 0), 5, "GetRecords calls are a limit too");
        assert_eq!(max(1, 5), 0, "not even one reads it all");
    }

    #[test]
    fn more_than_can_share_all_have_fan_out_and_say_so() {
        for (count, reading, shards, words) in [
            (0, Reading::Classic, 1, "no consumer"),
            (1, Reading::Classic, 5, "1 classic consumer (at most 2 can share the shards)"),
            (2, Reading::Classic, 10, "2 classic consumers (at most 2 can share the shards)"),
            (3, Reading::FanOut, 1, "3 consumers with enhanced fan-out (at most 2 can share the shards)"),
        ] {
            let readers = readers(count, 10, 10);
            let found = (readers.reading(), readers.shards().get(), readers.to_string());
            assert_eq!(found, (reading, shards, words.to_owned()), "{count}");
        }
    }
}
