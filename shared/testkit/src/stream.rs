// SPDX-License-Identifier: Apache-2.0
//! One stream of the AWS in memory: what it has, and what its metrics say.

use billing::{Consumer, OnDemandOnly};
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{HashKeyRange, MetricWindow, Minute, StreamMode, StreamStatus};

use aws_models::hash_key_space::HashKeySpace;

/// How long a change keeps a stream UPDATING; of a resize AWS says "a few minutes" (API reference, `UpdateShardCount`).
const RESIZE_SECONDS: i64 = 60;

/// One stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Open shards; those of a resize under way once it is done.
    pub shards: u32,
    /// Capacity mode.
    pub mode: StreamMode,
    /// Status but for resizes, which `World` sees to.
    pub status: StreamStatus,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// What every minute's metrics say.
    pub load: Minute,
    /// What a minute's metrics say by the time it began, instead: such a stream has as much of a past as is asked for.
    pub curve: Option<fn(Timestamp) -> Minute>,
    /// Accepted resizes.
    pub resizes: Vec<Timestamp>,
    /// Accepted splits and merges.
    pub reshards: Vec<Timestamp>,
    /// Whether the metrics of its shards are sent.
    pub shard_metrics: bool,
    /// When they were last switched on by a call, which sets the stream in motion.
    pub measured: Option<Timestamp>,
    /// What a minute's metrics say of a shard with this range; `None` is its share of [`Self::load`].
    pub by_range: Option<fn(HashKeyRange) -> Minute>,
    /// Where its shards lie, once somebody has asked.
    pub key_space: Option<HashKeySpace>,
    /// What it is billed by beside its shards and traffic.
    pub billed: Billed,
}

impl Stream {
    /// A managed stream under this load.
    pub fn managed(shards: u32, load: Minute) -> Self {
        Self {
            shards,
            mode: StreamMode::Provisioned,
            status: StreamStatus::Active,
            tags: BTreeMap::from([("kinesis-scaler/managed".to_owned(), "true".to_owned())]),
            load,
            curve: None,
            resizes: Vec::new(),
            reshards: Vec::new(),
            shard_metrics: false,
            measured: None,
            by_range: None,
            key_space: None,
            billed: Billed::default(),
        }
    }

    /// Where its shards lie: evenly, where nobody has split or merged them.
    pub(crate) fn key_space(&mut self) -> &mut HashKeySpace {
        let shards = self.shards;
        let key_space = self.key_space.get_or_insert_with(|| HashKeySpace::uniform(shards));
        if key_space.shards().len() != shards as usize {
            *key_space = key_space.evened_out(shards);
        }
        key_space
    }

    /// The `minutes` before `end` of a shard with this range.
    pub(crate) fn shard_window(&self, range: HashKeyRange, end: Timestamp, minutes: u32) -> MetricWindow {
        let minute = match self.by_range {
            _ if !self.shard_metrics => Minute::default(),
            Some(by_range) => by_range(range),
            None => share(&self.load, range.share()),
        };
        MetricWindow { end, minutes: vec![minute; minutes as usize] }
    }

    /// The `minutes` before `end`.
    pub(crate) fn window(&self, end: Timestamp, minutes: u32) -> MetricWindow {
        let Some(curve) = self.curve else { return MetricWindow { end, minutes: vec![self.load; minutes as usize] } };
        let began = |ago: u32| end.checked_sub(SignedDuration::from_mins(i64::from(ago))).unwrap_or(end);
        MetricWindow { end, minutes: (1..=minutes).rev().map(|ago| curve(began(ago))).collect() }
    }
}

pub(crate) fn status_word(stream: &Stream, now: Timestamp) -> &'static str {
    if status(stream, now) == StreamStatus::Active { "ACTIVE" } else { "UPDATING" }
}

/// The write metrics of a part of a stream's load.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a minute's sums, which are far below 2^53"
)]
pub(crate) fn share(load: &Minute, share: f64) -> Minute {
    let of = |sum: Option<u64>| sum.map(|sum| (sum as f64 * share) as u64);
    let Minute { bytes, records, throttled_records, .. } = load;
    Minute { bytes: of(*bytes), records: of(*records), throttled_records: of(*throttled_records), ..Minute::default() }
}

pub(crate) fn status(stream: &Stream, now: Timestamp) -> StreamStatus {
    let done = |at: &Timestamp| now.duration_since(*at) >= SignedDuration::from_secs(RESIZE_SECONDS);
    let changes = [stream.resizes.last(), stream.reshards.last(), stream.measured.as_ref()];
    if changes.into_iter().flatten().all(done) { stream.status } else { StreamStatus::Updating }
}

/// What a stream is billed by beside its shards and traffic.
#[derive(Clone, Debug)]
pub struct Billed {
    /// How long it keeps records, in hours.
    pub retention_hours: u32,
    /// When it was created.
    pub created: Timestamp,
    /// Its consumers with enhanced fan-out, and the bytes that each is given in a minute, where that is known.
    pub consumers: Vec<(Consumer, Option<u64>)>,
    /// Whether its shard count is published; it is the same in every minute.
    pub is_counted: bool,
    /// What it has that on-demand mode alone has.
    pub on_demand_only: OnDemandOnly,
}

impl Default for Billed {
    /// Created long ago, with nothing that costs extra.
    fn default() -> Self {
        Self {
            retention_hours: 24,
            created: Timestamp::UNIX_EPOCH,
            consumers: Vec::new(),
            is_counted: true,
            on_demand_only: OnDemandOnly::default(),
        }
    }
}
