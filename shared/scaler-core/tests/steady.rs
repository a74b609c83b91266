// SPDX-License-Identifier: Apache-2.0
//! One look at a steady load: whatever the age, the noise and the limit, no more is asked for than the load needs.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

#[path = "support/days.rs"]
mod days;

use std::fmt;

use days::{Days, at, decided, policy};
use kinesis_model::Limit;
use proptest::prelude::*;
use scaler_core::Direction;

/// Loads are in sixteenths of a shard.
const SHARD: u64 = 16;
/// Days of metrics: as many as are looked back over, and one.
const DAYS: usize = 16;

/// A load that is constant but for so many percent, and known for so many minutes.
#[derive(Clone)]
struct Steady {
    told: String,
    days: Days,
    now: usize,
    busiest: u64,
    busiest_lately: u64,
}

/// Without the metrics, which are long and follow from the rest.
impl fmt::Debug for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

fn steady() -> impl Strategy<Value = Steady> {
    let ages = prop_oneof![Just(60_usize), Just(76), Just(90), 60..1_440_usize, Just(1_440), Just(15 * 1_440)];
    let limits = prop_oneof![Just(Limit::WriteBytes), Just(Limit::WriteRecords)];
    (5..960_u64, 0..=15_u64, any::<u64>(), ages, limits, 0..60_usize).prop_map(
        |(level, percent, seed, age, limit, past_the_hour)| {
            let unrest = level * percent / 100;
            let load = move |minute: usize| {
                let drawn = (minute as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
                level - unrest + drawn % (2 * unrest + 1)
            };
            let now = 15 * 1_440 + past_the_hour + 3;
            let known = now - 2 - age..now - 2;
            let busiest = known.clone().map(load).max().unwrap();
            let busiest_lately = (now - 62..now - 2).filter(|minute| known.contains(minute)).map(load).max().unwrap();
            let days = Days::bound_by(limit, DAYS, load).unknown(|minute| minute < known.start);
            let told = format!("{level} but for {percent} % by {limit}, seed {seed}, {age} minutes old, {now}");
            Steady { told, days, now, busiest, busiest_lately }
        },
    )
}

impl Steady {
    fn desired(&self, shards: u32, way: Direction) -> u32 {
        decided(&policy(), &self.days.seen(shards, self.now), way, at(self.now)).desired.get()
    }
}

/// What a minute needs at the default target.
fn need(sixteenths: u64) -> u32 {
    u32::try_from((sixteenths * 100).div_ceil(SHARD * 80)).unwrap()
}

proptest! {
    // Each case makes days of metrics and some plans.
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    #[test]
    fn no_look_asks_for_more_than_a_steady_load_needs(steady in steady(), halves in 1..=6_u32) {
        let need = need(steady.busiest);
        let shards = (need * halves / 2).clamp(1, 100);
        let desired = steady.desired(shards, Direction::Out);
        prop_assert!(desired <= shards.max(need), "{shards} -> {desired}, and {need} are needed");
        if let Some(plan) = steady.days.plan(&policy(), &steady.days.seen_without_past(shards, steady.now), steady.now) {
            let planned = plan.desired().get();
            prop_assert!(planned <= shards.max(need), "{shards} -> {planned} by plan, and {need} are needed");
        }
    }

    #[test]
    fn no_look_takes_away_what_a_steady_load_needed_in_the_last_hour(steady in steady(), more in 0..=4_u32) {
        let need = need(steady.busiest_lately);
        let shards = (need + more).min(100);
        let desired = steady.desired(shards, Direction::In);
        prop_assert!(desired >= need.min(shards), "{shards} -> {desired}, and {need} are needed");
    }
}
