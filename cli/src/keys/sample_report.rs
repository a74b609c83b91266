// SPDX-License-Identifier: Apache-2.0
//! What a sample shows: the shards, the hottest keys, the splits that help, and advice.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use anyhow::Result;
use kinesis_model::num::float;
use kinesis_model::thousands;
use scaler_app::advice::{StreamCommand, operand};
use scaler_core::{KeyLoad, Operation, Policy, ReshardLimits, ShardCall, ShardLoad, plan_reshard};
use serde::Serialize;

use super::sampled::Sample;
use crate::shown::shown;
use crate::table::{percent, table};

/// Keys that are shown.
const SHOWN: usize = 15;
/// So many keys are too few to spread anything.
const FEW_KEYS: usize = 4;
/// A key that is split over several is to take no more of a shard than this.
const OF_A_SHARD: f64 = 0.5;

/// What was seen.
#[derive(Serialize)]
pub(super) struct Report {
    stream: String,
    shards: Vec<ShardReport>,
    records: usize,
    /// Of those, records that several were put together in.
    aggregated: usize,
    /// Of those, records that begin as such and could not be opened: each counts as one, of its own key.
    unopened: usize,
    /// How many of these for each reason.
    unopened_because: BTreeMap<String, usize>,
    /// Of the records inside, those whose explicit hash key is no number.
    odd_hash_keys: usize,
    /// Records inside those and beside them.
    user_records: usize,
    /// Records that an explicit hash key put where they are.
    with_explicit_hash_key: usize,
    distinct_keys: usize,
    hottest_keys: Vec<HotKey>,
    /// The first split of each shard that is over its target, by the keys seen; `null` without shard-level metrics.
    pub(super) splits: Option<Vec<Split>>,
    advice: Vec<String>,
}

/// A split that would help.
#[derive(Serialize)]
pub(super) struct Split {
    shard: String,
    /// The first hash key of its upper part.
    at: String,
    command: String,
}

#[derive(Serialize)]
struct ShardReport {
    shard: String,
    /// The demand on it, of what a shard takes; `null` without shard-level metrics.
    load: Option<f64>,
    records: usize,
    bytes: usize,
}

/// A key of the sample.
#[derive(Serialize)]
struct HotKey {
    key: String,
    shard: String,
    /// Of the records sampled of its shard, 0 to 1.
    share: f64,
    /// Of their bytes.
    bytes_share: f64,
    /// What it takes of a shard, by its share and the shard's load.
    of_a_shard: f64,
}

impl Report {
    pub(super) fn of(stream: &str, samples: &[Sample]) -> Self {
        let mut hottest_keys: Vec<HotKey> = Vec::new();
        let mut distinct = HashSet::new();
        for sample in samples {
            for (key, counts) in &sample.keys {
                distinct.insert(key);
                let (share, bytes_share) = sample.share(*counts);
                hottest_keys.push(HotKey {
                    key: key.clone(),
                    shard: sample.shard.id.clone(),
                    share,
                    bytes_share,
                    of_a_shard: sample.load * share.max(bytes_share),
                });
            }
        }
        hottest_keys.sort_by(|a, b| b.of_a_shard.total_cmp(&a.of_a_shard).then_with(|| a.key.cmp(&b.key)));
        hottest_keys.truncate(SHOWN);
        let sum = |of: fn(&Sample) -> usize| samples.iter().map(of).sum();
        let shard = |sample: &Sample| ShardReport {
            shard: sample.shard.id.clone(),
            load: sample.measured,
            records: sample.records,
            bytes: sample.bytes,
        };
        let distinct_keys = distinct.len();
        let mut unopened_because = BTreeMap::new();
        for (fault, records) in samples.iter().flat_map(|sample| &sample.unopened) {
            *unopened_because.entry(fault.to_string()).or_default() += records;
        }
        let user_records = sum(|sample| sample.user_records);
        Self {
            stream: stream.to_owned(),
            shards: samples.iter().map(shard).collect(),
            records: sum(|sample| sample.records),
            aggregated: sum(|sample| sample.aggregated),
            unopened: unopened_because.values().sum(),
            unopened_because,
            odd_hash_keys: sum(|sample| sample.odd_hash_keys),
            user_records,
            with_explicit_hash_key: sum(|sample| sample.elsewhere),
            distinct_keys,
            splits: None,
            advice: advice(stream, &hottest_keys, samples, distinct_keys),
            hottest_keys,
        }
    }

