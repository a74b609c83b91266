// SPDX-License-Identifier: Apache-2.0
//! One stream at a time: made, kept, mended, cleaned, in every way in which it can drift.

use kinesis_model::{StreamMode, StreamStatus};
use scaler_app::cloud::Failure;
use scaler_core::{ALARM_PREFIX, Direction, Policy, StreamAlarm};
use serde_json::json;
use testkit::{Stream, World};

use crate::support::{Stack, load};

#[tokio::test]
async fn a_tagged_stream_gets_its_six_alarms_and_then_no_write() {
    let stack = Stack::with(&["orders"]);
    let run = stack.scheduled().await;
    assert_eq!(run.brief(), ["orders mended"]);
    assert_eq!(
        stack.world.calls(),
        [
            "GetResources the fleet",
            "DescribeAlarms kinesis-scaler/",
            "DescribeStreamSummary orders",
            "ListTagsForStream orders",
            // Our memory: the two tags are there before they are needed.
            "AddTagsToStream orders",
            "PutMetricAlarm kinesis-scaler/orders/scale-out 4",
            "PutMetricAlarm kinesis-scaler/orders/scale-in 4",
            "PutMetricAlarm kinesis-scaler/orders/watch-write-throttled",
            "PutMetricAlarm kinesis-scaler/orders/watch-read-throttled",
            "PutMetricAlarm kinesis-scaler/orders/watch-iterator-age",
            "PutMetricAlarm kinesis-scaler/orders/watch-incoming-records",
            "AddTagsToStream orders",
            "GetMetricData the fleet 1",
        ]
    );
    assert_eq!(stack.wrongs(), Vec::<String>::new());
    stack.world.forget_calls();
    let again = stack.scheduled().await;
    assert_eq!((again.response.kept, again.brief()), (1, vec![]));
    assert_eq!(
        stack.world.calls(),
        ["GetResources the fleet", "DescribeAlarms kinesis-scaler/", "GetMetricData the fleet 1"]
    );
}

