//! Alarm JSON to what the functions do about it, by all the roads an alarm can take to a function.
//!
//! The envelopes are those of `aws_lambda_events`. What is inside them is read with small structs of our own that ask only
//! for what is used: the crate's own types reject a null description, metric-math alarms and long periods.

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use scaler_core::SHARDS_ID;
use serde::Deserialize;
use serde_json::Value;

/// The namespace of the metrics of Kinesis.
const NAMESPACE: &str = "AWS/Kinesis";
/// Their dimension that names a stream.
const STREAM_DIMENSION: &str = "StreamName";

/// What an event asks for.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Look at the streams of these alarms. An SNS event may carry several; one that is broken does not spoil the rest.
    Alarms(Vec<Result<AlarmEvent, EventFault>>),
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
pub struct AlarmEvent {
    /// The alarm.
    pub alarm: String,
    /// Its new state.
    pub state: AlarmState,
    /// Every stream that a `StreamName` dimension of its metrics names.
    pub streams: Vec<String>,
    /// The shard count that its expressions hold, if it is an alarm of ours.
    pub fits: Option<u32>,
    /// The Region of the alarm, and so of its metrics, where it says so.
    #[serde(skip)]
    pub region: Option<String>,
    /// The account of the alarm, where it says so.
    #[serde(skip)]
    pub account: Option<String>,
    /// The accounts of its metrics.
    #[serde(skip)]
    pub metric_accounts: BTreeSet<String>,
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
    /// An alarm over other alarms.
    #[error(
        "alarm {alarm} is a composite alarm: it has no metric, and so names no stream. Let the metric alarms under it call this \
         function instead{children}"
    )]
    Composite {
        /// The alarm.
        alarm: String,
        /// Those under it that fired, in brackets, where it says so.
        children: String,
    },
    /// An alarm on a Metrics Insights query.
    #[error(
        "alarm {0} is on a Metrics Insights query, which names no single stream: make a metric alarm for each stream, with the \
         dimension StreamName"
    )]
    Query(String),
    /// An alarm on metrics that are not those of Kinesis, though they have its dimension.
    #[error(
        "alarm {alarm} watches a metric of the namespace {namespace}: only those of {NAMESPACE} tell of a stream. Make an alarm on \
         one of them"
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

/// Reads any event that a scaling function may be sent.
pub fn parse(event: &Value) -> Request {
    let detail_type = event.get("detail-type").and_then(Value::as_str);
    match detail_type {
        Some("Scheduled Event") => Request::Sweep,
        Some("CloudWatch Alarm State Change") => Request::Alarms(vec![from_eventbridge(event)]),
        _ if event.get("Records").is_some() => Request::Alarms(from_records(event)),
        _ if event.get("alarmData").is_some() => Request::Alarms(vec![from_direct(event)]),
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
    let road = "alarm in a message";
    let message: Value = serde_json::from_str(text).map_err(|fault| malformed(road, &fault))?;
    match message.get("Message").and_then(Value::as_str) {
        Some(inner) => {
            let inner: Value = serde_json::from_str(inner).map_err(|fault| malformed(road, &fault))?;
            from_message(&inner)
        }
        None => from_message(&message),
    }
}

fn from_message(message: &Value) -> Result<AlarmEvent, EventFault> {
    if message.get("detail-type").is_some() {
        return from_eventbridge(message);
    }
    let alarm = SnsAlarm::deserialize(message).map_err(|fault| malformed("alarm in a message", &fault))?;
    alarm.watched().event()
}

fn from_eventbridge(event: &Value) -> Result<AlarmEvent, EventFault> {
    let road = "EventBridge alarm event";
    let event = EventBridgeEvent::<Value>::deserialize(event).map_err(|fault| malformed(road, &fault))?;
    let data = AlarmData::deserialize(&event.detail).map_err(|fault| malformed(road, &fault))?;
    data.watched(event.account, event.region).event()
}

fn from_direct(event: &Value) -> Result<AlarmEvent, EventFault> {
    let data = AlarmData::deserialize(&event["alarmData"]).map_err(|fault| malformed("direct alarm action", &fault))?;
    let arn = event.get("alarmArn").and_then(Value::as_str).unwrap_or_default();
    data.watched(part(arn, ACCOUNT_PART), part(arn, REGION_PART)).event()
}

/// Where an ARN has its Region, `arn:aws:cloudwatch:REGION:...`, and its account, counted from 0.
const REGION_PART: usize = 3;
const ACCOUNT_PART: usize = 4;

/// The account of the resource with this ARN.
pub fn account_of(arn: &str) -> Option<String> {
    part(arn, ACCOUNT_PART).filter(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()))
}

