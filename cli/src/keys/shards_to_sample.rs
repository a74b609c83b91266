// SPDX-License-Identifier: Apache-2.0
//! Which shards a sample is read from: those named, those that throttle or are full, or some of all.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use kinesis_model::{OpenShard, whole_minute};
use scaler_app::cloud::{Clock as _, Cloud as _, CloudWatch as _, Kinesis as _};
use scaler_core::{Direction, Policy, ShardLoad, ShardWindow, shard_loads};

use crate::connection::{Connection, explained};

/// Shards that are looked at where none are named.
const SHARDS_MAX: usize = 4;

/// The demand on each shard, where their metrics are sent.
pub(super) async fn loads(
    connection: &Connection,
    policy: &Policy,
    stream: &str,
    open: &[OpenShard],
) -> Result<Option<Vec<ShardLoad>>> {
    let cloud = &connection.cloud;
    if !cloud.kinesis().describe(stream).await.map_err(|error| explained(&error))?.shard_metrics {
        return Ok(None);
    }
    let (end, ids): (_, Vec<_>) =
        (whole_minute(cloud.clock().now()), open.iter().map(|shard| shard.id.clone()).collect());
    let minutes = policy.window_minutes(Direction::Out);
    let mut windows =
        cloud.cloudwatch().shard_windows(stream, &ids, end, minutes).await.map_err(|error| explained(&error))?;
    let window = |shard: &OpenShard| Some(ShardWindow { window: windows.remove(&shard.id)?, shard: shard.clone() });
    Ok(shard_loads(&open.iter().filter_map(window).collect::<Vec<_>>(), Timestamp::MIN))
}

/// The shards that were open then and are closed by now, the oldest first.
pub(super) async fn closed_since(
    connection: &Connection,
    stream: &str,
    since: Timestamp,
    open: &[OpenShard],
) -> Result<Vec<OpenShard>> {
    let shards = connection.operator.shards_since(stream, since).await.map_err(|error| explained(&error))?;
    let mut closed: Vec<_> = shards.into_iter().filter(|shard| open.iter().all(|open| open.id != shard.id)).collect();
    closed.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(closed)
}

/// These shards, and before them those closed ones whose keys are theirs now: what was written before a split or merge is in them.
pub(super) fn with_parents<'a>(mut chosen: Vec<&'a OpenShard>, closed: &'a [OpenShard]) -> Vec<&'a OpenShard> {
    let overlaps = |one: &OpenShard, other: &OpenShard| {
        one.range.contains(other.range.first()) || other.range.contains(one.range.first())
    };
    let is_parent = |shard: &&OpenShard| {
        let is_named = chosen.iter().any(|chosen| chosen.id == shard.id);
        !is_named && chosen.iter().any(|chosen| overlaps(chosen, shard))
    };
    let mut all: Vec<_> = closed.iter().filter(is_parent).collect();
    all.append(&mut chosen);
    all
}

/// The shards to look at.
pub(super) fn chosen<'a>(
    stream: &str,
    named: &[String],
    since_minutes: u32,
    open: &'a [OpenShard],
    closed: &'a [OpenShard],
    loads: Option<&[ShardLoad]>,
) -> Result<Vec<&'a OpenShard>> {
    let find = |id: &str| open.iter().find(|shard| shard.id == id);
    if !named.is_empty() {
        let named: BTreeSet<_> = named.iter().collect();
        let named = named.into_iter().map(|id| {
            find(id).or_else(|| closed.iter().find(|shard| shard.id == *id)).ok_or_else(|| {
                anyhow::anyhow!(
                    "stream {stream} has no shard {id} that was open in the last {since_minutes} minutes: see shardctl \
                     status {stream}, or look further back with --since-minutes"
                )
            })
        });
        return named.collect();
    }
    let mut loads: Vec<_> = loads.unwrap_or_default().iter().collect();
    if loads.is_empty() {
        // Any of them, spread over the ring.
        let step = open.len().div_ceil(SHARDS_MAX).max(1);
        return Ok(open.iter().step_by(step).collect());
    }
    loads.sort_by(|a, b| (b.throttled_records > 0).cmp(&(a.throttled_records > 0)).then(b.load.total_cmp(&a.load)));
    let busiest = loads.iter().take(SHARDS_MAX).filter_map(|load| find(&load.shard.id));
    let hot: Vec<_> = busiest.collect();
    Ok(hot)
}
