// SPDX-License-Identifier: Apache-2.0
//! The workload that a command is about: a trace in a file, or what CloudWatch remembers of a stream.

use kinesis_model::num::float;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, value_parser};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::METRIC_DELAY_MINUTES;
use kinesis_model::{Demand, Minute, StreamMode, StreamState, whole_minute};
use scaler_app::cloud::{Clock as _, Cloud as _, CloudWatch as _, Kinesis as _};
use scaler_aws::AwsFleetCloud;
use scaler_core::StreamTags;
use simulator::trace::Trace;

use crate::connection::{Connection, explained, in_aws};
use crate::failure::usage;
use crate::options::{read_trace, shards, stream_name};
use crate::progress;

const MINUTES_PER_DAY: u32 = 1_440;
/// CloudWatch keeps minutes for 15 days and refuses to be asked for older ones. The last hour of them is left out,
/// since they age while we ask.
const MINUTES_MAX: u32 = 15 * MINUTES_PER_DAY - 60;

/// Where the workload is from. Each command says in a group of its own that it takes one of the two.
#[derive(Debug, Args)]
pub(crate) struct SourceOptions {
    /// One of your streams: its minutes are read from CloudWatch, which costs less than a cent. Region, credentials and
    /// endpoint as for the AWS CLI.
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    stream: Option<String>,
    /// A table with the columns `timestamp`, `incoming_bytes` and `incoming_records` and a line for each minute, or `-`
    /// for standard input.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Days of the stream's history, up to the 15 for which CloudWatch keeps minutes.
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = value_parser!(u32).range(1..=15))]
    #[arg(conflicts_with = "trace")]
    days: u32,
    /// Shards in the first minute; for a forecast, the shards now [default: the stream's present count; for a trace the
    /// power of two that carries its first hour at 90 %].
    #[arg(long, value_name = "N", value_parser = shards())]
    initial_shards: Option<u32>,
}

/// A workload, and what is known of the stream beside it.
pub(crate) struct Source {
    pub(crate) trace: Trace,
    pub(crate) initial_shards: u32,
    /// `None` for a trace.
    pub(crate) stream: Option<StreamNow>,
}

/// A stream as it is, and how well its past is known.
pub(crate) struct StreamNow {
    pub(crate) name: String,
    pub(crate) capacity: Capacity,
    /// What its tags say, where they were read.
    pub(crate) tags: StreamTags,
    /// Share of the minutes, 0 to 1, of which CloudWatch knows nothing; the trace has no traffic in them.
    pub(crate) unknown_share: f64,
}

/// Whether to read a stream's tags: that takes one more permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    Read,
    Unread,
}

/// How a stream has its capacity now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capacity {
    /// So many open shards.
    Shards(u32),
    OnDemand,
}

impl SourceOptions {
    /// The file of the workload, where it is in one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.trace.as_deref()
    }

    /// Whether the count of shards is a guess.
    pub(crate) fn is_assumed(&self) -> bool {
        self.trace.is_some() && self.initial_shards.is_none()
    }

    /// Reads the workload.
    ///
    /// # Errors
    /// What cannot be read.
    pub(crate) fn read(&self) -> Result<Source> {
        self.read_with(Tags::Unread)
    }

    /// As [`Self::read`], with the stream's tags or without.
    ///
    /// # Errors
    /// What cannot be read.
    pub(crate) fn read_with(&self, tags: Tags) -> Result<Source> {
        let (trace, stream) = match (&self.trace, &self.stream) {
            (Some(file), _) => (read_trace(file)?, None),
            (None, Some(stream)) => {
                let (trace, now) = read_stream(stream, self.days, tags)?;
                (trace, Some(now))
            }
            (None, None) => return Err(usage("neither a stream nor --trace is given: give one of them")),
        };
        let now = stream.as_ref().map(|now| now.capacity);
        let initial_shards = self.initial_shards.unwrap_or_else(|| match now {
            Some(Capacity::Shards(shards)) => shards,
            Some(Capacity::OnDemand) | None => trace.initial_shards(),
        });
        Ok(Source { trace, initial_shards, stream })
    }
}

/// Reads so many days of a stream's history.
///
/// # Errors
/// What cannot be read.
pub(crate) fn read_stream(stream: &str, days: u32, tags: Tags) -> Result<(Trace, StreamNow)> {
    in_aws(history(stream, days, tags))
}

