// SPDX-License-Identifier: Apache-2.0
//! Rows of AWS's Price List as public sources have them, ours and those that are nearly ours; literal, so that a wrong row of
//! `Item::row` cannot agree with itself.

use serde_json::{Value, json};

/// A product: its service, usage type, operation where the source has it, and what each tier costs from which unit on.
pub(crate) type Row = (&'static str, &'static str, Option<&'static str>, &'static [(&'static str, &'static str)]);

const KINESIS: &str = "AmazonKinesis";
const CLOUDWATCH: &str = "AmazonCloudWatch";
const LAMBDA: &str = "AWSLambda";

/// us-east-1, where usage types have no prefix, or `USE1-`.
pub(crate) const VIRGINIA: [Row; 33] = [
    // infracost: internal/resources/aws/kinesis_stream.go, and the prices of its golden file kinesis_stream_test.golden.
    (KINESIS, "Storage-ShardHour", Some("shardHourStorage"), &[("0", "0.0150000000")]),
    (KINESIS, "PutRequestPayloadUnits", Some("PutRequest"), &[("0", "0.0000000140")]),
    (KINESIS, "Extended-ShardHour", Some("shardHourStorage"), &[("0", "0.0200000000")]),
    (KINESIS, "LongTermRetention-ByteHrs", Some("LongTermRetentionByteHrs"), &[("0", "0.0230000000")]),
    (KINESIS, "LongTermRetention-ReadBytes", Some("LongTermRetentionDataRetrieval"), &[("0", "0.0210000000")]),
    (KINESIS, "EnhancedFanoutHour", Some("ConsumerHour"), &[("0", "0.0150000000")]),
    (KINESIS, "ReadBytes", Some("EnhancedFanoutDataRetrieval"), &[("0", "0.0130000000")]),
    (KINESIS, "OnDemand-StreamHour", Some("OnDemandStreamHr"), &[("0", "0.0400000000")]),
    (KINESIS, "OnDemand-BilledIncomingBytes", Some("OnDemandDataIngested"), &[("0", "0.0800000000")]),
    (KINESIS, "OnDemand-BilledOutgoingBytes", Some("OnDemandDataRetrieval"), &[("0", "0.0400000000")]),
    (KINESIS, "OnDemand-BilledOutgoingEFOBytes", Some("OnDemandEFODataRetrieval"), &[("0", "0.0500000000")]),
    (KINESIS, "OnDemand-ExtendedRetention-ByteHrs", Some("OnDemandExtendedRetentionByteHrs"), &[("0", "0.1000000000")]),
    (KINESIS, "OnDemand-LongTermRetention-ByteHrs", Some("OnDemandLongTermRetentionByteHrs"), &[("0", "0.0230000000")]),
    // A public assistant's tests of 2026: a delivery channel under the code of Data Streams.
    (KINESIS, "USE1-On-demand-Advantage-Channel-ProcessedBytes-S3TablesDestination", None, &[("0", "0.0140000000")]),
    // A public cost model's tests, which hold what the Price List answered on 2026-09-24: usage types and tiers.
    (
        CLOUDWATCH,
        "CW:MetricMonitorUsage",
        None,
        &[("1000000", "0.0200000000"), ("250000", "0.0500000000"), ("10000", "0.1000000000"), ("0", "0.3000000000")],
    ),
    (CLOUDWATCH, "CW:AlarmMonitorUsage", None, &[("0", "0.1000000000")]),
    (CLOUDWATCH, "CW:HighResAlarmMonitorUsage", None, &[("0", "0.3000000000")]),
    (CLOUDWATCH, "CW:GMD-Metrics", None, &[("0", "0.0000100000")]),
    // CloudWatch User Guide, "Analyzing, optimizing, and reducing CloudWatch costs": usage types (`Global` is the free tier);
    // their prices are made up, as none of them is ours.
    (CLOUDWATCH, "CW:CompositeAlarmMonitorUsage", None, &[("0", "0.5000000000")]),
    (CLOUDWATCH, "CW:MetricInsightAlarmUsage", None, &[("0", "0.1000000000")]),
    (CLOUDWATCH, "CW:GMWI-Metrics", None, &[("0", "0.0000200000")]),
    (CLOUDWATCH, "CW:Requests", Some("PutMetricData"), &[("0", "0.0000100000")]),
    (CLOUDWATCH, "Global-CW:AlarmMonitorUsage", None, &[("0", "0.0000000000")]),
    // Public notes on the Price List's Lambda rows: usage types and tiers.
    (LAMBDA, "Request", None, &[("0", "0.0000002000")]),
    (LAMBDA, "Request-ARM", None, &[("0", "0.0000002000")]),
    (LAMBDA, "Lambda-GB-Second", None, &[("0", "0.0000166667"), ("6000000000", "0.0000150000")]),
    (
        LAMBDA,
        "Lambda-GB-Second-ARM",
        None,
        &[("18750000000", "0.0000106667"), ("7500000000", "0.0000120001"), ("0", "0.0000133334")],
    ),
    (LAMBDA, "Lambda-Provisioned-Concurrency-ARM", None, &[("0", "0.0000033334")]),
    (LAMBDA, "Lambda-Provisioned-GB-Second-ARM", None, &[("0", "0.0000077778")]),
    (LAMBDA, "Lambda-Storage-GB-Second-ARM", None, &[("0", "0.0000000309")]),
    (LAMBDA, "Lambda-Edge-Request", None, &[("0", "0.0000006000")]),
    (LAMBDA, "Lambda-Edge-GB-Second", None, &[("0", "0.0000500100")]),
    // Public readers of the list: the free allowance stands in it under a Region of its own.
    (LAMBDA, "Global-Request-ARM", None, &[("0", "0.0000000000")]),
];

