// SPDX-License-Identifier: Apache-2.0
//! The function dies after every single call in turn; the next run always reaches the right state.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::SignedDuration;
use kinesis_model::{Minute, StreamMode};
use scaler_app::handle;
use scaler_core::{Direction, Policy};
use serde_json::json;

use crate::stack::deletion;
use crate::support::{Stack, load};
use testkit::World;

/// Runs `dying` on a fresh stack with its life cut after 0, 1, 2, ... calls until it lives to its end, and lets four hours
/// of the schedule follow each death. Returns how often it died.
async fn dies_everywhere(made: impl AsyncFn() -> Stack, dying: impl AsyncFn(&Stack)) -> usize {
    for calls in 0.. {
        let stack = made().await;
        stack.world.dies_after(Some(calls));
        let lived = {
            // Everything here is ready at once, but for a call of the dead.
            let future = pin!(dying(&stack));
            future.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
        };
        stack.world.dies_after(None);
        // Left alone, with nothing but its schedule, for a round of turns.
        for _ in 0..48 {
            stack.world.advance(SignedDuration::from_mins(5));
            stack.scheduled().await;
        }
        assert_eq!(stack.wrongs(), Vec::<String>::new(), "dead after {calls} calls: {:?}", stack.world.calls());
        for name in stack.world.names() {
            let stream = stack.world.stream(&name).unwrap();
            let ledger = stream.tags.get("kinesis-scaler/resizes").map_or(0, |tag| tag.split(' ').count());
            assert!(ledger >= stream.resizes.len(), "dead after {calls} calls: a resize of {name} is not remembered");
        }
        if lived {
            return calls;
        }
    }
    unreachable!("it lives at last")
}

#[tokio::test]
async fn alarm_sync_dies_while_it_enrols() {
    let died =
        dies_everywhere(async || Stack::with(&["clicks", "orders"]), async |stack| drop(stack.all().await)).await;
    assert!(died > 14, "{died}: two reads, and a look and six alarms for each stream");
}

/// Every kind of work at once: a missing alarm, a wrong one, a stream to be cleaned, one outside its bounds, a bad tag.
async fn drifted() -> Stack {
    let stack = Stack::enrolled(&["gone", "large", "odd", "small", "switched", "wrong"]).await;
    let world = &stack.world;
    world.remove_stream("gone");
    world.change("large", |stream| stream.shards = 6);
    let tag = |stream: &str, key: &str, value: &str| {
        let (key, value) = (format!("kinesis-scaler/{key}"), value.to_owned());
        world.change(stream, |stream| drop(stream.tags.insert(key, value)));
    };
    tag("odd", "managed", "false");
    tag("small", "shards-min", "7");
    world.change("switched", |stream| stream.mode = StreamMode::OnDemand);
    world.remove_alarm("kinesis-scaler/wrong/scale-out");
    tag("wrong", "target-utilization", "70");
    stack
}

#[tokio::test]
async fn alarm_sync_dies_while_it_mends() {
    let died = dies_everywhere(drifted, async |stack| drop(stack.all().await)).await;
    assert!(died > 40, "{died}");
}

#[tokio::test]
async fn scale_out_dies_while_it_resizes() {
    let busy = async || {
        let stack = Stack::enrolled(&["orders"]).await;
        let bytes = 5 * 60 * 1_048_576;
        let load = Minute { bytes: Some(bytes), records: Some(bytes / 4_096), ..load() };
        stack.world.change("orders", |stream| stream.load = load);
        stack
    };
    let resizes = async |stack: &Stack| {
        let alarm = json!({ "alarmData": { "alarmName": "a", "state": { "value": "ALARM" }, "configuration": { "metrics": [
            { "metricStat": { "metric": { "dimensions": { "StreamName": "orders" } } } }] } } });
        let policy = Policy::new(stack.policy).unwrap();
        handle(&stack.world, &World::function_state(), &policy, Direction::Out, &alarm, &mut |_| ()).await;
    };
    let died = dies_everywhere(busy, resizes).await;
    assert_eq!(died, 13, "look, tags, metrics, quota, ledger, resize, ledger, five of the refit, message");
}

#[tokio::test]
async fn alarm_sync_dies_while_its_stack_is_deleted() {
    let deleted = async |stack: &Stack| drop(stack.asked_by_cloudformation(&deletion()).await);
    // What the next runs reach is a fleet that is enrolled again: a deletion that failed left the stack as it was.
    let died = dies_everywhere(async || Stack::enrolled(&["clicks", "orders"]).await, deleted).await;
    assert_eq!(died, 4, "what there is, what of it is ours, one deletion, and the answer");
}
