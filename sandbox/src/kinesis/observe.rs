// SPDX-License-Identifier: Apache-2.0
//! CloudWatch metrics from what Kinesis calls really did.
//!
//! Source of names and meanings: Kinesis Developer Guide, "Monitoring with CloudWatch". Every count is
//! multiplied by the clock's weight, see [`SandboxClock`](crate::SandboxClock).

use aws_models::cloudwatch::Metric;
use axum::http::StatusCode;
use ferrokinesis::types::Stream;
use kinesis_model::num::float;
use serde_json::Value;

use super::answers::THROTTLED;
use super::records::{Put, record_bytes};
use super::shards::is_open;
use crate::locked::locked;
use crate::state::Shared;

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
        let its = tried().filter(|(put, _)| range.contains(&put.hash_key()));
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
            arrivals.record(stream, shard, number, now);
        }
    }
}

/// Counts what was tried, each with whether it was throttled.
fn count_put<'a>(tried: impl Iterator<Item = (&'a Put, bool)>, record: impl Fn(&'static str, f64)) {
    let tried: Vec<_> = tried.collect();
    if tried.is_empty() {
        return;
    }
    let accepted: Vec<usize> = tried.iter().filter(|(_, no)| !no).map(|(put, _)| put.len()).collect();
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
