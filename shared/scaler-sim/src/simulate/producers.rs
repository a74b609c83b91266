//! Producers: what they send in a minute, what the stream takes of it, and what they do with the rest.

use scaler_core::{Demand, Minute, OpenShard};

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

/// What became of one minute's tries.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) accepted: Demand,
    pub(super) throttled: Demand,
    /// The write metrics of each shard, where the shards were given.
    pub(super) shards: Vec<(String, Minute)>,
}

impl Sent {
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
    /// The share that each part of the skew has in what waits.
    waiting: Vec<f64>,
}

impl Producers {
    pub(super) fn new(assumptions: Assumptions, throttled: Throttled, skew: Skew) -> Self {
        let waiting = skew.shares();
        Self { assumptions, throttled, skew, traffic: Traffic::default(), waiting }
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Sends a minute's own traffic, and what waits, to a stream of so many open shards; of which it matters where they lie
    /// if `ring` is given.
    pub(super) fn send(&mut self, own: Demand, shards: u32, ring: Option<&Ring>) -> Sent {
        let tried = sum(own, self.traffic.waiting);
        let (accepted_share, shards) = match ring {
            None => (self.assumptions.accepted_share(&tried, shards), Vec::new()),
            Some(ring) => self.by_shard(own, tried, ring.shards()),
        };
        let accepted = part(tried, accepted_share);
        let throttled = Demand { bytes: tried.bytes - accepted.bytes, records: tried.records - accepted.records };
        let Traffic { offered, accepted: taken, throttled: refused, lost, waiting } = &mut self.traffic;
        *offered = sum(*offered, own);
        *taken = sum(*taken, accepted);
        *refused = sum(*refused, throttled);
        match self.throttled {
            Throttled::Lost => *lost = sum(*lost, throttled),
            Throttled::Retried => *waiting = throttled,
        }
        Sent { accepted, throttled, shards }
    }

    /// The share of a minute's tries, 0 to 1, that these shards take, each up to what one can; and what each shows of it.
    fn by_shard(&mut self, own: Demand, tried: Demand, shards: &[OpenShard]) -> (f64, Vec<(String, Minute)>) {
        let load = self.assumptions.load(&tried);
        let (own, waits) = (self.assumptions.load(&own), self.assumptions.load(&self.traffic.waiting));
        let parts: Vec<f64> = self
            .skew
            .shares()
            .iter()
            .zip(&self.waiting)
            .map(|(share, waiting)| own * share + waits * waiting)
            .collect();
        let (mut refused, mut accepted, mut seen) = (vec![0.0; parts.len()], 0.0, Vec::with_capacity(shards.len()));
        for shard in shards {
            let its: Vec<f64> = self.skew.parts_of(shard).zip(&parts).map(|(share, part)| share * part).collect();
            let wanted: f64 = its.iter().sum();
            let taken = if wanted <= 1.0 + 1e-9 { 1.0 } else { 1.0 / wanted };
            accepted += wanted * taken;
            refused.iter_mut().zip(&its).for_each(|(refused, its)| *refused += its * (1.0 - taken));
            seen.push((shard.id.clone(), minute(tried, wanted * taken / load, wanted * (1.0 - taken) / load)));
        }
        let all: f64 = refused.iter().sum();
        if all > 0.0 {
            self.waiting = refused.into_iter().map(|part| part / all).collect();
        }
        // To the digit what it is without shards, where none throttles.
        let share = if all > 0.0 { accepted / load } else { 1.0 };
        (share, seen)
    }
}

/// What a shard shows that took this share of the tries, and refused that.
fn minute(tried: Demand, accepted: f64, throttled: f64) -> Minute {
    let shares = |share: f64| if share.is_finite() { part(tried, share.min(0.999_999_999)) } else { Demand::default() };
    let (accepted, throttled) = (shares(accepted), shares(throttled));
    Minute {
        bytes: Some(accepted.bytes),
        records: Some(accepted.records),
        throttled_records: Some(throttled.records),
        ..Minute::default()
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
