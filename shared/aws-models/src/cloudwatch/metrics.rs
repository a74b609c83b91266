//! The metric store and `GetMetricData`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::{CloudWatch, CloudWatchError, MINUTE};
use crate::alarm::{UnknownName, aws_names, by_name};
use crate::metric_math::{Expression, MathError, Series, Value};

/// A metric: namespace, name and dimensions identify it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric {
    /// For example `AWS/Kinesis`.
    pub namespace: String,
    /// For example `IncomingBytes`.
    pub name: String,
    /// Sorted by name, so that their order in a request does not matter.
    pub dimensions: BTreeMap<String, String>,
}

impl Metric {
    /// A stream-level metric of Kinesis.
    pub fn kinesis(stream: &str, name: &str) -> Self {
        Self {
            namespace: "AWS/Kinesis".to_owned(),
            name: name.to_owned(),
            dimensions: BTreeMap::from([("StreamName".to_owned(), stream.to_owned())]),
        }
    }

    /// A shard-level metric of Kinesis.
    pub fn shard(stream: &str, shard: &str, name: &str) -> Self {
        let mut metric = Self::kinesis(stream, name);
        metric.dimensions.insert("ShardId".to_owned(), shard.to_owned());
        metric
    }
}

/// How the values of a period become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The total.
    Sum,
    /// How many values there were.
    SampleCount,
    /// Total over count.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
}

aws_names!(Statistic, "Stat",
    "Sum" => Self::Sum, "SampleCount" => Self::SampleCount, "Average" => Self::Average,
    "Minimum" => Self::Minimum, "Maximum" => Self::Maximum);

/// A statistic of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// Length of a data point, seconds.
    pub period_seconds: u32,
    /// How its values become one number.
    pub statistic: Statistic,
}

/// What a query returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuerySource {
    /// A statistic of a stored metric.
    Stat(MetricStat),
    /// Metric math over the other queries.
    Expression(String),
}

/// One entry of `MetricDataQueries`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The name other queries know it by.
    pub id: String,
    /// The text to show; AWS makes one up when it is absent.
    pub label: Option<String>,
    /// What it returns.
    pub source: QuerySource,
    /// Whether the answer has it, or only other queries use it.
    pub return_data: bool,
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricResult {
    /// The id of the query.
    pub id: String,
    /// Its label.
    pub label: String,
    /// Values by the start of their period, epoch seconds; a period without data is absent, not 0.
    pub values: Series,
}