/// Each way in which a stream can drift, by what a run that looks closely does about it: only what is wrong is written.
#[tokio::test]
async fn every_drift_is_mended_with_the_fewest_writes() {
    type Drift = fn(&Stack);
    let drifts: &[(&str, Drift, &[&str])] = &[
        ("nothing", |_| (), &[]),
        (
            "an alarm is deleted",
            |stack| stack.world.remove_alarm("kinesis-scaler/orders/watch-iterator-age"),
            &["PutMetricAlarm kinesis-scaler/orders/watch-iterator-age"],
        ),
        (
            "a threshold is changed",
            |stack| change(stack, "scale-out", |alarm| alarm.threshold = 99.0),
            &["PutMetricAlarm kinesis-scaler/orders/scale-out 4"],
        ),
        (
            "a build of before did not name the stack in the description",
            |stack| {
                change(stack, "scale-out", |alarm| {
                    alarm.description = alarm.description.replace(" Made by stack ", " ");
                });
            },
            &["PutMetricAlarm kinesis-scaler/orders/scale-out 4"],
        ),
        (
            "an action is added",
            |stack| change(stack, "scale-in", |alarm| alarm.actions.push("arn:mine".to_owned())),
            &["PutMetricAlarm kinesis-scaler/orders/scale-in 4"],
        ),
        (
            "actions are disabled",
            |stack| change(stack, "scale-in", |alarm| alarm.extras.push("actions are disabled".to_owned())),
            &["PutMetricAlarm kinesis-scaler/orders/scale-in 4"],
        ),
        (
            "resized by hand",
            |stack| stack.world.change("orders", |stream| stream.shards = 6),
            &[
                "AddTagsToStream orders f1767324000=4-6",
                "PutMetricAlarm kinesis-scaler/orders/scale-out 6",
                "PutMetricAlarm kinesis-scaler/orders/scale-in 6",
            ],
        ),
        (
            "a crash came between the two refits",
            |stack| {
                stack.world.change("orders", |stream| stream.shards = 6);
                let fitting = stack.wanted("orders").remove(0);
                stack.world.put_alarm(fitting, true);
            },
            &["PutMetricAlarm kinesis-scaler/orders/scale-in 6"],
        ),
        (
            "another target",
            |stack| tag(stack, "target-utilization", "60"),
            &["PutMetricAlarm kinesis-scaler/orders/scale-out 4", "PutMetricAlarm kinesis-scaler/orders/scale-in 4"],
        ),
        (
            "an alarm of ours that is none of the six",
            |stack| {
                let mut old = stack.wanted("orders").remove(0);
                old.name = "kinesis-scaler/orders/scale-sideways".to_owned();
                stack.world.put_alarm(old, true);
            },
            &["DeleteAlarms kinesis-scaler/orders/scale-sideways"],
        ),
        ("the tag says false", |stack| tag(stack, "managed", "false"), DELETE_ALL),
        ("the tag is removed", |stack| stack.world.change("orders", |stream| stream.tags.clear()), DELETE_ALL),
        ("the stream is deleted", |stack| stack.world.remove_stream("orders"), DELETE_ALL),
        (
            "the stream is being deleted",
            |stack| stack.world.change("orders", |stream| stream.status = StreamStatus::Deleting),
            DELETE_ALL,
        ),
    ];
    for (what, drift, writes) in drifts {
        let stack = Stack::enrolled(&["clicks", "orders"]).await;
        drift(&stack);
        let run = stack.all().await;
        assert_eq!(stack.writes(), *writes, "{what}: {:?}", run.response);
        if *what != "the stream is being deleted" {
            assert_eq!(stack.wrongs(), Vec::<String>::new(), "{what}");
        }
        let kept = if writes.is_empty() { 2 } else { 1 };
        assert_eq!(run.response.kept, kept, "{what}: the other stream is left alone: {:?}", run.response);
        stack.world.forget_calls();
        stack.all().await;
        assert_eq!(stack.writes(), Vec::<String>::new(), "{what}: a second run finds nothing to do");
    }
}

const DELETE_ALL: &[&str] = &["DeleteAlarms kinesis-scaler/orders/scale-in kinesis-scaler/orders/scale-out \
     kinesis-scaler/orders/watch-incoming-records kinesis-scaler/orders/watch-iterator-age \
     kinesis-scaler/orders/watch-read-throttled kinesis-scaler/orders/watch-write-throttled"];

fn change(stack: &Stack, kind: &str, change: impl FnOnce(&mut scaler_core::StreamAlarm)) {
    let mut alarm = stack.world.alarms()[&format!("{ALARM_PREFIX}orders/{kind}")].alarm.clone();
    change(&mut alarm);
    stack.world.put_alarm(alarm, true);
}

fn tag(stack: &Stack, key: &str, value: &str) {
    let (key, value) = (format!("kinesis-scaler/{key}"), value.to_owned());
    stack.world.change("orders", |stream| drop(stream.tags.insert(key, value)));
}

/// What the alarms themselves do not show is found in the stream's turn, or at once where CloudTrail tells.
#[tokio::test]
async fn a_resize_by_hand_is_found_within_hours_or_when_cloudtrail_tells() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| stream.shards = 6);
    let mut runs = 0;
    while !stack.wrongs().is_empty() {
        stack.scheduled().await;
        stack.world.advance(jiff::SignedDuration::from_mins(5));
        runs += 1;
        assert!(runs <= 48, "not found within four hours");
    }
    assert!(runs > 1, "found by its alarms alone, which is not so");
    stack.world.change("orders", |stream| stream.shards = 4);
    let event = json!({ "detail-type": "AWS API Call via CloudTrail", "detail": {
        "eventName": "UpdateShardCount",
        "requestParameters": { "streamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/orders" } } });
    stack.world.forget_calls();
    assert_eq!(stack.run(&event).await.brief(), ["orders mended"]);
    assert_eq!(stack.wrongs(), Vec::<String>::new());
    assert!(
        !stack.world.calls().iter().any(|call| call.starts_with("GetResources")),
        "one stream is one stream's calls"
    );
}

