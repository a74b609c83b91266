//! CloudWatch in each of its protocols: the operations this project uses, and those that tag alarms.

mod form;
mod protocol;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_models::cloudwatch::{
    AlarmFilter, CloudWatch, CloudWatchError, DESCRIBE_PAGE_MAX, POINTS_PAGE_MAX, Query, QuerySource,
};
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use ciborium::Value;
use jiff::SignedDuration;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json;
use crate::locked::locked;
use crate::query::{self, Form};
use crate::state::Shared;
use protocol::{NAMESPACE, Protocol};
use wire::{
    DeleteAlarms, DescribeAlarms, DescribeAlarmsOutput, GetMetricData, GetMetricDataOutput, ListTagsForResource,
    ListTagsForResourceOutput, MetricAlarm, PutMetricAlarm, SetAlarmState, TagResource, UntagResource,
};

/// Where rpc-v2-cbor is posted; the operation follows.
pub(crate) const PATH: &str = "/service/GraniteServiceVersion20100801/operation/{operation}";

/// What an operation's name follows in AWS JSON.
const TARGET_PREFIX: &str = "GraniteServiceVersion20100801.";

/// What the query protocol calls this service.
pub(crate) const VERSION: &str = "2010-08-01";

type Tags = BTreeMap<String, String>;

const OPERATIONS: &str = "GetMetricData, PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, ListTagsForResource, \
                          TagResource, UntagResource";

/// An error answer.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    /// The name of the shape, in `__type`.
    shape: &'static str,
    /// The older name of the same error: the only one in the query protocol, a header in the others.
    code: &'static str,
    message: String,
}

impl Refusal {
    /// A parameter that is missing or wrong. The SDK has no type for it: its code is what tells.
    fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", "ValidationError", message)
    }

    fn missing(parameter: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value null at '{parameter}' failed to satisfy constraint: Member must not be null"
        ))
    }

    /// What is not the input of any operation.
    fn serialization(message: impl Into<String>) -> Self {
        Self::new("SerializationException", "SerializationException", message)
    }

    fn parameter_value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValueException", "InvalidParameterValue", message)
    }

    fn new(shape: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape, code, message: message.into() }
    }

    fn not_found(shape: &'static str, message: impl Into<String>) -> Self {
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
        Err(Refusal::serialization("Only the protocol rpc-v2-cbor is spoken at this path (header smithy-protocol)"))
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
        "GetMetricData" => Ok(written(&get_metric_data(shared, read(&input)?)?)),
        "DescribeAlarms" => Ok(written(&describe_alarms(shared, read(&input)?)?)),
        "ListTagsForResource" => Ok(written(&list_tags_for_resource(shared, read(&input)?)?)),
        "PutMetricAlarm" => put_metric_alarm(shared, read(&input)?).map(|()| None),
        "DeleteAlarms" => delete_alarms(shared, read(&input)?).map(|()| None),
        "SetAlarmState" => set_alarm_state(shared, read(&input)?).map(|()| None),
        "TagResource" => tag_resource(shared, read(&input)?).map(|()| Some(Value::Map(Vec::new()))),
        "UntagResource" => untag_resource(shared, read(&input)?).map(|()| Some(Value::Map(Vec::new()))),
        _ => {
            let message = format!("{operation} is not one this sandbox knows: {OPERATIONS}");
            let refusal = Refusal::new("UnknownOperationException", "InvalidAction", message);
            Err(Refusal { status: StatusCode::NOT_FOUND, ..refusal })
        }
    }
}

fn read<T: DeserializeOwned>(input: &Value) -> Result<T, Refusal> {
    input.deserialized().map_err(|error| Refusal::serialization(format!("Not the input of this operation: {error}")))
}

fn written(output: &impl Serialize) -> Option<Value> {
    // Turning plain structs into values has nothing that could fail.
    Value::serialized(output).ok()
}

