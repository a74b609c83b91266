// SPDX-License-Identifier: Apache-2.0
//! Laws of costs that hold for every series of metrics.
#![allow(clippy::unwrap_used)]

mod support;

use billing::prices::{Item, PriceSheet, US_EAST_1};
use billing::{
    AdviceInput, Bill, Consumer, OnDemandOnly, Saving, ScalerUsage, Series, StreamConfig, Usage, UsageStep,
    advantage_of_all, advice, month_end, on_demand_bytes, put_units,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{MicroUsd, Minute, ShardCount, StreamMode};
use proptest::prelude::*;
use support::{HOUR, at, stream_config, whole};

const KB: u64 = 1_024;
/// Consumers of every stream below.
const CONSUMERS: usize = 2;

fn sheet() -> PriceSheet {
    PriceSheet::of(US_EAST_1)
}

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

fn mode() -> impl Strategy<Value = StreamMode> {
    prop_oneof![Just(StreamMode::Provisioned), Just(StreamMode::OnDemand)]
}

/// Any step at all: gaps, idle, beyond what a stream could take.
fn any_tick() -> impl Strategy<Value = UsageStep> {
    let amount = |most: u64| prop_oneof![1 => Just(None), 1 => Just(Some(0)), 6 => (0..=most).prop_map(Some)];
    let metrics = (amount(1 << 40), amount(1 << 30), amount(1 << 30), amount(1 << 41), amount(1 << 40)).prop_map(
        |(bytes, records, throttled_records, read_bytes, iterator_age_ms)| Minute {
            bytes,
            records,
            throttled_records,
            read_bytes,
            iterator_age_ms,
            ..Minute::default()
        },
    );
    let fan_out_bytes = prop::collection::vec(amount(1 << 40), 0..=CONSUMERS);
    (metrics, prop::option::of(0..=10_000_u32), fan_out_bytes).prop_map(|(metrics, open_shards, fan_out_bytes)| {
        UsageStep { by_ledger: None, metrics, open_shards, fan_out_bytes }
    })
}

/// A series, and a stream and consumers that were made before it or within it.
fn stream() -> impl Strategy<Value = (Series, StreamConfig)> {
    let steps = prop::collection::vec(any_tick(), 0..40);
    let age = || -200_000_i64..200_000;
    let step = prop_oneof![Just(60_u32), Just(300), Just(HOUR)];
    (steps, step, mode(), 1..=1_000_u32, 24..=8_760_u32, age(), age(), age()).prop_map(
        |(steps, step_seconds, mode, shards, retention_hours, created, one, other)| {
            let start = at("2026-11-10T00:00:00Z");
            let made = |name: &str, created| Consumer { name: name.to_owned(), created: start + seconds(created) };
            let config = StreamConfig {
                created: start + seconds(created),
                consumers: vec![made("one", one), made("other", other)],
                on_demand_only: OnDemandOnly::default(),
                ..stream_config(mode, shards, retention_hours)
            };
            (Series { start, step_seconds, steps }, config)
        },
    )
}

fn bill(series: &Series, config: &StreamConfig) -> Bill {
    Bill::as_it_is(&sheet(), &whole(series, config), config).unwrap()
}

/// The fields that add up.
fn sums(usage: &Usage) -> [u128; 9] {
    [
        u128::from(usage.seconds),
        u128::from(usage.seconds_counted),
        usage.shard_seconds,
        usage.records,
        usage.bytes,
        usage.put_units,
        usage.on_demand_bytes,
        usage.read_bytes,
        usage.throttled_records,
    ]
}

/// What a consumer used; nothing where it is not there.
fn of_consumer(usage: &Usage, name: &str) -> (u128, Option<u128>) {
    usage.consumers.get(name).map_or((0, None), |used| (used.shard_seconds, used.bytes))
}

fn plus(one: Option<u128>, other: Option<u128>) -> Option<u128> {
    if one.is_none() && other.is_none() { None } else { Some(one.unwrap_or(0) + other.unwrap_or(0)) }
}

proptest! {
    #[test]
    fn more_of_an_item_never_costs_less(quantity in 0..=u128::MAX, more in 0..=u128::MAX) {
        for item in Item::ALL {
            let cost = |quantity| Bill::of(&sheet(), [(item, quantity)]).unwrap().total();
            prop_assert!(cost(quantity) <= cost(quantity.saturating_add(more)), "{item}");
        }
    }

    /// Records alone may cost less the more they are: three of 25 KB and a byte take six units, four of three quarters
    /// of that take four. So they are raised with their bytes.
    #[test]
    fn more_traffic_or_shards_or_retention_never_cost_less(
        (series, config) in stream(),
        which in 0..6_usize,
        step in any::<prop::sample::Index>(),
        more in 1..1_000_000_u32,
    ) {
        let (mut more_series, mut more_config) = (series.clone(), config.clone());
        let raised = |amount: &mut Option<u64>, by: u64| *amount = Some(amount.unwrap_or(0) + by);
        if !series.steps.is_empty() {
            let step = &mut more_series.steps[step.index(series.steps.len())];
            let mean = step.metrics.bytes.unwrap_or(0).div_ceil(step.metrics.records.unwrap_or(0).max(1));
            match which {
                0 => raised(&mut step.metrics.bytes, u64::from(more)),
                1 => raised(&mut step.metrics.read_bytes, u64::from(more)),
                2 if step.metrics.records > Some(0) => {
                    raised(&mut step.metrics.records, u64::from(more));
                    raised(&mut step.metrics.bytes, mean * u64::from(more));
                }
                3 if step.fan_out_bytes.len() == CONSUMERS => raised(&mut step.fan_out_bytes[0], u64::from(more)),
                4 => for step in &mut more_series.steps {
                    step.open_shards = step.open_shards.map(|count| count + more);
                },
                _ => more_config.retention_hours += more,
            }
        }
        prop_assert!(bill(&series, &config).total() <= bill(&more_series, &more_config).total());
    }

    #[test]
    fn a_bill_is_the_sum_of_its_lines((series, config) in stream()) {
        let usage = whole(&series, &config);
        for bill in [
            Bill::as_it_is(&sheet(), &usage, &config).unwrap(),
            Bill::on_demand(&sheet(), &usage, &config).unwrap(),
            Bill::advantage(&sheet(), &usage, &config).unwrap(),
            Bill::with_shards(&sheet(), &usage, &config, ShardCount::new(7).unwrap()).unwrap(),
            advantage_of_all(&sheet(), [(&usage, &config)], usage.seconds).unwrap(),
            ScalerUsage::of_stream(usage.seconds, 11, usage.seconds).and(ScalerUsage::of_stack(usage.seconds)).bill(&sheet()).unwrap(),
        ] {
            prop_assert_eq!(bill.total().0, bill.lines.iter().map(|line| line.cost.0).sum::<u64>());
            prop_assert!(bill.lines.iter().all(|line| line.quantity > 0 && bill.cost_of(line.item) == line.cost));
            let mut items: Vec<_> = bill.lines.iter().map(|line| line.item).collect();
            items.sort();
            items.dedup();
            prop_assert_eq!(items.len(), bill.lines.len(), "an item has one line");
        }
    }

    #[test]
    fn a_period_is_the_sum_of_its_parts(
        (series, config) in stream(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(series.steps.len() + 1)).collect();
        cuts.extend([0, series.steps.len()]);
        cuts.sort_unstable();
        let time = |step: usize| series.start + seconds(i64::try_from(step).unwrap() * i64::from(series.step_seconds));
        let parts: Vec<_> = cuts.windows(2).map(|cut| series.usage(&config, time(cut[0]), time(cut[1]))).collect();
        let usage = whole(&series, &config);

        for (at, sum) in sums(&usage).into_iter().enumerate() {
            prop_assert_eq!(sum, parts.iter().map(|part| sums(part)[at]).sum::<u128>(), "field {}", at);
        }
        for name in ["one", "other"] {
            let together = parts.iter().map(|part| of_consumer(part, name)).fold((0, None), |sum, part| {
                (sum.0 + part.0, plus(sum.1, part.1))
            });
            prop_assert_eq!(of_consumer(&usage, name), together);
        }
        let most = |of: fn(&Usage) -> u64| parts.iter().map(of).max().unwrap();
        prop_assert_eq!(u64::from(usage.peak.shards(80).get()), most(|part| u64::from(part.peak.shards(80).get())));
        prop_assert_eq!(usage.peak_read_bytes, most(|part| part.peak_read_bytes));
        prop_assert_eq!(usage.iterator_age_ms, parts.iter().filter_map(|part| part.iterator_age_ms).max());

        let bills: Vec<_> = parts.iter().map(|part| Bill::as_it_is(&sheet(), part, &config).unwrap()).collect();
        for line in Bill::as_it_is(&sheet(), &usage, &config).unwrap().lines {
            let together: u64 = bills.iter().map(|bill| bill.cost_of(line.item).0).sum();
            prop_assert!(together.abs_diff(line.cost.0) <= bills.len() as u64, "{}: {together} {line:?}", line.item);
        }
    }

    /// What metrics do not tell, single records, stays within what is promised.
    #[test]
    fn units_of_records_of_any_sizes_lie_between_the_bounds(
        sizes in prop::collection::vec(prop_oneof![0..100_u64, 25_500..25_700_u64, 0..=1_048_576_u64], 1..50),
    ) {
        let (records, bytes) = (sizes.len() as u64, sizes.iter().sum::<u64>());
        for (step, units, name) in [
            (25 * KB, put_units(records, bytes), "put units"),
            (KB, on_demand_bytes(records, bytes) / u128::from(KB), "on-demand KB"),
        ] {
            let truth: u64 = sizes.iter().map(|size| size.div_ceil(step).max(1)).sum();
            let [least, most] = [records.max(bytes.div_ceil(step)), records + bytes / step].map(u128::from);
            for found in [units, u128::from(truth)] {
                prop_assert!((least..=most).contains(&found), "{name}: {found} is not in {least}..={most}");
            }
        }
    }

    /// Every stream has a load at which both modes cost the same. Beside it, the cheaper one is advised, to streams in
    /// either mode.
    #[test]
    fn the_cheaper_mode_is_advised_on_either_side_of_break_even(
        shards in 4..200_u32,
        record_bytes in 1..20_000_u64,
        away_percent in 5..50_u64,
        hours in 24..400_usize,
    ) {
        // An hour that needs just those shards at the target, so that the load of the others changes nothing of that.
        let peak = u64::from(shards) * 3_600_000 * 80 / 100;
        let busiest = busiest_hour(peak, record_bytes);
        let of_load = |records: u64| {
            let mut steps = vec![support::step(records, records * record_bytes); hours];
            steps[hours / 2] = busiest.clone();
            whole(&support::hours(steps), &stream_config(StreamMode::Provisioned, shards, 24))
        };
        let (provisioned, on_demand) = modes(shards);
        let dearer_by = |records: u64| {
            let usage = of_load(records);
            let total = |config: &StreamConfig| Bill::as_it_is(&sheet(), &usage, config).unwrap().total().0;
            i128::from(total(&on_demand)) - i128::from(total(&provisioned))
        };
        let most = busiest.metrics.records.unwrap();
        prop_assume!(dearer_by(0) < 0 && dearer_by(most) > 0);
        let even = bisect(most, |records| dearer_by(records) >= 0);
        prop_assert!(dearer_by(even) >= 0 && dearer_by(even - 1) < 0);

        let [less, more] = [100 - away_percent, 100 + away_percent].map(|percent| even * percent / 100);
        for (records, is_more) in [(less, false), (more, true)] {
            prop_assume!(records <= most && month_of(dearer_by(records), hours) >= 1_000_000);
            let usage = of_load(records);
            let switch = |config: &StreamConfig| mode_advised(&usage, config);
            let to_shards = Saving::ToProvisioned { shards: provisioned.open_shards, only: OnDemandOnly::default() };
            prop_assert_eq!(switch(&provisioned), (!is_more).then_some(Saving::ToOnDemand));
            prop_assert_eq!(switch(&on_demand), is_more.then_some(to_shards));
        }
    }

    #[test]
    fn a_constant_stream_is_expected_to_cost_its_whole_month(
        (first, hours, starts, ends, created) in within_a_month(),
        step in any_tick(),
        mode in mode(),
        retention_hours in prop_oneof![Just(24), 24..=8_760_u32],
    ) {
        let time = |hour: i64| first + seconds(hour * i64::from(HOUR));
        // A young stream keeps more from day to day until it is as old as its retention, and so does not cost the same.
        let (created_at, created) =
            if retention_hours > 24 { (support::at("2020-01-01T00:00:00Z"), -1) } else { (time(created), created) };
        let stream = StreamConfig {
            created: created_at,
            consumers: vec![support::consumer("one", "2020-01-01T00:00:00Z")],
            on_demand_only: OnDemandOnly::default(),
            ..stream_config(mode, 5, retention_hours)
        };
        let series = |from: i64, until: i64| Series {
            start: time(from),
            step_seconds: HOUR,
            steps: vec![step.clone(); usize::try_from(until - from).unwrap()],
        };
        let expected = month_end(&sheet(), &series(starts, ends), &stream).unwrap().unwrap();
        let whole = bill(&series(0, hours), &stream);
        // Half a micro-dollar for each line of the known, of the whole, and of the week as often as it is taken.
        let known_hours = u64::try_from((ends - starts.max(created)).min(7 * 24)).unwrap();
        let off = 6 * (2 + u64::try_from(hours).unwrap().div_ceil(known_hours));
        let (expected, whole) = (expected.expected.0, whole.total().0);
        prop_assert!(expected.abs_diff(whole) <= off, "{expected} for {whole}, {off} allowed");
    }

    #[test]
    fn nothing_panics(
        step in extreme_tick(),
        (count, step_seconds) in (0..4_usize, prop_oneof![Just(0), Just(60), Just(u32::MAX)]),
        start in extreme_time(),
        created in extreme_time(),
        shards in prop_oneof![Just(1), Just(u32::MAX)],
        retention_hours in prop_oneof![Just(0), Just(24), Just(u32::MAX)],
        mode in mode(),
        target_utilization_percent in prop_oneof![Just(0), Just(80), Just(u32::MAX)],
    ) {
        let stream = StreamConfig {
            created,
            consumers: vec![Consumer { name: String::new(), created: start }],
            on_demand_only: OnDemandOnly::default(),
            ..stream_config(mode, shards, retention_hours)
        };
        let series = Series { start, step_seconds, steps: vec![step; count] };
        let usage = whole(&series, &stream);
        let looked = AdviceInput { usage: &usage, config: &stream, managed_by: None, target_utilization_percent };
        prop_assert!(advice(&sheet(), looked).is_ok());
        prop_assert!(month_end(&sheet(), &series, &stream).is_ok());
        prop_assert!(Bill::advantage(&sheet(), &usage, &stream).is_ok());
        prop_assert!(Bill::on_demand(&sheet(), &usage, &stream).is_ok());
        prop_assert!(advantage_of_all(&sheet(), [(&usage, &stream), (&usage, &stream)], u64::MAX).is_ok());
        let own = ScalerUsage::of_stream(u64::MAX, 1 << 32, u64::MAX).and(ScalerUsage::of_stack(u64::MAX));
        prop_assert!(own.bill(&sheet()).is_ok());
        if count == 0 {
            prop_assert_eq!(usage, Usage::default());
            prop_assert_eq!(month_end(&sheet(), &series, &stream), Ok(None));
        }
    }
}

/// An hour in which the limit that binds is just met.
fn busiest_hour(records: u64, record_bytes: u64) -> UsageStep {
    // Whole records that fill a shard's bytes or its thousand records, whichever is first.
    let records = if record_bytes > 1_048 { records / 1_000 * 1_048_576 / record_bytes } else { records };
    support::step(records, records * record_bytes)
}

fn modes(shards: u32) -> (StreamConfig, StreamConfig) {
    (stream_config(StreamMode::Provisioned, shards, 24), stream_config(StreamMode::OnDemand, shards, 24))
}

/// The smallest number up to `most` for which it is so.
fn bisect(most: u64, is_so: impl Fn(u64) -> bool) -> u64 {
    let (mut not_so, mut so) = (0, most);
    while so - not_so > 1 {
        let between = u64::midpoint(not_so, so);
        if is_so(between) { so = between } else { not_so = between }
    }
    so
}

/// What a difference comes to in 30 days.
fn month_of(difference: i128, hours: usize) -> u128 {
    difference.unsigned_abs() * 720 / hours as u128
}

/// The other mode, if that is advised; the stream is unmanaged, and its other advice is not looked at.
fn mode_advised(usage: &Usage, config: &StreamConfig) -> Option<Saving> {
    let looked = AdviceInput { usage, config, managed_by: None, target_utilization_percent: 80 };
    let mut found = advice(&sheet(), looked).unwrap().into_iter().map(|advice| advice.saving);
    found.find(|saving| matches!(saving, Saving::ToOnDemand | Saving::ToProvisioned { .. }))
}

/// A month and its hours; of these, where a series starts (or before) and ends, and when its stream was created.
fn within_a_month() -> impl Strategy<Value = (Timestamp, i64, i64, i64, i64)> {
    prop::sample::select(vec!["2026-11-01", "2026-12-01", "2026-02-01", "2028-02-01"]).prop_flat_map(|first| {
        let first: jiff::civil::Date = first.parse().unwrap();
        let hours = i64::from(first.days_in_month()) * 24;
        let midnight = first.to_zoned(TimeZone::UTC).unwrap().timestamp();
        (1..=hours).prop_flat_map(move |ends| (Just(midnight), Just(hours), ends - 900..ends, Just(ends), -900..ends))
    })
}

fn extreme_tick() -> impl Strategy<Value = UsageStep> {
    let amount = || prop_oneof![Just(None), Just(Some(0)), Just(Some(1)), Just(Some(u64::MAX))];
    let shards = prop_oneof![Just(None), Just(Some(0)), Just(Some(u32::MAX))];
    (amount(), amount(), amount(), amount(), amount(), amount(), shards).prop_map(
        |(bytes, records, throttled_records, read_bytes, iterator_age_ms, fan_out, open_shards)| UsageStep {
            by_ledger: None,
            metrics: Minute { bytes, records, throttled_records, read_bytes, read_throttles: None, iterator_age_ms },
            open_shards,
            fan_out_bytes: vec![fan_out, fan_out],
        },
    )
}

fn extreme_time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        Just(Timestamp::MIN),
        Just(Timestamp::UNIX_EPOCH),
        Just(at("2026-11-10T00:00:00Z")),
        Just(at("9999-12-01T00:00:00Z")),
        Just(at("9999-11-30T23:00:00Z")),
        Just(Timestamp::MAX),
    ]
}

/// A figure that people may look up: a stream of one megabyte a second, in records of a KB.
#[test]
fn break_even_of_a_steady_stream_is_far_below_what_a_shard_takes() {
    let (provisioned, on_demand) = modes(1);
    let total = |records: u64, config: &StreamConfig| {
        let usage = whole(&support::hours(vec![support::step(records, records * KB); 720]), config);
        Bill::as_it_is(&sheet(), &usage, config).unwrap().total()
    };
    // A shard at full use: 720 h x 0.015 = 10.80 and 2,592 million units x 0.014 = 36.288; on-demand 28.80 and 2,471.92
    // GB x 0.08 = 197.753906.
    let full = 3_600 * 1_000;
    assert_eq!(total(full, &provisioned).to_string(), "47.088");
    assert_eq!(total(full, &on_demand).to_string(), "226.553906");
    // Even idle, the hour of an on-demand stream is dearer than that of a shard.
    assert!(total(0, &on_demand) > total(0, &provisioned));
    assert_eq!(total(0, &on_demand), MicroUsd(28_800_000));
}
