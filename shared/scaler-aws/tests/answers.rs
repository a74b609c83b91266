// SPDX-License-Identifier: Apache-2.0
//! Answers of AWS as they come: in pages, in any order, with gaps, with fractions.
#![allow(clippy::unwrap_used)]

#[path = "support/standin.rs"]
mod standin;
mod support;

use ciborium::Value as Cbor;
use jiff::Timestamp;
use kinesis_model::{MetricWindow, Minute, OpenShard, ShardCount};
use scaler_app::cloud::{
    CallError, Cloud as _, CloudWatch as _, Failure, FleetCloud as _, Kinesis as _, OtherSettings, Tagging as _,
};
use scaler_app::refit;
use scaler_app::stack_config::StackConfig;
use scaler_aws::{AwsCloud, SystemClock};
use scaler_core::{ALARM_PREFIX, Direction, PolicySpec, TAG_MANAGED, scaling_alarm};
use serde_json::json;

use standin::{Answer, Asked, Standin, map, number, our_tags, series, text};

const STREAM: &str = "orders";
const END: Timestamp = Timestamp::constant(1_767_322_800, 0);
const MINUTES: u32 = 5;
const OUR_STACK: &str = "kinesis-scaler";

async fn cloud(standin: &Standin) -> AwsCloud {
    support::cloud(&support::sdk(standin.endpoint()).await, SystemClock)
}

/// Answers one after the other.
async fn answering(answers: Vec<Answer>) -> Standin {
    let mut answers = answers.into_iter();
    Standin::start(move |_| answers.next().unwrap_or(Answer::HangUp)).await
}

/// Points of a metric of the first stream that was asked for, by whole minutes since the window's start.
fn points(id: &str, minutes: &[(i64, f64)]) -> Cbor {
    points_of(&format!("{id}_0"), minutes)
}

fn points_of(id: &str, minutes: &[(i64, f64)]) -> Cbor {
    let start = END.as_second() - i64::from(MINUTES) * 60;
    let points: Vec<_> = minutes.iter().map(|(minute, value)| (start + minute * 60, *value)).collect();
    series(id, &points, "Complete")
}

fn page(results: Vec<Cbor>, next_token: Option<&str>) -> Answer {
    let Some(token) = next_token else { return Answer::cbor(200, &map([("MetricDataResults", results.into())])) };
    Answer::cbor(200, &map([("MetricDataResults", results.into()), ("NextToken", text(token))]))
}

async fn read(pages: Vec<Answer>) -> (Result<MetricWindow, CallError>, Vec<Asked>) {
    let standin = answering(pages).await;
    let window = cloud(&standin).await.cloudwatch().window(STREAM, END, MINUTES).await;
    (window, standin.asked())
}

async fn window(pages: Vec<Answer>) -> MetricWindow {
    let window = read(pages).await.0.unwrap();
    assert_eq!((window.end, window.minutes.len()), (END, MINUTES as usize));
    window
}

fn bytes(window: &MetricWindow) -> Vec<Option<u64>> {
    window.minutes.iter().map(|minute| minute.bytes).collect()
}

#[tokio::test]
async fn each_metric_goes_to_its_place_whatever_the_order() {
    let ids = ["iterator_age", "throttled", "read_throttles", "bytes", "read_bytes", "records"];
    let results = ids.iter().zip([6.0, 3.0, 5.0, 1.0, 4.0, 2.0]).map(|(id, value)| points(id, &[(4, value)]));
    let window = window(vec![page(results.collect(), None)]).await;
    let last = Minute {
        bytes: Some(1),
        records: Some(2),
        throttled_records: Some(3),
        read_bytes: Some(4),
        read_throttles: Some(5),
        iterator_age_ms: Some(6),
    };
    let none = Minute::default();
    assert_eq!(window.minutes, [none, none, none, none, last]);
}

