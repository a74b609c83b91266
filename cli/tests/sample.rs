// SPDX-License-Identifier: Apache-2.0
//! `shardctl keys sample` over a sandbox: hot keys found, aggregated records opened, and no more read than was said.
#![allow(clippy::unwrap_used)]

mod support;

use aws_credential_types::Credentials;
use aws_models::cloudwatch::Metric;
use jiff::{SignedDuration, Timestamp};
use kinesis_producer::{Aggregation, Producer, Record, Settings, Stream};
use md5::Digest as _;
use sandbox::{Capacity, Options, Sandbox};
use serde_json::Value;
use support::{json, shardctl_at, succeeded};

const STREAM: &str = "clicks";

async fn world(shards: u32) -> (Sandbox, aws_sdk_kinesis::Client) {
    let options = Options { create_seconds: 0, resize_seconds: 0, ..Options::default() };
    let (sandbox, _) = Sandbox::start(options).await.unwrap();
    sandbox.create_stream(STREAM, Capacity::Shards(shards), &[]).await.unwrap();
    let sdk = scaler_aws::loader()
        .endpoint_url(sandbox.endpoint())
        .region("us-east-1")
        .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
        .load()
        .await;
    (sandbox, aws_sdk_kinesis::Client::new(&sdk))
}

/// So many records of each of these keys.
async fn write(client: &aws_sdk_kinesis::Client, settings: Settings, keys: &[(&str, usize)]) {
    let producer = Producer::start(Stream::new(client.clone(), STREAM), settings).unwrap();
    for (key, records) in keys {
        for i in 0..*records {
            drop(producer.send(Record::new(*key, format!("{i:05}"))).await.unwrap());
        }
    }
    assert_eq!(producer.close().await.failed, 0);
}

async fn sample(sandbox: &Sandbox, more: &str) -> String {
    succeeded(shardctl_at(sandbox.endpoint(), &format!("keys sample --stream {STREAM} {more}"), &[]).await)
}

#[tokio::test]
async fn the_hottest_key_is_found_and_what_to_do_about_it_said() {
    let (sandbox, client) = world(1).await;
    write(&client, Settings::default(), &[("tenant-1", 300), ("tenant-2", 60), ("tenant-3", 40), ("a", 5), ("b", 5)])
        .await;
    let told = sample(&sandbox, "").await;
    assert!(told.starts_with("reads at most 10,000 records or about 2 MiB of each of shardId-000000000000; meanwhile it uses one of the 5 calls"), "{told}");
    let report = json(&sample(&sandbox, "--output json").await);
    assert_eq!((&report["records"], &report["distinct_keys"]), (&410.into(), &5.into()));
    let first = &report["hottest_keys"][0];
    assert_eq!((&first["key"], &first["shard"]), (&"tenant-1".into(), &"shardId-000000000000".into()));
    assert!((first["share"].as_f64().unwrap() - 300.0 / 410.0).abs() < 1e-9);
    let few = json(&sample(&sandbox, "--records 50 --output json").await);
    assert_eq!(few["records"], 50, "no more than was allowed");
}

#[tokio::test]
async fn aggregated_records_are_opened() {
    let (sandbox, client) = world(1).await;
    let settings = Settings { aggregation: Aggregation::PerKey { bytes_max: 4_000 }, ..Settings::default() };
    write(&client, settings, &[("tenant-1", 400), ("tenant-2", 100)]).await;
    let report = json(&sample(&sandbox, "--output json").await);
    assert_eq!((&report["user_records"], &report["distinct_keys"]), (&500.into(), &2.into()));
    assert!(report["records"].as_u64().unwrap() < 50 && report["aggregated"].as_u64().unwrap() >= 2, "{report}");
    let shares: Vec<_> =
        report["hottest_keys"].as_array().unwrap().iter().map(|key| key["share"].as_f64().unwrap()).collect();
    assert_eq!(shares, [0.8, 0.2]);
    assert!(report["advice"].to_string().contains("only 2 keys in 500 records"), "{report}");
}

