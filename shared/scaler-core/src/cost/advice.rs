//! How a stream could cost less: each with the figure, the reservation, and the command that does it.

use std::fmt;

use super::bill::Bill;
use super::usage::{ConsumerUse, FREE_RETENTION_HOURS, Standing, Usage, put_units};
use crate::enrolment::{TAG_MANAGED, TAG_SHARDS_MIN};
use crate::observation::StreamMode;
use crate::policy::Policy;
use crate::prices::{Item, MONTH_SECONDS, MissingPrice, PriceSheet};
use crate::units::{MicroUsd, ShardCount};

/// Less than a day says nothing of how a stream is used.
const LEAST_SECONDS: u64 = 86_400;
/// What saves less in a month is not worth a line.
const LEAST_SAVING: MicroUsd = MicroUsd(1_000_000);
/// Consumers that were never further behind than this share of the retention do not need it.
const RETENTION_USED_MAX_PERCENT: u64 = 50;
/// Bytes that a producer can bring into one record by aggregation, with some room below the KPL's default of 50 KB.
const AGGREGATED_RECORD_BYTES: u64 = 48 * 1_024;

/// What was looked at for advice.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// What the stream used.
    pub usage: &'a Usage,
    /// What it is.
    pub standing: &'a Standing,
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
    },
    /// Nobody wrote, or tried to.
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
    /// Records so small that payload units are a large part of the bill.
    Aggregate {
        /// Mean bytes of a record.
        mean_bytes: u64,
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

impl Saving {
    /// The command that does it; `None` where none does.
    pub fn command(&self, stream: &str) -> Option<String> {
        Some(match self {
            Self::ToOnDemand => mode_command(stream, "ON_DEMAND"),
            Self::ToProvisioned { .. } => mode_command(stream, "PROVISIONED"),
            Self::DeleteIdle => format!("aws kinesis delete-stream --stream-name {stream}"),
            Self::Enrol { .. } => {
                format!("aws kinesis add-tags-to-stream --stream-name {stream} --tags {TAG_MANAGED}=true")
            }
            Self::LowerMin { to, .. } => {
                format!("aws kinesis add-tags-to-stream --stream-name {stream} --tags {TAG_SHARDS_MIN}={to}")
            }
            Self::ShortenRetention { to, .. } => format!(
                "aws kinesis decrease-stream-retention-period --stream-name {stream} --retention-period-hours {to}"
            ),
            Self::DropConsumer { name } => format!(
                "aws kinesis deregister-stream-consumer --consumer-name {name} --stream-arn \"$(aws kinesis \
                 describe-stream-summary --stream-name {stream} --query StreamDescriptionSummary.StreamARN --output text)\""
            ),
            Self::Aggregate { .. } => return None,
        })
    }
}

fn mode_command(stream: &str, mode: &str) -> String {
    format!(
        "aws kinesis update-stream-mode --stream-mode-details StreamMode={mode} --stream-arn \"$(aws kinesis \
         describe-stream-summary --stream-name {stream} --query StreamDescriptionSummary.StreamARN --output text)\""
    )
}

impl fmt::Display for Saving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ToOnDemand => f.write_str(
                "switch to on-demand mode: cheaper for what it carried (AWS allows two switches in 24 hours; the scaler \
                 then has nothing to do here)",
            ),
            Self::ToProvisioned { shards } => write!(
                f,
                "switch to provisioned mode: {shards} shards carry its busiest minute. The switch keeps the shards there are: \
                 resize it then, or enrol it"
            ),
            Self::DeleteIdle => f.write_str("nobody wrote to it: delete it, if nobody will"),
            Self::Enrol { shards } => {
                write!(f, "its busiest minute needs {shards} shards: enrol it, and it gets what it needs")
            }
            Self::LowerMin { from, to } => {
                write!(f, "its minimum is {from} shards and its busiest minute needs {to}: lower the minimum")
            }
            Self::ShortenRetention { from, to } => write!(
                f,
                "records are kept for {from} hours and no consumer with GetRecords was ever far behind: keep them for {to}, \
                 unless you replay them (older ones cannot be read any more at once)"
            ),
            Self::DropConsumer { name } => {
                write!(f, "consumer {name} has enhanced fan-out and was given nothing: deregister it")
            }
            Self::Aggregate { mean_bytes } => write!(
                f,
                "a record has {mean_bytes} bytes on average and is billed as {} KB: aggregate records in the producer (KPL)",
                put_units(1, *mean_bytes) * 25
            ),
        }
    }
}

