// SPDX-License-Identifier: Apache-2.0
//! An order to rebalance: what is split, what is merged, and what is left alone.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use jiff::Timestamp;
use kinesis_model::{HashKeyRange, MetricWindow, Minute, OpenShard, ShardCount, StreamMode, StreamState, StreamStatus};
use scaler_core::{
    ConsumersReason, Fetched, HotKey, KeyLoad, Observation, Operation, Policy, PolicySpec, Reason, Rebalance,
    RecommendReason, ShardWindow, StreamTags, UnknownLoad, load_within, rebalance,
};

const END: Timestamp = Timestamp::constant(1_767_322_800, 0);
const MINUTES: usize = 62;

/// So much of what a shard takes in a minute, in records of 4 KiB; what is more than 1 is throttled.
fn minute(load: f64) -> Minute {
    let records = |load: f64| Some((load * 15_360.0) as u64);
    let bytes = records(load.min(1.0)).map(|records| records * 4_096);
    Minute {
        bytes,
        records: records(load.min(1.0)),
        throttled_records: records((load - 1.0).max(0.0)),
        ..Minute::default()
    }
}

/// A shard that took so much in each of the minutes so many minutes ago, and is not known of in others.
fn shard(id: &str, range: HashKeyRange, load: f64, ago: std::ops::RangeInclusive<usize>) -> ShardWindow {
    let minute = |index| if ago.contains(&(MINUTES - index)) { minute(load) } else { Minute::default() };
    let window = MetricWindow { end: END, minutes: (0..MINUTES).map(minute).collect() };
    ShardWindow { shard: OpenShard { id: id.to_owned(), range }, window }
}

/// Even shards that took so much throughout.
fn even(loads: &[f64]) -> Vec<ShardWindow> {
    let ranges = HashKeyRange::uniform(loads.len() as u32);
    ranges
        .into_iter()
        .zip(loads)
        .enumerate()
        .map(|(i, (range, load))| shard(&i.to_string(), range, *load, 1..=62))
        .collect()
}

struct Case {
    open: Vec<ShardWindow>,
    closed: Vec<ShardWindow>,
    keys: Vec<KeyLoad>,
    iterator_age_ms: Option<u64>,
    policy: PolicySpec,
}

fn case(loads: &[f64]) -> Case {
    let (closed, keys, policy) = (Vec::new(), Vec::new(), PolicySpec::default());
    Case { open: even(loads), closed, keys, iterator_age_ms: Some(0), policy }
}

impl Case {
    fn rebalanced(&self) -> Option<Rebalance> {
        let read = Minute { iterator_age_ms: self.iterator_age_ms, ..Minute::default() };
        let stream = StreamState {
            status: StreamStatus::Active,
            mode: StreamMode::Provisioned,
            open_shards: ShardCount::new(self.open.len() as u32).unwrap(),
            shard_metrics: true,
        };
        let seen = Observation {
            stream,
            tags: StreamTags::default(),
            window: MetricWindow { end: END, minutes: vec![read; MINUTES] },
            plan: Fetched::NotYet,
            account: Fetched::NotYet,
            shards: Fetched::Known(self.open.clone()),
        };
        rebalance(&Policy::new(self.policy).unwrap(), &seen, &self.closed, &self.keys, END)
    }

    /// How many splits and merges, and the load in percent of each shard then.
    #[track_caller]
    fn check(&self, splits: usize, merges: usize, percents: &[u64]) -> Rebalance {
        let found = self.rebalanced().unwrap();
        let is_split = |operation: &&Operation| matches!(operation, Operation::Split { .. });
        let split = found.plan.operations.iter().filter(is_split).count();
        let then: Vec<_> = found.plan.shards.iter().map(|(_, load)| (load * 100.0).round() as u64).collect();
        assert_eq!((split, found.plan.operations.len() - split, then), (splits, merges, percents.to_vec()));
        for (range, load) in &found.plan.shards {
            assert!((load_within(&found.loads, &self.keys, *range) - load).abs() < 1e-6, "the same either way");
        }
        found
    }
}

#[test]
fn as_few_as_can_be() {
    case(&[0.5, 0.5, 0.5, 0.5]).check(0, 0, &[50, 50, 50, 50]);
    case(&[1.2, 0.5, 0.5, 0.5]).check(1, 0, &[60, 60, 50, 50, 50]);
    case(&[1.2, 0.5, 0.1, 0.1]).check(1, 1, &[60, 60, 50, 20]);
    let all = case(&[1.2, 1.2]).check(2, 0, &[60, 60, 60, 60]);
    assert!(all.is_even, "and a resize would do");
    let mut unknown = case(&[0.1, 0.1]);
    for open in &mut unknown.open {
        *open = shard(&open.shard.id, open.shard.range, 0.1, 30..=62);
    }
    assert_eq!(unknown.rebalanced(), None, "unknown is not idle");
}

