// SPDX-License-Identifier: Apache-2.0
//! Calls, records, retention and tags as large as Kinesis takes them, which is more than the emulator does.

use std::collections::HashMap;

use aws_sdk_kinesis::error::ProvideErrorMetadata as _;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{EncryptionType, PutRecordsRequestEntry, ShardIteratorType};

use crate::support::{STREAM, World, manual};

const MIB: usize = 1 << 20;
const ARN: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";

/// A record for the shard of this number, of so many.
fn entry(shard: u128, of: u128, data: Vec<u8>) -> PutRecordsRequestEntry {
    let place = (u128::MAX / of * shard + of).to_string();
    let entry = PutRecordsRequestEntry::builder().partition_key("key").explicit_hash_key(place);
    entry.data(Blob::new(data)).build().unwrap()
}

/// The answer, or AWS's code and words.
async fn put(world: &World, records: Vec<PutRecordsRequestEntry>) -> Result<PutRecordsOutput, (String, String)> {
    let answer = world.kinesis.put_records().stream_name(STREAM).set_records(Some(records)).send().await;
    answer.map_err(|error| {
        let error = error.into_service_error();
        (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
    })
}

/// Length and first byte of every record of a shard, in order.
async fn read(world: &World, shard: usize) -> Vec<(usize, u8)> {
    let request = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id(format!("shardId-{shard:012}"));
    let answer = request.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
    let (mut next, mut records) = (answer.shard_iterator, Vec::new());
    loop {
        let page = world.kinesis.get_records().set_shard_iterator(next).send().await.unwrap();
        records.extend(page.records().iter().map(|record| (record.data().as_ref().len(), record.data().as_ref()[0])));
        if page.records().is_empty() {
            return records;
        }
        next = page.next_shard_iterator;
    }
}

#[tokio::test]
async fn a_call_of_ten_mebibytes_is_written_in_its_order_and_a_larger_one_is_refused() {
    let world = World::with_stream(16).await;
    // Eleven shards with ten records each, whose number of the call is their first byte.
    let records = |bytes: usize| {
        (0..110_u8)
            .map(|i| {
                let mut data = vec![b'x'; bytes];
                data[0] = i;
                entry(u128::from(i % 11), 16, data)
            })
            .collect::<Vec<_>>()
    };
    let answer = put(&world, records(95_000)).await.unwrap();
    assert_eq!((answer.failed_record_count(), answer.records().len()), (Some(0), 110));
    for (i, record) in answer.records().iter().enumerate() {
        assert_eq!(record.shard_id(), Some(format!("shardId-{:012}", i % 11).as_str()), "record {i}");
    }
    for shard in 0..11_u8 {
        let expected: Vec<_> = (0..10).map(|round| (95_000, round * 11 + shard)).collect();
        assert_eq!(read(&world, usize::from(shard)).await, expected);
    }
    assert_eq!(world.sums("IncomingBytes").await, [f64::from(110 * 95_003)]);
    let (code, message) = put(&world, records(96_000)).await.unwrap_err();
    assert_eq!(code, "InvalidArgumentException");
    assert_eq!(message, "Records size exceeds 10 MB limit: 10560330 bytes, and 10485760 are taken.");
}

#[tokio::test]
async fn of_a_large_call_what_a_shard_has_no_room_for_is_throttled_and_the_rest_written() {
    let world = World::with_stream(2).await;
    // Shard 0 takes one mebibyte of six in this second; every other record goes to shard 1, which takes them all.
    let records =
        (0..12_u8).map(|i| entry(u128::from(i % 2), 2, vec![i; if i % 2 == 0 { MIB - 3 } else { 1_000 }])).collect();
    let answer = put(&world, records).await.unwrap();
    assert_eq!(answer.failed_record_count(), Some(5));
    let failed: Vec<_> = answer.records().iter().map(|record| record.error_code().is_some()).collect();
    assert_eq!(failed, [false, false, true, false, true, false, true, false, true, false, true, false]);
    assert_eq!(read(&world, 0).await, [(MIB - 3, 0)]);
    assert_eq!(read(&world, 1).await.len(), 6);
}

#[tokio::test]
async fn a_call_with_a_hash_key_outside_the_ring_writes_nothing_however_large_it_is() {
    // Of 4 and 8 MB, on shards with room for all of it and for a part.
    for (shards, records) in [(16_u8, 40), (16, 80), (2, 80)] {
        let world = World::with_stream(u32::from(shards)).await;
        let mut records: Vec<_> =
            (0..records).map(|i| entry(u128::from(i % shards), u128::from(shards), vec![i; 100_000])).collect();
        records.last_mut().unwrap().explicit_hash_key = Some("9".repeat(39));
        let (code, message) = put(&world, records).await.unwrap_err();
        assert_eq!(code, "InvalidArgumentException");
        assert_eq!(
            message,
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. \
             Specified value was 999999999999999999999999999999999999999"
        );
        for shard in 0..shards {
            assert_eq!(read(&world, usize::from(shard)).await, []);
        }
        for metric in ["IncomingRecords", "WriteProvisionedThroughputExceeded"] {
            assert_eq!(world.sums(metric).await, [0.0; 0], "{metric}");
        }
    }
}

#[tokio::test]
async fn a_stream_takes_records_as_large_as_it_was_told_to() {
    let world = World::with_stream(2).await;
    let whole = || entry(0, 2, vec![7; 10 * MIB - 3]);
    let (code, message) = put(&world, vec![whole()]).await.unwrap_err();
    assert_eq!(code, "InvalidArgumentException");
    assert_eq!(
        message,
        "Record 1 has 10485760 bytes with its key, which exceeds the 1048576 that stream orders takes."
    );
    world.kinesis.update_max_record_size().stream_arn(ARN).max_record_size_in_kib(10_240).send().await.unwrap();
    assert_eq!(put(&world, vec![whole()]).await.unwrap().failed_record_count(), Some(0));
    let alone = world.kinesis.put_record().stream_name(STREAM).partition_key("key").explicit_hash_key("1");
    let second = || world.sandbox.clock().advance(jiff::SignedDuration::from_secs(1));
    second();
    alone.data(Blob::new(vec![8; 5 * MIB])).send().await.unwrap();
    assert_eq!(read(&world, 0).await, [(10 * MIB - 3, 7), (5 * MIB, 8)]);
    second();
    let beside = vec![entry(0, 2, vec![1; 6 * MIB]), entry(1, 2, vec![2; 3 * MIB])];
    let answer = put(&world, beside).await.unwrap();
    let shards: Vec<_> = answer.records().iter().map(|record| record.shard_id().unwrap()).collect();
    assert_eq!(shards, ["shardId-000000000000", "shardId-000000000001"]);
    assert_eq!(read(&world, 1).await, [(3 * MIB, 2)]);
}

#[tokio::test]
async fn a_new_stream_is_told_what_records_it_takes() {
    let world = World::new(manual()).await;
    let create = |name: &str, kib| {
        let create = world.kinesis.create_stream().stream_name(name).shard_count(1);
        create.max_record_size_in_kib(kib).send()
    };
    create(STREAM, 2_048).await.unwrap();
    assert!(put(&world, vec![entry(0, 1, vec![7; 2 * MIB - 3])]).await.is_ok());
    let refused = create("other", 10_241).await.unwrap_err().into_service_error();
    assert_eq!(refused.message(), Some("MaxRecordSizeInKiB 10241 is not from 1024 to 10240."));
}

#[tokio::test]
async fn retention_may_be_a_year_and_tags_fifty_at_once() {
    let world = World::with_stream(1).await;
    let longer = |hours| {
        let longer = world.kinesis.increase_stream_retention_period().stream_name(STREAM);
        longer.retention_period_hours(hours).send()
    };
    longer(8_760).await.unwrap();
    let described = world.kinesis.describe_stream_summary().stream_name(STREAM).send().await.unwrap();
    assert_eq!(described.stream_description_summary().unwrap().retention_period_hours(), 8_760);
    let shorter = world.kinesis.decrease_stream_retention_period().stream_arn(ARN);
    shorter.retention_period_hours(200).send().await.unwrap();

    world.kinesis.add_tags_to_stream().stream_name(STREAM).set_tags(Some(tags(50))).send().await.unwrap();
    let told = world.kinesis.list_tags_for_stream().stream_name(STREAM).send().await.unwrap();
    assert_eq!(told.tags().len(), 50);
    let keys = tags(50).into_keys().collect();
    world.kinesis.remove_tags_from_stream().stream_name(STREAM).set_tag_keys(Some(keys)).send().await.unwrap();
    let told = world.kinesis.list_tags_for_stream().stream_name(STREAM).send().await.unwrap();
    assert!(told.tags().is_empty());
}

fn tags(count: usize) -> HashMap<String, String> {
    (0..count).map(|i| (format!("key-{i}"), "value".to_owned())).collect()
}

/// AWS's code and words; a call that is taken has none.
macro_rules! refusal {
    ($call:expr) => {{
        let error = $call.send().await.unwrap_err().into_service_error();
        format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
    }};
}

#[tokio::test]
async fn whoever_asks_for_too_much_is_told_the_bound_of_kinesis() {
    let world = World::with_stream(1).await;
    let kinesis = &world.kinesis;
    let keys = || Some(tags(51).into_keys().collect());
    let (hours, fifty) = ("less than or equal to 8760", "less than or equal to 50");
    for (said, bound) in [
        (refusal!(kinesis.increase_stream_retention_period().stream_name(STREAM).retention_period_hours(8_761)), hours),
        (refusal!(kinesis.decrease_stream_retention_period().stream_name(STREAM).retention_period_hours(8_761)), hours),
        (refusal!(kinesis.add_tags_to_stream().stream_name(STREAM).set_tags(Some(tags(201)))), "equal to 200"),
        (refusal!(kinesis.remove_tags_from_stream().stream_name(STREAM).set_tag_keys(keys())), fifty),
        (refusal!(kinesis.list_tags_for_stream().stream_name(STREAM).limit(51)), fifty),
    ] {
        assert!(said.starts_with("ValidationException: ") && said.contains(bound), "{said} has no {bound:?}");
    }
    kinesis.add_tags_to_stream().stream_name(STREAM).set_tags(Some(tags(50))).send().await.unwrap();
    let said = refusal!(kinesis.add_tags_to_stream().stream_name(STREAM).tags("one", "more"));
    assert!(said.ends_with("a given stream cannot have more than 50 tags associated with it."), "{said}");
}

#[tokio::test]
async fn whatever_the_size_of_a_request_a_stream_that_is_not_there_is_not_found() {
    let world = World::with_stream(1).await;
    let kinesis = &world.kinesis;
    let large = || Blob::new(vec![7; 2 * MIB]);
    let entry = PutRecordsRequestEntry::builder().partition_key("key").data(large()).build().unwrap();
    for said in [
        refusal!(kinesis.increase_stream_retention_period().stream_name("none").retention_period_hours(8_760)),
        refusal!(kinesis.decrease_stream_retention_period().stream_name("none").retention_period_hours(200)),
        refusal!(kinesis.add_tags_to_stream().stream_name("none").set_tags(Some(tags(50)))),
        refusal!(
            kinesis.remove_tags_from_stream().stream_name("none").set_tag_keys(Some(tags(50).into_keys().collect()))
        ),
        refusal!(kinesis.list_tags_for_stream().stream_name("none").limit(50)),
        refusal!(kinesis.put_record().stream_name("none").partition_key("key").data(large())),
        refusal!(kinesis.put_records().stream_name("none").records(entry)),
    ] {
        assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
    }
}

#[tokio::test]
async fn encryption_is_switched_by_arn() {
    let world = World::with_stream(1).await;
    let (kinesis, kms) = (&world.kinesis, EncryptionType::Kms);
    kinesis.start_stream_encryption().stream_arn(ARN).encryption_type(kms.clone()).key_id("k").send().await.unwrap();
    let of = async || {
        let answer = kinesis.describe_stream_summary().stream_arn(ARN).send().await.unwrap();
        answer.stream_description_summary().unwrap().key_id().map(str::to_owned)
    };
    assert_eq!(of().await.as_deref(), Some("k"));
    kinesis.stop_stream_encryption().stream_arn(ARN).encryption_type(kms).key_id("k").send().await.unwrap();
    assert_eq!(of().await, None);
}
