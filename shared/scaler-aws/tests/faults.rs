// SPDX-License-Identifier: Apache-2.0
//! Calls that fail: what each failure is taken for, how often it is tried, and what its error says.
#![allow(clippy::unwrap_used)]

#[path = "support/standin.rs"]
mod standin;
mod support;

use std::pin::Pin;
use std::time::Duration;

use aws_config::SdkConfig;
use jiff::Timestamp;
use kinesis_model::{HashKeyRange, ShardCount};
use scaler_app::cloud::{
    CallError, Clock, Cloud as _, CloudWatch as _, Failure, FleetCloud as _, Kinesis as _, OtherSettings, Queue as _,
    StoredAlarm, Tagging as _,
};
use scaler_app::stack_config::StackConfig;
use scaler_app::{FunctionState, OutcomeKind, Response, handle};
use scaler_aws::AwsFleetCloud;
use scaler_core::{
    ALARM_PREFIX, AlarmKind, AttemptKind, Direction, Policy, PolicySpec, ResizeHistory, TAG_MANAGED, TAG_RESIZES,
    alarm_name, scaling_alarm,
};
use serde_json::{Value, json};

use standin::{Answer, Asked, Standin, map, number, our_tags, series, text};

const NOW: Timestamp = Timestamp::constant(1_767_322_800, 0);
const STREAM: &str = "orders";
/// Every operation of Kinesis that is used.
const OF_KINESIS: [&str; 9] = [
    "DescribeStreamSummary",
    "ListTagsForStream",
    "AddTagsToStream",
    "UpdateShardCount",
    "DescribeLimits",
    "ListShards",
    "SplitShard",
    "MergeShards",
    "EnableEnhancedMonitoring",
];
/// Those of them that change how many shards there are.
const RESIZES: [&str; 3] = ["UpdateShardCount", "SplitShard", "MergeShards"];
/// Every operation that is used, but for SNS's, which speaks another protocol (`pass.rs`).
const OPERATIONS: [&str; 16] = [
    "DescribeStreamSummary",
    "ListTagsForStream",
    "AddTagsToStream",
    "UpdateShardCount",
    "DescribeLimits",
    "ListShards",
    "SplitShard",
    "MergeShards",
    "EnableEnhancedMonitoring",
    "GetMetricData",
    "DescribeAlarms",
    "ListTagsForResource",
    "PutMetricAlarm",
    "DeleteAlarms",
    "GetResources",
    "SendMessage",
];
/// Tries of a call that could succeed later, the first included; but for a resize, which is never asked for twice.
const TRIES: usize = 4;

fn tries(operation: &str, of_others: usize) -> usize {
    if RESIZES.contains(&operation) { 1 } else { of_others }
}

#[derive(Clone, Copy)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

type StandinCloud = AwsFleetCloud<StoppedClock>;

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/123456789012/later";

async fn cloud(standin: &Standin) -> StandinCloud {
    cloud_over(&support::sdk(standin.endpoint()).await)
}

fn cloud_over(sdk: &SdkConfig) -> StandinCloud {
    let stack_config = StackConfig { continuation_queue_url: Some(QUEUE.to_owned()), ..StackConfig::default() };
    support::fleet_cloud(sdk, StoppedClock, &stack_config)
}

fn policy() -> Policy {
    Policy::new(PolicySpec::default()).unwrap()
}

fn four() -> ShardCount {
    ShardCount::new(4).unwrap()
}

