// SPDX-License-Identifier: Apache-2.0
//! Reshards as a reader sees them: which shards there are, which came of which, and where to go on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_sdk_kinesis::error::ProvideErrorMetadata as _;
use aws_sdk_kinesis::types::{ChildShard, ScalingType, Shard, ShardFilter, ShardFilterType, ShardIteratorType};
use aws_smithy_types::DateTime;
use jiff::SignedDuration;
use sandbox::{Capacity, Options};

use crate::support::{STREAM, World, manual, seconds, start};

/// The ids of shards, by their last digit.
fn digits<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    ids.filter_map(|id| id.chars().last()).collect()
}

fn filter(kind: ShardFilterType) -> ShardFilter {
    ShardFilter::builder().r#type(kind).build().unwrap()
}

fn timed(kind: ShardFilterType, minutes: i64) -> ShardFilter {
    ShardFilter::builder().r#type(kind).timestamp(minute(minutes)).build().unwrap()
}

fn after(kind: ShardFilterType, shard: &str) -> ShardFilter {
    ShardFilter::builder().r#type(kind).shard_id(shard).build().unwrap()
}

fn minute(minutes: i64) -> DateTime {
    seconds(start() + SignedDuration::from_mins(minutes))
}

impl World {
    /// The shards of `orders` that a filter lets through, in pages of two.
    async fn listed(&self, filter: Option<ShardFilter>) -> String {
        let first = self.kinesis.list_shards().stream_name(STREAM).max_results(2).set_shard_filter(filter);
        let mut page = first.send().await.unwrap();
        let mut listed = digits(page.shards().iter().map(Shard::shard_id));
        while let Some(token) = page.next_token {
            page = self.kinesis.list_shards().next_token(token).max_results(2).send().await.unwrap();
            listed += &digits(page.shards().iter().map(Shard::shard_id));
        }
        listed
    }

    async fn split(&self, shard: &str, at: u128) {
        let split = self.kinesis.split_shard().stream_name(STREAM).shard_to_split(shard);
        split.new_starting_hash_key(at.to_string()).send().await.unwrap();
    }

    async fn put(&self, key: &str, data: &str) {
        let put =
            self.kinesis.put_record().stream_name(STREAM).partition_key(key).data(data.as_bytes().to_vec().into());
        put.send().await.unwrap();
    }

    async fn resize(&self, target: i32) {
        let resize = self.kinesis.update_shard_count().stream_name(STREAM).target_shard_count(target);
        resize.scaling_type(ScalingType::UniformScaling).send().await.unwrap();
    }

    /// Two shards; in minute 10 the first is split, in minute 20 its second half and the second shard are merged.
    async fn with_family() -> Self {
        let world = Self::with_stream(2).await;
        world.sandbox.clock().advance(SignedDuration::from_mins(10));
        world.split("shardId-000000000000", 1 << 125).await;
        world.sandbox.clock().advance(SignedDuration::from_mins(10));
        let merge = world.kinesis.merge_shards().stream_name(STREAM).shard_to_merge("shardId-000000000003");
        merge.adjacent_shard_to_merge("shardId-000000000001").send().await.unwrap();
        world.sandbox.clock().advance(SignedDuration::from_mins(10));
        world
    }
}

/// Closed are 0 (after 10 minutes), 1 and 3 (after 20); open are 2 (since 10) and 4 (since 20).
#[tokio::test]
async fn shards_are_listed_by_when_they_were_open() {
    use ShardFilterType::{AfterShardId, AtLatest, AtTimestamp, AtTrimHorizon, FromTimestamp, FromTrimHorizon};
    let world = World::with_family().await;
    for (filter, shards) in [
        (None, "01234"),
        (Some(filter(FromTrimHorizon)), "01234"),
        (Some(filter(AtTrimHorizon)), "01"),
        (Some(filter(AtLatest)), "24"),
        (Some(after(AfterShardId, "shardId-000000000002")), "34"),
        (Some(timed(AtTimestamp, 5)), "01"),
        (Some(timed(AtTimestamp, 15)), "123"),
        (Some(timed(AtTimestamp, 25)), "24"),
        (Some(timed(AtTimestamp, -60 * 48)), "01"),
        (Some(timed(FromTimestamp, 5)), "01234"),
        (Some(timed(FromTimestamp, 15)), "1234"),
        (Some(timed(FromTimestamp, 25)), "24"),
    ] {
        assert_eq!(world.listed(filter.clone()).await, shards, "{filter:?}");
    }
}