/// What could be saved, the most first. Each is reckoned by itself; two together save less than their sum.
///
/// # Errors
/// An item has no price.
pub fn advice(sheet: &PriceSheet, looked: Looked<'_>) -> Result<Vec<Advice>, MissingPrice> {
    if looked.usage.seconds < LEAST_SECONDS {
        return Ok(Vec::new());
    }
    let now = Bill::as_it_is(sheet, looked.usage, looked.standing)?;
    let mut found = Vec::new();
    if looked.usage.records == 0 && looked.usage.throttled_records == 0 {
        found.push((Saving::DeleteIdle, now.total()));
    } else {
        found.extend(other_mode(sheet, looked, &now));
        found.extend(fewer_shards(sheet, looked, &now)?);
        found.extend(aggregated(sheet, looked, &now)?);
        found.extend(shorter_retention(sheet, looked, &now)?);
        found.extend(unused_consumers(sheet, looked)?);
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

/// What its busiest minute needs at the target utilization.
fn needed(looked: Looked<'_>) -> ShardCount {
    let target =
        looked.managed_by.map_or(looked.target_utilization_percent, |policy| policy.target_utilization_percent);
    looked.usage.shards_at_peak(looked.standing.mode, target)
}

/// A mode whose prices are not known is not advised.
fn other_mode(sheet: &PriceSheet, looked: Looked<'_>, now: &Bill) -> Option<(Saving, MicroUsd)> {
    let (saving, then) = match looked.standing.mode {
        StreamMode::Provisioned => (Saving::ToOnDemand, Bill::on_demand(sheet, looked.usage, looked.standing)),
        StreamMode::OnDemand => {
            let shards = needed(looked);
            let then = Bill::with_shards(sheet, looked.usage, looked.standing, shards);
            (Saving::ToProvisioned { shards }, then)
        }
    };
    Some((saving, less(now.total(), then.ok()?.total())?))
}

fn fewer_shards(
    sheet: &PriceSheet,
    looked: Looked<'_>,
    now: &Bill,
) -> Result<Option<(Saving, MicroUsd)>, MissingPrice> {
    if looked.standing.mode == StreamMode::OnDemand {
        return Ok(None);
    }
    let shards = needed(looked);
    let saving = match looked.managed_by {
        None => Saving::Enrol { shards },
        Some(policy) if policy.shards_min > shards.get() => Saving::LowerMin { from: policy.shards_min, to: shards },
        Some(_) => return Ok(None),
    };
    let then = Bill::with_shards(sheet, looked.usage, looked.standing, shards)?;
    Ok(less(now.total(), then.total()).map(|saved| (saving, saved)))
}

/// On-demand has no payload units, and their price need not be known for it.
fn aggregated(sheet: &PriceSheet, looked: Looked<'_>, now: &Bill) -> Result<Option<(Saving, MicroUsd)>, MissingPrice> {
    if looked.standing.mode == StreamMode::OnDemand {
        return Ok(None);
    }
    let Usage { records, bytes, .. } = looked.usage;
    let then = sheet.cost(Item::PutUnits, 2 * bytes.div_ceil(u128::from(AGGREGATED_RECORD_BYTES)))?;
    let saved = less(now.cost_of(Item::PutUnits), then);
    let mean_bytes = u64::try_from(bytes / records.max(&1)).unwrap_or(u64::MAX);
    Ok(saved.map(|saved| (Saving::Aggregate { mean_bytes }, saved)))
}

fn shorter_retention(
    sheet: &PriceSheet,
    looked: Looked<'_>,
    now: &Bill,
) -> Result<Option<(Saving, MicroUsd)>, MissingPrice> {
    let (from, to) = (looked.standing.retention_hours, FREE_RETENTION_HOURS);
    // Of consumers with enhanced fan-out nobody knows how far they are behind.
    let Some(age) = looked.usage.iterator_age_ms.filter(|_| looked.standing.consumers.is_empty()) else {
        return Ok(None);
    };
    if age > u64::from(to) * 3_600_000 * RETENTION_USED_MAX_PERCENT / 100 {
        return Ok(None);
    }
    let shorter = Standing { retention_hours: to, ..looked.standing.clone() };
    let then = Bill::as_it_is(sheet, looked.usage, &shorter)?;
    Ok(less(now.total(), then.total()).map(|saved| (Saving::ShortenRetention { from, to }, saved)))
}

/// On-demand bills a consumer by what it is given alone: one that is given nothing costs nothing.
fn unused_consumers(sheet: &PriceSheet, looked: Looked<'_>) -> Result<Vec<(Saving, MicroUsd)>, MissingPrice> {
    if looked.standing.mode == StreamMode::OnDemand {
        return Ok(Vec::new());
    }
    let usage = looked.usage;
    // As for a stream: less than a day says nothing.
    let is_old = |used: &ConsumerUse| {
        used.shard_seconds.saturating_mul(u128::from(usage.seconds))
            >= usage.shard_seconds.saturating_mul(u128::from(LEAST_SECONDS))
    };
    let unused = usage.consumers.iter().filter(|(_, used)| used.bytes == Some(0) && is_old(used));
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