#[tokio::test]
async fn every_page_is_asked_for_and_read() {
    let pages = vec![
        page(vec![points("bytes", &[(0, 10.0), (1, 11.0)])], Some("second")),
        page(vec![], Some("third")), // AWS may send a page with nothing on it
        page(vec![points("records", &[(0, 1.0)]), points("bytes", &[(3, 13.0)])], None),
    ];
    let (window, asked) = read(pages).await;
    let window = window.unwrap();
    assert_eq!(bytes(&window), [Some(10), Some(11), None, Some(13), None]);
    assert_eq!(window.minutes[0].records, Some(1));
    let tokens: Vec<_> = asked.iter().map(|asked| asked.cbor("NextToken")).collect();
    assert_eq!(tokens, [None, Some(text("second")), Some(text("third"))]);
}

#[tokio::test]
async fn one_request_asks_for_everything_in_the_window() {
    let (_, asked) = read(vec![page(vec![], None)]).await;
    let time = |seconds| Some(Cbor::Tag(1, Box::new(number(seconds))));
    assert_eq!(asked[0].cbor("StartTime"), time(1_767_322_500.0));
    assert_eq!(asked[0].cbor("EndTime"), time(1_767_322_800.0));
    let queries = asked[0].cbor("MetricDataQueries").unwrap().into_array().unwrap();
    let asks: Vec<_> = queries.iter().map(|query| format!("{query:?}")).collect();
    for (name, statistic) in [
        ("IncomingBytes", "Sum"),
        ("IncomingRecords", "Sum"),
        ("WriteProvisionedThroughputExceeded", "Sum"),
        ("GetRecords.Bytes", "Sum"),
        ("ReadProvisionedThroughputExceeded", "Sum"),
        ("GetRecords.IteratorAgeMilliseconds", "Maximum"),
    ] {
        let words = [name, statistic, "AWS/Kinesis", "StreamName", STREAM, "60"];
        let found = asks.iter().filter(|query| words.iter().all(|word| query.contains(word))).count();
        assert_eq!(found, 1, "{name} {statistic} in {asks:?}");
    }
    assert_eq!((asked.len(), queries.len()), (1, 6));
}

#[tokio::test]
async fn a_minute_without_a_point_is_unknown_and_a_zero_is_zero() {
    let gaps = page(vec![points("bytes", &[(4, 0.0), (1, 7.0)])], None); // newest first, too
    assert_eq!(bytes(&window(vec![gaps]).await), [None, Some(7), None, None, Some(0)]);
    let nothing = window(vec![page(vec![], None)]).await;
    assert_eq!(nothing.known().count(), 0);
}

#[tokio::test]
async fn points_outside_the_window_are_passed_over() {
    let outside = page(vec![points("bytes", &[(-1, 1.0), (0, 2.0), (5, 3.0), (1_000_000, 4.0)])], None);
    assert_eq!(bytes(&window(vec![outside]).await), [Some(2), None, None, None, None]);
}

#[tokio::test]
async fn values_that_are_not_whole_are_rounded_and_never_wrap() {
    let odd = [(0, 1.5), (1, 0.1 + 0.2), (2, 1e300), (3, -1.0), (4, f64::NAN)];
    let window = window(vec![page(vec![points("bytes", &odd)], None)]).await;
    assert_eq!(bytes(&window), [Some(2), Some(0), Some(u64::MAX), Some(0), Some(0)]);
}

#[tokio::test]
async fn a_metric_that_could_not_be_read_is_an_error_and_not_a_gap() {
    let broken = page(vec![points("records", &[(0, 1.0)]), series("bytes_0", &[], "InternalError")], None);
    let error = read(vec![broken]).await.0.unwrap_err();
    assert_eq!(error.failure, Failure::ServerFault);
    let words = error.to_string();
    assert!(words.starts_with("GetMetricData for orders: ") && words.contains("bytes"), "{words}");
    assert!(words.contains("InternalError"), "{words}");
}

