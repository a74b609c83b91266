// SPDX-License-Identifier: Apache-2.0
//! Whole events through `handle`, over a small AWS in memory.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{Minute, ShardCount, StreamMode, StreamStatus};
use scaler_app::cloud::Failure;
use scaler_app::telemetry::{Telemetry, TelemetryItem};
use scaler_app::{Outcome, OutcomeKind, Response, handle, reconcile, refit};
use scaler_core::{
    AlarmActions, Direction, Intent, Order, Policy, PolicySpec, TAG_RESIZES, TAG_SHARDS_MAX, TAG_SHARDS_MIN,
    scaling_alarm, stream_alarms,
};
use serde_json::{Value, json};
use testkit::{Stream, World, WorldAlarm};

const NOW: Timestamp = Timestamp::constant(1_767_322_800, 0);

fn load(mib_per_second: u64) -> Minute {
    let bytes = mib_per_second * 60 * 1_048_576;
    Minute {
        bytes: Some(bytes),
        records: Some(bytes / 4_096),
        throttled_records: Some(0),
        iterator_age_ms: Some(0),
        ..Minute::default()
    }
}

/// Four shards that are full.
fn busy() -> World {
    let world = World::at(NOW).with("orders", Stream::managed(4, load(4)));
    put_alarms(&world, "orders", 4);
    world
}

/// The stream's alarms as alarm-sync makes them.
fn put_alarms(world: &World, stream: &str, shards: u32) {
    let policy = Policy::new(PolicySpec::default()).unwrap();
    for alarm in stream_alarms(&policy, stream, ShardCount::new(shards).unwrap(), &AlarmActions::default()) {
        world.put_alarm(alarm, true);
    }
}

fn alarm(stream: &str) -> Value {
    json!({ "source": "aws.cloudwatch", "alarmData": {
        "alarmName": format!("kinesis-scaler/{stream}/scale-out"),
        "state": { "value": "ALARM" },
        "configuration": { "metrics": [
            { "id": "bytes", "metricStat": { "metric": { "dimensions": { "StreamName": stream } } } },
            { "id": "usage", "expression": "bytes / 4" },
        ] },
    } })
}

fn sweep() -> Value {
    json!({ "detail-type": "Scheduled Event", "source": "aws.events", "detail": {} })
}

async fn run(world: &World, direction: Direction, event: &Value) -> Response {
    let mut told = Vec::new();
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let response =
        handle(world, &World::function_state(), &policy, direction, event, &mut |item| told.push(item)).await;
    let told = told.into_iter().map(|item| match item {
        TelemetryItem::Outcome(outcome) => *outcome,
        TelemetryItem::Gauges(gauges) => unreachable!("a pass has no gauges: {gauges:?}"),
    });
    assert_eq!(told.collect::<Vec<_>>(), response.outcomes, "each outcome is told as it comes");
    response
}

async fn one(world: &World, direction: Direction, event: &Value) -> Outcome {
    let mut outcomes = run(world, direction, event).await.outcomes;
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes.remove(0)
}

#[tokio::test]
async fn an_alarm_resizes_the_stream_and_refits_its_alarms() {
    let world = busy();
    let outcome = one(&world, Direction::Out, &alarm("orders")).await;
    assert_eq!((outcome.outcome, outcome.current, outcome.desired), (OutcomeKind::Resized, Some(4), Some(5)));
    assert_eq!(
        world.calls(),
        [
            "DescribeStreamSummary orders",
            "ListTagsForStream orders",
            "GetMetricData orders 60",
            "DescribeLimits the account",
            // Written down before the call.
            "AddTagsToStream orders O1767322800=4-5",
            "UpdateShardCount orders 5",
            // And its answer.
            "AddTagsToStream orders o1767322800=4-5",
            "DescribeAlarms kinesis-scaler/orders/scale-out",
            "ListTagsForResource kinesis-scaler/orders/scale-out",
            "PutMetricAlarm kinesis-scaler/orders/scale-out 5",
            "ListTagsForResource kinesis-scaler/orders/scale-in",
            "PutMetricAlarm kinesis-scaler/orders/scale-in 5",
            "Publish kinesis-scaler: orders is being resized from 4 to 5 shards",
        ]
    );
}

