// SPDX-License-Identifier: Apache-2.0
//! Takes the requests to CloudWatch in each of its protocols, and gives each to its operation.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use ciborium::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::protocol::{NAMESPACE, Protocol};
use super::refusal::Refusal;
use super::{alarms, form, metrics, tags};
use crate::json;
use crate::query::{self, Form};
use crate::state::Shared;

/// Where rpc-v2-cbor is posted; the operation follows.
pub(crate) const PATH: &str = "/service/GraniteServiceVersion20100801/operation/{operation}";

/// What an operation's name follows in AWS JSON.
const TARGET_PREFIX: &str = "GraniteServiceVersion20100801.";

/// What the query protocol calls this service.
pub(crate) const VERSION: &str = "2010-08-01";

const OPERATIONS: &str = "GetMetricData, PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, ListTagsForResource, \
                          TagResource, UntagResource";

/// Answers one operation over rpc-v2-cbor.
pub(crate) async fn cbor(
    State(shared): State<Arc<Shared>>,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let input = if headers.get("smithy-protocol").is_some_and(|protocol| protocol == "rpc-v2-cbor") {
        ciborium::from_reader(&*body).map_err(|error| Refusal::serialization(format!("The body is not CBOR: {error}")))
    } else {
        Err(Refusal::serialization(
            "Only the protocol rpc-v2-cbor is supported at this path (header \
            smithy-protocol)",
        ))
    };
    respond(&shared, Protocol::Cbor, &operation, input)
}

/// Takes the requests over AWS JSON; everything else goes on.
pub(crate) async fn layer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let Some(operation) = json::operation(request.headers(), TARGET_PREFIX) else { return next.run(request).await };
    let input = json::read(request.into_body()).await.map_err(|refusal| Refusal::serialization(refusal.message));
    respond(&shared, Protocol::Json, &operation, input)
}

/// Answers one operation over the query protocol.
pub(crate) fn query(shared: &Shared, mut form: Form) -> Response {
    let action = form.remove("Action").filter(|action| !action.is_empty());
    form.remove("Version");
    let Some(operation) = action else { return query::refused(shared, NAMESPACE, &query::missing_action()) };
    respond(shared, Protocol::Query, &operation, form::read(form))
}

fn respond(shared: &Shared, protocol: Protocol, operation: &str, input: Result<Value, Refusal>) -> Response {
    match run(shared, operation, input) {
        Ok(output) => protocol.answer(shared, operation, output),
        Err(refusal) => protocol.refuse(shared, refusal),
    }
}

/// Does what is asked. The answer is `None` where the operation has none.
fn run(shared: &Shared, operation: &str, input: Result<Value, Refusal>) -> Result<Option<Value>, Refusal> {
    shared
        .called("cloudwatch", operation)
        .map_err(|too_fast| Refusal::new("ThrottlingException", "Throttling", too_fast.message()))?;
    let input = input?;
    match operation {
        "GetMetricData" => Ok(written(&metrics::get_metric_data(shared, read(&input)?)?)),
        "DescribeAlarms" => Ok(written(&alarms::describe_alarms(shared, read(&input)?)?)),
        "ListTagsForResource" => Ok(written(&tags::list_tags_for_resource(shared, read(&input)?)?)),
        "PutMetricAlarm" => alarms::put_metric_alarm(shared, read(&input)?).map(|()| None),
        "DeleteAlarms" => alarms::delete_alarms(shared, read(&input)?).map(|()| None),
        "SetAlarmState" => alarms::set_alarm_state(shared, read(&input)?).map(|()| None),
        "TagResource" => tags::tag_resource(shared, read(&input)?).map(|()| Some(Value::Map(Vec::new()))),
        "UntagResource" => tags::untag_resource(shared, read(&input)?).map(|()| Some(Value::Map(Vec::new()))),
        _ => {
            let message = format!("{operation} is not an operation that this sandbox supports: {OPERATIONS}");
            let refusal = Refusal::new("UnknownOperationException", "InvalidAction", message);
            Err(Refusal { status: StatusCode::NOT_FOUND, ..refusal })
        }
    }
}

fn read<T: DeserializeOwned>(input: &Value) -> Result<T, Refusal> {
    input.deserialized().map_err(|error| {
        Refusal::serialization(format!(
            "The body is not the input of this \
        operation: {error}"
        ))
    })
}

fn written(output: &impl Serialize) -> Option<Value> {
    // Turning plain structs into values has nothing that could fail.
    Value::serialized(output).ok()
}
