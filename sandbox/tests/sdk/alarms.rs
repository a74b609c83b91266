// SPDX-License-Identifier: Apache-2.0
//! Alarms: put, tagged, evaluated at minute boundaries, delivered by every road.

use aws_models::cloudwatch::Metric;
use aws_sdk_cloudwatch::error::ProvideErrorMetadata as _;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic, Tag};
use sandbox::{EventSource, Options, Subscription};
use serde_json::{Value, json};

use crate::support::{STREAM, World, manual, usage};

const NAME: &str = "kinesis-scaler/orders/scale-out";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:scaling";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:resizer:live";

fn alarm(world: &World) -> PutMetricAlarmFluentBuilder {
    world
        .cloudwatch
        .put_metric_alarm()
        .alarm_name(NAME)
        .set_metrics(Some(usage()))
        .threshold(90.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .evaluation_periods(3)
        .datapoints_to_alarm(2)
        .alarm_actions(TOPIC)
        .alarm_actions(FUNCTION)
}

fn record(world: &World, name: &str, value: f64) {
    world.sandbox.cloudwatch().record(&Metric::kinesis(STREAM, name), world.sandbox.now(), value);
}

async fn state(world: &World) -> StateValue {
    let described = world.cloudwatch.describe_alarms().alarm_names(NAME).send().await.unwrap();
    described.metric_alarms()[0].state_value().unwrap().clone()
}

/// A world whose alarm has just gone from OK to ALARM.
async fn alarmed(eventbridge: bool) -> World {
    let subscriptions = vec![Subscription { topic_arn: TOPIC.to_owned(), function: "scale-out".to_owned() }];
    let mut world = World::new(Options { subscriptions, eventbridge, ..manual() }).await;
    alarm(&world).send().await.unwrap();
    assert_eq!(state(&world).await, StateValue::InsufficientData);
    world.minute().await;
    assert_eq!(state(&world).await, StateValue::Ok);
    for _ in 0..2 {
        assert!(world.delivered().is_empty());
        record(&world, "WriteProvisionedThroughputExceeded", 5.0);
        world.minute().await;
    }
    assert_eq!(state(&world).await, StateValue::Alarm);
    world
}

#[tokio::test]
async fn an_alarm_is_delivered_by_every_road() {
    let mut world = alarmed(true).await;
    let deliveries = world.delivered();
    let roads: Vec<_> = deliveries.iter().map(|it| (it.function.as_str(), it.source)).collect();
    assert_eq!(
        roads,
        [("scale-out", EventSource::Sns), ("resizer", EventSource::Direct), ("scale-out", EventSource::EventBridge)]
    );

    let sns = &deliveries[0].payload["Records"][0]["Sns"];
    assert_eq!(sns["Subject"], format!("ALARM: \"{NAME}\" in US East (N. Virginia)"));
    assert_eq!(sns["Timestamp"], "2026-01-02T03:03:00.000Z");
    let message: Value = serde_json::from_str(sns["Message"].as_str().unwrap()).unwrap();
    check_sns(&message);

    let direct = &deliveries[1].payload;
    assert_eq!(direct["alarmArn"], format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{NAME}"));
    assert_eq!(direct["time"], "2026-01-02T03:03:00.000+0000");
    check_alarm_data(&direct["alarmData"]);

    let event = &deliveries[2].payload;
    assert_eq!(
        (&event["detail-type"], &event["time"]),
        (&json!("CloudWatch Alarm State Change"), &json!("2026-01-02T03:03:00Z"))
    );
    assert_eq!(event["resources"][0], direct["alarmArn"]);
    check_alarm_data(&event["detail"]);
}

fn check_sns(message: &Value) {
    assert_eq!((&message["NewStateValue"], &message["OldStateValue"]), (&json!("ALARM"), &json!("OK")));
    assert_eq!((&message["Region"], &message["AlarmDescription"]), (&json!("US East (N. Virginia)"), &Value::Null));
    assert_eq!(message["StateChangeTime"], "2026-01-02T03:03:00.000+0000");
    assert_eq!(message["AlarmActions"], json!([TOPIC, FUNCTION]));
    let trigger = &message["Trigger"];
    assert_eq!((&trigger["Period"], &trigger["MetricName"]), (&json!(60), &Value::Null));
    assert_eq!(
        trigger["Metrics"][2],
        json!({"Id": "throttled", "ReturnData": false, "MetricStat": {
            "Metric": {
                "Dimensions": [{"name": "StreamName", "value": "orders"}],
                "MetricName": "WriteProvisionedThroughputExceeded",
                "Namespace": "AWS/Kinesis",
            },
            "Period": 60,
            "Stat": "Sum",
        }})
    );
    assert_eq!(trigger["Metrics"][3], json!({"Id": "shards", "ReturnData": false, "Expression": "4"}));
}

fn check_alarm_data(data: &Value) {
    assert_eq!((&data["alarmName"], &data["state"]["value"]), (&json!(NAME), &json!("ALARM")));
    assert_eq!(data["previousState"]["value"], "OK");
    let reason = data["state"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("Threshold Crossed: 2 out of the last 3 datapoints [100.0, 100.0]"), "{reason}");
    let reason_data: Value = serde_json::from_str(data["state"]["reasonData"].as_str().unwrap()).unwrap();
    assert_eq!(reason_data["recentDatapoints"], json!([0.0, 100.0, 100.0]));
    assert_eq!(
        data["configuration"]["metrics"][0],
        json!({"id": "bytes", "returnData": false, "metricStat": {
            "metric": {"namespace": "AWS/Kinesis", "name": "IncomingBytes", "dimensions": {"StreamName": "orders"}},
            "period": 60,
            "stat": "Sum",
        }})
    );
}

#[tokio::test]
async fn an_alarm_that_stays_in_alarm_is_not_delivered_again() {
    let mut world = alarmed(false).await;
    assert_eq!(world.delivered().len(), 2);
    record(&world, "WriteProvisionedThroughputExceeded", 5.0);
    world.minute().await;
    assert!(world.delivered().is_empty());
    assert_eq!(world.sandbox.published().len(), 1);
}

#[tokio::test]
async fn a_single_metric_alarm_names_its_metric() {
    let subscriptions = vec![Subscription { topic_arn: TOPIC.to_owned(), function: "watch".to_owned() }];
    let mut world = World::new(Options { subscriptions, ..manual() }).await;
    let dimension = aws_sdk_cloudwatch::types::Dimension::builder().name("StreamName").value(STREAM).build();
    let put = world.cloudwatch.put_metric_alarm().alarm_name("records").dimensions(dimension).period(60);
    let put = put.namespace("AWS/Kinesis").metric_name("IncomingRecords").statistic(Statistic::Sum);
    let put = put.threshold(10_000.0).comparison_operator(ComparisonOperator::GreaterThanThreshold);
    put.evaluation_periods(1).alarm_description("too many").alarm_actions(TOPIC).send().await.unwrap();
    record(&world, "IncomingRecords", 10_001.0);
    world.minute().await;
    let payload = &world.delivered()[0].payload;
    let message: Value = serde_json::from_str(payload["Records"][0]["Sns"]["Message"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&message["OldStateValue"], &message["AlarmDescription"]),
        (&json!("INSUFFICIENT_DATA"), &json!("too many"))
    );
    let trigger = &message["Trigger"];
    assert_eq!((&trigger["MetricName"], &trigger["Statistic"]), (&json!("IncomingRecords"), &json!("SUM")));
    assert_eq!(trigger["Dimensions"], json!([{"name": "StreamName", "value": "orders"}]));
}

#[tokio::test]
async fn setting_a_state_runs_its_actions_and_the_next_evaluation_undoes_it() {
    let mut world = World::new(manual()).await;
    alarm(&world).send().await.unwrap();
    world.minute().await;
    let set = world.cloudwatch.set_alarm_state().alarm_name(NAME).state_value(StateValue::Alarm);
    set.state_reason("by hand").send().await.unwrap();
    assert_eq!(world.delivered().iter().map(|it| it.source).collect::<Vec<_>>(), [EventSource::Direct]);
    world.minute().await;
    assert_eq!(state(&world).await, StateValue::Ok);
}

#[tokio::test]
async fn an_alarm_comes_back_as_it_was_put_and_can_be_deleted() {
    let world = World::new(manual()).await;
    alarm(&world).alarm_description("d").actions_enabled(false).ok_actions(TOPIC).send().await.unwrap();
    let described = world.cloudwatch.describe_alarms().alarm_name_prefix("kinesis-scaler/").send().await.unwrap();
    let [described] = described.metric_alarms() else { return assert_eq!(described.metric_alarms().len(), 1) };
    assert_eq!(described.metrics(), usage());
    assert_eq!(
        (described.threshold(), described.evaluation_periods(), described.datapoints_to_alarm()),
        (Some(90.0), Some(3), Some(2))
    );
    assert_eq!((described.actions_enabled(), described.ok_actions()), (Some(false), &[TOPIC.to_owned()][..]));
    assert_eq!((described.alarm_description(), described.treat_missing_data()), (Some("d"), Some("missing")));
    assert_eq!(described.state_reason(), Some("Unchecked: Initial alarm creation"));

    world.cloudwatch.delete_alarms().alarm_names(NAME).alarm_names("never").send().await.unwrap();
    assert!(world.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms().is_empty());
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

#[tokio::test]
async fn tags_are_given_when_an_alarm_is_created_and_ignored_after() {
    let world = World::new(manual()).await;
    let arn = format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{NAME}");
    let list = async || world.cloudwatch.list_tags_for_resource().resource_arn(&arn).send().await;
    assert!(list().await.unwrap_err().into_service_error().is_resource_not_found_exception());
    alarm(&world).tags(tag("team", "data")).tags(tag("a", "1")).send().await.unwrap();
    assert_eq!(list().await.unwrap().tags(), [tag("a", "1"), tag("team", "data")]);
    alarm(&world).tags(tag("team", "web")).send().await.unwrap();
    assert_eq!(list().await.unwrap().tags(), [tag("a", "1"), tag("team", "data")]);

    world.cloudwatch.delete_alarms().alarm_names(NAME).send().await.unwrap();
    alarm(&world).send().await.unwrap();
    assert!(list().await.unwrap().tags().is_empty());
}

#[tokio::test]
async fn an_alarm_that_is_there_is_tagged_by_arn() {
    let world = World::new(manual()).await;
    let arn = format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{NAME}");
    let put = |key: &str, value: &str| world.cloudwatch.tag_resource().resource_arn(&arn).tags(tag(key, value)).send();
    assert!(put("a", "1").await.unwrap_err().into_service_error().is_resource_not_found_exception());
    alarm(&world).tags(tag("team", "data")).send().await.unwrap();
    put("a", "1").await.unwrap();
    put("team", "web").await.unwrap();
    assert!(put("aws:a", "1").await.unwrap_err().into_service_error().is_invalid_parameter_value_exception());
    let list = async || world.cloudwatch.list_tags_for_resource().resource_arn(&arn).send().await.unwrap();
    assert_eq!(list().await.tags(), [tag("a", "1"), tag("team", "web")]);
    let remove = world.cloudwatch.untag_resource().resource_arn(&arn).tag_keys("team").tag_keys("never");
    remove.send().await.unwrap();
    assert_eq!(list().await.tags(), [tag("a", "1")]);
    let full = (1..=50).map(|index| tag(&format!("k{index}"), "v")).collect();
    let full = world.cloudwatch.tag_resource().resource_arn(&arn).set_tags(Some(full)).send().await.unwrap_err();
    assert!(full.into_service_error().is_invalid_parameter_value_exception());
    assert_eq!(list().await.tags(), [tag("a", "1")]);
}

#[tokio::test]
async fn alarms_are_described_by_what_they_do_and_what_they_are() {
    use aws_sdk_cloudwatch::operation::describe_alarms::builders::DescribeAlarmsFluentBuilder as Describe;
    use aws_sdk_cloudwatch::types::AlarmType;
    let world = World::new(manual()).await;
    alarm(&world).alarm_name("a").send().await.unwrap();
    alarm(&world).alarm_name("b").set_alarm_actions(None).ok_actions(FUNCTION).send().await.unwrap();
    let names = async |call: Describe| {
        let described = call.send().await.unwrap();
        described.metric_alarms().iter().map(|alarm| alarm.alarm_name().unwrap()).collect::<String>()
    };
    let describe = || world.cloudwatch.describe_alarms();
    assert_eq!(names(describe().action_prefix(TOPIC)).await, "a");
    assert_eq!(names(describe().action_prefix("arn:aws:lambda:")).await, "ab");
    assert_eq!(names(describe().action_prefix("arn:aws:sqs:")).await, "");
    assert_eq!(names(describe().alarm_types(AlarmType::CompositeAlarm)).await, "");
    assert_eq!(
        names(describe().alarm_types(AlarmType::CompositeAlarm).alarm_types(AlarmType::MetricAlarm)).await,
        "ab"
    );
    assert_eq!(names(describe().alarm_name_prefix("b").state_value(StateValue::InsufficientData)).await, "b");
    for wrong in [
        describe().alarm_types(AlarmType::from("Siren")),
        describe().state_value(StateValue::from("LOUD")),
        describe().max_records(0),
        describe().max_records(101),
        describe().children_of_alarm_name("a"),
        describe().alarm_names("a").alarm_name_prefix("a"),
    ] {
        let error = wrong.send().await.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some("ValidationError"));
    }
}

#[tokio::test]
async fn alarms_are_described_page_by_page_and_by_state() {
    let world = World::new(manual()).await;
    for index in 0..3 {
        alarm(&world).alarm_name(format!("a{index}")).send().await.unwrap();
    }
    let mut pages = world.cloudwatch.describe_alarms().into_paginator().page_size(2).send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        names.extend(page.unwrap().metric_alarms().iter().map(|alarm| alarm.alarm_name().unwrap().to_owned()));
    }
    assert_eq!(names, ["a0", "a1", "a2"]);
    let alarmed = world.cloudwatch.describe_alarms().state_value(StateValue::Alarm).send().await.unwrap();
    assert!(alarmed.metric_alarms().is_empty());
}

#[tokio::test]
async fn publishing_is_recorded() {
    let world = World::new(manual()).await;
    let call = world.sns.publish().topic_arn(TOPIC).subject("s & t").message("<hello> \u{e9}");
    let id = call.send().await.unwrap().message_id.unwrap();
    let published = world.sandbox.published();
    assert_eq!((&published[0].message_id, published[0].subject.as_deref()), (&id, Some("s & t")));
    assert_eq!((published[0].topic_arn.as_str(), published[0].message.as_str()), (TOPIC, "<hello> \u{e9}"));
}
