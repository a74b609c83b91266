// SPDX-License-Identifier: Apache-2.0
//! The items of AWS's price lists that a stream and its scaler are billed by: their units and their rows in the lists.

use std::fmt;
use std::str::FromStr;

/// Bytes in a "GB" of AWS's prices: powers of two are taken to be meant, as everywhere in this project.
pub const GB_BYTES: u128 = 1 << 30;
/// Seconds in the month of every price that is for a month, and of every projection: 30 days. A choice; calendar months
/// differ by up to 4 % (and 7 % in February).
pub const MONTH_SECONDS: u64 = 30 * 86_400;
const HOUR_SECONDS: u128 = 3_600;
const MILLION: u128 = 1_000_000;

/// Something that is billed. The fine unit in which quantities are counted stands with each; [`Item::per`] of it have
/// the price that a [`PriceSheet`](super::PriceSheet) holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// Open shards of a provisioned stream; in shard-seconds.
    ShardHour,
    /// PUT payload units into a provisioned stream; in units.
    PutUnits,
    /// Retention beyond 24 hours, up to 7 days, of a provisioned stream; in shard-seconds.
    ExtendedRetention,
    /// Retention beyond 7 days of a provisioned stream; in byte-hours.
    LongTermRetention,
    /// Consumers with enhanced fan-out on a provisioned stream; in seconds of a consumer and shard.
    FanOutHour,
    /// What they are given; in bytes.
    FanOutOut,
    /// A stream in on-demand (Standard) mode; in seconds.
    OnDemandHour,
    /// What is written to it, each record as whole KB; in bytes.
    OnDemandIn,
    /// What is read from it with `GetRecords`; in bytes.
    OnDemandOut,
    /// What its consumers with enhanced fan-out are given; in bytes.
    OnDemandFanOutOut,
    /// Its retention beyond 24 hours, up to 7 days; in byte-hours.
    OnDemandExtendedRetention,
    /// Its retention beyond 7 days; in byte-hours.
    OnDemandLongTermRetention,
    /// What is written to a stream under On-demand Advantage, each record as whole KB; in bytes.
    AdvantageIn,
    /// What is read from it, by any kind of consumer; in bytes.
    AdvantageOut,
    /// Its retention beyond 24 hours, up to 7 days; in byte-hours.
    AdvantageExtendedRetention,
    /// A metric that a standard alarm reads; in seconds of an alarm's metric.
    AlarmMetric,
    /// A custom metric (the first 10,000 of the account); in seconds of a metric.
    CustomMetric,
    /// A metric asked for by `GetMetricData`; in metrics.
    MetricRequest,
    /// A run of a Lambda function on arm64, which costs what it does on Intel; in runs.
    LambdaRequest,
    /// Its time on arm64 (the template's default); in milliseconds times MB.
    LambdaTime,
}

/// Where AWS's Price List holds an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceListRow {
    /// The service's code.
    pub service: &'static str,
    /// The usage type, behind the Region's prefix.
    pub usage_type: &'static str,
    /// The operation; `None` where no source tells it for certain, so that the usage type alone says which row is meant.
    pub operation: Option<&'static str>,
    /// How many of the list's units our price is for.
    pub units: u64,
}

impl Item {
    /// Every item, in the order in which bills list them.
    pub const ALL: [Self; 20] = [
        Self::ShardHour,
        Self::PutUnits,
        Self::ExtendedRetention,
        Self::LongTermRetention,
        Self::FanOutHour,
        Self::FanOutOut,
        Self::OnDemandHour,
        Self::OnDemandIn,
        Self::OnDemandOut,
        Self::OnDemandFanOutOut,
        Self::OnDemandExtendedRetention,
        Self::OnDemandLongTermRetention,
        Self::AdvantageIn,
        Self::AdvantageOut,
        Self::AdvantageExtendedRetention,
        Self::AlarmMetric,
        Self::CustomMetric,
        Self::MetricRequest,
        Self::LambdaRequest,
        Self::LambdaTime,
    ];

