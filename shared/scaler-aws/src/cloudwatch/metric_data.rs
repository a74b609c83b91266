// SPDX-License-Identifier: Apache-2.0
//! One question to `GetMetricData`, read to its last page: what could not be read is an error and no gap.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode};
use jiff::Timestamp;
use scaler_app::cloud::{CallError, Failure};

use super::client::AwsCloudWatch;
use crate::error::call_error;

const CALL: &str = "GetMetricData";

/// Queries in one question, at most. Source: API reference, `GetMetricData`.
pub(crate) const QUERIES_MAX: usize = 500;

/// What is asked.
pub(crate) struct Question<'a> {
    /// What errors say that it is about.
    pub(crate) subject: &'a str,
    /// The metrics.
    pub(crate) metrics: Vec<Asked<'a>>,
    /// Where the first step begins.
    pub(crate) start: Timestamp,
    /// Where the last one ends.
    pub(crate) end: Timestamp,
    /// How long each is; whole minutes.
    pub(crate) step_seconds: u32,
    /// The bucket that its calls are taken from, beside that of all calls of the operation.
    pub(crate) bucket: Option<&'static str>,
}

/// One metric.
pub(crate) struct Asked<'a> {
    /// Its name in the question and in errors.
    pub(crate) id: String,
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) statistic: &'static str,
    pub(crate) dimensions: Vec<(&'static str, &'a str)>,
}

impl Asked<'_> {
    fn query(&self, step_seconds: u32) -> MetricDataQuery {
        let dimension = |(name, value): &(&str, &str)| Dimension::builder().name(*name).value(*value).build();
        let dimensions = self.dimensions.iter().map(dimension).collect();
        let metric = Metric::builder().namespace(self.namespace).metric_name(self.name);
        let metric = metric.set_dimensions(Some(dimensions)).build();
        let period = i32::try_from(step_seconds).unwrap_or(i32::MAX);
        let stat = MetricStat::builder().metric(metric).period(period).stat(self.statistic).build();
        MetricDataQuery::builder().id(&self.id).metric_stat(stat).build()
    }
}

impl Question<'_> {
    /// Gives `put` every point there is: which of the metrics, which step, and the value.
    pub(crate) async fn ask(
        &self,
        cloudwatch: &AwsCloudWatch,
        mut put: impl FnMut(usize, usize, u64) + Send,
    ) -> Result<(), CallError> {
        let places: BTreeMap<&str, usize> = self.metrics.iter().map(|asked| asked.id.as_str()).zip(0..).collect();
        let queries = self.metrics.iter().map(|asked| asked.query(self.step_seconds)).collect();
        let mut pages = cloudwatch
            .client
            .get_metric_data()
            .set_metric_data_queries(Some(queries))
            .start_time(DateTime::from_secs(self.start.as_second()))
            .end_time(DateTime::from_secs(self.end.as_second()))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        let mut partial = BTreeSet::new();
        // After the last page nothing is called, and no call is taken from a bucket.
        let mut goes_on = true;
        while goes_on {
            if let Some(bucket) = self.bucket {
                cloudwatch.pace.wait(bucket).await;
            }
            cloudwatch.pace.wait(CALL).await;
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| call_error(CALL, self.subject, error))?;
            goes_on = page.next_token().is_some();
            for result in page.metric_data_results() {
                let place = *result.id().and_then(|id| places.get(id)).ok_or_else(|| self.not_asked(result))?;
                self.readable(place, result)?;
                for (step, value) in self.points(result) {
                    put(place, step, value);
                }
                match result.status_code() {
                    Some(StatusCode::PartialData) => partial.insert(place),
                    _ => partial.remove(&place),
                };
            }
        }
        // More was to come and did not: what is missing would look like nothing.
        let unfinished = partial.first().map(|place| format!("the data of {} is incomplete", self.metrics[*place].id));
        unfinished.map_or(Ok(()), |message| Err(self.fault(Failure::ServerFault, message)))
    }

    /// Results come in any order and are known by their id.
    fn not_asked(&self, result: &MetricDataResult) -> CallError {
        self.fault(Failure::ServerFault, format!("an answer for {:?}, which was not requested", result.id()))
    }

    /// A metric that could not be read is not one that has no points.
    fn readable(&self, place: usize, result: &MetricDataResult) -> Result<(), CallError> {
        let id = &self.metrics[place].id;
        match result.status_code() {
            Some(StatusCode::Forbidden) => Err(self.fault(Failure::Denied, format!("reading {id} is not allowed"))),
            Some(StatusCode::InternalError) => {
                Err(self.fault(Failure::ServerFault, format!("{id} could not be read: InternalError")))
            }
            _ => Ok(()),
        }
    }

    /// The points of a result that lie in the steps.
    fn points(&self, result: &MetricDataResult) -> impl Iterator<Item = (usize, u64)> {
        let steps = steps(self.start, self.end, self.step_seconds);
        let step = |time: &DateTime| {
            let seconds = time.secs() - self.start.as_second();
            usize::try_from(seconds.div_euclid(i64::from(self.step_seconds.max(1)))).ok()
        };
        let points = result.timestamps().iter().zip(result.values());
        points.filter_map(move |(time, value)| Some((step(time).filter(|step| *step < steps)?, whole(*value))))
    }

    fn fault(&self, failure: Failure, message: String) -> CallError {
        CallError::new(CALL, self.subject, failure, message)
    }
}

/// How many steps of this length, of which the end may cut the last, begin from `start` (inclusive) to `end` (exclusive).
pub(crate) fn steps(start: Timestamp, end: Timestamp, step_seconds: u32) -> usize {
    let seconds = u64::try_from(end.as_second() - start.as_second()).unwrap_or(0);
    usize::try_from(seconds.div_ceil(u64::from(step_seconds.max(1)))).unwrap_or(usize::MAX)
}

/// Sums and maxima of counts are whole; CloudWatch carries them as floating point.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, and NaN becomes 0")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}
