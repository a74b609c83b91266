// SPDX-License-Identifier: Apache-2.0
//! An account with one stream, as it is by now: what was accepted, and what is visible of it, minutes late.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use kinesis_model::{MetricWindow, Minute};
use scaler_app::cloud::{CallError, Failure, OtherSettings, StoredAlarm};
use scaler_core::{StreamAlarm, TAG_MANAGED};

use super::alarms::SimulatedAlarm;
use super::producers::Sent;
use aws_models::alarm::AlarmState;
use aws_models::hash_key_space::{HashKeySpace, HashKeySpaceFault};
use aws_models::stream_model::{Refused, StreamModel};

/// Minutes for which the metrics of shards are kept: as many as a pass asks for, and some more.
const SHARD_MINUTES_KEPT: usize = 180;

#[derive(Debug)]
pub(super) struct State {
    start: Timestamp,
    /// The minute it is, since the start.
    pub(super) minute: usize,
    pub(super) now: Timestamp,
    /// Minutes after its end that a minute can be seen.
    pub(super) delay: usize,
    pub(super) stream: StreamModel,
    pub(super) tags: BTreeMap<String, String>,
    /// Every minute that is over, since the start.
    pub(super) minutes: Vec<Minute>,
    pub(super) alarms: BTreeMap<String, SimulatedAlarm>,
    /// Requests for another run of alarm-sync, and when they are due.
    pub(super) later: Vec<(Timestamp, String)>,
    /// Whether the metrics of shards are sent.
    pub(super) shard_metrics: bool,
    /// Those of the last minutes.
    shard_minutes: VecDeque<ShardsMinute>,
    /// Metrics that `GetMetricData` was asked for so as to decide.
    pub(super) metrics_read: u64,
}

/// What the shards show of a minute.
#[derive(Debug)]
struct ShardsMinute {
    /// Which minute, since the start.
    at: usize,
    /// The shards in force in it.
    key_space: Arc<HashKeySpace>,
    /// What became of the tries on each of them, in their order; none where all took the same: even minutes take no room.
    each: Option<Vec<Sent>>,
}

impl ShardsMinute {
    /// What a shard shows, by its place on the ring, where this is what the stream shows.
    fn of(&self, i: usize, stream: &Minute) -> Minute {
        match &self.each {
            Some(each) => write_metrics(&each[i]),
            None => even_part(stream, i, self.key_space.shards().len()),
        }
    }
}

impl State {
    /// The account at minute 0.
    pub(super) fn new(start: Timestamp, stream: StreamModel, metric_delay_minutes: u32, shard_metrics: bool) -> Self {
        Self {
            start,
            minute: 0,
            now: start,
            delay: metric_delay_minutes as usize,
            stream,
            tags: BTreeMap::from([(TAG_MANAGED.to_owned(), "true".to_owned())]),
            minutes: Vec::new(),
            alarms: BTreeMap::new(),
            later: Vec::new(),
            shard_metrics,
            shard_minutes: VecDeque::new(),
            metrics_read: 0,
        }
    }

    /// Lets this minute end.
    pub(super) fn record(&mut self, minute: Minute, each: Option<Vec<Sent>>) {
        if self.shard_metrics {
            let at = self.minute;
            let key_space = Arc::clone(self.stream.key_space(at));
            self.shard_minutes.push_back(ShardsMinute { at, key_space, each });
            if self.shard_minutes.len() > SHARD_MINUTES_KEPT {
                self.shard_minutes.pop_front();
            }
        }
        self.minutes.push(minute);
    }

