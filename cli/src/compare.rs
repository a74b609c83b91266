// SPDX-License-Identifier: Apache-2.0
//! `shardctl compare`: Kafka brokers against Kinesis in each of its modes, for a load on paper.

mod alternatives;
mod chart;
mod documents;
mod words;

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use billing::prices::PriceSheet;
use clap::{ArgGroup, Args, ValueEnum, value_parser};
use kinesis_model::MicroUsd;
use kinesis_model::limits::{FAN_OUT_CONSUMERS_MAX, RECORD_BYTES_MAX, RETENTION_HOURS_MAX, RETENTION_HOURS_MIN};
use kinesis_model::number::Number;
use sizing::compare::{Brokers, DailyLoad, Hosting, broker_hour, storage_gb_month, transfer_gb};

use self::alternatives::{Alternative, Alternatives, Cluster, LackedPrices};
use crate::failure::usage;
use crate::options::{Output, cannot_write, with_negative_numbers};
use crate::pricing::{PriceOptions, in_megabytes, megabytes};

/// The load of the user's documents: 10 MB/s, which by their rule are 11 shards. They say nothing of records; 1 KB is
/// taken.
const DOCUMENTS_BYTES_PER_SECOND: u64 = 10 * 1_048_576;
const DOCUMENTS_RECORD_BYTES: u64 = 1_024;
const BROKER: &str = "r5.large";
const BROKERS: u32 = 3;

/// Compare the cost of Kafka brokers and of Kinesis in each of its modes, for a load on paper.
///
/// Kinesis: shards for the peak, shards that follow the load (kinesis-scaler, its own cost included), on-demand
/// Standard and Advantage. Every day is the same, and a month has 30. No AWS account
/// is needed.
#[derive(Debug, Args)]
#[command(mut_args(with_negative_numbers))]
#[command(group(ArgGroup::new("load").args(["mb_per_second", "case"]).required(true)))]
pub(crate) struct Arguments {
    /// MB a second written, outside the peak if there is one, for example 10 or 0.5; 1 MB is 1,048,576 bytes.
    #[arg(long, value_name = "MB", value_parser = megabytes, requires = "record_kb", help_heading = "Load")]
    mb_per_second: Option<u64>,
    /// KB of a record, key included, for example 1 or 0.25.
    #[arg(long, value_name = "KB", value_parser = kilobytes, conflicts_with = "case", help_heading = "Load")]
    record_kb: Option<u64>,
    /// Hours of each day at the peak.
    #[arg(long, value_name = "HOURS", value_parser = value_parser!(u32).range(1..=24), help_heading = "Load")]
    #[arg(requires = "peak_mb_per_second", conflicts_with = "case")]
    hours_at_peak_per_day: Option<u32>,
    /// MB a second written in those hours.
    #[arg(long, value_name = "MB", value_parser = megabytes, help_heading = "Load")]
    #[arg(requires = "hours_at_peak_per_day", conflicts_with = "case")]
    peak_mb_per_second: Option<u64>,
    /// Consumers, each of which reads everything; if there are too many to share the shards' read capacity, they have
    /// enhanced fan-out.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Load")]
    #[arg(value_parser = value_parser!(u32).range(0..=i64::from(FAN_OUT_CONSUMERS_MAX)))]
    consumers: u32,
    /// Hours that records are kept.
    #[arg(long, value_name = "HOURS", default_value_t = RETENTION_HOURS_MIN, help_heading = "Load")]
    #[arg(value_parser = value_parser!(u32).range(i64::from(RETENTION_HOURS_MIN)..=i64::from(RETENTION_HOURS_MAX)))]
    retention_hours: u32,
    /// A comparison by name: `documents` compares 10 MB/s on 3 r5.large brokers with 11 shards, as the user's documents
    /// do, and shows where the real figures differ.
    #[arg(long, value_name = "CASE", help_heading = "Load")]
    case: Option<Case>,
    #[command(flatten)]
    kafka: KafkaOptions,
    #[command(flatten)]
    prices: PriceOptions,
    /// Draw the cost of each way over the load into this SVG file.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    picture: Option<PathBuf>,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

/// The cluster.
#[derive(Debug, Args)]
#[command(next_help_heading = "Kafka")]
struct KafkaOptions {
    /// Brokers, in up to three zones with a replica in each; it is not checked whether they carry the load [default:
    /// 3].
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=1_000), conflicts_with = "case")]
    brokers: Option<u32>,
    /// The brokers' type, of MSK (kafka.m5.large) or EC2 (r5.large); a type without a known price needs
    /// --broker-hour-usd [default: r5.large].
    #[arg(long, value_name = "TYPE", conflicts_with = "case")]
    broker: Option<String>,
    /// USD for one broker for an hour.
    #[arg(long, value_name = "USD", value_parser = usd)]
    broker_hour_usd: Option<MicroUsd>,
    /// GB of each broker's disk [default: what the replicas need for the retention hours].
    #[arg(long, value_name = "GB", value_parser = value_parser!(u64).range(0..=1_000_000))]
    storage_gb_per_broker: Option<u64>,
    /// USD for a GB of disk for a month.
    #[arg(long, value_name = "USD", value_parser = usd)]
    storage_gb_month_usd: Option<MicroUsd>,
    /// USD for a GB from one zone to another.
    #[arg(long, value_name = "USD", value_parser = usd)]
    transfer_gb_usd: Option<MicroUsd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Case {
    /// The user's documents: 3 x r5.large against 11 shards.
    Documents,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let sheet = arguments.prices.sheet()?;
    let day = arguments.day()?;
    let alternatives = Alternatives { day, cluster: arguments.kafka.cluster(&sheet), sheet: &sheet };
    if Alternative::ALL.into_iter().all(|way| alternatives.costs(way).is_err()) {
        bail!("nothing can be compared without a price:\n  {}", alternatives.missing().join("\n  "));
    }
    if let Some(file) = &arguments.picture {
        let picture = chart::svg(&alternatives)?;
        fs::write(file, picture).with_context(|| cannot_write(file))?;
    }
    let documents = arguments.case.map(|Case::Documents| documents::Documents::of(&alternatives));
    match arguments.output {
        Output::Json => {
            let mut report = words::in_json(&alternatives);
            report["documents"] = documents.map_or(serde_json::Value::Null, |documents| documents.in_json());
            Ok(writeln!(out, "{report:#}")?)
        }
        Output::Table => {
            if let Some(documents) = documents {
                writeln!(out, "{}\n", documents.in_words())?;
            }
            Ok(write!(out, "{}", words::in_words(&alternatives))?)
        }
    }
}

