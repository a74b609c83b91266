// SPDX-License-Identifier: Apache-2.0
//! A fleet over the wire: enrolled within AWS's rates, kept with reads alone, mended from every drift.
//!
//! `cargo xtask bench fleet` does the same with 3,000 streams and prints the figures.
#![allow(clippy::unwrap_used)]

mod support;
#[path = "support/fleet.rs"]
mod wire;

use std::collections::BTreeMap;

use kinesis_model::limits::API_RATES;
use serde_json::json;

use wire::{DRIFTS, Fleet};

#[tokio::test]
async fn a_fleet_is_enrolled_within_the_rates_kept_with_reads_and_mended() {
    let mut fleet = Fleet::of(120).await;
    let enrolled = fleet.until_right().await;
    assert_eq!(fleet.wrongs(), Vec::<String>::new());
    assert_eq!((enrolled.calls["cloudwatch:PutMetricAlarm"], enrolled.outcomes["Mended"]), (720, 120));
    assert_eq!(enrolled.throttled, BTreeMap::new(), "not one call beyond a rate");
    assert!(enrolled.times > 1, "they are more than one run");
    let seconds = enrolled.waited.as_secs();
    assert!((470..=540).contains(&seconds), "{seconds} s for 720 alarms at half of three a second");

    fleet.wait();
    let kept = fleet.scheduled().await;
    assert_eq!((kept.kept, kept.gauges, kept.writes(), kept.throttled.len()), (120, 120, 0, 0), "{kept:?}");
    let due = kept.calls.get("kinesis:DescribeStreamSummary").copied().unwrap_or(0);
    assert!(due <= 10, "about one stream in 48 is asked for its count: {kept:?}");
    let ahead = kept.calls["cloudwatch:GetMetricData"] - 1;
    assert!(ahead <= 26, "about one stream in twelve is looked ahead for, with two calls: {kept:?}");
    assert!(kept.all_calls() - due - ahead <= 2 + 8 + 1, "{kept:?}");

    let names = fleet.names();
    for (way, name) in (0..DRIFTS.len()).zip(names.iter().step_by(9)) {
        fleet.drift(name, way).await;
    }
    let mended = fleet.run(json!({ "sync": "all" })).await;
    assert_eq!(fleet.wrongs(), Vec::<String>::new());
    assert_eq!(mended.throttled, BTreeMap::new());
    assert_eq!(mended.calls["kinesis:UpdateShardCount"], 1, "one was below its minimum");
    let told: Vec<_> = fleet.sandbox.published().into_iter().filter_map(|published| published.subject).collect();
    assert_eq!(told.len(), 2, "the resize, and the tag that cannot be read: {told:?}");
    fleet.wait();
    let again = fleet.run(json!({ "sync": "all" })).await;
    assert_eq!(again.writes(), 0, "{again:?}");

    let began = fleet.sandbox.now();
    let (_, answer) = fleet.stack_deleted().await;
    let left = fleet.wrongs();
    assert!(left.iter().all(|wrong| wrong.ends_with("is missing")), "{left:?}");
    assert_eq!(fleet.sandbox.throttled(), BTreeMap::new());
    assert_eq!(answer["Status"], "SUCCESS");
    let took = fleet.sandbox.now().duration_since(began).as_secs();
    assert!((15..60).contains(&took), "{took} s for 700 alarms, which are listed and deleted a hundred at a time");
}

/// What the pacing knows and what the sandbox refuses come from one table; the calls that are made are all in it.
#[tokio::test]
async fn every_call_of_a_walk_is_paced() {
    let mut fleet = Fleet::of(3).await;
    let names = fleet.names();
    fleet.scheduled().await;
    fleet.drift(&names[0], 3).await;
    fleet.drift(&names[1], 9).await;
    fleet.drift(&names[2], 4).await;
    let runs = fleet.run(json!({ "sync": "all" })).await;
    let unpaced: Vec<_> = runs
        .calls
        .keys()
        .filter(|action| !["sns:Publish", "sqs:SendMessage"].contains(&action.as_str()))
        .filter(|action| API_RATES.iter().all(|rate| rate.action != action.as_str()))
        .collect();
    assert_eq!(unpaced, Vec::<&String>::new());
    assert!(runs.calls.len() >= 9, "{runs:?}");
}