#[tokio::test]
async fn the_same_event_twice_is_harmless() {
    let world = busy();
    run(&world, Direction::Out, &alarm("orders")).await;
    let again = one(&world, Direction::Out, &alarm("orders")).await;
    assert_eq!(again.outcome, OutcomeKind::Held, "{}", again.words);
    world.advance(SignedDuration::from_secs(90));
    let active_again = one(&world, Direction::Out, &alarm("orders")).await;
    assert_eq!(active_again.outcome, OutcomeKind::Held, "{}", active_again.words);
    assert_eq!(world.stream("orders").unwrap().resizes.len(), 1);
}

#[tokio::test]
async fn the_sweep_keeps_a_need_that_had_to_wait() {
    let world = busy();
    world.change("orders", |stream| stream.status = StreamStatus::Updating);
    world.fire("kinesis-scaler/orders/scale-out", &["orders"], Some(4));
    assert_eq!(one(&world, Direction::Out, &alarm("orders")).await.outcome, OutcomeKind::Held);
    world.change("orders", |stream| stream.status = StreamStatus::Active);
    let swept = one(&world, Direction::Out, &sweep()).await;
    assert_eq!((swept.outcome, swept.desired), (OutcomeKind::Resized, Some(5)));
    assert!(run(&world, Direction::In, &sweep()).await.outcomes.is_empty(), "no scale-in alarm is firing");
}

#[tokio::test]
async fn scale_in_asks_for_a_whole_window_and_no_quota() {
    let world = World::at(NOW).with("clicks", Stream::managed(8, load(1)));
    let outcome = one(&world, Direction::In, &alarm("clicks")).await;
    assert_eq!((outcome.outcome, outcome.desired), (OutcomeKind::Resized, Some(4)));
    assert!(world.calls().contains(&"GetMetricData clicks 62".to_owned()), "{:?}", world.calls());
    assert!(!world.calls().iter().any(|call| call.starts_with("DescribeLimits")));
}

#[tokio::test]
async fn a_stream_that_is_not_ours_is_refused_after_a_look() {
    let world = busy();
    world.change("orders", |stream| stream.tags.clear());
    let outcome = one(&world, Direction::Out, &alarm("orders")).await;
    assert_eq!(outcome.outcome, OutcomeKind::Refused);
    assert!(outcome.words.contains("tag it kinesis-scaler/managed=true"), "{}", outcome.words);
    assert_eq!(world.calls(), ["DescribeStreamSummary orders", "ListTagsForStream orders"]);
}

/// The role's policy may let the call through for every stream: that it is ours is seen in the same pass, before the call.
#[tokio::test]
async fn the_tag_is_looked_at_before_each_resize() {
    let world = busy();
    let mut resizes = 0;
    for is_ours in [true, false, true] {
        let value = if is_ours { "true" } else { "false" };
        world
            .change("orders", |stream| drop(stream.tags.insert("kinesis-scaler/managed".to_owned(), value.to_owned())));
        world.change("orders", |stream| stream.load = load(u64::from(stream.shards)));
        world.forget_calls();
        one(&world, Direction::Out, &alarm("orders")).await;
        let at = |call: &str| world.calls().iter().position(|made| made.starts_with(call));
        assert!(at("ListTagsForStream orders").is_some());
        assert_eq!(at("UpdateShardCount").is_some(), is_ours, "{:?}", world.calls());
        assert!(!is_ours || at("ListTagsForStream orders") < at("UpdateShardCount"));
        resizes += usize::from(is_ours);
        assert_eq!(world.stream("orders").unwrap().resizes.len(), resizes);
        world.advance(SignedDuration::from_mins(30));
    }
}

