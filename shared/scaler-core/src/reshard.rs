// SPDX-License-Identifier: Apache-2.0
//! The fewest splits and merges that bring every shard under its target: where on the ring, and in which order.
//!
//! A split adds a boundary to the ring and a merge removes one, so a plan is a list of boundaries. It needs no shard ids, which
//! AWS gives only when it is carried out, and whoever was interrupted goes on with the boundaries that are not as planned yet.

use kinesis_model::num::{float, whole, whole_u128};
use std::collections::VecDeque;

use crate::policy::Policy;
use crate::stream::ShardLoad;
use kinesis_model::{HashKeyRange, OpenShard};

/// Neighbours are merged while they take no more than this share of the target together: so they may double before they have
/// to be split again.
const COLD: f64 = 0.5;
/// Steps in which the most even pieces are sought; each halves what they could still differ by.
const BALANCE_STEPS: u32 = 24;

/// One `SplitShard` or `MergeShards`, by the boundary that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The shard that has this hash key is split, and its upper part begins with it.
    Split {
        /// The first hash key of the upper part.
        at: u128,
    },
    /// The shard that begins with this hash key is merged with the one below it.
    Merge {
        /// The first hash key of the upper shard.
        at: u128,
    },
}

/// An operation on the shards that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardCall {
    /// `SplitShard`.
    Split {
        /// The shard to be split.
        shard: String,
        /// `NewStartingHashKey`.
        at: u128,
    },
    /// `MergeShards`.
    Merge {
        /// `ShardToMerge`.
        lower: String,
        /// `AdjacentShardToMerge`.
        upper: String,
    },
}

impl Operation {
    /// The first hash key of the upper shard.
    pub const fn at(self) -> u128 {
        let (Self::Split { at } | Self::Merge { at }) = self;
        at
    }

    /// The call that does it to these open shards; `None` where there is nothing to do any more.
    pub fn on<'a>(self, shards: impl IntoIterator<Item = &'a OpenShard>) -> Option<ShardCall> {
        let (shards, at): (Vec<_>, _) = (shards.into_iter().collect(), self.at());
        let holder = shards.iter().find(|shard| shard.range.contains(at))?;
        match self {
            Self::Split { .. } => holder.range.split(at).map(|_| ShardCall::Split { shard: holder.id.clone(), at }),
            Self::Merge { .. } => {
                let lower = shards.iter().find(|lower| lower.range.merge(holder.range).is_some());
                let lower = lower.filter(|_| holder.range.first() == at)?;
                Some(ShardCall::Merge { lower: lower.id.clone(), upper: holder.id.clone() })
            }
        }
    }
}

/// A hash key of which is known how much it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyLoad {
    /// Where it lies.
    pub hash_key: u128,
    /// What it asks for, as a share of what one shard takes.
    pub load: f64,
}

/// What a plan has to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReshardLimits {
    /// A piece takes no more than this share of what one shard takes.
    pub target: f64,
    /// A shard is left whole up to this share, if it does not throttle.
    pub upper_threshold: f64,
    /// Neighbours are merged while there are more shards than this.
    pub shards_min: u32,
    /// No split leads to more shards than this.
    pub shards_max: u32,
}

impl ReshardLimits {
    /// Those of a policy.
    pub fn of(policy: &Policy) -> Self {
        Self {
            target: f64::from(policy.target_utilization_percent) / 100.0,
            upper_threshold: f64::from(policy.upper_threshold_percent()) / 100.0,
            shards_min: policy.shards_min,
            shards_max: policy.shards_max,
        }
    }
}

/// A plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReshardPlan {
    /// What to do, one after the other: first what relieves most.
    pub operations: Vec<Operation>,
    /// The shards that there will be, and what each will take.
    pub shards: Vec<(HashKeyRange, f64)>,
    /// Hash keys that take more than a shard's target by themselves: no split helps them.
    pub hot_keys: Vec<KeyLoad>,
}

/// The fewest splits that bring every shard under its target, then merges of cold neighbours. `loads` are all the open shards in
/// the order of their ranges; `keys` are what is known of single keys, sorted by hash key. What a shard takes beside them is
/// taken to be spread evenly over its range.
pub fn plan_reshard(loads: &[ShardLoad], keys: &[KeyLoad], limits: &ReshardLimits) -> ReshardPlan {
    plan_apart(loads, None, keys, limits, |_| true)
}