/// ap-northeast-1, behind its prefix.
pub(crate) const TOKYO: [Row; 12] = [
    // A public pricing registry's tests.
    (KINESIS, "APN1-Storage-ShardHour", Some("shardHourStorage"), &[("0", "0.0195000000")]),
    (KINESIS, "APN1-PutRequestPayloadUnits", Some("PutRequest"), &[("0", "0.0000000215")]),
    (KINESIS, "APN1-OnDemand-BilledIncomingBytes", Some("OnDemandDataIngested"), &[("0", "0.1040000000")]),
    (KINESIS, "APN1-OnDemand-BilledOutgoingBytes", Some("OnDemandDataRetrieval"), &[("0", "0.0520000000")]),
    (KINESIS, "APN1-OnDemand-StreamHour", Some("OnDemandStreamHr"), &[("0", "0.0520000000")]),
    (KINESIS, "APN1-Advantage-BilledOutgoingBytes", Some("AdvantageDataRetrieval"), &[("0", "0.0208000000")]),
    // A public calculator's notes have these operations; their usage types are by analogy.
    (KINESIS, "APN1-Advantage-BilledIncomingBytes", Some("AdvantageDataIngested"), &[("0", "0.0416000000")]),
    (KINESIS, "APN1-Advantage-BilledOutgoingEFOBytes", Some("AdvantageEFODataRetrieval"), &[("0", "0.0208000000")]),
    // A public cost model after the Price List of 2026-09.
    (CLOUDWATCH, "APN1-CW:AlarmMonitorUsage", None, &[("0", "0.1000000000")]),
    (CLOUDWATCH, "APN1-CW:MetricMonitorUsage", None, &[("0", "0.3000000000"), ("10000", "0.1000000000")]),
    (LAMBDA, "APN1-Request-ARM", None, &[("0", "0.0000002000")]),
    (LAMBDA, "APN1-Request", None, &[("0", "0.0000002000")]),
];

/// The row as an answer of `GetProducts` holds it.
pub(crate) fn product((_, usage_type, operation, tiers): Row) -> Value {
    let prices = tiers.iter().map(|(from, usd)| {
        let price = json!({ "beginRange": from, "pricePerUnit": { "USD": usd } });
        (format!("{usage_type}.{from}"), price)
    });
    let mut attributes = json!({ "usagetype": usage_type });
    if let Some(operation) = operation {
        attributes["operation"] = json!(operation);
    }
    json!({
        "product": { "sku": usage_type, "attributes": attributes },
        "terms": { "OnDemand": { "TERM": { "priceDimensions": prices.collect::<serde_json::Map<_, _>>() } } },
    })
}
