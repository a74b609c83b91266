//! Every calculation and every choice of kinesis-scaler, as plain functions of their arguments.
//!
//! Start at [`decide`]: what the operator wants ([`Policy`]) and what was seen ([`Observation`]) go in, one explained
//! [`Decision`] comes out. Nothing here reads a clock, the environment or the network.

mod advice;
mod alarm_set;
mod alarms;
mod care;
pub mod commands;
pub mod compare;
mod constrain;
pub mod cost;
mod decision;
mod demand;
mod direction;
mod enrolment;
mod hash_key;
mod history;
pub mod keys;
pub mod limits;
mod load_history;
pub mod migration;
mod notices;
pub mod num;
pub mod number;
mod observation;
pub mod paper;
mod plan;
mod policy;
pub mod prices;
mod rate;
mod reason;
mod rebalance;
mod recommend;
mod reshard;
pub mod resize_time;
mod risk;
mod scaling_alarms;
mod shard_load;
pub mod sizing;
mod spread;
mod step;
mod units;
mod watch_alarms;

pub use alarm_set::{AlarmActions, stream_alarms};
pub use alarms::{
    ALARM_PREFIX, AlarmExpression, AlarmKind, AlarmMetric, SHARDS_ID, StreamAlarm, TAG_MADE_BY, Watch, alarm_name,
    signature, signed_by, stream_of_alarm,
};
pub use care::{Care, ROUND_MINUTES, SYNC_MINUTES, care, is_due, is_plan_due};
pub use decision::{Decision, Verdict, admit, decide, may_plan};
pub use demand::{Demand, Limit};
pub use direction::Direction;
pub use enrolment::{
    Enrolment, Overrides, TAG_BUDGET, TAG_MANAGED, TAG_NOTICES, TAG_PREFIX, TAG_RESIZES, TAG_SHARD_METRICS,
    TAG_SHARDS_MAX, TAG_SHARDS_MIN, TagFault,
};
pub use hash_key::{HashKeyRange, OpenShard, hash_key};
pub use history::{Attempt, AttemptKind, ResizeHistory};
pub use load_history::{LoadHistory, PAST_MINUTES};
pub use notices::NoticeMemory;
pub use observation::{
    AccountShards, MetricWindow, Minute, Observation, ShardWindow, StreamMode, StreamState, StreamStatus,
};
pub use plan::{Plan, PlannedSpan, plan_ahead};
pub use policy::{Policy, PolicyFault, PolicySpec, parse_whole};
pub use prices::shard_hour;
pub use rate::TokenBucket;
pub use reason::{Instead, Reason, Stage};
pub use rebalance::{Rebalance, rebalance};
pub use reshard::{KeyLoad, Operation, ReshardPlan, ReshardTerms, ShardCall, load_within, plan_reshard};
pub use risk::{RISK_WORDS, Risk, UnknownRisk};
pub use scaling_alarms::scaling_alarm;
pub use shard_load::{ShardLoad, shard_loads};
pub use spread::{Heat, Resharding, hot_shards};
pub use step::Step;
pub use units::{MicroUsd, NotUsd, ShardCount, thousands};
