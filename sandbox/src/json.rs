// SPDX-License-Identifier: Apache-2.0
//! What the services that speak AWS JSON to `/` share: the operation's name, the body, the answers.

use aws_models::kinesis_rules::Refusal;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The content type of AWS JSON 1.0.
pub(crate) const V1_0: &str = "application/x-amz-json-1.0";

/// The content type of what is JSON without a protocol of AWS's.
pub(crate) const PLAIN: &str = "application/json";

/// The content type of AWS JSON 1.1.
pub(crate) const V1_1: &str = "application/x-amz-json-1.1";

/// The largest body read: a `PutRecords` of 10 MiB (API reference) is a third longer in base64, plus keys and quotes.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The refusal of an operation that the service has not, or this sandbox has not.
pub(crate) fn unknown_operation(operation: &str, known: &str) -> Refusal {
    Refusal::new(
        "UnknownOperationException",
        format!(
            "{operation} is not an operation that this sandbox \
        supports: {known}"
        ),
    )
}

/// What to say of the first of these fields that is given, none of which is modelled: a caller who needs one is refused, and
/// not answered wrongly.
pub(crate) fn unmodelled<T>(fields: &[(&str, &Option<T>)]) -> Option<String> {
    let given = fields.iter().find(|(_, value)| value.is_some());
    given.map(|(name, _)| format!("{name} is not supported by this sandbox; leave it out"))
}

/// The operation asked of the service with this prefix; `None` when the request is for another service.
pub(crate) fn operation(headers: &HeaderMap, prefix: &str) -> Option<String> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.strip_prefix(prefix).map(str::to_owned)
}

/// The input of an operation.
pub(crate) async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let unreadable = |why: String| Refusal::new("SerializationException", why);
    let bytes = to_bytes(body, BODY_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| unreadable(format!("The body is longer than {BODY_BYTES_MAX} bytes")))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| unreadable(format!("The body is not the JSON of this operation's input: {error}")))
}

/// An answer of this content type.
pub(crate) fn answer(content_type: &'static str, status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
}

/// What an operation answers, or its refusal.
pub(crate) fn respond(content_type: &'static str, result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(body) => answer(content_type, StatusCode::OK, &body),
        Err(Refusal { error_type, message }) => error(content_type, error_type, &message),
    }
}

/// AWS's shape of an error.
pub(crate) fn error(content_type: &'static str, error_type: &str, message: &str) -> Response {
    answer(content_type, StatusCode::BAD_REQUEST, &json!({"__type": error_type, "message": message}))
}
