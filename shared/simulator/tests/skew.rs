// SPDX-License-Identifier: Apache-2.0
//! The deployed functions over loads that do not lie evenly on the ring: what they split, what they leave alone.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use aws_models::stream_model::ResizeKind;
use jiff::Timestamp;
use kinesis_model::limits::WRITE_BYTES_PER_MINUTE_PER_SHARD as SHARD;
use kinesis_model::{Demand, HashKeyRange};
use scaler_core::{Policy, PolicySpec};
use simulator::run::Run;
use simulator::simulate::{Setup, Simulation, Skew, ThrottleHandling, simulate};
use simulator::trace::Trace;

/// On the hour.
const START: Timestamp = Timestamp::constant(1_767_322_800, 0);

/// So many minutes at so many percent of a shard, by bytes, one after the other.
fn steps(steps: &[(usize, u64)]) -> Trace {
    let minute = |percent: u64| Demand { bytes: percent * SHARD / 100, records: percent * 60 };
    let minutes = steps.iter().flat_map(|&(minutes, percent)| std::iter::repeat_n(minute(percent), minutes));
    Trace { name: "t".to_owned(), start: START, minutes: minutes.collect() }
}

/// A stream whose shards may be measured.
fn setup(shards: u32, skew: Skew) -> Setup {
    let spec = PolicySpec { shards_max: 1_000, shard_metrics: true, ..PolicySpec::default() };
    Setup { skew, ..Setup::new(shards, Policy::new(spec).unwrap()) }
}

/// The range from one share of the ring to another, in percent.
fn percent(from: u128, to: u128) -> HashKeyRange {
    HashKeyRange::new(u128::MAX / 100 * from, u128::MAX / 100 * to - 1).unwrap()
}

fn calls(run: &Run) -> Vec<String> {
    let call = |call: &aws_models::stream_model::Call| {
        format!("{}: {} {}-{}: {}", call.minute, call.kind.name(), call.from, call.to, call.reason)
    };
    run.calls.iter().map(call).collect()
}

/// The minutes of the last hour that throttled.
fn throttles_in_the_end(run: &Run) -> usize {
    let shares = run.throttled.as_ref().unwrap();
    shares[shares.len() - 60..].iter().filter(|share| **share > 0.0).count()
}

fn splits(run: &Run) -> usize {
    run.calls.iter().filter(|call| call.kind == ResizeKind::SplitMerge).count()
}

#[test]
fn a_hot_shard_stops_throttling_with_fewer_shards_than_doubling_needs() {
    // Eight shards at 40 % on average, of which one is wanted to take 1.6: a quarter of the load is in 1/16 of the ring.
    let skew = Skew::of(vec![(percent(13, 24), 0.44)]).unwrap();
    let trace = steps(&[(360, 320)]);
    let run = simulate(&trace, &setup(8, skew.clone()));
    assert_eq!(throttles_in_the_end(&run), 0, "{:#?}", calls(&run));
    let needed = *run.capacity.last().unwrap();
    assert!(splits(&run) > 0 && needed < 16, "{:#?}", calls(&run));

    // What doubling needs for the same.
    let even = |shards: u32| {
        let policy = Policy::new(PolicySpec { shards_min: shards, shards_max: shards, ..PolicySpec::default() });
        throttles_in_the_end(&simulate(&trace, &Setup { skew: skew.clone(), ..Setup::new(shards, policy.unwrap()) }))
    };
    assert!(even(8) > 0);
    let doubled = [16, 32, 64].into_iter().find(|shards| even(*shards) == 0).unwrap();
    assert!(needed < doubled, "{needed} where doubling needs {doubled}: {:#?}", calls(&run));
}

#[test]
fn retries_of_a_hot_shard_do_not_make_it_look_like_a_full_stream() {
    let skew = Skew::of(vec![(percent(13, 24), 0.44)]).unwrap();
    let hot = Setup { throttled: ThrottleHandling::Retried, ..setup(8, skew) };
    let run = simulate(&steps(&[(480, 320)]), &hot);
    assert_eq!(throttles_in_the_end(&run), 0, "{:#?}", calls(&run));
    assert!(run.capacity.iter().all(|shards| *shards <= 14), "{:#?}", calls(&run));
}

#[test]
fn one_hot_key_is_told_and_does_not_grow_the_stream_without_end() {
    // The key alone is 1.3 shards.
    let trace = steps(&[(600, 325)]);
    let run = simulate(&trace, &setup(8, Skew::of_key("tenant-1", 0.4)));
    assert!(throttles_in_the_end(&run) > 0, "no count of shards helps one key");
    let most = *run.capacity.iter().max().unwrap();
    assert!(most <= 13, "a few splits find that it is a key: {:#?}", calls(&run));
    let last = run.calls.last().unwrap();
    assert!(last.minute < 180, "and then it is left alone: {:#?}", calls(&run));
}

