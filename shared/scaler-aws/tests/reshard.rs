// SPDX-License-Identifier: Apache-2.0
//! Splits and merges on the wire: plans replayed on an emulated Kinesis, which keeps the ring whole and refuses what AWS does.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{HashKeyRange, Minute, OpenShard, ShardCount, StreamStatus, hash_key};
use sandbox::{Capacity, ClockOptions, Options, Sandbox};
use scaler_app::cloud::{Cloud as _, CloudWatch as _, Failure, Kinesis};
use scaler_aws::{AwsCloud, SystemClock};
use scaler_core::{KeyLoad, ReshardLimits, ShardCall, ShardLoad, plan_reshard};

const STREAM: &str = "orders";
const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
const LIMITS: ReshardLimits = ReshardLimits { target: 0.8, upper_threshold: 0.88, shards_min: 2, shards_max: 100 };

struct World {
    sandbox: Sandbox,
    cloud: AwsCloud<SystemClock>,
    kinesis: aws_sdk_kinesis::Client,
}

impl World {
    async fn with(capacity: Capacity, options: Options) -> Self {
        let clock = ClockOptions::Manual { start: START, weight: 1.0 };
        let options = Options { clock, create_seconds: 0, ..options };
        let (sandbox, _) = Sandbox::start(options).await.unwrap();
        sandbox.create_stream(STREAM, capacity, &[]).await.unwrap();
        let sdk = support::sdk(sandbox.endpoint()).await;
        let kinesis = aws_sdk_kinesis::Client::new(&sdk);
        Self { cloud: support::cloud(&sdk, SystemClock), sandbox, kinesis }
    }

    async fn of(shards: u32) -> Self {
        Self::with(Capacity::Shards(shards), at_once()).await
    }

    /// The open shards of the stream, which is ACTIVE. They tile the ring, or the port would not show them.
    async fn open(&self) -> Vec<OpenShard> {
        assert_eq!(self.status().await, StreamStatus::Active);
        self.cloud.kinesis().open_shards(STREAM).await.unwrap()
    }

    async fn status(&self) -> StreamStatus {
        self.cloud.kinesis().describe(STREAM).await.unwrap().status
    }

    async fn call(&self, call: &ShardCall) -> Result<(), Failure> {
        carry_out(self.cloud.kinesis(), call).await
    }

    async fn resize(&self, shards: u32) {
        self.cloud.kinesis().update_shard_count(STREAM, ShardCount::new(shards).unwrap()).await.unwrap();
    }

    /// Puts these records in one call; returns how many of them failed.
    async fn put(&self, records: Vec<PutRecordsRequestEntry>) -> Option<i32> {
        let answer = self.kinesis.put_records().stream_name(STREAM).set_records(Some(records)).send().await.unwrap();
        answer.failed_record_count()
    }

    /// The last two minutes of each of these shards, once the one that is under way has ended.
    async fn minutes(&self, shards: &[OpenShard]) -> Vec<[Minute; 2]> {
        let end = self.sandbox.now() + SignedDuration::from_mins(1);
        self.sandbox.clock().advance(SignedDuration::from_mins(1));
        self.sandbox.tick().await;
        let ids: Vec<_> = shards.iter().map(|shard| shard.id.clone()).collect();
        let windows = self.cloud.cloudwatch().shard_windows(STREAM, &ids, end, 2).await.unwrap();
        ids.iter().map(|id| windows[id].minutes.clone().try_into().unwrap()).collect()
    }
}

/// Resizes, splits and merges that take no time.
fn at_once() -> Options {
    Options { resize_seconds: 0, ..Options::default() }
}

async fn carry_out(kinesis: &impl Kinesis, call: &ShardCall) -> Result<(), Failure> {
    let done = match call {
        ShardCall::Split { shard, at } => kinesis.split_shard(STREAM, shard, *at).await,
        ShardCall::Merge { lower, upper } => kinesis.merge_shards(STREAM, lower, upper).await,
    };
    done.map_err(|error| error.failure)
}

fn split(shard: &OpenShard, at: u128) -> ShardCall {
    ShardCall::Split { shard: shard.id.clone(), at }
}

fn halve(shard: &OpenShard) -> ShardCall {
    split(shard, shard.range.middle().unwrap())
}

fn merge(lower: &OpenShard, upper: &OpenShard) -> ShardCall {
    ShardCall::Merge { lower: lower.id.clone(), upper: upper.id.clone() }
}

