// SPDX-License-Identifier: Apache-2.0
//! `shardctl size`: how many shards a peak load takes by each limit of a shard, and what they cost.

mod load;
mod words;

use std::io::Write;

use anyhow::Result;
use billing::prices::{Item, MONTH_SECONDS, PriceSheet};
use clap::{ArgGroup, Args, value_parser};
use kinesis_model::ShardCount;
use kinesis_model::limits::{
    FAN_OUT_CONSUMERS_MAX, READ_CALLS_PER_SECOND_PER_SHARD, RECORD_BYTES_MAX, RETENTION_HOURS_MIN,
    SHARDS_PER_STREAM_MAX,
};
use sizing::paper::PaperStream;
use sizing::{
    HEADROOM_PERCENT, HashedKeys, Readers, Reading, Reads, Sizing, Workload, documents_kafka_shards, kafka_shards_exact,
};

use crate::failure::usage;
use crate::few_keys::KeyOptions;
use crate::options::{Output, rate, stream_name, with_negative_numbers};
use crate::pricing::{PriceOptions, Rates, in_megabytes, megabytes};
use crate::source::{Tags, read_stream};
pub(crate) use load::busiest;
use load::{Load, Origin};
use words::{Answer, Cost, in_json, in_words};

/// A shard takes a thousand a second.
const RECORDS_PER_SECOND_MAX: u64 = SHARDS_PER_STREAM_MAX as u64 * 1_000;

/// Size a stream on paper: how many shards a peak load needs by each limit of a shard, and what they cost.
///
/// Only --stream needs an AWS account.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("workload").args(["mb_per_second", "kafka_mb_per_second", "stream"]).required(true)))]
#[command(mut_args(with_negative_numbers))]
pub(crate) struct Arguments {
    /// MB a second written at the peak, for example 3.5; 1 MB is 1,048,576 bytes, partition keys included.
    #[arg(long, value_name = "MB", value_parser = megabytes)]
    mb_per_second: Option<u64>,
    /// A Kafka topic's MB a second at the peak: also shows the result of the documents' rule "whole MB + 1".
    #[arg(long, value_name = "MB", value_parser = megabytes)]
    kafka_mb_per_second: Option<u64>,
    /// One of your streams. Its busiest minute is the peak: reads --days of its history from CloudWatch.
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    stream: Option<String>,
    /// Days of the stream's history, up to the 15 for which CloudWatch keeps minutes.
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = value_parser!(u32).range(1..=15))]
    #[arg(conflicts_with_all = ["mb_per_second", "kafka_mb_per_second"])]
    days: u32,
    /// Records a second at the peak; if they are not known, only the bytes size the shards.
    #[arg(long, value_name = "N", value_parser = rate(1, RECORDS_PER_SECOND_MAX), conflicts_with = "stream")]
    records_per_second: Option<u64>,
    #[command(flatten)]
    keys: KeyOptions,
    /// Consumers, each of which reads everything; if there are too many to share the shards' read capacity, they have
    /// enhanced fan-out.
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = value_parser!(u32).range(0..=i64::from(FAN_OUT_CONSUMERS_MAX)))]
    consumers: u32,
    /// MB a second that all classic consumers read together, if they do not each read everything.
    #[arg(long, value_name = "MB", value_parser = megabytes, conflicts_with = "consumers")]
    read_mb_per_second: Option<u64>,
    /// Percent of shards on top of those needed; a single shard that has that much room stays one.
    #[arg(long, value_name = "PERCENT", value_parser = value_parser!(u32).range(0..=1_000), default_value_t = HEADROOM_PERCENT)]
    headroom: u32,
    #[command(flatten)]
    prices: PriceOptions,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

