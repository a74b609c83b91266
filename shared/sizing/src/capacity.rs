// SPDX-License-Identifier: Apache-2.0
//! Sizing a stream on paper, before there is any traffic to measure.

mod documents;
mod hashed_keys;
mod readers;
mod sizing;
mod workload;

pub use documents::{
    DOCUMENTS_BROKER_HOUR, DOCUMENTS_BROKERS, DOCUMENTS_MB_PER_SECOND, DOCUMENTS_SHARD_HOUR, DocumentsComparison,
    documents_kafka_shards, documents_month_cost, documents_put_cost,
};
pub use hashed_keys::HashedKeys;
pub use readers::{Readers, Reading};
pub use sizing::{Binding, HEADROOM_PERCENT, Sizing};
pub use workload::{Reads, Workload, kafka_shards_exact, shards_cost_per_hour};
