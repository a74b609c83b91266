// SPDX-License-Identifier: Apache-2.0
//! `shardctl scale NAME rebalance` and `status` over a sandbox: what is done where one shard is hot, and what is said.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_models::cloudwatch::{AlarmSource, Metric, Query, QuerySource};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{OpenShard, ShardCount};
use sandbox::{Capacity, Options, Sandbox, alarm_config};
use scaler_app::cloud::{Cloud as _, Kinesis as _};
use scaler_app::stack_config::StackConfig;
use scaler_aws::{AwsCloud, Pace, Share, SystemClock};
use scaler_core::{
    AlarmActions, Policy, PolicySpec, TAG_MADE_BY, TAG_MANAGED, TAG_RESIZES, TAG_SHARD_METRICS, TAG_SHARDS_MAX,
    stream_alarms,
};
use serde_json::{Value, json};
use support::{json, not_carried_out, shardctl_at, succeeded};

const MANAGED: (&str, &str) = (TAG_MANAGED, "true");
/// The functions may look at its shards as well.
const MEASURED: (&str, &str) = (TAG_SHARD_METRICS, "true");
const STACK: &str = "kinesis-scaler";
const BYTES_PER_SHARD: f64 = 60.0 * 1_048_576.0;
/// Of 4 KiB each, a full shard takes so many a minute.
const RECORDS_PER_SHARD: f64 = 15_360.0;

/// A sandbox with a managed stream `orders`.
struct World {
    sandbox: Sandbox,
    cloud: AwsCloud,
}

impl World {
    async fn of(shards: u32, resize_seconds: u32, tags: &[(&str, &str)]) -> Self {
        let options = Options { create_seconds: 0, resize_seconds, ..Options::default() };
        let (sandbox, _) = Sandbox::start(options).await.unwrap();
        sandbox
            .create_stream("orders", Capacity::Shards(shards), &[&[MANAGED, MEASURED], tags].concat())
            .await
            .unwrap();
        let sdk = scaler_aws::loader()
            .endpoint_url(sandbox.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("sandbox", "sandbox", None, None, "test"));
        let pace = Pace::of(Share::SCALING, SystemClock);
        let cloud = AwsCloud::new(&sdk.load().await, SystemClock, &pace, &StackConfig::default());
        Self { sandbox, cloud }
    }

    /// The same with the metrics of its shards sent, of which each is wanted to take so much of what it can in every one
    /// of the last minutes: what is more than it can is throttled.
    async fn loaded(loads: &[f64], tags: &[(&str, &str)]) -> Self {
        Self::of(u32::try_from(loads.len()).unwrap(), 0, tags).await.with(loads).await
    }

    async fn with(self, loads: &[f64]) -> Self {
        let world = self;
        world.cloud.kinesis().enable_shard_metrics("orders").await.unwrap();
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
        self.cloud.kinesis().open_shards("orders").await.unwrap()
    }

    async fn history(&self) -> Option<String> {
        let tags: BTreeMap<_, _> = self.cloud.kinesis().tags("orders").await.unwrap().into_iter().collect();
        tags.get(TAG_RESIZES).cloned()
    }

    async fn answer(&self, arguments: &str) -> Value {
        json(&self.told(&format!("{arguments} --output json")).await)
    }

