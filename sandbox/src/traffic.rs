// SPDX-License-Identifier: Apache-2.0
//! Made-up metrics for streams that nobody writes to, so that events sent by hand find something to resize.

/// What a shard takes in a minute: 1 MiB/s. Source: Kinesis Developer Guide, "Quotas and limits".
const SHARD_BYTES_PER_MINUTE: f64 = 1_048_576.0 * 60.0;

/// Size of a made-up record: at 2 KiB a shard is full of bytes before it is full of records.
const RECORD_BYTES: f64 = 2_048.0;

/// A steady load on a stream, the same whatever its shard count becomes, so that resizing changes how full it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// The stream.
    pub stream: String,
    /// The load, in shards that it would fill completely.
    pub full_shards: f64,
}

impl Traffic {
    /// What a stream of so many shards would have counted in a minute, by metric. Averages hide bursts: above 90 % of
    /// capacity some records are throttled already, and above 100 % everything in excess is.
    pub(crate) fn minute(&self, shards: u32) -> [(&'static str, f64); 6] {
        let shards = f64::from(shards.max(1));
        let offered = self.full_shards / shards;
        let taken = offered.min(1.0);
        let throttled = (offered - taken) + (taken - 0.9).max(0.0) / 10.0;
        let bytes = (taken * shards * SHARD_BYTES_PER_MINUTE).round();
        let throttled_records = (throttled * shards * SHARD_BYTES_PER_MINUTE / RECORD_BYTES).round();
        [
            ("IncomingBytes", bytes),
            ("IncomingRecords", (bytes / RECORD_BYTES).round()),
            ("WriteProvisionedThroughputExceeded", throttled_records),
            ("ReadProvisionedThroughputExceeded", 0.0),
            ("GetRecords.Bytes", bytes),
            ("GetRecords.IteratorAgeMilliseconds", 0.0),
        ]
    }
}
