// SPDX-License-Identifier: Apache-2.0
//! What a resize makes of shards: every new one is a child, of one that is split or of two that are merged.
//!
//! Source: API reference, `UpdateShardCount`: Kinesis splits and merges, and shards that live shortly appear.

use std::collections::BTreeMap;

use ferrokinesis::sequence::{self, MAX_SEQ_IX, SeqObj};
use ferrokinesis::types::{self, SequenceNumberRange, Shard};
use kinesis_model::HashKeyRange;

use super::shards::is_open;

/// Milliseconds from a split or merge to the time in the first sequence number of what comes of it (`store.rs` of ferrokinesis 0.7).
const CHILD_AFTER_MS: u64 = 1_000;

/// Hash keys by which equal shards may lie beside where others of them end: the division of 2^128 leaves up to one a shard.
const ROUNDING: u128 = 1 << 20;

/// Gives the open shards the ranges of so many equal ones, but for [`ROUNDING`].
///
/// Shards are split wherever a new range begins, then neighbours within one range are merged. A shard that has its range already
/// stays as it is. One that is split in three, and three that are merged, leave shards between them that close as they open.
pub(super) fn resize(shards: &mut Vec<Shard>, target: u32, now_ms: u64) {
    let open = shards.iter().enumerate().filter(|(_, shard)| is_open(shard));
    let open = open.map(|(index, shard)| (shard.hash_key_range.start_u128(), index)).collect();
    let mut key_space = HashKeySpace { shards, open, now_ms };
    let starts =
        HashKeyRange::uniform(target).into_iter().map(|range| key_space.split(range.first())).collect::<Vec<_>>();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([u128::MAX]);
    for (start, end) in starts.iter().zip(ends) {
        let within: Vec<usize> = key_space.open.range(start..=&end).map(|(_, index)| *index).collect();
        within.into_iter().reduce(|lower, upper| key_space.merge(lower, upper));
    }
}

/// The shards of a stream, and where each open one begins.
struct HashKeySpace<'a> {
    shards: &'a mut Vec<Shard>,
    open: BTreeMap<u128, usize>,
    now_ms: u64,
}

impl HashKeySpace<'_> {
    /// Splits the shard that holds a hash key, unless one begins there; returns where it begins.
    fn split(&mut self, at: u128) -> u128 {
        let near = at.saturating_sub(ROUNDING)..=at.saturating_add(ROUNDING);
        if let Some((start, _)) = self.open.range(near).next() {
            return *start;
        }
        if let Some((start, parent)) = self.open.range(..at).next_back().map(|(start, index)| (*start, *index)) {
            let end = self.shards[parent].hash_key_range.end_u128();
            let parent = self.close(parent);
            self.add(start, at - 1, parent.clone(), None);
            self.add(at, end, parent, None);
        }
        at
    }

    /// Merges two neighbours; returns the index of their child.
    fn merge(&mut self, lower: usize, upper: usize) -> usize {
        let start = self.shards[lower].hash_key_range.start_u128();
        let end = self.shards[upper].hash_key_range.end_u128();
        let (parent, adjacent) = (self.close(lower), self.close(upper));
        self.add(start, end, parent, Some(adjacent))
    }

    /// Closes a shard after all its records; returns its id.
    fn close(&mut self, index: usize) -> String {
        let shard = &mut self.shards[index];
        self.open.remove(&shard.hash_key_range.start_u128());
        let numbers = &mut shard.sequence_number_range;
        let created = sequence::parse_sequence(&numbers.starting_sequence_number);
        let created = created.map_or(0, |number| number.shard_create_time);
        numbers.ending_sequence_number = Some(number(created, index, Some(MAX_SEQ_IX), Some(self.now_ms)));
        shard.shard_id.clone()
    }

    /// Opens a shard; returns its index.
    fn add(&mut self, start: u128, end: u128, parent: String, adjacent: Option<String>) -> usize {
        let index = self.shards.len();
        self.shards.push(Shard {
            shard_id: sequence::shard_id_name(signed(index)),
            hash_key_range: types::HashKeyRange::new(start.to_string(), end.to_string()),
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: number(self.now_ms + CHILD_AFTER_MS, index, None, None),
                ending_sequence_number: None,
            },
            parent_shard_id: Some(parent),
            adjacent_parent_shard_id: adjacent,
        });
        self.open.insert(start, index);
        index
    }
}

/// A sequence number as the emulator makes them.
fn number(shard_create_time: u64, index: usize, seq_ix: Option<u64>, seq_time: Option<u64>) -> String {
    let shard_ix = signed(index);
    let version = 2;
    sequence::stringify_sequence(&SeqObj {
        shard_create_time,
        seq_ix,
        byte1: None,
        seq_time,
        seq_rand: None,
        shard_ix,
        version,
    })
}

