// SPDX-License-Identifier: Apache-2.0
//! The law of steady loads: a stream settles at what its load needs, give or take one shard, and is left alone from then on.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use jiff::Timestamp;
use kinesis_model::limits::{WRITE_BYTES_PER_MINUTE_PER_SHARD as BYTES, WRITE_RECORDS_PER_MINUTE_PER_SHARD as RECORDS};
use kinesis_model::{Demand, Limit};
use proptest::prelude::*;
use scaler_core::{Policy, PolicySpec};
use simulator::run::Run;
use simulator::simulate::{Setup, simulate};
use simulator::trace::Trace;

/// On the hour.
const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
const DAY: usize = 1_440;
/// Minutes in which a stream comes down from twice too many: a window, a cooldown, and some.
const SETTLES: usize = 4 * 60;
/// Minutes after a change until the days that remember what was before it are over, and what they held is given back.
const FORGETS: usize = 2 * DAY + 4 * 60;
/// The default policy's target, and the target with the tolerance above it: scale-out answers only beyond that.
const TARGET: f64 = 0.80;
const BEARABLE: f64 = 0.88;
/// Of a count, what is kept where the default tolerance is taken off it: to come down by less is not worth a resize.
const KEPT: f64 = 0.9;

/// Loads in shards, one a minute.
struct Load {
    minutes: Vec<f64>,
    limit: Limit,
}

/// A load that is constant but for noise: up to so large a share more or less, as these numbers have it.
#[derive(Clone, Debug)]
struct Noisy {
    level: f64,
    noise: f64,
    seed: u64,
    limit: Limit,
}

impl Noisy {
    /// Its minutes where in each the level is so many times what it is here.
    fn times(&self, minutes: usize, times: impl Fn(usize) -> f64) -> Load {
        let mut state = self.seed | 1;
        let mut unrest = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 53) as f64 * 2.0 - 1.0
        };
        let minute = |minute| self.level * times(minute) * (1.0 + self.noise * unrest());
        Load { minutes: (0..minutes).map(minute).collect(), limit: self.limit }
    }
}

impl Load {
    fn constant(level: f64, minutes: usize, limit: Limit) -> Self {
        Self { minutes: vec![level; minutes], limit }
    }

    fn trace(&self) -> Trace {
        let minute = |shards: &f64| {
            // A third of the other limit.
            let (by_bytes, by_records) = match self.limit {
                Limit::WriteBytes => (*shards, shards / 3.0),
                Limit::WriteRecords => (shards / 3.0, *shards),
            };
            Demand { bytes: (by_bytes * BYTES as f64) as u64, records: (by_records * RECORDS as f64) as u64 }
        };
        Trace { name: "steady".to_owned(), start: START, minutes: self.minutes.iter().map(minute).collect() }
    }

    fn run(&self, initial_shards: u32) -> Run {
        let policy = Policy::new(PolicySpec { shards_max: 10_000, ..PolicySpec::default() }).unwrap();
        simulate(&self.trace(), &Setup::new(initial_shards, policy))
    }

    fn busiest(&self, from: usize) -> f64 {
        self.minutes[from..].iter().copied().fold(0.0, f64::max)
    }

    /// What the busiest minute from there on needs at the target.
    fn need(&self, from: usize) -> u32 {
        shards(self.busiest(from), TARGET)
    }

    /// The least that scale-out leaves alone.
    fn least(&self, from: usize) -> u32 {
        shards(self.busiest(from), BEARABLE)
    }
}

/// A hundredth of a percent is what whole bytes and records leave over.
fn shards(load: f64, utilization: f64) -> u32 {
    ((load / utilization * 0.9999).ceil() as u32).max(1)
}

/// Whether a count is what is needed, one more, or so little more that it is not worth a resize.
fn is_settled(count: u32, need: u32) -> bool {
    count <= need + 1 || ((f64::from(count) * KEPT).floor() as u32) < need
}

/// Calls as `minute: from -> to`.
fn calls(run: &Run) -> Vec<String> {
    run.calls.iter().map(|call| format!("{}: {} -> {}", call.minute, call.from, call.to)).collect()
}

/// What the law says of a run whose load changes for the last time in `changes`, and which is to be at rest from `settles`
/// on.
fn hold(load: &Load, run: &Run, changes: usize, settles: usize) -> Result<(), TestCaseError> {
    let (need, least) = (load.need(changes), load.least(changes));
    let end = *run.capacity.last().unwrap();
    prop_assert!(end + 1 >= need || end >= least, "{end} are too few for {need}: {:?}", calls(run));
    let most = *run.capacity[settles..].iter().max().unwrap();
    prop_assert!(is_settled(most, need), "{most} are too many for {need}: {:?}", calls(run));
    Ok(())
}

