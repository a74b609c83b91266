// SPDX-License-Identifier: Apache-2.0
//! The producer over the AWS SDK, against an emulated Kinesis.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::ShardIteratorType;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use jiff::{SignedDuration, Timestamp};
use kinesis_producer::{Aggregation, Producer, Record, SendError, Settings, Stream, aggregation};
use sandbox::{Capacity, ClockOptions, Options, Sandbox};

async fn client(endpoint: &str) -> Client {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .load()
        .await;
    Client::new(&sdk)
}

async fn world(shards: u32) -> (Sandbox, Client) {
    let clock = ClockOptions::Manual { start: Timestamp::UNIX_EPOCH, weight: 1.0 };
    let options = Options { clock, create_seconds: 0, resize_seconds: 0, ..Options::default() };
    let (sandbox, _) = Sandbox::start(options).await.unwrap();
    sandbox.create_stream("orders", Capacity::Shards(shards), &[]).await.unwrap();
    let client = client(sandbox.endpoint()).await;
    (sandbox, client)
}

/// Settings with which records wait for a full call or for the close, however slow this machine is.
fn patient() -> Settings {
    Settings { linger: Duration::from_hours(1), ..Settings::default() }
}

/// The data of every record of these shards.
async fn read(client: &Client, shards: u32) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for shard in 0..shards {
        let request = client.get_shard_iterator().stream_name("orders").shard_id(format!("shardId-{shard:012}"));
        let answer = request.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
        let page = client.get_records().set_shard_iterator(answer.shard_iterator).send().await.unwrap();
        all.extend(page.records().iter().map(|record| record.data().as_ref().to_vec()));
    }
    all
}

#[tokio::test]
async fn what_is_acknowledged_can_be_read() {
    let (_sandbox, client) = world(2).await;
    let producer = Producer::start(Stream::new(client.clone(), "orders"), patient()).unwrap();
    let mut tickets = Vec::new();
    for i in 0..700 {
        tickets.push(producer.send(Record::new(format!("user-{i}"), format!("order {i}"))).await.unwrap());
    }
    let counts = producer.close().await;
    assert_eq!((counts.acknowledged, counts.failed, counts.maybe_doubled), (700, 0, 0));
    assert_eq!(counts.calls, 2, "of 500 records at most");
    let mut shards = BTreeSet::new();
    for ticket in tickets {
        shards.insert(ticket.await.unwrap().shard);
    }
    assert_eq!(shards.len(), 2);
    let read: BTreeSet<_> = read(&client, 2).await.into_iter().collect();
    assert_eq!(read, (0..700).map(|i| format!("order {i}").into_bytes()).collect());
}

#[tokio::test]
async fn a_burst_of_large_records_goes_in_one_call_up_to_its_bytes() {
    let (_sandbox, client) = world(20).await;
    let producer = Producer::start(Stream::new(client, "orders"), patient()).unwrap();
    for i in 0..300 {
        drop(producer.send(Record::new(format!("user-{i}"), vec![b'x'; 30_000])).await.unwrap());
    }
    let counts = producer.close().await;
    assert_eq!((counts.acknowledged, counts.failed), (300, 0), "{counts:?}");
    assert_eq!(counts.calls, 1, "of 9 MB, where 10 MiB may be: {counts:?}");
}

#[tokio::test]
async fn a_record_that_the_stream_does_not_take_fails_alone() {
    let (_sandbox, client) = world(8).await;
    // The stream takes a mebibyte, which whoever set this did not know.
    let settings = Settings { record_bytes_max: 2 << 20, ..Settings::default() };
    let producer = Producer::start(Stream::new(client, "orders"), settings).unwrap();
    let mut tickets = Vec::new();
    for i in 0..40 {
        let bytes = if i == 17 { 1 << 20 } else { 1_000 };
        tickets.push(producer.send(Record::new(format!("user-{i}"), vec![b'x'; bytes])).await.unwrap());
    }
    let counts = producer.close().await;
    assert_eq!((counts.acknowledged, counts.failed), (39, 1), "{counts:?}");
    let Err(SendError::Refused { message, .. }) = tickets.remove(17).await else { panic!("too large") };
    assert!(message.contains("has 1048583 bytes with its key, which exceeds the 1048576"), "{message}");
}

#[tokio::test]
async fn a_shard_that_throttles_gets_all_in_the_end() {
    let (sandbox, client) = world(1).await;
    let settings = Settings { give_up_after: Duration::from_hours(1), ..Settings::default() };
    let producer = Producer::start(Stream::new(client.clone(), "orders"), settings).unwrap();
    // A thousand a second is what a shard takes.
    for i in 0..1_500 {
        drop(producer.send(Record::new("user", i.to_string())).await.unwrap());
    }
    // The second passes once the shard is full, and not before.
    let mut closing = std::pin::pin!(producer.close());
    let counts = loop {
        tokio::select! {
            counts = &mut closing => break counts,
            () = tokio::time::sleep(Duration::from_millis(5)) => {
                if producer.counts().throttled > 0 {
                    sandbox.clock().advance(SignedDuration::from_secs(1));
                }
            }
        }
    };
    assert!(counts.throttled > 0, "{counts:?}");
    assert_eq!((counts.acknowledged, counts.failed), (1_500, 0), "{counts:?}");
}

#[tokio::test]
async fn aggregated_records_are_one_on_the_wire() {
    let (_sandbox, client) = world(1).await;
    let aggregation = Aggregation::PerKey { bytes_max: 50_000 };
    let settings = Settings { aggregation, ..patient() };
    let producer = Producer::start(Stream::new(client.clone(), "orders"), settings).unwrap();
    for i in 0..500 {
        drop(producer.send(Record::new("user", i.to_string())).await.unwrap());
    }
    assert_eq!(producer.close().await.acknowledged, 500);
    let inside = |data: &Vec<u8>| aggregation::decode(data).unwrap().unwrap().records.len();
    assert_eq!(read(&client, 1).await.iter().map(inside).collect::<Vec<_>>(), [500]);
}

#[tokio::test]
async fn what_aws_refuses_comes_back_at_once_with_its_words() {
    let (_sandbox, client) = world(1).await;
    let producer = Producer::start(Stream::new(client, "nobody"), Settings::default()).unwrap();
    let ended = producer.send(Record::new("user", "x")).await.unwrap().await;
    let Err(SendError::Refused { tries: 1, message, maybe_written: false }) = ended else { panic!("{ended:?}") };
    assert!(message.starts_with("ResourceNotFoundException"), "{message}");
    // Nobody is there at all: that may pass, and is told when it does not.
    let nowhere = client_of_nowhere().await;
    let settings = Settings { tries_max: 2, pause: Duration::ZERO, ..Settings::default() };
    let producer = Producer::start(Stream::new(nowhere, "orders"), settings).unwrap();
    let ended = producer.send(Record::new("user", "x")).await.unwrap().await;
    assert!(matches!(ended, Err(SendError::GaveUp { tries: 2, maybe_written: true, .. })), "{ended:?}");
    let counts = producer.close().await;
    assert_eq!((counts.sent, counts.failed), (1, 1));
}

/// A port on which nobody listens.
async fn client_of_nowhere() -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    client(&format!("http://{address}")).await
}
