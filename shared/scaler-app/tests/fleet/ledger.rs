// SPDX-License-Identifier: Apache-2.0
//! What the ledger knows of each resize: answers that are lost, refusals, deaths, resizes by others, AWS's own word.

use jiff::SignedDuration;
use kinesis_model::Minute;
use scaler_app::cloud::Failure;
use scaler_app::{Outcome, OutcomeKind, handle};
use scaler_core::{Direction, Policy};
use serde_json::{Value, json};

use crate::support::{Stack, load};
use testkit::World;

const TAG: &str = "kinesis-scaler/resizes";

/// The scale-out alarm as an event; without one there, it says of no shard count that it was made for it.
pub(crate) fn alarm(stack: &Stack) -> Value {
    let alarms = stack.world.alarms();
    let alarm_shard_count = alarms.get("kinesis-scaler/orders/scale-out").and_then(|held| held.alarm.shard_count());
    let shards = json!({ "id": "shards", "expression": alarm_shard_count.map(|alarm_shard_count| alarm_shard_count.to_string()).unwrap_or_default() });
    json!({ "alarmData": { "alarmName": "kinesis-scaler/orders/scale-out", "state": { "value": "ALARM" },
        "configuration": { "metrics": [{ "metricStat": { "metric": { "dimensions": { "StreamName": "orders" } } } }, shards] } } })
}

pub(crate) async fn look(stack: &Stack, direction: Direction) -> Outcome {
    let policy = Policy::new(stack.policy).unwrap();
    handle(&stack.world, &World::function_state(), &policy, direction, &alarm(stack), &mut |_| ())
        .await
        .outcomes
        .remove(0)
}

/// So many shards, full by bytes.
pub(crate) fn busy(shards: u64) -> Minute {
    let bytes = shards * 60 * 1_048_576;
    Minute { bytes: Some(bytes), records: Some(bytes / 4_096), throttled_records: Some(0), ..load() }
}

pub(crate) fn ledger(stack: &Stack) -> String {
    stack.world.stream("orders").unwrap().tags.get(TAG).cloned().unwrap_or_default()
}

/// A stream of four full shards.
async fn full() -> Stack {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| stream.load = busy(4));
    stack
}

fn a_minute_later(stack: &Stack) {
    stack.world.advance(SignedDuration::from_mins(1));
}

#[tokio::test]
async fn a_call_without_an_answer_is_one_entry_whatever_came_of_it() {
    for carried_out in [None, Some(SignedDuration::ZERO), Some(SignedDuration::from_secs(20))] {
        let stack = full().await;
        match carried_out {
            None => stack.world.fail_next("UpdateShardCount", Failure::Unavailable),
            Some(after) => stack.world.lose_next_resize(after),
        }
        look(&stack, Direction::Out).await;
        assert_eq!(ledger(&stack), "O1767324000=4-5");
        for _ in 0..2 {
            a_minute_later(&stack);
            look(&stack, Direction::Out).await;
        }
        let (known, shards) = match carried_out {
            None => ("n1767324000=4-5 o1767324120=4-5", 5),
            Some(_) => ("o1767324000=4-5", 5),
        };
        assert_eq!((ledger(&stack).as_str(), stack.world.stream("orders").unwrap().shards), (known, shards));
    }
}

/// Where a stream refuses tags while it changes, the answer cannot be written down: the next look tells it.
#[tokio::test]
async fn an_answer_that_could_not_be_written_down_is_told_by_the_next_look() {
    let stack = full().await;
    stack.world.tags_need_active(true);
    assert_eq!(look(&stack, Direction::Out).await.faults, Vec::<String>::new());
    assert_eq!(ledger(&stack), "O1767324000=4-5");
    stack.world.advance(SignedDuration::from_mins(2));
    look(&stack, Direction::Out).await;
    assert_eq!(ledger(&stack), "o1767324000=4-5");
}

#[tokio::test]
async fn an_outage_of_any_length_does_not_spend_the_day() {
    for minutes in [11, 60, 600] {
        let stack = full().await;
        for _ in 0..minutes {
            stack.world.fail_nothing();
            stack.world.fail_next("UpdateShardCount", Failure::Unavailable);
            look(&stack, Direction::Out).await;
            a_minute_later(&stack);
        }
        stack.world.fail_nothing();
        let mut waited = 0;
        while look(&stack, Direction::Out).await.outcome != OutcomeKind::Resized {
            a_minute_later(&stack);
            waited += 1;
            assert!(waited < 5, "after {minutes} minutes without AWS: {}", ledger(&stack));
        }
    }
}

