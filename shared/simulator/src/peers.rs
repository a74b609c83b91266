// SPDX-License-Identifier: Apache-2.0
//! Public autoscalers for Kinesis, rebuilt as policies over the same stream model, to compare with.
//!
//! They see what CloudWatch shows: accepted traffic only, some minutes late.

use kinesis_model::limits::{
    MINUTE_SECONDS, SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_BYTES_PER_SECOND_PER_SHARD,
    WRITE_RECORDS_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD,
};
use kinesis_model::num::{float, whole_u32};

use crate::run::Run;
use crate::trace::Trace;
use aws_models::stream_model::{Assumptions, Refused, ResizeKind, StreamModel};

/// What a peer does over a trace with a stream that begins with so many shards; zero counts as one.
pub type Peer = fn(&Trace, u32, &Assumptions) -> Run;

/// All of them, by the names that tables use.
pub const PEERS: [(&str, Peer); 4] = [
    ("aws-sample", aws_sample),
    ("awslabs-count", awslabs_count),
    ("awslabs-pct", awslabs_pct),
    ("static-peak", static_peak),
];

/// `aws-samples/kinesis-auto-scaling` with the defaults of its template: doubles when five sums of five minutes are at
/// 75 % or more, halves when 57 of 60 are below 25 %.
///
/// Its alarms judge every minute and take on the new count as soon as a call is made, so older sums are judged by it
/// too. A refused call is made again a minute later; half of an odd count is rounded down, which AWS refuses. Its third
/// metric, iterator age, is not simulated.
pub fn aws_sample(trace: &Trace, initial: u32, assumptions: &Assumptions) -> Run {
    let mut seen = Seen::new(trace, initial, assumptions);
    for now in 0..trace.minutes.len() {
        let visible = seen.until(now);
        if let Some(to) = aws_sample_target(&seen, visible) {
            // If it is refused, the next minute's judgement asks for it again.
            let _ = seen.stream.resize(now, to, ResizeKind::UpdateShardCount, "");
        }
    }
    seen.finished()
}

fn aws_sample_target(seen: &Seen<'_>, visible: usize) -> Option<u32> {
    const PERIOD: usize = 5;
    const OUT_PERIODS: usize = 5;
    const IN_PERIODS: usize = 60;
    const IN_PERIODS_HIGH_MAX: usize = 3;
    let shards = seen.stream.count();
    let usages = |periods| (0..periods).map(move |back| seen.usage(visible - back * PERIOD, PERIOD, shards));
    if visible >= OUT_PERIODS * PERIOD && usages(OUT_PERIODS).all(|usage| usage >= 0.75) {
        return Some(shards.saturating_mul(2));
    }
    if shards == 1 || visible < IN_PERIODS * PERIOD {
        return None;
    }
    // Counted no further than it matters, which on most minutes is a few sums.
    let high = usages(IN_PERIODS).filter(|usage| *usage >= 0.25).take(IN_PERIODS_HIGH_MAX + 1).count();
    (high <= IN_PERIODS_HIGH_MAX).then_some(shards / 2)
}

/// `awslabs/amazon-kinesis-scaling-utils`, its README's example that adds or removes one shard at a time.
pub fn awslabs_count(trace: &Trace, initial: u32, assumptions: &Assumptions) -> Run {
    awslabs(trace, initial, assumptions, |shards| shards.saturating_add(1), |shards| shards.saturating_sub(1))
}

/// The same, its example that goes to 150 %, rounded up, or removes 25 %, rounded down.
///
/// These are the counts that its code computes; its README says 75 to 188 for the same setting, which AWS would refuse.
pub fn awslabs_pct(trace: &Trace, initial: u32, assumptions: &Assumptions) -> Run {
    awslabs(trace, initial, assumptions, |shards| shards.saturating_mul(3).div_ceil(2), |shards| shards - shards / 4)
}

/// Always as many shards as the trace's largest minute needs, known beforehand; the initial count does not matter.
pub fn static_peak(trace: &Trace, _initial: u32, assumptions: &Assumptions) -> Run {
    let peak = trace.minutes.iter().map(|minute| assumptions.load(minute)).fold(1.0, f64::max);
    // Up, since a part of a shard cannot be had; not for a rounding error.
    let shards = whole_u32((peak - 1e-9).ceil());
    Run { capacity: vec![shards; trace.minutes.len()], ..Run::default() }
}

/// Minutes over which awslabs judges; a minute that it does not see yet counts as idle.
const SPAN: usize = 15;
/// Busy minutes of them that make it scale out, and idle ones that make it scale in.
const BUSY_MINUTES: usize = 5;
const IDLE_MINUTES: usize = 15;
/// Minutes from the end of a resize until the next in the same direction.
const OUT_COOLDOWN: usize = 15;
const IN_COOLDOWN: usize = 60;
/// Minutes from one look to the next; waiting for a resize comes on top.
const CHECK: usize = 5;

