// SPDX-License-Identifier: Apache-2.0
//! Which shards of a stream are hot, and why.

use kinesis_model::num::{float, whole};
use std::fmt;

use crate::policy::Policy;
use crate::reshard::ReshardLimits;
use crate::stream::{ShardLoad, total};

/// A load counts as even up to this much above its mean: minutes and hashes are never perfectly even (chosen).
pub(crate) const EVEN: f64 = 1.25;
/// A hot shard whose range is this share of the others' at most holds one hot key, most likely: if it were many keys, splits
/// that halved its range three times would have halved its load.
const ONE_KEY: f64 = 1.0 / 8.0 + 1e-9;

/// Why a hot shard is hot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HotShardKind {
    /// All are as hot.
    Even,
    /// Its hash key range is larger than the others'.
    WideRange,
    /// More is written to its hash keys than to others.
    HotRange,
    /// One of its partition keys is hot.
    HotKey,
}

impl HotShardKind {
    /// Why each of these would be hot.
    pub(crate) fn among(loads: &[ShardLoad]) -> impl Fn(&ShardLoad) -> Self + use<> {
        let (count, total) = (float(loads.len()), total(loads));
        // Few shards have no mean to speak of once one of them is split.
        let widest = loads.iter().map(|load| load.shard.range.share()).fold(0.0, f64::max);
        let other = widest.min(2.0 / count);
        move |load| {
            let share = load.shard.range.share();
            match () {
                () if share <= ONE_KEY * other => Self::HotKey,
                () if load.load / total / share > EVEN => Self::HotRange,
                () if share * count > EVEN => Self::WideRange,
                () => Self::Even,
            }
        }
    }
}

impl fmt::Display for HotShardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Even => "as full as all",
            Self::WideRange => "wide shard",
            Self::HotRange => "hot shard",
            Self::HotKey => "hot key suspected",
        })
    }
}

/// Those of all open shards that throttle or take more than is bearable, the hottest first, and why each does.
pub fn classify_hot_shards<'a>(policy: &Policy, loads: &'a [ShardLoad]) -> Vec<(&'a ShardLoad, HotShardKind)> {
    let upper_threshold = ReshardLimits::of(policy).upper_threshold;
    let is_hot = |load: &&ShardLoad| load.throttled_records > 0 || load.load > upper_threshold;
    let kind = HotShardKind::among(loads);
    let mut hot: Vec<_> = loads.iter().filter(is_hot).map(|load| (load, kind(load))).collect();
    hot.sort_by(|(a, _), (b, _)| b.load.total_cmp(&a.load));
    hot
}

/// How many times as large an even range would be.
pub(crate) fn times_narrower(load: &ShardLoad, loads: &[ShardLoad]) -> u64 {
    whole((1.0 / (load.shard.range.share() * float(loads.len()))).round())
}

/// Whole percent, to the nearest.
pub(crate) fn percent(share: f64) -> u64 {
    whole((share * 100.0).round())
}
