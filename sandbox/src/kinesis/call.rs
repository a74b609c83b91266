// SPDX-License-Identifier: Apache-2.0
//! One request on its way through to the emulator, and back.

use aws_models::kinesis_rules::Refusal;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use ferrokinesis::actions::Operation;
use ferrokinesis::types::Stream;
use serde_json::{Map, Value, json};
use tokio::sync::MutexGuard;

use super::answers::{answer, error_parts};
use super::pending::Pending;
use super::wider_limits;
use crate::state::Shared;

/// One request on its way through.
pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) operation: String,
    pub(super) parts: Parts,
    pub(super) body: Map<String, Value>,
    pub(super) next: Next,
    /// Held during every operation that may change a stream.
    pub(super) pending: Option<MutexGuard<'a, Pending>>,
}

impl Call<'_> {
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field)?.as_str()
    }

    /// The stream that is named, be it by ARN; `None` where there is none of that name.
    pub(super) async fn stream(&self) -> Option<Stream> {
        let by_arn = || self.shared.store.stream_name_from_arn(self.text("StreamARN")?);
        let name = self.text("StreamName").map(str::to_owned).or_else(by_arn)?;
        self.shared.store.get_stream(&name).await.ok()
    }

    /// Hands the request, as it is by now, to the emulator.
    pub(super) async fn pass_on(self) -> Response {
        let mut parts = self.parts;
        parts.headers.remove(header::CONTENT_LENGTH);
        let body = Value::Object(self.body).to_string();
        self.next.run(Request::from_parts(parts, Body::from(body))).await
    }

    /// As [`Self::pass_on`], with the answer read; an answer without a body is an empty object.
    pub(super) async fn passed_on(self) -> (StatusCode, Value) {
        let response = self.pass_on().await;
        let status = response.status();
        // Answers come from memory and are as long as the emulator made them.
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| json!({})))
    }

    /// The emulator's front door has narrower bounds than Kinesis for these.
    pub(super) async fn pass_on_or_widen(self, operation: Operation) -> Result<Response, Refusal> {
        let (status, body) = if wider_limits::is_within(operation, &Value::Object(self.body.clone())) {
            self.passed_on().await
        } else {
            self.with_wider_limits(operation, None).await
        };
        Ok(answer(status, &body))
    }

    /// Does what the emulator would not let through its front door.
    pub(super) async fn with_wider_limits(self, operation: Operation, stream: Option<&Stream>) -> (StatusCode, Value) {
        let done = match wider_limits::checked(operation, stream, &Value::Object(self.body)) {
            Ok(request) => wider_limits::carry_out(&self.shared.store, operation, request).await,
            Err(error) => Err(error),
        };
        done.map_or_else(|error| error_parts(&error), |body| (StatusCode::OK, body))
    }
}
