//! Numbers for people: cents, thousands apart, with the exact value on pointing at it.

use maud::{Markup, html};
use scaler_app::cost::report::{Usd, UsdSaved};
use scaler_core::MicroUsd;

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

/// Rounded to cents, thousands apart. What is less than half a cent, and yet not nothing, says so.
pub(crate) fn cents(MicroUsd(micro): MicroUsd) -> String {
    let cents = micro.saturating_add(5_000) / 10_000;
    if cents == 0 && micro > 0 {
        return "<0.01".to_owned();
    }
    format!("{}.{:02}", thousands(cents / 100), cents % 100)
}

/// A whole number, thousands apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut apart = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
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
    fn money_is_in_cents_and_thousands_apart() {
        for (micro, expected) in [
            (0, "0.00"),
            (4_999, "<0.01"),
            (5_000, "0.01"),
            (999_994_999, "999.99"),
            (999_995_000, "1,000.00"),
            (1_234_567_890_000, "1,234,567.89"),
            (u64::MAX, "18,446,744,073,709.55"),
        ] {
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
