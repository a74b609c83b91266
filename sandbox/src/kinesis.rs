//! The layer before the Kinesis emulator: refuses what the emulator lets pass, mends what it gets wrong, and turns
//! what streams take in and throttle into CloudWatch metrics.
//!
//! The emulator is `ferrokinesis`. It lives by the real clock, so its throttling and its delays are off: both are made here, by
//! the virtual one. It knows no resize limits, gives the shards of a resize no parents, splits what is closed, reads some
//! operations' streams by name only, creates only provisioned streams, takes smaller calls and records and shorter retention,
//! calls every reader caught up and sends none on to a shard's children, gives more records at once than Kinesis, forgets
//! `ShardFilter`, refuses its own tokens of `ListShards`, lists streams in pages without a token, changes streams that are
//! changing, deletes those with consumers, and says when something was created by the real clock. Each of that is set right here.

mod arrivals;
mod beyond;
mod changes;
mod consumers;
mod lives;
mod observe;
mod put;
mod reads;
mod resize;
mod shard_pages;
mod tags;
mod throttle;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use aws_models::kinesis_rules::{self, Mode, Refusal, Reshard, Resize};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use ferrokinesis::actions::Operation;
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::types::{Shard, Stream, StreamMode};
use serde_json::{Map, Value, json};
use tokio::sync::MutexGuard;

pub(crate) use self::arrivals::Arrivals;
pub(crate) use self::changes::{Changes, settle};
pub(crate) use self::lives::Lives;
use self::shard_pages::Listing;
pub(crate) use self::throttle::Throttle;
use crate::json::{self, BODY_BYTES_MAX};
use crate::locked::locked;
use crate::state::Shared;

const TARGET_PREFIX: &str = "Kinesis_20131202.";

/// The exception of a shard that takes no more in this second.
const THROTTLED: &str = "ProvisionedThroughputExceededException";

/// On-demand streams start with 4 MB/s of writes, so with four shards, and an account has 50 of them (facts 1.3, 2).
pub(crate) const ON_DEMAND_SHARDS: u32 = 4;
const ON_DEMAND_STREAMS_MAX: u32 = 50;

/// KiB of a record that a stream can be told to take. Source: API reference, `UpdateMaxRecordSize`.
const RECORD_KIB: RangeInclusive<u32> = 1_024..=10_240;

/// Shards on a page of `DescribeStream`, at most. Source: API reference.
const DESCRIBE_STREAM_PAGE: usize = 100;

/// Names on a page of `ListStreams`, at most.
const LIST_STREAMS_PAGE: i64 = 100;

/// Operations that read `StreamName` only, in the emulator, but take `StreamARN` in AWS.
const NAMED_ONLY: [&str; 19] = [
    "UpdateShardCount",
    "DescribeStreamSummary",
    "DescribeStream",
    "ListTagsForStream",
    "AddTagsToStream",
    "RemoveTagsFromStream",
    "DeleteStream",
    "GetShardIterator",
    "ListShards",
    "SplitShard",
    "MergeShards",
    "PutRecord",
    "PutRecords",
    "IncreaseStreamRetentionPeriod",
    "DecreaseStreamRetentionPeriod",
    "StartStreamEncryption",
    "StopStreamEncryption",
    "EnableEnhancedMonitoring",
    "DisableEnhancedMonitoring",
];

/// Operations that the emulator does to streams that are not ACTIVE, and Kinesis does not. Source: API reference, each of them.
const ON_ACTIVE: [&str; 9] = [
    "UpdateStreamMode",
    "UpdateMaxRecordSize",
    "UpdateStreamWarmThroughput",
    "EnableEnhancedMonitoring",
    "DisableEnhancedMonitoring",
    "IncreaseStreamRetentionPeriod",
    "DecreaseStreamRetentionPeriod",
    "StartStreamEncryption",
    "StopStreamEncryption",
];

/// What can be measured of a shard. Source: API reference, `EnableEnhancedMonitoring`.
const SHARD_LEVEL_METRICS: [&str; 8] = [
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
    "ALL",
];

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
        let message = format!("Only {} is read here; switch CBOR off in the SDK.", json::V1_1);
        return error("SerializationException", &message);
    }
    match serde_json::from_slice::<Map<String, Value>>(&bytes) {
        Ok(body) => {
            let changes =
                if ON_RECORDS.contains(&operation.as_str()) { None } else { Some(shared.changes.lock().await) };
            let call = Call { shared: &shared, operation, parts, body, next, changes };
            call.answer().await.unwrap_or_else(|refusal| error(refusal.error_type, &refusal.message))
        }
        // The emulator has the right answer to a body that is not a JSON object.
        Err(_) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).is_some_and(|it| it.starts_with(json::V1_1))
}