/// The call that comes down to this operation.
async fn call(cloud: &StandinCloud, operation: &str) -> Result<(), CallError> {
    let alarm = scaling_alarm(&policy(), STREAM, four(), Direction::Out);
    let other = OtherSettings::default();
    let stored = StoredAlarm { arn: alarm_arn(Direction::Out), alarm: alarm.clone(), other: other.clone() };
    match operation {
        "DescribeStreamSummary" => cloud.kinesis().describe(STREAM).await.map(drop),
        "ListTagsForStream" => cloud.kinesis().tags(STREAM).await.map(drop),
        "AddTagsToStream" => cloud.kinesis().put_tag(STREAM, TAG_RESIZES, "").await,
        "UpdateShardCount" => cloud.kinesis().update_shard_count(STREAM, four()).await,
        "DescribeLimits" => cloud.kinesis().account_shards().await.map(drop),
        "ListShards" => cloud.kinesis().open_shards(STREAM).await.map(drop),
        "SplitShard" => cloud.kinesis().split_shard(STREAM, "shardId-000000000000", 1 << 100).await,
        "MergeShards" => cloud.kinesis().merge_shards(STREAM, "shardId-000000000000", "shardId-000000000001").await,
        "EnableEnhancedMonitoring" => cloud.kinesis().enable_shard_metrics(STREAM).await,
        "GetMetricData" => cloud.cloudwatch().window(STREAM, NOW, 5).await.map(drop),
        "DescribeAlarms" => cloud.cloudwatch().firing_alarms(ALARM_PREFIX).await.map(drop),
        "ListTagsForResource" => cloud.cloudwatch().alarm_tags(&stored).await.map(drop),
        "PutMetricAlarm" => cloud.cloudwatch().put_alarm(&alarm, &other, &[]).await,
        "DeleteAlarms" => cloud.cloudwatch().delete_alarms(&[alarm.name]).await,
        "GetResources" => cloud.tagging().streams_tagged(TAG_MANAGED).await.map(drop),
        _ => cloud.queue().unwrap().send("{}", 0).await,
    }
}

fn name(direction: Direction) -> String {
    alarm_name(STREAM, AlarmKind::Scaling(direction))
}

fn alarm_arn(direction: Direction) -> String {
    format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{}", name(direction))
}

/// What the error says it was about.
fn subject(operation: &str) -> String {
    match operation {
        "DescribeLimits" => "the account".to_owned(),
        "DescribeAlarms" => "all alarms in state ALARM".to_owned(),
        "ListTagsForResource" => alarm_arn(Direction::Out),
        "PutMetricAlarm" | "DeleteAlarms" => name(Direction::Out),
        "GetResources" => "the account's streams".to_owned(),
        "SendMessage" => QUEUE.to_owned(),
        _ => STREAM.to_owned(),
    }
}

/// What AWS answers when all is well: a managed stream of four full shards, with its alarms.
fn well(operation: &str) -> Answer {
    let done = Answer::json(200, &json!({}));
    match operation {
        "DescribeStreamSummary" => Answer::json(
            200,
            &json!({ "StreamDescriptionSummary": {
                "StreamName": STREAM,
                "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
                "StreamStatus": "ACTIVE",
                "StreamModeDetails": { "StreamMode": "PROVISIONED" },
                "RetentionPeriodHours": 24,
                "StreamCreationTimestamp": 1_767_000_000.0,
                "EnhancedMonitoring": [],
                "OpenShardCount": 4,
            } }),
        ),
        "ListTagsForStream" => Answer::json(
            200,
            &json!({ "Tags": [{ "Key": "kinesis-scaler/managed", "Value": "true" }], "HasMoreTags": false }),
        ),
        "DescribeLimits" => Answer::json(
            200,
            &json!({ "ShardLimit": 200, "OpenShardCount": 4, "OnDemandStreamCount": 0, "OnDemandStreamCountLimit": 50 }),
        ),
        "ListShards" => {
            let shard = |(i, range): (usize, HashKeyRange)| {
                let (first, last) = (range.first().to_string(), range.last().to_string());
                json!({
                    "ShardId": format!("shardId-{i:012}"),
                    "HashKeyRange": { "StartingHashKey": first, "EndingHashKey": last },
                    "SequenceNumberRange": { "StartingSequenceNumber": "1" },
                })
            };
            let shards: Vec<_> = HashKeyRange::uniform(4).into_iter().enumerate().map(shard).collect();
            Answer::json(200, &json!({ "Shards": shards }))
        }
        "GetMetricData" => {
            let seconds = NOW.as_second();
            let bytes = [(seconds - 120, 4.0 * 62_914_560.0), (seconds - 60, 4.0 * 62_914_560.0)];
            Answer::cbor(200, &map([("MetricDataResults", vec![series("bytes_0", &bytes, "Complete")].into())]))
        }
        "DescribeAlarms" => {
            let alarm = |way| {
                let (name, arn) = (text(&name(way)), text(&alarm_arn(way)));
                map([("AlarmName", name), ("AlarmArn", arn), ("Threshold", number(88.0))])
            };
            Answer::cbor(200, &map([("MetricAlarms", vec![alarm(Direction::Out), alarm(Direction::In)].into())]))
        }
        "ListTagsForResource" => our_tags(),
        "PutMetricAlarm" | "DeleteAlarms" => Answer::cbor(200, &map([])),
        "GetResources" => Answer::json(200, &json!({ "ResourceTagMappingList": [], "PaginationToken": "" })),
        // The SDK holds the checksum against what it sent.
        "SendMessage" => {
            Answer::json(200, &json!({ "MessageId": "1", "MD5OfMessageBody": "99914b932bd37a50b983c5e7c90ae93b" }))
        }
        _ => done,
    }
}

