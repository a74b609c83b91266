// SPDX-License-Identifier: Apache-2.0
//! Quantities whose mix-up would otherwise compile.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::number::Number;

/// A number of open shards, at least one: Kinesis has no stream without a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardCount(NonZeroU32);

impl ShardCount {
    /// The smallest stream.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// `None` for zero.
    pub const fn new(shards: u32) -> Option<Self> {
        match NonZeroU32::new(shards) {
            Some(shards) => Some(Self(shards)),
            None => None,
        }
    }

    /// The nearest count there is to `shards`: one for zero, `u32::MAX` for anything that does not fit.
    pub fn saturating(shards: u64) -> Self {
        let shards = u32::try_from(shards).unwrap_or(u32::MAX);
        NonZeroU32::new(shards).map_or(Self::ONE, Self)
    }

    /// The plain number.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The most that one `UpdateShardCount` may ask for: twice as many.
    #[must_use]
    pub fn doubled(self) -> Self {
        Self(self.0.saturating_mul(NonZeroU32::MIN.saturating_add(1)))
    }

    /// The least that one `UpdateShardCount` may ask for: half as many, rounded up, since AWS does not say how it rounds
    /// and only the upper rounding satisfies "not below half" for certain.
    #[must_use]
    pub fn halved(self) -> Self {
        Self::saturating(u64::from(self.get().div_ceil(2)))
    }
}

impl fmt::Display for ShardCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// Money in whole millionths of a US dollar, so that sums are exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MicroUsd(pub u64);

impl MicroUsd {
    /// Both amounts together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This amount `count` times.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// As people read it: to the nearest cent, thousands apart, `1,234.57`.
    pub fn cents(self) -> String {
        self.rounded(2)
    }

    /// As people read it in tables: to the nearest cent from a dollar on; below, with as many of four decimals as carry a digit,
    /// at least two, and with all six where four would show next to nothing.
    pub fn in_table(self) -> String {
        const CENT: u64 = MICRO_PER_DOLLAR / 100;
        match self.0 {
            MICRO_PER_DOLLAR.. => self.cents(),
            CENT.. => Self((self.0 + 50) / 100 * 100).to_string(),
            _ => self.to_string(),
        }
    }

    /// To the nearest of so many decimals, of which it has six; thousands apart.
    pub fn rounded(self, decimals: usize) -> String {
        let decimals = decimals.clamp(1, MICRO_DECIMALS);
        let unit = (decimals..MICRO_DECIMALS).fold(1, |unit, _| unit * 10);
        let (units, per_dollar) = (self.0.saturating_add(unit / 2) / unit, MICRO_PER_DOLLAR / unit);
        format!("{}.{:0decimals$}", thousands(units / per_dollar), units % per_dollar)
    }
}

/// A whole number as people read it, thousands apart: `1,234`.
pub fn thousands(number: u64) -> String {
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

/// Decimals of a dollar that a [`MicroUsd`] can say.
const MICRO_DECIMALS: usize = 6;
const MICRO_PER_DOLLAR: u64 = MICRO_PER_DOLLAR_FACTOR as u64;
const MICRO_PER_DOLLAR_FACTOR: u32 = 1_000_000;

/// A text that is no amount of money in dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount in USD, for example 120 or 0.015, with at most six decimals")]
pub struct NotUsd;

impl FromStr for MicroUsd {
    type Err = NotUsd;

    /// Reads dollars exactly, as any [`Number`] of six decimals: `120`, `0.015`, `0.0150000000`.
    fn from_str(text: &str) -> Result<Self, NotUsd> {
        let number: Number = text.parse().map_err(|_| NotUsd)?;
        number.times_exactly(MICRO_PER_DOLLAR_FACTOR).map(Self).map_err(|_| NotUsd)
    }
}

impl fmt::Display for MicroUsd {
    /// Dollars with as many decimals as carry a digit, at least two: `0.075`, `12.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:06}", self.0 % MICRO_PER_DOLLAR);
        let kept = decimals.trim_end_matches('0').len().max(2);
        write!(f, "{}.{}", self.0 / MICRO_PER_DOLLAR, &decimals[..kept])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_rounds_up_and_one_shard_stays_one() {
        let halved = |n| ShardCount::saturating(n).halved().get();
        assert_eq!([1, 2, 3, 5, 10_000].map(halved), [1, 1, 2, 3, 5_000]);
    }

    #[test]
    fn money_is_read_exactly_or_not_at_all() {
        for (text, micro) in
            [("120", 120_000_000), ("0.015", 15_000), ("0.000001", 1), ("0.0150000000", 15_000), ("1.5e-2", 15_000)]
        {
            assert_eq!(text.parse(), Ok(MicroUsd(micro)), "{text}");
        }
        for text in ["", "-1", "NaN", "1,000", "0.0000001", "twelve", "99999999999999999999"] {
            assert_eq!(text.parse::<MicroUsd>(), Err(NotUsd), "{text}");
        }
    }

    #[test]
    fn money_shows_every_digit_it_has() {
        let shown = [0, 15_000, 75_000, 1_230_000, 12_000_001].map(|micro| MicroUsd(micro).to_string());
        assert_eq!(shown, ["0.00", "0.015", "0.075", "1.23", "12.000001"]);
    }

    #[test]
    fn money_is_rounded_to_the_nearest_with_thousands_apart() {
        for (micro, cents) in [
            (0, "0.00"),
            (4_999, "0.00"),
            (5_000, "0.01"),
            (999_994_999, "999.99"),
            (999_995_000, "1,000.00"),
            (1_234_567_890_000, "1,234,567.89"),
            // A double would lose the cents of it.
            (u64::MAX - 5_000, "18,446,744,073,709.55"),
            (u64::MAX, "18,446,744,073,709.55"),
        ] {
            assert_eq!(MicroUsd(micro).cents(), cents, "{micro}");
        }
        assert_eq!(
            [0, 12, 75_000, 516_099, 999_960, 1_234_567, 57_924_288, 12_960_000_000]
                .map(|micro| MicroUsd(micro).in_table()),
            ["0.00", "0.000012", "0.075", "0.5161", "1.00", "1.23", "57.92", "12,960.00"]
        );
        assert_eq!(
            [1, 4, 6, 9].map(|decimals| MicroUsd(1_250_050).rounded(decimals)),
            ["1.3", "1.2501", "1.250050", "1.250050"]
        );
    }
}
