// SPDX-License-Identifier: Apache-2.0
//! Numbers for people: cents, thousands apart, with the exact value on pointing at it.

use kinesis_model::{MicroUsd, thousands};
use maud::{Markup, html};
use scaler_app::report::figures::{Usd, UsdSaved};

/// An amount in USD. `None` is a price that nobody has told us, and must not be taken for nothing.
pub(crate) fn usd(amount: Option<Usd>) -> Markup {
    html! {
        @match amount {
            Some(Usd(amount)) => span title={ (amount) " USD" } { (cents(amount)) },
            None => span.unknown { "no price" },
        }
    }
}

/// An amount that stands alone, with its unit.
pub(crate) fn dollars(amount: Option<Usd>) -> Markup {
    html! { (usd(amount)) @if amount.is_some() { span.unit { " USD" } } }
}

/// What a month comes to; `None` where too little is known of the stream.
pub(crate) fn month(amount: Option<Usd>) -> Markup {
    html! { @if amount.is_some() { (usd(amount)) } @else { span.unknown { "not known" } } }
}

/// What was saved, or spent more, in words.
pub(crate) fn saved(UsdSaved(micro): UsdSaved) -> Markup {
    let amount = usd(Some(Usd(MicroUsd(micro.unsigned_abs()))));
    match micro {
        0 => html! { "the same" },
        1.. => html! { span.saved { (amount) " saved" } },
        _ => html! { span.more { (amount) " more" } },
    }
}

/// As [`MicroUsd::cents`]; what is less than half a cent, and yet not nothing, says so.
pub(crate) fn cents(amount: MicroUsd) -> String {
    let cents = amount.cents();
    if amount.0 > 0 && cents == MicroUsd(0).cents() { "<0.01".to_owned() } else { cents }
}

/// A quantity to four digits, or to the whole number where it has more.
pub(crate) fn quantity(number: f64) -> String {
    let decimals = match number {
        1_000.0.. => 0,
        100.0.. => 1,
        10.0.. => 2,
        1.0.. => 3,
        _ => 6,
    };
    let text = format!("{number:.decimals$}");
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), thousands);
    match decimals.trim_end_matches('0') {
        "" => whole,
        decimals => format!("{whole}.{decimals}"),
    }
}

/// `stream` or `streams`.
pub(crate) fn streams(count: usize) -> String {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    format!("{} {}", thousands(count), if count == 1 { "stream" } else { "streams" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_little_money_is_not_nothing() {
        for (micro, expected) in
            [(0, "0.00"), (1, "<0.01"), (4_999, "<0.01"), (5_000, "0.01"), (999_995_000, "1,000.00")]
        {
            assert_eq!(cents(MicroUsd(micro)), expected, "{micro}");
        }
    }

    #[test]
    fn a_quantity_has_four_digits_or_is_whole() {
        for (number, expected) in [
            (0.0, "0"),
            (0.000_036, "0.000036"),
            (0.5, "0.5"),
            (1.234_5, "1.234"),
            (720.0, "720"),
            (720.04, "720"),
            (99_999.7, "100,000"),
            (6_480_000.0, "6,480,000"),
        ] {
            assert_eq!(quantity(number), expected, "{number}");
        }
    }
}
