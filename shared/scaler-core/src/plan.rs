//! The cheapest way through the next day: which count when, under AWS's limits, the calls left and the risk.
//!
//! Shards cost, expected throttling costs what the operator's risk says, and each resize is one of ten a day. A program over
//! spans, counts and resizes left finds the sequence with the least of all three; only its first step is ever carried out,
//! and at the next look it is made anew.

use crate::forecast::{Forecast, between};
use kinesis_model::ShardCount;
use kinesis_model::limits::RESIZES_PER_DAY;

/// Half a minute a shard, at least one minute and at most thirty: see `recommend.rs` for why this is an assumption.
const RESIZE_MINUTES_A_SHARD: f64 = 0.5;
const RESIZE_MINUTES_MAX: f64 = 30.0;
/// Throttling in a span that lies ahead can still be averted by a resize then, so it counts less: half as much each so many
/// minutes, down to [`AVERTED_WORTH`] shard-minutes.
const AVERTED_HALF_MINUTES: f64 = 30.0;
const AVERTED_WORTH: f64 = 8.0;
/// What a resize costs with all ten left, as a share of a day at the mean load, and how much more with none.
const RESIZE_WORTH: f64 = 0.007;
const SCARCITY: f64 = 12.0;
/// ... and how much more of a stream of which nothing is known yet: its days will hardly all be like its first hours.
const NOVELTY: f64 = 4.0;
/// How likely a surprise is taken to be that the resizes left could not answer, as a share of the time.
const SURPRISE: f64 = 0.03;
/// The last resizes of a day are for scale-out alone, and each of them doubles: nothing is known of what they will be for.
const LAST: usize = 2;
/// ... unless fewer shards are so many times what the stream takes now, and above all it ever took.
const LAST_ABOVE: f64 = 3.0;
/// A scale-in gives back at least this share of what would take back the least scale-out. All of it, and a plan would grow a
/// stream first so as to be allowed to shrink it (seen a day after a step, under a load that did not change any more).
const SHRUNK: f64 = 0.5;
/// Of a stream that is not known for a day yet scale-in leaves more: what the rest of the day is like nobody knows.
const KEPT_ON_THE_FIRST_DAY: usize = 5;
/// A load below this share of the largest one seen is on known ground.
const KNOWN_GROUND: f64 = 0.9;
/// A little above the largest load seen is enough for what is known.
const ABOVE_PEAK: f64 = 1.05;

/// What is called high is exceeded in one minute of twenty.
const BEYOND_HIGH: f64 = 0.05;

const CALLS: usize = RESIZES_PER_DAY as usize;
type ByCalls = [f64; CALLS + 1];

/// What a plan has to keep to.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// Open shards now.
    pub(crate) current: ShardCount,
    /// The operator's minimum.
    pub(crate) min: ShardCount,
    /// The operator's maximum.
    pub(crate) max: ShardCount,
    /// Resizes left of the day's ten.
    pub(crate) left: u32,
    /// In how many minutes each of those spent is free again.
    pub(crate) free_in: Vec<usize>,
    /// Of the resizes, those that scale-in leaves to scale-out.
    pub(crate) reserved: u32,
    /// A scale-in gives back at least this many percent.
    pub(crate) tolerance_percent: u32,
    /// What not throttling a shard's traffic for a minute is worth, in shard-minutes.
    pub(crate) worth: f64,
}

/// One span of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedSpan {
    /// Minutes from now to its begin.
    pub begins_in_minutes: u32,
    /// Its length in minutes.
    pub minutes: u32,
    /// Shards planned for it; in the first span, what to have as soon as that can be.
    pub shards: ShardCount,
    /// Shards that carry its load with an even chance.
    pub likely: u32,
    /// Shards that carry it in all but one minute of twenty.
    pub high: u32,
}

/// A day ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its spans in their order; never empty.
    pub spans: Vec<PlannedSpan>,
    /// Resizes left before it.
    pub left: u32,
}

impl Plan {
    /// What the stream should have now.
    pub fn desired(&self) -> ShardCount {
        self.spans.first().map_or(ShardCount::ONE, |span| span.shards)
    }

