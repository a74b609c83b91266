//! The `Metrics` and `FleetMetrics` ports over CloudWatch: one `GetMetricData` for all that a decision needs, and one for
//! the write metrics of many streams.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode};
use jiff::{SignedDuration, Timestamp};
use scaler_app::ports::{CallError, Failure, Metrics};
use scaler_app::sync::ports::FleetMetrics;
use scaler_core::{MetricWindow, Minute};

use crate::error::call_error;
use crate::pace::{PAST, Pace};

const CALL: &str = "GetMetricData";

/// CloudWatch metrics through the SDK.
#[derive(Clone, Debug)]
pub struct CloudWatchMetrics(pub Client, pub Pace);

/// A metric we read: its id in the query, its name in AWS/Kinesis, its statistic, and where it goes.
pub(crate) type Read = (&'static str, &'static str, &'static str, fn(&mut Minute) -> &mut Option<u64>);

/// The write metrics come first, see [`WRITES`].
const READS: [Read; 6] = [
    ("bytes", "IncomingBytes", "Sum", |minute| &mut minute.bytes),
    ("records", "IncomingRecords", "Sum", |minute| &mut minute.records),
    ("throttled", "WriteProvisionedThroughputExceeded", "Sum", |minute| &mut minute.throttled_records),
    ("read_bytes", "GetRecords.Bytes", "Sum", |minute| &mut minute.read_bytes),
    ("read_throttles", "ReadProvisionedThroughputExceeded", "Sum", |minute| &mut minute.read_throttles),
    ("iterator_age", "GetRecords.IteratorAgeMilliseconds", "Maximum", |minute| &mut minute.iterator_age_ms),
];

/// The same of one shard, as far as it has them, where shard-level metrics are enabled.
pub(crate) const SHARD_READS: [Read; 4] = [
    READS[0],
    READS[1],
    READS[2],
    ("iterator_age", "IteratorAgeMilliseconds", "Maximum", |minute| &mut minute.iterator_age_ms),
];

/// How many of [`READS`] are write metrics.
const WRITES: usize = 3;

/// Queries in one `GetMetricData`, at most. Source: API reference.
const QUERIES_MAX: usize = 500;

impl Metrics for CloudWatchMetrics {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.one(stream, &READS, end, minutes).await
    }

    async fn past(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.1.wait(PAST).await;
        self.one(stream, &READS[..WRITES], end, minutes).await
    }
}

impl FleetMetrics for CloudWatchMetrics {
    async fn loads(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let (writes, _) = READS.split_at(WRITES);
        self.by_stream(streams, writes, end, minutes).await
    }
}

impl CloudWatchMetrics {
    async fn one(&self, stream: &str, reads: &[Read], end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        let mut windows = self.by_stream(&[stream.to_owned()], reads, end, minutes).await?;
        Ok(windows.remove(stream).expect("every stream that is asked for has a window"))
    }

    /// As [`Metrics::window`], of many streams.
    pub(crate) async fn whole(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.by_stream(streams, &READS, end, minutes).await
    }

    /// The minutes of each of these shards of a stream.
    pub(crate) async fn by_shard(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let of_shard = |shard: &String| vec![dimension("StreamName", stream), dimension("ShardId", shard)];
        let mut windows = BTreeMap::new();
        for shards in shards.chunks(QUERIES_MAX / SHARD_READS.len()) {
            let whose: Vec<_> = shards.iter().map(of_shard).collect();
            let read = self.windows(stream, &whose, &SHARD_READS, end, minutes).await?;
            windows.extend(shards.iter().cloned().zip(read));
        }
        Ok(windows)
    }

    async fn by_stream(
        &self,
        streams: &[String],
        reads: &[Read],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let mut windows = BTreeMap::new();
        for streams in streams.chunks(QUERIES_MAX / reads.len()) {
            let subject = if let [stream] = streams { stream.as_str() } else { "the fleet" };
            let whose: Vec<_> = streams.iter().map(|stream| vec![dimension("StreamName", stream)]).collect();
            let read = self.windows(subject, &whose, reads, end, minutes).await?;
            windows.extend(streams.iter().cloned().zip(read));
        }
        Ok(windows)
    }

