// SPDX-License-Identifier: Apache-2.0
//! Days of load made to order, and a stream that lives through them, for tests of plans.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, missing_docs)]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::{
    METRIC_DELAY_MINUTES, WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD,
};
use kinesis_model::{AccountShards, Limit, MetricWindow, Minute, ShardCount, StreamMode, StreamState, StreamStatus};
use scaler_core::{
    Attempt, AttemptKind, Decision, Direction, Fetched, HISTORY_MINUTES, Intent, LoadHistory, Observation, Plan,
    Policy, PolicySpec, ResizeHistory, StreamTags, Verdict, decide, may_plan, plan_ahead,
};

/// Midnight of a Monday, 2026-01-05T00:00:00Z: minute 0.
const MIDNIGHT: Timestamp = Timestamp::constant(1_767_571_200, 0);
pub const DAY: usize = 1_440;
/// Minutes of metrics that an observation shows beside its past.
const WINDOW: usize = 62;

/// When a minute begins.
pub fn at(minute: usize) -> Timestamp {
    MIDNIGHT.checked_add(SignedDuration::from_mins(i64::try_from(minute).unwrap())).unwrap()
}

/// The minute of a time of day, some days later.
pub fn time(day: usize, hour: usize, minute: usize) -> usize {
    day * DAY + hour * 60 + minute
}

/// The metrics of every minute.
#[derive(Clone, Debug)]
pub struct Days {
    pub minutes: Vec<Minute>,
}

impl Days {
    /// So many days of a load in sixteenths of a shard, which comes up against its bytes first.
    pub fn of(days: usize, sixteenths: impl Fn(usize) -> u64) -> Self {
        Self::bound_by(Limit::WriteBytes, days, sixteenths)
    }

    pub fn bound_by(limit: Limit, days: usize, sixteenths: impl Fn(usize) -> u64) -> Self {
        let minute = |minute: usize| {
            let (bytes, records) = match limit {
                Limit::WriteBytes => (WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD / 5),
                Limit::WriteRecords => (WRITE_BYTES_PER_MINUTE_PER_SHARD / 5, WRITE_RECORDS_PER_MINUTE_PER_SHARD),
            };
            let load = sixteenths(minute);
            Minute {
                bytes: Some(bytes * load / 16),
                records: Some(records * load / 16),
                throttled_records: Some(0),
                read_bytes: Some(bytes * load / 16),
                read_throttles: Some(0),
                iterator_age_ms: Some(0),
            }
        };
        Self { minutes: (0..days * DAY).map(minute).collect() }
    }

    /// Nothing is known of these minutes.
    pub fn unknown(mut self, unknown: impl Fn(usize) -> bool) -> Self {
        for (at, minute) in self.minutes.iter_mut().enumerate() {
            if unknown(at) {
                *minute = Minute::default();
            }
        }
        self
    }

    /// What is known up to a minute, as far back as CloudWatch keeps it and up to the last whole hour.
    pub fn past(&self, now: usize) -> Arc<LoadHistory> {
        let end = now - now % 60;
        let begin = end.saturating_sub(HISTORY_MINUTES as usize);
        let late = (now - METRIC_DELAY_MINUTES as usize).min(end);
        let mut minutes = self.minutes[begin..end].to_vec();
        minutes[late - begin..].fill(Minute::default());
        Arc::new(LoadHistory::of(&MetricWindow { end: at(end), minutes }))
    }

    /// A stream of so many shards in that minute, of which nothing is known but the last hour.
    pub fn seen_without_past(&self, shards: u32, now: usize) -> Observation {
        let begin = now.saturating_sub(WINDOW);
        let mut minutes = self.minutes[begin..now].to_vec();
        let known = minutes.len().saturating_sub(METRIC_DELAY_MINUTES as usize);
        minutes[known..].fill(Minute::default());
        Observation {
            stream: StreamState {
                status: StreamStatus::Active,
                mode: StreamMode::Provisioned,
                open_shards: ShardCount::new(shards).unwrap(),
                shard_metrics: false,
            },
            tags: StreamTags { managed: true, ..StreamTags::default() },
            window: MetricWindow { end: at(now), minutes },
            plan: Fetched::Unavailable,
            account: Fetched::Known(AccountShards { open: shards, limit: 20_000 }),
            shards: Fetched::Unavailable,
        }
    }

    /// A stream of so many shards in that minute.
    pub fn seen(&self, shards: u32, now: usize) -> Observation {
        self.seen_by(&policy(), ResizeHistory::default(), shards, now)
    }

    /// The same by a policy, and with resizes spent.
    pub fn seen_by(&self, policy: &Policy, history: ResizeHistory, shards: u32, now: usize) -> Observation {
        let mut seen = self.seen_without_past(shards, now);
        seen.tags.history = history;
        seen.plan = self.plan(policy, &seen, now).into();
        seen
    }

    /// The plan of a stream that was seen so in that minute.
    pub fn plan(&self, policy: &Policy, seen: &Observation, now: usize) -> Option<Plan> {
        planned(policy, seen, &self.past(now), now)
    }

    /// Looks every five minutes from one minute to another, and resizes at once where that is decided.
    pub fn live(&self, policy: &Policy, shards: u32, from: usize, to: usize) -> Vec<Resize> {
        let (mut current, mut history, mut resizes) = (shards, ResizeHistory::default(), Vec::new());
        let mut past = self.past(from);
        for now in (from..to).step_by(5) {
            if now % 60 < 5 {
                past = self.past(now);
            }
            for direction in [Direction::Out, Direction::In] {
                let mut seen = self.seen_without_past(current, now);
                seen.tags.history = history.clone();
                if may_plan(policy, &history, direction, at(now)) {
                    seen.plan = planned(policy, &seen, &past, now).into();
                }
                let decision = decided(policy, &seen, direction, at(now));
                if decision.verdict == Verdict::Resize {
                    let kind = if direction == Direction::Out { AttemptKind::ScaleOut } else { AttemptKind::ScaleIn };
                    let (from, to) = (decision.current, Some(decision.desired));
                    history = history.with(Attempt { at: at(now), kind, from, to });
                    let words = decision.words();
                    current = decision.desired.get();
                    resizes.push(Resize { minute: now, from: from.get(), to: current, words });
                }
            }
        }
        resizes
    }
}

/// What is planned for a stream with this past.
pub fn planned(policy: &Policy, seen: &Observation, past: &LoadHistory, now: usize) -> Option<Plan> {
    plan_ahead(policy, seen.stream.open_shards, &seen.tags.history, past, &seen.window, at(now))
}

/// The decision of a pass that an alarm causes, with all that it needs.
pub fn decided(policy: &Policy, seen: &Observation, direction: Direction, now: Timestamp) -> Decision {
    decide(policy, seen, Intent::Auto, direction, now).unwrap()
}

/// One resize of a stream that lived through its days.
#[derive(Clone, Debug)]
pub struct Resize {
    pub minute: usize,
    pub from: u32,
    pub to: u32,
    pub words: String,
}

pub fn policy() -> Policy {
    Policy::new(PolicySpec::default()).unwrap()
}

/// So many resizes, spread over the last hours before a minute, of a stream that has so many shards.
pub fn spent(count: usize, now: usize, shards: u32) -> ResizeHistory {
    let word =
        |back: usize| format!("o{}={shards}-{shards}", at(now).as_second() - 3_600 * i64::try_from(back).unwrap());
    let words: Vec<_> = (1..=count).map(word).collect();
    ResizeHistory::parse(&words.join(" ")).unwrap()
}
