// SPDX-License-Identifier: Apache-2.0
//! Numbers as people and their tools write them, read exactly: `31457280.0`, `3.1457280e7`, `2.9296875`, `1,048,576`.

use std::str::FromStr;

/// Decimals that are read; each byte of a MB (2^-20) has twenty. Further ones would not leave a product exact in 128 bits.
const DECIMALS_MAX: i32 = 28;
/// Decimal digits that always fit `u128`.
const DIGITS_MAX: usize = 38;

/// A number of zero or more, exactly as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Without trailing zeros, unless it is zero.
    digits: u128,
    /// The number is the digits times ten to the power of this.
    exponent: i32,
}

/// Why a text is not the number that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberFault {
    /// No number at all.
    #[error("not a number")]
    NoNumber,
    /// `NaN` or `inf`: what a tool writes where it knows none.
    #[error("not a finite number; leave out what is not known")]
    NotFinite,
    /// Below zero.
    #[error("negative")]
    Negative,
    /// A single comma before three digits.
    #[error("{thousands} to some readers and {decimal} to others: write one of the two")]
    Ambiguous {
        /// With a comma between thousands.
        thousands: String,
        /// With a comma before decimals.
        decimal: String,
    },
    /// A fraction where none can be.
    #[error("not a whole number")]
    NotWhole,
    /// More than is counted.
    #[error("too large")]
    TooLarge,
    /// More digits than are read exactly.
    #[error("too precise: at most {DECIMALS_MAX} decimals are read")]
    TooManyDigits,
}

impl Number {
    /// This, if it is whole.
    ///
    /// # Errors
    /// It has a fraction, or is more than `u64` holds.
    pub fn whole(self) -> Result<u64, NumberFault> {
        if self.exponent < 0 {
            return Err(NumberFault::NotWhole);
        }
        self.times(1)
    }

    /// The product with a whole number; up, since a part of a byte is a byte.
    ///
    /// # Errors
    /// It is more than `u64` holds.
    pub fn times(self, factor: u32) -> Result<u64, NumberFault> {
        let factor = u128::from(factor);
        let power = 10_u128.checked_pow(self.exponent.unsigned_abs()).ok_or(NumberFault::TooLarge)?;
        let product = if self.exponent >= 0 {
            self.digits.checked_mul(power).and_then(|whole| whole.checked_mul(factor))
        } else {
            let part = ((self.digits % power) * factor).div_ceil(power);
            (self.digits / power).checked_mul(factor).and_then(|whole| whole.checked_add(part))
        };
        product.and_then(|product| u64::try_from(product).ok()).ok_or(NumberFault::TooLarge)
    }

    /// The product with a whole number, if it is whole.
    ///
    /// # Errors
    /// It has a fraction, or is more than `u64` holds.
    pub fn times_exactly(self, factor: u32) -> Result<u64, NumberFault> {
        let product = self.times(factor)?;
        let power = 10_u128.checked_pow(self.exponent.min(0).unsigned_abs()).ok_or(NumberFault::TooLarge)?;
        let is_whole = ((self.digits % power) * u128::from(factor)).is_multiple_of(power);
        if is_whole { Ok(product) } else { Err(NumberFault::NotWhole) }
    }

    /// The nearest floating-point number, for what is no count.
    pub fn nearest(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::INFINITY)
    }
}

/// A whole number of zero or more in a text.
///
/// # Errors
/// What is wrong with it.
pub fn whole(text: &str) -> Result<u64, NumberFault> {
    text.parse::<Number>()?.whole()
}

/// Whether a text is minus one, which Kafka writes for "no limit": `-1`, `-1.0`.
pub fn is_minus_one(text: &str) -> bool {
    text.trim().strip_prefix('-').is_some_and(|rest| whole(rest) == Ok(1))
}

impl FromStr for Number {
    type Err = NumberFault;

    fn from_str(text: &str) -> Result<Self, NumberFault> {
        let text = text.trim();
        let (is_negative, unsigned) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if ["nan", "inf", "infinity", "∞"].iter().any(|word| unsigned.eq_ignore_ascii_case(word)) {
            return Err(NumberFault::NotFinite);
        }
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, decimals) = parts(mantissa)?;
        let number = exactly(&whole, decimals, power_of_ten(exponent)?)?;
        if is_negative && number.digits > 0 {
            return Err(NumberFault::Negative);
        }
        Ok(number)
    }
}