/// Statistics by the start of their minute.
pub(super) type Minutes = BTreeMap<i64, Statistics>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Statistics {
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

impl CloudWatch {
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

    /// Forgets everything recorded before `before`. AWS keeps one-minute points for 15 days (facts 4.1); a long
    /// simulation has no use for them that long.
    pub fn forget(&mut self, before: Timestamp) {
        for minutes in self.metrics.values_mut() {
            *minutes = minutes.split_off(&before.as_second());
        }
    }

    /// `GetMetricData`: the queries that return data, over `start` (inclusive) to `end` (exclusive), as visible at
    /// `now`. The start is rounded down to a whole period.
    pub fn metric_data(
        &self,
        queries: &[Query],
        start: Timestamp,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<MetricResult>, CloudWatchError> {
        if start >= end {
            return Err(CloudWatchError::Invalid {
                parameter: "StartTime",
                value: start.to_string(),
                expected: "before EndTime",
            });
        }
        checked_queries(queries)?;
        let period = i64::from(common_period(queries));
        let start = start.as_second().div_euclid(period) * period;
        // A point that starts within the last, broken second is still before the end.
        let end = end.as_second() + i64::from(end.subsec_nanosecond() > 0);
        let window = Window { start, end, hidden_from: self.hidden_from(now) };
        checked_size(queries, window, period)?;
        let values = self.values(queries, window)?;
        let results = queries.iter().filter(|query| query.return_data).map(|query| MetricResult {
            id: query.id.clone(),
            label: label(query),
            values: spread(&values[&query.id], &timestamps(window, period)),
        });
        Ok(results.collect())
    }

    /// The value of every query. Metrics come first, then each expression whose ids are known, until all are.
    pub(super) fn values(&self, queries: &[Query], window: Window) -> Result<BTreeMap<String, Value>, CloudWatchError> {
        let timestamps = timestamps(window, i64::from(common_period(queries)));
        let mut values = BTreeMap::new();
        let mut waiting = Vec::new();
        for query in queries {
            let math = |source| CloudWatchError::Math { id: query.id.clone(), source };
            match &query.source {
                QuerySource::Stat(stat) => {
                    values.insert(query.id.clone(), Value::Series(self.series(stat, window)));
                }
                QuerySource::Expression(text) => waiting.push((query, Expression::parse(text).map_err(math)?)),
            }
        }
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut still_waiting = Vec::new();
            for (query, expression) in waiting {
                let known_later = |id: &str| !values.contains_key(id) && queries.iter().any(|other| other.id == id);
                if expression.ids().into_iter().any(known_later) {
                    still_waiting.push((query, expression));
                    continue;
                }
                let value = expression
                    .evaluate(&values, &timestamps)
                    .map_err(|source| CloudWatchError::Math { id: query.id.clone(), source })?;
                values.insert(query.id.clone(), value);
            }
            if still_waiting.len() == before {
                return Err(CloudWatchError::Circular { id: still_waiting[0].0.id.clone() });
            }
            waiting = still_waiting;
        }
        Ok(values)
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

/// Expressions are evaluated over the largest period of the metrics; a request of constants alone gets minutes.
pub(super) fn common_period(queries: &[Query]) -> u32 {
    queries.iter().filter_map(stat).map(|stat| stat.period_seconds).max().unwrap_or(60)
}

pub(super) fn stat(query: &Query) -> Option<&MetricStat> {
    match &query.source {
        QuerySource::Stat(stat) => Some(stat),
        QuerySource::Expression(_) => None,
    }
}

fn timestamps(window: Window, period: i64) -> Vec<i64> {
    let count = (window.end - window.start + period - 1).div_euclid(period);
    (0..count).map(|index| window.start + index * period).collect()
}

/// A constant is the same at every timestamp.
fn spread(value: &Value, timestamps: &[i64]) -> Series {
    match value {
        Value::Scalar(number) => timestamps.iter().map(|at| (*at, *number)).collect(),
        Value::Series(series) => series.clone(),
    }
}

fn label(query: &Query) -> String {
    query.label.clone().unwrap_or_else(|| match &query.source {
        QuerySource::Stat(stat) => stat.metric.name.clone(),
        QuerySource::Expression(_) => query.id.clone(),
    })
}

/// Queries per call. Source: CloudWatch API reference, `GetMetricData` (facts 4.2).
const QUERIES_MAX: usize = 500;

/// Data points on a page of the answer. Source: as above.
pub const POINTS_PAGE_MAX: usize = 100_800;

/// Pages that are made here at once; AWS sets no such bound. A day of minutes of every query there can be is seven.
const PAGES_MAX: i64 = 20;

fn checked_size(queries: &[Query], window: Window, period: i64) -> Result<(), CloudWatchError> {
    let per_query = (window.end - window.start) / period;
    let points = per_query.saturating_mul(i64::try_from(queries.len()).unwrap_or(i64::MAX));
    if points <= PAGES_MAX.saturating_mul(i64::try_from(POINTS_PAGE_MAX).unwrap_or(i64::MAX)) {
        return Ok(());
    }
    Err(CloudWatchError::Invalid {
        parameter: "EndTime",
        value: format!("{points} data points"),
        expected: "a range of at most 2,016,000 data points, which are 20 pages",
    })
}

/// The checks that `GetMetricData` and `PutMetricAlarm` share.
pub(super) fn checked_queries(queries: &[Query]) -> Result<(), CloudWatchError> {
    if queries.is_empty() || queries.len() > QUERIES_MAX {
        return Err(CloudWatchError::Invalid {
            parameter: "MetricDataQueries",
            value: queries.len().to_string(),
            expected: "1 to 500 queries",
        });
    }
    let mut ids = BTreeSet::new();
    for query in queries {
        let lower = query.id.starts_with(|first: char| first.is_ascii_lowercase());
        let legal = query.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !(lower && legal && ids.insert(&query.id)) {
            return Err(CloudWatchError::Invalid {
                parameter: "Id",
                value: query.id.clone(),
                expected: "unique, letters, digits and _, starting with a lower-case letter",
            });
        }
        if let Some(stat) = stat(query) {
            checked_period(stat.period_seconds)?;
        }
    }
    Ok(())
}

pub(super) fn checked_period(period_seconds: u32) -> Result<(), CloudWatchError> {
    if matches!(period_seconds, 10 | 20 | 30) || (period_seconds > 0 && period_seconds.is_multiple_of(60)) {
        return Ok(());
    }
    Err(CloudWatchError::Invalid {
        parameter: "Period",
        value: period_seconds.to_string(),
        expected: "10, 20, 30 or a multiple of 60",
    })
}

/// Whether the query gives a time series, which an alarm needs, or a single number.
pub(super) fn is_series(cloudwatch: &CloudWatch, queries: &[Query], id: &str) -> Result<bool, CloudWatchError> {
    let nothing = Window { start: 0, end: 0, hidden_from: 0 };
    let values = cloudwatch.values(queries, nothing)?;
    match values.get(id) {
        Some(Value::Series(_)) => Ok(true),
        Some(Value::Scalar(_)) => Ok(false),
        None => Err(CloudWatchError::Math {
            id: id.to_owned(),
            source: MathError::UnknownId { id: id.to_owned(), expression: id.to_owned() },
        }),
    }
}
