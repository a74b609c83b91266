// SPDX-License-Identifier: Apache-2.0
//! Decides an alarm's state from its data points: M out of N, missing data, and the premature-alarm rule.
//!
//! Source: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data" (read 2026-11); the tests
//! hold both of its tables row by row.

use std::fmt;
use std::str::FromStr;

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmState {
    /// Within the threshold.
    Ok,
    /// Outside the threshold.
    Alarm,
    /// Just created, or without data.
    InsufficientData,
}

/// How a value is held against the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Breaching when the value is greater or equal.
    GreaterThanOrEqualToThreshold,
    /// Breaching when the value is greater.
    GreaterThanThreshold,
    /// Breaching when the value is less.
    LessThanThreshold,
    /// Breaching when the value is less or equal.
    LessThanOrEqualToThreshold,
}

/// What a missing data point stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreatMissing {
    /// Unknown: when nothing is known the alarm says so. The default.
    Missing,
    /// The alarm keeps its state.
    Ignore,
    /// As bad as a breaching point.
    Breaching,
    /// As good as a point within the threshold.
    NotBreaching,
}

/// A name that AWS does not know for the thing it should name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} is not one of {expected}")]
pub struct UnknownName {
    /// What was to be named.
    pub what: &'static str,
    /// The unknown name.
    pub value: String,
    /// The names AWS knows.
    pub expected: String,
}

/// Reads one of AWS's names for `T` out of its closed list.
pub(crate) fn by_name<T: Copy>(what: &'static str, names: &[(&str, T)], value: &str) -> Result<T, UnknownName> {
    names.iter().find(|(name, _)| *name == value).map(|(_, named)| *named).ok_or_else(|| UnknownName {
        what,
        value: value.to_owned(),
        expected: names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "),
    })
}

macro_rules! aws_names {
    ($type:ty, $what:literal, $($name:literal => $variant:path),+ $(,)?) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($variant => $name),+ })
            }
        }
        impl FromStr for $type {
            type Err = UnknownName;
            fn from_str(name: &str) -> Result<Self, UnknownName> {
                by_name($what, &[$(($name, $variant)),+], name)
            }
        }
    };
}
pub(crate) use aws_names;

aws_names!(AlarmState, "StateValue",
    "OK" => Self::Ok, "ALARM" => Self::Alarm, "INSUFFICIENT_DATA" => Self::InsufficientData);
aws_names!(Comparison, "ComparisonOperator",
    "GreaterThanOrEqualToThreshold" => Self::GreaterThanOrEqualToThreshold,
    "GreaterThanThreshold" => Self::GreaterThanThreshold,
    "LessThanThreshold" => Self::LessThanThreshold,
    "LessThanOrEqualToThreshold" => Self::LessThanOrEqualToThreshold);
aws_names!(TreatMissing, "TreatMissingData",
    "missing" => Self::Missing, "ignore" => Self::Ignore,
    "breaching" => Self::Breaching, "notBreaching" => Self::NotBreaching);

impl Comparison {
    fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::GreaterThanOrEqualToThreshold => value >= threshold,
            Self::GreaterThanThreshold => value > threshold,
            Self::LessThanThreshold => value < threshold,
            Self::LessThanOrEqualToThreshold => value <= threshold,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqualToThreshold => "greater than or equal to",
            Self::GreaterThanThreshold => "greater than",
            Self::LessThanThreshold => "less than",
            Self::LessThanOrEqualToThreshold => "less than or equal to",
        }
    }
}

/// When an alarm fires.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// The value the points are held against.
    pub threshold: f64,
    /// Which side of it breaches.
    pub comparison: Comparison,
    /// N: points looked at.
    pub evaluation_periods: usize,
    /// M: how many of them must breach.
    pub datapoints_to_alarm: usize,
    /// What a missing point stands for.
    pub treat_missing: TreatMissing,
}

/// An evaluated alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The state the alarm should be in.
    pub state: AlarmState,
    /// Why, in AWS's words; times are left out.
    pub reason: String,
    /// The real points the verdict rests on, newest first.
    pub recent: Vec<f64>,
}

/// A real point and how many periods ago it was; the newest period of the range has age 1.
struct Aged {
    age: usize,
    value: f64,
    breaching: bool,
}

/// Periods looked at beyond N, so that real points can stand in for missing ones. AWS says only that the range is
/// larger than N; its worked examples use 5 points for N = 3.
const RANGE_EXTRA: usize = 2;

impl Rule {
    /// Periods in the evaluation range; more than N.
    pub fn range(&self) -> usize {
        self.evaluation_periods + RANGE_EXTRA
    }
}

