//! What stands between a recommendation and a call: bounds, direction, consumers, cooldown, budget, AWS's limits.

use crate::direction::Direction;
use crate::plan::rules_growth_percent_min;
use crate::reason::{Reason, Stage};
use crate::step::{Context, Step};
use crate::stream::AttemptKind;
use kinesis_model::Minute;
use kinesis_model::ShardCount;
use kinesis_model::limits::{METRIC_DELAY_MINUTES, RESIZES_PER_DAY, SHARDS_PER_STREAM_MAX};
use kinesis_model::shards_to_read;

/// The operator's minimum and maximum.
///
/// The maximum caps growth. It never takes away what the load needs: a large stream that is enrolled under a small maximum
/// is not cut in half, but told about.
pub(crate) fn bounds(context: &Context<'_>, wanted: ShardCount) -> Step {
    let (min, max) = (context.policy.min(), context.policy.max());
    let (shards, reason) = match wanted {
        _ if wanted < min => (min, Reason::RaisedToMin(min)),
        _ if wanted > max && wanted > context.current && context.direction == Direction::Out => {
            (max.max(context.current), Reason::LoweredToMax { max, wanted })
        }
        _ if wanted > max => (wanted, Reason::OverMax { max }),
        _ => (wanted, Reason::WithinBounds),
    };
    Step { stage: Stage::Bounds, shards, reason }
}

/// Scale-out never shrinks a stream and scale-in never grows one.
pub(crate) fn direction(context: &Context<'_>, wanted: ShardCount) -> Step {
    let current = context.current;
    let ours = match context.direction {
        Direction::Out => wanted > current,
        Direction::In => wanted < current,
    };
    let (shards, reason) = match wanted {
        _ if ours => (wanted, Reason::RightDirection),
        _ => (current, Reason::OtherDirection(wanted)),
    };
    Step { stage: Stage::Direction, shards, reason }
}

/// Scale-in takes read capacity away: not while consumers are behind or throttled, nor below what they read.
///
/// Reading never argues for scale-out: a consumer that replays a day takes all there is, however much that is, and would
/// drive the stream to its maximum.
pub(crate) fn consumers(context: &Context<'_>, wanted: ShardCount) -> Step {
    let step = |shards, reason| Step { stage: Stage::Consumers, shards, reason };
    if context.direction == Direction::Out {
        return step(wanted, Reason::MoreForConsumers);
    }
    let recent_minutes = METRIC_DELAY_MINUTES + context.policy.scale_out_window_minutes;
    let recent = context.seen.window.minutes.iter().rev().take(recent_minutes as usize);
    let worst = |of: fn(&Minute) -> Option<u64>| recent.clone().filter_map(of).max();

    let iterator_age_ms = worst(|minute| minute.iterator_age_ms);
    let max_seconds = context.policy.iterator_age_max_seconds;
    if let Some(iterator_age_ms) = iterator_age_ms.filter(|age| *age > u64::from(max_seconds) * 1_000) {
        return step(context.current, Reason::ConsumersBehind { iterator_age_ms, max_seconds });
    }
    let read_before = context.seen.window.minutes.iter().any(|minute| minute.iterator_age_ms.is_some());
    if iterator_age_ms.is_none() && read_before {
        return step(context.current, Reason::ConsumersSilent);
    }
    let floor = shards_for_consumers(context);
    // Many small readers are throttled for their calls (5 a second a shard) at any size; only volume argues for shards.
    let reads_much = floor.doubled() > context.current;
    if let Some(calls) = worst(|minute| minute.read_throttles).filter(|calls| *calls > 0 && reads_much) {
        return step(context.current, Reason::ReadThrottled { calls });
    }
    if floor > wanted {
        return step(worth_a_resize(context, floor), Reason::ReadVolume(floor));
    }
    step(wanted, iterator_age_ms.map_or(Reason::LagUnknown, |age| Reason::ConsumersKeepUp { iterator_age_ms: age }))
}

/// The fewest shards that give consumers, at the target utilization, what they read in the window's busiest minute.
fn shards_for_consumers(context: &Context<'_>) -> ShardCount {
    let read = context.seen.window.minutes.iter().filter_map(|minute| minute.read_bytes).max().unwrap_or(0);
    shards_to_read(read, context.policy.target_utilization_percent)
}

/// Has the last attempt, even a refused one, been long enough ago?
pub(crate) fn cooldown(context: &Context<'_>, wanted: ShardCount) -> Step {
    let step = |shards, reason| Step { stage: Stage::Cooldown, shards, reason };
    let Some(last) = context.seen.enrolment.history.last_before_cooldown(context.direction) else {
        return step(wanted, Reason::CooldownOver);
    };
    // An overflow can only come of a tampered history far in the future: hold, and show the time that is to blame.
    let until = last.at.checked_add(context.policy.cooldown(context.direction)).unwrap_or(last.at);
    match last.kind {
        _ if context.now >= until => step(wanted, Reason::CooldownOver),
        AttemptKind::Refused => step(context.current, Reason::RefusedLately { at: last.at, until }),
        AttemptKind::Asked(_)
        | AttemptKind::NotMade
        | AttemptKind::ScaleOut
        | AttemptKind::ScaleIn
        | AttemptKind::Foreign
        | AttemptKind::Stepwise
        | AttemptKind::DaySpent => step(context.current, Reason::CoolingDown { until }),
    }
}