/// An AWS that is well but for one operation, which answers so; the last of these answers stands for all later ones.
async fn unwell(operation: &'static str, answers: Vec<Answer>) -> Standin {
    let mut nth = 0;
    Standin::start(move |asked| {
        if asked.operation != operation {
            return well(&asked.operation);
        }
        nth += 1;
        answers[nth.min(answers.len()) - 1].clone()
    })
    .await
}

fn times(asked: &[Asked], operation: &str) -> usize {
    asked.iter().filter(|asked| asked.operation == operation).count()
}

/// Lets one operation fail for good; returns its error and how often it was tried.
async fn failed(operation: &'static str, answer: Answer) -> (CallError, usize) {
    let standin = unwell(operation, vec![answer]).await;
    let error = call(&cloud(&standin).await, operation).await.unwrap_err();
    (error, times(&standin.asked(), operation))
}

/// An error code, with every operation that answers so.
async fn check(operations: &[&'static str], status: u16, code: &str, expected: Failure, attempts: usize) {
    for operation in operations {
        let (error, tried) = failed(operation, Answer::error(operation, status, code, "as scripted")).await;
        assert_eq!(
            (error.failure, tried),
            (expected, tries(operation, attempts)),
            "{operation} {status} {code}: {error}"
        );
        assert_eq!(error.to_string(), format!("{operation} for {}: {code}: as scripted", subject(operation)));
    }
}

fn kinesis_but(not: &[&str]) -> Vec<&'static str> {
    OF_KINESIS.into_iter().filter(|operation| !not.contains(operation)).collect()
}

#[tokio::test]
async fn nothing_fails_when_all_is_well() {
    for operation in OPERATIONS {
        let standin = unwell("none", vec![Answer::HangUp]).await;
        call(&cloud(&standin).await, operation).await.unwrap();
        assert_eq!(times(&standin.asked(), operation), 1);
    }
}

#[tokio::test]
async fn a_throttled_call_is_tried_four_times() {
    check(&OPERATIONS, 400, "ThrottlingException", Failure::Throttled, TRIES).await;
    check(&["GetMetricData", "DescribeAlarms", "PutMetricAlarm"], 400, "Throttling", Failure::Throttled, TRIES).await;
    check(&["DescribeLimits"], 400, "RequestLimitExceeded", Failure::Throttled, TRIES).await;
}

#[tokio::test]
async fn an_exceeded_limit_is_a_throttle_where_it_reads_and_a_refusal_of_a_resize() {
    check(&kinesis_but(&RESIZES), 400, "LimitExceededException", Failure::Throttled, TRIES).await;
    check(&["UpdateShardCount"], 400, "LimitExceededException", Failure::DailyLimitReached, 1).await;
    let splits: Vec<_> = RESIZES.into_iter().filter(|resize| *resize != "UpdateShardCount").collect();
    check(&splits, 400, "LimitExceededException", Failure::Quota, 1).await;
    // CloudWatch's own: too many alarms. The SDK does not take this one for a throttle.
    check(&["PutMetricAlarm"], 400, "LimitExceeded", Failure::Quota, 1).await;
}

