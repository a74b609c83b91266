//! From load to a recommended shard count: the busiest minute that counts, at the target utilization.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use crate::direction::Direction;
use crate::plan::{Plan, STALE_AFTER_MINUTES};
use crate::reason::{Reason, Stage, minutes_between};
use crate::step::{Context, Step};
use kinesis_model::Demand;
use kinesis_model::Minute;
use kinesis_model::ShardCount;
use kinesis_model::resize_time::settling_minutes;

/// Throttled while less than this was accepted in the busiest minute: it is the spread of the keys that is wrong, not the
/// size. What was refused does not count here: retries of one hot key alone can look like a full stream.
const HOT_SHARD_UTILIZATION_PERCENT: u64 = 50;
/// A stream that throttles in bursts gets this much more; also the step in which AWS reshards fastest (API
/// `UpdateShardCount`: multiples of 25 % of the current count).
const BURST_STEP_PERCENT: u64 = 25;
/// A stream that takes in this much of what its size can is full: a minute is never loaded perfectly evenly.
const FULL_UTILIZATION_PERCENT: u64 = 90;
/// What the load asks for.
pub(crate) fn recommend(context: &Context<'_>) -> Step {
    let minutes = match context.direction {
        Direction::Out => minutes_for_scale_out(context),
        Direction::In => minutes_for_scale_in(context),
    };
    let (shards, reason) = match minutes {
        Ok(minutes) => for_minutes(context, &minutes),
        Err(reason) => (context.current, reason),
    };
    let (shards, reason) = match &context.plan {
        Some(plan) => with_plan(context, plan, shards, reason),
        None => (shards, reason),
    };
    Step { stage: Stage::Recommend, shards, reason }
}

/// What the plan asks for, where the rules for the last minutes do not ask for more: they know what no minute's sum tells (that
/// nothing is known, or that records were throttled though they fit), and the operator's least headroom.
fn with_plan(context: &Context<'_>, plan: &Plan, shards: ShardCount, reason: Reason) -> (ShardCount, Reason) {
    match reason {
        // The rules wait for a falling load to arrive; the plan knows where it goes.
        Reason::StillFalling { recommended, .. } if recommended <= plan.desired() => planned(plan),
        Reason::NoData { .. }
        | Reason::NoDataSinceResize { .. }
        | Reason::NotEnoughData { .. }
        | Reason::HotShardSuspected { .. }
        | Reason::StillFalling { .. } => (shards, reason),
        Reason::BurstsWithinMinutes { .. } if context.direction == Direction::In => (shards, reason),
        // Nothing to do by the rules: for a scale-in, as much as the load needs to the letter is enough.
        Reason::WithinTolerance { recommended, .. } if context.direction == Direction::In => {
            if recommended > plan.desired() { (shards, reason) } else { planned(plan) }
        }
        // The last resize is not felt yet, and what was throttled until then hides the load: soon the rules will know better.
        _ if context.direction == Direction::Out && throttled_before_it_was_felt(context) => (shards, reason),
        Reason::WithinTolerance { .. } => planned(plan),
        _ if shards > plan.desired() => (shards, reason),
        _ => planned(plan),
    }
}

/// Whether the newest known minute throttled, and was still one of the stream before its last resize.
fn throttled_before_it_was_felt(context: &Context<'_>) -> bool {
    let minutes = last_minutes(context, context.policy.window_minutes(Direction::Out));
    let newest = minutes.last().filter(|(_, minute)| minute.throttled());
    newest.is_some_and(|(began, minute)| !is_settled(context, *began, minute))
}

fn planned(plan: &Plan) -> (ShardCount, Reason) {
    (plan.desired(), Reason::planned(plan))
}

/// The last few minutes, and of those only what was measured on the stream as it is now: throttles before a resize say
/// nothing about the stream after it, and retries had them counted more than once.
fn minutes_for_scale_out(context: &Context<'_>) -> Result<Vec<(Timestamp, Minute)>, Reason> {
    let window_minutes = context.policy.window_minutes(Direction::Out);
    let minutes = last_minutes(context, window_minutes);
    if minutes.is_empty() {
        return Err(Reason::NoData { window_minutes });
    }
    let Some(resized) = context.seen.enrolment.history.last_resize() else { return Ok(minutes) };
    let resized_at = resized.at;
    let since: Vec<_> = minutes.into_iter().filter(|(began, _)| *began >= resized_at).collect();
    if since.is_empty() { Err(Reason::NoDataSinceResize { resized_at }) } else { Ok(since) }
}

