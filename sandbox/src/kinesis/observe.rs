//! CloudWatch metrics from what Kinesis calls really did.
//!
//! Source of names and meanings: Kinesis Dev Guide, "Monitoring with CloudWatch" (facts 4.1). Every count is
//! multiplied by the clock's weight, see [`SandboxClock`](crate::SandboxClock).

use aws_models::cloudwatch::Metric;
use axum::http::StatusCode;
use ferrokinesis::types::Stream;
use kinesis_model::hash_key;
use kinesis_model::num::float;
use serde_json::{Map, Value};

use super::{THROTTLED, is_open};
use crate::locked::locked;
use crate::state::Shared;

/// A record of a put.
pub(super) struct Put {
    /// Bytes of its data, decoded, and of its partition key, which AWS counts against the shard too.
    bytes: usize,
    hash_key: u128,
}

impl Put {
    #[cfg(test)]
    pub(super) fn new(bytes: usize, hash_key: u128) -> Self {
        Self { bytes, hash_key }
    }

    /// That of one record of a request.
    fn of(record: &Map<String, Value>) -> Self {
        let explicit = text(record, "ExplicitHashKey").parse().ok();
        Self {
            bytes: record_bytes(record),
            hash_key: explicit.unwrap_or_else(|| hash_key(text(record, "PartitionKey"))),
        }
    }

    /// Its bytes, which are those that count.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    pub(super) fn bytes(&self) -> f64 {
        count(self.bytes)
    }

    pub(super) fn hash_key(&self) -> u128 {
        self.hash_key
    }
}

/// The records of a `PutRecord` or `PutRecords` request.
pub(super) fn puts(operation: &str, body: &Map<String, Value>) -> Vec<Put> {
    if operation == "PutRecord" {
        return vec![Put::of(body)];
    }
    let records = body.get("Records").and_then(Value::as_array);
    records.into_iter().flatten().filter_map(Value::as_object).map(Put::of).collect()
}

/// Bytes of one record of a request or an answer, its data decoded, and its key.
pub(super) fn record_bytes(record: &Map<String, Value>) -> usize {
    decoded_length(text(record, "Data")) + text(record, "PartitionKey").len()
}

fn text<'a>(record: &'a Map<String, Value>, field: &str) -> &'a str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn decoded_length(base64: &str) -> usize {
    let padding = base64.bytes().rev().take_while(|byte| *byte == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding)
}

/// Counts a put. A call that failed for another reason than throttling is none of these metrics' concern.
pub(super) fn put(shared: &Shared, stream: &Stream, records: &[Put], status: StatusCode, body: &Value) {
    let name = &stream.stream_name;
    let rejected: Vec<bool> = match body["Records"].as_array() {
        Some(records) if status.is_success() => records.iter().map(|it| it["ErrorCode"] == THROTTLED).collect(),
        _ if status.is_success() => vec![false; records.len()],
        _ if body["__type"] == THROTTLED => vec![true; records.len()],
        _ => return,
    };
    note_arrivals(shared, name, body);
    let tried = || records.iter().zip(rejected.iter().copied());
    count_put(tried(), |metric, value| record(shared, &Metric::kinesis(name, metric), value));
    // Of most streams nobody asks where a record goes.
    let sent: Vec<&str> =
        stream.enhanced_monitoring.iter().flat_map(|sent| &sent.shard_level_metrics).map(String::as_str).collect();
    if sent.is_empty() {
        return;
    }
    for shard in stream.shards.iter().filter(|shard| is_open(shard)) {
        let range = shard.hash_key_range.start_u128()..=shard.hash_key_range.end_u128();
        let its = tried().filter(|(put, _)| range.contains(&put.hash_key));
        count_put(its, |metric, value| {
            if sent.contains(&metric) {
                record(shared, &Metric::shard(name, &shard.shard_id, metric), value);
            }
        });
    }
}

/// Notes when the records of an answer were written.
fn note_arrivals(shared: &Shared, stream: &str, body: &Value) {
    let now = shared.clock.now();
    let mut arrivals = locked(&shared.arrivals);
    let records = body["Records"].as_array();
    for written in records.map_or(std::slice::from_ref(body), Vec::as_slice) {
        if let (Some(shard), Some(number)) = (written["ShardId"].as_str(), written["SequenceNumber"].as_str()) {
            arrivals.came(stream, shard, number, now);
        }
    }
}

/// Counts what was tried, each with whether it was throttled.
fn count_put<'a>(tried: impl Iterator<Item = (&'a Put, bool)>, record: impl Fn(&'static str, f64)) {
    let tried: Vec<_> = tried.collect();
    if tried.is_empty() {
        return;
    }
    let accepted: Vec<usize> = tried.iter().filter(|(_, no)| !no).map(|(put, _)| put.bytes).collect();
    if !accepted.is_empty() {
        record("IncomingBytes", count(accepted.iter().sum()));
        record("IncomingRecords", count(accepted.len()));
    }
    // Recorded as 0 as well: the metric is there with every put, so its absence means that nothing was put.
    record("WriteProvisionedThroughputExceeded", count(tried.len() - accepted.len()));
}

/// Counts a read by its answer and how many milliseconds it is behind.
pub(super) fn get(shared: &Shared, stream: &str, body: &Value, behind: u64) {
    let records = body["Records"].as_array().into_iter().flatten().filter_map(Value::as_object);
    let bytes = count(records.map(record_bytes).sum());
    record(shared, &Metric::kinesis(stream, "GetRecords.Bytes"), bytes);
    record_once(shared, &Metric::kinesis(stream, "GetRecords.IteratorAgeMilliseconds"), float(behind));
    // Reads are not throttled here.
    record(shared, &Metric::kinesis(stream, "ReadProvisionedThroughputExceeded"), 0.0);
}

/// A count of calls, records or bytes: each stands for [`weight`](crate::SandboxClock::weight) alike ones.
fn record(shared: &Shared, metric: &Metric, value: f64) {
    record_once(shared, metric, value * shared.clock.weight());
}

/// What stands for itself.
fn record_once(shared: &Shared, metric: &Metric, value: f64) {
    locked(&shared.cloudwatch).record(metric, shared.clock.now(), value);
}

fn count(number: usize) -> f64 {
    float(number as u64)
}
