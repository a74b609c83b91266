// SPDX-License-Identifier: Apache-2.0
//! Alarms and their states.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::metric::{MetricStat, Query, common_period};
use crate::alarm::{AlarmState, Rule};

/// The states that an alarm has actions for.
pub(super) const STATES: [AlarmState; 3] = [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData];

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmSource {
    /// One statistic.
    Stat(MetricStat),
    /// Metric math; exactly one query returns data.
    Math(Vec<Query>),
}

/// All that `PutMetricAlarm` sets.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmConfig {
    /// Unique name.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Whether transitions run actions.
    pub actions_enabled: bool,
    /// ARNs to run on a transition to OK.
    pub ok_actions: Vec<String>,
    /// ARNs to run on a transition to ALARM.
    pub alarm_actions: Vec<String>,
    /// ARNs to run on a transition to `INSUFFICIENT_DATA`.
    pub insufficient_data_actions: Vec<String>,
    /// What it watches.
    pub source: AlarmSource,
    /// When it fires.
    pub rule: Rule,
}

impl AlarmConfig {
    /// The actions of a state.
    pub fn actions(&self, state: AlarmState) -> &[String] {
        match state {
            AlarmState::Ok => &self.ok_actions,
            AlarmState::Alarm => &self.alarm_actions,
            AlarmState::InsufficientData => &self.insufficient_data_actions,
        }
    }

    pub(super) fn has_action(&self, prefix: &str) -> bool {
        STATES.into_iter().flat_map(|state| self.actions(state)).any(|action| action.starts_with(prefix))
    }

    /// Length of a data point, seconds.
    pub fn period_seconds(&self) -> u32 {
        match &self.source {
            AlarmSource::Stat(stat) => stat.period_seconds,
            AlarmSource::Math(queries) => common_period(queries),
        }
    }
}

/// A state and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRecord {
    /// The state.
    pub value: AlarmState,
    /// Why, in words.
    pub reason: String,
    /// Why, as JSON; absent before the first evaluation.
    pub reason_data: Option<String>,
    /// When it was entered, or set.
    pub updated_at: Timestamp,
}

/// An alarm and its state.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its configuration.
    pub config: AlarmConfig,
    /// When that was last put.
    pub configuration_updated_at: Timestamp,
    /// The tags it was created with, by key; putting it again leaves them alone.
    pub tags: BTreeMap<String, String>,
    /// Its state.
    pub state: StateRecord,
}

/// A change of an alarm's state, with all that its notifications tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The alarm, already in its new state.
    pub alarm: Alarm,
    /// The state it left.
    pub previous: StateRecord,
}

/// Which alarms to describe; what is absent or empty does not filter.
#[derive(Debug, Clone, Default)]
pub struct AlarmFilter {
    /// Exactly these names.
    pub names: Vec<String>,
    /// Names that start so.
    pub name_prefix: Option<String>,
    /// Alarms with an action, in whatever state, that starts so.
    pub action_prefix: Option<String>,
    /// Alarms in this state.
    pub state: Option<AlarmState>,
}

/// One page of alarms, sorted by name.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmPage {
    /// The alarms.
    pub alarms: Vec<Alarm>,
    /// The last name of this page, when there are more.
    pub next: Option<String>,
}
