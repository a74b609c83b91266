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
                "Allow kinesis:{} to the role or user. Where its policy asks for the stream's tag, AWS may never allow it, since it \
                 documents no condition on tags for this action: deploy the stack with TagConditions=false. The functions look at \
                 the tag before each call in any case. {}",
                error.call,
                split_words(&error.subject, history)
            )
        }
        Failure::Denied => format!("Allow kinesis:{} to the role or user: see its policy.", error.call),
        Failure::Quota => {
            "AWS's words name the limit; where it is a quota of the account, ask AWS for a higher one.".to_owned()
        }
        _ => "AWS's words say what is wrong.".to_owned(),
    }
}

/// What the stream's history knows of splits and merges. It is written before each call, by whoever makes it, so it does not prove
/// that the function was allowed one.
fn split_words(stream: &str, history: &ResizeHistory) -> String {
    let is_split = |attempt: &&Attempt| attempt.kind == AttemptKind::SplitOrMerge;
    match history.attempts().iter().rfind(is_split) {
        Some(split) => format!(
            "A split or merge was begun at {}: where the function was allowed it, that condition may be what stands in the way.",
            split.at.strftime("%Y-%m-%d %H:%MZ")
        ),
        None => format!(
            "SplitShard and MergeShards, for which AWS documents the condition, may be allowed meanwhile: shardctl scale {} rebalance \
             makes them.",
            operand(stream)
        ),
    }
}
