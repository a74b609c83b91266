// SPDX-License-Identifier: Apache-2.0
//! Laws of the one reader of numbers: what is written is read back, and nothing that is written brings it down.

use kinesis_model::number::{Number, whole};
use proptest::prelude::*;

/// `count` with this between its thousands.
fn grouped(count: u64, separator: &str) -> String {
    let digits = count.to_string();
    let (first, rest) = digits.split_at(digits.len() % 3);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let first = (!first.is_empty()).then(|| first.to_owned());
    first.into_iter().chain(groups).collect::<Vec<_>>().join(separator)
}

proptest! {
    #[test]
    fn a_whole_number_is_read_back_in_every_way_that_tools_write_it(count in prop_oneof![any::<u64>(), 0..2_000_000_u64]) {
        for text in [count.to_string(), format!("{count}.0"), format!("{count}e0"), format!("{count}000E-3")] {
            prop_assert_eq!(whole(&text), Ok(count), "{}", text);
        }
        for separator in ["_", "'", " ", "\u{a0}", "\u{202f}"] {
            let text = grouped(count, separator);
            prop_assert_eq!(whole(&text), Ok(count), "{}", text);
        }
        // One comma may be a decimal one; two are none.
        if count >= 1_000_000 {
            prop_assert_eq!(whole(&grouped(count, ",")), Ok(count));
        }
    }

    #[test]
    fn what_a_float_prints_is_that_float(float in 0.0..1e15_f64) {
        let number: Number = format!("{float}").parse().map_err(|fault| TestCaseError::fail(format!("{float}: {fault}")))?;
        prop_assert_eq!(number.nearest().to_bits(), float.to_bits());
    }

    #[test]
    fn a_product_is_the_exact_one_rounded_up(millionths in any::<u32>(), factor in any::<u32>()) {
        let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        let exact = (u128::from(millionths) * u128::from(factor)).div_ceil(1_000_000);
        let read = text.parse::<Number>().and_then(|number| number.times(factor));
        prop_assert_eq!(read.map(u128::from), Ok(exact));
    }

    #[test]
    fn no_text_panics(text in "\\PC*|[-+0-9.,eE_' ]{0,60}") {
        if let Ok(number) = text.parse::<Number>() {
            let _ = (number.whole(), number.times(u32::MAX), number.times_exactly(u32::MAX), number.nearest());
        }
    }
}