/// Evaluates `points`, the evaluation range from oldest to newest, which may hold more than N periods: real points
/// beat missing ones, so missing data matters only when the whole range has fewer than N real points.
pub fn evaluate(rule: &Rule, points: &[Option<f64>], previous: AlarmState) -> Verdict {
    let real = real_points(rule, points.iter().rev().copied());
    let recent = real.iter().map(|point| point.value).collect();
    let state = state(rule, &real, previous);
    Verdict { state, reason: reason(rule, &real, state), recent }
}

/// The state alone that [`evaluate`] comes to, of points from newest to oldest: words cost more than states, and a
/// simulation of a month has no use for them.
pub fn state_of(rule: &Rule, newest_first: impl Iterator<Item = Option<f64>>, previous: AlarmState) -> AlarmState {
    state(rule, &real_points(rule, newest_first), previous)
}

/// The newest real points, no more than N.
fn real_points(rule: &Rule, newest_first: impl Iterator<Item = Option<f64>>) -> Vec<Aged> {
    let aged = newest_first.zip(1..).filter_map(|(value, age)| {
        let value = value?;
        Some(Aged { age, value, breaching: rule.comparison.breaches(value, rule.threshold) })
    });
    aged.take(rule.evaluation_periods).collect()
}

fn state(rule: &Rule, real: &[Aged], previous: AlarmState) -> AlarmState {
    let breaching = real.iter().filter(|point| point.breaching).count();
    let filled = rule.evaluation_periods - real.len();
    let threshold_state = |breaching| {
        if breaching >= rule.datapoints_to_alarm { AlarmState::Alarm } else { AlarmState::Ok }
    };
    if filled == 0 || breaching >= rule.datapoints_to_alarm {
        return threshold_state(breaching);
    }
    let any_good = real.iter().any(|point| !point.breaching);
    match rule.treat_missing {
        TreatMissing::Breaching => threshold_state(breaching + filled),
        TreatMissing::Missing if real.is_empty() => AlarmState::InsufficientData,
        TreatMissing::Missing if premature(rule, real) => AlarmState::Alarm,
        TreatMissing::Ignore if !any_good => previous,
        TreatMissing::Missing | TreatMissing::Ignore | TreatMissing::NotBreaching => AlarmState::Ok,
    }
}

/// The premature-alarm rule: everything known breaches, and the oldest of it is at least M periods old, so the good
/// point that might have followed it did not come. A good point anywhere in the range turns the rule off, as the row
/// `0 - X - -` of AWS's 2-out-of-3 table shows.
fn premature(rule: &Rule, real: &[Aged]) -> bool {
    real.iter().all(|point| point.breaching) && real.last().is_some_and(|oldest| oldest.age >= rule.datapoints_to_alarm)
}

/// The wording follows `StateReason` texts of real alarms, without the times AWS puts after each value.
fn reason(rule: &Rule, real: &[Aged], state: AlarmState) -> String {
    let (n, m) = (rule.evaluation_periods, rule.datapoints_to_alarm);
    let missing = n - real.len();
    if state == AlarmState::InsufficientData {
        return format!(
            "Insufficient Data: {missing} {} unknown.",
            counted(missing, "datapoint was", "datapoints were")
        );
    }
    if real.is_empty() {
        let treated = rule.treat_missing;
        return format!("Threshold Crossed: no datapoints were received for {n} periods, treated as [{treated}].");
    }
    let alarming = state == AlarmState::Alarm;
    let (shown, minimum, negation, direction) =
        if alarming { (true, m, "", "OK -> ALARM") } else { (false, n - m + 1, "not ", "ALARM -> OK") };
    let values: Vec<f64> = real.iter().filter(|point| point.breaching == shown).map(|point| point.value).collect();
    let list = values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
    let threshold = format!("{:?}", rule.threshold);
    let filled = if missing > 0 {
        format!(
            " and {missing} missing {} treated as [{}]",
            counted(missing, "datapoint was", "datapoints were"),
            rule.treat_missing
        )
    } else {
        String::new()
    };
    format!(
        "Threshold Crossed: {count} out of the last {n} datapoints [{list}] {verb} {negation}{words} the threshold \
         ({threshold}){filled} (minimum {minimum} {noun} for {direction} transition).",
        count = values.len(),
        verb = counted(values.len(), "was", "were"),
        words = rule.comparison.words(),
        noun = counted(minimum, "datapoint", "datapoints"),
    )
}

fn counted(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}