#[tokio::test]
async fn alarms_that_are_not_ours_are_never_touched() {
    let mut stack = Stack::with(&["orders"]);
    // Below its minimum, too: a stream on which another stack works is not resized either.
    stack.policy.shards_min = 5;
    let mut foreign = stack.wanted("orders").remove(0);
    foreign.threshold = 1.0;
    stack.world.put_alarm(foreign.clone(), false);
    let mut orphan = foreign.clone();
    orphan.name = "kinesis-scaler/nowhere/scale-out".to_owned();
    stack.world.put_alarm(orphan.clone(), false);
    let mut other = foreign.clone();
    other.name = "kinesis-scaler/no-such-form".to_owned();
    stack.world.put_alarm(other.clone(), true);
    let run = stack.all().await;
    assert_eq!(run.brief(), ["orders refused"]);
    assert!(run.response.outcomes[0].words.contains(
        "an alarm exists that this stack did not create: delete it, \
        or hand "
    ));
    assert!(
        stack.world.told()[0].text.contains("Next: Check whether another stack or tool"),
        "{:?}",
        stack.world.told()
    );
    for alarm in [&foreign, &orphan, &other] {
        assert_eq!(&stack.world.alarms()[&alarm.name].alarm, alarm);
    }
    assert!(!stack.writes().iter().any(|call| !call.starts_with("AddTagsToStream")), "{:?}", stack.writes());
}

/// Whatever stops a run from putting alarms, it does not make another stack's stream ours.
#[tokio::test]
async fn another_stacks_stream_is_left_alone_when_alarms_are_refused_and_when_it_lacks_one() {
    let stack = Stack::enrolled(&["orders"]).await;
    for held in stack.world.alarms().into_values() {
        stack.world.put_alarm(scaler_core::StreamAlarm { actions: vec!["arn:theirs".to_owned()], ..held.alarm }, false);
    }
    stack.world.remove_alarm("kinesis-scaler/orders/scale-out");
    stack.world.add_stream("clicks", Stream::managed(4, load()));
    let min = |stream: &mut Stream| drop(stream.tags.insert("kinesis-scaler/shards-min".to_owned(), "9".to_owned()));
    stack.world.change("orders", min);
    stack.world.fail_next_with("PutMetricAlarm", Failure::Quota, "LimitExceeded: the maximum number of alarms");
    assert_eq!(stack.all().await.brief(), ["clicks refused", "orders refused"]);
    assert_eq!(stack.world.stream("orders").unwrap().resizes.len(), 0);
    stack.all().await;
    assert!(!stack.world.alarms().contains_key("kinesis-scaler/orders/scale-out"), "theirs to make");
}

/// What the role may delete is not told from what it may not by every permission: the name and the tag are looked at first.
#[tokio::test]
async fn an_alarm_is_deleted_by_its_name_and_its_tag_alone() {
    let stack = Stack::enrolled(&["orders"]).await;
    let ours = stack.world.alarms();
    let copy = |name: &str| StreamAlarm { name: name.to_owned(), ..stack.wanted("orders").remove(0) };
    let (mine, near) = (copy("kinesis-scaler/orders/mine"), copy("kinesis-scaler/ordersold/scale-out"));
    stack.world.put_alarm(mine.clone(), false);
    stack.world.put_alarm(near.clone(), false);
    tag(&stack, "managed", "false");
    stack.all().await;
    let calls = stack.world.calls();
    let at = |call: &str| calls.iter().position(|made| made.starts_with(call));
    for name in ours.keys() {
        let asked = at(&format!("ListTagsForResource {name}"));
        assert!(asked.is_some() && asked < at("DeleteAlarms"), "{name}: {calls:?}");
    }
    assert_eq!(stack.world.alarms().into_keys().collect::<Vec<_>>(), [mine.name, near.name]);
}