#[test]
fn what_was_warm_in_the_hour_is_not_cold() {
    let mut warm = case(&[0.1, 0.1, 0.5]);
    warm.open[1] = shard("1", warm.open[1].shard.range, 0.6, 40..=50);
    warm.check(0, 0, &[10, 0, 50]);
    // Halved, since it throttles in bursts, and not made whole again for taking little.
    let mut bursts = case(&[0.5, 0.2, 0.5]);
    for minute in &mut bursts.open[1].window.minutes {
        minute.throttled_records = Some(9);
    }
    bursts.check(1, 0, &[50, 10, 10, 50]);
    // Of half the hour nothing is known.
    let mut new = case(&[0.1, 0.1]);
    for open in &mut new.open {
        *open = shard(&open.shard.id, open.shard.range, 0.1, 1..=20);
    }
    let found = new.check(0, 0, &[10, 10]);
    assert!(
        matches!(
            found.unmerged,
            Some(Reason::Recommend(RecommendReason::Unknown(UnknownLoad::NotEnoughData { known_minutes: 20, .. })))
        ),
        "{:?}",
        found.unmerged
    );
}

#[test]
fn consumers_keep_what_they_need_to_catch_up() {
    let mut behind = case(&[0.1, 0.1, 0.5]);
    behind.iterator_age_ms = Some(600_000);
    let found = behind.check(0, 0, &[10, 10, 50]);
    assert!(
        matches!(found.unmerged, Some(Reason::Consumers(ConsumersReason::ConsumersBehind { .. }))),
        "{:?}",
        found.unmerged
    );
    behind.iterator_age_ms = Some(0);
    assert_eq!(behind.check(0, 1, &[20, 50]).unmerged, None);
}

#[test]
fn what_took_the_place_of_others_is_known_by_what_those_took() {
    let mut split = case(&[0.9, 0.5]);
    let parent = shard("0", split.open[0].shard.range, 1.7, 3..=62);
    let (lower, upper) = parent.shard.range.split(parent.shard.range.last() / 3 * 2).unwrap();
    split.open.splice(0..1, [shard("2", lower, 0.0, 63..=63), shard("3", upper, 0.0, 63..=63)]);
    split.closed = vec![parent];
    split.check(1, 0, &[57, 57, 57, 50]);
    // Since then it is known by itself: the load lies in its upper third.
    split.open[0] = shard("2", lower, 0.05, 1..=2);
    split.open[1] = shard("3", upper, 1.5, 1..=2);
    split.closed[0] = shard("0", split.closed[0].shard.range, 1.7, 10..=62);
    split.check(1, 0, &[5, 75, 75, 50]);
}

#[test]
fn the_bounds_are_the_streams() {
    let mut bound = case(&[1.7, 1.7]);
    bound.policy.shards_max = 4;
    assert_eq!(bound.check(2, 0, &[57, 57, 57, 170]).needs, Some(6));
    let mut idle = case(&[0.0, 0.0, 0.0]);
    idle.policy.shards_min = 2;
    idle.check(0, 1, &[0, 0]);
}

#[test]
fn one_key_is_told_and_not_split() {
    let mut narrow = case(&[0.6, 0.6]);
    let (lower, upper) = narrow.open[0].shard.range.split(1 << 100).unwrap();
    narrow.open.splice(0..1, [shard("2", lower, 1.3, 1..=62), shard("3", upper, 0.6, 1..=62)]);
    let found = narrow.check(0, 0, &[130, 60, 60]);
    assert!(matches!(&found.hot_keys[..], [HotKey { shard, .. }] if shard == "2"), "{:?}", found.hot_keys);
    // Where its keys are known, they say whether a split helps.
    narrow.keys = vec![KeyLoad { hash_key: 7, load: 0.65 }, KeyLoad { hash_key: 1 << 60, load: 0.65 }];
    assert!(narrow.check(1, 0, &[65, 65, 60, 60]).hot_keys.is_empty());
}

#[test]
fn old_minutes_are_not_new_ones() {
    let mut was_hot = case(&[0.5, 0.5]);
    was_hot.open[0] = shard("0", was_hot.open[0].shard.range, 1.7, 30..=40);
    was_hot.open[0].window.minutes[MINUTES - 1] = minute(0.5);
    was_hot.check(0, 0, &[50, 50]);
}
