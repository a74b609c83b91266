// SPDX-License-Identifier: Apache-2.0
//! Scale-out never shrinks a stream and scale-in never grows one.

use std::fmt;

use jiff::Timestamp;

use super::context::{Context, Proposal, StageResult, propose};
use super::words::{Explain, shards};
use crate::direction::Direction;
use kinesis_model::ShardCount;

/// Whose change it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectionReason {
    /// The change wanted is one of this function's direction.
    RightDirection,
    /// The change wanted is the other function's to make.
    OtherDirection(ShardCount),
}

/// Lets changes of this direction pass.
pub(crate) fn direction(context: &Context<'_>, proposal: &Proposal) -> StageResult<DirectionReason> {
    let (current, wanted) = (context.current, proposal.shards);
    let is_ours = match context.direction {
        Direction::Out => wanted > current,
        Direction::In => wanted < current,
    };
    if is_ours {
        propose(wanted, DirectionReason::RightDirection)
    } else {
        propose(current, DirectionReason::OtherDirection(wanted))
    }
}

impl Explain for DirectionReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, _: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::RightDirection => f.write_str("the change is in the evaluated direction"),
            Self::OtherDirection(wanted) => {
                write!(
                    f,
                    "{} would be a change in the other direction: scale-out never removes shards, and \
                    scale-in never adds any",
                    shards(wanted.get())
                )
            }
        }
    }
}