    /// Its name in settings and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShardHour => "shard-hour",
            Self::PutUnits => "put-units",
            Self::ExtendedRetention => "extended-retention",
            Self::LongTermRetention => "long-term-retention",
            Self::FanOutHour => "fan-out-hour",
            Self::FanOutOut => "fan-out-out",
            Self::OnDemandHour => "on-demand-hour",
            Self::OnDemandIn => "on-demand-in",
            Self::OnDemandOut => "on-demand-out",
            Self::OnDemandFanOutOut => "on-demand-fan-out-out",
            Self::OnDemandExtendedRetention => "on-demand-extended-retention",
            Self::OnDemandLongTermRetention => "on-demand-long-term-retention",
            Self::AdvantageIn => "advantage-in",
            Self::AdvantageOut => "advantage-out",
            Self::AdvantageExtendedRetention => "advantage-extended-retention",
            Self::AlarmMetric => "alarm-metric",
            Self::CustomMetric => "custom-metric",
            Self::MetricRequest => "metric-request",
            Self::LambdaRequest => "lambda-request",
            Self::LambdaTime => "lambda-time",
        }
    }

    /// What its price is for, in words.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::ShardHour | Self::ExtendedRetention => "one shard for an hour",
            Self::PutUnits => "a million units",
            Self::FanOutHour => "one consumer and shard for an hour",
            Self::OnDemandHour => "one stream for an hour",
            Self::FanOutOut
            | Self::OnDemandIn
            | Self::OnDemandOut
            | Self::OnDemandFanOutOut
            | Self::AdvantageIn
            | Self::AdvantageOut => "a GB",
            Self::LongTermRetention
            | Self::OnDemandExtendedRetention
            | Self::OnDemandLongTermRetention
            | Self::AdvantageExtendedRetention => "a GB kept for a month",
            Self::AlarmMetric | Self::CustomMetric => "one metric for a month",
            Self::MetricRequest => "a million metrics",
            Self::LambdaRequest => "a million runs",
            Self::LambdaTime => "a million GB-seconds",
        }
    }

    /// The quantity, in its fine unit, that its price is for.
    pub const fn per(self) -> u128 {
        match self {
            Self::ShardHour | Self::ExtendedRetention | Self::FanOutHour | Self::OnDemandHour => HOUR_SECONDS,
            Self::PutUnits | Self::MetricRequest | Self::LambdaRequest => MILLION,
            Self::FanOutOut
            | Self::OnDemandIn
            | Self::OnDemandOut
            | Self::OnDemandFanOutOut
            | Self::AdvantageIn
            | Self::AdvantageOut => GB_BYTES,
            Self::LongTermRetention
            | Self::OnDemandExtendedRetention
            | Self::OnDemandLongTermRetention
            | Self::AdvantageExtendedRetention => GB_BYTES * (MONTH_SECONDS as u128 / HOUR_SECONDS),
            Self::AlarmMetric | Self::CustomMetric => MONTH_SECONDS as u128,
            // MB to the GB, and milliseconds to the second.
            Self::LambdaTime => MILLION * 1_024 * 1_000,
        }
    }

    /// Its row in the Price List, to be found by exactly these; `None` where no source tells it, so that its price is the
    /// sheet's or a setting's.
    pub const fn row(self) -> Option<PriceListRow> {
        let row = match self {
            // Usage types and operations: infracost's resource files and golden files, read 2026-11-21 and 2026-11-25.
            Self::ShardHour => kinesis("Storage-ShardHour", "shardHourStorage", 1),
            Self::PutUnits => kinesis("PutRequestPayloadUnits", "PutRequest", 1_000_000),
            Self::ExtendedRetention => kinesis("Extended-ShardHour", "shardHourStorage", 1),
            Self::LongTermRetention => kinesis("LongTermRetention-ByteHrs", "LongTermRetentionByteHrs", 1),
            Self::FanOutHour => kinesis("EnhancedFanoutHour", "ConsumerHour", 1),
            Self::FanOutOut => kinesis("ReadBytes", "EnhancedFanoutDataRetrieval", 1),
            Self::OnDemandHour => kinesis("OnDemand-StreamHour", "OnDemandStreamHr", 1),
            Self::OnDemandIn => kinesis("OnDemand-BilledIncomingBytes", "OnDemandDataIngested", 1),
            Self::OnDemandOut => kinesis("OnDemand-BilledOutgoingBytes", "OnDemandDataRetrieval", 1),
            Self::OnDemandFanOutOut => kinesis("OnDemand-BilledOutgoingEFOBytes", "OnDemandEFODataRetrieval", 1),
            Self::OnDemandExtendedRetention => {
                kinesis("OnDemand-ExtendedRetention-ByteHrs", "OnDemandExtendedRetentionByteHrs", 1)
            }
            Self::OnDemandLongTermRetention => {
                kinesis("OnDemand-LongTermRetention-ByteHrs", "OnDemandLongTermRetentionByteHrs", 1)
            }
            // Named by analogy with the next and with on-demand Standard; where that is wrong, it matches nothing.
            Self::AdvantageIn => any_operation("AmazonKinesis", "Advantage-BilledIncomingBytes", 1),
            // A public pricing registry's tests, read 2026-11-21. They and a public calculator's notes (read 2026-11-25) give
            // its operation under two attributes.
            Self::AdvantageOut => any_operation("AmazonKinesis", "Advantage-BilledOutgoingBytes", 1),
            // The calculator's notes name an operation, and no source a usage type.
            Self::AdvantageExtendedRetention => return None,
            // CloudWatch User Guide, "Analyzing, optimizing, and reducing CloudWatch costs", read 2026-11-25, for all three.
            // Custom metrics have an operation for each way they come in, of which ours are written to the log.
            Self::AlarmMetric => any_operation("AmazonCloudWatch", "CW:AlarmMonitorUsage", 1),
            Self::CustomMetric => any_operation("AmazonCloudWatch", "CW:MetricMonitorUsage", 1),
            Self::MetricRequest => any_operation("AmazonCloudWatch", "CW:GMD-Metrics", 1_000_000),
            // Public notes on the Price List's Lambda rows of us-east-1, and readers of it, read 2026-11-25.
            Self::LambdaRequest => any_operation("AWSLambda", "Request-ARM", 1_000_000),
            Self::LambdaTime => any_operation("AWSLambda", "Lambda-GB-Second-ARM", 1_000_000),
        };
        Some(row)
    }
}

const fn kinesis(usage_type: &'static str, operation: &'static str, units: u64) -> PriceListRow {
    PriceListRow { service: "AmazonKinesis", usage_type, operation: Some(operation), units }
}

const fn any_operation(service: &'static str, usage_type: &'static str, units: u64) -> PriceListRow {
    PriceListRow { service, usage_type, operation: None, units }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not an item with a price; the items are {}", Item::ALL.map(Item::name).join(", "))]
pub struct UnknownItem {
    word: String,
}

impl FromStr for Item {
    type Err = UnknownItem;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|item| item.name() == word).ok_or_else(|| UnknownItem { word: word.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_found_by_its_name() {
        for (at, item) in Item::ALL.into_iter().enumerate() {
            assert_eq!(item.name().parse(), Ok(item));
            assert!(Item::ALL[..at].iter().all(|earlier| *earlier < item), "{item} twice, or out of order");
        }
        assert!("shard-hours".parse::<Item>().is_err_and(|told| told.to_string().contains("shard-hour, put-units")));
    }
}