/// A record of so many bytes, the five of its key included, for this shard.
fn record(shard: &OpenShard, bytes: usize) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder()
        .data(Blob::new(vec![0; bytes - 5]))
        .partition_key("k-123")
        .explicit_hash_key(shard.range.middle().unwrap().to_string())
        .build()
        .unwrap()
}

fn ranges(shards: &[OpenShard]) -> Vec<HashKeyRange> {
    shards.iter().map(|shard| shard.range).collect()
}

#[tokio::test]
async fn a_plan_is_what_there_is_when_it_was_carried_out() {
    let mut key = KeyLoad { hash_key: hash_key("tenant-7"), load: 1.1 };
    for (shards, loads) in [
        (2, vec![1.9, 0.2]),
        (4, vec![0.1, 2.6, 0.1, 0.05]),
        (7, vec![0.1, 0.1, 0.1, 3.0, 0.1, 0.1, 1.5]),
        (8, vec![0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]),
    ] {
        let world = World::of(shards).await;
        let open = world.open().await;
        assert_eq!(ranges(&open), HashKeyRange::uniform(shards), "a new stream's shards are even");
        let loads = open.iter().zip(&loads).map(|(shard, load)| ShardLoad {
            shard: shard.clone(),
            load: *load,
            throttled_records: 0,
        });
        let plan = plan_reshard(&loads.collect::<Vec<_>>(), &[key], &LIMITS);
        assert!(!plan.operations.is_empty());
        for operation in &plan.operations {
            let call = operation.on(&world.open().await).expect("there is something to do for each");
            assert_eq!(world.call(&call).await, Ok(()), "{call:?}");
        }
        let planned: Vec<_> = plan.shards.iter().map(|(range, _)| *range).collect();
        assert_eq!(ranges(&world.open().await), planned);
        key.load /= 2.0;
    }
}

#[tokio::test]
async fn whatever_is_split_and_merged_the_open_ranges_tile_the_ring() {
    let world = World::of(3).await;
    let seed = 20_261_125_u64;
    let mut state = seed;
    for step in 0..60 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let open = world.open().await;
        let pick = usize::try_from(state >> 40).unwrap();
        let i = pick % open.len();
        let call = match open.get(i + 1).filter(|_| pick % 3 == 0) {
            Some(upper) => merge(&open[i], upper),
            None => halve(&open[i]),
        };
        assert_eq!(world.call(&call).await, Ok(()), "seed {seed}, step {step}: {call:?}");
        let after = ranges(&world.open().await);
        assert!(HashKeyRange::tile(&after), "seed {seed}, step {step}: {after:?}");
    }
    // ... which a resize makes even again.
    let halved = u32::try_from(world.open().await.len().div_ceil(2)).unwrap();
    world.resize(halved).await;
    assert_eq!(ranges(&world.open().await), HashKeyRange::uniform(halved));
}

/// On the wire and in the model alike.
#[tokio::test]
async fn what_aws_refuses_is_refused_and_changes_nothing() {
    let world = World::of(4).await;
    let model = testkit::World::at(START).with(STREAM, testkit::Stream::managed(4, Minute::default()));
    let open = world.open().await;
    let inside = open[1].range.middle().unwrap();
    let never = OpenShard { id: "shardId-000000000099".to_owned(), range: open[1].range };
    for (call, failure) in [
        (halve(&never), Failure::NotFound),
        (merge(&open[1], &never), Failure::NotFound),
        (split(&open[0], inside), Failure::Refused),
        (split(&open[1], open[1].range.first()), Failure::Refused),
        (merge(&open[0], &open[2]), Failure::Refused),
        (merge(&open[1], &open[0]), Failure::Refused),
    ] {
        assert_eq!(world.call(&call).await, Err(failure), "{call:?}");
        assert_eq!(carry_out(&model, &call).await, Err(failure), "in the model: {call:?}");
    }
    // The emulator, and not the model, refuses a child of a single hash key too.
    for at in [open[1].range.first() + 1, open[1].range.last()] {
        assert_eq!(world.call(&split(&open[1], at)).await, Err(Failure::Refused), "{at}");
    }
    assert_eq!(world.open().await, open);
    assert_eq!(model.open_shards(STREAM).await.unwrap(), open);
    world.call(&halve(&open[1])).await.unwrap();
    world.open().await;
    carry_out(&model, &halve(&open[1])).await.unwrap();
    model.advance(SignedDuration::from_mins(2));
    for call in [halve(&open[1]), merge(&open[0], &open[1]), merge(&open[1], &open[2])] {
        assert_eq!(world.call(&call).await, Err(Failure::InUse), "one of its shards is closed: {call:?}");
        assert_eq!(carry_out(&model, &call).await, Err(Failure::InUse), "so in the model: {call:?}");
    }

    let full = World::with(Capacity::Shards(2), Options { account_shard_limit: 2, ..at_once() }).await;
    let open = full.open().await;
    assert_eq!(full.call(&halve(&open[0])).await, Err(Failure::Quota), "the account has no more shards");
    full.call(&merge(&open[0], &open[1])).await.unwrap();
    let elastic = World::with(Capacity::OnDemand, at_once()).await;
    let call = halve(&elastic.open().await[0]);
    assert_eq!(elastic.call(&call).await, Err(Failure::Refused), "AWS splits these itself");
}

