// SPDX-License-Identifier: Apache-2.0
//! How a stream could cost less: each with the figure and the reservation.

use std::fmt;

use crate::bill::Bill;
use crate::prices::{Item, MONTH_SECONDS, MissingPrice, PriceSheet};
use crate::usage::{ConsumerUse, FREE_RETENTION_HOURS, OnDemandOnly, StreamConfig, Usage};
use kinesis_model::limits::FAN_OUT_CONSUMERS_MAX;
use kinesis_model::{MicroUsd, ShardCount, StreamMode};
use scaler_core::Policy;

/// Less than a day says nothing of how a stream is used.
const LEAST_SECONDS: u64 = 86_400;
/// And less than a week nothing of whether a stream is needed.
const LEAST_SECONDS_IDLE: u64 = 7 * LEAST_SECONDS;
/// Payload units dominate where they are more than this share of the bill.
const UNITS_DOMINATE_PERCENT: u64 = 50;
/// What saves less in a month is not worth a line.
const LEAST_SAVING: MicroUsd = MicroUsd(1_000_000);
/// Consumers that were never further behind than this share of the retention do not need it.
const RETENTION_USED_MAX_PERCENT: u64 = 50;
/// Bytes that a producer can bring into one record by aggregation, with some room below the KPL's default of 50 KB.
const AGGREGATED_RECORD_BYTES: u64 = 48 * 1_024;

/// What was looked at for advice.
#[derive(Clone, Copy, Debug)]
pub struct AdviceInput<'a> {
    /// What the stream used.
    pub usage: &'a Usage,
    /// What it is.
    pub config: &'a StreamConfig,
    /// The policy that it is managed by; `None` where it is not managed.
    pub managed_by: Option<&'a Policy>,
    /// The target utilization in percent for what is not managed.
    pub target_utilization_percent: u32,
}

/// A way to save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saving {
    /// Provisioned, and dearer than on-demand would be.
    ToOnDemand,
    /// On-demand, and dearer than shards for its peak would be.
    ToProvisioned {
        /// Those shards.
        shards: ShardCount,
        /// What of the stream has to go first.
        only: OnDemandOnly,
    },
    /// Nobody wrote, or tried to, and nobody read.
    DeleteIdle,
    /// More shards than its busiest minute needs, and nobody takes them away.
    Enrol {
        /// What the busiest minute needs.
        shards: ShardCount,
    },
    /// A minimum above what its busiest minute needs.
    LowerMin {
        /// The minimum.
        from: u32,
        /// What the busiest minute needs.
        to: ShardCount,
    },
    /// Managed, and yet with more shards than its busiest minute needs or its minimum asks for.
    AskWhyHeld {
        /// What it has.
        from: ShardCount,
        /// What it would need.
        to: ShardCount,
    },
    /// Records are kept far longer than anybody was behind.
    ShortenRetention {
        /// Hours.
        from: u32,
        /// Hours.
        to: u32,
    },
    /// A consumer with enhanced fan-out that was given nothing.
    DropConsumer {
        /// Its name.
        name: String,
    },
    /// Records so small that what each is rounded up to is most of the bill.
    Aggregate {
        /// Mean bytes of a record.
        mean_bytes: u64,
        /// What one is billed as, in KB.
        billed_kb: u128,
    },
}

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What to do.
    pub saving: Saving,
    /// What it saves in 30 days like those looked at.
    pub a_month: MicroUsd,
}

impl fmt::Display for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToOnDemand => f.write_str(
                "switch to on-demand mode: it is cheaper for this traffic (AWS allows two switches in 24 hours; \
                 the scaler does not scale on-demand streams)",
            ),
            Self::ToProvisioned { shards, only } => {
                write!(
                    f,
                    "switch to provisioned mode, and enrol the stream: {shards} shards carry its busiest \
                     minute. The switch keeps the current shards, and scale-in takes some time. "
                )?;
                for block in only.blocks() {
                    write!(f, "First {block}. ")?;
                }
                write!(
                    f,
                    "Check whether the stream uses {}: they exist only in on-demand mode, and are not \
                    visible here",
                    only.to_check()
                )
            }
            Self::DeleteIdle => f.write_str(
                "CloudWatch shows no write and no read in the whole period: delete the stream, unless somebody \
                 needs it, its records or its registered consumers",
            ),
            Self::Enrol { shards } => {
                write!(
                    f,
                    "its busiest minute needs {shards} shards: enrol the stream, and the scaler sizes it \
                    for its load"
                )
            }
            Self::LowerMin { from, to } => {
                write!(f, "its minimum is {from} shards and its busiest minute needs {to}: lower the minimum")
            }
            Self::AskWhyHeld { from, to } => {
                write!(f, "it has {from} shards and its busiest minute needs {to}: check why it is not scaled in")
            }
            Self::ShortenRetention { from, to } => write!(
                f,
                "records are kept for {from} hours, and no consumer with GetRecords was ever far behind: keep \
                 them for {to} hours, unless you replay them (older records become unreadable at once)"
            ),
            Self::DropConsumer { name } => {
                write!(
                    f,
                    "consumer {name} has enhanced fan-out, and CloudWatch shows no data delivered to it: \
                     deregister it, unless somebody needs it"
                )
            }
            Self::Aggregate { mean_bytes, billed_kb } => write!(
                f,
                "a record has {mean_bytes} bytes on average and is billed as {billed_kb} KB: aggregate records in the producer \
                 (KPL)"
            ),
        }
    }
}

