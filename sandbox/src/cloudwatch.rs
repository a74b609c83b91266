//! CloudWatch over rpc-v2-cbor, the protocol of the AWS SDK for Rust: the six operations this project uses.

mod wire;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use scaler_sim::cloudwatch::{AlarmFilter, CloudWatchError, DESCRIBE_PAGE_MAX, Query, QuerySource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::locked::locked;
use crate::state::Shared;
use wire::{
    DeleteAlarms, DescribeAlarms, DescribeAlarmsOutput, GetMetricData, GetMetricDataOutput, ListTagsForResource,
    ListTagsForResourceOutput, MetricAlarm, PutMetricAlarm, SetAlarmState,
};

/// Where the SDK posts; the operation follows.
pub(crate) const PATH: &str = "/service/GraniteServiceVersion20100801/operation/{operation}";

/// An error answer.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// The name of the shape, in `__type`.
    shape: &'static str,
    /// The older name of the same error, which the SDK matches on; it travels in a header.
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

    fn new(shape: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, shape, code, message: message.into() }
    }
}

impl From<CloudWatchError> for Refusal {
    fn from(error: CloudWatchError) -> Self {
        match error {
            CloudWatchError::UnknownAlarm { .. } => {
                Self::new("ResourceNotFound", "ResourceNotFound", error.to_string())
            }
            CloudWatchError::Invalid { .. } | CloudWatchError::Math { .. } | CloudWatchError::Circular { .. } => {
                Self::validation(error.to_string())
            }
        }
    }
}

#[derive(Serialize)]
struct ErrorBody {
    __type: String,
    message: String,
}

#[derive(Serialize)]
struct Nothing {}

/// Answers one operation.
pub(crate) async fn answer(
    State(shared): State<Arc<Shared>>,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let spoken = headers.get("smithy-protocol").is_some_and(|protocol| protocol == "rpc-v2-cbor");
    run(&shared, &operation, spoken, &body).unwrap_or_else(|refusal| {
        let Refusal { status, shape, code, message } = refusal;
        let body = ErrorBody { __type: format!("com.amazonaws.cloudwatch#{shape}"), message };
        let mut response = cbor(&shared, status, &body);
        if let Ok(value) = format!("{code};Sender").parse() {
            response.headers_mut().insert("x-amzn-query-error", value);
        }
        response
    })
}

