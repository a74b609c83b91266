// SPDX-License-Identifier: Apache-2.0
//! What Kinesis, and this scaler beside it, are billed by: the items of AWS's price lists, and their prices in a Region.

mod item;
mod sheet;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

pub use item::{GB_BYTES, Item, MONTH_SECONDS, PriceListRow, UnknownItem};

use kinesis_model::MicroUsd;

/// The Region that simulations and the demo reckon in.
pub const US_EAST_1: &str = "us-east-1";

/// A price, and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// For [`Item::per`] of it.
    pub usd: MicroUsd,
    /// Where the figure was read, and when.
    pub source: Cow<'static, str>,
}

/// The prices of one Region, as far as they are known: the sheet of this repository, with what was read or set since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceSheet {
    region: String,
    prices: BTreeMap<Item, Price>,
    fallback: Option<FallbackPrices>,
}

/// Prices of another Region that stand in for those a Region lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FallbackPrices {
    of: String,
    is_whole: bool,
}

/// A price that nobody has told us. No other Region's is taken for it, unless a person says so on paper.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct MissingPrice {
    /// The Region.
    pub region: String,
    /// What has no price there.
    pub item: Item,
}

impl fmt::Display for MissingPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, item } = self;
        let region = if region.is_empty() { "a Region that is not named" } else { region };
        // What the list has no row of, or what no list is kept of, no permission would bring.
        let is_listed = item.row().is_some() && price_list_region(region).is_some();
        let allow = if is_listed { "allow pricing:GetProducts, or " } else { "" };
        write!(
            f,
            "no price of {item} is known for {region}: {allow}give it in USD for {}, as {item}=... (PriceOverrides of the \
             template, --price of shardctl)",
            item.unit()
        )
    }
}

impl PriceSheet {
    /// What the repository's dated sheet says of a Region, which may be nothing.
    pub fn of(region: &str) -> Self {
        let lines = sheet::lines(region);
        let price = |line: &sheet::Line| {
            let source = Cow::Borrowed(line.source);
            (line.item, Price { usd: line.usd, source })
        };
        Self { region: region.to_owned(), prices: lines.map(price).collect(), fallback: None }
    }

    /// Takes those prices of another Region that are missing here, where there are any.
    pub fn borrow_from(&mut self, other: &str) {
        let is_whole = self.prices.is_empty();
        let missing: Vec<_> =
            Self::of(other).prices.into_iter().filter(|(item, _)| !self.prices.contains_key(item)).collect();
        if !missing.is_empty() {
            self.fallback = Some(FallbackPrices { of: other.to_owned(), is_whole });
            self.prices.extend(missing);
        }
    }

    /// The other Region of which prices were taken.
    pub fn lender(&self) -> Option<&str> {
        self.fallback.as_ref().map(|fallback| fallback.of.as_str())
    }

    /// Whose prices they are.
    pub fn origin(&self) -> String {
        match &self.fallback {
            None => self.region.clone(),
            Some(FallbackPrices { of, is_whole: true }) => format!("{of}, in place of those of {}", self.region),
            Some(FallbackPrices { of, is_whole: false }) => format!("{}, and of {of} where it has none", self.region),
        }
    }

    /// The Region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Takes a price over the one there is.
    pub fn set(&mut self, item: Item, price: Price) {
        self.prices.insert(item, price);
    }

    /// Every price there is.
    pub fn iter(&self) -> impl Iterator<Item = (Item, &Price)> {
        self.prices.iter().map(|(item, price)| (*item, price))
    }

    /// The price of [`Item::per`] of an item.
    ///
    /// # Errors
    /// The sheet has none.
    pub fn price(&self, item: Item) -> Result<MicroUsd, MissingPrice> {
        let missing = || MissingPrice { region: self.region.clone(), item };
        self.prices.get(&item).map(|price| price.usd).ok_or_else(missing)
    }

