// SPDX-License-Identifier: Apache-2.0
//! One provisioned stream by the minute: what capacity is in force, which resizes are accepted, how long they take.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::{
    SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD,
};
use kinesis_model::num::float;
use kinesis_model::resize_time::{RESIZE_SECONDS_MAX, RESIZE_SECONDS_MIN, RESIZE_SECONDS_PER_SHARD};
use kinesis_model::{Demand, StreamMode};

use crate::hash_key_space::{HashKeySpace, HashKeySpaceFault};
use crate::kinesis_rules::{self, Refusal, Resize};

/// What AWS does not say, and a simulation has to assume. By default it is what the scaler itself assumes
/// ([`resize_time`](kinesis_model::resize_time)); another simulated AWS shows what comes of it where the scaler is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assumptions {
    /// Seconds that a resize takes for each shard of difference.
    pub resize_seconds_per_shard: u32,
    /// Seconds that it takes at least.
    pub resize_seconds_min: u32,
    /// Seconds that it takes at most; single splits and merges follow one another and have no such bound.
    pub resize_seconds_max: u32,
    /// Minutes after its end that a minute can be seen in CloudWatch.
    pub metric_delay_minutes: u32,
    /// Busiest second of a minute over its mean second.
    pub burst: f64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            resize_seconds_per_shard: RESIZE_SECONDS_PER_SHARD,
            resize_seconds_min: RESIZE_SECONDS_MIN,
            resize_seconds_max: RESIZE_SECONDS_MAX,
            metric_delay_minutes: kinesis_model::limits::METRIC_DELAY_MINUTES,
            burst: 1.0,
        }
    }
}

impl Assumptions {
    /// Whole minutes that a resize keeps the count as it was; at least one.
    pub fn resize_minutes(&self, from: u32, to: u32, kind: ResizeKind) -> usize {
        let seconds = self.resize_seconds_per_shard.saturating_mul(from.abs_diff(to)).max(self.resize_seconds_min);
        let seconds = match kind {
            ResizeKind::UpdateShardCount => seconds.min(self.resize_seconds_max),
            ResizeKind::SplitMerge => seconds,
        };
        seconds.div_ceil(60).max(1) as usize
    }

    /// A minute's load in shards, by the limit that binds.
    pub fn load(&self, offered: &Demand) -> f64 {
        self.load_of(float(offered.bytes), float(offered.records))
    }

    /// The same of a part of a minute, which need not be whole.
    pub fn load_of(&self, bytes: f64, records: f64) -> f64 {
        let bytes = bytes / float(WRITE_BYTES_PER_MINUTE_PER_SHARD);
        let records = records / float(WRITE_RECORDS_PER_MINUTE_PER_SHARD);
        self.burst * bytes.max(records)
    }

    /// The share of a minute's traffic, 0 to 1, that so many shards take.
    pub fn accepted_share(&self, offered: &Demand, shards: u32) -> f64 {
        let (load, shards) = (self.load(offered), f64::from(shards));
        if load <= shards + 1e-9 { 1.0 } else { shards / load }
    }

    /// The share of a minute's traffic, 0 to 1, that so many shards throttle.
    pub fn throttled_share(&self, offered: &Demand, shards: u32) -> f64 {
        1.0 - self.accepted_share(offered, shards)
    }
}

/// By which calls a stream is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeKind {
    /// One call, ten a day, from half to double.
    UpdateShardCount,
    /// Single splits and merges: no such limits, and one after the other.
    SplitMerge,
}

impl ResizeKind {
    /// Its name in a file of calls.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UpdateShardCount => "UpdateShardCount",
            Self::SplitMerge => "SplitMerge",
        }
    }
}

/// An accepted resize.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The minute in which it was made, counted from the trace's start.
    pub minute: usize,
    /// Open shards before.
    pub from: u32,
    /// Open shards after.
    pub to: u32,
    /// How.
    pub kind: ResizeKind,
    /// Why, in words; empty for policies that give no reason.
    pub reason: String,
}

/// Why a resize was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Another one is under way.
    InUse,
    /// Ten resizes in 24 hours.
    DailyLimitReached,
    /// AWS's other limits: half to double, 1 to 10,000, not the count that it has.
    Limits,
    /// No such shards, or none that can be split or merged so.
    Shards(HashKeySpaceFault),
}

/// The stream.
#[derive(Clone, Debug)]
pub struct StreamModel {
    assumptions: Assumptions,
    start: Timestamp,
    before: u32,
    count: u32,
    busy_until: usize,
    accepted: Vec<Timestamp>,
    calls: Vec<Call>,
    /// The shards before and after the last resize, once somebody has asked for them.
    key_spaces: Option<(Arc<HashKeySpace>, Arc<HashKeySpace>)>,
}

