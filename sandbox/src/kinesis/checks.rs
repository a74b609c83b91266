// SPDX-License-Identifier: Apache-2.0
//! What the emulator lets pass of any operation, and Kinesis does not: other accounts' streams, unknown metrics, streams that change.

use aws_models::kinesis_rules::{self, Refusal};
use serde_json::{Value, json};

use super::call::Call;

/// Operations that read `StreamName` only, in the emulator, but take `StreamARN` in AWS.
const NAMED_ONLY: [&str; 19] = [
    "UpdateShardCount",
    "DescribeStreamSummary",
    "DescribeStream",
    "ListTagsForStream",
    "AddTagsToStream",
    "RemoveTagsFromStream",
    "DeleteStream",
    "GetShardIterator",
    "ListShards",
    "SplitShard",
    "MergeShards",
    "PutRecord",
    "PutRecords",
    "IncreaseStreamRetentionPeriod",
    "DecreaseStreamRetentionPeriod",
    "StartStreamEncryption",
    "StopStreamEncryption",
    "EnableEnhancedMonitoring",
    "DisableEnhancedMonitoring",
];

/// Operations that the emulator does to streams that are not ACTIVE, and Kinesis does not. Source: API reference, each of them.
const ON_ACTIVE: [&str; 9] = [
    "UpdateStreamMode",
    "UpdateMaxRecordSize",
    "UpdateStreamWarmThroughput",
    "EnableEnhancedMonitoring",
    "DisableEnhancedMonitoring",
    "IncreaseStreamRetentionPeriod",
    "DecreaseStreamRetentionPeriod",
    "StartStreamEncryption",
    "StopStreamEncryption",
];

/// What can be measured of a shard. Source: API reference, `EnableEnhancedMonitoring`.
const SHARD_LEVEL_METRICS: [&str; 8] = [
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
    "ALL",
];

impl Call<'_> {
    /// The emulator takes any name for a shard-level metric.
    pub(super) fn check_metrics(&self) -> Result<(), Refusal> {
        let asked = self.body.get("ShardLevelMetrics").and_then(Value::as_array).into_iter().flatten();
        let unknown = asked.filter_map(Value::as_str).find(|name| !SHARD_LEVEL_METRICS.contains(name));
        unknown.map_or(Ok(()), |name| {
            let message = format!(
                "1 validation error detected: Value '[{name}]' at 'shardLevelMetrics' failed to satisfy constraint: Member must \
                 satisfy constraint: [Member must satisfy enum value set: [{}]]",
                SHARD_LEVEL_METRICS.join(", ")
            );
            Err(Refusal::new("ValidationException", message))
        })
    }

    pub(super) async fn check_active(&self) -> Result<(), Refusal> {
        if !ON_ACTIVE.contains(&self.operation.as_str()) {
            return Ok(());
        }
        // The emulator knows what to say of a stream that is not there.
        let Some(stream) = self.stream().await else { return Ok(()) };
        let status = stream.stream_status.to_string();
        kinesis_rules::check_active(&stream.stream_name, &self.shared.options.account, &status)
    }

    /// Puts `StreamName` in the place of `StreamARN`.
    pub(super) fn name_the_stream(&mut self) -> Result<(), Refusal> {
        let Some(arn) = self.text("StreamARN").filter(|_| NAMED_ONLY.contains(&self.operation.as_str())) else {
            return Ok(());
        };
        let (account, region) = (&self.shared.options.account, &self.shared.options.region);
        let Some(name) = arn.strip_prefix(&format!("arn:aws:kinesis:{region}:{account}:stream/")) else {
            let message = format!("Stream {arn} not found: this is account {account} in {region}.");
            return Err(Refusal::new("ResourceNotFoundException", message));
        };
        if self.text("StreamName").is_some_and(|given| given != name) {
            let message = format!("StreamName and StreamARN {arn} are not of the same stream.");
            return Err(Refusal::new("InvalidArgumentException", message));
        }
        let name = name.to_owned();
        self.body.remove("StreamARN");
        self.body.insert("StreamName".to_owned(), json!(name));
        Ok(())
    }
}
