// SPDX-License-Identifier: Apache-2.0
//! The dated sheet: what each Region charges, with the source of every line.
//!
//! Where a Region or a line is missing, no source was found, and none is guessed. AWS raises and lowers prices: cost-report
//! reads the Price List at run time, where it may, and takes its figures instead.

use super::item::Item;
use kinesis_model::MicroUsd;

/// A price and its source.
pub(super) struct Line {
    pub(super) item: Item,
    /// For [`Item::per`] of it.
    pub(super) usd: MicroUsd,
    pub(super) source: &'static str,
}

/// Values of the Price List, about mid-2024, as infracost's golden files hold them. Read 2026-11-21.
const INFRACOST: &str = "Price List of mid-2024 in infracost's golden files, read 2026-11-21";
/// A fixture of Price List rows of Tokyo with current names, in the tests of a public pricing registry. Read 2026-11-21.
const REGISTRY: &str = "Price List rows in a public pricing registry's tests, read 2026-11-21";
/// A public cost model, annotated with Tokyo's usage types, after the list of 2026-09. Read 2026-11-21.
const COST_MODEL: &str = "a public cost model after the Price List of 2026-09, read 2026-11-21";
/// A public pricing table of 2025/26. Read 2026-11-21.
const TABLE: &str = "a public pricing table of 2025/26, read 2026-11-21";
/// "Choose the right mode to stream in": Advantage is at least 60 % below Standard, of which 60 % are taken.
const DERIVED: &str = "derived: 0.4 of on-demand Standard, after the Developer Guide's \"at least 60 %\"";
/// `CloudWatch` User Guide, the pricing section of `GetMetricData`. Read 2026-11-21.
const USER_GUIDE: &str = "CloudWatch User Guide, GetMetricData, read 2026-11-21";

const fn line(item: Item, micro_usd: u64, source: &'static str) -> Line {
    Line { item, usd: MicroUsd(micro_usd), source }
}

const UNITED_STATES: &[Line] = &[
    line(Item::ShardHour, 15_000, INFRACOST),
    line(Item::PutUnits, 14_000, INFRACOST),
    line(Item::ExtendedRetention, 20_000, INFRACOST),
    line(Item::LongTermRetention, 23_000, INFRACOST),
    line(Item::FanOutHour, 15_000, INFRACOST),
    line(Item::FanOutOut, 13_000, INFRACOST),
    line(Item::OnDemandHour, 40_000, INFRACOST),
    line(Item::OnDemandIn, 80_000, INFRACOST),
    line(Item::OnDemandOut, 40_000, INFRACOST),
    line(Item::OnDemandFanOutOut, 50_000, INFRACOST),
    line(Item::OnDemandExtendedRetention, 100_000, INFRACOST),
    line(Item::OnDemandLongTermRetention, 23_000, INFRACOST),
    line(Item::AdvantageIn, 32_000, TABLE),
    line(Item::AdvantageOut, 16_000, DERIVED),
    line(Item::AdvantageExtendedRetention, 40_000, DERIVED),
    line(Item::AlarmMetric, 100_000, INFRACOST),
    line(Item::CustomMetric, 300_000, COST_MODEL),
    line(Item::MetricRequest, 10_000_000, USER_GUIDE),
    line(Item::LambdaRequest, 200_000, INFRACOST),
    line(Item::LambdaTime, 13_333_400, INFRACOST),
];

/// No source tells what Tokyo charges for retention and enhanced fan-out.
const TOKYO: &[Line] = &[
    line(Item::ShardHour, 19_500, COST_MODEL),
    line(Item::PutUnits, 21_500, COST_MODEL),
    line(Item::OnDemandHour, 52_000, REGISTRY),
    line(Item::OnDemandIn, 104_000, REGISTRY),
    line(Item::OnDemandOut, 52_000, REGISTRY),
    line(Item::AdvantageIn, 41_600, DERIVED),
    line(Item::AdvantageOut, 20_800, REGISTRY),
    line(Item::AlarmMetric, 100_000, COST_MODEL),
    line(Item::CustomMetric, 300_000, COST_MODEL),
    line(Item::LambdaRequest, 200_000, COST_MODEL),
];

/// The Regions that have lines.
pub(super) const REGIONS: [&str; 3] = ["us-east-1", "us-east-2", "ap-northeast-1"];

/// The lines of a Region.
pub(super) fn lines(region: &str) -> impl Iterator<Item = &'static Line> {
    let lines = match region {
        "us-east-1" | "us-east-2" => UNITED_STATES,
        "ap-northeast-1" => TOKYO,
        _ => &[],
    };
    lines.iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_has_each_line_once_and_us_east_1_has_all() {
        for region in REGIONS {
            let items: Vec<_> = lines(region).map(|line| line.item).collect();
            assert!(!items.is_empty(), "{region}");
            assert!(items.windows(2).all(|pair| pair[0] < pair[1]), "{region}: {items:?}");
        }
        assert_eq!(lines("us-east-1").count(), Item::ALL.len());
    }
}
