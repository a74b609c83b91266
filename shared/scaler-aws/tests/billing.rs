// SPDX-License-Identifier: Apache-2.0
//! What streams are billed by, as AWS tells it: in pages, with gaps, and at the pace that big questions need.
#![allow(clippy::unwrap_used)]

#[path = "support/standin.rs"]
mod standin;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_models::cloudwatch::Metric;
use billing::{Consumer, OnDemandOnly, Series, StreamConfig, UsageStep};
use billing_aws::AwsCostCloud;
use ciborium::Value as Cbor;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{Minute, ShardCount, StreamMode};
use sandbox::{Capacity, ClockOptions, MISSING_BUCKET, Options, Sandbox};
use scaler_app::cloud::{
    CallError, Clock, Cloud as _, CloudWatch as _, CostCloud as _, Failure, Kinesis as _, LambdaUsage, ReportStore as _,
};
use scaler_app::stack_config::StackConfig;
use scaler_aws::{Pace, Share, SystemClock};
use serde_json::{Value, json};

use standin::{Answer, Asked, Standin, map, series, text};

const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
const HOUR: u32 = 3_600;

fn after(hours: i64) -> Timestamp {
    START + SignedDuration::from_hours(hours)
}

async fn cloud(endpoint: &str) -> AwsCostCloud {
    support::cost_cloud(&support::sdk(endpoint).await, SystemClock, &StackConfig::default())
}

async fn sandbox() -> Sandbox {
    let clock = ClockOptions::Manual { start: START, weight: 1.0 };
    Sandbox::start(Options { clock, create_seconds: 0, ..Options::default() }).await.unwrap().0
}

/// Answers one after the other.
async fn answering(answers: Vec<Answer>) -> Standin {
    let mut answers = answers.into_iter();
    Standin::start(move |_| answers.next().unwrap_or(Answer::HangUp)).await
}

fn stream_config(consumers: usize) -> StreamConfig {
    let consumer = |i| Consumer { name: format!("app-{i}"), created: START };
    StreamConfig {
        mode: StreamMode::Provisioned,
        open_shards: ShardCount::ONE,
        retention_hours: 24,
        created: START,
        consumers: (0..consumers).map(consumer).collect(),
        on_demand_only: OnDemandOnly::default(),
    }
}

#[tokio::test]
async fn all_streams_are_listed_to_the_last_page_in_order() {
    let page = |names: &[&str], more| {
        Answer::json(200, &json!({ "StreamNames": names, "HasMoreStreams": more, "NextToken": "unused" }))
    };
    let standin = answering(vec![page(&["Zulu", "beta"], true), page(&["alpha"], false)]).await;
    assert_eq!(cloud(standin.endpoint()).await.kinesis().list_streams().await.unwrap(), ["Zulu", "alpha", "beta"]);
    let after: Vec<Value> = standin.asked().iter().map(|it| it.json()["ExclusiveStartStreamName"].clone()).collect();
    assert_eq!(after, [Value::Null, json!("beta")]);

    let sandbox = sandbox().await;
    let names: Vec<_> = (0..203).map(|i| format!("s{i:03}")).collect();
    for name in &names {
        sandbox.create_stream(name, Capacity::Shards(1), &[]).await.unwrap();
    }
    assert_eq!(cloud(sandbox.endpoint()).await.kinesis().list_streams().await.unwrap(), names);
    assert_eq!(sandbox.calls()["kinesis:ListStreams"], 3);
}

fn summary(mode: &str, open_shards: i32) -> Answer {
    Answer::json(
        200,
        &json!({ "StreamDescriptionSummary": {
            "StreamName": "orders",
            "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/orders",
            "StreamStatus": "ACTIVE",
            "StreamModeDetails": { "StreamMode": mode },
            "RetentionPeriodHours": 168,
            "StreamCreationTimestamp": 1_767_322_800.5,
            "EnhancedMonitoring": [],
            "OpenShardCount": open_shards,
        } }),
    )
}

fn consumers(names: &[&str], token: Option<&str>) -> Answer {
    let consumer = |name: &&str| {
        json!({
            "ConsumerName": name,
            "ConsumerARN": format!("arn:{name}"),
            "ConsumerStatus": "ACTIVE",
            "ConsumerCreationTimestamp": 1_767_326_400,
        })
    };
    Answer::json(200, &json!({ "Consumers": names.iter().map(consumer).collect::<Vec<_>>(), "NextToken": token }))
}

