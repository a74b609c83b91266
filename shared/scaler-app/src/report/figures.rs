// SPDX-License-Identifier: Apache-2.0
//! What cost-report answers: each stream's bill beside what it could have been, the fleet's sums, and what is to be known.

use billing::prices::PriceSheet;
use billing::{Bill, BillLine};
use jiff::Timestamp;
use jiff::civil::Date;
use kinesis_model::num::float;
use kinesis_model::{MicroUsd, StreamMode};
use serde::{Serialize, Serializer};

use crate::cloud::CredentialFault;
use crate::retry::RetryNeeded;

/// Money as a number of USD. A double holds a hundredth of a micro-dollar up to 90 million, so it is exact as printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(pub MicroUsd);

/// A difference of money, as a number of USD: what is saved; below zero, what is spent more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsdSaved(pub i64);

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(float(self.0.0) / 1e6)
    }
}

impl Serialize for UsdSaved {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(float(self.0) / 1e6)
    }
}

impl UsdSaved {
    /// What is saved by paying `paid` and not `otherwise`.
    pub fn by(paid: MicroUsd, otherwise: MicroUsd) -> Self {
        let signed = |money: MicroUsd| i64::try_from(money.0).unwrap_or(i64::MAX);
        Self(signed(otherwise) - signed(paid))
    }
}

/// The answer to one event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostReport {
    /// `cost-report`.
    pub function: &'static str,
    /// The Region whose streams and prices these are.
    pub region: String,
    /// When the period begins (inclusive).
    pub from: Timestamp,
    /// When it ends (exclusive).
    pub until: Timestamp,
    /// All streams below together.
    pub fleet: FleetCost,
    /// Stream by stream, the dearest first.
    pub streams: Vec<StreamCost>,
    /// The prices that were reckoned with.
    pub prices: Vec<PriceUsed>,
    /// What could not be read or reckoned; it is not in the figures above.
    pub faults: Vec<String>,
    /// How many streams that were asked for are not in it; `faults` says why.
    #[serde(skip)]
    pub streams_left_out: usize,
    /// What is to be known of all the figures.
    pub notes: Vec<String>,
    /// Where the page is, if one was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Why AWS did not accept the caller's credentials, if it did not.
    #[serde(skip)]
    pub credential_fault: Option<CredentialFault>,
    #[serde(skip)]
    pub(super) retry: bool,
}

/// A price that was reckoned with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PriceUsed {
    /// The item.
    pub item: &'static str,
    /// The price.
    pub usd: Usd,
    /// What it is for.
    pub unit: &'static str,
    /// Where it is from.
    pub source: String,
}

impl PriceUsed {
    /// Every price of a sheet.
    pub fn all(sheet: &PriceSheet) -> Vec<Self> {
        let used = sheet.iter().map(|(item, price)| Self {
            item: item.name(),
            usd: Usd(price.usd),
            unit: item.unit(),
            source: price.source.clone().into_owned(),
        });
        used.collect()
    }
}

/// What the streams of a report cost together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FleetCost {
    /// How many streams were reckoned.
    pub streams: usize,
    /// What they cost, without the scaler.
    pub usd: Usd,
    /// The same traffic in on-demand mode, Standard; `None` where a price is missing, here and below.
    pub usd_on_demand: Option<Usd>,
    /// Under On-demand Advantage, with its floor of 25 MiB/s in and out for the whole account and Region.
    pub usd_advantage: Option<Usd>,
    /// On shards for each one's busiest minute, all the time.
    pub usd_static_peak: Option<Usd>,
    /// What the scaler itself cost, as far as there are prices: alarms, metrics, reading them, and its functions' runs where
    /// they are known.
    pub usd_scaler: Usd,
    /// What the managed streams saved against on-demand Standard, with the scaler paid.
    pub saved_against_on_demand: Option<UsdSaved>,
    /// What they saved against static peak, with the scaler paid.
    pub saved_against_static_peak: Option<UsdSaved>,
    /// What they will have cost by the end of the month in which the period ends, without the scaler.
    pub usd_month_expected: Option<Usd>,
}

