// SPDX-License-Identifier: Apache-2.0
//! What the commands that reckon on paper have in common: whose prices, loads exactly as they are typed, and what is
//! billed in words.

use std::env;

use anyhow::Result;
use billing::prices::{Item, MONTH_SECONDS, MissingPrice, Price, PriceSheet, SHEET_REGIONS, US_EAST_1};
use clap::Args;
use kinesis_model::MicroUsd;
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use kinesis_model::number::Number;
use scaler_app::report::figures::Usd;
use serde::Serialize;

use crate::environment::{is_known, meant};
use crate::failure::usage;

const MB_BYTES: u32 = 1_048_576;
const HOUR_SECONDS: u64 = 3_600;
const DAY_SECONDS: u64 = 86_400;

/// Whose prices.
#[derive(Debug, Args)]
#[command(next_help_heading = "Prices")]
pub(crate) struct PriceOptions {
    /// The Region whose prices to use [default: the Region in the environment, `AWS_REGION`].
    #[arg(long, value_name = "REGION", value_parser = region)]
    region: Option<String>,
    /// Another Region whose prices to use where the first has none; each sum then says so.
    #[arg(long, value_name = "REGION", value_parser = lender)]
    prices_of: Option<String>,
    /// A price in USD that replaces the sheet's, for example shard-hour=0.015; can be given several times, once for
    /// each item.
    #[arg(long = "price", value_name = "ITEM=USD", value_parser = price, long_help = price_help())]
    prices: Vec<(Item, MicroUsd)>,
}

impl PriceOptions {
    /// The prices of the Region that was named, with those that were given.
    ///
    /// # Errors
    /// No Region was named, or a price is given twice.
    pub(crate) fn sheet(&self) -> Result<PriceSheet> {
        each_once(&self.prices)?;
        if self.region.is_none() && env::var("AWS_REGION").is_ok_and(|region| region.is_empty()) {
            return Err(usage("AWS_REGION=\"\" is empty: give --region, or set it to a Region, for example us-east-1"));
        }
        let from_environment = || env::var("AWS_REGION").ok();
        let Some(named) = self.region.clone().or_else(from_environment) else {
            return Err(usage("no Region is given, and prices differ by Region: give --region, or set AWS_REGION"));
        };
        let mut sheet = PriceSheet::of(&named);
        if let Some(lender) = &self.prices_of {
            sheet.borrow_from(lender);
        }
        for (item, usd) in &self.prices {
            sheet.set(*item, Price { usd: *usd, source: "the option --price".into() });
        }
        Ok(sheet)
    }
}

/// A price that the sheet does not have, and what to do about it.
pub(crate) fn unpriced(missing: &MissingPrice) -> String {
    let MissingPrice { region, item } = missing;
    let meant = if is_known(region) { String::new() } else { format!(" ({})", meant(region)) };
    format!(
        "no price of {item} is known for {region}{meant}: give it, in USD for {}, with --price {item}=USD, or take another \
         Region's with --prices-of {US_EAST_1}",
        item.unit()
    )
}

/// What stands behind each sum that is reckoned with another Region's prices.
pub(crate) fn borrowed(sheet: &PriceSheet) -> String {
    sheet.lender().map(|lender| format!(", at prices of {lender}")).unwrap_or_default()
}

/// What something costs in an hour, a day and a month of 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Rates {
    #[serde(rename = "usd_hour")]
    pub(crate) hour: Usd,
    #[serde(rename = "usd_day")]
    pub(crate) day: Usd,
    #[serde(rename = "usd_month")]
    pub(crate) month: Usd,
}

impl Rates {
    /// From what a month costs, to the nearest micro-dollar.
    pub(crate) fn of_month(month: MicroUsd) -> Self {
        let share = |seconds: u64| {
            let micro = u128::from(month.0) * u128::from(seconds) + u128::from(MONTH_SECONDS) / 2;
            Usd(MicroUsd(u64::try_from(micro / u128::from(MONTH_SECONDS)).unwrap_or(u64::MAX)))
        };
        Self { hour: share(HOUR_SECONDS), day: share(DAY_SECONDS), month: Usd(month) }
    }

    /// The figures of a table's row, as people read them.
    pub(crate) fn row(&self, what: impl Into<String>) -> [String; 4] {
        [what.into(), self.hour.0.in_table(), self.day.0.in_table(), self.month.0.in_table()]
    }

    /// The figures of a table's row, digit by digit, to be held against another's.
    pub(crate) fn exact_row(&self, what: impl Into<String>) -> [String; 4] {
        [what.into(), self.hour.0.to_string(), self.day.0.to_string(), self.month.0.to_string()]
    }
}

