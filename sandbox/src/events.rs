// SPDX-License-Identifier: Apache-2.0
//! The events that alarms, schedules and queues send: SNS message and envelope, EventBridge event, direct Lambda
//! payload, SQS record.
//!
//! Shapes follow the CloudWatch User Guide, "Alarm events and EventBridge" and "Invoke a Lambda function from an alarm",
//! and captured SNS messages (`docs/aws-facts.md#events-and-payloads`); for SQS the Lambda Developer Guide, "Using Lambda with
//! Amazon SQS".

use aws_models::cloudwatch::{AlarmSource, MetricStat, Query, QuerySource, StateRecord, Transition};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::delivery::Published;

/// A queue, which its URL names by the last two parts of its path; the host in front differs by endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Queue<'a> {
    pub(crate) account: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> Queue<'a> {
    pub(crate) fn of(url: &'a str) -> Option<Self> {
        let (rest, name) = url.rsplit_once('/')?;
        let (host, account) = rest.rsplit_once('/')?;
        (host.contains("://") && !account.is_empty() && !name.is_empty()).then_some(Self { account, name })
    }
}

/// A message as its function gets it.
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    /// Lower-case hex.
    pub(crate) md5: String,
    pub(crate) sent_at: Timestamp,
}

/// Where an event comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

impl Origin<'_> {
    pub(crate) fn alarm_arn(&self, name: &str) -> String {
        format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", self.region, self.account)
    }

    pub(crate) fn stream_arn(&self, name: &str) -> String {
        format!("arn:aws:kinesis:{}:{}:stream/{name}", self.region, self.account)
    }
}

/// The display name that SNS messages carry instead of the code; a Region not listed keeps its code.
pub(crate) fn region_name(region: &str) -> &str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-2" => "US West (Oregon)",
        "eu-west-1" => "EU (Ireland)",
        "eu-central-1" => "EU (Frankfurt)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-northeast-2" => "Asia Pacific (Seoul)",
        code => code,
    }
}

/// Milliseconds, and an offset without a colon, as alarms write times.
fn alarm_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
}

/// The message an alarm publishes to a topic.
pub(crate) fn sns_message(origin: &Origin<'_>, transition: &Transition) -> Value {
    let alarm = &transition.alarm;
    let config = &alarm.config;
    json!({
        "AlarmName": config.name,
        "AlarmDescription": config.description,
        "AWSAccountId": origin.account,
        "AlarmConfigurationUpdatedTimestamp": alarm_time(alarm.configuration_updated_at),
        "NewStateValue": alarm.state.value.to_string(),
        "NewStateReason": alarm.state.reason,
        "StateChangeTime": alarm_time(alarm.state.updated_at),
        "Region": region_name(origin.region),
        "AlarmArn": origin.alarm_arn(&config.name),
        "OldStateValue": transition.previous.value.to_string(),
        "OKActions": config.ok_actions,
        "AlarmActions": config.alarm_actions,
        "InsufficientDataActions": config.insufficient_data_actions,
        "Trigger": trigger(transition),
    })
}

fn trigger(transition: &Transition) -> Value {
    let config = &transition.alarm.config;
    let mut trigger = json!({
        "Period": config.period_seconds(),
        "EvaluationPeriods": config.rule.evaluation_periods,
        "DatapointsToAlarm": config.rule.datapoints_to_alarm,
        "ComparisonOperator": config.rule.comparison.to_string(),
        "Threshold": config.rule.threshold,
        "TreatMissingData": config.rule.treat_missing.to_string(),
        "EvaluateLowSampleCountPercentile": "",
    });
    match &config.source {
        AlarmSource::Stat(stat) => {
            trigger["MetricName"] = json!(stat.metric.name);
            trigger["Namespace"] = json!(stat.metric.namespace);
            trigger["Dimensions"] = sns_dimensions(stat);
            trigger["StatisticType"] = json!("Statistic");
            trigger["Statistic"] = json!(stat.statistic.to_string().to_uppercase());
            trigger["Unit"] = Value::Null;
        }
        AlarmSource::Math(queries) => trigger["Metrics"] = queries.iter().map(sns_query).collect(),
    }
    trigger
}

fn sns_dimensions(stat: &MetricStat) -> Value {
    stat.metric.dimensions.iter().map(|(name, value)| json!({"value": value, "name": name})).collect()
}

