// SPDX-License-Identifier: Apache-2.0
//! The three protocols in which CloudWatch is spoken to, over one tree of values: CBOR's, which has a place for times.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ciborium::Value;
use jiff::Timestamp;
use serde_json::json;

use super::refusal::Refusal;
use super::wire::values::float;
use crate::json as aws_json;
use crate::query::{self, escaped};
use crate::state::Shared;

/// That of the XML.
pub(super) const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// How a request is written, and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Smithy RPC v2 CBOR: the AWS SDK for Rust.
    Cbor,
    /// AWS JSON 1.0: boto3 and the AWS CLI.
    Json,
    /// The query protocol: what is older.
    Query,
}

impl Protocol {
    /// The answer of an operation; `None` is that of one that has none.
    pub(super) fn answer(self, shared: &Shared, operation: &str, output: Option<Value>) -> Response {
        let nothing = || Value::Map(Vec::new());
        match self {
            Self::Cbor => cbor(shared, StatusCode::OK, &output.unwrap_or_else(nothing)),
            Self::Json => json(shared, StatusCode::OK, output.unwrap_or_else(nothing)),
            Self::Query => {
                query::answered(shared, NAMESPACE, operation, output.map(|output| children(&output)).as_deref())
            }
        }
    }

    pub(super) fn refuse(self, shared: &Shared, refusal: Refusal) -> Response {
        let Refusal { status, shape, code, message } = refusal;
        let text = |text: &str| Value::Text(text.to_owned());
        let body = Value::Map(vec![
            (text("__type"), Value::Text(format!("com.amazonaws.cloudwatch#{shape}"))),
            (text("message"), text(&message)),
        ]);
        let mut response = match self {
            Self::Cbor => cbor(shared, status, &body),
            Self::Json => json(shared, status, body),
            Self::Query => return query::refused(shared, NAMESPACE, &query::Refusal { status, code, message }),
        };
        if let Ok(value) = format!("{code};Sender").parse() {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    }
}

fn cbor(shared: &Shared, status: StatusCode, body: &Value) -> Response {
    let mut bytes = Vec::new();
    // Writing plain values into memory has nothing that could fail.
    let _ = ciborium::into_writer(body, &mut bytes);
    let headers = [
        ("content-type", "application/cbor".to_owned()),
        ("smithy-protocol", "rpc-v2-cbor".to_owned()),
        ("x-amzn-requestid", shared.new_id()),
    ];
    (status, headers, bytes).into_response()
}

fn json(shared: &Shared, status: StatusCode, body: Value) -> Response {
    let body = aws_json::answer(aws_json::V1_0, status, &as_json(body));
    ([("x-amzn-requestid", shared.new_id())], body).into_response()
}

/// Times are seconds since 1970 in AWS JSON.
fn as_json(value: Value) -> serde_json::Value {
    match value {
        Value::Bool(it) => json!(it),
        Value::Integer(it) => i64::try_from(it).map_or(serde_json::Value::Null, |it| json!(it)),
        Value::Float(it) => json!(it),
        Value::Text(it) => json!(it),
        Value::Tag(_, it) => as_json(*it),
        Value::Array(items) => items.into_iter().map(as_json).collect(),
        Value::Map(entries) => {
            let entry = |(name, value)| (name_of(&name).to_owned(), as_json(value));
            serde_json::Value::Object(entries.into_iter().map(entry).collect())
        }
        _ => serde_json::Value::Null,
    }
}

fn name_of(key: &Value) -> &str {
    key.as_text().unwrap_or_default()
}

/// The elements of a structure; what is null has none.
fn children(structure: &Value) -> String {
    let fields = structure.as_map().into_iter().flatten().filter(|(_, value)| !value.is_null());
    fields.map(|(name, value)| element(name_of(name), value)).collect()
}

fn element(name: &str, value: &Value) -> String {
    format!("<{name}>{}</{name}>", as_xml(value))
}

fn as_xml(value: &Value) -> String {
    match value {
        Value::Bool(it) => it.to_string(),
        Value::Integer(it) => i128::from(*it).to_string(),
        Value::Float(it) => format!("{it:?}"),
        Value::Text(it) => escaped(it),
        Value::Tag(_, seconds) => time(seconds),
        Value::Array(items) => items.iter().map(|item| element("member", item)).collect(),
        structure => children(structure),
    }
}

fn time(seconds: &Value) -> String {
    // Far inside what a float holds exactly, and inside the range of times: they were made here.
    #[allow(clippy::cast_possible_truncation)]
    let milliseconds = float(seconds).map(|seconds| (seconds * 1_000.0).round() as i64);
    let at = milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
    at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).unwrap_or_default()
}
