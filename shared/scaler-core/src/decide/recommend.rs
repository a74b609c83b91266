// SPDX-License-Identifier: Apache-2.0
//! What does the load ask for? The busiest minute that counts, at the target utilization; or the plan of the next day.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;

use super::cause::Cause;
use super::context::{Basis, Context, Proposal, StageResult, propose, propose_by};
use super::load_signals::{Load, UnknownLoad};
use super::words::{self, Explain, ahead, minute};
use crate::direction::Direction;
use crate::plan::Plan;
use crate::risk::Risk;
use kinesis_model::limits::{RESIZES_PER_DAY, RESIZES_WINDOW_HOURS};
use kinesis_model::{Demand, ShardCount};

/// Throttled while less than this was accepted in the busiest minute: it is the spread of the keys that is wrong, not the
/// size (chosen). What was refused does not count here: retries of one hot key alone can look like a full stream.
const HOT_SHARD_UTILIZATION_PERCENT: u64 = 50;
/// A stream that throttles in bursts gets this much more; also the step in which AWS reshards fastest (API
/// `UpdateShardCount`: multiples of 25 % of the current count).
const BURST_STEP_PERCENT: u64 = 25;

/// What the load asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecommendReason {
    /// The busiest minute of the window and what it asks for.
    Load {
        /// When the busiest minute began.
        at: Timestamp,
        /// What producers wanted to write in it.
        demand: Demand,
        /// Percent of the current capacity.
        utilization_percent: u64,
        /// Percent to run at.
        target_percent: u32,
    },
    /// The cheapest way through the next day.
    Planned {
        /// What the plan asks for now.
        shards: ShardCount,
        /// In how many minutes the span begins that needs most of it.
        busiest_in_minutes: u32,
        /// What that span needs.
        needs: u32,
        /// Resizes left of the day's.
        left: u32,
        /// The next change after it: in how many minutes, and to what.
        next: Option<(u32, ShardCount)>,
        /// The operator's risk.
        risk: Risk,
    },
    /// The load is nearly what the stream is sized for: a resize would be wasted.
    WithinTolerance {
        /// Percent of the current capacity in the busiest minute.
        utilization_percent: u64,
        /// Percent to run at.
        target_percent: u32,
        /// What the load asks for to the letter.
        recommended: ShardCount,
    },
    /// Records were throttled although the minute's average fits: bursts shorter than a minute.
    BurstsWithinMinutes {
        /// Records throttled in the worst minute.
        throttled_records: u64,
        /// Percent of the current capacity in the busiest minute.
        utilization_percent: u64,
    },
    /// Records were throttled although most of the stream is idle: more shards of equal size would not help.
    HotShardSuspected {
        /// Records throttled in the worst minute.
        throttled_records: u64,
        /// Percent of the current capacity in the busiest minute.
        utilization_percent: u64,
    },
    /// The load is on its way down: resizing at every step of it would waste resizes.
    StillFalling {
        /// What the newer half of the window asks for.
        falling_to: ShardCount,
        /// What the whole window asks for.
        recommended: ShardCount,
    },
    /// The load is not known, or too little of it.
    Unknown(UnknownLoad),
    /// Splits that were begun and are not done.
    SplitsUnfinished {
        /// How many are.
        done: u32,
        /// Of how many.
        all: u32,
    },
}

type Recommended = (ShardCount, RecommendReason);

/// What the load asks for, or the plan, or splits that were begun.
pub(crate) fn recommend(context: &Context<'_>, _: &Proposal) -> StageResult<RecommendReason> {
    let by_load = match &context.signals.load {
        Ok(load) => for_load(context, load),
        Err(unknown) => (context.current, RecommendReason::Unknown(*unknown)),
    };
    let (shards, reason) = match context.plan {
        Some(plan) => with_plan(context, plan, by_load),
        None => by_load,
    };
    match context.unfinished_splits().filter(|(_, to)| *to > shards) {
        Some((from, to)) => {
            let [done, all] = [context.current, to].map(|count| count.get() - from.get());
            propose(to, RecommendReason::SplitsUnfinished { done, all })
        }
        None => propose_by(reason.basis(), shards, reason),
    }
}