/// Ten resizes in any 24 hours.
///
/// Scale-in leaves some of them to scale-out, and never goes so low that those left could not double the stream back to
/// the day's peak. Scale-out takes larger steps the fewer are left: a slow rise in exact steps would use them up. A plan has
/// seen to the size of its steps by itself.
pub(crate) fn budget(context: &Context<'_>, wanted: ShardCount) -> Step {
    let step = |shards, reason| Step { stage: Stage::Budget, shards, reason };
    let history = &context.seen.enrolment.history;
    if let Some(at) = history.day_spent(context.now) {
        return step(context.current, Reason::day_spent(at));
    }
    let spent = history.spent(context.now);
    let left = RESIZES_PER_DAY.saturating_sub(spent);
    if left == 0 {
        let next = history.next_free(context.now).unwrap_or(context.now);
        return step(context.current, Reason::BudgetSpent { spent, next });
    }
    match context.direction {
        Direction::Out => {
            let at_least = percent_more(context.current, rules_growth_percent_min(left)).min(context.policy.max());
            if at_least > wanted && context.plan.as_ref().is_none_or(|plan| plan.desired() != wanted) {
                return step(at_least, Reason::MadeToLast { left, wanted });
            }
        }
        Direction::In => {
            let reserved = context.policy.resizes_reserved_for_scale_out;
            if left <= reserved {
                return step(context.current, Reason::ReservedForScaleOut { left, reserved });
            }
            let is_worth_it = outweighs(wanted, context.current, rules_growth_percent_min(left))
                || context.policy.is_way_inside(context.current, wanted);
            if context.plan.is_none() && !is_worth_it {
                return step(context.current, Reason::NotWorthOneOfFew { left, wanted });
            }
            // Scale-out goes no higher than the maximum, so that is all the way back there is.
            let peak = history.peak(context.now).unwrap_or(context.current).max(context.current);
            let peak = peak.min(context.policy.max());
            let floor = way_back_floor(peak, left);
            if floor > wanted && context.plan.is_none() {
                return step(worth_a_resize(context, floor), Reason::WayBack { floor, peak, left });
            }
        }
    }
    step(wanted, Reason::BudgetLeft { left })
}

/// Whether going down to `wanted` is more than taking back a scale-out that was made this many percent larger to last.
fn outweighs(wanted: ShardCount, current: ShardCount, growth_percent: u32) -> bool {
    growth_percent == 0 || u64::from(wanted.get()) * u64::from(100 + growth_percent) < u64::from(current.get()) * 100
}

/// A scale-in that a floor has stopped short: to the floor, if that still saves more than the tolerance; else not at all.
fn worth_a_resize(context: &Context<'_>, floor: ShardCount) -> ShardCount {
    if floor.get() <= context.policy.worth_shrinking_to(context.current) { floor } else { context.current }
}

fn percent_more(shards: ShardCount, percent: u32) -> ShardCount {
    ShardCount::saturating((u64::from(shards.get()) * u64::from(100 + percent)).div_ceil(100))
}

/// The fewest shards from which the resizes left after this one, less one to spare, double back to `peak`.
fn way_back_floor(peak: ShardCount, left: u32) -> ShardCount {
    let doublings = left.saturating_sub(2).min(31);
    ShardCount::saturating(u64::from(peak.get()).div_ceil(1 << doublings))
}

/// Not more than double, not below half (rounded up).
pub(crate) fn step_factor(context: &Context<'_>, wanted: ShardCount) -> Step {
    let (least, most) = (context.current.halved(), context.current.doubled());
    let (shards, reason) = match wanted {
        _ if wanted > most => (most, Reason::LimitedToDouble(wanted)),
        _ if wanted < least => (least, Reason::LimitedToHalf(wanted)),
        _ => (wanted, Reason::WithinStep),
    };
    Step { stage: Stage::StepFactor, shards, reason }
}

/// AWS's ceiling for one stream and the account's shard quota.
pub(crate) fn quota(context: &Context<'_>, wanted: ShardCount) -> Step {
    let step = |shards, reason| Step { stage: Stage::Quota, shards, reason };
    let ceiling = ShardCount::saturating(u64::from(SHARDS_PER_STREAM_MAX));
    if wanted > ceiling {
        // Possible only above the ceiling already, where half is still too many for AWS: a person has to split the way.
        return step(context.current, Reason::StreamCeiling(ceiling));
    }
    if context.direction == Direction::In {
        return step(wanted, Reason::WithinQuota);
    }
    let Some(account) = context.seen.account else { return step(wanted, Reason::QuotaUnknown) };
    let left = account.limit.saturating_sub(account.open);
    let most = ShardCount::saturating(u64::from(context.current.get()) + u64::from(left));
    if wanted > most { step(most, Reason::AccountQuota { left, wanted }) } else { step(wanted, Reason::WithinQuota) }
}