/// Scales out when 5 of 15 minutes are above 75 %, in when all are below 25 %, by the metric that binds in the newest.
///
/// Its examples' limit of 16 shards is left out: with it they could not follow most loads worth simulating.
fn awslabs(trace: &Trace, initial: u32, assumptions: &Assumptions, more: fn(u32) -> u32, fewer: fn(u32) -> u32) -> Run {
    let mut seen = Seen::new(trace, initial, assumptions);
    let (mut last_out, mut last_in) = (None, None);
    let mut now = SPAN + seen.delay + 1;
    while now < trace.minutes.len() {
        let visible = seen.until(now);
        let shards = seen.stream.count();
        let usages = seen.usages(now - SPAN, visible, shards);
        let busy = usages.iter().filter(|usage| **usage > 0.75).count();
        let idle = usages.iter().filter(|usage| **usage < 0.25).count() + SPAN - usages.len();
        let choice = if busy >= BUSY_MINUTES {
            Some((more(shards), OUT_COOLDOWN, &mut last_out))
        } else if idle >= IDLE_MINUTES {
            Some((fewer(shards), IN_COOLDOWN, &mut last_in))
        } else {
            None
        };
        if let Some((to, cooldown, last)) = choice
            && to > 0
            && to != shards
            && last.is_none_or(|last| now >= last + cooldown)
        {
            now = resized_by_any_means(&mut seen.stream, now, to);
            *last = Some(now);
        }
        now += CHECK;
    }
    seen.finished()
}

/// Resizes, by single splits and merges if one call may not, and waits; returns the minute in which it goes on.
fn resized_by_any_means(stream: &mut StreamModel, now: usize, to: u32) -> usize {
    let by_call = stream.resize(now, to, ResizeKind::UpdateShardCount, "");
    let resized = match by_call {
        Err(Refused::Limits | Refused::DailyLimitReached) if to <= SHARDS_PER_STREAM_MAX => {
            stream.resize(now, to, ResizeKind::SplitMerge, "")
        }
        other => other,
    };
    resized.map_or(now, |()| stream.busy_until())
}

/// A stream under a trace's traffic, and what CloudWatch shows of it.
struct Seen<'a> {
    trace: &'a Trace,
    assumptions: Assumptions,
    /// Minutes that a minute is late.
    delay: usize,
    stream: StreamModel,
    /// Shards in force in each minute that has passed.
    capacity: Vec<u32>,
    /// Accepted in all minutes before each minute: bytes, records. Differences of them are sums over any span.
    bytes_before: Vec<f64>,
    records_before: Vec<f64>,
}

impl<'a> Seen<'a> {
    fn new(trace: &'a Trace, initial: u32, assumptions: &Assumptions) -> Self {
        Self {
            trace,
            assumptions: *assumptions,
            delay: assumptions.metric_delay_minutes as usize,
            stream: StreamModel::new(initial.max(1), trace.start, *assumptions),
            capacity: Vec::with_capacity(trace.minutes.len()),
            bytes_before: vec![0.0],
            records_before: vec![0.0],
        }
    }

    /// Lets the minutes before `now` pass; returns how many of them can be seen.
    fn until(&mut self, now: usize) -> usize {
        for minute in self.capacity.len()..now.min(self.trace.minutes.len()) {
            let offered = &self.trace.minutes[minute];
            let shards = self.stream.capacity(minute);
            let accepted = self.assumptions.accepted_share(offered, shards);
            self.bytes_before.push(self.bytes_before[minute] + accepted * float(offered.bytes));
            self.records_before.push(self.records_before[minute] + accepted * float(offered.records));
            self.capacity.push(shards);
        }
        now.saturating_sub(self.delay)
    }

    /// Use of so many shards, 0 to 1, in the `minutes` before minute `end`, by the limit that binds over them.
    fn usage(&self, end: usize, minutes: usize, shards: u32) -> f64 {
        let part = |before: &[f64], per_minute: u64| {
            (before[end] - before[end - minutes]) / (float(per_minute) * float(minutes))
        };
        let bytes = part(&self.bytes_before, WRITE_BYTES_PER_MINUTE_PER_SHARD);
        let records = part(&self.records_before, WRITE_RECORDS_PER_MINUTE_PER_SHARD);
        bytes.max(records) / f64::from(shards)
    }

    /// Use of so many shards, 0 to 1, in each minute from `first` until `end`, by the limit that binds in the newest.
    fn usages(&self, first: usize, end: usize, shards: u32) -> Vec<f64> {
        let each = |before: &[f64], per_second: u64| -> Vec<f64> {
            let rate = |minute| (before[minute + 1] - before[minute]) / float(MINUTE_SECONDS);
            (first..end).map(|minute| rate(minute) / float(per_second) / f64::from(shards)).collect()
        };
        let bytes = each(&self.bytes_before, WRITE_BYTES_PER_SECOND_PER_SHARD);
        let records = each(&self.records_before, WRITE_RECORDS_PER_SECOND_PER_SHARD);
        if records.last() > bytes.last() { records } else { bytes }
    }

    fn finished(mut self) -> Run {
        self.until(self.trace.minutes.len());
        Run { capacity: self.capacity, calls: self.stream.calls().to_vec(), throttled: None }
    }
}
