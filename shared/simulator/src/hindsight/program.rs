// SPDX-License-Identifier: Apache-2.0
//! A dynamic program over (step, shard count, calls left): the cheapest way through a demand, each call at a price.

use super::cost::{Cost, IMPOSSIBLE, cost};
use super::rows::{Group, Rows};
use aws_models::stream_model::{Assumptions, ResizeKind};

/// A resize of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// The minute of its call.
    pub(super) called: usize,
    /// The minute from which the new count is in force.
    pub(super) done: usize,
    /// Shards then.
    pub(super) to: u32,
}

/// A demand cut in steps. A resize takes effect at the start of a step only, and its call is at most rounded to an
/// earlier step, so that each plan here is one in minutes too; at one minute a step, each plan is here.
#[derive(Debug)]
pub(super) struct Grid {
    /// Minutes of a step.
    step: usize,
    /// Minutes of all.
    minutes: usize,
    /// Shards that one count of the program stands for.
    unit: u32,
    /// The most counts: none is of use above the largest need and the first count.
    top: usize,
    first: usize,
    /// Counts that each step needs.
    peaks: Vec<usize>,
    groups: Vec<Group>,
    /// Minutes that a resize takes, by the difference in counts.
    takes: Vec<usize>,
}

/// How many calls may be made, and what each costs.
#[derive(Debug)]
pub(super) struct Budget {
    /// Calls that can be kept; 0 for no limit.
    pub(super) most: usize,
    /// Calls at first.
    pub(super) first: usize,
    /// Calls gained before each step's; empty for none.
    pub(super) gains: Vec<usize>,
    /// Shard-minutes that a change at each step costs; empty for nothing.
    pub(super) prices: Vec<Cost>,
}

/// The least cost of every state.
#[derive(Debug)]
pub(super) struct Values<'a> {
    grid: &'a Grid,
    budget: &'a Budget,
    /// Calls gained before a step, all in all.
    gained: Vec<usize>,
    /// A cost by step (as far as kept), calls left and count, less the count's from minute 0 to the step: so held
    /// counts keep their value from step to step, and only changes cost time.
    table: Vec<Cost>,
    kept: usize,
}

impl Grid {
    /// The demand in steps of so many minutes and in counts of so many shards, from this number of shards.
    pub(super) fn new(need: &[u32], initial: u32, assumed: &Assumptions, step: usize, unit: u32) -> Self {
        let counts = |shards: u32| shards.max(1).div_ceil(unit) as usize;
        let peaks: Vec<_> = need
            .chunks(step)
            .map(|minutes| counts(minutes.iter().copied().max().expect("a step has a minute")))
            .collect();
        let first = counts(initial);
        let top = peaks.iter().copied().max().unwrap_or(1).max(first);
        let kind = ResizeKind::UpdateShardCount;
        let takes: Vec<_> =
            (0..=top).map(|difference| assumed.resize_minutes(0, shards(difference, unit), kind)).collect();
        let mut groups: Vec<Group> = Vec::new();
        for (difference, minutes) in takes.iter().enumerate().skip(1) {
            let lag = minutes.div_ceil(step);
            match groups.last_mut() {
                Some(group) if group.lag == lag => group.most = difference,
                _ if lag > peaks.len() => break,
                _ => groups.push(Group { lag, least: difference, most: difference }),
            }
        }
        Self { step, minutes: need.len(), unit, top, first, peaks, groups, takes }
    }

    /// Steps.
    pub(super) fn steps(&self) -> usize {
        self.peaks.len()
    }

    /// Shards that a count stands for.
    pub(super) fn unit(&self) -> Cost {
        Cost::from(self.unit)
    }

    /// The minute in which a step begins.
    pub(super) fn minute(&self, step: usize) -> usize {
        (step * self.step).min(self.minutes)
    }

