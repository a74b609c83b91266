// SPDX-License-Identifier: Apache-2.0
//! What has to be covered, by which rules; and plans replayed on a stream that refuses what is not legal.

use jiff::Timestamp;
use kinesis_model::limits::{RESIZES_PER_DAY, RESIZES_WINDOW_HOURS};

use super::program::{Change, Grid};
use crate::run::Run;
use aws_models::stream_model::{Assumptions, ResizeKind, StreamModel};

/// How many calls are accepted in any window of so many minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) calls: u32,
    pub(super) window: usize,
}

#[allow(clippy::cast_possible_truncation, reason = "a day has few hours")]
pub(super) const AWS: Rules =
    Rules { calls: RESIZES_PER_DAY, window: RESIZES_WINDOW_HOURS.unsigned_abs() as usize * 60 };

/// A demand, and what a stream that has to cover it can do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Task<'a> {
    /// Whole shards, by minute.
    pub(super) need: &'a [u32],
    /// Shards at first.
    pub(super) initial: u32,
    pub(super) assumed: &'a Assumptions,
    pub(super) rules: Rules,
}

impl Task<'_> {
    /// The count above which none is of use.
    pub(super) fn top(&self) -> u32 {
        self.need.iter().copied().max().unwrap_or(1).max(self.initial)
    }

    /// All of it, in steps of so many minutes and counts of so many shards.
    pub(super) fn grid(&self, step: usize, unit: u32) -> Grid {
        Grid::new(self.need, self.initial, self.assumed, step, unit)
    }

    /// Minutes, at least one, in which no more changes are done than calls are allowed in a window: of two calls a
    /// window apart the first may be done as late as can be, and the last as soon.
    pub(super) fn window_of_changes(&self) -> usize {
        let takes = |by| self.assumed.resize_minutes(0, by, ResizeKind::UpdateShardCount);
        self.rules.window.saturating_sub(takes(self.top()) - takes(1)).max(1)
    }

    /// Shard-minutes and run of these changes, if all are accepted and nothing is throttled.
    pub(super) fn replay(&self, changes: &[Change]) -> Option<(u64, Run)> {
        let apart = self.rules.calls as usize;
        // The stream knows AWS's limit only.
        let legal =
            changes.iter().zip(changes.iter().skip(apart)).all(|(a, b)| b.called - a.called >= self.rules.window);
        let mut stream = StreamModel::new(self.initial, Timestamp::UNIX_EPOCH, *self.assumed);
        let mut capacity = Vec::with_capacity(self.need.len());
        let mut changes = changes.iter().peekable();
        for (minute, need) in self.need.iter().enumerate() {
            if let Some(change) = changes.next_if(|change| change.called == minute) {
                stream.resize(minute, change.to, ResizeKind::UpdateShardCount, "").ok()?;
            }
            capacity.push(stream.capacity(minute));
            if stream.capacity(minute) < *need {
                return None;
            }
        }
        let sum = capacity.iter().map(|shards| u64::from(*shards)).sum();
        let all = legal && changes.peek().is_none();
        all.then(|| (sum, Run { capacity, calls: stream.calls().to_vec(), throttled: None }))
    }
}
