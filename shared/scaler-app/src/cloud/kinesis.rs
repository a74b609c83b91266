// SPDX-License-Identifier: Apache-2.0
//! Amazon Kinesis: streams, their shards and their tags.

use billing::StreamConfig;
use kinesis_model::{AccountShards, OpenShard, ShardCount, StreamState};

use super::failure::CallError;

/// Amazon Kinesis.
pub trait Kinesis: Send + Sync {
    /// The names of all streams of the account and Region, in order.
    fn list_streams(&self) -> impl Future<Output = Result<Vec<String>, CallError>> + Send;

    /// Status, mode and open shards.
    fn describe(&self, stream: &str) -> impl Future<Output = Result<StreamState, CallError>> + Send;

    /// What a stream is billed by.
    fn stream_config(&self, stream: &str) -> impl Future<Output = Result<StreamConfig, CallError>> + Send;

    /// All of a stream's tags.
    fn tags(&self, stream: &str) -> impl Future<Output = Result<Vec<(String, String)>, CallError>> + Send;

    /// Writes one tag.
    fn put_tag(&self, stream: &str, key: &str, value: &str) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Starts a resize; returns when AWS has accepted it, minutes before it is done.
    fn update_shard_count(
        &self,
        stream: &str,
        desired: ShardCount,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Open shards and quota of the account and Region.
    fn account_shards(&self) -> impl Future<Output = Result<AccountShards, CallError>> + Send;

    /// The open shards in the order of their hash key ranges.
    fn open_shards(&self, stream: &str) -> impl Future<Output = Result<Vec<OpenShard>, CallError>> + Send;

    /// Starts to split a shard in two, of which the upper one begins at `at`; returns when AWS has accepted it.
    fn split_shard(&self, stream: &str, shard: &str, at: u128) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Starts to merge a shard with its upper neighbour; returns when AWS has accepted it.
    fn merge_shards(
        &self,
        stream: &str,
        lower: &str,
        upper: &str,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Has [`SHARD_METRICS`](kinesis_model::limits::SHARD_METRICS) sent for each shard from now on, which is charged.
    fn enable_shard_metrics(&self, stream: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}
