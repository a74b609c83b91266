// SPDX-License-Identifier: Apache-2.0
//! Shards for a workload, by each limit.

use std::fmt;

use super::readers::Readers;
use super::workload::{Reads, Workload, whole_shards};
use kinesis_model::ShardCount;
use kinesis_model::limits::{
    READ_BYTES_PER_SECOND_PER_SHARD, SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_SECOND_PER_SHARD,
    WRITE_RECORDS_PER_SECOND_PER_SHARD,
};

/// Shards on top of those needed where nobody says otherwise, as the user's documents have it.
pub const HEADROOM_PERCENT: u32 = 20;

/// The limit of a shard that asks for the most shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// 1 MiB a second written.
    Bytes,
    /// 1,000 records a second written.
    Records,
    /// 2 MiB a second read by classic consumers.
    Reads,
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Records => "records",
            Self::Reads => "reads",
        })
    }
}

/// How many shards a [`Workload`] asks for, by each limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// The fewest shards that take the bytes.
    pub by_bytes: ShardCount,
    /// The fewest shards that take the records; `None` where these are not known.
    pub by_records: Option<ShardCount>,
    /// The fewest shards that give the consumers what they read: one where they have enhanced fan-out. `None` where nobody
    /// said who reads.
    pub by_reads: Option<ShardCount>,
    /// The consumers, where they were counted.
    pub readers: Option<Readers>,
    /// The limit that asks for the most; of equal ones the first, as above.
    pub binding: Binding,
    /// Shards beyond this stay empty: a partition key lives on one shard. `None` where keys are plentiful.
    pub useful_max: Option<ShardCount>,
    /// The fewest shards that satisfy every limit.
    pub needed: ShardCount,
    /// What to create: the largest of the needs, plus the headroom; one shard where that has the headroom in it.
    pub recommended: ShardCount,
    /// What the user's documents would create: the headroom on top also of a single shard that has room for it.
    pub documents: ShardCount,
}

impl Sizing {
    /// Sizes a workload with `headroom_percent` on top of the whole shards it needs.
    ///
    /// The user's documents add the headroom to whole shards, as here: ceil(4 x 1.2) = 5. Dividing the load itself by a
    /// target utilization of 80 % (as [`decide`](scaler_core::decide) does) is the finer way; for their example it comes to
    /// the same five. One shard that the load leaves so much room in is not doubled for it: a second one would be a headroom
    /// of far more than was asked for. (By the documents it would be: ceil(1 x 1.2) = 2, which is [`Self::documents`].)
    pub fn of(workload: &Workload, headroom_percent: u32) -> Self {
        let by_bytes = whole_shards(workload.bytes_per_second, WRITE_BYTES_PER_SECOND_PER_SHARD);
        let by_records =
            workload.records_per_second.map(|records| whole_shards(records, WRITE_RECORDS_PER_SECOND_PER_SHARD));
        let for_writes = by_records.map_or(by_bytes, |by_records| by_bytes.max(by_records));
        let (readers, by_reads) = match workload.reads {
            Reads::Unknown => (None, None),
            Reads::ByConsumers(count) => {
                let readers = Readers::of(count, for_writes, workload.bytes_per_second);
                (Some(readers), Some(readers.shards()))
            }
            Reads::Classic { bytes_per_second } => {
                (None, Some(whole_shards(bytes_per_second, READ_BYTES_PER_SECOND_PER_SHARD)))
            }
        };
        let needed = by_reads.map_or(for_writes, |by_reads| for_writes.max(by_reads));
        let binding = match needed {
            needed if needed == by_bytes => Binding::Bytes,
            needed if needed == for_writes => Binding::Records,
            _ => Binding::Reads,
        };
        Self {
            by_bytes,
            by_records,
            by_reads,
            readers,
            needed,
            binding,
            useful_max: workload.distinct_partition_keys.map(|keys| ShardCount::saturating(u64::from(keys))),
            recommended: if needed == ShardCount::ONE && has_room(workload, readers, headroom_percent) {
                needed
            } else {
                with_headroom(needed, headroom_percent)
            },
            documents: with_headroom(needed, headroom_percent),
        }
    }

    /// Whether that is more than one stream is resized to.
    pub fn is_too_large(&self) -> bool {
        self.recommended.get() > SHARDS_PER_STREAM_MAX
    }
}

/// Whether one shard takes the load and so much more of it.
fn has_room(workload: &Workload, readers: Option<Readers>, percent: u32) -> bool {
    let read = match workload.reads {
        Reads::Unknown => 0,
        Reads::Classic { bytes_per_second } => bytes_per_second,
        Reads::ByConsumers(_) => readers.map_or(0, |readers| readers.shared_bytes_per_second()),
    };
    [
        (workload.bytes_per_second, WRITE_BYTES_PER_SECOND_PER_SHARD),
        (workload.records_per_second.unwrap_or_default(), WRITE_RECORDS_PER_SECOND_PER_SHARD),
        (read, READ_BYTES_PER_SECOND_PER_SHARD),
    ]
    .into_iter()
    .all(|(load, per_shard)| u128::from(load) * (100 + u128::from(percent)) <= u128::from(per_shard) * 100)
}

