// SPDX-License-Identifier: Apache-2.0
//! `decide` in a closed loop: a stream that throttles, retries that come back, metrics that are late, resizes that take time.
//!
//! A minute-by-minute model of one stream, both functions looking every minute. Each scenario is one that once went wrong.
#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap
)]

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{AccountShards, MetricWindow, Minute, ShardCount, StreamMode, StreamState, StreamStatus};
use scaler_core::{
    Attempt, AttemptKind, Direction, Fetched, Intent, Observation, Policy, PolicySpec, StreamTags, Verdict, decide,
};

const START: Timestamp = Timestamp::constant(1_767_322_800, 0);
const MIB_MINUTE: f64 = 60.0 * 1_048_576.0;
/// Minutes until a minute's metrics are seen.
const DELAY: usize = 2;

struct Loop {
    /// MiB/s wanted in a minute.
    load: fn(usize) -> f64,
    /// How often a throttled record is tried again within its minute.
    retries: f64,
    /// Minutes from the call until the new count is in force.
    resize_minutes: usize,
    /// The stream throttles above this share of its capacity: bursts within the minute.
    usable: f64,
}

#[derive(Debug, Default)]
struct Run {
    counts: Vec<u32>,
    throttled_minutes: usize,
    calls: Vec<(usize, u32, u32)>,
}

impl Run {
    fn peak(&self) -> u32 {
        *self.counts.iter().max().unwrap()
    }
}

impl Loop {
    fn steady(load: fn(usize) -> f64) -> Self {
        Self { load, retries: 0.0, resize_minutes: 3, usable: 1.0 }
    }

    fn run(&self, shards: u32, minutes: usize, spec: PolicySpec) -> Run {
        let policy = Policy::new(spec).unwrap();
        let mut tags = StreamTags { managed: true, ..StreamTags::default() };
        let mut seen: Vec<Minute> = (0..62).map(|_| self.minute((self.load)(0), shards)).collect();
        let (mut current, mut pending, mut run) = (shards, None, Run::default());
        for minute in 0..minutes {
            if let Some((_, to)) = pending.take_if(|(done, _)| *done <= minute) {
                current = to;
            }
            let this = self.minute((self.load)(minute), current);
            run.throttled_minutes += usize::from(this.throttled_records > Some(0));
            seen.push(this);
            run.counts.push(current);
            for direction in [Direction::Out, Direction::In] {
                if pending.is_some() {
                    continue;
                }
                let now = START.checked_add(SignedDuration::from_mins(minute as i64 + 1)).unwrap();
                let mut window = seen[seen.len() - 62..].to_vec();
                window[62 - DELAY..].fill(Minute::default());
                let observation = Observation {
                    stream: StreamState {
                        status: StreamStatus::Active,
                        mode: StreamMode::Provisioned,
                        open_shards: ShardCount::new(current).unwrap(),
                        shard_metrics: false,
                    },
                    tags: tags.clone(),
                    window: MetricWindow { end: now, minutes: window },
                    plan: Fetched::Unavailable,
                    account: Fetched::Known(AccountShards { open: current, limit: 20_000 }),
                    shards: Fetched::Unavailable,
                };
                let decision = decide(&policy, &observation, Intent::Auto, direction, now).unwrap();
                if decision.verdict == Verdict::Resize {
                    let kind = if direction == Direction::Out { AttemptKind::ScaleOut } else { AttemptKind::ScaleIn };
                    tags.history = tags.history.with(Attempt {
                        at: now,
                        kind,
                        from: decision.current,
                        to: Some(decision.desired),
                    });
                    pending = Some((minute + self.resize_minutes, decision.desired.get()));
                    run.calls.push((minute, current, decision.desired.get()));
                }
            }
        }
        run
    }

    /// Records of 1 MiB a thousandth: bytes and records bind alike.
    fn minute(&self, load: f64, shards: u32) -> Minute {
        let usable = f64::from(shards) * self.usable;
        let (accepted, refused) = (load.min(usable), (load - usable).max(0.0));
        Minute {
            bytes: Some((accepted * MIB_MINUTE) as u64),
            records: Some((accepted * 60_000.0) as u64),
            throttled_records: Some((refused * 60_000.0 * (1.0 + self.retries)) as u64),
            read_bytes: Some((accepted * MIB_MINUTE) as u64),
            read_throttles: Some(0),
            iterator_age_ms: Some(0),
        }
    }
}

fn unbounded() -> PolicySpec {
    PolicySpec { shards_max: 10_000, ..PolicySpec::default() }
}

#[test]
fn a_threefold_rush_is_met_in_minutes() {
    let rush = |minute: usize| if minute < 120 { 7.0 } else { (7.0 + 14.0 * (minute - 120) as f64 / 3.0).min(21.0) };
    let run = Loop::steady(rush).run(10, 300, unbounded());
    assert!(run.throttled_minutes <= 15, "{} minutes throttled: {:?}", run.throttled_minutes, run.calls);
    assert!((24..=34).contains(run.counts.last().unwrap()), "{:?}", run.calls);
}

#[test]
fn retries_and_slow_resizes_do_not_double_a_stream_twice() {
    for retries in [0.0, 3.0, 10.0] {
        for resize_minutes in [1, 4, 12] {
            let step = |minute: usize| if minute < 90 { 3.0 } else { 6.2 };
            let run = Loop { retries, resize_minutes, ..Loop::steady(step) }.run(4, 240, unbounded());
            assert!((8..=10).contains(&run.peak()), "{retries} retries, {resize_minutes} min: {:?}", run.calls);
        }
    }
}

#[test]
fn after_an_idle_night_the_morning_is_reached_within_the_budget() {
    let days = |minute: usize| if (480..1_200).contains(&(minute % 1_440)) { 78.0 } else { 0.5 };
    let run = Loop::steady(days).run(100, 3 * 1_440, unbounded());
    let noon = |day: usize| run.counts[day * 1_440 + 720];
    assert!((0..3).all(|day| noon(day) >= 90), "{:?}", run.calls);
    assert!(run.throttled_minutes < 3 * 45, "{} minutes throttled: {:?}", run.throttled_minutes, run.calls);
}

#[test]
fn a_slow_fourfold_day_does_not_use_up_the_budget() {
    let days = |minute: usize| 25.0 - 15.0 * (minute as f64 / 1_440.0 * std::f64::consts::TAU).cos();
    let run = Loop::steady(days).run(13, 4 * 1_440, unbounded());
    assert!(run.throttled_minutes == 0, "{} minutes throttled: {:?}", run.throttled_minutes, run.calls);
}

/// Bursts within the minutes cannot be seen from minutes: scale-in learns only by throttling that it went too far. It does
/// not try again sooner than a window later, nor with the resizes kept for scale-out.
#[test]
fn a_stream_that_bursts_within_its_minutes_is_not_tried_more_often_than_a_window() {
    let bursty = Loop { usable: 0.62, ..Loop::steady(|_| 4.4) };
    let run = bursty.run(6, 1_440, unbounded());
    let ins: Vec<_> = run.calls.iter().filter(|(_, from, to)| to < from).map(|(minute, ..)| *minute).collect();
    assert!(ins.windows(2).all(|pair| pair[1] - pair[0] >= 60), "{:?}", run.calls);
    assert!(run.calls.len() <= 7, "{:?}", run.calls);
}
