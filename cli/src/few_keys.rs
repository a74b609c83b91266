// SPDX-License-Identifier: Apache-2.0
//! Few partition keys on many shards, in words for people and in JSON for programs.

use clap::{Args, value_parser};
use kinesis_model::thousands;
use serde_json::{Value, json};
use sizing::HashedKeys;

use crate::table::figure;

/// How many partition keys there are.
#[derive(Debug, Args)]
pub(crate) struct KeyOptions {
    /// Number of different partition keys, if there are few: each key lives on one shard, and two keys may share a
    /// shard.
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) partition_keys: Option<u32>,
}

/// Which part of the shards they reach, whether that carries the load, and what would.
pub(crate) fn in_words(keys: &HashedKeys) -> String {
    let shards = thousands(u64::from(keys.shards().get()));
    let reached = if keys.keys() == 1 {
        format!("The one partition key lies on one of {shards} shards.")
    } else {
        let (count, occupied) = (thousands(u64::from(keys.keys())), figure(keys.occupied(), 1));
        let apart = cases(keys.apart());
        format!("{count} hashed keys occupy about {occupied} of {shards} shards and stay apart in {apart}.")
    };
    format!("{reached} {}", carried(keys))
}

/// Whether the shards carry the load, and what would.
fn carried(keys: &HashedKeys) -> String {
    let count = |number: u32| thousands(u64::from(number));
    let enough_keys = keys.keys_that_do().map(|enough| format!("{} keys on these shards", count(enough)));
    if keys.do_carry() {
        return format!("If all keys are equally busy, the shards carry the load in {}.", cases(keys.carried()));
    }
    let enough_shards = keys.shards_that_do().map(|enough| format!("{} shards for these keys", count(enough.get())));
    let enough = match (enough_shards, enough_keys) {
        (Some(shards), Some(keys)) => format!("These are enough in 95 of 100 cases: {shards}, or {keys}."),
        (Some(only), None) | (None, Some(only)) => format!("These are enough in 95 of 100 cases: {only}."),
        (None, None) => "Neither more shards nor up to a million keys would be enough.".to_owned(),
    };
    let takes = match keys.per_shard_max() {
        0 if keys.keys() == 1 => "The key carries more than one shard takes, and no shard count helps.".to_owned(),
        0 => {
            "If all keys are equally busy, each carries more than one shard takes, and no shard count helps.".to_owned()
        }
        most => format!(
            "If all keys are equally busy, a shard takes {} of them: the shards carry the load in {}.",
            count(most),
            cases(keys.carried())
        ),
    };
    let placed = if keys.keys() <= keys.shards().get() && keys.per_shard_max() > 0 {
        " Or give each key its shard: a record may have an explicit hash key."
    } else {
        ""
    };
    format!("{takes} {enough}{placed}")
}

/// A chance, 0 to 1, as people count it.
fn cases(chance: f64) -> String {
    let of = |all: u32| format!("{:.0} of {} cases", chance * f64::from(all), thousands(u64::from(all)));
    match chance {
        _ if chance <= 0.0 => "no case".to_owned(),
        _ if chance < 0.000_001 => "less than one of 1,000,000 cases".to_owned(),
        _ if chance < 0.000_1 => of(1_000_000),
        _ if chance < 0.01 => of(10_000),
        _ if chance < 0.995 => of(100),
        _ if chance < 1.0 => "nearly all cases".to_owned(),
        _ => "all cases".to_owned(),
    }
}

/// For programs; chances are from 0 to 1.
pub(crate) fn in_json(keys: &HashedKeys) -> Value {
    json!({
        "keys": keys.keys(),
        "shards": keys.shards().get(),
        "occupied_shards": keys.occupied(),
        "stay_apart": keys.apart(),
        "per_shard_max": keys.per_shard_max(),
        "load_is_carried": keys.carried(),
        "shards_that_do": keys.shards_that_do().map(kinesis_model::ShardCount::get),
        "keys_that_do": keys.keys_that_do(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chance_is_counted_in_cases_that_say_something() {
        let told = [0.0, 1e-9, 3.6e-5, 0.000_362_88, 0.192, 0.949, 0.999, 1.0].map(cases);
        let expected = [
            "no case",
            "less than one of 1,000,000 cases",
            "36 of 1,000,000 cases",
            "4 of 10,000 cases",
            "19 of 100 cases",
            "95 of 100 cases",
            "nearly all cases",
            "all cases",
        ];
        assert_eq!(told, expected);
    }
}
