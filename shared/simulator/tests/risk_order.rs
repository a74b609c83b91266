// SPDX-License-Identifier: Apache-2.0
//! The risk knob is an order: a more careful position throttles no more.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::f64::consts::TAU;
use std::fs::File;
use std::path::Path;

use aws_models::stream_model::Assumptions;
use jiff::Timestamp;
use kinesis_model::Demand;
use kinesis_model::limits::{WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD};
use scaler_core::{Policy, PolicySpec, Risk};
use simulator::score::Score;
use simulator::simulate::{Setup, simulate};
use simulator::trace::Trace;

const DAY: usize = 1_440;
/// Days of a synthetic workload: the plan has seen two evenings before the last one.
const DAYS: usize = 3;

/// A trace of the repository.
fn recorded(name: &str) -> Trace {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces").join(format!("{name}.csv"));
    Trace::read(name, File::open(file).unwrap()).unwrap()
}

/// Days with an evening, noise, and a surge of 20 minutes at a random moment of each day; all of them by this seed.
fn synthetic(seed: u64) -> Trace {
    let mut state = seed;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut minutes = Vec::new();
    for _ in 0..DAYS {
        let (surge_at, surge) = ((random() * DAY as f64) as usize, 1.0 + 3.0 * random());
        for minute in 0..DAY {
            let evening = 1.0 - (TAU * minute as f64 / DAY as f64).cos();
            let times = if (surge_at..surge_at + 20).contains(&minute) { surge } else { 1.0 };
            let shards = (4.0 + 8.0 * evening) * times * (0.9 + 0.2 * random());
            minutes.push(Demand {
                bytes: (shards * WRITE_BYTES_PER_MINUTE_PER_SHARD as f64) as u64,
                records: (shards / 3.0 * WRITE_RECORDS_PER_MINUTE_PER_SHARD as f64) as u64,
            });
        }
    }
    Trace { name: format!("seed {seed}"), start: Timestamp::constant(1_767_312_000, 0), minutes }
}

/// What each position throttles and costs, from careful to thrifty.
fn scores(trace: &Trace) -> Vec<(f64, f64)> {
    let score = |risk| {
        let spec = PolicySpec { throttling_risk: risk, shards_max: 10_000, ..PolicySpec::default() };
        let run = simulate(trace, &Setup::new(trace.initial_shards(), Policy::new(spec).unwrap()));
        let score = Score::of(trace, &run, &Assumptions::default());
        (score.throttled_bytes_share, score.shard_hours)
    };
    Risk::ALL.map(score).into()
}

#[test]
fn more_careful_throttles_no_more_and_costs_more_on_each_recorded_workload() {
    for name in ["commute", "news"] {
        let scores = scores(&recorded(name));
        assert!(scores.is_sorted_by_key(|(throttled, _)| *throttled), "{name}: {scores:?}");
        assert!(scores.first().unwrap().1 > scores.last().unwrap().1, "{name}: {scores:?}");
    }
}

/// On a single short workload with random surges chance decides which position meets a surge with more shards.
#[test]
fn more_careful_throttles_less_over_many_workloads_with_random_surges() {
    let mut throttled = [0.0; Risk::ALL.len()];
    for seed in [11, 23, 37, 41, 53, 67] {
        throttled.iter_mut().zip(scores(&synthetic(seed))).for_each(|(sum, (share, _))| *sum += share);
    }
    assert!(throttled.is_sorted(), "{throttled:?}");
}