/// What could be saved, the most first. Each is reckoned by itself; two together save less than their sum.
///
/// # Errors
/// An item that the stream is billed by has no price.
pub fn advice(sheet: &PriceSheet, looked: AdviceInput<'_>) -> Result<Vec<Advice>, MissingPrice> {
    if looked.usage.seconds < LEAST_SECONDS {
        return Ok(Vec::new());
    }
    let now = Bill::as_it_is(sheet, looked.usage, looked.config)?;
    let mut found = unused_consumers(sheet, looked)?;
    if !is_without_writes(looked.usage) {
        found.extend(other_mode(sheet, looked, &now)?);
        found.extend(fewer_shards(sheet, looked, &now)?);
        found.extend(aggregated(sheet, looked, &now)?);
        found.extend(shorter_retention(sheet, looked, &now)?);
    } else if is_idle(looked) {
        found.push((Saving::DeleteIdle, now.total()));
    }
    let a_month = |saved: MicroUsd| {
        let month = u128::from(saved.0) * u128::from(MONTH_SECONDS) / u128::from(looked.usage.seconds);
        MicroUsd(u64::try_from(month).unwrap_or(u64::MAX))
    };
    let mut advice: Vec<_> = found
        .into_iter()
        .map(|(saving, saved)| Advice { saving, a_month: a_month(saved) })
        .filter(|advice| advice.a_month >= LEAST_SAVING)
        .collect();
    advice.sort_by_key(|advice| std::cmp::Reverse(advice.a_month));
    Ok(advice)
}

fn is_without_writes(usage: &Usage) -> bool {
    usage.records == 0 && usage.bytes == 0 && usage.throttled_records == 0
}

/// Of a stream that nobody writes to and nobody reads from CloudWatch has no point at all, so that none is no doubt here. One
/// with consumers cannot be deleted just so.
fn is_idle(looked: AdviceInput<'_>) -> bool {
    let AdviceInput { usage, config, .. } = looked;
    usage.read_bytes == 0 && config.consumers.is_empty() && usage.seconds >= LEAST_SECONDS_IDLE
}

/// What its busiest minute needs at the target utilization.
fn needed(looked: AdviceInput<'_>) -> ShardCount {
    let target =
        looked.managed_by.map_or(looked.target_utilization_percent, |policy| policy.target_utilization_percent);
    looked.usage.shards_at_peak(looked.config.mode, target)
}

/// A mode whose prices are not known is not advised; nor is on-demand where the right count of shards would be cheaper.
fn other_mode(
    sheet: &PriceSheet,
    looked: AdviceInput<'_>,
    now: &Bill,
) -> Result<Option<(Saving, MicroUsd)>, MissingPrice> {
    let AdviceInput { usage, config, .. } = looked;
    let shards = needed(looked);
    let (saving, then) = match config.mode {
        StreamMode::Provisioned => {
            let fitting = Bill::with_shards(sheet, usage, config, shards)?.total();
            let on_demand = Bill::on_demand(sheet, usage, config).ok().map(|bill| bill.total());
            (Saving::ToOnDemand, on_demand.filter(|on_demand| *on_demand < fitting))
        }
        StreamMode::OnDemand => {
            let provisioned = Bill::with_shards(sheet, usage, config, shards).ok().map(|bill| bill.total());
            let consumers = u32::try_from(config.consumers.len()).unwrap_or(u32::MAX);
            let consumers_beyond = consumers.saturating_sub(FAN_OUT_CONSUMERS_MAX);
            let only = OnDemandOnly { consumers_beyond, ..config.on_demand_only };
            (Saving::ToProvisioned { shards, only }, provisioned)
        }
    };
    Ok(then.and_then(|then| Some((saving, less(now.total(), then)?))))
}