/// The same with splits only of what may be split, and merges by what the same shards took `lately`, over a longer time.
pub(crate) fn plan_apart(
    loads: &[ShardLoad],
    lately: Option<&[ShardLoad]>,
    keys: &[KeyLoad],
    limits: &ReshardLimits,
    may_split: impl Fn(&ShardLoad) -> bool,
) -> ReshardPlan {
    let mut plan = ReshardPlan::default();
    let shards: Vec<_> = loads.iter().map(|load| Inside::of(load, keys)).collect();
    let is_split = |(shard, load): &(&Inside<'_>, &ShardLoad)| shard.is_hot(limits) && may_split(load);
    let mut hottest_first: Vec<_> = shards.iter().zip(loads).filter(is_split).map(|(shard, _)| shard).collect();
    hottest_first.sort_by(|a, b| b.load.total_cmp(&a.load));
    let mut room = (limits.shards_max as usize).saturating_sub(loads.len());
    let mut boundaries = Vec::new();
    for hot in hottest_first {
        plan.hot_keys.extend(hot.keys.iter().filter(|key| key.load > limits.target));
        let cuts = middle_first(&hot.balanced(hot.cap(limits)));
        let cuts = &cuts[..cuts.len().min(room)];
        room -= cuts.len();
        plan.operations.extend(cuts.iter().map(|at| Operation::Split { at: *at }));
        boundaries.extend(cuts);
    }
    let mut peaks = Vec::new();
    for (index, shard) in shards.iter().enumerate() {
        for (piece, load) in shard.cut(&boundaries) {
            let before = lately.map(|lately| &lately[index]);
            let throttles = shard.throttles || before.is_some_and(|before| before.throttled_records > 0);
            let peak = before.map_or(load, |before| load.max(before.load * piece.share() / shard.range.share()));
            // What throttles is not cold, however little a whole minute of it is.
            peaks.push(if throttles { f64::INFINITY } else { peak });
            plan.shards.push((piece, load));
        }
    }
    merge_cold(&mut plan, peaks, limits);
    plan
}

/// What a part of the ring takes, as a plan of these loads and keys has it.
pub fn load_within(loads: &[ShardLoad], keys: &[KeyLoad], range: HashKeyRange) -> f64 {
    let inside = |load: &ShardLoad| Some(Inside::of(load, keys).load_of(load.shard.range.intersection(range)?));
    loads.iter().filter_map(inside).sum()
}

/// Merges the neighbours that take least together, again and again; `peaks` are the most that each took.
fn merge_cold(plan: &mut ReshardPlan, mut peaks: Vec<f64>, limits: &ReshardLimits) {
    while plan.shards.len() > limits.shards_min as usize {
        let pairs = peaks.windows(2).map(|pair| pair[0] + pair[1]).enumerate();
        let coldest = pairs.min_by(|(_, a), (_, b)| a.total_cmp(b));
        let Some((lower, both)) = coldest.filter(|(_, both)| *both <= COLD * limits.target) else { break };
        let (upper, load) = plan.shards.remove(lower + 1);
        let Some(whole) = plan.shards[lower].0.merge(upper) else { break };
        plan.shards[lower] = (whole, plan.shards[lower].1 + load);
        peaks.remove(lower + 1);
        peaks[lower] = both;
        plan.operations.push(Operation::Merge { at: upper.first() });
    }
}

/// What is known of the load inside one shard: some keys, and the rest evenly over its range.
struct Inside<'a> {
    range: HashKeyRange,
    load: f64,
    throttles: bool,
    keys: &'a [KeyLoad],
    /// Load a hash key, of the even rest.
    density: f64,
}

impl<'a> Inside<'a> {
    fn of(shard: &ShardLoad, keys: &'a [KeyLoad]) -> Self {
        let range = shard.shard.range;
        let from = keys.partition_point(|key| key.hash_key < range.first());
        let to = keys.partition_point(|key| key.hash_key <= range.last());
        let keys = &keys[from..to];
        let known: f64 = keys.iter().map(|key| key.load).sum();
        // A sample may say more of a shard than its metrics do; then the keys are all there is.
        let (load, rest) = (shard.load.max(known), (shard.load - known).max(0.0));
        let density = rest / length(range.first(), range.last());
        Self { range, load, throttles: shard.throttled_records > 0, keys, density }
    }

    fn is_hot(&self, limits: &ReshardLimits) -> bool {
        self.load > limits.upper_threshold || self.throttles
    }

    /// What a piece may take: the target; half, where a shard throttles below that, in bursts shorter than a minute.
    fn cap(&self, limits: &ReshardLimits) -> f64 {
        if self.throttles && self.load <= limits.target { self.load / 2.0 } else { limits.target }
    }

    /// The fewest cuts that leave no piece above `cap` but single keys, and of those the most even ones.
    fn balanced(&self, cap: f64) -> Vec<u128> {
        if self.keys.is_empty() {
            return self.even(cap);
        }
        let mut best = self.cuts(cap);
        let (mut low, mut high) = (0.0, cap);
        for _ in 0..BALANCE_STEPS {
            let lower = f64::midpoint(low, high);
            let cuts = self.cuts_up_to(lower, best.len());
            match cuts {
                Some(cuts) => (best, high) = (cuts, lower),
                None => low = lower,
            }
        }
        best
    }

