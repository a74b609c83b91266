// SPDX-License-Identifier: Apache-2.0
//! The alarms that a stream should have.

mod alarm;
mod scaling;
mod set;
mod watch;

pub use alarm::{
    ALARM_PREFIX, AlarmExpression, AlarmKind, AlarmMetric, SHARDS_ID, StreamAlarm, TAG_MADE_BY, Watch, alarm_name,
    signature, signed_by, stream_of_alarm,
};
pub use scaling::scaling_alarm;
pub use set::{AlarmActions, stream_alarms};
