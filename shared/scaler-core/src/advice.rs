//! What a person is told to do where a decision needs one: a short name for the cause, and the next step.

use crate::enrolment::{TAG_MANAGED, TAG_SHARDS_MAX};
use crate::reason::Reason;

impl Reason {
    /// A short name for the cause, by which the same one is not told twice; letters and hyphens only, so that it fits a tag.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::BadTags(_) => "bad-tags",
            Self::BadPolicy(_) => "bad-policy",
            Self::OnDemand => "on-demand",
            Self::RefusedLately { .. } => "refused",
            Self::HotShardSuspected { .. } => "hot-shard",
            Self::LoweredToMax { .. } => "max",
            Self::BudgetSpent { .. } => "budget",
            Self::AccountQuota { .. } => "quota",
            Self::StreamCeiling(_) => "ceiling",
            _ => "other",
        }
    }

    /// What a person can do about it, as a sentence with the command where there is one.
    pub fn advice(&self, stream: &str) -> String {
        match self {
            Self::BadTags(faults) => {
                let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
                format!("Correct the tag ({}) on the stream; until then it is left alone.", keys.join(", "))
            }
            Self::BadPolicy(_) => "Change the stream's tags or the stack's parameters so that they agree.".to_owned(),
            Self::OnDemand => format!(
                "Switch the stream to provisioned mode, or remove its tag: aws kinesis remove-tags-from-stream \
                 --stream-name {stream} --tag-keys {TAG_MANAGED}"
            ),
            Self::RefusedLately { at, .. } => {
                format!(
                    "Read why in the function's log at {}; for AccessDenied see the role's policy.",
                    at.strftime("%H:%MZ")
                )
            }
            Self::HotShardSuspected { .. } => {
                "Look at the partition keys and at shard-level metrics: equal shards do not help one hot shard or key."
                    .to_owned()
            }
            Self::LoweredToMax { wanted, .. } => format!(
                "Raise the maximum: aws kinesis add-tags-to-stream --stream-name {stream} --tags {TAG_SHARDS_MAX}={wanted}"
            ),
            Self::BudgetSpent { next, .. } => format!(
                "Wait until {}, or split shards by hand; raise the minimum if this happens every day.",
                next.strftime("%Y-%m-%d %H:%MZ")
            ),
            Self::AccountQuota { .. } => "Ask AWS for a higher quota of shards in this account and Region.".to_owned(),
            Self::StreamCeiling(_) => "Spread the load over several streams.".to_owned(),
            _ => "See the log of the function.".to_owned(),
        }
    }
}