#[tokio::test]
async fn a_closed_shard_is_known_for_as_long_as_its_records_may_be() {
    let world = World::with_family().await;
    let described = async || {
        let described = world.kinesis.describe_stream().stream_name(STREAM).send().await.unwrap();
        digits(described.stream_description().unwrap().shards().iter().map(Shard::shard_id))
    };
    let read = async |shard: &str| {
        let iterator = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(shard);
        iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await
    };
    assert_eq!((world.listed(None).await.as_str(), described().await.as_str()), ("01234", "01234"));
    // A day after the split.
    world.sandbox.clock().set(start() + SignedDuration::from_mins(24 * 60 + 10));
    assert_eq!((world.listed(None).await.as_str(), described().await.as_str()), ("1234", "1234"));
    assert_eq!(world.listed(Some(filter(ShardFilterType::AtTrimHorizon))).await, "123");
    assert!(read("shardId-000000000000").await.unwrap_err().into_service_error().is_resource_not_found_exception());
    read("shardId-000000000001").await.unwrap();
    world.sandbox.clock().advance(SignedDuration::from_mins(10));
    assert_eq!((world.listed(None).await.as_str(), described().await.as_str()), ("24", "24"));
}

#[tokio::test]
async fn a_filter_that_says_too_little_or_too_much_is_refused() {
    use ShardFilterType::{AfterShardId, AtLatest, AtTimestamp, FromTimestamp};
    let world = World::with_stream(1).await;
    for wrong in [
        filter(AfterShardId),
        after(AtLatest, "shardId-000000000000"),
        filter(AtTimestamp),
        filter(FromTimestamp),
        timed(AtLatest, 5),
        timed(AfterShardId, 5),
    ] {
        let listed = world.kinesis.list_shards().stream_name(STREAM).shard_filter(wrong.clone()).send().await;
        assert!(listed.unwrap_err().into_service_error().is_invalid_argument_exception(), "{wrong:?}");
    }
    let unknown = filter(ShardFilterType::from("AT_NOON"));
    let listed = world.kinesis.list_shards().stream_name(STREAM).shard_filter(unknown).send().await;
    assert_eq!(listed.unwrap_err().into_service_error().code(), Some("ValidationException"));
}

/// Reads a shard to its end, or to where it is now; returns keys and data in order, and the children it is told of.
async fn read(world: &World, shard: &str) -> (Vec<(String, String)>, Vec<ChildShard>) {
    let iterator = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(shard);
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
    let (mut next, mut records, mut children) = (iterator.shard_iterator, Vec::new(), Vec::new());
    while let Some(iterator) = next {
        let read = world.kinesis.get_records().shard_iterator(iterator).limit(3).send().await.unwrap();
        records.extend(read.records().iter().map(|record| {
            let data = str::from_utf8(record.data().as_ref()).unwrap();
            (record.partition_key().unwrap().to_owned(), data.to_owned())
        }));
        children.extend_from_slice(read.child_shards());
        assert!(read.child_shards().is_empty() || read.next_shard_iterator.is_none());
        next = read.next_shard_iterator.filter(|_| !read.records.is_empty());
    }
    (records, children)
}

/// As the Kinesis Client Library does it: a shard's children when it has been read, of two parents when both have.
#[tokio::test]
async fn a_reader_that_goes_from_parents_to_children_has_every_record_once_and_in_order() {
    let world = World::with_stream(2).await;
    let targets = [3, 2, 4, 2, 1, 2];
    for (round, target) in targets.into_iter().enumerate() {
        for key in 0..20 {
            world.put(&key.to_string(), &round.to_string()).await;
        }
        world.resize(target).await;
    }
    let shards = world.kinesis.list_shards().stream_name(STREAM);
    let first = shards.shard_filter(filter(ShardFilterType::AtTrimHorizon)).send().await.unwrap();
    let mut waiting: VecDeque<String> = first.shards().iter().map(|it| it.shard_id().to_owned()).collect();
    assert_eq!(waiting, ["shardId-000000000000", "shardId-000000000001"]);
    let (mut done, mut rounds) = (BTreeSet::new(), BTreeMap::<String, Vec<String>>::new());
    // No shard is known here but the first ones and those that the end of a shard has named.
    while let Some(shard) = waiting.pop_front() {
        let (records, children) = read(&world, &shard).await;
        for (key, round) in records {
            rounds.entry(key).or_default().push(round);
        }
        done.insert(shard);
        let is_next = |child: &&ChildShard| child.parent_shards().iter().all(|parent| done.contains(parent));
        waiting.extend(children.iter().filter(is_next).map(|child| child.shard_id().to_owned()));
    }
    let written: Vec<_> = (0..targets.len()).map(|round| round.to_string()).collect();
    assert_eq!(rounds, (0..20).map(|key| (key.to_string(), written.clone())).collect());
    let listed = world.kinesis.list_shards().stream_name(STREAM).send().await.unwrap();
    assert_eq!(done, listed.shards().iter().map(|shard| shard.shard_id().to_owned()).collect());
}

