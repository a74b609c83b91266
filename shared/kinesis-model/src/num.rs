// SPDX-License-Identifier: Apache-2.0
//! Conversions between kinds of numbers, each of which says what it keeps.

/// A whole number that [`float`] takes.
pub trait Whole {
    /// See [`float`].
    fn to_float(self) -> f64;
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl Whole for $number {
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless, reason = "this is where it is said")]
            fn to_float(self) -> f64 {
                self as f64
            }
        }
    )*};
}

whole!(u8, u32, u64, u128, usize, i64);

/// The nearest floating-point number: exact up to 2^53, which is more bytes than a full stream of 10,000 shards takes in
/// nine days; beyond it good to 15 digits.
pub fn float(number: impl Whole) -> f64 {
    number.to_float()
}

/// The whole part of a number that is a count, at most `u64::MAX`.
///
/// # Panics
/// In debug builds, where it is below zero or no number: no count is.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and the cast saturates")]
pub fn whole(number: f64) -> u64 {
    debug_assert!(number >= 0.0, "{number} is no count");
    number as u64
}

/// The same, at most `u128::MAX`: for hash keys.
///
/// # Panics
/// As [`whole`].
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and the cast saturates")]
pub fn whole_u128(number: f64) -> u128 {
    debug_assert!(number >= 0.0, "{number} is no count");
    number as u128
}

/// The same, at most `u32::MAX`: far more shards than there are.
///
/// # Panics
/// As [`whole`].
pub fn whole_u32(number: f64) -> u32 {
    u32::try_from(whole(number)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_whole_comes_back_and_parts_are_cut_off() {
        for number in [0, 1, 1 << 53] {
            assert_eq!(whole(float(number)), number);
        }
        assert_eq!([whole(1.99), whole(f64::INFINITY)], [1, u64::MAX]);
        assert_eq!([whole_u32(7.5), whole_u32(1e12)], [7, u32::MAX]);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic = "-1 is no count"]
    fn what_is_below_zero_is_a_bug() {
        whole(-1.0);
    }
}
