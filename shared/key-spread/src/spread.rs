// SPDX-License-Identifier: Apache-2.0
//! Keys counted over the shards of a stream: how many each gets, how even that is at any time, and which keys are hottest.

use kinesis_model::num::float;
use std::sync::Arc;

use kinesis_model::HashKeyRange;

use crate::hash::hash_keys;
use crate::heavy_hitters::{HeavyHitter, HeavyHitters};
use crate::statistics::Evenness;

/// Records in a window, over which it is asked how even load is at a time: a minute at a thousand a second.
pub const WINDOW_RECORDS: u64 = 60_000;
/// Windows shorter than this say nothing.
const WINDOW_RECORDS_MIN: u64 = WINDOW_RECORDS / 4;

/// Parts of the ring by which a shard is found.
const PARTS: u128 = 1 << 12;
const PART_SHIFT: u32 = 128 - 12;

/// Where on the ring each shard lies.
#[derive(Debug)]
struct HashKeySpace {
    /// The first hash key of each range but the first.
    boundaries: Vec<u128>,
    /// The shard with which each of [`PARTS`] equal parts of the ring begins.
    begins: Vec<usize>,
    shares: Vec<f64>,
}

/// Keys over the shards with these ranges.
#[derive(Clone, Debug)]
pub struct Spread {
    key_space: Arc<HashKeySpace>,
    /// Records of each.
    shards: Vec<u64>,
    heavy_hitters: HeavyHitters,
    window: Vec<u64>,
    in_window: u64,
    windows: u64,
    /// The largest share of a window times the shards, summed over windows.
    peaks: f64,
    hashes: Vec<u128>,
}

impl Spread {
    /// Nothing yet, over shards with these ranges, which tile the ring in this order.
    pub fn over(ranges: &[HashKeyRange]) -> Self {
        let boundaries: Vec<u128> = ranges.iter().skip(1).map(|range| range.first()).collect();
        let begins = |part: u128| boundaries.partition_point(|first| *first <= part << PART_SHIFT);
        let begins = (0..PARTS).map(begins).collect();
        let shares = ranges.iter().map(|range| range.share()).collect();
        Self::on(Arc::new(HashKeySpace { boundaries, begins, shares }))
    }

    /// Nothing yet, over the same shards.
    pub(crate) fn another(&self) -> Self {
        Self::on(Arc::clone(&self.key_space))
    }

    fn on(key_space: Arc<HashKeySpace>) -> Self {
        let shards = key_space.shares.len();
        Self {
            key_space,
            shards: vec![0; shards],
            heavy_hitters: HeavyHitters::default(),
            window: vec![0; shards],
            in_window: 0,
            windows: 0,
            peaks: 0.0,
            hashes: Vec::new(),
        }
    }

    /// Takes a record for each of these keys, one after the other, and says on which shard each lies.
    pub fn take(&mut self, keys: &[&[u8]], mut on_shard: impl FnMut(usize)) {
        let mut hashes = std::mem::take(&mut self.hashes);
        hash_keys(keys, &mut hashes);
        for (key, hash) in keys.iter().zip(&hashes) {
            let shard = self.shard(*hash);
            self.shards[shard] += 1;
            self.heavy_hitters.add(key, *hash, 1);
            self.window[shard] += 1;
            self.in_window += 1;
            if self.in_window == WINDOW_RECORDS {
                self.end_window();
            }
            on_shard(shard);
        }
        self.hashes = hashes;
    }

    /// The shard that a hash key lies on.
    #[inline]
    pub fn shard(&self, hash_key: u128) -> usize {
        let mut shard = self.key_space.begins[(hash_key >> PART_SHIFT) as usize];
        // A part has few boundaries, if any.
        while self.key_space.boundaries.get(shard).is_some_and(|first| *first <= hash_key) {
            shard += 1;
        }
        shard
    }

    /// Takes the records of another over the same shards, which came after those that are here; the other is empty then.
    ///
    /// A window goes on where the other has ended none and what it has still belongs to it.
    pub fn merge(&mut self, other: &mut Self) {
        if other.windows > 0 || self.in_window + other.in_window > WINDOW_RECORDS {
            self.end_window();
        }
        add(&mut self.shards, &mut other.shards);
        add(&mut self.window, &mut other.window);
        self.in_window += std::mem::take(&mut other.in_window);
        self.windows += std::mem::take(&mut other.windows);
        self.peaks += std::mem::take(&mut other.peaks);
        self.heavy_hitters.merge(&mut other.heavy_hitters);
        if self.in_window == WINDOW_RECORDS {
            self.end_window();
        }
    }

    /// Records of each shard, in the order of the ranges.
    pub fn shards(&self) -> &[u64] {
        &self.shards
    }

    /// Records so far.
    pub fn records(&self) -> u64 {
        self.shards.iter().sum()
    }

    /// How even the records lie; `None` where there are none.
    pub fn evenness(&self) -> Option<Evenness> {
        Evenness::of(&self.shards, &self.key_space.shares)
    }

    /// The busiest shard of a window over the mean, on average over the windows: what evenness is worth at a time. `None` where
    /// there are too few records for a window.
    pub fn window_max_over_mean(&self) -> Option<f64> {
        let mut whole = self.clone();
        whole.end_window();
        (whole.windows > 0).then(|| whole.peaks / float(whole.windows))
    }

    /// The hottest keys, so many at most, by weight.
    pub fn hottest(&self, most: usize) -> Vec<HeavyHitter> {
        self.heavy_hitters.heaviest(most)
    }

    /// By how much a key may weigh more than is told; see [`HeavyHitters::error`].
    pub fn error(&self) -> u64 {
        self.heavy_hitters.error()
    }

    fn end_window(&mut self) {
        if self.in_window >= WINDOW_RECORDS_MIN {
            let most = float(self.window.iter().copied().max().unwrap_or(0));
            self.peaks += most * float(self.window.len()) / float(self.in_window);
            self.windows += 1;
        }
        self.window.fill(0);
        self.in_window = 0;
    }
}

/// Moves counts to others.
fn add(to: &mut [u64], from: &mut [u64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += std::mem::take(from);
    }
}
