// SPDX-License-Identifier: Apache-2.0
//! What only a person can mend, with the figures that they need for it.

use std::fmt;

use jiff::Timestamp;

use crate::direction::Direction;
use crate::stream::TagFault;
use kinesis_model::ShardCount;

/// Why a stream does not get what it needs, or is not looked after, and will not be by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Tags of ours cannot be understood.
    BadTags(Vec<TagFault>),
    /// The stream's own settings contradict the stack's.
    BadPolicy,
    /// AWS chooses the shard count of a stream that is enrolled.
    OnDemand,
    /// The stream has no room for the tag in which resizes are written down.
    NoRoomForTags,
    /// AWS refused the last attempt.
    RefusedLately {
        /// When it was.
        at: Timestamp,
    },
    /// One shard or key is hot, as it seems: more shards would not help.
    HotShardSuspected,
    /// One partition key alone is more than a shard takes.
    HotKey {
        /// The shard that has it.
        shard: String,
    },
    /// The operator's maximum caps growth.
    LoweredToMax {
        /// The maximum.
        max: ShardCount,
        /// The count that the load asks for.
        wanted: ShardCount,
    },
    /// All of the day's resizes are spent.
    BudgetSpent {
        /// The minute from which on the next one is free.
        next: Timestamp,
    },
    /// AWS said that all of the day's resizes are spent.
    DailyLimitReached {
        /// The minute from which on AWS is asked again.
        until: Timestamp,
    },
    /// The account and Region have too few shards left.
    AccountQuota,
    /// No stream may have so many shards.
    StreamCeiling,
}

impl Cause {
    /// A short name, by which the same is not told twice; letters and hyphens only, so that it fits a tag.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BadTags(_) => "bad-tags",
            Self::BadPolicy => "bad-policy",
            Self::OnDemand => "on-demand",
            Self::NoRoomForTags => "tags",
            Self::RefusedLately { .. } => "refused",
            Self::HotShardSuspected => "hot-shard",
            Self::HotKey { .. } => "hot-key",
            Self::LoweredToMax { .. } => "max",
            Self::BudgetSpent { .. } | Self::DailyLimitReached { .. } => "budget",
            Self::AccountQuota => "quota",
            Self::StreamCeiling => "ceiling",
        }
    }

    /// Whether a person should know, where this stands in the way of a change in `direction`. Scale-in that has to wait costs
    /// money and nothing else.
    pub const fn matters_in(&self, direction: Direction) -> bool {
        match self {
            Self::HotShardSuspected
            | Self::HotKey { .. }
            | Self::LoweredToMax { .. }
            | Self::BudgetSpent { .. }
            | Self::DailyLimitReached { .. }
            | Self::AccountQuota => matches!(direction, Direction::Out),
            Self::BadTags(_)
            | Self::BadPolicy
            | Self::OnDemand
            | Self::NoRoomForTags
            | Self::RefusedLately { .. }
            | Self::StreamCeiling => true,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
