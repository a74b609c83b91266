// SPDX-License-Identifier: Apache-2.0
//! The heaviest of any number of keys, in bounded memory: the frequent-items sketch of Misra and Gries, which gives up many
//! light keys at once.
//!
//! Exact while the distinct keys fit. Beyond that every count may be too low, by no more than [`HeavyHitters::error`]: whatever
//! weighs more than that is certainly in it. Our own and not a crate's: none that is kept takes the hash that is there
//! already, and hashing again costs as much as all the rest.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Keys kept. A quarter of a megabyte or so, which stays in a core's cache; and no count is off by more than one part in so
/// many halves.
const KEPT: usize = 8_192;

/// A key and what it weighs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeavyHitter {
    /// The key.
    pub key: Vec<u8>,
    /// Its hash key.
    pub hash_key: u128,
    /// It weighs this at least, and more by the sketch's error at most.
    pub at_least: u64,
}

#[derive(Clone, Debug)]
struct Counter {
    key: Short,
    weight: u64,
}

/// A key, without an allocation where it is short.
#[derive(Clone, Debug)]
enum Short {
    Inline(u8, [u8; INLINE]),
    Long(Box<[u8]>),
}

const INLINE: usize = 38;

impl Short {
    fn of(key: &[u8]) -> Self {
        match u8::try_from(key.len()) {
            Ok(length) if key.len() <= INLINE => {
                let mut bytes = [0; INLINE];
                bytes[..key.len()].copy_from_slice(key);
                Self::Inline(length, bytes)
            }
            _ => Self::Long(key.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Inline(length, bytes) => &bytes[..usize::from(*length)],
            Self::Long(key) => key,
        }
    }
}

/// Hashes are even as they are.
#[derive(Clone, Debug, Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only hash keys are hashed here")
    }

    #[allow(clippy::cast_possible_truncation, reason = "half of an even hash is even")]
    fn write_u128(&mut self, hash_key: u128) {
        self.0 = hash_key as u64;
    }
}

/// The sketch.
#[derive(Clone, Debug, Default)]
pub struct HeavyHitters {
    counters: HashMap<u128, Counter, BuildHasherDefault<IdentityHasher>>,
    error: u64,
    spare: Vec<u64>,
}

impl HeavyHitters {
    /// Adds weight to a key, which has this hash key.
    pub fn add(&mut self, key: &[u8], hash_key: u128, weight: u64) {
        if let Some(counter) = self.counters.get_mut(&hash_key) {
            counter.weight += weight;
            return;
        }
        if self.counters.len() == KEPT {
            // The median: half of them, so that it is rarely done.
            self.give_up(KEPT / 2);
        }
        self.counters.insert(hash_key, Counter { key: Short::of(key), weight });
    }

    /// Both together, in any order of their keys; the other is empty then.
    pub fn merge(&mut self, other: &mut Self) {
        self.error += std::mem::take(&mut other.error);
        for (hash_key, counter) in other.counters.drain() {
            self.counters.entry(hash_key).and_modify(|it| it.weight += counter.weight).or_insert(counter);
        }
        if let Some(too_many) = self.counters.len().checked_sub(KEPT).filter(|too_many| *too_many > 0) {
            // Of all weights the heaviest of those that have no place: whoever is heavier stays.
            self.give_up(too_many - 1);
        }
    }

    /// By how much a key may weigh more than is told, or weigh and not be told; 0 where all is exact.
    pub fn error(&self) -> u64 {
        self.error
    }

    /// The heaviest keys, so many at most; of equals, by their bytes.
    pub fn heaviest(&self, most: usize) -> Vec<HeavyHitter> {
        let mut all: Vec<_> = self.counters.iter().collect();
        all.sort_by(|(_, a), (_, b)| b.weight.cmp(&a.weight).then_with(|| a.key.bytes().cmp(b.key.bytes())));
        let heavy = |(hash_key, counter): (&u128, &Counter)| HeavyHitter {
            key: counter.key.bytes().to_vec(),
            hash_key: *hash_key,
            at_least: counter.weight,
        };
        all.into_iter().take(most).map(heavy).collect()
    }

