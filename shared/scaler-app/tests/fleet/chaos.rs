// SPDX-License-Identifier: Apache-2.0
//! Whatever is done to a fleet, by whom and in which order, and wherever runs fail or die: left alone, it comes right.

use std::pin::pin;
use std::task::{Context, Waker};

use jiff::SignedDuration;
use kinesis_model::{StreamMode, StreamStatus};
use proptest::prelude::*;
use scaler_app::cloud::Failure;
use testkit::Stream;

use crate::support::{Stack, load};

const STREAMS: [&str; 3] = ["clicks", "orders", "views"];

/// What may happen between two runs, to one of the streams.
#[derive(Clone, Copy, Debug)]
enum Event {
    Resized(u32),
    Tagged(&'static str, &'static str),
    Untagged(&'static str),
    Removed,
    Created(u32),
    OnDemand(bool),
    Status(StreamStatus),
    AlarmRemoved(usize),
    AlarmChanged(usize),
    NotIndexed(bool),
    RunDies(usize),
    RunFails(&'static str, Failure),
    Run,
}

fn event() -> impl Strategy<Value = Event> {
    let tags = prop::sample::select(vec![
        ("managed", "true"),
        ("managed", "false"),
        ("managed", "True"),
        ("shards-min", "6"),
        ("shards-min", "many"),
        ("shards-max", "3"),
        ("target-utilization", "50"),
        ("resizes", "nonsense"),
    ]);
    let keys = prop::sample::select(vec!["managed", "shards-min", "shards-max", "target-utilization", "resizes"]);
    let calls = prop::sample::select(vec![
        "GetResources",
        "DescribeAlarms",
        "DescribeStreamSummary",
        "ListTagsForStream",
        "ListTagsForResource",
        "PutMetricAlarm",
        "DeleteAlarms",
        "UpdateShardCount",
        "AddTagsToStream",
        "GetMetricData",
        "Publish",
    ]);
    let failures =
        prop::sample::select(vec![Failure::Throttled, Failure::Unavailable, Failure::Refused, Failure::InUse]);
    let statuses = prop::sample::select(vec![StreamStatus::Active, StreamStatus::Updating, StreamStatus::Creating]);
    prop_oneof![
        (1..20_u32).prop_map(Event::Resized),
        tags.prop_map(|(key, value)| Event::Tagged(key, value)),
        keys.prop_map(Event::Untagged),
        Just(Event::Removed),
        (1..20_u32).prop_map(Event::Created),
        any::<bool>().prop_map(Event::OnDemand),
        statuses.prop_map(Event::Status),
        (0..6_usize).prop_map(Event::AlarmRemoved),
        (0..6_usize).prop_map(Event::AlarmChanged),
        any::<bool>().prop_map(Event::NotIndexed),
        (0..30_usize).prop_map(Event::RunDies),
        (calls, failures).prop_map(|(call, failure)| Event::RunFails(call, failure)),
        Just(Event::Run),
    ]
}

impl Event {
    async fn happens(self, stack: &Stack, name: &str) {
        let world = &stack.world;
        match self {
            Self::Resized(shards) => world.change(name, |stream| stream.shards = shards),
            Self::Tagged(key, value) => world.change(name, |stream| {
                drop(stream.tags.insert(format!("kinesis-scaler/{key}"), value.to_owned()));
            }),
            Self::Untagged(key) => {
                world.change(name, |stream| drop(stream.tags.remove(&format!("kinesis-scaler/{key}"))));
            }
            Self::Removed => world.remove_stream(name),
            Self::Created(shards) => world.add_stream(name, Stream::managed(shards, load())),
            Self::OnDemand(is_on_demand) => world.change(name, |stream| {
                stream.mode = if is_on_demand { StreamMode::OnDemand } else { StreamMode::Provisioned };
            }),
            Self::Status(status) => world.change(name, |stream| stream.status = status),
            Self::AlarmRemoved(which) => {
                if let Some(alarm) = stack.wanted_if_readable(name).get(which) {
                    world.remove_alarm(&alarm.name);
                }
            }
            Self::AlarmChanged(which) => {
                let held =
                    stack.wanted_if_readable(name).get(which).and_then(|alarm| world.alarms().remove(&alarm.name));
                if let Some(mut held) = held {
                    held.alarm.threshold += 1.0;
                    world.put_alarm(held.alarm, held.is_ours);
                }
            }
            Self::NotIndexed(is_hidden) => world.not_indexed(name, is_hidden),
            Self::RunDies(calls) => {
                world.dies_after(Some(calls));
                let _ = pin!(stack.all()).poll(&mut Context::from_waker(Waker::noop()));
                world.dies_after(None);
            }
            Self::RunFails(call, failure) => {
                world.fail_next(call, failure);
                stack.all().await;
            }
            Self::Run => drop(stack.scheduled().await),
        }
        world.advance(SignedDuration::from_mins(5));
    }
}

/// The hands are taken off: what cannot be read is corrected, what goes on comes to its end.
async fn quiet(stack: &Stack) {
    for name in STREAMS {
        stack.world.not_indexed(name, false);
        stack.world.change(name, |stream| {
            stream.status = StreamStatus::Active;
            stream.tags.retain(|_, value| !["many", "nonsense", "True"].contains(&value.as_str()));
            // A minimum above the maximum: one of the two has to go.
            if stream.tags.contains_key("kinesis-scaler/shards-min") {
                stream.tags.remove("kinesis-scaler/shards-max");
            }
        });
    }
    stack.world.fail_nothing();
    for _ in 0..50 {
        stack.world.advance(SignedDuration::from_mins(5));
        stack.scheduled().await;
    }
}

proptest! {
    // A failing case is printed whole, smallest first.
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_it_comes_right(events in prop::collection::vec((event(), 0..3_usize), 0..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let stack = Stack::with(&STREAMS);
            for (event, stream) in events {
                event.happens(&stack, STREAMS[stream]).await;
            }
            quiet(&stack).await;
            assert_eq!(stack.wrongs(), Vec::<String>::new());
            stack.world.forget_calls();
            stack.all().await;
            let alarm_writes = stack.writes().into_iter().filter(|call| call.contains("Alarm")).collect::<Vec<_>>();
            assert_eq!(alarm_writes, Vec::<String>::new(), "and stays so");
        });
    }
}
