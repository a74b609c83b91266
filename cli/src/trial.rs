// SPDX-License-Identifier: Apache-2.0
//! Settings tried on one part of a workload and checked on another, which they were not chosen by.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, bail};
use scaler_core::{Policy, PolicySpec, Risk};
use simulator::score::Score;
use simulator::trace::Trace;

use crate::progress;
use crate::scenario::{Assumed, part, run as simulated};
use crate::source::Source;

/// What is tried, in every combination.
const TARGETS: [u32; 3] = [70, 80, 90];
const WINDOWS: [u32; 3] = [30, 60, 120];

/// Settings, and how they did.
pub(crate) struct Candidate {
    pub(crate) policy: Policy,
    /// On the part of the history on which settings are chosen.
    pub(crate) chosen_on: Score,
    /// On the part that has no say in it.
    pub(crate) checked_on: Score,
}

/// All that was tried. The first candidate is what there was to begin from.
pub(crate) struct Trial {
    pub(crate) trace: Trace,
    /// The first minute that has no say.
    pub(crate) split: usize,
    pub(crate) candidates: Vec<Candidate>,
    /// Most throttled bytes, 0 to 1, with which settings are chosen.
    pub(crate) throttled_max: f64,
}

/// What to begin from, and every combination beside it.
pub(crate) fn grid(base: &Policy) -> Result<Vec<Policy>> {
    let mut policies = vec![*base];
    for risk in Risk::ALL {
        for target_utilization_percent in TARGETS {
            for stabilization_window_minutes in WINDOWS {
                let spec = PolicySpec {
                    throttling_risk: risk,
                    target_utilization_percent,
                    stabilization_window_minutes,
                    ..**base
                };
                match Policy::new(spec) {
                    Ok(policy) if policy == *base => {}
                    Ok(policy) => policies.push(policy),
                    Err(faults) => bail!("a candidate is no policy: {faults:?}"),
                }
            }
        }
    }
    Ok(policies)
}

impl Trial {
    pub(crate) fn of(
        source: Source,
        assumed: &Assumed,
        policies: Vec<Policy>,
        throttled_max_percent: Option<f64>,
    ) -> Self {
        let trace = source.trace;
        let split = trace.minutes.len() * 2 / 3;
        // Policies do not see ahead: the first part of a run is what it would be if there were no second.
        let scores = scores(&policies, |policy| {
            let run = simulated(&trace, source.initial_shards, assumed, policy);
            [0..split, split..trace.minutes.len()].map(|minutes| {
                let (trace, run) = part(&trace, &run, minutes);
                Score::of(&trace, &run, &assumed.aws)
            })
        });
        let candidates: Vec<Candidate> = policies
            .into_iter()
            .zip(scores)
            .map(|(policy, [chosen_on, checked_on])| Candidate { policy, chosen_on, checked_on })
            .collect();
        let as_before = candidates[0].chosen_on.throttled_bytes_share;
        let throttled_max = throttled_max_percent.map_or(as_before, |percent| percent / 100.0);
        Self { trace, split, candidates, throttled_max }
    }

    pub(crate) fn base(&self) -> &Candidate {
        &self.candidates[0]
    }

    /// The cheapest that throttles no more than it may; where none does, the one that throttles least.
    pub(crate) fn winner(&self) -> &Candidate {
        let by = |figure: fn(&Score) -> f64| {
            move |one: &&Candidate, other: &&Candidate| figure(&one.chosen_on).total_cmp(&figure(&other.chosen_on))
        };
        let allowed = self.candidates.iter().filter(|one| one.chosen_on.throttled_bytes_share <= self.throttled_max);
        allowed
            .min_by(by(|score| score.usd))
            .or_else(|| self.candidates.iter().min_by(by(|score| score.throttled_bytes_share)))
            .unwrap_or(self.base())
    }

    /// Whether the winner is also the better one where it had no say.
    pub(crate) fn held(&self) -> bool {
        let (winner, base) = (&self.winner().checked_on, &self.base().checked_on);
        let allowed = self.throttled_max.max(base.throttled_bytes_share);
        let throttles_less = winner.throttled_bytes_share < base.throttled_bytes_share;
        winner.throttled_bytes_share <= allowed && (winner.usd < base.usd || throttles_less)
    }

