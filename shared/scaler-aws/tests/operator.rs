// SPDX-License-Identifier: Apache-2.0
//! What an operator's tool asks of AWS, over the sandbox: a stream made and tried, and all there is to see of it.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use aws_models::cloudwatch::Metric;
use aws_sdk_kinesis::types::MetricsName;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{StreamMode, StreamStatus};
use operator_aws::{NewCapacity, Operator, TestRecord};
use sandbox::{Capacity, Options, Sandbox};
use scaler_app::cloud::Failure;

const STREAM: &str = "orders";

struct World {
    sandbox: Sandbox,
    operator: Operator,
    kinesis: aws_sdk_kinesis::Client,
}

impl World {
    async fn new() -> Self {
        let options = Options { create_seconds: 0, resize_seconds: 0, ..Options::default() };
        let (sandbox, _) = Sandbox::start(options).await.unwrap();
        let sdk = support::sdk(sandbox.endpoint()).await;
        let operator = Operator::new(&sdk, &support::unpaced());
        Self { sandbox, operator, kinesis: aws_sdk_kinesis::Client::new(&sdk) }
    }

    async fn with_stream(shards: u32) -> Self {
        let world = Self::new().await;
        world.sandbox.create_stream(STREAM, Capacity::Shards(shards), &[]).await.unwrap();
        world
    }
}

#[tokio::test]
async fn a_stream_that_is_there_is_not_made_again_and_one_that_is_not_is() {
    let world = World::with_stream(3).await;
    let there = world.operator.create_stream(STREAM, NewCapacity::Shards(2)).await.unwrap_err();
    assert_eq!((there.call, there.failure), ("CreateStream", Failure::InUse));
    let too_many = world.operator.create_stream("huge", NewCapacity::Shards(30_000)).await.unwrap_err();
    assert_eq!(too_many.failure, Failure::Quota, "not something to wait for: {too_many}");
    world.operator.create_stream("elastic", NewCapacity::OnDemand).await.unwrap();
    assert_eq!(world.operator.details("elastic").await.unwrap().state.mode, StreamMode::OnDemand);
}

#[tokio::test]
async fn all_tags_arrive_however_many_and_the_retention_with_them() {
    let world = World::with_stream(1).await;
    let tags: Vec<_> = (0..23).map(|i| (format!("key-{i}"), i.to_string())).collect();
    world.operator.tag(STREAM, &tags).await.unwrap();
    world.operator.lengthen_retention(STREAM, 48).await.unwrap();
    let listed = world.kinesis.list_tags_for_stream().stream_name(STREAM).limit(50).send().await.unwrap();
    assert_eq!(listed.tags().len(), 23);
    let details = world.operator.details(STREAM).await.unwrap();
    assert_eq!((details.retention_hours, details.state.status), (48, StreamStatus::Active));
    assert_eq!((details.fan_out_consumers, details.shard_metrics.len()), (0, 0));
}

#[tokio::test]
async fn records_that_were_put_are_read_back_from_their_shards() {
    let world = World::with_stream(4).await;
    let keys: Vec<_> = (0..20).map(|i| format!("key-{i}")).collect();
    let put = world.operator.put(STREAM, &keys).await.unwrap();
    let mut by_shard: BTreeMap<&str, Vec<TestRecord>> = BTreeMap::new();
    for record in &put {
        by_shard.entry(&record.shard).or_default().push(record.clone());
    }
    assert_eq!((put.len(), by_shard.len()), (20, 4), "keys are spread");
    for records in by_shard.values() {
        let read = world.operator.read_back(STREAM, records).await.unwrap();
        assert!(records.iter().all(|record| read.contains(record)), "{records:?} {read:?}");
    }
}

#[tokio::test]
async fn the_load_of_each_open_shard_is_its_own() {
    let world = World::with_stream(2).await;
    let enable = world.kinesis.enable_enhanced_monitoring().stream_name(STREAM);
    enable.shard_level_metrics(MetricsName::IncomingBytes).send().await.unwrap();
    assert_eq!(world.operator.details(STREAM).await.unwrap().shard_metrics, ["IncomingBytes"]);
    let shards = ["shardId-000000000000", "shardId-000000000001"].map(str::to_owned);

    let end = Timestamp::from_second(world.sandbox.now().as_second().div_euclid(60) * 60).unwrap();
    for (shard, bytes) in shards.iter().zip([600.0, 60.0]) {
        let metric = Metric::shard(STREAM, shard, "IncomingBytes");
        world.sandbox.cloudwatch().record(&metric, end - SignedDuration::from_mins(1), bytes);
    }
    let windows = world.operator.shard_windows(STREAM, &shards, end, 3).await.unwrap();
    let newest: Vec<_> = shards.iter().map(|shard| windows[shard].minutes[2].bytes).collect();
    assert_eq!(newest, [Some(600), Some(60)]);
    let whole = world.operator.windows(&[STREAM.to_owned()], end, 3).await.unwrap();
    assert!(!whole[STREAM].minutes[2].is_known(), "a shard's metrics are not the stream's");
}
