// SPDX-License-Identifier: Apache-2.0
//! The loads of a stream's past, with what they tell by themselves: means, extremes, growth, unrest.

use super::tuning::{
    DAY_MINUTES, GROWTH_BLOCK_MINUTES, GROWTH_BLOCKS, GROWTH_PER_MINUTE_MAX, GROWTH_PER_MINUTE_MIN, LOAD_FLOOR_SHARDS,
};
use kinesis_model::num::float;

/// Loads in shards, one a minute, oldest first, with their running sums.
pub(super) struct Past<'a> {
    pub(super) load: &'a [f32],
    sums: Vec<f64>,
}

impl<'a> Past<'a> {
    pub(super) fn of(load: &'a [f32]) -> Self {
        let mut sum = 0.0;
        let running = load.iter().map(|load| {
            sum += f64::from(*load);
            sum
        });
        Self { load, sums: std::iter::once(0.0).chain(running).collect() }
    }

    /// How many minutes there are.
    pub(super) fn minutes(&self) -> usize {
        self.load.len()
    }

    /// The last so many minutes, or all there are.
    pub(super) fn last(&self, minutes: usize) -> &'a [f32] {
        &self.load[self.load.len().saturating_sub(minutes)..]
    }

    pub(super) fn max(&self, minutes: usize) -> f64 {
        largest(self.last(minutes))
    }

    pub(super) fn min(&self, minutes: usize) -> f64 {
        self.last(minutes).iter().copied().fold(f32::MAX, f32::min).into()
    }

    /// The mean from one minute (inclusive) to another (exclusive).
    pub(super) fn mean(&self, from: usize, to: usize) -> f64 {
        debug_assert!(from < to, "no minute has no mean");
        (self.sums[to] - self.sums[from]) / float(to - from)
    }

    /// The same as a logarithm.
    pub(super) fn log_mean(&self, from: usize, to: usize) -> f64 {
        (self.mean(from, to) + LOAD_FLOOR_SHARDS).ln()
    }

    /// The load at a minute, or, where that lies ahead, at the same time of the last day that knows it; without one, the last.
    pub(super) fn at(&self, minute: usize) -> f64 {
        let n = self.load.len();
        let ahead = (minute + 1).saturating_sub(n).div_ceil(DAY_MINUTES) * DAY_MINUTES;
        f64::from(self.load[minute.checked_sub(ahead).unwrap_or(n - 1)])
    }

    /// Growth a minute, as a logarithm: the least of what the last blocks of minutes agree on, less what unrest would explain.
    pub(super) fn growth(&self) -> f64 {
        let until = |block: usize| self.load.len() - block * GROWTH_BLOCK_MINUTES;
        let mean = |block: usize| self.log_mean(until(block + 1), until(block));
        let ratios = (1..GROWTH_BLOCKS).map(|block| mean(block - 1) - mean(block));
        let (least, most) =
            ratios.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), ratio| (ratio.min(least), ratio.max(most)));
        let minutes = float(GROWTH_BLOCK_MINUTES);
        let explained = self.unrest(GROWTH_BLOCK_MINUTES * GROWTH_BLOCKS) * (2.0 / minutes).sqrt();
        // It is growth only where all of them rise, and decline only where all of them fall.
        let agreed = (least - explained).max(0.0) + (most + explained).min(0.0);
        (agreed / minutes).clamp(GROWTH_PER_MINUTE_MIN, GROWTH_PER_MINUTE_MAX)
    }

    /// By how much the last minutes differ from where the load was going, as a logarithm: from one to the next, so that a ramp
    /// is none.
    fn unrest(&self, minutes: usize) -> f64 {
        let logs: Vec<f64> =
            self.last(minutes).iter().map(|load| (f64::from(*load) + LOAD_FLOOR_SHARDS).ln()).collect();
        let squares: f64 = logs.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
        (squares / float(logs.len() - 1) / 2.0).sqrt()
    }
}

pub(super) fn largest(loads: &[f32]) -> f64 {
    loads.iter().copied().fold(0.0, f32::max).into()
}
