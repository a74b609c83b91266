// SPDX-License-Identifier: Apache-2.0
//! Streams in a sandbox that an operator's commands find, and what the commands answer.

#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part of it")]

use aws_models::cloudwatch::Metric;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Capacity, Options, Sandbox};
use scaler_core::TAG_MANAGED;
use serde_json::Value;

use crate::support::{json, not_carried_out, shardctl_at, succeeded};

pub(crate) const BYTES_PER_SHARD: f64 = 60.0 * 1_048_576.0;
pub(crate) const MANAGED: (&str, &str) = (TAG_MANAGED, "true");
pub(crate) const STACK: &str = "kinesis-scaler";

/// What a command may call that must change nothing.
pub(crate) const READS: [&str; 7] = [
    "kinesis:DescribeStreamSummary",
    "kinesis:ListTagsForStream",
    "kinesis:DescribeLimits",
    "kinesis:ListShards",
    "cloudwatch:GetMetricData",
    "cloudwatch:DescribeAlarms",
    "tag:GetResources",
];

pub(crate) async fn sandbox() -> Sandbox {
    let options = Options { create_seconds: 0, resize_seconds: 0, ..Options::default() };
    Sandbox::start(options).await.unwrap().0
}

/// A managed stream with a load that would fill so many shards in each of the last minutes, and no lag: a whole window,
/// and too little for a plan, whatever the minute of the hour.
pub(crate) async fn loaded(sandbox: &Sandbox, stream: &str, shards: u32, full_shards: f64, tags: &[(&str, &str)]) {
    let tags = [&[MANAGED], tags].concat();
    sandbox.create_stream(stream, Capacity::Shards(shards), &tags).await.unwrap();
    for ago in 1..=61 {
        for (name, value) in [
            ("IncomingBytes", full_shards * BYTES_PER_SHARD),
            ("IncomingRecords", 6_000.0),
            ("GetRecords.IteratorAgeMilliseconds", 0.0),
        ] {
            sandbox.cloudwatch().record(&Metric::kinesis(stream, name), minutes_ago(sandbox, ago), value);
        }
    }
}

pub(crate) fn minutes_ago(sandbox: &Sandbox, ago: i64) -> Timestamp {
    Timestamp::from_second(sandbox.now().as_second().div_euclid(60) * 60).unwrap() - SignedDuration::from_mins(ago)
}

pub(crate) async fn answer(sandbox: &Sandbox, arguments: &str) -> Value {
    json(&succeeded(shardctl_at(sandbox.endpoint(), &format!("{arguments} --output json"), &[]).await))
}

/// The answer to an order that is not carried out.
pub(crate) async fn held(sandbox: &Sandbox, arguments: &str) -> Value {
    json(&not_carried_out(shardctl_at(sandbox.endpoint(), &format!("{arguments} --output json"), &[]).await))
}

pub(crate) async fn told(sandbox: &Sandbox, arguments: &str) -> String {
    succeeded(shardctl_at(sandbox.endpoint(), arguments, &[]).await)
}

/// Fails with this code, and says this.
pub(crate) async fn fails(endpoint: &str, arguments: &str, words: &[&str]) {
    let output = shardctl_at(endpoint, arguments, &[]).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(words.iter().all(|words| told.contains(words)), "{arguments}: {told}");
    assert_eq!(output.status.code(), Some(1), "{arguments}: {told}");
}

/// What was called since the last look that changes something.
pub(crate) fn writes(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls();
    sandbox.forget_calls();
    assert!(!calls.is_empty(), "something was called");
    calls.into_keys().filter(|call| !READS.contains(&call.as_str())).collect()
}
