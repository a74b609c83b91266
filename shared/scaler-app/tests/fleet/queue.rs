// SPDX-License-Identifier: Apache-2.0
//! Looks that alarm-sync asks itself for: how many there are while every kind of hold lasts.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{Minute, StreamStatus};
use scaler_app::cloud::Failure;
use serde_json::{Value, json};
use testkit::{Stream, World};

use crate::support::{Stack, evenings, hundredths, minute_of_day};

/// Looks that one chain of a plan causes in an hour: one every five minutes, up to the stream's next turn.
const LOOKS_A_TURN: usize = 11;
/// Looks in an hour that one change causes which is not done: one every quarter of an hour.
const LOOKS_A_CHANGE: usize = 4;

/// Seven shards' load at every hour.
fn full(at: Timestamp) -> Minute {
    hundredths(690 + minute_of_day(at) * 7 % 11)
}

/// A stack with managed streams of four shards under this load, with their alarms.
fn stack(names: &[&str], curve: fn(Timestamp) -> Minute) -> Stack {
    let stack = Stack::with(&[]);
    stack.world.set("2026-01-02T12:00:00Z".parse().unwrap());
    for name in names {
        let stream = Stream { curve: Some(curve), ..Stream::managed(4, curve(stack.world.now())) };
        stack.world.add_stream(name, stream);
        for alarm in stack.wanted(name) {
            stack.world.put_alarm(alarm, true);
        }
    }
    stack
}

/// What a queue does: it hands a message over when it is due, and again half an hour after a run that ended in an error, as
/// `VisibilityTimeout` in `template.yaml` says.
#[derive(Default)]
struct Queue(Vec<(Timestamp, String)>);

impl Queue {
    fn take_due(&mut self, now: Timestamp) -> Vec<String> {
        let due = self.0.extract_if(.., |(at, _)| *at <= now);
        due.map(|(_, message)| message).collect()
    }

    fn put(&mut self, now: Timestamp, message: String, seconds: u32) {
        self.0.push((now.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap(), message));
    }
}

/// Runs alarm-sync for so many hours as its schedule and its queue do, with `each_minute` before. The looks at single streams that
/// the queue caused, by hour.
async fn looks(stack: &Stack, hours: usize, each_minute: impl Fn(&World) -> Vec<Value>) -> Vec<usize> {
    let (mut queue, mut by_hour) = (Queue::default(), Vec::new());
    for _ in 0..hours {
        let mut looks = 0;
        for _ in 0..60 {
            let now = stack.world.now();
            for event in each_minute(&stack.world) {
                stack.run(&event).await;
            }
            for message in queue.take_due(now) {
                let request: Value = serde_json::from_str(&message).unwrap();
                looks += request["sync"].as_array().map_or(1, Vec::len);
                if stack.run(&request).await.response.into_result().is_err() {
                    queue.put(now, message, 1_800);
                }
            }
            if minute_of_day(now) % 5 == 0 {
                stack.scheduled().await;
            }
            for (message, seconds) in stack.world.take_later() {
                queue.put(now, message, seconds);
            }
            stack.world.forget_calls();
            stack.world.set(now.checked_add(SignedDuration::from_mins(1)).unwrap());
        }
        by_hour.push(looks);
    }
    by_hour
}

fn tag(stack: &Stack, name: &str, key: &str, value: &str) {
    let (key, value) = (format!("kinesis-scaler/{key}"), value.to_owned());
    stack.world.change(name, |stream| drop(stream.tags.insert(key, value)));
}

/// Every kind of hold, for a day. None of them makes more looks than the turns of its streams begin.
#[tokio::test]
async fn no_hold_makes_looks_multiply() {
    let names = ["clicks", "orders", "views"];
    let nothing = |_: &World| Vec::new();
    let failing = |call: &'static str, failure: Failure| {
        move |world: &World| {
            world.fail_nothing();
            for _ in 0..50 {
                world.fail_next(call, failure);
            }
            Vec::new()
        }
    };
    let mut found = Vec::new();
    for hold in ["quota", "maximum", "dry run", "peak", "budget", "changing"] {
        let stack = stack(&names, if hold == "peak" { evenings } else { full });
        match hold {
            "quota" => {
                let others = Stream { tags: [].into(), ..Stream::managed(20_000 - 12, hundredths(0)) };
                stack.world.add_stream("other", others);
            }
            "maximum" | "dry run" | "budget" | "changing" => {
                let now = stack.world.now().as_second();
                let ten: Vec<_> = (0..10).map(|minute| format!("o{}=4-4", now - minute * 60)).collect();
                for name in names {
                    match hold {
                        "maximum" => tag(&stack, name, "shards-max", "5"),
                        "dry run" => tag(&stack, name, "dry-run", "true"),
                        "budget" => tag(&stack, name, "resizes", &ten.join(" ")),
                        _ => stack.world.change(name, |stream| stream.status = StreamStatus::Updating),
                    }
                }
            }
            _ => {}
        }
        found.push((hold, looks(&stack, 24, nothing).await));
    }
    for (call, failure) in [
        ("UpdateShardCount", Failure::Unavailable),
        ("UpdateShardCount", Failure::Refused),
        ("UpdateShardCount", Failure::InUse),
        ("AddTagsToStream", Failure::Refused),
        ("DescribeStreamSummary", Failure::Throttled),
        ("DescribeStreamSummary", Failure::Unavailable),
        ("ListTagsForStream", Failure::Refused),
        ("GetMetricData", Failure::Throttled),
    ] {
        let stack = stack(&names, full);
        found.push((call, looks(&stack, 24, failing(call, failure)).await));
    }
    for (hold, by_hour) in found {
        let most = by_hour.iter().max().unwrap();
        assert!(*most <= names.len() * (LOOKS_A_TURN + LOOKS_A_CHANGE), "{hold}: {by_hour:?}");
        // What may pass within the hour is looked at again.
        let may_pass = ["quota", "peak", "changing"].contains(&hold);
        assert!(!may_pass || *most > 0, "{hold}: {by_hour:?}");
    }
}

