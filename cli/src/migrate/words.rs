// SPDX-License-Identifier: Apache-2.0
//! What a migration is told in: notices about topics, and what Kafka's concepts become.

use kinesis_model::limits::FAN_OUT_CONSUMERS_MAX;
use sizing::migration::MigrationNotice;

use crate::few_keys;

/// A notice for people, with what to do about it.
pub(super) fn notice(notice: MigrationNotice) -> String {
    match notice {
        MigrationNotice::RateUnknown => {
            "the rate is not known, and this plan does not guess it: measure BytesInPerSec at its peak, and \
             give mb_per_second in a description, or --mb-per-second-per-topic for all such topics"
                .to_owned()
        }
        MigrationNotice::RecordsUnknown => {
            "records a second are not known: a shard takes 1,000, and PUT payload units are billed by \
             the record; neither is counted"
                .to_owned()
        }
        MigrationNotice::TooManyShards => {
            "more than 10,000 shards: no stream is resized to so many. Spread it over several streams, by \
             ranges of its keys"
                .to_owned()
        }
        MigrationNotice::KeysFew(keys) => few_keys::in_words(&keys),
        MigrationNotice::RetentionUnknown => {
            "the retention is not known (the broker's log.retention.hours, 168 unless changed): 24 hours, a \
             stream's default, are assumed"
                .to_owned()
        }
        MigrationNotice::RetentionRaised => {
            "records are kept for less than 24 hours: a stream keeps them for 24 at least, at no cost".to_owned()
        }
        MigrationNotice::RetentionCut => {
            "records are kept for longer than 8,760 hours: a stream cannot; archive them (Firehose to S3)".to_owned()
        }
        MigrationNotice::RetentionForever => {
            "records are kept for ever: a stream keeps them for 8,760 hours at most, which is what is priced; \
             archive them (Firehose to S3) and keep the stream short"
                .to_owned()
        }
        MigrationNotice::RetentionBySize { bytes } => {
            format!("{bytes} bytes of each partition are kept: a stream keeps records only by time")
        }
        MigrationNotice::SizeLimitUnknown => {
            "it is not known whether records are also kept by size (the broker's log.retention.bytes, no limit \
             unless changed): give retention_bytes, or the output of kafka-configs --describe --all"
                .to_owned()
        }
        MigrationNotice::BatchesUnknown => {
            "it is not known how large batches may be (the broker's message.max.bytes, 1,048,588 unless \
             changed): give max_message_bytes, or the output of kafka-configs --describe --all"
                .to_owned()
        }
        MigrationNotice::CleanupUnknown => {
            "it is not known whether the topic is compacted (the broker's log.cleanup.policy, delete unless \
             changed): give cleanup_policy, or the output of kafka-configs --describe --all"
                .to_owned()
        }
        MigrationNotice::RecordsLarge { kib } => format!(
            "batches have up to {kib} KiB: a stream takes records of 1,024 KiB until UpdateMaxRecordSize allows \
             more (see the commands), and large ones only now and then. The batch's limit is after compression; \
             a record counts as it is sent"
        ),
        MigrationNotice::RecordsTooLarge { bytes } => format!(
            "batches have up to {bytes} bytes: a record above 10 MiB fits no stream. If single records are so large, \
             put them into S3 and send where they are"
        ),
        MigrationNotice::Compacted => {
            "compacted: a stream has neither compaction nor tombstones. Keep the last value of each key in a \
             table (DynamoDB) that a consumer writes"
                .to_owned()
        }
        MigrationNotice::Compressed => {
            "compressed by Kafka, batch by batch: Kinesis compresses nothing. Brokers report rates after \
             compression; let producers compress each record, or size for the rate before it"
                .to_owned()
        }
        MigrationNotice::KeyOrder => {
            "readers rely on the order of a key's records: a key stays on one shard until a resize \
             moves it, so consumers must read a parent shard to its end before its children (the KCL and Lambda do); \
             PutRecords does not keep the order of its records (PutRecord with SequenceNumberForOrdering does); keys \
             are grouped by MD5 here and by murmur2 in Kafka, so other keys share a shard than shared a partition"
                .to_owned()
        }
        MigrationNotice::KeyOrderUnknown => {
            "it is not known whether readers rely on the order of a key's records: give key_ordering".to_owned()
        }
        MigrationNotice::GroupsUnknown => {
            "it is not known who reads the topic: give --groups, or consumer_groups in a description".to_owned()
        }
        MigrationNotice::FanOutNeeded(readers) => format!(
            "the consumer groups become {readers}; the price \
            includes them"
        ),
        MigrationNotice::TooManyGroups => format!(
            "more consumer groups than the {FAN_OUT_CONSUMERS_MAX} consumers that a stream allows with enhanced \
             fan-out: let groups share an application, or carry the records over to a second stream"
        ),
    }
}

/// What becomes of Kafka's concepts.
pub(super) const CONCEPTS: [(&str, &str, &str); 13] = [
    ("topic", "stream", "the same name, up to 128 characters"),
    ("partition", "shard", "counts do not carry over: shards follow the load"),
    ("partitioner (murmur2)", "MD5 of the partition key", "other keys meet on a shard"),
    ("record without a key", "a random partition key", "every record needs a key"),
    ("offset", "sequence number", "opaque, per shard, with gaps: no arithmetic"),
    ("lag in records", "IteratorAge, MillisBehindLatest", "lag is time"),
    ("earliest, latest, by time", "TRIM_HORIZON, LATEST, AT_TIMESTAMP", ""),
    ("consumer group", "application", "KCL with a lease table, Lambda mapping, or fan-out consumer"),
    ("committed offset", "checkpoint in the lease table", "offsets do not carry over"),
    ("rebalance", "leases move; shards split and merge", "read the parent first"),
    ("headers", "none", "put them into the payload"),
    ("compaction, tombstones", "none", "a table"),
    ("transactions, idempotent producer", "none", "consumers must tolerate duplicates"),
];
