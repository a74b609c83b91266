// SPDX-License-Identifier: Apache-2.0
//! The program over a stream that the sandbox keeps, through the AWS SDK.
#![allow(clippy::unwrap_used)]

mod support;

use aws_models::cloudwatch::Metric;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Capacity, Options, Sandbox};
use serde_json::Value;
use support::{json, number, shardctl_at, succeeded};

const MIB: f64 = 1_048_576.0;
/// Somewhat more than the day that tuning takes.
const MINUTES: i64 = 1_500;

/// A sandbox with a stream of each mode, and a day and an hour of traffic of two shards on each, with gaps and a burst.
async fn sandbox() -> Sandbox {
    let (sandbox, _) = Sandbox::start(Options { create_seconds: 0, ..Options::default() }).await.unwrap();
    sandbox.create_stream("orders", Capacity::Shards(4), &[]).await.unwrap();
    sandbox.create_stream("elastic", Capacity::OnDemand, &[]).await.unwrap();
    sandbox.create_stream("silent", Capacity::Shards(1), &[]).await.unwrap();
    let running = Timestamp::from_second(sandbox.now().as_second().div_euclid(60) * 60).unwrap();
    for stream in ["orders", "elastic"] {
        // Every tenth minute is missing.
        for ago in (1..=MINUTES).filter(|ago| ago % 10 != 0) {
            let at = running - SignedDuration::from_mins(ago);
            let record = |name, value| sandbox.cloudwatch().record(&Metric::kinesis(stream, name), at, value);
            record("IncomingBytes", 2.0 * 60.0 * MIB);
            record("IncomingRecords", 6_000.0);
            record("WriteProvisionedThroughputExceeded", if ago == 101 { 3_000.0 } else { 0.0 });
        }
    }
    sandbox
}

async fn shardctl(sandbox: &Sandbox, arguments: &str) -> std::process::Output {
    shardctl_at(sandbox.endpoint(), arguments, &[]).await
}

fn rival<'a>(report: &'a Value, name: &str) -> Option<&'a Value> {
    report["compared"].as_array().unwrap().iter().find(|rival| rival["name"] == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streams_own_history_is_replayed_against_what_was_paid() {
    let sandbox = sandbox().await;
    let told = succeeded(shardctl(&sandbox, "backtest --stream orders --days 2 --no-optimum --output json").await);
    let report = json(&told);
    assert_eq!((&report["initial_shards"], &report["stream"]["open_shards"]), (&4.into(), &4.into()));
    // The newest two minutes are not asked for; before the first that is known the stream was not there.
    let minutes = number(&report, "/trace/minutes");
    assert!((1_490.0..=1_500.0).contains(&minutes), "{minutes}");
    assert!((number(&report, "/stream/unknown_minutes_share") - 0.1).abs() < 0.002, "{report}");
    assert_eq!(report["trace"]["peak_shards"], 3, "what was throttled was wanted too");
    let paid = rival(&report, "as-now").unwrap();
    assert!((number(paid, "/score/shard_hours") - minutes / 60.0 * 4.0).abs() < 1e-6, "{paid}");

    let told = succeeded(shardctl(&sandbox, "backtest --stream orders --no-optimum").await);
    assert!(told.contains("orders, with its present 4 shards all the time, costs "), "{told}");
    assert!(told.contains(" % of the minutes; they count as idle.\n"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_in_on_demand_mode_is_compared_with_what_that_costs() {
    let sandbox = sandbox().await;
    let told = succeeded(shardctl(&sandbox, "backtest --stream elastic --no-optimum").await);
    assert!(told.contains("elastic, in on-demand mode, as it is now, costs "), "{told}");
    let report = json(&succeeded(shardctl(&sandbox, "backtest --stream elastic --no-optimum --output json").await));
    assert_eq!((&report["stream"]["open_shards"], &report["initial_shards"]), (&Value::Null, &4.into()));
    assert!(rival(&report, "as-now").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_tuned_on_its_own_history() {
    let sandbox = sandbox().await;
    let report = json(&succeeded(shardctl(&sandbox, "tune --stream orders --output json").await));
    let [chosen, checked] = ["/minutes_chosen_on", "/minutes_checked_on"].map(|path| number(&report, path));
    assert!((chosen - 2.0 * checked).abs() < 3.0, "{chosen} {checked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_history_and_one_that_is_none_are_told() {
    let sandbox = sandbox().await;
    for (stream, words) in [
        ("silent", "CloudWatch shows no write to stream silent in the 20160 minutes since "),
        ("orderz", "DescribeStreamSummary for orderz: ResourceNotFoundException: "),
    ] {
        let output = shardctl(&sandbox, &format!("backtest --stream {stream}")).await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{told}");
        assert_eq!(output.status.code(), Some(1), "{told}");
    }
    let writes: Vec<_> = sandbox.calls().into_keys().filter(|call| !READS.contains(&call.as_str())).collect();
    assert!(writes.is_empty(), "{writes:?}");
}

/// All that the program calls.
const READS: [&str; 2] = ["kinesis:DescribeStreamSummary", "cloudwatch:GetMetricData"];

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_keeps_to_the_bounds_and_needs_a_provisioned_stream() {
    let sandbox = sandbox().await;
    let told = succeeded(shardctl(&sandbox, "forecast orders --output json --shards-min 3").await);
    let report = json(&told);
    assert_eq!(report["shards"], 4);
    assert!(report["spans"].as_array().unwrap().iter().all(|span| number(span, "/shards") >= 3.0), "{report}");
    let refused = shardctl(&sandbox, "forecast elastic").await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("on-demand mode"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streams_busiest_minute_is_sized_on_paper() {
    let sandbox = sandbox().await;
    let told = succeeded(shardctl(&sandbox, "size --stream orders --days 2 --headroom 0 --output json").await);
    let report = json(&told);
    // 2 MB/s and 100 records a second, and in one minute half as many throttled on top.
    assert_eq!((&report["bytes_per_second"], &report["records_per_second"]), (&3_145_728.into(), &150.into()));
    assert_eq!((&report["shards_by_bytes"], &report["shards_recommended"]), (&3.into(), &3.into()));
    assert!(report["busiest_minute"].is_string(), "{report}");
    let told = succeeded(shardctl(&sandbox, "size --stream orders").await);
    assert!(told.starts_with("orders in its busiest minute, "), "{told}");
    let refused = shardctl(&sandbox, "size --stream orderz").await;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
}
