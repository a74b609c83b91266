// SPDX-License-Identifier: Apache-2.0
//! Calls: counted by operation, and held to AWS's rates when that is asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::error::ProvideErrorMetadata as _;
use aws_smithy_types::retry::RetryConfig;
use jiff::SignedDuration;
use sandbox::{Options, QueueMapping};

use crate::support::{STREAM, World, manual};

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(action, calls)| ((*action).to_owned(), *calls)).collect()
}

async fn limited() -> World {
    World::new(Options { api_rates: true, ..manual() }).await
}

#[tokio::test]
async fn every_request_that_arrives_is_counted_by_its_action() {
    let queues = vec![QueueMapping { queue_url: "http://h/123456789012/q".to_owned(), function: "f".to_owned() }];
    let world = World::new(Options { queues, ..manual() }).await;
    world.kinesis.describe_limits().send().await.unwrap();
    world.kinesis.describe_limits().send().await.unwrap();
    world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap_err(); // arrived all the same
    world.cloudwatch.describe_alarms().send().await.unwrap();
    world.tagging.get_resources().send().await.unwrap();
    world.sns.publish().topic_arn("arn:aws:sns:us-east-1:123456789012:t").message("m").send().await.unwrap();
    world.sqs.send_message().queue_url("http://h/123456789012/q").message_body("m").send().await.unwrap();
    let expected = [
        ("cloudwatch:DescribeAlarms", 1),
        ("kinesis:DescribeLimits", 2),
        ("kinesis:DescribeStreamSummary", 1),
        ("sns:Publish", 1),
        ("sqs:SendMessage", 1),
        ("tag:GetResources", 1),
    ];
    assert_eq!(world.sandbox.calls(), counts(&expected));
    assert_eq!(world.sandbox.throttled(), counts(&[]));
    world.sandbox.forget_calls();
    world.kinesis.describe_limits().send().await.unwrap();
    assert_eq!(world.sandbox.calls(), counts(&[("kinesis:DescribeLimits", 1)]));
}

#[tokio::test]
async fn without_rates_nothing_is_throttled() {
    let world = World::new(manual()).await;
    for _ in 0..4 {
        world.cloudwatch.delete_alarms().alarm_names("a").send().await.unwrap();
    }
    assert_eq!(world.sandbox.throttled(), counts(&[]));
}

#[tokio::test]
async fn calls_beyond_the_rate_are_refused_until_the_clock_moves() {
    let world = limited().await;
    let delete = async || world.cloudwatch.delete_alarms().alarm_names("a").send().await;
    for _ in 0..3 {
        delete().await.unwrap();
    }
    assert_eq!(delete().await.unwrap_err().into_service_error().code(), Some("Throttling"));
    world.cloudwatch.describe_alarms().send().await.unwrap(); // each operation has a bucket of its own
    world.sandbox.clock().advance(SignedDuration::from_millis(334));
    delete().await.unwrap();
    delete().await.unwrap_err();
    assert_eq!(world.sandbox.throttled(), counts(&[("cloudwatch:DeleteAlarms", 2)]));

    // Forgetting starts the counts from zero, and lets no call through.
    world.sandbox.forget_calls();
    delete().await.unwrap_err();
    let one = counts(&[("cloudwatch:DeleteAlarms", 1)]);
    assert_eq!((world.sandbox.calls(), world.sandbox.throttled()), (one.clone(), one));
    world.sandbox.clock().advance(SignedDuration::from_secs(1));
    delete().await.unwrap();
}

#[tokio::test]
async fn each_service_refuses_under_its_own_name() {
    let world = limited().await;
    world.kinesis.describe_limits().send().await.unwrap();
    let kinesis = world.kinesis.describe_limits().send().await.unwrap_err().into_service_error();
    assert!(kinesis.is_limit_exceeded_exception());
    assert_eq!(
        kinesis.message(),
        Some("Rate exceeded: calls of kinesis:DescribeLimits by an account are limited to 1 a second")
    );
    for _ in 0..15 {
        world.tagging.get_resources().send().await.unwrap();
    }
    let tagging = world.tagging.get_resources().send().await.unwrap_err().into_service_error();
    assert!(tagging.is_throttled_exception());
}

/// Two tries that the clock, which stands still, cannot part.
macro_rules! twice {
    ($sdk:ident, $call:expr) => {{
        let retry = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(1));
        let call = $call.customize().config_override($sdk::config::Config::builder().retry_config(retry));
        call.send().await.unwrap_err();
    }};
}

#[tokio::test]
async fn the_sdk_takes_each_refusal_for_throttling_and_tries_again() {
    let world = limited().await;
    world.kinesis.describe_limits().send().await.unwrap();
    for _ in 0..3 {
        world.cloudwatch.delete_alarms().alarm_names("a").send().await.unwrap();
    }
    for _ in 0..15 {
        world.tagging.get_resources().send().await.unwrap();
    }
    twice!(aws_sdk_kinesis, world.kinesis.describe_limits());
    twice!(aws_sdk_cloudwatch, world.cloudwatch.delete_alarms().alarm_names("a"));
    twice!(aws_sdk_resourcegroupstagging, world.tagging.get_resources());
    let expected = [("cloudwatch:DeleteAlarms", 2), ("kinesis:DescribeLimits", 2), ("tag:GetResources", 2)];
    assert_eq!(world.sandbox.throttled(), counts(&expected));
}
