//! All that a decision may look at: the stream, its metrics, its past, the account.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::hash_key::OpenShard;
use crate::load_history::LoadHistory;
use crate::stream::tags::StreamTags;
use crate::units::ShardCount;

/// `StreamStatus` of `DescribeStreamSummary`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamStatus {
    /// Serving, and free to be resized.
    Active,
    /// Being resized or reconfigured: serving, but not to be resized now.
    Updating,
    /// Not there yet.
    Creating,
    /// Going away.
    Deleting,
}

/// Who chooses the shard count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamMode {
    /// We do.
    Provisioned,
    /// AWS does; `UpdateShardCount` is refused.
    OnDemand,
}

/// What `DescribeStreamSummary` says of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamState {
    /// Is it free to be resized?
    pub status: StreamStatus,
    /// Who chooses the count?
    pub mode: StreamMode,
    /// Open shards now; closed ones still hold records but take none.
    pub open_shards: ShardCount,
    /// Whether the write metrics are sent for each shard as well ([`SHARD_METRICS`](crate::limits::SHARD_METRICS), all of them).
    pub shard_metrics: bool,
}

/// Shards of the whole account and Region, from `DescribeLimits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountShards {
    /// Open shards of all streams.
    pub open: u32,
    /// The account's quota.
    pub limit: u32,
}

/// One minute of CloudWatch metrics of a stream. `None` is unknown, zero is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// `IncomingBytes`, Sum: bytes accepted.
    pub bytes: Option<u64>,
    /// `IncomingRecords`, Sum: records accepted.
    pub records: Option<u64>,
    /// `WriteProvisionedThroughputExceeded`, Sum: records refused by throttling; they are not in the two above.
    pub throttled_records: Option<u64>,
    /// `GetRecords.Bytes`, Sum: bytes read by classic consumers.
    pub read_bytes: Option<u64>,
    /// `ReadProvisionedThroughputExceeded`, Sum: throttled `GetRecords` calls.
    pub read_throttles: Option<u64>,
    /// `GetRecords.IteratorAgeMilliseconds`, Maximum: how far the slowest consumer is behind. Absent when nobody reads
    /// with `GetRecords` (enhanced fan-out consumers do not).
    pub iterator_age_ms: Option<u64>,
}

impl Minute {
    /// Whether CloudWatch had anything to say of the stream in this minute.
    ///
    /// Kinesis sends write metrics only when somebody writes. So in a minute with any metric at all (a consumer polling,
    /// say) an absent write sum means that nothing was written: idle. In a minute with none, nothing is known.
    pub fn is_known(&self) -> bool {
        [self.bytes, self.records, self.throttled_records, self.read_bytes, self.read_throttles, self.iterator_age_ms]
            .iter()
            .any(Option::is_some)
    }

    /// Whether records were throttled in it, as far as is known.
    pub(crate) fn throttled(&self) -> bool {
        self.throttled_records.is_some_and(|records| records > 0)
    }
}

/// Consecutive minutes of metrics, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricWindow {
    /// End of the last minute, exclusive; a whole minute.
    pub end: Timestamp,
    /// One entry a minute, unknown ones included.
    pub minutes: Vec<Minute>,
}

impl MetricWindow {
    /// The known minutes with the time each began, oldest first.
    pub fn known(&self) -> impl Iterator<Item = (Timestamp, &Minute)> {
        let count = self.minutes.len();
        self.minutes.iter().enumerate().filter(|(_, minute)| minute.is_known()).map(move |(i, minute)| {
            let ago = SignedDuration::from_mins(i64::try_from(count - i).unwrap_or(i64::MAX));
            // Out of range only at the end of representable time, where no stream lives.
            (self.end.checked_sub(ago).unwrap_or(Timestamp::MIN), minute)
        })
    }
}

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
