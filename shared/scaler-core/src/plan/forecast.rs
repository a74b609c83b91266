// SPDX-License-Identifier: Apache-2.0
//! What a stream will be asked to take in the next day: a distribution of its load for each span of it.
//!
//! The past is asked for moments like this one (by time of day, level and growth), and what followed them is weighed together
//! with the last minutes and, as far as the past knows no such moment, with a load that keeps growing as it does now. Nothing
//! is fitted: a stream with an hour of history has a forecast, and one with two weeks a good one.
//!
//! Little history narrows what may be asked: no more than was seen, or than the growth that is seen leads to. So a load that
//! is steady, or falls, is left alone from its first hour on.

use super::histogram::{Distribution, Histogram};
use super::levels::levels;
use super::moments;
use super::past::{Past, largest};
use super::sources::Sources;
use super::tuning::{
    DAY_MINUTES, GROWTH_BLOCK_MINUTES, GROWTH_BLOCKS, GROWTH_LASTS_MINUTES, HISTORY_MINUTES_MIN, LEVELS_HEADROOM,
    LEVELS_HEADROOM_SHARDS, LEVELS_OF_LOAD, LOOK_BACK_DAYS, SPANS_MINUTES, SURPRISE_MINUTES,
};
use crate::stream::LoadHistory;
use kinesis_model::num::float;

/// One span of the next day.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Minutes from now to its begin.
    pub(super) begins: usize,
    /// Its length in minutes.
    pub(super) minutes: usize,
    load: Distribution,
}

/// The next day.
#[derive(Clone, Debug)]
pub(super) struct Forecast {
    /// Shard counts at which the distributions are known, rising.
    pub(super) levels: Vec<u32>,
    /// In the order of [`SPANS_MINUTES`].
    pub(super) spans: Vec<Span>,
    /// The mean load of the last day, in shards.
    pub(super) mean: f64,
    /// The largest load of the days looked back over, in shards.
    pub(super) peak: f64,
    /// The mean load of the last ten minutes, in shards.
    pub(super) level: f64,
    /// Days of history.
    pub(super) days: f64,
    /// What a surprise would ask: the largest loads of four hours each, whatever the time of day.
    surprise: Distribution,
}

impl Forecast {
    /// Forecasts from `minutes_ago` minutes after the history's end on. `None` where it is too short.
    pub(super) fn of(history: &LoadHistory, minutes_ago: usize, current: u32) -> Option<Self> {
        let past = Past::of(history.minutes());
        let n = past.minutes();
        if n < HISTORY_MINUTES_MIN {
            return None;
        }
        let (level, peak) = (moments::level(&past, n).exp(), past.max(LOOK_BACK_DAYS * DAY_MINUTES));
        let growth = growth(history, &past);
        // Only growth that is seen leads to a load that was never seen.
        let cap = peak.max(level * (growth * GROWTH_LASTS_MINUTES).exp());
        let most = cap.max(level * LEVELS_OF_LOAD).max(f64::from(current));
        let levels = levels(past.min(DAY_MINUTES), most * LEVELS_HEADROOM + LEVELS_HEADROOM_SHARDS, current);
        let sources =
            Sources { moments: moments::like_now(&past), days: moments::same_time(&past), past: &past, growth, level };
        let mut begins = 0;
        let mut histogram = Histogram::new(&levels, cap);
        let span = |minutes: usize| {
            sources.fill(&mut histogram, begins + minutes_ago, minutes);
            let span = Span { begins, minutes, load: histogram.take() };
            begins += minutes;
            span
        };
        let spans = SPANS_MINUTES.into_iter().map(span).collect();
        let (mean, days) = (past.mean(n.saturating_sub(DAY_MINUTES), n), float(n) / float(DAY_MINUTES));
        Some(Self { spans, mean, peak, level, days, surprise: surprise(&past, &levels), levels })
    }

    /// The load expected beyond so many shards, averaged over a span.
    pub(super) fn excess(&self, span: usize, shards: u32) -> f64 {
        self.spans[span].load.excess(&self.levels, shards)
    }

    /// What a surprise would ask beyond so many shards.
    pub(super) fn surprise(&self, shards: u32) -> f64 {
        self.surprise.excess(&self.levels, shards)
    }

    /// The fewest shards, of the levels there are, that a load of the span exceeds with at most this probability.
    pub(super) fn high(&self, span: usize, probability: f64) -> u32 {
        self.spans[span].load.high(&self.levels, probability)
    }
}

/// Growth a minute, as a logarithm.
fn growth(history: &LoadHistory, past: &Past<'_>) -> f64 {
    let growth = past.growth();
    // Throttling hides a part of the load: as it ends, a load that stands still looks like one that grows.
    if history.throttled_within(GROWTH_BLOCK_MINUTES * GROWTH_BLOCKS) { growth.min(0.0) } else { growth }
}

fn surprise(past: &Past<'_>, levels: &[u32]) -> Distribution {
    let blocks = past.last(LOOK_BACK_DAYS * DAY_MINUTES).chunks(SURPRISE_MINUTES);
    let mut histogram = Histogram::new(levels, f64::INFINITY);
    histogram.add_all(blocks.map(|loads| (largest(loads), 1.0)), 1.0);
    histogram.take()
}

#[cfg(test)]
mod tests;
