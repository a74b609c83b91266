// SPDX-License-Identifier: Apache-2.0
//! How the load of a stream lies on its shards, and how it would lie on others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use kinesis_model::{Demand, HashKeyRange, MetricWindow, OpenShard};

/// An open shard, and what was written to it in the minutes of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardWindow {
    /// Which shard.
    pub shard: OpenShard,
    /// Its write metrics; unknown throughout where shard-level metrics are not sent, and before it was there.
    pub window: MetricWindow,
}

/// An open shard and what is wanted of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardLoad {
    /// Which shard.
    pub shard: OpenShard,
    /// What was wanted in its busiest minute, accepted and throttled, as a share of what one shard takes: 1 is full.
    pub load: f64,
    /// Records throttled in its worst minute.
    pub throttled_records: u64,
}

/// The loads of these shards in the minutes that began at `since` or later; `None` where nothing is known of any of them.
///
/// A shard that has no metrics in a minute in which another has was not written to then.
pub fn shard_loads(shards: &[ShardWindow], since: Timestamp) -> Option<Vec<ShardLoad>> {
    let mut is_known = false;
    let load = |ShardWindow { shard, window }: &ShardWindow| {
        let mut load = ShardLoad { shard: shard.clone(), load: 0.0, throttled_records: 0 };
        for (_, minute) in window.known().filter(|(began, _)| *began >= since) {
            is_known = true;
            load.load = load.load.max(f64::from(Demand::wanted(minute).in_shards()));
            load.throttled_records = load.throttled_records.max(minute.throttled_records.unwrap_or(0));
        }
        load
    };
    let loads = shards.iter().map(load).collect();
    is_known.then_some(loads)
}

/// As [`shard_loads`], of shards some of which took the place of `closed` ones within these minutes: of what those took,
/// each is given as much as it has of their range. What throttled them is over with them.
pub(crate) fn loads_with_past(
    open: &[ShardWindow],
    closed: &[ShardWindow],
    since: Timestamp,
) -> Option<Vec<ShardLoad>> {
    let mut loads = shard_loads(open, since);
    if loads.is_none() {
        // Nothing is known of them since they are new.
        shard_loads(closed, since)?;
        loads = Some(even_loads(open.iter().map(|open| &open.shard), 0.0));
    }
    let mut loads = loads?;
    for (load, own) in loads.iter_mut().zip(open) {
        let mut by_minute = BTreeMap::<_, f64>::new();
        let before =
            closed.iter().map(|past| (past, overlap(past.shard.range, own.shard.range) / past.shard.range.share()));
        for (ShardWindow { window, .. }, part) in before.filter(|(_, part)| *part > 0.0).chain([(own, 1.0)]) {
            for (began, minute) in window.known().filter(|(began, _)| *began >= since) {
                *by_minute.entry(began).or_default() += part * f64::from(Demand::wanted(minute).in_shards());
            }
        }
        load.load = by_minute.into_values().fold(load.load, f64::max);
    }
    Some(loads)
}

/// The loads of these shards, if so much is wanted of all together (in shards) and the keys are spread evenly.
pub(crate) fn even_loads<'a>(shards: impl IntoIterator<Item = &'a OpenShard>, total: f64) -> Vec<ShardLoad> {
    let load =
        |shard: &OpenShard| ShardLoad { shard: shard.clone(), load: total * shard.range.share(), throttled_records: 0 };
    shards.into_iter().map(load).collect()
}

/// All loads together, in shards.
pub(crate) fn total(loads: &[ShardLoad]) -> f64 {
    loads.iter().map(|load| load.load).sum()
}

/// The largest load that one of these ranges would have, each shard's load being spread evenly over its own range.
pub(crate) fn largest_over(loads: &[ShardLoad], ranges: &[HashKeyRange]) -> f64 {
    // Both are in the order of the ring, and there may be ten thousand of each.
    let (mut largest, mut begins) = (0.0, 0);
    for range in ranges {
        while loads.get(begins).is_some_and(|load| load.shard.range.last() < range.first()) {
            begins += 1;
        }
        let over = loads[begins..].iter().take_while(|load| load.shard.range.first() <= range.last());
        let load = over.map(|load| load.load * overlap(load.shard.range, *range) / load.shard.range.share()).sum();
        largest = f64::max(largest, load);
    }
    largest
}

/// The share of the ring that both have.
fn overlap(a: HashKeyRange, b: HashKeyRange) -> f64 {
    a.intersection(b).map_or(0.0, HashKeyRange::share)
}

/// When the minutes began in which anything is known of any of these shards.
pub(crate) fn known_minutes<'a>(shards: impl IntoIterator<Item = &'a ShardWindow>) -> BTreeSet<Timestamp> {
    shards.into_iter().flat_map(|shard| shard.window.known().map(|(began, _)| began)).collect()
}
