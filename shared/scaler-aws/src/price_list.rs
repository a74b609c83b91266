//! The `PriceList` port over AWS's Price List: each item's On-Demand price in a Region, found by its exact row.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use aws_sdk_pricing::Client;
use aws_sdk_pricing::types::{Filter, FilterType};
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use scaler_app::cost::ports::PriceList;
use scaler_app::ports::{CallError, Failure};
use scaler_core::MicroUsd;
use scaler_core::prices::{Item, PriceListRow};
use serde::Deserialize;

use crate::error::call_error;

const CALL: &str = "GetProducts";

/// Products in one answer, at most. Source: API reference.
const PAGE: i32 = 100;

/// The Price List through the SDK.
#[derive(Clone, Debug)]
pub struct AwsPriceList(pub Client);

/// A product as the Price List tells it, as far as we read it. An answer holds each as a text of JSON.
#[derive(Debug, Deserialize)]
struct Listed {
    product: Product,
    #[serde(default)]
    terms: Terms,
}

#[derive(Debug, Deserialize)]
struct Product {
    sku: String,
    #[serde(default)]
    attributes: Attributes,
}

/// Not every product has them; one of ours has both.
#[derive(Debug, Default, Deserialize)]
struct Attributes {
    usagetype: Option<String>,
    operation: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Terms {
    #[serde(default, rename = "OnDemand")]
    on_demand: BTreeMap<String, Term>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    price_dimensions: BTreeMap<String, PriceDimension>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PriceDimension {
    /// How many units come before those that it is for; one of ours has it.
    begin_range: Option<String>,
    price_per_unit: BTreeMap<String, String>,
}

impl PriceList for AwsPriceList {
    async fn prices(&self, region: &str) -> Result<BTreeMap<Item, MicroUsd>, CallError> {
        let rows: Vec<(Item, PriceListRow)> =
            Item::ALL.into_iter().filter_map(|item| Some((item, item.row()?))).collect();
        let mut services: Vec<_> = rows.iter().map(|(_, row)| row.service).collect();
        services.dedup();
        let mut prices = BTreeMap::new();
        for service in services {
            let rows: Vec<_> = rows.iter().filter(|(_, row)| row.service == service).collect();
            for listed in self.listed(service, region).await? {
                let Some((item, row)) = rows.iter().find(|(_, row)| listed.is_of(row)) else { continue };
                let price = listed.price(row).map_err(|message| fault(region, message))?;
                match prices.entry(*item) {
                    Entry::Vacant(entry) => {
                        entry.insert(price);
                    }
                    // A choice between the two would be a guess.
                    Entry::Occupied(entry) if *entry.get() != price => {
                        let (sku, other) = (&listed.product.sku, entry.get());
                        let message = format!("two prices of {item}: {other} USD, and {price} USD of SKU {sku}");
                        return Err(fault(region, message));
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        Ok(prices)
    }
}

impl AwsPriceList {
    /// All that a service charges for in a Region. That its code can be filtered by, AWS's reference leaves to the list's
    /// attributes; Karpenter's provider of prices asks so.
    async fn listed(&self, service: &str, region: &str) -> Result<Vec<Listed>, CallError> {
        let region_filter = Filter::builder().r#type(FilterType::TermMatch).field("regionCode").value(region).build();
        let region_filter = region_filter.map_err(|error| fault(region, error.to_string()))?;
        let request = self.0.get_products().service_code(service).filters(region_filter).max_results(PAGE);
        let mut pages = request.into_paginator().send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| call_error(CALL, region, error))?;
            for text in page.price_list() {
                listed.push(read(text).map_err(|message| fault(region, message))?);
            }
        }
        Ok(listed)
    }
}

fn read(text: &str) -> Result<Listed, String> {
    serde_json::from_str(text).map_err(|error| {
        // What cannot be read as a product may still say which it is.
        let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let sku = value["product"]["sku"].as_str().unwrap_or("unknown");
        format!("the product of SKU {sku} is not in the form of the Price List: {error}")
    })
}

impl Listed {
    /// Whether this is the row's product: by its usage type, behind a Region's prefix or with none, and by its operation.
    fn is_of(&self, row: &PriceListRow) -> bool {
        let Attributes { usagetype: Some(usage_type), operation: Some(operation) } = &self.product.attributes else {
            return false;
        };
        let behind_prefix = || {
            usage_type.split_once('-').is_some_and(|(prefix, rest)| is_region_prefix(prefix) && rest == row.usage_type)
        };
        operation == row.operation && (usage_type == row.usage_type || behind_prefix())
    }

    /// The price of the first unit on demand, times the row's units.
    fn price(&self, row: &PriceListRow) -> Result<MicroUsd, String> {
        let sku = &self.product.sku;
        let dimensions = self.terms.on_demand.values().flat_map(|term| term.price_dimensions.values());
        let mut first = dimensions.filter(|it| it.begin_range.as_deref() == Some("0"));
        let (Some(dimension), None) = (first.next(), first.next()) else {
            return Err(format!("SKU {sku} does not have exactly one On-Demand price that begins with the first unit"));
        };
        let usd = dimension.price_per_unit.get("USD").ok_or_else(|| format!("SKU {sku} has no price in USD"))?;
        micro_usd(usd, row.units).ok_or_else(|| {
            format!("SKU {sku} costs USD {usd:?}, which is not a number above 0 that can be reckoned with")
        })
    }
}

/// The prefix of a Region in usage types: `EU`, `USW2`, `APN1`. Other words before a hyphen are a part of the type itself.
fn is_region_prefix(prefix: &str) -> bool {
    let letters = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
    (2..=4).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// So many times a decimal price, to the nearest micro-dollar; `None` where that is nothing, or no amount at all.
fn micro_usd(usd: &str, units: u64) -> Option<MicroUsd> {
    let micro =
        Decimal::from_str_exact(usd).ok()?.checked_mul(Decimal::from(units))?.checked_mul(Decimal::from(1_000_000))?;
    let whole = micro.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_u64()?;
    (whole > 0).then_some(MicroUsd(whole))
}

fn fault(region: &str, message: String) -> CallError {
    CallError { call: CALL, subject: region.to_owned(), failure: Failure::Refused, message, source: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_exact_and_rounded_once() {
        for (usd, units, micro) in [
            ("0.0150000000", 1, Some(15_000)),
            ("0.0000000140", 1_000_000, Some(14_000)),
            ("0.0000000215", 1_000_000, Some(21_500)),
            ("0.0000133334", 1_000_000, Some(13_333_400)),
            ("0.0000005", 1, Some(1)),
            ("0.0000004999999999", 1, None),
            ("12", 1, Some(12_000_000)),
            ("0.0000000000", 1_000_000, None),
            ("-0.015", 1, None),
            ("0.015 USD", 1, None),
            ("", 1, None),
            ("99999999999999999999", 1_000_000, None),
        ] {
            assert_eq!(micro_usd(usd, units), micro.map(MicroUsd), "{usd} x {units}");
        }
    }

    #[test]
    fn only_a_region_stands_before_a_usage_type() {
        for prefix in ["EU", "USW2", "APN1", "EUW1", "UGW1", "SAE1"] {
            assert!(is_region_prefix(prefix), "{prefix}");
        }
        for word in ["OnDemand", "Advantage", "Extended", "LongTermRetention", "", "1", "E", "eu"] {
            assert!(!is_region_prefix(word), "{word}");
        }
    }
}