    /// Takes a weight from every key, and drops those that weigh no more: that of which so many are lighter or as light.
    fn give_up(&mut self, lighter: usize) {
        self.spare.clear();
        self.spare.extend(self.counters.values().map(|counter| counter.weight));
        let (_, &mut weight, _) = self.spare.select_nth_unstable(lighter);
        self.error += weight;
        self.counters.retain(|_, counter| {
            counter.weight = counter.weight.saturating_sub(weight);
            counter.weight > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn sketch_of(keys: &[u32]) -> (HeavyHitters, BTreeMap<u32, u64>) {
        let (mut sketch, mut exact) = (HeavyHitters::default(), BTreeMap::new());
        for key in keys {
            sketch.add(&key.to_be_bytes(), u128::from(*key).wrapping_mul(0x9E37_79B9_7F4A_7C15), 1);
            *exact.entry(*key).or_default() += 1;
        }
        (sketch, exact)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        /// Far more distinct keys than fit, a few of them heavy.
        #[test]
        fn no_count_is_too_high_nor_too_low_by_more_than_the_error(
            seed in any::<u32>(), heavy in 1..20_u32, times in 100..3_000_u32,
        ) {
            let light = (0..60_000_u32).map(|i| i.wrapping_mul(2_654_435_761).wrapping_add(seed) | 0x8000_0000);
            let mut keys: Vec<u32> = light.collect();
            for i in 0..times {
                keys.insert((i as usize * 7_919) % keys.len(), i % heavy);
            }
            let (sketch, exact) = sketch_of(&keys);
            prop_assert!(sketch.error() <= 2 * keys.len() as u64 / KEPT as u64 + 1, "{}", sketch.error());
            let found: BTreeMap<_, _> = sketch
                .heaviest(KEPT)
                .into_iter()
                .map(|it| (u32::from_be_bytes(it.key.try_into().expect("four bytes went in")), it.at_least))
                .collect();
            for (key, count) in exact {
                let told = found.get(&key).copied().unwrap_or(0);
                prop_assert!(told <= count && count - told <= sketch.error(), "{key}: {told} of {count}");
            }
        }

        #[test]
        fn parts_are_the_whole(keys in proptest::collection::vec(0..500_u32, 0..3_000), at in 0..3_000_usize) {
            let (first, second) = keys.split_at(at.min(keys.len()));
            let mut both = sketch_of(first).0;
            both.merge(&mut sketch_of(second).0);
            prop_assert_eq!((both.error(), both.heaviest(500)), (0, sketch_of(&keys).0.heaviest(500)));
        }
    }

    /// Ten times more distinct keys than fit, in parts that are merged.
    #[test]
    fn merged_counts_are_no_further_off_than_is_told() {
        let keys: Vec<u32> = (0..200_000_u32).map(|i| if i % 3 == 0 { i % 7 } else { i | 0x8000_0000 }).collect();
        let (mut whole, exact) = (HeavyHitters::default(), sketch_of(&keys).1);
        for part in keys.chunks(30_000) {
            whole.merge(&mut sketch_of(part).0);
        }
        assert!(whole.error() <= 2 * keys.len() as u64 / KEPT as u64, "{}", whole.error());
        assert!(whole.counters.len() <= KEPT);
        for heavy in whole.heaviest(7) {
            let count = exact[&u32::from_be_bytes(heavy.key.try_into().expect("four bytes went in"))];
            assert!(count > 9_000 && (count - whole.error()..=count).contains(&heavy.at_least), "{count}");
        }
    }

    #[test]
    fn a_long_key_is_whole() {
        let long = "é".repeat(100);
        let mut sketch = HeavyHitters::default();
        sketch.add(long.as_bytes(), 1, 3);
        sketch.add(b"short", 2, 4);
        let keys: Vec<_> = sketch.heaviest(9).into_iter().map(|it| (it.key, it.at_least)).collect();
        assert_eq!(keys, [(b"short".to_vec(), 4), (long.into_bytes(), 3)]);
    }
}
