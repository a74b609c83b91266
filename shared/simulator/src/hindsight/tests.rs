// SPDX-License-Identifier: Apache-2.0
//! The optimum against a search through all legal plans, and on longer demands against what must hold of any bracket.

#![allow(clippy::unwrap_used)]
#![allow(clippy::float_cmp, reason = "whole numbers")]

use std::collections::HashMap;

use proptest::prelude::*;

use super::task::Rules;
use super::*;
use aws_models::stream_model::ResizeKind;

/// What every plan from here on depends on: the minute, the count, the resize under way and the calls of the window.
type State = (usize, u32, Option<(usize, u32)>, Vec<usize>);

/// Tries each call in each minute.
struct Every<'a> {
    task: Task<'a>,
    known: HashMap<State, Option<u64>>,
}

impl Every<'_> {
    fn least(&mut self, (minute, count, under_way, calls): State) -> Option<u64> {
        let Some(need) = self.task.need.get(minute) else { return Some(0) };
        let (count, under_way) = match under_way {
            Some((done, to)) if done == minute => (to, None),
            _ => (count, under_way),
        };
        if count < *need {
            return None;
        }
        let calls: Vec<_> = calls.into_iter().filter(|called| called + self.task.rules.window > minute).collect();
        let state = (minute, count, under_way, calls);
        if let Some(known) = self.known.get(&state) {
            return *known;
        }
        let mut best = self.least((minute + 1, count, under_way, state.3.clone()));
        if under_way.is_none() && state.3.len() < self.task.rules.calls as usize {
            // One above the largest need, to see that it is of no use.
            for to in count.div_ceil(2)..=(2 * count).min(self.task.top() + 1) {
                let takes = self.task.assumed.resize_minutes(count, to, ResizeKind::UpdateShardCount);
                let then = [state.3.as_slice(), &[minute]].concat();
                let found =
                    if to == count { None } else { self.least((minute + 1, count, Some((minute + takes, to)), then)) };
                best = best.into_iter().chain(found).min();
            }
        }
        let best = best.map(|rest| rest + u64::from(count));
        self.known.insert(state, best);
        best
    }
}

fn every(task: &Task<'_>) -> Option<u64> {
    Every { task: *task, known: HashMap::new() }.least((0, task.initial, None, Vec::new()))
}

/// Runs of minutes with the same need, so that resizes are worth it now and then.
fn needs() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec((1_u32..=6, 1_usize..=6), 1..=6).prop_map(|runs| {
        let minutes = runs.iter().flat_map(|(need, minutes)| std::iter::repeat_n(*need, *minutes));
        minutes.take(14).collect()
    })
}