/// The count for the busiest of the minutes that count.
fn for_load(context: &Context<'_>, load: &Load) -> Recommended {
    let (current, target_percent) = (context.current, context.policy.target_utilization_percent);
    let recommended = load.busiest.shards(target_percent);
    let utilization_percent = load.busiest.utilization_percent(current);
    let throttled_records = load.throttled_records;
    if throttled_records > 0 {
        let utilization_percent = load.accepted.utilization_percent(current);
        if utilization_percent < HOT_SHARD_UTILIZATION_PERCENT {
            return (current, RecommendReason::HotShardSuspected { throttled_records, utilization_percent });
        }
        if recommended <= current {
            return more_for_bursts(current, load);
        }
    } else if is_within_tolerance(context, load.busiest, recommended) {
        return (current, RecommendReason::WithinTolerance { utilization_percent, target_percent, recommended });
    }
    // What is at or below the minimum becomes the minimum, wherever the load goes from there.
    if recommended < current
        && recommended > context.min
        && let Some(falling_to) = falling_to(context, load)
    {
        return (current, RecommendReason::StillFalling { falling_to, recommended });
    }
    let (at, demand) = (load.busiest_at, load.busiest);
    (recommended, RecommendReason::Load { at, demand, utilization_percent, target_percent })
}

/// What a stream gets that throttles in bursts within its minutes.
pub(crate) fn more_for_bursts(current: ShardCount, load: &Load) -> Recommended {
    let a_quarter_more = (u64::from(current.get()) * (100 + BURST_STEP_PERCENT)).div_ceil(100);
    let reason = RecommendReason::BurstsWithinMinutes {
        throttled_records: load.throttled_records,
        utilization_percent: load.accepted.utilization_percent(current),
    };
    (ShardCount::saturating(a_quarter_more), reason)
}

/// Where a load is going that is on its way down: the newer half of the window is well below its busiest minute.
///
/// Waiting until it has arrived costs a part of a window, and saves the resizes that each step of the way would take.
fn falling_to(context: &Context<'_>, load: &Load) -> Option<ShardCount> {
    let kept_percent = u128::from(100 - context.policy.tolerance_percent);
    let (lately, peak) = (load.busiest_lately, load.busiest);
    let is_falling = lately.weight().saturating_mul(100) < peak.weight().saturating_mul(kept_percent);
    is_falling.then(|| lately.shards(context.policy.target_utilization_percent))
}

/// Whether the difference is too small to spend one of ten resizes a day on.
fn is_within_tolerance(context: &Context<'_>, demand: Demand, recommended: ShardCount) -> bool {
    let current = context.current;
    match recommended.cmp(&current) {
        Ordering::Equal => false,
        Ordering::Greater => demand.shards(context.policy.upper_threshold_percent()) <= current,
        Ordering::Less => {
            recommended.get() > context.policy.scale_in_target_max(current) && !context.returns_under_max(recommended)
        }
    }
}

/// What the plan asks for, where the rules for the last minutes do not ask for more: they know what no minute's sum tells (that
/// nothing is known, or that records were throttled though they fit), and the operator's least headroom.
fn with_plan(context: &Context<'_>, plan: &Plan, (shards, reason): Recommended) -> Recommended {
    let is_planned = match &reason {
        // The rules wait for a falling load to arrive; the plan knows where it goes.
        RecommendReason::StillFalling { recommended, .. } => *recommended <= plan.desired(),
        RecommendReason::Unknown(_) | RecommendReason::HotShardSuspected { .. } => false,
        RecommendReason::BurstsWithinMinutes { .. } if context.direction == Direction::In => false,
        // Nothing to do by the rules: for a scale-in, as much as the load needs to the letter is enough.
        RecommendReason::WithinTolerance { recommended, .. } if context.direction == Direction::In => {
            *recommended <= plan.desired()
        }
        // The last resize is not felt yet, and what was throttled until then hides the load: soon the rules will know better.
        _ if context.direction == Direction::Out && context.signals.throttled_before_resize_settled => false,
        RecommendReason::WithinTolerance { .. } => true,
        RecommendReason::Load { .. }
        | RecommendReason::BurstsWithinMinutes { .. }
        | RecommendReason::Planned { .. }
        | RecommendReason::SplitsUnfinished { .. } => shards <= plan.desired(),
    };
    if is_planned { (plan.desired(), planned(plan)) } else { (shards, reason) }
}

fn planned(plan: &Plan) -> RecommendReason {
    let (busiest_in_minutes, needs) = plan.busiest().map_or((0, 1), |span| (span.begins_in_minutes, span.high));
    let (shards, next) = (plan.desired(), plan.next());
    RecommendReason::Planned { shards, busiest_in_minutes, needs, left: plan.left, next, risk: plan.risk }
}

impl RecommendReason {
    fn basis(&self) -> Basis {
        match self {
            Self::Planned { .. } => Basis::Plan,
            Self::HotShardSuspected { .. } => Basis::HotShardSuspected,
            Self::Load { .. }
            | Self::WithinTolerance { .. }
            | Self::BurstsWithinMinutes { .. }
            | Self::StillFalling { .. }
            | Self::Unknown(_)
            | Self::SplitsUnfinished { .. } => Basis::Load,
        }
    }

