// SPDX-License-Identifier: Apache-2.0
//! Passes over streams of which one shard is hot, or that have no resize left: what they look at, write down, split and merge.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{HashKeyRange, Minute, ShardCount};
use scaler_app::cloud::Failure;
use scaler_app::{Outcome, OutcomeKind, handle};
use scaler_core::{AlarmActions, Direction, Policy, PolicySpec, TAG_RESIZES, stream_alarms};
use serde_json::{Value, json};
use testkit::{Stream, World};

const NOW: Timestamp = Timestamp::constant(1_767_322_800, 0);
const SHARD: u64 = 60 * 1_048_576;

/// So many percent of what one shard takes in a minute, in records of 4 KiB; what is more than 100 is throttled.
fn percent(percent: u64) -> Minute {
    let (accepted, over) = (percent.min(100), percent.saturating_sub(100));
    Minute {
        bytes: Some(SHARD * accepted / 100),
        records: Some(SHARD / 4_096 * accepted / 100),
        throttled_records: Some(SHARD / 4_096 * over / 100),
        iterator_age_ms: Some(0),
        ..Minute::default()
    }
}

/// Four shards at 48 % together, of which one throttles.
fn stream() -> Stream {
    let load = Minute { throttled_records: percent(130).throttled_records, ..sum(&[20, 100, 20, 20]) };
    Stream { by_range: Some(hot), ..Stream::managed(4, load) }
}

/// Its shards' metrics are sent, and may be looked at.
fn measured(stream: Stream) -> Stream {
    with_tag(Stream { shard_metrics: true, ..stream }, "kinesis-scaler/shard-metrics", "true")
}

fn sum(percents: &[u64]) -> Minute {
    let of = |field: fn(Minute) -> Option<u64>| percents.iter().filter_map(|it| field(percent(*it))).sum::<u64>();
    Minute { bytes: Some(of(|it| it.bytes)), records: Some(of(|it| it.records)), ..percent(0) }
}

/// The second quarter of the ring takes 130 % of a shard, evenly; the rest of it 20 % a quarter.
fn hot(range: HashKeyRange) -> Minute {
    let quarter = HashKeyRange::uniform(4)[1];
    let inside = quarter.contains(range.first());
    let quarters = if range == quarter { 100 } else { 50 };
    if inside { percent(130 * quarters / 100) } else { percent(20) }
}

fn world(stream: Stream) -> World {
    let world = World::at(NOW).with("orders", stream);
    let policy = Policy::new(PolicySpec::default()).unwrap();
    for alarm in stream_alarms(&policy, "orders", ShardCount::new(4).unwrap(), &AlarmActions::default()) {
        world.put_alarm(alarm, true);
    }
    world
}

fn alarm() -> Value {
    json!({ "source": "aws.cloudwatch", "alarmData": {
        "alarmName": "kinesis-scaler/orders/scale-out",
        "state": { "value": "ALARM" },
        "configuration": { "metrics": [
            { "id": "bytes", "metricStat": { "metric": { "dimensions": { "StreamName": "orders" } } } },
        ] },
    } })
}

async fn pass(world: &World) -> Outcome {
    let policy = Policy::new(PolicySpec::default()).unwrap();
    handle(world, &World::function_state(), &policy, Direction::Out, &alarm(), &mut |_| {}).await.outcomes.remove(0)
}

fn history(world: &World) -> String {
    world.stream("orders").unwrap().tags.get(TAG_RESIZES).cloned().unwrap_or_default()
}

fn with_tag(mut stream: Stream, key: &str, value: &str) -> Stream {
    stream.tags.insert(key.to_owned(), value.to_owned());
    stream
}