#[tokio::test]
async fn a_service_that_is_unwell_is_tried_four_times() {
    check(&OPERATIONS, 500, "InternalFailure", Failure::ServerFault, TRIES).await;
    check(&["DescribeAlarms", "UpdateShardCount"], 503, "ServiceUnavailable", Failure::ServerFault, TRIES).await;
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    check(&OPERATIONS, 400, "AccessDeniedException", Failure::Denied, 1).await;
    check(&kinesis_but(&[]), 400, "InvalidArgumentException", Failure::Refused, 1).await;
    check(&kinesis_but(&["DescribeLimits"]), 400, "ResourceNotFoundException", Failure::NotFound, 1).await;
    check(&["AddTagsToStream", "EnableEnhancedMonitoring"], 400, "ResourceInUseException", Failure::InUse, 1).await;
    check(&RESIZES, 400, "ResourceInUseException", Failure::InUse, 1).await;
    check(&["GetMetricData"], 400, "InvalidParameterCombination", Failure::Refused, 1).await;
}

#[tokio::test]
async fn a_connection_that_is_dropped_is_unavailable() {
    for operation in OPERATIONS {
        let (error, tried) = failed(operation, Answer::HangUp).await;
        assert_eq!((error.failure, tried), (Failure::Unavailable, tries(operation, TRIES)), "{error}");
        let begins = format!("{operation} for {}: dispatch failure: ", subject(operation));
        assert!(error.to_string().starts_with(&begins), "{error}");
    }
}

