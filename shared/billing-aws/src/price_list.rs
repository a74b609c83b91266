// SPDX-License-Identifier: Apache-2.0
//! AWS's Price List through the SDK: each item's On-Demand price in a Region, found by its exact row.

use std::collections::BTreeMap;

use aws_sdk_pricing::Client;
use aws_sdk_pricing::types::{Filter, FilterType};
use billing::prices::{Item, PriceListRow};
use kinesis_model::MicroUsd;
use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use scaler_app::cloud::{CallError, Failure, ListedPrices, PriceList};
use serde::Deserialize;
use serde_json::Value;

use scaler_aws::error::call_error;

const CALL: &str = "GetProducts";

/// Products in one answer, at most. Source: API reference, `GetProducts`.
const PAGE: i32 = 100;

/// The services that have rows of ours, each with a part of the usage types that its rows have in common, where its list is
/// much longer than what we look for.
const SERVICES: [(&str, Option<&str>); 3] =
    [("AmazonKinesis", None), ("AmazonCloudWatch", Some("CW:")), ("AWSLambda", Some("-ARM"))];

/// The Price List through the SDK; `None` where AWS keeps none of the partition.
#[derive(Clone, Debug)]
pub struct AwsPriceList(pub Option<Client>);

/// A product and its price as the Price List tells them, as far as we read it. An answer holds each as a text of JSON.
#[derive(Debug, Deserialize)]
struct Offer {
    #[serde(default)]
    product: Product,
    /// Read for our own rows alone: how others are priced is no business of ours.
    terms: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Product {
    sku: Option<String>,
    #[serde(default)]
    attributes: Attributes,
}

/// Not every product has them; one of ours has a usage type.
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
    async fn prices(&self, region: &str) -> Result<ListedPrices, CallError> {
        let Some(client) = &self.0 else { return Err(no_list(region)) };
        let (mut found, mut failed) = (Found::default(), Vec::new());
        for (service, part) in SERVICES {
            match products(client, service, part, region).await {
                Ok(texts) => texts.iter().for_each(|text| found.read(service, text)),
                Err(error) => failed.push(error),
            }
        }
        if failed.len() == SERVICES.len() {
            return Err(failed.swap_remove(0));
        }
        found.faults.extend(failed.iter().map(ToString::to_string));
        Ok(found.listed())
    }
}

fn no_list(region: &str) -> CallError {
    let message = "AWS has no Price List endpoint in the partition of this Region: give the prices yourself, \
        with the stack's parameter PriceOverrides or with shardctl's option --price";
    CallError::new(CALL, region, Failure::Refused, message)
}

/// What a service charges for in a Region, under usage types that hold this part. Attributes may be asked for in whole
/// (`TERM_MATCH`) or in part (`CONTAINS`; API reference, `Filter`); in whole would need each Region's prefix. That the
/// Region's code is an attribute, AWS's reference leaves to the list; Karpenter's provider of prices asks so.
async fn products(client: &Client, service: &str, part: Option<&str>, region: &str) -> Result<Vec<String>, CallError> {
    let in_region = (FilterType::TermMatch, "regionCode", region);
    let of_type = part.map(|part| (FilterType::Contains, "usagetype", part));
    let filter = |(how, field, value): (FilterType, &str, &str)| {
        Filter::builder().r#type(how).field(field).value(value).build().expect("it has all that a filter has")
    };
    let filters = std::iter::once(in_region).chain(of_type).map(filter).collect();
    let request = client.get_products().service_code(service).set_filters(Some(filters)).max_results(PAGE);
    let mut pages = request.into_paginator().send();
    let mut products = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| call_error(CALL, &format!("{service} in {region}"), error))?;
        products.extend(page.price_list.unwrap_or_default());
    }
    Ok(products)
}

/// What the products that were read say of our items.
#[derive(Default)]
struct Found {
    /// `None` where there are several.
    prices: BTreeMap<Item, Option<MicroUsd>>,
    faults: Vec<String>,
}

impl Found {
    /// Takes one product of a service, if it is one of ours.
    fn read(&mut self, service: &str, text: &str) {
        match priced(service, text) {
            Ok(Some(priced)) => self.add(&priced),
            Ok(None) => {}
            Err(fault) => self.faults.push(fault),
        }
    }

