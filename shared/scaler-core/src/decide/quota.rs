// SPDX-License-Identifier: Apache-2.0
//! AWS's ceiling for one stream, and the account's shard quota.

use std::fmt;

use jiff::Timestamp;

use super::cause::Cause;
use super::context::{Context, Proposal, StageResult, propose};
use super::words::Explain;
use crate::direction::Direction;
use crate::need::{Fetched, Need};
use kinesis_model::ShardCount;
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;

/// What the quotas come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaReason {
    /// Quotas leave room.
    WithinQuota,
    /// The account's quota could not be read: AWS will say.
    QuotaUnknown,
    /// The account and Region have no more shards than this for the stream.
    AccountQuota {
        /// Shards the account still has.
        left: u32,
        /// What was wanted.
        wanted: ShardCount,
    },
    /// No stream may have more.
    StreamCeiling(ShardCount),
}

/// As far as the quotas go. The account's is read only where a stream is about to grow: `DescribeLimits` allows one call a second
/// for the whole account.
pub(crate) fn quota(context: &Context<'_>, proposal: &Proposal) -> StageResult<QuotaReason> {
    let (current, wanted) = (context.current, proposal.shards);
    let ceiling = ShardCount::saturating(u64::from(SHARDS_PER_STREAM_MAX));
    if wanted > ceiling {
        // Possible only above the ceiling already, where half is still too many for AWS: a person has to split the way.
        return propose(current, QuotaReason::StreamCeiling(ceiling));
    }
    if context.direction == Direction::In {
        return propose(wanted, QuotaReason::WithinQuota);
    }
    let account = match context.account {
        Fetched::NotYet if context.dry_run => None,
        account => account.or_need(Need::Quota)?,
    };
    let Some(account) = account else { return propose(wanted, QuotaReason::QuotaUnknown) };
    let left = account.limit.saturating_sub(account.open);
    let most = ShardCount::saturating(u64::from(current.get()) + u64::from(left));
    if wanted > most {
        propose(most, QuotaReason::AccountQuota { left, wanted })
    } else {
        propose(wanted, QuotaReason::WithinQuota)
    }
}

impl Explain for QuotaReason {
    fn write(&self, f: &mut fmt::Formatter<'_>, _: Option<Timestamp>) -> fmt::Result {
        match self {
            Self::WithinQuota => f.write_str("the count is within AWS's shard quotas"),
            Self::QuotaUnknown => f.write_str("the account's shard quota could not be read, so it was not checked"),
            Self::AccountQuota { left, wanted } => write!(
                f,
                "the account has {left} shards left in its quota for this Region, too few for a resize to \
                 {wanted}: ask AWS for a higher quota"
            ),
            Self::StreamCeiling(max) => write!(f, "AWS resizes no stream above {max} shards"),
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self {
            Self::AccountQuota { .. } => Some(Cause::AccountQuota),
            Self::StreamCeiling(_) => Some(Cause::StreamCeiling),
            Self::WithinQuota | Self::QuotaUnknown => None,
        }
    }
}
