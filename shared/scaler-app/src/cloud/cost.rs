//! What cost-report needs of the world beside the fleet: what streams are billed by, AWS's prices, a place for pages.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use scaler_core::MicroUsd;
use scaler_core::cost::{Series, Standing};
use scaler_core::prices::Item;

use crate::ports::CallError;
use crate::sync::FleetAdapters;
use crate::sync::FleetPorts;

/// What streams and functions used.
pub trait Billing: Send + Sync {
    /// The names of all streams of the account and Region, in order.
    fn all(&self) -> impl Future<Output = Result<Vec<String>, CallError>> + Send;

    /// What a stream is billed by.
    fn standing(&self, stream: &str) -> impl Future<Output = Result<Standing, CallError>> + Send;

    /// What each of these streams carried from `start` (inclusive) to `end` (exclusive), both whole steps, by stream. The
    /// consumers of a [`Standing`] are those whose bytes are asked for. Each is there, also one of which nothing is known.
    fn series(
        &self,
        streams: &[(String, Standing)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> impl Future<Output = Result<BTreeMap<String, Series>, CallError>> + Send;

    /// How often and how long each of these functions ran, by name; one that did not run is there, with zeros.
    fn runs(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> impl Future<Output = Result<BTreeMap<String, Runs>, CallError>> + Send;
}

/// Runs of a Lambda function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// How many.
    pub count: u64,
    /// How long they took together.
    pub milliseconds: u64,
}

/// What AWS's Price List says of a Region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The prices that are sound, of items that have a row in the list; one that the list does not hold is left out.
    pub prices: BTreeMap<Item, MicroUsd>,
    /// What was not sound, or could not be read, in words that name it.
    pub faults: Vec<String>,
}

/// AWS's Price List.
pub trait PriceList: Send + Sync {
    /// The prices of a Region. An error where none of it could be read.
    fn prices(&self, region: &str) -> impl Future<Output = Result<Listed, CallError>> + Send;
}

/// A place where pages are kept for people.
pub trait Pages: Send + Sync {
    /// Whether there is one.
    fn is_there(&self) -> bool;

    /// Keeps an HTML page under this key, over one that is there; says where it is.
    fn keep(&self, key: &str, html: String) -> impl Future<Output = Result<String, CallError>> + Send;
}

/// One adapter for each port of cost-report.
pub trait CostAdapters: FleetAdapters {
    /// What streams used.
    type Billing: Billing;
    /// Prices.
    type PriceList: PriceList;
    /// Pages.
    type Pages: Pages;
}

/// The world that cost-report runs in.
pub struct CostPorts<A: CostAdapters> {
    /// The streams, their alarms and tags, people, the time.
    pub fleet: FleetPorts<A>,
    /// What streams used.
    pub billing: A::Billing,
    /// Prices.
    pub price_list: A::PriceList,
    /// Pages.
    pub pages: A::Pages,
}

impl<A: CostAdapters> fmt::Debug for CostPorts<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CostPorts")
    }
}
