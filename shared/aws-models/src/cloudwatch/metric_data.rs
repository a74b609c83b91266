// SPDX-License-Identifier: Apache-2.0
//! `GetMetricData`, and the queries that alarms have too.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::error::CloudWatchError;
use super::metric::{Query, QuerySource, common_period};
use super::store::{CloudWatch, Window};
use crate::metric_math::{Expression, MathError, Series, Value};

/// Queries per call. Source: CloudWatch API reference, `GetMetricData`.
const QUERIES_MAX: usize = 500;

/// Data points on a page of the answer. Source: as above.
pub const POINTS_PAGE_MAX: usize = 100_800;

/// Pages that are made here at once; AWS sets no such bound. A day of minutes of every query there can be is seven.
const PAGES_MAX: i64 = 20;

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

impl CloudWatch {
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
        if let Some(stat) = query.stat() {
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
