//! Skew: how the load of a stream lies on its ring of hash keys, and what each shard of it takes.

use scaler_core::{HashKeyRange, OpenShard, hash_key};

/// Parts of the ring that have a share of the traffic to themselves; what they leave is spread evenly over the whole ring.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Skew(Vec<(HashKeyRange, f64)>);

impl Skew {
    /// These parts, each with its share of the traffic, 0 to 1. Shares that are together more than 1 leave nothing to the rest.
    pub fn of(parts: Vec<(HashKeyRange, f64)>) -> Self {
        Self(parts)
    }

    /// One partition key with this share of the traffic.
    pub fn of_key(key: &str, share: f64) -> Self {
        let at = hash_key(key);
        Self(HashKeyRange::new(at, at).map(|range| (range, share.clamp(0.0, 1.0))).into_iter().collect())
    }

    /// Whether all of the traffic is spread evenly.
    pub fn is_even(&self) -> bool {
        self.0.is_empty()
    }

    /// The share of each part, and last that of the rest.
    pub(super) fn shares(&self) -> Vec<f64> {
        let parts = self.0.iter().map(|(_, share)| *share);
        let rest = 1.0 - parts.clone().sum::<f64>();
        parts.chain([rest.max(0.0)]).collect()
    }

    /// The share of each part's traffic, in their order, that a shard gets.
    pub(super) fn parts_of<'a>(&'a self, shard: &'a OpenShard) -> impl Iterator<Item = f64> + 'a {
        let parts = self.0.iter().map(|(range, _)| overlap(*range, shard.range) / range.share());
        parts.chain([shard.range.share()])
    }
}

/// The share of the ring that both have.
fn overlap(a: HashKeyRange, b: HashKeyRange) -> f64 {
    HashKeyRange::new(a.first().max(b.first()), a.last().min(b.last())).map_or(0.0, HashKeyRange::share)
}
