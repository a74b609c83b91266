//! Ways to carry a daily load, priced on paper: Kafka brokers, and Kinesis in each of its modes.

mod break_even;
mod brokers;
mod day;

pub use break_even::{BreakEven, STEP_BYTES_PER_SECOND, break_even, on_demand_below_permille};
pub use brokers::{BrokerPart, BrokerPrice, Brokers, Hosting, broker_hour, storage_gb_month, transfer_gb};
pub use day::Day;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::alarm_set::{AlarmActions, stream_alarms};
use crate::cost::{Bill, ConsumerUse, OwnUse, Standing, Usage, advantage_of_all, on_demand_bytes, put_units};
use crate::observation::StreamMode;
use crate::policy::{Policy, PolicySpec};
use crate::prices::{MONTH_SECONDS, MissingPrice, PriceSheet};
use crate::units::ShardCount;

/// Full in percent that shards are meant to be, whoever counts them.
pub const TARGET_UTILIZATION_PERCENT: u32 = 80;
/// Seconds of the month that everything here is priced for: those of [`MONTH_SECONDS`].
pub const MONTH: u64 = 30 * 86_400;
const _: () = assert!(MONTH as u128 == MONTH_SECONDS);

/// A run of one of the functions is taken to last so long, in milliseconds, with so many MB.
const RUN_MILLISECONDS: u128 = 200;
const RUN_MB: u128 = 256;
/// Two sweeps a minute, and alarm-sync every five minutes, as in `template.yaml`.
const RUNS_AN_HOUR: u128 = 2 * 60 + 12;

/// A way that Kinesis has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Shards for the peak, all day.
    StaticPeak,
    /// Shards that follow the load, with what this scaler itself costs.
    Autoscaled,
    /// On-demand mode, Standard.
    OnDemand,
    /// On-demand mode under Advantage, with the floor of the account to itself.
    Advantage,
}

impl Way {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::StaticPeak, Self::Autoscaled, Self::OnDemand, Self::Advantage];

    /// What a month costs.
    ///
    /// # Errors
    /// A price is not known.
    pub fn month(self, day: &Day, sheet: &PriceSheet) -> Result<Bill, MissingPrice> {
        let peak = day.shards(day.peak_bytes_per_second);
        let for_peak = u128::from(peak.get()) * MONTH_SECONDS;
        let usage = |shard_seconds| usage(day, shard_seconds);
        match self {
            Self::StaticPeak => Bill::as_it_is(sheet, &usage(for_peak), &standing(day, StreamMode::Provisioned)),
            Self::Autoscaled => {
                let usage = usage(day.shard_seconds_of_month());
                let mut bill = Bill::as_it_is(sheet, &usage, &standing(day, StreamMode::Provisioned))?;
                bill.lines.extend(own(sheet)?.lines);
                Ok(bill)
            }
            Self::OnDemand => Bill::on_demand(sheet, &usage(for_peak), &standing(day, StreamMode::OnDemand)),
            Self::Advantage => {
                advantage_of_all(sheet, [(&usage(for_peak), &standing(day, StreamMode::OnDemand))], MONTH)
            }
        }
    }
}

/// What the scaler itself costs a month, all of it for this one stream.
fn own(sheet: &PriceSheet) -> Result<Bill, MissingPrice> {
    let policy = Policy::new(PolicySpec::default()).expect("the defaults agree with each other");
    let alarms = stream_alarms(&policy, "stream", ShardCount::ONE, &AlarmActions::default());
    let alarm_metrics = alarms.iter().map(|alarm| alarm.metrics.len()).sum();
    let runs = RUNS_AN_HOUR * MONTH_SECONDS / 3_600;
    let run = OwnUse { runs, run_milliseconds_mb: runs * RUN_MILLISECONDS * RUN_MB, ..OwnUse::default() };
    OwnUse::of_stack(MONTH).and(OwnUse::of_stream(MONTH, alarm_metrics, 0)).and(run).bill(sheet)
}

/// What the day's load uses in a month, with so many shards times seconds.
fn usage(day: &Day, shard_seconds: u128) -> Usage {
    let (bytes, records) = day.written_in_month();
    let read_by_each = u128::from(bytes);
    let is_fan_out = day.has_fan_out();
    let consumer = |number: u32| {
        let used = ConsumerUse { shard_seconds, bytes: Some(read_by_each) };
        (format!("consumer {number}"), used)
    };
    Usage {
        seconds: MONTH,
        shard_seconds,
        records: u128::from(records),
        bytes: u128::from(bytes),
        put_units: put_units(records, bytes),
        on_demand_bytes: on_demand_bytes(records, bytes),
        read_bytes: if is_fan_out { 0 } else { read_by_each * u128::from(day.consumers) },
        consumers: if is_fan_out { (1..=day.consumers).map(consumer).collect() } else { BTreeMap::new() },
        ..Usage::default()
    }
}