    pub(super) fn tell(&self, out: &mut impl Write) -> Result<()> {
        let shards = self.shards.iter().map(|shard| {
            let load = shard.load.map_or_else(|| "?".to_owned(), |load| percent(load, 0));
            [shard.shard.clone(), load, thousands(shard.records as u64), thousands(shard.bytes as u64)]
        });
        writeln!(out, "{}\n", table(["shard", "demand", "records", "bytes"], shards))?;
        self.tell_aggregated(out)?;
        let measured = self.shards.iter().all(|shard| shard.load.is_some());
        let of_a_shard = if measured { "of a shard" } else { "of a shard, by its times" };
        let keys = self.hottest_keys.iter().map(|key| {
            [
                shown(&key.key),
                key.shard.clone(),
                percent(key.share, 1),
                percent(key.bytes_share, 1),
                percent(key.of_a_shard, 1),
            ]
        });
        let what = if self.distinct_keys == 1 { "key" } else { "keys" };
        writeln!(out, "hottest of {} {what}", thousands(self.distinct_keys as u64))?;
        writeln!(out, "{}\n", table(["key", "shard", "of its records", "of its bytes", of_a_shard], keys))?;
        for advice in &self.advice {
            writeln!(out, "{advice}")?;
        }
        match self.splits.as_deref() {
            None => writeln!(
                out,
                "without shard-level metrics it is not known which shards are full: shardctl status {}",
                self.stream
            )?,
            Some([]) => writeln!(out, "no split is needed: every shard is under its target, or has only one hot key")?,
            Some(splits) => {
                writeln!(
                    out,
                    "splits that help, calculated from the sampled keys; make one at a time, and take a new \
                     sample when the stream is ACTIVE:"
                )?;
                for Split { command, .. } in splits {
                    writeln!(out, "  {command}")?;
                }
            }
        }
        Ok(())
    }

    /// What was put together by the KPL, and what of it could not be taken apart.
    fn tell_aggregated(&self, out: &mut impl Write) -> Result<()> {
        if self.aggregated > 0 {
            let (aggregated, inside) = (thousands(self.aggregated as u64), thousands(self.user_records as u64));
            writeln!(out, "{aggregated} records are aggregated by the KPL; they contain {inside} records")?;
        }
        if self.odd_hash_keys > 0 {
            let odd = thousands(self.odd_hash_keys as u64);
            writeln!(
                out,
                "{odd} records in them have an explicit hash key that is not a number: they count by their partition keys"
            )?;
        }
        for (why, records) in &self.unopened_because {
            let records = thousands(*records as u64);
            writeln!(
                out,
                "{records} look aggregated but could not be decoded, and each counts as one record of its own key: {why}"
            )?;
        }
        if self.aggregated + self.unopened > 0 {
            writeln!(out)?;
        }
        Ok(())
    }
}

/// The first of the fewest splits, by what was seen of the keys.
pub(super) fn splits(
    policy: &Policy,
    loads: &[ShardLoad],
    samples: &[Sample],
    stream: &str,
    region: &str,
) -> Vec<Split> {
    let terms = ReshardLimits { shards_min: u32::MAX, ..ReshardLimits::of(policy) };
    let mut keys: Vec<KeyLoad> = samples.iter().flat_map(Sample::key_loads).collect();
    keys.sort_by_key(|key| key.hash_key);
    let plan = plan_reshard(loads, &keys, &terms);
    // Of each shard the first: its parts have names when they are there.
    let mut split_already = HashSet::new();
    let split = |operation: &Operation| match operation.on(loads.iter().map(|load| &load.shard))? {
        ShardCall::Split { shard, at } => {
            let command = StreamCommand::Split { shard: &shard, at }.text(Some(region), stream);
            Some(Split { shard, at: at.to_string(), command })
        }
        ShardCall::Merge { .. } => None,
    };
    plan.operations.iter().filter_map(split).filter(|split| split_already.insert(split.shard.clone())).collect()
}

/// What could be done about it.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a load is finite and not negative, a sample bounded"
)]
fn advice(stream: &str, hottest: &[HotKey], samples: &[Sample], distinct: usize) -> Vec<String> {
    let Some(first) = hottest.first() else {
        return vec!["nothing was written to these shards in that time: --since-minutes looks back further".to_owned()];
    };
    let (records, user_records) =
        samples.iter().fold((0, 0), |(all, users), it| (all + it.records, users + it.user_records));
    let elsewhere: usize = samples.iter().map(|sample| sample.elsewhere).sum();
    let is_measured = samples.iter().all(|sample| sample.measured.is_some());
    let mut advice = Vec::new();
    for key in hottest.iter().filter(|key| key.of_a_shard > OF_A_SHARD) {
        let parts = (key.of_a_shard / OF_A_SHARD).ceil() as u64;
        advice.push(format!(
            "{0} alone takes {1} of a shard, and one key never gets more than one shard: write it under {parts} keys, \
             {0}/0 to {0}/{2} in turn; order is then kept within each of them only",
            shown(&key.key),
            percent(key.of_a_shard, 0),
            parts - 1
        ));
    }
    if distinct <= FEW_KEYS && user_records > 100 * FEW_KEYS {
        advice.push(format!(
            "only {distinct} keys in {} records: at most that many shards get records; choose a key with more \
             values (shardctl keys compare shows five ways)",
            thousands(user_records as u64)
        ));
    }
    if elsewhere > 0 {
        advice.push(format!(
            "{} of the records are not on the shard of their key's MD5: they have explicit hash keys, which readers cannot see; \
             if many share one, no split helps",
            percent(float(elsewhere) / float(records.max(1)), 0)
        ));
    }
    if advice.is_empty() {
        let (key, share) = (shown(&first.key), percent(first.share.max(first.bytes_share), 1));
        advice.push(if is_measured {
            let of_a_shard = percent(first.of_a_shard, 1);
            let stream = operand(stream);
            format!(
                "no key is hot: {key} is the hottest, with {of_a_shard} of a shard. If a shard is, a split helps: shardctl scale {stream} \
                 rebalance"
            )
        } else {
            format!("{key} is the hottest, with {share} of what its shard took; the shard's utilization is unknown")
        });
    }
    advice
}