/// What an item is called in a table for people.
pub(crate) fn item_words(item: Item) -> &'static str {
    match item {
        Item::ShardHour => "shards",
        Item::PutUnits => "PUT payload units",
        Item::ExtendedRetention | Item::OnDemandExtendedRetention | Item::AdvantageExtendedRetention => {
            "retention, 2 to 7 days"
        }
        Item::LongTermRetention | Item::OnDemandLongTermRetention => "retention beyond 7 days",
        Item::FanOutHour => "enhanced fan-out, shards",
        Item::FanOutOut | Item::OnDemandFanOutOut => "enhanced fan-out, data",
        Item::OnDemandHour => "stream",
        Item::OnDemandIn | Item::AdvantageIn => "data in",
        Item::OnDemandOut | Item::AdvantageOut => "data out",
        Item::AlarmMetric => "alarms",
        Item::CustomMetric => "custom metrics",
        Item::MetricRequest => "metrics read",
        Item::LambdaRequest => "function runs",
        Item::LambdaTime => "function time",
    }
}

/// MB as bytes, exactly: a MB is 1,048,576 of them, as in the limits of a shard.
pub(crate) fn megabytes(text: &str) -> Result<u64, String> {
    let expected = format!("expected MB a second, above 0 and up to {SHARDS_PER_STREAM_MAX}, for example 3.5");
    // Up: a part of a byte is a byte.
    let bytes = text.parse::<Number>().and_then(|number| number.times(MB_BYTES));
    let bytes = bytes.map_err(|fault| format!("{expected}; it is {fault}"))?;
    let max = u64::from(SHARDS_PER_STREAM_MAX) * u64::from(MB_BYTES);
    if (1..=max).contains(&bytes) { Ok(bytes) } else { Err(expected) }
}

/// Bytes a second as MB, with as many of six decimals as it takes: those that [`megabytes`] has read, else to the nearest.
pub(crate) fn in_megabytes(bytes: u64) -> String {
    let (bytes, per_mb) = (u128::from(bytes), u128::from(MB_BYTES));
    let down = bytes * 1_000_000 / per_mb;
    let is_as_read = (down * per_mb).div_ceil(1_000_000) == bytes;
    let millionths = if is_as_read { down } else { (bytes * 1_000_000 + per_mb / 2) / per_mb };
    let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A Region that has prices to take.
fn lender(text: &str) -> Result<String, String> {
    let has_prices = SHEET_REGIONS.contains(&text);
    has_prices
        .then(|| text.to_owned())
        .ok_or_else(|| format!("expected a Region of the sheet: {}", SHEET_REGIONS.join(", ")))
}

fn region(text: &str) -> Result<String, String> {
    let is_one = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_one.then(|| text.to_owned()).ok_or_else(|| "expected a Region's code, for example us-east-1".to_owned())
}

/// The long help of an option that takes a price: which items there are.
pub(crate) fn price_help() -> String {
    let items = Item::ALL.map(|item| format!("  {:30} {}", item.name(), item.unit()));
    format!(
        "A price in USD that replaces all other sources, for example shard-hour=0.015; can be given several \
         times, once for each item.\n\nThe items, and what the price of each is for:\n{}",
        items.join("\n")
    )
}

/// The price of an item, as an option gives it.
pub(crate) fn price(text: &str) -> Result<(Item, MicroUsd), String> {
    let (item, usd) = text.split_once('=').ok_or("expected ITEM=USD, for example shard-hour=0.0185")?;
    let item: Item = item.parse().map_err(|error| format!("{error}"))?;
    let usd = usd.parse().map_err(|error| format!("{usd:?} is {error}"))?;
    Ok((item, usd))
}

/// Refuses a price that is given twice: which of the two counts, nobody can know.
///
/// # Errors
/// The item, and what it is said to cost.
pub(crate) fn each_once(prices: &[(Item, MicroUsd)]) -> Result<()> {
    for (at, (item, usd)) in prices.iter().enumerate() {
        if let Some((_, before)) = prices[..at].iter().find(|(other, _)| other == item) {
            return Err(usage(format!("--price {item} is given twice, as {before} and as {usd}: give it once")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabytes_are_read_exactly_or_not_at_all() {
        for (text, bytes) in [
            ("3.5", 3_670_016),
            ("1", 1_048_576),
            ("10000", 10_485_760_000),
            ("0.000001", 2),
            ("2.9296875", 3_072_000),
            ("1e3", 1_048_576_000),
            ("1,5", 1_572_864),
        ] {
            assert_eq!(megabytes(text), Ok(bytes), "{text}");
        }
        for text in ["0", "-1", "10000.1", "10000.0000000001", "NaN", "inf", "", "1,024", "99999999999999999999"] {
            assert!(megabytes(text).is_err(), "{text}");
        }
        assert_eq!([3_670_016, 1_048_576, 0, 524_288].map(in_megabytes), ["3.5", "1", "0", "0.5"]);
        assert_eq!([1, 2, 5_138_023].map(in_megabytes), ["0.000001", "0.000001", "4.9"], "a little is not nothing");
    }
}