    /// Those that nothing else beats in cost and in throttling, the cheapest first.
    pub(crate) fn undominated(&self) -> Vec<&Candidate> {
        let figures = |one: &Candidate| (one.chosen_on.usd, one.chosen_on.throttled_bytes_share);
        let beats = |other: &Candidate, one: &Candidate| {
            let ((usd, throttled), (its_usd, its_throttled)) = (figures(other), figures(one));
            usd <= its_usd && throttled <= its_throttled && (usd < its_usd || throttled < its_throttled)
        };
        let is_beaten = |one: &Candidate| self.candidates.iter().any(|other| beats(other, one));
        let mut left: Vec<&Candidate> = self.candidates.iter().filter(|one| !is_beaten(one)).collect();
        left.sort_by(|one, other| one.chosen_on.usd.total_cmp(&other.chosen_on.usd));
        // Settings that make no difference here are told once.
        left.dedup_by(|one, other| figures(one) == figures(other));
        left
    }
}

/// What each policy scores, in their order, on all processors.
fn scores<T: Send>(policies: &[Policy], score: impl Fn(Policy) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let bar = progress::bar("settings tried", policies.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(policy) = policies.get(at) else { return done };
            done.push((at, score(*policy)));
            bar.inc(1);
        }
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.flatten().collect::<Vec<_>>()
    });
    bar.finish_and_clear();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, score)| score).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use kinesis_model::Demand;
    use simulator::run::Run;

    use super::*;

    fn trace(minutes: usize) -> Trace {
        let minutes = vec![Demand { bytes: 1, records: 1 }; minutes];
        Trace { name: "t".to_owned(), start: jiff::Timestamp::UNIX_EPOCH, minutes }
    }

    fn score(usd: f64, throttled_bytes_share: f64) -> Score {
        let run = Run { capacity: vec![1], ..Run::default() };
        let score = Score::of(&trace(1), &run, &aws_models::stream_model::Assumptions::default());
        Score { usd, throttled_bytes_share, ..score }
    }

    /// Of candidates given by cost and throttling, chosen on and checked on: the best, whether it held, those that
    /// nothing beats; all by their place.
    fn judged(throttled_max: f64, figures: &[[f64; 4]]) -> (usize, bool, Vec<usize>) {
        let policies = grid(&Policy::new(PolicySpec::default()).unwrap()).unwrap();
        let candidate = |(policy, [usd, throttled, later_usd, later_throttled]): (&Policy, &[f64; 4])| Candidate {
            policy: *policy,
            chosen_on: score(*usd, *throttled),
            checked_on: score(*later_usd, *later_throttled),
        };
        let candidates: Vec<_> = policies.iter().zip(figures).map(candidate).collect();
        let trial = Trial { trace: trace(3), split: 2, candidates, throttled_max };
        let place = |one: &Candidate| policies.iter().position(|policy| *policy == one.policy).unwrap();
        (place(trial.winner()), trial.held(), trial.undominated().into_iter().map(place).collect())
    }

    #[test]
    fn the_cheapest_that_throttles_no_more_than_it_may_is_best() {
        let figures = [[9.0, 0.1, 9.0, 0.1], [7.0, 0.1, 8.0, 0.1], [8.0, 0.0, 8.0, 0.0], [1.0, 0.2, 1.0, 0.2]];
        assert_eq!(judged(0.1, &figures), (1, true, vec![3, 1, 2]));
        assert_eq!(judged(0.05, &figures).0, 2);
        assert_eq!(judged(1.0, &figures).0, 3);
    }

    #[test]
    fn where_all_throttle_too_much_the_least_is_best() {
        assert_eq!(judged(0.01, &[[5.0, 0.3, 5.0, 0.3], [6.0, 0.2, 6.0, 0.2]]), (1, true, vec![0, 1]));
    }

    #[test]
    fn what_only_fits_its_past_does_not_hold() {
        assert!(!judged(0.1, &[[9.0, 0.1, 9.0, 0.1], [7.0, 0.1, 9.5, 0.1]]).1, "dearer");
        assert!(!judged(0.1, &[[9.0, 0.1, 9.0, 0.1], [7.0, 0.1, 6.0, 0.4]]).1, "throttles");
    }

    #[test]
    fn scores_come_in_the_order_of_their_policies() {
        let policies = grid(&Policy::new(PolicySpec::default()).unwrap()).unwrap();
        let targets = scores(&policies, |policy| policy.target_utilization_percent);
        assert_eq!(targets, policies.iter().map(|policy| policy.target_utilization_percent).collect::<Vec<_>>());
    }
}
