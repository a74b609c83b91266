// SPDX-License-Identifier: Apache-2.0
//! Load signals: what the minutes of a window come to. They are read once, before any stage.

use jiff::{SignedDuration, Timestamp};

use crate::direction::Direction;
use crate::plan::STALE_AFTER_MINUTES;
use crate::policy::Policy;
use crate::stream::{Attempt, ResizeHistory};
use kinesis_model::limits::METRIC_DELAY_MINUTES;
use kinesis_model::resize_time::settling_minutes;
use kinesis_model::{Demand, MetricWindow, Minute, ShardCount};

/// A stream that takes in this much of what its size can is full: a minute is never loaded perfectly evenly (chosen).
const FULL_UTILIZATION_PERCENT: u64 = 90;

/// What a window of metrics says of a stream.
#[derive(Debug)]
pub(crate) struct LoadSignals {
    /// The load in the minutes that count in this direction, or why none is known.
    pub(crate) load: Result<Load, UnknownLoad>,
    /// Whether records were throttled in any minute of the window for scale-out, also before a resize among them.
    pub(crate) throttled_lately: bool,
    /// Whether the newest known minute throttled, and was still one of the stream before its last resize.
    pub(crate) throttled_before_resize_settled: bool,
    /// When the minutes begin that show the shards as they are: those of the window for scale-out of which no resize was a part.
    pub(crate) settled_since: Timestamp,
    /// What the busiest minute of the whole window asked for, in shards.
    pub(crate) busiest_shards: f64,
    /// What consumers did.
    pub(crate) reads: Reads,
}

/// The load in the minutes that count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// When the busiest minute began.
    pub(crate) busiest_at: Timestamp,
    /// What it asked for.
    pub(crate) busiest: Demand,
    /// The same of the newer half of the minutes.
    pub(crate) busiest_lately: Demand,
    /// What was accepted in the minute in which most was.
    pub(crate) accepted: Demand,
    /// Records throttled in the worst minute that tells something of the stream as it is now.
    pub(crate) throttled_records: u64,
}

/// What consumers did in the window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reads {
    /// How far the slowest consumer was behind in the last minutes; `None` where nobody read.
    pub(crate) iterator_age_ms: Option<u64>,
    /// Whether anybody read in the window.
    pub(crate) is_read: bool,
    /// Throttled calls in the worst of the last minutes.
    pub(crate) throttled_calls: u64,
    /// Bytes read in the busiest minute of the window.
    pub(crate) bytes: u64,
}

/// Why a load is not known, or too little of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownLoad {
    /// Nothing known in the window.
    NoData {
        /// Its length.
        window_minutes: u32,
    },
    /// Nothing known yet of the stream as it is since its last resize.
    NoDataSinceResize {
        /// When that was.
        resized_at: Timestamp,
    },
    /// Too little known to give capacity away.
    NotEnoughData {
        /// Minutes known.
        known_minutes: u32,
        /// Of this many.
        window_minutes: u32,
        /// Age of the newest known minute at the window's end.
        newest_age_minutes: i64,
    },
}

impl UnknownLoad {
    /// Scale-in wants half of its window to be known, and its newest minutes.
    pub(crate) fn of(known_minutes: usize, window_minutes: u32, newest: Timestamp, end: Timestamp) -> Option<Self> {
        let newest_age_minutes = minutes_between(newest, end);
        let known_minutes = u32::try_from(known_minutes).unwrap_or(u32::MAX);
        let is_enough = known_minutes >= window_minutes / 2 && newest_age_minutes <= STALE_AFTER_MINUTES;
        (!is_enough).then_some(Self::NotEnoughData { known_minutes, window_minutes, newest_age_minutes })
    }
}

/// What the signals depend on beside the window.
pub(crate) struct LoadContext<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) history: &'a ResizeHistory,
    pub(crate) current: ShardCount,
    pub(crate) direction: Direction,
    /// Whether a plan knows the load itself.
    pub(crate) is_planned: bool,
    /// Whether a person says that minutes without metrics were idle.
    pub(crate) unknown_is_idle: bool,
}

