// SPDX-License-Identifier: Apache-2.0
//! What a run over a trace costs and what it throttles.

use billing::{on_demand_bytes, put_units};
use kinesis_model::Demand;
use kinesis_model::num::float;

use billing::prices::{Item, PriceSheet, US_EAST_1};

use crate::run::Run;
use crate::trace::Trace;
use aws_models::stream_model::{Assumptions, ResizeKind};

/// The figures by which runs over one trace are compared; money is USD in us-east-1.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Shards in force times hours, by the minute.
    pub shard_hours: f64,
    /// What the shards cost.
    pub usd_shards: f64,
    /// What the PUT payload units of the accepted records cost.
    pub usd_put: f64,
    /// Both together.
    pub usd: f64,
    /// Throttled bytes as a share of those offered, 0 to 1.
    pub throttled_bytes_share: f64,
    /// Throttled records as a share of those offered, 0 to 1.
    pub throttled_records_share: f64,
    /// Minutes with any throttling.
    pub minutes_throttled: usize,
    /// The largest share of one minute's traffic that was throttled, 0 to 1.
    pub worst_minute_throttled_share: f64,
    /// Accepted `UpdateShardCount` calls.
    pub calls: usize,
    /// Resizes by single splits and merges, each counted once however many shards it concerned.
    pub split_merges: usize,
    /// Accepted load over capacity, 0 to 1; both as means of the run.
    pub mean_utilization: f64,
    /// Fewest shards in force.
    pub shards_min: u32,
    /// Most shards in force.
    pub shards_max: u32,
}

impl Score {
    /// Scores a run over the trace that it was made over. What is throttled is lost, unless the run itself says what was
    /// throttled: then each minute's share of throttled tries is that of its own traffic.
    pub fn of(trace: &Trace, run: &Run, assumptions: &Assumptions) -> Self {
        let taken = Taken::over(trace, run, assumptions);
        let offered_bytes: f64 = trace.minutes.iter().map(|minute| float(minute.bytes)).sum();
        let offered_records: f64 = trace.minutes.iter().map(|minute| float(minute.records)).sum();
        let shard_minutes: f64 = run.capacity.iter().map(|shards| f64::from(*shards)).sum();
        let shard_hours = shard_minutes / 60.0;
        let usd_shards = shard_hours * usd(Item::ShardHour);
        let put_units = taken.records * units_per_record(&trace.minutes);
        let usd_put = put_units * usd(Item::PutUnits) / 1e6;
        let calls = run.calls.iter().filter(|call| call.kind == ResizeKind::UpdateShardCount).count();
        Self {
            shard_hours,
            usd_shards,
            usd_put,
            usd: usd_shards + usd_put,
            throttled_bytes_share: share(taken.throttled_bytes, offered_bytes),
            throttled_records_share: share(taken.throttled_records, offered_records),
            minutes_throttled: taken.minutes_throttled,
            worst_minute_throttled_share: taken.worst_share,
            calls,
            split_merges: run.calls.len() - calls,
            mean_utilization: share(taken.load, shard_minutes * assumptions.burst),
            shards_min: run.capacity.iter().copied().min().unwrap_or_default(),
            shards_max: run.capacity.iter().copied().max().unwrap_or_default(),
        }
    }
}

/// USD in us-east-1 that an on-demand (Standard) stream costs over the trace if it takes all that is offered; no reads.
pub fn on_demand_usd(trace: &Trace) -> f64 {
    let hours = float(trace.minutes.len() as u64) / 60.0;
    let billed: u128 = trace.minutes.iter().map(|minute| on_demand_bytes(minute.records, minute.bytes)).sum();
    hours * usd(Item::OnDemandHour) + share(float(billed), float(Item::OnDemandIn.per())) * usd(Item::OnDemandIn)
}

/// Sums over the minutes of a run.
#[derive(Default)]
struct Taken {
    records: f64,
    /// Accepted, in shard-minutes, at the pace of each minute's busiest second.
    load: f64,
    throttled_bytes: f64,
    throttled_records: f64,
    minutes_throttled: usize,
    worst_share: f64,
}

