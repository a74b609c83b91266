// SPDX-License-Identifier: Apache-2.0
//! Looking ahead: a plan that wants nothing costs two reads, one that wants something soon is looked at again in time.

use jiff::Timestamp;
use kinesis_model::Minute;
use serde_json::{Value, json};
use testkit::Stream;

use crate::support::{Stack, evenings, hundredths, minute_of_day};

/// Three shards' load all day.
fn flat(at: Timestamp) -> Minute {
    hundredths(300 + minute_of_day(at) * 7 % 11)
}

/// A stream of so many shards whose load has this curve, with its alarms, at a time of day.
fn stack(shards: u32, curve: fn(Timestamp) -> Minute, time: &str) -> Stack {
    let stack = Stack::with(&[]);
    stack.world.set(format!("2026-01-02T{time}:00Z").parse().unwrap());
    stack
        .world
        .add_stream("orders", Stream { curve: Some(curve), ..Stream::managed(shards, curve(stack.world.now())) });
    // The alarms are there before anybody looks ahead.
    for alarm in stack.wanted("orders") {
        stack.world.put_alarm(alarm, true);
    }
    stack
}

fn orders() -> Value {
    json!({ "sync": ["orders"] })
}

#[tokio::test]
async fn a_plan_that_wants_nothing_only_reads() {
    let stack = stack(4, flat, "10:40");
    let run = stack.run(&orders()).await;
    assert_eq!(run.response.outcomes, [], "nothing to tell");
    assert_eq!(stack.writes(), Vec::<String>::new());
    assert_eq!(stack.world.take_later(), [], "the next turn is soon enough");
    let calls = stack.world.calls();
    assert!(calls.iter().filter(|call| call.starts_with("GetMetricData")).count() == 2, "{calls:?}");
    let is_read = |call: &String| ["Describe", "List", "GetMetricData"].iter().any(|read| call.starts_with(read));
    assert!(calls.iter().all(is_read), "{calls:?}");
}

#[tokio::test]
async fn a_step_of_the_plan_within_the_hour_is_looked_at_again_in_time() {
    let mut waits = 0;
    for minute in (16 * 60..19 * 60).step_by(10) {
        let time = format!("{}:{:02}", minute / 60, minute % 60);
        let stack = stack(4, evenings, &time);
        let run = stack.run(&orders()).await;
        let later = stack.world.take_later();
        let is_waiting = run.response.outcomes.is_empty();
        assert_eq!(is_waiting, stack.writes().is_empty(), "{time}: what is done is told");
        let Some((request, seconds)) = later.first() else {
            assert!(is_waiting && minute < 18 * 60, "{time}: nobody comes back before the peak");
            continue;
        };
        waits += usize::from(is_waiting);
        let request: Value = serde_json::from_str(request).unwrap();
        let until = stack.world.now().as_second() + 3_600;
        assert_eq!((later.len(), request), (1, json!({ "sync": ["orders"], "plans": true, "until": until })));
        assert!((60..=900).contains(seconds), "{time}: {seconds} s is no delay that the queue can keep");
    }
    assert!(waits > 0, "it never only waits");
}

/// From one look to the next that it asks for, the stream is there in time.
#[tokio::test]
async fn the_looks_that_a_plan_asks_for_make_the_stream_ready() {
    let stack = stack(4, evenings, "18:05");
    let peak: Timestamp = "2026-01-02T19:00:00Z".parse().unwrap();
    let mut looks = 0;
    while stack.world.now() < peak {
        stack.run(&orders()).await;
        looks += 1;
        let later = stack.world.take_later();
        let Some((_, seconds)) = later.first() else { break };
        stack.world.advance(jiff::SignedDuration::from_secs(i64::from(*seconds)));
    }
    let shards = stack.world.stream("orders").unwrap().shards;
    assert!((7..=10).contains(&shards), "{shards} shards after {looks} looks: {:?}", stack.writes());
    let resizes = stack.world.stream("orders").unwrap().resizes;
    assert!(!resizes.is_empty() && resizes.iter().all(|at| *at < peak), "{resizes:?}");
    assert!(looks <= 6, "{looks} looks in an hour");
}

#[tokio::test]
async fn a_dry_run_is_looked_ahead_for_and_never_resized() {
    let stack = stack(4, evenings, "18:50");
    let dry_run = ("kinesis-scaler/dry-run".to_owned(), "true".to_owned());
    stack.world.change("orders", |stream| drop(stream.tags.insert(dry_run.0, dry_run.1)));
    let run = stack.run(&orders()).await;
    assert_eq!(run.brief(), ["orders dry-run"], "{:?}", run.response);
    let words = &run.response.outcomes[0].words;
    assert!(
        words.starts_with("dry run: would scale out from 4 to ") && words.contains("the forecast peak needs"),
        "{words}"
    );
    let resized = |call: &String| call.starts_with("UpdateShardCount") || call.starts_with("AddTagsToStream");
    assert!(!stack.writes().iter().any(resized), "{:?}", stack.writes());
    assert_eq!(stack.world.stream("orders").unwrap().shards, 4);
}

#[tokio::test]
async fn a_past_that_cannot_be_read_is_told_and_changes_nothing() {
    let stack = stack(4, evenings, "18:50");
    stack.world.fail_next("GetMetricData (past)", scaler_app::cloud::Failure::Unavailable);
    let run = stack.run(&orders()).await;
    assert_eq!(run.response.outcomes.len(), 1, "{:?}", run.response);
    assert_eq!(stack.writes(), Vec::<String>::new());
    assert_eq!(stack.world.stream("orders").unwrap().shards, 4);
}

/// Somebody else works on that stream: alarm-sync leaves it alone, whatever its plan would be.
#[tokio::test]
async fn a_stream_with_an_alarm_that_is_not_ours_is_not_resized_ahead() {
    let stack = stack(4, evenings, "18:50");
    let mut foreign = stack.world.alarms()["kinesis-scaler/orders/scale-out"].alarm.clone();
    foreign.threshold += 1.0;
    stack.world.put_alarm(foreign, false);
    let run = stack.run(&orders()).await;
    assert_eq!(run.brief(), ["orders refused"], "{:?}", run.response);
    assert!(!stack.writes().iter().any(|call| call.starts_with("UpdateShardCount")), "{:?}", stack.writes());
    assert_eq!(stack.world.stream("orders").unwrap().shards, 4);
}
