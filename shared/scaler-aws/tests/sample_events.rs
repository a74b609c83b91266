// SPDX-License-Identifier: Apache-2.0
//! The sample events over the wire, at streams whose load is steady: from how many shards to how many, and that it stays so.
//!
//! The streams are those that `cargo run -p sandbox` keeps; how long they have been there varies.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use sandbox::{Capacity, ClockOptions, Delivery, Options, QueueMapping, Sandbox, Schedule, Subscription, Traffic};
use scaler_app::fleet::{BEGINS_WITHIN, Settings, sync};
use scaler_app::stack_config::StackConfig;
use scaler_app::{FunctionState, Outcome, OutcomeKind, handle};
use scaler_aws::{AwsFleetCloud, Pace, Share};
use scaler_core::{Direction, Policy, PolicySpec, SYNC_MINUTES, TAG_MANAGED};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use support::VirtualClock;

const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
const ACCOUNT: &str = "123456789012";
const QUEUE: &str = "http://127.0.0.1/123456789012/kinesis-scaler-continuations";
const ALARM_SYNC: &str = "alarm-sync";

/// Streams with a steady load that have been there for so long, and the three functions.
struct World {
    sandbox: Arc<Sandbox>,
    deliveries: UnboundedReceiver<Delivery>,
    cloud: AwsFleetCloud<VirtualClock>,
    policy: Policy,
    stack_config: StackConfig,
}

impl World {
    /// `streams`: name, shards, and the load in hundredths of a shard.
    async fn of(streams: &[(&str, u32, u32)], minutes: u32) -> Self {
        let (sandbox, deliveries) = Sandbox::start(options(streams)).await.unwrap();
        let sandbox = Arc::new(sandbox);
        for (name, shards, _) in streams {
            sandbox.create_stream(name, Capacity::Shards(*shards), &[(TAG_MANAGED, "true")]).await.unwrap();
        }
        sandbox.seed(minutes).await;
        let clock = VirtualClock(Arc::clone(&sandbox));
        let stack_config = StackConfig {
            scale_out_action_arn: Some(topic(Direction::Out)),
            scale_in_action_arn: Some(topic(Direction::In)),
            continuation_queue_url: Some(QUEUE.to_owned()),
            region: "us-east-1".to_owned(),
            ..StackConfig::default()
        };
        let pace = Pace::of(Share::ALARM_SYNC, clock.clone());
        let cloud = AwsFleetCloud::new(&support::sdk(sandbox.endpoint()).await, clock, &pace, &stack_config);
        let policy = Policy::new(PolicySpec::default()).unwrap();
        Self { sandbox, deliveries, cloud, policy, stack_config }
    }

    async fn alarm_sync(&mut self, event: &Value) -> Vec<Outcome> {
        let settings = Settings { policy: &self.policy, stack_config: &self.stack_config };
        let (function_state, until) = (FunctionState::new(&self.stack_config), self.sandbox.now() + BEGINS_WITHIN);
        sync(&self.cloud, &function_state, settings, event, until, &mut |_| ()).await.outcomes
    }

    async fn send(&mut self, direction: Direction, event: &Value) -> Vec<Outcome> {
        handle(&self.cloud, &FunctionState::new(&self.stack_config), &self.policy, direction, event, &mut |_| ())
            .await
            .outcomes
    }

    /// A sample event, sent to its function: what each stream was resized from and to.
    async fn sample(&mut self, file: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
        let event = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
        let outcomes = match file {
            _ if file.starts_with(ALARM_SYNC) => self.alarm_sync(&event).await,
            _ if file.starts_with("scale-in") => self.send(Direction::In, &event).await,
            _ => self.send(Direction::Out, &event).await,
        };
        outcomes.iter().filter_map(resized).collect()
    }

    /// Lets minutes pass as in a deployed stack, with all its schedules and alarms; the resizes.
    async fn pass(&mut self, minutes: u32) -> Vec<String> {
        let mut resizes = Vec::new();
        for _ in 0..minutes {
            // A function that pauses may have taken the clock into the next minute already.
            let next = (self.sandbox.now().as_second().div_euclid(60) + 1) * 60;
            self.sandbox.clock().set(Timestamp::from_second(next).unwrap());
            self.sandbox.tick().await;
            while let Ok(Delivery { function, payload, .. }) = self.deliveries.try_recv() {
                let outcomes = match function.as_str() {
                    ALARM_SYNC => self.alarm_sync(&payload).await,
                    "scale-in" => self.send(Direction::In, &payload).await,
                    _ => self.send(Direction::Out, &payload).await,
                };
                resizes.extend(outcomes.iter().filter_map(resized));
            }
        }
        resizes
    }
}

