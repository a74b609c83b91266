// SPDX-License-Identifier: Apache-2.0
//! The store of metrics and alarms: what is recorded, minute by minute, and what of it can be seen.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::alarm::Alarm;
use super::metric::{Metric, MetricStat, Statistic};
use crate::metric_math::Series;

/// Seconds in a minute, the resolution of the store.
pub(super) const MINUTE: i64 = 60;

/// The metrics and alarms of one account and Region.
#[derive(Debug, Clone, Default)]
pub struct CloudWatch {
    metrics: BTreeMap<Metric, Minutes>,
    pub(super) alarms: BTreeMap<String, Alarm>,
    metric_delay_minutes: u32,
}

impl CloudWatch {
    /// An empty model whose newest `metric_delay_minutes` ended minutes are not visible yet. AWS documents no delay;
    /// the newest one or two minutes are often absent (`docs/aws-facts.md#metrics`), so 0 is an ideal and 1 or 2 is life.
    pub fn with_metric_delay(metric_delay_minutes: u32) -> Self {
        Self { metric_delay_minutes, ..Self::default() }
    }

    /// The start of the first minute that cannot be seen at `now`. Without a delay even the running minute is
    /// visible, as in AWS; with one, neither it nor the newest ended minutes are.
    pub(super) fn hidden_from(&self, now: Timestamp) -> i64 {
        let running = now.as_second().div_euclid(MINUTE) * MINUTE;
        match self.metric_delay_minutes {
            0 => running + MINUTE,
            delay => running - i64::from(delay) * MINUTE,
        }
    }

    /// Adds one value to the metric's minute.
    pub fn record(&mut self, metric: &Metric, at: Timestamp, value: f64) {
        let minute = at.as_second().div_euclid(MINUTE) * MINUTE;
        let added = Statistics::of(value);
        if let Some(minutes) = self.metrics.get_mut(metric) {
            minutes.entry(minute).and_modify(|present| *present = present.and(added)).or_insert(added);
        } else {
            self.metrics.insert(metric.clone(), Minutes::from([(minute, added)]));
        }
    }

    /// Forgets everything recorded before `before`. AWS keeps one-minute points for 15 days (User Guide, "Metrics retention"); a long
    /// simulation has no use for them that long.
    pub fn forget(&mut self, before: Timestamp) {
        for minutes in self.metrics.values_mut() {
            *minutes = minutes.split_off(&before.as_second());
        }
    }

    /// The data points of one statistic.
    pub(super) fn series(&self, stat: &MetricStat, window: Window) -> Series {
        let Some(minutes) = self.metrics.get(&stat.metric) else { return Series::new() };
        let end = window.end.min(window.hidden_from);
        if window.start >= end {
            return Series::new();
        }
        let period = i64::from(stat.period_seconds);
        let mut points: BTreeMap<i64, Statistics> = BTreeMap::new();
        for (&minute, &statistics) in minutes.range(window.start..end) {
            let point = window.start + (minute - window.start).div_euclid(period) * period;
            points.entry(point).and_modify(|present| *present = present.and(statistics)).or_insert(statistics);
        }
        points.into_iter().map(|(at, statistics)| (at, statistics.get(stat.statistic))).collect()
    }
}

/// Statistics by the start of their minute.
type Minutes = BTreeMap<i64, Statistics>;

#[derive(Debug, Clone, Copy)]
struct Statistics {
    sum: f64,
    count: f64,
    minimum: f64,
    maximum: f64,
}

impl Statistics {
    fn of(value: f64) -> Self {
        Self { sum: value, count: 1.0, minimum: value, maximum: value }
    }

    fn and(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            count: self.count + other.count,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }

    fn get(self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Sum => self.sum,
            Statistic::SampleCount => self.count,
            Statistic::Average => self.sum / self.count,
            Statistic::Minimum => self.minimum,
            Statistic::Maximum => self.maximum,
        }
    }
}

/// The window of an evaluation: data points start at `start` plus whole periods, before `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) start: i64,
    pub(super) end: i64,
    /// The first minute that is not visible.
    pub(super) hidden_from: i64,
}
