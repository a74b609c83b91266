//! `shardctl plan --mb-per-second ...`: how many shards a peak load takes by each limit, and what they cost.

use std::io::Write;

use anyhow::Result;
use billing::prices::{Item, MONTH_SECONDS, PriceSheet};
use clap::{Args, value_parser};
use kinesis_model::limits::{
    FAN_OUT_CONSUMERS_MAX, READ_CALLS_PER_SECOND_PER_SHARD, RECORD_BYTES_DEFAULT, RECORD_BYTES_MAX,
    RETENTION_HOURS_MIN, SHARDS_PER_STREAM_MAX,
};
use kinesis_model::{Demand, ShardCount};
use simulator::trace::Trace;
use sizing::paper::PaperStream;
use sizing::{
    HEADROOM_PERCENT, HashedKeys, Readers, Reading, Reads, Sizing, Workload, documents_kafka_shards, kafka_shards_exact,
};

use super::paper_words::{Answer, Cost, in_json, in_words};
use crate::failure::usage;
use crate::options::{Output, rate, stream_name};
use crate::pricing::{PriceOptions, Rates, in_megabytes, megabytes};
use crate::source::{SourceOptions, Tags};

/// A shard takes a thousand a second.
const RECORDS_PER_SECOND_MAX: u64 = SHARDS_PER_STREAM_MAX as u64 * 1_000;

/// A load that is not there yet.
#[derive(Debug, Args)]
#[command(next_help_heading = "On paper")]
pub(super) struct PaperOptions {
    /// MB a second written at the peak, as 3.5; 1 MB is 1,048,576 bytes, partition keys included.
    #[arg(long, value_name = "MB", value_parser = megabytes)]
    #[arg(conflicts_with_all = ["days", "initial_shards", "risk", "shards_min", "shards_max"])]
    mb_per_second: Option<u64>,
    /// A Kafka topic's MB a second at the peak: adds what the documents' rule "whole MB + 1" makes of it.
    #[arg(long, value_name = "MB", value_parser = megabytes)]
    #[arg(conflicts_with_all = ["days", "initial_shards", "risk", "shards_min", "shards_max"])]
    kafka_mb_per_second: Option<u64>,
    /// A stream of yours, whose busiest minute is the peak: reads --days of its history from CloudWatch.
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    #[arg(conflicts_with_all = ["initial_shards", "risk", "shards_min", "shards_max"])]
    from_stream: Option<String>,
    /// Records a second at the peak; where they are not known, shards are sized by the bytes alone.
    #[arg(long, value_name = "N", value_parser = rate(1, RECORDS_PER_SECOND_MAX))]
    #[arg(conflicts_with_all = ["stream", "trace", "from_stream"])]
    records_per_second: Option<u64>,
    /// Different partition keys in use, where they are few: a key lives on one shard, and two may share it.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(super) partition_keys: Option<u32>,
    /// Consumers, each of which reads everything; too many to share what the shards give have enhanced fan-out.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["stream", "trace"])]
    #[arg(value_parser = value_parser!(u32).range(0..=i64::from(FAN_OUT_CONSUMERS_MAX)))]
    consumers: u32,
    /// MB a second that all classic consumers read together, where they do not each read everything.
    #[arg(long, value_name = "MB", value_parser = megabytes, conflicts_with_all = ["stream", "trace", "consumers"])]
    read_mb_per_second: Option<u64>,
    /// Percent of shards on top of those needed; none on top of a single shard that has room for so much more.
    #[arg(long, value_name = "PERCENT", value_parser = value_parser!(u32).range(0..=1_000), default_value_t = HEADROOM_PERCENT)]
    #[arg(conflicts_with_all = ["stream", "trace"])]
    headroom: u32,
    #[command(flatten)]
    prices: PriceOptions,
}

/// A load to size for.
pub(super) struct Load {
    pub(super) bytes_per_second: u64,
    /// `None` where nobody said.
    pub(super) records_per_second: Option<u64>,
    pub(super) origin: Origin,
}

/// Who says so.
pub(super) enum Origin {
    Options,
    Kafka,
    /// The minute of a stream's history that began then.
    History {
        stream: String,
        minute: String,
    },
}

impl PaperOptions {
    /// Whether the options speak of a load on paper, and not of a stream's next day.
    pub(super) fn is_asked_for(&self) -> bool {
        self.mb_per_second.is_some() || self.kafka_mb_per_second.is_some() || self.from_stream.is_some()
    }

    /// Sizes and prices the load.
    ///
    /// # Errors
    /// No Region is named, a history cannot be read, or the answer cannot be written.
    pub(super) fn run(&self, source: &SourceOptions, output: Output, out: &mut impl Write) -> Result<()> {
        // Before a history is read, which takes a while.
        let sheet = self.prices.sheet()?;
        let load = self.load(source)?;
        let answer = self.answer(&load, &sheet);
        match output {
            Output::Json => Ok(writeln!(out, "{:#}", in_json(&answer))?),
            Output::Table => Ok(write!(out, "{}", in_words(&answer))?),
        }
    }

    /// The load that the options speak of.
    ///
    /// # Errors
    /// A history that cannot be read, or records that no stream takes.
    fn load(&self, source: &SourceOptions) -> Result<Load> {
        let records_per_second = self.records_per_second;
        let load = match (self.mb_per_second, self.kafka_mb_per_second, &self.from_stream) {
            (_, _, Some(stream)) => busiest(&source.read_stream(stream, Tags::Unread)?.0),
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
            distinct_partition_keys: self.partition_keys,
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

impl Load {
    /// Up, since the largest record matters.
    pub(super) fn mean_record_bytes(&self) -> Option<u64> {
        self.records_per_second.map(|records| self.bytes_per_second.div_ceil(records.max(1)))
    }

    /// Whether a stream takes such records only when it is told to.
    pub(super) fn has_large_records(&self) -> bool {
        self.mean_record_bytes().is_some_and(|bytes| bytes > RECORD_BYTES_DEFAULT)
    }
}

fn shards_cost(sheet: &PriceSheet, shards: ShardCount) -> Cost {
    let shard_seconds = u128::from(shards.get()) * u128::from(MONTH_SECONDS);
    sheet.cost(Item::ShardHour, shard_seconds).map(Rates::of_month)
}

/// The busiest minute of a history, as a load by the second; up, since a part of a byte or record cannot be had.
pub(super) fn busiest(trace: &Trace) -> Load {
    let fullness = |demand: &Demand| demand.utilization_percent(ShardCount::ONE);
    let busiest = trace.minutes.iter().enumerate().max_by_key(|(_, demand)| fullness(demand));
    let (at, demand) = busiest.map_or((0, Demand::default()), |(at, demand)| (at, *demand));
    Load {
        bytes_per_second: demand.bytes.div_ceil(60),
        records_per_second: Some(demand.records.div_ceil(60)),
        origin: Origin::History {
            stream: trace.name.clone(),
            minute: trace.at(at).strftime("%Y-%m-%d %H:%MZ").to_string(),
        },
    }
}
