// SPDX-License-Identifier: Apache-2.0
//! Pieces of traffic on the ring of hash keys: how shards cut them, what a shard is wanted to take, what is left where.

use kinesis_model::num::float;
use kinesis_model::{Demand, HashKeyRange, OpenShard};

/// Traffic in parts of bytes and records: what a shard has of a minute is seldom a whole number of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Volume {
    pub(super) bytes: f64,
    pub(super) records: f64,
}

impl Volume {
    pub(super) fn of(demand: Demand) -> Self {
        Self { bytes: float(demand.bytes), records: float(demand.records) }
    }

    pub(super) fn times(self, share: f64) -> Self {
        Self { bytes: self.bytes * share, records: self.records * share }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, records: self.records + other.records }
    }
}

/// Traffic that lies evenly on a part of the ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) range: HashKeyRange,
    pub(super) volume: Volume,
}

impl Piece {
    /// What each shard that has some of it has of it, with the shard's place among these, which are in their order.
    fn cut(self, shards: &[OpenShard]) -> impl Iterator<Item = (usize, Self)> {
        let first = shards.partition_point(|shard| shard.range.last() < self.range.first());
        shards.iter().enumerate().skip(first).map_while(move |(i, shard)| {
            let (from, to) = (shard.range.first().max(self.range.first()), shard.range.last().min(self.range.last()));
            let range = HashKeyRange::new(from, to)?;
            // To the digit all of it, where it is in one shard.
            let share = if range == self.range { 1.0 } else { range.share() / self.range.share() };
            Some((i, Self { range, volume: self.volume.times(share) }))
        })
    }
}

/// What each of these shards is wanted to take of the pieces.
pub(super) fn wanted(pieces: &[Piece], shards: &[OpenShard]) -> Vec<Volume> {
    let mut wanted = vec![Volume::default(); shards.len()];
    for (i, piece) in pieces.iter().flat_map(|piece| piece.cut(shards)) {
        wanted[i] = wanted[i].plus(piece.volume);
    }
    wanted
}

/// What is left of the pieces where each of these shards takes this share, 0 to 1, of what it has of them. It lies where
/// it was, inside the shard that did not take it.
pub(super) fn left(pieces: &[Piece], shards: &[OpenShard], taken: &[f64]) -> Vec<Piece> {
    let cut = pieces.iter().flat_map(|piece| piece.cut(shards)).filter(|(i, _)| taken[*i] < 1.0);
    let left = cut.map(|(i, piece)| Piece { volume: piece.volume.times(1.0 - taken[i]), ..piece });
    joined(left.collect())
}

/// Pieces of the same range as one, so that they do not grow in number from minute to minute.
fn joined(mut pieces: Vec<Piece>) -> Vec<Piece> {
    pieces.sort_by_key(|piece| piece.range);
    pieces.dedup_by(|next, piece| {
        let is_same = next.range == piece.range;
        if is_same {
            piece.volume = piece.volume.plus(next.volume);
        }
        is_same
    });
    pieces
}

/// The pieces so much larger or smaller that they are together this.
pub(super) fn scaled(mut pieces: Vec<Piece>, total: Demand) -> Vec<Piece> {
    let (sum, total) = (sum(pieces.iter().map(|piece| piece.volume)), Volume::of(total));
    let by = |total: f64, sum: f64| if sum > 0.0 { total / sum } else { 0.0 };
    let (bytes, records) = (by(total.bytes, sum.bytes), by(total.records, sum.records));
    for Piece { volume, .. } in &mut pieces {
        *volume = Volume { bytes: volume.bytes * bytes, records: volume.records * records };
    }
    pieces
}

pub(super) fn sum(volumes: impl Iterator<Item = Volume>) -> Volume {
    volumes.fold(Volume::default(), Volume::plus)
}

/// These volumes in whole bytes and records that are together the whole, which they are too but for what was rounded.
pub(super) fn whole(volumes: &[Volume], all: Demand) -> Vec<Demand> {
    let bytes = whole_parts(volumes.iter().map(|volume| volume.bytes), all.bytes);
    let records = whole_parts(volumes.iter().map(|volume| volume.records), all.records);
    bytes.into_iter().zip(records).map(|(bytes, records)| Demand { bytes, records }).collect()
}

/// The sums so far are rounded, and not the parts: so they add up, and a whole number stays one.
fn whole_parts(parts: impl Iterator<Item = f64> + Clone, all: u64) -> Vec<u64> {
    let count = parts.clone().filter(|part| *part > 0.0).count();
    let (mut sum, mut given, mut seen) = (0.0, 0, 0);
    let next = |part: f64| {
        if part <= 0.0 {
            return 0;
        }
        (sum, seen) = (sum + part, seen + 1);
        // What was rounded away is the last one's.
        let until = if seen == count { all } else { rounded_down(sum).min(all) };
        until - std::mem::replace(&mut given, until)
    };
    parts.map(next).collect()
}

/// The whole bytes or records in so many. What is a whole number but for the last digits is one.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a minute of a stream is far below 2^53 bytes, and never negative"
)]
pub(super) fn rounded_down(volume: f64) -> u64 {
    (volume * (1.0 + 1e-12) + 1e-6) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_parts_add_up_and_whole_numbers_stay() {
        let parts = |parts: &[f64], all| whole_parts(parts.iter().copied(), all);
        assert_eq!(parts(&[100.0 / 3.0; 3], 100), [33, 33, 34]);
        assert_eq!(parts(&[0.0, 60_000.0, 0.0], 60_000), [0, 60_000, 0]);
        assert_eq!(parts(&[0.9, 60_000.0, 0.0, 0.3], 60_002), [0, 60_000, 0, 2], "what was rounded is the last one's");
        assert_eq!(parts(&[0.1 + 0.2; 10], 3).iter().sum::<u64>(), 3);
        assert!(parts(&[], 0).is_empty());
    }

    #[test]
    fn what_a_shard_leaves_lies_inside_it_and_is_cut_anew_when_shards_change() {
        let shards = |count| {
            let shard = |range| OpenShard { id: String::new(), range };
            HashKeyRange::uniform(count).into_iter().map(shard).collect::<Vec<_>>()
        };
        let volume = Volume { bytes: 80.0, records: 8.0 };
        let all = [Piece { range: HashKeyRange::ALL, volume }; 2];
        let two = left(&all, &shards(2), &[0.75, 1.0]);
        let lower = shards(2)[0].range;
        assert_eq!(two, [Piece { range: lower, volume: Volume { bytes: 20.0, records: 2.0 } }], "equal ones are one");
        let loads: Vec<_> = wanted(&two, &shards(4)).into_iter().map(|volume| volume.bytes).collect();
        assert_eq!(loads, [10.0, 10.0, 0.0, 0.0]);
        let four = left(&two, &shards(4), &[0.0, 0.0, 0.0, 0.0]);
        assert_eq!(four.iter().map(|piece| piece.range).collect::<Vec<_>>(), HashKeyRange::uniform(4)[..2]);
    }
}
