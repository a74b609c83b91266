// SPDX-License-Identifier: Apache-2.0
//! Amazon Kinesis through the SDK.

mod client;
mod shards;
mod stream_config;

use aws_sdk_kinesis::Config;
use aws_sdk_kinesis::config::Builder as ConfigBuilder;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::types::{MetricsName, ScalingType};
use billing::StreamConfig;
use kinesis_model::limits::SHARD_METRICS;
use kinesis_model::{AccountShards, OpenShard, ShardCount, StreamState};
use scaler_app::cloud::{CallError, Failure, Kinesis};

pub use client::AwsKinesis;
pub use client::state;
pub use shards::open_since;

use crate::error::call_error;

/// Streams in one answer, at most. Source: API reference, `ListStreams`.
const STREAMS_PAGE: i32 = 100;

/// What errors say of calls that are about no stream.
const ACCOUNT: &str = "the account";

impl Kinesis for AwsKinesis {
    async fn list_streams(&self) -> Result<Vec<String>, CallError> {
        let call = "ListStreams";
        let mut names: Vec<String> = Vec::new();
        loop {
            self.pace.wait(call).await;
            let request = self.client.list_streams().limit(STREAMS_PAGE);
            let page = request.set_exclusive_start_stream_name(names.last().cloned()).send().await;
            let page = page.map_err(|error| call_error(call, "the account's streams", error))?;
            names.extend(page.stream_names().iter().cloned());
            if !page.has_more_streams() || page.stream_names().is_empty() {
                names.sort();
                return Ok(names);
            }
        }
    }

    /// Not `async` itself, nor are others that only hand over: one future more between a function's `main` and the SDK is more than
    /// the compiler counts (128).
    fn describe(&self, stream: &str) -> impl Future<Output = Result<StreamState, CallError>> + Send {
        self.summary(stream, "status, mode or shard count", state)
    }

    fn stream_config(&self, stream: &str) -> impl Future<Output = Result<StreamConfig, CallError>> + Send {
        self.bill_config(stream)
    }

    async fn tags(&self, stream: &str) -> Result<Vec<(String, String)>, CallError> {
        let call = "ListTagsForStream";
        let mut tags = Vec::new();
        let mut after = None;
        loop {
            self.pace.wait(call).await;
            let page =
                self.client.list_tags_for_stream().stream_name(stream).set_exclusive_start_tag_key(after).send().await;
            let page = page.map_err(|error| call_error(call, stream, error))?;
            tags.extend(
                page.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())),
            );
            after = page.tags().last().map(|tag| tag.key().to_owned());
            if !page.has_more_tags() || after.is_none() {
                return Ok(tags);
            }
        }
    }

    async fn put_tag(&self, stream: &str, key: &str, value: &str) -> Result<(), CallError> {
        let call = "AddTagsToStream";
        self.pace.wait(call).await;
        let request = self.client.add_tags_to_stream().stream_name(stream).tags(key, value);
        request.send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn update_shard_count(&self, stream: &str, desired: ShardCount) -> Result<(), CallError> {
        let call = "UpdateShardCount";
        let target = i32::try_from(desired.get()).map_err(|source| {
            let message = format!("{desired} shards do not fit into a request");
            CallError::new(call, stream, Failure::Refused, message).caused_by(source)
        })?;
        self.pace.wait(call).await;
        let request = self.client.update_shard_count().stream_name(stream).target_shard_count(target);
        let request = request.scaling_type(ScalingType::UniformScaling);
        request.customize().config_override(once()).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn account_shards(&self) -> Result<AccountShards, CallError> {
        let call = "DescribeLimits";
        if !self.pace.is_free(call) {
            // One call a second for the whole account: a fleet that throttles does not wait in line for what only helps.
            return Err(CallError::new(
                call,
                ACCOUNT,
                Failure::Throttled,
                "not called, to stay inside AWS's rate \
                limit",
            ));
        }
        let answer = self.client.describe_limits().send().await;
        let answer = answer.map_err(|error| call_error(call, ACCOUNT, error))?;
        let whole = |shards: i32| u32::try_from(shards).unwrap_or(0);
        Ok(AccountShards { open: whole(answer.open_shard_count()), limit: whole(answer.shard_limit()) })
    }

    fn open_shards(&self, stream: &str) -> impl Future<Output = Result<Vec<OpenShard>, CallError>> + Send {
        self.ring(stream)
    }

    async fn split_shard(&self, stream: &str, shard: &str, at: u128) -> Result<(), CallError> {
        let call = "SplitShard";
        self.pace.wait(call).await;
        let request = self.client.split_shard().stream_name(stream).shard_to_split(shard);
        let request = request.new_starting_hash_key(at.to_string());
        request.customize().config_override(once()).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn merge_shards(&self, stream: &str, lower: &str, upper: &str) -> Result<(), CallError> {
        let call = "MergeShards";
        self.pace.wait(call).await;
        let request =
            self.client.merge_shards().stream_name(stream).shard_to_merge(lower).adjacent_shard_to_merge(upper);
        request.customize().config_override(once()).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn enable_shard_metrics(&self, stream: &str) -> Result<(), CallError> {
        let call = "EnableEnhancedMonitoring";
        let metrics = SHARD_METRICS.iter().map(|metric| MetricsName::from(*metric)).collect();
        self.pace.wait(call).await;
        let request =
            self.client.enable_enhanced_monitoring().stream_name(stream).set_shard_level_metrics(Some(metrics));
        request.send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }
}

/// Not tried again by the SDK: a second try would be answered by what the first one did, and could no longer tell a refusal
/// from a lost answer. Lambda and the sweep try again with a fresh look.
fn once() -> ConfigBuilder {
    Config::builder().retry_config(RetryConfig::disabled())
}
