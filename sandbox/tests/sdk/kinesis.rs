// SPDX-License-Identifier: Apache-2.0
//! Streams: created, tagged, described, resized, and refused as AWS refuses.

use std::collections::BTreeSet;

use aws_sdk_kinesis::error::ProvideErrorMetadata as _;
use aws_sdk_kinesis::operation::update_shard_count::UpdateShardCountError;
use aws_sdk_kinesis::types::{
    ScalingType, ShardFilter, ShardFilterType, ShardIteratorType, StreamMode, StreamModeDetails,
};
use jiff::SignedDuration;
use sandbox::{Capacity, Options, Traffic};

use crate::support::{STREAM, World, manual, seconds, start};

const ARN: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";

async fn resize(world: &World, target: i32) -> Result<(), UpdateShardCountError> {
    let call = world.kinesis.update_shard_count().stream_name(STREAM).scaling_type(ScalingType::UniformScaling);
    call.target_shard_count(target)
        .send()
        .await
        .map(|_| ())
        .map_err(aws_sdk_kinesis::error::SdkError::into_service_error)
}

#[tokio::test]
async fn a_stream_is_created_tagged_and_described_by_name_or_arn() {
    let world = World::new(manual()).await;
    world.kinesis.create_stream().stream_name(STREAM).shard_count(3).tags("a", "1").send().await.unwrap();
    world.active_with(3).await;
    world.kinesis.add_tags_to_stream().stream_arn(ARN).tags("kinesis-scaler/managed", "true").send().await.unwrap();
    let tags = world.kinesis.list_tags_for_stream().stream_arn(ARN).limit(50).send().await.unwrap();
    let tags: Vec<_> = tags.tags().iter().map(|tag| (tag.key(), tag.value().unwrap())).collect();
    assert_eq!(tags, [("a", "1"), ("kinesis-scaler/managed", "true")]);

    let described = world.kinesis.describe_stream_summary().stream_arn(ARN).send().await.unwrap();
    let summary = described.stream_description_summary().unwrap();
    assert_eq!((summary.stream_name(), summary.open_shard_count()), (STREAM, 3));
    assert_eq!(summary.stream_mode_details().unwrap().stream_mode(), &StreamMode::Provisioned);

    let elsewhere = ARN.replace("us-east-1", "eu-west-1");
    let error = world.kinesis.describe_stream_summary().stream_arn(elsewhere).send().await.unwrap_err();
    assert!(error.into_service_error().is_resource_not_found_exception());
    world.kinesis.delete_stream().stream_arn(ARN).send().await.unwrap();
}

#[tokio::test]
async fn a_resize_closes_the_old_shards_and_opens_new_ones() {
    let world = World::with_stream(4).await;
    let call = world.kinesis.update_shard_count().stream_arn(ARN).scaling_type(ScalingType::UniformScaling);
    let answer = call.target_shard_count(6).send().await.unwrap();
    assert_eq!((answer.current_shard_count(), answer.target_shard_count()), (Some(4), Some(6)));
    assert_eq!((answer.stream_name(), answer.stream_arn()), (Some(STREAM), Some(ARN)));
    world.active_with(6).await;

    let all = world.kinesis.list_shards().stream_arn(ARN).send().await.unwrap();
    let latest = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build().unwrap();
    let open = world.kinesis.list_shards().stream_name(STREAM).shard_filter(latest).send().await.unwrap();
    assert_eq!((all.shards().len(), open.shards().len()), (14, 6));
}

/// How many shards are on each page of so many; a token is followed to the last.
async fn pages(world: &World, filter: Option<ShardFilter>, size: i32) -> Vec<usize> {
    let first = world.kinesis.list_shards().stream_name(STREAM).set_shard_filter(filter).max_results(size);
    let mut page = first.send().await.unwrap();
    let mut pages = vec![page.shards().len()];
    while let Some(token) = page.next_token {
        page = world.kinesis.list_shards().next_token(token).max_results(size).send().await.unwrap();
        pages.push(page.shards().len());
    }
    pages
}

