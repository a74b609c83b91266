// SPDX-License-Identifier: Apache-2.0
//! From which load on one way is cheaper than another.

use super::day::DailyLoad;
use crate::paper::PaperStream;
use billing::Bill;
use billing::prices::{MONTH_SECONDS, MissingPrice, PriceSheet};
use kinesis_model::MicroUsd;
use kinesis_model::StreamMode;

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
pub fn on_demand_below_permille(day: &DailyLoad, sheet: &PriceSheet) -> Result<Option<u32>, MissingPrice> {
    // The full rate of a shard in records of this size.
    let full = u128::from((1_000 * day.record_bytes).min(1_048_576)) * MANY_SHARDS;
    let costs = |permille: u32| {
        let rate = u64::try_from(full * u128::from(permille) / 1_000).unwrap_or(u64::MAX);
        let filled = DailyLoad { bytes_per_second: rate, peak_bytes_per_second: rate, peak_hours: 0, ..*day };
        let stream = PaperStream {
            readers: Some(day.readers()),
            ..filled.month_on_paper(MANY_SHARDS * u128::from(MONTH_SECONDS))
        };
        let on_demand = Bill::on_demand(sheet, &stream.usage(), &stream.stream_config(StreamMode::OnDemand))?;
        Ok((Bill::of(sheet, stream.quantities())?.total(), on_demand.total()))
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
    #![allow(clippy::unwrap_used, clippy::panic)]
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::CapacityStrategy;
    use super::super::tests::flat;
    use super::*;
    use billing::{OnDemandOnly, Series, StreamConfig, UsageStep, advantage_of_all};
    use kinesis_model::Minute;
    use kinesis_model::ShardCount;

    fn cost(way: CapacityStrategy, day: DailyLoad) -> impl Fn(u64) -> Result<MicroUsd, MissingPrice> {
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
        let turns = break_even(
            500,
            cost(CapacityStrategy::OnDemand, flat(1, 10_240)),
            cost(CapacityStrategy::Advantage, flat(1, 10_240)),
        )
        .unwrap();
        assert_eq!(turns.len(), 2);
        assert!(turns[0].first_is_cheaper && !turns[1].first_is_cheaper);
        // 0.12 x GB + 28.80 = 3,037.50 at 9.9 MB/s.
        assert_eq!(turns[1].bytes_per_second, 100 * STEP_BYTES_PER_SECOND);
    }

    /// The bill of a stream whose month of such days was measured, hour by hour: what `shardctl cost` would say of it.
    fn measured(way: CapacityStrategy, day: &DailyLoad) -> MicroUsd {
        let hour = |at: u32| {
            let is_peak = at % 24 < day.peak_hours || day.peak_hours == 0;
            let bytes = if is_peak { day.peak_bytes_per_second } else { day.bytes_per_second } * 3_600;
            let [records, read] = [bytes.div_ceil(day.record_bytes), bytes * u64::from(day.consumers)];
            let (bytes, records, read_bytes) = (Some(bytes), Some(records), Some(read));
            UsageStep { metrics: Minute { bytes, records, read_bytes, ..Minute::default() }, ..UsageStep::default() }
        };
        let start = Timestamp::UNIX_EPOCH;
        let series = Series { start, step_seconds: 3_600, steps: (0..30 * 24).map(hour).collect() };
        let config = StreamConfig {
            mode: StreamMode::Provisioned,
            open_shards: ShardCount::ONE,
            retention_hours: day.retention_hours,
            created: Timestamp::MIN,
            consumers: Vec::new(),
            on_demand_only: OnDemandOnly::default(),
        };
        let usage = series.usage(&config, start, series.end());
        let sheet = PriceSheet::of("us-east-1");
        let bill = match way {
            CapacityStrategy::StaticPeak => Bill::with_shards(&sheet, &usage, &config, day.shards_for_peak()),
            CapacityStrategy::OnDemand => Bill::on_demand(&sheet, &usage, &config),
            CapacityStrategy::Advantage => advantage_of_all(&sheet, [(&usage, &config)], MONTH_SECONDS),
            CapacityStrategy::Autoscaled => panic!("nobody measured which shards the scaler would have had"),
        };
        bill.unwrap().total()
    }

    #[test]
    fn bills_of_measured_streams_agree_on_either_side_of_a_break_even() {
        // An hour a day at the peak, and nothing else: shards for it are dear from some load on.
        let hour_a_day = DailyLoad { bytes_per_second: 0, peak_hours: 1, consumers: 0, ..flat(4, 10_240) };
        for (first, second, day) in [
            (CapacityStrategy::StaticPeak, CapacityStrategy::OnDemand, hour_a_day),
            (
                CapacityStrategy::OnDemand,
                CapacityStrategy::Advantage,
                DailyLoad { consumers: 2, retention_hours: 200, ..flat(1, 10_240) },
            ),
            (
                CapacityStrategy::StaticPeak,
                CapacityStrategy::Advantage,
                DailyLoad { retention_hours: 168, ..hour_a_day },
            ),
        ] {
            let turns = break_even(3_000, cost(first, day), cost(second, day)).unwrap();
            assert!(turns.len() > 1, "{first:?} and {second:?} never take turns");
            for turn in &turns[1..] {
                let first_is_cheaper = |peak| {
                    let day = day.with_peak(peak);
                    measured(first, &day) < measured(second, &day)
                };
                let (from, before) = (turn.bytes_per_second, turn.bytes_per_second - STEP_BYTES_PER_SECOND);
                assert_eq!(first_is_cheaper(from), turn.first_is_cheaper, "{first:?} and {second:?} at {from}");
                assert_eq!(first_is_cheaper(before), !turn.first_is_cheaper, "{first:?} and {second:?} at {before}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn which_is_cheaper_is_told_of_every_load(
            base in 0_u64..10_485_760,
            more in 1_u64..52_428_800,
            peak_hours in 1_u32..=24,
            record_bytes in 1_u64..100_000,
            consumers in 0_u32..5,
            retention_hours in 24_u32..400,
            ways in prop::sample::subsequence(CapacityStrategy::ALL.to_vec(), 2),
            step in 1_u64..=300,
        ) {
            let day = DailyLoad {
                bytes_per_second: base, peak_bytes_per_second: base + more, peak_hours, record_bytes, consumers,
                retention_hours,
            };
            let turns = break_even(300, cost(ways[0], day), cost(ways[1], day)).unwrap();
            prop_assert_eq!(turns[0].bytes_per_second, STEP_BYTES_PER_SECOND);
            let peak = step * STEP_BYTES_PER_SECOND;
            let told = turns.iter().rev().find(|turn| turn.bytes_per_second <= peak).unwrap();
            let [first, second] = [0, 1].map(|at| cost(ways[at], day)(peak).unwrap());
            prop_assert_eq!(told.first_is_cheaper, first < second);
        }
    }
}