impl StreamModel {
    /// One of so many shards, at minute 0 of a trace that starts then.
    pub fn new(shards: u32, start: Timestamp, assumptions: Assumptions) -> Self {
        let (accepted, calls) = (Vec::new(), Vec::new());
        Self { assumptions, start, before: shards, count: shards, busy_until: 0, accepted, calls, key_spaces: None }
    }

    /// Whether no resize is under way.
    pub fn is_active(&self, minute: usize) -> bool {
        minute >= self.busy_until
    }

    /// The minute in which the resize under way is done, or the last one was.
    pub fn busy_until(&self) -> usize {
        self.busy_until
    }

    /// Shards in force in a minute, which is not before the last call.
    pub fn capacity(&self, minute: usize) -> u32 {
        if self.is_active(minute) { self.count } else { self.before }
    }

    /// Shards once the resize under way is done.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The shards in force in a minute, which is not before the last call.
    pub fn key_space(&mut self, minute: usize) -> &Arc<HashKeySpace> {
        let is_active = self.is_active(minute);
        let (from, to) = (self.before, self.count);
        let (before, now) = self.key_spaces.get_or_insert_with(|| {
            let before = Arc::new(HashKeySpace::uniform(from));
            let now = if from == to { Arc::clone(&before) } else { Arc::new(before.evened_out(to)) };
            (before, now)
        });
        if is_active { now } else { before }
    }

    /// The same, if somebody has asked for them before; else they are even.
    pub fn known_key_space(&self, minute: usize) -> Option<&Arc<HashKeySpace>> {
        self.key_spaces.as_ref().map(|(before, now)| if self.is_active(minute) { now } else { before })
    }

    /// The accepted calls so far.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Says why the last call was made, where that was not known when it was.
    pub fn explain(&mut self, reason: &str) {
        if let Some(call) = self.calls.last_mut() {
            reason.clone_into(&mut call.reason);
        }
    }

    /// Asks for a resize.
    ///
    /// # Errors
    /// Why it is not accepted; nothing has changed then.
    pub fn resize(&mut self, minute: usize, to: u32, kind: ResizeKind, reason: &str) -> Result<(), Refused> {
        if !self.is_active(minute) {
            return Err(Refused::InUse);
        }
        let now = self.time_of(minute);
        match kind {
            ResizeKind::UpdateShardCount => {
                let resize = Resize {
                    stream: "",
                    account: "",
                    mode: StreamMode::Provisioned,
                    status: "ACTIVE",
                    open_shards: self.count,
                    target: i64::from(to),
                    account_open_shards: 0,
                    account_shard_limit: u32::MAX,
                    accepted: &self.accepted,
                };
                let refused = |refusal: Refusal| {
                    if refusal.is_day_spent() { Refused::DailyLimitReached } else { Refused::Limits }
                };
                kinesis_rules::check(&resize, now).map_err(refused)?;
                self.accepted.push(now);
            }
            ResizeKind::SplitMerge if to == 0 || to == self.count => return Err(Refused::Limits),
            ResizeKind::SplitMerge => {}
        }
        if let Some((before, now)) = &mut self.key_spaces {
            *before = Arc::clone(now);
            *now = Arc::new(before.evened_out(to));
        }
        self.accept(minute, to, kind, reason);
        Ok(())
    }

    /// Asks for one split or merge.
    ///
    /// # Errors
    /// As [`Self::resize`].
    pub fn reshard(
        &mut self,
        minute: usize,
        change: impl FnOnce(&mut HashKeySpace) -> Result<(), HashKeySpaceFault>,
    ) -> Result<(), Refused> {
        if !self.is_active(minute) {
            return Err(Refused::InUse);
        }
        let before = Arc::clone(self.key_space(minute));
        let mut now = HashKeySpace::clone(&before);
        change(&mut now).map_err(Refused::Shards)?;
        let to = open_shards(&now);
        if to > SHARDS_PER_STREAM_MAX {
            return Err(Refused::Limits);
        }
        self.key_spaces = Some((before, Arc::new(now)));
        self.accept(minute, to, ResizeKind::SplitMerge, "");
        Ok(())
    }

    fn time_of(&self, minute: usize) -> Timestamp {
        let after = SignedDuration::from_mins(i64::try_from(minute).expect("a trace has fewer minutes than that"));
        // A trace may begin close to the end of time.
        self.start.checked_add(after).unwrap_or(Timestamp::MAX)
    }