#[tokio::test]
async fn a_standing_has_the_consumers_of_every_page() {
    let answers = vec![summary("ON_DEMAND", 6), consumers(&["a", "b"], Some("more")), consumers(&["c"], None)];
    let standin = answering(answers).await;
    let config = cloud(standin.endpoint()).await.kinesis().stream_config("orders").await.unwrap();
    let consumer = |name: &str| Consumer { name: name.to_owned(), created: after(1) };
    let expected = StreamConfig {
        mode: StreamMode::OnDemand,
        open_shards: ShardCount::new(6).unwrap(),
        retention_hours: 168,
        created: START,
        consumers: vec![consumer("a"), consumer("b"), consumer("c")],
        on_demand_only: OnDemandOnly::default(),
    };
    assert_eq!(config, expected);
    let asked = standin.asked();
    let arn = json!("arn:aws:kinesis:us-east-1:123456789012:stream/orders");
    assert_eq!((&asked[1].json()["StreamARN"], &asked[2].json()["NextToken"]), (&arn, &json!("more")));
}

#[tokio::test]
async fn a_standing_tells_what_on_demand_mode_alone_has() {
    for (channels, distribution, expected) in [
        (json!(2), json!("AUTO"), (Some(2), Some(true))),
        (json!(0), json!("USER_PARTITION_KEY"), (Some(0), Some(false))),
        (json!(null), json!(null), (None, None)),
    ] {
        let Answer::Http { body, .. } = summary("ON_DEMAND", 6) else { unreachable!("it is one of HTTP") };
        let mut answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let summary = &mut answer["StreamDescriptionSummary"];
        (summary["ChannelCount"], summary["RecordDistributionStrategy"]) = (channels, distribution);
        let standin = answering(vec![Answer::json(200, &answer), consumers(&[], None)]).await;
        let config = cloud(standin.endpoint()).await.kinesis().stream_config("orders").await.unwrap();
        assert_eq!((config.on_demand_only.channels, config.on_demand_only.is_auto), expected);
    }
}

#[tokio::test]
async fn a_standing_that_says_what_we_do_not_know_is_a_refusal() {
    for (mode, shards) in [("SERVERLESS", 1), ("PROVISIONED", -1)] {
        let standin = answering(vec![summary(mode, shards)]).await;
        let error = cloud(standin.endpoint()).await.kinesis().stream_config("orders").await.unwrap_err();
        assert_eq!(error.failure, Failure::Refused);
        let words = "DescribeStreamSummary for orders: an answer without a known status, mode, shard count, retention";
        assert!(error.to_string().starts_with(words), "{error}");
    }
}

fn record(sandbox: &Sandbox, metric: &Metric, hour: i64, minute: i64, value: f64) {
    sandbox.cloudwatch().record(metric, after(hour) + SignedDuration::from_mins(minute), value);
}

#[tokio::test]
async fn each_metric_goes_to_its_step_and_a_step_without_a_point_stays_unknown() {
    let sandbox = sandbox().await;
    for (name, first, second) in [
        ("IncomingBytes", 100.0, 11.0),
        ("IncomingRecords", 10.0, 1.0),
        ("WriteProvisionedThroughputExceeded", 2.0, 1.0),
        ("GetRecords.Bytes", 70.0, 7.0),
        ("GetRecords.IteratorAgeMilliseconds", 900.0, 400.0),
        ("ReadProvisionedThroughputExceeded", 5.0, 5.0),
    ] {
        record(&sandbox, &Metric::kinesis("orders", name), 1, 0, first);
        record(&sandbox, &Metric::kinesis("orders", name), 1, 59, second);
    }
    let shards = Metric { namespace: "KinesisScaler".to_owned(), ..Metric::kinesis("orders", "OpenShards") };
    record(&sandbox, &shards, 0, 5, 4.0);
    record(&sandbox, &shards, 0, 10, 6.0);
    let mut given = Metric::kinesis("orders", "SubscribeToShardEvent.Bytes");
    given.dimensions.insert("ConsumerName".to_owned(), "app-1".to_owned());
    record(&sandbox, &given, 2, 0, 33.0);
    sandbox.clock().set(after(9));

    let asked = [("orders".to_owned(), stream_config(2)), ("quiet".to_owned(), stream_config(0))];
    let cloud = cloud(sandbox.endpoint()).await;
    let series = cloud.cloudwatch().series(&asked, START, after(3), HOUR).await.unwrap();
    let metrics = Minute {
        bytes: Some(111),
        records: Some(11),
        throttled_records: Some(3),
        read_bytes: Some(77),
        read_throttles: None,
        iterator_age_ms: Some(900),
    };
    let step = |metrics, open_shards, given| UsageStep {
        metrics,
        open_shards,
        fan_out_bytes: vec![None, given],
        ..UsageStep::default()
    };
    let steps = vec![
        step(Minute::default(), Some(6), None),
        step(metrics, None, None),
        step(Minute::default(), None, Some(33)),
    ];
    assert_eq!(series["orders"], Series { start: START, step_seconds: HOUR, steps });
    assert_eq!(series["quiet"].steps, vec![UsageStep::default(); 3]);
    assert_eq!(sandbox.calls()["cloudwatch:GetMetricData"], 1);
}

