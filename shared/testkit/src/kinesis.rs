// SPDX-License-Identifier: Apache-2.0
//! Kinesis, as the AWS in memory has it: with the refusals of the real one.

use ::billing::StreamConfig;
use jiff::Timestamp;
use kinesis_model::{AccountShards, OpenShard, ShardCount, StreamState, StreamStatus};
use scaler_app::cloud::{CallError, Failure, Kinesis};

use kinesis_model::limits::TAGS_PER_STREAM_MAX;

use crate::stream::status;
use crate::world::World;

impl Kinesis for World {
    async fn list_streams(&self) -> Result<Vec<String>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("ListStreams", "the account", "")?;
        Ok(state.streams.keys().cloned().collect())
    }

    async fn stream_config(&self, stream: &str) -> Result<StreamConfig, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "DescribeStreamSummary";
        state.called(call, stream, "")?;
        state.called("ListStreamConsumers", stream, "")?;
        Ok(state.find(call, stream)?.stream_config())
    }

    async fn describe(&self, stream: &str) -> Result<StreamState, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "DescribeStreamSummary";
        state.called(call, stream, "")?;
        let now = state.now;
        let stream = state.find(call, stream)?;
        let open_shards = ShardCount::saturating(u64::from(stream.shards));
        Ok(StreamState {
            status: status(stream, now),
            mode: stream.mode,
            open_shards,
            shard_metrics: stream.shard_metrics,
        })
    }

    async fn tags(&self, stream: &str) -> Result<Vec<(String, String)>, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "ListTagsForStream";
        state.called(call, stream, "")?;
        Ok(state.find(call, stream)?.tags.clone().into_iter().collect())
    }

    async fn put_tag(&self, stream: &str, key: &str, value: &str) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "AddTagsToStream";
        state.called(call, stream, value)?;
        let (now, needs_active) = (state.now, state.tags_need_active);
        let found = state.find(call, stream)?;
        if needs_active && status(found, now) != StreamStatus::Active {
            return Err(CallError::new(
                call,
                stream,
                Failure::InUse,
                "ResourceInUseException: the stream is not ACTIVE",
            ));
        }
        if !found.tags.contains_key(key) && found.tags.len() >= TAGS_PER_STREAM_MAX {
            return Err(CallError::new(
                call,
                stream,
                Failure::Refused,
                "LimitExceededException: a stream may have 50 tags",
            ));
        }
        found.tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn update_shard_count(&self, name: &str, desired: ShardCount) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "UpdateShardCount";
        state.called(call, name, &desired.to_string())?;
        if let Some(after) = state.unheard.pop_front() {
            let arrives = state.now.checked_add(after).unwrap_or(Timestamp::MAX);
            state.on_their_way.push((arrives, name.to_owned(), desired));
            state.arrive();
            return Err(CallError::new(call, name, Failure::Unavailable, "no answer"));
        }
        let now = state.now;
        state.resize(name, desired, now)
    }

    async fn account_shards(&self) -> Result<AccountShards, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("DescribeLimits", "the account", "")?;
        Ok(AccountShards { open: state.open_shards(), limit: state.account_limit })
    }

    async fn open_shards(&self, stream: &str) -> Result<Vec<OpenShard>, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "ListShards";
        state.called(call, stream, "")?;
        Ok(state.find(call, stream)?.key_space().shards().to_vec())
    }

    async fn split_shard(&self, stream: &str, shard: &str, at: u128) -> Result<(), CallError> {
        self.alive().await;
        self.state().reshard("SplitShard", stream, &format!("{shard} {at}"), 1, |key_space| key_space.split(shard, at))
    }

    async fn merge_shards(&self, stream: &str, lower: &str, upper: &str) -> Result<(), CallError> {
        self.alive().await;
        self.state()
            .reshard("MergeShards", stream, &format!("{lower} {upper}"), 0, |key_space| key_space.merge(lower, upper))
    }

    async fn enable_shard_metrics(&self, stream: &str) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "EnableEnhancedMonitoring";
        state.called(call, stream, "")?;
        let (now, is_unheard) = (state.now, state.unheard_measuring);
        state.unheard_measuring = false;
        let found = state.find(call, stream)?;
        (found.shard_metrics, found.measured) = (true, Some(now));
        if is_unheard { Err(CallError::new(call, stream, Failure::Unavailable, "no answer")) } else { Ok(()) }
    }
}
