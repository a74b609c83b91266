// SPDX-License-Identifier: Apache-2.0
//! What a person can do, as a sentence with the command where there is one.

mod commands;
mod refused;
mod saving;

use kinesis_model::ShardCount;
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use scaler_core::{Cause, TAG_MANAGED, TAG_NOTICES, TAG_RESIZES, TAG_SHARD_METRICS, TAG_SHARDS_MAX};

pub use commands::{StreamCommand, operand, option_value};
pub(crate) use refused::{TAGS_ADVICE, refusal_advice};
pub use saving::saving_command;

/// What a person can do about a stream that does not get what it needs.
pub fn advice(cause: &Cause, stream: &str) -> String {
    match cause {
        Cause::BadTags(faults) => {
            let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
            format!(
                "Correct the tag ({}) on the stream. Until then the scaler does not change the stream.",
                keys.join(", ")
            )
        }
        Cause::BadPolicy => "Change the stream's tags or the stack's parameters so that they do not contradict \
            each other."
            .to_owned(),
        Cause::OnDemand => format!(
            "Switch the stream to provisioned mode (not possible with queues, channels or AUTO record \
             distribution), or remove its tag: {}",
            StreamCommand::Untag(TAG_MANAGED).text(None, stream)
        ),
        Cause::NoRoomForTags => {
            format!(
                "Remove two of the stream's tags, so that there is room for {TAG_RESIZES} and \
                {TAG_NOTICES}. Until then the scaler does not change the stream."
            )
        }
        Cause::RefusedLately { at } => format!(
            "Read the function's log at {}: it has AWS's reason. If a permission is missing, see the role's \
             policy and the stack's parameter TagConditions.",
            at.strftime("%Y-%m-%d %H:%MZ")
        ),
        Cause::HotShardSuspected => format!(
            "Switch on shard-level metrics (charged), so that the scaler finds and splits a hot shard: {}; or \
             look for a hot key: shardctl keys sample --stream{}",
            StreamCommand::Tag(&format!("{TAG_SHARD_METRICS}=true")).text(None, stream),
            option_value(stream)
        ),
        Cause::HotKey { shard } => format!(
            "Find the key, and write its records under several keys: shardctl keys sample --stream{} --shard \
             {shard}",
            option_value(stream)
        ),
        Cause::LoweredToMax { max, wanted } => raise_maximum(stream, *max, *wanted),
        Cause::BudgetSpent { next } => {
            format!("Wait until {}. If this happens every day, raise the minimum.", next.strftime("%Y-%m-%d %H:%MZ"))
        }
        Cause::DailyLimitReached { until } => format!(
            "Wait: the scaler tries again at {}. If nobody else resizes the stream, check whether something \
             removes its tag {TAG_RESIZES}.",
            until.strftime("%Y-%m-%d %H:%MZ")
        ),
        Cause::AccountQuota => "Ask AWS for a higher shard quota in this account and Region.".to_owned(),
        Cause::StreamCeiling => several_streams(),
    }
}

fn raise_maximum(stream: &str, max: ShardCount, wanted: ShardCount) -> String {
    if max.get() >= SHARDS_PER_STREAM_MAX {
        return several_streams();
    }
    let tag = format!("{TAG_SHARDS_MAX}={}", wanted.get().min(SHARDS_PER_STREAM_MAX));
    format!("Raise the maximum: {}", StreamCommand::Tag(&tag).text(None, stream))
}

fn several_streams() -> String {
    format!(
        "Spread the load over several streams. AWS resizes no stream above {SHARDS_PER_STREAM_MAX} shards, so \
         the highest maximum is {TAG_SHARDS_MAX}={SHARDS_PER_STREAM_MAX}"
    )
}