fn page(results: Vec<Cbor>, token: Option<&str>) -> Answer {
    let Some(token) = token else { return Answer::cbor(200, &map([("MetricDataResults", results.into())])) };
    Answer::cbor(200, &map([("MetricDataResults", results.into()), ("NextToken", text(token))]))
}

fn queries(asked: &Asked) -> usize {
    asked.cbor("MetricDataQueries").unwrap().into_array().unwrap().len()
}

/// A month in steps of an hour has 720 points a metric: 140 metrics are a full page.
#[tokio::test]
async fn many_streams_are_asked_for_by_pages_that_are_full() {
    let sizes = [20, 0, 0, 43, 0, 200, 0];
    let streams: Vec<_> = sizes.into_iter().zip(0..).map(|(size, i)| (format!("s{i}"), stream_config(size))).collect();
    let standin = Standin::start(|_| page(vec![], None)).await;
    let cloud = cloud(standin.endpoint()).await;
    let series = cloud.cloudwatch().series(&streams, START, after(720), HOUR).await.unwrap();
    assert_eq!(series.keys().cloned().collect::<BTreeSet<_>>(), streams.iter().map(|(name, _)| name.clone()).collect());
    let asked: Vec<_> = standin.asked().iter().map(queries).collect();
    assert_eq!(asked, [26 + 6 + 6 + 49 + 6, 206, 6], "a stream that is more than a page is asked for alone");

    let streams: Vec<_> = (0..170).map(|i| (format!("s{i}"), stream_config(0))).collect();
    cloud.cloudwatch().series(&streams, START, after(3), HOUR).await.unwrap();
    let asked: Vec<_> = standin.asked().iter().skip(3).map(queries).collect();
    assert_eq!(asked, [498, 498, 24], "never more than 500");
}

async fn orders(answers: Vec<Answer>) -> (Result<BTreeMap<String, Series>, CallError>, usize) {
    let standin = answering(answers).await;
    let streams = [("orders".to_owned(), stream_config(1))];
    let read = cloud(standin.endpoint()).await.cloudwatch().series(&streams, START, after(2), HOUR).await;
    (read, standin.asked().len())
}

fn points(id: &str, points: &[(i64, f64)]) -> Cbor {
    let points: Vec<_> = points.iter().map(|(hour, value)| (after(*hour).as_second(), *value)).collect();
    series(id, &points, "Complete")
}

#[tokio::test]
async fn a_series_is_read_to_its_last_page() {
    let answers = vec![
        page(vec![points("bytes_0", &[(0, 1.0)])], Some("more")),
        page(vec![points("bytes_0", &[(1, 2.0), (2, 9.0)]), points("consumer_0_0", &[(1, 0.0)])], None),
    ];
    let (read, asked) = orders(answers).await;
    let steps = &read.unwrap()["orders"].steps;
    assert_eq!(steps.iter().map(|step| step.metrics.bytes).collect::<Vec<_>>(), [Some(1), Some(2)]);
    assert_eq!(steps.iter().map(|step| step.fan_out_bytes[0]).collect::<Vec<_>>(), [None, Some(0)]);
    assert_eq!(asked, 2);
}

#[tokio::test]
async fn what_could_not_be_read_is_an_error_and_not_a_gap() {
    for (id, status, failure) in [
        ("bytes_0", "Forbidden", Failure::Denied),
        ("shards_0", "InternalError", Failure::ServerFault),
        ("consumer_0_0", "PartialData", Failure::ServerFault),
        ("bytes_1", "Complete", Failure::ServerFault),
    ] {
        let (read, _) = orders(vec![page(vec![series(id, &[], status)], None)]).await;
        let error = read.unwrap_err();
        assert_eq!(error.failure, failure, "{error}");
        let words = error.to_string();
        assert!(words.starts_with("GetMetricData for orders: ") && words.contains(id), "{words}");
    }
}

fn lambda(name: &str, function: &str) -> Metric {
    let dimensions = BTreeMap::from([("FunctionName".to_owned(), function.to_owned())]);
    Metric { namespace: "AWS/Lambda".to_owned(), name: name.to_owned(), dimensions }
}