/// AWS counts it, and whoever made it had a reason: scale-in waits, and leaves what it must.
#[tokio::test]
async fn a_resize_by_somebody_else_is_remembered_as_one_of_the_ten() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| stream.shards = 8);
    stack.all().await;
    let ledger = |stack: &Stack| stack.world.stream("orders").unwrap().tags.get("kinesis-scaler/resizes").cloned();
    assert_eq!(ledger(&stack), Some(format!("f{}=4-8", crate::support::NOW.as_second())));
    stack.all().await;
    assert_eq!(ledger(&stack).map(|tag| tag.split(' ').count()), Some(1), "once");
    // A crash between a resize of ours and its refit is no resize by somebody else.
    let ours = Stack::enrolled(&["orders"]).await;
    ours.world.change("orders", |stream| {
        stream.shards = 5;
        drop(stream.tags.insert("kinesis-scaler/resizes".to_owned(), "o1767323000=4-5".to_owned()));
    });
    ours.all().await;
    assert_eq!((ledger(&ours), ours.wrongs()), (Some("o1767323000=4-5".to_owned()), vec![]));
}

#[tokio::test]
async fn bad_tags_are_told_and_the_others_go_on() {
    let stack = Stack::enrolled(&["clicks", "orders"]).await;
    tag(&stack, "shards-max", "lots");
    stack.world.change("clicks", |stream| stream.shards = 5);
    let run = stack.all().await;
    assert_eq!(run.brief(), ["clicks mended", "orders refused"]);
    assert!(run.response.outcomes[1].words.contains("kinesis-scaler/shards-max=\"lots\" is not a whole number"));
    assert_eq!(&*stack.world.told()[0].subject, "kinesis-scaler: orders needs attention");
    assert!(stack.world.told()[0].text.contains("Next: Correct the tag (kinesis-scaler/shards-max)"));
    assert_eq!(stack.world.alarms().len(), 12, "its alarms stay as they are");
}

/// Without the tag nothing may be written on the stream, so what was told is not remembered: it is told in the stream's turn.
#[tokio::test]
async fn a_managed_tag_that_cannot_be_read_is_told_in_the_streams_turn() {
    let stack = Stack::with(&["orders"]);
    tag(&stack, "managed", "True");
    for _ in 0..48 {
        assert_eq!(stack.scheduled().await.brief(), ["orders refused"]);
        stack.world.advance(jiff::SignedDuration::from_mins(5));
    }
    let told = stack.world.told();
    assert_eq!(told.len(), 1, "once in four hours");
    assert!(told[0].text.contains("tag kinesis-scaler/managed=\"True\" is not true or false"), "{}", told[0].text);
    assert!(stack.writes().is_empty());
}

#[tokio::test]
async fn a_stream_in_on_demand_mode_loses_its_alarms_and_somebody_is_told() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| stream.mode = StreamMode::OnDemand);
    let run = stack.all().await;
    assert_eq!((run.brief(), stack.world.alarms().len()), (vec!["orders refused".to_owned()], 0));
    assert!(stack.world.told()[0].text.contains("aws kinesis remove-tags-from-stream --stream-name orders"));
}

/// CloudTrail tells of a resize when it begins, and nobody tells of its end.
#[tokio::test]
async fn a_stream_that_is_changing_is_left_and_looked_at_again_in_minutes() {
    let stack = Stack::enrolled(&["clicks", "orders"]).await;
    stack.world.change("orders", |stream| (stream.status, stream.shards) = (StreamStatus::Updating, 7));
    for event in [json!({ "sync": ["orders"] }), json!({ "sync": "all" })] {
        assert_eq!(stack.run(&event).await.brief(), ["orders held"]);
        assert_eq!(stack.writes(), Vec::<String>::new());
        let until = stack.world.now().as_second() + 4 * 3_600;
        let plans = event["sync"].is_array();
        let message = json!({ "sync": ["orders"], "plans": plans, "until": until }).to_string();
        assert_eq!(stack.world.take_later(), [(message, 300)]);
    }
    stack.world.change("orders", |stream| stream.status = StreamStatus::Active);
    assert_eq!(stack.run(&json!({ "sync": ["orders"] })).await.brief(), ["orders mended"]);
    // Once more: it may have been resized while its alarms were put.
    assert_eq!(stack.world.take_later().len(), 1);
    assert_eq!(stack.run(&json!({ "sync": ["orders"] })).await.response.kept, 1);
    assert!(stack.world.take_later().is_empty());
}

