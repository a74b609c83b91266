//! From which load on one way is cheaper than another.

use super::day::Day;
use super::{Way, standing, usage};
use crate::cost::Bill;
use crate::observation::StreamMode;
use crate::prices::{MONTH_SECONDS, MissingPrice, PriceSheet};
use crate::units::MicroUsd;

/// Loads are tried a tenth of a MB/s apart, as whole bytes.
pub const STEP_BYTES_PER_SECOND: u64 = 104_857;
/// Shards so many that one stream's hours do not matter among them.
const MANY_SHARDS: u128 = 1_000;

/// Loads at which one of two ways is the cheaper, up to the next of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakEven {
    /// Bytes a second at the peak, from which on (inclusive) it is so.
    pub bytes_per_second: u64,
    /// Whether the first way is the cheaper one; where both cost the same, the second is.
    pub first_is_cheaper: bool,
}

/// Compares two ways at each multiple of [`STEP_BYTES_PER_SECOND`] up to `steps` of them, by what a peak of so many
/// bytes a second costs. The first entry is at the first step; each later one is where the other way becomes the
/// cheaper. Shards are whole, so ways may take turns several times before one of them has won.
///
/// # Errors
/// What the costs say.
pub fn break_even<E>(
    steps: u32,
    first: impl Fn(u64) -> Result<MicroUsd, E>,
    second: impl Fn(u64) -> Result<MicroUsd, E>,
) -> Result<Vec<BreakEven>, E> {
    let mut turns: Vec<BreakEven> = Vec::new();
    for step in 1..=u64::from(steps) {
        let bytes_per_second = step * STEP_BYTES_PER_SECOND;
        let first_is_cheaper = first(bytes_per_second)? < second(bytes_per_second)?;
        if turns.last().is_none_or(|last| last.first_is_cheaper != first_is_cheaper) {
            turns.push(BreakEven { bytes_per_second, first_is_cheaper });
        }
    }
    Ok(turns)
}

/// The fullness of its shards, in thousandths, up to which a stream of many shards is no dearer in on-demand mode;
/// records, consumers and retention are the day's. `None` where it always is.
///
/// # Errors
/// A price is not known.
pub fn on_demand_below_permille(day: &Day, sheet: &PriceSheet) -> Result<Option<u32>, MissingPrice> {
    // The full rate of a shard in records of this size.
    let full = u128::from((1_000 * day.record_bytes).min(1_048_576)) * MANY_SHARDS;
    let costs = |permille: u32| {
        let rate = u64::try_from(full * u128::from(permille) / 1_000).unwrap_or(u64::MAX);
        let day = Day { bytes_per_second: rate, peak_bytes_per_second: rate, peak_hours: 0, ..*day };
        let used = usage(&day, MANY_SHARDS * MONTH_SECONDS);
        let provisioned = Bill::as_it_is(sheet, &used, &standing(&day, StreamMode::Provisioned))?;
        Ok((provisioned.total(), Way::OnDemand.month(&day, sheet)?.total()))
    };
    // On-demand grows faster with the load than payload units do, so there is one such point.
    let (mut cheaper, mut dearer) = (None, 1_001);
    let mut low = 1;
    while low < dearer {
        let middle = u32::midpoint(low, dearer);
        let (provisioned, on_demand) = costs(middle)?;
        if on_demand <= provisioned {
            cheaper = Some(middle);
            low = middle + 1;
        } else {
            dearer = middle;
        }
    }
    Ok(cheaper)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::super::tests::flat;
    use super::*;

    fn cost(way: Way, day: Day) -> impl Fn(u64) -> Result<MicroUsd, MissingPrice> {
        let sheet = PriceSheet::of("us-east-1");
        move |peak| Ok(way.month(&day.with_peak(peak), &sheet)?.total())
    }

    #[test]
    fn on_demand_is_cheaper_for_shards_that_are_nearly_empty() {
        // A shard-hour is 0.015; a shard full of 10 KB records takes 3.515625 GB an hour at 0.12, less 0.36864 million
        // units (10 KB, 102.4 a second) at 0.014: 0.421875 - 0.00516096, of which 0.015 are 3.6 %.
        let sheet = PriceSheet::of("us-east-1");
        assert_eq!(on_demand_below_permille(&flat(1, 10 * 1_024), &sheet), Ok(Some(35)));
        // A shard is full with 1,000 records of 100 bytes a second, each billed as 1 KB: 3.433 GB in at 0.08 and 0.335
        // out at 0.04 an hour, less 3.6 million units: 0.2881 - 0.0504, of which 0.015 are 6.3 %.
        assert_eq!(on_demand_below_permille(&flat(1, 100), &sheet), Ok(Some(62)));
    }

    #[test]
    fn advantage_wins_over_standard_once_its_floor_is_full() {
        let turns =
            break_even(500, cost(Way::OnDemand, flat(1, 10_240)), cost(Way::Advantage, flat(1, 10_240))).unwrap();
        assert_eq!(turns.len(), 2);
        assert!(turns[0].first_is_cheaper && !turns[1].first_is_cheaper);
        // 0.12 x GB + 28.80 = 3,037.50 at 9.9 MB/s.
        assert_eq!(turns[1].bytes_per_second, 100 * STEP_BYTES_PER_SECOND);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_break_even_agrees_with_the_costs_on_either_side(
            base in 0_u64..10_485_760,
            more in 1_u64..52_428_800,
            peak_hours in 1_u32..=24,
            record_bytes in 1_u64..100_000,
            consumers in 0_u32..5,
            retention_hours in 24_u32..400,
            ways in prop::sample::subsequence(Way::ALL.to_vec(), 2),
        ) {
            let day = Day {
                bytes_per_second: base, peak_bytes_per_second: base + more, peak_hours, record_bytes, consumers,
                retention_hours,
            };
            let (first, second) = (cost(ways[0], day), cost(ways[1], day));
            let turns = break_even(300, &first, &second).unwrap();
            prop_assert_eq!(turns[0].bytes_per_second, STEP_BYTES_PER_SECOND);
            let is_cheaper = |peak| first(peak).unwrap() < second(peak).unwrap();
            for turn in &turns {
                prop_assert_eq!(is_cheaper(turn.bytes_per_second), turn.first_is_cheaper);
            }
            for turn in &turns[1..] {
                prop_assert_eq!(is_cheaper(turn.bytes_per_second - STEP_BYTES_PER_SECOND), !turn.first_is_cheaper);
            }
        }
    }
}
