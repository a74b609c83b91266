// SPDX-License-Identifier: Apache-2.0
//! Was the last attempt to resize, even a refused one, long enough ago?

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::cause::Cause;
use super::context::{Context, Proposal, StageResult, propose};
use super::words::{Explain, minute, second};
use crate::stream::AttemptKind;

/// What the cooldown comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CooldownReason {
    /// No attempt lately, or a person's order, which does not wait.
    CooldownOver,
    /// AWS refused the last attempt, and it is too soon for the next.
    RefusedLately {
        /// When it was.
        at: Timestamp,
        /// When the next may be made.
        until: Timestamp,
    },
    /// The last attempt was too recent.
    CoolingDown {
        /// When the next may be made.
        until: Timestamp,
    },
}

/// Holds until the cooldown of this direction is over. A person's order does not wait.
///
/// `may_plan` in `context.rs` asks the same before there is any proposal.
pub(crate) fn cooldown(context: &Context<'_>, proposal: &Proposal) -> StageResult<CooldownReason> {
    let Some(last) = context.history.last_before_cooldown(context.direction) else {
        return propose(proposal.shards, CooldownReason::CooldownOver);
    };
    let length = match context.order {
        Some(_) => SignedDuration::ZERO,
        None => context.policy.cooldown(context.direction),
    };
    // An overflow can only come of a tampered history far in the future: hold, and show the time that is to blame.
    let until = last.at.checked_add(length).unwrap_or(last.at);
    match last.kind {
        _ if context.now >= until => propose(proposal.shards, CooldownReason::CooldownOver),
        AttemptKind::Refused => propose(context.current, CooldownReason::RefusedLately { at: last.at, until }),
        AttemptKind::Unanswered(_)
        | AttemptKind::NotMade
        | AttemptKind::ScaleOut
        | AttemptKind::ScaleIn
        | AttemptKind::External
        | AttemptKind::SplitOrMerge
        | AttemptKind::DailyLimitReached => propose(context.current, CooldownReason::CoolingDown { until }),
    }
}

impl Explain for CooldownReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, now: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::CooldownOver => f.write_str("the cooldown is over"),
            Self::CoolingDown { until } => write!(f, "the cooldown lasts until {}", second(*until, now)),
            Self::RefusedLately { at, until } => write!(
                f,
                "AWS refused the attempt at {} (the log says why); the next attempt is possible at {}",
                minute(*at, now),
                second(*until, now)
            ),
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self {
            Self::RefusedLately { at, .. } => Some(Cause::RefusedLately { at: *at }),
            Self::CooldownOver | Self::CoolingDown { .. } => None,
        }
    }
}
