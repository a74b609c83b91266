//! Alarms: put, tag, describe, delete, set and evaluate.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;
use scaler_core::{AlarmMetric, StreamAlarm};

use super::metrics::{self, Metric, MetricStat, Query, QuerySource, Window};
use super::{CloudWatch, CloudWatchError, MINUTE};
use crate::alarm::{AlarmState, Rule, evaluate};
use crate::metric_math::{Series, Value};

/// Alarms in one answer of `DescribeAlarms`, and names in one request. Source: CloudWatch API reference (facts 4.2).
pub const DESCRIBE_PAGE_MAX: usize = 100;

/// Tags of one alarm. Source: CloudWatch API reference, `PutMetricAlarm` (facts 4.2).
const TAGS_MAX: usize = 50;

/// The states that an alarm has actions for.
const STATES: [AlarmState; 3] = [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData];

/// Why a name in an alarm of ours is one that CloudWatch knows.
const OURS: &str = "core uses CloudWatch's names";

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
    /// One of a stream's alarms as the functions make it.
    ///
    /// # Panics
    /// Never: the names that are parsed are of a fixed set, each of which a test puts through here.
    pub fn of(alarm: &StreamAlarm) -> Self {
        let stat = |metric: &AlarmMetric| MetricStat {
            metric: Metric::kinesis(&alarm.stream, &metric.name),
            period_seconds: 60,
            statistic: metric.statistic.parse().expect(OURS),
        };
        let source = match alarm.metrics.as_slice() {
            [plain] if alarm.expressions.is_empty() => AlarmSource::Stat(stat(plain)),
            metrics => {
                let query =
                    |id: &str, source, return_data| Query { id: id.to_owned(), label: None, source, return_data };
                let reads = metrics.iter().map(|metric| query(&metric.id, QuerySource::Stat(stat(metric)), false));
                let math = alarm
                    .expressions
                    .iter()
                    .map(|entry| query(&entry.id, QuerySource::Expression(entry.expression.clone()), entry.returned));
                AlarmSource::Math(reads.chain(math).collect())
            }
        };
        Self {
            name: alarm.name.clone(),
            description: Some(alarm.description.clone()),
            actions_enabled: true,
            ok_actions: Vec::new(),
            alarm_actions: alarm.actions.clone(),
            insufficient_data_actions: Vec::new(),
            source,
            rule: Rule {
                threshold: alarm.threshold,
                comparison: alarm.comparison.parse().expect(OURS),
                evaluation_periods: alarm.evaluation_minutes as usize,
                datapoints_to_alarm: alarm.minutes_to_alarm as usize,
                treat_missing: alarm.treat_missing_data.parse().expect(OURS),
            },
        }
    }

    /// The actions of a state.
    pub fn actions(&self, state: AlarmState) -> &[String] {
        match state {
            AlarmState::Ok => &self.ok_actions,
            AlarmState::Alarm => &self.alarm_actions,
            AlarmState::InsufficientData => &self.insufficient_data_actions,
        }
    }

    fn has_action(&self, prefix: &str) -> bool {
        STATES.into_iter().flat_map(|state| self.actions(state)).any(|action| action.starts_with(prefix))
    }

    /// Length of a data point, seconds.
    pub fn period_seconds(&self) -> u32 {
        match &self.source {
            AlarmSource::Stat(stat) => stat.period_seconds,
            AlarmSource::Math(queries) => metrics::common_period(queries),
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

impl CloudWatch {
    /// `PutMetricAlarm` without tags: replaces the whole configuration and leaves the state alone; a new alarm starts in
    /// `INSUFFICIENT_DATA`.
    pub fn put_alarm(&mut self, config: AlarmConfig, now: Timestamp) -> Result<(), CloudWatchError> {
        self.put_alarm_tagged(config, BTreeMap::new(), now)
    }

    /// `PutMetricAlarm` with tags. They are given to a new alarm only: for one that exists they are checked and then
    /// ignored, as AWS does (facts 4.2).
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
    /// nothing (facts 4.5), so no transition comes back.
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

    /// The checks of `PutMetricAlarm`. Source: CloudWatch API reference, `PutMetricAlarm` (facts 4.2 and 4.3).
    fn checked(&self, config: &AlarmConfig) -> Result<(), CloudWatchError> {
        checked_text("AlarmName", &config.name, 1..=255, "1 to 255 characters long")?;
        if let Some(description) = &config.description {
            checked_text("AlarmDescription", description, 0..=1_024, "at most 1,024 characters long")?;
        }
        for actions in STATES.map(|state| config.actions(state)) {
            require(actions.len() <= 5, "Actions", actions.len(), "at most 5 for a state")?;
            if let Some(action) = actions.iter().find(|action| !is_arn(action)) {
                return Err(CloudWatchError::Action { action: action.clone() });
            }
        }
        checked_rule(config)?;
        match &config.source {
            AlarmSource::Stat(stat) => metrics::checked_period(stat.period_seconds),
            AlarmSource::Math(queries) => self.checked_math(queries),
        }
    }

    fn checked_math(&self, queries: &[Query]) -> Result<(), CloudWatchError> {
        metrics::checked_queries(queries)?;
        let expressions = queries.iter().filter(|query| matches!(query.source, QuerySource::Expression(_))).count();
        let stats = queries.len() - expressions;
        require(stats <= 10, "Metrics", stats, "at most 10 with a MetricStat")?;
        require(expressions <= 10, "Metrics", expressions, "at most 10 with an Expression")?;
        let period = metrics::common_period(queries);
        for other in queries.iter().filter_map(metrics::stat).map(|stat| stat.period_seconds) {
            require(other == period, "Period", other, "the same for all metrics of an alarm")?;
        }
        let returned: Vec<&Query> = queries.iter().filter(|query| query.return_data).collect();
        let [returned] = returned[..] else { return Err(CloudWatchError::ReturnData) };
        let series = metrics::is_series(self, queries, &returned.id)?;
        require(series, "Expression", &returned.id, "a time series, which an alarm needs")
    }
}

/// `arn:partition:service:region:account:resource`, of which Region and account may be empty. Whether there is such a thing
/// is not looked at, as in AWS.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, service, _, _, resource] if ![partition, service, resource].contains(&""))
}

/// Moves an alarm to a state; `None` when it is there already.
fn enter(alarm: &mut Alarm, state: StateRecord) -> Option<Transition> {
    if alarm.state.value == state.value {
        return None;
    }
    let previous = std::mem::replace(&mut alarm.state, state);
    Some(Transition { alarm: alarm.clone(), previous })
}

fn checked_rule(config: &AlarmConfig) -> Result<(), CloudWatchError> {
    const DAY: u64 = 86_400;
    let rule = &config.rule;
    let (n, m, period) = (rule.evaluation_periods, rule.datapoints_to_alarm, config.period_seconds());
    require(n >= 1, "EvaluationPeriods", n, "1 or more")?;
    require((1..=n).contains(&m), "DatapointsToAlarm", m, "between 1 and EvaluationPeriods")?;
    require(rule.threshold.is_finite(), "Threshold", rule.threshold, "a finite number")?;
    let range = u64::from(period).saturating_mul(n as u64);
    let longest = if period < 3_600 { DAY } else { 7 * DAY };
    let expected = "a range of at most 1 day, or 7 days when the period is an hour or more";
    require(range <= longest, "EvaluationPeriods", n, expected)
}

/// Source: CloudWatch API reference, `Tag`; the prefix is reserved in all of AWS.
fn checked_tags(tags: &BTreeMap<String, String>) -> Result<(), CloudWatchError> {
    require(tags.len() <= TAGS_MAX, "Tags", tags.len(), "at most 50")?;
    for (key, value) in tags {
        checked_text("Key", key, 1..=128, "1 to 128 characters long")?;
        require(!key.starts_with("aws:"), "Key", key, "free of the prefix aws:")?;
        checked_text("Value", value, 0..=256, "at most 256 characters long")?;
    }
    Ok(())
}

fn checked_text(
    parameter: &'static str,
    text: &str,
    chars: std::ops::RangeInclusive<usize>,
    expected: &'static str,
) -> Result<(), CloudWatchError> {
    require(chars.contains(&text.chars().count()), parameter, text, expected)
}

fn require(
    holds: bool,
    parameter: &'static str,
    value: impl std::fmt::Display,
    expected: &'static str,
) -> Result<(), CloudWatchError> {
    if holds { Ok(()) } else { Err(CloudWatchError::Invalid { parameter, value: value.to_string(), expected }) }
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
