// SPDX-License-Identifier: Apache-2.0
//! The fewest shard-minutes that throttle nothing, for one who knows the whole demand: what policies are measured by.
//!
//! A trace within one window of the limit on calls is solved exactly, by a dynamic program over minute, count and
//! calls left. For a longer one the times of the last ten calls would be part of the state. Instead the limit is
//! replaced by a price on calls, which gives a bound from below; and plans are made that keep the limit, which give one
//! from above.

mod cost;
mod plan;
mod prices;
mod program;
mod rows;
mod task;
#[cfg(test)]
mod tests;

use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use kinesis_model::num::{float, whole_u32};

use crate::run::Run;
use crate::trace::Trace;
use aws_models::stream_model::Assumptions;
use prices::Prices;
use program::{Budget, Values};
use task::{AWS, Task};

/// The most states (minute, count, calls left) that are kept for an exact solution: 128 MiB.
const STATES_MAX: usize = 1 << 24;
/// Minutes of a step of a plan by the counts up to which it is used: more counts take longer, and resize longer.
const STEPS: [(u32, usize); 3] = [(20, 1), (52, 2), (1_000, 5)];
/// Minutes of a step of a plan for more counts than that.
const STEP_MAX: usize = 15;
/// The shares of the prices, in percent, with which plans are made. A plan day by day knows the limit, so the full
/// price is too much for it; which share is best differs from trace to trace.
const SHARES: [i64; 3] = [0, 50, 75];

/// The optimum, between two bounds that meet when the trace is not longer than a day.
#[derive(Clone, Debug, PartialEq)]
pub struct Optimum {
    /// Shard-minutes that no plan without throttling can be below.
    pub lower: f64,
    /// Shard-minutes of `run`.
    pub upper: u64,
    /// The best plan found: accepted by the stream, and throttling nothing.
    pub run: Run,
}

/// There is no plan without throttling from this start, or none was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no resizes from this start were found that avoid throttling in minute {minute}")]
pub struct NoPlan {
    /// The first minute, counted from 0, that no resizes cover together with all before it. For a trace of more than a
    /// day that can be covered but for the ten calls a day: the furthest minute that a plan did not get past.
    pub minute: usize,
}

/// Whole shards that each minute needs to be throttled in nothing; at least one.
pub fn need(trace: &Trace, assumptions: &Assumptions) -> Vec<u32> {
    // A hair above a whole number is one: `Assumptions::throttled_share` has the same tolerance.
    let shards = |load: f64| whole_u32((load - 1e-9).ceil().max(1.0));
    trace.minutes.iter().map(|minute| shards(assumptions.load(minute))).collect()
}

/// The fewest shard-minutes that cover `need` (whole shards, by minute) from a stream of `initial` shards.
///
/// The time it takes grows with the minutes and with the largest need.
///
/// # Errors
/// There is no such plan, or none was found.
pub fn optimum(need: &[u32], initial: u32, assumptions: &Assumptions) -> Result<Optimum, NoPlan> {
    let initial = initial.clamp(1, SHARDS_PER_STREAM_MAX);
    if let Some(minute) = need.iter().position(|shards| *shards > SHARDS_PER_STREAM_MAX) {
        return Err(NoPlan { minute });
    }
    let task = Task { need, initial, assumed: assumptions, rules: AWS };
    solve(&task).map_err(|minute| NoPlan { minute })
}

/// The bracket, or the minute that cannot be covered.
fn solve(task: &Task<'_>) -> Result<Optimum, usize> {
    let minutes = task.need.len();
    let states = minutes * task.top() as usize * (task.rules.calls as usize + 1);
    if minutes <= task.rules.window && states <= STATES_MAX {
        return exact(task);
    }
    let grid = task.grid(1, 1);
    // Without a limit on calls: what cannot be covered so cannot be covered at all.
    Values::new(&grid, &Budget::free(Vec::new()), false)?;
    let prices = prices::search(task);
    let budget = Budget::free(prices.by_step(&grid, 0, 100));
    let keep = minutes * task.top() as usize <= STATES_MAX;
    let values = Values::new(&grid, &budget, keep)?;
    let lower = prices.bound(&grid, values.least());
    // Where calls are few anyway, the plan that ignores the limit keeps it.
    let free = if keep { task.replay(&values.plan()) } else { None };
    drop(values);
    let (upper, run) = best_plan(task, &prices, free)?;
    Ok(Optimum { lower: lower.max(sum(task.need)).min(float(upper)), upper, run })
}

/// All calls fall in one window, so that their number is all there is to the limit.
fn exact(task: &Task<'_>) -> Result<Optimum, usize> {
    let grid = task.grid(1, 1);
    let budget = Budget::calls(task.rules.calls as usize);
    let changes = Values::new(&grid, &budget, true)?.plan();
    let (upper, run) = task.replay(&changes).ok_or(0_usize)?;
    Ok(Optimum { lower: float(upper), upper, run })
}

/// The cheapest of this one, if any, and of plans made day by day at several shares of the prices.
fn best_plan(task: &Task<'_>, prices: &Prices, mut best: Option<(u64, Run)>) -> Result<(u64, Run), usize> {
    let step = STEPS.iter().find(|(counts, _)| task.top() <= *counts).map_or(STEP_MAX, |(_, step)| *step);
    let mut reached = 0;
    for share in SHARES {
        match task.day_by_day(step, prices, share) {
            Ok(changes) => {
                let replayed = task.replay(&changes);
                best = best.into_iter().chain(replayed).min_by_key(|(cost, _)| *cost);
            }
            Err(minute) => reached = reached.max(minute),
        }
    }
    best.or_else(|| task.replay(&task.few_calls()?)).ok_or(reached)
}

fn sum(need: &[u32]) -> f64 {
    float(need.iter().map(|shards| u64::from(*shards)).sum::<u64>())
}
