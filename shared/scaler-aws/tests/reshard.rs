//! Splits and merges on the wire: plans replayed on an emulated Kinesis, which keeps the ring whole and refuses what AWS does.
#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use sandbox::{Capacity, ClockOptions, Options, Sandbox};
use scaler_app::ports::{Failure, Metrics as _, Streams as _};
use scaler_aws::{AwsPorts, SystemClock};
use scaler_core::{
    HashKeyRange, KeyLoad, OpenShard, ReshardTerms, ShardCall, ShardLoad, StreamStatus, hash_key, plan_reshard,
};

const STREAM: &str = "orders";
const TERMS: ReshardTerms = ReshardTerms { target: 0.8, bearable: 0.88, shards_min: 2, shards_max: 100 };

struct World {
    sandbox: Sandbox,
    ports: AwsPorts<SystemClock>,
    kinesis: aws_sdk_kinesis::Client,
}

impl World {
    async fn with(capacity: Capacity, options: Options) -> Self {
        let start = "2026-01-02T03:00:00Z".parse().unwrap();
        let clock = ClockOptions::Manual { start, weight: 1.0 };
        let options = Options { clock, create_seconds: 0, resize_seconds: 0, ..options };
        let (sandbox, _) = Sandbox::start(options).await.unwrap();
        sandbox.create_stream(STREAM, capacity, &[]).await.unwrap();
        let sdk = support::sdk(sandbox.endpoint()).await;
        let kinesis = aws_sdk_kinesis::Client::new(&sdk);
        Self { ports: support::ports(&sdk, SystemClock), sandbox, kinesis }
    }

    async fn of(shards: u32) -> Self {
        Self::with(Capacity::Shards(shards), Options::default()).await
    }

    /// The open shards, once the emulator, which changes streams in a task of its own, is done. They tile the ring, or the port
    /// would not show them.
    async fn open(&self) -> Vec<OpenShard> {
        while self.ports.streams.describe(STREAM).await.unwrap().status != StreamStatus::Active {
            tokio::task::yield_now().await;
        }
        self.ports.streams.open_shards(STREAM).await.unwrap()
    }

    async fn call(&self, call: &ShardCall) -> Result<(), Failure> {
        let done = match call {
            ShardCall::Split { shard, at } => self.ports.streams.split(STREAM, shard, *at).await,
            ShardCall::Merge { lower, upper } => self.ports.streams.merge(STREAM, lower, upper).await,
        };
        done.map_err(|error| error.failure)
    }
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
        let plan = plan_reshard(&loads.collect::<Vec<_>>(), &[key], &TERMS);
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
            Some(upper) => ShardCall::Merge { lower: open[i].id.clone(), upper: upper.id.clone() },
            None => ShardCall::Split { shard: open[i].id.clone(), at: open[i].range.middle().unwrap() },
        };
        assert_eq!(world.call(&call).await, Ok(()), "seed {seed}, step {step}: {call:?}");
        let after = ranges(&world.open().await);
        assert!(HashKeyRange::tile(&after), "seed {seed}, step {step}: {after:?}");
    }
    // ... which a resize makes even again.
    let halved = world.open().await.len().div_ceil(2);
    let count = scaler_core::ShardCount::saturating(halved as u64);
    world.ports.streams.update_shard_count(STREAM, count).await.unwrap();
    assert_eq!(ranges(&world.open().await), HashKeyRange::uniform(count.get()));
}

#[tokio::test]
async fn what_aws_refuses_is_refused_and_changes_nothing() {
    let world = World::of(4).await;
    let open = world.open().await;
    let id = |i: usize| open[i].id.clone();
    let inside = open[1].range.middle().unwrap();
    let split = |shard: String, at: u128| ShardCall::Split { shard, at };
    let merge = |lower: String, upper: String| ShardCall::Merge { lower, upper };
    for (call, failure) in [
        (split("shardId-000000000099".to_owned(), inside), Failure::NotFound),
        (split(id(0), inside), Failure::Refused),
        (split(id(1), open[1].range.first()), Failure::Refused),
        (split(id(1), open[1].range.first() + 1), Failure::Refused),
        (split(id(1), open[1].range.last()), Failure::Refused),
        (merge(id(0), id(2)), Failure::Refused),
        (merge(id(1), id(0)), Failure::Refused),
    ] {
        assert_eq!(world.call(&call).await, Err(failure), "{call:?}");
    }
    assert_eq!(world.open().await, open);
    world.call(&split(id(1), inside)).await.unwrap();
    world.open().await;
    assert_eq!(world.call(&split(id(1), inside)).await, Err(Failure::InUse), "it is closed");
    assert_eq!(world.call(&merge(id(0), id(1))).await, Err(Failure::InUse), "as is one of these");

    let slow = World::with(Capacity::Shards(2), Options { account_shard_limit: 2, ..Options::default() }).await;
    let full = slow.open().await;
    let call = split(full[0].id.clone(), full[0].range.middle().unwrap());
    assert_eq!(slow.call(&call).await, Err(Failure::Refused), "the account has no more shards");
    slow.call(&merge(full[0].id.clone(), full[1].id.clone())).await.unwrap();
    let elastic = World::with(Capacity::OnDemand, Options::default()).await;
    let shards = elastic.open().await;
    let call = split(shards[0].id.clone(), shards[0].range.middle().unwrap());
    assert_eq!(elastic.call(&call).await, Err(Failure::Refused), "AWS splits these itself");
}

#[tokio::test]
async fn what_is_put_shows_in_the_metrics_of_its_shard_once_they_are_sent() {
    let world = World::of(2).await;
    let open = world.open().await;
    let ids: Vec<_> = open.iter().map(|shard| shard.id.clone()).collect();
    let put = async |count: usize, shard: usize| {
        let request = world.kinesis.put_records().stream_name(STREAM);
        let entry = || {
            aws_sdk_kinesis::types::PutRecordsRequestEntry::builder()
                .data(aws_sdk_kinesis::primitives::Blob::new(vec![0; 95]))
                .partition_key("k-123")
                .explicit_hash_key(open[shard].range.middle().unwrap().to_string())
                .build()
                .unwrap()
        };
        request.set_records(Some((0..count).map(|_| entry()).collect())).send().await.unwrap();
    };
    put(7, 0).await;
    assert!(!world.ports.streams.describe(STREAM).await.unwrap().shard_metrics);
    world.ports.streams.send_shard_metrics(STREAM).await.unwrap();
    assert!(world.ports.streams.describe(STREAM).await.unwrap().shard_metrics);
    put(3, 0).await;
    put(5, 1).await;
    let begun = world.sandbox.now();
    world.sandbox.clock().advance(SignedDuration::from_mins(1));
    world.sandbox.tick().await;
    let end = begun + SignedDuration::from_mins(1);
    let windows = world.ports.metrics.shard_windows(STREAM, &ids, end, 2).await.unwrap();
    let newest: Vec<_> = ids.iter().map(|id| windows[id].minutes[1]).collect();
    let figures: Vec<_> = newest.iter().map(|it| (it.bytes, it.records, it.throttled_records)).collect();
    assert_eq!(figures, [(Some(300), Some(3), Some(0)), (Some(500), Some(5), Some(0))]);
    assert!(!windows[&ids[0]].minutes[0].is_known());
}
