// SPDX-License-Identifier: Apache-2.0
//! A person's order to rebalance a stream: the fewest splits and merges that bring every shard under its target.

use jiff::{SignedDuration, Timestamp};

use crate::decide::{Context, HotKey, Observation, Reason, RecommendReason, UnknownLoad, read_capacity_floor};
use crate::direction::Direction;
use crate::hot_shard_kind::{HotShardKind, classify_hot_shards};
use crate::need::Fetched;
use crate::policy::Policy;
use crate::reshard::{KeyLoad, Operation, ReshardLimits, ReshardPlan, plan_apart};
use crate::stream::{ShardLoad, ShardWindow, known_minutes, loads_with_past};
use kinesis_model::ShardCount;

/// What such an order comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebalance {
    /// What each open shard takes now, in the order of their ranges.
    pub loads: Vec<ShardLoad>,
    /// What to do, and what there will be.
    pub plan: ReshardPlan,
    /// Shards that are hot and hold one partition key, as far as can be told: no split helps.
    pub hot_keys: Vec<HotKey>,
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
    let Fetched::Known(open) = &seen.shards else { return None };
    let loads = loads_with_past(open, closed, newest(policy, seen.window.end))?;
    let lately = loads_with_past(open, closed, Timestamp::MIN)?;
    let hot = classify_hot_shards(policy, &loads);
    let has_key = |load: &ShardLoad| keys.iter().any(|key| load.shard.range.contains(key.hash_key));
    let kind = HotShardKind::among(&loads);
    let is_one_key = |load: &ShardLoad| kind(load) == HotShardKind::HotKey && !has_key(load);
    let plan = |limits: &ReshardLimits| plan_apart(&loads, Some(&lately), keys, limits, |load| !is_one_key(load));

    let free = ReshardLimits::of(policy);
    let kept = kept(policy, seen, closed, now);
    let shards_min = kept.as_ref().map_or(free.shards_min, |(shards, _)| shards.get().max(free.shards_min));
    let bound = plan(&ReshardLimits { shards_min, ..free });
    let unmerged = kept.filter(|_| merges(&plan(&free)) > merges(&bound)).map(|(_, reason)| reason);
    let whole = plan(&ReshardLimits { shards_min: u32::MAX, shards_max: u32::MAX, ..free });
    let needs = (splits(&whole) > splits(&bound)).then(|| u32::try_from(whole.shards.len()).unwrap_or(u32::MAX));
    let hot_keys = hot.iter().filter(|(load, _)| is_one_key(load)).map(|(load, _)| HotKey::of(load, &loads)).collect();
    let is_even = !hot.is_empty() && hot.iter().all(|(_, kind)| *kind == HotShardKind::Even);
    Some(Rebalance { plan: bound, hot_keys, is_even, needs, unmerged, loads })
}

/// When the minutes begin by which shards are split.
fn newest(policy: &Policy, end: Timestamp) -> Timestamp {
    let window = SignedDuration::from_mins(i64::from(policy.window_minutes(Direction::Out)));
    end.checked_sub(window).unwrap_or(Timestamp::MIN)
}

/// The count that is not to be merged below, and why; `None` where nothing is known to stand against it.
fn kept(policy: &Policy, seen: &Observation, closed: &[ShardWindow], now: Timestamp) -> Option<(ShardCount, Reason)> {
    if let Some(unknown) = too_little_known(policy, seen, closed) {
        return Some((
            ShardCount::saturating(u64::from(u32::MAX)),
            Reason::Recommend(RecommendReason::Unknown(unknown)),
        ));
    }
    let context = Context::of(policy, seen, None, None, Direction::In, now);
    let (shards, reason) = read_capacity_floor(&context, ShardCount::ONE);
    (shards > ShardCount::ONE).then_some((shards, Reason::Consumers(reason)))
}

/// As for a scale-in.
fn too_little_known(policy: &Policy, seen: &Observation, closed: &[ShardWindow]) -> Option<UnknownLoad> {
    let open = if let Fetched::Known(open) = &seen.shards { open.as_slice() } else { &[] };
    let known = known_minutes(open.iter().chain(closed));
    UnknownLoad::of(known.len(), policy.window_minutes(Direction::In), *known.last()?, seen.window.end)
}

fn splits(plan: &ReshardPlan) -> usize {
    plan.operations.iter().filter(|operation| matches!(operation, Operation::Split { .. })).count()
}

fn merges(plan: &ReshardPlan) -> usize {
    plan.operations.len() - splits(plan)
}