#[tokio::test]
async fn shards_are_listed_in_pages_by_tokens_that_keep_the_filter() {
    let world = World::with_stream(4).await;
    resize(&world, 6).await.unwrap();
    world.active_with(6).await;
    let latest = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build().unwrap();
    assert_eq!(pages(&world, Some(latest.clone()), 4).await, [4, 2]);
    assert_eq!(pages(&world, Some(latest), 3).await, [3, 3]);
    assert_eq!(pages(&world, None, 4).await, [4, 4, 4, 2]);
    assert_eq!(pages(&world, None, 10_000).await, [14]);

    let list = || world.kinesis.list_shards().max_results(4);
    let token = list().stream_name(STREAM).send().await.unwrap().next_token.unwrap();
    let third = "shardId-000000000002";
    for (call, why) in [
        (list().next_token(&token).stream_name(STREAM), "NextToken and StreamName cannot be provided together."),
        (
            list().next_token(&token).exclusive_start_shard_id(third),
            "NextToken and ExclusiveStartShardId cannot be provided together.",
        ),
        (list().next_token("orders"), "NextToken orders is not one that ListShards returned; list from the start."),
        (list(), "Either NextToken or StreamName should be provided."),
    ] {
        let error = call.send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_argument_exception(), "{error:?}");
        assert_eq!(error.message(), Some(why));
    }
    let too_many = list().next_token(&token).max_results(10_001).send().await.unwrap_err();
    assert_eq!(too_many.code(), Some("ValidationException"));
    let after = list().stream_name(STREAM).exclusive_start_shard_id(third).send().await.unwrap();
    assert_eq!(after.shards()[0].shard_id(), "shardId-000000000003");
    world.kinesis.delete_stream().stream_name(STREAM).send().await.unwrap();
    let gone = list().next_token(&token).send().await.unwrap_err().into_service_error();
    assert!(gone.is_resource_not_found_exception(), "{gone:?}");
}

#[tokio::test]
async fn each_refusal_of_a_resize_arrives_as_the_typed_error() {
    let world = World::new(Options { account_shard_limit: 12, ..manual() }).await;
    assert!(resize(&world, 4).await.unwrap_err().is_resource_not_found_exception());
    world.sandbox.create_stream(STREAM, Capacity::Shards(4), &[]).await.unwrap();
    world.sandbox.create_stream("other", Capacity::Shards(5), &[]).await.unwrap();

    let double = resize(&world, 9).await.unwrap_err();
    assert!(double.is_invalid_argument_exception());
    assert_eq!(
        double.message(),
        Some(
            "UpdateShardCount cannot scale up over double your current open shard count. \
             Current open shard count: 4 Target shard count: 9"
        )
    );
    assert!(resize(&world, 1).await.unwrap_err().is_invalid_argument_exception());
    assert!(resize(&world, 4).await.unwrap_err().is_invalid_argument_exception());
    assert!(resize(&world, 0).await.unwrap_err().is_validation_exception());
    assert!(resize(&world, 10_001).await.unwrap_err().is_limit_exceeded_exception());
    assert!(resize(&world, 8).await.unwrap_err().is_limit_exceeded_exception()); // 4 more than the 12 of the account

    let on_demand = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    world.kinesis.update_stream_mode().stream_arn(ARN).stream_mode_details(on_demand).send().await.unwrap();
    assert!(resize(&world, 6).await.unwrap_err().is_validation_exception());
}

