// SPDX-License-Identifier: Apache-2.0
//! Writes of records: what shards have room for is written, however large the call is, and the rest is throttled.

use aws_models::kinesis_rules::Refusal;
use axum::http::StatusCode;
use axum::response::Response;
use ferrokinesis::actions::Operation;
use ferrokinesis::types::Stream;
use serde_json::{Value, json};

use super::answers::{THROTTLED, answer, error_parts};
use super::call::Call;
use super::records::{self, Put};
use super::throttle::Admission;
use super::{changes, observe, wider_limits};
use crate::locked::locked;

impl Call<'_> {
    /// Writes what its shards have room for, and counts both that and the rest.
    pub(super) async fn put(self) -> Result<Response, Refusal> {
        let puts = records::puts(&self.operation, &self.body);
        let Some(stream) = self.stream().await else {
            let (status, body) = self.written(None, puts.iter().map(Put::len)).await;
            return Ok(answer(status, &body));
        };
        let (shared, name) = (self.shared, &stream.stream_name);
        wider_limits::check_sizes(&stream, &puts)?;
        let admissions = locked(&shared.throttle).admit(&shared.clock, name, &stream.shards, &puts);
        let (status, body) = self.put_admitted(&stream, &puts, &admissions).await;
        if !status.is_success() {
            locked(&shared.throttle).give_back(&shared.clock, name, &puts, &admissions);
        }
        observe::put(shared, &stream, &puts, status, &body);
        Ok(answer(status, &body))
    }

    /// Has the emulator write all of this; `sizes` are those of its records.
    async fn written(self, stream: Option<&Stream>, sizes: impl Iterator<Item = usize> + Clone) -> (StatusCode, Value) {
        if !wider_limits::is_large(sizes) {
            return self.passed_on().await;
        }
        let operation = operation(&self.operation);
        self.with_wider_limits(operation, stream).await
    }

    /// Has the emulator write what was admitted; the answer speaks of all records.
    async fn put_admitted(mut self, stream: &Stream, puts: &[Put], admissions: &[Admission]) -> (StatusCode, Value) {
        let admitted = puts.iter().zip(admissions).filter(|(_, admission)| admission.is_accepted);
        let sizes = admitted.map(|(put, _)| put.len());
        if admissions.iter().all(|admission| admission.is_accepted) {
            return self.written(Some(stream), sizes).await;
        }
        let operation = operation(&self.operation);
        // AWS checks a request before it throttles it.
        if let Err(error) = changes::rehearsed(self.shared, stream, operation, &Value::Object(self.body.clone())).await
        {
            return error_parts(&error);
        }
        let messages = self.throttled(stream, admissions);
        if operation == Operation::PutRecord {
            let message = messages.into_iter().flatten().next();
            return (StatusCode::BAD_REQUEST, json!({"__type": THROTTLED, "message": message}));
        }
        if let Some(records) = self.body.get_mut("Records").and_then(Value::as_array_mut) {
            let mut admitted = admissions.iter().map(|admission| admission.is_accepted);
            records.retain(|_| admitted.next().unwrap_or(true));
        }
        let is_none_left = admissions.iter().all(|admission| !admission.is_accepted);
        let (status, body) =
            if is_none_left { (StatusCode::OK, json!({})) } else { self.written(Some(stream), sizes).await };
        if status.is_success() { (status, with_throttled(body, messages)) } else { (status, body) }
    }

    /// What each record is told that was not admitted.
    fn throttled(&self, stream: &Stream, admissions: &[Admission]) -> Vec<Option<String>> {
        let (stream, account) = (&stream.stream_name, &self.shared.options.account);
        let message = |admission: &Admission| {
            format!("Rate exceeded for shard {} in stream {stream} under account {account}.", admission.shard)
        };
        admissions.iter().map(|admission| (!admission.is_accepted).then(|| message(admission))).collect()
    }
}

fn operation(name: &str) -> Operation {
    if name == "PutRecord" { Operation::PutRecord } else { Operation::PutRecords }
}

/// The answer to what was written, and in between what the others are told.
fn with_throttled(mut body: Value, messages: Vec<Option<String>>) -> Value {
    let throttled = messages.iter().flatten().count() as u64;
    let mut written = body["Records"].as_array().cloned().unwrap_or_default().into_iter();
    let records: Vec<Value> = messages
        .into_iter()
        .map(|message| match message {
            Some(message) => json!({"ErrorCode": THROTTLED, "ErrorMessage": message}),
            None => written.next().unwrap_or_default(),
        })
        .collect();
    body["FailedRecordCount"] = json!(body["FailedRecordCount"].as_u64().unwrap_or(0) + throttled);
    body["Records"] = json!(records);
    body
}