#[tokio::test]
async fn a_resize_leaves_a_family_to_read() {
    use ShardFilterType::{AtLatest, AtTimestamp, AtTrimHorizon};
    let world = World::with_stream(2).await;
    world.sandbox.clock().advance(SignedDuration::from_mins(10));
    world.resize(4).await;
    world.sandbox.clock().advance(SignedDuration::from_mins(10));
    for (filter, shards) in [
        (filter(AtTrimHorizon), "01"),
        (timed(AtTimestamp, 5), "01"),
        (timed(AtTimestamp, 15), "2345"),
        (filter(AtLatest), "2345"),
    ] {
        assert_eq!(world.listed(Some(filter.clone())).await, shards, "{filter:?}");
    }
    let listed = world.kinesis.list_shards().stream_name(STREAM).send().await.unwrap();
    assert_eq!(digits(listed.shards().iter().filter_map(Shard::parent_shard_id)), "0011");
    for (shard, children) in [("shardId-000000000000", "23"), ("shardId-000000000001", "45")] {
        let (_, told) = read(&world, shard).await;
        assert_eq!(digits(told.iter().map(ChildShard::shard_id)), children);
    }
}

#[tokio::test]
async fn the_end_of_a_closed_shard_names_its_children_and_both_their_parents() {
    let world = World::with_family().await;
    let family = async |shard: &str| {
        let (_, children) = read(&world, shard).await;
        let told = children.iter().map(|it| {
            let range = it.hash_key_range().unwrap();
            (digits([it.shard_id()].into_iter()), digits(it.parent_shards().iter().map(String::as_str)), range.clone())
        });
        told.collect::<Vec<_>>()
    };
    let split = family("shardId-000000000000").await;
    assert_eq!(split.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect::<Vec<_>>(), [("2", "0"), ("3", "0")]);
    assert_eq!(split[1].2.starting_hash_key(), (1_u128 << 125).to_string());
    for parent in ["shardId-000000000001", "shardId-000000000003"] {
        let merged = family(parent).await;
        assert_eq!(merged.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect::<Vec<_>>(), [("4", "31")]);
    }
    assert!(family("shardId-000000000004").await.is_empty());
}

#[tokio::test]
async fn an_answer_has_ten_mebibytes_of_records_at_most_and_the_next_goes_on() {
    const MIB: usize = 1 << 20;
    let world = World::new(Options { ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(1), &[]).await.unwrap();
    for key in 'a'..='l' {
        world.sandbox.clock().advance(SignedDuration::from_secs(2));
        let data = vec![7; MIB - 1];
        let put = world.kinesis.put_record().stream_name(STREAM).partition_key(key).data(data.into());
        put.send().await.unwrap();
    }
    let iterator = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id("shardId-000000000000");
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
    let (mut next, mut answers) = (iterator.shard_iterator, Vec::new());
    for _ in 0..3 {
        let read = world.kinesis.get_records().set_shard_iterator(next).send().await.unwrap();
        let keys: String = read.records().iter().filter_map(|record| record.partition_key()).collect();
        answers.push((keys, read.millis_behind_latest().unwrap()));
        next = read.next_shard_iterator;
    }
    assert_eq!(answers, [("abcdefghij".to_owned(), 2_000), ("kl".to_owned(), 0), (String::new(), 0)]);
}

/// What is older than the retention by the sandbox's clock is gone, though it was written a moment ago.
#[tokio::test]
async fn records_are_kept_for_as_long_as_the_stream_says() {
    let world = World::with_stream(1).await;
    world.put("old", "x").await;
    world.sandbox.clock().advance(SignedDuration::from_hours(24));
    world.put("new", "x").await;
    let keys = async || read(&world, "shardId-000000000000").await.0.into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(keys().await, ["old", "new"]);
    world.sandbox.clock().advance(SignedDuration::from_secs(1));
    assert_eq!(keys().await, ["new"]);
}
