// SPDX-License-Identifier: Apache-2.0
//! What a pass is asked to do with a stream.

use crate::policy::Policy;
use crate::stream::StreamTags;
use kinesis_model::ShardCount;

/// What a pass is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Scale as the load asks for, unless the stack or the stream is in dry run.
    Auto,
    /// Say what would be done, and change nothing.
    DryRun,
    /// Carry out a person's order.
    Exactly(Order),
}

/// A person's order for a shard count. Bounds, cooldowns and the reserve for scale-out give way to it; capacity that the load or
/// the consumers need does not. Where: `decide/admit.rs` and `decide/context.rs` (bounds), `decide/cooldown.rs`, `decide/budget.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The count.
    pub shards: ShardCount,
    /// Whether it is only to be said what would be done.
    pub dry_run: bool,
    /// Whether minutes of which CloudWatch knows nothing count as idle: the person says so.
    pub unknown_is_idle: bool,
}

impl Intent {
    /// The order, where it is one.
    pub const fn order(self) -> Option<Order> {
        match self {
            Self::Auto | Self::DryRun => None,
            Self::Exactly(order) => Some(order),
        }
    }

    /// Whether the stream must not be changed. The stack's dry run holds what alarms cause, and not what a person orders; the
    /// stream's own tag holds both.
    pub fn is_dry_run(self, stack: &Policy, tags: &StreamTags) -> bool {
        match self {
            Self::Auto => tags.is_dry_run(stack),
            Self::DryRun => true,
            Self::Exactly(order) => order.dry_run || tags.overrides.is_dry_run(),
        }
    }
}
