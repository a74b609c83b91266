// SPDX-License-Identifier: Apache-2.0
//! What a stream is billed by.

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{RecordDistributionStrategy, StreamDescriptionSummary};
use billing::{Consumer, OnDemandOnly, StreamConfig};
use jiff::Timestamp;
use scaler_app::cloud::{CallError, Failure};

use super::client::{AwsKinesis, state};
use crate::error::call_error;

impl AwsKinesis {
    /// What a stream is billed by.
    pub(super) async fn bill_config(&self, stream: &str) -> Result<StreamConfig, CallError> {
        let expected = "status, mode, shard count, retention or time of creation";
        let (config, arn) = self.summary(stream, expected, stream_config).await?;
        Ok(StreamConfig { consumers: self.consumers(stream, &arn).await?, ..config })
    }

    /// A stream has a few consumers, and AWS's rate is for each stream: nothing to wait for.
    async fn consumers(&self, stream: &str, arn: &str) -> Result<Vec<Consumer>, CallError> {
        let call = "ListStreamConsumers";
        let mut consumers = Vec::new();
        let mut pages = self.client.list_stream_consumers().stream_arn(arn).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error(call, stream, error))?;
            for consumer in page.consumers() {
                let name = consumer.consumer_name().to_owned();
                let created = time(consumer.consumer_creation_timestamp()).ok_or_else(|| {
                    let message = format!("a consumer without a known time of creation: {consumer:?}");
                    CallError::new(call, stream, Failure::Refused, message)
                })?;
                consumers.push(Consumer { name, created });
            }
        }
        Ok(consumers)
    }
}

/// A stream's standing without its consumers, and its ARN.
fn stream_config(summary: &StreamDescriptionSummary) -> Option<(StreamConfig, String)> {
    let state = state(summary)?;
    let config = StreamConfig {
        mode: state.mode,
        open_shards: state.open_shards,
        retention_hours: u32::try_from(summary.retention_period_hours()).ok()?,
        created: time(summary.stream_creation_timestamp())?,
        consumers: Vec::new(),
        on_demand_only: OnDemandOnly {
            channels: summary.channel_count().and_then(|count| u32::try_from(count).ok()),
            is_auto: summary.record_distribution_strategy().map(|how| *how == RecordDistributionStrategy::Auto),
            ..OnDemandOnly::default()
        },
    };
    Some((config, summary.stream_arn().to_owned()))
}

fn time(time: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}