fn fewer_shards(
    sheet: &PriceSheet,
    looked: AdviceInput<'_>,
    now: &Bill,
) -> Result<Option<(Saving, MicroUsd)>, MissingPrice> {
    let AdviceInput { usage, config, managed_by, .. } = looked;
    let (shards, has) = (needed(looked), config.open_shards);
    // What it had on other days is past: it is about the shards that it has.
    if config.mode == StreamMode::OnDemand || has <= shards {
        return Ok(None);
    }
    let with = |shards| Bill::with_shards(sheet, usage, config, shards).map(|bill| bill.total());
    let min = managed_by.and_then(|policy| ShardCount::new(policy.shards_min)).unwrap_or(ShardCount::ONE);
    let (saving, saved) = match managed_by {
        None => (Saving::Enrol { shards }, less(now.total(), with(shards)?)),
        // The minimum holds so many; what else there is, something else does.
        Some(policy) if min > shards => {
            (Saving::LowerMin { from: policy.shards_min, to: shards }, less(with(min.min(has))?, with(shards)?))
        }
        Some(_) => {
            // A day's slack belongs to scaling: it is only worth a word where a third of the bill is.
            let saved = less(now.total(), with(shards)?).filter(|saved| saved.0 > now.total().0 / 3);
            (Saving::AskWhyHeld { from: has, to: shards }, saved)
        }
    };
    Ok(saved.map(|saved| (saving, saved)))
}

/// Where most of the bill is for what records are rounded up to.
fn aggregated(
    sheet: &PriceSheet,
    looked: AdviceInput<'_>,
    now: &Bill,
) -> Result<Option<(Saving, MicroUsd)>, MissingPrice> {
    let Usage { records, bytes, put_units, on_demand_bytes, .. } = looked.usage;
    let (item, then, billed_kb) = match looked.config.mode {
        StreamMode::Provisioned => {
            let then = 2 * bytes.div_ceil(u128::from(AGGREGATED_RECORD_BYTES));
            (Item::PutUnits, then, put_units.div_ceil((*records).max(1)) * 25)
        }
        StreamMode::OnDemand => (Item::OnDemandIn, *bytes, on_demand_bytes.div_ceil((*records).max(1)).div_ceil(1_024)),
    };
    let rounded = now.cost_of(item);
    if rounded.0 / UNITS_DOMINATE_PERCENT <= now.total().0 / 100 {
        return Ok(None);
    }
    let mean_bytes = u64::try_from(bytes / records.max(&1)).unwrap_or(u64::MAX);
    let saved = less(rounded, sheet.cost(item, then)?);
    Ok(saved.map(|saved| (Saving::Aggregate { mean_bytes, billed_kb }, saved)))
}

fn shorter_retention(
    sheet: &PriceSheet,
    looked: AdviceInput<'_>,
    now: &Bill,
) -> Result<Option<(Saving, MicroUsd)>, MissingPrice> {
    let (from, to) = (looked.config.retention_hours, FREE_RETENTION_HOURS);
    // Of consumers with enhanced fan-out nobody knows how far they are behind.
    let Some(age) = looked.usage.iterator_age_ms.filter(|_| looked.usage.fan_out_bytes() == 0) else {
        return Ok(None);
    };
    if age > u64::from(to) * 3_600_000 * RETENTION_USED_MAX_PERCENT / 100 {
        return Ok(None);
    }
    let shorter = StreamConfig { retention_hours: to, ..looked.config.clone() };
    let then = Bill::as_it_is(sheet, looked.usage, &shorter)?;
    Ok(less(now.total(), then.total()).map(|saved| (Saving::ShortenRetention { from, to }, saved)))
}

/// On-demand bills a consumer by what it is given alone: one that is given nothing costs nothing.
fn unused_consumers(sheet: &PriceSheet, looked: AdviceInput<'_>) -> Result<Vec<(Saving, MicroUsd)>, MissingPrice> {
    if looked.config.mode == StreamMode::OnDemand {
        return Ok(Vec::new());
    }
    let usage = looked.usage;
    // As for a stream: less than a day says nothing.
    let is_old = |used: &ConsumerUse| {
        used.shard_seconds.saturating_mul(u128::from(usage.seconds))
            >= usage.shard_seconds.saturating_mul(u128::from(LEAST_SECONDS))
    };
    let unused = usage.consumers.iter().filter(|(_, used)| used.bytes.unwrap_or(0) == 0 && is_old(used));
    unused
        .map(|(name, used)| {
            Ok((Saving::DropConsumer { name: name.clone() }, sheet.cost(Item::FanOutHour, used.shard_seconds)?))
        })
        .collect()
}

/// What is saved, if anything is.
fn less(now: MicroUsd, then: MicroUsd) -> Option<MicroUsd> {
    now.0.checked_sub(then.0).filter(|saved| *saved > 0).map(MicroUsd)
}