/// An aggregated record, made by hand: keys, explicit hash keys, and for each record which of them it has; 100 bytes each.
fn aggregate(keys: &[&str], hash_keys: &[&str], records: &[(u8, Option<u8>, usize)]) -> Vec<u8> {
    let field = |number: u8, of: &[u8]| [&[number << 3 | 2, u8::try_from(of.len()).unwrap()], of].concat();
    let mut message: Vec<u8> = keys.iter().flat_map(|key| field(1, key.as_bytes())).collect();
    message.extend(hash_keys.iter().flat_map(|hash_key| field(2, hash_key.as_bytes())));
    for (key, hash_key, times) in records {
        let hash_key = hash_key.map_or(Vec::new(), |hash_key| vec![2 << 3, hash_key]);
        let record = [&[1 << 3, *key], hash_key.as_slice(), &field(3, &[b'x'; 100])].concat();
        message.extend(field(3, &record).repeat(*times));
    }
    [&[0xF3, 0x89, 0x9A, 0xC2], message.as_slice(), md5::Md5::digest(&message).as_slice()].concat()
}

#[tokio::test]
async fn aggregates_with_odd_hash_keys_are_opened_and_broken_ones_counted_and_told() {
    let (sandbox, client) = world(1).await;
    let put = async |data: Vec<u8>| {
        let put = client.put_record().stream_name(STREAM).partition_key("a").data(data.into());
        put.send().await.unwrap();
    };
    put(aggregate(&["meter-1", "meter-2"], &["undefined"], &[(0, Some(0), 40), (1, Some(0), 10)])).await;
    put(aggregate(&["meter-3"], &["undefined"], &[(0, None, 50)])).await;
    put(aggregate(&["meter-4"], &["ccccccccc"], &[(0, Some(0), 50)])).await;
    let report = json(&sample(&sandbox, "--output json").await);
    let figures = ["aggregated", "unopened", "user_records", "distinct_keys", "odd_hash_keys"];
    assert_eq!(figures.map(|name| report[name].as_u64().unwrap()), [3, 0, 150, 4, 100]);
    assert!(report["hottest_keys"].as_array().unwrap().iter().all(|key| key["key"] != "a"), "{report}");

    let mut changed = aggregate(&["meter-5"], &[], &[(0, None, 3)]);
    changed[20] ^= 1;
    put(changed.clone()).await;
    changed.truncate(7);
    put(changed).await;
    put(aggregate(&["meter-5"], &[], &[(9, None, 3)])).await;
    let report = json(&sample(&sandbox, "--output json").await);
    assert_eq!(figures.map(|name| report[name].as_u64().unwrap()), [3, 3, 153, 5, 100]);
    assert_eq!(report["unopened_because"].as_object().unwrap().len(), 2, "{report}");
    let told = sample(&sandbox, "").await;
    for expected in [
        "3 records are aggregated by the KPL; they contain 153 records\n",
        "100 records in them have an explicit hash key that is not a number: they count by their partition keys\n",
        "2 look aggregated but could not be decoded, and each counts as one record of its own key: the MD5 \
         checksum at its end does not match its content",
        "1 look aggregated but could not be decoded, and each counts as one record of its own key: a record in it points to",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
}

#[tokio::test]
async fn where_shards_are_measured_the_hot_one_is_read_and_split_where_its_keys_divide() {
    let (sandbox, client) = world(2).await;
    let metrics = ["IncomingBytes", "IncomingRecords", "WriteProvisionedThroughputExceeded"];
    let request = client.enable_enhanced_monitoring().stream_name(STREAM);
    let names = metrics.map(aws_sdk_kinesis::types::MetricsName::from).to_vec();
    request.set_shard_level_metrics(Some(names)).send().await.unwrap();
    // Keys of the first half of the ring; see the hash keys that `keys test` prints.
    let keys: Vec<String> =
        (0..400).map(|i| format!("k{i}")).filter(|key| kinesis_model::hash_key(key) < 1 << 127).collect();
    let each: Vec<_> = keys.iter().map(|key| (key.as_str(), 3)).collect();
    write(&client, Settings::default(), &each).await;
    let now = Timestamp::from_second(sandbox.now().as_second().div_euclid(60) * 60).unwrap();
    for ago in 1..=7 {
        for (shard, percent) in [("shardId-000000000000", 150.0), ("shardId-000000000001", 10.0)] {
            let at = now - SignedDuration::from_mins(ago);
            sandbox.cloudwatch().record(&Metric::shard(STREAM, shard, "IncomingRecords"), at, 600.0 * percent);
        }
    }
    let report = json(&sample(&sandbox, "--output json").await);
    let first = &report["shards"][0];
    assert_eq!((&first["shard"], &first["load"]), (&"shardId-000000000000".into(), &1.5.into()), "the hot one first");
    let splits = report["splits"].as_array().unwrap();
    assert_eq!(splits.len(), 1, "{splits:?}");
    let at: u128 = splits[0]["at"].as_str().unwrap().parse().unwrap();
    let below = keys.iter().filter(|key| kinesis_model::hash_key(key) < at).count();
    assert!(
        below.abs_diff(keys.len() / 2) <= keys.len() / 20,
        "half of the load on either side: {below} of {}",
        keys.len()
    );
    assert!(
        splits[0]["command"]
            .as_str()
            .unwrap()
            .contains("--shard-to-split shardId-000000000000 --new-starting-hash-key")
    );
}

#[tokio::test]
async fn nothing_is_read_where_that_was_asked_for_or_cannot_be() {
    let (sandbox, client) = world(2).await;
    write(&client, Settings::default(), &[("a", 3)]).await;
    sandbox.forget_calls();
    sample(&sandbox, "--dry-run").await;
    let would_read = json(&sample(&sandbox, "--dry-run --output json").await);
    assert!(would_read["would_read"].as_str().unwrap().contains("one of the 5 calls"), "{would_read}");
    assert!(!sandbox.calls().keys().any(|call| call.ends_with("GetRecords")), "{:?}", sandbox.calls());
    let wrong = shardctl_at(sandbox.endpoint(), &format!("keys sample --stream {STREAM} --shard nobody"), &[]).await;
    let told = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(
        (wrong.status.code(), told.contains("has no shard nobody that was open in the last 10 minutes")),
        (Some(1), true),
        "{told}"
    );
    let (empty, _client) = world(1).await;
    let report: Value = json(&sample(&empty, "--output json").await);
    assert!(report["advice"].to_string().contains("nothing was written"), "{report}");
}

/// What was written before a split lies in a shard that is closed by now.
#[tokio::test]
async fn shards_that_were_split_since_are_read_as_well() {
    let (sandbox, client) = world(1).await;
    write(&client, Settings::default(), &[("before", 50)]).await;
    let half = (u128::MAX / 2 + 1).to_string();
    let split = client.split_shard().stream_name(STREAM).shard_to_split("shardId-000000000000");
    split.new_starting_hash_key(half).send().await.unwrap();
    write(&client, Settings::default(), &[("after", 10)]).await;
    let report = json(&sample(&sandbox, "--output json").await);
    assert_eq!((&report["records"], &report["distinct_keys"]), (&60.into(), &2.into()), "{report}");
    let shards: Vec<_> = report["shards"].as_array().unwrap().iter().map(|shard| shard["shard"].clone()).collect();
    assert_eq!(shards, ["shardId-000000000000", "shardId-000000000001", "shardId-000000000002"]);
    for named in ["shardId-000000000000", "shardId-000000000001"] {
        let report = json(&sample(&sandbox, &format!("--shard {named} --output json")).await);
        let keys = report["hottest_keys"].to_string();
        assert!(keys.contains("before"), "{named}: {keys}");
    }
    let plan = sample(&sandbox, "--dry-run").await;
    assert!(plan.contains("shardId-000000000000, shardId-000000000001, shardId-000000000002"), "{plan}");
}
