// SPDX-License-Identifier: Apache-2.0
//! `shardctl keys sample`: a bounded look at what is written to a stream, and which keys of it are hot.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, value_parser};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::{READ_BYTES_PER_SECOND_PER_SHARD, READ_CALLS_PER_SECOND_PER_SHARD};
use kinesis_model::{OpenShard, thousands};
use operator_aws::SampleLimits;
use scaler_app::cloud::{Clock as _, Cloud as _, Kinesis as _};
use scaler_core::{Policy, PolicySpec, ShardLoad, StreamTags};
use serde::Serialize;

use super::sample_report::{Report, splits};
use super::sampled::Sample;
use super::shards_to_sample;
use crate::connection::{Connection, explained, in_aws};
use crate::options::{Output, stream_name};
use crate::report::write_json;

/// One call of a shard's five a second, and an eighth of its bytes.
const PAUSE: Duration = Duration::from_secs(1);
const PAGE_BYTES: usize = 256 << 10;

/// Read a bounded sample of what is written to a stream, and show its hottest keys.
///
/// Reads from the shards that throttle or are full, if shard-level metrics show them, else from four shards; or from
/// the shards that you name. The sample uses read throughput that all consumers with `GetRecords` share, so the command
/// first says how much: at most one of the five calls a second that a shard answers, and an eighth of its bytes.
/// Records that the KPL aggregated are opened, and the report says where that failed. Nothing is written. Of the data
/// only keys are shown.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The stream.
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    stream: String,
    /// A shard to read. Repeatable [default: hot shards].
    #[arg(long = "shard", value_name = "ID")]
    shards: Vec<String>,
    /// Read records of this many last minutes; shards that were split or merged since then are read as well.
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = value_parser!(u32).range(1..=1_440))]
    since_minutes: u32,
    /// At most this many records of each shard.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u32).range(1..=1_000_000))]
    records: u32,
    /// About this many MiB of each shard.
    #[arg(long, value_name = "MIB", default_value_t = 2, value_parser = value_parser!(u32).range(1..=1_000))]
    mib: u32,
    /// Only say what would be read, and how much read capacity that uses.
    #[arg(long)]
    dry_run: bool,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

/// What a dry run says.
#[derive(Serialize)]
struct WouldRead<'a> {
    would_read: &'a str,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    in_aws(async {
        let connection = Connection::new().await?;
        let open =
            connection.cloud.kinesis().open_shards(&arguments.stream).await.map_err(|error| explained(&error))?;
        let policy = policy(&connection, &arguments.stream).await?;
        let loads = shards_to_sample::loads(&connection, &policy, &arguments.stream, &open).await?;
        let since = since(&connection, arguments);
        let closed = shards_to_sample::closed_since(&connection, &arguments.stream, since, &open).await?;
        let chosen = shards_to_sample::with_parents(
            shards_to_sample::chosen(
                &arguments.stream,
                &arguments.shards,
                arguments.since_minutes,
                &open,
                &closed,
                loads.as_deref(),
            )?,
            &closed,
        );
        // Before anything is read.
        let takes = takes(arguments, &chosen);
        match arguments.output {
            Output::Json if arguments.dry_run => return write_json(&WouldRead { would_read: &takes }, out),
            Output::Json => {}
            Output::Table => writeln!(out, "{takes}\n").and_then(|()| out.flush())?,
        }
        if arguments.dry_run {
            return Ok(());
        }
        let mut samples = Vec::with_capacity(chosen.len());
        for shard in chosen {
            let read = connection.operator.sample(&arguments.stream, &shard.id, since, arguments.limits()).await;
            let records = read.map_err(|error| explained(&error))?;
            if let (Some(busy), Output::Table) = (&records.cut_short_by, arguments.output) {
                writeln!(out, "{}: only {} records were read: {busy}\n", shard.id, records.len())?;
            }
            let its = |load: &&ShardLoad| load.shard.id == shard.id;
            let load = loads.as_ref().and_then(|loads| loads.iter().find(its)).map(|load| load.load);
            samples.push(Sample::of(shard.clone(), load, &records));
        }
        let mut report = Report::of(&arguments.stream, &samples);
        report.splits = loads.map(|loads| splits(&policy, &loads, &samples, &arguments.stream, &connection.region));
        match arguments.output {
            Output::Json => write_json(&report, out),
            Output::Table => report.tell(out),
        }
    })
}

impl Arguments {
    fn limits(&self) -> SampleLimits {
        let (records, bytes) = (self.records as usize, (self.mib as usize) << 20);
        SampleLimits { records, bytes, page_bytes: PAGE_BYTES, pause: PAUSE }
    }
}

fn since(connection: &Connection, arguments: &Arguments) -> Timestamp {
    let now = connection.cloud.clock().now();
    now.checked_sub(SignedDuration::from_mins(i64::from(arguments.since_minutes))).unwrap_or(Timestamp::MIN)
}

/// What applies to the stream, by its own tags; where those are not understood, as the functions are deployed.
async fn policy(connection: &Connection, stream: &str) -> Result<Policy> {
    let tags = connection.cloud.kinesis().tags(stream).await.map_err(|error| explained(&error))?;
    let deployed = Policy::new(PolicySpec::default()).expect("the default is a policy");
    Ok(StreamTags::read(&tags).policy(&deployed).unwrap_or(deployed))
}

/// What is read, and what it takes of those who read as well.
fn takes(arguments: &Arguments, shards: &[&OpenShard]) -> String {
    let ids: Vec<_> = shards.iter().map(|shard| shard.id.as_str()).collect();
    let bytes_percent = 100 * PAGE_BYTES as u64 / READ_BYTES_PER_SECOND_PER_SHARD;
    format!(
        "reads at most {} records or about {} MiB of each of {}; meanwhile it uses one of the \
         {READ_CALLS_PER_SECOND_PER_SHARD} calls and about {bytes_percent} % of the bytes a second that all \
         classic consumers of a shard share",
        thousands(u64::from(arguments.records)),
        arguments.mib,
        ids.join(", ")
    )
}