    /// The answer to an order that is not carried out.
    async fn held(&self, arguments: &str) -> Value {
        let output = shardctl_at(self.sandbox.endpoint(), &format!("{arguments} --output json"), &[]).await;
        json(&not_carried_out(output))
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
async fn a_hot_shard_is_split_and_cold_neighbours_are_merged_one_by_one() {
    let world = World::loaded(&[0.05, 0.1, 1.7, 0.5, 0.5], &[]).await;
    let plan = ["split 170 -> 113+57", "split 113 -> 57+57", "merge 5+10 -> 15"];
    let before = world.open().await;
    let looked = world.answer("scale orders rebalance --dry-run").await;
    assert_eq!((&looked["outcome"], &looked["from"], &looked["to"]), (&json!("dry-run"), &json!(5), &json!(6)));
    assert_eq!(operations(&looked), plan);
    assert_eq!((world.writes(), world.open().await, world.history().await), (vec![], before, None));

    let one = world.answer("scale orders rebalance").await;
    assert_eq!((&one["outcome"], &one["to"]), (&json!("resized"), &json!(6)), "{one}");
    assert_eq!(one["words"], "split shardId-000000000002 (1 of 3): 5 -> 6");
    assert!(one["next"].as_str().unwrap().ends_with("shardctl scale --wait orders rebalance"), "{one}");
    assert!(world.history().await.unwrap().ends_with("=5-6"), "written down");

    // Its parts have no metrics yet: what is not done is known by what the whole took.
    let rest = world.answer("scale orders rebalance --wait").await;
    assert_eq!((&rest["outcome"], &rest["from"], &rest["to"]), (&json!("resized"), &json!(6), &json!(6)), "{rest}");
    assert_eq!(operations(&rest), plan[1..]);
    assert_eq!(rest["words"], "1 split and 1 merge: 6 -> 7 -> 6");
    let history = world.history().await.unwrap();
    assert!(history.starts_with('s') && history.ends_with("=7-6"), "{history}");
    let shares: Vec<_> = world.open().await.iter().map(|shard| (shard.range.share() * 15.0).round()).collect();
    assert!(shares.iter().zip([6.0, 1.0, 1.0, 1.0, 3.0, 3.0]).all(|(is, planned)| (is - planned).abs() < 0.1));

    let again = world.answer("scale orders rebalance --wait").await;
    assert_eq!((&again["outcome"], &again["passes"]), (&json!("nothing-to-do"), &json!([])), "{again}");
    let status = world.answer("status orders").await;
    assert_eq!((&status["resizes_left"], &status["attempts"][0]["what"]), (&json!(10), &json!("step-by-step")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_way_is_waited_for() {
    let split_by_somebody = async |world: &World| {
        let shard = &world.open().await[1];
        world.cloud.kinesis().split_shard("orders", &shard.id, shard.range.middle().unwrap()).await.unwrap();
    };
    let slow = World::of(2, 600, &[]).await;
    split_by_somebody(&slow).await;
    let held = slow.held("scale orders rebalance").await;
    assert_eq!(held["outcome"], "held", "{held}");
    assert_eq!(held["next"], "When it is ACTIVE: shardctl scale --wait orders rebalance");

    let world = World::of(2, 1, &[]).await.with(&[1.7, 0.9]).await;
    split_by_somebody(&world).await;
    let waited = world.answer("scale orders rebalance --wait").await;
    assert_eq!(waited["words"], "2 splits: 3 -> 4 -> 5", "the other one is split already: {waited}");
    assert_eq!(world.open().await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_alarms_fit_what_there_is_then() {
    let world = World::loaded(&[0.5, 1.2], &[]).await;
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let tags = BTreeMap::from([(TAG_MADE_BY.to_owned(), STACK.to_owned())]);
    for alarm in stream_alarms(&policy, "orders", ShardCount::new(2).unwrap(), &AlarmActions::default()) {
        let config = alarm_config(&alarm.signed_by(STACK));
        world.sandbox.cloudwatch().put_alarm_tagged(config, tags.clone(), world.sandbox.now()).unwrap();
    }
    let split = world.answer("scale orders rebalance --wait").await;
    assert_eq!((split["passes"][0].get("faults"), &split["to"]), (None, &json!(3)), "{split}");
    for alarm in ["scale-in", "scale-out"] {
        let source =
            world.sandbox.cloudwatch().alarm(&format!("kinesis-scaler/orders/{alarm}")).unwrap().config.source.clone();
        let fits = |query: &Query| query.id == "shards" && query.source == QuerySource::Expression("3".to_owned());
        assert!(matches!(&source, AlarmSource::Math(queries) if queries.iter().any(fits)), "{source:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_split_helps_is_said() {
    // Full, and far smaller than an even one.
    let world = World::loaded(&[0.6, 0.6], &[]).await;
    for at in [1 << 123, 1 << 119] {
        let open = world.open().await;
        world.cloud.kinesis().split_shard("orders", &open[0].id, at).await.unwrap();
    }
    let narrow = world.open().await[0].id.clone();
    for ago in 1..=61 {
        world.record(&narrow, ago, 1.3);
    }
    let held = world.held("scale orders rebalance --wait").await;
    assert_eq!(held["plan"]["operations"].as_array().unwrap().len(), 0, "{held}");
    assert_eq!(held["outcome"], "held");
    let notes = held["notes"].to_string();
    assert!(notes.contains(&narrow) && notes.contains("one partition key is hot"), "{notes}");
    let status = world.answer("status orders").await;
    assert_eq!(
        (&status["shards"][0]["shard"], &status["shards"][0]["hot_because"]),
        (&json!(narrow), &json!("one-key"))
    );

    let capped = World::loaded(&[1.7, 0.5], &[(TAG_SHARDS_MAX, "3")]).await;
    let looked = capped.answer("scale orders rebalance --dry-run").await;
    let notes = looked["notes"].to_string();
    assert!(notes.contains("only with 4 shards, and the maximum is 3") && notes.contains("shards-max=4"), "{notes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_metrics_of_its_shards_a_stream_is_not_rebalanced() {
    let off = World::of(4, 0, &[]).await;
    off.sandbox.forget_calls();
    let words = [
        "its shard-level metrics are off",
        "costs 3.60 USD a month for these shards",
        "aws kinesis enable-enhanced-monitoring --region us-east-1 --stream-name orders --shard-level-metrics \
         IncomingBytes IncomingRecords WriteProvisionedThroughputExceeded",
    ];
    off.fails("scale orders rebalance", &words).await;
    off.cloud.kinesis().enable_shard_metrics("orders").await.unwrap();
    let unknown = off.held("scale orders rebalance").await;
    assert_eq!(unknown["outcome"], "held");
    assert!(unknown["words"].as_str().unwrap().contains("an unknown load is not treated as idle"), "{unknown}");

    let talked_about = World::loaded(&[1.7, 0.5], &[("kinesis-scaler/dry-run", "true")]).await;
    let looked = talked_about.held("scale orders rebalance --wait").await;
    assert_eq!((&looked["outcome"], &looked["to"], talked_about.writes()), (&json!("dry-run"), &json!(4), vec![]));
    assert!(looked["next"].as_str().unwrap().contains("--tag-keys kinesis-scaler/dry-run removes the tag"), "{looked}");

    let file = support::file("dry-run-of-a-stack.txt", "DRY_RUN=true\n");
    let ordered = World::loaded(&[1.7, 0.5], &[]).await;
    let split = ordered.answer(&format!("scale orders rebalance --policy {}", file.display())).await;
    assert_eq!(split["outcome"], "resized", "the stack's dry run holds no order: {split}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_comes_to_splits_says_which_and_goes_on() {
    let world = World::loaded(&[1.7, 0.3, 0.3, 0.3], &[]).await;
    let status = world.told("status orders").await;
    for words in ["170 %", "hot shard\n", "25.0 %", "scale-out: split shardId-000000000000 (1 of 1): dry run: would"] {
        assert!(status.contains(words), "{words}: {status}");
    }
    let out = world.answer("scale orders out --wait").await;
    let call = &out["passes"][0]["resharding"];
    assert_eq!((&out["outcome"], &out["to"]), (&json!("resized"), &json!(5)), "{out}");
    assert_eq!((&call["call"], &call["shards"]), (&json!("split"), &json!(["shardId-000000000000"])), "{out}");

    let at = jiff::Timestamp::now().as_second() - 7_200;
    let spent: Vec<_> = (0..10).map(|i| format!("o{}=2-2", at - i)).collect();
    let spent = World::loaded(&[1.5, 1.5], &[(TAG_RESIZES, &spent.join(" "))]).await;
    let one = spent.told("scale orders out").await;
    assert!(one.contains("split shardId-000000000000 (1 of 2): scale-out from 2 to 3 shards: "), "{one}");
    assert!(one.ends_with("To go on: shardctl scale --wait orders out\n"), "{one}");
}
