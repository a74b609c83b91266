// SPDX-License-Identifier: Apache-2.0
//! What Kinesis refuses of `CreateStream`, `UpdateShardCount`, `SplitShard` and `MergeShards`, with its error types and texts.
//!
//! Source: Kinesis API reference, `UpdateShardCount` (read 2026-11), unless a line says otherwise.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::StreamMode;
use kinesis_model::limits::{RESIZES_PER_DAY, SHARDS_PER_STREAM_MAX};

/// One `UpdateShardCount` call and all that decides whether it is accepted.
#[derive(Debug, Clone)]
pub struct Resize<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The account that owns it.
    pub account: &'a str,
    /// Its capacity mode.
    pub mode: StreamMode,
    /// Its status: `ACTIVE`, `UPDATING`, `CREATING` or `DELETING`.
    pub status: &'a str,
    /// Its open shards.
    pub open_shards: u32,
    /// The shard count asked for; signed because a request can hold anything.
    pub target: i64,
    /// Open shards of all the account's streams.
    pub account_open_shards: u32,
    /// The account's shard quota.
    pub account_shard_limit: u32,
    /// When earlier calls for this stream were accepted, in any order.
    pub accepted: &'a [Timestamp],
}

/// An error answer of Kinesis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct Refusal {
    /// The name of the exception.
    pub error_type: &'static str,
    /// Its text.
    pub message: String,
}

impl Refusal {
    /// An error answer of that type.
    pub fn new(error_type: &'static str, message: impl Into<String>) -> Self {
        Self { error_type, message: message.into() }
    }

    /// Whether it is the eleventh call of a day that was refused.
    pub fn is_day_spent(&self) -> bool {
        self.error_type == LIMIT_EXCEEDED && self.message.contains(A_DAY)
    }
}

/// How the refusal of the eleventh call ends.
const A_DAY: &str = "times in a rolling 24-hour period.";

const INVALID_ARGUMENT: &str = "InvalidArgumentException";
const LIMIT_EXCEEDED: &str = "LimitExceededException";
const RESOURCE_IN_USE: &str = "ResourceInUseException";
const VALIDATION: &str = "ValidationException";

/// Accepts the call, or says how Kinesis refuses it at `now`. The order of the checks is ours: AWS does not give one.
pub fn check(resize: &Resize<'_>, now: Timestamp) -> Result<(), Refusal> {
    checked_stream(resize)?;
    let target = checked_target(resize)?;
    checked_step(resize, target)?;
    checked_quota(resize, target, now)
}

/// One `SplitShard` or `MergeShards` call, as far as it is about the stream.
#[derive(Debug, Clone)]
pub struct Reshard<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The account that owns it.
    pub account: &'a str,
    /// Its capacity mode.
    pub mode: StreamMode,
    /// Its status, as in [`Resize`].
    pub status: &'a str,
    /// Open shards that the call adds.
    pub added: u32,
    /// Open shards of all the account's streams.
    pub account_open_shards: u32,
    /// The account's shard quota.
    pub account_shard_limit: u32,
    /// A shard of the call that is closed already, if one is.
    pub closed: Option<&'a str>,
}

/// Accepts a split or merge as far as it is about the stream, or says how Kinesis refuses it. What is wrong with its shards
/// and hash keys is told by whoever has them.
pub fn check_reshard(reshard: &Reshard<'_>) -> Result<(), Refusal> {
    let Reshard { stream, account, status, added, account_open_shards, account_shard_limit, .. } = reshard;
    if reshard.mode == StreamMode::OnDemand {
        return refuse(
            VALIDATION,
            format!(
                "Stream {stream} under account {account} is in ON_DEMAND mode: its shards are not split or merged."
            ),
        );
    }
    check_active(stream, account, status)?;
    if let Some(shard) = reshard.closed {
        return refuse(
            RESOURCE_IN_USE,
            format!(
                "Shard {shard} in stream {stream} under account {account} has already been merged or split, and thus is \
                 not eligible for merging or splitting."
            ),
        );
    }
    if account_open_shards.saturating_add(*added) > *account_shard_limit {
        return refuse(LIMIT_EXCEEDED, over_account_limit(account, *account_open_shards, *account_shard_limit, *added));
    }
    Ok(())
}