/// The whole stabilization window, if enough of it is known.
fn minutes_for_scale_in(context: &Context<'_>) -> Result<Vec<(Timestamp, Minute)>, Reason> {
    let window_minutes = context.policy.window_minutes(Direction::In);
    let minutes = last_minutes(context, window_minutes);
    let Some((newest, _)) = minutes.last() else { return Err(Reason::NoData { window_minutes }) };
    let newest_age_minutes = minutes_between(*newest, context.seen.window.end);
    let known_minutes = u32::try_from(minutes.len()).unwrap_or(u32::MAX);
    if known_minutes < window_minutes / 2 || newest_age_minutes > STALE_AFTER_MINUTES {
        return Err(Reason::NotEnoughData { known_minutes, window_minutes, newest_age_minutes });
    }
    Ok(minutes)
}

fn last_minutes(context: &Context<'_>, window_minutes: u32) -> Vec<(Timestamp, Minute)> {
    let window = &context.seen.window;
    let known = window.known().map(|(began, minute)| (began, *minute));
    known.filter(|(began, _)| minutes_between(*began, window.end) <= i64::from(window_minutes)).collect()
}

/// The count for the busiest of these minutes; `minutes` is not empty.
fn for_minutes(context: &Context<'_>, minutes: &[(Timestamp, Minute)]) -> (ShardCount, Reason) {
    let (current, target_percent) = (context.current, context.policy.target_utilization_percent);
    let demands: Vec<_> = minutes.iter().map(|(began, minute)| (*began, demand(context, *began, minute))).collect();
    let (at, demand) = busiest(&demands).unwrap_or((context.seen.window.end, Demand::default()));
    let recommended = demand.shards(target_percent);
    let utilization_percent = demand.utilization_percent(current);

    let throttled_records = worst_throttling(context, minutes);
    if throttled_records > 0 {
        let accepted_percent = accepted(minutes).map_or(0, |accepted| accepted.utilization_percent(current));
        if accepted_percent < HOT_SHARD_UTILIZATION_PERCENT {
            return (current, Reason::HotShardSuspected { throttled_records, utilization_percent: accepted_percent });
        }
        if recommended <= current {
            let reason = Reason::BurstsWithinMinutes { throttled_records, utilization_percent: accepted_percent };
            return (a_quarter_more(current), reason);
        }
    } else if within_tolerance(context, demand, recommended) {
        return (current, Reason::WithinTolerance { utilization_percent, target_percent, recommended });
    }
    // What is at or below the minimum becomes the minimum, wherever the load goes from there.
    if recommended < current
        && recommended > context.policy.min()
        && let Some(falling_to) = falling_to(context, &demands, demand)
    {
        return (current, Reason::StillFalling { falling_to, recommended });
    }
    (recommended, Reason::Load { at, demand, utilization_percent, target_percent })
}

fn a_quarter_more(shards: ShardCount) -> ShardCount {
    ShardCount::saturating((u64::from(shards.get()) * (100 + BURST_STEP_PERCENT)).div_ceil(100))
}

/// What a stream gets that throttles though its load is low and lies evenly on its shards: bursts within minutes.
pub(crate) fn more_for_bursts(context: &Context<'_>) -> (ShardCount, Reason) {
    let minutes = minutes_for_scale_out(context).unwrap_or_default();
    let throttled_records = worst_throttling(context, &minutes);
    let utilization_percent = accepted(&minutes).map_or(0, |accepted| accepted.utilization_percent(context.current));
    (a_quarter_more(context.current), Reason::BurstsWithinMinutes { throttled_records, utilization_percent })
}

/// Whether the stream throttled lately.
pub(crate) fn throttles(context: &Context<'_>) -> bool {
    minutes_for_scale_out(context).is_ok_and(|minutes| worst_throttling(context, &minutes) > 0)
}

/// Whether it throttled in any of the last minutes, also before a split among them.
pub(crate) fn throttled_lately(context: &Context<'_>) -> bool {
    let minutes = last_minutes(context, context.policy.window_minutes(Direction::Out));
    minutes.iter().any(|(_, minute)| minute.throttled())
}

/// Whether it did though its shards could take what they took, had it been spread evenly.
pub(crate) fn throttles_though_it_fits(context: &Context<'_>) -> bool {
    let Ok(minutes) = minutes_for_scale_out(context) else { return false };
    let fits = |accepted: Demand| accepted.shards(context.policy.target_utilization_percent) <= context.current;
    worst_throttling(context, &minutes) > 0 && accepted(&minutes).is_none_or(fits)
}

