// SPDX-License-Identifier: Apache-2.0
//! The distribution of a load over levels.

use super::levels::{Place, between};

/// How likely a load is up to each level, and what lies beyond each.
#[derive(Clone, Debug)]
pub(super) struct Distribution {
    /// The weight of loads up to each level, and beyond them all; together one.
    weights: Vec<f64>,
    /// The load expected beyond each level, in shards.
    excess: Vec<f64>,
}

impl Distribution {
    /// The load expected beyond so many shards.
    pub(super) fn excess(&self, levels: &[u32], shards: u32) -> f64 {
        match Place::of(shards, levels) {
            Place::At(at) => self.excess[at],
            Place::Between { upper, part } => between(self.excess[upper - 1], self.excess[upper], part),
            Place::Below(by) => self.excess[0] + f64::from(by),
            Place::Above(_) => 0.0,
        }
    }

    /// The first level that a load exceeds with at most this probability; the last where none is.
    pub(super) fn high(&self, levels: &[u32], probability: f64) -> u32 {
        let mut left = 1.0;
        let enough = levels.iter().zip(&self.weights).find(|(_, weight)| {
            left -= **weight;
            left <= probability
        });
        enough.map(|(level, _)| *level).or(levels.last().copied()).expect("one shard is always a level")
    }
}

/// A distribution in the making.
pub(super) struct Histogram<'a> {
    levels: &'a [u32],
    /// No load counts for more than this.
    cap: f64,
    weights: Vec<f64>,
    sums: Vec<f64>,
    /// What is being added.
    adding: Vec<(f64, f64)>,
}

impl<'a> Histogram<'a> {
    pub(super) fn new(levels: &'a [u32], cap: f64) -> Self {
        let empty = vec![0.0; levels.len() + 1];
        Self { levels, cap, weights: empty.clone(), sums: empty, adding: Vec::new() }
    }

    /// Adds loads with their weights, which are scaled to be `weight` together.
    pub(super) fn add_all(&mut self, loads: impl Iterator<Item = (f64, f64)>, weight: f64) {
        self.add(loads, None, weight);
    }

    /// The same, scaled as if they weighed `total`.
    pub(super) fn add_of(&mut self, total: f64, loads: impl Iterator<Item = (f64, f64)>, weight: f64) {
        self.add(loads, Some(total), weight);
    }

    fn add(&mut self, loads: impl Iterator<Item = (f64, f64)>, total: Option<f64>, weight: f64) {
        self.adding.clear();
        self.adding.extend(loads);
        let total = total.unwrap_or_else(|| self.adding.iter().map(|(_, weight)| weight).sum());
        if weight <= 0.0 || total <= 0.0 {
            return;
        }
        let scale = weight / total;
        for (load, part) in &self.adding {
            let load = load.min(self.cap);
            let bin = self.levels.partition_point(|level| f64::from(*level) < load);
            self.weights[bin] += scale * part;
            self.sums[bin] += scale * part * load;
        }
    }

    /// The distribution so far; then it is empty again.
    pub(super) fn take(&mut self) -> Distribution {
        let total: f64 = self.weights.iter().sum();
        debug_assert!(total > 0.0, "something was added");
        let weights: Vec<f64> = self.weights.iter().map(|weight| weight / total).collect();
        let (mut weight, mut sum) = (0.0, 0.0);
        let mut excess = vec![0.0; self.levels.len()];
        for (at, level) in self.levels.iter().enumerate().rev() {
            weight += weights[at + 1];
            sum += self.sums[at + 1] / total;
            excess[at] = (sum - weight * f64::from(*level)).max(0.0);
        }
        self.weights.fill(0.0);
        self.sums.fill(0.0);
        Distribution { weights, excess }
    }
}
