// SPDX-License-Identifier: Apache-2.0
//! What a person can do about a call that AWS refused.

use scaler_core::{Attempt, AttemptKind, ResizeHistory};

use super::commands::operand;
use crate::cloud::{CallError, Failure};

/// The calls whose permission the stack's policy ties to the stream's tag though AWS documents no such condition for them. Source:
/// Service Authorization Reference, Kinesis: neither has a condition key.
const TAG_CONDITIONED: [&str; 2] = ["UpdateShardCount", "EnableEnhancedMonitoring"];

/// What to do about a stream on which nothing may be written down.
pub(crate) const TAGS_ADVICE: &str = "Two of the stream's 50 tags must be free, for kinesis-scaler/resizes and kinesis-scaler/notices. A tag policy or SCP must allow these keys with any value. The role or user needs kinesis:AddTagsToStream.";

/// What a person can do about a call that AWS refused.
pub(crate) fn refusal_advice(error: &CallError, history: &ResizeHistory) -> String {
    match error.failure {
        Failure::Denied if TAG_CONDITIONED.contains(&error.call) => {
            format!(
                "Allow kinesis:{} for the role or user. If its policy has a condition on the stream's tag, AWS \
                 may never allow the call, because AWS documents no tag condition for this action: deploy the \
                 stack with TagConditions=false. The functions check the tag before each call in any case. {}",
                error.call,
                split_words(&error.subject, history)
            )
        }
        Failure::Denied => format!("Allow kinesis:{} for the role or user: see its policy.", error.call),
        Failure::Quota => {
            "AWS's message names the limit. If it is a quota of the account, ask AWS for a higher one.".to_owned()
        }
        _ => "AWS's message says what is wrong.".to_owned(),
    }
}

/// What the stream's history knows of splits and merges. It is written before each call, by whoever makes it, so it does not prove
/// that the function was allowed one.
fn split_words(stream: &str, history: &ResizeHistory) -> String {
    let is_split = |attempt: &&Attempt| attempt.kind == AttemptKind::SplitOrMerge;
    match history.attempts().iter().rfind(is_split) {
        Some(split) => format!(
            "A split or merge was started at {}. If the function was allowed to make it, the tag condition may \
             be the cause.",
            split.at.strftime("%Y-%m-%d %H:%MZ")
        ),
        None => format!(
            "SplitShard and MergeShards may be allowed meanwhile, because AWS documents the tag condition for \
             them: shardctl scale {} rebalance makes them.",
            operand(stream)
        ),
    }
}
