// SPDX-License-Identifier: Apache-2.0
//! What is known of a stream to be, and the whole shards that it asks for.

use kinesis_model::limits::WRITE_BYTES_PER_SECOND_PER_SHARD;
use kinesis_model::{MicroUsd, ShardCount};

/// What is known of a stream to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Peak bytes written a second.
    pub bytes_per_second: u64,
    /// Peak records written a second; `None` where nobody said.
    pub records_per_second: Option<u64>,
    /// Who reads.
    pub reads: Reads,
    /// Different partition keys in use, where they are few enough to matter.
    pub distinct_partition_keys: Option<u32>,
}

/// Who reads a stream to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Nobody said.
    Unknown,
    /// So many consumers, each of which reads everything; see `Readers` for how.
    ByConsumers(u32),
    /// Classic consumers that together read so much at the peak.
    Classic {
        /// Bytes a second.
        bytes_per_second: u64,
    },
}

/// Shards for a Kafka topic's peak, exactly: the fewest that take the bytes.
pub fn kafka_shards_exact(bytes_per_second: u64) -> ShardCount {
    whole_shards(bytes_per_second, WRITE_BYTES_PER_SECOND_PER_SHARD)
}

/// What `shards` open shards cost an hour, at the price of one; PUT payload units and retention come on top.
pub fn shards_cost_per_hour(shards: ShardCount, per_shard_hour: MicroUsd) -> MicroUsd {
    per_shard_hour.times(u64::from(shards.get()))
}

/// Up, since a part of a shard cannot be had.
pub(super) fn whole_shards(load: u64, per_shard: u64) -> ShardCount {
    ShardCount::saturating(load.div_ceil(per_shard))
}
