// SPDX-License-Identifier: Apache-2.0
//! When shards were opened and closed by the virtual clock, and what is still known of them.

use std::collections::HashMap;

use ferrokinesis::types::{Shard, Stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::shards::is_open;

/// The lifetimes of the shards that splits, merges and resizes made or ended, by stream and shard.
#[derive(Debug, Default)]
pub(crate) struct ShardLifetimes(HashMap<String, HashMap<String, Lifetime>>);

/// From when to when a shard took records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetime {
    /// The first moment there is where the shard has been there since its stream.
    pub(super) opened: Timestamp,
    /// `None` while it is open.
    pub(super) closed: Option<Timestamp>,
}

impl ShardLifetimes {
    /// A reshard of this stream has just ended.
    pub(super) fn resharded(&mut self, stream: &Stream, at: Timestamp) {
        let lifetimes = self.0.entry(stream.stream_name.clone()).or_default();
        for shard in &stream.shards {
            let opened = if shard.parent_shard_id.is_some() { at } else { Timestamp::MIN };
            let life = lifetimes.entry(shard.shard_id.clone()).or_insert(Lifetime { opened, closed: None });
            if !is_open(shard) {
                life.closed.get_or_insert(at);
            }
        }
    }

    pub(super) fn of(&self, stream: &str, shard: &str) -> Lifetime {
        let known = self.0.get(stream).and_then(|lifetimes| lifetimes.get(shard));
        known.copied().unwrap_or(Lifetime { opened: Timestamp::MIN, closed: None })
    }

    /// Whether a shard may still have records: a closed one is known for as long as its last record could be kept.
    pub(super) fn is_kept(&self, stream: &Stream, shard: &str, now: Timestamp) -> bool {
        self.of(&stream.stream_name, shard).closed.is_none_or(|closed| closed > horizon(stream, now))
    }

    /// Forgets a stream that is gone.
    pub(crate) fn forget(&mut self, stream: &str) {
        self.0.remove(stream);
    }
}

/// The time from which records are kept.
pub(super) fn horizon(stream: &Stream, now: Timestamp) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(stream.retention_period_hours.into())).unwrap_or(Timestamp::MIN)
}

/// The shards that came of one, as a reader is told them at its end. Source: API reference, `GetRecords`.
pub(super) fn children(stream: &Stream, shard: &str) -> Vec<Value> {
    let parents = |child: &Shard| {
        let both = [&child.parent_shard_id, &child.adjacent_parent_shard_id];
        both.into_iter().flatten().cloned().collect::<Vec<_>>()
    };
    let born = stream.shards.iter().map(|child| (child, parents(child)));
    born.filter(|(_, parents)| parents.iter().any(|parent| parent == shard))
        .map(|(child, parents)| {
            json!({"ShardId": child.shard_id, "ParentShards": parents, "HashKeyRange": child.hash_key_range})
        })
        .collect()
}
