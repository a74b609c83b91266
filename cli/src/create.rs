// SPDX-License-Identifier: Apache-2.0
//! `shardctl create`: makes a stream, tries it with a few records, and says what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum, value_parser};
use jiff::SignedDuration;
use kinesis_model::limits::{METRIC_DELAY_MINUTES, RETENTION_HOURS_MAX, RETENTION_HOURS_MIN};
use operator_aws::{NewCapacity, Operator, TestRecord};
use scaler_app::advice::{StreamCommand, operand};
use scaler_app::cloud::{CallError, Clock as _, Cloud as _, Failure};
use scaler_core::TAG_MANAGED;
use serde::Serialize;

use crate::connection::{Connection, explained, in_aws};
use crate::failure::usage;
use crate::load::{ASKED_MINUTES, Load};
use crate::options::{Output, shards, stream_name};
use crate::report::write_json;
use crate::table::table;
use crate::tags::{checked, tag};
use crate::waiting::{Pauses, until_active};
use kinesis_model::whole_minute;

/// A new stream takes AWS about half a minute.
const ACTIVE_WITHIN: SignedDuration = SignedDuration::from_mins(10);
/// What was put can be read within a second or so.
const READ_WITHIN: SignedDuration = SignedDuration::from_secs(30);
/// Records put to try the stream.
const TEST_RECORDS: usize = 10;
const SHARDS_DEFAULT: u32 = 2;

/// Create a stream, tag it, and try it: put a few records and read them back.
///
/// Waits until the stream is ACTIVE, ten minutes at most. It never deletes anything. If a step fails, it says what was
/// done, how to go on, and how to undo it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The stream's name: up to 128 of letters, digits, `_`, `.` and `-`.
    #[arg(value_name = "NAME", value_parser = stream_name)]
    name: String,
    /// Open shards, in provisioned mode [default: 2].
    #[arg(long, value_name = "N", value_parser = shards())]
    shards: Option<u32>,
    /// Who sets the shard count: you and kinesis-scaler (provisioned), or AWS (on-demand).
    #[arg(long, value_name = "MODE", default_value = "provisioned")]
    mode: Mode,
    /// Hours for which records are kept, 24 to 8760; more than 24 costs extra.
    #[arg(long, value_name = "HOURS", default_value_t = RETENTION_HOURS_MIN)]
    #[arg(value_parser = value_parser!(u32).range(i64::from(RETENTION_HOURS_MIN)..=i64::from(RETENTION_HOURS_MAX)))]
    retention_hours: u32,
    /// A tag of the stream. Repeatable; tags kinesis-scaler/... are settings of this stream.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    tags: Vec<(String, String)>,
    /// Enrol the stream: add the tag kinesis-scaler/managed=true.
    #[arg(long)]
    managed: bool,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// So many shards.
    Provisioned,
    /// AWS chooses.
    OnDemand,
}

/// What is to be made, checked.
struct Wanted {
    stream: String,
    capacity: NewCapacity,
    retention_hours: u32,
    tags: Vec<(String, String)>,
}

/// What is done after the stream was asked for, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Wait,
    Tag,
    Retention,
    Try,
}

/// What there is.
#[derive(Serialize)]
struct Made<'a> {
    stream: &'a str,
    mode: &'static str,
    status: &'static str,
    /// `null` in on-demand mode.
    open_shards: Option<u32>,
    retention_hours: u32,
    tags: BTreeMap<&'a str, &'a str>,
    records_put: usize,
    records_read: usize,
    /// Of those, by shard.
    records_by_shard: BTreeMap<String, usize>,
    /// `null` where CloudWatch has nothing yet, or could not be asked.
    load: Option<Load>,
    /// What could not be read.
    missing: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let wanted = Wanted::of(arguments)?;
    let made = in_aws(make(&wanted))?;
    match arguments.output {
        Output::Json => write_json(&made, out),
        Output::Table => made.tell(out),
    }
}

impl Wanted {
    fn of(arguments: &Arguments) -> Result<Self> {
        let capacity = match (arguments.mode, arguments.shards) {
            (Mode::Provisioned, shards) => NewCapacity::Shards(shards.unwrap_or(SHARDS_DEFAULT)),
            (Mode::OnDemand, None) => NewCapacity::OnDemand,
            (Mode::OnDemand, Some(shards)) => {
                return Err(usage(format!(
                    "--shards={shards} contradicts --mode=on-demand, in which AWS sets the count: leave one of \
                     them out"
                )));
            }
        };
        let mut tags = arguments.tags.clone();
        if arguments.managed && !tags.contains(&(TAG_MANAGED.to_owned(), "true".to_owned())) {
            tags.push((TAG_MANAGED.to_owned(), "true".to_owned()));
        }
        let stream_tags = checked(&tags)?;
        if stream_tags.managed && capacity == NewCapacity::OnDemand {
            return Err(usage(format!(
                "{TAG_MANAGED}=true contradicts --mode=on-demand, in which AWS sets the count and the scaler \
                 has nothing to manage: leave one of them out"
            )));
        }
        let (stream, retention_hours) = (arguments.name.clone(), arguments.retention_hours);
        Ok(Self { stream, capacity, retention_hours, tags })
    }