fn part(arn: &str, part: usize) -> Option<String> {
    arn.split(':').nth(part).filter(|part| !part.is_empty()).map(str::to_owned)
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

/// An alarm, by whatever road it came.
struct Watched {
    alarm: String,
    state: AlarmState,
    /// Where the alarm is.
    account: Option<String>,
    region: Option<String>,
    /// Whether it has a rule over other alarms, and those of them that fired.
    children: Option<Vec<String>>,
    metrics: Vec<WatchedMetric>,
}

/// A metric or an expression of an alarm.
struct WatchedMetric {
    id: Option<String>,
    expression: Option<String>,
    account: Option<String>,
    namespace: Option<String>,
    /// The value of its dimension `StreamName`.
    stream: Option<String>,
}

impl Watched {
    fn event(self) -> Result<AlarmEvent, EventFault> {
        let alarm = self.alarm;
        // What does not fire asks for nothing, so nothing is wrong with it.
        let fires = self.state == AlarmState::Alarm;
        if let Some(children) = self.children.filter(|_| fires) {
            let children = if children.is_empty() { String::new() } else { format!(" ({})", children.join(", ")) };
            return Err(EventFault::Composite { alarm, children });
        }
        if fires && self.metrics.iter().any(WatchedMetric::is_query) {
            return Err(EventFault::Query(alarm));
        }
        let with_stream = || self.metrics.iter().filter(|metric| metric.stream.is_some());
        let of_kinesis: Vec<_> = with_stream().filter(|metric| metric.is_of_kinesis()).collect();
        if let (true, Some(other)) = (fires && of_kinesis.is_empty(), with_stream().next()) {
            return Err(EventFault::Namespace { alarm, namespace: other.namespace.clone().unwrap_or_default() });
        }
        let account_of = |metric: &&WatchedMetric| metric.account.clone().or_else(|| self.account.clone());
        let metric_accounts = of_kinesis.iter().filter_map(account_of).collect();
        let streams: BTreeSet<_> = of_kinesis.iter().filter_map(|metric| metric.stream.clone()).collect();
        let (streams, fits) = (streams.into_iter().collect(), fits(&self.metrics));
        Ok(AlarmEvent {
            alarm,
            state: self.state,
            streams,
            fits,
            region: self.region,
            account: self.account,
            metric_accounts,
        })
    }
}

impl WatchedMetric {
    /// One that does not say its namespace is taken for one of Kinesis, whose dimension it has.
    fn is_of_kinesis(&self) -> bool {
        self.namespace.as_deref().is_none_or(|namespace| namespace == NAMESPACE)
    }

    fn is_query(&self) -> bool {
        self.expression.as_ref().is_some_and(|expression| {
            expression.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("select"))
        })
    }
}

/// The shard count in an alarm's expressions.
fn fits(metrics: &[WatchedMetric]) -> Option<u32> {
    metrics.iter().find(|metric| metric.id.as_deref() == Some(SHARDS_ID))?.expression.as_ref()?.parse().ok()
}

