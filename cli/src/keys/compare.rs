// SPDX-License-Identifier: Apache-2.0
//! `shardctl keys compare`: the five strategies on the same events, in figures and in stars.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use kinesis_model::keys::KeyStrategy;
use kinesis_model::{HashKeyRange, ShardCount, thousands};
use serde::{Serialize, Serializer};
use sizing::HashedKeys;

use super::events;
use super::measured::Figures;
use super::options::{EventOptions, ShardOptions};
use super::stars::{RULES, Stars, drawn};
use crate::few_keys;
use crate::options::Output;
use crate::report::write_json;
use crate::table::{figure, percent, table};

/// Compare five ways to choose partition keys, on the same generated events.
///
/// Keys are hashed as Kinesis does and put on the shards. The busiest shard is shown over all events, and in windows of
/// 60,000 events: time-based keys look even over a day, although at any time one shard receives everything. Order is
/// measured by what each strategy is meant to keep, and by user. The stars follow from the figures.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    shards: ShardOptions,
    #[command(flatten)]
    events: EventOptions,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

#[derive(Serialize)]
struct Report {
    shards: usize,
    records: u64,
    strategies: Vec<Strategy>,
}

#[derive(Serialize)]
struct Strategy {
    #[serde(flatten)]
    figures: Figures,
    stars: Stars,
    /// Its different keys, where the options tell how many there are: what chance makes of them.
    #[serde(rename = "partition_keys", serialize_with = "chances")]
    few_keys: Option<HashedKeys>,
}

#[allow(clippy::ref_option, reason = "serde gives the field as it is")]
fn chances<S: Serializer>(keys: &Option<HashedKeys>, serializer: S) -> Result<S::Ok, S::Error> {
    keys.as_ref().map(few_keys::in_json).serialize(serializer)
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let ranges: Vec<HashKeyRange> = arguments.shards.ranges()?.into_iter().map(|(_, range)| range).collect();
    let mut strategies = Vec::with_capacity(KeyStrategy::ALL.len());
    for strategy in KeyStrategy::ALL {
        let measured = events::measure(strategy, &arguments.events, &ranges)?;
        let figures = measured.figures(arguments.events.rate).expect("there is at least one event");
        let few_keys = hashed_keys(strategy, &arguments.events, ranges.len());
        strategies.push(Strategy { stars: Stars::of(&figures), figures, few_keys });
    }
    let report = Report { shards: ranges.len(), records: arguments.events.records, strategies };
    match arguments.output {
        Output::Json => write_json(&report, out),
        Output::Table => report.tell(&arguments.events, out),
    }
}

/// The different keys of a strategy on so many even shards; `None` where each record may have its own.
fn hashed_keys(strategy: KeyStrategy, events: &EventOptions, shards: usize) -> Option<HashedKeys> {
    let keys = match strategy {
        // A key by the time is one at any time: the figures say that.
        KeyStrategy::HashBased | KeyStrategy::TimeBased | KeyStrategy::Random => return None,
        KeyStrategy::UserBased => events.users,
        KeyStrategy::Composite => events.users.saturating_mul(events.categories),
    };
    HashedKeys::of(&events.rate.workload(keys), ShardCount::saturating(shards as u64))
}

impl Report {
    fn tell(&self, events: &EventOptions, out: &mut impl Write) -> Result<()> {
        writeln!(
            out,
            "{} events of {} users (Zipf, exponent {}) in {} categories, at {} a second, over {} shards\n",
            thousands(self.records),
            thousands(u64::from(events.users)),
            events.skew,
            thousands(u64::from(events.categories)),
            thousands(events.rate.records_per_second),
            self.shards
        )?;
        let rows = self.strategies.iter().map(|Strategy { figures, .. }| {
            let optional = |value: Option<f64>, tell: fn(f64) -> String| value.map_or_else(|| "?".to_owned(), tell);
            let own_order = figures.own_order_kept.map_or_else(|| "-".to_owned(), |kept| percent(kept, 1));
            [
                figures.keys.clone(),
                figure(figures.max_over_mean, 2),
                optional(figures.window_max_over_mean, |it| figure(it, 2)),
                figure(figures.coefficient_of_variation, 3),
                figure(figures.effective_shards, 2),
                percent(figures.hottest_at_a_time, 2),
                percent(figures.hottest_of_a_shard, 1),
                own_order,
                optional(figures.order_kept, |it| percent(it, 1)),
            ]
        });
        let header = [
            "keys",
            "max/mean",
            "at a time",
            "variation",
            "effective shards",
            "hottest key",
            "of a shard",
            "own order",
            "user's order",
        ];
        writeln!(out, "{}\n", table(header, rows))?;
        let stars = self.strategies.iter().map(|Strategy { figures, stars, .. }| {
            let [own, of_user] =
                [stars.own_order, stars.order].map(|order| order.map_or_else(|| "-".to_owned(), drawn));
            [figures.keys.clone(), drawn(stars.evenness), own, of_user, drawn(stars.hot_keys)]
        });
        writeln!(out, "{}\n", table(["keys", "evenness", "own order", "user's order", "hot keys"], stars))?;
        let own = self.strategies.iter().map(|Strategy { figures, .. }| {
            format!("{} that of {}", figures.keys, figures.own_order_of.unwrap_or("nothing"))
        });
        writeln!(
            out,
            "own order, which the keys are meant to keep: {} (each of these events has an identifier of its own)\n{RULES}",
            own.collect::<Vec<_>>().join("; ")
        )?;
        for Strategy { figures, few_keys, .. } in &self.strategies {
            if let Some(keys) = few_keys.filter(HashedKeys::are_few) {
                writeln!(out, "\n{}: by chance, {}", figures.keys, few_keys::in_words(&keys))?;
            }
        }
        Ok(())
    }
}
