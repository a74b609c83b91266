//! What the demo's traffic costs, in three ways.

use scaler_core::{MicroUsd, shard_hour};

use crate::stage::{MinuteSeen, REGION};

// us-east-1, from public price files of mid-2024; the price of a shard has its sheet in `scaler-core`.
const ON_DEMAND_STREAM_HOUR: u64 = 40_000;
const ON_DEMAND_GB_IN: u64 = 80_000;
const GB: u64 = 1 << 30;

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
        let shard_minutes: u64 = minutes.iter().map(|minute| u64::from(minute.shards)).sum();
        let peak = minutes.iter().map(|minute| u64::from(minute.shards)).max().unwrap_or(0);
        let count = minutes.len() as u64;
        let per_hour = shard_hour(REGION).expect("the sheet has a figure for us-east-1");
        let bytes: u64 = minutes.iter().filter_map(|minute| minute.metrics.bytes).sum();
        let on_demand = ON_DEMAND_STREAM_HOUR * count / 60 + bytes / 1_024 * ON_DEMAND_GB_IN / (GB / 1_024);
        Self {
            scaled: MicroUsd(per_hour.times(shard_minutes).0 / 60),
            static_peak: MicroUsd(per_hour.times(peak * count).0 / 60),
            on_demand: MicroUsd(on_demand),
        }
    }
}
