// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask bench fleet`: alarm-sync over 3,000 streams, its calls by operation and the time AWS's rates make of them.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/support/fleet.rs"]
mod wire;

use kinesis_model::num::float;
use std::time::Instant;

use serde_json::json;

use wire::{DRIFTS, Fleet, Runs};

const STREAMS: usize = 3_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // `cargo test --benches` and the like only ask whether it can be run.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("skipped: run it by `cargo xtask bench fleet`");
        return;
    }
    let began = Instant::now();
    let mut fleet = Fleet::of(STREAMS).await;
    println!("{STREAMS} tagged streams, created in {:.0} s", began.elapsed().as_secs_f64());

    show("enrolled: six alarms each", &fleet.until_right().await);
    expect_right(&fleet);

    fleet.wait();
    let kept = fleet.scheduled().await;
    show("idle and correct: one run of the schedule", &kept);
    assert_eq!((kept.writes(), kept.kept), (0, STREAMS), "a correct fleet is only read");

    let round = round(&mut fleet).await;
    show("idle and correct: four hours of the schedule, each stream's count asked once", &round);
    assert_eq!(round.writes(), 0);

    let names = fleet.names();
    let drifted = STREAMS / 100;
    for (i, name) in names.iter().step_by(100).enumerate() {
        fleet.drift(name, i).await;
    }
    println!("\n{drifted} streams drifted, each in one of {} ways: {}", DRIFTS.len(), DRIFTS.join("; "));
    show("mended: four hours of the schedule", &self::round(&mut fleet).await);
    expect_right(&fleet);
    fleet.wait();
    let all = fleet.run(json!({ "sync": "all" })).await;
    show("every stream looked at closely", &all);
    assert!(!all.calls.contains_key("cloudwatch:PutMetricAlarm"), "what is right is not put again");
    println!("\nin all {:.0} s of real time", began.elapsed().as_secs_f64());
}

/// So many runs of the schedule that every stream has its turn.
async fn round(fleet: &mut Fleet) -> Runs {
    let mut runs = Runs::default();
    for _ in 0..48 {
        fleet.wait();
        runs = runs.and(fleet.scheduled().await);
    }
    runs
}

fn expect_right(fleet: &Fleet) {
    let wrongs = fleet.wrongs();
    println!("  wrong, missing or left over: {}", wrongs.len());
    assert!(wrongs.is_empty(), "{wrongs:?}");
}

fn show(what: &str, runs: &Runs) {
    let hundreds = float(STREAMS) / 100.0;
    let per_run = float(runs.all_calls()) / hundreds / float(runs.times);
    println!("\n{what}");
    println!("  runs {}, kept {}, other outcomes {:?}", runs.times, runs.kept, runs.outcomes);
    println!("  {:<34} {:>8} {:>20}", "calls", "all", "a hundred streams");
    for (action, calls) in &runs.calls {
        println!("  {action:<34} {calls:>8} {:>20.2}", float(*calls) / hundreds);
    }
    println!(
        "  {:<34} {:>8} {:>20.2}   ({per_run:.2} a run)",
        "all",
        runs.all_calls(),
        float(runs.all_calls()) / hundreds
    );
    println!("  writes {}, refused for their rate {:?}", runs.writes(), runs.throttled);
    println!("  waited for AWS's rates: {} s", runs.waited.as_secs());
}
