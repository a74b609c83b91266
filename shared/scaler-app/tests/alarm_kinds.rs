// SPDX-License-Identifier: Apache-2.0
//! Alarms of every kind, by every road: those that name a stream of ours are heard, the others are told what they are.
#![allow(clippy::unwrap_used)]

use std::fs;

use jiff::Timestamp;
use kinesis_model::Minute;
use scaler_app::event::{self, Request};
use scaler_app::{Outcome, OutcomeKind, handle};
use scaler_core::{Direction, Policy, PolicySpec};
use serde_json::{Value, json};
use testkit::{Stream, World};

fn file(name: &str) -> Value {
    let path = format!("{}/tests/alarms/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What becomes of an event in a Region and account that has a stream "orders".
async fn outcome(event: &Value) -> Outcome {
    let bytes = 2 * 60 * 1_048_576;
    let load = Minute { bytes: Some(bytes), records: Some(bytes / 4_096), ..Minute::default() };
    let world = World::at(Timestamp::constant(1_767_322_800, 0)).with("orders", Stream::managed(4, load));
    let policy = Policy::new(PolicySpec::default()).unwrap();
    handle(&world, &World::function_state(), &policy, Direction::Out, event, &mut |_| ()).await.outcomes.remove(0)
}

/// A direct alarm action with this metric.
fn direct(metric: &Value, region: &str) -> Value {
    json!({
        "alarmArn": format!("arn:aws:cloudwatch:{region}:123456789012:alarm:orders"),
        "accountId": "123456789012",
        "alarmData": { "alarmName": "orders", "state": { "value": "ALARM" }, "configuration": { "metrics": [metric] } },
    })
}

fn incoming(namespace: &str) -> Value {
    json!({ "id": "m", "metricStat": { "metric": { "namespace": namespace, "name": "IncomingBytes",
        "dimensions": { "StreamName": "orders" } }, "period": 60, "stat": "Sum" } })
}

#[tokio::test]
async fn what_names_no_stream_of_ours_is_told_what_it_is() {
    let mut of_another_account = incoming("AWS/Kinesis");
    of_another_account["accountId"] = json!("999988887777");
    let query =
        json!({ "id": "q", "expression": "SELECT MAX(IncomingBytes) FROM SCHEMA(\"AWS/Kinesis\", StreamName)" });
    let rule = json!({ "alarmName": "all", "state": { "value": "ALARM" },
        "configuration": { "alarmRule": "ALARM(a) OR ALARM(b)" } });
    let composite = json!({ "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "region": "us-east-1", "account": "123456789012", "detail": rule });
    // An alarm that was handed over from another account, and says nothing of its metrics' account.
    let handed_over = json!({ "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "region": "us-east-1", "account": "999988887777",
        "detail": direct(&incoming("AWS/Kinesis"), "us-east-1")["alarmData"] });
    for (event, told) in [
        (handed_over, "watches a stream of account 999988887777"),
        (
            file("composite"),
            "alarm orders-hot is a composite alarm, which has no metric and so names no stream: let its child \
             alarms call this function instead (kinesis-scaler/orders/scale-out)",
        ),
        (composite, "alarm all is a composite alarm"),
        (
            file("cross-account-sns"),
            "the alarm watches a stream of account 999988887777, and this function runs in account 123456789012",
        ),
        (direct(&of_another_account, "us-east-1"), "watches a stream of account 999988887777"),
        (
            direct(&incoming("AWS/Kinesis"), "eu-west-1"),
            "the alarm is from Region eu-west-1, and this function runs in us-east-1",
        ),
        (direct(&incoming("Shop"), "us-east-1"), "alarm orders watches a metric of the namespace Shop"),
        (direct(&query, "us-east-1"), "alarm orders watches a Metrics Insights query"),
        (json!({ "Records": [{ "eventSource": "aws:s3", "s3": {} }] }), "got records of aws:s3"),
    ] {
        let outcome = outcome(&event).await;
        assert_eq!(outcome.outcome, OutcomeKind::Refused, "{told}");
        assert!(outcome.words.contains(told), "{}\nis not\n{told}", outcome.words);
    }
}

/// Through a queue, with the envelope of SNS or without; an event of EventBridge through a topic.
#[tokio::test]
async fn an_alarm_is_heard_by_whatever_road() {
    let queue = file("sqs");
    let envelope: Value = serde_json::from_str(queue["Records"][0]["body"].as_str().unwrap()).unwrap();
    let mut raw = queue.clone();
    raw["Records"][0]["body"] = envelope["Message"].clone();
    let alarm = &direct(&incoming("AWS/Kinesis"), "us-east-1")["alarmData"];
    let bridged = json!({ "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "region": "us-east-1", "account": "123456789012", "detail": alarm });
    let mut through_a_topic = file("composite");
    through_a_topic["Records"][0]["Sns"]["Message"] = json!(bridged.to_string());
    // A central account's alarm on a stream of this one.
    let mut of_this_account = incoming("AWS/Kinesis");
    of_this_account["accountId"] = json!("123456789012");
    let central = json!({ "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
        "region": "us-east-1", "account": "999988887777",
        "detail": direct(&of_this_account, "us-east-1")["alarmData"] });
    let mut without_a_namespace = incoming("AWS/Kinesis");
    without_a_namespace["metricStat"]["metric"].as_object_mut().unwrap().remove("namespace");
    for event in [queue, raw, bridged, through_a_topic, central, direct(&without_a_namespace, "us-east-1")] {
        let outcome = outcome(&event).await;
        assert_eq!((outcome.outcome, outcome.stream.as_deref()), (OutcomeKind::Held, Some("orders")), "{outcome:?}");
    }
}

/// One message that is no alarm does not spoil the others of its batch.
#[test]
fn a_queue_hands_over_what_can_be_read() {
    let mut queue = file("sqs");
    let mut broken = queue["Records"][0].clone();
    broken["body"] = json!("not JSON");
    queue["Records"].as_array_mut().unwrap().insert(0, broken);
    let Request::Alarms(alarms) = event::parse(&queue) else { unreachable!("it is no sweep") };
    assert!(matches!(&alarms[..], [Err(_), Ok(notice)] if notice.streams == ["orders"]), "{alarms:?}");
}

/// An alarm that is well again asks for nothing, whatever its kind.
#[tokio::test]
async fn an_alarm_that_does_not_fire_is_ignored() {
    let mut of_another_account = incoming("AWS/Kinesis");
    of_another_account["accountId"] = json!("999988887777");
    let query =
        json!({ "id": "q", "expression": "SELECT\nMAX(IncomingBytes) FROM SCHEMA(\"AWS/Kinesis\", StreamName)" });
    let mut events = vec![file("composite"), file("cross-account-sns")];
    for event in &mut events {
        let message = event["Records"][0]["Sns"]["Message"].as_str().unwrap();
        event["Records"][0]["Sns"]["Message"] =
            json!(message.replace("\"NewStateValue\": \"ALARM\"", "\"NewStateValue\": \"OK\""));
    }
    for metric in [of_another_account, incoming("Shop"), query] {
        let mut event = direct(&metric, "us-east-1");
        assert_eq!(outcome(&event).await.outcome, OutcomeKind::Refused, "while it fires: {event}");
        event["alarmData"]["state"]["value"] = json!("OK");
        events.push(event);
    }
    for event in events {
        assert_eq!(outcome(&event).await.outcome, OutcomeKind::Ignored, "{event}");
    }
}
