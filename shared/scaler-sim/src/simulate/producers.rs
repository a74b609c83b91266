//! Producers: what they send in a minute, what the stream takes of it, and what they do with the rest.

use scaler_core::{Demand, HashKeyRange, OpenShard};

use super::pieces::{self, Piece, Volume, left, rounded_down, scaled, wanted, whole};
use super::skew::Skew;
use crate::ring::Ring;
use crate::stream_model::Assumptions;

/// What producers do with throttled traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Throttled {
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
    #[allow(clippy::cast_precision_loss, reason = "a minute's records are far below 2^53")]
    pub(super) fn throttled_share(&self) -> f64 {
        let tried = self.accepted.records + self.throttled.records;
        if tried == 0 { 0.0 } else { self.throttled.records as f64 / tried as f64 }
    }
}

/// The producers of one stream.
#[derive(Debug)]
pub(super) struct Producers {
    assumptions: Assumptions,
    throttled: Throttled,
    skew: Skew,
    traffic: Traffic,
    /// Where lies what waits; empty while that is spread evenly over the whole ring.
    waiting: Vec<Piece>,
}

impl Producers {
    pub(super) fn new(assumptions: Assumptions, throttled: Throttled, skew: Skew) -> Self {
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

    /// Sends a minute's own traffic, and what waits, to a stream of so many open shards. Where they lie is given if it matters:
    /// they are not even, or [what is sent](Self::is_even) is not. Then what became of it is told of each of them as well.
    pub(super) fn send(&mut self, own: Demand, shards: u32, ring: Option<&Ring>) -> (Sent, Option<Vec<Sent>>) {
        let tried = sum(own, self.traffic.waiting);
        let (sent, by_shard) = match ring {
            None => (Sent::of(tried, part(tried, self.assumptions.accepted_share(&tried, shards))), None),
            Some(ring) => {
                let (sent, by_shard) = self.by_shard(own, tried, ring.shards());
                (sent, Some(by_shard))
            }
        };
        let Traffic { offered, accepted, throttled, lost, waiting } = &mut self.traffic;
        *offered = sum(*offered, own);
        *accepted = sum(*accepted, sent.accepted);
        *throttled = sum(*throttled, sent.throttled);
        match self.throttled {
            Throttled::Lost => *lost = sum(*lost, sent.throttled),
            Throttled::Retried => *waiting = sent.throttled,
        }
        (sent, by_shard)
    }

    /// What becomes of a minute's tries on these shards, each of which takes up to what one can; all of it, and of each.
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
        if self.throttled == Throttled::Retried {
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
    let part = |whole: u64| (whole as f64 * share + 1e-6) as u64;
    Demand { bytes: part(whole.bytes), records: part(whole.records) }
}