fn error(error_type: &str, message: &str) -> Response {
    json::error(json::V1_1, error_type, message)
}

fn answer(status: StatusCode, body: &Value) -> Response {
    json::answer(json::V1_1, status, body)
}

/// What the emulator says against a request.
fn told(error: &KinesisErrorResponse) -> (StatusCode, Value) {
    (StatusCode::from_u16(error.status_code).unwrap_or(StatusCode::BAD_REQUEST), json!(error.body))
}

fn refused(error: &KinesisErrorResponse) -> Response {
    let (status, body) = told(error);
    answer(status, &body)
}

/// One request on its way through.
struct Call<'a> {
    shared: &'a Shared,
    operation: String,
    parts: Parts,
    body: Map<String, Value>,
    next: Next,
    /// Held during every operation but those in [`ON_RECORDS`].
    changes: Option<MutexGuard<'a, Changes>>,
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
            "ListTagsForStream" => self.within(Operation::ListTagsForStream).await,
            "ListShards" => self.list_shards().await,
            "DescribeLimits" => self.describe_limits().await,
            "ListStreams" => self.list_streams().await,
            "DescribeStream" | "DescribeStreamSummary" => self.describe_stream().await,
            "RegisterStreamConsumer" => self.register_consumer().await,
            "DeregisterStreamConsumer" => self.deregister_consumer().await,
            "PutRecord" | "PutRecords" => self.put().await,
            "IncreaseStreamRetentionPeriod" => self.within(Operation::IncreaseStreamRetentionPeriod).await,
            "DecreaseStreamRetentionPeriod" => self.within(Operation::DecreaseStreamRetentionPeriod).await,
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

    fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field)?.as_str()
    }

    /// The stream that is named, be it by ARN; `None` where there is none of that name.
    async fn stream(&self) -> Option<Stream> {
        let by_arn = || self.shared.store.stream_name_from_arn(self.text("StreamARN")?);
        let name = self.text("StreamName").map(str::to_owned).or_else(by_arn)?;
        self.shared.store.get_stream(&name).await.ok()
    }

    /// The emulator takes any name for a shard-level metric.
    fn check_metrics(&self) -> Result<(), Refusal> {
        let asked = self.body.get("ShardLevelMetrics").and_then(Value::as_array).into_iter().flatten();
        let unknown = asked.filter_map(Value::as_str).find(|name| !SHARD_LEVEL_METRICS.contains(name));
        unknown.map_or(Ok(()), |name| {
            let message = format!(
                "1 validation error detected: Value '[{name}]' at 'shardLevelMetrics' failed to satisfy constraint: Member must \
                 satisfy constraint: [Member must satisfy enum value set: [{}]]",
                SHARD_LEVEL_METRICS.join(", ")
            );
            Err(Refusal { error_type: "ValidationException", message })
        })
    }

    async fn check_active(&self) -> Result<(), Refusal> {
        if !ON_ACTIVE.contains(&self.operation.as_str()) {
            return Ok(());
        }
        // The emulator knows what to say of a stream that is not there.
        let Some(stream) = self.stream().await else { return Ok(()) };
        let status = stream.stream_status.to_string();
        kinesis_rules::check_active(&stream.stream_name, &self.shared.options.account, &status)
    }

    /// Puts `StreamName` in the place of `StreamARN`.
    fn name_the_stream(&mut self) -> Result<(), Refusal> {
        let Some(arn) = self.text("StreamARN").filter(|_| NAMED_ONLY.contains(&self.operation.as_str())) else {
            return Ok(());
        };
        let (account, region) = (&self.shared.options.account, &self.shared.options.region);
        let Some(name) = arn.strip_prefix(&format!("arn:aws:kinesis:{region}:{account}:stream/")) else {
            let message = format!("Stream {arn} not found: this is account {account} in {region}.");
            return Err(Refusal { error_type: "ResourceNotFoundException", message });
        };
        if self.text("StreamName").is_some_and(|given| given != name) {
            let message = format!("StreamName and StreamARN {arn} are not of the same stream.");
            return Err(Refusal { error_type: "InvalidArgumentException", message });
        }
        let name = name.to_owned();
        self.body.remove("StreamARN");
        self.body.insert("StreamName".to_owned(), json!(name));
        Ok(())
    }

    /// Hands the request, as it is by now, to the emulator.
    async fn pass_on(self) -> Response {
        let mut parts = self.parts;
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = Value::Object(self.body).to_string();
        self.next.run(Request::from_parts(parts, Body::from(body))).await
    }

    /// As [`Self::pass_on`], with the answer read; an answer without a body is an empty object.
    async fn passed_on(self) -> (StatusCode, Value) {
        let response = self.pass_on().await;
        let status = response.status();
        // Answers come from memory and are as long as the emulator made them.
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| json!({})))
    }

    /// The emulator creates provisioned streams without tags, that take records of 1 MiB.
    async fn create_stream(mut self) -> Result<Response, Refusal> {
        let on_demand = self.body.get("StreamModeDetails").is_some_and(|mode| mode["StreamMode"] == "ON_DEMAND");
        if on_demand {
            self.body.insert("ShardCount".to_owned(), json!(ON_DEMAND_SHARDS));
        }
        self.checked_quota().await?;
        let record_kib = self.body.get("MaxRecordSizeInKiB").map(record_kib).transpose()?;
        let tags = self.body.get("Tags").map(tags::read).unwrap_or_default();
        tags::check(&tags)?;
        let (shared, name) = (self.shared, self.text("StreamName").unwrap_or_default().to_owned());
        let changes = self.changes.take();
        let (status, body) = self.passed_on().await;
        if let (true, Some(mut changes)) = (status.is_success(), changes) {
            shared.was_created(&name, shared.clock.now());
            finish_creation(shared, &name, on_demand, tags).await?;
            if let Some(kib) = record_kib {
                let set = shared.store.update_stream(&name, |stream| {
                    stream.max_record_size_kib = kib;
                    Ok(())
                });
                set.await.map_err(|error| internal(&error))?;
            }
            changes.create(shared, &name).await.map_err(|error| internal(&error))?;
        }
        Ok(answer(status, &body))
    }

    /// The emulator is told of no quota, since it does not know what changes under way will add.
    async fn checked_quota(&self) -> Result<(), Refusal> {
        let asked = self.body.get("ShardCount").and_then(Value::as_u64).and_then(|shards| u32::try_from(shards).ok());
        // What is no count is refused by the emulator.
        let (Some(added), Some(changes)) = (asked, &self.changes) else { return Ok(()) };
        let open = self.shared.store.sum_open_shards().await.saturating_add(changes.adds());
        let options = &self.shared.options;
        kinesis_rules::check_creation(&options.account, added, open, options.account_shard_limit)
    }

    async fn delete_stream(mut self) -> Result<Response, Refusal> {
        let (Some(stream), Some(mut changes)) = (self.stream().await, self.changes.take()) else {
            return Ok(self.pass_on().await);
        };
        let shared = self.shared;
        let is_enforced = self.body.get("EnforceConsumerDeletion").is_some_and(|it| *it == true);
        consumers::check_deletion(shared, &stream, is_enforced).await?;
        let asked = changes.ask(shared, &stream, Operation::DeleteStream, Value::Object(self.body), 0).await;
        Ok(asked.map_or_else(|error| refused(&error), |()| answer(StatusCode::OK, &json!({}))))
    }

    /// The emulator knows neither double, nor half, nor ten a day, nor on-demand.
    async fn update_shard_count(mut self) -> Result<Response, Refusal> {
        let target = self.body.get("TargetShardCount").and_then(Value::as_i64);
        let (Some(stream), Some(target), Some(mut changes)) = (self.stream().await, target, self.changes.take()) else {
            return Ok(self.pass_on().await); // it knows what to say of a missing stream or count
        };
        let (shared, current) = (self.shared, open_shards(&stream));
        let account_open_shards = shared.store.sum_open_shards().await.saturating_add(changes.adds());
        let resize = Resize {
            stream: &stream.stream_name,
            account: &shared.options.account,
            mode: mode(&stream),
            status: &stream.stream_status.to_string(),
            open_shards: current,
            target,
            account_open_shards,
            account_shard_limit: shared.options.account_shard_limit,
            accepted: changes.accepted(&stream.stream_name),
        };
        let now = shared.clock.now();
        kinesis_rules::check(&resize, now)?;
        let adds = u32::try_from(target).unwrap_or(0).saturating_sub(current);
        let asked = changes.ask(shared, &stream, Operation::UpdateShardCount, Value::Object(self.body), adds).await;
        if let Err(error) = asked {
            return Ok(refused(&error));
        }
        changes.accepted(&stream.stream_name).push(now);
        let body = json!({
            "StreamName": stream.stream_name,
            "StreamARN": stream.stream_arn,
            "CurrentShardCount": current,
            "TargetShardCount": target,
        });
        Ok(answer(StatusCode::OK, &body))
    }

    /// The emulator splits and merges shards of on-demand streams, and closed ones once more.
    async fn reshard(mut self, operation: Operation) -> Result<Response, Refusal> {
        let (Some(stream), Some(mut changes)) = (self.stream().await, self.changes.take()) else {
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
            account_open_shards: shared.store.sum_open_shards().await.saturating_add(changes.adds()),
            account_shard_limit: shared.options.account_shard_limit,
            closed: stream.shards.iter().find(is_closed).map(|shard| shard.shard_id.as_str()),
        };
        kinesis_rules::check_reshard(&reshard)?;
        let asked = changes.ask(shared, &stream, operation, Value::Object(self.body), added).await;
        Ok(asked.map_or_else(|error| refused(&error), |()| answer(StatusCode::OK, &json!({}))))
    }

    /// The emulator cuts its pages before closed shards are dropped, and looks up no stream by a token. So it is asked only
    /// what is wrong with the request, and the pages are cut here.
    async fn list_shards(mut self) -> Result<Response, Refusal> {
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
        let gone = |error: KinesisErrorResponse| Refusal {
            error_type: "ResourceNotFoundException",
            message: format!("Stream {} was deleted while it was read: {error}", listing.stream),
        };
        let (stream, now) = (stream.map_err(gone)?, shared.clock.now());
        Ok(answer(status, &listing.page(&stream, &locked(&shared.lives), now, asked)))
    }

    /// The emulator counts no on-demand streams, and is told of no quota.
    async fn describe_limits(self) -> Result<Response, Refusal> {
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
    async fn list_streams(mut self) -> Result<Response, Refusal> {
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
    async fn describe_stream(self) -> Result<Response, Refusal> {
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
            let (lives, now) = (locked(&shared.lives), shared.clock.now());
            shards.retain(|it| {
                let id = it["ShardId"].as_str().unwrap_or_default();
                after.as_deref().is_none_or(|after| id > after) && lives.is_kept(&stream, id, now)
            });
            let has_more = shards.len() > page;
            shards.truncate(page);
            description["HasMoreShards"] = json!(has_more);
        }
        Ok(answer(status, &body))
    }

    /// The emulator's front door has narrower bounds than Kinesis for these.
    async fn within(self, operation: Operation) -> Result<Response, Refusal> {
        let (status, body) = if beyond::is_within(operation, &Value::Object(self.body.clone())) {
            self.passed_on().await
        } else {
            self.beyond(operation, None).await
        };
        Ok(answer(status, &body))
    }

    /// Does what the emulator would not let through its front door.
    async fn beyond(self, operation: Operation, stream: Option<&Stream>) -> (StatusCode, Value) {
        let done = match beyond::checked(operation, stream, &Value::Object(self.body)) {
            Ok(request) => beyond::done(&self.shared.store, operation, request).await,
            Err(error) => Err(error),
        };
        done.map_or_else(|error| told(&error), |body| (StatusCode::OK, body))
    }
}

