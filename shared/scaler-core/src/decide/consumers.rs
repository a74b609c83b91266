// SPDX-License-Identifier: Apache-2.0
//! Can the consumers spare shards? Scale-in takes read capacity away.

use std::fmt;

use jiff::Timestamp;

use super::context::{Context, Proposal, StageResult, propose};
use super::words::{Explain, shards};
use crate::direction::Direction;
use kinesis_model::{ShardCount, shards_to_read};

/// What consumers need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumersReason {
    /// Consumers are not a concern: capacity grows.
    MoreForConsumers,
    /// Consumers keep up.
    ConsumersKeepUp {
        /// The oldest record read lately, in milliseconds.
        iterator_age_ms: u64,
    },
    /// There is no lag metric: nobody reads with `GetRecords`, or CloudWatch does not say.
    LagUnknown,
    /// Consumers are behind; fewer shards would give them less to catch up with.
    ConsumersBehind {
        /// The oldest record read lately, in milliseconds.
        iterator_age_ms: u64,
        /// More than this blocks, in seconds.
        max_seconds: u32,
    },
    /// Consumers read in the window, and no longer do: dead ones have no lag to show.
    ConsumersSilent,
    /// Consumers were throttled.
    ReadThrottled {
        /// Throttled calls in the worst of the last minutes.
        calls: u64,
    },
    /// Consumers need this many shards for what they read.
    ReadVolume(ShardCount),
}

/// Scale-in waits while consumers are behind or throttled, and does not go below what they read.
///
/// Reading never argues for scale-out: a consumer that replays a day takes all there is, however much that is, and would
/// drive the stream to its maximum.
pub(crate) fn consumers(context: &Context<'_>, proposal: &Proposal) -> StageResult<ConsumersReason> {
    let (shards, reason) = match context.direction {
        Direction::Out => (proposal.shards, ConsumersReason::MoreForConsumers),
        Direction::In => read_capacity_floor(context, proposal.shards),
    };
    propose(shards, reason)
}

/// The fewest shards, from `wanted` on, that the consumers of a stream can be left with.
pub(crate) fn read_capacity_floor(context: &Context<'_>, wanted: ShardCount) -> (ShardCount, ConsumersReason) {
    let reads = &context.signals.reads;
    let max_seconds = context.policy.iterator_age_max_seconds;
    if let Some(iterator_age_ms) = reads.iterator_age_ms.filter(|age| *age > u64::from(max_seconds) * 1_000) {
        return (context.current, ConsumersReason::ConsumersBehind { iterator_age_ms, max_seconds });
    }
    if reads.iterator_age_ms.is_none() && reads.is_read {
        return (context.current, ConsumersReason::ConsumersSilent);
    }
    let floor = shards_to_read(reads.bytes, context.policy.target_utilization_percent);
    // Many small readers are throttled for their calls (5 a second a shard) at any size; only volume argues for shards.
    if reads.throttled_calls > 0 && floor.doubled() > context.current {
        return (context.current, ConsumersReason::ReadThrottled { calls: reads.throttled_calls });
    }
    if floor > wanted {
        return (context.floor_if_worthwhile(floor), ConsumersReason::ReadVolume(floor));
    }
    let keep_up = |iterator_age_ms| ConsumersReason::ConsumersKeepUp { iterator_age_ms };
    (wanted, reads.iterator_age_ms.map_or(ConsumersReason::LagUnknown, keep_up))
}

impl Explain for ConsumersReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, _: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::MoreForConsumers => f.write_str("more shards give consumers more read capacity"),
            Self::ConsumersKeepUp { iterator_age_ms } => {
                write!(f, "consumers keep up: the iterator age is at most {iterator_age_ms} ms")
            }
            Self::LagUnknown => f.write_str(
                "no consumer uses GetRecords, so there is no iterator age, and \
                consumer lag could not be checked",
            ),
            Self::ConsumersBehind { iterator_age_ms, max_seconds } => write!(
                f,
                "consumers are {} s behind (more than {max_seconds} s): the stream keeps its read capacity \
                 until they catch up",
                // Up: so much behind is more than the most that is borne.
                iterator_age_ms.div_ceil(1_000)
            ),
            Self::ConsumersSilent => f.write_str(
                "consumers stopped reading within the window: the stream keeps the read capacity \
                    that they need to catch up",
            ),
            Self::ReadThrottled { calls } => {
                write!(f, "{calls} reads were throttled in one minute: the stream keeps its read capacity")
            }
            Self::ReadVolume(needed) => write!(f, "what consumers read needs {}", shards(needed.get())),
        }
    }

    /// A scale-in without knowing the lag says so, lest it be taken for none.
    fn is_always_told(&self, is_resize: bool) -> bool {
        is_resize && *self == Self::LagUnknown
    }
}