/// Sizes and prices the load.
///
/// # Errors
/// No Region is named, a history cannot be read, or the answer cannot be written.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    // Before a history is read, which takes a while.
    let sheet = arguments.prices.sheet()?;
    let load = arguments.load()?;
    let answer = arguments.answer(&load, &sheet);
    match arguments.output {
        Output::Json => Ok(writeln!(out, "{:#}", in_json(&answer))?),
        Output::Table => Ok(write!(out, "{}", in_words(&answer))?),
    }
}

impl Arguments {
    /// The load that the options speak of.
    ///
    /// # Errors
    /// A history that cannot be read, or records that no stream takes.
    fn load(&self) -> Result<Load> {
        let records_per_second = self.records_per_second;
        let load = match (self.mb_per_second, self.kafka_mb_per_second, &self.stream) {
            (_, _, Some(stream)) => busiest(&read_stream(stream, self.days, Tags::Unread)?.0),
            (_, Some(bytes_per_second), _) => Load { bytes_per_second, records_per_second, origin: Origin::Kafka },
            (bytes_per_second, None, None) => {
                let bytes_per_second = bytes_per_second.unwrap_or_default();
                Load { bytes_per_second, records_per_second, origin: Origin::Options }
            }
        };
        match load.mean_record_bytes() {
            Some(bytes) if bytes > RECORD_BYTES_MAX => Err(usage(format!(
                "{} MB in {} records a second are {bytes} bytes a record on average, and no stream takes more than \
                 {RECORD_BYTES_MAX}: is one of the two for another period?",
                in_megabytes(load.bytes_per_second),
                load.records_per_second.unwrap_or_default(),
            ))),
            _ => Ok(load),
        }
    }

    fn answer<'a>(&self, load: &'a Load, sheet: &'a PriceSheet) -> Answer<'a> {
        let bytes_per_second = load.bytes_per_second;
        let reads = match self.read_mb_per_second {
            Some(bytes_per_second) => Reads::Classic { bytes_per_second },
            None => Reads::ByConsumers(self.consumers),
        };
        let workload = Workload {
            bytes_per_second,
            records_per_second: load.records_per_second,
            reads,
            distinct_partition_keys: self.keys.partition_keys,
        };
        let sizing = Sizing::of(&workload, self.headroom);
        let used = PaperStream::at_peak(&workload, &sizing, RETENTION_HOURS_MIN).quantities();
        let lines = used.into_iter().filter(|(_, quantity)| *quantity > 0);
        Answer {
            load,
            sheet,
            headroom_percent: self.headroom,
            keys: HashedKeys::of(&workload, sizing.recommended),
            sizing,
            lines: lines.map(|(item, quantity)| (item, sheet.cost(item, quantity).map(Rates::of_month))).collect(),
            shared: sizing.readers.and_then(|readers| self.shared(readers, &workload, sheet)),
            kafka: matches!(load.origin, Origin::Kafka).then(|| {
                let counts = [documents_kafka_shards(bytes_per_second), kafka_shards_exact(bytes_per_second)];
                counts.map(|shards| (shards, shards_cost(sheet, shards)))
            }),
        }
    }

    /// What consumers with enhanced fan-out would take if they shared all the same; `None` where they share, or are more
    /// than a shard answers.
    fn shared(&self, readers: Readers, workload: &Workload, sheet: &PriceSheet) -> Option<(ShardCount, Cost)> {
        if readers.reading() == Reading::Classic || readers.count() > READ_CALLS_PER_SECOND_PER_SHARD {
            return None;
        }
        let bytes_per_second = workload.bytes_per_second.saturating_mul(u64::from(readers.count()));
        let shared = Workload { reads: Reads::Classic { bytes_per_second }, ..*workload };
        let shards = Sizing::of(&shared, self.headroom).recommended;
        Some((shards, shards_cost(sheet, shards)))
    }
}

fn shards_cost(sheet: &PriceSheet, shards: ShardCount) -> Cost {
    let shard_seconds = u128::from(shards.get()) * u128::from(MONTH_SECONDS);
    sheet.cost(Item::ShardHour, shard_seconds).map(Rates::of_month)
}
