// SPDX-License-Identifier: Apache-2.0
//! Writes a steady load to a stream: `cargo run -p kinesis-producer --example load -- STREAM --seconds 60 --mib-per-second 1.5`.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use kinesis_producer::{Producer, Record, Settings, Stream};
use tokio::time::{Instant, interval_at};

/// Data of one record, bytes: far from Kinesis's limit of 1,000 records a second and shard.
const RECORD_BYTES: u16 = 10 * 1024;
/// Partition keys in turn, so that every shard gets its part.
const KEYS: u64 = 1_000;

type Failure = Box<dyn std::error::Error>;

struct Load {
    stream: String,
    seconds: u64,
    records_per_second: f64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let load = asked(&std::env::args().skip(1).collect::<Vec<_>>())?;
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let sdk = aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await;
    let stream = Stream::new(aws_sdk_kinesis::Client::new(&sdk), load.stream.as_str());
    // Shorter than a minute: what a full stream does not take shows as throttled records and does not pile up here.
    let settings = Settings { give_up_after: Duration::from_secs(10), ..Settings::default() };
    let producer = Producer::start(stream, settings)?;

    let pause = Duration::from_secs_f64(1.0 / load.records_per_second);
    let mut turns = interval_at(Instant::now(), pause);
    let ends = Instant::now() + Duration::from_secs(load.seconds);
    let mut number = 0;
    while turns.tick().await < ends {
        number += 1;
        // Its end is in the counts below.
        drop(producer.send(Record::new(format!("key-{}", number % KEYS), vec![b'x'; RECORD_BYTES.into()])).await?);
    }
    let counts = producer.close().await;
    println!(
        "{}: {} records sent, {} acknowledged, {} failed",
        load.stream, counts.sent, counts.acknowledged, counts.failed
    );
    if counts.acknowledged == 0 { Err("no record was acknowledged".into()) } else { Ok(()) }
}

fn asked(arguments: &[String]) -> Result<Load, Failure> {
    let [stream, seconds_name, seconds, rate_name, rate] = arguments else {
        return Err("expected STREAM --seconds N --mib-per-second N".into());
    };
    if (seconds_name.as_str(), rate_name.as_str()) != ("--seconds", "--mib-per-second") {
        return Err(format!("expected --seconds and --mib-per-second, and not {seconds_name} and {rate_name}").into());
    }
    let seconds = seconds.parse().map_err(|error| format!("--seconds {seconds}: {error}"))?;
    let mib_per_second: f64 = rate.parse().map_err(|error| format!("--mib-per-second {rate}: {error}"))?;
    if !(0.1..=100.0).contains(&mib_per_second) {
        return Err(format!("--mib-per-second {rate} is not from 0.1 to 100").into());
    }
    let records_per_second = mib_per_second * 1024.0 * 1024.0 / f64::from(RECORD_BYTES);
    Ok(Load { stream: stream.clone(), seconds, records_per_second })
}