/// What was accepted in the busiest of these minutes.
fn accepted(minutes: &[(Timestamp, Minute)]) -> Option<Demand> {
    let accepted: Vec<_> = minutes.iter().map(|(began, minute)| (*began, Demand::accepted(minute))).collect();
    busiest(&accepted).map(|(_, accepted)| accepted)
}

/// When the minutes begin that show the shards as they are: those of the window, and none of which a resize was a part.
pub(crate) fn settled_since(context: &Context<'_>) -> Timestamp {
    let window = SignedDuration::from_mins(i64::from(context.policy.window_minutes(Direction::Out)));
    let begins = context.seen.window.end.checked_sub(window).unwrap_or(Timestamp::MIN);
    let resized = context.seen.enrolment.history.last_resize();
    let settled = resized.map(|resized| resized.at.checked_add(settling(context, resized.from)).unwrap_or(resized.at));
    settled.map_or(begins, |settled| settled.max(begins))
}

/// How long a resize from so many shards is taken to be felt.
fn settling(context: &Context<'_>, from: ShardCount) -> SignedDuration {
    SignedDuration::from_mins(settling_minutes(from.get(), context.current.get()))
}

/// What was wanted in a minute. While a resize may have been under way only what was accepted counts: the stream still
/// throttled as the smaller one it was, and tries refused then would be asked for a second time.
fn demand(context: &Context<'_>, began: Timestamp, minute: &Minute) -> Demand {
    if is_settled(context, began, minute) { Demand::wanted(minute) } else { Demand::accepted(minute) }
}

fn busiest(demands: &[(Timestamp, Demand)]) -> Option<(Timestamp, Demand)> {
    demands.iter().copied().max_by_key(|(_, demand)| demand.weight())
}

/// Whether a minute shows a stream that was not being resized: it began before the last resize, or well after it, or it
/// took in about all that the new size can.
fn is_settled(context: &Context<'_>, began: Timestamp, minute: &Minute) -> bool {
    let Some(resized) = context.seen.enrolment.history.last_resize() else { return true };
    let full = Demand::accepted(minute).utilization_percent(context.current) >= FULL_UTILIZATION_PERCENT;
    began < resized.at || began.duration_since(resized.at) >= settling(context, resized.from) || full
}

/// Records throttled in the worst minute that tells something of the stream as it is now. For scale-in that is any: what
/// throttled a smaller stream an hour ago would throttle it again.
fn worst_throttling(context: &Context<'_>, minutes: &[(Timestamp, Minute)]) -> u64 {
    let tells = |began: Timestamp, minute: &Minute| match context.direction {
        Direction::Out => is_settled(context, began, minute),
        // A plan knows the load itself, and that the stream was smaller then.
        Direction::In if context.plan.is_some() => {
            is_since_resize(context, began) && is_settled(context, began, minute)
        }
        Direction::In => true,
    };
    let throttled = minutes
        .iter()
        .filter(|(began, minute)| tells(*began, minute))
        .filter_map(|(_, minute)| minute.throttled_records);
    throttled.max().unwrap_or(0)
}

fn is_since_resize(context: &Context<'_>, began: Timestamp) -> bool {
    context.seen.enrolment.history.last_resize().is_none_or(|resized| began >= resized.at)
}

/// Where a load is going that is on its way down: the newer half of the window is well below its busiest minute.
///
/// Waiting until it has arrived costs a part of a window, and saves the resizes that each step of the way would take.
fn falling_to(context: &Context<'_>, demands: &[(Timestamp, Demand)], peak: Demand) -> Option<ShardCount> {
    let (_, now) = busiest(&demands[demands.len() / 2..])?;
    let kept_percent = u128::from(100 - context.policy.tolerance_percent);
    let falling = now.weight().saturating_mul(100) < peak.weight().saturating_mul(kept_percent);
    falling.then(|| now.shards(context.policy.target_utilization_percent))
}

/// Whether the difference is too small to spend one of ten resizes a day on.
fn within_tolerance(context: &Context<'_>, demand: Demand, recommended: ShardCount) -> bool {
    let current = context.current;
    match recommended.cmp(&current) {
        Ordering::Equal => false,
        Ordering::Greater => demand.shards(context.policy.bearable_percent()) <= current,
        Ordering::Less => {
            recommended.get() > context.policy.worth_shrinking_to(current)
                && !context.policy.is_way_inside(current, recommended)
        }
    }
}