fn get_metric_data(shared: &Shared, input: GetMetricData) -> Result<GetMetricDataOutput, Refusal> {
    let from = input.next_token.map_or(Ok(0), |token| {
        let from = token.strip_prefix(POINT_TOKEN_PREFIX).and_then(|from| from.parse().ok());
        from.ok_or_else(|| bad_token(&token))
    })?;
    let page = input.max_datapoints.map_or(Ok(POINTS_PAGE_MAX), |points| {
        let allowed = usize::try_from(points).ok().filter(|points| (1..=POINTS_PAGE_MAX).contains(points));
        allowed.ok_or_else(|| Refusal::validation(format!("MaxDatapoints={points} is not 1 to {POINTS_PAGE_MAX}")))
    })?;
    let newest_first = match input.scan_by.as_deref() {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(other) => {
            return Err(Refusal::validation(format!(
                "ScanBy={other:?} is not TimestampDescending or TimestampAscending"
            )));
        }
    };
    let start = input.start_time.ok_or_else(|| Refusal::missing("startTime"))?;
    let end = input.end_time.ok_or_else(|| Refusal::missing("endTime"))?;
    let queries = wire::queries(input.metric_data_queries)?;
    let now = shared.clock.now();
    let mut results = locked(&shared.cloudwatch).metric_data(&queries, start, end, now)?;
    let kept_since = now - kept(&queries);
    for result in &mut results {
        result.values.retain(|at, _| *at >= kept_since.as_second());
    }
    let (mut output, next) = GetMetricDataOutput::page(results, newest_first, from, page);
    output.next_token = next.map(|from| format!("{POINT_TOKEN_PREFIX}{from}"));
    Ok(output)
}

/// What a page's token starts with; the number of points before the next page follows.
const POINT_TOKEN_PREFIX: &str = "point:";

fn bad_token(token: &str) -> Refusal {
    Refusal::new("InvalidNextToken", "InvalidNextToken", format!("NextToken {token:?} was not given out"))
}

/// How long points are kept, by the finest period that is asked for. Source: `GetMetricData`, `StartTime` (facts 4.1).
fn kept(queries: &[Query]) -> SignedDuration {
    let period = |query: &Query| match &query.source {
        QuerySource::Stat(stat) => Some(stat.period_seconds),
        QuerySource::Expression(_) => None,
    };
    let days = match queries.iter().filter_map(period).min() {
        Some(period) if period % 3_600 == 0 => 455,
        Some(period) if period % 300 == 0 => 63,
        _ => 15,
    };
    SignedDuration::from_hours(24 * days)
}

fn put_metric_alarm(shared: &Shared, mut input: PutMetricAlarm) -> Result<(), Refusal> {
    let tags = wire::tags(std::mem::take(&mut input.tags));
    let config = input.into_config()?;
    Ok(locked(&shared.cloudwatch).put_alarm_tagged(config, tags, shared.clock.now())?)
}

fn describe_alarms(shared: &Shared, input: DescribeAlarms) -> Result<DescribeAlarmsOutput, Refusal> {
    input.refuse_unmodelled()?;
    if !input.alarm_names.is_empty() && input.alarm_name_prefix.is_some() {
        return Err(Refusal::validation("AlarmNames and AlarmNamePrefix cannot be given together"));
    }
    if input.alarm_names.len() > DESCRIBE_PAGE_MAX {
        return Err(Refusal::validation(format!("AlarmNames has {} names, not at most 100", input.alarm_names.len())));
    }
    let page = input.max_records.map_or(Ok(DESCRIBE_PAGE_MAX), |records| {
        let allowed = usize::try_from(records).ok().filter(|records| (1..=DESCRIBE_PAGE_MAX).contains(records));
        allowed.ok_or_else(|| Refusal::validation(format!("MaxRecords={records} is not 1 to 100")))
    })?;
    if let Some(other) = input.alarm_types.iter().find(|kind| !ALARM_TYPES.contains(&kind.as_str())) {
        return Err(Refusal::validation(format!("AlarmTypes {other:?} is not one of {}", ALARM_TYPES.join(", "))));
    }
    let after = input.next_token.map(|token| {
        let name = token.strip_prefix(TOKEN_PREFIX).map(str::to_owned);
        name.ok_or_else(|| bad_token(&token))
    });
    let after = after.transpose()?;
    let state = input.state_value.map(|state| wire::named(&state)).transpose()?;
    let [metric_alarm, ..] = ALARM_TYPES;
    if !input.alarm_types.is_empty() && !input.alarm_types.iter().any(|kind| kind == metric_alarm) {
        return Ok(DescribeAlarmsOutput::default());
    }
    let filter = AlarmFilter {
        names: input.alarm_names,
        name_prefix: input.alarm_name_prefix,
        action_prefix: input.action_prefix,
        state,
    };
    let page = locked(&shared.cloudwatch).describe_alarms(&filter, page, after.as_deref());
    Ok(DescribeAlarmsOutput {
        metric_alarms: page.alarms.iter().map(|alarm| MetricAlarm::new(&shared.origin(), alarm)).collect(),
        next_token: page.next.map(|name| format!("{TOKEN_PREFIX}{name}")),
        ..DescribeAlarmsOutput::default()
    })
}

