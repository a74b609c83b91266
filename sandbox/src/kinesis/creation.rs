// SPDX-License-Identifier: Apache-2.0
//! Streams come and go: `CreateStream` and `DeleteStream`.

use std::collections::BTreeMap;

use aws_models::kinesis_rules::{self, Refusal};
use axum::http::StatusCode;
use axum::response::Response;
use ferrokinesis::actions::Operation;
use ferrokinesis::types::StreamMode;
use serde_json::{Value, json};

use super::answers::{answer, internal, refused};
use super::call::Call;
use super::wider_limits::RECORD_KIB;
use super::{changes, consumers, tags};
use crate::state::Shared;

/// On-demand streams start with 4 MB/s of writes, so with four shards (Developer Guide, "Quotas and limits").
pub(crate) const ON_DEMAND_SHARDS: u32 = 4;

impl Call<'_> {
    /// The emulator creates provisioned streams without tags, that take records of 1 MiB.
    pub(super) async fn create_stream(mut self) -> Result<Response, Refusal> {
        let on_demand = self.body.get("StreamModeDetails").is_some_and(|mode| mode["StreamMode"] == "ON_DEMAND");
        if on_demand {
            self.body.insert("ShardCount".to_owned(), json!(ON_DEMAND_SHARDS));
        }
        self.checked_quota().await?;
        let record_kib = self.body.get("MaxRecordSizeInKiB").map(record_kib).transpose()?;
        let tags = self.body.get("Tags").map(tags::read).unwrap_or_default();
        tags::check(&tags)?;
        let (shared, name) = (self.shared, self.text("StreamName").unwrap_or_default().to_owned());
        let pending = self.pending.take();
        let (status, body) = self.passed_on().await;
        if let (true, Some(mut pending)) = (status.is_success(), pending) {
            shared.was_created(&name, shared.clock.now());
            finish_creation(shared, &name, on_demand, tags).await?;
            if let Some(kib) = record_kib {
                let set = shared.store.update_stream(&name, |stream| {
                    stream.max_record_size_kib = kib;
                    Ok(())
                });
                set.await.map_err(|error| internal(&error))?;
            }
            changes::create(shared, &mut pending, &name).await.map_err(|error| internal(&error))?;
        }
        Ok(answer(status, &body))
    }

    /// The emulator is told of no quota, since it does not know what changes under way will add.
    async fn checked_quota(&self) -> Result<(), Refusal> {
        let asked = self.body.get("ShardCount").and_then(Value::as_u64).and_then(|shards| u32::try_from(shards).ok());
        // What is no count is refused by the emulator.
        let (Some(added), Some(pending)) = (asked, &self.pending) else { return Ok(()) };
        let open = self.shared.store.sum_open_shards().await.saturating_add(pending.adds());
        let options = &self.shared.options;
        kinesis_rules::check_creation(&options.account, added, open, options.account_shard_limit)
    }

    pub(super) async fn delete_stream(mut self) -> Result<Response, Refusal> {
        let (Some(stream), Some(mut pending)) = (self.stream().await, self.pending.take()) else {
            return Ok(self.pass_on().await);
        };
        let shared = self.shared;
        let is_enforced = self.body.get("EnforceConsumerDeletion").is_some_and(|it| *it == true);
        consumers::check_deletion(shared, &stream, is_enforced).await?;
        let asked =
            changes::ask(shared, &mut pending, &stream, Operation::DeleteStream, Value::Object(self.body), 0).await;
        Ok(asked.map_or_else(|error| refused(&error), |()| answer(StatusCode::OK, &json!({}))))
    }
}

/// `MaxRecordSizeInKiB` of a new stream.
fn record_kib(asked: &Value) -> Result<u32, Refusal> {
    let kib = asked.as_u64().and_then(|kib| u32::try_from(kib).ok()).filter(|kib| RECORD_KIB.contains(kib));
    kib.ok_or_else(|| {
        Refusal::new(
            "ValidationException",
            format!("MaxRecordSizeInKiB {asked} is not from {} to {}.", RECORD_KIB.start(), RECORD_KIB.end()),
        )
    })
}

/// What the emulator leaves out of a new stream: its mode and its tags. Waits until the stream is there.
pub(crate) async fn finish_creation(
    shared: &Shared,
    name: &str,
    on_demand: bool,
    tags: BTreeMap<String, String>,
) -> Result<(), Refusal> {
    changes::until_done(&shared.store, name).await;
    let changed = shared.store.update_stream(name, |stream| {
        if on_demand {
            stream.stream_mode_details.stream_mode = StreamMode::OnDemand;
        }
        stream.tags.extend(tags);
        Ok(())
    });
    changed.await.map_err(|error| internal(&error))
}
