// SPDX-License-Identifier: Apache-2.0
//! Descriptions and listings of streams and shards.

use aws_models::kinesis_rules::Refusal;
use axum::response::Response;
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::types::StreamMode;
use serde_json::{Value, json};

use super::answers::answer;
use super::call::Call;
use super::shard_pages::Listing;
use crate::locked::locked;
use crate::state::Shared;

/// On-demand streams of an account, at most. Source: Developer Guide, "Quotas and limits".
const ON_DEMAND_STREAMS_MAX: u32 = 50;

/// Shards on a page of `DescribeStream`, at most. Source: API reference of it.
const DESCRIBE_STREAM_PAGE: usize = 100;

/// Names on a page of `ListStreams`, at most. Source: API reference of it.
const LIST_STREAMS_PAGE: i64 = 100;

impl Call<'_> {
    /// The emulator cuts its pages before closed shards are dropped, and looks up no stream by a token. So it is asked only
    /// what is wrong with the request, and the pages are cut here.
    pub(super) async fn list_shards(mut self) -> Result<Response, Refusal> {
        let listing = Listing::of(&self.body)?;
        if self.text("NextToken").is_some() {
            self.body.remove("NextToken");
            self.body.insert("StreamName".to_owned(), json!(listing.stream));
        }
        let (shared, asked) = (self.shared, self.body.get("MaxResults").and_then(Value::as_u64));
        let (status, body) = self.passed_on().await;
        if !status.is_success() {
            return Ok(answer(status, &body));
        }
        let stream = shared.store.get_stream(&listing.stream).await;
        let gone = |error: KinesisErrorResponse| {
            Refusal::new(
                "ResourceNotFoundException",
                format!("Stream {} was deleted while it was read: {error}", listing.stream),
            )
        };
        let (stream, now) = (stream.map_err(gone)?, shared.clock.now());
        Ok(answer(status, &listing.page(&stream, &locked(&shared.shard_lifetimes), now, asked)))
    }

    /// The emulator counts no on-demand streams, and is told of no quota.
    pub(super) async fn describe_limits(self) -> Result<Response, Refusal> {
        let shared = self.shared;
        let (status, mut body) = self.passed_on().await;
        if status.is_success() {
            let mut on_demand = 0;
            for name in shared.store.list_stream_names().await {
                let stream = shared.store.get_stream(&name).await;
                on_demand +=
                    u32::from(stream.is_ok_and(|it| it.stream_mode_details.stream_mode == StreamMode::OnDemand));
            }
            body["OnDemandStreamCount"] = json!(on_demand);
            body["OnDemandStreamCountLimit"] = json!(ON_DEMAND_STREAMS_MAX);
            body["ShardLimit"] = json!(shared.options.account_shard_limit);
        }
        Ok(answer(status, &body))
    }

    /// The emulator has 10 names on a page where AWS has 100, and knows no tokens. Source: API reference, `ListStreams`.
    pub(super) async fn list_streams(mut self) -> Result<Response, Refusal> {
        let limit = self.body.get("Limit").and_then(Value::as_i64).unwrap_or(LIST_STREAMS_PAGE);
        self.body.insert("Limit".to_owned(), json!(limit.min(LIST_STREAMS_PAGE)));
        if let Some(token) = self.body.remove("NextToken") {
            self.body.insert("ExclusiveStartStreamName".to_owned(), token);
        }
        let (status, mut body) = self.passed_on().await;
        if body["HasMoreStreams"] == true {
            body["NextToken"] =
                body["StreamNames"].as_array().and_then(|names| names.last()).cloned().unwrap_or_default();
        }
        Ok(answer(status, &body))
    }

    /// The emulator knows every shard for ever, and no pages of them.
    pub(super) async fn describe_stream(self) -> Result<Response, Refusal> {
        let (shared, stream) = (self.shared, self.stream().await);
        let limit = self.body.get("Limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok());
        let page = limit.unwrap_or(DESCRIBE_STREAM_PAGE).min(DESCRIBE_STREAM_PAGE);
        let after = self.text("ExclusiveStartShardId").map(str::to_owned);
        let (status, mut body) = self.passed_on().await;
        for description in ["StreamDescription", "StreamDescriptionSummary"] {
            date(shared, body.get_mut(description), "StreamName", "StreamCreationTimestamp");
        }
        if let (Some(stream), Some(description)) = (stream, body.get_mut("StreamDescription"))
            && let Some(shards) = description["Shards"].as_array_mut()
        {
            let (lifetimes, now) = (locked(&shared.shard_lifetimes), shared.clock.now());
            shards.retain(|it| {
                let id = it["ShardId"].as_str().unwrap_or_default();
                after.as_deref().is_none_or(|after| id > after) && lifetimes.is_kept(&stream, id, now)
            });
            let has_more = shards.len() > page;
            shards.truncate(page);
            description["HasMoreShards"] = json!(has_more);
        }
        Ok(answer(status, &body))
    }
}

/// Puts the virtual time of creation in the place of the real one.
fn date(shared: &Shared, described: Option<&mut Value>, known_by: &str, field: &str) {
    let Some(described) = described else { return };
    let created = described[known_by].as_str().and_then(|name| shared.created(name));
    if let Some(created) = created {
        described[field] = json!(created.as_second());
    }
}
