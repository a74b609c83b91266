// SPDX-License-Identifier: Apache-2.0
//! The cheapest way through the next day: which count when, under AWS's limits, the resizes left and the risk.
//!
//! Shards cost, expected throttling costs what the operator's risk says, and each resize is one of ten a day. A program over
//! spans, counts and resizes left finds the sequence with the least of all three.

use super::forecast::Forecast;
use super::levels::{Place, between};
use super::tuning::{
    ABOVE_PEAK, AVERTED_HALF_MINUTES, AVERTED_WORTH, DAY_MINUTES, FIRST_DAY_RESIZES, FIRST_STEP_PARTS, KNOWN_GROUND,
    LAST_RESIZES, LAST_RESIZES_ABOVE, NOVELTY, RESIZE_WORTH, RESIZE_WORTH_SHARDS_MIN, RESIZES,
    SCALE_IN_SHARE_OF_GROWTH, SCARCITY, SURPRISE, planned_growth_min,
};
use kinesis_model::ShardCount;
use kinesis_model::num::float;
use kinesis_model::resize_time::resize_minutes;

/// One number for each count of resizes left, from none to all.
type ByLeft = [f64; RESIZES + 1];

/// What a plan has to keep to.
#[derive(Clone, Debug)]
pub(super) struct Constraints {
    /// Open shards now.
    pub(super) current: ShardCount,
    /// The operator's minimum.
    pub(super) min: ShardCount,
    /// The operator's maximum.
    pub(super) max: ShardCount,
    /// Resizes left of the day's ten.
    pub(super) left: u32,
    /// In how many minutes each of those spent is free again.
    pub(super) free_in: Vec<usize>,
    /// Of the resizes, those that scale-in leaves to scale-out.
    pub(super) reserved: u32,
    /// A scale-in gives back at least this many percent.
    pub(super) tolerance_percent: u32,
    /// What not throttling a shard's traffic for a minute is worth, in shard-minutes.
    pub(super) worth: f64,
    /// The load to plan for, in percent of the forecast.
    pub(super) planned_percent: u32,
}

impl Constraints {
    /// The shards that so many are for the forecast itself, to the nearest: planned for 130 %, 13 do what 10 did.
    fn carries(&self, shards: u32) -> u32 {
        let percent = u64::from(self.planned_percent);
        u32::try_from((u64::from(shards) * 100 + percent / 2) / percent).unwrap_or(u32::MAX)
    }
}

/// A change from one level to another.
struct Change {
    to: usize,
    /// Minutes that it takes.
    takes: f64,
    /// It is allowed with at least so many resizes left.
    left_min: usize,
}

/// A count in a span, in shard-minutes: what it costs there, and what comes after it.
struct Choice {
    /// Shards and what they throttle, over the whole span.
    span: f64,
    /// What a surprise in the span would cost, by the resizes left.
    surprise: ByLeft,
    /// The least cost of all later spans, by the resizes left in this one.
    later: ByLeft,
    /// The same after a resize, by the resizes left before it; with its price.
    reached: ByLeft,
}

/// The Bellman step: what the span and all later ones cost at least, by what is done in it.
impl Choice {
    /// Nothing is done.
    fn keep(&self, left: usize) -> f64 {
        self.span + self.surprise[left] + self.later[left]
    }

    /// A resize to another count, which takes this part of the span.
    fn change(&self, to: &Self, part: f64, left: usize) -> f64 {
        self.changing(to, part, left) + to.reached[left]
    }

    /// The same without what comes after the span.
    fn changing(&self, to: &Self, part: f64, left: usize) -> f64 {
        part * self.span + (1.0 - part) * to.span + to.surprise[left - 1]
    }
}

