// SPDX-License-Identifier: Apache-2.0
//! Hash keys: where on a stream's ring a partition key lies, and which part of the ring each shard has.
//!
//! Source: Kinesis API reference, `PutRecords` (the MD5 of the partition key as a 128-bit number) and `HashKeyRange`.

use crate::num::float;
use std::fmt;

use md5::{Digest, Md5};

/// The hash key of a partition key: the MD5 of its UTF-8 bytes, as a big-endian number.
pub fn hash_key(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key).into())
}

/// A part of the ring from `first` to `last`, both inclusive; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKeyRange {
    first: u128,
    last: u128,
}

impl HashKeyRange {
    /// The whole ring.
    pub const ALL: Self = Self { first: 0, last: u128::MAX };

    /// `None` where `last` is below `first`.
    pub const fn new(first: u128, last: u128) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// The part that both have; `None` where they have none in common.
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.first.max(other.first), self.last.min(other.last))
    }

    /// The ranges of so many shards of equal size, in their order; zero counts as one.
    ///
    /// The last one takes what the division leaves over. AWS does not say how it rounds, so a live stream's boundaries may lie a
    /// few keys beside these (`docs/aws-facts.md#hash-keys`).
    pub fn uniform(shards: u32) -> Vec<Self> {
        let shards = u128::from(shards.max(1));
        // 2^128 itself is one more than fits; only for powers of two does the one matter.
        let size = if shards.is_power_of_two() {
            (u128::MAX / shards).saturating_add(u128::from(shards > 1))
        } else {
            u128::MAX / shards
        };
        let last = |i| if i + 1 == shards { u128::MAX } else { size * (i + 1) - 1 };
        (0..shards).map(|i| Self { first: size * i, last: last(i) }).collect()
    }

    /// Its first hash key.
    pub const fn first(self) -> u128 {
        self.first
    }

    /// Its last hash key, inclusive.
    pub const fn last(self) -> u128 {
        self.last
    }

    /// Whether a hash key lies in it.
    pub const fn contains(self, hash_key: u128) -> bool {
        self.first <= hash_key && hash_key <= self.last
    }

    /// Its share of the ring, above 0 and at most 1.
    pub fn share(self) -> f64 {
        (float(self.last - self.first) + 1.0) / float(u128::MAX)
    }

    /// The first hash key of its upper half; `None` for a range that is too small to be split.
    pub const fn middle(self) -> Option<u128> {
        if self.last - self.first < 3 { None } else { Some(self.first + (self.last - self.first) / 2 + 1) }
    }

    /// Its two parts, of which the upper one begins at `at`; `None` where that would leave a part of a single key, or is outside.
    ///
    /// Kinesis refuses a hash key that "is not both greater than one plus the shard's `StartingHashKey` and less than the shard's
    /// `EndingHashKey`" (the words of `SplitShard`, as emulators have them).
    pub const fn split(self, at: u128) -> Option<(Self, Self)> {
        if self.first < at && at - self.first > 1 && at < self.last {
            Some((Self { first: self.first, last: at - 1 }, Self { first: at, last: self.last }))
        } else {
            None
        }
    }

    /// Both together; `None` where `upper` does not begin right after this one.
    pub fn merge(self, upper: Self) -> Option<Self> {
        (self.last.checked_add(1) == Some(upper.first)).then_some(Self { first: self.first, last: upper.last })
    }

    /// Whether these ranges, in their order, are the whole ring without a gap or an overlap.
    pub fn tile(ranges: &[Self]) -> bool {
        let meet = ranges.windows(2).all(|pair| pair[0].last.checked_add(1) == Some(pair[1].first));
        let ends = ranges.first().is_some_and(|range| range.first == 0);
        ends && meet && ranges.last().is_some_and(|range| range.last == u128::MAX)
    }
}

impl fmt::Display for HashKeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// An open shard and its part of the ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenShard {
    /// Its id, as in `shardId-000000000003`.
    pub id: String,
    /// What it takes.
    pub range: HashKeyRange,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The shard of so many uniform ones that takes a key.
    fn shard(key: &str, shards: u32) -> usize {
        HashKeyRange::uniform(shards).iter().position(|range| range.contains(hash_key(key))).unwrap()
    }

    #[test]
    fn keys_lie_where_kinesis_has_them() {
        assert_eq!(hash_key("a"), 16_955_237_001_963_240_173_058_271_559_858_726_497);
        assert_eq!(hash_key("partitionKey-1"), 159_499_196_025_307_651_934_328_298_402_289_840_726);
        assert_eq!(hash_key("user-1"), 285_573_413_173_782_752_570_879_317_399_258_818_820);
        assert_eq!(
            [shard("a", 4), shard("partitionKey-1", 4), shard("partitionKey-1", 8), shard("user-1", 4)],
            [0, 1, 3, 3]
        );
    }

    #[test]
    fn uniform_ranges_begin_where_emulators_have_them_and_tile_the_ring() {
        let firsts: Vec<_> = HashKeyRange::uniform(3).into_iter().map(HashKeyRange::first).collect();
        let third = 113_427_455_640_312_821_154_458_202_477_256_070_485;
        assert_eq!(firsts, [0, third, 2 * third]);
        for shards in [1, 2, 3, 4, 5, 6, 7, 64, 1_000, 9_999, 10_000] {
            let ranges = HashKeyRange::uniform(shards);
            assert!(ranges.len() == shards as usize && HashKeyRange::tile(&ranges), "{shards}");
        }
        assert_eq!(HashKeyRange::uniform(2)[1].first(), 1 << 127);
        assert_eq!(HashKeyRange::uniform(1), [HashKeyRange::ALL]);
    }

    #[test]
    fn parts_of_a_range_are_the_range() {
        let range = HashKeyRange::new(10, 20).unwrap();
        assert_eq!(range.middle(), Some(16));
        let (lower, upper) = range.split(16).unwrap();
        assert_eq!((lower.last(), upper.first(), lower.merge(upper), upper.merge(lower)), (15, 16, Some(range), None));
        assert_eq!([10, 11, 20, 21].map(|at| range.split(at)), [None; 4], "no part has a single key");
        let one = HashKeyRange::new(7, 7).unwrap();
        assert_eq!((one.middle(), one.split(7), HashKeyRange::new(8, 7)), (None, None, None));
        assert_eq!(HashKeyRange::ALL.middle(), Some(1 << 127));
        assert!(!HashKeyRange::tile(&[]) && !HashKeyRange::tile(&[range]) && HashKeyRange::tile(&[HashKeyRange::ALL]));
    }
}
