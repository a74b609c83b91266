// SPDX-License-Identifier: Apache-2.0
//! Producers: what they send in a minute, what the stream takes of it, and what they do with the rest.

use kinesis_model::num::float;
use kinesis_model::{Demand, HashKeyRange, OpenShard};

use super::pieces::{self, Piece, Volume, left, rounded_down, scaled, wanted, whole};
use super::skew::Skew;
use aws_models::hash_key_space::HashKeySpace;
use aws_models::stream_model::Assumptions;

/// What producers do with throttled traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThrottleHandling {
    /// They give it up.
    #[default]
    Lost,
    /// They send it again in the next minute, on top of that minute's own, until it is taken. Each throttled try is
    /// counted.
    Retried,
}

/// Sums over the minutes of a simulation. `offered` is `accepted`, `lost` and `waiting` together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What the trace's minutes offer, each once.
    pub offered: Demand,
    /// What the stream took.
    pub accepted: Demand,
    /// What was throttled; what is tried again may be throttled again, and then counts again.
    pub throttled: Demand,
    /// What was given up.
    pub lost: Demand,
    /// What is to be sent again.
    pub waiting: Demand,
}

/// What became of one minute's tries, the stream's or a shard's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) accepted: Demand,
    pub(super) throttled: Demand,
}

impl Sent {
    fn of(tried: Demand, accepted: Demand) -> Self {
        let throttled = Demand { bytes: tried.bytes - accepted.bytes, records: tried.records - accepted.records };
        Self { accepted, throttled }
    }

    /// The share of the tries, 0 to 1, that was throttled; records are spread as bytes are.
    pub(super) fn throttled_share(&self) -> f64 {
        let tried = self.accepted.records + self.throttled.records;
        if tried == 0 { 0.0 } else { float(self.throttled.records) / float(tried) }
    }
}

/// The producers of one stream.
#[derive(Debug)]
pub(super) struct Producers {
    assumptions: Assumptions,
    throttled: ThrottleHandling,
    skew: Skew,
    traffic: Traffic,
    /// Where lies what waits; empty while that is spread evenly over the whole ring.
    waiting: Vec<Piece>,
}