    /// These metrics of each of these, which have such dimensions, in one question.
    async fn windows(
        &self,
        subject: &str,
        whose: &[Vec<Dimension>],
        reads: &[Read],
        end: Timestamp,
        minutes: u32,
    ) -> Result<Vec<MetricWindow>, CallError> {
        let start = end.checked_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN);
        let empty = MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] };
        let mut windows = vec![empty; whose.len()];
        let asked = whose.iter().enumerate().flat_map(|(i, its)| reads.iter().map(move |read| query(i, its, read)));
        let mut pages = self
            .0
            .get_metric_data()
            .set_metric_data_queries(Some(asked.collect()))
            .start_time(DateTime::from_secs(start.as_second()))
            .end_time(DateTime::from_secs(end.as_second()))
            .scan_by(ScanBy::TimestampAscending)
            .into_paginator()
            .send();
        let mut partial = BTreeSet::new();
        loop {
            self.1.wait(CALL).await;
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| call_error(CALL, subject, error))?;
            for result in page.metric_data_results() {
                let id = fill(&mut windows, start, subject, reads, result)?;
                match result.status_code() {
                    Some(StatusCode::PartialData) => partial.insert(id),
                    _ => partial.remove(&id),
                };
            }
        }
        // More was to come and did not: what is missing would look like nothing.
        match partial.first() {
            Some(id) => Err(fault(subject, Failure::Unavailable, format!("{id} came in part only"))),
            None => Ok(windows),
        }
    }
}

fn fault(stream: &str, failure: Failure, message: String) -> CallError {
    CallError { call: CALL, subject: stream.to_owned(), failure, message, source: None }
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

/// The id says which of those asked for it is: `bytes_0`.
fn query(index: usize, dimensions: &[Dimension], (name_of_ours, name, statistic, _): &Read) -> MetricDataQuery {
    let metric =
        Metric::builder().namespace("AWS/Kinesis").metric_name(*name).set_dimensions(Some(dimensions.to_vec()));
    let stat = MetricStat::builder().metric(metric.build()).period(60).stat(*statistic).build();
    MetricDataQuery::builder().id(format!("{name_of_ours}_{index}")).metric_stat(stat).build()
}

/// Puts one metric's points where they belong, and says which it is. Results come in any order and are known by their id.
fn fill(
    windows: &mut [MetricWindow],
    start: Timestamp,
    subject: &str,
    reads: &[Read],
    result: &MetricDataResult,
) -> Result<String, CallError> {
    let id = result.id().unwrap_or_default();
    let known = id.rsplit_once('_').and_then(|(name, index)| {
        let (.., field) = reads.iter().find(|(of_ours, ..)| *of_ours == name)?;
        Some((windows.get_mut(index.parse::<usize>().ok()?)?, field))
    });
    let Some((window, field)) = known else {
        let words = format!("an answer to {:?}, which was not asked", result.id());
        return Err(fault(subject, Failure::Unavailable, words));
    };
    // A metric that could not be read is not one that has no points.
    match result.status_code() {
        Some(StatusCode::Forbidden) => return Err(fault(subject, Failure::Refused, format!("{id} may not be read"))),
        Some(StatusCode::InternalError) => {
            return Err(fault(subject, Failure::Unavailable, format!("{id} could not be read: InternalError")));
        }
        _ => {}
    }
    for (time, value) in result.timestamps().iter().zip(result.values()) {
        let minute = usize::try_from((time.secs() - start.as_second()).div_euclid(60)).ok();
        if let Some(minute) = minute.and_then(|minute| window.minutes.get_mut(minute)) {
            *field(minute) = Some(whole(*value));
        }
    }
    Ok(id.to_owned())
}

/// Sums and maxima of counts are whole; CloudWatch carries them as floating point.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, and NaN becomes 0")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}