    /// The minute of the call that leads from a count to another at a step.
    fn called(&self, step: usize, from: usize, to: usize) -> usize {
        self.minute(step) - self.takes[from.abs_diff(to)]
    }

    /// Needs nothing up to the end of this step.
    pub(super) fn let_off(&mut self, step: usize) {
        self.peaks.iter_mut().take(step + 1).for_each(|peak| *peak = 1);
    }

    /// The fewest counts that the steps before this one need, this many of them.
    fn floor(&self, step: usize, lag: usize) -> usize {
        self.peaks[step - lag..step].iter().copied().max().unwrap_or(1)
    }
}

impl Budget {
    /// So many calls in all.
    pub(super) fn calls(most: usize) -> Self {
        Self { most, first: most, gains: Vec::new(), prices: Vec::new() }
    }

    /// No limit on the calls.
    pub(super) fn free(prices: Vec<Cost>) -> Self {
        Self { most: 0, first: 0, gains: Vec::new(), prices }
    }

    /// Calls left after one, with so many gained since; nothing where there was none to make.
    fn after_call(&self, left: usize, gained: usize) -> Option<usize> {
        if self.most == 0 { Some(0) } else { left.checked_sub(1).map(|left| (left + gained).min(self.most)) }
    }

    fn price(&self, step: usize) -> Cost {
        self.prices.get(step).copied().unwrap_or(0)
    }
}

impl<'a> Values<'a> {
    /// Runs the program, and keeps the values for [`Self::plan`] if so asked.
    ///
    /// # Errors
    /// The first step that no plan covers.
    pub(super) fn new(grid: &'a Grid, budget: &'a Budget, keep: bool) -> Result<Self, usize> {
        let steps = grid.steps();
        let mut gained = vec![0; steps + 1];
        for step in 1..=steps {
            gained[step] = gained[step - 1] + budget.gains.get(step).copied().unwrap_or(0);
        }
        let depth = grid.groups.last().map_or(1, |group| group.lag);
        let kept = if keep { steps + 1 } else { depth + 1 };
        let row = (budget.most + 1) * (grid.top + 1);
        let mut values = Self { grid, budget, gained, table: vec![IMPOSSIBLE; kept * row], kept };
        let at = values.at(0, budget.first);
        values.table[at + grid.first] = 0;
        let (mut next, mut queue) = (vec![IMPOSSIBLE; row], Vec::with_capacity(grid.top + 1));
        for step in 1..=steps {
            values.hold(step, &mut next);
            for group in grid.groups.iter().filter(|group| group.lag <= step && step < steps) {
                values.change(step, *group, &mut next, &mut queue);
            }
            let at = values.at(step, 0);
            values.table[at..at + row].copy_from_slice(&next);
            if next.iter().all(|cost| *cost > IMPOSSIBLE / 2) {
                return Err(step - 1);
            }
        }
        Ok(values)
    }

    /// Where the costs of a step with so many calls left begin.
    fn at(&self, step: usize, left: usize) -> usize {
        ((step % self.kept) * (self.budget.most + 1) + left) * (self.grid.top + 1)
    }

    fn row(&self, step: usize, left: usize) -> &[Cost] {
        let at = self.at(step, left);
        &self.table[at..=at + self.grid.top]
    }

    fn gained(&self, from: usize, to: usize) -> usize {
        self.gained[to] - self.gained[from]
    }

    /// The values of a step for those who change nothing.
    fn hold(&self, step: usize, next: &mut [Cost]) {
        let (width, peak) = (self.grid.top + 1, self.grid.peaks[step - 1]);
        next.fill(IMPOSSIBLE);
        for left in 0..=self.budget.most {
            let then = (left + self.gained(step - 1, step)).min(self.budget.most);
            let (from, to) = (self.row(step - 1, left), &mut next[then * width..(then + 1) * width]);
            for (to, from) in to[peak..].iter_mut().zip(&from[peak..]) {
                *to = (*to).min(*from);
            }
        }
    }

