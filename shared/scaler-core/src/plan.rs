// SPDX-License-Identifier: Apache-2.0
//! A stream's next day: what it will be asked to take, and the cheapest way through it under AWS's limits.
//!
//! `forecast.rs` tells the load, `program.rs` finds the counts, `tuning.rs` has the constants of both. Only the first step of a plan is
//! ever carried out, and at the next look it is made anew.

mod forecast;
mod histogram;
mod levels;
mod moments;
mod past;
mod program;
mod sources;
mod tuning;

use jiff::Timestamp;

use crate::policy::Policy;
use crate::risk::Risk;
use crate::stream::{LoadHistory, ResizeHistory};
use forecast::Forecast;
use kinesis_model::limits::{METRIC_DELAY_MINUTES, RESIZES_PER_DAY};
use kinesis_model::{MetricWindow, ShardCount};
use program::{Constraints, Program};
use tuning::{BEYOND_HIGH, BEYOND_LIKELY, HISTORY_MINUTES_MIN};
pub(crate) use tuning::{STALE_AFTER_MINUTES, rules_growth_percent_min};

/// One span of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedSpan {
    /// Minutes from now to its begin.
    pub begins_in_minutes: u32,
    /// Its length in minutes.
    pub minutes: u32,
    /// Shards planned for it; in the first span, what to have as soon as that can be.
    pub shards: ShardCount,
    /// Shards that carry its load with an even chance.
    pub likely: u32,
    /// Shards that carry it in all but one minute of twenty.
    pub high: u32,
}

/// A day ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its spans in their order; never empty.
    pub spans: Vec<PlannedSpan>,
    /// Resizes left before it.
    pub left: u32,
    /// The operator's risk.
    pub risk: Risk,
}

/// The next 24 hours of a stream of so many shards, as far as its past and the last minutes tell; `None` where less than an hour
/// of it is known, or nothing of the last minutes.
pub fn plan_ahead(
    policy: &Policy,
    current: ShardCount,
    resizes: &ResizeHistory,
    past: &LoadHistory,
    window: &MetricWindow,
    now: Timestamp,
) -> Option<Plan> {
    if past.minutes().len() < HISTORY_MINUTES_MIN {
        return None;
    }
    let history = past.with(window);
    let age = now.duration_since(history.end()).as_mins();
    if age - i64::from(METRIC_DELAY_MINUTES) > STALE_AFTER_MINUTES {
        return None;
    }
    // A clock that is behind CloudWatch's makes the newest minute one of the future: it counts as just over.
    let forecast = Forecast::of(&history, usize::try_from(age).unwrap_or(0), current.get())?;
    // What is free again by now is free.
    let minutes_until = |at: Timestamp| usize::try_from((at.duration_since(now).as_secs() + 59) / 60).unwrap_or(0);
    let constraints = Constraints {
        current,
        min: policy.min(),
        max: policy.max(),
        // Others may have spent more than AWS's own count says.
        left: RESIZES_PER_DAY.saturating_sub(resizes.spent(now)),
        free_in: resizes.free_again(now).into_iter().map(minutes_until).collect(),
        reserved: policy.resizes_reserved_for_scale_out,
        tolerance_percent: policy.tolerance_percent,
        worth: policy.throttling_risk.worth(),
        planned_percent: policy.throttling_risk.planned_percent(),
    };
    Some(Plan::of(&forecast, &constraints, policy.throttling_risk))
}

impl Plan {
    /// What the stream should have now.
    pub fn desired(&self) -> ShardCount {
        self.spans.first().map_or(ShardCount::ONE, |span| span.shards)
    }

    /// The first change after now: in how many minutes, and to what.
    pub fn next(&self) -> Option<(u32, ShardCount)> {
        let changed = self.spans.iter().find(|span| span.shards != self.desired())?;
        Some((changed.begins_in_minutes, changed.shards))
    }

    /// The span that needs most of those before the next change; of those that need the same, the one most likely to.
    pub fn busiest(&self) -> Option<&PlannedSpan> {
        let until = self.next().map_or(u32::MAX, |(minutes, _)| minutes);
        let mut busiest: Option<&PlannedSpan> = None;
        for span in self.spans.iter().take_while(|span| span.begins_in_minutes < until) {
            if busiest.is_none_or(|other| (span.high, span.likely) > (other.high, other.likely)) {
                busiest = Some(span);
            }
        }
        busiest
    }

    /// Plans the next day.
    fn of(forecast: &Forecast, constraints: &Constraints, risk: Risk) -> Self {
        let minutes = |minutes: usize| u32::try_from(minutes).expect("a day has 1,440 minutes");
        let planned =
            Program::new(forecast, constraints).cheapest().into_iter().enumerate().map(|(span, shards)| PlannedSpan {
                begins_in_minutes: minutes(forecast.spans[span].begins),
                minutes: minutes(forecast.spans[span].minutes),
                shards,
                likely: forecast.high(span, BEYOND_LIKELY),
                high: forecast.high(span, BEYOND_HIGH),
            });
        Self { spans: planned.collect(), left: constraints.left, risk }
    }
}
