// SPDX-License-Identifier: Apache-2.0
//! What the demo's traffic costs, in three ways.

use billing::on_demand_bytes;
use billing::prices::{Item, PriceSheet};
use kinesis_model::MicroUsd;

use crate::stage::{MinuteSeen, REGION};

/// The cost of some minutes of the stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bill {
    /// With the shards it really had.
    pub(crate) scaled: MicroUsd,
    /// With the most shards it had, all the time.
    pub(crate) static_peak: MicroUsd,
    /// The same accepted traffic in on-demand Standard mode, nothing read.
    pub(crate) on_demand: MicroUsd,
}

impl Bill {
    /// Adds up shard-hours; PUT payload units are the same for the first two and left out.
    pub(crate) fn of(minutes: &[MinuteSeen]) -> Self {
        let shards = minutes.iter().map(|minute| u128::from(minute.shards));
        let peak = shards.clone().max().unwrap_or(0);
        let count = minutes.len() as u128;
        let billed = minutes.iter().map(|minute| {
            on_demand_bytes(minute.metrics.records.unwrap_or_default(), minute.metrics.bytes.unwrap_or_default())
        });
        let sheet = PriceSheet::of(REGION);
        let cost = |item, quantity| sheet.cost(item, quantity).expect("the sheet has figures for the demo's Region");
        let [hours, ingested] = [cost(Item::OnDemandHour, 60 * count), cost(Item::OnDemandIn, billed.sum())];
        Self {
            scaled: cost(Item::ShardHour, 60 * shards.sum::<u128>()),
            static_peak: cost(Item::ShardHour, 60 * peak * count),
            on_demand: MicroUsd(hours.0 + ingested.0),
        }
    }
}
