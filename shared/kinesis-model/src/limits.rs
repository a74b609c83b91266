// SPDX-License-Identifier: Apache-2.0
//! Quotas of Amazon Kinesis Data Streams: value, unit, source and the day it was read.
//!
//! `docs/aws-facts.md` has each with how far to trust it, and `tests/facts.rs` holds the two together. Sources: **Quotas** is the
//! Developer Guide page "Quotas and limits"; **API** is the API reference of the operation named. Read 2026-11-21.

/// Bytes a second that one shard takes, partition keys included (1 MiB). Quotas, API `CreateStream`.
pub const WRITE_BYTES_PER_SECOND_PER_SHARD: u64 = 1_048_576;
/// Records a second that one shard takes. Quotas, API `CreateStream`.
pub const WRITE_RECORDS_PER_SECOND_PER_SHARD: u64 = 1_000;
/// Bytes a second that one shard gives to all its classic (shared-throughput) consumers together (2 MiB). Quotas, API
/// `GetRecords`.
pub const READ_BYTES_PER_SECOND_PER_SHARD: u64 = 2_097_152;
/// `GetRecords` calls a second that one shard answers, those of all its classic consumers together. Quotas, API
/// `GetRecords`.
pub const READ_CALLS_PER_SECOND_PER_SHARD: u32 = 5;
/// Consumers with enhanced fan-out that a stream has at most (50 under On-demand Advantage). Quotas, API
/// `RegisterStreamConsumer`.
pub const FAN_OUT_CONSUMERS_MAX: u32 = 20;
/// Bytes of a record, key and data together, that a stream takes unless it is told otherwise (1 MiB). Quotas, API
/// `UpdateMaxRecordSize`.
pub const RECORD_BYTES_DEFAULT: u64 = 1_048_576;
/// Bytes of a record that a stream can be told to take (10 MiB). API `UpdateMaxRecordSize`.
pub const RECORD_BYTES_MAX: u64 = 10 * 1_048_576;
/// Tags that a stream has at most. API `AddTagsToStream`.
pub const TAGS_PER_STREAM_MAX: usize = 50;
/// Hours that a stream keeps records at least; they cost nothing. API `DecreaseStreamRetentionPeriod`.
pub const RETENTION_HOURS_MIN: u32 = 24;
/// Hours that a stream keeps records at most (365 days). API `IncreaseStreamRetentionPeriod`.
pub const RETENTION_HOURS_MAX: u32 = 8_760;

/// `UpdateShardCount` calls accepted per stream in any 24 hours. API `UpdateShardCount`.
pub const RESIZES_PER_DAY: u32 = 10;
/// The rolling window of [`RESIZES_PER_DAY`], in hours. API `UpdateShardCount`.
pub const RESIZES_WINDOW_HOURS: i64 = 24;
/// The largest count that `UpdateShardCount` accepts. API `UpdateShardCount`.
pub const SHARDS_PER_STREAM_MAX: u32 = 10_000;
/// Bytes a second that an on-demand stream takes at most, unless AWS raises it: 10 GB where streams are largest, else
/// 200 MB. Quotas.
pub fn on_demand_bytes_per_second_max(region: &str) -> u64 {
    match region {
        "us-east-1" | "us-west-2" | "eu-west-1" => 10 << 30,
        _ => 200 << 20,
    }
}

/// The shard-level metrics that a decision reads. Each is charged for each shard like a metric of one's own. API
/// `EnableEnhancedMonitoring`; Developer Guide, "Monitoring with CloudWatch".
pub const SHARD_METRICS: [&str; 3] = ["IncomingBytes", "IncomingRecords", "WriteProvisionedThroughputExceeded"];

/// Characters in a tag's value, at most. API `AddTagsToStream` (older pages say 255; we stay below both).
pub const TAG_VALUE_CHARS_MAX: usize = 255;

/// CloudWatch reports a Kinesis minute about this many minutes after it ended. No delay is documented; the newest one
/// or two minutes are commonly absent or partial (`docs/aws-facts.md#metrics`).
pub const METRIC_DELAY_MINUTES: u32 = 2;

/// Seconds in one CloudWatch period as we ask for it.
pub const MINUTE_SECONDS: u64 = 60;
/// Bytes one shard takes in a minute.
pub const WRITE_BYTES_PER_MINUTE_PER_SHARD: u64 = WRITE_BYTES_PER_SECOND_PER_SHARD * MINUTE_SECONDS;
/// Records one shard takes in a minute.
pub const WRITE_RECORDS_PER_MINUTE_PER_SHARD: u64 = WRITE_RECORDS_PER_SECOND_PER_SHARD * MINUTE_SECONDS;
/// Bytes one shard gives to classic consumers in a minute.
pub const READ_BYTES_PER_MINUTE_PER_SHARD: u64 = READ_BYTES_PER_SECOND_PER_SHARD * MINUTE_SECONDS;

/// How many calls AWS accepts each second, for the account and Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiRate {
    /// The call, as IAM spells it.
    pub action: &'static str,
    /// Calls a second.
    pub per_second: u32,
}

impl ApiRate {
    /// The operation alone: `DescribeAlarms` of `cloudwatch:DescribeAlarms`.
    pub fn operation(&self) -> &'static str {
        self.action.split_once(':').map_or(self.action, |(_, operation)| operation)
    }
}

/// Every call that the functions make often enough to come near a limit.
///
/// Kinesis: Quotas and API of each operation; sources differ on the scope of `ListTagsForStream` (account or stream), of
/// which the tighter is taken, as for `SplitShard` and `MergeShards`, and give none for `UpdateShardCount`.
/// `ListShards` and `EnableEnhancedMonitoring` have theirs for each stream (of the former older pages say 100, newer
/// ones 1,000). `ListStreamConsumers` is not here: its 5 a second are for each stream (Quotas, API), of which a run asks
/// once. CloudWatch: User Guide, "CloudWatch service quotas". `GetResources`: Tag Editor User Guide, "Service quotas".
/// No source tells a rate of `GetProducts`, which is called a few times a day.
pub const API_RATES: [ApiRate; 16] = [
    ApiRate { action: "kinesis:ListStreams", per_second: 5 },
    ApiRate { action: "kinesis:DescribeStreamSummary", per_second: 20 },
    ApiRate { action: "kinesis:ListTagsForStream", per_second: 5 },
    ApiRate { action: "kinesis:AddTagsToStream", per_second: 5 },
    ApiRate { action: "kinesis:UpdateShardCount", per_second: 10 },
    ApiRate { action: "kinesis:DescribeLimits", per_second: 1 },
    ApiRate { action: "kinesis:ListShards", per_second: 100 },
    ApiRate { action: "kinesis:SplitShard", per_second: 5 },
    ApiRate { action: "kinesis:MergeShards", per_second: 5 },
    ApiRate { action: "kinesis:EnableEnhancedMonitoring", per_second: 5 },
    ApiRate { action: "cloudwatch:PutMetricAlarm", per_second: 3 },
    ApiRate { action: "cloudwatch:DeleteAlarms", per_second: 3 },
    ApiRate { action: "cloudwatch:DescribeAlarms", per_second: 9 },
    ApiRate { action: "cloudwatch:ListTagsForResource", per_second: 10 },
    ApiRate { action: "cloudwatch:GetMetricData", per_second: 500 },
    ApiRate { action: "tag:GetResources", per_second: 15 },
];
