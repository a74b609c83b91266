// SPDX-License-Identifier: Apache-2.0
//! Plans within the limit on calls, made day by day.

use super::cost::Cost;
use super::prices::Prices;
use super::program::{Budget, Change, Grid, Values};
use super::task::{Rules, Task};

impl Task<'_> {
    /// A plan with as few calls as can be: the last resort, and legal whenever so many calls in all are enough.
    pub(super) fn few_calls(&self) -> Option<Vec<Change>> {
        let grid = self.grid(1, 1);
        // Dearer than all that a call can save.
        let price = Cost::from(self.top()) * Cost::try_from(self.need.len()).ok()?;
        let budget = Budget::free(vec![price; grid.steps()]);
        Some(Values::new(&grid, &budget, true).ok()?.plan())
    }

    /// A plan made piece by piece. Each is planned for a window and a half, under the limit given the calls already
    /// made; its first half window is kept, and the next goes on from the last change in it. Calls cost this share of
    /// their prices, in percent.
    ///
    /// # Errors
    /// The first minute that a piece finds no way to cover.
    pub(super) fn day_by_day(&self, step: usize, prices: &Prices, share: Cost) -> Result<Vec<Change>, usize> {
        let kept = (self.rules.window / 2).max(1).next_multiple_of(step);
        let (mut changes, mut begin, mut count) = (Vec::new(), 0, self.initial);
        while begin < self.need.len() {
            let piece = |step| self.piece(step, begin, count, &changes, prices, share);
            // Small steps can be quick where large ones are too slow.
            let piece = piece(step).or_else(|minute| if step > 1 { piece(1) } else { Err(minute) })?;
            let end = begin + kept;
            changes.extend(piece.into_iter().take_while(|change| change.done < end));
            match changes.last().filter(|last| last.done > begin) {
                Some(last) => (begin, count) = (last.done, last.to),
                None => begin = end,
            }
        }
        Ok(changes)
    }

    /// The changes of the best plan from a minute on, or the first minute that none covers.
    fn piece(
        &self,
        step: usize,
        begin: usize,
        count: u32,
        changes: &[Change],
        prices: &Prices,
        share: Cost,
    ) -> Result<Vec<Change>, usize> {
        let end = self.need.len().min(begin + (self.rules.window + self.rules.window / 2).max(step));
        let grid = Grid::new(&self.need[begin..end], count, self.assumed, step, 1);
        let calls = changes.iter().map(|change| change.called);
        let budget = self.budget(&grid, step, begin, calls, prices.by_step(&grid, begin, share));
        let values = Values::new(&grid, &budget, true).map_err(|step| begin + grid.minute(step))?;
        let later = |change: Change| Change { called: begin + change.called, done: begin + change.done, ..change };
        Ok(values.plan().into_iter().map(later).collect())
    }

    /// The calls that are left at `begin`, and when more come back: each a window after it was made. When the piece's
    /// own do is not known before it is planned; they are taken to come back evenly.
    fn budget(
        &self,
        grid: &Grid,
        step: usize,
        begin: usize,
        made: impl DoubleEndedIterator<Item = usize>,
        prices: Vec<Cost>,
    ) -> Budget {
        let Rules { calls, window } = self.rules;
        let most = calls as usize;
        let recent: Vec<_> = made.rev().take_while(|called| called + window > begin).collect();
        let known = recent.iter().map(|called| called + window - begin);
        let own = (0..most).map(|call| window + call * window / most);
        let mut gains = vec![0; grid.steps() + 1];
        for back in known.chain(own) {
            if let Some(gain) = gains.get_mut(back.div_ceil(step)) {
                *gain += 1;
            }
        }
        Budget { most, first: most.saturating_sub(recent.len()), gains, prices }
    }
}
