//! Every calculation and every choice of kinesis-scaler, as plain functions of their arguments.
//!
//! Start at [`decide`]: what the operator wants ([`Policy`]) and what was seen ([`Observation`]) go in, one explained
//! [`Decision`] comes out. Nothing here reads a clock, the environment or the network.

mod alarm_set;
mod alarms;
pub mod compare;
pub mod cost;
mod decide;
mod demand;
mod desired_alarms;
mod direction;
mod enrolment;
mod forecast;
mod hash_key;
mod history;
mod hot_shard;
mod intent;
pub mod keys;
pub mod limits;
mod load_history;
pub mod migration;
mod need;
mod notices;
pub mod number;
mod observation;
pub mod paper;
mod plan;
mod planned;
mod policy;
pub mod prices;
mod rate;
mod rebalance;
mod reshard;
mod risk;
mod scaling_alarms;
mod shard_load;
pub mod sizing;
mod units;
mod watch_alarms;

pub use alarm_set::{AlarmActions, stream_alarms};
pub use alarms::{
    ALARM_PREFIX, AlarmExpression, AlarmKind, AlarmMetric, SHARDS_ID, StreamAlarm, TAG_MADE_BY, Watch, alarm_name,
    signature, signed_by, stream_of_alarm,
};
pub use decide::{
    AdmitReason, BoundsReason, BudgetReason, Cause, ConsumersReason, CooldownReason, Decision, DirectionReason, HotKey,
    HotShardsReason, NoneLeft, Progress, QuotaReason, Reason, RecommendReason, Resharding, Stage, Step,
    StepFactorReason, TooFull, UnevenLoadReason, UnknownLoad, Verdict, admit, decide, may_plan,
};
pub use demand::{Demand, Limit};
pub use desired_alarms::{DesiredAlarms, ROUND_MINUTES, SYNC_MINUTES, is_due, is_plan_due};
pub use direction::Direction;
pub use enrolment::{
    Enrolment, Overrides, TAG_BUDGET, TAG_MANAGED, TAG_NOTICES, TAG_PREFIX, TAG_RESIZES, TAG_SHARD_METRICS,
    TAG_SHARDS_MAX, TAG_SHARDS_MIN, TagFault,
};
pub use hash_key::{HashKeyRange, OpenShard, hash_key};
pub use history::{Attempt, AttemptKind, ResizeHistory};
pub use hot_shard::{HotShardKind, hot_shards};
pub use intent::{Intent, Order};
pub use load_history::{LoadHistory, PAST_MINUTES};
pub use need::{Fetched, Need};
pub use notices::NoticeMemory;
pub use observation::{
    AccountShards, MetricWindow, Minute, Observation, ShardWindow, StreamMode, StreamState, StreamStatus,
};
pub use plan::{Plan, PlannedSpan};
pub use planned::plan_ahead;
pub use policy::{Policy, PolicyFault, PolicySpec, parse_whole};
pub use prices::shard_hour;
pub use rate::TokenBucket;
pub use rebalance::{Rebalance, rebalance};
pub use reshard::{KeyLoad, Operation, ReshardPlan, ReshardTerms, ShardCall, load_within, plan_reshard};
pub use risk::{RISK_WORDS, Risk, UnknownRisk};
pub use scaling_alarms::scaling_alarm;
pub use shard_load::{ShardLoad, shard_loads};
pub use units::{MicroUsd, NotUsd, ShardCount, thousands};