/// `MaxRecordSizeInKiB` of a new stream.
fn record_kib(asked: &Value) -> Result<u32, Refusal> {
    let kib = asked.as_u64().and_then(|kib| u32::try_from(kib).ok()).filter(|kib| RECORD_KIB.contains(kib));
    kib.ok_or_else(|| Refusal {
        error_type: "ValidationException",
        message: format!("MaxRecordSizeInKiB {asked} is not from {} to {}.", RECORD_KIB.start(), RECORD_KIB.end()),
    })
}

/// Puts the virtual time of creation in the place of the real one.
fn date(shared: &Shared, described: Option<&mut Value>, known_by: &str, field: &str) {
    let Some(described) = described else { return };
    let created = described[known_by].as_str().and_then(|name| shared.created(name));
    if let Some(created) = created {
        described[field] = json!(created.as_second());
    }
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

fn internal(error: &KinesisErrorResponse) -> Refusal {
    Refusal { error_type: "InternalFailureException", message: error.to_string() }
}

fn mode(stream: &Stream) -> Mode {
    match stream.stream_mode_details.stream_mode {
        StreamMode::Provisioned => Mode::Provisioned,
        StreamMode::OnDemand => Mode::OnDemand,
    }
}

pub(crate) fn is_open(shard: &Shard) -> bool {
    shard.sequence_number_range.ending_sequence_number.is_none()
}

pub(crate) fn open_shards(stream: &Stream) -> u32 {
    let open = stream.shards.iter().filter(|shard| is_open(shard)).count();
    u32::try_from(open).unwrap_or(u32::MAX)
}
