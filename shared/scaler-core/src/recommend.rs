//! From load to a recommended shard count: the busiest minute that counts, at the target utilization.

use std::cmp::Ordering;

use jiff::Timestamp;

use crate::decision::{Context, Direction, Step};
use crate::demand::Demand;
use crate::observation::Minute;
use crate::reason::{Reason, Stage, minutes_between};
use crate::units::ShardCount;

/// Throttled below this use of the whole stream, it is the spread of the keys that is wrong and not the size.
const HOT_SHARD_UTILIZATION_PERCENT: u64 = 50;
/// A stream that throttles in bursts gets this much more; also the step in which AWS reshards fastest (API
/// `UpdateShardCount`: multiples of 25 % of the current count).
const BURST_STEP_PERCENT: u64 = 25;
/// A resize takes "a few minutes" (API `UpdateShardCount`), in which the stream still throttles as the smaller one it was.
const SETTLING_MINUTES: i64 = 5;
/// Scale-in trusts a window only while its newest known minute is no older than this.
const STALE_AFTER_MINUTES: i64 = 10;

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
    Step { stage: Stage::Recommend, shards, reason }
}

/// The last few minutes, and of those only what was measured on the stream as it is now: throttles before a resize say
/// nothing about the stream after it, and retries had them counted more than once.
fn minutes_for_scale_out(context: &Context<'_>) -> Result<Vec<(Timestamp, Minute)>, Reason> {
    let window_minutes = context.policy.window_minutes(Direction::Out);
    let minutes = last_minutes(context, window_minutes);
    if minutes.is_empty() {
        return Err(Reason::NoData { window_minutes });
    }
    let Some(resized_at) = context.seen.enrolment.history.last_resize() else { return Ok(minutes) };
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
    let (at, demand) = busiest(minutes).unwrap_or((context.seen.window.end, Demand::default()));
    let utilization_percent = demand.utilization_percent(current);
    let recommended = demand.shards(target_percent);
    let throttled_records = worst_throttling(context, minutes);

    if throttled_records > 0 && recommended <= current {
        throttled_though_it_fits(current, throttled_records, utilization_percent)
    } else if throttled_records == 0 && within_tolerance(context, demand, recommended) {
        (current, Reason::WithinTolerance { utilization_percent, target_percent, recommended })
    } else if recommended < current
        && let Some(falling_to) = falling_to(context, minutes, demand)
    {
        (current, Reason::StillFalling { falling_to, recommended })
    } else {
        (recommended, Reason::Load { at, demand, utilization_percent, target_percent })
    }
}

fn busiest(minutes: &[(Timestamp, Minute)]) -> Option<(Timestamp, Demand)> {
    let demands = minutes.iter().map(|(began, minute)| (*began, Demand::of(minute)));
    demands.max_by_key(|(_, demand)| demand.weight())
}

/// Records throttled in the worst minute of the stream as it is: one that began when the last resize was long done.
fn worst_throttling(context: &Context<'_>, minutes: &[(Timestamp, Minute)]) -> u64 {
    let resized_at = context.seen.enrolment.history.last_resize();
    let settled = |began: &Timestamp| resized_at.is_none_or(|at| minutes_between(at, *began) >= SETTLING_MINUTES);
    let throttled =
        minutes.iter().filter(|(began, _)| settled(began)).filter_map(|(_, minute)| minute.throttled_records);
    throttled.max().unwrap_or(0)
}

/// Where a load is going that is on its way down: the newer half of the window is well below its busiest minute.
///
/// Waiting until it has arrived costs a part of a window, and saves the resizes that each step of the way would take.
fn falling_to(context: &Context<'_>, minutes: &[(Timestamp, Minute)], peak: Demand) -> Option<ShardCount> {
    let (_, now) = busiest(&minutes[minutes.len() / 2..])?;
    let kept_percent = u128::from(100 - context.policy.tolerance_percent);
    let falling = now.weight().saturating_mul(100) < peak.weight().saturating_mul(kept_percent);
    falling.then(|| now.shards(context.policy.target_utilization_percent))
}

fn throttled_though_it_fits(
    current: ShardCount,
    throttled_records: u64,
    utilization_percent: u64,
) -> (ShardCount, Reason) {
    if utilization_percent < HOT_SHARD_UTILIZATION_PERCENT {
        return (current, Reason::HotShardSuspected { throttled_records, utilization_percent });
    }
    let more = (u64::from(current.get()) * (100 + BURST_STEP_PERCENT)).div_ceil(100);
    (ShardCount::saturating(more), Reason::BurstsWithinMinutes { throttled_records, utilization_percent })
}

/// Whether the difference is too small to spend one of ten resizes a day on.
fn within_tolerance(context: &Context<'_>, demand: Demand, recommended: ShardCount) -> bool {
    let current = context.current;
    match recommended.cmp(&current) {
        Ordering::Equal => false,
        Ordering::Greater => demand.shards(context.policy.bearable_percent()) <= current,
        Ordering::Less => recommended.get() > context.policy.worth_shrinking_to(current),
    }
}
