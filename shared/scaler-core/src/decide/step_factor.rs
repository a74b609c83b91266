// SPDX-License-Identifier: Apache-2.0
//! One call may at most double, and at most halve (rounded up).

use std::fmt;

use jiff::Timestamp;

use super::context::{Context, Proposal, StageResult, propose};
use super::words::{Explain, shards};
use kinesis_model::ShardCount;

/// What one call can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepFactorReason {
    /// One call can do it.
    WithinStep,
    /// One call may at most double; a later pass goes on.
    LimitedToDouble(ShardCount),
    /// One call may at most halve; a later pass goes on.
    LimitedToHalf(ShardCount),
}

/// As far as one call goes. A split or merge changes the count by one.
pub(crate) fn step_factor(context: &Context<'_>, proposal: &Proposal) -> StageResult<StepFactorReason> {
    if proposal.resharding.is_some() {
        return Ok(None);
    }
    let (least, most, wanted) = (context.current.halved(), context.current.doubled(), proposal.shards);
    match wanted {
        _ if wanted > most => propose(most, StepFactorReason::LimitedToDouble(wanted)),
        _ if wanted < least => propose(least, StepFactorReason::LimitedToHalf(wanted)),
        _ => propose(wanted, StepFactorReason::WithinStep),
    }
}

impl Explain for StepFactorReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, _: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::WithinStep => f.write_str("one UpdateShardCount call can make the change"),
            Self::LimitedToDouble(wanted) => write!(
                f,
                "{} would be more than double, and AWS at most doubles \
                in one resize: a later evaluation continues",
                shards(wanted.get())
            ),
            Self::LimitedToHalf(wanted) => write!(
                f,
                "{} would be less than half, and AWS at most halves in one \
                resize: a later evaluation continues",
                shards(wanted.get())
            ),
        }
    }
}