    fn steps(&self) -> Vec<Step> {
        let is_needed = |step: &Step| match step {
            Step::Wait | Step::Try => true,
            Step::Tag => !self.tags.is_empty(),
            // AWS gives a new stream the least. Source: API reference, `CreateStream`.
            Step::Retention => self.retention_hours != RETENTION_HOURS_MIN,
        };
        [Step::Wait, Step::Tag, Step::Retention, Step::Try].into_iter().filter(is_needed).collect()
    }

    fn mode(&self) -> &'static str {
        match self.capacity {
            NewCapacity::Shards(_) => "provisioned",
            NewCapacity::OnDemand => "on-demand",
        }
    }
}

async fn make(wanted: &Wanted) -> Result<Made<'_>> {
    let connection = Connection::new().await?;
    let operator = &connection.operator;
    let asked = operator.create_stream(&wanted.stream, wanted.capacity).await;
    asked.map_err(|error| not_created(wanted, &connection.region, &error))?;
    let (steps, mut state, mut put, mut read) = (wanted.steps(), None, Vec::new(), BTreeSet::new());
    for (at, step) in steps.iter().enumerate() {
        let stopped = |why: anyhow::Error| stopped(wanted, &connection.region, &steps[..at], &steps[at..], &why);
        match step {
            Step::Wait => {
                state = Some(until_active(&connection, &wanted.stream, ACTIVE_WITHIN).await.map_err(stopped)?);
            }
            Step::Tag => {
                operator.tag(&wanted.stream, &wanted.tags).await.map_err(|error| stopped(explained(&error)))?;
            }
            Step::Retention => {
                let longer = operator.lengthen_retention(&wanted.stream, wanted.retention_hours).await;
                longer.map_err(|error| stopped(explained(&error)))?;
            }
            Step::Try => (put, read) = tried(&connection, &wanted.stream).await.map_err(stopped)?,
        }
    }
    let window = window(operator, &connection, &wanted.stream).await;
    let (load, missing) = match window {
        Ok(load) => (load.is_known().then_some(load), Vec::new()),
        Err(error) => (None, vec![explained(&error).to_string()]),
    };
    let mut records_by_shard = BTreeMap::new();
    for record in &read {
        *records_by_shard.entry(record.shard.clone()).or_default() += 1;
    }
    let open_shards = match wanted.capacity {
        NewCapacity::Shards(_) => state.map(|state| state.open_shards.get()),
        NewCapacity::OnDemand => None,
    };
    Ok(Made {
        stream: &wanted.stream,
        mode: wanted.mode(),
        status: "ACTIVE",
        open_shards,
        retention_hours: wanted.retention_hours,
        tags: wanted.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        records_put: put.len(),
        records_read: read.len(),
        records_by_shard,
        load,
        missing,
    })
}

async fn window(operator: &Operator, connection: &Connection, stream: &str) -> Result<Load, CallError> {
    let end = whole_minute(connection.cloud.clock().now());
    let windows = operator.windows(&[stream.to_owned()], end, ASKED_MINUTES).await?;
    Ok(Load::of(windows.get(stream).expect("every stream that is requested has a window"), None))
}

/// Puts records and reads them back: which were put, and which were read.
async fn tried(connection: &Connection, stream: &str) -> Result<(Vec<TestRecord>, BTreeSet<TestRecord>)> {
    let keys: Vec<_> = (1..=TEST_RECORDS).map(|i| format!("shardctl-test-{i}")).collect();
    let put = connection.operator.put(stream, &keys).await.map_err(|error| explained(&error))?;
    let mut by_shard: BTreeMap<&str, Vec<TestRecord>> = BTreeMap::new();
    for record in &put {
        by_shard.entry(&record.shard).or_default().push(record.clone());
    }
    let (began, mut pauses, mut read) = (connection.cloud.clock().now(), Pauses::new(), BTreeSet::new());
    loop {
        for records in by_shard.values() {
            if records.iter().all(|record| read.contains(record)) {
                continue;
            }
            read.extend(connection.operator.read_back(stream, records).await.map_err(|error| explained(&error))?);
        }
        if read.len() == put.len() {
            return Ok((put, read));
        }
        if connection.cloud.clock().now().duration_since(began) >= READ_WITHIN {
            bail!("of {} records put, {} could be read back within {READ_WITHIN:#}", put.len(), read.len());
        }
        pauses.next().await;
    }
}

