// SPDX-License-Identifier: Apache-2.0
//! The document's table of five key strategies: evenness, the order that each keeps, and its use.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::keys::{KeyStrategy, composite_key, hash_based_key, random_key, time_based_key, user_based_key};
use kinesis_model::{HashKeyRange, hash_key};

/// The shard of a key, of so many even ones.
fn shard(key: &str, shards: u32) -> usize {
    let at = hash_key(key);
    HashKeyRange::uniform(shards).iter().position(|range| range.contains(at)).unwrap()
}

fn shards_of(keys: impl IntoIterator<Item = String>) -> Vec<usize> {
    let mut shards: Vec<_> = keys.into_iter().map(|key| shard(&key, 8)).collect();
    shards.sort_unstable();
    shards.dedup();
    shards
}

#[test]
fn there_are_five() {
    assert_eq!(KeyStrategy::ALL.len(), 5);
}

#[test]
fn records_of_one_identifier_user_period_or_combination_keep_their_order() {
    let minute = SignedDuration::from_mins(1);
    let at = |second: i64| Timestamp::from_second(1_767_322_800 + second).unwrap();
    assert_eq!(shards_of((0..100).map(|_| hash_based_key("order-1"))).len(), 1);
    assert_eq!(shards_of((0..100).map(|_| user_based_key("user-1").unwrap())).len(), 1);
    assert_eq!(shards_of((0..60).map(|second| time_based_key(at(second), minute))).len(), 1);
    assert_eq!(shards_of((0..100).map(|_| composite_key(&["user-1", "books"]).unwrap())).len(), 1);
}

#[test]
fn what_differs_spreads_and_a_random_key_keeps_no_order() {
    let all = (0..8).collect::<Vec<_>>();
    assert_eq!(shards_of((0..200).map(|n| hash_based_key(&format!("order-{n}")))), all);
    assert_eq!(shards_of((0..200).map(|n| user_based_key(&format!("user-{n}")).unwrap())), all);
    assert_eq!(shards_of((0..200).map(|n| composite_key(&["user-1", &format!("category-{n}")]).unwrap())), all);
    assert_eq!(shards_of((0..200).map(random_key)), all);
}