#[test]
fn an_even_overload_is_no_matter_of_single_shards() {
    let retried = ThrottleHandling::Retried;
    let even = Setup { throttled: retried, shard_metrics: true, ..setup(4, Skew::default()) };
    let run = simulate(&steps(&[(60, 250), (300, 700)]), &even);
    assert_eq!(throttles_in_the_end(&run), 0);
    assert_eq!(splits(&run), 0, "{:#?}", calls(&run));
}

#[test]
fn a_skew_that_is_none_is_none() {
    let trace = steps(&[(60, 250), (60, 900), (300, 200)]);
    let plain = simulate(&trace, &setup(4, Skew::default()));
    let even = simulate(&trace, &setup(4, Skew::of(vec![(HashKeyRange::ALL, 1.0)]).unwrap()));
    assert_eq!(plain, even);
    assert_eq!(even.throttled, None, "capacity alone tells");
}

#[test]
fn where_the_day_s_resizes_are_spent_splits_go_on() {
    // Ten doublings of one shard are not enough for this.
    let trace = steps(&[(60, 50), (400, 110_000)]);
    let spec = PolicySpec { shards_max: 10_000, ..PolicySpec::default() };
    let run = simulate(&trace, &Setup::new(1, Policy::new(spec).unwrap()));
    let updates = run.calls.iter().filter(|call| call.kind == ResizeKind::UpdateShardCount).count();
    assert_eq!(updates, 10, "{:#?}", calls(&run));
    let splits: Vec<_> = run.calls[10..].iter().map(|call| (call.minute, call.to - call.from)).collect();
    let ended = trace.minutes.len() - splits[0].0;
    assert!(splits.len() > ended * 9 / 10, "about one a minute: {} in {ended}", splits.len());
    assert!(splits.iter().all(|(_, more)| *more == 1));
    let shards = run.calls[9].to;
    let second = &run.calls[11].reason;
    assert!(second.contains(&format!("1 of {shards} splits are done")), "every shard once: {second}");
}

/// A day with one part of the ring hot, and a day with another.
#[test]
fn a_hot_range_that_moves_is_followed_and_its_old_splits_are_merged() {
    const DAY: usize = 1_440;
    let trace = steps(&[(2 * DAY, 320)]);
    let (old, new) = (percent(13, 24), percent(76, 87));
    let hot = |range| Skew::of(vec![(range, 0.44)]).unwrap();
    let mut simulation = Simulation::new(&trace, &Setup { skew_from: vec![(DAY, hot(new))], ..setup(8, hot(old)) });
    // All shards, those that begin in the old part, and those that begin in the new one.
    let mut after_a_day = || {
        assert!((0..DAY).all(|_| simulation.step()));
        let shards = simulation.open_shards();
        let in_part = |part: HashKeyRange| shards.iter().filter(|shard| part.contains(shard.range.first())).count();
        (shards.len(), in_part(old), in_part(new))
    };
    let days = [after_a_day(), after_a_day()];
    let run = simulation.run();
    assert_eq!(days, [(10, 2, 0), (10, 0, 2)], "{:#?}", calls(&run));
    assert_eq!(throttles_in_the_end(&run), 0, "{:#?}", calls(&run));
}

/// A stream that was split where it was hot, and is not any more: what was left whole is now too wide.
#[test]
fn of_uneven_ranges_the_wide_one_is_split_under_an_even_load() {
    let hot = Skew::of(vec![(percent(90, 99), 0.9)]).unwrap();
    let trace = steps(&[(460, 150)]);
    let run = simulate(&trace, &Setup { skew_from: vec![(400, Skew::default())], ..setup(2, hot) });
    let after: Vec<_> = run.calls.iter().filter(|call| call.minute >= 400).collect();
    assert_eq!(after.len(), 1, "{:#?}", calls(&run));
    assert_eq!((after[0].kind, after[0].to), (ResizeKind::SplitMerge, after[0].from + 1));
    assert!(after[0].reason.contains(
        "% of the hash keys and therefore receives 138 % of one shard's capacity: this \
            shard is split"
    ));
    let throttled = &run.throttled.as_ref().unwrap()[after[0].minute + 1..];
    assert!(throttled.iter().all(|share| *share == 0.0), "{throttled:?}");
}

/// Shards in sight, and looked at, change nothing of what an evenly loaded stream takes.
#[test]
fn an_even_stream_with_shard_metrics_is_told_by_its_capacity_alone() {
    // It comes down in one step: for a second one so soon its shards would have to be measured for half a window first.
    let trace = steps(&[(60, 250), (60, 900), (300, 500)]);
    let plain = simulate(&trace, &setup(4, Skew::default()));
    let seen = simulate(&trace, &Setup { shard_metrics: true, ..setup(4, Skew::default()) });
    assert_eq!((seen.throttled, seen.capacity), (None, plain.capacity));
}
