//! Every calculation and every choice of kinesis-scaler, as plain functions of their arguments.
//!
//! Start at [`decide`]: what the operator wants ([`Policy`]) and what was seen ([`Observation`]) go in, one explained
//! [`Decision`] comes out. Nothing here reads a clock, the environment or the network.

mod alarms;
mod constrain;
mod decision;
mod demand;
mod direction;
mod enrolment;
mod history;
pub mod limits;
mod observation;
mod policy;
mod reason;
mod recommend;
pub mod sizing;
mod step;
mod units;

pub use alarms::{AlarmExpression, ScalingAlarm, scaling_alarm, scaling_alarm_name};
pub use decision::{Decision, Verdict, admit, decide};
pub use demand::{Demand, Limit};
pub use direction::Direction;
pub use enrolment::{Enrolment, Overrides, TAG_MANAGED, TAG_PREFIX, TAG_RESIZES, TagFault};
pub use history::{Attempt, AttemptKind, ResizeHistory};
pub use observation::{AccountShards, MetricWindow, Minute, Observation, StreamMode, StreamState, StreamStatus};
pub use policy::{Policy, PolicyFault, PolicySpec, parse_whole};
pub use reason::{Reason, Stage};
pub use step::Step;
pub use units::{MicroUsd, ShardCount};
