// SPDX-License-Identifier: Apache-2.0
//! What a call is worth at each time: Lagrange multipliers for the limit on the calls of any window.

use kinesis_model::num::{float, whole};

use super::cost::Cost;
use super::program::{Budget, Change, Grid, Values};
use super::task::Task;

/// Parts of a window; with each begins a window that has a multiplier.
const PARTS: usize = 24;
/// Minutes of a step, and about how many counts, with which the multipliers are searched for: any make a bound, so
/// they need not come from the demand as it is.
const COARSE: (usize, u32) = (5, 100);
/// Programs run in a search, at most.
const ROUNDS: usize = 150;
/// By which share the bound is first thought to be below the best one, and the share at which the search ends.
const REACH: (f64, f64) = (0.05, 0.001);
/// Rounds without a better bound after which less is hoped for, and how much less.
const PATIENCE: (usize, f64) = (4, 0.6);
/// How much of a direction stays in the next: the plans of one round to the next jump to and fro.
const MEMORY: f64 = 0.3;

/// Multipliers, none below zero, and what they make calls cost.
///
/// A call is paid for when its change is done, for then a plan with counts that nothing needs can leave them out: its
/// other changes are done as before, though called later, and it pays no more.
///
/// The least that a plan without limit on its calls costs together with what it pays for them is known. One within the
/// limit is such a plan, and pays no more than all windows would with all their calls made. The difference is a bound.
#[derive(Clone, Debug)]
pub(super) struct Prices {
    /// Minutes of a part.
    part: usize,
    /// Parts of a window, which is never longer than the real one.
    parts: usize,
    /// Calls allowed in a window.
    calls: f64,
    /// Shard-minutes a call, by the last part of the window.
    multipliers: Vec<f64>,
}

impl Prices {
    /// Calls for nothing.
    fn none(task: &Task<'_>) -> Self {
        let window = task.window_of_changes();
        let part = (window / PARTS).max(1);
        let parts = window / part;
        let multipliers = vec![0.0; task.need.len().div_ceil(part) + parts - 1];
        Self { part, parts, calls: f64::from(task.rules.calls), multipliers }
    }

    /// Shard-minutes of a call in each part; rounded down, which only lowers the bound.
    fn by_part(&self) -> Vec<Cost> {
        let price = |around: &[f64]| {
            Cost::try_from(whole(around.iter().sum())).expect("no call is worth more than all shards for all minutes")
        };
        self.multipliers.windows(self.parts).map(price).collect()
    }

    /// This share, in percent, of what a call costs in each step of a grid that begins at this minute.
    pub(super) fn by_step(&self, grid: &Grid, begin: usize, share: Cost) -> Vec<Cost> {
        let by_part = self.by_part();
        let price = |step| by_part.get((begin + grid.minute(step)) / self.part).copied().unwrap_or(0);
        (0..grid.steps()).map(|step| price(step) * share / 100 / grid.unit()).collect()
    }

    /// The bound that follows from a program's least cost at these prices.
    pub(super) fn bound(&self, grid: &Grid, least: Cost) -> f64 {
        float(least * grid.unit()) - self.calls * self.multipliers.iter().sum::<f64>()
    }

    /// Calls above the limit in each window.
    fn excess(&self, changes: &[Change]) -> Vec<f64> {
        let mut excess = vec![-self.calls; self.multipliers.len()];
        for change in changes {
            let part = change.done / self.part;
            for window in &mut excess[part..part + self.parts] {
                *window += 1.0;
            }
        }
        excess
    }
}

/// Prices that make the bound high, found by steps along its subgradients: dearer where a plan calls too often, cheaper
/// where it calls less often than it may.
pub(super) fn search(task: &Task<'_>) -> Prices {
    let (step, counts) = COARSE;
    let mut grid = task.grid(step.min(task.rules.window.div_ceil(PARTS)).max(1), task.top().div_ceil(counts));
    let none = Prices::none(task);
    // A start can be too quick for the coarse grid; then it is searched without.
    let start = loop {
        match Point::new(&grid, none.clone()) {
            Ok(start) => break start,
            Err(step) => grid.let_off(step),
        }
    };
    let mut search =
        Search { best: start.clone(), direction: start.excess.clone(), at: start, reach: REACH.0, since: 0 };
    for _ in 0..ROUNDS {
        let Some(prices) = search.next() else { break };
        let Ok(point) = Point::new(&grid, prices) else { break };
        search.met(point);
    }
    search.best.prices
}

/// Prices, with the bound that they give and the calls above the limit of the plan that they lead to.
#[derive(Clone, Debug)]
struct Point {
    prices: Prices,
    bound: f64,
    excess: Vec<f64>,
}

impl Point {
    fn new(grid: &Grid, prices: Prices) -> Result<Self, usize> {
        let budget = Budget::free(prices.by_step(grid, 0, 100));
        let values = Values::new(grid, &budget, true)?;
        let (bound, excess) = (prices.bound(grid, values.least()), prices.excess(&values.plan()));
        Ok(Self { prices, bound, excess })
    }
}

#[derive(Debug)]
struct Search {
    best: Point,
    at: Point,
    direction: Vec<f64>,
    /// How far above the best bound, as a share of it, the next is hoped to be.
    reach: f64,
    /// Rounds since the best.
    since: usize,
}

impl Search {
    /// The prices to try next; none when there is nothing to better.
    fn next(&mut self) -> Option<Prices> {
        let mut prices = self.at.prices.clone();
        let mut length = 0.0;
        for ((direction, excess), multiplier) in self.direction.iter_mut().zip(&self.at.excess).zip(&prices.multipliers)
        {
            *direction = (1.0 - MEMORY) * excess + MEMORY * *direction;
            if *multiplier <= 0.0 {
                *direction = direction.max(0.0);
            }
            length += *direction * *direction;
        }
        if length <= 0.0 || self.reach < REACH.1 {
            return None;
        }
        let hoped = self.best.bound * (1.0 + self.reach);
        let gain = (hoped - self.at.bound) / length;
        for (multiplier, direction) in prices.multipliers.iter_mut().zip(&self.direction) {
            *multiplier = (*multiplier + gain * direction).max(0.0);
        }
        Some(prices)
    }

    /// Goes on from there, or, after some rounds without a better bound, again from the best in smaller steps.
    fn met(&mut self, point: Point) {
        self.at = point;
        self.since += 1;
        if self.at.bound > self.best.bound {
            (self.best, self.since) = (self.at.clone(), 0);
        } else if self.since == PATIENCE.0 {
            (self.at, self.since) = (self.best.clone(), 0);
            self.direction.clone_from(&self.best.excess);
            self.reach *= PATIENCE.1;
        }
    }
}