    /// What so much of an item costs, to the nearest micro-dollar. The quantity is in the item's own fine unit, see
    /// [`Item`].
    ///
    /// # Errors
    /// The sheet has no price for it; nothing of it costs nothing all the same.
    pub fn cost(&self, item: Item, quantity: u128) -> Result<MicroUsd, MissingPrice> {
        if quantity == 0 {
            return Ok(MicroUsd(0));
        }
        let per = item.per();
        let cost = (quantity.saturating_mul(u128::from(self.price(item)?.0)).saturating_add(per / 2)) / per;
        Ok(MicroUsd(u64::try_from(cost).unwrap_or(u64::MAX)))
    }
}

/// The Regions of which the repository's dated sheet has prices.
pub const SHEET_REGIONS: [&str; 3] = sheet::REGIONS;

/// The Region in which AWS's Price List of a Region is asked for; `None` where its partition has none. Source: the endpoints of
/// `pricing` in botocore 1.44.8, read 2026-11-30.
pub fn price_list_region(region: &str) -> Option<&'static str> {
    match region.split('-').next() {
        Some("cn") => Some("cn-northwest-1"),
        Some("eusc") => Some("eusc-de-east-1"),
        _ if region.starts_with("us-gov-") || region.split('-').any(|part| part.starts_with("iso")) => None,
        _ => Some(US_EAST_1),
    }
}