fn noisy() -> impl Strategy<Value = Noisy> {
    let noise = prop_oneof![1 => Just(0.0), 2 => 0.0..0.15];
    // As often below four shards as above.
    let level = prop_oneof![0.3..4.0, 4.0..60.0];
    (level, noise, any::<u64>(), prop_oneof![Just(Limit::WriteBytes), Just(Limit::WriteRecords)])
        .prop_map(|(level, noise, seed, limit)| Noisy { level, noise, seed, limit })
}

/// A count to begin with, by what is needed.
fn beginning() -> impl Strategy<Value = fn(u32) -> u32> {
    let half: fn(u32) -> u32 = |need| need.div_ceil(2);
    prop_oneof![
        Just((|need| need) as fn(u32) -> u32),
        Just(half),
        Just((|need| need + 1) as fn(u32) -> u32),
        Just((|need| need * 2) as fn(u32) -> u32),
    ]
}

#[test]
fn what_never_changes_is_what_scale_out_comes_to_and_stays_there_for_days() {
    let run = Load::constant(3.8, 4 * DAY, Limit::WriteBytes).run(4);
    assert_eq!(calls(&run), ["4: 4 -> 5"]);
}

/// 10 MiB/s on 13 shards, which are 77 % full.
#[test]
fn a_count_that_carries_its_load_is_never_changed() {
    let run = Load::constant(10.0, 2 * DAY, Limit::WriteBytes).run(13);
    assert_eq!(calls(&run), Vec::<String>::new());
}

#[test]
fn a_step_goes_to_what_the_plateau_needs() {
    for noise in [0.0, 0.05] {
        let load = Noisy { level: 2.0, noise, seed: 7, limit: Limit::WriteBytes };
        let load = load.times(3 * DAY, |minute| if minute < 300 { 1.0 } else { 5.0 });
        let (run, need) = (load.run(3), load.need(300));
        let (last, most) = (*run.capacity.last().unwrap(), *run.capacity.iter().max().unwrap());
        assert!(last.abs_diff(need) <= 1 && most <= need + 1, "{last} for {need}: {:?}", calls(&run));
    }
}

proptest! {
    // Each case is three days of all functions.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_steady_load_gets_what_it_needs_from_the_first_hours_on(noisy in noisy(), beginning in beginning()) {
        let load = noisy.times(3 * DAY, |_| 1.0);
        let need = load.need(0);
        let initial = beginning(need);
        let run = load.run(initial);
        hold(&load, &run, 0, SETTLES)?;
        let most = *run.capacity.iter().max().unwrap();
        prop_assert!(most <= initial.max(need + 1), "{most} from {initial} for {need}: {:?}", calls(&run));
        prop_assert!(run.calls.len() <= 4, "from {initial} for {need}: {:?}", calls(&run));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_load_that_falls_is_never_answered_by_growth_and_gives_back_what_it_leaves(
        noisy in noisy(),
        at in 70_usize..2_000,
        over in prop_oneof![Just(1_usize), 1_usize..1_000],
        to in 0.2..0.8,
    ) {
        let fallen = |minute: usize| (minute.saturating_sub(at) as f64 / over as f64).min(1.0);
        let load = noisy.times(at + over + FORGETS + 60, |minute| 1.0 - (1.0 - to) * fallen(minute));
        let initial = load.need(0);
        let run = load.run(initial);
        hold(&load, &run, at + over, at + over + FORGETS)?;
        let most = *run.capacity.iter().max().unwrap();
        prop_assert!(most <= initial + 1, "{most} from {initial}: {:?}", calls(&run));
    }

    #[test]
    fn a_load_that_rises_in_one_step_gets_what_it_needs_then(
        noisy in noisy(),
        at in 5_usize..2_000,
        to in 1.2..6.0,
    ) {
        let load = noisy.times(at + FORGETS, |minute| if minute < at { 1.0 } else { to });
        let run = load.run(load.need(0).min(shards(noisy.level * (1.0 + noisy.noise), TARGET)));
        // Not for a minute, and not in the hours after it either, more than the plateau needs; ...
        let is_far = to > 4.0;
        hold(&load, &run, at, if is_far { at + 180 } else { 0 })?;
        // ... but where it takes a fourth resize, which is made to last by a quarter since six are left.
        let most = *run.capacity.iter().max().unwrap();
        let need = f64::from(load.need(at));
        prop_assert!(f64::from(most) <= need * 1.25 + 1.0, "{most} are too many for {need}: {:?}", calls(&run));
    }
}