/// The program: least cost from each span on, by level and resizes left.
pub(super) struct Program<'a> {
    forecast: &'a Forecast,
    constraints: &'a Constraints,
    /// Worth of what is throttled in each span.
    worth: Vec<f64>,
    /// Resizes that become free at the end of each span.
    freed: Vec<usize>,
    /// From each level.
    changes: Vec<Vec<Change>>,
    /// What a surprise would cost a minute at each level, by the resizes left.
    surprises: Vec<ByLeft>,
    /// What a resize costs by the resizes left before it.
    prices: ByLeft,
    /// Least cost from each span on, by level; one more than there are spans.
    values: Vec<Vec<ByLeft>>,
}

impl<'a> Program<'a> {
    pub(super) fn new(forecast: &'a Forecast, constraints: &'a Constraints) -> Self {
        let freed = forecast.spans.iter().map(|span| {
            let within = span.begins + 1..=span.begins + span.minutes;
            constraints.free_in.iter().filter(|minutes| within.contains(minutes)).count()
        });
        let levels = &forecast.levels;
        let mut program = Self {
            forecast,
            constraints,
            worth: worth(forecast, constraints.worth),
            freed: freed.collect(),
            changes: Vec::new(),
            surprises: Vec::new(),
            prices: prices(forecast),
            values: vec![vec![[0.0; RESIZES + 1]; levels.len()]; forecast.spans.len() + 1],
        };
        program.changes = (0..levels.len()).map(|from| program.changes_from(from)).collect();
        program.surprises = levels.iter().map(|level| program.surprise(*level)).collect();
        for span in (1..forecast.spans.len()).rev() {
            program.values[span] = program.solved(span);
        }
        program
    }

    /// The count of each span on the cheapest way.
    pub(super) fn cheapest(&self) -> Vec<ShardCount> {
        let count = |shards: u32| ShardCount::new(shards).expect("no level is below one shard");
        let (current, levels) = (self.constraints.current.get(), &self.forecast.levels);
        let mut shards = self.first();
        let mut left = self.left_after(0, self.left_at_first(), shards != current);
        let mut at = self.nearest(shards);
        let mut counts = vec![count(shards)];
        for span in 1..self.forecast.spans.len() {
            let next = self.best(span, at, left);
            left = self.left_after(span, left, next != at);
            // The first step is to a count of its own, which the levels need not have.
            if next != at {
                shards = levels[next];
            }
            at = next;
            counts.push(count(shards));
        }
        counts
    }

    /// Shards and what they throttle, a minute, in a span.
    fn rate(&self, span: usize, shards: u32) -> f64 {
        f64::from(shards) + self.worth[span] * self.forecast.excess(span, self.constraints.carries(shards))
    }

    /// What a surprise would cost a minute with so many shards, by the resizes left: what lies beyond all that those can double
    /// the shards to.
    fn surprise(&self, shards: u32) -> ByLeft {
        let cost = |left: usize| {
            // No load is beyond `u32::MAX` shards.
            let reach = u32::try_from(u64::from(shards) << left).unwrap_or(u32::MAX);
            SURPRISE * self.constraints.worth * self.forecast.surprise(self.constraints.carries(reach))
        };
        std::array::from_fn(cost)
    }

    /// A choice in a span, from what a surprise costs with it and from the least cost of all later spans.
    fn choice(&self, span: usize, shards: u32, surprise: &ByLeft, later: impl Fn(usize) -> f64) -> Choice {
        let minutes = float(self.forecast.spans[span].minutes);
        let later: ByLeft = std::array::from_fn(|left| later((left + self.freed[span]).min(RESIZES)));
        let reached = std::array::from_fn(|left| match left.checked_sub(1) {
            Some(after) => later[after] + self.prices[left],
            None => f64::INFINITY,
        });
        Choice {
            span: minutes * self.rate(span, shards),
            surprise: surprise.map(|cost| minutes * cost),
            later,
            reached,
        }
    }

