// SPDX-License-Identifier: Apache-2.0
//! The layer before the emulator: takes every Kinesis request, and gives each operation to what answers it.

use std::sync::Arc;

use aws_models::kinesis_rules::Refusal;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use ferrokinesis::actions::Operation;
use serde_json::{Map, Value};

use super::answers::error;
use super::call::Call;
use crate::json::{self, BODY_BYTES_MAX};
use crate::state::Shared;

const TARGET_PREFIX: &str = "Kinesis_20131202.";

/// Operations that change no stream. There are many of them, so they run side by side.
const ON_RECORDS: [&str; 5] = ["PutRecord", "PutRecords", "GetShardIterator", "GetRecords", "SubscribeToShard"];

/// Takes every Kinesis request on its way to the emulator, and the answer on its way back.
pub(crate) async fn layer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Some(operation) = json::operation(&parts.headers, TARGET_PREFIX) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    if let Err(too_fast) = shared.called("kinesis", &operation) {
        return error("LimitExceededException", &too_fast.message());
    }
    let Ok(bytes) = to_bytes(body, BODY_BYTES_MAX).await else {
        return error("SerializationException", &format!("The body is longer than {BODY_BYTES_MAX} bytes."));
    };
    if !is_json(&parts.headers) {
        // Some SDKs speak CBOR to Kinesis; passing that on unread would go round every check here.
        let message = format!("This sandbox supports only {}; switch CBOR off in the SDK.", json::V1_1);
        return error("SerializationException", &message);
    }
    match serde_json::from_slice::<Map<String, Value>>(&bytes) {
        Ok(body) => {
            let pending =
                if ON_RECORDS.contains(&operation.as_str()) { None } else { Some(shared.pending.lock().await) };
            let call = Call { shared: &shared, operation, parts, body, next, pending };
            call.answer().await.unwrap_or_else(|refusal| error(refusal.error_type, &refusal.message))
        }
        // The emulator has the right answer to a body that is not a JSON object.
        Err(_) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).is_some_and(|it| it.starts_with(json::V1_1))
}

impl Call<'_> {
    async fn answer(mut self) -> Result<Response, Refusal> {
        self.name_the_stream()?;
        self.check_metrics()?;
        self.check_active().await?;
        match self.operation.as_str() {
            "CreateStream" => self.create_stream().await,
            "DeleteStream" => self.delete_stream().await,
            "UpdateShardCount" => self.update_shard_count().await,
            "SplitShard" => self.reshard(Operation::SplitShard).await,
            "MergeShards" => self.reshard(Operation::MergeShards).await,
            "ListTagsForStream" => self.pass_on_or_widen(Operation::ListTagsForStream).await,
            "ListShards" => self.list_shards().await,
            "DescribeLimits" => self.describe_limits().await,
            "ListStreams" => self.list_streams().await,
            "DescribeStream" | "DescribeStreamSummary" => self.describe_stream().await,
            "RegisterStreamConsumer" => self.register_consumer().await,
            "DeregisterStreamConsumer" => self.deregister_consumer().await,
            "PutRecord" | "PutRecords" => self.put().await,
            "IncreaseStreamRetentionPeriod" => self.pass_on_or_widen(Operation::IncreaseStreamRetentionPeriod).await,
            "DecreaseStreamRetentionPeriod" => self.pass_on_or_widen(Operation::DecreaseStreamRetentionPeriod).await,
            "AddTagsToStream" => self.tag(Operation::AddTagsToStream).await,
            "RemoveTagsFromStream" => self.tag(Operation::RemoveTagsFromStream).await,
            "TagResource" => self.tag(Operation::TagResource).await,
            "UntagResource" => self.tag(Operation::UntagResource).await,
            "ListTagsForResource" => self.tag(Operation::ListTagsForResource).await,
            "GetShardIterator" => self.get_shard_iterator().await,
            "GetRecords" => self.get_records().await,
            _ => Ok(self.pass_on().await),
        }
    }
}
