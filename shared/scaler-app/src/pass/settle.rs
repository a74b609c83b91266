// SPDX-License-Identifier: Apache-2.0
//! What a stream's shard count says of the resizes in its history.

use kinesis_model::ShardCount;
use scaler_core::{ResizeHistory, TAG_RESIZES};

use crate::cloud::{CallError, Clock, Cloud, Kinesis};

/// The history of an ACTIVE stream as its shard count settles it: see [`ResizeHistory::settled_with`]. What is new is written down.
///
/// AWS counts a resize by somebody else among the day's ten as well (unless shards were split or merged one by one; overcounting
/// is safe), and whoever made it had a reason: scale-in cools down from here.
pub(crate) async fn settle(
    cloud: &impl Cloud,
    stream: &str,
    history: &ResizeHistory,
    alarm_shard_count: Option<ShardCount>,
    current: ShardCount,
) -> Result<ResizeHistory, CallError> {
    let seen = history.settled_with(alarm_shard_count, current, cloud.clock().now());
    if seen != *history {
        cloud.kinesis().put_tag(stream, TAG_RESIZES, &seen.to_string()).await?;
    }
    Ok(seen)
}