/// Accepts a call that only an ACTIVE stream takes, as far as its status goes.
pub fn check_active(stream: &str, account: &str, status: &str) -> Result<(), Refusal> {
    if status == "ACTIVE" {
        return Ok(());
    }
    refuse(RESOURCE_IN_USE, format!("Stream {stream} under account {account} not ACTIVE, instead in state {status}"))
}

/// Accepts a new stream with so many shards as far as the account's quota goes, of which `open` are in use.
pub fn check_creation(account: &str, added: u32, open: u32, limit: u32) -> Result<(), Refusal> {
    if open.saturating_add(added) > limit {
        return refuse(LIMIT_EXCEEDED, over_account_limit(account, open, limit, added));
    }
    Ok(())
}

fn over_account_limit(account: &str, open: u32, limit: u32, added: u32) -> String {
    format!(
        "This request would exceed the shard limit for the account {account}. Current shard count for the account: \
         {open}. Limit: {limit}. Number of additional shards that would have resulted from this request: {added}."
    )
}

fn refuse(error_type: &'static str, message: String) -> Result<(), Refusal> {
    Err(Refusal::new(error_type, message))
}

fn checked_stream(resize: &Resize<'_>) -> Result<(), Refusal> {
    let Resize { stream, account, status, .. } = resize;
    if resize.mode == StreamMode::OnDemand {
        return refuse(
            VALIDATION,
            format!("Stream {stream} under account {account} is in ON_DEMAND mode: its shard count cannot be updated."),
        );
    }
    check_active(stream, account, status)
}

fn checked_target(resize: &Resize<'_>) -> Result<u32, Refusal> {
    let target = resize.target;
    if target < 1 {
        refuse(
            VALIDATION,
            format!(
                "1 validation error detected: Value '{target}' at 'targetShardCount' failed to satisfy constraint: \
                 Member must have value greater than or equal to 1"
            ),
        )?;
    }
    u32::try_from(target).ok().filter(|target| *target <= SHARDS_PER_STREAM_MAX).ok_or_else(|| Refusal {
        error_type: LIMIT_EXCEEDED,
        message: format!(
            "A stream cannot be scaled above {SHARDS_PER_STREAM_MAX} shards. Target shard count: {target}"
        ),
    })
}

/// Whether a step beyond double or half is `InvalidArgumentException` or `LimitExceededException` is unverified:
/// emulators disagree (`docs/aws-facts.md#resharding`). The text for double was seen in public; the one for half follows it. Half rounds
/// up, which satisfies the documented rule whichever way the service rounds.
fn checked_step(resize: &Resize<'_>, target: u32) -> Result<(), Refusal> {
    let open = resize.open_shards;
    let counts = format!("Current open shard count: {open} Target shard count: {target}");
    if target == open {
        return refuse(
            INVALID_ARGUMENT,
            format!("TargetShardCount {target} is the same as the current shard count {open}."),
        );
    }
    if target > open.saturating_mul(2) {
        return refuse(
            INVALID_ARGUMENT,
            format!("UpdateShardCount cannot scale up over double your current open shard count. {counts}"),
        );
    }
    if target < open.div_ceil(2) {
        return refuse(
            INVALID_ARGUMENT,
            format!("UpdateShardCount cannot scale down below half your current open shard count. {counts}"),
        );
    }
    Ok(())
}

fn checked_quota(resize: &Resize<'_>, target: u32, now: Timestamp) -> Result<(), Refusal> {
    let Resize { stream, account, account_open_shards, account_shard_limit, .. } = resize;
    let added = target.saturating_sub(resize.open_shards);
    if added > 0 && account_open_shards.saturating_add(added) > *account_shard_limit {
        return refuse(LIMIT_EXCEEDED, over_account_limit(account, *account_open_shards, *account_shard_limit, added));
    }
    let recent = resize.accepted.iter().filter(|at| now.duration_since(**at) < SignedDuration::from_hours(24)).count();
    if recent >= RESIZES_PER_DAY as usize {
        return refuse(
            LIMIT_EXCEEDED,
            format!(
                "Rate exceeded for stream {stream} under account {account}: UpdateShardCount can be called at most \
                 {RESIZES_PER_DAY} {A_DAY}"
            ),
        );
    }
    Ok(())
}
