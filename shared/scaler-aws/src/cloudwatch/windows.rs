// SPDX-License-Identifier: Apache-2.0
//! Metrics by the minute: one `GetMetricData` for all that a decision needs, and one for many streams or shards.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{MetricWindow, Minute};
use scaler_app::cloud::CallError;

use super::alarm_read::NAMESPACE;
use super::client::AwsCloudWatch;
use super::metric_data::{Asked, QUERIES_MAX, Question};
use crate::pace::PAST;

/// The dimension of a stream's metrics.
pub(crate) const STREAM: &str = "StreamName";
/// The dimension that a shard's metrics have besides.
const SHARD: &str = "ShardId";

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
    /// Of the one that has such dimensions; the id says which of the question it is: `bytes_0`.
    pub(crate) fn of<'a>(&self, dimensions: Vec<(&'static str, &'a str)>, index: usize) -> Asked<'a> {
        let id = format!("{}_{index}", self.id);
        Asked { id, namespace: NAMESPACE, name: self.name, statistic: self.statistic, dimensions }
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

/// The same of one shard, as far as it has them, where shard-level metrics are enabled; again the write metrics first.
const SHARD_READS: [Read; 4] = [
    BYTES,
    RECORDS,
    THROTTLED,
    maximum("iterator_age", "IteratorAgeMilliseconds", |minute| &mut minute.iterator_age_ms),
];

/// How many of [`READS`] and [`SHARD_READS`] are write metrics.
const WRITES: usize = 3;

impl AwsCloudWatch {
    /// All metrics of a stream that a decision looks at.
    pub(super) async fn stream_window(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> Result<MetricWindow, CallError> {
        self.one(stream, &READS, end, minutes, None).await
    }

    /// The write metrics of a stream, and far more of them.
    pub(super) async fn past_writes(
        &self,
        stream: &str,
        end: Timestamp,
        minutes: u32,
    ) -> Result<MetricWindow, CallError> {
        self.one(stream, &READS[..WRITES], end, minutes, Some(PAST)).await
    }

    /// The write metrics of many streams.
    pub(super) async fn writes(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.by_stream(streams, &READS[..WRITES], end, minutes, None).await
    }

    /// The write metrics of some shards of a stream.
    pub(super) async fn shard_writes(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.by_shard(stream, shards, &SHARD_READS[..WRITES], end, minutes).await
    }

    async fn one(
        &self,
        stream: &str,
        reads: &[Read],
        end: Timestamp,
        minutes: u32,
        bucket: Option<&'static str>,
    ) -> Result<MetricWindow, CallError> {
        let mut windows = self.by_stream(&[stream.to_owned()], reads, end, minutes, bucket).await?;
        Ok(windows.remove(stream).expect("every stream that is asked for has a window"))
    }

    /// All that is read of each of these streams.
    pub async fn whole(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.by_stream(streams, &READS, end, minutes, None).await
    }

    /// All that is read of each of these shards of a stream.
    pub async fn whole_shards(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.by_shard(stream, shards, &SHARD_READS, end, minutes).await
    }

    async fn by_shard(
        &self,
        stream: &str,
        shards: &[String],
        reads: &[Read],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let mut windows = BTreeMap::new();
        for shards in shards.chunks(QUERIES_MAX / reads.len()) {
            let whose: Vec<_> = shards.iter().map(|shard| vec![(STREAM, stream), (SHARD, shard.as_str())]).collect();
            let read = self.windows(stream, &whose, reads, end, minutes, None).await?;
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
        bucket: Option<&'static str>,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let mut windows = BTreeMap::new();
        for streams in streams.chunks(QUERIES_MAX / reads.len()) {
            let whose: Vec<_> = streams.iter().map(|stream| vec![(STREAM, stream.as_str())]).collect();
            let subject = subject(streams.iter().map(String::as_str));
            let read = self.windows(subject, &whose, reads, end, minutes, bucket).await?;
            windows.extend(streams.iter().cloned().zip(read));
        }
        Ok(windows)
    }

    /// These metrics of each of these, which have such dimensions, in one question.
    async fn windows(
        &self,
        subject: &str,
        whose: &[Vec<(&'static str, &str)>],
        reads: &[Read],
        end: Timestamp,
        minutes: u32,
        bucket: Option<&'static str>,
    ) -> Result<Vec<MetricWindow>, CallError> {
        let empty = MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] };
        let mut windows = vec![empty; whose.len()];
        let asked = whose.iter().zip(0..).flat_map(|(its, i)| reads.iter().map(move |read| read.of(its.clone(), i)));
        let question = Question {
            subject,
            metrics: asked.collect(),
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
        Ok(windows)
    }
}

/// What an error says of a question about these streams.
pub(crate) fn subject<'a>(mut streams: impl Iterator<Item = &'a str>) -> &'a str {
    match (streams.next(), streams.next()) {
        (Some(stream), None) => stream,
        _ => "the fleet",
    }
}
