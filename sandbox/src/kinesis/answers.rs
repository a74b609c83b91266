// SPDX-License-Identifier: Apache-2.0
//! Answers of Kinesis: its own, and those that the emulator gives as errors.

use aws_models::kinesis_rules::Refusal;
use axum::http::StatusCode;
use axum::response::Response;
use ferrokinesis::error::KinesisErrorResponse;
use serde_json::{Value, json};

use crate::json;

/// The exception of a shard that takes no more in this second.
pub(super) const THROTTLED: &str = "ProvisionedThroughputExceededException";

pub(super) fn error(error_type: &str, message: &str) -> Response {
    json::error(json::V1_1, error_type, message)
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    json::answer(json::V1_1, status, body)
}

/// What the emulator says against a request.
pub(super) fn error_parts(error: &KinesisErrorResponse) -> (StatusCode, Value) {
    (StatusCode::from_u16(error.status_code).unwrap_or(StatusCode::BAD_REQUEST), json!(error.body))
}

pub(super) fn refused(error: &KinesisErrorResponse) -> Response {
    let (status, body) = error_parts(error);
    answer(status, &body)
}

pub(super) fn internal(error: &KinesisErrorResponse) -> Refusal {
    Refusal::new("InternalFailureException", error.to_string())
}

pub(super) fn invalid_argument(message: String) -> Refusal {
    Refusal::new("InvalidArgumentException", message)
}
