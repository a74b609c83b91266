// SPDX-License-Identifier: Apache-2.0
//! What is wrong with an event.

use serde_json::Value;

/// The namespace of the metrics of Kinesis.
pub(super) const NAMESPACE: &str = "AWS/Kinesis";

/// What is wrong with an event. No retry can mend it, so it is reported and not failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventFault {
    /// None of the events we know.
    #[error(
        "the event is neither an alarm nor a schedule: expected an SNS event with Records, an EventBridge event \
         of detail-type \"CloudWatch Alarm State Change\" or \"Scheduled Event\", or a direct alarm action with \
         alarmData; got {0}"
    )]
    Unknown(String),
    /// No request that alarm-sync knows.
    #[error(
        "the event is no request for alarm-sync: expected a schedule, a CloudTrail or tag event of Kinesis, a \
         CloudFormation event of the stack, {{\"sync\": \"all\"}} or {{\"sync\": [\"stream\", ...]}}; got {0}"
    )]
    NoSyncRequest(String),
    /// An alarm over other alarms.
    #[error(
        "alarm {alarm} is a composite alarm, which has no metric and so names no stream: let its child alarms \
         call this function instead{children}"
    )]
    Composite {
        /// The alarm.
        alarm: String,
        /// Those under it that fired, in brackets, where it says so.
        children: String,
    },
    /// An alarm on a Metrics Insights query.
    #[error(
        "alarm {0} watches a Metrics Insights query, which names no single stream: create a metric alarm for \
         each stream, with the dimension StreamName"
    )]
    Query(String),
    /// An alarm on metrics that are not those of Kinesis, though they have its dimension.
    #[error(
        "alarm {alarm} watches a metric of the namespace {namespace}, and only metrics of {NAMESPACE} belong to \
         a stream: create an alarm on one of those"
    )]
    Namespace {
        /// The alarm.
        alarm: String,
        /// The metrics' namespace.
        namespace: String,
    },
    /// One of the events we know, with something missing or of the wrong type.
    #[error("{road}: {fault}")]
    Malformed {
        /// How it came.
        road: &'static str,
        /// What the parser said.
        fault: String,
    },
}

pub(crate) fn malformed(road: &'static str, fault: &serde_json::Error) -> EventFault {
    EventFault::Malformed { road, fault: fault.to_string() }
}

/// An unknown event's outline: enough to recognise it by, and nothing of its content.
pub(crate) fn shape_of(event: &Value) -> String {
    match event {
        Value::Object(fields) => {
            let names: Vec<_> = fields.keys().take(8).map(String::as_str).collect();
            format!("an object with the fields [{}]", names.join(", "))
        }
        Value::Array(_) => "an array".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Null => "null".to_owned(),
    }
}
