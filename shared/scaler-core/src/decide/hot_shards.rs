// SPDX-License-Identifier: Apache-2.0
//! Why does a stream throttle of which the average fits? A hot shard is split; more shards would not help it.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::cause::Cause;
use super::context::{Basis, Context, Proposal, StageResult, propose, propose_by, propose_call};
use super::load_signals::Load;
use super::recommend::{RecommendReason, more_for_bursts};
use super::resharding::{Resharding, one_more, split_limits};
use super::words::{Explain, SHARDS_UNKNOWN};
use crate::direction::Direction;
use crate::hot_shard_kind::{HotShardKind, classify_hot_shards, percent, times_narrower};
use crate::need::Need;
use crate::reshard::plan_reshard;
use crate::stream::{AttemptKind, ShardLoad, ShardWindow, shard_loads};

/// So long after a split or merge shards without metrics are taken to be new: settling, and what CloudWatch is late by.
const NEW_FOR: SignedDuration = SignedDuration::from_mins(15);

/// What the shards' own loads say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HotShardsReason {
    /// Which shard throttles will be known when its metrics are sent, which is asked for now.
    MeasuringShards,
    /// Nothing is known yet of the shards as they are.
    ShardsUnknown,
    /// All shards are as full: it throttles in bursts shorter than a minute.
    EvenBursts(RecommendReason),
    /// More is written to the keys of one shard than it takes.
    HotShard {
        /// Its id.
        shard: String,
        /// Percent of one shard's capacity that its busiest minute received.
        load_percent: u64,
        /// Percent of the hash keys that are its.
        keys_percent: u64,
    },
    /// One shard has so many hash keys that it receives more than it can take.
    WideShard {
        /// Its id.
        shard: String,
        /// Percent of one shard's capacity that its busiest minute received.
        load_percent: u64,
        /// Percent of the hash keys that are its.
        keys_percent: u64,
    },
    /// One partition key alone is more than a shard takes.
    HotKey(HotKey),
    /// A person ordered this split or merge.
    Ordered {
        /// Its number among the order's splits and merges, from 1 on.
        step: u32,
        /// How many there are.
        all: u32,
    },
}

/// A shard that most likely is hot by one partition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotKey {
    /// The shard that has it.
    pub shard: String,
    /// Percent of one shard's capacity that its busiest minute received.
    pub load_percent: u64,
    /// How many times as large an even range would be.
    pub narrower: u64,
}

/// Looks at the shards of a stream that throttles though its load would fit.
pub(crate) fn hot_shards(context: &Context<'_>, proposal: &Proposal) -> StageResult<HotShardsReason> {
    if context.direction == Direction::In || !context.may_look_at_shards() {
        return Ok(None);
    }
    let Some(load) = context.signals.throttles_though_it_fits(context.policy, context.current) else { return Ok(None) };
    let is_suspected = proposal.basis == Basis::HotShardSuspected;
    if !context.shard_metrics {
        if !is_suspected || context.dry_run {
            return Ok(None);
        }
        return propose_by(Basis::Measuring, context.current, HotShardsReason::MeasuringShards);
    }
    let Some(shards) = context.shards.or_need(Need::Shards)? else { return Ok(None) };
    match shard_loads(shards, context.signals.settled_since) {
        Some(loads) => of_hottest(context, proposal, &load, shards, &loads),
        // Without what is late, or never comes, it is as it would be without shards' metrics.
        None if is_new(context) || is_suspected => propose(context.current, HotShardsReason::ShardsUnknown),
        None => Ok(None),
    }
}

/// Whether a split or merge was so lately that its shards need have no metrics yet.
pub(crate) fn is_new(context: &Context<'_>) -> bool {
    let last = context.history.last_resize();
    last.is_some_and(|last| last.kind == AttemptKind::SplitOrMerge && context.now.duration_since(last.at) < NEW_FOR)
}

fn of_hottest(
    context: &Context<'_>,
    proposal: &Proposal,
    load: &Load,
    shards: &[ShardWindow],
    loads: &[ShardLoad],
) -> StageResult<HotShardsReason> {
    let hot = classify_hot_shards(context.policy, loads);
    let Some((hottest, _)) = hot.first() else { return Ok(None) };
    let Some((hot, kind)) = hot.iter().find(|(_, kind)| *kind != HotShardKind::HotKey) else {
        // No shards for its throttles, which none would lift; what is foreseen for all is another matter.
        let shards = if proposal.basis == Basis::Plan { proposal.shards } else { context.current };
        return propose(shards, HotShardsReason::HotKey(HotKey::of(hottest, loads)));
    };
    let (shard, load_percent) = (hot.shard.id.clone(), percent(hot.load));
    let keys_percent = percent(hot.shard.range.share());
    let reason = match kind {
        HotShardKind::Even | HotShardKind::HotKey if proposal.basis == Basis::HotShardSuspected => {
            let (shards, reason) = more_for_bursts(context.current, load);
            return propose(shards, HotShardsReason::EvenBursts(reason));
        }
        HotShardKind::Even | HotShardKind::HotKey => return Ok(None),
        HotShardKind::WideRange => HotShardsReason::WideShard { shard, load_percent, keys_percent },
        HotShardKind::HotRange => HotShardsReason::HotShard { shard, load_percent, keys_percent },
    };
    let plan = plan_reshard(std::slice::from_ref(*hot), &[], &split_limits(context.policy));
    let split = plan.operations.first().and_then(|split| Resharding::of(*split, shards, context.current));
    split.map_or(Ok(None), |split| propose_call(one_more(context.current), reason, split))
}

impl HotKey {
    /// That one key makes this shard hot.
    pub(crate) fn of(load: &ShardLoad, loads: &[ShardLoad]) -> Self {
        let shard = load.shard.id.clone();
        Self { shard, load_percent: percent(load.load), narrower: times_narrower(load, loads) }
    }

    /// What only a person can mend.
    pub fn cause(&self) -> Cause {
        Cause::HotKey { shard: self.shard.clone() }
    }
}

impl fmt::Display for HotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shard, load_percent, narrower } = self;
        write!(
            f,
            "{shard} receives {load_percent} % of one shard's capacity, although its hash key range is \
             {narrower} times narrower than the average: most likely one partition key is hot, and neither \
             splits nor more shards help"
        )
    }
}

impl Explain for HotShardsReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::MeasuringShards => f.write_str("shard-level metrics are switched on to find the hot shard"),
            Self::ShardsUnknown => f.write_str(SHARDS_UNKNOWN),
            Self::EvenBursts(bursts) => bursts.write(f, now),
            Self::HotShard { shard, load_percent, keys_percent } => write!(
                f,
                "{shard} receives {load_percent} % of one shard's capacity with {keys_percent} % of the hash \
                 keys: this shard is split, because more shards elsewhere would not help"
            ),
            Self::WideShard { shard, load_percent, keys_percent } => write!(
                f,
                "{shard} has {keys_percent} % of the hash keys and therefore receives {load_percent} % of one \
                 shard's capacity: this shard is split"
            ),
            Self::HotKey(key) => write!(f, "{key}"),
            Self::Ordered { step, all } => write!(f, "an operator ordered this: split or merge {step} of {all}"),
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self {
            Self::HotKey(key) => Some(key.cause()),
            Self::MeasuringShards
            | Self::ShardsUnknown
            | Self::EvenBursts(_)
            | Self::HotShard { .. }
            | Self::WideShard { .. }
            | Self::Ordered { .. } => None,
        }
    }
}