#[tokio::test]
async fn a_stream_that_is_being_resized_is_in_use() {
    let world = World::new(Options { resize_seconds: 60, ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(4), &[]).await.unwrap();
    resize(&world, 6).await.unwrap();
    world.sandbox.clock().advance(SignedDuration::from_secs(59));
    assert!(resize(&world, 8).await.unwrap_err().is_resource_in_use_exception());
    assert_eq!(world.summary().await, ("UPDATING".to_owned(), 4));
    world.sandbox.clock().advance(SignedDuration::from_secs(1));
    world.active_with(6).await;
}

#[tokio::test]
async fn creation_and_deletion_take_their_time_by_the_virtual_clock() {
    let world = World::new(Options { create_seconds: 60, ..manual() }).await;
    let pass = |seconds| world.sandbox.clock().advance(SignedDuration::from_secs(seconds));
    world.kinesis.create_stream().stream_name(STREAM).shard_count(2).send().await.unwrap();
    pass(59);
    assert_eq!(world.summary().await, ("CREATING".to_owned(), 0));
    pass(1);
    world.active_with(2).await;
    world.kinesis.delete_stream().stream_name(STREAM).send().await.unwrap();
    pass(59);
    assert_eq!(world.summary().await, ("DELETING".to_owned(), 2));
    pass(1);
    let gone = world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap_err();
    assert!(gone.into_service_error().is_resource_not_found_exception());
}

/// A second call finds the stream as the first has left it, also when both come at once.
#[tokio::test]
async fn of_two_calls_at_once_one_finds_the_stream_in_use() {
    let world = World::new(Options { resize_seconds: 60, ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(4), &[]).await.unwrap();
    let split = |shard: u32, key: u128| {
        let call = world.kinesis.split_shard().stream_name(STREAM).shard_to_split(format!("shardId-{shard:012}"));
        call.new_starting_hash_key(key.to_string()).send()
    };
    let (one, other) = tokio::join!(split(0, 1 << 100), split(0, 1 << 101));
    let refused =
        [one.err(), other.err()].into_iter().flatten().map(aws_sdk_kinesis::error::SdkError::into_service_error);
    let refused: Vec<bool> = refused.map(|error| error.is_resource_in_use_exception()).collect();
    assert_eq!(refused, [true]);
    world.sandbox.clock().advance(SignedDuration::from_secs(60));
    world.active_with(5).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_split_is_told_at_once_and_of_this_account() {
    let world = World::with_stream(1).await;
    let call = world.kinesis.split_shard().stream_name(STREAM).shard_to_split("shardId-000000000007");
    let error = call.new_starting_hash_key("170").send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
    let told = error.meta().message().unwrap_or_default();
    assert!(told.contains("shardId-000000000007") && told.contains("123456789012"), "{told}");
}

#[tokio::test]
async fn a_deletion_that_is_asked_for_again_ends_as_it_was_to() {
    let world = World::new(Options { create_seconds: 60, ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(1), &[]).await.unwrap();
    for _ in 0..2 {
        world.kinesis.delete_stream().stream_name(STREAM).send().await.unwrap();
        world.sandbox.clock().advance(SignedDuration::from_secs(30));
    }
    let gone = world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap_err();
    assert!(gone.into_service_error().is_resource_not_found_exception());
    // The next of its name has a day of its own.
    world.kinesis.create_stream().stream_name(STREAM).shard_count(3).send().await.unwrap();
    world.sandbox.clock().advance(SignedDuration::from_secs(60));
    world.active_with(3).await;
}

/// What two streams grow by at once has to fit the account together.
#[tokio::test]
async fn shards_that_are_still_to_come_count_against_the_account() {
    let world = World::new(Options { account_shard_limit: 9, resize_seconds: 60, ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(3), &[]).await.unwrap();
    world.sandbox.create_stream("other", Capacity::Shards(3), &[]).await.unwrap();
    let other = world.kinesis.update_shard_count().stream_name("other").target_shard_count(5);
    other.scaling_type(ScalingType::UniformScaling).send().await.unwrap();
    assert!(resize(&world, 5).await.unwrap_err().is_limit_exceeded_exception());
    let create = |shards| world.kinesis.create_stream().stream_name("third").shard_count(shards).send();
    assert!(create(2).await.unwrap_err().into_service_error().is_limit_exceeded_exception());
    create(1).await.unwrap();
    assert!(resize(&world, 4).await.unwrap_err().is_limit_exceeded_exception());
    world.sandbox.clock().advance(SignedDuration::from_secs(60));
    let limits = world.kinesis.describe_limits().send().await.unwrap();
    assert_eq!((limits.shard_limit(), limits.open_shard_count()), (9, 9));
}

#[tokio::test]
async fn the_eleventh_resize_of_a_day_is_refused_until_the_day_has_passed() {
    let world = World::with_stream(4).await;
    for index in 0..10 {
        let target = if index % 2 == 0 { 5 } else { 4 };
        resize(&world, target).await.unwrap();
        world.active_with(target).await;
    }
    assert!(resize(&world, 5).await.unwrap_err().is_limit_exceeded_exception());
    world.sandbox.clock().advance(SignedDuration::from_hours(24));
    resize(&world, 5).await.unwrap();
}

#[tokio::test]
async fn on_demand_streams_are_described_and_counted() {
    let world = World::new(manual()).await;
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    world.kinesis.create_stream().stream_name(STREAM).stream_mode_details(mode).send().await.unwrap();
    world.active_with(4).await;
    let described = world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap();
    let summary = described.stream_description_summary().unwrap();
    assert_eq!(summary.stream_mode_details().unwrap().stream_mode(), &StreamMode::OnDemand);

    let limits = world.kinesis.describe_limits().send().await.unwrap();
    assert_eq!((limits.shard_limit(), limits.open_shard_count()), (20_000, 4));
    assert_eq!((limits.on_demand_stream_count(), limits.on_demand_stream_count_limit()), (1, 50));
}

#[tokio::test]
async fn trimming_drops_records_and_keeps_the_stream() {
    let world = World::with_stream(1).await;
    let put = world.kinesis.put_record().stream_arn(ARN).partition_key("k").data(b"hello".to_vec().into());
    put.send().await.unwrap();
    world.sandbox.trim(STREAM).await;
    let iterator = world.kinesis.get_shard_iterator().stream_arn(ARN).shard_id("shardId-000000000000");
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
    let records = world.kinesis.get_records().set_shard_iterator(iterator.shard_iterator).send().await.unwrap();
    assert!(records.records().is_empty());
}

#[tokio::test]
async fn streams_are_listed_in_pages_by_token_or_by_name() {
    let world = World::new(manual()).await;
    let names: Vec<_> = (0..105).map(|i| format!("s{i:03}")).collect();
    for name in &names {
        world.sandbox.create_stream(name, Capacity::Shards(1), &[]).await.unwrap();
    }
    let first = world.kinesis.list_streams().limit(1_000).send().await.unwrap();
    assert_eq!((first.stream_names(), first.has_more_streams()), (&names[..100], true));
    let rest = world.kinesis.list_streams().set_next_token(first.next_token).send().await.unwrap();
    assert_eq!((rest.stream_names(), rest.has_more_streams(), rest.next_token()), (&names[100..], false, None));
    let after = world.kinesis.list_streams().exclusive_start_stream_name("s102").send().await.unwrap();
    assert_eq!(after.stream_names(), &names[103..]);
}

#[tokio::test]
async fn streams_and_consumers_were_created_at_virtual_times() {
    let world = World::with_stream(1).await;
    world.sandbox.clock().advance(SignedDuration::from_hours(3));
    let registered =
        world.kinesis.register_stream_consumer().stream_arn(ARN).consumer_name("app").send().await.unwrap();
    world.sandbox.clock().advance(SignedDuration::from_hours(3));
    let described = world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap();
    let summary = described.stream_description_summary().unwrap();
    assert_eq!(summary.stream_creation_timestamp(), &seconds(start()));
    let three_hours_later = seconds(start() + SignedDuration::from_hours(3));
    let consumer = registered.consumer().unwrap();
    assert_eq!(consumer.consumer_creation_timestamp(), &three_hours_later);
    let listed = world.kinesis.list_stream_consumers().stream_arn(ARN).send().await.unwrap();
    let listed: Vec<_> =
        listed.consumers().iter().map(|it| (it.consumer_name(), it.consumer_creation_timestamp())).collect();
    assert_eq!(listed, [("app", &three_hours_later)]);
    let one = world.kinesis.describe_stream_consumer().consumer_arn(consumer.consumer_arn()).send().await.unwrap();
    assert_eq!(one.consumer_description().unwrap().consumer_creation_timestamp(), &three_hours_later);
}

/// A stream whose past is made up has a past.
#[tokio::test]
async fn a_seeded_stream_has_been_there_since_its_first_minute() {
    let traffic = vec![Traffic { stream: STREAM.to_owned(), full_shards: 0.5 }];
    let world = World::new(Options { traffic, ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(1), &[]).await.unwrap();
    world.sandbox.seed(90).await;
    let described = world.kinesis.describe_stream().stream_name(STREAM).send().await.unwrap();
    let created = described.stream_description().unwrap().stream_creation_timestamp().secs();
    assert_eq!(start().as_second() - created, 90 * 60);
}

#[tokio::test]
async fn shards_of_a_description_come_in_pages() {
    let world = World::new(manual()).await;
    world.sandbox.create_stream("eight", Capacity::Shards(8), &[]).await.unwrap();
    let (mut after, mut sizes, mut seen) = (None, Vec::new(), BTreeSet::new());
    loop {
        let page = world.kinesis.describe_stream().stream_name("eight").limit(3);
        let page = page.set_exclusive_start_shard_id(after.clone()).send().await.unwrap();
        let page = page.stream_description.unwrap();
        sizes.push(page.shards().len());
        seen.extend(page.shards().iter().map(|shard| shard.shard_id().to_owned()));
        if !page.has_more_shards() {
            break;
        }
        after = page.shards().last().map(|shard| shard.shard_id().to_owned());
    }
    assert_eq!((sizes, seen.len()), (vec![3, 3, 2], 8));
}

#[tokio::test]
async fn a_metric_of_shards_that_there_is_not_is_refused() {
    let world = World::new(manual()).await;
    world.sandbox.create_stream("one", Capacity::Shards(1), &[]).await.unwrap();
    let enable = world.kinesis.enable_enhanced_monitoring().stream_name("one").shard_level_metrics("Nope".into());
    let refused = enable.send().await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("ValidationException"), "{refused:?}");
    assert!(refused.message().is_some_and(|words| words.contains("'[Nope]' at 'shardLevelMetrics'")), "{refused:?}");
}
