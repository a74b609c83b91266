// SPDX-License-Identifier: Apache-2.0
//! `shardctl migrate plan`: which streams a Kafka cluster's topics become, what they cost, and what is to be done.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use billing::Bill;
use billing::prices::PriceSheet;
use clap::{Args, ValueEnum, value_parser};
use file_reader::Table;
use scaler_app::stream_name::is_stream_name;
use sizing::HEADROOM_PERCENT;
use sizing::migration::{Topic, stream_for};

use super::describe::Tool;
use super::document::{as_markdown, as_text};
use super::gathered::{FIELDS, Gathered};
use super::infrastructure::{Infrastructure, infrastructure};
use super::moves::{Move, Report};
use super::{describe, description, groups, other_tools};
use crate::failure::usage;
use crate::files;
use crate::options::with_negative_numbers;
use crate::pricing::{PriceOptions, megabytes};

/// How to write a description, and its fields.
fn fields_help() -> String {
    let fields = FIELDS.map(|(name, meaning)| format!("  {name:18}  {meaning}"));
    format!(
        "A description has what is known about each topic:\n\n  JSON  {{\"topics\": [{{\"topic\": \"orders\", \
         \"mb_per_second\": 3.5}}]}}, the list alone, or one object after the other\n  CSV   a line with the \
         names of the fields, then a line for each topic; with commas, semicolons or tabs\n\nIts fields, of \
         which only `topic` must be there:\n\n{}",
        fields.join("\n"),
    ) + &format!("\n\nBesides descriptions, {}.", other_tools::READ)
}

/// What it says above all else, in Markdown.
const TITLE: &str = "From Kafka to Kinesis";

/// Plan a migration: the stream for each Kafka topic, its shards, cost and command, what has no counterpart, a
/// checklist.
///
/// Only the files are read: a description of the topics in JSON or CSV, or the output of kafka-topics --describe and
/// kafka-configs --describe --entity-type topics, of old and new versions. Those tools do not report rates: give them
/// in a description besides, or with --mb-per-second-per-topic. The plan asks for what it does not know, and does not
/// guess. Several files are combined. If a file has an error about a topic, or two files contradict each other, the
/// plan leaves that topic out and names it. It also leaves out the topics that Kafka and its tools keep for themselves,
/// unless a description says more about one than its partitions.
#[derive(Debug, Args)]
#[command(after_long_help = fields_help(), mut_args(with_negative_numbers))]
pub(crate) struct Arguments {
    /// A file about topics, or `-` for standard input; can be given several times.
    #[arg(long, value_name = "FILE", required = true)]
    topics: Vec<PathBuf>,
    /// The format of the topics' files: given once for all files, or once for each.
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    topics_format: Vec<TopicsFormat>,
    /// The output of kafka-consumer-groups --describe --all-groups: who reads which topic.
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// The peak rate in MB a second of each topic whose rate is in no file.
    #[arg(long, value_name = "MB", value_parser = megabytes, help_heading = "Assumptions")]
    mb_per_second_per_topic: Option<u64>,
    /// Percent of shards on top of those needed; a single shard that has that much room stays one.
    #[arg(long, value_name = "PERCENT", value_parser = value_parser!(u32).range(0..=1_000), default_value_t = HEADROOM_PERCENT)]
    #[arg(help_heading = "Assumptions")]
    headroom: u32,
    #[command(flatten)]
    prices: PriceOptions,
    /// The form of the plan; markdown is for a page or a pull request, json for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TopicsFormat {
    /// Detect the format.
    Auto,
    /// A description in JSON.
    Json,
    /// A description in CSV, with commas, semicolons or tabs.
    Csv,
    /// What kafka-topics --describe prints.
    KafkaTopics,
    /// What kafka-configs --describe --entity-type topics prints.
    KafkaConfigs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// For a page.
    Markdown,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let sheet = arguments.prices.sheet()?;
    let gathered = gathered(arguments)?;
    let moves = gathered.topics.iter().map(|(name, known)| moved(name, &known.topic, arguments, &sheet)).collect();
    let report = Report { moves, gathered: &gathered, sheet: &sheet, headroom_percent: arguments.headroom };
    match arguments.output {
        Form::Json => Ok(writeln!(out, "{:#}", report.in_json())?),
        Form::Table => Ok(write!(out, "{}", as_text(&report.sections()))?),
        Form::Markdown => Ok(write!(out, "{}", as_markdown(TITLE, &report.sections()))?),
    }
}