/// A Kinesis call of which CloudTrail tells now.
fn told(world: &World, call: &str) -> Value {
    json!({ "detail-type": "AWS API Call via CloudTrail", "time": world.now().to_string(),
        "detail": { "eventName": call, "requestParameters": { "streamName": "orders" } } })
}

/// Splits of which CloudTrail tells, one a minute, of a stream that never comes to rest: each causes three looks.
#[tokio::test]
async fn each_split_causes_a_bounded_number_of_looks() {
    let stack = stack(&["orders"], full);
    stack.world.change("orders", |stream| stream.status = StreamStatus::Updating);
    let by_hour = looks(&stack, 6, |world| vec![told(world, "SplitShard")]).await;
    assert!(by_hour.iter().all(|looks| *looks <= 60 * 3 + LOOKS_A_TURN + LOOKS_A_CHANGE), "{by_hour:?}");
}

/// A resize takes as long as it takes. It is looked at until the stream is at rest, and then its alarms are fitted.
#[tokio::test]
async fn a_change_is_looked_at_until_it_is_done() {
    for minutes in [3, 18, 130, 220] {
        let stack = stack(&["orders"], |_| hundredths(200));
        stack.world.change("orders", |stream| (stream.status, stream.shards) = (StreamStatus::Updating, 5));
        let began = stack.world.now();
        let (mut event, mut waited) = (told(&stack.world, "UpdateShardCount"), 0);
        loop {
            stack.run(&event).await;
            let later = stack.world.take_later();
            assert!(later.len() <= 1, "one look at a time: {later:?}");
            let Some((message, seconds)) = later.into_iter().next() else { break };
            waited += 1;
            event = serde_json::from_str(&message).unwrap();
            stack.world.advance(SignedDuration::from_secs(i64::from(seconds)));
            if stack.world.now().duration_since(began) > SignedDuration::from_mins(minutes) {
                stack.world.change("orders", |stream| stream.status = StreamStatus::Active);
            }
        }
        assert_eq!(stack.wrongs(), Vec::<String>::new(), "after {minutes} minutes");
        assert!(waited <= 2 + minutes / 15 + 1, "{waited} looks in {minutes} minutes");
    }
}

/// A look that fails asks for the next one, with what it was for; so does a look that finds the stream changing.
#[tokio::test]
async fn a_look_for_a_plan_stays_one() {
    for is_changing in [true, false] {
        let stack = stack(&["orders"], full);
        let until = stack.world.now().as_second() + 3_000;
        if is_changing {
            stack.world.change("orders", |stream| stream.status = StreamStatus::Updating);
        } else {
            stack.world.fail_next("DescribeStreamSummary", Failure::Throttled);
        }
        let look = json!({ "sync": ["orders"], "plans": true, "until": until });
        stack.run(&look).await;
        let later = stack.world.take_later();
        assert_eq!(later, [(look_again(true, until), 900)], "changing: {is_changing}");
    }
}

fn look_again(plans: bool, until: i64) -> String {
    json!({ "sync": ["orders"], "plans": plans, "until": until }).to_string()
}

/// Whatever a message says of the end of its chain, it has one.
#[tokio::test]
async fn no_message_makes_a_chain_without_an_end() {
    let stack = stack(&["orders"], full);
    stack.world.change("orders", |stream| stream.status = StreamStatus::Updating);
    stack.run(&json!({ "sync": ["orders"], "until": 9_000_000_000_000_i64 })).await;
    let until = stack.world.now().as_second() + 4 * 3_600;
    assert_eq!(stack.world.take_later(), [(look_again(true, until), 900)]);
}

/// The first resize of "orders", where a call for the other stream of the message fails at the begin, and where none does.
async fn first_resize(begins: Timestamp, fails: bool) -> Option<Timestamp> {
    let stack = stack(&["aaa", "orders"], evenings);
    stack.world.set(begins);
    tag(&stack, "aaa", "shards-max", "4");
    for alarm in stack.wanted("aaa") {
        stack.world.put_alarm(alarm, true);
    }
    if fails {
        stack.world.fail_next("DescribeStreamSummary", Failure::Throttled);
    }
    let mut queue = Queue(vec![(begins, json!({ "sync": ["aaa", "orders"] }).to_string())]);
    while stack.world.now() < "2026-01-02T19:30:00Z".parse().unwrap() {
        let now = stack.world.now();
        for message in queue.take_due(now) {
            if stack.run(&serde_json::from_str(&message).unwrap()).await.response.into_result().is_err() {
                queue.put(now, message, 1_800);
            }
        }
        for (message, seconds) in stack.world.take_later() {
            queue.put(now, message, seconds);
        }
        stack.world.set(now.checked_add(SignedDuration::from_mins(1)).unwrap());
    }
    stack.world.stream("orders").unwrap().resizes.first().copied()
}

#[tokio::test]
async fn a_failure_of_one_stream_does_not_delay_others() {
    for minutes in (0..200).step_by(25) {
        let afternoon: Timestamp = "2026-01-02T15:30:00Z".parse().unwrap();
        let begins = afternoon.checked_add(SignedDuration::from_mins(minutes)).unwrap();
        assert_eq!(first_resize(begins, true).await, first_resize(begins, false).await, "from {begins} on");
    }
}