/// The digits before the decimal point, and those behind it.
fn parts(mantissa: &str) -> Result<(String, &str), NumberFault> {
    let commas = mantissa.matches(',').count();
    let points = mantissa.matches('.').count();
    // Several of one kind part thousands; so does the first kind where both are there.
    let (whole, decimals) = match (commas, points) {
        (0 | 2.., 0) | (0, 2..) => (mantissa, ""),
        (1, 0) => decimal_comma(mantissa)?,
        (_, 1) if mantissa.rfind(',') < mantissa.rfind('.') => mantissa.split_once('.').unwrap_or((mantissa, "")),
        (1, _) => mantissa.split_once(',').unwrap_or((mantissa, "")),
        _ => return Err(NumberFault::NoNumber),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let whole = without_separators(whole).ok_or(NumberFault::NoNumber)?;
    if !is_digits(&whole) || !is_digits(decimals) || (whole.is_empty() && decimals.is_empty()) {
        return Err(NumberFault::NoNumber);
    }
    Ok((whole, decimals))
}

/// `0,5` is a half wherever it is written; `1,024` is not.
fn decimal_comma(mantissa: &str) -> Result<(&str, &str), NumberFault> {
    let (whole, rest) = mantissa.split_once(',').unwrap_or((mantissa, ""));
    if rest.is_empty() {
        return Err(NumberFault::NoNumber);
    }
    let may_be_thousands = rest.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
    if may_be_thousands && (whole.bytes().chain(rest.bytes())).all(|byte| byte.is_ascii_digit()) {
        return Err(NumberFault::Ambiguous { thousands: format!("{whole}{rest}"), decimal: format!("{whole}.{rest}") });
    }
    Ok((whole, rest))
}

/// Digits whose thousands may be apart, by one sign throughout; `None` where groups are not of three.
fn without_separators(whole: &str) -> Option<String> {
    let Some(separator) = whole.chars().find(|sign| !sign.is_ascii_digit()) else { return Some(whole.to_owned()) };
    let is_one = [',', '.', '_', '\'', '’', ' ', '\u{a0}', '\u{202f}'].contains(&separator);
    let mut groups = whole.split(separator);
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
    (is_one && first && groups.all(|group| group.len() == 3)).then(|| whole.replace(separator, ""))
}

/// Bounded: beyond some thousands it is past any digits that are there.
fn power_of_ten(text: &str) -> Result<i32, NumberFault> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberFault::NoNumber);
    }
    Ok(sign * digits.parse().unwrap_or(i32::MAX).min(1_000_000))
}

fn exactly(whole: &str, decimals: &str, exponent: i32) -> Result<Number, NumberFault> {
    let all = format!("{whole}{decimals}");
    let digits = all.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return Ok(Number { digits: 0, exponent: 0 });
    }
    if kept.len() > DIGITS_MAX {
        return Err(NumberFault::TooManyDigits);
    }
    let places = |count: usize| i32::try_from(count).map_err(|_| NumberFault::TooManyDigits);
    let exponent = exponent - places(decimals.len())? + places(digits.len() - kept.len())?;
    if exponent < -DECIMALS_MAX {
        return Err(NumberFault::TooManyDigits);
    }
    Ok(Number { digits: kept.parse().map_err(|_| NumberFault::TooManyDigits)?, exponent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        for text in [
            "31457280",
            "31457280.0",
            "31457280.",
            "+31457280",
            " 31457280 ",
            "031457280",
            "3.1457280e7",
            "3.145728E+07",
            "314572800e-1",
            "31,457,280",
            "31.457.280",
            "31,457,280.00",
            "31.457.280,0",
            "31_457_280",
            "31 457 280",
            "31'457'280",
            "31\u{a0}457\u{a0}280",
            "31\u{202f}457\u{202f}280",
            "31457280,0",
        ] {
            assert_eq!(whole(text), Ok(31_457_280), "{text}");
        }
        assert_eq!(["0", "-0.0", "0e9", "0.000"].map(whole), [const { Ok(0) }; 4]);
        assert_eq!(whole("18446744073709551615.0"), Ok(u64::MAX));
    }

    #[test]
    fn what_is_no_whole_number_says_why() {
        let ambiguous = |thousands: &str, decimal: &str| NumberFault::Ambiguous {
            thousands: thousands.to_owned(),
            decimal: decimal.to_owned(),
        };
        for (text, fault) in [
            ("1.5", NumberFault::NotWhole),
            ("1e-1", NumberFault::NotWhole),
            ("0,5", NumberFault::NotWhole),
            ("-1", NumberFault::Negative),
            ("-inf", NumberFault::NotFinite),
            ("NaN", NumberFault::NotFinite),
            ("Infinity", NumberFault::NotFinite),
            ("18446744073709551616", NumberFault::TooLarge),
            ("1e400", NumberFault::TooLarge),
            ("1e-400", NumberFault::TooManyDigits),
            ("1,024", ambiguous("1024", "1.024")),
            ("", NumberFault::NoNumber),
            ("-", NumberFault::NoNumber),
            (".", NumberFault::NoNumber),
            ("e5", NumberFault::NoNumber),
            ("1e", NumberFault::NoNumber),
            ("1e5.5", NumberFault::NoNumber),
            ("1,", NumberFault::NoNumber),
            ("1,2,3", NumberFault::NoNumber),
            ("1.2.3", NumberFault::NoNumber),
            ("1,2345,678", NumberFault::NoNumber),
            ("1.234,567.8", NumberFault::NoNumber),
            ("1 2", NumberFault::NoNumber),
            ("0x10", NumberFault::NoNumber),
            ("ten", NumberFault::NoNumber),
            ("--1", NumberFault::NoNumber),
            ("٣", NumberFault::NoNumber),
        ] {
            assert_eq!(whole(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn products_are_exact_and_go_up_to_the_next_whole() {
        let mb = |text: &str| text.parse::<Number>().and_then(|number| number.times(1 << 20));
        for (text, bytes) in [
            ("2.9296875", 3_072_000),
            ("0.00000095367431640625", 1),
            ("9.5367431640625e-7", 1),
            ("0.000001", 2),
            ("1,5", 1_572_864),
            ("1.234.567,5", 1_294_537_850_880),
        ] {
            assert_eq!(mb(text), Ok(bytes), "{text}");
        }
        let exactly = |text: &str| text.parse::<Number>().and_then(|number| number.times_exactly(1_000_000));
        assert_eq!(exactly("0.0150000000"), Ok(15_000));
        assert_eq!(exactly("0.0000001"), Err(NumberFault::NotWhole));
    }

    #[test]
    fn minus_one_is_no_limit() {
        assert_eq!(["-1", "-1.0", " -1 ", "-1e0"].map(is_minus_one), [true; 4]);
        assert_eq!(["1", "-2", "-1.5", "--1", "-"].map(is_minus_one), [false; 5]);
    }
}