/// What CloudWatch remembers of what was wanted of a stream, and the stream as it is.
async fn history(stream: &str, days: u32, tags: Tags) -> Result<(Trace, StreamNow)> {
    let cloud = Connection::new().await?.cloud;
    let state = cloud.kinesis().describe(stream).await.map_err(|error| explained(&error))?;
    let (start, minutes) = minutes(&cloud, stream, (days * MINUTES_PER_DAY).min(MINUTES_MAX)).await?;
    let (trace, mut now) = remembered(stream, &state, start, &minutes)?;
    if tags == Tags::Read {
        let tags = cloud.kinesis().tags(stream).await.map_err(|error| explained(&error))?;
        now.tags = StreamTags::read(&tags);
    }
    Ok((trace, now))
}

/// The write metrics of so many minutes up to the newest that CloudWatch surely has, and when the first began.
///
/// Day by day: one answer for all would come near the time that a call may take.
async fn minutes(cloud: &AwsFleetCloud, stream: &str, count: u32) -> Result<(Timestamp, Vec<Minute>)> {
    let end = whole_minute(cloud.clock().now()) - SignedDuration::from_mins(i64::from(METRIC_DELAY_MINUTES));
    let start = end - SignedDuration::from_mins(i64::from(count));
    let bar = progress::bar("days read from CloudWatch", count.div_ceil(MINUTES_PER_DAY) as usize);
    let mut minutes = Vec::new();
    let mut read = 0;
    while read < count {
        let more = MINUTES_PER_DAY.min(count - read);
        read += more;
        let end = start + SignedDuration::from_mins(i64::from(read));
        let mut windows = cloud
            .cloudwatch()
            .stream_windows(&[stream.to_owned()], end, more)
            .await
            .map_err(|error| explained(&error))?;
        minutes.extend(windows.remove(stream).context("CloudWatch answered for another stream")?.minutes);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((start, minutes))
}

/// A trace of the minutes since the first that is known: before it the stream was not there, or not used.
fn remembered(stream: &str, state: &StreamState, start: Timestamp, minutes: &[Minute]) -> Result<(Trace, StreamNow)> {
    let Some(first) = minutes.iter().position(Minute::is_known) else {
        bail!(
            "CloudWatch shows no write to stream {stream} in the {} minutes since {start}: nobody wrote, or the \
             name or Region is wrong",
            minutes.len()
        );
    };
    let known = &minutes[first..];
    let start = start + SignedDuration::from_mins(i64::try_from(first)?);
    let demand = known.iter().map(|minute| if minute.is_known() { Demand::wanted(minute) } else { Demand::default() });
    let trace = Trace { name: stream.to_owned(), start, minutes: demand.collect() };
    let unknown = known.iter().filter(|minute| !minute.is_known()).count();
    let unknown_share = float(unknown) / float(known.len());
    let capacity = match state.mode {
        StreamMode::Provisioned => Capacity::Shards(state.open_shards.get()),
        StreamMode::OnDemand => Capacity::OnDemand,
    };
    Ok((trace, StreamNow { name: stream.to_owned(), capacity, tags: StreamTags::default(), unknown_share }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use kinesis_model::{ShardCount, StreamStatus};

    use super::*;

    fn state() -> StreamState {
        let open_shards = ShardCount::saturating(4);
        StreamState { status: StreamStatus::Active, mode: StreamMode::Provisioned, open_shards, shard_metrics: false }
    }

    #[test]
    fn a_history_begins_with_its_first_known_minute_and_tells_its_gaps() {
        let throttled = Minute { throttled_records: Some(3), ..written(600, 6) };
        let minutes = [Minute::default(), written(60, 1), Minute::default(), throttled, written(0, 0)];
        let (trace, now) = remembered("orders", &state(), Timestamp::UNIX_EPOCH, &minutes).unwrap();
        assert_eq!(trace.start.to_string(), "1970-01-01T00:01:00Z");
        let wanted: Vec<_> = trace.minutes.iter().map(|minute| (minute.bytes, minute.records)).collect();
        assert_eq!(wanted, [(60, 1), (0, 0), (900, 9), (0, 0)]);
        assert_eq!((now.capacity, format!("{:.2}", now.unknown_share)), (Capacity::Shards(4), "0.25".to_owned()));
    }

    #[test]
    fn a_stream_that_nobody_wrote_to_has_no_history() {
        let told = remembered("orders", &state(), Timestamp::UNIX_EPOCH, &[Minute::default(); 3]).err().unwrap();
        assert!(told.to_string().starts_with("CloudWatch shows no write to stream orders in the 3 minutes"), "{told}");
    }

    fn written(bytes: u64, records: u64) -> Minute {
        Minute { bytes: Some(bytes), records: Some(records), ..Minute::default() }
    }
}