    /// The first change after now: in how many minutes, and to what.
    pub fn next(&self) -> Option<(u32, ShardCount)> {
        let changed = self.spans.iter().find(|span| span.shards != self.desired())?;
        Some((changed.begins_in_minutes, changed.shards))
    }

    /// The span that needs most of those before the next change; of those that need the same, the one most likely to.
    pub fn busiest(&self) -> Option<&PlannedSpan> {
        let until = self.next().map_or(u32::MAX, |(minutes, _)| minutes);
        let mut busiest: Option<&PlannedSpan> = None;
        for span in self.spans.iter().take_while(|span| span.begins_in_minutes < until) {
            if busiest.is_none_or(|other| (span.high, span.likely) > (other.high, other.likely)) {
                busiest = Some(span);
            }
        }
        busiest
    }

    /// Plans the next day.
    pub(crate) fn of(forecast: &Forecast, terms: &Terms) -> Self {
        let program = Program::new(forecast, terms);
        let first = program.first();
        let mut spans = vec![(0, first)];
        let mut calls = program.calls_after(0, terms.left.min(RESIZES_PER_DAY) as usize, first != terms.current.get());
        let mut at = program.nearest(first);
        let mut shards = first;
        for span in 1..forecast.spans.len() {
            let next = program.best_after(span, at, calls);
            calls = program.calls_after(span, calls, next != at);
            // The first step is to a count of its own, which the levels need not have.
            if next != at {
                shards = forecast.levels[next];
            }
            at = next;
            spans.push((span, shards));
        }
        let minutes = |minutes: usize| u32::try_from(minutes).unwrap_or(u32::MAX);
        let planned = spans.into_iter().map(|(span, shards)| PlannedSpan {
            begins_in_minutes: minutes(forecast.spans[span].begins),
            minutes: minutes(forecast.spans[span].minutes),
            shards: ShardCount::saturating(u64::from(shards)),
            likely: forecast.high(span, 0.5),
            high: forecast.high(span, BEYOND_HIGH),
        });
        Self { spans: planned.collect(), left: terms.left }
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

/// The program: least cost from each span on, by level and resizes left.
struct Program<'a> {
    forecast: &'a Forecast,
    terms: &'a Terms,
    /// Worth of what is throttled in each span.
    worth: Vec<f64>,
    /// Resizes that become free at the end of each span.
    freed: Vec<usize>,
    changes: Vec<Vec<Change>>,
    /// What a surprise would cost a minute at each level, by the resizes left.
    surprises: Vec<ByCalls>,
    /// What a resize costs by the resizes left before it.
    prices: ByCalls,
    /// Least cost from each span on; one more than there are spans.
    values: Vec<Vec<ByCalls>>,
}

impl<'a> Program<'a> {
    fn new(forecast: &'a Forecast, terms: &'a Terms) -> Self {
        let worth = forecast.spans.iter().map(|span| {
            let ahead = whole(span.begins) + whole(span.minutes) / 2.0;
            let averted = AVERTED_WORTH.min(terms.worth);
            averted + (terms.worth - averted) * 0.5_f64.powf(ahead / AVERTED_HALF_MINUTES)
        });
        let freed = forecast.spans.iter().map(|span| {
            let within = span.begins + 1..=span.begins + span.minutes;
            terms.free_in.iter().filter(|minutes| within.contains(minutes)).count()
        });
        let price = |left: usize| {
            let spent = 1.0 - whole(left) / whole(CALLS);
            let novelty = 1.0 + NOVELTY * (-forecast.days).exp();
            RESIZE_WORTH * 1_440.0 * forecast.mean.max(0.5) * (1.0 + SCARCITY * spent * spent) * novelty
        };
        let mut program = Self {
            forecast,
            terms,
            worth: worth.collect(),
            freed: freed.collect(),
            changes: Vec::new(),
            surprises: Vec::new(),
            prices: std::array::from_fn(price),
            values: vec![vec![[0.0; CALLS + 1]; forecast.levels.len()]; forecast.spans.len() + 1],
        };
        program.changes = (0..forecast.levels.len()).map(|from| program.changes_from(from)).collect();
        program.surprises = forecast.levels.iter().map(|level| program.by_calls(*level)).collect();
        for span in (1..forecast.spans.len()).rev() {
            program.solve(span);
        }
        program
    }

