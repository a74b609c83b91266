// SPDX-License-Identifier: Apache-2.0
//! Alarm JSON to what the functions do about it, by all the roads an alarm can take to a function.
//!
//! The envelopes are those of `aws_lambda_events`. What is inside them is read with small structs of our own that ask only
//! for what is used: the crate's own types reject a null description, metric-math alarms and long periods.

mod alarm;
mod arn;
mod eventbridge;
mod fault;
mod sns;

use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use serde::Deserialize;
use serde_json::Value;

pub use alarm::{AlarmEvent, AlarmState, stream_names};
pub use arn::account_of;
pub use fault::EventFault;
pub(crate) use fault::{malformed, shape_of};

/// What an event asks for.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Look at the streams of these alarms. An SNS event may carry several; one that is broken does not spoil the rest.
    Alarms(Vec<Result<AlarmEvent, EventFault>>),
    /// Look at every stream whose alarm is still firing.
    Sweep,
}

/// Reads any event that a scaling function may be sent.
pub fn parse(event: &Value) -> Request {
    let detail_type = event.get("detail-type").and_then(Value::as_str);
    match detail_type {
        Some("Scheduled Event") => Request::Sweep,
        Some("CloudWatch Alarm State Change") => Request::Alarms(vec![eventbridge::alarm_in(event)]),
        _ if event.get("Records").is_some() => Request::Alarms(from_records(event)),
        _ if event.get("alarmData").is_some() => Request::Alarms(vec![eventbridge::direct_alarm_in(event)]),
        _ => Request::Alarms(vec![Err(EventFault::Unknown(shape_of(event)))]),
    }
}

/// Messages of SNS, or of a queue that a topic or EventBridge writes to.
fn from_records(event: &Value) -> Vec<Result<AlarmEvent, EventFault>> {
    let source = ["EventSource", "eventSource"].iter().find_map(|key| event["Records"][0].get(key)?.as_str());
    match source {
        Some("aws:sqs") => match SqsEvent::deserialize(event) {
            Err(fault) => vec![Err(malformed("SQS event", &fault))],
            Ok(event) => event.records.iter().map(|record| from_text(record.body.as_deref().unwrap_or(""))).collect(),
        },
        Some("aws:sns") | None => match SnsEvent::deserialize(event) {
            Err(fault) => vec![Err(malformed("SNS event", &fault))],
            Ok(event) => event.records.iter().map(|record| from_text(&record.sns.message)).collect(),
        },
        Some(other) => vec![Err(EventFault::Unknown(format!("records of {other}")))],
    }
}

/// A message: an alarm as SNS writes it, an event of EventBridge, or an envelope of SNS around either.
fn from_text(text: &str) -> Result<AlarmEvent, EventFault> {
    let json = |text: &str| serde_json::from_str(text).map_err(|fault| malformed("alarm in a message", &fault));
    let mut message: Value = json(text)?;
    if let Some(inner) = message.get("Message").and_then(Value::as_str) {
        message = json(inner)?;
    }
    if message.get("detail-type").is_some() { eventbridge::alarm_in(&message) } else { sns::alarm_in(&message) }
}
