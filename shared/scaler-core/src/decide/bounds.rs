// SPDX-License-Identifier: Apache-2.0
//! The operator's minimum and maximum, or the count that a person orders.

use std::fmt;

use jiff::Timestamp;

use super::cause::Cause;
use super::context::{Context, Proposal, StageResult, propose};
use super::words::{Explain, shards};
use crate::direction::Direction;
use kinesis_model::ShardCount;

/// What the bounds come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoundsReason {
    /// Inside the operator's bounds.
    WithinBounds,
    /// Raised to the operator's minimum.
    RaisedToMin(ShardCount),
    /// A person orders a count.
    AsOrdered,
    /// The operator's maximum caps growth.
    LoweredToMax {
        /// The maximum.
        max: ShardCount,
        /// What was wanted.
        wanted: ShardCount,
    },
    /// Over the operator's maximum already, and not known to need less: not taken away.
    OverMax {
        /// The maximum.
        max: ShardCount,
    },
}

/// The maximum caps growth. It never takes away what the load needs: a large stream that is enrolled under a small maximum
/// is not cut in half, but told about.
pub(crate) fn bounds(context: &Context<'_>, proposal: &Proposal) -> StageResult<BoundsReason> {
    let (min, max, wanted) = (context.min, context.max, proposal.shards);
    let (shards, reason) = match wanted {
        _ if wanted < min => (min, BoundsReason::RaisedToMin(min)),
        _ if wanted > max && wanted > context.current && context.direction == Direction::Out => {
            (max.max(context.current), BoundsReason::LoweredToMax { max, wanted })
        }
        _ if wanted > max => (wanted, BoundsReason::OverMax { max }),
        _ => (wanted, BoundsReason::WithinBounds),
    };
    propose(shards, if context.order.is_some() { BoundsReason::AsOrdered } else { reason })
}

impl Explain for BoundsReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, _: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::WithinBounds => f.write_str("the count is within the minimum and the maximum"),
            Self::RaisedToMin(min) => write!(f, "the minimum is {}", shards(min.get())),
            Self::AsOrdered => f.write_str("an operator ordered this count"),
            Self::LoweredToMax { max, wanted } => {
                write!(
                    f,
                    "{wanted} shards are needed and the maximum is {max}: raise kinesis-scaler/shards-max \
                    to allow more"
                )
            }
            Self::OverMax { max } => write!(
                f,
                "the stream has more shards than its maximum of {max}: the maximum stops growth, and never \
                 removes shards that the load needs"
            ),
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self {
            Self::LoweredToMax { max, wanted } => Some(Cause::LoweredToMax { max: *max, wanted: *wanted }),
            Self::WithinBounds | Self::RaisedToMin(_) | Self::AsOrdered | Self::OverMax { .. } => None,
        }
    }

    fn is_always_told(&self, _: bool) -> bool {
        matches!(self, Self::OverMax { .. })
    }
}