fn standing(day: &Day, mode: StreamMode) -> Standing {
    Standing {
        mode,
        open_shards: day.shards(day.peak_bytes_per_second),
        retention_hours: day.retention_hours,
        created: Timestamp::UNIX_EPOCH,
        consumers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::prices::Item;

    const MB: u64 = 1_048_576;

    pub(super) fn flat(megabytes: u64, record_bytes: u64) -> Day {
        Day {
            bytes_per_second: megabytes * MB,
            peak_bytes_per_second: megabytes * MB,
            peak_hours: 0,
            record_bytes,
            consumers: 1,
            retention_hours: 24,
        }
    }

    fn usd(way: Way, day: &Day) -> String {
        way.month(day, &PriceSheet::of("us-east-1")).unwrap().total().to_string()
    }

    #[test]
    fn a_flat_load_costs_what_a_hand_reckons() {
        // 10 MB/s in records of 10 KB are 1,024 a second: 13 shards at 80 %, 13 x 720 x 0.015 = 140.40, and 1,024
        // units a second, 2,654.208 million x 0.014 = 37.158912.
        let day = flat(10, 10 * 1_024);
        assert_eq!(usd(Way::StaticPeak, &day), "177.558912");
        // 25,312.5 GB in at 0.08 and out at 0.04, and 720 x 0.04.
        assert_eq!(usd(Way::OnDemand, &day), "3066.30");
        // The floor of 25 MB/s: 63,281.25 GB at 0.032 + 0.016.
        assert_eq!(usd(Way::Advantage, &day), "3037.50");
        // Twice the floor.
        assert_eq!(usd(Way::Advantage, &flat(50, 10 * 1_024)), "6075.00");
    }

    #[test]
    fn shards_that_follow_a_peak_cost_less_than_those_for_it() {
        // 1 MB/s, and 8 MB/s for two hours: 2 and 10 shards, (22 x 2 + 2 x 10) x 30 shard-hours.
        let day = Day { bytes_per_second: MB, peak_hours: 2, ..flat(8, 10 * 1_024) };
        let sheet = PriceSheet::of("us-east-1");
        let scaled = Way::Autoscaled.month(&day, &sheet).unwrap();
        assert_eq!(scaled.cost_of(Item::ShardHour).to_string(), "28.80");
        let fixed = Way::StaticPeak.month(&day, &sheet).unwrap();
        assert_eq!(fixed.cost_of(Item::ShardHour).to_string(), "108.00");
        assert_eq!(fixed.cost_of(Item::PutUnits), scaled.cost_of(Item::PutUnits));
        // Alarms, metrics and runs are counted to it.
        let own: u64 = [Item::AlarmMetric, Item::CustomMetric, Item::LambdaRequest]
            .map(|item| scaled.cost_of(item).0)
            .iter()
            .sum();
        assert!(own > 4_000_000 && own < 10_000_000, "{own}");
        assert!(scaled.total() < fixed.total());
    }

    #[test]
    fn more_than_two_consumers_have_enhanced_fan_out() {
        let day = |consumers| Day { consumers, ..flat(10, 10 * 1_024) };
        let sheet = PriceSheet::of("us-east-1");
        let lines = |way: Way, consumers| way.month(&day(consumers), &sheet).unwrap();
        assert_eq!(lines(Way::StaticPeak, 2).cost_of(Item::FanOutHour).0, 0);
        // 3 consumers x 13 shards x 720 x 0.015, and 3 x 25,312.5 GB x 0.013.
        let three = lines(Way::StaticPeak, 3);
        assert_eq!(three.cost_of(Item::FanOutHour).to_string(), "421.20");
        assert_eq!(three.cost_of(Item::FanOutOut).to_string(), "987.1875");
        assert_eq!(lines(Way::OnDemand, 2).cost_of(Item::OnDemandOut).to_string(), "2025.00");
        assert_eq!(lines(Way::OnDemand, 3).cost_of(Item::OnDemandFanOutOut).to_string(), "3796.875");
        assert_eq!(lines(Way::StaticPeak, 0).cost_of(Item::FanOutOut).0, 0);
    }

    #[test]
    fn a_price_that_is_not_known_is_told() {
        let tokyo = PriceSheet::of("ap-northeast-1");
        assert_eq!(Way::StaticPeak.month(&flat(1, 1_024), &tokyo).map(|bill| bill.lines.len()), Ok(2));
        assert_eq!(Way::Autoscaled.month(&flat(1, 1_024), &tokyo).unwrap_err().item, Item::MetricRequest);
    }
}
