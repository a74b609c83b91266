// SPDX-License-Identifier: Apache-2.0
//! Is one of the day's ten resizes left for this?
//!
//! Scale-in leaves some of them to scale-out, and never goes so low that those left could not double the stream back to the
//! day's peak. Scale-out takes larger steps the fewer are left: a slow rise in exact steps would use them up. A plan has seen to
//! the size of its steps by itself. A stream that throttles with none left is split, shard by shard: splits are not counted.

use std::fmt;

use jiff::Timestamp;

use super::cause::Cause;
use super::context::{Context, Proposal, StageResult, propose, propose_call};
use super::resharding::{Resharding, split_limits, widest_split};
use super::words::{Explain, minute, minute_from, shards};
use crate::direction::Direction;
use crate::need::Need;
use crate::plan::rules_growth_percent_min;
use crate::reshard::plan_reshard;
use crate::stream::{DAILY_LIMIT_BELIEVED_FOR, ResizeHistory, ShardWindow, even_loads};
use kinesis_model::ShardCount;
use kinesis_model::limits::{RESIZES_PER_DAY, RESIZES_WINDOW_HOURS};

/// What the budget of resizes comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BudgetReason {
    /// Resizes left of the day's.
    BudgetLeft {
        /// How many, before this one.
        left: u32,
    },
    /// No resize is left.
    NoneLeft(NoneLeft),
    /// No resize is left, and the stream throttles: it is split.
    SplitsInstead {
        /// Why none is left.
        none_left: NoneLeft,
        /// The number of this split, from 1 on.
        split: u32,
        /// Of how many.
        all: u32,
    },
    /// Few of the day's resizes are left, so this one is made to last.
    LargerStep {
        /// How many are left, before this one.
        left: u32,
        /// What would have been enough for now.
        wanted: ShardCount,
    },
    /// Few of the day's resizes are left, and the change is not large enough for one of them.
    TooSmallForBudget {
        /// How many are left, before this one.
        left: u32,
        /// What would be enough.
        wanted: ShardCount,
    },
    /// Any lower, and the day's resizes left could not bring the stream back to its peak.
    RecoveryFloor {
        /// The lowest count with a way back.
        floor: ShardCount,
        /// The most shards of the last 24 h.
        peak: ShardCount,
        /// How many resizes are left, before this one.
        left: u32,
    },
    /// What is left of the day's resizes is kept for scale-out.
    ReservedForScaleOut {
        /// How many are left.
        left: u32,
        /// How many are kept.
        reserved: u32,
    },
}

/// Why no resize is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoneLeft {
    /// All of the day's resizes are spent.
    BudgetSpent {
        /// How many were.
        spent: u32,
        /// When the next one is free.
        next: Timestamp,
    },
    /// AWS said that all of the day's resizes are spent, of which we may know fewer.
    DailyLimitReached {
        /// When it said so.
        at: Timestamp,
        /// When it is asked again.
        until: Timestamp,
    },
}

/// Holds what the day's resizes do not allow. A split or merge spends none.
pub(crate) fn budget(context: &Context<'_>, proposal: &Proposal) -> StageResult<BudgetReason> {
    if proposal.resharding.is_some() {
        return Ok(None);
    }
    if let Some(none_left) = NoneLeft::of(context.history, context.now) {
        return match split_instead(context, proposal.shards)? {
            Some(resharding) => {
                let (progress, to) = (resharding.progress(context.current), resharding.to);
                let (split, all) = (progress.step, progress.of);
                propose_call(to, BudgetReason::SplitsInstead { none_left, split, all }, resharding)
            }
            None => propose(context.current, BudgetReason::NoneLeft(none_left)),
        };
    }
    let left = RESIZES_PER_DAY.saturating_sub(context.history.spent(context.now));
    match context.direction {
        Direction::Out => grow(context, proposal.shards, left),
        Direction::In => shrink(context, proposal.shards, left),
    }
}

fn grow(context: &Context<'_>, wanted: ShardCount, left: u32) -> StageResult<BudgetReason> {
    let at_least = percent_more(context.current, rules_growth_percent_min(left)).min(context.max);
    let is_planned = context.plan.is_some_and(|plan| plan.desired() == wanted);
    if at_least > wanted && !is_planned {
        return propose(at_least, BudgetReason::LargerStep { left, wanted });
    }
    propose(wanted, BudgetReason::BudgetLeft { left })
}

fn shrink(context: &Context<'_>, wanted: ShardCount, left: u32) -> StageResult<BudgetReason> {
    // What is reserved keeps the functions from spending what a person means to spend.
    let reserved = if context.order.is_some() { 0 } else { context.policy.resizes_reserved_for_scale_out };
    if left <= reserved {
        return propose(context.current, BudgetReason::ReservedForScaleOut { left, reserved });
    }
    let is_worth_it =
        outweighs(wanted, context.current, rules_growth_percent_min(left)) || context.returns_under_max(wanted);
    if context.plan.is_none() && !is_worth_it {
        return propose(context.current, BudgetReason::TooSmallForBudget { left, wanted });
    }
    // Scale-out goes no higher than the maximum, so that is all the way back there is.
    let peak = context.history.peak(context.now).unwrap_or(context.current).max(context.current).min(context.max);
    let floor = recovery_floor(peak, left);
    if floor > wanted && context.plan.is_none() {
        return propose(context.floor_if_worthwhile(floor), BudgetReason::RecoveryFloor { floor, peak, left });
    }
    propose(wanted, BudgetReason::BudgetLeft { left })
}

