// SPDX-License-Identifier: Apache-2.0
//! A steady stream that is young: alarm-sync's look ahead, scale-out and scale-in come to what the load needs.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::Minute;
use scaler_app::handle;
use scaler_core::{Direction, Policy};
use serde_json::{Value, json};
use testkit::{Stream, World};

use crate::support::Stack;

/// 76 minutes after an hour began, so that of 76 minutes a past is known: it ends with the last whole hour.
const LOOKED: Timestamp = Timestamp::constant(1_767_322_800 + 16 * 60, 0);
/// Minutes between the looks.
const LOOKS_EVERY: i64 = 5;
const DAY: i64 = 1_440;

/// A load of so many hundredths of a shard since so many minutes before [`LOOKED`]; of what was before nothing is known.
fn steady<const HUNDREDTHS: u64, const AGE: i64, const BY_RECORDS: bool>(at: Timestamp) -> Minute {
    if LOOKED.duration_since(at).as_mins() > AGE {
        return Minute::default();
    }
    let (bytes, records) = (HUNDREDTHS * 60 * 1_048_576 / 100, HUNDREDTHS * 60_000 / 100);
    let (bytes, records) = if BY_RECORDS { (bytes / 4, records) } else { (bytes, records / 4) };
    Minute {
        bytes: Some(bytes),
        records: Some(records),
        throttled_records: Some(0),
        read_bytes: Some(bytes),
        read_throttles: Some(0),
        iterator_age_ms: Some(0),
    }
}

fn alarm(name: &str) -> Value {
    let stat = json!({ "metric": { "dimensions": { "StreamName": "orders" } } });
    json!({ "source": "aws.cloudwatch", "alarmData": {
        "alarmName": format!("kinesis-scaler/orders/{name}"),
        "state": { "value": "ALARM" },
        "configuration": { "metrics": [{ "id": "bytes", "metricStat": stat }] },
    } })
}

/// The counts that a stream goes through in so many minutes, in which everybody looks as often as they may.
async fn counts(shards: u32, curve: fn(Timestamp) -> Minute, minutes: i64) -> Vec<u32> {
    let stack = Stack::with(&[]);
    stack.world.set(LOOKED);
    stack.world.add_stream("orders", Stream { curve: Some(curve), ..Stream::managed(shards, curve(LOOKED)) });
    for alarm in stack.wanted("orders") {
        stack.world.put_alarm(alarm, true);
    }
    let policy = Policy::new(stack.policy).unwrap();
    let mut counts = vec![shards];
    for _ in (0..minutes).step_by(usize::try_from(LOOKS_EVERY).unwrap()) {
        stack.run(&json!({ "sync": ["orders"] })).await;
        for (direction, name) in [(Direction::Out, "scale-out"), (Direction::In, "scale-in")] {
            handle(&stack.world, &World::function_state(), &policy, direction, &alarm(name), &mut |_| ()).await;
        }
        let now = stack.world.stream("orders").unwrap().shards;
        if counts.last() != Some(&now) {
            counts.push(now);
        }
        stack.world.advance(SignedDuration::from_mins(LOOKS_EVERY));
    }
    counts
}

/// The same by bytes and by records, and at any age: each is a hundredth of a shard, and what it comes to.
macro_rules! comes_to {
    ($shards:literal, $hundredths:literal, $counts:expr, ages: $($age:literal),+) => {$(
        assert_eq!(counts($shards, steady::<$hundredths, $age, false>, 180).await, $counts, "{} minutes, bytes", $age);
        assert_eq!(counts($shards, steady::<$hundredths, $age, true>, 180).await, $counts, "{} minutes, records", $age);
    )+};
}

#[tokio::test]
async fn three_shards_at_75_percent_are_left_alone() {
    comes_to!(3, 225, [3], ages: 1, 60, 76, 90, 1_440, 21_600);
}

#[tokio::test]
async fn four_shards_at_97_percent_become_five() {
    comes_to!(4, 388, [4, 5], ages: 1, 60, 76, 90, 1_440, 21_600);
}

#[tokio::test]
async fn thirteen_shards_at_78_percent_are_left_alone() {
    comes_to!(13, 1_014, [13], ages: 1, 60, 76, 90, 1_440, 21_600);
}

#[tokio::test]
async fn eight_shards_at_10_percent_become_one_step_after_step() {
    comes_to!(8, 80, [8, 4, 2, 1], ages: 60, 76, 90, 1_440, 21_600);
}

/// The same on the second day, and over a whole one.
#[tokio::test]
async fn what_is_left_alone_is_left_alone_for_days() {
    assert_eq!(counts(4, steady::<388, 76, false>, 2 * DAY).await, [4, 5]);
}
