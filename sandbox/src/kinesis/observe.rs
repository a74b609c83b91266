//! CloudWatch metrics from what Kinesis calls really did.
//!
//! Source of names and meanings: Kinesis Dev Guide, "Monitoring with CloudWatch" (facts 4.1). Every value is
//! multiplied by the clock's weight, see [`SandboxClock`](crate::SandboxClock).

use axum::http::StatusCode;
use ferrokinesis::types::Stream;
use ferrokinesis::{sequence, shard_iterator};
use scaler_core::hash_key;
use scaler_sim::cloudwatch::Metric;
use serde_json::{Map, Value, json};

use super::is_open;
use crate::locked::locked;
use crate::state::Shared;

const THROTTLED: &str = "ProvisionedThroughputExceededException";

/// A record of a put.
pub(super) struct Put {
    /// Bytes of its data, decoded, and of its partition key, which AWS counts against the shard too. The emulator throttles by
    /// the data alone.
    bytes: usize,
    hash_key: u128,
}

pub(super) fn put_records(operation: &str, body: &Map<String, Value>) -> Vec<Put> {
    if operation == "PutRecord" {
        return vec![put_record(body)];
    }
    let records = body.get("Records").and_then(Value::as_array);
    records.into_iter().flatten().filter_map(Value::as_object).map(put_record).collect()
}

fn put_record(record: &Map<String, Value>) -> Put {
    let text = |field: &str| record.get(field).and_then(Value::as_str).unwrap_or_default();
    let explicit = text("ExplicitHashKey").parse().ok();
    Put {
        bytes: decoded_length(text("Data")) + text("PartitionKey").len(),
        hash_key: explicit.unwrap_or_else(|| hash_key(text("PartitionKey"))),
    }
}

fn decoded_length(base64: &str) -> usize {
    let padding = base64.bytes().rev().take_while(|byte| *byte == b'=').count();
    (base64.len() / 4 * 3).saturating_sub(padding)
}

/// Counts a put. A call that failed for another reason than throttling is none of these metrics' concern.
///
/// `measured` is the stream, if any metric of its shards is sent.
pub(super) fn put(
    shared: &Shared,
    stream: &str,
    records: &[Put],
    measured: Option<&Stream>,
    status: StatusCode,
    body: &Value,
) {
    let rejected: Vec<bool> = match body["Records"].as_array() {
        Some(records) if status.is_success() => records.iter().map(|it| it["ErrorCode"] == THROTTLED).collect(),
        _ if status.is_success() => vec![false; records.len()],
        _ if body["__type"] == THROTTLED => vec![true; records.len()],
        _ => return,
    };
    let tried = || records.iter().zip(rejected.iter().copied());
    count_put(tried(), |name, value| record(shared, &Metric::kinesis(stream, name), value));
    let Some(measured) = measured else { return };
    let sent: Vec<&str> =
        measured.enhanced_monitoring.iter().flat_map(|sent| &sent.shard_level_metrics).map(String::as_str).collect();
    for shard in measured.shards.iter().filter(|shard| is_open(shard)) {
        let range = shard.hash_key_range.start_u128()..=shard.hash_key_range.end_u128();
        let its = tried().filter(|(put, _)| range.contains(&put.hash_key));
        count_put(its, |name, value| {
            if sent.contains(&name) {
                record(shared, &Metric::shard(stream, &shard.shard_id, name), value);
            }
        });
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

/// The stream an iterator reads.
pub(super) fn stream_of(iterator: &str) -> Option<String> {
    shard_iterator::decode_shard_iterator(iterator).ok().map(|(_, stream, _, _)| stream)
}

/// Counts a read, and writes into the answer how far behind it is.
pub(super) async fn get(shared: &Shared, stream: &str, status: StatusCode, body: &mut Value) {
    if status.is_success() {
        let behind = match body["NextShardIterator"].as_str() {
            Some(next) => milliseconds_behind(shared, next).await,
            None => body["MillisBehindLatest"].as_u64().unwrap_or(0),
        };
        // Whole milliseconds, and far below 2^53, on the wire.
        #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let weighted = (behind as f64 * shared.clock.weight()) as u64;
        body["MillisBehindLatest"] = json!(weighted);
        let bytes =
            body["Records"].as_array().into_iter().flatten().map(|it| {
                it["Data"].as_str().map_or(0, decoded_length) + it["PartitionKey"].as_str().map_or(0, str::len)
            });
        record(shared, &Metric::kinesis(stream, "GetRecords.Bytes"), count(bytes.sum()));
        record(shared, &Metric::kinesis(stream, "GetRecords.IteratorAgeMilliseconds"), to_f64(behind));
        record(shared, &Metric::kinesis(stream, "ReadProvisionedThroughputExceeded"), 0.0);
    } else if body["__type"] == THROTTLED {
        record(shared, &Metric::kinesis(stream, "ReadProvisionedThroughputExceeded"), 1.0);
    }
}

/// The age of the oldest record the reader has not had; 0 when it has had all. The emulator says 0 always.
async fn milliseconds_behind(shared: &Shared, next_iterator: &str) -> u64 {
    let Ok((_, stream, shard_id, sequence_number)) = shard_iterator::decode_shard_iterator(next_iterator) else {
        return 0;
    };
    let Ok((_, index)) = sequence::resolve_shard_id(&shard_id) else { return 0 };
    // The emulator keys its records by shard and sequence number.
    let start = format!("{}/{sequence_number}", sequence::shard_ix_to_hex(index));
    let end = sequence::shard_ix_to_hex(index + 1);
    let unread = shared.store.get_records_range_limited(&stream, &start, &end, 1).await;
    let written_at = unread
        .first()
        .and_then(|(key, _)| key.split('/').nth(1))
        .and_then(|number| sequence::parse_sequence(number).ok()?.seq_time);
    // The emulator stamps records with the real time.
    let now = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
    written_at.map_or(0, |written_at| now.saturating_sub(written_at))
}

fn record(shared: &Shared, metric: &Metric, value: f64) {
    let at = shared.clock.now();
    // A count of calls or records is scaled like one of bytes: each happens once per real, not virtual, unit of time.
    locked(&shared.cloudwatch).record(metric, at, value * shared.clock.weight());
}

fn count(number: usize) -> f64 {
    to_f64(number as u64)
}

/// Exact up to 2^53, far above any count or number of bytes here.
#[allow(clippy::cast_precision_loss)]
fn to_f64(number: u64) -> f64 {
    number as f64
}