#[tokio::test]
async fn a_call_that_is_denied_by_a_condition_on_tags_says_how_to_drop_it() {
    let denied = "AccessDeniedException: not authorized to perform: kinesis:UpdateShardCount";
    let quota = "LimitExceededException: This request would exceed the shard limit for the account";
    for (failure, words, history, said) in [
        (Failure::Denied, denied, "", &["TagConditions=false", "shardctl scale orders rebalance makes them"][..]),
        (
            Failure::Denied,
            denied,
            "s1767319200=3-4",
            &[
                "TagConditions=false",
                "A split or merge was started at 2026-01-02 02:00Z. If the function was allowed to make it, the \
                 tag condition may be",
            ],
        ),
        (Failure::Quota, quota, "", &["ask AWS for a higher one"]),
    ] {
        let world = busy();
        world.change("orders", |stream| drop(stream.tags.insert(TAG_RESIZES.to_owned(), history.to_owned())));
        world.fail_next_with("UpdateShardCount", failure, words);
        let outcome = one(&world, Direction::Out, &alarm("orders")).await;
        assert_eq!((outcome.outcome, outcome.needs_attention), (OutcomeKind::Refused, true));
        let next = outcome.next.unwrap();
        assert!(said.iter().all(|said| next.contains(said)), "{next}");
        assert!(failure == Failure::Denied || !next.contains("role"), "no permission lacks: {next}");
        assert!(world.told()[0].text.contains(&next), "{:?}", world.told());
    }
}

#[tokio::test]
async fn bad_streams_are_outcomes_and_not_error_loops() {
    let world = busy()
        .with("elastic", Stream { mode: StreamMode::OnDemand, ..Stream::managed(4, load(4)) })
        .with("going", Stream { status: StreamStatus::Deleting, ..Stream::managed(4, load(4)) });
    for (stream, told) in
        [("nonexistent", "ResourceNotFoundException"), ("elastic", "on-demand mode"), ("going", "being deleted")]
    {
        let outcome = one(&world, Direction::Out, &alarm(stream)).await;
        assert_eq!(outcome.outcome, OutcomeKind::Refused, "{stream}");
        assert!(outcome.words.contains(told), "{}", outcome.words);
    }
    let nameless = json!({ "alarmData": { "alarmName": "a", "state": { "value": "ALARM" } } });
    let outcome = one(&world, Direction::Out, &nameless).await;
    assert_eq!(outcome.outcome, OutcomeKind::Refused);
    assert!(outcome.words.contains("names no stream"), "{}", outcome.words);
    assert!(world.calls().iter().all(|call| !call.starts_with("UpdateShardCount")));
}

#[tokio::test]
async fn one_broken_record_does_not_spoil_the_others() {
    let message = |alarm: Value| {
        json!({ "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn",
        "Sns": { "Type": "Notification", "MessageId": "1", "TopicArn": "arn", "Message": alarm.as_str().map_or(alarm.to_string(), str::to_owned),
            "Timestamp": "2026-01-02T03:00:00.000Z", "SignatureVersion": "1", "Signature": "s",
            "SigningCertUrl": "https://sns", "UnsubscribeUrl": "https://sns", "MessageAttributes": {} } })
    };
    let orders = json!({ "AlarmName": "a", "NewStateValue": "ALARM",
        "Trigger": { "Dimensions": [{ "name": "StreamName", "value": "orders" }] } });
    let event = json!({ "Records": [message(json!("not JSON")), message(orders.clone()), message(orders)] });
    let world = busy();
    let kinds: Vec<_> = run(&world, Direction::Out, &event).await.outcomes.iter().map(|o| o.outcome).collect();
    assert_eq!(kinds, [OutcomeKind::Refused, OutcomeKind::Resized, OutcomeKind::Ignored]);
}

#[tokio::test]
async fn a_passing_failure_is_retried_by_lambda_and_a_lasting_one_is_not() {
    for call in ["DescribeStreamSummary", "ListTagsForStream", "GetMetricData", "AddTagsToStream", "UpdateShardCount"] {
        for (failure, passing) in [(Failure::Throttled, true), (Failure::Unavailable, true), (Failure::Refused, false)]
        {
            let world = busy();
            world.fail_next(call, failure);
            let response = run(&world, Direction::Out, &alarm("orders")).await;
            assert_eq!(response.into_result().is_err(), passing, "{call} {failure:?}");
            assert_eq!(world.stream("orders").unwrap().shards, 4, "{call}: nothing half-applied");
        }
    }
    let world = busy();
    world.fail_next("DescribeAlarms", Failure::Unavailable);
    assert!(run(&world, Direction::Out, &sweep()).await.into_result().is_err());
}

#[tokio::test]
async fn what_is_not_known_of_the_account_does_not_stop_scale_out() {
    let world = busy();
    world.fail_next("DescribeLimits", Failure::Throttled);
    assert_eq!(one(&world, Direction::Out, &alarm("orders")).await.outcome, OutcomeKind::Resized);
}

