// SPDX-License-Identifier: Apache-2.0
//! What streams and functions used: the metrics of bills.

use std::collections::BTreeMap;

use billing::{Series, StreamConfig, UsageStep};
use jiff::Timestamp;
use scaler_app::cloud::{CallError, LambdaUsage};
use scaler_app::telemetry;

use super::alarm_read::NAMESPACE;
use super::client::AwsCloudWatch;
use super::metric_data::{Asked, QUERIES_MAX, Question, steps};
use super::windows::{BYTES, Field, ITERATOR_AGE, READ_BYTES, RECORDS, Read, STREAM, THROTTLED, subject};
use crate::pace::REPORT;

/// Data points in one answer, at most. Source: API reference, `GetMetricData`.
const POINTS_MAX: usize = 100_800;

/// What each stream is asked for, beside its shard count and its consumers.
const READS: [Read; 5] = [BYTES, RECORDS, THROTTLED, READ_BYTES, ITERATOR_AGE];

/// What we read of a function: its id in the question, its name in AWS/Lambda, and where it goes.
type LambdaUsageRead = (&'static str, &'static str, fn(&mut LambdaUsage) -> &mut u64);

const LAMBDA_USAGE_READS: [LambdaUsageRead; 2] =
    [("runs", "Invocations", |runs| &mut runs.count), ("time", "Duration", |runs| &mut runs.milliseconds)];

/// Periods for what is summed up anyway, the longest first: the fewer points the better. CloudWatch keeps points of an hour
/// for 455 days and those of a minute for 15.
const PERIODS: [u32; 4] = [86_400, 3_600, 300, 60];

/// Where the points of a metric of a question go.
#[derive(Clone, Copy)]
enum Place {
    /// To a field of the minute.
    Minute(Field),
    /// To the open shards.
    OpenShards,
    /// To this consumer.
    Consumer(usize),
}

impl AwsCloudWatch {
    /// What each of these streams carried, by stream.
    pub(super) async fn usage(
        &self,
        streams: &[(String, StreamConfig)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> Result<BTreeMap<String, Series>, CallError> {
        let mut series = BTreeMap::new();
        for streams in questions(streams, steps(start, end, step_seconds)) {
            series.extend(self.series_of(streams, start, end, step_seconds).await?);
        }
        Ok(series)
    }

    /// How often and how long each of these functions ran, by name.
    pub(super) async fn function_runs(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<String, LambdaUsage>, CallError> {
        let mut all = BTreeMap::new();
        for functions in functions.chunks(QUERIES_MAX / LAMBDA_USAGE_READS.len()) {
            let mut runs = vec![LambdaUsage::default(); functions.len()];
            let question = Question {
                subject: if let [function] = functions { function } else { "the functions" },
                metrics: functions.iter().zip(0..).flat_map(of_function).collect(),
                start,
                end,
                step_seconds: period(start, end),
                bucket: Some(REPORT),
            };
            let put = |asked: usize, _, value: u64| {
                let (.., field) = LAMBDA_USAGE_READS[asked % LAMBDA_USAGE_READS.len()];
                let sum = field(&mut runs[asked / LAMBDA_USAGE_READS.len()]);
                *sum = sum.saturating_add(value);
            };
            question.ask(self, put).await?;
            all.extend(functions.iter().cloned().zip(runs));
        }
        Ok(all)
    }

    /// All of these streams, in one question.
    async fn series_of(
        &self,
        streams: &[(String, StreamConfig)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> Result<BTreeMap<String, Series>, CallError> {
        let steps = steps(start, end, step_seconds);
        let empty = |(name, config): &(String, StreamConfig)| {
            let step = UsageStep { fan_out_bytes: vec![None; config.consumers.len()], ..UsageStep::default() };
            (name.clone(), Series { start, step_seconds, steps: vec![step; steps] })
        };
        let mut series: Vec<_> = streams.iter().map(empty).collect();
        let (places, metrics): (Vec<_>, Vec<_>) = streams.iter().zip(0..).flat_map(of_stream).unzip();
        let subject = subject(streams.iter().map(|(name, _)| name.as_str()));
        let question = Question { subject, metrics, start, end, step_seconds, bucket: Some(REPORT) };
        let put = |asked: usize, step: usize, value| {
            let (stream, place): (usize, Place) = places[asked];
            let step = &mut series[stream].1.steps[step];
            match place {
                Place::Minute(field) => *field(&mut step.metrics) = Some(value),
                Place::OpenShards => step.open_shards = Some(u32::try_from(value).unwrap_or(u32::MAX)),
                Place::Consumer(consumer) => step.fan_out_bytes[consumer] = Some(value),
            }
        };
        question.ask(self, put).await?;
        Ok(series.into_iter().collect())
    }
}

/// The metrics of one stream, each with the index of the stream and its place in there.
fn of_stream((stream, index): (&(String, StreamConfig), usize)) -> Vec<((usize, Place), Asked<'_>)> {
    let (name, config) = stream;
    let mut metrics: Vec<_> =
        READS.iter().map(|read| ((index, Place::Minute(read.field)), read.of(vec![(STREAM, name)], index))).collect();
    let shards = Asked {
        id: format!("shards_{index}"),
        namespace: telemetry::NAMESPACE,
        name: telemetry::OPEN_SHARDS,
        statistic: "Maximum",
        dimensions: vec![(STREAM, name)],
    };
    metrics.push(((index, Place::OpenShards), shards));
    for (consumer, at) in config.consumers.iter().zip(0..) {
        let given = Asked {
            id: format!("consumer_{index}_{at}"),
            namespace: NAMESPACE,
            // Developer Guide, "Monitoring with CloudWatch", "Enhanced fan-out metrics", as public tables of them have it.
            name: "SubscribeToShardEvent.Bytes",
            statistic: "Sum",
            dimensions: vec![(STREAM, name), ("ConsumerName", &consumer.name)],
        };
        metrics.push(((index, Place::Consumer(at)), given));
    }
    metrics
}

/// What is read of one function.
fn of_function((function, index): (&String, usize)) -> [Asked<'_>; LAMBDA_USAGE_READS.len()] {
    LAMBDA_USAGE_READS.map(|(id, name, _)| Asked {
        id: format!("{id}_{index}"),
        namespace: "AWS/Lambda",
        name,
        statistic: "Sum",
        dimensions: vec![("FunctionName", function)],
    })
}

/// The streams, parted so that each part fits one question and its answer one page. A stream that alone is more than a page
/// is a part of its own, and comes in several.
fn questions(streams: &[(String, StreamConfig)], steps: usize) -> impl Iterator<Item = &[(String, StreamConfig)]> {
    let queries_max = QUERIES_MAX.min(POINTS_MAX / steps.max(1));
    let queries_of = |(_, config): &(String, StreamConfig)| READS.len() + 1 + config.consumers.len();
    let mut queries = streams.first().map_or(0, queries_of);
    streams.chunk_by(move |_, next| {
        queries += queries_of(next);
        let fits = queries <= queries_max;
        if !fits {
            queries = queries_of(next);
        }
        fits
    })
}

/// The longest period of which `start` and `end` are whole multiples.
fn period(start: Timestamp, end: Timestamp) -> u32 {
    let is_whole = |period: &u32| [start, end].iter().all(|time| time.as_second().rem_euclid(i64::from(*period)) == 0);
    PERIODS.into_iter().find(is_whole).unwrap_or(PERIODS[PERIODS.len() - 1])
}
