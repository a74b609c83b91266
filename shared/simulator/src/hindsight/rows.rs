// SPDX-License-Identifier: Apache-2.0
//! The cheapest change into every count: what the program spends its time on, so that nothing is allocated here.

use super::cost::{Cost, cost};

/// Widest range of differences that is tried one by one; wider ones pay for a sliding minimum.
const NARROW: usize = 4;

/// Differences of count, both ends included, whose resize takes the same number of steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    /// Steps that it takes.
    pub(super) lag: usize,
    pub(super) least: usize,
    pub(super) most: usize,
}

/// The costs before and after the changes of a group.
pub(super) struct Rows<'r> {
    /// By count, when the calls are made.
    pub(super) from: &'r [Cost],
    /// By count, when the changes are done.
    pub(super) to: &'r mut [Cost],
    /// The fewest counts before that cover the demand until the change is done.
    pub(super) floor: usize,
    /// The fewest counts after it that are of use.
    pub(super) peak: usize,
    /// When it is done.
    pub(super) minute: Cost,
    pub(super) price: Cost,
}

impl Rows<'_> {
    /// Takes over every change of the group that is cheaper than what is there.
    pub(super) fn better(self, group: Group, queue: &mut Vec<(Cost, usize)>) {
        if group.most - group.least < NARROW { self.one_by_one(group) } else { self.sliding(group, queue) }
    }

    fn one_by_one(self, group: Group) {
        let Self { from, to, floor, peak, minute, price } = self;
        let top = to.len();
        for by in group.least..=group.most {
            let time = minute * cost(by);
            // At most double: `least <= 2 * (least - by)`.
            let least = (2 * by).max(floor + by).max(peak);
            if least < top {
                better(&mut to[least..], &from[least - by..], price - time);
            }
            // At least half, rounded up: `2 * least >= least + by`.
            let least = by.max(floor.saturating_sub(by)).max(peak);
            if least + by < top {
                better(&mut to[least..top - by], &from[least + by..], price + time);
            }
        }
    }

    fn sliding(mut self, group: Group, queue: &mut Vec<(Cost, usize)>) {
        let (top, floor, Group { least, most, .. }) = (self.to.len() - 1, self.floor, group);
        let begin = (2 * least).max(floor + least).max(self.peak);
        self.slide(begin, queue, |to| (to.div_ceil(2).max(to.saturating_sub(most)).max(floor), to - least));
        let begin = least.max(floor.saturating_sub(most)).max(self.peak);
        self.slide(begin, queue, |to| ((to + least).max(floor), (2 * to).min(to + most).min(top)));
    }

    /// Betters each count from `begin` by the cheapest of a range of counts, whose two ends never fall.
    fn slide(&mut self, begin: usize, queue: &mut Vec<(Cost, usize)>, range: impl Fn(usize) -> (usize, usize)) {
        queue.clear();
        let (mut head, mut pushed) = (0, 0);
        for to in begin..self.to.len() {
            let (low, high) = range(to);
            if low >= self.from.len() {
                break;
            }
            for from in pushed.max(low)..=high {
                let value = self.from[from] + self.minute * cost(from);
                while queue.len() > head && queue.last().is_some_and(|(last, _)| *last >= value) {
                    queue.pop();
                }
                queue.push((value, from));
            }
            pushed = pushed.max(high + 1);
            while queue.get(head).is_some_and(|(_, from)| *from < low) {
                head += 1;
            }
            if let Some((value, _)) = queue.get(head) {
                self.to[to] = self.to[to].min(value + self.price - self.minute * cost(to));
            }
        }
    }
}

fn better(to: &mut [Cost], from: &[Cost], by: Cost) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = (*to).min(from + by);
    }
}