    /// The choice of each level in a span.
    fn choices(&self, span: usize) -> Vec<Choice> {
        let next = &self.values[span + 1];
        let levels = self.forecast.levels.iter().zip(&self.surprises).zip(next);
        levels.map(|((level, surprise), next)| self.choice(span, *level, surprise, |left| next[left])).collect()
    }

    /// The least cost of a span and all later ones.
    fn solved(&self, span: usize) -> Vec<ByLeft> {
        let minutes = float(self.forecast.spans[span].minutes);
        let choices = self.choices(span);
        let least = |(from, changes): (&Choice, &Vec<Change>)| {
            let mut least: ByLeft = std::array::from_fn(|left| from.keep(left));
            for change in changes {
                let (to, part) = (&choices[change.to], (change.takes / minutes).min(1.0));
                for (left, least) in least.iter_mut().enumerate().skip(change.left_min) {
                    *least = least.min(from.change(to, part, left));
                }
            }
            least
        };
        choices.iter().zip(&self.changes).map(least).collect()
    }

    /// The level to be at in a span, coming from one with so many resizes left.
    fn best(&self, span: usize, from: usize, left: usize) -> usize {
        let minutes = float(self.forecast.spans[span].minutes);
        let choices = self.choices(span);
        let here = &choices[from];
        let allowed = self.changes[from].iter().filter(|change| left >= change.left_min);
        let changes = allowed.map(|change| {
            let part = (change.takes / minutes).min(1.0);
            (here.change(&choices[change.to], part, left), change.to)
        });
        cheaper((here.keep(left), from), changes)
    }

    /// The count to have in the first span, with the exact counts of both ends.
    fn first(&self) -> u32 {
        let (current, left) = (self.constraints.current.get(), self.left_at_first());
        if left == 0 {
            return current;
        }
        let minutes = float(self.forecast.spans[0].minutes);
        let choice = |shards: u32| self.choice(0, shards, &self.surprise(shards), |left| self.later(shards, left));
        let here = choice(current);
        // Of large counts not every one is tried. The ends are: close to its maximum a stream may have no other count to grow to.
        let step = (current / FIRST_STEP_PARTS).max(1) as usize;
        let (least, most) = (self.constraints.current.halved().get(), self.constraints.current.doubled().get());
        let tried = (least..=most).step_by(step).chain([most, self.constraints.max.get(), self.constraints.min.get()]);
        let allowed = tried.filter(|to| *to != current && self.is_allowed(current, *to, left));
        let changes = allowed.map(|to| {
            let takes = resize_minutes(current, to);
            // What is throttled meanwhile. That a stream shrinks slowly is no reason to begin later: it would be put off for ever.
            let waits = if to > current { (takes - minutes).max(0.0) } else { 0.0 };
            let late = waits * (self.rate(1, current) - self.rate(1, to)).max(0.0);
            let there = choice(to);
            let now = here.changing(&there, (takes / minutes).min(1.0), left) + late;
            // Many counts may cost the same, where the next span resizes again: the order of the sum is what chooses among them.
            (now + there.later[left - 1] + self.prices[left], to)
        });
        cheaper((here.keep(left), current), changes)
    }

    /// Least cost from the second span on with so many shards.
    fn later(&self, shards: u32, left: usize) -> f64 {
        let values = &self.values[1];
        match Place::of(shards, &self.forecast.levels) {
            Place::At(at) => values[at][left],
            Place::Between { upper, part } => between(values[upper - 1][left], values[upper][left], part),
            Place::Below(_) => values[0][left],
            Place::Above(by) => values[values.len() - 1][left] + f64::from(by) * float(self.forecast.spans[1].minutes),
        }
    }

    fn left_at_first(&self) -> usize {
        (self.constraints.left as usize).min(RESIZES)
    }

    fn left_after(&self, span: usize, left: usize, is_changed: bool) -> usize {
        (left - usize::from(is_changed) + self.freed[span]).min(RESIZES)
    }