#[tokio::test]
async fn in_use_is_a_resize_by_somebody_else_if_the_count_says_so() {
    for (count, known) in [(4, "o1767324060=4-5"), (6, "f1767324000=4-6")] {
        let stack = full().await;
        stack.world.fail_next("UpdateShardCount", Failure::InUse);
        look(&stack, Direction::Out).await;
        assert_eq!(ledger(&stack), "f1767324000=4");
        stack.world.change("orders", |stream| stream.shards = count);
        a_minute_later(&stack);
        look(&stack, Direction::Out).await;
        assert_eq!(ledger(&stack), known);
    }
}

/// After each call of a pass, the ledger counts the resize that was made, and at most one that was not.
#[tokio::test]
async fn a_function_that_dies_leaves_one_entry_for_one_call() {
    for calls in 0..14 {
        let stack = full().await;
        let policy = Policy::new(stack.policy).unwrap();
        stack.world.dies_after(Some(calls));
        let (function_state, event) = (World::function_state(), alarm(&stack));
        runs_as_far_as_it_lives(handle(&stack.world, &function_state, &policy, Direction::Out, &event, &mut |_| ()));
        stack.world.dies_after(None);
        let made = stack.world.stream("orders").unwrap().resizes.len();
        let entries = ledger(&stack).split_whitespace().count();
        assert!(entries >= made && entries <= 1, "dead after {calls} calls: {}", ledger(&stack));
        stack.world.advance(SignedDuration::from_mins(3));
        look(&stack, Direction::Out).await;
        assert!(ledger(&stack).split(' ').count() <= 2, "dead after {calls} calls: {}", ledger(&stack));
    }
}

/// Polled once, a pass comes to its end or to its death: nothing here waits for anything else.
pub(crate) fn runs_as_far_as_it_lives(pass: impl Future) {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = std::pin::pin!(pass).poll(&mut context);
}

/// The ledger dates a call when it is sent, AWS when it takes it.
#[tokio::test]
async fn no_day_sees_an_eleventh_call_however_slow_the_first_was() {
    let stack = full().await;
    let first = stack.world.now();
    stack.world.slow(SignedDuration::from_millis(500));
    for resize in 0..10 {
        let shards = stack.world.stream("orders").unwrap().shards;
        stack.world.change("orders", |stream| stream.load = busy(u64::from(shards)));
        let outcome = look(&stack, Direction::Out).await;
        assert_eq!(outcome.outcome, OutcomeKind::Resized, "{resize}: {}", outcome.words);
        stack.world.slow(SignedDuration::from_millis(50));
        stack.world.advance(SignedDuration::from_mins(30));
    }
    let shards = stack.world.stream("orders").unwrap().shards;
    stack.world.change("orders", |stream| stream.load = busy(u64::from(shards)));
    for (after, is_free) in [(86_400, false), (86_400 + 119, false), (86_400 + 125, true)] {
        stack.world.set(first.checked_add(SignedDuration::from_secs(after)).unwrap());
        stack.world.forget_calls();
        let outcome = look(&stack, Direction::Out).await;
        let asked = stack.world.calls().iter().any(|call| call.starts_with("UpdateShardCount"));
        assert_eq!((asked, outcome.outcome == OutcomeKind::Resized), (is_free, is_free), "{after}: {}", outcome.words);
    }
}

/// AWS has counted ten calls that the ledger does not know: its tag was undone by Terraform, or they were made before the stream was
/// enrolled. The stream is split as if they were in the ledger, people are told why, and AWS is asked once an hour.
#[tokio::test]
async fn what_aws_says_is_spent_is_spent() {
    let mut shards_after = Vec::new();
    for in_ledger in [true, false] {
        let stack = Stack::enrolled(&["orders"]).await;
        let now = stack.world.now();
        stack.world.change("orders", |stream| {
            stream.resizes =
                (1..=10).rev().map(|hour| now.checked_sub(SignedDuration::from_hours(hour)).unwrap()).collect();
            if in_ledger {
                let ten: Vec<_> = stream.resizes.iter().map(|at| format!("o{}=4-4", at.as_second())).collect();
                stream.tags.insert(TAG.to_owned(), ten.join(" "));
            }
        });
        for _ in 0..60 {
            stack.world.change("orders", |stream| {
                let shards = u64::from(stream.shards).min(12);
                stream.load = Minute { throttled_records: Some((12 - shards) * 15_360), ..busy(shards) };
            });
            look(&stack, Direction::Out).await;
            a_minute_later(&stack);
        }
        let asked = stack.world.calls().iter().filter(|call| call.starts_with("UpdateShardCount")).count();
        assert_eq!(asked, usize::from(!in_ledger), "in the ledger: {in_ledger}");
        if !in_ledger {
            let told = &stack.world.told()[0].text;
            assert!(told.contains("24-hour period") && told.contains("the scaler tries again at"), "{told}");
        }
        shards_after.push(stack.world.stream("orders").unwrap().shards);
    }
    assert_eq!(shards_after, [12, 12]);
}