    /// A choice between two prices would be a guess.
    fn add(&mut self, Priced { item, usd, sku }: &Priced) {
        let held = self.prices.entry(*item).or_insert(Some(*usd));
        if let Some(other) = held.filter(|other| other != usd) {
            self.faults.push(format!("two prices of {item}: {other} USD, and {usd} USD of SKU {sku}"));
            *held = None;
        }
    }

    fn listed(self) -> ListedPrices {
        let prices = self.prices.into_iter().filter_map(|(item, price)| Some((item, price?))).collect();
        ListedPrices { prices, faults: self.faults }
    }
}

/// A product that is one of our items.
struct Priced {
    item: Item,
    usd: MicroUsd,
    sku: String,
}

/// What a service's product is to us; `None` for one that is none of our items.
fn priced(service: &str, text: &str) -> Result<Option<Priced>, String> {
    let offer: Offer = serde_json::from_str(text)
        .map_err(|error| format!("a product of {service} does not have the Price List's format: {error}"))?;
    let mut rows = Item::ALL.into_iter().filter_map(|item| Some((item, item.row()?)));
    let Some((item, row)) = rows.find(|(_, row)| row.service == service && offer.is_of(row)) else {
        return Ok(None);
    };
    let sku = offer.product.sku.as_deref().unwrap_or("unknown").to_owned();
    match offer.price(&row) {
        Ok(usd) => Ok(Some(Priced { item, usd, sku })),
        Err(fault) => Err(format!("the price of {item}, SKU {sku}: {fault}")),
    }
}

impl Offer {
    /// Whether this is the row's product: by its usage type, behind a Region's prefix or with none, and by its operation,
    /// where that is known.
    fn is_of(&self, row: &PriceListRow) -> bool {
        let Attributes { usagetype, operation } = &self.product.attributes;
        let Some(usage_type) = usagetype else { return false };
        let behind_prefix = || {
            usage_type.split_once('-').is_some_and(|(prefix, rest)| is_region_prefix(prefix) && rest == row.usage_type)
        };
        row.operation.is_none_or(|known| operation.as_deref() == Some(known))
            && (usage_type == row.usage_type || behind_prefix())
    }

    /// The price of the first unit on demand, times the row's units.
    fn price(&self, row: &PriceListRow) -> Result<MicroUsd, String> {
        let terms = self.terms.as_ref().map_or_else(|| Ok(Terms::default()), Terms::deserialize);
        let terms = terms.map_err(|error| format!("its price does not have the Price List's format: {error}"))?;
        let dimensions = terms.on_demand.values().flat_map(|term| term.price_dimensions.values());
        let mut first = dimensions.filter(|it| it.begin_range.as_deref() == Some("0"));
        let (Some(dimension), None) = (first.next(), first.next()) else {
            return Err("it does not have exactly one On-Demand price that begins with the first unit".to_owned());
        };
        let others = || dimension.price_per_unit.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let usd = dimension.price_per_unit.get("USD");
        let usd = usd.ok_or_else(|| {
            format!(
                "it has no price in USD, only in [{}]: give the price with \
            PriceOverrides",
                others()
            )
        })?;
        micro_usd(usd, row.units).ok_or_else(|| format!("USD {usd:?} is not a number above 0 that can be used"))
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
    fn every_row_is_among_the_products_that_are_asked_for() {
        for row in Item::ALL.into_iter().filter_map(Item::row) {
            let service = SERVICES.iter().find(|(service, _)| *service == row.service);
            let is_asked_for = service.is_some_and(|(_, part)| part.is_none_or(|part| row.usage_type.contains(part)));
            assert!(is_asked_for, "{row:?}");
        }
    }

    #[test]
    fn only_a_region_stands_before_a_usage_type() {
        for prefix in ["EU", "USW2", "APN1", "EUW1", "UGW1", "SAE1"] {
            assert!(is_region_prefix(prefix), "{prefix}");
        }
        for word in ["OnDemand", "Advantage", "Global", "Extended", "LongTermRetention", "", "1", "E", "eu"] {
            assert!(!is_region_prefix(word), "{word}");
        }
    }
}
