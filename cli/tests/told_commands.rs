// SPDX-License-Identifier: Apache-2.0
//! Every command of `shardctl` in README.md and docs/, over streams that the sandbox keeps: what a newcomer copies must work.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use aws_models::cloudwatch::Metric;
use aws_sdk_kinesis::types::MetricsName;
use jiff::SignedDuration;
use kinesis_model::limits::SHARD_METRICS;
use sandbox::{Capacity, Options, Sandbox, Traffic};
use scaler_core::TAG_MANAGED;
use support::{command_at, scratch, succeeded};

/// Somewhat more than the day that tuning takes.
const MINUTES: u32 = 1_500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// README.md, its translations, and the pages of docs/.
fn documents() -> Vec<PathBuf> {
    let listed = [root(), root().join("docs")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = listed.map(|entry| entry.unwrap().path());
    let mut documents: Vec<_> = paths.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    documents.sort();
    documents
}

/// The lines of shell blocks that call the program, without their comments; each once.
fn commands_in_blocks() -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    for document in documents() {
        let text = fs::read_to_string(document).unwrap();
        let blocks = text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
        let lines = blocks.flat_map(str::lines).filter(|line| line.starts_with("shardctl "));
        commands.extend(lines.map(|line| line.split('#').next().unwrap().trim().to_owned()));
    }
    commands
}

/// What stands between backticks in a sentence and begins with the program's name.
fn commands_in_sentences() -> BTreeSet<String> {
    let mut commands = BTreeSet::new();
    for document in documents() {
        let text = fs::read_to_string(document).unwrap();
        let outside = text.split("```").step_by(2);
        let spans = outside.flat_map(|part| part.split('`').skip(1).step_by(2));
        let spans = spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
        commands.extend(spans.filter(|span| span.starts_with("shardctl ") && !span.contains("COMMAND")));
    }
    commands
}

/// A sandbox with the stream that the documents speak of: managed, four shards, which are measured, a day and an hour of three
/// shards' traffic.
async fn sandbox() -> Sandbox {
    let traffic = vec![Traffic { stream: "orders".to_owned(), full_shards: 3.0 }];
    let options = Options { create_seconds: 0, resize_seconds: 0, traffic, ..Options::default() };
    let (sandbox, _) = Sandbox::start(options).await.unwrap();
    sandbox.create_stream("orders", Capacity::Shards(4), &[(TAG_MANAGED, "true")]).await.unwrap();
    sandbox.seed(MINUTES).await;
    let sdk = scaler_aws::loader()
        .endpoint_url(sandbox.endpoint())
        .region("us-east-1")
        .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
        .load()
        .await;
    let enable = aws_sdk_kinesis::Client::new(&sdk).enable_enhanced_monitoring().stream_name("orders");
    let metrics = SHARD_METRICS.map(MetricsName::from).to_vec();
    enable.set_shard_level_metrics(Some(metrics)).send().await.unwrap();
    for (ago, shard) in (1..=7).flat_map(|ago| (0..4).map(move |shard| (ago, shard))) {
        let metric = Metric::shard("orders", &format!("shardId-{shard:012}"), "IncomingRecords");
        sandbox.cloudwatch().record(&metric, sandbox.now() - SignedDuration::from_mins(ago), 45_000.0);
    }
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_in_the_documents_works() {
    let sandbox = sandbox().await;
    let folder = scratch("told-commands");
    fs::create_dir_all(&folder).unwrap();
    let calls = commands_in_blocks();
    assert!(calls.len() >= 15, "the documents' commands are not found any more: {calls:?}");
    for call in &calls {
        // A file of the repository is where it is; what is written goes into a folder of the test's own.
        let arguments = call.split_whitespace().skip(1).map(|word| {
            let file = root().join(word);
            if word.contains('/') && file.exists() { file.into_os_string() } else { word.into() }
        });
        let output = command_at(sandbox.endpoint()).args(arguments).current_dir(&folder).output();
        let told = succeeded(output.await.unwrap());
        let writes_a_folder = call.contains("--directory");
        assert!(writes_a_folder || !told.trim().is_empty(), "{call} says nothing");
    }
    for written in ["orders.svg", "orders.html", "man"] {
        assert!(folder.join(written).exists(), "{written}");
    }
}

/// A sentence may name a command without all that it needs: its words and options must be ones that there are.
#[tokio::test]
async fn every_command_named_in_a_sentence_exists() {
    let commands = commands_in_sentences();
    assert!(commands.len() >= 5, "the documents' commands are not found any more: {commands:?}");
    for command in commands {
        let arguments = command.split_whitespace().skip(1);
        let output = command_at("http://127.0.0.1:9").args(arguments).arg("--help").output();
        succeeded(output.await.unwrap());
    }
}
