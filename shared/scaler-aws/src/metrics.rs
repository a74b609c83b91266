//! The `Metrics` port over CloudWatch: one `GetMetricData` for all that a decision needs.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode};
use jiff::{SignedDuration, Timestamp};
use scaler_app::ports::{CallError, Failure, Metrics};
use scaler_core::{MetricWindow, Minute};

use crate::error::call_error;

const CALL: &str = "GetMetricData";

/// CloudWatch metrics through the SDK.
#[derive(Clone, Debug)]
pub struct CloudWatchMetrics(pub Client);

/// A metric we read: its id in the query, its name in AWS/Kinesis, its statistic, and where it goes.
type Read = (&'static str, &'static str, &'static str, fn(&mut Minute) -> &mut Option<u64>);

const READS: [Read; 6] = [
    ("bytes", "IncomingBytes", "Sum", |minute| &mut minute.bytes),
    ("records", "IncomingRecords", "Sum", |minute| &mut minute.records),
    ("throttled", "WriteProvisionedThroughputExceeded", "Sum", |minute| &mut minute.throttled_records),
    ("read_bytes", "GetRecords.Bytes", "Sum", |minute| &mut minute.read_bytes),
    ("read_throttles", "ReadProvisionedThroughputExceeded", "Sum", |minute| &mut minute.read_throttles),
    ("iterator_age", "GetRecords.IteratorAgeMilliseconds", "Maximum", |minute| &mut minute.iterator_age_ms),
];

impl Metrics for CloudWatchMetrics {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        let start = end.checked_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN);
        let mut window = MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] };
        let mut pages = self
            .0
            .get_metric_data()
            .set_metric_data_queries(Some(READS.iter().map(|read| query(stream, read)).collect()))
            .start_time(DateTime::from_secs(start.as_second()))
            .end_time(DateTime::from_secs(end.as_second()))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        let mut partial = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error(CALL, stream, error))?;
            for result in page.metric_data_results() {
                let id = fill(&mut window, start, stream, result)?;
                match result.status_code() {
                    Some(StatusCode::PartialData) => partial.insert(id),
                    _ => partial.remove(id),
                };
            }
        }
        // More was to come and did not: what is missing would look like nothing.
        match partial.first() {
            Some(id) => Err(fault(stream, Failure::Unavailable, format!("{id} came in part only"))),
            None => Ok(window),
        }
    }
}

fn fault(stream: &str, failure: Failure, message: String) -> CallError {
    CallError { call: CALL, subject: stream.to_owned(), failure, message, source: None }
}

fn query(stream: &str, (id, name, statistic, _): &Read) -> MetricDataQuery {
    let dimension = Dimension::builder().name("StreamName").value(stream).build();
    let metric = Metric::builder().namespace("AWS/Kinesis").metric_name(*name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(60).stat(*statistic).build();
    MetricDataQuery::builder().id(*id).metric_stat(stat).build()
}

/// Puts one metric's points where they belong, and says which it is. Results come in any order and are known by their id.
fn fill(
    window: &mut MetricWindow,
    start: Timestamp,
    stream: &str,
    result: &MetricDataResult,
) -> Result<&'static str, CallError> {
    let Some((id, .., field)) = READS.iter().find(|(id, ..)| Some(*id) == result.id()) else {
        let words = format!("an answer to {:?}, which was not asked", result.id());
        return Err(fault(stream, Failure::Unavailable, words));
    };
    // A metric that could not be read is not one that has no points.
    match result.status_code() {
        Some(StatusCode::Forbidden) => return Err(fault(stream, Failure::Refused, format!("{id} may not be read"))),
        Some(StatusCode::InternalError) => {
            return Err(fault(stream, Failure::Unavailable, format!("{id} could not be read: InternalError")));
        }
        _ => {}
    }
    for (time, value) in result.timestamps().iter().zip(result.values()) {
        let minute = usize::try_from((time.secs() - start.as_second()).div_euclid(60)).ok();
        if let Some(minute) = minute.and_then(|minute| window.minutes.get_mut(minute)) {
            *field(minute) = Some(whole(*value));
        }
    }
    Ok(id)
}

/// Sums and maxima of counts are whole; CloudWatch carries them as floating point.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, and NaN becomes 0")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}
