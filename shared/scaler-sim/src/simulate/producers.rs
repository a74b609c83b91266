//! Producers: what they send in a minute, what the stream takes of it, and what they do with the rest.

use scaler_core::Demand;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) accepted: Demand,
    pub(super) throttled: Demand,
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
    hottest_key_share: Option<f64>,
    traffic: Traffic,
}

impl Producers {
    pub(super) fn new(assumptions: Assumptions, throttled: Throttled, hottest_key_share: Option<f64>) -> Self {
        let hottest_key_share = hottest_key_share.map(|share| share.clamp(0.0, 1.0));
        Self { assumptions, throttled, hottest_key_share, traffic: Traffic::default() }
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Sends a minute's own traffic, and what waits, to a stream of so many open shards.
    pub(super) fn send(&mut self, own: Demand, shards: u32) -> Sent {
        let tried = sum(own, self.traffic.waiting);
        let accepted = part(tried, self.accepted_share(&tried, shards));
        let throttled = Demand { bytes: tried.bytes - accepted.bytes, records: tried.records - accepted.records };
        let Traffic { offered, accepted: taken, throttled: refused, lost, waiting } = &mut self.traffic;
        *offered = sum(*offered, own);
        *taken = sum(*taken, accepted);
        *refused = sum(*refused, throttled);
        match self.throttled {
            Throttled::Lost => *lost = sum(*lost, throttled),
            Throttled::Retried => *waiting = throttled,
        }
        Sent { accepted, throttled }
    }

    /// The share of a minute's tries, 0 to 1, that the shards take, of which one has the hottest key.
    fn accepted_share(&self, tried: &Demand, shards: u32) -> f64 {
        let Some(hottest) = self.hottest_key_share else { return self.assumptions.accepted_share(tried, shards) };
        let (load, shards) = (self.assumptions.load(tried), f64::from(shards));
        let even = load * (1.0 - hottest) / shards;
        let hot = even + load * hottest;
        if hot <= 1.0 + 1e-9 {
            return 1.0;
        }
        (1.0 + (shards - 1.0) * even.min(1.0)) / load
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
    let part = |whole: u64| (whole as f64 * share) as u64;
    Demand { bytes: part(whole.bytes), records: part(whole.records) }
}
