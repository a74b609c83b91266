//! Alarm JSON to what the functions do about it, by all the roads an alarm can take to a function.
//!
//! The envelopes are those of `aws_lambda_events`. What is inside them is read with small structs of our own that ask only
//! for what is used: the crate's own types reject a null description, metric-math alarms and long periods.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sns::SnsEvent;
use scaler_core::SHARDS_ID;
use serde::Deserialize;
use serde_json::Value;

/// What an event asks for.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Look at the streams of these alarms. An SNS event may carry several; one that is broken does not spoil the rest.
    Alarms(Vec<Result<Notice, EventFault>>),
    /// Look at every stream whose alarm is still firing.
    Sweep,
}

/// An alarm's state, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Look.
    Alarm,
    /// Nothing to do.
    Ok,
    /// Nothing to do.
    InsufficientData,
}

/// One alarm's change of state.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Notice {
    /// The alarm.
    pub alarm: String,
    /// Its new state.
    pub state: AlarmState,
    /// Every stream that a `StreamName` dimension of its metrics names.
    pub streams: Vec<String>,
    /// The shard count that its expressions hold, if it is an alarm of ours.
    pub fits: Option<u32>,
}

/// What is wrong with an event. No retry can mend it, so it is reported and not failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventFault {
    /// None of the events we know.
    #[error(
        "this is no alarm and no schedule: expected an SNS event with Records, an EventBridge event of detail-type \
         \"CloudWatch Alarm State Change\" or \"Scheduled Event\", or a direct alarm action with alarmData; got {0}"
    )]
    Unknown(String),
    /// No request that alarm-sync knows.
    #[error(
        "this asks alarm-sync for nothing: expected a schedule, a CloudTrail or tag event of Kinesis, a change of the \
         stack, {{\"sync\": \"all\"}} or {{\"sync\": [\"stream\", ...]}}; got {0}"
    )]
    NoSyncRequest(String),
    /// One of the events we know, with something missing or of the wrong type.
    #[error("{road}: {fault}")]
    Malformed {
        /// How it came.
        road: &'static str,
        /// What the parser said.
        fault: String,
    },
}

/// Reads any event that a scaling function may be sent.
pub fn parse(event: &Value) -> Request {
    let detail_type = event.get("detail-type").and_then(Value::as_str);
    match detail_type {
        Some("Scheduled Event") => Request::Sweep,
        Some("CloudWatch Alarm State Change") => Request::Alarms(vec![from_eventbridge(event)]),
        _ if event.get("Records").is_some() => Request::Alarms(from_sns(event)),
        _ if event.get("alarmData").is_some() => Request::Alarms(vec![from_direct(event)]),
        _ => Request::Alarms(vec![Err(EventFault::Unknown(shape_of(event)))]),
    }
}

fn from_sns(event: &Value) -> Vec<Result<Notice, EventFault>> {
    let road = "SNS event";
    match SnsEvent::deserialize(event) {
        Err(fault) => vec![Err(malformed(road, &fault))],
        Ok(event) => event.records.iter().map(|record| from_sns_message(&record.sns.message)).collect(),
    }
}

fn from_sns_message(message: &str) -> Result<Notice, EventFault> {
    let alarm: SnsAlarm =
        serde_json::from_str(message).map_err(|fault| malformed("alarm in an SNS message", &fault))?;
    let metrics = alarm.trigger.metrics.iter();
    let fits = fits(metrics.map(|entry| (entry.id.as_deref(), entry.expression.as_deref())));
    Ok(Notice { streams: alarm.trigger.streams(), alarm: alarm.alarm_name, state: alarm.new_state_value, fits })
}

fn from_eventbridge(event: &Value) -> Result<Notice, EventFault> {
    let road = "EventBridge alarm event";
    let event = EventBridgeEvent::<Value>::deserialize(event).map_err(|fault| malformed(road, &fault))?;
    let data = AlarmData::deserialize(event.detail).map_err(|fault| malformed(road, &fault))?;
    Ok(data.notice())
}

fn from_direct(event: &Value) -> Result<Notice, EventFault> {
    let data = AlarmData::deserialize(&event["alarmData"]).map_err(|fault| malformed("direct alarm action", &fault))?;
    Ok(data.notice())
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

/// The alarm as SNS carries it: a JSON string with capitalised fields.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsAlarm {
    alarm_name: String,
    new_state_value: AlarmState,
    #[serde(default, deserialize_with = "null_is_default")]
    trigger: SnsTrigger,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SnsTrigger {
    /// A single-metric alarm's.
    #[serde(deserialize_with = "null_is_default")]
    dimensions: Vec<SnsDimension>,
    /// A metric-math alarm's; expressions have no metric.
    #[serde(deserialize_with = "null_is_default")]
    metrics: Vec<SnsMetric>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SnsMetric {
    id: Option<String>,
    expression: Option<String>,
    metric_stat: Option<SnsMetricStat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsMetricStat {
    metric: SnsMetricName,
}

#[derive(Deserialize)]
struct SnsMetricName {
    #[serde(rename = "Dimensions", default, deserialize_with = "null_is_default")]
    dimensions: Vec<SnsDimension>,
}

#[derive(Deserialize)]
struct SnsDimension {
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Value")]
    value: String,
}

impl SnsTrigger {
    fn streams(&self) -> Vec<String> {
        let of_metrics = self.metrics.iter().filter_map(|metric| metric.metric_stat.as_ref());
        let dimensions = of_metrics.flat_map(|stat| &stat.metric.dimensions).chain(&self.dimensions);
        stream_names(dimensions.map(|dimension| (dimension.name.as_str(), dimension.value.as_str())))
    }
}

/// The alarm as EventBridge and the direct action carry it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlarmData {
    alarm_name: String,
    state: State,
    #[serde(default, deserialize_with = "null_is_default")]
    configuration: Configuration,
}

#[derive(Deserialize)]
struct State {
    value: AlarmState,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Configuration {
    #[serde(deserialize_with = "null_is_default")]
    metrics: Vec<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    id: Option<String>,
    expression: Option<String>,
    metric_stat: Option<MetricStat>,
}

#[derive(Deserialize)]
struct MetricStat {
    metric: MetricName,
}

#[derive(Deserialize)]
struct MetricName {
    #[serde(default, deserialize_with = "null_is_default")]
    dimensions: BTreeMap<String, String>,
}

impl AlarmData {
    fn notice(self) -> Notice {
        let entries = self.configuration.metrics.iter();
        let metrics = entries.clone().filter_map(|metric| metric.metric_stat.as_ref());
        let dimensions = metrics.flat_map(|stat| &stat.metric.dimensions);
        Notice {
            streams: stream_names(dimensions.map(|(name, value)| (name.as_str(), value.as_str()))),
            fits: fits(entries.map(|entry| (entry.id.as_deref(), entry.expression.as_deref()))),
            alarm: self.alarm_name,
            state: self.state.value,
        }
    }
}

/// The values of the `StreamName` dimensions, each once.
pub fn stream_names<'a>(dimensions: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let names: BTreeSet<_> = dimensions.filter(|(name, _)| *name == "StreamName").map(|(_, value)| value).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// The shard count in an alarm's expressions, each with its id.
fn fits<'a>(mut entries: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Option<u32> {
    entries.find(|(id, _)| *id == Some(SHARDS_ID))?.1?.parse().ok()
}

/// AWS sends `null` where it has nothing to say.
fn null_is_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(value: D) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}