impl Taken {
    fn over(trace: &Trace, run: &Run, assumptions: &Assumptions) -> Self {
        let mut taken = Self::default();
        for (minute, (offered, shards)) in trace.minutes.iter().zip(&run.capacity).enumerate() {
            let told = run.throttled.as_ref().and_then(|shares| shares.get(minute));
            let accepted = told.map_or_else(|| assumptions.accepted_share(offered, *shards), |share| 1.0 - share);
            let throttled = run.throttled_share(minute, offered, *shards, assumptions);
            taken.records += float(offered.records) * accepted;
            taken.load += assumptions.load(offered) * accepted;
            taken.throttled_bytes += float(offered.bytes) * throttled;
            taken.throttled_records += float(offered.records) * throttled;
            taken.minutes_throttled += usize::from(throttled > 0.0);
            taken.worst_share = taken.worst_share.max(throttled);
        }
        taken
    }
}

/// PUT payload units of a record of the trace's mean size: sizes of single records are not in a trace.
fn units_per_record(minutes: &[Demand]) -> f64 {
    let sum = |of: fn(&Demand) -> u64| minutes.iter().map(of).fold(0, u64::saturating_add);
    let records = sum(|minute| minute.records);
    share(float(put_units(records, sum(|minute| minute.bytes))), float(records.max(1)))
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The price of an item in us-east-1.
fn usd(item: Item) -> f64 {
    float(PriceSheet::of(US_EAST_1).price(item).expect("the sheet of us-east-1 has every item").0) / 1e6
}

#[cfg(test)]
mod tests {
    use kinesis_model::limits::WRITE_BYTES_PER_MINUTE_PER_SHARD as SHARD;

    use super::*;

    fn trace(minutes: [(u64, u64); 3]) -> Trace {
        let minutes = minutes.map(|(bytes, records)| Demand { bytes, records }).to_vec();
        Trace { name: "t".to_owned(), start: jiff::Timestamp::UNIX_EPOCH, minutes }
    }

    fn shown(trace: &Trace, capacity: [u32; 3], assumptions: Assumptions) -> String {
        let score = Score::of(trace, &Run { capacity: capacity.to_vec(), ..Run::default() }, &assumptions);
        let [hours, put, usd] = [score.shard_hours, score.usd_put, score.usd].map(|figure| format!("{figure:.6}"));
        let shares = [score.throttled_bytes_share, score.throttled_records_share, score.worst_minute_throttled_share];
        let [bytes, records, worst] = shares.map(|share| format!("{share:.3}"));
        let Score { minutes_throttled: minutes, mean_utilization: mean, shards_min, shards_max, .. } = score;
        format!("{hours} {put} {usd} {bytes} {records} {worst} {minutes} {mean:.3} {shards_min} {shards_max}")
    }

    #[test]
    fn what_is_above_the_shards_in_force_is_lost() {
        let trace = trace([(2 * SHARD, 1_000), (0, 0), (SHARD, 1_000)]);
        // The mean record has 92.16 KiB, so 4 units, and 1,500 of them are accepted.
        let expected = "0.066667 0.000084 0.001084 0.333 0.250 0.500 1 0.500 1 2";
        assert_eq!(shown(&trace, [1, 1, 2], Assumptions::default()), expected);
        assert_eq!(format!("{:.6}", on_demand_usd(&trace)), "0.016114", "0.04 / 20 + 123,000 and 62,000 KiB");
    }

    #[test]
    fn bursts_throttle_but_are_not_use() {
        let trace = trace([(SHARD, 1_000), (SHARD, 1_000), (SHARD, 1_000)]);
        let bursty = Assumptions { burst: 2.0, ..Assumptions::default() };
        assert_eq!(shown(&trace, [1, 2, 2], bursty), "0.083333 0.000105 0.001355 0.167 0.167 0.500 1 0.500 1 2");
    }

    #[test]
    fn a_trace_without_traffic_costs_its_shards_alone() {
        let trace = trace([(0, 0); 3]);
        let expected = "0.050000 0.000000 0.000750 0.000 0.000 0.000 0 0.000 1 1";
        assert_eq!(shown(&trace, [1; 3], Assumptions::default()), expected);
        assert_eq!(format!("{:.6}", on_demand_usd(&trace)), "0.002000");
    }
}
