// SPDX-License-Identifier: Apache-2.0
//! Laws of `decide` that hold for every input.
#![allow(clippy::unwrap_used)]

mod support;

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{HashKeyRange, MetricWindow, Minute, OpenShard, ShardCount};
use proptest::prelude::*;
use scaler_core::{
    Attempt, AttemptKind, Direction, Fetched, Observation, Policy, PolicySpec, ResizeHistory, ShardCall, ShardWindow,
    Step, Verdict,
};
use support::{Case, NOW, decided};

fn policy() -> impl Strategy<Value = Policy> {
    (1..=100_u32, 1..=10_000_u32, 1..=10_000_u32, 0..=10_u32, 0..=50_u32, 0..=7_200_u32, any::<bool>()).prop_map(
        |(target, a, b, reserved, tolerance, cooldown, shard_metrics)| {
            Policy::new(PolicySpec {
                target_utilization_percent: target,
                shards_min: a.min(b),
                shards_max: a.max(b),
                resizes_reserved_for_scale_out: reserved,
                tolerance_percent: tolerance,
                scale_out_cooldown_seconds: cooldown / 10,
                scale_in_cooldown_seconds: cooldown,
                shard_metrics,
                ..PolicySpec::default()
            })
            .unwrap()
        },
    )
}

/// Any minute at all: gaps, idle, full, beyond anything a stream of that size could take.
fn minute(shards: u32) -> impl Strategy<Value = Minute> {
    let full = u64::from(shards) * 60 * 1_048_576;
    let amount = move |most: u64| prop_oneof![1 => Just(None), 1 => Just(Some(0)), 6 => (0..=most).prop_map(Some)];
    let records = u64::from(shards) * 60_000;
    (amount(full * 2), amount(records * 2), amount(records), amount(full * 4), amount(3), amount(120_000)).prop_map(
        |(bytes, records, throttled_records, read_bytes, read_throttles, iterator_age_ms)| Minute {
            bytes,
            records,
            throttled_records,
            read_bytes,
            read_throttles,
            iterator_age_ms,
        },
    )
}

fn observation() -> impl Strategy<Value = Observation> {
    (1..=10_000_u32)
        .prop_flat_map(|shards| {
            let minutes = prop::collection::vec(minute(shards), 0..=70);
            let history =
                prop::collection::vec((0..=100_000_i64, 0..5_usize, prop::option::of(1..=20_000_u32)), 0..=14);
            (Just(shards), minutes, history, prop::option::of((0..=20_000_u32, 0..=20_000_u32)))
        })
        .prop_map(|(shards, minutes, history, account)| {
            let words: Vec<_> = history
                .iter()
                .map(|(ago, kind, to)| {
                    let (letter, to) =
                        (["o", "i", "x", "s", "f"][*kind], to.map_or(String::new(), |to| format!("-{to}")));
                    format!("{letter}{}={shards}{to}", NOW.as_second() - ago)
                })
                .collect();
            let case = Case::of(shards).minutes(minutes).tag("resizes", &words.join(" "));
            match account {
                Some((open, limit)) => case.account(open, limit).observe(),
                None => case.account_unknown().observe(),
            }
        })
}

