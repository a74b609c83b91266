//! `shardctl scale NAME rebalance` and `status` over a sandbox: what is split and merged where one shard is hot, and what is said.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use aws_config::Region;
use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Capacity, Options, Sandbox};
use scaler_app::ports::Streams as _;
use scaler_app::wiring::Wiring;
use scaler_aws::{AwsPorts, Pace, Share, SystemClock};
use scaler_core::{
    AlarmActions, OpenShard, Policy, PolicySpec, ShardCount, TAG_MADE_BY, TAG_MANAGED, TAG_RESIZES, TAG_SHARDS_MAX,
    stream_alarms,
};
use scaler_sim::cloudwatch::{AlarmConfig, AlarmSource, Metric, Query, QuerySource};
use serde_json::{Value, json};
use support::{json, shardctl_at, succeeded};

const MANAGED: (&str, &str) = (TAG_MANAGED, "true");
const STACK: &str = "kinesis-scaler";
const BYTES_PER_SHARD: f64 = 60.0 * 1_048_576.0;
/// Of 4 KiB each, a full shard takes so many a minute.
const RECORDS_PER_SHARD: f64 = 15_360.0;

/// A sandbox with a managed stream `orders`.
struct World {
    sandbox: Sandbox,
    ports: AwsPorts<SystemClock>,
}

impl World {
    async fn of(shards: u32, tags: &[(&str, &str)]) -> Self {
        let options = Options { create_seconds: 0, resize_seconds: 0, ..Options::default() };
        let (sandbox, _) = Sandbox::start(options).await.unwrap();
        sandbox.create_stream("orders", Capacity::Shards(shards), &[&[MANAGED], tags].concat()).await.unwrap();
        let sdk = scaler_aws::loader()
            .endpoint_url(sandbox.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("sandbox", "sandbox", None, None, "test"));
        let pace = Pace::of(Share::SCALING, SystemClock);
        let ports = scaler_aws::ports(&sdk.load().await, SystemClock, &pace, &Wiring::default());
        Self { sandbox, ports }
    }

    /// The same with the metrics of its shards sent, of which each is wanted to take so much of what it can in every one of the
    /// last minutes: what is more than it can is throttled.
    async fn loaded(loads: &[f64], tags: &[(&str, &str)]) -> Self {
        let world = Self::of(u32::try_from(loads.len()).unwrap(), tags).await;
        world.ports.streams.send_shard_metrics("orders").await.unwrap();
        for (shard, load) in world.open().await.iter().zip(loads) {
            for ago in 1..=61 {
                world.record(&shard.id, ago, *load);
            }
        }
        world.sandbox.forget_calls();
        world
    }

    fn record(&self, shard: &str, ago: i64, load: f64) {
        let minute = self.sandbox.now().as_second().div_euclid(60) * 60;
        let at = Timestamp::from_second(minute).unwrap() - SignedDuration::from_mins(ago);
        let mut cloudwatch = self.sandbox.cloudwatch();
        for (name, value) in [
            ("IncomingBytes", load.min(1.0) * BYTES_PER_SHARD),
            ("IncomingRecords", load.min(1.0) * RECORDS_PER_SHARD),
            ("WriteProvisionedThroughputExceeded", (load - 1.0).max(0.0) * RECORDS_PER_SHARD),
        ] {
            cloudwatch.record(&Metric::shard("orders", shard, name), at, value);
            cloudwatch.record(&Metric::kinesis("orders", name), at, value);
        }
        cloudwatch.record(&Metric::kinesis("orders", "GetRecords.IteratorAgeMilliseconds"), at, 0.0);
    }

    /// They tile the ring, or the port would not show them.
    async fn open(&self) -> Vec<OpenShard> {
        self.ports.streams.open_shards("orders").await.unwrap()
    }

    async fn history(&self) -> Option<String> {
        let tags: BTreeMap<_, _> = self.ports.streams.tags("orders").await.unwrap().into_iter().collect();
        tags.get(TAG_RESIZES).cloned()
    }

    async fn answer(&self, arguments: &str) -> Value {
        json(&self.told(&format!("{arguments} --output json")).await)
    }

    async fn told(&self, arguments: &str) -> String {
        succeeded(shardctl_at(self.sandbox.endpoint(), arguments, &[]).await)
    }

    async fn fails(&self, arguments: &str, words: &[&str]) {
        let output = shardctl_at(self.sandbox.endpoint(), arguments, &[]).await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(words.iter().all(|words| told.contains(words)), "{arguments}: {told}");
        assert_eq!(output.status.code(), Some(1), "{arguments}: {told}");
    }

    fn writes(&self) -> Vec<String> {
        let reads = ["Describe", "List", "Get"].map(|begin| format!(":{begin}"));
        self.sandbox.calls().into_keys().filter(|call| !reads.iter().any(|begin| call.contains(begin))).collect()
    }
}

/// What each operation of a plan does, as in `split 170 -> 57+113`.
fn operations(answer: &Value) -> Vec<String> {
    let percents = |of: &Value| {
        let percents: Vec<_> = of.as_array().unwrap().iter().map(ToString::to_string).collect();
        percents.join("+")
    };
    let operations = answer["plan"]["operations"].as_array().unwrap().iter().map(|step| {
        format!(
            "{} {} -> {}",
            step["call"].as_str().unwrap(),
            percents(&step["percent_before"]),
            percents(&step["percent_after"])
        )
    });
    operations.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn look() {
    let world = World::loaded(&[0.05, 0.1, 1.7, 0.5, 0.5], &[]).await;
    println!("{}", world.told("status orders").await);
    println!("{}", world.told("scale orders rebalance --dry-run").await);
    println!("{}", world.told("scale orders rebalance").await);
    println!("{}", world.told("scale orders rebalance --wait").await);
    println!("{}", world.told("scale orders rebalance --wait").await);
    println!("{}", world.told("status orders").await);
}
