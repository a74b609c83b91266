// SPDX-License-Identifier: Apache-2.0
//! The shard counts at which loads and costs are known, and what lies between them.

use super::tuning::{LEVELS_RATIO, LEVELS_SINGLE_MAX};
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use kinesis_model::num::whole_u32;

/// Every count up to 16, then each a tenth more, from the largest that is not above `min` to the first that is not below
/// `max`; and `current`, since what is between two is told too high, and that must not move a stream that has enough.
pub(super) fn levels(min: f64, max: f64, current: u32) -> Vec<u32> {
    let (mut levels, mut last) = (vec![1], 1);
    while f64::from(last) < max && last < SHARDS_PER_STREAM_MAX * 2 {
        last = if last < LEVELS_SINGLE_MAX { last + 1 } else { whole_u32((f64::from(last) * LEVELS_RATIO).ceil()) };
        if f64::from(last) <= min {
            levels.clear();
        }
        levels.push(last);
    }
    if let Err(at) = levels.binary_search(&current) {
        levels.insert(at, current);
    }
    levels
}

/// Where a count lies among levels.
pub(super) enum Place {
    /// So many shards below the first.
    Below(u32),
    /// On one.
    At(usize),
    /// Between the one before this and this, of which it is `part` of the way.
    Between {
        /// The upper one.
        upper: usize,
        /// From 0 to 1.
        part: f64,
    },
    /// So many shards above the last.
    Above(u32),
}

impl Place {
    pub(super) fn of(shards: u32, levels: &[u32]) -> Self {
        match levels.binary_search(&shards) {
            Ok(at) => Self::At(at),
            Err(0) => Self::Below(levels[0] - shards),
            Err(at) if at == levels.len() => Self::Above(shards - levels[at - 1]),
            Err(upper) => {
                let (low, high) = (levels[upper - 1], levels[upper]);
                Self::Between { upper, part: f64::from(shards - low) / f64::from(high - low) }
            }
        }
    }
}

/// The value so far on the way from one to another.
pub(super) fn between(low: f64, high: f64, part: f64) -> f64 {
    low * (1.0 - part) + high * part
}