/// The tagging service may not know of a stream for a while. Its alarms are not deleted for that.
#[tokio::test]
async fn a_stream_that_the_tagging_service_forgets_keeps_its_alarms() {
    let stack = Stack::enrolled(&["clicks", "orders"]).await;
    stack.world.not_indexed("orders", true);
    let run = stack.scheduled().await;
    assert_eq!((run.response.kept, stack.writes()), (2, vec![]));
    assert!(stack.world.calls().contains(&"ListTagsForStream orders".to_owned()), "it was asked itself");
}

/// What the tagging service says may be minutes old: it makes us look, and nothing is changed by it.
#[tokio::test]
async fn nothing_is_changed_by_tags_that_are_old() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.indexed_as("orders", Some(&[("kinesis-scaler/managed", "false")]));
    assert_eq!((stack.scheduled().await.response.kept, stack.writes()), (1, vec![]), "it is managed again by now");
    stack.world.indexed_as("orders", Some(&[("kinesis-scaler/managed", "true"), ("kinesis-scaler/shards-min", "9")]));
    assert_eq!((stack.scheduled().await.response.kept, stack.writes()), (1, vec![]), "its minimum was taken back");
    let gone = Stack::with(&["orders"]);
    gone.world.indexed_as("orders", Some(&[("kinesis-scaler/managed", "true")]));
    gone.world.change("orders", |stream| stream.tags.clear());
    assert_eq!((gone.scheduled().await.response.kept, gone.writes()), (1, vec![]), "no alarm for what is not managed");
}

#[tokio::test]
async fn half_a_fleet_is_not_a_fleet() {
    for call in ["GetResources", "DescribeAlarms"] {
        for (failure, is_retried) in [(Failure::Unavailable, true), (Failure::Refused, false)] {
            let stack = Stack::enrolled(&["orders"]).await;
            stack.world.fail_next(call, failure);
            let run = stack.all().await;
            assert_eq!(stack.writes(), Vec::<String>::new());
            assert!(run.response.outcomes[0].words.starts_with("this run did nothing"), "{:?}", run.response);
            assert_eq!(run.response.into_result().is_err(), is_retried, "{call} {failure:?}");
        }
    }
}

#[tokio::test]
async fn what_fails_for_one_stream_does_not_stop_the_others() {
    for (call, failure) in [
        ("DescribeStreamSummary", Failure::Throttled),
        ("PutMetricAlarm", Failure::Unavailable),
        ("PutMetricAlarm", Failure::Refused),
    ] {
        let stack = Stack::with(&["clicks", "orders"]);
        stack.world.fail_next(call, failure);
        let run = stack.all().await;
        let kind = if failure == Failure::Refused { "clicks refused" } else { "clicks failed" };
        assert_eq!(run.brief(), [kind, "orders mended"], "{call}");
        assert!(run.response.into_result().is_ok(), "the next run comes within minutes");
        stack.all().await;
        assert_eq!(stack.wrongs(), Vec::<String>::new(), "{call}");
    }
    let stack = Stack::with(&["orders"]);
    stack.world.fail_next("DescribeStreamSummary", Failure::Throttled);
    let run = stack.run(&json!({ "sync": ["orders"] })).await;
    assert!(run.response.into_result().is_ok(), "those that went well are not gone over again");
    let (message, seconds) = stack.world.take_later().remove(0);
    assert!(
        message.contains("[\"orders\"]") && seconds == 300,
        "nobody else will come for this stream soon: {message}"
    );
}

