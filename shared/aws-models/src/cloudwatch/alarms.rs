// SPDX-License-Identifier: Apache-2.0
//! Alarms are put, tagged, described, deleted, set and evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;

use super::alarm::{Alarm, AlarmConfig, AlarmFilter, AlarmPage, AlarmSource, StateRecord, Transition};
use super::alarm_checks::checked_tags;
use super::error::CloudWatchError;
use super::store::{CloudWatch, MINUTE, Window};
use crate::alarm::{AlarmState, evaluate};
use crate::metric_math::{Series, Value};

/// Alarms in one answer of `DescribeAlarms`, and names in one request. Source: CloudWatch API reference, `DescribeAlarms`.
pub const DESCRIBE_PAGE_MAX: usize = 100;

impl CloudWatch {
    /// `PutMetricAlarm` without tags: replaces the whole configuration and leaves the state alone; a new alarm starts in
    /// `INSUFFICIENT_DATA`.
    pub fn put_alarm(&mut self, config: AlarmConfig, now: Timestamp) -> Result<(), CloudWatchError> {
        self.put_alarm_tagged(config, BTreeMap::new(), now)
    }

    /// `PutMetricAlarm` with tags. They are given to a new alarm only: for one that exists they are checked and then
    /// ignored, as AWS does (API reference, `PutMetricAlarm`).
    pub fn put_alarm_tagged(
        &mut self,
        config: AlarmConfig,
        tags: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Result<(), CloudWatchError> {
        self.checked(&config)?;
        checked_tags(&tags)?;
        if let Some(alarm) = self.alarms.get_mut(&config.name) {
            alarm.config = config;
            alarm.configuration_updated_at = now;
            return Ok(());
        }
        let state = StateRecord {
            value: AlarmState::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            updated_at: now,
        };
        let name = config.name.clone();
        self.alarms.insert(name, Alarm { config, configuration_updated_at: now, tags, state });
        Ok(())
    }

    /// `ListTagsForResource` of the alarm of that name.
    pub fn alarm_tags(&self, name: &str) -> Result<&BTreeMap<String, String>, CloudWatchError> {
        let unknown = || CloudWatchError::UnknownAlarm { name: name.to_owned() };
        self.alarms.get(name).map(|alarm| &alarm.tags).ok_or_else(unknown)
    }

    /// Gives the alarm of that name these tags and no others.
    pub fn set_alarm_tags(&mut self, name: &str, tags: BTreeMap<String, String>) -> Result<(), CloudWatchError> {
        checked_tags(&tags)?;
        let unknown = || CloudWatchError::UnknownAlarm { name: name.to_owned() };
        self.alarms.get_mut(name).ok_or_else(unknown)?.tags = tags;
        Ok(())
    }

    /// Names, sorted, and tags of the alarms that have tags and whose names sort after `after`.
    pub fn tagged_alarms(&self, after: &str) -> impl Iterator<Item = (&String, &BTreeMap<String, String>)> {
        let later = self.alarms.range::<str, _>((Bound::Excluded(after), Bound::Unbounded));
        later.map(|(name, alarm)| (name, &alarm.tags)).filter(|(_, tags)| !tags.is_empty())
    }

    /// The alarm of that name.
    pub fn alarm(&self, name: &str) -> Option<&Alarm> {
        self.alarms.get(name)
    }

    /// `DescribeAlarms`: at most `page` alarms (at most [`DESCRIBE_PAGE_MAX`]) whose names sort after `after`.
    pub fn describe_alarms(&self, filter: &AlarmFilter, page: usize, after: Option<&str>) -> AlarmPage {
        let page = page.clamp(1, DESCRIBE_PAGE_MAX);
        // A set: a hundred names are looked for among the thousands of alarms of a fleet.
        let names: BTreeSet<&str> = filter.names.iter().map(String::as_str).collect();
        let mut matching = self.alarms.values().filter(|alarm| {
            let name = &alarm.config.name;
            after.is_none_or(|after| name.as_str() > after)
                && (names.is_empty() || names.contains(name.as_str()))
                && filter.name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
                && filter.action_prefix.as_ref().is_none_or(|prefix| alarm.config.has_action(prefix))
                && filter.state.is_none_or(|state| alarm.state.value == state)
        });
        let alarms: Vec<Alarm> = matching.by_ref().take(page).cloned().collect();
        let next = matching.next().and_then(|_| alarms.last()).map(|last| last.config.name.clone());
        AlarmPage { alarms, next }
    }

    /// `DeleteAlarms`: names that do not exist are passed over, the others are deleted, as AWS documents it.
    pub fn delete_alarms(&mut self, names: &[String]) {
        for name in names {
            self.alarms.remove(name);
        }
    }

    /// `SetAlarmState`: lasts until the next evaluation. Setting the state it already has changes nothing and runs
    /// nothing (`docs/aws-facts.md#alarms`), so no transition comes back.
    pub fn set_alarm_state(
        &mut self,
        name: &str,
        value: AlarmState,
        reason: &str,
        reason_data: Option<String>,
        now: Timestamp,
    ) -> Result<Option<Transition>, CloudWatchError> {
        let alarm = self.alarms.get_mut(name).ok_or_else(|| CloudWatchError::UnknownAlarm { name: name.to_owned() })?;
        let state = StateRecord { value, reason: reason.to_owned(), reason_data, updated_at: now };
        Ok(enter(alarm, state))
    }

    /// Evaluates every alarm over the minutes that have ended at `now`, and returns what changed, by name.
    pub fn evaluate_alarms(&mut self, now: Timestamp) -> Vec<Transition> {
        let end = now.as_second().div_euclid(MINUTE) * MINUTE;
        let states: Vec<(String, StateRecord)> =
            self.alarms.iter().map(|(name, alarm)| (name.clone(), self.evaluated(alarm, end, now))).collect();
        states.into_iter().filter_map(|(name, state)| enter(self.alarms.get_mut(&name)?, state)).collect()
    }

    fn evaluated(&self, alarm: &Alarm, end: i64, now: Timestamp) -> StateRecord {
        let rule = &alarm.config.rule;
        let period = i64::from(alarm.config.period_seconds());
        let starts: Vec<i64> = (1_i64..).take(rule.range()).map(|ago| end - ago * period).collect();
        let start = starts[starts.len() - 1];
        let series = self.alarm_series(&alarm.config, Window { start, end, hidden_from: self.hidden_from(now) });
        let points: Vec<Option<f64>> = starts.iter().rev().map(|at| series.get(at).copied()).collect();
        let verdict = evaluate(rule, &points, alarm.state.value);
        StateRecord {
            value: verdict.state,
            reason: verdict.reason,
            reason_data: Some(reason_data(&alarm.config, start, &verdict.recent, now)),
            updated_at: now,
        }
    }

    fn alarm_series(&self, config: &AlarmConfig, window: Window) -> Series {
        match &config.source {
            AlarmSource::Stat(stat) => self.series(stat, window),
            AlarmSource::Math(queries) => {
                // Putting the alarm has evaluated the same queries, so they cannot fail; no data is the safe reading.
                let values = self.values(queries, window).unwrap_or_default();
                let returned = queries.iter().find(|query| query.return_data);
                match returned.and_then(|query| values.get(&query.id)) {
                    Some(Value::Series(series)) => series.clone(),
                    Some(Value::Scalar(_)) | None => Series::new(),
                }
            }
        }
    }
}

/// Moves an alarm to a state; `None` when it is there already.
fn enter(alarm: &mut Alarm, state: StateRecord) -> Option<Transition> {
    if alarm.state.value == state.value {
        return None;
    }
    let previous = std::mem::replace(&mut alarm.state, state);
    Some(Transition { alarm: alarm.clone(), previous })
}

/// `StateReasonData`, in the shape of the CloudWatch User Guide, "Alarm events and EventBridge". Written by hand:
/// it holds only numbers and fixed words, so there is nothing to escape.
fn reason_data(config: &AlarmConfig, start: i64, recent: &[f64], now: Timestamp) -> String {
    let aws_time = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    let start = Timestamp::from_second(start).unwrap_or(now);
    let statistic = match &config.source {
        AlarmSource::Stat(watched) => format!("\"statistic\":\"{}\",", watched.statistic),
        AlarmSource::Math(_) => String::new(),
    };
    let recent = recent.iter().rev().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(",");
    format!(
        "{{\"version\":\"1.0\",\"queryDate\":\"{}\",\"startDate\":\"{}\",{statistic}\"period\":{},\
         \"recentDatapoints\":[{recent}],\"threshold\":{:?}}}",
        aws_time(now),
        aws_time(start),
        config.period_seconds(),
        config.rule.threshold,
    )
}