    fn accept(&mut self, minute: usize, to: u32, kind: ResizeKind, reason: &str) {
        self.calls.push(Call { minute, from: self.count, to, kind, reason: reason.to_owned() });
        self.busy_until = minute + self.assumptions.resize_minutes(self.count, to, kind);
        (self.before, self.count) = (self.count, to);
    }
}

fn open_shards(key_space: &HashKeySpace) -> u32 {
    u32::try_from(key_space.shards().len()).expect("a ring has one shard at most more than a stream may have")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
    const UPDATE: ResizeKind = ResizeKind::UpdateShardCount;

    #[test]
    fn a_resize_takes_half_a_minute_a_shard_between_one_and_thirty() {
        let assumed = Assumptions::default();
        let minutes = |from, to, kind| assumed.resize_minutes(from, to, kind);
        assert_eq!([minutes(4, 5, UPDATE), minutes(4, 7, UPDATE), minutes(100, 200, UPDATE)], [1, 2, 30]);
        assert_eq!(minutes(100, 200, ResizeKind::SplitMerge), 50, "one after the other");
    }

    #[test]
    fn capacity_changes_when_the_resize_is_done_and_not_before() {
        let mut stream = StreamModel::new(4, START, Assumptions::default());
        stream.resize(10, 8, UPDATE, "").unwrap();
        assert_eq!(stream.resize(11, 9, UPDATE, ""), Err(Refused::InUse));
        assert_eq!([stream.capacity(11), stream.capacity(12)], [4, 8]);
        assert_eq!(stream.resize(12, 17, UPDATE, ""), Err(Refused::Limits));
        assert_eq!(stream.resize(12, 17, ResizeKind::SplitMerge, ""), Ok(()));
    }

    #[test]
    fn splits_take_their_time_and_count_for_nothing_but_themselves() {
        let mut stream = StreamModel::new(4, START, Assumptions::default());
        let first = stream.key_space(0).shards()[0].clone();
        let at = first.range.middle().unwrap();
        assert_eq!(
            stream.reshard(0, |key_space| key_space.split("nobody", 1)),
            Err(Refused::Shards(HashKeySpaceFault::NoSuchShard))
        );
        stream.reshard(0, |key_space| key_space.split(&first.id, at)).unwrap();
        assert_eq!(stream.reshard(0, |key_space| key_space.split(&first.id, at)), Err(Refused::InUse));
        assert_eq!([stream.key_space(0).shards().len(), stream.key_space(1).shards().len()], [4, 5]);
        assert_eq!((stream.capacity(0), stream.capacity(1)), (4, 5));
        stream.resize(1, 8, UPDATE, "").unwrap();
        assert_eq!(
            [stream.key_space(2).shards().len(), stream.key_space(3).shards().len()],
            [5, 8],
            "evened out when it is done"
        );
    }

    #[test]
    fn no_split_goes_beyond_what_a_stream_may_have() {
        let mut stream = StreamModel::new(SHARDS_PER_STREAM_MAX, START, Assumptions::default());
        let [first, second] = [0, 1].map(|i: usize| stream.key_space(0).shards()[i].clone());
        let at = first.range.middle().unwrap();
        assert_eq!(stream.reshard(0, |key_space| key_space.split(&first.id, at)), Err(Refused::Limits));
        assert_eq!(stream.reshard(0, |key_space| key_space.merge(&first.id, &second.id)), Ok(()));
        assert_eq!(
            stream.reshard(1, |key_space| key_space.split("shardId-000000010000", at)),
            Ok(()),
            "there is room again"
        );
    }

    #[test]
    fn shards_that_are_first_looked_at_during_a_resize_are_not_those_after_it() {
        let mut stream = StreamModel::new(2, START, Assumptions::default());
        stream.resize(0, 4, UPDATE, "").unwrap();
        let before = stream.key_space(0).shards().to_vec();
        assert!(stream.key_space(1).shards().iter().all(|shard| before.iter().all(|old| old.id != shard.id)));
    }

    #[test]
    fn the_eleventh_call_is_accepted_after_exactly_a_day() {
        let mut stream = StreamModel::new(4, START, Assumptions::default());
        for call in 0..10 {
            stream.resize(call * 10, if call % 2 == 0 { 5 } else { 4 }, UPDATE, "").unwrap();
        }
        assert_eq!(stream.resize(1_439, 5, UPDATE, ""), Err(Refused::DailyLimitReached));
        assert_eq!(stream.resize(1_440, 5, UPDATE, ""), Ok(()));
    }
}
