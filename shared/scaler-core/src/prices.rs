//! What Kinesis costs: a dated sheet, with the source of each line.
//!
//! Read 2026-11-21 from AWS Price List values as public fixtures hold them: us-east-1 and us-east-2 from infracost's,
//! ap-northeast-1 from a pricing registry's and a cost model's. For no other Region was a source found, and none is
//! guessed. The usage type of each figure stands beside it.

use crate::units::MicroUsd;

/// What a Region charges for what a simulation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceList {
    /// One provisioned shard for an hour: `Storage-ShardHour`.
    pub shard_hour: MicroUsd,
    /// A million PUT payload units into a provisioned stream: `PutRequestPayloadUnits`.
    pub put_units_million: MicroUsd,
    /// One on-demand (Standard) stream for an hour: `OnDemand-StreamHour`.
    pub on_demand_hour: MicroUsd,
    /// A GB written to an on-demand stream: `OnDemand-BilledIncomingBytes`.
    pub on_demand_gb_in: MicroUsd,
}

/// The prices of us-east-1.
pub const US_EAST_1: PriceList = PriceList {
    shard_hour: MicroUsd(15_000),
    put_units_million: MicroUsd(14_000),
    on_demand_hour: MicroUsd(40_000),
    on_demand_gb_in: MicroUsd(80_000),
};

/// One shard-level metric of one shard for a month, in us-east-1 and ap-northeast-1: charged as a custom metric
/// (`CW:MetricMonitorUsage`, the first 10,000), Kinesis Developer Guide, "Monitoring with CloudWatch".
pub const SHARD_METRIC_MONTH: MicroUsd = MicroUsd(300_000);

/// Bytes of a record that one PUT payload unit covers; a record takes whole units. Kinesis pricing page, where it is
/// "25 KB": powers of two are taken to be meant, here and below.
pub const PUT_UNIT_BYTES: u64 = 25 * 1_024;
/// On-demand bills each record as a multiple of so many bytes ("1 KB"). Kinesis pricing page.
pub const ON_DEMAND_RECORD_STEP_BYTES: u64 = 1_024;
/// Bytes in the "GB" of [`PriceList::on_demand_gb_in`].
pub const ON_DEMAND_GB_BYTES: u64 = 1 << 30;

const SHARD_HOUR: [(&str, MicroUsd); 3] =
    [("us-east-1", US_EAST_1.shard_hour), ("us-east-2", MicroUsd(15_000)), ("ap-northeast-1", MicroUsd(19_500))];

/// The price of one provisioned shard for an hour; `None` where the sheet has no figure for the Region.
pub fn shard_hour(region: &str) -> Option<MicroUsd> {
    SHARD_HOUR.iter().find(|(listed, _)| *listed == region).map(|(_, price)| *price)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_without_a_figure_has_no_price() {
        assert_eq!(shard_hour("ap-northeast-1"), Some(MicroUsd(19_500)));
        assert_eq!(shard_hour("eu-west-1"), None);
    }
}