fn options(streams: &[(&str, u32, u32)]) -> Options {
    let directions = [Direction::Out, Direction::In];
    let every = |every_minutes, function: &str| Schedule { function: function.to_owned(), every_minutes };
    let sync_minutes = u32::try_from(SYNC_MINUTES).unwrap();
    let traffic = |(name, _, load): &(&str, u32, u32)| Traffic {
        stream: (*name).to_owned(),
        full_shards: f64::from(*load) / 100.0,
    };
    Options {
        clock: ClockOptions::Manual { start: START, weight: 1.0 },
        create_seconds: 0,
        metric_delay_minutes: 1,
        subscriptions: directions.map(|way| Subscription { topic_arn: topic(way), function: way.to_string() }).to_vec(),
        queues: vec![QueueMapping { queue_url: QUEUE.to_owned(), function: ALARM_SYNC.to_owned() }],
        schedules: vec![every(1, "scale-out"), every(1, "scale-in"), every(sync_minutes, ALARM_SYNC)],
        traffic: streams.iter().map(traffic).collect(),
        ..Options::default()
    }
}

fn topic(direction: Direction) -> String {
    format!("arn:aws:sns:us-east-1:{ACCOUNT}:kinesis-scaler-{direction}")
}

/// `orders 4 -> 5`.
fn resized(outcome: &Outcome) -> Option<String> {
    let (stream, from, to) = (outcome.stream.as_deref()?, outcome.current?, outcome.desired?);
    (outcome.outcome == OutcomeKind::Resized).then(|| format!("{stream} {from} -> {to}"))
}

/// The streams of `cargo run -p sandbox`: orders is 95 % full, clicks 10 %.
const SAMPLES: [(&str, u32, u32); 2] = [("orders", 4, 380), ("clicks", 8, 80)];

#[tokio::test]
async fn every_sample_alarm_resizes_from_and_to_what_the_readme_says() {
    let out = ["orders 4 -> 5"].as_slice();
    let back = ["clicks 8 -> 4"].as_slice();
    for minutes in [76, 90, 1_500] {
        for (file, expected) in [
            ("scale-out-sns.json", out),
            ("scale-out-sns-metric-math.json", out),
            ("scale-out-sns-two-records.json", out),
            ("scale-out-eventbridge.json", out),
            ("scale-out-eventbridge-single-metric.json", out),
            ("scale-out-direct.json", out),
            ("scale-out-period-86400.json", out),
            ("scale-out-sns-back-to-ok.json", &[]),
            ("scale-out-sns-insufficient-data.json", &[]),
            ("scale-out-unknown-stream.json", &[]),
            ("scale-in-sns.json", back),
            ("scale-in-eventbridge.json", back),
            ("scale-in-direct.json", back),
        ] {
            let mut world = World::of(&SAMPLES, minutes).await;
            assert_eq!(world.sample(file).await, expected, "{file} with {minutes} minutes of history");
        }
    }
}

/// `cargo run -p sandbox` makes ninety minutes of metrics up. The samples of alarms come after this one in `cargo xtask test invoke`.
#[tokio::test]
async fn a_look_at_every_stream_leaves_the_young_ones_to_their_alarms() {
    let mut world = World::of(&SAMPLES, 90).await;
    assert_eq!(world.sample("alarm-sync-all.json").await, Vec::<String>::new());
}

/// Whoever looks, and however young the stream is: it comes to what its load needs at 80 %, and stays.
#[tokio::test]
async fn a_steady_stream_comes_to_what_it_needs_and_stays() {
    let streams = [("right", 3, 225), ("full", 4, 388), ("orders", 4, 380), ("large", 13, 1_000)];
    for minutes in [0, 60, 76, 90] {
        let mut world = World::of(&streams, minutes).await;
        let mut resizes = world.pass(130).await;
        resizes.sort();
        assert_eq!(resizes, ["full 4 -> 5", "orders 4 -> 5"], "with {minutes} minutes of history");
    }
}

#[tokio::test]
async fn a_stream_with_shards_to_spare_comes_down_to_what_it_needs() {
    let mut world = World::of(&[("clicks", 8, 80)], 76).await;
    assert_eq!(world.pass(150).await, ["clicks 8 -> 4", "clicks 4 -> 2", "clicks 2 -> 1"]);
}
