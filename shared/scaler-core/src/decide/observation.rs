// SPDX-License-Identifier: Apache-2.0
//! All that a decision may look at: the stream, its metrics, its plan, the account.

use crate::need::Fetched;
use crate::plan::Plan;
use crate::stream::ShardWindow;
use crate::stream::StreamTags;
use kinesis_model::{AccountShards, MetricWindow, StreamState};

/// Everything one decision looks at.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What Kinesis says of the stream.
    pub stream: StreamState,
    /// What the stream's tags say, its resize history included.
    pub tags: StreamTags,
    /// What CloudWatch says.
    pub window: MetricWindow,
    /// The plan of the next day, as far as the stream's past tells.
    pub plan: Fetched<Plan>,
    /// What the account has left.
    pub account: Fetched<AccountShards>,
    /// The open shards in the order of their hash key ranges.
    pub shards: Fetched<Vec<ShardWindow>>,
}