/// A delete that is refused would be refused again; an alarm that is gone already is no fault.
#[tokio::test]
async fn a_refused_delete_is_not_tried_again() {
    for (call, failure, kind) in [
        ("DeleteAlarms", Failure::Refused, "orders refused"),
        ("DeleteAlarms", Failure::Throttled, "orders failed"),
        ("ListTagsForResource", Failure::NotFound, "orders mended"),
    ] {
        let stack = Stack::enrolled(&["orders"]).await;
        stack.world.change("orders", |stream| stream.tags.clear());
        stack.world.fail_next(call, failure);
        let run = stack.run(&json!({ "sync": ["orders"] })).await;
        assert_eq!(run.brief(), [kind], "{call} {failure:?}");
        assert!(run.response.into_result().is_ok());
        assert_eq!(stack.world.take_later().len(), usize::from(failure == Failure::Throttled), "{call} {failure:?}");
    }
}

/// Each refit is refused: the resizes are still counted once.
#[tokio::test]
async fn a_refit_that_is_refused_does_not_count_a_resize_twice() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack
        .world
        .change("orders", |stream| stream.load = kinesis_model::Minute { bytes: Some(20 * 62_914_560), ..load() });
    stack.world.fire("kinesis-scaler/orders/scale-out", &["orders"], Some(4));
    let policy = Policy::new(stack.policy).unwrap();
    for _ in 0..6 {
        for _ in 0..2 {
            stack.world.fail_next("PutMetricAlarm", Failure::Refused);
        }
        let sweep = json!({ "detail-type": "Scheduled Event" });
        scaler_app::handle(&stack.world, &World::function_state(), &policy, Direction::Out, &sweep, &mut |_| ()).await;
        stack.world.advance(jiff::SignedDuration::from_mins(5));
    }
    let stream = stack.world.stream("orders").unwrap();
    let ledger = &stream.tags["kinesis-scaler/resizes"];
    assert_eq!((stream.resizes.len(), ledger.split(' ').count()), (3, 3), "{ledger}");
}

#[tokio::test]
async fn where_the_account_lacks_something_it_is_asked_once() {
    for (failure, words) in [
        (Failure::Quota, "LimitExceeded: the maximum number of alarms"),
        (Failure::Denied, "AccessDeniedException: not authorized"),
    ] {
        let stack = Stack::with(&["clicks", "orders", "views"]);
        stack.world.fail_next_with("PutMetricAlarm", failure, words);
        let run = stack.all().await;
        assert_eq!(run.brief(), ["clicks refused", "orders refused", "views refused"]);
        assert!(run.response.outcomes[1].words.contains("this run did not try again"), "{:?}", run.response);
        assert_eq!(stack.world.told().len(), 1, "one message, for all of them: {:?}", stack.world.told());
        assert!(stack.world.told()[0].text.contains("every stream"), "{:?}", stack.world.told());
        let puts = stack.world.calls().iter().filter(|call| call.starts_with("PutMetricAlarm")).count();
        assert_eq!(puts, 1, "{words}");
    }
}

#[tokio::test]
async fn a_listed_stream_must_be_there_and_tagged() {
    let mut stack = Stack::with(&["orders"]);
    stack.world.change("orders", |stream| stream.tags.clear());
    stack.config.stream_names = vec!["nowhere".to_owned(), "orders".to_owned()];
    let run = stack.scheduled().await;
    assert_eq!(run.brief(), ["nowhere refused", "orders refused"]);
    let mut words: Vec<_> = run.response.outcomes.iter().map(|outcome| outcome.words.as_str()).collect();
    words.sort_by_key(|words| words.contains("not managed"));
    assert!(words[0].contains("STREAM_NAMES lists this stream, and: there is no such stream"), "{words:?}");
    assert!(words[1].contains("STREAM_NAMES lists this stream, but the stream is not managed: tag it"), "{words:?}");
    assert!(stack.world.alarms().is_empty(), "a list is no permission");
    stack.world.change("orders", |stream| *stream = Stream::managed(4, load()));
    assert_eq!(stack.scheduled().await.brief(), ["nowhere refused", "orders mended"]);
}