    /// Shards and what they throttle, a minute, in a span.
    fn rate(&self, span: usize, shards: u32) -> f64 {
        f64::from(shards) + self.worth[span] * self.forecast.excess(span, shards)
    }

    /// What a surprise would cost a minute with so many shards: what lies beyond all that the resizes left can double them to.
    fn surprise(&self, shards: u32, left: usize) -> f64 {
        let reach = u64::from(shards) << left;
        SURPRISE * self.terms.worth * self.forecast.surprise(u32::try_from(reach).unwrap_or(u32::MAX))
    }

    fn by_calls(&self, shards: u32) -> ByCalls {
        std::array::from_fn(|left| self.surprise(shards, left))
    }

    /// Whether a planned change is allowed with so many resizes left.
    fn is_allowed(&self, from: u32, to: u32, left: usize) -> bool {
        if to < from {
            let least = SHRUNK * (1.0 - 1.0 / (1.0 + growth_min(left)));
            let given_back = (f64::from(self.terms.tolerance_percent) / 100.0).max(least);
            let is_enough = f64::from(to) <= f64::from(from) * (1.0 - given_back);
            // The maximum caps growth; a stream above it comes down as far as its load allows.
            let kept = if self.forecast.days < 1.0 { KEPT_ON_THE_FIRST_DAY } else { LAST };
            let can_spare = left > kept.max(self.terms.reserved as usize);
            return to >= self.terms.min.get().max(from.div_ceil(2)) && is_enough && can_spare;
        }
        // Where the load has been before, a little above its peak is enough; on new ground nothing is known to be.
        let (level, peak) = (self.forecast.level, self.forecast.peak);
        let enough = match left {
            ..=LAST => (level * LAST_ABOVE).max(peak * ABOVE_PEAK),
            _ if level < peak * KNOWN_GROUND => peak * ABOVE_PEAK,
            _ => f64::INFINITY,
        };
        let is_large = f64::from(to) >= (f64::from(from) * (1.0 + growth_min(left))).floor();
        let is_most = to == self.terms.max.get() || to == from.saturating_mul(2);
        to <= self.terms.max.get().min(from.saturating_mul(2)) && (is_large || is_most || f64::from(to) >= enough)
    }

    fn changes_from(&self, from: usize) -> Vec<Change> {
        let levels = &self.forecast.levels;
        let shards = levels[from];
        let lowest = levels.partition_point(|level| *level < shards.div_ceil(2));
        let highest = levels.partition_point(|level| *level <= shards.saturating_mul(2));
        let change = |to: usize| {
            let left_min = (1..=CALLS).find(|left| self.is_allowed(shards, levels[to], *left))?;
            Some(Change { to, takes: resize_minutes(shards, levels[to]), left_min })
        };
        (lowest..highest).filter(|to| *to != from).filter_map(change).collect()
    }

    /// Fills the values of a span from those of the next.
    fn solve(&mut self, span: usize) {
        let minutes = whole(self.forecast.spans[span].minutes);
        let costs: Vec<f64> = self.forecast.levels.iter().map(|level| minutes * self.rate(span, *level)).collect();
        let next = &self.values[span + 1];
        let freed = self.freed[span];
        let kept: Vec<ByCalls> =
            next.iter().map(|values| std::array::from_fn(|left| values[(left + freed).min(CALLS)])).collect();
        let spent: Vec<ByCalls> = next
            .iter()
            .map(|values| {
                std::array::from_fn(|left| match left.checked_sub(1) {
                    Some(after) => values[(after + freed).min(CALLS)] + self.prices[left],
                    None => f64::INFINITY,
                })
            })
            .collect();
        let value = |from: usize| {
            let mut best: ByCalls =
                std::array::from_fn(|left| costs[from] + minutes * self.surprises[from][left] + kept[from][left]);
            for change in &self.changes[from] {
                let part = (change.takes / minutes).min(1.0);
                let cost = part * costs[from] + (1.0 - part) * costs[change.to];
                for left in change.left_min..=CALLS {
                    let surprise = minutes * self.surprises[change.to][left - 1];
                    best[left] = best[left].min(cost + surprise + spent[change.to][left]);
                }
            }
            best
        };
        self.values[span] = (0..costs.len()).map(value).collect();
    }

