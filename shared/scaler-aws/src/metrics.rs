//! The `Metrics` and `FleetMetrics` ports over CloudWatch: one `GetMetricData` for all that a decision needs, and one for
//! the write metrics of many streams.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::Client;
use jiff::{SignedDuration, Timestamp};
use scaler_app::ports::{CallError, Metrics};
use scaler_app::sync::ports::FleetMetrics;
use scaler_core::{MetricWindow, Minute};

use crate::alarm_read::NAMESPACE;
use crate::metric_data::{Asked, QUERIES_MAX, Question};
use crate::pace::{PAST, Pace};

/// The dimension of a stream's metrics.
pub(crate) const STREAM: &str = "StreamName";

/// CloudWatch metrics through the SDK.
#[derive(Clone, Debug)]
pub struct CloudWatchMetrics(pub Client, pub Pace);

/// A metric we read of a stream.
pub(crate) struct Read {
    /// Its id in the question.
    id: &'static str,
    /// Its name in AWS/Kinesis.
    name: &'static str,
    statistic: &'static str,
    pub(crate) field: Field,
}

impl Read {
    /// The id says which stream of the question it is: `bytes_0`.
    pub(crate) fn of<'a>(&self, stream: &'a str, stream_index: usize) -> Asked<'a> {
        Asked {
            id: format!("{}_{stream_index}", self.id),
            namespace: NAMESPACE,
            name: self.name,
            statistic: self.statistic,
            dimensions: vec![(STREAM, stream)],
        }
    }
}

/// Where a value of a metric goes.
pub(crate) type Field = fn(&mut Minute) -> &mut Option<u64>;

const fn sum(id: &'static str, name: &'static str, field: Field) -> Read {
    Read { id, name, statistic: "Sum", field }
}

const fn maximum(id: &'static str, name: &'static str, field: Field) -> Read {
    Read { id, name, statistic: "Maximum", field }
}

pub(crate) const BYTES: Read = sum("bytes", "IncomingBytes", |minute| &mut minute.bytes);
pub(crate) const RECORDS: Read = sum("records", "IncomingRecords", |minute| &mut minute.records);
pub(crate) const THROTTLED: Read =
    sum("throttled", "WriteProvisionedThroughputExceeded", |minute| &mut minute.throttled_records);
pub(crate) const READ_BYTES: Read = sum("read_bytes", "GetRecords.Bytes", |minute| &mut minute.read_bytes);
const READ_THROTTLES: Read =
    sum("read_throttles", "ReadProvisionedThroughputExceeded", |minute| &mut minute.read_throttles);
pub(crate) const ITERATOR_AGE: Read =
    maximum("iterator_age", "GetRecords.IteratorAgeMilliseconds", |minute| &mut minute.iterator_age_ms);

/// The write metrics come first, see [`WRITES`].
const READS: [Read; 6] = [BYTES, RECORDS, THROTTLED, READ_BYTES, READ_THROTTLES, ITERATOR_AGE];

/// How many of [`READS`] are write metrics.
const WRITES: usize = 3;

impl Metrics for CloudWatchMetrics {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.one(stream, &READS, end, minutes, None).await
    }

    async fn past(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.one(stream, &READS[..WRITES], end, minutes, Some(PAST)).await
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
        let mut windows = BTreeMap::new();
        for streams in streams.chunks(QUERIES_MAX / writes.len()) {
            windows.extend(self.windows(streams, writes, end, minutes, None).await?);
        }
        Ok(windows)
    }
}

impl CloudWatchMetrics {
    async fn one(
        &self,
        stream: &str,
        reads: &[Read],
        end: Timestamp,
        minutes: u32,
        bucket: Option<&'static str>,
    ) -> Result<MetricWindow, CallError> {
        let mut windows = self.windows(&[stream.to_owned()], reads, end, minutes, bucket).await?;
        Ok(windows.remove(stream).expect("every stream that is asked for has a window"))
    }

    /// These metrics of these streams, in one question.
    async fn windows(
        &self,
        streams: &[String],
        reads: &[Read],
        end: Timestamp,
        minutes: u32,
        bucket: Option<&'static str>,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let empty = MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] };
        let mut windows = vec![empty; streams.len()];
        let question = Question {
            subject: subject(streams.iter().map(String::as_str)),
            metrics: streams
                .iter()
                .zip(0..)
                .flat_map(|(stream, i)| reads.iter().map(move |it| it.of(stream, i)))
                .collect(),
            start: end.checked_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN),
            end,
            step_seconds: 60,
            bucket,
        };
        let put = |asked: usize, minute: usize, value| {
            let minute = &mut windows[asked / reads.len()].minutes[minute];
            *(reads[asked % reads.len()].field)(minute) = Some(value);
        };
        question.ask(self, put).await?;
        Ok(streams.iter().cloned().zip(windows).collect())
    }
}

/// What an error says of a question about these streams.
pub(crate) fn subject<'a>(mut streams: impl Iterator<Item = &'a str>) -> &'a str {
    match (streams.next(), streams.next()) {
        (Some(stream), None) => stream,
        _ => "the fleet",
    }
}
