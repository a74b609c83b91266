// SPDX-License-Identifier: Apache-2.0
//! Refusals of CloudWatch, by the names that each protocol has for them.

use aws_models::cloudwatch::CloudWatchError;
use axum::http::StatusCode;

/// An error answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The name of the shape, in `__type`.
    pub(super) shape: &'static str,
    /// The older name of the same error: the only one in the query protocol, a header in the others.
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    /// A parameter that is missing or wrong. The SDK has no type for it: its code is what tells.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", "ValidationError", message)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value null at '{parameter}' failed to satisfy constraint: Member must not be null"
        ))
    }

    /// What is not the input of any operation.
    pub(super) fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", "SerializationException", message)
    }

    pub(super) fn parameter_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    pub(super) fn bad_token(token: &str) -> Self {
        Self::new(
            "InvalidNextToken",
            "InvalidNextToken",
            format!(
                "NextToken {token:?} is not one that this \
            sandbox returned"
            ),
        )
    }

    pub(super) fn new(shape: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape, code, message: message.into() }
    }

    pub(super) fn not_found(shape: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::new(shape, shape, message) }
    }
}

impl From<CloudWatchError> for Refusal {
    fn from(error: CloudWatchError) -> Self {
        match error {
            CloudWatchError::UnknownAlarm { .. } => Self::not_found("ResourceNotFound", error.to_string()),
            CloudWatchError::Invalid { .. }
            | CloudWatchError::Action { .. }
            | CloudWatchError::ReturnData
            | CloudWatchError::Math { .. }
            | CloudWatchError::Circular { .. } => Self::validation(error.to_string()),
        }
    }
}
