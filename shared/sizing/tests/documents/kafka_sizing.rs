// SPDX-License-Identifier: Apache-2.0
//! The document that sizes a stream for a Kafka topic: `max(int(mb) + 1, 1)` shards.

use sizing::{DOCUMENTS_SHARD_HOUR, documents_kafka_shards, kafka_shards_exact, shards_cost_per_hour};

use crate::{MB, megabytes};

#[test]
fn the_rule_takes_the_whole_megabytes_and_one() {
    // Millionths of a MB a second; by the rule, and what carries it.
    for (millionths, by_rule, exact) in [
        (0, 1, 1),
        (500_000, 1, 1),
        (999_999, 1, 1),
        (1_000_000, 2, 1),
        (4_900_000, 5, 5),
        (4_999_999, 5, 5),
        (5_000_000, 6, 5),
        (5_500_000, 6, 6),
        (9_990_000, 10, 10),
        (10_000_000, 11, 10),
        (100_000_000, 101, 100),
    ] {
        let bytes = megabytes(millionths);
        let found = (documents_kafka_shards(bytes).get(), kafka_shards_exact(bytes).get());
        assert_eq!(found, (by_rule, exact), "{millionths} millionths of a MB");
    }
    assert_eq!(documents_kafka_shards(u64::MAX).get(), u32::MAX);
}

#[test]
fn six_shards_for_5_mb_cost_0_09_an_hour() {
    assert_eq!(shards_cost_per_hour(documents_kafka_shards(5 * MB), DOCUMENTS_SHARD_HOUR).to_string(), "0.09");
}
