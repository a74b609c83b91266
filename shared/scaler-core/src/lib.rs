// SPDX-License-Identifier: Apache-2.0
//! Every calculation and every choice of kinesis-scaler, as plain functions of their arguments.
//!
//! Start at [`decide`]: what the operator wants ([`Policy`]) and what was seen ([`Observation`]) go in, one explained
//! [`Decision`] comes out. Nothing here reads a clock, the environment or the network.

mod alarms;
mod decide;
mod desired_alarms;
mod direction;
mod hot_shard_kind;
mod intent;
mod need;
mod plan;
mod policy;
mod rebalance;
mod reshard;
mod risk;
pub mod settings;
mod stream;

pub use alarms::{
    ALARM_PREFIX, AlarmActions, AlarmExpression, AlarmKind, AlarmMetric, SHARDS_ID, StreamAlarm, TAG_MADE_BY, Watch,
    alarm_name, scaling_alarm, signature, signed_by, stream_alarms, stream_of_alarm,
};
pub use decide::{
    AdmitReason, BoundsReason, BudgetReason, Cause, ConsumersReason, CooldownReason, Decision, DirectionReason, HotKey,
    HotShardsReason, NoneLeft, Observation, Progress, QuotaReason, Reason, RecommendReason, Resharding, Stage, Step,
    StepFactorReason, TooFull, UnevenLoadReason, UnknownLoad, Verdict, admit, decide, may_plan,
};
pub use desired_alarms::{DesiredAlarms, FULL_SYNC_MINUTES, SYNC_MINUTES, is_full_sync_due, is_plan_due};
pub use direction::Direction;
pub use hot_shard_kind::{HotShardKind, classify_hot_shards};
pub use intent::{Intent, Order};
pub use need::{Fetched, Need};
pub use plan::{Plan, PlannedSpan, plan_ahead};
pub use policy::{Policy, PolicyFault};
pub use rebalance::{Rebalance, rebalance};
pub use reshard::{KeyLoad, Operation, ReshardLimits, ReshardPlan, ShardCall, load_within, plan_reshard};
pub use risk::Risk;
pub use settings::{PolicySpec, TAG_DRY_RUN, TAG_SHARD_METRICS, TAG_SHARDS_MAX, TAG_SHARDS_MIN};
pub use stream::{
    Attempt, AttemptKind, HISTORY_MINUTES, LoadHistory, NoticeMemory, Overrides, ResizeHistory, ShardLoad, ShardWindow,
    StreamTags, TAG_BUDGET, TAG_MANAGED, TAG_NOTICES, TAG_PREFIX, TAG_RESIZES, TagFault, shard_loads,
};