#[tokio::test]
async fn a_refused_call_is_not_counted_and_a_lost_answer_is() {
    for (failure, tag) in [
        (Failure::Refused, "x1767322800=4-5"),
        (Failure::Throttled, "x1767322800=4-5"),
        (Failure::Unavailable, "O1767322800=4-5"),
        (Failure::InUse, "f1767322800=4"),
        (Failure::DailyLimitReached, "l1767322800=4"),
    ] {
        let world = busy();
        world.fail_next("UpdateShardCount", failure);
        let outcome = one(&world, Direction::Out, &alarm("orders")).await;
        assert!(outcome.words.contains("UpdateShardCount for orders"), "{}", outcome.words);
        assert_eq!(world.stream("orders").unwrap().tags["kinesis-scaler/resizes"], tag, "{failure:?}");
    }
}

/// Another stack's alarm is another stack's to answer, and scale-in's is not scale-out's.
#[tokio::test]
async fn a_sweep_answers_the_stacks_own_alarms_of_its_direction_alone() {
    let world = busy();
    world.fire_for("trial", "kinesis-scaler/orders/scale-out", &["orders"], Some(4));
    world.fire("kinesis-scaler/orders/scale-in", &["orders"], Some(4));
    world.fire("kinesis-scaler/orders/watch-write-throttled", &["orders"], None);
    assert_eq!(run(&world, Direction::Out, &sweep()).await.outcomes, []);
}

/// Of an alarm of ours the rest stays; one of another stack's stays as it is, and the others are fitted all the same.
#[tokio::test]
async fn a_refit_touches_only_what_is_ours_and_fits_the_count() {
    let world = World::at(NOW);
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let actions = AlarmActions { scale_out: Some("arn:theirs".to_owned()), ..AlarmActions::default() };
    let of = |shards| stream_alarms(&policy, "orders", ShardCount::new(shards).unwrap(), &AlarmActions::default());
    let there = stream_alarms(&policy, "orders", ShardCount::new(4).unwrap(), &actions);
    world.put_alarm(there[0].clone(), true);
    world.put_alarm(there[1].clone(), false);
    let before = world.alarms();
    let told = refit(&world, "kinesis-scaler", &of(8)[..3]).await.unwrap_err().to_string();
    let (ours, other) = (&there[0].name, &there[1].name);
    assert_eq!(
        told,
        format!(
            "PutMetricAlarm for {other}: not created by the stack kinesis-scaler, so it was \
        not changed"
        )
    );
    let after = world.alarms();
    assert_eq!(after.len(), 2, "one that is not there is not made");
    assert_eq!(after[other], before[other]);
    let kept = |held: &WorldAlarm| (held.alarm.actions.clone(), held.alarm.description.clone());
    assert_eq!((after[ours].alarm.shard_count(), kept(&after[ours])), (Some(8), kept(&before[ours])));
}

#[tokio::test]
async fn a_failed_refit_is_told_and_nothing_is_undone() {
    let world = busy();
    world.fail_next("PutMetricAlarm", Failure::Throttled);
    let outcome = one(&world, Direction::Out, &alarm("orders")).await;
    assert_eq!(outcome.outcome, OutcomeKind::Resized);
    assert!(
        outcome.faults[0].starts_with("the alarms do not fit the new shard count of 5 yet"),
        "{:?}",
        outcome.faults
    );
    assert_eq!(world.stream("orders").unwrap().shards, 5);
}

#[tokio::test]
async fn an_order_against_contradicting_bounds_refits_the_alarms_by_the_streams_own_settings() {
    let mut stream = Stream::managed(4, load(1));
    for (tag, value) in [(TAG_SHARDS_MIN, "9"), (TAG_SHARDS_MAX, "3"), ("kinesis-scaler/target-utilization", "50")] {
        stream.tags.insert(tag.to_owned(), value.to_owned());
    }
    let world = World::at(NOW).with("orders", stream);
    put_alarms(&world, "orders", 4);
    let (policy, shards) = (Policy::new(PolicySpec::default()).unwrap(), ShardCount::new(6).unwrap());
    let order = Intent::Exactly(Order { shards, dry_run: false, unknown_is_idle: false });
    let outcome = reconcile(&world, &World::function_state(), &policy, "orders", order, Direction::Out, None).await;
    assert_eq!((outcome.outcome, outcome.desired), (OutcomeKind::Resized, Some(6)), "{outcome:?}");
    let own = Policy::new(PolicySpec { target_utilization_percent: 50, ..PolicySpec::default() }).unwrap();
    for direction in [Direction::Out, Direction::In] {
        let expected = scaling_alarm(&own, "orders", shards, direction);
        let alarm = &world.alarms()[&expected.name].alarm;
        assert_eq!((alarm.threshold, alarm.shard_count()), (expected.threshold, Some(6)), "{direction}");
    }
}

