// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask bench decide`: time and memory of a decision with all the past there can be, beside one without a past.
#![allow(clippy::unwrap_used, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "only the core itself must not read a clock")]

#[path = "../tests/support/days.rs"]
mod days;

use kinesis_model::num::float;
use std::hint::black_box;
use std::time::{Duration, Instant};

use days::{DAY, Days, at, decided, planned, policy};
use scaler_core::{Direction, HISTORY_MINUTES, LoadHistory, Observation, Reason, RecommendReason};

/// Decisions of each kind that are timed.
const TIMES: usize = 101;
/// What a decision may take, and the whole process may hold.
const TARGET: Duration = Duration::from_millis(50);
const TARGET_KIB: u64 = 32 * 1_024;

fn main() {
    // `cargo test --benches` and the like only ask whether it can be run.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("skipped: run it by `cargo xtask bench decide`");
        return;
    }
    println!("one decision, median of {TIMES}, with {HISTORY_MINUTES} minutes and without a past\n");
    println!("{:>8} {:>14} {:>14} {:>10}   {:>12}", "shards", "with a past", "without", "ratio", "target");
    // The more shards a load may need, the more counts there are to choose from.
    for shards in [4, 64, 1_000, 8_000] {
        let days = Days::of(16, |minute| load(shards, minute));
        let now = 15 * DAY + 18 * 60 + 20;
        let (with, without) = (days.seen(shards, now), days.seen_without_past(shards, now));
        let (with, without) = (median(&with, Some(&days.past(now)), now), median(&without, None, now));
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        let (with, without) = (with.as_secs_f64() * 1_000.0, without.as_secs_f64() * 1_000.0);
        let is_met = met(with <= TARGET.as_secs_f64() * 1_000.0);
        println!(
            "{shards:>8} {with:>11.3} ms {without:>11.4} ms {ratio:>10.0}   {:>6} ms {is_met}",
            TARGET.as_millis()
        );
    }
    match peak_kib() {
        Some(kib) => println!(
            "\npeak memory of this process, the metrics made for it included: {:.1} MiB; target {} MiB {}",
            float(kib) / 1_024.0,
            TARGET_KIB / 1_024,
            met(kib <= TARGET_KIB)
        ),
        None => println!("\npeak memory: this system does not say"),
    }
}

/// Sixteenths of a shard: quiet nights, days that differ, and an evening that fills the stream.
fn load(shards: u32, minute: usize) -> u64 {
    let (hour, day) = (minute / 60 % 24, minute / DAY);
    let percent = match hour {
        // Down to nothing, so that every count from one on is among those that are weighed.
        0..7 => 0,
        7..18 => 40 + day as u64 % 5,
        18..22 => 70,
        _ => 30,
    };
    let unrest = ((minute as u64 * 2_654_435_761) >> 7) % 8;
    u64::from(shards) * 16 * (percent + unrest) / 100
}

/// The median time of a decision, its plan included, reading nothing but what is in memory already.
fn median(seen: &Observation, past: Option<&LoadHistory>, now: usize) -> Duration {
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let began = Instant::now();
            let plan = past.and_then(|past| planned(&policy(), black_box(seen), past, now));
            let decision = decided(&policy(), black_box(seen), Direction::Out, at(now));
            let took = began.elapsed();
            let is_planned =
                matches!(black_box(decision).steps[0].reason, Reason::Recommend(RecommendReason::Planned { .. }));
            assert_eq!(
                (is_planned, black_box(plan).is_some()),
                (past.is_some(), past.is_some()),
                "as it is said to be"
            );
            took
        })
        .collect();
    times.sort_unstable();
    times[TIMES / 2]
}

/// The most memory that this process has had, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "NOT met" }
}
