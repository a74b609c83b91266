// SPDX-License-Identifier: Apache-2.0
//! Streams on paper, before there is any traffic to measure: their shards, their costs, and the way from Kafka.
//!
//! Only people's commands need this; no function depends on it.

mod capacity;
pub mod compare;
pub mod migration;
pub mod paper;

pub use capacity::{
    Binding, DOCUMENTS_BROKER_HOUR, DOCUMENTS_BROKERS, DOCUMENTS_MB_PER_SECOND, DOCUMENTS_SHARD_HOUR,
    DocumentsComparison, HEADROOM_PERCENT, HashedKeys, Readers, Reading, Reads, Sizing, Workload,
    documents_kafka_shards, documents_month_cost, documents_put_cost, kafka_shards_exact, shards_cost_per_hour,
};
