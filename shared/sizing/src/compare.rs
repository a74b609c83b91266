// SPDX-License-Identifier: Apache-2.0
//! Ways to carry a daily load, priced on paper: Kafka brokers, and Kinesis in each of its modes.

mod break_even;
mod brokers;
mod day;
mod own;

pub use break_even::{BreakEven, STEP_BYTES_PER_SECOND, break_even, on_demand_below_permille};
pub use brokers::{
    BrokerPart, BrokerPrice, Brokers, Hosting, broker_hour, network_bytes_per_second_max, storage_gb_month, transfer_gb,
};
pub use day::{DailyLoad, TARGET_UTILIZATION_PERCENT};
pub use own::{stack_month, stream_month};

use billing::prices::{MONTH_SECONDS, MissingPrice, Price, PriceSheet};
use billing::{Bill, advantage_of_all};
use kinesis_model::MicroUsd;
use kinesis_model::StreamMode;

/// A way that Kinesis has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CapacityStrategy {
    /// Shards for the peak, all day.
    StaticPeak,
    /// Shards that follow the load, with what this scaler itself costs.
    Autoscaled,
    /// On-demand mode, Standard.
    OnDemand,
    /// On-demand mode under Advantage, with the floor of the account to itself.
    Advantage,
}

impl CapacityStrategy {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::StaticPeak, Self::Autoscaled, Self::OnDemand, Self::Advantage];

    /// What a month costs.
    ///
    /// # Errors
    /// A price is not known.
    pub fn month(self, day: &DailyLoad, sheet: &PriceSheet) -> Result<Bill, MissingPrice> {
        let shards = u128::from(day.shards_for_peak().get());
        let for_peak = day.month_on_paper(shards * u128::from(MONTH_SECONDS));
        let (usage, config) = (for_peak.usage(), for_peak.stream_config(StreamMode::OnDemand));
        match self {
            Self::StaticPeak => Bill::of(sheet, for_peak.quantities()),
            Self::Autoscaled => {
                let mut bill = Bill::of(sheet, day.month_on_paper(day.shard_seconds_of_month()).quantities())?;
                // The stack is there for this one stream.
                let own = stack_month().and(stream_month(true));
                bill.lines.extend(own.bill(sheet)?.lines);
                Ok(bill)
            }
            Self::OnDemand => Bill::on_demand(sheet, &usage, &config),
            Self::Advantage => advantage_of_all(sheet, [(&usage, &config)], MONTH_SECONDS),
        }
    }

    /// The lines of a month whose prices are known, and every price that is missing.
    pub fn month_as_known(self, day: &DailyLoad, sheet: &PriceSheet) -> (Bill, Vec<MissingPrice>) {
        let (mut sheet, mut missing) = (sheet.clone(), Vec::<MissingPrice>::new());
        loop {
            match self.month(day, &sheet) {
                Ok(mut bill) => {
                    bill.lines.retain(|line| missing.iter().all(|lacked| lacked.item != line.item));
                    return (bill, missing);
                }
                // A bill stops at the first price that it lacks: with that one for nothing it comes to the next.
                Err(lacked) => {
                    sheet.set(lacked.item, Price { usd: MicroUsd(0), source: "nobody".into() });
                    missing.push(lacked);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use billing::prices::Item;

    const MB: u64 = 1_048_576;

    pub(super) fn flat(megabytes: u64, record_bytes: u64) -> DailyLoad {
        DailyLoad {
            bytes_per_second: megabytes * MB,
            peak_bytes_per_second: megabytes * MB,
            peak_hours: 0,
            record_bytes,
            consumers: 1,
            retention_hours: 24,
        }
    }

    fn usd(way: CapacityStrategy, day: &DailyLoad) -> String {
        way.month(day, &PriceSheet::of("us-east-1")).unwrap().total().to_string()
    }

    #[test]
    fn a_flat_load_costs_what_a_hand_reckons() {
        // 10 MB/s in records of 10 KB are 1,024 a second: 10 shards and 20 %, 12 x 720 x 0.015 = 129.60, and 1,024
        // units a second, 2,654.208 million x 0.014 = 37.158912.
        let day = flat(10, 10 * 1_024);
        assert_eq!(usd(CapacityStrategy::StaticPeak, &day), "166.758912");
        // 25,312.5 GB in at 0.08 and out at 0.04, and 720 x 0.04.
        assert_eq!(usd(CapacityStrategy::OnDemand, &day), "3066.30");
        // The floor of 25 MB/s: 63,281.25 GB at 0.032 + 0.016.
        assert_eq!(usd(CapacityStrategy::Advantage, &day), "3037.50");
        // Twice the floor.
        assert_eq!(usd(CapacityStrategy::Advantage, &flat(50, 10 * 1_024)), "6075.00");
    }

    #[test]
    fn shards_that_follow_a_peak_cost_less_than_those_for_it() {
        // 1 MB/s, and 8 MB/s for two hours: at 80 % full 2 and 10 shards, and for the peak 8 and 20 %; (22 x 2 + 2 x 10) x 30 shard-hours.
        let day = DailyLoad { bytes_per_second: MB, peak_hours: 2, ..flat(8, 10 * 1_024) };
        let sheet = PriceSheet::of("us-east-1");
        let scaled = CapacityStrategy::Autoscaled.month(&day, &sheet).unwrap();
        assert_eq!(scaled.cost_of(Item::ShardHour).to_string(), "28.80");
        let fixed = CapacityStrategy::StaticPeak.month(&day, &sheet).unwrap();
        assert_eq!(fixed.cost_of(Item::ShardHour).to_string(), "108.00");
        assert_eq!(fixed.cost_of(Item::PutUnits), scaled.cost_of(Item::PutUnits));
        // 36 metrics read an hour to publish how full it is and 9 to plan; 132 runs an hour, of which 120 take 0.2 s x 0.25
        // GB and 12 take 0.2 s x 0.5 GB.
        let own = [Item::MetricRequest, Item::LambdaRequest, Item::LambdaTime];
        let own = own.map(|item| scaled.cost_of(item).to_string());
        assert_eq!(own, ["0.324", "0.019008", "0.06912"]);
        assert!(scaled.cost_of(Item::AlarmMetric).0 > 0 && scaled.cost_of(Item::CustomMetric).0 > 0);
        assert!(scaled.total() < fixed.total());
    }

    #[test]
    fn more_consumers_than_can_share_have_enhanced_fan_out_in_every_mode() {
        let day = |consumers| DailyLoad { consumers, ..flat(10, 10 * 1_024) };
        let sheet = PriceSheet::of("us-east-1");
        let lines = |way: CapacityStrategy, consumers| way.month(&day(consumers), &sheet).unwrap();
        assert_eq!(lines(CapacityStrategy::StaticPeak, 2).cost_of(Item::FanOutHour).0, 0);
        // 3 consumers x 12 shards x 720 x 0.015, and 3 x 25,312.5 GB x 0.013.
        let three = lines(CapacityStrategy::StaticPeak, 3);
        assert_eq!(three.cost_of(Item::FanOutHour).to_string(), "388.80");
        assert_eq!(three.cost_of(Item::FanOutOut).to_string(), "987.1875");
        assert_eq!(lines(CapacityStrategy::OnDemand, 2).cost_of(Item::OnDemandOut).to_string(), "2025.00");
        assert_eq!(lines(CapacityStrategy::OnDemand, 3).cost_of(Item::OnDemandFanOutOut).to_string(), "3796.875");
        assert_eq!(lines(CapacityStrategy::StaticPeak, 0).cost_of(Item::FanOutOut).0, 0);
    }

    #[test]
    fn consumers_that_share_get_the_shards_that_they_read_from() {
        // 2 MB/s written take 2 shards at the least and 3 at 80 %; three consumers that share take 6 / 2 / 0.8.
        let shards = |consumers| DailyLoad { consumers, ..flat(2, 10 * 1_024) }.shards(2 * MB).get();
        assert_eq!([1, 3, 4].map(shards), [3, 4, 3]);
    }

    #[test]
    fn a_price_that_is_not_known_is_told() {
        let tokyo = PriceSheet::of("ap-northeast-1");
        assert_eq!(CapacityStrategy::StaticPeak.month(&flat(1, 1_024), &tokyo).map(|bill| bill.lines.len()), Ok(2));
        assert_eq!(CapacityStrategy::Autoscaled.month(&flat(1, 1_024), &tokyo).unwrap_err().item, Item::MetricRequest);
        let (known, missing) = CapacityStrategy::Autoscaled.month_as_known(&flat(1, 1_024), &tokyo);
        let items = |bill: &Bill| bill.lines.iter().map(|line| line.item).collect::<Vec<_>>();
        assert_eq!(items(&known)[..2], [Item::ShardHour, Item::PutUnits]);
        let missing: Vec<_> = missing.iter().map(|lacked| lacked.item).collect();
        assert_eq!(missing, [Item::MetricRequest, Item::LambdaTime]);
        assert!(missing.iter().all(|item| !items(&known).contains(item)));
    }
}
