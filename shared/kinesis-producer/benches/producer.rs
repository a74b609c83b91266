// SPDX-License-Identifier: Apache-2.0
//! Records a second into the sandbox, and a Python producer with boto3 doing the same in the same run.
//!
//! `cargo xtask bench producer`. Both write the same records to the same stream, in calls of 500 and eight at once. The sandbox has
//! more shards than either can fill, and a runtime of its own in this process; what it takes of the machine it takes for both.
//! Python is measured first and last, and the better of the two counts: what a long run does to the sandbox favours nobody.

use kinesis_model::num::float;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_sdk_kinesis::Client;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use kinesis_model::HashKeyRange;
use kinesis_producer::{Aggregation, Producer, Record, Settings, Stream};
use sandbox::{Capacity, Options, Sandbox};

const SHARDS: u32 = 400;
const RECORD_BYTES: usize = 100;
const RUN: Duration = Duration::from_secs(8);
const STREAM: &str = "bench";

/// What [`PYTHON`] ends with where it lacks what it needs.
const NO_BOTO3: i32 = 7;

/// What a Python programmer writes for it: threads, calls of 500, and again what was not taken.
const PYTHON: &str = "
import sys, threading, time, uuid
try:
    import boto3
except ImportError as error:
    print('no boto3:', error, file=sys.stderr)
    sys.exit(7)
from botocore.config import Config
endpoint, stream, seconds, size = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
written = [0] * 8
until = time.monotonic() + seconds
def work(i):
    client = boto3.client('kinesis', endpoint_url=endpoint, region_name='us-east-1', aws_access_key_id='sandbox',
                          aws_secret_access_key='sandbox', config=Config(retries={'max_attempts': 1}))
    data = b'x' * size
    while time.monotonic() < until:
        records = [{'Data': data, 'PartitionKey': str(uuid.uuid4())} for _ in range(500)]
        while records:
            answer = client.put_records(StreamName=stream, Records=records)
            records = [record for record, result in zip(records, answer['Records']) if 'ErrorCode' in result]
        written[i] += 500
threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
began = time.monotonic()
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(written) / (time.monotonic() - began))
";

fn main() -> ExitCode {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let (Ok(server), Ok(client)) = (runtime(), runtime()) else {
        eprintln!("cannot start what runs tasks");
        return ExitCode::FAILURE;
    };
    let options = Options { create_seconds: 0, resize_seconds: 0, ..Options::default() };
    let sandbox = server.block_on(async {
        let (sandbox, _) = Sandbox::start(options).await.ok()?;
        sandbox.create_stream(STREAM, Capacity::Shards(SHARDS), &[]).await.ok()?;
        Some(sandbox)
    });
    let Some(sandbox) = sandbox else {
        eprintln!("the sandbox does not start");
        return ExitCode::FAILURE;
    };
    let endpoint = sandbox.endpoint();
    let settings = Settings::default();
    let first = python(endpoint);
    let plain = client.block_on(write(endpoint, settings.clone()));
    let aggregation = Aggregation::PerShard { ranges: HashKeyRange::uniform(SHARDS), bytes_max: 50_000 };
    let linger = Duration::from_millis(200);
    let together = client.block_on(write(endpoint, Settings { aggregation, linger, ..settings }));
    println!(
        "records of {RECORD_BYTES} bytes into a sandbox of {SHARDS} shards, {} s each, calls of 500, 8 at once",
        RUN.as_secs()
    );
    println!("kinesis-producer             {plain:>10.0} records/s");
    println!("kinesis-producer, aggregated {together:>10.0} records/s");
    match first.and_then(|first| Ok((first, python(endpoint)?))) {
        Ok((first, last)) => {
            let python = first.max(last);
            println!(
                "boto3                        {python:>10.0} records/s, the better of {first:.0} first and {last:.0} last"
            );
            println!("ratio                        {:>10.1}, aggregated {:.1}", plain / python, together / python);
        }
        Err(why) => println!("boto3                        NOT MEASURED: {why}"),
    }
    ExitCode::SUCCESS
}

/// Records a second that were acknowledged; every record must be accounted for.
async fn write(endpoint: &str, settings: Settings) -> f64 {
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .load()
        .await;
    let stream = Stream::new(Client::new(&sdk), STREAM);
    let producer = Producer::start(stream, settings).expect("these settings can be");
    let began = Instant::now();
    let mut key = 0_u64;
    while began.elapsed() < RUN {
        for _ in 0..100 {
            key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let sent = producer.send(Record::new(format!("{key:016x}-{key:016x}"), vec![b'x'; RECORD_BYTES])).await;
            drop(sent.expect("the record is one that can be written"));
        }
    }
    let counts = producer.close().await;
    assert_eq!((counts.sent, counts.failed), (counts.acknowledged, 0), "{counts:?}");
    float(counts.acknowledged) / began.elapsed().as_secs_f64()
}

/// Records a second that Python had written, or why there is no such number.
fn python(endpoint: &str) -> Result<f64, String> {
    let mut command = Command::new("python3");
    let seconds = RUN.as_secs().to_string();
    command.args(["-c", PYTHON, endpoint, STREAM, &seconds, &RECORD_BYTES.to_string()]);
    let output = command.output().map_err(|error| format!("python3 does not start: {error}"))?;
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(NO_BOTO3) && complaint.starts_with("no boto3") {
        return Err("python3 has no boto3 here (pip install boto3)".to_owned());
    }
    if !output.status.success() {
        return Err(format!("python3 ended with {}: {}", output.status, complaint.trim()));
    }
    said.trim()
        .parse()
        .map_err(|_| format!("python3 said {:?}, which is not a number; {}", said.trim(), complaint.trim()))
}
