// SPDX-License-Identifier: Apache-2.0
//! What Kinesis takes and the emulator does not: larger calls and records, longer retention, more tags at once.
//!
//! Such a request is checked by the emulator's own rules with the bounds that Kinesis has, and goes past its front door, which has
//! narrower ones.

use std::ops::RangeInclusive;

use aws_models::kinesis_rules::Refusal;
use ferrokinesis::actions::{self, Operation};
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::store::Store;
use ferrokinesis::types::Stream;
use ferrokinesis::validation::{self, FieldDef, FieldType};
use kinesis_model::limits::{RECORD_BYTES_DEFAULT, RETENTION_HOURS_MAX};
use serde_json::{Value, json};

use super::records::{Put, record_bytes};

/// KiB of a record that a stream can be told to take. Source: API reference, `UpdateMaxRecordSize`.
pub(super) const RECORD_KIB: RangeInclusive<u32> = 1_024..=10_240;

/// Bytes of a `PutRecords`, keys included, that Kinesis takes. Source: API reference, `PutRecords`.
const CALL_BYTES_MAX: usize = 10 << 20;
/// ... and that the emulator takes (`actions/put_records.rs` of ferrokinesis 0.7).
const PART_BYTES_MAX: usize = 5 << 20;
/// Tags that a request may add, and keys that it may remove. Source: the service's model, `TagMap` and `TagKeyList`.
const TAGS_ADDED_MAX: usize = 200;
const TAGS_REMOVED_MAX: usize = 50;
/// Tags on a page of `ListTagsForStream`. Source: the service's model, `ListTagsForStreamInputLimit`.
const TAGS_LISTED_MAX: u8 = 50;

/// Bytes of a record that the stream takes, key and data together; where there is no such stream, what any takes.
fn record_bytes_max(stream: Option<&Stream>) -> usize {
    stream.map_or(*RECORD_KIB.end(), |stream| stream.max_record_size_kib) as usize * 1_024
}

/// Refuses what Kinesis refuses for its size.
pub(super) fn check_sizes(stream: &Stream, puts: &[Put]) -> Result<(), Refusal> {
    let whole: usize = puts.iter().map(Put::len).sum();
    let refusal = |message| Err(Refusal::new("InvalidArgumentException", message));
    if puts.len() > 1 && whole > CALL_BYTES_MAX {
        return refusal(format!("Records size exceeds 10 MB limit: {whole} bytes, and {CALL_BYTES_MAX} are taken."));
    }
    let max = record_bytes_max(Some(stream));
    match puts.iter().enumerate().find(|(_, put)| put.len() > max) {
        Some((at, put)) => refusal(format!(
            "Record {} has {} bytes with its key, which exceeds the {max} that stream {} takes.",
            at + 1,
            put.len(),
            stream.stream_name
        )),
        None => Ok(()),
    }
}

/// Whether records of these sizes are too large for the emulator's front door.
pub(super) fn is_large(mut sizes: impl Iterator<Item = usize> + Clone) -> bool {
    sizes.clone().sum::<usize>() > PART_BYTES_MAX || sizes.any(|bytes| bytes as u64 > RECORD_BYTES_DEFAULT)
}

/// Whether the emulator's front door lets a request through.
pub(super) fn is_within(operation: Operation, request: &Value) -> bool {
    checked_by(&operation.validation_rules(), request).is_ok()
}

/// A request with what the emulator reads of it, and no more.
pub(super) fn checked(
    operation: Operation,
    stream: Option<&Stream>,
    request: &Value,
) -> Result<Value, KinesisErrorResponse> {
    let request = checked_by(&wide(operation, record_bytes_max(stream)), request)?;
    check_hash_keys(&request)?;
    Ok(request)
}

/// The emulator checks the keys of a part when it writes that part. Kinesis checks all of them before it writes a record.
fn check_hash_keys(request: &Value) -> Result<(), KinesisErrorResponse> {
    let records = request["Records"].as_array().into_iter().flatten();
    let mut keys = records.filter_map(|record| record["ExplicitHashKey"].as_str());
    let Some(key) = keys.find(|key| key.parse::<u128>().is_err()) else { return Ok(()) };
    // The emulator's words.
    let message = format!(
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {key}"
    );
    Err(KinesisErrorResponse::client_error("InvalidArgumentException", Some(&message)))
}