impl Producers {
    pub(super) fn new(assumptions: Assumptions, throttled: ThrottleHandling, skew: Skew) -> Self {
        Self { assumptions, throttled, skew, traffic: Traffic::default(), waiting: Vec::new() }
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Has the load lie so from now on; what waits stays where it is.
    pub(super) fn turn_to(&mut self, skew: &Skew) {
        self.skew.clone_from(skew);
    }

    /// Whether all that is to be sent is spread evenly over the whole ring.
    pub(super) fn is_even(&self) -> bool {
        self.skew.is_even() && self.waiting.is_empty()
    }

    /// Sends a minute's own traffic, and what waits, to a stream of so many open shards. Where they lie is given if it
    /// matters: they are not even, or [what is sent](Self::is_even) is not. Then what became of it is told of each of
    /// them as well.
    pub(super) fn send(
        &mut self,
        own: Demand,
        shards: u32,
        key_space: Option<&HashKeySpace>,
    ) -> (Sent, Option<Vec<Sent>>) {
        let tried = sum(own, self.traffic.waiting);
        let (sent, by_shard) = match key_space {
            None => (Sent::of(tried, part(tried, self.assumptions.accepted_share(&tried, shards))), None),
            Some(key_space) => {
                let (sent, by_shard) = self.by_shard(own, tried, key_space.shards());
                (sent, Some(by_shard))
            }
        };
        let Traffic { offered, accepted, throttled, lost, waiting } = &mut self.traffic;
        *offered = sum(*offered, own);
        *accepted = sum(*accepted, sent.accepted);
        *throttled = sum(*throttled, sent.throttled);
        match self.throttled {
            ThrottleHandling::Lost => *lost = sum(*lost, sent.throttled),
            ThrottleHandling::Retried => *waiting = sent.throttled,
        }
        (sent, by_shard)
    }

    /// What becomes of a minute's tries on these shards, each of which takes up to what one can; in all, and by shard.
    fn by_shard(&mut self, own: Demand, tried: Demand, shards: &[OpenShard]) -> (Sent, Vec<Sent>) {
        let pieces = self.pieces(own);
        let wanted = wanted(&pieces, shards);
        let taken: Vec<f64> = wanted.iter().map(|wanted| self.taken_share(*wanted)).collect();
        if taken.iter().all(|share| *share >= 1.0) {
            self.waiting.clear();
            let shards = whole(&wanted, tried).into_iter().map(|accepted| Sent { accepted, ..Sent::default() });
            return (Sent::of(tried, tried), shards.collect());
        }
        let volumes = |share: fn(f64) -> f64| -> Vec<Volume> {
            wanted.iter().zip(&taken).map(|(wanted, taken)| wanted.times(share(*taken))).collect()
        };
        let (accepted, refused) = (volumes(|taken| taken), volumes(|taken| 1.0 - taken));
        let all = pieces::sum(accepted.iter().copied());
        let sent = Sent::of(
            tried,
            Demand {
                bytes: rounded_down(all.bytes).min(tried.bytes),
                records: rounded_down(all.records).min(tried.records),
            },
        );
        if self.throttled == ThrottleHandling::Retried {
            self.waiting = scaled(left(&pieces, shards, &taken), sent.throttled);
        }
        let shards = whole(&accepted, sent.accepted).into_iter().zip(whole(&refused, sent.throttled));
        (sent, shards.map(|(accepted, throttled)| Sent { accepted, throttled }).collect())
    }

    /// A minute's own traffic and what waits, by where they lie.
    fn pieces(&self, own: Demand) -> Vec<Piece> {
        let own = Volume::of(own);
        let mut pieces: Vec<_> =
            self.skew.shares().map(|(range, share)| Piece { range, volume: own.times(share) }).collect();
        if self.waiting.is_empty() {
            pieces.push(Piece { range: HashKeyRange::ALL, volume: Volume::of(self.traffic.waiting) });
        }
        pieces.extend(&self.waiting);
        pieces
    }

    /// The share, 0 to 1, that a shard takes of what it is wanted to.
    fn taken_share(&self, wanted: Volume) -> f64 {
        let load = self.assumptions.load_of(wanted.bytes, wanted.records);
        if load <= 1.0 + 1e-9 { 1.0 } else { 1.0 / load }
    }
}

fn sum(a: Demand, b: Demand) -> Demand {
    Demand { bytes: a.bytes + b.bytes, records: a.records + b.records }
}

/// A share of it, rounded down, so that a minute that throttles at all throttles at least one record.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a minute is far below 2^53 bytes, and a share of it neither larger nor negative"
)]
fn part(whole: Demand, share: f64) -> Demand {
    if share >= 1.0 {
        return whole;
    }
    // A whole number stays one, though a share is good to 15 digits only.
    let part = |whole: u64| (float(whole) * share + 1e-6) as u64;
    Demand { bytes: part(whole.bytes), records: part(whole.records) }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss
    )]
    use kinesis_model::limits::{
        WRITE_BYTES_PER_MINUTE_PER_SHARD as BYTES, WRITE_RECORDS_PER_MINUTE_PER_SHARD as RECORDS,
    };

    use super::*;

    /// So many shards' worth of bytes and of records.
    fn load(bytes: f64, records: f64) -> Demand {
        Demand { bytes: (bytes * float(BYTES)).round() as u64, records: (records * float(RECORDS)).round() as u64 }
    }

    fn producers(skew: Skew) -> Producers {
        Producers::new(Assumptions::default(), ThrottleHandling::Retried, skew)
    }

    /// Two shards with 7/8 and 1/8 of the hash keys.
    fn wide_and_narrow() -> HashKeySpace {
        let mut key_space = HashKeySpace::uniform(1);
        key_space.split("shardId-000000000000", 7 << 125).unwrap();
        key_space
    }

    fn records(by_shard: &[Sent]) -> Vec<(u64, u64)> {
        by_shard.iter().map(|sent| (sent.accepted.records, sent.throttled.records)).collect()
    }

    #[test]
    fn what_a_wide_shard_throttles_comes_back_to_it() {
        let mut producers = producers(Skew::default());
        let mut sent = |own, key_space: &HashKeySpace| records(&producers.send(own, 2, Some(key_space)).1.unwrap());
        // 1.6 even: 1.4 and 0.2 of a shard.
        assert_eq!(sent(load(0.0, 1.6), &wide_and_narrow()), [(60_000, 24_000), (12_000, 0)]);
        assert_eq!(
            sent(load(0.0, 0.8), &wide_and_narrow()),
            [(60_000, 6_000), (6_000, 0)],
            "0.4 came back and 0.7 new"
        );
        // The wide shard is split: its backlog lies on both of its children.
        let mut key_space = wide_and_narrow();
        key_space.split("shardId-000000000001", 7 << 124).unwrap();
        assert_eq!(sent(Demand::default(), &key_space), [(3_000, 0), (3_000, 0), (0, 0)]);
        assert!(producers.is_even(), "and nothing waits any more");
    }

    #[test]
    fn what_a_hot_key_throttles_comes_back_to_its_shard_even_when_the_load_moves_on() {
        let mut producers = producers(Skew::of_key("hot", 1.0));
        let key_space = HashKeySpace::uniform(4);
        let hot =
            key_space.shards().iter().position(|shard| shard.range.contains(kinesis_model::hash_key("hot"))).unwrap();
        producers.send(load(0.0, 1.5), 4, Some(&key_space));
        producers.turn_to(&Skew::default());
        assert!(!producers.is_even(), "half a shard waits at one key");
        let (_, by_shard) = producers.send(load(0.0, 0.4), 4, Some(&key_space));
        let expected: Vec<_> = (0..4).map(|i| (if i == hot { 36_000 } else { 6_000 }, 0)).collect();
        assert_eq!(records(&by_shard.unwrap()), expected);
    }

    /// Bytes that wait and records that come have room beside one another; too many of either have not.
    #[test]
    fn a_shard_throttles_by_the_limit_that_binds_all_of_its_tries() {
        let second = |own| {
            let mut producers = producers(Skew::of_key("hot", 0.5));
            let key_space = HashKeySpace::uniform(1);
            producers.send(load(1.5, 0.01), 1, Some(&key_space));
            let (sent, by_shard) = producers.send(own, 1, Some(&key_space));
            assert_eq!(by_shard.unwrap(), [sent]);
            sent
        };
        assert_eq!(second(load(0.01, 0.9)).throttled, Demand::default(), "half a shard of bytes, 0.9 of records");
        let full = second(load(0.01, 1.2));
        assert_eq!(full.accepted.records, RECORDS);
        assert!(full.throttled.records > RECORDS / 5 && full.throttled_share() < 0.2, "{full:?}");
    }

    #[test]
    fn shards_add_up_to_their_stream_whatever_comes() {
        let skew = Skew::of(vec![(HashKeyRange::uniform(5)[3], 0.37), (HashKeyRange::uniform(7)[0], 0.21)]).unwrap();
        let mut producers = producers(skew);
        let (mut key_space, mut throttled) = (HashKeySpace::uniform(7), 0);
        for minute in 0..200_u64 {
            if minute % 20 == 19 {
                let shard = key_space.shards()[(minute / 20) as usize % 7].clone();
                key_space.split(&shard.id, shard.range.middle().unwrap()).unwrap();
            }
            let own = Demand { bytes: minute * 7_919 % 31 * 17_000_003, records: minute * 104_729 % 97 * 5_003 };
            let (sent, by_shard) = producers.send(own, 0, Some(&key_space));
            let by_shard = by_shard.unwrap();
            let all = |of: fn(&Sent) -> Demand| by_shard.iter().map(of).fold(Demand::default(), sum);
            assert_eq!((all(|sent| sent.accepted), all(|sent| sent.throttled)), (sent.accepted, sent.throttled));
            let Traffic { offered, accepted, waiting, .. } = producers.traffic();
            assert_eq!((offered, sent.throttled), (sum(accepted, waiting), waiting), "minute {minute}");
            throttled += usize::from(sent.throttled.records > 0);
        }
        assert!((20..200).contains(&throttled), "both happened: {throttled}");
    }

    #[test]
    fn a_shard_that_takes_all_shows_all() {
        let (_, by_shard) =
            producers(Skew::of_key("hot", 1.0)).send(load(0.5, 1.0), 4, Some(&HashKeySpace::uniform(4)));
        let mut seen = records(&by_shard.unwrap());
        seen.sort_unstable();
        assert_eq!(seen, [(0, 0), (0, 0), (0, 0), (60_000, 0)]);
    }
}
