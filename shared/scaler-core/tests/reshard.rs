// SPDX-License-Identifier: Apache-2.0
//! Plans of splits and merges: legal step by step, as few as can be, and every shard under its target in the end.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use kinesis_model::{HashKeyRange, OpenShard, hash_key};
use proptest::prelude::*;
use scaler_core::{KeyLoad, Operation, ReshardLimits, ReshardPlan, ShardCall, ShardLoad, plan_reshard};

const LIMITS: ReshardLimits =
    ReshardLimits { target: 0.8, upper_threshold: 0.88, shards_min: u32::MAX, shards_max: u32::MAX };
/// So much more than its cap a piece may take: cuts lie where a float has them.
const NEARLY: f64 = 1e-6;

/// A stream as Kinesis keeps it: what it refuses is a failed test.
struct HashKeySpace {
    shards: Vec<OpenShard>,
    made: usize,
}

impl HashKeySpace {
    fn of(ranges: &[HashKeyRange]) -> Self {
        let mut key_space = Self { shards: Vec::new(), made: 0 };
        for range in ranges {
            let id = key_space.id();
            key_space.shards.push(OpenShard { id, range: *range });
        }
        key_space
    }

    fn id(&mut self) -> String {
        self.made += 1;
        format!("shardId-{:012}", self.made - 1)
    }

    fn at(&self, id: &str) -> usize {
        self.shards.iter().position(|shard| shard.id == id).expect("only open shards are split or merged")
    }

    fn apply(&mut self, call: &ShardCall) {
        match call {
            ShardCall::Split { shard, at } => {
                let i = self.at(shard);
                let (lower, upper) = self.shards[i].range.split(*at).expect("a split is inside its shard");
                let ids = [self.id(), self.id()];
                let children = [lower, upper].into_iter().zip(ids).map(|(range, id)| OpenShard { id, range });
                self.shards.splice(i..=i, children);
            }
            ShardCall::Merge { lower, upper } => {
                let i = self.at(lower);
                assert_eq!(self.at(upper), i + 1, "only neighbours are merged");
                let range = self.shards[i].range.merge(self.shards[i + 1].range).unwrap();
                let id = self.id();
                self.shards.splice(i..=i + 1, [OpenShard { id, range }]);
            }
        }
        assert!(HashKeyRange::tile(&self.ranges()), "{:?}", self.ranges());
    }

    fn ranges(&self) -> Vec<HashKeyRange> {
        self.shards.iter().map(|shard| shard.range).collect()
    }

    fn loads(&self, loads: &[f64]) -> Vec<ShardLoad> {
        let load =
            |(shard, load): (&OpenShard, &f64)| ShardLoad { shard: shard.clone(), load: *load, throttled_records: 0 };
        self.shards.iter().zip(loads).map(load).collect()
    }

    fn carry_out(&mut self, plan: &ReshardPlan) {
        for operation in &plan.operations {
            let call = operation.on(&self.shards).expect("each operation of a plan can be done when its turn comes");
            self.apply(&call);
            assert_eq!(operation.on(&self.shards), None, "and once only");
        }
        let planned: Vec<_> = plan.shards.iter().map(|(range, _)| *range).collect();
        assert_eq!(self.ranges(), planned);
    }
}

fn splits(plan: &ReshardPlan) -> usize {
    plan.operations.iter().filter(|operation| matches!(operation, Operation::Split { .. })).count()
}

#[test]
fn a_hot_shard_is_split_into_as_few_even_pieces_as_carry_it() {
    for (load, pieces) in [(0.8, 1), (0.88, 1), (0.9, 2), (1.6, 2), (1.61, 3), (2.5, 4), (8.0, 10)] {
        let mut key_space = HashKeySpace::of(&HashKeyRange::uniform(4));
        let plan = plan_reshard(&key_space.loads(&[0.3, load, 0.3, 0.3]), &[], &LIMITS);
        key_space.carry_out(&plan);
        assert_eq!(key_space.shards.len(), 3 + pieces, "{load}");
        let most = plan.shards.iter().map(|(_, load)| *load).fold(0.0, f64::max);
        assert!((most - load / pieces as f64).abs() < 1e-3 || most <= 0.3, "even pieces of {load}: {most}");
    }
}

#[test]
fn a_shard_that_throttles_in_bursts_is_halved() {
    let key_space = HashKeySpace::of(&HashKeyRange::uniform(2));
    let mut loads = key_space.loads(&[0.5, 0.1]);
    loads[0].throttled_records = 7;
    let plan = plan_reshard(&loads, &[], &LIMITS);
    assert_eq!(plan.operations.len(), 1);
    assert_eq!(plan.operations, [Operation::Split { at: 1 << 126 }], "in its middle");
}

#[test]
fn a_split_lies_where_the_keys_divide_the_load() {
    // 0.7 in the lowest hundredth of the ring, 0.5 over the rest: in the middle, one half would take 0.95.
    let mut keys: Vec<_> = (0..70).map(|i| KeyLoad { hash_key: (u128::MAX / 100 / 70) * i, load: 0.01 }).collect();
    keys.sort_by_key(|key| key.hash_key);
    let key_space = HashKeySpace::of(&[HashKeyRange::ALL]);
    let plan = plan_reshard(&key_space.loads(&[1.2]), &keys, &LIMITS);
    assert_eq!(plan.operations.len(), 1);
    assert!(plan.shards.iter().all(|(_, load)| (load - 0.6).abs() < 0.02), "{:?}", plan.shards);
}