/// The price of one provisioned shard for an hour; `None` where the sheet has no figure for the Region.
pub fn shard_hour(region: &str) -> Option<MicroUsd> {
    sheet::lines(region).find(|line| line.item == Item::ShardHour).map(|line| line.usd)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_region_without_a_figure_is_told_and_never_guessed() {
        assert_eq!(shard_hour("ap-northeast-1"), Some(MicroUsd(19_500)));
        assert_eq!(shard_hour("eu-west-1"), None);
        let sheet = PriceSheet::of("eu-west-1");
        let told = sheet.cost(Item::ShardHour, 3_600).unwrap_err().to_string();
        assert_eq!(
            told,
            "no price of shard-hour is known for eu-west-1: allow pricing:GetProducts, or give it in USD for one shard for an \
             hour, as shard-hour=... (PriceOverrides of the template, --price of shardctl)"
        );
        assert_eq!(sheet.cost(Item::ShardHour, 0), Ok(MicroUsd(0)));
        let without_a_row = sheet.price(Item::AdvantageExtendedRetention).unwrap_err().to_string();
        assert_eq!(
            without_a_row,
            "no price of advantage-extended-retention is known for eu-west-1: give it in USD for a GB kept for a month, as \
             advantage-extended-retention=... (PriceOverrides of the template, --price of shardctl)"
        );
    }

    #[test]
    fn each_partition_has_its_own_price_list_or_none() {
        for (region, asked) in [
            ("us-east-1", Some("us-east-1")),
            ("ap-northeast-2", Some("us-east-1")),
            ("eu-central-1", Some("us-east-1")),
            ("cn-north-1", Some("cn-northwest-1")),
            ("eusc-de-east-1", Some("eusc-de-east-1")),
            ("us-gov-west-1", None),
            ("us-gov-east-1", None),
            ("us-iso-east-1", None),
            ("us-isob-west-1", None),
            ("us-isof-south-1", None),
            ("eu-isoe-west-1", None),
        ] {
            assert_eq!(price_list_region(region), asked, "{region}");
        }
        let told = PriceSheet::of("us-gov-west-1").price(Item::ShardHour).unwrap_err().to_string();
        assert!(!told.contains("pricing:GetProducts") && told.contains("PriceOverrides"), "{told}");
    }

    #[test]
    fn what_is_borrowed_is_only_what_is_missing_and_is_told() {
        let mut seoul = PriceSheet::of("ap-northeast-2");
        seoul.borrow_from("us-east-1");
        assert_eq!(seoul.price(Item::ShardHour), PriceSheet::of("us-east-1").price(Item::ShardHour));
        assert_eq!(seoul.origin(), "us-east-1, in place of those of ap-northeast-2");
        let mut tokyo = PriceSheet::of("ap-northeast-1");
        tokyo.borrow_from("us-east-1");
        assert_eq!(tokyo.price(Item::ShardHour), Ok(MicroUsd(19_500)), "its own");
        assert_eq!(tokyo.price(Item::FanOutHour), Ok(MicroUsd(15_000)));
        assert_eq!(tokyo.origin(), "ap-northeast-1, and of us-east-1 where it has none");
        let mut virginia = PriceSheet::of("us-east-1");
        virginia.borrow_from("ap-northeast-1");
        assert_eq!((virginia.lender(), virginia.origin().as_str()), (None, "us-east-1"), "it lacks none");
    }

    #[test]
    fn each_line_item_costs_what_a_hand_reckons() {
        const GB: u128 = 1 << 30;
        const HOUR: u128 = 3_600;
        let us = PriceSheet::of("us-east-1");
        let tokyo = PriceSheet::of("ap-northeast-1");
        for (sheet, item, quantity, usd) in [
            // 5 shards for 30 days: 5 x 720 x 0.015.
            (&us, Item::ShardHour, 5 * 720 * HOUR, "54.00"),
            (&tokyo, Item::ShardHour, 5 * 720 * HOUR, "70.20"),
            // 2,500 records a second of one unit for 30 days: 6,480 million x 0.014 (or 0.0215).
            (&us, Item::PutUnits, 2_500 * 86_400 * 30, "90.72"),
            (&tokyo, Item::PutUnits, 2_500 * 86_400 * 30, "139.32"),
            (&us, Item::ExtendedRetention, 5 * 720 * HOUR, "72.00"),
            // 100 GB kept for 30 days.
            (&us, Item::LongTermRetention, 100 * GB * 720, "2.30"),
            (&us, Item::FanOutHour, 2 * 5 * 720 * HOUR, "108.00"),
            (&us, Item::FanOutOut, 100 * GB, "1.30"),
            (&us, Item::OnDemandHour, 720 * HOUR, "28.80"),
            (&tokyo, Item::OnDemandHour, 720 * HOUR, "37.44"),
            (&us, Item::OnDemandIn, 100 * GB, "8.00"),
            (&tokyo, Item::OnDemandIn, 100 * GB, "10.40"),
            (&us, Item::OnDemandOut, 100 * GB, "4.00"),
            (&us, Item::OnDemandFanOutOut, 100 * GB, "5.00"),
            (&us, Item::OnDemandExtendedRetention, 100 * GB * 720, "10.00"),
            (&us, Item::OnDemandLongTermRetention, 100 * GB * 720, "2.30"),
            (&us, Item::AdvantageIn, 100 * GB, "3.20"),
            (&us, Item::AdvantageOut, 100 * GB, "1.60"),
            // Eleven metrics of alarms for a month of 30 days.
            (&us, Item::AlarmMetric, 11 * 720 * HOUR, "1.10"),
            (&us, Item::CustomMetric, 4 * 720 * HOUR, "1.20"),
            (&us, Item::MetricRequest, 26_000, "0.26"),
            (&us, Item::LambdaRequest, 86_400, "0.01728"),
            // 86,400 runs of 100 ms with 256 MB: 2,160 GB-seconds.
            (&us, Item::LambdaTime, 86_400 * 100 * 256, "0.0288"),
            // A single payload unit is less than a micro-dollar: rounded once, at the end.
            (&us, Item::PutUnits, 35, "0.00"),
            (&us, Item::PutUnits, 36, "0.000001"),
        ] {
            assert_eq!(sheet.cost(item, quantity).unwrap().to_string(), usd, "{item} {quantity}");
        }
    }

    #[test]
    fn a_price_that_was_set_counts() {
        let mut sheet = PriceSheet::of("eu-west-1");
        sheet.set(Item::ShardHour, Price { usd: MicroUsd(17_000), source: "a setting".into() });
        assert_eq!(sheet.cost(Item::ShardHour, 36_000).unwrap().to_string(), "0.17");
    }
}
