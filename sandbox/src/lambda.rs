// SPDX-License-Identifier: Apache-2.0
//! Lambda's reserved concurrency, by which people stop a function: one that may not run is sent no events.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::json as aws_json;
use crate::locked::locked;
use crate::state::Shared;

/// Where the concurrency of a function is put and deleted. Source: Lambda API reference, `PutFunctionConcurrency`.
pub(crate) const PATH: &str = "/2017-10-31/functions/{function}/concurrency";

/// `PutFunctionConcurrency`.
pub(crate) async fn put(State(shared): State<Arc<Shared>>, Path(function): Path<String>, body: Bytes) -> Response {
    if let Err(too_fast) = shared.called("lambda", "PutFunctionConcurrency") {
        return refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &too_fast.message());
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(reserved) = body["ReservedConcurrentExecutions"].as_u64() else {
        let message = format!(
            "ReservedConcurrentExecutions {} is not a number of 0 or more",
            body["ReservedConcurrentExecutions"]
        );
        return refused(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message);
    };
    let mut stopped = locked(&shared.stopped);
    let name = name(&function).to_owned();
    if reserved == 0 {
        stopped.insert(name)
    } else {
        stopped.remove(&name)
    };
    aws_json::answer(aws_json::PLAIN, StatusCode::OK, &json!({"ReservedConcurrentExecutions": reserved}))
}

/// `DeleteFunctionConcurrency`.
pub(crate) async fn delete(State(shared): State<Arc<Shared>>, Path(function): Path<String>) -> Response {
    if let Err(too_fast) = shared.called("lambda", "DeleteFunctionConcurrency") {
        return refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &too_fast.message());
    }
    locked(&shared.stopped).remove(name(&function));
    StatusCode::NO_CONTENT.into_response()
}

/// The name in a name, an ARN, or the end of one.
fn name(function: &str) -> &str {
    function.split_once("function:").map_or(function, |(_, rest)| rest.split(':').next().unwrap_or(rest))
}

fn refused(status: StatusCode, error_type: &'static str, message: &str) -> Response {
    let body = aws_json::answer(aws_json::PLAIN, status, &json!({"Type": "User", "message": message}));
    ([("x-amzn-errortype", error_type)], body).into_response()
}