/// The alarm as SNS carries it: a JSON string with capitalised fields.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsAlarm {
    alarm_name: String,
    new_state_value: AlarmState,
    #[serde(rename = "AWSAccountId")]
    account: Option<String>,
    alarm_arn: Option<String>,
    alarm_rule: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    triggering_children: Vec<SnsChild>,
    #[serde(default, deserialize_with = "null_is_default")]
    trigger: SnsTrigger,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsChild {
    arn: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SnsTrigger {
    /// A single-metric alarm's.
    namespace: Option<String>,
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
    account_id: Option<String>,
    metric_stat: Option<SnsMetricStat>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsMetricStat {
    metric: SnsMetricName,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsMetricName {
    namespace: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    dimensions: Vec<SnsDimension>,
}

#[derive(Deserialize)]
struct SnsDimension {
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Value")]
    value: String,
}

impl SnsAlarm {
    fn watched(self) -> Watched {
        let arn = self.alarm_arn.unwrap_or_default();
        let single = WatchedMetric {
            id: None,
            expression: None,
            account: None,
            namespace: self.trigger.namespace,
            stream: stream_dimension(&self.trigger.dimensions),
        };
        Watched {
            alarm: self.alarm_name,
            state: self.new_state_value,
            account: self.account.or_else(|| part(&arn, ACCOUNT_PART)),
            region: part(&arn, REGION_PART),
            children: self.alarm_rule.map(|_| {
                let name = |child: &SnsChild| {
                    child.arn.split_once(":alarm:").map_or(child.arn.clone(), |(_, name)| name.to_owned())
                };
                self.triggering_children.iter().map(name).collect()
            }),
            metrics: self.trigger.metrics.into_iter().map(SnsMetric::watched).chain([single]).collect(),
        }
    }
}

impl SnsMetric {
    fn watched(self) -> WatchedMetric {
        let metric = self.metric_stat.map(|stat| stat.metric);
        WatchedMetric {
            id: self.id,
            expression: self.expression,
            account: self.account_id,
            stream: metric.as_ref().and_then(|metric| stream_dimension(&metric.dimensions)),
            namespace: metric.and_then(|metric| metric.namespace),
        }
    }
}

fn stream_dimension(dimensions: &[SnsDimension]) -> Option<String> {
    dimensions.iter().find(|dimension| dimension.name == STREAM_DIMENSION).map(|dimension| dimension.value.clone())
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
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    alarm_rule: Option<String>,
    #[serde(deserialize_with = "null_is_default")]
    metrics: Vec<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    id: Option<String>,
    expression: Option<String>,
    account_id: Option<String>,
    metric_stat: Option<MetricStat>,
}

#[derive(Deserialize)]
struct MetricStat {
    metric: MetricName,
}

#[derive(Deserialize)]
struct MetricName {
    namespace: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    dimensions: BTreeMap<String, String>,
}

impl AlarmData {
    fn watched(self, account: Option<String>, region: Option<String>) -> Watched {
        Watched {
            alarm: self.alarm_name,
            state: self.state.value,
            account,
            region,
            children: self.configuration.alarm_rule.map(|_| Vec::new()),
            metrics: self.configuration.metrics.into_iter().map(Entry::watched).collect(),
        }
    }
}

impl Entry {
    fn watched(self) -> WatchedMetric {
        let metric = self.metric_stat.map(|stat| stat.metric);
        WatchedMetric {
            id: self.id,
            expression: self.expression,
            account: self.account_id,
            stream: metric.as_ref().and_then(|metric| metric.dimensions.get(STREAM_DIMENSION).cloned()),
            namespace: metric.and_then(|metric| metric.namespace),
        }
    }
}

/// The values of the `StreamName` dimensions, each once.
pub fn stream_names<'a>(dimensions: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let names: BTreeSet<_> = dimensions.filter(|(name, _)| *name == STREAM_DIMENSION).map(|(_, value)| value).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// AWS sends `null` where it has nothing to say.
fn null_is_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(value: D) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}