    /// What is visible now of these shards in the `minutes` before `end`.
    pub(super) fn shard_windows(
        &self,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> BTreeMap<String, MetricWindow> {
        let visible = self.minute.saturating_sub(self.delay);
        let mut windows = vec![MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] }; shards.len()];
        let end = usize::try_from(end.duration_since(self.start).as_mins()).unwrap_or(0);
        let wanted: HashMap<_, _> = shards.iter().enumerate().map(|(window, shard)| (shard, window)).collect();
        let in_sight = self.shard_minutes.iter().filter(|held| held.at < visible && held.at < end);
        // Shards are looked up once for all minutes with the same ring, of which there are few.
        for same in in_sight.collect::<Vec<_>>().chunk_by(|a, b| Arc::ptr_eq(&a.key_space, &b.key_space)) {
            let on_ring = same[0].key_space.shards().iter().map(|shard| wanted.get(&shard.id).copied());
            let on_ring: Vec<_> = on_ring.enumerate().filter_map(|(i, window)| Some((i, window?))).collect();
            for held in same {
                let Some(place) = (held.at + minutes as usize).checked_sub(end) else { continue };
                for &(i, window) in &on_ring {
                    windows[window].minutes[place] = held.of(i, &self.minutes[held.at]);
                }
            }
        }
        shards.iter().cloned().zip(windows).collect()
    }

    pub(super) fn reshard(
        &mut self,
        call: &'static str,
        subject: &str,
        change: impl FnOnce(&mut HashKeySpace) -> Result<(), HashKeySpaceFault>,
    ) -> Result<(), CallError> {
        let minute = self.minute;
        // Why is known when the pass is over.
        self.stream.reshard(minute, change).map_err(|why| refused(call, subject, why))
    }

    /// What is visible now of the `minutes` before `end`, each as `shown` of it; the rest is unknown.
    pub(super) fn window(&self, end: Timestamp, minutes: u32, shown: fn(&Minute) -> Minute) -> MetricWindow {
        let visible = self.minute.saturating_sub(self.delay);
        let mut window = MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] };
        let end = end.duration_since(self.start).as_mins();
        // Of the time before the trace nothing is known: a window that reaches back beyond it begins with gaps.
        let end = usize::try_from(end).unwrap_or(0);
        let first = end.saturating_sub(minutes as usize);
        let (gap, last) = (minutes as usize - (end - first), end.min(visible));
        for (to, from) in window.minutes[gap..].iter_mut().zip(&self.minutes[first.min(last)..last]) {
            *to = shown(from);
        }
        window
    }

    /// The alarms whose names are wanted.
    pub(super) fn stored(&self, is_wanted: impl Fn(&String) -> bool) -> Vec<StoredAlarm> {
        let stored = |SimulatedAlarm { alarm, .. }: &SimulatedAlarm| StoredAlarm {
            arn: alarm.name.clone(),
            alarm: alarm.clone(),
            other: OtherSettings::default(),
        };
        self.alarms.values().filter(|held| is_wanted(&held.alarm.name)).map(stored).collect()
    }

    pub(super) fn put(&mut self, alarm: &StreamAlarm) -> Result<(), CallError> {
        let state = self.alarms.get(&alarm.name).map_or(AlarmState::InsufficientData, |held| held.state);
        let held = SimulatedAlarm::put(alarm, state)
            .map_err(|error| CallError::new("PutMetricAlarm", &alarm.name, Failure::Refused, error.to_string()))?;
        self.alarms.insert(alarm.name.clone(), held);
        Ok(())
    }
}

/// The write metrics alone.
pub(super) fn writes(minute: &Minute) -> Minute {
    let Minute { bytes, records, throttled_records, .. } = *minute;
    Minute { bytes, records, throttled_records, ..Minute::default() }
}

/// What CloudWatch shows of what became of a shard's tries.
fn write_metrics(Sent { accepted, throttled }: &Sent) -> Minute {
    Minute {
        bytes: Some(accepted.bytes),
        records: Some(accepted.records),
        throttled_records: Some(throttled.records),
        ..Minute::default()
    }
}

/// What one of so many even shards shows of a stream's minute; all together show the whole of it.
fn even_part(stream: &Minute, i: usize, shards: usize) -> Minute {
    let part = |whole: u64| {
        let until = |i: usize| u128::from(whole) * i as u128 / shards as u128;
        u64::try_from(until(i + 1) - until(i)).expect("a part is no more than the whole")
    };
    let Minute { bytes, records, throttled_records, .. } = writes(stream);
    Minute {
        bytes: bytes.map(part),
        records: records.map(part),
        throttled_records: throttled_records.map(part),
        ..Minute::default()
    }
}

pub(super) fn refused(call: &'static str, stream: &str, why: Refused) -> CallError {
    match why {
        Refused::InUse => CallError::new(call, stream, Failure::InUse, "ResourceInUseException: a resize is under way"),
        Refused::DailyLimitReached => {
            CallError::new(call, stream, Failure::DailyLimitReached, "LimitExceededException: ten in 24 hours")
        }
        Refused::Limits => {
            CallError::new(call, stream, Failure::Refused, "LimitExceededException: a step or a count too far")
        }
        Refused::Shards(fault) => CallError::new(call, stream, of_ring(fault), fault.to_string()),
    }
}

const fn of_ring(fault: HashKeySpaceFault) -> Failure {
    match fault {
        HashKeySpaceFault::NoSuchShard => Failure::NotFound,
        HashKeySpaceFault::Closed => Failure::InUse,
        HashKeySpaceFault::NotInside | HashKeySpaceFault::NotAdjacent => Failure::Refused,
    }
}
