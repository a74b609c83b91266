// SPDX-License-Identifier: Apache-2.0
//! Where policies are tried: a workload, and all that is assumed beside it.

use kinesis_model::num::float;
use std::cell::OnceCell;
use std::ops::Range;

use anyhow::Result;
use aws_models::stream_model::{Assumptions, Call};
use scaler_core::Policy;
use simulator::hindsight::{NoPlan, Optimum, need, optimum};
use simulator::run::Run;
use simulator::score::Score;
use simulator::simulate::{self, Setup, Skew, simulate};
use simulator::trace::Trace;

use crate::options::{AssumptionOptions, ThrottleHandling};
use crate::progress;

/// One workload under one set of assumptions.
pub(crate) struct Scenario {
    pub(crate) trace: Trace,
    /// Open shards in the first minute.
    pub(crate) initial_shards: u32,
    pub(crate) assumed: Assumed,
    optimum: OnceCell<Result<Optimum, NoPlan>>,
}

/// What is assumed of AWS, the producers and the keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assumed {
    pub(crate) aws: Assumptions,
    pub(crate) throttled: ThrottleHandling,
    /// 0 to 1.
    pub(crate) hottest_key_share: Option<f64>,
}

impl Assumed {
    /// What the command line says.
    ///
    /// # Errors
    /// Bounds that contradict each other.
    pub(crate) fn of(options: &AssumptionOptions) -> Result<Self> {
        let hottest_key_share = options.hottest_key_share;
        Ok(Self { aws: options.assumptions()?, throttled: options.throttled, hottest_key_share })
    }
}

impl Scenario {
    pub(crate) fn new(trace: Trace, initial_shards: u32, assumed: Assumed) -> Self {
        Self { trace, initial_shards, assumed, optimum: OnceCell::new() }
    }

    /// What kinesis-scaler does with this policy.
    pub(crate) fn simulate(&self, policy: Policy) -> Run {
        run(&self.trace, self.initial_shards, &self.assumed, policy)
    }

    /// What a run over the workload costs and throttles.
    pub(crate) fn score(&self, run: &Run) -> Score {
        Score::of(&self.trace, run, &self.assumed.aws)
    }

    /// The fewest shards that throttle nothing, for who knows it all beforehand. Takes seconds, once.
    pub(crate) fn optimum(&self) -> &Result<Optimum, NoPlan> {
        self.optimum.get_or_init(|| {
            let wheel = progress::wheel("looking for the optimum in hindsight");
            let found = optimum(&need(&self.trace, &self.assumed.aws), self.initial_shards, &self.assumed.aws);
            wheel.finish_and_clear();
            found
        })
    }

    /// Its last minutes, at most so many, and what a run over the whole of it did in them.
    pub(crate) fn last(&self, run: &Run, minutes: usize) -> (Self, Run) {
        let whole = self.trace.minutes.len();
        let (trace, run) = part(&self.trace, run, whole.saturating_sub(minutes)..whole);
        let initial_shards = run.capacity.first().copied().unwrap_or(self.initial_shards);
        (Self::new(trace, initial_shards, self.assumed), run)
    }

    /// Hours of the workload.
    pub(crate) fn hours(&self) -> f64 {
        hours(self.trace.minutes.len())
    }
}

/// Hours of so many minutes.
pub(crate) fn hours(minutes: usize) -> f64 {
    float(minutes) / 60.0
}

/// What kinesis-scaler does with this policy; unlike a [`Scenario`], threads can share these arguments.
pub(crate) fn run(trace: &Trace, initial_shards: u32, assumed: &Assumed, policy: Policy) -> Run {
    let throttled = match assumed.throttled {
        ThrottleHandling::Lost => simulate::ThrottleHandling::Lost,
        ThrottleHandling::Retried => simulate::ThrottleHandling::Retried,
    };
    let skew = assumed.hottest_key_share.map(|share| Skew::of_key("hottest", share)).unwrap_or_default();
    let setup = Setup { assumptions: assumed.aws, throttled, skew, ..Setup::new(initial_shards, policy) };
    simulate(trace, &setup)
}

/// Some minutes of a trace, and of a run that was made over it.
pub(crate) fn part(trace: &Trace, run: &Run, minutes: Range<usize>) -> (Trace, Run) {
    let own = run.calls.iter().filter(|call| minutes.contains(&call.minute)).cloned();
    let calls = own.map(|call| Call { minute: call.minute - minutes.start, ..call }).collect();
    let throttled = run.throttled.as_ref().map(|shares| shares[minutes.clone()].to_vec());
    let run = Run { capacity: run.capacity[minutes.clone()].to_vec(), calls, throttled };
    let start = trace.at(minutes.start);
    (Trace { name: trace.name.clone(), start, minutes: trace.minutes[minutes].to_vec() }, run)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use aws_models::stream_model::ResizeKind;
    use jiff::Timestamp;
    use kinesis_model::Demand;

    use super::*;

    #[test]
    fn a_part_of_a_run_has_its_own_calls_and_times() {
        let minutes = vec![Demand { bytes: 1, records: 1 }; 3];
        let trace = Trace { name: "t".to_owned(), start: Timestamp::UNIX_EPOCH, minutes };
        let call = |minute| Call { minute, from: 1, to: 2, kind: ResizeKind::UpdateShardCount, reason: String::new() };
        let run = Run { capacity: vec![1, 2, 3], calls: vec![call(0), call(2)], throttled: None };
        let (later, rest) = part(&trace, &run, 1..3);
        assert_eq!((later.start.to_string(), later.minutes.len()), ("1970-01-01T00:01:00Z".to_owned(), 2));
        assert_eq!((rest.capacity, rest.calls), (vec![2, 3], vec![call(1)]));
    }
}