/// Up, since a part of a shard cannot be had.
fn with_headroom(shards: ShardCount, percent: u32) -> ShardCount {
    let wanted = (u128::from(shards.get()) * (100 + u128::from(percent))).div_ceil(100);
    ShardCount::saturating(u64::try_from(wanted).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::readers::Reading;
    use super::*;

    const MB: u64 = 1_048_576;

    #[test]
    fn no_traffic_still_needs_a_shard() {
        assert_eq!(Sizing::of(&written(0, 0, 0), 0).recommended, ShardCount::ONE);
    }

    #[test]
    fn one_shard_with_room_for_the_headroom_is_enough() {
        let shards = |load: Workload, headroom| Sizing::of(&load, headroom).recommended.get();
        let bytes = |bytes_per_second| Workload { bytes_per_second, ..written(0, 1, 0) };
        assert_eq!(
            [MB / 100, MB * 4 / 5, MB * 5 / 6, MB * 5 / 6 + 1, MB].map(|load| shards(bytes(load), 20)),
            [1, 1, 1, 2, 2]
        );
        assert_eq!([833, 834].map(|records| shards(written(0, records, 0), 20)), [1, 2]);
        // Three consumers that share take 1.2 MB/s of 2, four 1.6, five 2.0.
        let by = |consumers| Workload { reads: Reads::ByConsumers(consumers), ..bytes(MB * 2 / 5) };
        assert_eq!([3, 4, 5].map(|consumers| shards(by(consumers), 20)), [1, 1, 2]);
        assert_eq!([0, 100, 101].map(|headroom| shards(bytes(MB / 2), headroom)), [1, 1, 3]);
    }

    #[test]
    fn the_limit_that_asks_for_the_most_binds() {
        // MB/s, records/s, MB/s read; shards by each; headroom; recommended.
        for (load, needs, headroom, binding, recommended) in [
            ([1, 1_000, 2], [1, 1, 1], 0, Binding::Bytes, 1),
            ([1, 1_001, 2], [1, 2, 1], 0, Binding::Records, 2),
            ([1, 1_000, 3], [1, 1, 2], 0, Binding::Reads, 2),
            // Five consumers of 3 MB/s.
            ([3, 1_500, 15], [3, 2, 8], 20, Binding::Reads, 10),
            ([10, 10_240, 10], [10, 11, 5], 20, Binding::Records, 14),
            ([10, 10_000, 20], [10, 10, 10], 50, Binding::Bytes, 15),
        ] {
            let sizing = Sizing::of(&written(load[0], load[1], load[2]), headroom);
            let found = [Some(sizing.by_bytes), sizing.by_records, sizing.by_reads].map(|shards| shards.unwrap().get());
            assert_eq!((found, sizing.binding, sizing.recommended.get()), (needs, binding, recommended), "{load:?}");
            assert_eq!(Some(&sizing.needed.get()), needs.iter().max());
        }
    }

    #[test]
    fn consumers_count_as_shards_while_they_share() {
        let by = |megabytes, consumers| {
            let sizing = Sizing::of(&Workload { reads: Reads::ByConsumers(consumers), ..written(megabytes, 1, 0) }, 20);
            (sizing.readers.unwrap().reading(), sizing.binding, sizing.recommended.get())
        };
        // Three take half a shard's bytes more than the two of the writes give: one to spare is enough.
        assert_eq!(by(2, 3), (Reading::Classic, Binding::Reads, 4));
        assert_eq!(by(10, 2), (Reading::Classic, Binding::Bytes, 12));
        assert_eq!(by(10, 3), (Reading::FanOut, Binding::Bytes, 12));
    }

    #[test]
    fn what_nobody_said_asks_for_nothing() {
        let unknown = Workload { records_per_second: None, reads: Reads::Unknown, ..written(3, 9_000, 90) };
        let sizing = Sizing::of(&unknown, 0);
        assert_eq!((sizing.by_records, sizing.by_reads, sizing.readers, sizing.needed.get()), (None, None, None, 3));
    }

    #[test]
    fn the_largest_numbers_overflow_nothing() {
        let sizing = Sizing::of(&written(u64::MAX / MB, u64::MAX, u64::MAX / MB), u32::MAX);
        assert_eq!(sizing.recommended.get(), u32::MAX);
    }

    fn written(megabytes: u64, records_per_second: u64, read: u64) -> Workload {
        Workload {
            bytes_per_second: megabytes * MB,
            records_per_second: Some(records_per_second),
            reads: Reads::Classic { bytes_per_second: read * MB },
            distinct_partition_keys: None,
        }
    }
}