fn run(shared: &Shared, operation: &str, spoken: bool, body: &[u8]) -> Result<Response, Refusal> {
    shared
        .called("cloudwatch", operation)
        .map_err(|too_fast| Refusal::new("ThrottlingException", "Throttling", too_fast.message()))?;
    if !spoken {
        let message = "Only the protocol rpc-v2-cbor is spoken here (header smithy-protocol)";
        return Err(Refusal::new("SerializationException", "SerializationException", message));
    }
    match operation {
        "GetMetricData" => ok(shared, &get_metric_data(shared, read(body)?)?),
        "PutMetricAlarm" => ok(shared, &put_metric_alarm(shared, read(body)?)?),
        "DescribeAlarms" => ok(shared, &describe_alarms(shared, read(body)?)?),
        "DeleteAlarms" => ok(shared, &delete_alarms(shared, read(body)?)?),
        "SetAlarmState" => ok(shared, &set_alarm_state(shared, read(body)?)?),
        "ListTagsForResource" => ok(shared, &list_tags_for_resource(shared, read(body)?)?),
        _ => {
            let message = format!(
                "{operation} is not one of GetMetricData, PutMetricAlarm, DescribeAlarms, DeleteAlarms, SetAlarmState, \
                 ListTagsForResource"
            );
            let refusal = Refusal::new("UnknownOperationException", "UnknownOperation", message);
            Err(Refusal { status: StatusCode::NOT_FOUND, ..refusal })
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    ciborium::from_reader(body).map_err(|error| {
        let message = format!("The body is not the CBOR of this operation's input: {error}");
        Refusal::new("SerializationException", "SerializationException", message)
    })
}

// A `Result` so that every arm above reads the same.
#[allow(clippy::unnecessary_wraps)]
fn ok(shared: &Shared, body: &impl Serialize) -> Result<Response, Refusal> {
    Ok(cbor(shared, StatusCode::OK, body))
}

fn cbor(shared: &Shared, status: StatusCode, body: &impl Serialize) -> Response {
    let mut bytes = Vec::new();
    // Writing plain structs into memory has nothing that could fail.
    let _ = ciborium::into_writer(body, &mut bytes);
    let headers = [
        ("content-type", "application/cbor".to_owned()),
        ("smithy-protocol", "rpc-v2-cbor".to_owned()),
        ("x-amzn-requestid", shared.new_id()),
    ];
    (status, headers, bytes).into_response()
}

fn get_metric_data(shared: &Shared, input: GetMetricData) -> Result<GetMetricDataOutput, Refusal> {
    if input.next_token.is_some() {
        return Err(Refusal::new("InvalidNextToken", "InvalidNextToken", "Answers here have one page only"));
    }
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
    Ok(GetMetricDataOutput::new(results, newest_first))
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

fn put_metric_alarm(shared: &Shared, mut input: PutMetricAlarm) -> Result<Nothing, Refusal> {
    let tags = wire::tags(std::mem::take(&mut input.tags));
    let config = input.into_config()?;
    locked(&shared.cloudwatch).put_alarm_tagged(config, tags, shared.clock.now())?;
    Ok(Nothing {})
}

fn describe_alarms(shared: &Shared, input: DescribeAlarms) -> Result<DescribeAlarmsOutput, Refusal> {
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
    if !input.alarm_types.is_empty() && !input.alarm_types.iter().any(|kind| kind == "MetricAlarm") {
        return Ok(DescribeAlarmsOutput::default());
    }
    let after = input.next_token.map(|token| {
        let name = token.strip_prefix(TOKEN_PREFIX).map(str::to_owned);
        name.ok_or_else(|| {
            Refusal::new("InvalidNextToken", "InvalidNextToken", format!("NextToken {token:?} was not given out"))
        })
    });
    let after = after.transpose()?;
    let state = input.state_value.map(|state| wire::named(&state)).transpose()?;
    let filter = AlarmFilter { names: input.alarm_names, name_prefix: input.alarm_name_prefix, state };
    let page = locked(&shared.cloudwatch).describe_alarms(&filter, page, after.as_deref());
    Ok(DescribeAlarmsOutput {
        metric_alarms: page.alarms.iter().map(|alarm| MetricAlarm::new(&shared.origin(), alarm)).collect(),
        next_token: page.next.map(|name| format!("{TOKEN_PREFIX}{name}")),
    })
}

/// What a page's token starts with; the last name of the page follows.
const TOKEN_PREFIX: &str = "after:";

fn delete_alarms(shared: &Shared, input: DeleteAlarms) -> Result<Nothing, Refusal> {
    let names = input.alarm_names.ok_or_else(|| Refusal::missing("alarmNames"))?;
    if names.len() > 100 {
        return Err(Refusal::validation(format!("AlarmNames has {} names, not at most 100", names.len())));
    }
    locked(&shared.cloudwatch).delete_alarms(&names);
    Ok(Nothing {})
}

fn set_alarm_state(shared: &Shared, input: SetAlarmState) -> Result<Nothing, Refusal> {
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
    Ok(Nothing {})
}

/// Of alarms only. An alarm that is not here goes by another name of the error than with `SetAlarmState`: there it is
/// `ResourceNotFound`, here `ResourceNotFoundException`. Source: CloudWatch API reference, both operations.
fn list_tags_for_resource(shared: &Shared, input: ListTagsForResource) -> Result<ListTagsForResourceOutput, Refusal> {
    let arn = input.resource_arn.ok_or_else(|| Refusal::missing("resourceARN"))?;
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", "aws", "cloudwatch", _, _, "alarm", _] = parts[..] else {
        let message = format!("ResourceARN {arn:?} is not the ARN of an alarm");
        return Err(Refusal::new("InvalidParameterValueException", "InvalidParameterValue", message));
    };
    let not_found = |message: String| Refusal {
        status: StatusCode::NOT_FOUND,
        ..Refusal::new("ResourceNotFoundException", "ResourceNotFoundException", message)
    };
    let name = arn.strip_prefix(&shared.origin().alarm_arn("")).ok_or_else(|| {
        not_found(format!("{arn} is not of account {} in {}", shared.options.account, shared.options.region))
    })?;
    let cloudwatch = locked(&shared.cloudwatch);
    let tags = cloudwatch.alarm_tags(name).map_err(|error| not_found(error.to_string()))?;
    Ok(ListTagsForResourceOutput::new(tags))
}
