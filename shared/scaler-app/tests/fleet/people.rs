// SPDX-License-Identifier: Apache-2.0
//! Who is told what, and how often.

use jiff::SignedDuration;
use kinesis_model::Minute;
use scaler_app::cloud::Failure;
use scaler_app::handle;
use scaler_core::{Direction, Policy};
use serde_json::{Value, json};

use crate::support::{Stack, load};
use testkit::World;

fn alarm() -> Value {
    json!({ "alarmData": { "alarmName": "kinesis-scaler/orders/scale-out", "state": { "value": "ALARM" },
        "configuration": { "metrics": [{ "metricStat": { "metric": { "dimensions": { "StreamName": "orders" } } } }] } } })
}

/// A minute of sweeps and the like: the same alarm again.
async fn look(stack: &Stack) {
    let policy = Policy::new(stack.policy).unwrap();
    handle(&stack.world, &World::function_state(), &policy, Direction::Out, &alarm(), &mut |_| ()).await;
}

fn subjects(stack: &Stack) -> Vec<String> {
    let told = stack.world.told();
    told.into_iter().map(|notice| notice.subject.trim_start_matches("kinesis-scaler: ").to_owned()).collect()
}

/// Twelve shards' worth of load.
fn busy() -> Minute {
    let bytes = 12 * 60 * 1_048_576;
    Minute { bytes: Some(bytes), records: Some(bytes / 4_096), ..load() }
}

#[tokio::test]
async fn each_resize_is_told_and_a_lasting_cause_once_an_hour() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| {
        stream.load = busy();
        drop(stream.tags.insert("kinesis-scaler/shards-max".to_owned(), "10".to_owned()));
    });
    for _ in 0..90 {
        look(&stack).await;
        stack.world.advance(SignedDuration::from_mins(1));
    }
    assert_eq!(
        subjects(&stack),
        [
            // With the maximum as its cause, ...
            "orders is being resized from 4 to 8 shards",
            // ... which is the same here and is not told again for an hour.
            "orders is being resized from 8 to 10 shards",
            "orders needs attention",
        ]
    );
    let told = stack.world.told();
    let first = &told[0].text;
    let begins = "What: orders is being resized from 4 to 8 shards.\nWhy: scale-out from 4 to 8 shards: demand \
        in the busiest minute";
    assert!(first.starts_with(begins), "{first}");
    assert!(first.contains("--tags kinesis-scaler/shards-max=15"), "it is not enough, and says so: {first}");
    let last = &told[2].text;
    assert!(last.contains("15 shards are needed and the maximum is 10"), "{last}");
}

#[tokio::test]
async fn a_resize_that_is_enough_asks_for_nothing() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| stream.load = Minute { bytes: Some(4 * 60 * 1_048_576), ..load() });
    look(&stack).await;
    assert!(stack.world.told()[0].text.contains("\nNext: Nothing to do."), "{:?}", stack.world.told());
}

/// alarm-sync finds the same cause as scale-out did: nobody hears it twice.
#[tokio::test]
async fn the_functions_share_what_was_told() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| {
        drop(stream.tags.insert("kinesis-scaler/shards-max".to_owned(), "lots".to_owned()));
    });
    look(&stack).await;
    stack.all().await;
    stack.all().await;
    assert_eq!(subjects(&stack), ["orders needs attention"]);
    stack.world.advance(SignedDuration::from_hours(1));
    stack.all().await;
    assert_eq!(subjects(&stack).len(), 2);
}

#[tokio::test]
async fn what_could_not_be_written_down_is_not_sent() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| stream.load = busy());
    // The first tag is the resize's own.
    stack.world.fail_next("GetMetricData", Failure::Unavailable);
    stack.world.fail_next("AddTagsToStream", Failure::Refused);
    let policy = Policy::new(stack.policy).unwrap();
    let response = handle(&stack.world, &World::function_state(), &policy, Direction::Out, &alarm(), &mut |_| ()).await;
    assert!(
        response.outcomes[0].faults[0].starts_with("the message could not be sent: AddTagsToStream"),
        "{response:?}"
    );
    assert!(stack.world.told().is_empty());
}

#[tokio::test]
async fn a_message_that_is_lost_does_not_undo_a_resize() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.change("orders", |stream| stream.load = busy());
    stack.world.fail_next("Publish", Failure::Unavailable);
    look(&stack).await;
    assert_eq!(stack.world.stream("orders").unwrap().shards, 8);
    assert!(stack.world.told().is_empty());
}

/// A series of splits under a maximum that is too low: its first split is told with the cause, and nothing else in the hour. Where a
/// stream that is changing refuses the tag in which the cause is remembered, it is told once more when the stream is at rest.
#[tokio::test]
async fn splits_under_a_maximum_that_is_too_low_are_told_once_an_hour() {
    for tags_need_active in [false, true] {
        let stack = Stack::enrolled(&["orders"]).await;
        let now = stack.world.now().as_second();
        let ten: Vec<_> = (1..=10).map(|hour| format!("o{}=4-4", now - hour * 3_600)).collect();
        stack.world.change("orders", |stream| {
            stream.tags.insert("kinesis-scaler/resizes".to_owned(), ten.join(" "));
            stream.tags.insert("kinesis-scaler/shards-max".to_owned(), "60".to_owned());
            stream.shards = 30;
        });
        for alarm in stack.wanted("orders") {
            stack.world.put_alarm(alarm, true);
        }
        stack.world.tags_need_active(tags_need_active);
        for _ in 0..50 {
            // As much is taken as there are shards, of 60.
            stack.world.change("orders", |stream| {
                let shards = u64::from(stream.shards);
                let records = (Some(shards * 60_000), Some((60 - shards) * 60_000));
                stream.load = Minute { records: records.0, throttled_records: records.1, ..busy() };
            });
            look(&stack).await;
            stack.world.advance(SignedDuration::from_mins(1));
        }
        let splits = stack.world.stream("orders").unwrap().reshards.len();
        assert!(splits > 20, "{splits} splits");
        let told = subjects(&stack);
        assert_eq!(told.len(), 1 + usize::from(tags_need_active), "{told:?}");
    }
}