/// The index of a shard, as the emulator counts.
fn signed(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Shards that have been there since their stream, cut at these hash keys.
    fn cut_at(cuts: &[u128]) -> Vec<Shard> {
        let starts = [&[0], cuts].concat();
        let ends = cuts.iter().map(|cut| cut - 1).chain([u128::MAX]);
        let shards = starts.into_iter().zip(ends).enumerate().map(|(index, (start, end))| Shard {
            shard_id: sequence::shard_id_name(signed(index)),
            hash_key_range: types::HashKeyRange::new(start.to_string(), end.to_string()),
            sequence_number_range: SequenceNumberRange {
                starting_sequence_number: number(0, index, None, None),
                ending_sequence_number: None,
            },
            parent_shard_id: None,
            adjacent_parent_shard_id: None,
        });
        shards.collect()
    }

    fn equal(shards: u32) -> Vec<Shard> {
        let firsts = HashKeyRange::uniform(shards).into_iter().map(HashKeyRange::first);
        cut_at(&firsts.skip(1).collect::<Vec<_>>())
    }

    fn parents(shard: &Shard) -> Vec<&String> {
        [&shard.parent_shard_id, &shard.adjacent_parent_shard_id].into_iter().flatten().collect()
    }

    fn range(shard: &Shard) -> (u128, u128) {
        (shard.hash_key_range.start_u128(), shard.hash_key_range.end_u128())
    }

    /// Each shard that was made, as its number and those of its parents.
    fn family(shards: &[Shard]) -> String {
        let number = |id: &str| id.trim_start_matches("shardId-").trim_start_matches('0').to_owned();
        let number = |id: &str| Some(number(id)).filter(|it| !it.is_empty()).unwrap_or_else(|| "0".to_owned());
        let made = shards.iter().filter(|shard| shard.parent_shard_id.is_some());
        let told = made.map(|shard| {
            let parents: Vec<_> = parents(shard).into_iter().map(|id| number(id)).collect();
            format!("{}<{}", number(&shard.shard_id), parents.join("+"))
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_resize_splits_where_ranges_begin_and_merges_what_lies_in_one() {
        const QUARTER: u128 = 1 << 126;
        for (mut shards, target, expected) in [
            (equal(1), 2, "1<0 2<0"),
            (equal(2), 4, "2<0 3<0 4<1 5<1"),
            (equal(4), 2, "4<0+1 5<2+3"),
            (equal(2), 3, "2<0 3<0 4<1 5<1 6<3+4"),
            (equal(4), 3, "4<1 5<1 6<2 7<2 8<0+4 9<5+6 10<7+3"),
            // The thirds and sixths are rounded, so that each lies a key or two beside the half.
            (equal(4), 6, "4<0 5<0 6<1 7<1 8<2 9<2 10<3 11<3 12<5+6 13<9+10"),
            (equal(5), 3, "5<1 6<1 7<3 8<3 9<0+5 10<6+2 11<10+7 12<8+4"),
            // Uneven shards: the upper half stays, three parts come of one.
            (cut_at(&[QUARTER, 2 * QUARTER]), 2, "3<0+1"),
            (cut_at(&[3 * QUARTER]), 4, "2<0 3<0 4<3 5<3"),
        ] {
            let before = shards.len();
            resize(&mut shards, target, 0);
            assert_eq!(family(&shards), expected, "{before} to {target}");
        }
    }

    proptest! {
        /// However a stream was cut and resized: a closed shard is all of its two children, or with another all of its one child.
        #[test]
        fn every_key_goes_from_parents_to_children(
            cuts in prop::collection::btree_set(1_u128.., 0..8),
            targets in prop::collection::vec(1_u32..30, 1..5),
        ) {
            let mut shards = cut_at(&cuts.into_iter().collect::<Vec<_>>());
            let (first, last) = (shards.len(), *targets.last().unwrap_or(&1));
            for target in targets {
                resize(&mut shards, target, 0);
            }
            let mut open: Vec<_> = shards.iter().filter(|shard| is_open(shard)).map(range).collect();
            open.sort_unstable();
            let uniform = HashKeyRange::uniform(last);
            prop_assert_eq!(open.len(), uniform.len());
            for ((start, _), equal) in open.into_iter().zip(uniform) {
                prop_assert!(start.abs_diff(equal.first()) <= ROUNDING, "{} begins no shard of {}", start, last);
            }
            let join = |(start, middle): (u128, u128), (next, end): (u128, u128)| {
                (middle.checked_add(1) == Some(next)).then_some((start, end))
            };
            let by_id = |id: &String| shards.iter().find(|shard| shard.shard_id == *id).map_or((1, 0), range);
            for (index, shard) in shards.iter().enumerate() {
                prop_assert_eq!(parents(shard).is_empty(), index < first);
                let children: Vec<_> = shards.iter().filter(|it| parents(it).contains(&&shard.shard_id)).collect();
                match children.as_slice() {
                    [] => prop_assert!(is_open(shard)),
                    [child] => match parents(child).as_slice() {
                        [lower, upper] => prop_assert_eq!(join(by_id(lower), by_id(upper)), Some(range(child))),
                        other => prop_assert!(false, "{:?} is the one child of {:?}", child, other),
                    },
                    [lower, upper] => {
                        prop_assert_eq!(join(range(lower), range(upper)), Some(range(shard)));
                        prop_assert!(lower.adjacent_parent_shard_id.is_none());
                        prop_assert!(upper.adjacent_parent_shard_id.is_none());
                    }
                    more => prop_assert!(false, "{} children", more.len()),
                }
                prop_assert_eq!(is_open(shard), children.is_empty());
            }
        }
    }
}