/// Why there is no stream, or perhaps one.
fn not_created(wanted: &Wanted, region: &str, error: &CallError) -> anyhow::Error {
    let stream = &wanted.stream;
    match error.failure {
        Failure::InUse => anyhow::anyhow!(
            "stream {stream} exists already, and was not changed: see it with shardctl status {}, choose \
             another name, or enrol it with {}",
            operand(stream),
            StreamCommand::Tag(&format!("{TAG_MANAGED}=true")).text(Some(region), stream)
        ),
        failure if failure.is_uncertain() => anyhow::anyhow!(
            "{}; AWS may be creating stream {stream} all the same: shardctl status {} shows it",
            explained(error),
            operand(stream)
        ),
        _ => explained(error),
    }
}

/// What failed after the stream was asked for: what there is, what is not done, how to go on and back.
fn stopped(wanted: &Wanted, region: &str, done: &[Step], undone: &[Step], why: &anyhow::Error) -> anyhow::Error {
    let stream = &wanted.stream;
    let words = |steps: &[Step]| steps.iter().map(|step| step.words(wanted)).collect::<Vec<_>>().join(", ");
    let done = if done.is_empty() { "requested".to_owned() } else { format!("requested, {}", words(done)) };
    let commands: Vec<_> = undone.iter().map(|step| format!("  {}", step.command(wanted, region))).collect();
    anyhow::anyhow!(
        "{why:#}\nDone: stream {stream} was {done}. Not done: {}.\nTo go on:\n{}\nTo undo it:\n  {}",
        words(undone),
        commands.join("\n"),
        StreamCommand::Delete.text(Some(region), stream)
    )
}

impl Step {
    fn words(self, wanted: &Wanted) -> String {
        match self {
            Self::Wait => "became ACTIVE".to_owned(),
            Self::Tag => "tagged".to_owned(),
            Self::Retention => format!("given a retention of {} h", wanted.retention_hours),
            Self::Try => "tried with test records".to_owned(),
        }
    }

    fn command(self, wanted: &Wanted, region: &str) -> String {
        let Wanted { stream, retention_hours, .. } = wanted;
        let text = |command: StreamCommand<'_>| command.text(Some(region), stream);
        match self {
            Self::Wait => text(StreamCommand::Await),
            Self::Tag => {
                let tags: BTreeMap<_, _> = wanted.tags.iter().map(|(key, value)| (key, value)).collect();
                // Tags have neither quotes nor backslashes: this is JSON, and a word for any shell.
                let tags: Vec<_> = tags.iter().map(|(key, value)| format!("\"{key}\":\"{value}\"")).collect();
                text(StreamCommand::Tag(&format!("'{{{}}}'", tags.join(","))))
            }
            Self::Retention => text(StreamCommand::LengthenRetention(*retention_hours)),
            Self::Try => format!("shardctl status {}", operand(stream)),
        }
    }
}

impl Made<'_> {
    fn tell(&self, out: &mut impl Write) -> Result<()> {
        let stream = self.stream;
        let shards = self.open_shards.map(|shards| format!(", open shards {shards}")).unwrap_or_default();
        let hours = self.retention_hours;
        writeln!(out, "{stream}: created, {}, {}{shards}, retention {hours} h", self.status, self.mode)?;
        let tags: Vec<_> = self.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        writeln!(out, "tags: {}", if tags.is_empty() { "none".to_owned() } else { tags.join(", ") })?;
        writeln!(
            out,
            "test records: {} put and read back; they stay until the retention period is over\n",
            self.records_read
        )?;
        let rows = self.records_by_shard.iter().map(|(shard, records)| [shard.clone(), records.to_string()]);
        writeln!(out, "{}\n", table(["shard", "records"], rows))?;
        match &self.load {
            Some(load) => writeln!(out, "{load}")?,
            None => writeln!(
                out,
                "metrics: CloudWatch has none of this stream yet; a minute's metrics arrive about \
                 {METRIC_DELAY_MINUTES} minutes after its end: shardctl status {}",
                operand(stream)
            )?,
        }
        for missing in &self.missing {
            writeln!(out, "missing: {missing}")?;
        }
        if self.tags.get(TAG_MANAGED) == Some(&"true") {
            writeln!(out, "managed: alarm-sync creates the stream's alarms within five minutes, if it is deployed")?;
        }
        Ok(())
    }
}
