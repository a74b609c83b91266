// SPDX-License-Identifier: Apache-2.0
//! The shards of a stream on their ring of hash keys: what splits, merges and resizes make of them.

use std::ops::RangeInclusive;

use kinesis_model::{HashKeyRange, OpenShard};

/// The open shards of a stream, in the order of their ranges, which tile the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashKeySpace {
    shards: Vec<OpenShard>,
    /// Whether they are all of one size.
    is_uniform: bool,
    /// Ids given so far; Kinesis counts them up and gives none twice.
    made: u64,
}

/// Why a split or a merge cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashKeySpaceFault {
    /// There never was such a shard.
    #[error("no shard is called so")]
    NoSuchShard,
    /// It was split, merged or evened out before.
    #[error("the shard is closed: it has already been merged or split")]
    Closed,
    /// A split outside its shard, or at its first hash key.
    #[error("the hash key is not inside the shard, beyond its first key")]
    NotInside,
    /// A merge of shards that are no neighbours.
    #[error("the shards are not an adjacent pair, the lower one first")]
    NotAdjacent,
}

impl HashKeySpace {
    /// So many even shards.
    pub fn uniform(shards: u32) -> Self {
        Self { shards: Vec::new(), is_uniform: true, made: 0 }.evened_out(shards)
    }

    /// The open shards.
    pub fn shards(&self) -> &[OpenShard] {
        &self.shards
    }

    /// Whether they are all of one size.
    pub fn is_uniform(&self) -> bool {
        self.is_uniform
    }

    /// What `UpdateShardCount` makes of it: so many even shards, all of them new.
    #[must_use]
    pub fn evened_out(&self, shards: u32) -> Self {
        let mut key_space = Self { shards: Vec::with_capacity(shards as usize), is_uniform: true, made: self.made };
        for range in HashKeyRange::uniform(shards) {
            let shard = key_space.made(range);
            key_space.shards.push(shard);
        }
        key_space
    }

    /// What `SplitShard` makes of it.
    ///
    /// # Errors
    /// Why it does not; nothing has changed then.
    pub fn split(&mut self, shard: &str, at: u128) -> Result<(), HashKeySpaceFault> {
        let i = self.position(shard)?;
        let (lower, upper) = self.shards[i].range.split(at).ok_or(HashKeySpaceFault::NotInside)?;
        let children = [lower, upper].map(|range| self.made(range));
        self.put(i..=i, children);
        Ok(())
    }

    /// What `MergeShards` makes of it.
    ///
    /// # Errors
    /// Why it does not; nothing has changed then.
    pub fn merge(&mut self, lower: &str, upper: &str) -> Result<(), HashKeySpaceFault> {
        let (i, j) = (self.position(lower)?, self.position(upper)?);
        let whole = self.shards[i].range.merge(self.shards[j].range).ok_or(HashKeySpaceFault::NotAdjacent)?;
        let child = self.made(whole);
        self.put(i..=j, [child]);
        Ok(())
    }

    /// Puts these shards in those places.
    fn put(&mut self, places: RangeInclusive<usize>, shards: impl IntoIterator<Item = OpenShard>) {
        self.shards.splice(places, shards);
        let count = u32::try_from(self.shards.len()).unwrap_or(u32::MAX);
        self.is_uniform = HashKeyRange::uniform(count).into_iter().eq(self.shards.iter().map(|shard| shard.range));
    }

    fn position(&self, id: &str) -> Result<usize, HashKeySpaceFault> {
        self.shards.iter().position(|shard| shard.id == id).ok_or_else(|| {
            if (0..self.made).any(|number| id == name(number)) {
                HashKeySpaceFault::Closed
            } else {
                HashKeySpaceFault::NoSuchShard
            }
        })
    }

    fn made(&mut self, range: HashKeyRange) -> OpenShard {
        self.made += 1;
        OpenShard { id: name(self.made - 1), range }
    }
}

/// The id of the shard that was made as this one, from 0.
fn name(number: u64) -> String {
    format!("shardId-{number:012}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tiles(key_space: &HashKeySpace) -> bool {
        HashKeyRange::tile(&key_space.shards().iter().map(|shard| shard.range).collect::<Vec<_>>())
    }

    #[test]
    fn whatever_is_done_the_ranges_tile_the_ring_and_no_id_comes_twice() {
        let mut key_space = HashKeySpace::uniform(3);
        let mut seen: std::collections::BTreeSet<_> = key_space.shards().iter().map(|shard| shard.id.clone()).collect();
        // A fixed walk that splits, merges and evens out; what is refused changes nothing.
        let mut state = 7_u64;
        for step in 0..500_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (before, pick) = (key_space.clone(), usize::try_from(state >> 33).unwrap());
            let one = before.shards()[pick % before.shards().len()].clone();
            let other = before.shards()[(pick / 7) % before.shards().len()].clone();
            let done = match pick % 11 {
                0 => {
                    key_space = key_space.evened_out(1 + step % 9);
                    Ok(())
                }
                1..=5 => key_space.split(&one.id, u128::from(state) << 64),
                6..=8 => key_space.merge(&one.id, &other.id),
                _ => key_space.split(&one.id, one.range.middle().unwrap_or(0)),
            };
            assert!(tiles(&key_space), "step {step}");
            assert!(done.is_ok() || key_space == before, "step {step}");
            let even = HashKeyRange::uniform(u32::try_from(key_space.shards().len()).unwrap());
            assert_eq!(
                key_space.is_uniform(),
                key_space.shards().iter().map(|shard| shard.range).eq(even),
                "step {step}"
            );
            for shard in key_space.shards().iter().filter(|shard| !before.shards().contains(shard)) {
                assert!(seen.insert(shard.id.clone()), "{} came twice", shard.id);
            }
        }
        assert!(seen.len() > 300, "the walk did something: {}", seen.len());
    }

    #[test]
    fn what_kinesis_refuses_is_refused() {
        let mut key_space = HashKeySpace::uniform(4);
        let id = |i: usize| format!("shardId-{i:012}");
        assert_eq!(key_space.split(&id(9), 1), Err(HashKeySpaceFault::NoSuchShard));
        assert_eq!(key_space.split(&id(0), 0), Err(HashKeySpaceFault::NotInside));
        assert_eq!(key_space.split(&id(0), 1 << 127), Err(HashKeySpaceFault::NotInside));
        assert_eq!(key_space.merge(&id(1), &id(0)), Err(HashKeySpaceFault::NotAdjacent));
        assert_eq!(key_space.merge(&id(0), &id(2)), Err(HashKeySpaceFault::NotAdjacent));
        assert_eq!(key_space.merge(&id(0), &id(1)), Ok(()));
        assert_eq!(key_space.split(&id(0), 1), Err(HashKeySpaceFault::Closed));
        assert_eq!(key_space.merge(&id(4), &id(1)), Err(HashKeySpaceFault::Closed));
        assert_eq!(key_space.shards()[0].id, id(4));
    }
}
