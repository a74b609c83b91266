// SPDX-License-Identifier: Apache-2.0
//! Requests that AWS refuses: each gets AWS's error shape, and the sandbox lives on.

use aws_sdk_cloudwatch::error::ProvideErrorMetadata as _;
use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use crate::support::{World, expression, manual, post, seconds, start, sum, usage};

#[tokio::test]
async fn cloudwatch_errors_arrive_typed() {
    let world = World::new(manual()).await;
    let set = world.cloudwatch.set_alarm_state().alarm_name("none").state_value(StateValue::Ok).state_reason("r");
    assert!(set.clone().send().await.unwrap_err().into_service_error().is_resource_not_found());
    let format = set.state_reason_data("not json").send().await.unwrap_err().into_service_error();
    assert!(format.is_invalid_format_fault(), "{format:?}");
    let token = world.cloudwatch.describe_alarms().next_token("made up").send().await.unwrap_err();
    assert!(token.into_service_error().is_invalid_next_token());
    let data = world.cloudwatch.get_metric_data().metric_data_queries(expression("a", "1", true));
    let data = data.start_time(seconds(start())).end_time(seconds(start())).next_token("made up");
    assert!(data.send().await.unwrap_err().into_service_error().is_invalid_next_token());
    let tags = |arn: &str| world.cloudwatch.list_tags_for_resource().resource_arn(arn).send();
    let stream = tags("arn:aws:kinesis:us-east-1:123456789012:stream/orders").await.unwrap_err();
    assert!(stream.into_service_error().is_invalid_parameter_value_exception());
    let elsewhere = tags("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a").await.unwrap_err();
    assert!(elsewhere.into_service_error().is_resource_not_found_exception());
}

#[tokio::test]
async fn invalid_alarms_and_queries_are_validation_errors() {
    let world = World::new(manual()).await;
    let put = || {
        let put = world.cloudwatch.put_metric_alarm().alarm_name("a").evaluation_periods(3).threshold(1.0);
        put.comparison_operator(ComparisonOperator::LessThanThreshold)
    };
    let mut two = usage();
    two.push(expression("again", "usage", true));
    let mut none = usage();
    none[4].return_data = Some(false);
    let action = |arn: &str| put().set_metrics(Some(usage())).ok_actions(arn);
    let refusals = [
        (put(), "Value null at 'namespace'"),
        (put().set_metrics(Some(none)), "Exactly one element of the metrics list should return data."),
        (action("scaling"), "Invalid arn syntax: scaling"),
        (action("arn:aws:sns:us-east-1:123456789012:"), "Invalid arn syntax: arn:aws:sns:us-east-1:123456789012:"),
        (action("arn:aws:sns:topic"), "Invalid arn syntax: arn:aws:sns:topic"),
        (put().set_metrics(Some(two)), "Exactly one element of the metrics list should return data."),
        (put().set_metrics(Some(vec![expression("a", "SEARCH('x')", true)])), "syntax error"),
        (put().set_metrics(Some(vec![expression("a", "SUM(a)", true)])), "depends on itself"),
        (put().set_metrics(Some(vec![expression("a", "STDDEV(1)", true)])), "\"STDDEV\" is not one of"),
        (put().set_metrics(Some(usage())).datapoints_to_alarm(4), "DatapointsToAlarm=\"4\""),
        (put().set_metrics(Some(usage())).treat_missing_data("perhaps"), "TreatMissingData \"perhaps\""),
        (put().set_metrics(Some(usage())).extended_statistic("p99"), "ExtendedStatistic is not supported"),
    ];
    for (call, text) in refusals {
        let error = call.send().await.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some("ValidationError"));
        assert!(error.message().unwrap().contains(text), "{:?} has no {text:?}", error.message());
    }
    let data = world.cloudwatch.get_metric_data().metric_data_queries(sum("m", "IncomingBytes").build());
    let error = data.start_time(seconds(start())).end_time(seconds(start())).send().await.unwrap_err();
    assert!(error.into_service_error().message().unwrap().contains("StartTime"));
}

#[tokio::test]
async fn sns_errors_arrive_typed() {
    let world = World::new(manual()).await;
    let error = world.sns.publish().message("m").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_exception(), "{error:?}");
    let error = world.sns.publish().topic_arn("<here>").message("m").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_parameter_exception() && error.message().unwrap().contains("<here>"));
    let error = world.sns.create_topic().name("t").send().await.unwrap_err();
    assert_eq!(error.into_service_error().code(), Some("InvalidAction"));
    let publish = |subject: &str, message: String| {
        let publish = world.sns.publish().topic_arn("arn:aws:sns:us-east-1:123456789012:t").message(message);
        publish.subject(subject)
    };
    for (subject, bytes, words) in [
        ("s".repeat(100), 1, "Invalid parameter: Subject"),
        ("two\nlines".to_owned(), 1, "Invalid parameter: Subject"),
        ("a\u{7}bell".to_owned(), 1, "Invalid parameter: Subject"),
        (String::new(), 1, "Invalid parameter: Subject"),
        ("s".to_owned(), 262_145, "Invalid parameter: Message too long"),
    ] {
        let error = publish(&subject, "m".repeat(bytes)).send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_parameter_exception() && error.message() == Some(words), "{subject:?}: {error:?}");
    }
    assert!(world.sandbox.published().is_empty());
    publish(&"é".repeat(99), "m".repeat(262_144)).send().await.unwrap();
    assert_eq!(world.sandbox.published().len(), 1);
}

