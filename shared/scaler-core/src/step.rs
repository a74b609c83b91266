//! What each stage of a decision is given, and what it gives.

use jiff::Timestamp;

use crate::direction::Direction;
use crate::plan::Plan;
use crate::policy::Policy;
use crate::reason::{Reason, Stage};
use crate::stream::Observation;
use kinesis_model::ShardCount;

/// One stage's outcome: the count after it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which stage.
    pub stage: Stage,
    /// The count after it.
    pub shards: ShardCount,
    /// Why.
    pub reason: Reason,
}

/// What every stage looks at.
pub(crate) struct Context<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) seen: &'a Observation,
    pub(crate) direction: Direction,
    pub(crate) current: ShardCount,
    pub(crate) now: Timestamp,
    /// The next day, where the past tells enough of it.
    pub(crate) plan: Option<Plan>,
}
