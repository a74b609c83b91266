// SPDX-License-Identifier: Apache-2.0
//! A stream's alarms, evaluated minute by minute: the states of [`CloudWatch`](aws_models::cloudwatch), far quicker.
//!
//! The model there works a whole window out each minute. Here each minute is worked out once, when it can first be
//! seen, and again only when the alarm is put.

use kinesis_model::num::float;
use std::collections::VecDeque;

use kinesis_model::Minute;
use scaler_core::{AlarmMetric, Direction, StreamAlarm};

use aws_models::alarm::{AlarmState, Rule, UnknownName, state_of};
use aws_models::metric_math::{Expression, MathError, Point};

/// What one metric says of a minute.
type Read = fn(&Minute) -> Option<u64>;

/// The metrics that there are. Each is one value a minute, so that every statistic of it is that value.
const METRICS: [(&str, Read); 6] = [
    ("IncomingBytes", |minute| minute.bytes),
    ("IncomingRecords", |minute| minute.records),
    ("WriteProvisionedThroughputExceeded", |minute| minute.throttled_records),
    ("GetRecords.Bytes", |minute| minute.read_bytes),
    ("ReadProvisionedThroughputExceeded", |minute| minute.read_throttles),
    ("GetRecords.IteratorAgeMilliseconds", |minute| minute.iterator_age_ms),
];

/// Why an alarm cannot be put.
#[derive(Debug, thiserror::Error)]
pub(super) enum AlarmPutError {
    #[error("there is no metric {0:?} here")]
    UnknownMetric(String),
    #[error(transparent)]
    UnknownName(#[from] UnknownName),
    #[error(transparent)]
    Math(#[from] MathError),
}

/// An alarm and its state.
#[derive(Debug)]
pub(super) struct SimulatedAlarm {
    pub(super) alarm: StreamAlarm,
    pub(super) state: AlarmState,
    /// Which function it wakes, if any.
    pub(super) wakes: Option<Direction>,
    rule: Rule,
    formula: Formula,
    /// Its value in a minute without metrics.
    nothing: Option<f64>,
    /// Its values in the newest minutes that were seen, oldest first; no more than matter.
    values: VecDeque<Option<f64>>,
    /// Minutes since the trace's start that were seen.
    seen: usize,
}

impl SimulatedAlarm {
    /// An alarm as it is put; one that exists keeps its state.
    pub(super) fn put(alarm: &StreamAlarm, state: AlarmState) -> Result<Self, AlarmPutError> {
        let formula = Formula::of(alarm)?;
        let wakes = [Direction::Out, Direction::In].into_iter().find(|way| alarm.name.ends_with(&format!("/{way}")));
        Ok(Self {
            alarm: alarm.clone(),
            state,
            wakes,
            rule: Rule {
                threshold: alarm.threshold,
                comparison: alarm.comparison.parse()?,
                evaluation_periods: alarm.evaluation_minutes as usize,
                datapoints_to_alarm: alarm.minutes_to_alarm as usize,
                treat_missing: alarm.treat_missing_data.parse()?,
            },
            nothing: formula.value(&Minute::default())?,
            formula,
            values: VecDeque::new(),
            seen: 0,
        })
    }

    /// Evaluates the alarm when these minutes since the trace's start can be seen, and as many as `hidden` have ended
    /// since. Whether it is firing now and was not before.
    pub(super) fn evaluate(&mut self, visible: &[Minute], hidden: usize) -> bool {
        let range = self.rule.range();
        let kept = range.saturating_sub(hidden);
        for minute in &visible[self.seen.max(visible.len().saturating_sub(kept))..] {
            // With another minute it came to a value: which ids are known does not depend on the minute.
            self.values.push_back(self.formula.value(minute).unwrap_or_default());
        }
        self.seen = visible.len();
        self.values.drain(..self.values.len().saturating_sub(kept));
        // Of what is hidden, and of the time before the trace, there are no metrics.
        let nothing = std::iter::repeat(self.nothing);
        let newest_first = nothing.clone().take(hidden).chain(self.values.iter().rev().copied()).chain(nothing);
        let before = self.state;
        self.state = state_of(&self.rule, newest_first.take(range), before);
        self.state == AlarmState::Alarm && before != AlarmState::Alarm
    }
}

/// How an alarm's value in a minute comes about.
#[derive(Debug)]
enum Formula {
    Metric(Read),
    Math {
        metrics: Vec<(String, Read)>,
        /// Each after those that it uses, as core lists them; an id that comes later is not known.
        expressions: Vec<(String, Expression)>,
        /// Which of the expressions is compared with the threshold.
        returned: String,
    },
}

impl Formula {
    fn of(alarm: &StreamAlarm) -> Result<Self, AlarmPutError> {
        if let ([plain], true) = (alarm.metrics.as_slice(), alarm.expressions.is_empty()) {
            return Ok(Self::Metric(read(plain)?));
        }
        let metrics = alarm.metrics.iter().map(|metric| Ok((metric.id.clone(), read(metric)?)));
        let expressions =
            alarm.expressions.iter().map(|entry| Ok((entry.id.clone(), Expression::parse(&entry.expression)?)));
        let returned = alarm.expressions.iter().find(|entry| entry.returned);
        Ok(Self::Math {
            metrics: metrics.collect::<Result<_, AlarmPutError>>()?,
            expressions: expressions.collect::<Result<_, AlarmPutError>>()?,
            returned: returned.map(|entry| entry.id.clone()).unwrap_or_default(),
        })
    }

    fn value(&self, minute: &Minute) -> Result<Option<f64>, MathError> {
        match self {
            Self::Metric(read) => Ok(number(read(minute))),
            Self::Math { metrics, expressions, returned } => {
                let mut known: Vec<(&str, Point)> = Vec::with_capacity(metrics.len() + expressions.len());
                known.extend(metrics.iter().map(|(id, read)| (id.as_str(), Point::Series(number(read(minute))))));
                for (id, expression) in expressions {
                    let point = expression.at(&known)?;
                    known.push((id, point));
                }
                Ok(known.into_iter().find(|(id, _)| id == returned).and_then(|(_, point)| point.number()))
            }
        }
    }
}

fn read(metric: &AlarmMetric) -> Result<Read, AlarmPutError> {
    let known = METRICS.iter().find(|(name, _)| *name == metric.name);
    known.map(|(_, read)| *read).ok_or_else(|| AlarmPutError::UnknownMetric(metric.name.clone()))
}

fn number(value: Option<u64>) -> Option<f64> {
    value.map(float)
}