const CBOR: (&str, &str) = ("smithy-protocol", "rpc-v2-cbor");
const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn granite(operation: &str) -> String {
    format!("/service/GraniteServiceVersion20100801/operation/{operation}")
}

#[tokio::test]
async fn malformed_bodies_get_error_shapes() {
    let world = World::with_stream(1).await;
    let check = async |path: &str, headers: &[(&str, &str)], body: &[u8], status: u16, text: &str| {
        let answer = post(&world, path, headers, body.to_vec()).await;
        assert!(answer.0 == status && answer.1.contains(text), "{path} {headers:?}: {answer:?} is not {status} {text}");
    };
    check(&granite("GetMetricData"), &[CBOR], b"\xff\xff", 400, "#SerializationException").await;
    check(&granite("GetMetricData"), &[CBOR], b"", 400, "#SerializationException").await;
    check(&granite("GetMetricData"), &[CBOR], b"\xa0", 400, "#ValidationError").await;
    check(&granite("GetMetricData"), &[], b"\xa0", 400, "#SerializationException").await;
    check(&granite("Nonsense"), &[CBOR], b"\xa0", 404, "#UnknownOperationException").await;
    let target = ("x-amz-target", "Kinesis_20131202.UpdateShardCount");
    check("/", &[JSON, target], b"{", 400, "SerializationException").await;
    check("/", &[target], b"{}", 400, "SerializationException").await;
    check("/", &[JSON, ("x-amz-target", "Kinesis_20131202.Nonsense")], b"{}", 400, "UnknownOperationException").await;
    let target = ("x-amz-target", "ResourceGroupsTaggingAPI_20170126.GetResources");
    check("/", &[JSON, target], b"{", 400, "SerializationException").await;
    check("/", &[JSON, target], br#"{"TagFilters":[{}]}"#, 400, "InvalidParameterException").await;
    let target = ("x-amz-target", "ResourceGroupsTaggingAPI_20170126.Nonsense");
    check("/", &[JSON, target], b"{}", 400, "UnknownOperationException").await;
    check("/", &[("x-amz-target", "AmazonSQS.SendMessage")], b"[1]", 400, "sqs#SerializationException").await;
    check("/", &[("x-amz-target", "AmazonSQS.Nonsense")], b"{}", 400, "sqs#UnknownOperationException").await;
    let target = ("x-amz-target", "AWSPriceListService.GetProducts");
    check("/", &[JSON, target], b"{", 400, "SerializationException").await;
    check("/", &[JSON, target], b"{}", 400, "ServiceCode is missing").await;
    check("/", &[JSON, target], br#"{"ServiceCode":"AmazonKinesis","MaxResults":0}"#, 400, "MaxResults=0 is not").await;
    check("/", &[JSON, ("x-amz-target", "AWSPriceListService.Nonsense")], b"{}", 400, "UnknownOperation").await;
    check("/", &[FORM], b"Action=Publish", 400, "<Code>InvalidParameter</Code>").await;
    check("/", &[FORM], b"", 400, "<Code>MissingAction</Code>").await;
    check("/", &[FORM], b"Action=<b>", 400, "&lt;b&gt;").await;
    check("/", &[], b"?", 403, "AccessDenied").await;
    world.kinesis.describe_limits().send().await.unwrap();
}

const CLOUDWATCH: [&str; 6] =
    ["GetMetricData", "PutMetricAlarm", "DescribeAlarms", "DeleteAlarms", "SetAlarmState", "ListTagsForResource"];
const JSON_TARGETS: [&str; 5] = [
    "Kinesis_20131202.PutRecords",
    "GraniteServiceVersion20100801.PutMetricAlarm",
    "ResourceGroupsTaggingAPI_20170126.GetResources",
    "AmazonSQS.SendMessage",
    "AWSPriceListService.GetProducts",
];

#[tokio::test]
async fn random_bodies_are_all_answered() {
    let world = World::with_stream(1).await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let bodies = prop::collection::vec(any::<u8>(), 0..64);
    for _ in 0..60 {
        let body = bodies.new_tree(&mut runner).unwrap().current();
        for operation in CLOUDWATCH {
            assert!(post(&world, &granite(operation), &[CBOR], body.clone()).await.0 <= 404);
        }
        for target in JSON_TARGETS {
            assert!(post(&world, "/", &[JSON, ("x-amz-target", target)], body.clone()).await.0 <= 404);
        }
        assert!(post(&world, "/", &[FORM], body.clone()).await.0 <= 404);
        let to_cloudwatch = [b"Version=2010-08-01&Action=PutMetricAlarm&".to_vec(), body].concat();
        assert!(post(&world, "/", &[FORM], to_cloudwatch).await.0 <= 404);
    }
}