#[tokio::test]
async fn the_sweep_mends_alarms_that_fit_another_count() {
    let resized_by_hand = || {
        let world = World::at(NOW).with("orders", Stream::managed(8, load(6)));
        put_alarms(&world, "orders", 4);
        world
    };
    let world = resized_by_hand();
    world.fire("kinesis-scaler/orders/scale-out", &["orders"], Some(4));
    assert_eq!(one(&world, Direction::Out, &sweep()).await.outcome, OutcomeKind::Held);
    assert!(world.calls().contains(&"PutMetricAlarm kinesis-scaler/orders/scale-out 8".to_owned()));
    let dry = resized_by_hand();
    dry.change("orders", |stream| drop(stream.tags.insert("kinesis-scaler/dry-run".to_owned(), "true".to_owned())));
    dry.fire("kinesis-scaler/orders/scale-out", &["orders"], Some(4));
    run(&dry, Direction::Out, &sweep()).await;
    assert!(!dry.calls().iter().any(|call| call.starts_with("PutMetricAlarm")), "a dry run changes nothing");
    let fitting = resized_by_hand();
    fitting.fire("kinesis-scaler/orders/scale-out", &["orders"], Some(8));
    run(&fitting, Direction::Out, &sweep()).await;
    assert!(!fitting.calls().iter().any(|call| call.starts_with("PutMetricAlarm")));
}

/// Whoever asks, the resize by somebody else is found before our own would hide it; and a need does not wait for it.
#[tokio::test]
async fn an_alarm_event_finds_a_resize_by_somebody_else() {
    let world = busy();
    world.change("orders", |stream| stream.shards = 3);
    let mut event = alarm("orders");
    let shards = json!({ "id": "shards", "expression": "4" });
    event["alarmData"]["configuration"]["metrics"].as_array_mut().unwrap().push(shards);
    let outcome = one(&world, Direction::Out, &event).await;
    assert_eq!((outcome.outcome, outcome.desired), (OutcomeKind::Resized, Some(5)), "{}", outcome.words);
    let ledger = &world.stream("orders").unwrap().tags["kinesis-scaler/resizes"];
    assert_eq!(ledger, "f1767322800=4-3 o1767322800=3-5");
}

/// What AWS refuses is taken back, and not what somebody else did.
#[tokio::test]
async fn a_refusal_after_a_resize_by_somebody_else_marks_our_own_attempt() {
    let world = busy();
    world.change("orders", |stream| stream.shards = 3);
    world.fire("kinesis-scaler/orders/scale-out", &["orders"], Some(4));
    world.slow(SignedDuration::from_secs(1));
    world.fail_next("UpdateShardCount", Failure::Refused);
    run(&world, Direction::Out, &sweep()).await;
    let ledger = world.stream("orders").unwrap().tags["kinesis-scaler/resizes"].clone();
    let kinds: Vec<_> = ledger.split(' ').map(|entry| (&entry[..1], &entry[entry.len() - 3..])).collect();
    assert_eq!(kinds, [("f", "4-3"), ("x", "3-5")], "{ledger}");
}

#[tokio::test]
async fn one_failing_stream_does_not_fail_the_sweep() {
    let world = busy().with("clicks", Stream::managed(4, load(4)));
    for stream in ["orders", "clicks"] {
        world.fire(&format!("kinesis-scaler/{stream}/scale-out"), &[stream], Some(4));
    }
    world.fail_next("DescribeStreamSummary", Failure::Throttled);
    let response = run(&world, Direction::Out, &sweep()).await;
    let kinds: Vec<_> = response.outcomes.iter().map(|o| (o.outcome, o.needs_attention)).collect();
    assert_eq!(kinds, [(OutcomeKind::Failed, true), (OutcomeKind::Resized, false)]);
    assert!(response.into_result().is_ok(), "the next sweep comes within a minute");
}