/// What there are in CloudWatch; the first alone is here. Source: CloudWatch API reference, `DescribeAlarms`.
const ALARM_TYPES: [&str; 3] = ["MetricAlarm", "CompositeAlarm", "LogAlarm"];

/// What a page's token starts with; the last name of the page follows.
const TOKEN_PREFIX: &str = "after:";

fn delete_alarms(shared: &Shared, input: DeleteAlarms) -> Result<(), Refusal> {
    let names = input.alarm_names.ok_or_else(|| Refusal::missing("alarmNames"))?;
    if names.len() > 100 {
        return Err(Refusal::validation(format!("AlarmNames has {} names, not at most 100", names.len())));
    }
    locked(&shared.cloudwatch).delete_alarms(&names);
    Ok(())
}

fn set_alarm_state(shared: &Shared, input: SetAlarmState) -> Result<(), Refusal> {
    let name = input.alarm_name.ok_or_else(|| Refusal::missing("alarmName"))?;
    let state = wire::named(&input.state_value.ok_or_else(|| Refusal::missing("stateValue"))?)?;
    let reason = input.state_reason.ok_or_else(|| Refusal::missing("stateReason"))?;
    let data = input.state_reason_data;
    if data.as_ref().is_some_and(|data| serde_json::from_str::<serde_json::Value>(data).is_err()) {
        return Err(Refusal::new("InvalidFormatFault", "InvalidFormat", "StateReasonData is not JSON"));
    }
    let now = shared.clock.now();
    let transition = locked(&shared.cloudwatch).set_alarm_state(&name, state, &reason, data, now)?;
    if let Some(transition) = transition {
        shared.run_actions(&transition);
    }
    Ok(())
}

/// An alarm that is not here goes by another name of the error than with `SetAlarmState`: there it is `ResourceNotFound`,
/// here `ResourceNotFoundException`. Source: CloudWatch API reference, the operations that tag.
fn no_resource(message: String) -> Refusal {
    Refusal::not_found("ResourceNotFoundException", message)
}

fn tags_of(cloudwatch: &CloudWatch, alarm: &str) -> Result<Tags, Refusal> {
    cloudwatch.alarm_tags(alarm).cloned().map_err(|error| no_resource(error.to_string()))
}

/// The name of the alarm that is asked for its tags; nothing else has any here.
fn tagged_alarm(shared: &Shared, arn: Option<String>) -> Result<String, Refusal> {
    let arn = arn.ok_or_else(|| Refusal::missing("resourceARN"))?;
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", "aws", "cloudwatch", _, _, "alarm", _] = parts[..] else {
        return Err(Refusal::parameter_value(format!("ResourceARN {arn:?} is not the ARN of an alarm")));
    };
    let name = arn.strip_prefix(&shared.origin().alarm_arn("")).map(str::to_owned);
    let (account, region) = (&shared.options.account, &shared.options.region);
    name.ok_or_else(|| no_resource(format!("{arn} is not of account {account} in {region}")))
}

fn list_tags_for_resource(shared: &Shared, input: ListTagsForResource) -> Result<ListTagsForResourceOutput, Refusal> {
    let name = tagged_alarm(shared, input.resource_arn)?;
    Ok(ListTagsForResourceOutput::new(tags_of(&locked(&shared.cloudwatch), &name)?))
}

fn tag_resource(shared: &Shared, input: TagResource) -> Result<(), Refusal> {
    let name = tagged_alarm(shared, input.resource_arn)?;
    let mut cloudwatch = locked(&shared.cloudwatch);
    let mut tags = tags_of(&cloudwatch, &name)?;
    tags.extend(wire::tags(input.tags.ok_or_else(|| Refusal::missing("tags"))?));
    cloudwatch.set_alarm_tags(&name, tags).map_err(|error| Refusal::parameter_value(error.to_string()))
}

fn untag_resource(shared: &Shared, input: UntagResource) -> Result<(), Refusal> {
    let name = tagged_alarm(shared, input.resource_arn)?;
    let keys = input.tag_keys.ok_or_else(|| Refusal::missing("tagKeys"))?;
    let mut cloudwatch = locked(&shared.cloudwatch);
    let mut tags = tags_of(&cloudwatch, &name)?;
    tags.retain(|key, _| !keys.contains(key));
    Ok(cloudwatch.set_alarm_tags(&name, tags)?)
}