/// Success, with a body that is none of the service's. The SDK does not try these again; Lambda does, with the whole event.
async fn check_garbage(operations: &[&'static str]) {
    for operation in operations {
        let (error, tried) = failed(operation, Answer::garbage(operation)).await;
        assert_eq!((error.failure, tried), (Failure::Unreadable, 1), "{error}");
        assert!(error.to_string().starts_with(&format!("{operation} for {}: ", subject(operation))), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_unreadable() {
    // These have nothing to say but that it was done.
    check_garbage(&kinesis_but(&["AddTagsToStream", "SplitShard", "MergeShards"])).await;
    for (status, attempts) in [(400, 1), (503, TRIES)] {
        let headers = vec![("content-type", "text/html".to_owned())];
        let page = Answer::Http { status, headers, body: b"<html>sorry</html>".to_vec() };
        let (error, tried) = failed("DescribeStreamSummary", page).await;
        assert_eq!((error.failure, tried), (Failure::Unreadable, attempts), "{error}");
        let told = format!(
            "DescribeStreamSummary for orders: an answer that cannot be read: HTTP {status} with text/html, expected JSON \
             (application/x-amz-json-1.1), which begins \"<html>sorry</html>\""
        );
        assert_eq!(error.to_string(), told);
    }
}

#[tokio::test]
async fn an_answer_without_a_code_is_told_in_its_own_words() {
    let kind = "application/x-amz-json-1.1";
    let codeless = "an answer without an error code: HTTP";
    let unreadable = "an answer that cannot be read: HTTP";
    let (passing, refused, odd) = (Failure::ServerFault, Failure::Refused, Failure::Unreadable);
    for (status, kind, body, failure, told) in [
        (503, kind, "", passing, format!("{codeless} 503, and an empty body")),
        (500, "text/html", " \n", passing, format!("{codeless} 500, and an empty body")),
        (503, kind, r#"{"message":"Service\nUnavailable"}"#, passing, format!("{codeless} 503: Service Unavailable")),
        (502, "application/json", r#"{"Message":"later"}"#, passing, format!("{codeless} 502: later")),
        (500, kind, r#"{"a":1}"#, passing, format!("{codeless} 500, which begins {:?}", r#"{"a":1}"#)),
        (400, kind, r#"{"message":"no such field"}"#, refused, format!("{codeless} 400: no such field")),
        (429, kind, r#"{"message":"too many"}"#, passing, format!("{codeless} 429: too many")),
        (400, kind, "", odd, format!("{unreadable} 400 with {kind}, but an empty body")),
        (
            407,
            "application/x-amz-json-1.1; charset=utf-8",
            "<p>",
            odd,
            format!(
                "{unreadable} 407 with {kind}; charset=utf-8, but its body is not what AWS writes, which begins \"<p>\""
            ),
        ),
        (
            502,
            "application/json",
            r#"{"error":"proxy"}"#,
            odd,
            format!(
                "{unreadable} 502 with application/json, expected JSON ({kind}), which begins {:?}",
                r#"{"error":"proxy"}"#
            ),
        ),
    ] {
        let headers = vec![("content-type", kind.to_owned())];
        let (error, _) = failed("DescribeStreamSummary", Answer::Http { status, headers, body: body.into() }).await;
        assert_eq!(error.to_string(), format!("DescribeStreamSummary for orders: {told}"));
        assert_eq!(error.failure, failure, "{error}");
    }
    // CloudWatch speaks another protocol, and fails as well.
    for operation in ["DescribeAlarms", "UpdateShardCount"] {
        let (error, _) = failed(operation, Answer::Http { status: 503, headers: Vec::new(), body: Vec::new() }).await;
        assert!(error.to_string().ends_with("HTTP 503, and an empty body"), "{error}");
        assert_eq!(error.failure, Failure::ServerFault);
    }
    let (error, _) = failed("DescribeAlarms", Answer::cbor(400, &map([("message", text("odd"))]))).await;
    assert!(error.to_string().ends_with("HTTP 400: odd"), "{error}");
}

#[tokio::test]
async fn an_answer_in_another_protocol_is_told_with_both() {
    for (operation, expected) in
        [("DescribeAlarms", "CBOR (rpc-v2-cbor"), ("ListTagsForStream", "JSON (application/x-amz-json-1.1")]
    {
        let headers = vec![("content-type", "text/xml".to_owned())];
        let xml = Answer::Http { status: 200, headers, body: b"<DescribeAlarmsResponse/>".to_vec() };
        let (error, _) = failed(operation, xml).await;
        let told = format!("HTTP 200 with text/xml, expected {expected}");
        assert!(error.to_string().contains(&told), "{error}");
        assert_eq!(error.failure, Failure::Unreadable);
    }
}

#[tokio::test]
async fn a_stream_in_a_state_unknown_to_us_is_refused() {
    for (field, value) in [("StreamStatus", json!("FROZEN")), ("StreamModeDetails", json!({ "StreamMode": "MAGIC" }))] {
        let Answer::Http { body, .. } = well("DescribeStreamSummary") else { continue };
        let mut answer: Value = serde_json::from_slice(&body).unwrap();
        answer["StreamDescriptionSummary"][field] = value;
        let (error, tried) = failed("DescribeStreamSummary", Answer::json(200, &answer)).await;
        assert_eq!((error.failure, tried), (Failure::Refused, 1));
        assert!(error.to_string().contains("an answer without a known status, mode or shard count"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_recovers_in_time_is_no_failure() {
    let refused = Answer::error("AddTagsToStream", 400, "ThrottlingException", "slow down");
    let lost = Answer::HangUp;
    let unwell = unwell("AddTagsToStream", vec![refused.clone(), lost, refused, well("AddTagsToStream")]).await;
    call(&cloud(&unwell).await, "AddTagsToStream").await.unwrap();
    let asked = unwell.asked();
    assert_eq!(asked.len(), TRIES);
    let body = json!({ "StreamName": STREAM, "Tags": { "kinesis-scaler/resizes": "" } });
    assert!(asked.iter().all(|asked| asked.json() == body), "{asked:?}");
}

/// The time limits are the adapters' own, a hundred times shorter: 50 ms a try and 120 ms a call.
#[tokio::test]
async fn a_service_that_never_answers_is_unavailable_when_the_time_is_up() {
    let standin = unwell("UpdateShardCount", vec![Answer::Silence]).await;
    let sdk = support::sdk(standin.endpoint()).await;
    let limits = sdk.timeout_config().unwrap();
    let (a_try, a_call) = (limits.operation_attempt_timeout().unwrap(), limits.operation_timeout().unwrap());
    assert_eq!((a_try, a_call), (Duration::from_secs(5), Duration::from_secs(12)));
    let shorter = limits.to_builder().operation_attempt_timeout(a_try / 100).operation_timeout(a_call / 100).build();
    let sdk = sdk.into_builder().timeout_config(shorter).build();
    let error = call(&cloud_over(&sdk), "UpdateShardCount").await.unwrap_err();
    assert_eq!(error.failure, Failure::Unavailable);
    assert!(error.to_string().contains("UpdateShardCount for orders: ") && error.to_string().contains("timeout"));
    assert!((1..TRIES).contains(&times(&standin.asked(), "UpdateShardCount")), "{:?}", standin.asked());
}

#[tokio::test]
async fn the_retries_are_the_ones_that_lambda_has_time_for() {
    let sdk = scaler_aws::loader().endpoint_url("http://127.0.0.1:1").load().await;
    let retries = sdk.retry_config().unwrap();
    assert_eq!((retries.max_attempts(), retries.initial_backoff()), (4, Duration::from_secs(1)));
}

/// The whole pass, for an alarm that calls the function directly.
async fn pass(standin: &Standin) -> Response {
    let event = json!({ "source": "aws.cloudwatch", "alarmData": {
        "alarmName": "kinesis-scaler/orders/scale-out",
        "state": { "value": "ALARM" },
        "configuration": { "metrics": [
            { "id": "bytes", "metricStat": { "metric": { "dimensions": { "StreamName": STREAM } } } },
        ] },
    } });
    handle(&cloud(standin).await, &FunctionState::default(), &policy(), Direction::Out, &event, &mut |_| ()).await
}

/// The newest attempt of the history that was written down last.
fn written(asked: &[Asked]) -> Option<(Timestamp, AttemptKind)> {
    let tags = asked.iter().rfind(|asked| asked.operation == "AddTagsToStream")?.json();
    let history = ResizeHistory::parse(tags["Tags"]["kinesis-scaler/resizes"].as_str()?).unwrap();
    history.attempts().last().map(|attempt| (attempt.at, attempt.kind))
}

#[tokio::test]
async fn a_pass_that_failed_for_now_is_an_error_for_lambda_and_one_that_was_refused_is_not() {
    for operation in
        ["DescribeStreamSummary", "ListTagsForStream", "AddTagsToStream", "UpdateShardCount", "GetMetricData"]
    {
        for (status, code, kind) in [
            (400, "ThrottlingException", OutcomeKind::Failed),
            (500, "InternalFailure", OutcomeKind::Failed),
            (400, "AccessDeniedException", OutcomeKind::Refused),
        ] {
            let standin = unwell(operation, vec![Answer::error(operation, status, code, "as scripted")]).await;
            let response = pass(&standin).await;
            assert_eq!(response.outcomes[0].outcome, kind, "{operation} {code}");
            assert!(response.outcomes[0].words.contains(&format!("{operation} for orders: {code}")), "{response:?}");
            assert_eq!(response.into_result().is_err(), kind == OutcomeKind::Failed);
            let resized = times(&standin.asked(), "UpdateShardCount") > 0;
            assert_eq!(
                resized,
                operation == "UpdateShardCount",
                "{operation} {code}: nothing is done unseen or unwritten"
            );
            assert_eq!(times(&standin.asked(), "PutMetricAlarm"), 0);
        }
    }
}

#[tokio::test]
async fn what_only_helps_does_not_stop_a_resize() {
    for (operation, fault) in [
        ("DescribeLimits", None),
        (
            "DescribeAlarms",
            Some(
                "the alarms do not fit the new shard count of 5 yet: DescribeAlarms for \
                kinesis-scaler/orders/scale-out",
            ),
        ),
        (
            "ListTagsForResource",
            Some(
                "the alarms do not fit the new shard count of 5 yet: ListTagsForResource for \
                arn:aws:cloudwatch:us-east-1",
            ),
        ),
        (
            "PutMetricAlarm",
            Some(
                "the alarms do not fit the new shard count of 5 yet: PutMetricAlarm for \
                kinesis-scaler/orders/scale-out",
            ),
        ),
    ] {
        let standin = unwell(operation, vec![Answer::error(operation, 500, "InternalFailure", "as scripted")]).await;
        let outcome = pass(&standin).await.outcomes.remove(0);
        assert_eq!((outcome.outcome, outcome.desired), (OutcomeKind::Resized, Some(5)), "{outcome:?}");
        assert_eq!(outcome.faults.len(), usize::from(fault.is_some()), "{outcome:?}");
        assert!(fault.is_none_or(|fault| outcome.faults[0].starts_with(fault)), "{outcome:?}");
        assert_eq!(written(&standin.asked()), Some((NOW, AttemptKind::ScaleOut)));
    }
}

#[tokio::test]
async fn a_lost_answer_counts_as_a_resize_and_a_refusal_does_not() {
    for (answer, kind, attempt) in [
        (Answer::HangUp, OutcomeKind::Failed, AttemptKind::Unanswered(Direction::Out)),
        (Answer::garbage("UpdateShardCount"), OutcomeKind::Failed, AttemptKind::Unanswered(Direction::Out)),
        (
            Answer::error("UpdateShardCount", 400, "LimitExceededException", "ten"),
            OutcomeKind::Refused,
            AttemptKind::DailyLimitReached,
        ),
        (
            Answer::error("UpdateShardCount", 400, "LimitExceededException", "cannot scale up over double"),
            OutcomeKind::Refused,
            AttemptKind::Refused,
        ),
        (
            Answer::error("UpdateShardCount", 400, "ResourceInUseException", "busy"),
            OutcomeKind::Held,
            AttemptKind::External,
        ),
        (
            Answer::error("UpdateShardCount", 400, "ThrottlingException", "slow"),
            OutcomeKind::Failed,
            AttemptKind::Refused,
        ),
    ] {
        let standin = unwell("UpdateShardCount", vec![answer.clone()]).await;
        let response = pass(&standin).await;
        assert_eq!(response.outcomes[0].outcome, kind, "{answer:?}: {response:?}");
        assert_eq!(written(&standin.asked()), Some((NOW, attempt)), "{answer:?}");
    }
}

/// A second try would be answered by what the first one did.
#[tokio::test]
async fn a_resize_is_asked_for_once() {
    for lost in [Answer::HangUp, Answer::error("UpdateShardCount", 500, "InternalFailure", "perhaps")] {
        let standin = unwell("UpdateShardCount", vec![lost, well("UpdateShardCount")]).await;
        assert!(pass(&standin).await.into_result().is_err(), "Lambda tries again, with a fresh look");
        assert_eq!(times(&standin.asked(), "UpdateShardCount"), 1);
        assert_eq!(written(&standin.asked()), Some((NOW, AttemptKind::Unanswered(Direction::Out))));
    }
}

#[tokio::test]
async fn a_refused_resize_asks_for_attention() {
    for operation in ["AddTagsToStream", "UpdateShardCount"] {
        let refusal = Answer::error(operation, 400, "AccessDeniedException", "no permission");
        let outcome = pass(&unwell(operation, vec![refusal]).await).await.outcomes.remove(0);
        assert_eq!(
            (outcome.outcome, outcome.needs_attention),
            (OutcomeKind::Refused, true),
            "{operation}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn every_code_that_the_sdk_tries_again_is_a_passing_failure() {
    let mut wrong = Vec::new();
    for (code, expected) in [
        ("RequestThrottled", Failure::Throttled),
        ("SlowDown", Failure::Throttled),
        ("BandwidthLimitExceeded", Failure::Throttled),
        ("PriorRequestNotComplete", Failure::Throttled),
        ("RequestTimeout", Failure::ServerFault),
        ("RequestTimeoutException", Failure::ServerFault),
    ] {
        let operation = "DescribeStreamSummary";
        let (error, tried) = failed(operation, Answer::error(operation, 400, code, "as scripted")).await;
        assert_eq!(tried, TRIES, "{code}");
        if error.failure != expected {
            wrong.push((code, error.failure));
        }
    }
    assert_eq!(wrong, []);
}

#[tokio::test]
async fn an_answer_of_cloudwatch_that_makes_no_sense_is_unreadable() {
    check_garbage(&["GetMetricData", "DescribeAlarms", "ListTagsForResource"]).await;
}

#[tokio::test]
async fn an_answer_of_the_tagging_service_that_makes_no_sense_is_unreadable() {
    check_garbage(&["GetResources", "SendMessage"]).await;
}