fn sns_query(query: &Query) -> Value {
    let mut out = json!({"Id": query.id, "ReturnData": query.return_data});
    if let Some(label) = &query.label {
        out["Label"] = json!(label);
    }
    match &query.source {
        QuerySource::Expression(text) => out["Expression"] = json!(text),
        QuerySource::Stat(stat) => {
            out["MetricStat"] = json!({
                "Metric": {
                    "Dimensions": sns_dimensions(stat),
                    "MetricName": stat.metric.name,
                    "Namespace": stat.metric.namespace,
                },
                "Period": stat.period_seconds,
                "Stat": stat.statistic.to_string(),
            });
        }
    }
    out
}

/// What a function that subscribes to a topic is called with.
pub(crate) fn sns_envelope(published: &Published) -> Value {
    json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{}:{}", published.topic_arn, published.message_id),
        "Sns": {
            "Type": "Notification",
            "MessageId": published.message_id,
            "TopicArn": published.topic_arn,
            "Subject": published.subject,
            "Message": published.message,
            "Timestamp": published.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {},
        },
    }]})
}

/// What a function that a queue is mapped to is called with: batches of one.
pub(crate) fn sqs(origin: &Origin<'_>, queue: Queue<'_>, message: &Message) -> Value {
    let milliseconds = message.sent_at.as_millisecond().to_string();
    json!({"Records": [{
        "messageId": message.id,
        "receiptHandle": format!("receipt-{}", message.id),
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": milliseconds,
            "SenderId": origin.account,
            "ApproximateFirstReceiveTimestamp": milliseconds,
        },
        "messageAttributes": {},
        "md5OfBody": message.md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{}:{}:{}", origin.region, queue.account, queue.name),
        "awsRegion": origin.region,
    }]})
}

/// "CloudWatch Alarm State Change" of EventBridge.
pub(crate) fn eventbridge(origin: &Origin<'_>, transition: &Transition, id: &str) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": origin.account,
        "time": event_time(transition.alarm.state.updated_at),
        "region": origin.region,
        "resources": [origin.alarm_arn(&transition.alarm.config.name)],
        "detail": alarm_data(transition),
    })
}

/// What an alarm calls a function with when the function is its action.
pub(crate) fn direct(origin: &Origin<'_>, transition: &Transition) -> Value {
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": origin.alarm_arn(&transition.alarm.config.name),
        "accountId": origin.account,
        "time": alarm_time(transition.alarm.state.updated_at),
        "region": origin.region,
        "alarmData": alarm_data(transition),
    })
}

/// What a schedule calls a function with.
pub(crate) fn schedule(origin: &Origin<'_>, function: &str, id: &str, at: Timestamp) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": origin.account,
        "time": event_time(at),
        "region": origin.region,
        "resources": [format!("arn:aws:events:{}:{}:rule/kinesis-scaler-{function}-sweep", origin.region, origin.account)],
        "detail": {},
    })
}

/// Whole seconds, as EventBridge writes times.
fn event_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn alarm_data(transition: &Transition) -> Value {
    let config = &transition.alarm.config;
    let metrics: Vec<Value> = match &config.source {
        AlarmSource::Stat(stat) => {
            vec![json!({"id": "m1", "metricStat": event_stat(stat), "returnData": true})]
        }
        AlarmSource::Math(queries) => queries.iter().map(event_query).collect(),
    };
    let mut configuration = json!({"metrics": metrics});
    if let Some(description) = &config.description {
        configuration["description"] = json!(description);
    }
    json!({
        "alarmName": config.name,
        "state": event_state(&transition.alarm.state),
        "previousState": event_state(&transition.previous),
        "configuration": configuration,
    })
}

fn event_state(state: &StateRecord) -> Value {
    let mut out = Map::from_iter([
        ("value".to_owned(), json!(state.value.to_string())),
        ("reason".to_owned(), json!(state.reason)),
        ("timestamp".to_owned(), json!(alarm_time(state.updated_at))),
    ]);
    if let Some(data) = &state.reason_data {
        out.insert("reasonData".to_owned(), json!(data));
    }
    Value::Object(out)
}

fn event_stat(stat: &MetricStat) -> Value {
    json!({
        "metric": {
            "namespace": stat.metric.namespace,
            "name": stat.metric.name,
            "dimensions": stat.metric.dimensions,
        },
        "period": stat.period_seconds,
        "stat": stat.statistic.to_string(),
    })
}

fn event_query(query: &Query) -> Value {
    let mut out = json!({"id": query.id, "returnData": query.return_data});
    if let Some(label) = &query.label {
        out["label"] = json!(label);
    }
    match &query.source {
        QuerySource::Expression(text) => out["expression"] = json!(text),
        QuerySource::Stat(stat) => out["metricStat"] = event_stat(stat),
    }
    out
}