#[test]
fn one_key_above_a_shard_is_told_and_its_neighbours_are_freed_of_it() {
    let key = KeyLoad { hash_key: hash_key("user-1"), load: 1.3 };
    let mut key_space = HashKeySpace::of(&HashKeyRange::uniform(4));
    let plan = plan_reshard(&key_space.loads(&[0.2, 0.2, 0.2, 1.9]), &[key], &LIMITS);
    key_space.carry_out(&plan);
    assert_eq!(plan.hot_keys, [key]);
    let alone = plan.shards.iter().find(|(range, _)| range.contains(key.hash_key)).unwrap();
    assert_eq!(alone.0.last() - alone.0.first(), 1, "as few keys as Kinesis allows");
    assert_eq!(splits(&plan), 2, "below it and above it");
}

#[test]
fn cold_neighbours_are_merged_down_to_the_minimum_and_hot_ones_stay() {
    let limits = ReshardLimits { shards_min: 3, ..LIMITS };
    let mut key_space = HashKeySpace::of(&HashKeyRange::uniform(8));
    let plan = plan_reshard(&key_space.loads(&[0.7, 0.05, 0.05, 0.05, 0.7, 0.1, 0.1, 0.1]), &[], &limits);
    key_space.carry_out(&plan);
    let loads: Vec<_> = plan.shards.iter().map(|(_, load)| (load * 100.0).round()).collect();
    assert_eq!(loads, [70.0, 15.0, 70.0, 30.0]);
    assert!(
        plan_reshard(&key_space.loads(&[0.7, 0.15, 0.7, 0.3]), &[], &limits).operations.is_empty(),
        "and that is rest"
    );
}

#[test]
fn no_plan_goes_over_the_maximum() {
    let key_space = HashKeySpace::of(&HashKeyRange::uniform(4));
    let limits = ReshardLimits { shards_max: 5, ..LIMITS };
    let plan = plan_reshard(&key_space.loads(&[1.0, 3.0, 1.0, 1.0]), &[], &limits);
    assert_eq!(plan.operations.len(), 1, "the one that relieves most: {plan:?}");
}

/// Any ranges that tile the ring, each with a load, and keys anywhere.
fn any_stream() -> impl Strategy<Value = (Vec<HashKeyRange>, Vec<f64>, Vec<KeyLoad>)> {
    let boundaries = proptest::collection::btree_set(1..=u128::MAX, 0..12);
    let keys = proptest::collection::btree_map(any::<u128>(), 0.0..1.5_f64, 0..12);
    (boundaries, keys).prop_flat_map(|(boundaries, keys)| {
        let mut ranges = Vec::new();
        let mut rest = HashKeyRange::ALL;
        for at in boundaries {
            // Those that Kinesis would not split so stay whole.
            if let Some((lower, upper)) = rest.split(at) {
                ranges.push(lower);
                rest = upper;
            }
        }
        ranges.push(rest);
        let keys: Vec<_> = keys.into_iter().map(|(hash_key, load)| KeyLoad { hash_key, load }).collect();
        let loads = proptest::collection::vec(0.0..4.0_f64, ranges.len());
        (Just(ranges), loads, Just(keys))
    })
}

proptest! {
    #[test]
    fn every_plan_can_be_carried_out_and_leaves_no_shard_over_its_target((ranges, loads, keys) in any_stream(), min in 1..20_u32) {
        let mut key_space = HashKeySpace::of(&ranges);
        let limits = ReshardLimits { shards_min: min, ..LIMITS };
        let plan = plan_reshard(&key_space.loads(&loads), &keys, &limits);
        key_space.carry_out(&plan);
        for (range, load) in &plan.shards {
            let is_one_key = keys.iter().any(|key| range.contains(key.hash_key) && key.load > LIMITS.target);
            let was_whole = ranges.contains(range) && *load <= LIMITS.upper_threshold;
            prop_assert!(*load <= LIMITS.target + NEARLY || is_one_key || was_whole, "{range} takes {load}");
        }
        // No load is lost or made: what a shard takes is its metrics' or, where those say less, its keys'.
        let inside = |range: &HashKeyRange| keys.iter().filter(|key| range.contains(key.hash_key)).map(|key| key.load).sum::<f64>();
        let before: f64 = ranges.iter().zip(&loads).map(|(range, load)| load.max(inside(range))).sum();
        let after: f64 = plan.shards.iter().map(|(_, load)| *load).sum();
        prop_assert!((before - after).abs() < 1e-6 * before.max(1.0), "{before} became {after}");
    }

    #[test]
    fn without_keys_no_fewer_splits_would_do((ranges, loads, _) in any_stream()) {
        let plan = plan_reshard(&HashKeySpace::of(&ranges).loads(&loads), &[], &LIMITS);
        let pieces = |load: &f64| if *load > LIMITS.upper_threshold { (load / LIMITS.target).ceil() } else { 1.0 };
        let needed: f64 = loads.iter().map(|load| pieces(load) - 1.0).sum();
        prop_assert!((splits(&plan) as f64 - needed).abs() < 0.5, "{} and {needed}", splits(&plan));
    }

    #[test]
    fn whoever_was_interrupted_comes_to_the_same_shards((ranges, loads, keys) in any_stream(), done in 0..40_usize) {
        let mut whole = HashKeySpace::of(&ranges);
        let plan = plan_reshard(&whole.loads(&loads), &keys, &LIMITS);
        let mut interrupted = HashKeySpace::of(&ranges);
        for operation in plan.operations.iter().take(done).chain(&plan.operations) {
            if let Some(call) = operation.on(&interrupted.shards) {
                interrupted.apply(&call);
            }
        }
        whole.carry_out(&plan);
        prop_assert_eq!(whole.ranges(), interrupted.ranges());
    }
}
