// SPDX-License-Identifier: Apache-2.0
//! What Kinesis says of a stream and of the account's shards.

use crate::units::ShardCount;

/// `StreamStatus` of `DescribeStreamSummary`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamStatus {
    /// Serving, and free to be resized.
    Active,
    /// Being resized or reconfigured: serving, but not to be resized now.
    Updating,
    /// Not there yet.
    Creating,
    /// Going away.
    Deleting,
}

/// Who chooses the shard count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamMode {
    /// We do.
    Provisioned,
    /// AWS does; `UpdateShardCount` is refused.
    OnDemand,
}

/// What `DescribeStreamSummary` says of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamState {
    /// Is it free to be resized?
    pub status: StreamStatus,
    /// Who chooses the count?
    pub mode: StreamMode,
    /// Open shards now; closed ones still hold records but take none.
    pub open_shards: ShardCount,
    /// Whether the write metrics are sent for each shard as well ([`SHARD_METRICS`](crate::limits::SHARD_METRICS), all of them).
    pub shard_metrics: bool,
}

/// Shards of the whole account and Region, from `DescribeLimits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountShards {
    /// Open shards of all streams.
    pub open: u32,
    /// The account's quota.
    pub limit: u32,
}
