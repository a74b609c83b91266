// SPDX-License-Identifier: Apache-2.0
//! AWS's Price List.

use std::collections::BTreeMap;

use billing::prices::Item;
use kinesis_model::MicroUsd;

use super::failure::CallError;

/// What AWS's Price List says of a Region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedPrices {
    /// The prices that are sound, of items that have a row in the list; one that the list does not hold is left out.
    pub prices: BTreeMap<Item, MicroUsd>,
    /// What was not sound, or could not be read, in words that name it.
    pub faults: Vec<String>,
}

/// AWS's Price List.
pub trait PriceList: Send + Sync {
    /// The prices of a Region. An error where none of it could be read.
    fn prices(&self, region: &str) -> impl Future<Output = Result<ListedPrices, CallError>> + Send;
}
