// SPDX-License-Identifier: Apache-2.0
//! The records of a request or an answer: how large they are, and where they go.

use kinesis_model::hash_key;
use serde_json::{Map, Value};

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