#[tokio::test]
async fn one_at_a_time_is_split_or_merged() {
    let world = World::with(Capacity::Shards(4), Options { resize_seconds: 60, ..Options::default() }).await;
    let open = world.open().await;
    world.call(&halve(&open[0])).await.unwrap();
    assert_eq!(world.status().await, StreamStatus::Updating);
    for call in [halve(&open[0]), halve(&open[1]), merge(&open[2], &open[3])] {
        assert_eq!(world.call(&call).await, Err(Failure::InUse), "{call:?}");
    }
    world.sandbox.clock().advance(SignedDuration::from_secs(60));
    assert_eq!(world.open().await.len(), 5);
    world.call(&merge(&open[2], &open[3])).await.unwrap();
}

/// A page has 1,000 of them. Those that are closed come first, and are not to use up the first page.
#[tokio::test]
async fn open_shards_are_read_to_the_last_page() {
    let world = World::of(700).await;
    world.resize(1_400).await;
    let open = world.open().await;
    assert_eq!(ranges(&open), HashKeyRange::uniform(1_400));
    world.resize(900).await;
    assert_eq!(ranges(&world.open().await), HashKeyRange::uniform(900));
    let pages = world.kinesis.list_shards().stream_name(STREAM).send().await.unwrap();
    assert_eq!((pages.shards().len(), pages.next_token().is_some()), (1_000, true), "of 3,000 ever");
}

#[tokio::test]
async fn what_is_put_shows_in_the_metrics_of_its_shard_once_they_are_sent() {
    let world = World::of(2).await;
    let open = world.open().await;
    let put = async |count: usize, shard: usize| world.put(vec![record(&open[shard], 100); count]).await;
    put(7, 0).await;
    assert!(!world.cloud.kinesis().describe(STREAM).await.unwrap().shard_metrics);
    world.cloud.kinesis().enable_shard_metrics(STREAM).await.unwrap();
    assert!(world.cloud.kinesis().describe(STREAM).await.unwrap().shard_metrics);
    put(3, 0).await;
    put(5, 1).await;
    let minutes = world.minutes(&open).await;
    let figures: Vec<_> = minutes.iter().map(|[_, it]| (it.bytes, it.records, it.throttled_records)).collect();
    assert_eq!(figures, [(Some(300), Some(3), Some(0)), (Some(500), Some(5), Some(0))]);
    assert!(!minutes[0][0].is_known());
}

#[tokio::test]
async fn what_is_throttled_shows_in_the_metrics_of_its_shard() {
    let world = World::of(3).await;
    let open = world.open().await;
    world.cloud.kinesis().enable_shard_metrics(STREAM).await.unwrap();
    // In one call, so in one second of each shard: the second of 700,000 bytes is beyond the 1 MiB of its shard.
    let records = vec![record(&open[0], 100), record(&open[1], 700_000), record(&open[1], 700_000)];
    assert_eq!(world.put(records).await, Some(1));
    let minutes = world.minutes(&open).await;
    let figures: Vec<_> = minutes.iter().map(|[_, it]| (it.bytes, it.records, it.throttled_records)).collect();
    let hot = (Some(700_000), Some(1), Some(1));
    assert_eq!(figures, [(Some(100), Some(1), Some(0)), hot, (None, None, None)]);
}