    /// Whether too little is known, or the load has not settled: a later look may come to something else.
    pub(crate) const fn is_waiting(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::StillFalling { .. })
    }
}

/// Whether a plan has over a quarter more shards than it needs for the part of the forecast that the risk plans for, rounded up.
fn is_sized_to_last(shards: ShardCount, needs: u32, risk: Risk) -> bool {
    let planned_for = (u64::from(needs) * u64::from(risk.planned_percent())).div_ceil(100);
    u64::from(shards.get()) > planned_for + planned_for / 4
}

impl Explain for RecommendReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::Load { at, demand, utilization_percent, target_percent } => write!(
                f,
                "demand in the busiest minute ({}) was {demand}: {utilization_percent} % of the stream's \
                 capacity by {}; the target utilization is {target_percent} %",
                minute(*at, now),
                demand.binding(),
            ),
            Self::Planned { shards, busiest_in_minutes, needs, left, next, risk } => {
                write!(f, "the forecast peak needs {} {}", words::shards(*needs), ahead(*busiest_in_minutes))?;
                write!(f, "; with {left} of {RESIZES_PER_DAY} resizes per {RESIZES_WINDOW_HOURS} h left, ")?;
                match next {
                    Some((minutes, to)) => {
                        write!(f, "the plan is {} now and {to} {}", words::shards(shards.get()), ahead(*minutes))
                    }
                    None => write!(f, "the plan is {} for the next 24 h", words::shards(shards.get())),
                }?;
                match risk.planned_percent() {
                    100 => {}
                    percent => write!(f, " (for {percent} % of the forecast, because the risk is {risk})")?,
                }
                // By more than a quarter: few resizes are left, and each must be worth its while.
                if is_sized_to_last(*shards, *needs, *risk) {
                    f.write_str(", sized to last because few resizes are left")
                } else {
                    Ok(())
                }
            }
            Self::WithinTolerance { utilization_percent, target_percent, recommended } => write!(
                f,
                "a utilization of {utilization_percent} % is within the tolerance of the target of \
                 {target_percent} % (an exact fit would be {}): not worth a resize",
                words::shards(recommended.get())
            ),
            Self::BurstsWithinMinutes { throttled_records, utilization_percent } => write!(
                f,
                "{throttled_records} records were throttled in one minute although the average utilization was \
                 {utilization_percent} %: the load comes in short bursts, so a quarter more shards are needed"
            ),
            Self::HotShardSuspected { throttled_records, utilization_percent } => write!(
                f,
                "{throttled_records} records were throttled in one minute that used only {utilization_percent} \
                 % of the stream's capacity: one shard or key is hot (more shards would not help), or the load \
                 comes in bursts of a few seconds"
            ),
            Self::StillFalling { falling_to, recommended } => write!(
                f,
                "the busiest minute of the window needs {}, and the load is falling towards {}: scale-in waits \
                 until the load settles",
                words::shards(recommended.get()),
                words::shards(falling_to.get())
            ),
            Self::Unknown(unknown) => unknown.write(f, now),
            Self::SplitsUnfinished { done, all } => {
                write!(f, "{done} of {all} splits are done, and the stream still throttled in the last minutes")
            }
        }
    }

    fn cause(&self) -> Option<Cause> {
        matches!(self, Self::HotShardSuspected { .. }).then_some(Cause::HotShardSuspected)
    }
}

impl Explain for UnknownLoad {
    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::NoData { window_minutes } => {
                write!(
                    f,
                    "CloudWatch has no metrics for the last {window_minutes} minutes: an unknown load is \
                    not treated as idle"
                )
            }
            Self::NoDataSinceResize { resized_at } => {
                write!(f, "CloudWatch has no metrics yet since the resize at {}", minute(*resized_at, now))
            }
            Self::NotEnoughData { known_minutes, window_minutes, newest_age_minutes } => write!(
                f,
                "only {known_minutes} of {window_minutes} minutes have metrics, and the newest metrics are \
                 {newest_age_minutes} minutes old: this is too little data to scale in"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_sized_to_last_only_with_over_a_quarter_more_than_its_risk_plans_for() {
        for (shards, needs, risk, expected) in [
            (1, 1, Risk::Thrifty, false),
            (4, 4, Risk::Thrifty, false),
            (12, 10, Risk::Balanced, false),
            (13, 10, Risk::Balanced, true),
            (13, 10, Risk::Careful, false),
            (17, 10, Risk::Careful, true),
        ] {
            assert_eq!(
                is_sized_to_last(ShardCount::saturating(shards), needs, risk),
                expected,
                "{shards} {needs} {risk}"
            );
        }
    }
}