fn moved(name: &str, topic: &Topic, arguments: &Arguments, sheet: &PriceSheet) -> Move {
    let is_assumed = topic.bytes_per_second.is_none() && arguments.mb_per_second_per_topic.is_some();
    let bytes_per_second = topic.bytes_per_second.or(arguments.mb_per_second_per_topic);
    let topic = Topic { bytes_per_second, ..topic.clone() };
    let plan = stream_for(&topic, arguments.headroom);
    let month = plan.month.map(|stream| Bill::of(sheet, stream.quantities()));
    Move {
        name: name.to_owned(),
        stream: is_stream_name(name).then(|| name.to_owned()),
        likely_of: infrastructure(name).map(Infrastructure::whose),
        topic,
        is_assumed,
        plan,
        month,
    }
}

/// What the files say.
///
/// # Errors
/// A file cannot be read, or none tells of a topic that could move.
fn gathered(arguments: &Arguments) -> Result<Gathered> {
    files::is_read_once(arguments.topics.iter().chain(&arguments.groups).map(PathBuf::as_path))?;
    let mut gathered = Gathered::default();
    for (file, format) in arguments.topics.iter().zip(formats(arguments)?) {
        topics(file, &files::text("topics", file)?, format, &mut gathered)?;
    }
    if let Some(file) = &arguments.groups {
        let text = files::text("groups", file)?;
        let name = file.display().to_string();
        if !groups::is_printed(&text) {
            bail!(
                "{name} is not what kafka-consumer-groups --describe prints: no line has the columns TOPIC and PARTITION \
                 (with --list, --members or --state it prints no topics, unless --verbose)"
            );
        }
        groups::read(&name, &text, &mut gathered).map_err(|fault| anyhow!(fault))?;
    }
    gathered.settle();
    if gathered.topics.is_empty() {
        let left: Vec<_> = gathered.left_out.iter().map(|left| format!("\n  {}", left.told())).collect();
        let why = if left.is_empty() { String::new() } else { format!("; left out:{}", left.concat()) };
        bail!("no file describes a topic that could move: {}{why}", file_names(arguments));
    }
    Ok(gathered)
}

/// The format of each file of topics.
fn formats(arguments: &Arguments) -> Result<Vec<TopicsFormat>> {
    let (files, formats) = (arguments.topics.len(), &arguments.topics_format);
    match formats[..] {
        [format] => Ok(vec![format; files]),
        _ if formats.len() == files => Ok(formats.clone()),
        _ => Err(usage(format!(
            "--topics-format is given {} times for {files} files of topics: give it once for all, or once for each",
            formats.len()
        ))),
    }
}

fn topics(file: &Path, text: &str, format: TopicsFormat, gathered: &mut Gathered) -> Result<()> {
    let name = file.display().to_string();
    let format = match format {
        TopicsFormat::Auto => recognized(text).ok_or_else(|| {
            let looks = other_tools::looks_like(text).map_or_else(String::new, |looks| format!("; {looks}"));
            anyhow!(
                "{name} is neither JSON nor CSV with a column `topic`, nor what kafka-topics or kafka-configs --describe \
                 prints{looks}; shardctl migrate plan --help tells the forms"
            )
        })?,
        told => told,
    };
    let tool = match format {
        TopicsFormat::Json => {
            return description::read_json(&name, text, gathered).map_err(|fault| anyhow!(fault));
        }
        TopicsFormat::Csv => return description::read_csv(&name, text, gathered).map_err(|fault| anyhow!(fault)),
        // A file in which both tools' lines stand is read as a whole, unless somebody says which of them counts.
        TopicsFormat::Auto => Tool::Either,
        TopicsFormat::KafkaTopics => Tool::Topics,
        TopicsFormat::KafkaConfigs => Tool::Configs,
    };
    describe::read(&name, text, tool, gathered);
    Ok(())
}

/// What a text looks like; `Auto` for what Kafka's tools print.
fn recognized(text: &str) -> Option<TopicsFormat> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let has_topic = || Table::of(text).is_ok_and(|table| table.column("topic").is_some());
    match first {
        _ if first.starts_with(['{', '[']) && description::is_json(text) => Some(TopicsFormat::Json),
        _ if groups::is_printed(text) => None,
        _ if has_topic() => Some(TopicsFormat::Csv),
        _ if describe::is_printed(text) => Some(TopicsFormat::Auto),
        // What begins as JSON is told as such, with the place where it breaks.
        _ if first.starts_with('{') => Some(TopicsFormat::Json),
        _ => None,
    }
}

fn file_names(arguments: &Arguments) -> String {
    arguments.topics.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}