#[tokio::test]
async fn an_answer_to_what_was_not_asked_is_an_error() {
    for id in ["latency_0", "bytes_1", "bytes", "bytes_x", ""] {
        let error = read(vec![page(vec![points_of(id, &[(0, 1.0)])], None)]).await.0.unwrap_err();
        assert_eq!(error.failure, Failure::ServerFault);
        assert!(error.to_string().contains(&format!("an answer for Some({id:?})")), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_leads_in_a_circle_comes_to_an_end() {
    let again = page(vec![points("bytes", &[(0, 1.0)])], Some("again"));
    let (window, asked) = read(vec![again; 50]).await;
    assert_eq!(bytes(&window.unwrap())[0], Some(1));
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_series_that_stays_partial_is_an_error() {
    let start = END.as_second() - 300;
    let partial = |next| page(vec![series("throttled_0", &[(start, 1.0)], "PartialData")], next);
    assert!(read(vec![partial(Some("second")), page(vec![points("throttled", &[(1, 2.0)])], None)]).await.0.is_ok());
    assert_eq!(read(vec![partial(None)]).await.0.unwrap_err().failure, Failure::ServerFault);
}

#[tokio::test]
async fn a_metric_that_we_may_not_read_is_a_refusal() {
    let error = read(vec![page(vec![series("bytes_0", &[], "Forbidden")], None)]).await.0.unwrap_err();
    assert_eq!(error.failure, Failure::Denied, "{error}");
}

#[tokio::test]
async fn tags_are_read_to_the_last_page() {
    let tags = |keys: &[&str], more| {
        let tags: Vec<_> = keys.iter().map(|key| json!({ "Key": key, "Value": "v" })).collect();
        Answer::json(200, &json!({ "Tags": tags, "HasMoreTags": more }))
    };
    let standin = answering(vec![tags(&["a", "b"], true), tags(&["c"], true), tags(&[], false)]).await;
    let read = cloud(&standin).await.kinesis().tags(STREAM).await.unwrap();
    assert_eq!(read.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b", "c"]);
    let after: Vec<_> = standin.asked().iter().map(|asked| asked.json()["ExclusiveStartTagKey"].clone()).collect();
    assert_eq!(after, [json!(null), json!("b"), json!("c")]);
}

/// A page of open shards with these ranges.
fn shards(ranges: &[(u128, u128)], next_token: Option<&str>) -> Answer {
    let shard = |(first, last): &(u128, u128)| {
        json!({
            "ShardId": format!("shardId-{first}"),
            "HashKeyRange": { "StartingHashKey": first.to_string(), "EndingHashKey": last.to_string() },
            "SequenceNumberRange": { "StartingSequenceNumber": "1" },
        })
    };
    let shards: Vec<_> = ranges.iter().map(shard).collect();
    Answer::json(200, &json!({ "Shards": shards, "NextToken": next_token }))
}

async fn open_shards(answers: Vec<Answer>) -> (Result<Vec<OpenShard>, CallError>, Vec<Asked>) {
    let standin = answering(answers).await;
    let shards = cloud(&standin).await.kinesis().open_shards(STREAM).await;
    (shards, standin.asked())
}

#[tokio::test]
async fn open_shards_are_read_to_the_last_page_by_tokens_alone_and_put_in_order() {
    let pages = vec![
        shards(&[(300, u128::MAX), (0, 99)], Some("second")),
        shards(&[], Some("third")),
        shards(&[(100, 299)], None),
    ];
    let (read, asked) = open_shards(pages).await;
    let first: Vec<_> = read.unwrap().iter().map(|shard| shard.range.first()).collect();
    assert_eq!(first, [0, 100, 300]);
    let asked: Vec<_> = asked.iter().map(Asked::json).collect();
    let from_start = json!({ "StreamName": STREAM, "MaxResults": 1_000, "ShardFilter": { "Type": "AT_LATEST" } });
    let on = |token: &str| json!({ "NextToken": token, "MaxResults": 1_000 });
    assert_eq!(asked, [from_start, on("second"), on("third")]);
}

/// In the middle of a reshard an answer may have both parents and children, or neither.
#[tokio::test]
async fn shards_that_are_no_whole_ring_are_in_use_and_the_gap_is_named() {
    const LAST: u128 = u128::MAX;
    for (ranges, place) in [
        (vec![(200, LAST), (0, 99)], Some([(0, 99), (200, LAST)])),
        (vec![(0, 99), (100, 199), (150, LAST)], Some([(100, 199), (150, LAST)])),
        (vec![(0, LAST), (0, 99), (100, LAST)], Some([(0, 99), (0, LAST)])),
        // Where every neighbour fits, the ends do not.
        (vec![(0, 99), (100, 199), (200, LAST - 1)], Some([(0, 99), (200, LAST - 1)])),
        (vec![(1, 99), (100, LAST)], Some([(1, 99), (100, LAST)])),
        (vec![], None),
    ] {
        let error = open_shards(vec![shards(&ranges, None)]).await.0.unwrap_err();
        assert_eq!(error.failure, Failure::InUse, "{ranges:?}");
        let told = place.map_or("there is no open shard".to_owned(), |[(a, b), (c, d)]| {
            let see = format!("see {a}-{b} and {c}-{d}");
            format!(
                "the open shards leave a gap or overlap in the hash key space, {see}: is the stream being \
                resharded?"
            )
        });
        assert_eq!(error.to_string(), format!("ListShards for orders: {told}"), "{ranges:?}");
    }
}

#[tokio::test]
async fn a_hash_key_range_that_makes_no_sense_is_refused() {
    let backwards = shards(&[(2, 1)], None);
    let range = json!({ "StartingHashKey": "0", "EndingHashKey": "340282366920938463463374607431768211456" });
    let shard =
        json!({ "ShardId": "s", "HashKeyRange": range, "SequenceNumberRange": { "StartingSequenceNumber": "1" } });
    for answer in [backwards, Answer::json(200, &json!({ "Shards": [shard] }))] {
        let error = open_shards(vec![answer]).await.0.unwrap_err();
        assert_eq!(error.failure, Failure::Refused);
        assert!(error.message.starts_with("an answer without a readable hash key range: "), "{error}");
    }
}

/// An alarm as `DescribeAlarms` has it, on one metric of each of these streams.
fn alarm(name: &str, streams: &[&str]) -> Cbor {
    let metric = |stream: &&str| {
        let dimension = map([("Name", text("StreamName")), ("Value", text(stream))]);
        let metric = map([
            ("Namespace", text("AWS/Kinesis")),
            ("MetricName", text("IncomingBytes")),
            ("Dimensions", vec![dimension].into()),
        ]);
        let stat = map([("Metric", metric), ("Period", 60.into()), ("Stat", text("Sum"))]);
        map([("Id", text("m")), ("MetricStat", stat), ("ReturnData", false.into())])
    };
    let mut metrics: Vec<_> = streams.iter().map(metric).collect();
    metrics.push(map([("Id", text("usage")), ("Expression", text("m / 4")), ("ReturnData", true.into())]));
    let ours = [
        ("AlarmName", text(name)),
        ("AlarmArn", text(&format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"))),
        ("AlarmDescription", text(&format!("An alarm.{}", scaler_core::signature("kinesis-scaler")))),
        ("StateValue", text("ALARM")),
        ("ActionsEnabled", false.into()),
        ("AlarmActions", vec![text("arn:a")].into()),
        ("OKActions", vec![text("arn:o")].into()),
        ("InsufficientDataActions", vec![text("arn:i")].into()),
        ("Threshold", number(88.0)),
        ("Metrics", metrics.into()),
    ];
    Cbor::Map(ours.into_iter().chain(kept()).map(|(field, value)| (text(field), value)).collect())
}

/// What an alarm has that is no part of ours, as somebody set it.
fn kept() -> [(&'static str, Cbor); 3] {
    let warm_up =
        [("WarmUpPeriodDurationInMinutes", 15.into()), ("OnlyStartEvaluatingAfterWarmUpPeriodEnds", true.into())];
    [
        ("EvaluationWindow", map([("WallClockWindow", map([("Timezone", text("Europe/Paris"))]))])),
        ("WarmUpConfiguration", map(warm_up)),
        (
            "ActionConfiguration",
            map([(
                "AlarmTagsPropagation",
                map([("Enabled", true.into()), ("IncludedTagKeys", vec![text("team")].into())]),
            )]),
        ),
    ]
}

fn alarms(alarms: Vec<Cbor>, next_token: Option<&str>) -> Answer {
    let Some(token) = next_token else { return Answer::cbor(200, &map([("MetricAlarms", alarms.into())])) };
    Answer::cbor(200, &map([("MetricAlarms", alarms.into()), ("NextToken", text(token))]))
}

#[tokio::test]
async fn firing_alarms_are_read_to_the_last_page_with_who_made_them() {
    let pages = vec![
        alarms(
            vec![
                alarm("kinesis-scaler/a/scale-in", &["a"]),
                alarm("kinesis-scaler/a/scale-out", &["a", "a"]),
                alarm("kinesis-scaler/watch", &["a"]),
            ],
            Some("more"),
        ),
        alarms(vec![alarm("kinesis-scaler/b/scale-out", &["b", "c"])], None),
    ];
    let standin = answering(pages).await;
    let firing = cloud(&standin).await.cloudwatch().firing_alarms(ALARM_PREFIX).await.unwrap();
    assert!(firing.iter().all(|alarm| alarm.description == "An alarm. Made by stack kinesis-scaler."), "{firing:?}");
    let firing: Vec<_> = firing.iter().map(|alarm| (alarm.name.as_str(), alarm.streams.join(", "))).collect();
    let expected = [("a/scale-in", "a"), ("a/scale-out", "a"), ("watch", "a"), ("b/scale-out", "b, c")];
    let expected = expected.map(|(name, streams)| (format!("{ALARM_PREFIX}{name}"), streams.to_owned()));
    assert_eq!(firing, expected.each_ref().map(|(name, streams)| (name.as_str(), streams.clone())));
    let asked = standin.asked();
    assert_eq!(asked[0].cbor("StateValue"), Some(text("ALARM")));
    assert_eq!(asked[1].cbor("NextToken"), Some(text("more")));
}

/// What we do not know of an alarm is no drift, and stays where something else is put right.
#[tokio::test]
async fn what_is_no_part_of_our_alarms_is_no_drift_and_stays() {
    let name = "kinesis-scaler/orders/scale-out";
    let there = alarms(vec![alarm(name, &[STREAM])], None);
    let standin = answering(vec![there, Answer::cbor(200, &map([])), Answer::cbor(200, &map([]))]).await;
    let cloud = cloud(&standin).await;
    let stored = cloud.cloudwatch().alarms(name).await.unwrap().remove(0);
    let drift = stored.alarm.extras.join(", ");
    assert_eq!(drift, "actions are disabled, actions on OK, actions on INSUFFICIENT_DATA");
    let cloudwatch = cloud.cloudwatch();
    cloudwatch.put_alarm(&stored.alarm, &stored.other, &[]).await.unwrap();
    cloudwatch.put_alarm(&stored.alarm, &OtherSettings::default(), &[("made-by", "us")]).await.unwrap();
    let asked = standin.asked();
    let operations: Vec<_> = asked.iter().map(|it| it.operation.as_str()).collect();
    assert_eq!(operations, ["DescribeAlarms", "PutMetricAlarm", "PutMetricAlarm"]);
    for (field, value) in kept() {
        assert_eq!(asked[1].cbor(field), Some(value), "{field}");
        assert_eq!(asked[2].cbor(field), None, "{field}: a new alarm has none");
    }
    assert_eq!(asked[1].cbor("Tags"), None, "which would take a permission");
    assert!(format!("{:?}", asked[2].cbor("Tags")).contains("made-by"));
}

/// A window that this SDK does not know cannot be said again; the alarm is put right all the same.
#[tokio::test]
async fn a_window_of_a_kind_that_is_not_known_does_not_stop_a_refit() {
    let name = "kinesis-scaler/orders/scale-out";
    let Cbor::Map(mut fields) = alarm(name, &[STREAM]) else { unreachable!("an alarm is a map") };
    fields.retain(|(field, _)| *field != text("EvaluationWindow"));
    fields.push((text("EvaluationWindow"), map([("MoonWindow", map([]))])));
    let standin = answering(vec![alarms(vec![Cbor::Map(fields)], None), our_tags(), Answer::cbor(200, &map([]))]).await;
    let policy = scaler_core::Policy::new(PolicySpec::default()).unwrap();
    let fitted = [scaling_alarm(&policy, STREAM, ShardCount::new(7).unwrap(), Direction::Out)];
    refit(cloud(&standin).await.cloudwatch(), OUR_STACK, &fitted).await.unwrap();
    assert_eq!(standin.asked()[2].cbor("WarmUpConfiguration"), Some(kept()[1].1.clone()));
}

#[tokio::test]
async fn a_refit_keeps_actions_and_makes_no_alarm() {
    let name = "kinesis-scaler/orders/scale-out";
    let there = alarms(vec![alarm(name, &[STREAM])], None);
    let standin = answering(vec![there, our_tags(), Answer::cbor(200, &map([]))]).await;
    let policy = scaler_core::Policy::new(PolicySpec::default()).unwrap();
    let fitted = [Direction::Out, Direction::In]
        .map(|direction| scaling_alarm(&policy, STREAM, ShardCount::new(7).unwrap(), direction));
    refit(cloud(&standin).await.cloudwatch(), OUR_STACK, &fitted).await.unwrap();
    let asked = standin.asked();
    let operations: Vec<_> = asked.iter().map(|it| it.operation.as_str()).collect();
    assert_eq!(operations, ["DescribeAlarms", "ListTagsForResource", "PutMetricAlarm"]);
    let arn = text("arn:aws:cloudwatch:us-east-1:123456789012:alarm:kinesis-scaler/orders/scale-out");
    assert_eq!(asked[1].cbor("ResourceARN"), Some(arn));
    let put = &asked[2];
    assert_eq!((put.cbor("AlarmName"), put.cbor("ActionsEnabled")), (Some(text(name)), Some(false.into())));
    for (field, arn) in [("AlarmActions", "arn:a"), ("OKActions", "arn:o"), ("InsufficientDataActions", "arn:i")] {
        assert_eq!(put.cbor(field), Some(vec![text(arn)].into()), "{field}");
    }
    for (field, value) in kept() {
        assert_eq!(put.cbor(field), Some(value), "{field}");
    }
    let metrics = format!("{:?}", put.cbor("Metrics"));
    assert!(metrics.contains("(Text(\"Expression\"), Text(\"7\"))"), "{metrics}");
}

#[tokio::test]
async fn a_refit_leaves_an_alarm_alone_that_is_not_ours() {
    let there = alarms(vec![alarm("kinesis-scaler/orders/scale-out", &[STREAM])], None);
    let standin = answering(vec![there, Answer::cbor(200, &map([("Tags", Vec::<Cbor>::new().into())]))]).await;
    let policy = scaler_core::Policy::new(PolicySpec::default()).unwrap();
    let fitted = scaling_alarm(&policy, STREAM, ShardCount::new(7).unwrap(), Direction::Out);
    let told = refit(cloud(&standin).await.cloudwatch(), OUR_STACK, &[fitted]).await.unwrap_err().to_string();
    assert_eq!(standin.asked().len(), 2, "no PutMetricAlarm");
    assert_eq!(
        told,
        "PutMetricAlarm for kinesis-scaler/orders/scale-out: not created by the stack kinesis-scaler, so it was \
         not changed"
    );
}

/// What a hand can change about an alarm and ours never have, each by what is said of it.
#[tokio::test]
async fn what_is_odd_about_an_alarm_is_named() {
    let standin = answering(vec![alarms(vec![alarm("kinesis-scaler/a/scale-in", &["a", "b"])], None)]).await;
    let cloud = cloud(&standin).await;
    let stored = cloud.cloudwatch().alarms("kinesis-scaler/a/").await.unwrap().remove(0);
    assert_eq!(
        stored.alarm.extras,
        ["actions are disabled", "actions on OK", "actions on INSUFFICIENT_DATA", "metrics of several streams"]
    );
    assert_eq!(standin.asked()[0].cbor("AlarmNamePrefix"), Some(text("kinesis-scaler/a/")));
}

#[tokio::test]
async fn tagged_streams_are_read_to_the_last_page_with_our_tags_only() {
    let page = |names: &[&str], token: &str| {
        let tags = json!([{ "Key": "kinesis-scaler/managed", "Value": "true" }, { "Key": "team", "Value": "x" }]);
        let resource = |name: &&str| json!({ "ResourceARN": format!("arn:aws:kinesis:us-east-1:123456789012:stream/{name}"), "Tags": tags });
        let list: Vec<_> = names.iter().map(resource).collect();
        Answer::json(200, &json!({ "ResourceTagMappingList": list, "PaginationToken": token }))
    };
    let standin = answering(vec![page(&["a", "b"], "more"), page(&[], "still"), page(&["c"], "")]).await;
    let cloud = support::fleet_cloud(&support::sdk(standin.endpoint()).await, SystemClock, &StackConfig::default());
    let streams = cloud.tagging().streams_tagged(TAG_MANAGED).await.unwrap();
    let managed = vec![("kinesis-scaler/managed".to_owned(), "true".to_owned())];
    assert!(streams.iter().all(|stream| stream.tags == managed), "{streams:?}");
    assert_eq!(streams.into_iter().map(|stream| stream.name).collect::<Vec<_>>(), ["a", "b", "c"]);
    let asked: Vec<_> = standin.asked().iter().map(Asked::json).collect();
    assert_eq!(asked[0]["ResourceTypeFilters"], json!(["kinesis:stream"]));
    assert_eq!(asked[0]["TagFilters"], json!([{ "Key": "kinesis-scaler/managed" }]));
    assert_eq!((&asked[1]["PaginationToken"], &asked[2]["PaginationToken"]), (&json!("more"), &json!("still")));
}

/// 500 queries are the most that one question may hold: 166 streams of three.
#[tokio::test]
async fn the_loads_of_many_streams_are_asked_for_in_few_questions() {
    let answers =
        vec![page(vec![points_of("bytes_165", &[(4, 7.0)])], None), page(vec![points("bytes", &[(4, 8.0)])], None)];
    let standin = answering(answers).await;
    let cloud = support::fleet_cloud(&support::sdk(standin.endpoint()).await, SystemClock, &StackConfig::default());
    let names: Vec<_> = (0..170).map(|i| format!("s{i}")).collect();
    let loads = cloud.cloudwatch().stream_windows(&names, END, MINUTES).await.unwrap();
    assert_eq!(loads.len(), 170);
    let known: Vec<_> = loads.iter().filter(|(_, window)| window.known().count() > 0).collect();
    let known: Vec<_> = known.iter().map(|(name, window)| (name.as_str(), bytes(window)[4])).collect();
    assert_eq!(known, [("s165", Some(7)), ("s166", Some(8))]);
    let asked: Vec<_> =
        standin.asked().iter().map(|it| it.cbor("MetricDataQueries").unwrap().into_array().unwrap().len()).collect();
    assert_eq!(asked, [498, 12]);
}