impl Arguments {
    /// The load.
    ///
    /// # Errors
    /// A peak below the rest of the day.
    fn day(&self) -> Result<DailyLoad> {
        let bytes_per_second = self.mb_per_second.unwrap_or(DOCUMENTS_BYTES_PER_SECOND);
        let peak_bytes_per_second = self.peak_mb_per_second.unwrap_or(bytes_per_second);
        if peak_bytes_per_second < bytes_per_second {
            return Err(usage(format!(
                "--peak-mb-per-second={} is less than --mb-per-second={}, which is for the rest of the day: \
                 exchange the two, and give the other hours of the day",
                in_megabytes(peak_bytes_per_second),
                in_megabytes(bytes_per_second)
            )));
        }
        Ok(DailyLoad {
            bytes_per_second,
            peak_bytes_per_second,
            peak_hours: self.hours_at_peak_per_day.unwrap_or_default(),
            record_bytes: self.record_kb.unwrap_or(DOCUMENTS_RECORD_BYTES),
            consumers: self.consumers,
            retention_hours: self.retention_hours,
        })
    }
}

impl KafkaOptions {
    /// The cluster with its prices, those given over those of the sheet; what is missing where one is in neither.
    fn cluster(&self, sheet: &PriceSheet) -> Cluster {
        let broker = self.broker.as_deref().unwrap_or(BROKER);
        let count = self.brokers.unwrap_or(BROKERS);
        let hosting = Hosting::of(broker);
        let region = sheet.region();
        // Its own first, and another Region's only where a person named one.
        let regions = || [Some(region), sheet.lender()].into_iter().flatten();
        let prices = [
            (
                "a broker's hour",
                "--broker-hour-usd",
                self.broker_hour_usd,
                regions().find_map(|region| broker_hour(region, broker)),
            ),
            (
                "a GB of disk for a month",
                "--storage-gb-month-usd",
                self.storage_gb_month_usd,
                regions().find_map(|region| storage_gb_month(region, hosting)),
            ),
            ("a GB between zones", "--transfer-gb-usd", self.transfer_gb_usd, regions().find_map(transfer_gb)),
        ];
        let missing: Vec<_> = prices
            .iter()
            .filter(|(_, _, given, known)| given.is_none() && known.is_none())
            .map(|(what, option, ..)| format!("{what} with {option}"))
            .collect();
        let [usd_hour, usd_storage_gb_month, usd_transfer_gb] =
            prices.map(|(_, _, given, known)| given.or(known.map(|price| price.usd)).unwrap_or_default());
        let sources = prices
            .into_iter()
            .filter_map(|(what, option, given, known)| match (given, known) {
                (Some(usd), _) => Some(format!("{what} {usd} ({option})")),
                (None, Some(price)) => Some(format!("{what} {} ({})", price.usd, price.source)),
                (None, None) => None,
            })
            .collect();
        let name = format!("{count} x {broker}");
        let brokers = Brokers {
            count,
            hosting,
            usd_hour,
            storage_gb: self.storage_gb_per_broker,
            usd_storage_gb_month,
            usd_transfer_gb,
        };
        let brokers = if missing.is_empty() {
            Ok(brokers)
        } else {
            let words = format!("no price is known for {broker} in {region}: give, in USD, {}", missing.join(", "));
            Err(LackedPrices { brokers, words })
        };
        Cluster { name, broker: broker.to_owned(), brokers, sources }
    }
}

/// KB as bytes, exactly; up, since a part of a byte is a byte.
fn kilobytes(text: &str) -> Result<u64, String> {
    let expected = format!("expected KB, above 0 and up to {}, for example 1 or 0.25", RECORD_BYTES_MAX / 1_024);
    let bytes = text.parse::<Number>().and_then(|number| number.times(1_024));
    let bytes = bytes.map_err(|fault| format!("{expected}; it is {fault}"))?;
    if (1..=RECORD_BYTES_MAX).contains(&bytes) { Ok(bytes) } else { Err(expected) }
}

fn usd(text: &str) -> Result<MicroUsd, String> {
    text.parse().map_err(|error| format!("expected USD: {text:?} is {error}"))
}