/// How a stream gets its capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Shards are paid.
    Provisioned,
    /// Traffic is paid.
    OnDemand,
}

impl From<StreamMode> for Mode {
    fn from(mode: StreamMode) -> Self {
        match mode {
            StreamMode::Provisioned => Self::Provisioned,
            StreamMode::OnDemand => Self::OnDemand,
        }
    }
}

/// What one stream cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamCost {
    /// The stream.
    pub stream: String,
    /// Whether it is tagged as managed.
    pub managed: bool,
    /// Its mode, which is taken to have been the same all the time.
    pub mode: Mode,
    /// Open shards now.
    pub open_shards: u32,
    /// Open shards on average over the period.
    pub mean_shards: f64,
    /// Records that were refused for throttling.
    pub throttled_records: u64,
    /// How long it keeps records, in hours.
    pub retention_hours: u32,
    /// What it cost.
    pub usd: Usd,
    /// The bill, item by item.
    pub lines: Vec<Line>,
    /// The same traffic in on-demand mode, Standard.
    pub usd_on_demand: Option<Usd>,
    /// The same under On-demand Advantage, in an account that is over its floor anyway.
    pub usd_advantage: Option<Usd>,
    /// Shards for its busiest minute at the target utilization.
    pub static_peak_shards: u32,
    /// The same traffic on that many, all the time.
    pub usd_static_peak: Option<Usd>,
    /// What its alarms and metrics cost, as far as there are prices; zero for a stream that is not managed.
    pub usd_scaler: Usd,
    /// Against on-demand Standard, with its part of the scaler paid.
    pub saved_against_on_demand: Option<UsdSaved>,
    /// Against static peak, with its part of the scaler paid.
    pub saved_against_static_peak: Option<UsdSaved>,
    /// What it has cost in this month, as far as the period covers it.
    pub usd_month_so_far: Option<Usd>,
    /// What it will have cost by the end of the month.
    pub usd_month_expected: Option<Usd>,
    /// What it may cost in a month, by its tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_usd_month: Option<Usd>,
    /// Whether the month is expected to go over that.
    pub over_budget: bool,
    /// What could be saved, the most first.
    pub advice: Vec<AdviceLine>,
    /// What the figures do not tell, or tell only roughly.
    pub notes: Vec<String>,
    /// Day by day, for the page.
    #[serde(skip)]
    pub days: Vec<DayCost>,
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The item.
    pub item: &'static str,
    /// How much of it, in the unit of its price.
    pub quantity: f64,
    /// That unit.
    pub unit: &'static str,
    /// What it cost.
    pub usd: Usd,
}

impl Line {
    /// The lines of a bill.
    pub fn all(bill: &Bill) -> Vec<Self> {
        bill.lines.iter().map(Self::of).collect()
    }

    fn of(line: &BillLine) -> Self {
        Self {
            item: line.item.name(),
            quantity: float(line.quantity) / float(line.item.per()),
            unit: line.item.unit(),
            usd: Usd(line.cost),
        }
    }
}

/// One way to save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdviceLine {
    /// What to do, and what to mind.
    pub words: String,
    /// What it saves in 30 days.
    pub usd_month: Usd,
    /// The command that does it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What one day of a stream cost, in UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayCost {
    /// The day.
    pub date: Date,
    /// What it cost.
    pub usd: MicroUsd,
    /// In on-demand mode, Standard.
    pub usd_on_demand: Option<MicroUsd>,
    /// On the static peak of the whole period.
    pub usd_static_peak: Option<MicroUsd>,
    /// Open shards on average.
    pub mean_shards: f64,
}

impl CostReport {
    /// Whether a person should know: something is over its budget, or not in the figures.
    pub(super) fn needs_attention(&self) -> bool {
        !self.faults.is_empty() || self.streams.iter().any(|stream| stream.over_budget)
    }

    /// The answer for Lambda: an error where a retry could help and nothing could be reckoned.
    ///
    /// # Errors
    /// No stream could be read, for a cause that may pass.
    pub fn into_result(self) -> Result<Self, RetryNeeded> {
        if self.retry { Err(RetryNeeded(self.faults.join("; "))) } else { Ok(self) }
    }
}
