//! What a person is told to do where a decision needs one: a short name for the cause, and the next step.

use crate::commands::{StreamCommand, option_value};
use crate::direction::Direction;
use crate::reason::{Reason, minute_from};
use crate::settings::{TAG_SHARD_METRICS, TAG_SHARDS_MAX};
use crate::stream::{TAG_MANAGED, TAG_NOTICES, TAG_RESIZES};
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;

impl Reason {
    /// A short name for what a person has to see to, by which the same is not told twice; letters and hyphens only, so that it
    /// fits a tag. `None` where nobody is needed.
    pub fn cause(&self) -> Option<&'static str> {
        Some(match self {
            Self::BadTags(_) => "bad-tags",
            Self::BadPolicy(_) => "bad-policy",
            Self::OnDemand => "on-demand",
            Self::NoRoomForTags { .. } => "tags",
            Self::RefusedLately { .. } => "refused",
            Self::StreamCeiling(_) => "ceiling",
            Self::HotShardSuspected { .. } => "hot-shard",
            Self::HotKey { .. } => "hot-key",
            Self::LoweredToMax { .. } => "max",
            Self::BudgetSpent { .. } | Self::DaySpent { .. } => "budget",
            Self::AccountQuota { .. } => "quota",
            Self::NotManaged
            | Self::Deleting
            | Self::NotActive(_)
            | Self::Load { .. }
            | Self::Planned { .. }
            | Self::WithinTolerance { .. }
            | Self::BurstsWithinMinutes { .. }
            | Self::StillFalling { .. }
            | Self::NoData { .. }
            | Self::NoDataSinceResize { .. }
            | Self::NotEnoughData { .. }
            | Self::SplitsUnfinished { .. }
            | Self::MeasuringShards
            | Self::ShardsUnknown
            | Self::HotShard { .. }
            | Self::WideShard { .. }
            | Self::SplitsInstead { .. }
            | Self::Ordered { .. }
            | Self::UnevenLoad { .. }
            | Self::WithinBounds
            | Self::RaisedToMin(_)
            | Self::AsOrdered
            | Self::OverMax { .. }
            | Self::RightDirection
            | Self::OtherDirection(_)
            | Self::MoreForConsumers
            | Self::ConsumersKeepUp { .. }
            | Self::LagUnknown
            | Self::ConsumersBehind { .. }
            | Self::ConsumersSilent
            | Self::ReadThrottled { .. }
            | Self::ReadVolume(_)
            | Self::CooldownOver
            | Self::CoolingDown { .. }
            | Self::BudgetLeft { .. }
            | Self::MadeToLast { .. }
            | Self::NotWorthOneOfFew { .. }
            | Self::WayBack { .. }
            | Self::ReservedForScaleOut { .. }
            | Self::WithinStep
            | Self::LimitedToDouble(_)
            | Self::LimitedToHalf(_)
            | Self::WithinQuota
            | Self::QuotaUnknown => return None,
        })
    }

    /// Whether a person should know, when this stands in the way of a change in `direction`: the stream is not getting what
    /// it needs, or is not looked after, and will not be by itself. Scale-in that has to wait costs money and nothing else.
    pub fn needs_a_person(&self, direction: Direction) -> bool {
        let only_for_scale_out = matches!(
            self,
            Self::HotShardSuspected { .. }
                | Self::HotKey { .. }
                | Self::LoweredToMax { .. }
                | Self::BudgetSpent { .. }
                | Self::DaySpent { .. }
                | Self::AccountQuota { .. }
        );
        self.cause().is_some() && (direction == Direction::Out || !only_for_scale_out)
    }

    /// What a person can do about it, as a sentence with the command where there is one; `None` where nobody is needed.
    pub fn advice(&self, stream: &str) -> Option<String> {
        self.cause()?;
        Some(match self {
            Self::BadTags(faults) => {
                let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
                format!("Correct the tag ({}) on the stream; until then it is left alone.", keys.join(", "))
            }
            Self::BadPolicy(_) => "Change the stream's tags or the stack's parameters so that they agree.".to_owned(),
            Self::OnDemand => format!(
                "Switch the stream to provisioned mode (which it cannot be in with queues, channels or AUTO record distribution), or \
                 remove its tag: {}",
                StreamCommand::Untag(TAG_MANAGED).text(None, stream)
            ),
            Self::RefusedLately { at, .. } => {
                format!(
                    "Read why in the function's log at {}. Where a permission lacks, see the role's policy and the stack's parameter \
                     TagConditions.",
                    at.strftime("%Y-%m-%d %H:%MZ")
                )
            }
            Self::HotShardSuspected { .. } => format!(
                "Have its shards measured, which is charged, and a hot one is split: {}; or look for a hot key: shardctl keys \
                 sample --stream{}",
                StreamCommand::Tag(&format!("{TAG_SHARD_METRICS}=true")).text(None, stream),
                option_value(stream)
            ),
            Self::HotKey { shard, .. } => format!(
                "Find the key and write it under several: shardctl keys sample --stream{} --shard {shard}",
                option_value(stream)
            ),
            Self::LoweredToMax { max, .. } if max.get() >= SHARDS_PER_STREAM_MAX => several_streams(),
            Self::LoweredToMax { wanted, .. } => {
                let tag = format!("{TAG_SHARDS_MAX}={}", wanted.get().min(SHARDS_PER_STREAM_MAX));
                format!("Raise the maximum: {}", StreamCommand::Tag(&tag).text(None, stream))
            }
            Self::BudgetSpent { next, .. } => {
                format!(
                    "Wait until {}; raise the minimum if this happens every day.",
                    minute_from(*next).strftime("%Y-%m-%d %H:%MZ")
                )
            }
            Self::DaySpent { until, .. } => format!(
                "Wait: AWS is asked again at {}. If nobody else resizes the stream, see whether something removes its tag {TAG_RESIZES}.",
                minute_from(*until).strftime("%Y-%m-%d %H:%MZ")
            ),
            Self::NoRoomForTags { .. } => format!(
                "Remove two of its tags: {TAG_RESIZES} and {TAG_NOTICES} need room. Until then it is not scaled."
            ),
            Self::AccountQuota { .. } => "Ask AWS for a higher quota of shards in this account and Region.".to_owned(),
            Self::StreamCeiling(_) => several_streams(),
            // None of these has a cause.
            _ => return None,
        })
    }
}

fn several_streams() -> String {
    format!(
        "Spread the load over several streams: no stream may have more shards, and so the most is {TAG_SHARDS_MAX}={SHARDS_PER_STREAM_MAX}"
    )
}