    /// Betters a step's values by the changes of a group that are done then.
    fn change(&self, step: usize, group: Group, next: &mut [Cost], queue: &mut Vec<(Cost, usize)>) {
        let (grid, width, called) = (self.grid, self.grid.top + 1, step - group.lag);
        let floor = grid.floor(step, group.lag);
        let peak = grid.peaks.get(step).copied().unwrap_or(grid.top);
        let (price, minute) = (self.budget.price(step), cost(grid.minute(step)));
        for left in 0..=self.budget.most {
            let Some(then) = self.budget.after_call(left, self.gained(called, step)) else { continue };
            let from = self.row(called, left);
            let to = &mut next[then * width..(then + 1) * width];
            let change = Rows { from, to, floor, peak, minute, price };
            change.better(group, queue);
        }
    }

    /// The least cost of a whole plan, prices included.
    pub(super) fn least(&self) -> Cost {
        self.end().0
    }

    /// The least cost at the end, with its calls left and its count.
    fn end(&self) -> (Cost, usize, usize) {
        let (steps, minutes) = (self.grid.steps(), cost(self.grid.minutes));
        let ends = (0..=self.budget.most).flat_map(|left| {
            let row = self.row(steps, left).iter().enumerate().skip(1);
            row.map(move |(count, value)| (value + minutes * cost(count), left, count))
        });
        ends.min().unwrap_or((IMPOSSIBLE, 0, 1))
    }

    /// The changes of a cheapest plan, in their order. The values must have been kept.
    pub(super) fn plan(&self) -> Vec<Change> {
        let (_, mut left, mut count) = self.end();
        let (mut step, mut changes) = (self.grid.steps(), Vec::new());
        while step > 0 {
            if let Some(before) = self.held(step, left, count) {
                (step, left) = (step - 1, before);
                continue;
            }
            let Some((before, then_left, from)) = self.changed(step, left, count) else { break };
            let to = shards(count, self.grid.unit);
            let called = self.grid.called(step, from, count);
            changes.push(Change { called, done: self.grid.minute(step), to });
            (step, left, count) = (before, then_left, from);
        }
        changes.reverse();
        changes
    }

    /// The calls left one step before, if the state's value came from there without a change.
    fn held(&self, step: usize, left: usize, count: usize) -> Option<usize> {
        let value = self.row(step, left)[count];
        (0..=self.budget.most).find(|before| {
            (before + self.gained(step - 1, step)).min(self.budget.most) == left
                && count >= self.grid.peaks[step - 1]
                && self.row(step - 1, *before)[count] == value
        })
    }

    /// The step, calls left and count from which a call led to the state's value.
    fn changed(&self, step: usize, left: usize, count: usize) -> Option<(usize, usize, usize)> {
        let (grid, value) = (self.grid, self.row(step, left)[count]);
        let minute = cost(grid.minute(step));
        for group in grid.groups.iter().filter(|group| group.lag <= step) {
            let called = step - group.lag;
            let floor = grid.floor(step, group.lag);
            for before in 0..=self.budget.most {
                if self.budget.after_call(before, self.gained(called, step)) != Some(left) {
                    continue;
                }
                let (row, sought) = (self.row(called, before), value - self.budget.price(step));
                let came = (group.least..=group.most)
                    .flat_map(|by| [count.checked_sub(by), Some(count + by)])
                    .flatten()
                    .filter(|from| *from >= floor && *from <= grid.top)
                    .filter(|from| count <= 2 * from && *from <= 2 * count)
                    .find(|from| row[*from] + minute * (cost(*from) - cost(count)) == sought);
                if let Some(from) = came {
                    return Some((called, before, from));
                }
            }
        }
        None
    }
}

/// The shards that so many counts stand for.
fn shards(counts: usize, unit: u32) -> u32 {
    u32::try_from(counts).expect("counts are no more than shards") * unit
}
