// SPDX-License-Identifier: Apache-2.0
//! The formulas of the user's documents, as they stand there: also where a bill, or a shard, says otherwise.

use super::workload::shards_cost_per_hour;
use billing::prices::MONTH_SECONDS;
use kinesis_model::limits::WRITE_BYTES_PER_SECOND_PER_SHARD;
use kinesis_model::{MicroUsd, ShardCount};

/// The price of a shard-hour in the documents: 0.015 USD, which is that of us-east-1.
pub const DOCUMENTS_SHARD_HOUR: MicroUsd = MicroUsd(15_000);
/// The price of an hour of an `r5.large` in their script that compares costs: 0.126 USD.
pub const DOCUMENTS_BROKER_HOUR: MicroUsd = MicroUsd(126_000);
/// The brokers in that script.
pub const DOCUMENTS_BROKERS: u32 = 3;
/// The MB a second in that script.
pub const DOCUMENTS_MB_PER_SECOND: u32 = 10;
/// What the documents call the price of a PUT: 0.000014 USD.
const DOCUMENTS_PER_PUT: MicroUsd = MicroUsd(14);
/// Hours of a month in the documents: 24 on each of 30 days.
const DOCUMENTS_MONTH_HOURS: u64 = 24 * 30;

/// Shards for a Kafka topic's peak by the rule of the documents, `max(int(mb) + 1, 1)`: the whole megabytes a second, and one.
///
/// What it leaves to spare depends on the part of a MB: a whole shard at 5 MB/s (6), half of one at 5.5 MB/s (6), a hundredth
/// at 5.99 MB/s (6). [`kafka_shards_exact`](super::workload::kafka_shards_exact) leaves none on purpose, and
/// [`Sizing::of`](super::sizing::Sizing::of) adds a share.
pub fn documents_kafka_shards(bytes_per_second: u64) -> ShardCount {
    ShardCount::saturating((bytes_per_second / WRITE_BYTES_PER_SECOND_PER_SHARD).saturating_add(1))
}

/// What a month costs by the documents: shards for 24 hours on 30 days, and [`documents_put_cost`].
///
/// The bill for shards is right by it; retention beyond 24 hours and enhanced fan-out are not in it.
pub fn documents_month_cost(shards: ShardCount, per_shard_hour: MicroUsd, puts: u64) -> MicroUsd {
    let shards_cost = shards_cost_per_hour(shards, per_shard_hour).times(DOCUMENTS_MONTH_HOURS);
    shards_cost.and(documents_put_cost(puts))
}

/// What is written costs by the documents: 0.000014 USD "per PUT".
///
/// For one PUT that is a thousand times too much. AWS asks 0.014 USD for a million PUT payload units (`prices/sheet.rs`), which is
/// 0.000000014 for one; and it counts units of 25 KB, of which a record takes as many as it has begun, and not calls. Their
/// script takes a MB for a PUT ([`DocumentsComparison`]). For what a bill says see
/// [`Item::PutUnits`](billing::prices::Item::PutUnits).
pub fn documents_put_cost(puts: u64) -> MicroUsd {
    DOCUMENTS_PER_PUT.times(puts)
}

/// The script of the documents that compares the cost of Kafka and Kinesis over a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentsComparison {
    /// By [`documents_kafka_shards`].
    pub shards: ShardCount,
    /// A month of the shards.
    pub shards_cost: MicroUsd,
    /// A month of what is written, each MB of it as a PUT.
    pub data_cost: MicroUsd,
    /// A month of the brokers, and of nothing else.
    pub kafka_cost: MicroUsd,
}

impl DocumentsComparison {
    /// The case of the script: 10 MB/s on eleven shards, against three brokers.
    pub fn of_script() -> Self {
        let megabytes = u64::from(DOCUMENTS_MB_PER_SECOND);
        let shards = documents_kafka_shards(megabytes * WRITE_BYTES_PER_SECOND_PER_SHARD);
        Self {
            shards,
            shards_cost: documents_month_cost(shards, DOCUMENTS_SHARD_HOUR, 0),
            data_cost: documents_put_cost(megabytes * MONTH_SECONDS),
            kafka_cost: DOCUMENTS_BROKER_HOUR.times(u64::from(DOCUMENTS_BROKERS) * DOCUMENTS_MONTH_HOURS),
        }
    }

    /// Shards and data.
    pub fn kinesis_cost(&self) -> MicroUsd {
        self.shards_cost.and(self.data_cost)
    }

    /// What Kinesis costs beyond Kafka, in tenths of a percent of Kafka; below zero where it saves.
    pub fn lost_permille(&self) -> i64 {
        let [kinesis, kafka] = [self.kinesis_cost(), self.kafka_cost].map(|cost| i128::from(cost.0));
        // To the nearest.
        let permille = ((kinesis - kafka) * 1_000 + kafka / 2).div_euclid(kafka.max(1));
        i64::try_from(permille).unwrap_or(i64::MAX)
    }
}
