// SPDX-License-Identifier: Apache-2.0
//! `shardctl keys test`: what one way to choose keys does to the shards.

use kinesis_model::num::float;
use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use key_spread::{Spread, spread_lines};
use kinesis_model::HashKeyRange;
use kinesis_model::keys::{KEY_STRATEGY_WORDS, KeyStrategy, UnknownStrategy};
use kinesis_model::thousands;
use serde::Serialize;

use super::chart::{self, Bar};
use super::events;
use super::measured::{Figures, HotKey, Measured, OwnOrder};
use super::options::{EventOptions, FileOptions, ShardOptions};
use crate::failure::usage;
use crate::options::{Output, cannot_write};
use crate::report::write_json;
use crate::shown::shown;
use crate::table::{figure, percent, table};

/// Keys that are shown of the hottest.
const HOTTEST: usize = 10;

/// Put the keys of a strategy, or your own keys, on shards as Kinesis does, and show what each shard receives.
///
/// Keys of a file are read once, with constant memory, on all cores. The hottest keys are counted exactly up to some
/// thousands of keys; beyond that a count may be too low, and the report says by how much.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How keys are chosen: hash-based, user-based, time-based, composite or random; or by the name of the function,
    /// `hash_based_key` and so on.
    #[arg(value_name = "STRATEGY", value_parser = strategy, required_unless_present = "keys")]
    strategy: Option<KeyStrategy>,
    #[command(flatten)]
    file: FileOptions,
    #[command(flatten)]
    shards: ShardOptions,
    #[command(flatten)]
    events: EventOptions,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
    /// Draw what each shard receives into this file.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    svg: Option<PathBuf>,
}

fn strategy(text: &str) -> Result<KeyStrategy, String> {
    text.parse().map_err(|_: UnknownStrategy| format!("expected one of {KEY_STRATEGY_WORDS}"))
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    figures: Figures,
    by_shard: Vec<ShardReport>,
    hottest_keys: Vec<HotKey>,
    /// By how many records a key may have more than is told; 0 where all is exact.
    count_error: u64,
    /// What is to be known of how the keys were made.
    remark: Option<&'static str>,
}

/// Only made-up events have identifiers.
const USERS_HASHED: &str = "hash_based_key hashes the users of the file here, so a user's records stay \
    together; for generated events it hashes each event's own identifier, so they are spread one by one";

#[derive(Serialize)]
struct ShardReport {
    shard: String,
    hash_keys: String,
    records: u64,
    share: f64,
    keys_share: f64,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let shards = arguments.shards.ranges()?;
    let ranges: Vec<HashKeyRange> = shards.iter().map(|(_, range)| *range).collect();
    let measured = match (arguments.file.open()?, arguments.strategy) {
        (Some(lines), None) => of_keys(lines, &arguments.file, &ranges)?,
        (Some(lines), Some(strategy)) => of_users(lines, strategy, arguments, &ranges)?,
        (None, Some(strategy)) => events::measure(strategy, &arguments.events, &ranges)?,
        (None, None) => {
            return Err(usage(format!("no keys are given: name a strategy ({KEY_STRATEGY_WORDS}) or give --keys")));
        }
    };
    let rate = arguments.events.rate;
    let Some(figures) = measured.figures(rate) else {
        return Err(anyhow::anyhow!("{} has no key: expected one key on each line", measured.name));
    };
    let bars = bars(&shards, &measured.spread);
    if let Some(file) = &arguments.svg {
        let picture = chart::svg(&bars, &format!("{} over {} shards", measured.name, bars.len()))?;
        fs::write(file, picture).with_context(|| cannot_write(file))?;
    }
    let report = Report {
        figures,
        by_shard: bars.iter().zip(&ranges).map(ShardReport::of).collect(),
        hottest_keys: measured.hottest(HOTTEST, rate),
        count_error: measured.spread.error(),
        remark: hashes_users(arguments).then_some(USERS_HASHED),
    };
    match arguments.output {
        Output::Json => write_json(&report, out),
        Output::Table => report.tell(&bars, arguments, out),
    }
}

/// Whether hashes are of the users in a file.
fn hashes_users(arguments: &Arguments) -> bool {
    arguments.file.keys.is_some() && arguments.strategy == Some(KeyStrategy::HashBased)
}

/// The keys of a file, as they are.
fn of_keys(lines: Box<dyn Read>, file: &FileOptions, ranges: &[HashKeyRange]) -> Result<Measured> {
    let spread = spread_lines(lines, ranges, |_, line| file.text_of(line)).with_context(|| file.name())?;
    Ok(Measured {
        name: file.name(),
        spread,
        order_kept: None,
        own_order: OwnOrder::default(),
        hottest_at_a_time: None,
    })
}

