// SPDX-License-Identifier: Apache-2.0
//! One split or merge that takes the place of `UpdateShardCount`: each look makes one, and the next decides anew.

use crate::policy::Policy;
use crate::reshard::{Operation, ReshardLimits, ShardCall};
use crate::stream::ShardWindow;
use kinesis_model::{OpenShard, ShardCount};

/// A split or a merge to be made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resharding {
    /// The call.
    pub call: ShardCall,
    /// Open shards before the first call of the series that this is one of.
    pub from: ShardCount,
    /// Open shards after its last.
    pub to: ShardCount,
}

/// Which call of a series of splits or merges it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Its number, from 1 on.
    pub step: u32,
    /// How many there are.
    pub of: u32,
}

impl Resharding {
    /// This call as a series of its own, made to so many open shards.
    pub(crate) fn one(call: ShardCall, current: ShardCount) -> Self {
        let one = Self { call, from: current, to: current };
        Self { to: one.next(current), ..one }
    }

    /// This operation as a series of its own; `None` where these shards leave nothing to do.
    pub(crate) fn of(operation: Operation, shards: &[ShardWindow], current: ShardCount) -> Option<Self> {
        let call = operation.on(shards.iter().map(|ShardWindow { shard, .. }| shard))?;
        Some(Self::one(call, current))
    }

    /// Which call of its series it is, made to so many open shards.
    pub(crate) fn progress(&self, current: ShardCount) -> Progress {
        let [done, of] = [current, self.to].map(|shards| shards.get().abs_diff(self.from.get()));
        Progress { step: done + 1, of }
    }

    /// Open shards after this call.
    pub(crate) fn next(&self, current: ShardCount) -> ShardCount {
        match self.call {
            ShardCall::Split { .. } => one_more(current),
            ShardCall::Merge { .. } => ShardCount::saturating(u64::from(current.get()) - 1),
        }
    }
}

/// The terms of a plan that only splits.
pub(crate) fn split_limits(policy: &Policy) -> ReshardLimits {
    ReshardLimits { shards_min: u32::MAX, shards_max: u32::MAX, ..ReshardLimits::of(policy) }
}

/// The split of the widest shard in its middle; of equals, of the first.
pub(crate) fn widest_split<'a>(shards: impl Iterator<Item = &'a OpenShard>) -> Option<ShardCall> {
    let length = |shard: &OpenShard| shard.range.last() - shard.range.first();
    let widest = shards.min_by_key(|shard| std::cmp::Reverse(length(shard)))?;
    Some(ShardCall::Split { shard: widest.id.clone(), at: widest.range.middle()? })
}

pub(crate) fn one_more(shards: ShardCount) -> ShardCount {
    ShardCount::saturating(u64::from(shards.get()) + 1)
}