/// Does what was checked.
pub(super) async fn carry_out(
    store: &Store,
    operation: Operation,
    request: Value,
) -> Result<Value, KinesisErrorResponse> {
    match operation {
        Operation::PutRecords => put_in_parts(store, request).await,
        _ => Ok(actions::dispatch(store, operation, request).await?.unwrap_or_else(|| json!({}))),
    }
}

fn checked_by(rules: &[(&str, FieldDef)], request: &Value) -> Result<Value, KinesisErrorResponse> {
    let rules: Vec<(&str, &FieldDef)> = rules.iter().map(|(name, rule)| (*name, rule)).collect();
    let request = validation::check_types(request, &rules)?;
    validation::check_validations(&request, &rules, None)?;
    Ok(request)
}

/// The emulator's rules, with Kinesis's bounds.
fn wide(operation: Operation, record_bytes_max: usize) -> Vec<(&'static str, FieldDef)> {
    let mut rules = operation.validation_rules();
    for (field, rule) in &mut rules {
        match (operation, *field) {
            (Operation::PutRecord, "Data") => rule.length_less_than_or_equal = Some(record_bytes_max),
            (Operation::PutRecords, "Records") => {
                if let Some(data) = child(rule, "Data") {
                    data.length_less_than_or_equal = Some(record_bytes_max);
                }
            }
            (
                Operation::IncreaseStreamRetentionPeriod | Operation::DecreaseStreamRetentionPeriod,
                "RetentionPeriodHours",
            ) => rule.less_than_or_equal = Some(f64::from(RETENTION_HOURS_MAX)),
            (Operation::AddTagsToStream | Operation::TagResource, "Tags") => {
                rule.length_less_than_or_equal = Some(TAGS_ADDED_MAX);
            }
            (Operation::RemoveTagsFromStream | Operation::UntagResource, "TagKeys") => {
                rule.length_less_than_or_equal = Some(TAGS_REMOVED_MAX);
            }
            (Operation::ListTagsForStream, "Limit") => rule.less_than_or_equal = Some(f64::from(TAGS_LISTED_MAX)),
            _ => {}
        }
    }
    rules
}

/// The rule of a field of a list's members.
fn child<'a>(list: &'a mut FieldDef, field: &str) -> Option<&'a mut FieldDef> {
    let FieldType::List { children } = &mut list.field_type else { return None };
    let FieldType::Structure { children } = &mut children.field_type else { return None };
    children.iter_mut().find(|(name, _)| name == field).map(|(_, rule)| rule)
}

/// Writes records in calls that the emulator takes, and puts the answers together in their order.
///
/// # Errors
/// What the emulator says. Of what was [`checked`] it refuses a later part only where the stream went meanwhile, and the records with it.
async fn put_in_parts(store: &Store, mut request: Value) -> Result<Value, KinesisErrorResponse> {
    let Value::Array(records) = request["Records"].take() else { return Ok(json!({})) };
    let mut answers = Vec::new();
    for part in parts(records) {
        answers.extend(put_part(store, &request, part).await?);
    }
    Ok(json!({"FailedRecordCount": 0, "Records": answers}))
}

/// Consecutive records, as many as the emulator takes at once.
fn parts(records: Vec<Value>) -> Vec<Vec<Value>> {
    let (mut parts, mut bytes): (Vec<Vec<Value>>, _) = (Vec::new(), 0);
    for record in records {
        let more = record.as_object().map_or(0, record_bytes);
        match parts.last_mut() {
            Some(part) if bytes + more <= PART_BYTES_MAX => part.push(record),
            _ => {
                parts.push(vec![record]);
                bytes = 0;
            }
        }
        bytes += more;
    }
    parts
}

async fn put_part(store: &Store, request: &Value, mut part: Vec<Value>) -> Result<Vec<Value>, KinesisErrorResponse> {
    let mut request = request.clone();
    let alone = match part.as_slice() {
        [one] => one.as_object().is_some_and(|record| record_bytes(record) > PART_BYTES_MAX),
        _ => false,
    };
    if !alone {
        request["Records"] = Value::Array(part);
        let answer = actions::dispatch(store, Operation::PutRecords, request).await?;
        return Ok(answer.and_then(|mut it| it["Records"].as_array_mut().map(std::mem::take)).unwrap_or_default());
    }
    // By itself the emulator takes one of any size.
    if let (Some(request), Some(Value::Object(record))) = (request.as_object_mut(), part.pop()) {
        request.remove("Records");
        request.extend(record);
    }
    let answer = actions::dispatch(store, Operation::PutRecord, request).await?;
    Ok(vec![answer.unwrap_or_default()])
}