#[tokio::test]
async fn a_hot_shard_is_split_in_its_middle_and_its_alarms_are_refitted() {
    let world = world(measured(stream()));
    let outcome = pass(&world).await;
    assert_eq!((outcome.outcome, outcome.current, outcome.desired), (OutcomeKind::Resized, Some(4), Some(5)));
    assert!(!outcome.needs_attention, "{}", outcome.words);
    let middle = HashKeyRange::uniform(4)[1].middle().unwrap();
    assert_eq!(
        world.calls(),
        [
            "DescribeStreamSummary orders",
            "ListTagsForStream orders",
            "GetMetricData orders 60",
            // Only of a stream that throttles though it would fit.
            "ListShards orders",
            "GetMetricData orders 60 of 4 shards",
            "DescribeLimits the account",
            // Written down before the call.
            "AddTagsToStream orders s1767322800=4-5",
            &format!("SplitShard orders shardId-000000000001 {middle}"),
            "DescribeAlarms kinesis-scaler/orders/scale-out",
            "ListTagsForResource kinesis-scaler/orders/scale-out",
            "PutMetricAlarm kinesis-scaler/orders/scale-out 5",
            "ListTagsForResource kinesis-scaler/orders/scale-in",
            "PutMetricAlarm kinesis-scaler/orders/scale-in 5",
            "Publish kinesis-scaler: orders is being resized from 4 to 5 shards",
        ]
    );
    let ranges: Vec<_> =
        world.stream("orders").unwrap().key_space.unwrap().shards().iter().map(|shard| shard.range).collect();
    assert!(HashKeyRange::tile(&ranges) && ranges.len() == 5, "{ranges:?}");
    // Each half takes 65 %: the same alarm again finds a stream that is being split, and then one that does not throttle.
    assert_eq!(pass(&world).await.outcome, OutcomeKind::Held);
    world.change("orders", |stream| stream.load = sum(&[20, 65, 65, 20, 20]));
    world.advance(SignedDuration::from_mins(6));
    assert_eq!(pass(&world).await.outcome, OutcomeKind::Held);
    assert_eq!(world.stream("orders").unwrap().reshards.len(), 1);
}

#[tokio::test]
async fn a_stream_that_is_not_measured_is_measured_where_that_is_allowed() {
    let not_allowed = world(stream());
    let outcome = pass(&not_allowed).await;
    assert_eq!(
        (outcome.outcome, outcome.cause.as_ref().map(ToString::to_string).as_deref()),
        (OutcomeKind::Held, Some("hot-shard"))
    );
    assert!(outcome.next.unwrap().contains("kinesis-scaler/shard-metrics=true"), "it says how to allow it");

    let allowed = world(with_tag(stream(), "kinesis-scaler/shard-metrics", "true"));
    let outcome = pass(&allowed).await;
    assert_eq!((outcome.outcome, outcome.needs_attention), (OutcomeKind::Held, false), "{}", outcome.words);
    assert!(allowed.calls().contains(&"EnableEnhancedMonitoring orders".to_owned()), "{:?}", allowed.calls());
    assert!(
        allowed.told()[0].text.contains("disable-enhanced-monitoring"),
        "it costs, so it is told: {:?}",
        allowed.told()
    );
    allowed.advance(SignedDuration::from_mins(5));
    assert_eq!(pass(&allowed).await.outcome, OutcomeKind::Resized, "what they say is the next pass's");
}

#[tokio::test]
async fn what_aws_says_to_a_split_is_remembered_as_it_is_of_a_resize() {
    for (failure, kind, letter) in [
        (Failure::Refused, OutcomeKind::Refused, 'x'),
        (Failure::Throttled, OutcomeKind::Failed, 'x'),
        (Failure::Unavailable, OutcomeKind::Failed, 's'),
        // Perhaps over the entry of a resize by the other function, which counts.
        (Failure::InUse, OutcomeKind::Held, 'f'),
    ] {
        let world = world(measured(stream()));
        world.fail_next("SplitShard", failure);
        let outcome = pass(&world).await;
        assert_eq!(outcome.outcome, kind, "{}", outcome.words);
        assert!(history(&world).starts_with(letter), "{failure:?}: {}", history(&world));
    }
}

#[tokio::test]
async fn shards_that_cannot_be_seen_are_no_reason_to_do_nothing() {
    for failure in [Failure::Refused, Failure::Throttled] {
        let world = world(measured(Stream::managed(4, sum(&[100, 100, 100, 100]))));
        world.fail_next("ListShards", failure);
        let outcome = pass(&world).await;
        assert_eq!((outcome.outcome, outcome.desired), (OutcomeKind::Resized, Some(5)), "{}", outcome.words);
        assert!(
            outcome.faults.iter().any(|fault| fault.contains("the load of each shard could not be read")),
            "{:?}",
            outcome.faults
        );
    }
}