/// Whether going down to `wanted` is more than taking back a scale-out that was made this many percent larger to last.
fn outweighs(wanted: ShardCount, current: ShardCount, growth_percent: u32) -> bool {
    growth_percent == 0 || u64::from(wanted.get()) * u64::from(100 + growth_percent) < u64::from(current.get()) * 100
}

fn percent_more(shards: ShardCount, percent: u32) -> ShardCount {
    ShardCount::saturating((u64::from(shards.get()) * u64::from(100 + percent)).div_ceil(100))
}

/// The fewest shards from which the resizes left after this one, less one to spare, double back to `peak`.
fn recovery_floor(peak: ShardCount, left: u32) -> ShardCount {
    let doublings = left.saturating_sub(2).min(31);
    ShardCount::saturating(u64::from(peak.get()).div_ceil(1 << doublings))
}

/// The split of the widest shard, where the stream throttles or a series of splits is under way.
fn split_instead(context: &Context<'_>, wanted: ShardCount) -> Result<Option<Resharding>, Need> {
    let unfinished = context.unfinished_splits();
    if context.direction == Direction::In || (unfinished.is_none() && !context.signals.throttles()) {
        return Ok(None);
    }
    let Some(shards) = context.shards.or_need(Need::Shards)? else { return Ok(None) };
    let open = || shards.iter().map(|ShardWindow { shard, .. }| shard);
    let Some(call) = widest_split(open()) else { return Ok(None) };
    let (from, to) = unfinished.unwrap_or_else(|| {
        // As many as bring every shard under the target if keys are spread evenly; with a skew, each is another look's.
        let limits = split_limits(context.policy);
        let loads = even_loads(open(), f64::from(wanted.get()) * limits.target);
        let splits = plan_reshard(&loads, &[], &limits).operations.len() as u64;
        (context.current, ShardCount::saturating(u64::from(context.current.get()) + splits.max(1)))
    });
    Ok(Some(Resharding { call, from, to }))
}

impl NoneLeft {
    fn of(history: &ResizeHistory, now: Timestamp) -> Option<Self> {
        if let Some(at) = history.daily_limit_reached(now) {
            return Some(Self::daily_limit_reached(at));
        }
        let (spent, next) = (history.spent(now), history.next_free(now).unwrap_or(now));
        (spent >= RESIZES_PER_DAY).then_some(Self::BudgetSpent { spent, next })
    }

    /// That AWS said so at this time.
    fn daily_limit_reached(at: Timestamp) -> Self {
        Self::DailyLimitReached { at, until: at.checked_add(DAILY_LIMIT_BELIEVED_FOR).unwrap_or(at) }
    }

    fn cause(&self) -> Cause {
        match self {
            Self::BudgetSpent { next, .. } => Cause::BudgetSpent { next: minute_from(*next) },
            Self::DailyLimitReached { until, .. } => Cause::DailyLimitReached { until: minute_from(*until) },
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::BudgetSpent { spent, next } => write!(
                f,
                "{spent} resizes were made in the last {RESIZES_WINDOW_HOURS} h and AWS allows {RESIZES_PER_DAY}: the next is possible at {}",
                minute(minute_from(*next), now)
            ),
            Self::DailyLimitReached { at, until } => write!(
                f,
                "AWS said at {} that the limit of {RESIZES_PER_DAY} resizes in {RESIZES_WINDOW_HOURS} h is reached: the next try is at {}",
                minute(*at, now),
                minute(minute_from(*until), now)
            ),
        }
    }
}

impl Cause {
    /// That AWS said at this time that the day's resizes are spent.
    pub fn daily_limit_reached(at: Timestamp) -> Self {
        NoneLeft::daily_limit_reached(at).cause()
    }
}

impl Explain for BudgetReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::BudgetLeft { left } => {
                write!(f, "{left} of {RESIZES_PER_DAY} resizes per {RESIZES_WINDOW_HOURS} h are left")
            }
            Self::NoneLeft(none_left) => none_left.write(f, now),
            Self::SplitsInstead { none_left, split, all } => {
                none_left.write(f, now)?;
                write!(
                    f,
                    "; the stream throttles, so the scaler splits a shard instead (split {split} of {all}): AWS \
                     does not count splits among the {RESIZES_PER_DAY}"
                )
            }
            Self::LargerStep { left, wanted } => write!(
                f,
                "{} would be enough for now, but only {left} of {RESIZES_PER_DAY} resizes per \
                 {RESIZES_WINDOW_HOURS} h are left: a larger step lasts longer",
                shards(wanted.get())
            ),
            Self::TooSmallForBudget { left, wanted } => write!(
                f,
                "{} would be enough, but only {left} of {RESIZES_PER_DAY} resizes per {RESIZES_WINDOW_HOURS} h \
                 are left: the change is too small to use one of them",
                shards(wanted.get())
            ),
            Self::RecoveryFloor { floor, peak, left } => write!(
                f,
                "with {left} of {RESIZES_PER_DAY} resizes per {RESIZES_WINDOW_HOURS} h left, {floor} is the \
                 lowest shard count from which scale-out can still reach the day's peak of {peak}"
            ),
            Self::ReservedForScaleOut { left, reserved } => {
                write!(
                    f,
                    "{left} of {RESIZES_PER_DAY} resizes per {RESIZES_WINDOW_HOURS} h are left, and {reserved} \
                     are reserved for scale-out"
                )
            }
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self {
            Self::NoneLeft(none_left) => Some(none_left.cause()),
            // The splits make up for it.
            Self::SplitsInstead { .. }
            | Self::BudgetLeft { .. }
            | Self::LargerStep { .. }
            | Self::TooSmallForBudget { .. }
            | Self::RecoveryFloor { .. }
            | Self::ReservedForScaleOut { .. } => None,
        }
    }
}