/// The users of a file, an event of each, with the keys of a strategy.
fn of_users(
    lines: Box<dyn Read>,
    strategy: KeyStrategy,
    arguments: &Arguments,
    ranges: &[HashKeyRange],
) -> Result<Measured> {
    let file = &arguments.file;
    let spread = events::measure_users(strategy, &arguments.events, ranges, lines, |line| file.text_of(line));
    let spread = spread.with_context(|| file.name())?;
    // To see where each user's last record went, all users would have to be remembered; with one key each it is certain.
    let order_kept = match strategy {
        KeyStrategy::HashBased | KeyStrategy::UserBased => Some(1.0),
        KeyStrategy::TimeBased | KeyStrategy::Composite | KeyStrategy::Random => None,
    };
    Ok(Measured {
        name: format!("{strategy} keys for the users of {}", file.name()),
        spread,
        order_kept,
        // By what a key is made of: equal parts are one key.
        own_order: OwnOrder { of: strategy.keeps_order_of(), kept: strategy.keeps_order_of().map(|_| 1.0) },
        hottest_at_a_time: None,
    })
}

fn bars(shards: &[(String, HashKeyRange)], spread: &Spread) -> Vec<Bar> {
    let records = float(spread.records());
    let bar = |((name, range), its): (&(String, HashKeyRange), &u64)| Bar {
        name: name.clone(),
        records: *its,
        share: float(*its) / records,
        keys_share: range.share(),
    };
    shards.iter().zip(spread.shards()).map(bar).collect()
}

impl ShardReport {
    fn of((bar, range): (&Bar, &HashKeyRange)) -> Self {
        Self {
            shard: bar.name.clone(),
            hash_keys: range.to_string(),
            records: bar.records,
            share: bar.share,
            keys_share: bar.keys_share,
        }
    }
}

impl Report {
    fn tell(&self, bars: &[Bar], arguments: &Arguments, out: &mut impl Write) -> Result<()> {
        let Figures { keys, records, shards, .. } = &self.figures;
        let keys = shown(keys);
        writeln!(out, "{keys}: {} records over {shards} shards\n\n{}\n", thousands(*records), chart::text(bars))?;
        writeln!(out, "{}\n", table(["measured", ""], self.figures.rows()))?;
        if let Some(remark) = self.remark {
            writeln!(out, "{remark}\n")?;
        }
        writeln!(out, "{}", self.told_hottest(arguments))?;
        Ok(())
    }

    /// The hottest keys, and what they mean; where none stands out from what a count may be off by, that.
    fn told_hottest(&self, arguments: &Arguments) -> String {
        let Some(hottest) = &self.figures.hottest else { return String::new() };
        let rate = thousands(arguments.events.rate.records_per_second);
        let off_by = float(self.count_error) / float(self.figures.records);
        if hottest.share < off_by {
            return format!("no key is hot: none has more than {} of the records", percent(off_by + hottest.share, 2));
        }
        let rows = self
            .hottest_keys
            .iter()
            .map(|hot| [shown(&hot.key), percent(hot.share, 2), percent(hot.of_a_shard, 1), hot.hash_key.clone()]);
        let table = table(["key", "share", "of a shard", "hash key"], rows);
        let off = match self.count_error {
            0 => String::new(),
            error => format!("\neach may have up to {} records more", thousands(error)),
        };
        let alone = self.alone(hottest, arguments.events.rate.records_per_second);
        format!(
            "hottest keys; of a shard, if there are {rate} records/s of {} KiB\n{table}{off}\n\n{alone}",
            arguments.events.rate.record_kib
        )
    }

    /// What the hottest key alone means for the number of shards.
    fn alone(&self, hottest: &HotKey, records_per_second: u64) -> String {
        let of_a_shard = self.figures.hottest_of_a_shard;
        if of_a_shard > 1.0 {
            return format!(
                "{} alone would need {} shards, but one key gets one shard at most: write it under several \
                 keys",
                shown(&hottest.key),
                figure(of_a_shard, 1)
            );
        }
        let full = figure(float(records_per_second) / of_a_shard, 0);
        format!(
            "the hottest key alone fills one shard at {full} records/s of all keys together; above that no \
             shard count is enough"
        )
    }
}

impl Figures {
    /// Name and value of each.
    fn rows(&self) -> Vec<[String; 2]> {
        let mut rows = vec![
            ["busiest shard over the mean".to_owned(), figure(self.max_over_mean, 3)],
            ["coefficient of variation".to_owned(), figure(self.coefficient_of_variation, 3)],
            [
                format!("chi-squared, {} degrees of freedom", thousands(self.degrees_of_freedom)),
                figure(self.chi_squared, 1),
            ],
            ["p-value of it by chance".to_owned(), figure(self.p_value, 4)],
            ["effective shards".to_owned(), figure(self.effective_shards, 2)],
        ];
        if let Some(at_a_time) = self.window_max_over_mean {
            rows.insert(1, ["the same in 60,000 records".to_owned(), figure(at_a_time, 3)]);
        }
        if let Some((of, kept)) = self.own_order_of.zip(self.own_order_kept) {
            rows.push([format!("own order kept, of {of}"), percent(kept, 1)]);
        }
        if let Some(kept) = self.order_kept {
            rows.push(["order kept of a user".to_owned(), percent(kept, 1)]);
        }
        rows
    }
}