#[tokio::test]
async fn without_a_resize_left_every_shard_is_split_and_people_are_told_once() {
    let ten: Vec<_> = (1..=10).map(|hour| format!("o{}=4-4", NOW.as_second() - hour * 3_600)).collect();
    let full = with_tag(
        Stream::managed(4, Minute { throttled_records: Some(1_000), ..sum(&[100; 4]) }),
        TAG_RESIZES,
        &ten.join(" "),
    );
    let world = world(full);
    // That somebody measures its shards is no leave to be charged for looking.
    world.change("orders", |stream| stream.shard_metrics = true);
    for split in 1..=4 {
        let outcome = pass(&world).await;
        assert_eq!((outcome.outcome, outcome.desired), (OutcomeKind::Resized, Some(4 + split)), "{}", outcome.words);
        assert!(history(&world).contains("=4-8"), "where it is to end: {}", history(&world));
        world.advance(SignedDuration::from_secs(60));
    }
    let stream = world.stream("orders").unwrap();
    let ranges: Vec<_> = stream.key_space.unwrap().shards().iter().map(|shard| shard.range).collect();
    assert_eq!(ranges, HashKeyRange::uniform(8), "each in its middle");
    let looks = |call: &String| call.starts_with("GetMetricData") && call.ends_with(" shards");
    assert!(!world.calls().iter().any(looks), "{:?}", world.calls());
    assert_eq!((stream.resizes.len(), world.told().len()), (0, 1), "{:?}", world.told());
}

/// Switching metrics on sets the stream in motion, and it may refuse tags then. That they are charged is told all the same, and once.
#[tokio::test]
async fn that_measuring_is_charged_is_told() {
    for (tags_need_active, is_unheard, words) in
        [(false, false, "are"), (true, false, "are"), (false, true, "may be"), (true, true, "may be")]
    {
        let world = world(with_tag(stream(), "kinesis-scaler/shard-metrics", "true"));
        world.tags_need_active(tags_need_active);
        if is_unheard {
            world.lose_next_measuring();
        }
        let outcome = pass(&world).await;
        assert_eq!((outcome.faults, outcome.needs_attention), (Vec::<String>::new(), is_unheard));
        for _ in 0..3 {
            world.advance(SignedDuration::from_mins(5));
            pass(&world).await;
        }
        let told = world.told();
        let charged: Vec<_> = told.iter().filter(|told| told.subject.contains("charged")).collect();
        assert_eq!(charged.len(), 1, "{tags_need_active} {is_unheard}: {told:?}");
        let said =
            format!("kinesis-scaler: shard-level metrics of orders {words} switched on, and charged from now on");
        assert_eq!(&*charged[0].subject, said);
        let off =
            "disable-enhanced-monitoring --stream-name orders --shard-level-metrics IncomingBytes IncomingRecords";
        assert!(charged[0].text.contains(off), "{}", charged[0].text);
    }
}

/// The role's policy may let the call through for every stream: that it is ours is seen in the same pass, before the call.
#[tokio::test]
async fn the_tag_is_looked_at_before_shards_are_measured() {
    for is_ours in [true, false] {
        let value = if is_ours { "true" } else { "false" };
        let stream =
            with_tag(with_tag(stream(), "kinesis-scaler/shard-metrics", "true"), "kinesis-scaler/managed", value);
        let world = world(stream);
        pass(&world).await;
        let at = |call: &str| world.calls().iter().position(|made| made.starts_with(call));
        assert_eq!(at("EnableEnhancedMonitoring").is_some(), is_ours, "{:?}", world.calls());
        assert!(at("ListTagsForStream").is_some());
        assert!(!is_ours || at("ListTagsForStream") < at("EnableEnhancedMonitoring"));
    }
}

#[tokio::test]
async fn measuring_that_is_denied_by_a_condition_on_tags_says_how_to_drop_it() {
    let world = world(with_tag(stream(), "kinesis-scaler/shard-metrics", "true"));
    world.fail_next_with("EnableEnhancedMonitoring", Failure::Denied, "AccessDeniedException: not authorized");
    let outcome = pass(&world).await;
    let next = outcome.next.unwrap();
    assert!(next.contains("kinesis:EnableEnhancedMonitoring") && next.contains("TagConditions=false"), "{next}");
    let told = world.told();
    assert!(told.len() == 1 && told[0].text.contains("TagConditions=false"), "{told:?}");
    assert!(!told[0].subject.contains("charged"), "{told:?}");
}

/// Somebody switches them off, and they are switched on again within the hour: each time they are charged anew.
#[tokio::test]
async fn that_measuring_is_charged_again_is_told_again() {
    let world = world(with_tag(stream(), "kinesis-scaler/shard-metrics", "true"));
    for times in 1..=2 {
        pass(&world).await;
        let charged = world.told().iter().filter(|told| told.subject.contains("charged")).count();
        assert_eq!(charged, times);
        world.change("orders", |stream| stream.shard_metrics = false);
        world.advance(SignedDuration::from_mins(5));
    }
}
