//! A person's order to rebalance a stream: the fewest splits and merges that bring every shard under its target.

use jiff::{SignedDuration, Timestamp};

use crate::constrain::consumers;
use crate::direction::Direction;
use crate::plan::STALE_AFTER_MINUTES;
use crate::policy::Policy;
use crate::reason::{Reason, minutes_between};
use crate::reshard::{KeyLoad, Operation, ReshardPlan, ReshardTerms, plan_apart};
use crate::spread::{Heat, hot_key, hot_shards};
use crate::step::Context;
use crate::stream::{Observation, ShardWindow};
use crate::stream::{ShardLoad, loads_with_past};
use kinesis_model::ShardCount;

/// What such an order comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebalance {
    /// What each open shard takes now, in the order of their ranges.
    pub loads: Vec<ShardLoad>,
    /// What to do, and what there will be.
    pub plan: ReshardPlan,
    /// Shards that are hot and hold one partition key, as far as can be told, each as [`Reason::HotKey`]: no split helps.
    pub hot_keys: Vec<Reason>,
    /// Whether every shard is as full, so that a larger count would do as well.
    pub is_even: bool,
    /// The shards that it would take to bring all under their target, where the maximum is less.
    pub needs: Option<u32>,
    /// What keeps cold neighbours from being merged, where there are any.
    pub unmerged: Option<Reason>,
}

/// What there is to be done to a stream of this policy, of which this was seen; `None` where nothing is known of its shards.
///
/// `seen` has the open shards, and windows of the length for scale-in. `closed` are the shards whose place some of them
/// took in that time: so whoever was interrupted goes on at once. `keys` are what is known of single keys, sorted by hash
/// key.
///
/// Cooldowns do not hold it, as it is an order; consumers that lag keep the shards that there are.
pub fn rebalance(
    policy: &Policy,
    seen: &Observation,
    closed: &[ShardWindow],
    keys: &[KeyLoad],
    now: Timestamp,
) -> Option<Rebalance> {
    let open = seen.shards.as_deref()?;
    let loads = loads_with_past(open, closed, newest(policy, seen.window.end))?;
    let lately = loads_with_past(open, closed, Timestamp::MIN)?;
    let hot = hot_shards(policy, &loads);
    let has_key = |load: &ShardLoad| keys.iter().any(|key| load.shard.range.contains(key.hash_key));
    let heat = Heat::among(&loads);
    let is_one_key = |load: &ShardLoad| heat(load) == Heat::Key && !has_key(load);
    let plan = |terms: &ReshardTerms| plan_apart(&loads, Some(&lately), keys, terms, |load| !is_one_key(load));

    let free = ReshardTerms::of(policy);
    let kept = kept(policy, seen, closed, now);
    let shards_min = kept.as_ref().map_or(free.shards_min, |(shards, _)| shards.get().max(free.shards_min));
    let bound = plan(&ReshardTerms { shards_min, ..free });
    let unmerged = kept.filter(|_| merges(&plan(&free)) > merges(&bound)).map(|(_, reason)| reason);
    let whole = plan(&ReshardTerms { shards_min: u32::MAX, shards_max: u32::MAX, ..free });
    let needs = (splits(&whole) > splits(&bound)).then(|| u32::try_from(whole.shards.len()).unwrap_or(u32::MAX));
    let hot_keys = hot.iter().filter(|(load, _)| is_one_key(load)).map(|(load, _)| hot_key(load, &loads)).collect();
    let is_even = !hot.is_empty() && hot.iter().all(|(_, heat)| *heat == Heat::Even);
    Some(Rebalance { plan: bound, hot_keys, is_even, needs, unmerged, loads })
}

/// When the minutes begin by which shards are split.
fn newest(policy: &Policy, end: Timestamp) -> Timestamp {
    let window = SignedDuration::from_mins(i64::from(policy.window_minutes(Direction::Out)));
    end.checked_sub(window).unwrap_or(Timestamp::MIN)
}

/// The count that is not to be merged below, and why; `None` where nothing is known to stand against it.
fn kept(policy: &Policy, seen: &Observation, closed: &[ShardWindow], now: Timestamp) -> Option<(ShardCount, Reason)> {
    let current = seen.stream.open_shards;
    if let Some(reason) = too_little_known(policy, seen, closed) {
        return Some((ShardCount::saturating(u64::from(u32::MAX)), reason));
    }
    let context = Context { policy, seen, direction: Direction::In, current, now, plan: None };
    let step = consumers(&context, ShardCount::ONE);
    (step.shards > ShardCount::ONE).then_some((step.shards, step.reason))
}

/// As a scale-in wants half of its window to be known, and the newest minutes of it.
fn too_little_known(policy: &Policy, seen: &Observation, closed: &[ShardWindow]) -> Option<Reason> {
    let windows = seen.shards.iter().flatten().chain(closed);
    let mut known: Vec<_> = windows.flat_map(|shard| shard.window.known().map(|(began, _)| began)).collect();
    known.sort_unstable();
    known.dedup();
    let window_minutes = policy.window_minutes(Direction::In);
    let newest_age_minutes = minutes_between(*known.last()?, seen.window.end);
    let known_minutes = u32::try_from(known.len()).unwrap_or(u32::MAX);
    (known_minutes < window_minutes / 2 || newest_age_minutes > STALE_AFTER_MINUTES).then_some(Reason::NotEnoughData {
        known_minutes,
        window_minutes,
        newest_age_minutes,
    })
}

fn splits(plan: &ReshardPlan) -> usize {
    plan.operations.iter().filter(|operation| matches!(operation, Operation::Split { .. })).count()
}

fn merges(plan: &ReshardPlan) -> usize {
    plan.operations.len() - splits(plan)
}