    /// Least cost from the second span on with so many shards.
    fn value(&self, shards: u32, left: usize) -> f64 {
        let levels = &self.forecast.levels;
        let values: Vec<f64> = self.values[1].iter().map(|values| values[left]).collect();
        match levels.binary_search(&shards) {
            Ok(at) => values[at],
            Err(0) => values[0],
            Err(at) if at == levels.len() => {
                values[at - 1] + f64::from(shards - levels[at - 1]) * whole(self.forecast.spans[1].minutes)
            }
            Err(at) => between(levels, &values, at, shards),
        }
    }

    /// The count to have in the first span, with the exact counts of both ends.
    fn first(&self) -> u32 {
        let (current, left) = (self.terms.current.get(), self.terms.left.min(RESIZES_PER_DAY) as usize);
        let minutes = whole(self.forecast.spans[0].minutes);
        let after = |left: usize| (left + self.freed[0]).min(CALLS);
        let stay = minutes * (self.rate(0, current) + self.surprise(current, left));
        let mut best = (stay + self.value(current, after(left)), current);
        if left == 0 {
            return current;
        }
        // Of large counts not every one is tried: one in thirty is nearer than any forecast. The ends are: close to its
        // maximum a stream may have no other count to grow to.
        let step = (current / 60).max(1) as usize;
        let ends = [current.saturating_mul(2), self.terms.max.get(), self.terms.min.get()];
        for to in (current.div_ceil(2)..=current.saturating_mul(2)).step_by(step).chain(ends) {
            if to == current || !self.is_allowed(current, to, left) {
                continue;
            }
            let takes = resize_minutes(current, to);
            let part = (takes / minutes).min(1.0);
            // What is throttled meanwhile. That a stream shrinks slowly is no reason to begin later: it would be put off for ever.
            let waits = if to > current { (takes - minutes).max(0.0) } else { 0.0 };
            let late = waits * (self.rate(1, current) - self.rate(1, to)).max(0.0);
            let here = minutes * (part * self.rate(0, current) + (1.0 - part) * self.rate(0, to));
            let here = here + minutes * self.surprise(to, left - 1);
            let cost = here + late + self.value(to, after(left - 1)) + self.prices[left];
            if cost < best.0 {
                best = (cost, to);
            }
        }
        best.1
    }

    /// The level nearest to a count, from above where there is one.
    fn nearest(&self, shards: u32) -> usize {
        self.forecast.levels.partition_point(|level| *level < shards).min(self.forecast.levels.len() - 1)
    }

    fn calls_after(&self, span: usize, left: usize, is_changed: bool) -> usize {
        (left.saturating_sub(usize::from(is_changed)) + self.freed[span]).min(CALLS)
    }

    /// The level to be at in a span, coming from one with so many resizes left.
    fn best_after(&self, span: usize, from: usize, left: usize) -> usize {
        let minutes = whole(self.forecast.spans[span].minutes);
        let cost = |level: usize| minutes * self.rate(span, self.forecast.levels[level]);
        let next = |level: usize, left: usize| self.values[span + 1][level][(left + self.freed[span]).min(CALLS)];
        let surprise = |level: usize, left: usize| minutes * self.surprises[level][left];
        let mut best = (cost(from) + surprise(from, left) + next(from, left), from);
        for change in self.changes[from].iter().filter(|change| left >= change.left_min) {
            let part = (change.takes / minutes).min(1.0);
            let here = part * cost(from) + (1.0 - part) * cost(change.to);
            let here = here + surprise(change.to, left - 1) + self.prices[left];
            let total = here + next(change.to, left - 1);
            if total < best.0 {
                best = (total, change.to);
            }
        }
        best.1
    }
}

/// How much a scale-out grows a stream at least with so many resizes left, as a share: the fewer are left, the more, since a
/// rise in small steps would use them up.
fn growth_min(left: usize) -> f64 {
    match left {
        0..=LAST => 1.0,
        3..=4 => 0.5,
        5..=7 => 0.25,
        _ => 0.12,
    }
}

/// Minutes that a resize is assumed to take.
fn resize_minutes(from: u32, to: u32) -> f64 {
    (RESIZE_MINUTES_A_SHARD * f64::from(from.abs_diff(to))).clamp(1.0, RESIZE_MINUTES_MAX)
}

fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