fn resizes() -> impl Strategy<Value = Assumptions> {
    (prop::sample::select(vec![10, 30, 60, 90]), 60_u32..=150).prop_map(
        |(resize_seconds_per_shard, resize_seconds_max)| Assumptions {
            resize_seconds_per_shard,
            resize_seconds_max,
            ..Assumptions::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn within_a_window_it_is_what_the_best_of_all_plans_comes_to(
        need in needs(), initial in 1_u32..=6, assumed in resizes(), calls in 1_u32..=4,
    ) {
        let rules = Rules { calls, window: need.len() };
        let task = Task { need: &need, initial, assumed: &assumed, rules };
        match solve(&task) {
            Ok(found) => {
                prop_assert_eq!(Some(found.upper), every(&task));
                prop_assert_eq!(found.lower, float(found.upper));
            }
            Err(minute) => {
                let upto = |minutes: usize| every(&Task { need: &need[..minutes], ..task });
                prop_assert!(upto(minute).is_some() && upto(minute + 1).is_none(), "minute {}", minute);
            }
        }
    }

    #[test]
    fn over_several_windows_it_is_between_the_bounds(
        need in needs(), initial in 1_u32..=6, assumed in resizes(), calls in 1_u32..=3, window in 2_usize..=7,
    ) {
        let task = Task { need: &need, initial, assumed: &assumed, rules: Rules { calls, window } };
        match (solve(&task), every(&task)) {
            (Ok(found), Some(least)) => {
                prop_assert!(found.lower <= float(least) + 1e-6 && least <= found.upper, "{:?} of {}", found, least);
                prop_assert_eq!(found.run.capacity.iter().map(|shards| u64::from(*shards)).sum::<u64>(), found.upper);
            }
            (Ok(found), None) => prop_assert!(false, "{:?} where there is no plan", found),
            // Now and then a plan is overlooked here; no windows are as short as these.
            (Err(_), _) => {}
        }
    }
}

fn of(need: &[u32], initial: u32) -> Result<Optimum, NoPlan> {
    optimum(need, initial, &Assumptions::default())
}

#[test]
fn a_known_peak_is_met_in_time_and_left_at_once() {
    let need = [vec![2; 60], vec![4; 60], vec![2; 60]].concat();
    let found = of(&need, 2).unwrap();
    // Two shards more or less take a minute, in which the count is still the old one.
    let calls: Vec<_> = found.run.calls.iter().map(|call| (call.minute, call.to)).collect();
    assert_eq!(calls, [(59, 4), (119, 2)]);
    assert_eq!((found.run.capacity, found.upper), (need, 2 * 60 + 4 * 60 + 2 * 60));
}

#[test]
fn what_cannot_be_covered_is_told_by_its_minute() {
    assert_eq!(of(&[1, 4, 4], 1), Err(NoPlan { minute: 1 }), "more than double");
    assert_eq!(of(&[2, 1], 1), Err(NoPlan { minute: 0 }), "nothing is there before the first resize");
    assert_eq!(of(&[vec![1], vec![100; 2_000]].concat(), 1), Err(NoPlan { minute: 1 }));
    assert_eq!(of(&[1, u32::MAX], 1), Err(NoPlan { minute: 1 }), "more than a stream can have");
}

#[test]
fn odd_inputs_are_no_trouble() {
    let nothing = Optimum { lower: 0.0, upper: 0, run: Run::default() };
    assert_eq!(of(&[], 4), Ok(nothing));
    assert_eq!(of(&[0, 0], 0).unwrap().run.capacity, [1, 1], "a stream has a shard at least");
    let forever = Assumptions { resize_seconds_min: u32::MAX, resize_seconds_max: u32::MAX, ..Assumptions::default() };
    assert_eq!(optimum(&[3; 2_000], 4, &forever).unwrap().upper, 8_000);
}

/// Days with a morning, an evening and a few short peaks, of up to so many shards.
fn days(days: usize, shards: u32) -> Vec<u32> {
    let peak = |minute: usize| if minute % 411 < 25 { shards / 2 } else { 0 };
    let day = |minute: usize| match minute % 1_440 {
        of @ 420..=719 => (of - 419) / 3,
        of @ 720..=1_139 => (1_140 - of) / 4,
        _ => 5,
    };
    let need = |minute| 1 + peak(minute) + shards * u32::try_from(day(minute)).unwrap() / 220;
    (0..days * 1_440).map(need).collect()
}

#[test]
fn over_days_the_bounds_are_close_and_no_eleventh_call_is_made() {
    for shards in [8, 40, 60] {
        let need = days(2, shards);
        let found = of(&need, need[0]).unwrap();
        assert!(found.lower <= float(found.upper) && float(found.upper) < 1.06 * found.lower, "{shards}: {found:?}");
        assert!(found.run.capacity.iter().zip(&need).all(|(capacity, need)| capacity >= need));
        let calls = &found.run.calls;
        assert!(calls.len() > 10, "{} calls", calls.len());
        assert!(calls.iter().zip(&calls[10..]).all(|(first, eleventh)| eleventh.minute - first.minute >= 1_440));
    }
}

#[test]
fn a_demand_that_asks_for_few_calls_is_solved_exactly_however_long() {
    let need: Vec<_> = (0..4 * 1_440).map(|minute| if minute % 1_440 < 600 { 4 } else { 7 }).collect();
    let found = of(&need, 4).unwrap();
    assert_eq!((found.lower, found.run.capacity), (float(found.upper), need));
}

#[test]
fn a_minute_needs_whole_shards_by_the_limit_that_binds() {
    let text = "timestamp,incoming_bytes,incoming_records\n2026-01-31T00:00:00Z,0,0\n\
                2026-01-31T00:01:00Z,62914560,1\n2026-01-31T00:02:00Z,62914561,1\n2026-01-31T00:03:00Z,1,180001\n";
    let trace = Trace::read("t", text.as_bytes()).unwrap();
    assert_eq!(super::need(&trace, &Assumptions::default()), [1, 1, 2, 4]);
}