    /// The same where nothing is known of single keys: pieces of one size.
    fn even(&self, cap: f64) -> Vec<u128> {
        let pieces = u128::from(whole((self.load / cap - 1e-9).ceil().max(1.0)));
        let size = (self.range.last() - self.range.first()) / pieces;
        let cuts = (1..pieces).map(|piece| self.range.first() + size * piece + 1);
        cuts.filter(|at| self.range.split(*at).is_some()).collect()
    }

    fn cuts(&self, cap: f64) -> Vec<u128> {
        self.cuts_up_to(cap, usize::MAX).unwrap_or_default()
    }

    /// From below, each piece as large as `cap` allows; `None` where that takes more than so many cuts.
    fn cuts_up_to(&self, cap: f64, most: usize) -> Option<Vec<u128>> {
        let mut sweep = Sweep {
            range: self.range,
            cap,
            most,
            density: self.density,
            begins: self.range.first(),
            at: self.range.first(),
            taken: 0.0,
            cuts: Vec::new(),
        };
        for key in self.keys {
            sweep.evenly_to(key.hash_key)?;
            sweep.take(key, self.range.last())?;
        }
        // The last piece ends with the range, whose end may be that of the ring.
        if sweep.at <= self.range.last() && sweep.at >= self.range.first() {
            sweep.evenly_to(self.range.last())?;
        }
        Some(sweep.cuts)
    }

    /// The pieces between those of these boundaries that lie inside, with what each takes.
    fn cut(&self, boundaries: &[u128]) -> Vec<(HashKeyRange, f64)> {
        let mut inside: Vec<_> = boundaries.iter().copied().filter(|at| self.range.split(*at).is_some()).collect();
        inside.sort_unstable();
        let mut pieces = Vec::with_capacity(inside.len() + 1);
        let mut rest = self.range;
        for at in inside {
            if let Some((lower, upper)) = rest.split(at) {
                pieces.push((lower, self.load_of(lower)));
                rest = upper;
            }
        }
        pieces.push((rest, self.load_of(rest)));
        pieces
    }

    fn load_of(&self, piece: HashKeyRange) -> f64 {
        let keys: f64 = self.keys.iter().filter(|key| piece.contains(key.hash_key)).map(|key| key.load).sum();
        keys + self.density * length(piece.first(), piece.last())
    }
}

/// Cutting a range from below.
struct Sweep {
    range: HashKeyRange,
    cap: f64,
    most: usize,
    density: f64,
    /// Where the piece begins.
    begins: u128,
    /// What has been taken of the range, exclusive.
    at: u128,
    /// What the piece takes so far.
    taken: f64,
    cuts: Vec<u128>,
}

impl Sweep {
    /// Takes the even rest up to a hash key, exclusive.
    fn evenly_to(&mut self, end: u128) -> Option<()> {
        while self.density > 0.0 && self.taken + self.density * between(self.at, end) > self.cap {
            let keys = whole_u128((self.cap - self.taken).max(0.0) / self.density);
            let at = self.at.saturating_add(keys.max(1)).min(end);
            self.cut(at)?;
            if self.at >= end || self.at < at {
                break;
            }
        }
        self.taken += self.density * between(self.at, end);
        self.at = self.at.max(end);
        Some(())
    }

    /// Takes one key; one that is more than a piece may be gets a piece of its own.
    fn take(&mut self, key: &KeyLoad, last: u128) -> Option<()> {
        if self.taken + key.load > self.cap && self.at > self.begins {
            self.cut(self.at)?;
        }
        self.taken += key.load;
        self.at = key.hash_key.saturating_add(1);
        if key.load > self.cap && key.hash_key < last {
            self.cut(self.at)?;
        }
        Some(())
    }

    /// Ends the piece before `at`, or a key later: none may have a single key. At the ends of the range there is nothing to
    /// cut.
    fn cut(&mut self, at: u128) -> Option<()> {
        let at = at.max(self.begins.saturating_add(2));
        if self.range.split(at).is_none() {
            return Some(());
        }
        if self.cuts.len() == self.most {
            return None;
        }
        self.cuts.push(at);
        (self.begins, self.at, self.taken) = (at, at, 0.0);
        Some(())
    }
}

/// Hash keys from one to another, both inclusive.
fn length(first: u128, last: u128) -> f64 {
    between(first, last) + 1.0
}

fn between(from: u128, to: u128) -> f64 {
    float(to.saturating_sub(from))
}

/// Sorted cuts in the order in which each halves what is left, so that relief comes as soon as it can.
fn middle_first(sorted: &[u128]) -> Vec<u128> {
    let (mut order, mut parts) = (Vec::with_capacity(sorted.len()), VecDeque::from([sorted]));
    while let Some(part) = parts.pop_front() {
        if let Some(middle) = part.get(part.len() / 2) {
            order.push(*middle);
            parts.push_back(&part[..part.len() / 2]);
            parts.push_back(&part[part.len() / 2 + 1..]);
        }
    }
    order
}