/// The same, of which somebody may have looked at the shards: ranges of any size, each with any minutes.
fn with_shards() -> impl Strategy<Value = Observation> {
    let looked = |seen: &Observation| {
        let shards = seen.stream.open_shards.get().min(12);
        let boundaries = prop::collection::btree_set(1..=u128::MAX, shards as usize - 1);
        (boundaries, prop::collection::vec(minute(2), shards as usize), any::<bool>())
    };
    observation().prop_flat_map(move |seen| (Just(seen.clone()), looked(&seen))).prop_map(
        |(mut seen, (boundaries, minutes, shard_metrics))| {
            let ends = boundaries.iter().map(|at| at - 1).chain([u128::MAX]);
            let mut first = 0;
            let ranges = ends.map(|last| {
                let range = HashKeyRange::new(first, last).unwrap();
                first = last.wrapping_add(1);
                range
            });
            let shards = ranges.zip(minutes).zip(0..).map(|((range, minutes), i)| ShardWindow {
                shard: OpenShard { id: format!("shardId-{i:012}"), range },
                window: MetricWindow { end: seen.window.end, minutes: vec![minutes; seen.window.minutes.len()] },
            });
            seen.shards = Fetched::Known(shards.collect());
            seen.stream.open_shards = ShardCount::saturating(boundaries.len() as u64 + 1);
            seen.stream.shard_metrics = shard_metrics;
            seen
        },
    )
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Out), Just(Direction::In)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn every_call_is_legal_and_in_its_direction(policy in policy(), seen in prop_oneof![observation(), with_shards()], way in direction()) {
        let decision = decided(&policy, &seen, way, NOW);
        let (current, desired) = (decision.current.get(), decision.desired.get());
        prop_assert!((1..=10_000).contains(&desired));
        prop_assert!(desired <= current * 2, "more than double");
        prop_assert!(desired >= current.div_ceil(2), "less than half");
        match way {
            Direction::Out => prop_assert!(desired >= current),
            Direction::In => prop_assert!(desired <= current),
        }
        prop_assert_eq!(decision.verdict == Verdict::Resize, desired != current);
        if let Some(plan) = &decision.resharding {
            let Fetched::Known(shards) = &seen.shards else { unreachable!("it was planned by them") };
            let range = |id: &String| shards.iter().find(|it| it.shard.id == *id).unwrap().shard.range;
            match &plan.call {
                ShardCall::Split { shard, at } => prop_assert!(way == Direction::Out && range(shard).split(*at).is_some()),
                ShardCall::Merge { lower, upper } => prop_assert!(way == Direction::In && range(lower).merge(range(upper)).is_some()),
            }
            prop_assert_eq!(desired.abs_diff(current), 1, "one at a time");
        }
        if desired != current {
            prop_assert!(decision.resharding.is_some() || seen.tags.history.spent(NOW) < 10, "an eleventh resize");
            let left = match &seen.account {
                Fetched::Known(account) if way == Direction::Out => account.limit.saturating_sub(account.open),
                _ => u32::MAX,
            };
            prop_assert!(desired.saturating_sub(current) <= left, "beyond the account's quota");
        }
    }

    #[test]
    fn bounds_hold_once_reached(policy in policy(), seen in prop_oneof![observation(), with_shards()], way in direction()) {
        let decision = decided(&policy, &seen, way, NOW);
        let (current, desired) = (decision.current.get(), decision.desired.get());
        if (policy.shards_min..=policy.shards_max).contains(&current) {
            prop_assert!((policy.shards_min..=policy.shards_max).contains(&desired));
        }
    }

    #[test]
    fn an_unknown_window_never_argues_for_change(seen in observation(), way in direction()) {
        let mut seen = seen;
        seen.window.minutes.fill(Minute::default());
        let unbounded = PolicySpec { shards_max: 10_000, ..PolicySpec::default() };
        let decision = decided(&Policy::new(unbounded).unwrap(), &seen, way, NOW);
        prop_assert_eq!(decision.desired, decision.current);
    }

    #[test]
    fn more_load_never_asks_for_less(seen in observation(), way in direction(), more in 1..=4_u64) {
        let policy = Policy::new(PolicySpec { shards_max: 10_000, ..PolicySpec::default() }).unwrap();
        let mut busier = seen.clone();
        for minute in &mut busier.window.minutes {
            minute.bytes = minute.bytes.map(|bytes| bytes * more);
            minute.records = minute.records.map(|records| records * more);
            minute.throttled_records = minute.throttled_records.map(|records| records * more);
        }
        let (less, more) = (decided(&policy, &seen, way, NOW), decided(&policy, &busier, way, NOW));
        prop_assert!(more.desired >= less.desired, "{} / {}", less.words(), more.words());
    }

    #[test]
    fn the_words_give_the_reason_and_name_what_a_person_should_know(policy in policy(), seen in prop_oneof![observation(), with_shards()], way in direction()) {
        let decision = decided(&policy, &seen, way, NOW);
        let words = decision.words();
        prop_assert!(words.contains(&decision.describe(&decision.steps[0].reason)), "{words}");
        let matters = |step: &&Step| step.reason.cause().is_some_and(|cause| cause.matters_in(way));
        for step in decision.steps.iter().filter(matters) {
            prop_assert!(words.contains(&decision.describe(&step.reason)), "{words}");
        }
    }

    /// Under a constant load the two functions together come to rest and stay there: no flapping.
    #[test]
    fn a_constant_load_settles(shards in 1..=200_u32, mib_per_second in 0..=300_u64, spent in 0..=5_i64) {
        let policy = Policy::new(PolicySpec { shards_max: 10_000, ..PolicySpec::default() }).unwrap();
        let bytes = Some(mib_per_second * 60 * 1_048_576);
        let mut counts = vec![shards];
        for pass in 0..24 {
            let current = *counts.last().unwrap();
            let minutes = vec![Minute { bytes, records: Some(0), ..Minute::default() }; 62];
            let seen = Case::of(current).minutes(minutes).resizes_today(spent).observe();
            let way = if pass % 2 == 0 { Direction::Out } else { Direction::In };
            counts.push(decided(&policy, &seen, way, NOW).desired.get());
        }
        let rest = counts[20];
        prop_assert!(counts[20..].iter().all(|count| *count == rest), "{counts:?}");
        prop_assert!(u64::from(rest) >= mib_per_second.min(10_000), "too small: {counts:?}");
        let steps: Vec<_> = counts.windows(2).map(|pair| i64::from(pair[1]) - i64::from(pair[0])).filter(|step| *step != 0).collect();
        prop_assert!(steps.iter().all(|step| step.signum() == steps[0].signum()), "turned around: {counts:?}");
    }
}

proptest! {
    // Each case is a thousand decisions.
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Whatever the load does, for two days, no 24 hours ever see an eleventh call.
    #[test]
    fn never_eleven_resizes_in_any_day(
        loads in prop::collection::vec(0..=400_u64, 1..=40),
        policy in policy(),
    ) {
        let policy = Policy::new(PolicySpec { resizes_reserved_for_scale_out: 0, dry_run: false, ..*policy }).unwrap();
        let mut calls: Vec<Timestamp> = Vec::new();
        let mut history = ResizeHistory::default();
        let mut shards = policy.shards_min;
        for minute in (0..2 * 24 * 60_i64).step_by(3) {
            let now = NOW.checked_add(SignedDuration::from_mins(minute)).unwrap();
            let load = loads[usize::try_from(minute / 7).unwrap() % loads.len()];
            let way = if (minute / 3) % 2 == 0 { Direction::Out } else { Direction::In };
            let mut seen = Case::of(shards).busy(load).observe();
            seen.window.end = now;
            seen.tags.history = history.clone();
            let decision = decided(&policy, &seen, way, now);
            if decision.verdict == Verdict::Resize {
                let kind = if way == Direction::Out { AttemptKind::ScaleOut } else { AttemptKind::ScaleIn };
                history = ResizeHistory::parse(&history.with(Attempt { at: now, kind, from: ShardCount::new(shards).unwrap(), to: None }).to_string()).unwrap();
                shards = decision.desired.get();
                calls.push(now);
            }
        }
        for window in calls.windows(11) {
            prop_assert!(window[10].duration_since(window[0]) >= SignedDuration::from_hours(24));
        }
    }
}