type Minutes<'a> = &'a [(Timestamp, Minute)];

impl LoadSignals {
    /// Reads a window.
    pub(crate) fn of(window: &MetricWindow, context: &LoadContext<'_>) -> Self {
        let known: Vec<_> = known(window, context.unknown_is_idle);
        let resize = LastResize::of(context);
        let last_minutes = |minutes: u32| {
            let begin = known.partition_point(|(began, _)| minutes_between(*began, window.end) > i64::from(minutes));
            &known[begin..]
        };
        let lately = last_minutes(context.policy.window_minutes(Direction::Out));
        let counting = match context.direction {
            Direction::Out => since_resize(lately, &resize, context.policy),
            Direction::In => {
                enough(last_minutes(context.policy.window_minutes(Direction::In)), window.end, context.policy)
            }
        };
        let newest = lately.last().filter(|(_, minute)| minute.throttled());
        let in_shards = known.iter().map(|(_, minute)| f64::from(Demand::wanted(minute).in_shards()));
        Self {
            load: counting.map(|minutes| Load::of(minutes, &resize, context)),
            throttled_lately: lately.iter().any(|(_, minute)| minute.throttled()),
            throttled_before_resize_settled: newest.is_some_and(|(began, minute)| !resize.is_settled(*began, minute)),
            settled_since: resize.settled_since(window.end, context.policy),
            busiest_shards: in_shards.fold(0.0, f64::max),
            reads: Reads::of(window, context.policy),
        }
    }

    /// Whether the stream throttled in the minutes that count.
    pub(crate) fn throttles(&self) -> bool {
        self.load.as_ref().is_ok_and(|load| load.throttled_records > 0)
    }

    /// Whether it did though its shards could take what they took, had it been spread evenly; the load then.
    pub(crate) fn throttles_though_it_fits(&self, policy: &Policy, current: ShardCount) -> Option<Load> {
        let load = self.load.ok().filter(|load| load.throttled_records > 0)?;
        (load.accepted.shards(policy.target_utilization_percent) <= current).then_some(load)
    }
}

/// The known minutes, oldest first; with the others as idle ones where a person says so.
fn known(window: &MetricWindow, unknown_is_idle: bool) -> Vec<(Timestamp, Minute)> {
    if !unknown_is_idle {
        return window.known().map(|(began, minute)| (began, *minute)).collect();
    }
    let idle = Minute { bytes: Some(0), records: Some(0), ..Minute::default() };
    window.all().map(|(began, minute)| (began, if minute.is_known() { *minute } else { idle })).collect()
}

/// Of the last minutes only what was measured on the stream as it is now: throttles before a resize say nothing about the
/// stream after it, and retries had them counted more than once.
fn since_resize<'a>(lately: Minutes<'a>, resize: &LastResize, policy: &Policy) -> Result<Minutes<'a>, UnknownLoad> {
    if lately.is_empty() {
        return Err(UnknownLoad::NoData { window_minutes: policy.window_minutes(Direction::Out) });
    }
    let Some(resized) = resize.attempt else { return Ok(lately) };
    let since = &lately[lately.partition_point(|(began, _)| *began < resized.at)..];
    if since.is_empty() { Err(UnknownLoad::NoDataSinceResize { resized_at: resized.at }) } else { Ok(since) }
}

/// The whole stabilization window, if enough of it is known.
fn enough<'a>(minutes: Minutes<'a>, end: Timestamp, policy: &Policy) -> Result<Minutes<'a>, UnknownLoad> {
    let window_minutes = policy.window_minutes(Direction::In);
    let Some((newest, _)) = minutes.last() else { return Err(UnknownLoad::NoData { window_minutes }) };
    UnknownLoad::of(minutes.len(), window_minutes, *newest, end).map_or(Ok(minutes), Err)
}