#[tokio::test]
async fn runs_are_summed_up_and_a_function_that_did_not_run_has_none() {
    let sandbox = sandbox().await;
    for (hour, time) in [(0, 120.0), (1, 81.4), (30, 9.0), (48, 5_000.0)] {
        record(&sandbox, &lambda("Invocations", "out"), hour, 30, 1.0);
        record(&sandbox, &lambda("Duration", "out"), hour, 30, time);
    }
    sandbox.clock().set(after(100));
    let functions = ["out".to_owned(), "idle".to_owned()];
    let read = cloud(sandbox.endpoint()).await.cloudwatch().lambda_usage(&functions, START, after(48)).await.unwrap();
    let out = LambdaUsage { count: 3, milliseconds: 210 };
    assert_eq!(read, BTreeMap::from([("out".to_owned(), out), ("idle".to_owned(), LambdaUsage::default())]));
    assert_eq!(
        cloud(sandbox.endpoint()).await.cloudwatch().lambda_usage(&[], START, after(48)).await.unwrap(),
        BTreeMap::new()
    );
}

/// The longest period into which both ends fall, so that no point reaches over them.
#[tokio::test]
async fn runs_are_asked_for_by_a_period_that_fits() {
    let midnight: Timestamp = "2026-01-02T00:00:00Z".parse().unwrap();
    let minutes = |minutes| midnight + SignedDuration::from_mins(minutes);
    for (start, end, period) in [
        (midnight, minutes(2_880), 86_400),
        (midnight, minutes(60), 3_600),
        (minutes(5), minutes(60), 300),
        (midnight, minutes(61), 60),
    ] {
        let standin = Standin::start(|_| page(vec![], None)).await;
        cloud(standin.endpoint()).await.cloudwatch().lambda_usage(&["out".to_owned()], start, end).await.unwrap();
        let asked = format!("{:?}", standin.asked()[0].cbor("MetricDataQueries").unwrap());
        assert_eq!(asked.matches(&format!("(Text(\"Period\"), Integer(Integer({period})))")).count(), 2, "{asked}");
    }
}

/// A clock that only waits move.
#[derive(Clone, Default)]
struct Waited(Arc<AtomicI64>);

impl Clock for Waited {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn big_questions_are_asked_twice_a_second() {
    let standin = Standin::start(|_| page(vec![], None)).await;
    let clock = Waited::default();
    let pace = Pace::of(Share::COST_REPORT, clock.clone());
    let sdk = support::sdk(standin.endpoint()).await;
    let cloud = AwsCostCloud::new(&sdk, clock.clone(), &pace, &StackConfig::default());
    let streams: Vec<_> = (0..170).map(|i| (format!("s{i}"), stream_config(0))).collect();
    cloud.cloudwatch().series(&streams, START, after(3), HOUR).await.unwrap();
    assert_eq!((standin.asked().len(), clock.now().as_millisecond()), (3, 500));
}

fn kept_in(bucket: &str) -> StackConfig {
    StackConfig { report_bucket: Some(bucket.to_owned()), ..StackConfig::default() }
}

#[tokio::test]
async fn a_page_is_kept_where_people_can_read_it() {
    let sandbox = sandbox().await;
    let sdk = support::sdk(sandbox.endpoint()).await;
    let cloud = support::cost_cloud(&sdk, SystemClock, &kept_in("reports"));
    for html in ["<p>old</p>", "<p>été</p>"] {
        let place = cloud.report_store().unwrap().put("2026/01 orders.html", html.to_owned()).await.unwrap();
        assert_eq!(place, "s3://reports/2026/01 orders.html");
    }
    let objects = sandbox.objects();
    let object = &objects[&("reports".to_owned(), "2026/01 orders.html".to_owned())];
    assert_eq!(object.content_type.as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!((object.body.as_slice(), objects.len()), ("<p>été</p>".as_bytes(), 1));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named() {
    let sandbox = sandbox().await;
    let sdk = support::sdk(sandbox.endpoint()).await;
    let cloud = support::cost_cloud(&sdk, SystemClock, &kept_in(MISSING_BUCKET));
    let error = cloud.report_store().unwrap().put("a.html", String::new()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Refused);
    assert!(error.to_string().starts_with("PutObject for s3://missing-bucket/a.html: NoSuchBucket: "), "{error}");

    let none = support::cost_cloud(&sdk, SystemClock, &StackConfig::default());
    assert!(none.report_store().is_none(), "a stack without a bucket keeps no page");
}
