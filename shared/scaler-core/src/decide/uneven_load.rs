// SPDX-License-Identifier: Apache-2.0
//! Would one of so many even shards be too full, as the load lies? Then one split or merge takes the place of the resize.

use std::fmt;

use jiff::Timestamp;

use super::context::{Context, Proposal, StageResult, propose, propose_call};
use super::hot_shards::is_new;
use super::resharding::{Resharding, split_limits};
use super::words::{Explain, SHARDS_UNKNOWN};
use crate::direction::Direction;
use crate::hot_shard_kind::{EVEN, percent};
use crate::need::Need;
use crate::reshard::{ReshardLimits, plan_reshard};
use crate::stream::{ShardLoad, ShardWindow, known_minutes, largest_over, shard_loads, total};
use kinesis_model::{HashKeyRange, ShardCount};

/// Counts that are tried between what scale-in wants and what there is (chosen: each costs a walk over the shards).
const COUNTS_TRIED: u32 = 8;

/// What is done where even shards would leave one of them too full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnevenLoadReason {
    /// Nothing is known yet of the shards as they are.
    ShardsUnknown,
    /// One split or merge.
    SplitOrMerge(TooFull),
    /// A resize to so many even shards, which carry it.
    EnoughShards(TooFull, ShardCount),
    /// Nothing: no neighbours are cold enough.
    NothingCold(TooFull),
}

/// That of so many even shards one would be too full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooFull {
    /// So many.
    pub desired: ShardCount,
    /// Percent of one shard's capacity that the fullest of them would receive.
    pub largest_percent: u64,
}

/// Asks how the load would lie on so many even shards.
pub(crate) fn uneven_load(context: &Context<'_>, proposal: &Proposal) -> StageResult<UnevenLoadReason> {
    if proposal.resharding.is_some() || !context.shard_metrics || !context.may_look_at_shards() {
        return Ok(None);
    }
    let Some(shards) = context.shards.or_need(Need::Shards)? else { return Ok(None) };
    match context.direction {
        Direction::Out => grow(context, shards, proposal.shards),
        Direction::In => shrink(context, shards, proposal.shards),
    }
}

fn grow(context: &Context<'_>, shards: &[ShardWindow], desired: ShardCount) -> StageResult<UnevenLoadReason> {
    let Some(mut loads) = shard_loads(shards, context.signals.settled_since) else {
        let is_unknown = is_new(context) && !context.signals.throttles();
        return if is_unknown { propose(context.current, UnevenLoadReason::ShardsUnknown) } else { Ok(None) };
    };
    let limits = split_limits(context.policy);
    // What a plan grows for has not come yet.
    let growth = f64::from(desired.get()) * limits.target / total(&loads);
    if growth > 1.0 {
        for load in &mut loads {
            load.load *= growth;
        }
    }
    let Some(too_full) = TooFull::of(&loads, desired, &limits) else { return Ok(None) };
    one_call(context, shards, &loads, &limits, too_full)
}

fn shrink(context: &Context<'_>, shards: &[ShardWindow], desired: ShardCount) -> StageResult<UnevenLoadReason> {
    let limits = split_limits(context.policy);
    if context.signals.busiest_shards <= limits.upper_threshold {
        // One shard could take it all, however it lies; of an idle stream shards have no metrics.
        return Ok(None);
    }
    // A pair that is cold now may have been hot within the window.
    let is_known = known_minutes(shards).len() >= context.policy.window_minutes(Direction::In) as usize / 2;
    let Some(mut loads) = shard_loads(shards, Timestamp::MIN).filter(|_| is_known) else {
        return propose(context.current, UnevenLoadReason::ShardsUnknown);
    };
    let Some(too_full) = TooFull::of(&loads, desired, &limits) else { return Ok(None) };
    // A count that carries it and still saves something is one call; merges are one each.
    let enough = counts_between(context, desired).find(|shards| TooFull::of(&loads, *shards, &limits).is_none());
    if let Some(shards) = enough {
        return propose(shards, UnevenLoadReason::EnoughShards(too_full, shards));
    }
    // What throttled once is left whole here; it is not merged either, being hot.
    for load in &mut loads {
        load.throttled_records = 0;
    }
    let limits = ReshardLimits { shards_min: desired.get(), upper_threshold: f64::INFINITY, ..limits };
    one_call(context, shards, &loads, &limits, too_full)
}

/// The first split or merge of a plan, if there is one.
fn one_call(
    context: &Context<'_>,
    shards: &[ShardWindow],
    loads: &[ShardLoad],
    limits: &ReshardLimits,
    too_full: TooFull,
) -> StageResult<UnevenLoadReason> {
    let plan = plan_reshard(loads, &[], limits);
    let first = plan.operations.first().and_then(|first| Resharding::of(*first, shards, context.current));
    match first {
        Some(first) => propose_call(first.to, UnevenLoadReason::SplitOrMerge(too_full), first),
        None => propose(context.current, UnevenLoadReason::NothingCold(too_full)),
    }
}

impl TooFull {
    fn of(loads: &[ShardLoad], desired: ShardCount, limits: &ReshardLimits) -> Option<Self> {
        let largest = largest_over(loads, &HashKeyRange::uniform(desired.get()));
        let is_too_full = largest > limits.upper_threshold && largest > EVEN * total(loads) / f64::from(desired.get());
        is_too_full.then(|| Self { desired, largest_percent: percent(largest) })
    }
}

/// Some counts between what scale-in wants and what is worth a resize, the smallest first.
fn counts_between(context: &Context<'_>, desired: ShardCount) -> impl Iterator<Item = ShardCount> {
    let most = context.policy.scale_in_target_max(context.current);
    let more = u64::from(most.saturating_sub(desired.get()));
    let counts =
        (1..=COUNTS_TRIED).map(move |part| u64::from(desired.get()) + more * u64::from(part) / u64::from(COUNTS_TRIED));
    counts.filter(move |count| *count > u64::from(desired.get())).map(ShardCount::saturating)
}

impl Explain for UnevenLoadReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, _: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::ShardsUnknown => f.write_str(SHARDS_UNKNOWN),
            Self::SplitOrMerge(too_full) => write!(f, "{too_full}: one split or merge is made instead"),
            Self::EnoughShards(too_full, shards) => write!(f, "{too_full}: {shards} equal shards carry the load"),
            Self::NothingCold(too_full) => write!(f, "{too_full}: no two adjacent shards are cold enough to merge"),
        }
    }
}

impl fmt::Display for TooFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { desired, largest_percent } = self;
        write!(f, "with {desired} equal shards, one would be {largest_percent} % full because the load is uneven")
    }
}