impl Load {
    /// `minutes` is not empty.
    fn of(minutes: Minutes<'_>, resize: &LastResize, context: &LoadContext<'_>) -> Self {
        // While a resize may have been under way only what was accepted counts: the stream still throttled as the smaller one
        // it was, and tries refused then would be asked for a second time.
        let demand = |(began, minute): &(Timestamp, Minute)| {
            let demand =
                if resize.is_settled(*began, minute) { Demand::wanted(minute) } else { Demand::accepted(minute) };
            (*began, demand)
        };
        let demands: Vec<_> = minutes.iter().map(demand).collect();
        let busiest =
            |demands: &[(Timestamp, Demand)]| demands.iter().copied().max_by_key(|(_, demand)| demand.weight());
        let (busiest_at, most) = busiest(&demands).unwrap_or_default();
        let (_, busiest_lately) = busiest(&demands[demands.len() / 2..]).unwrap_or_default();
        let accepted = minutes.iter().map(|(_, minute)| Demand::accepted(minute)).max_by_key(Demand::weight);
        // For scale-in any minute tells: what throttled a smaller stream an hour ago would throttle it again. But a plan knows
        // the load itself, and that the stream was smaller then.
        let tells = |began: Timestamp, minute: &Minute| match context.direction {
            Direction::Out => resize.is_settled(began, minute),
            Direction::In if context.is_planned => resize.is_before(began) && resize.is_settled(began, minute),
            Direction::In => true,
        };
        let telling = minutes.iter().filter(|(began, minute)| tells(*began, minute));
        Self {
            busiest_at,
            busiest: most,
            busiest_lately,
            accepted: accepted.unwrap_or_default(),
            throttled_records: telling.filter_map(|(_, minute)| minute.throttled_records).max().unwrap_or(0),
        }
    }
}

/// The last resize of ours, and when it is taken to be felt.
struct LastResize {
    attempt: Option<Attempt>,
    settling: SignedDuration,
    current: ShardCount,
}

impl LastResize {
    fn of(context: &LoadContext<'_>) -> Self {
        let attempt = context.history.last_resize();
        let current = context.current.get();
        let minutes = settling_minutes(attempt.map_or(current, |resized| resized.from.get()), current);
        Self { attempt, settling: SignedDuration::from_mins(minutes), current: context.current }
    }

    /// Whether it was made before a minute began, if any was.
    fn is_before(&self, began: Timestamp) -> bool {
        self.attempt.is_none_or(|resized| began >= resized.at)
    }

    /// Whether a minute shows a stream that was not being resized: it began before the last resize, or well after it, or it
    /// took in about all that the new size can.
    fn is_settled(&self, began: Timestamp, minute: &Minute) -> bool {
        let Some(resized) = self.attempt else { return true };
        began < resized.at
            || began.duration_since(resized.at) >= self.settling
            || Demand::accepted(minute).utilization_percent(self.current) >= FULL_UTILIZATION_PERCENT
    }

    fn settled_since(&self, end: Timestamp, policy: &Policy) -> Timestamp {
        let window = SignedDuration::from_mins(i64::from(policy.window_minutes(Direction::Out)));
        let begins = end.checked_sub(window).unwrap_or(Timestamp::MIN);
        let settled = self.attempt.map(|resized| resized.at.checked_add(self.settling).unwrap_or(resized.at));
        settled.map_or(begins, |settled| settled.max(begins))
    }
}

impl Reads {
    fn of(window: &MetricWindow, policy: &Policy) -> Self {
        let recent_minutes = METRIC_DELAY_MINUTES + policy.scale_out_window_minutes;
        let recent = window.minutes.iter().rev().take(recent_minutes as usize);
        Self {
            iterator_age_ms: recent.clone().filter_map(|minute| minute.iterator_age_ms).max(),
            is_read: window.minutes.iter().any(|minute| minute.iterator_age_ms.is_some()),
            throttled_calls: recent.filter_map(|minute| minute.read_throttles).max().unwrap_or(0),
            bytes: window.minutes.iter().filter_map(|minute| minute.read_bytes).max().unwrap_or(0),
        }
    }
}

/// Whole minutes from `earlier` to `later`.
pub(crate) fn minutes_between(earlier: Timestamp, later: Timestamp) -> i64 {
    later.duration_since(earlier).max(SignedDuration::ZERO).as_mins()
}
