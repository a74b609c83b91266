// SPDX-License-Identifier: Apache-2.0
//! What Amazon Kinesis Data Streams is, as values: units, quotas, hash keys, shards, metrics, key strategies.
//!
//! Nothing here decides, and nothing here reads a clock, the environment or the network.

mod call_rate;
mod demand;
mod hash_key;
pub mod keys;
pub mod limits;
mod metrics;
pub mod num;
pub mod number;
pub mod resize_time;
mod stream;
pub mod throttling;
mod units;

pub use call_rate::TokenBucket;
pub use demand::{Demand, Limit, shards_to_read};
pub use hash_key::{HashKeyRange, OpenShard, hash_key};
pub use metrics::{MetricWindow, Minute, whole_minute};
pub use stream::{AccountShards, StreamMode, StreamState, StreamStatus};
pub use units::{MicroUsd, NotUsd, ShardCount, thousands};
