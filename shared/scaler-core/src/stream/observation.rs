//! All that a decision may look at: the stream, its metrics, its past, the account.

use std::sync::Arc;

use super::load_history::LoadHistory;
use super::tags::StreamTags;
use kinesis_model::{AccountShards, MetricWindow, OpenShard, StreamState};

/// An open shard, and what was written to it in the minutes of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardWindow {
    /// Which shard.
    pub shard: OpenShard,
    /// Its write metrics; unknown throughout where shard-level metrics are not sent, and before it was there.
    pub window: MetricWindow,
}

/// Everything one decision looks at.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What Kinesis says of the stream.
    pub stream: StreamState,
    /// What the stream's tags say, its resize history included.
    pub enrolment: StreamTags,
    /// What CloudWatch says.
    pub window: MetricWindow,
    /// What was wanted of the stream in the days before the window, where that could be read.
    pub past: Option<Arc<LoadHistory>>,
    /// What the account has left; `None` where it could not be read.
    pub account: Option<AccountShards>,
    /// The open shards in the order of their hash key ranges; `None` where nobody has looked, or could.
    pub shards: Option<Vec<ShardWindow>>,
}