    /// The level nearest to a count, from above where there is one.
    fn nearest(&self, shards: u32) -> usize {
        self.forecast.levels.partition_point(|level| *level < shards).min(self.forecast.levels.len() - 1)
    }

    fn changes_from(&self, from: usize) -> Vec<Change> {
        let levels = &self.forecast.levels;
        let shards = levels[from];
        let lowest = levels.partition_point(|level| *level < shards.div_ceil(2));
        let highest = levels.partition_point(|level| *level <= shards.saturating_mul(2));
        let change = |to: usize| {
            let left_min = (1..=RESIZES).find(|left| self.is_allowed(shards, levels[to], *left))?;
            Some(Change { to, takes: resize_minutes(shards, levels[to]), left_min })
        };
        (lowest..highest).filter(|to| *to != from).filter_map(change).collect()
    }

    /// Whether a planned change is allowed with so many resizes left.
    fn is_allowed(&self, from: u32, to: u32, left: usize) -> bool {
        if to < from { self.may_shrink(from, to, left) } else { self.may_grow(from, to, left) }
    }

    fn may_shrink(&self, from: u32, to: u32, left: usize) -> bool {
        let least = SCALE_IN_SHARE_OF_GROWTH * (1.0 - 1.0 / (1.0 + planned_growth_min(left)));
        let given_back = (f64::from(self.constraints.tolerance_percent) / 100.0).max(least);
        let is_enough = f64::from(to) <= f64::from(from) * (1.0 - given_back);
        let kept = if self.forecast.days < 1.0 { FIRST_DAY_RESIZES } else { LAST_RESIZES };
        let can_spare = left > kept.max(self.constraints.reserved as usize);
        to >= self.constraints.min.get().max(from.div_ceil(2)) && is_enough && can_spare
    }

    fn may_grow(&self, from: u32, to: u32, left: usize) -> bool {
        // Where the load has been before, a little above its peak is enough; on new ground nothing is known to be.
        let (level, peak) = (self.forecast.level, self.forecast.peak);
        let enough = match left {
            ..=LAST_RESIZES => (level * LAST_RESIZES_ABOVE).max(peak * ABOVE_PEAK),
            _ if level < peak * KNOWN_GROUND => peak * ABOVE_PEAK,
            _ => f64::INFINITY,
        };
        let (max, most) = (self.constraints.max.get(), from.saturating_mul(2));
        let is_large = f64::from(to) >= (f64::from(from) * (1.0 + planned_growth_min(left))).floor();
        let is_most = to == max || to == most;
        // The maximum caps growth; a stream above it comes down as far as its load allows.
        to <= max.min(most) && (is_large || is_most || f64::from(to) >= enough)
    }
}

/// What is throttled counts less in spans that a later resize can still help.
fn worth(forecast: &Forecast, worth: f64) -> Vec<f64> {
    let averted = AVERTED_WORTH.min(worth);
    let spans = forecast.spans.iter().map(|span| {
        let ahead = float(span.begins) + float(span.minutes) / 2.0;
        averted + (worth - averted) * 0.5_f64.powf(ahead / AVERTED_HALF_MINUTES)
    });
    spans.collect()
}

/// What a resize costs, by the resizes left before it: the dearer the fewer are left, and the less is known of the stream.
fn prices(forecast: &Forecast) -> ByLeft {
    let novelty = 1.0 + NOVELTY * (-forecast.days).exp();
    let least = RESIZE_WORTH * float(DAY_MINUTES) * forecast.mean.max(RESIZE_WORTH_SHARDS_MIN);
    std::array::from_fn(|left| {
        let spent = 1.0 - float(left) / float(RESIZES);
        least * (1.0 + SCARCITY * spent * spent) * novelty
    })
}

/// What costs least: the first of all that cost the same.
fn cheaper<T>(first: (f64, T), others: impl Iterator<Item = (f64, T)>) -> T {
    others.fold(first, |best, other| if other.0 < best.0 { other } else { best }).1
}
