// SPDX-License-Identifier: Apache-2.0
//! Resizes, splits and merges, held to Kinesis's rules.

use aws_models::kinesis_rules::{self, Refusal, Reshard, Resize};
use axum::http::StatusCode;
use axum::response::Response;
use ferrokinesis::actions::Operation;
use ferrokinesis::types::{self, Shard, Stream};
use kinesis_model::StreamMode;
use serde_json::{Value, json};

use super::answers::{answer, refused};
use super::call::Call;
use super::changes;
use super::shards::{is_open, open_shards};

impl Call<'_> {
    /// The emulator knows neither double, nor half, nor ten a day, nor on-demand.
    pub(super) async fn update_shard_count(mut self) -> Result<Response, Refusal> {
        let target = self.body.get("TargetShardCount").and_then(Value::as_i64);
        let (Some(stream), Some(target), Some(mut pending)) = (self.stream().await, target, self.pending.take()) else {
            return Ok(self.pass_on().await); // it knows what to say of a missing stream or count
        };
        let (shared, current) = (self.shared, open_shards(&stream));
        let account_open_shards = shared.store.sum_open_shards().await.saturating_add(pending.adds());
        let resize = Resize {
            stream: &stream.stream_name,
            account: &shared.options.account,
            mode: mode(&stream),
            status: &stream.stream_status.to_string(),
            open_shards: current,
            target,
            account_open_shards,
            account_shard_limit: shared.options.account_shard_limit,
            accepted: pending.accepted(&stream.stream_name),
        };
        let now = shared.clock.now();
        kinesis_rules::check(&resize, now)?;
        let adds = u32::try_from(target).unwrap_or(0).saturating_sub(current);
        let asked =
            changes::ask(shared, &mut pending, &stream, Operation::UpdateShardCount, Value::Object(self.body), adds)
                .await;
        if let Err(error) = asked {
            return Ok(refused(&error));
        }
        pending.accepted(&stream.stream_name).push(now);
        let body = json!({
            "StreamName": stream.stream_name,
            "StreamARN": stream.stream_arn,
            "CurrentShardCount": current,
            "TargetShardCount": target,
        });
        Ok(answer(StatusCode::OK, &body))
    }

    /// The emulator splits and merges shards of on-demand streams, and closed ones once more.
    pub(super) async fn reshard(mut self, operation: Operation) -> Result<Response, Refusal> {
        let (Some(stream), Some(mut pending)) = (self.stream().await, self.pending.take()) else {
            return Ok(self.pass_on().await);
        };
        let shared = self.shared;
        let named = ["ShardToSplit", "ShardToMerge", "AdjacentShardToMerge"].map(|field| self.text(field));
        let is_closed = |shard: &&Shard| !is_open(shard) && named.contains(&Some(shard.shard_id.as_str()));
        let added = u32::from(operation == Operation::SplitShard);
        let reshard = Reshard {
            stream: &stream.stream_name,
            account: &shared.options.account,
            mode: mode(&stream),
            status: &stream.stream_status.to_string(),
            added,
            account_open_shards: shared.store.sum_open_shards().await.saturating_add(pending.adds()),
            account_shard_limit: shared.options.account_shard_limit,
            closed: stream.shards.iter().find(is_closed).map(|shard| shard.shard_id.as_str()),
        };
        kinesis_rules::check_reshard(&reshard)?;
        let asked = changes::ask(shared, &mut pending, &stream, operation, Value::Object(self.body), added).await;
        Ok(asked.map_or_else(|error| refused(&error), |()| answer(StatusCode::OK, &json!({}))))
    }
}

fn mode(stream: &Stream) -> StreamMode {
    match stream.stream_mode_details.stream_mode {
        types::StreamMode::Provisioned => StreamMode::Provisioned,
        types::StreamMode::OnDemand => StreamMode::OnDemand,
    }
}