#[tokio::test]
async fn where_time_is_short_every_alarm_has_its_turn() {
    let world = busy().with("clicks", Stream::managed(4, load(4)));
    for stream in ["orders", "clicks"] {
        world.fire(&format!("kinesis-scaler/{stream}/scale-out"), &[stream], Some(4));
    }
    // Every call takes a quarter of a minute: there is time for one stream only.
    world.slow(SignedDuration::from_secs(15));
    let mut first = Vec::new();
    for _ in 0..2 {
        let response = run(&world, Direction::Out, &sweep()).await;
        assert!(response.outcomes[1].words.contains("no time left"), "{}", response.outcomes[1].words);
        first.push(response.outcomes[0].stream.clone().unwrap());
        world.set(NOW.checked_add(SignedDuration::from_mins(5)).unwrap());
    }
    first.sort();
    assert_eq!(first, ["clicks", "orders"]);
}

#[tokio::test]
async fn a_far_need_is_reached_in_legal_steps() {
    let world = World::at(NOW).with("orders", Stream::managed(2, load(11)));
    let mut counts = vec![2];
    for _ in 0..6 {
        world.advance(SignedDuration::from_mins(5));
        run(&world, Direction::Out, &alarm("orders")).await;
        counts.push(world.stream("orders").unwrap().shards);
    }
    assert_eq!(counts, [2, 4, 8, 14, 14, 14, 14], "11 MiB/s at 80 % are 14 shards");
}

#[tokio::test]
async fn what_is_printed_is_one_log_line_and_one_metrics_line() {
    let world = busy();
    let outcome = one(&world, Direction::Out, &alarm("orders")).await;
    let lines = Telemetry { function: "scale-out", by_stream: true }.lines(&outcome, NOW);
    let lines = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    insta::assert_json_snapshot!("printed", lines);
}

#[tokio::test]
async fn acknowledged_and_ignored() {
    let world = busy();
    for state in ["OK", "INSUFFICIENT_DATA"] {
        let mut event = alarm("orders");
        event["alarmData"]["state"]["value"] = json!(state);
        assert_eq!(one(&world, Direction::Out, &event).await.outcome, OutcomeKind::Ignored);
    }
    assert!(world.calls().is_empty());
}

/// As [`busy`], with a past: two shards' load but for four full ones of late.
fn busy_of_late() -> World {
    let world = busy();
    world.change("orders", |stream| {
        stream.curve = Some(|at| load(if at.duration_since(NOW) < SignedDuration::from_mins(-30) { 2 } else { 4 }));
    });
    world
}

#[tokio::test]
async fn a_past_that_cannot_be_read_leaves_the_decision_to_the_last_minutes() {
    let (blind, without) = (busy_of_late(), busy());
    blind.fail_next("GetMetricData (past)", Failure::Throttled);
    let outcome = one(&blind, Direction::Out, &alarm("orders")).await;
    assert_eq!((outcome.outcome, outcome.desired), (OutcomeKind::Resized, Some(5)), "{}", outcome.words);
    assert_eq!(outcome.words, one(&without, Direction::Out, &alarm("orders")).await.words);
    let planned = one(&busy_of_late(), Direction::Out, &alarm("orders")).await;
    assert_eq!(planned.outcome, OutcomeKind::Resized);
    assert!(planned.words.contains("the forecast peak needs"), "with its past it is planned: {}", planned.words);
}

#[tokio::test]
async fn a_warm_function_reads_a_past_once_for_all_of_an_hours_passes() {
    let world = busy_of_late();
    let (function_state, policy) = (World::function_state(), Policy::new(PolicySpec::default()).unwrap());
    let reads = || world.calls().iter().filter(|call| call.starts_with("GetMetricData (past)")).count();
    for (minutes, expected) in [(4, 1), (20, 1), (20, 1), (20, 2)] {
        world.advance(SignedDuration::from_mins(minutes));
        handle(&world, &function_state, &policy, Direction::In, &alarm("orders"), &mut |_| ()).await;
        assert_eq!(reads(), expected, "at {}", world.now());
    }
}
