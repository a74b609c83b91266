// SPDX-License-Identifier: Apache-2.0
//! Stars for a strategy, from what was measured of it and by nothing else.

use super::measured::Figures;

/// The rules, to be read; [`Stars::of`] is by them.
pub(crate) const RULES: &str = "\
evenness by the busiest shard over the mean in windows of 60,000 records: five stars up to 1.05, four to 1.25, three to 1.5, two to 2
order    by the records that come to the shard of the record before, of the same user and of what the keys are meant to keep, beyond \
chance: five stars for all, four from 75 %, three from 50 %, two from 25 %
hot keys by what the hottest key of such a window has of a shard's even part of it: five stars below 5 %, four below 25 %, three below 50 %, two below 100 %";

/// One to five of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Stars {
    pub(crate) evenness: u8,
    /// Of users; `None` where they are not known.
    pub(crate) order: Option<u8>,
    /// Of what the keys are meant to keep; `None` where that is nothing.
    pub(crate) own_order: Option<u8>,
    pub(crate) hot_keys: u8,
}

impl Stars {
    pub(crate) fn of(figures: &Figures) -> Self {
        let uneven = figures.window_max_over_mean.unwrap_or(figures.max_over_mean);
        let shards = u32::try_from(figures.shards).map_or(f64::MAX, f64::from);
        let chance = 1.0 / shards;
        // On one shard all order is kept, whatever the keys.
        let beyond = |kept: f64| if shards > 1.0 { (kept - chance) / (1.0 - chance) } else { 1.0 };
        let order = |kept: f64| {
            let kept = beyond(kept);
            stars([kept >= 0.9999, kept >= 0.75, kept >= 0.5, kept >= 0.25])
        };
        let hottest = figures.hottest_at_a_time * shards;
        Self {
            evenness: stars([uneven <= 1.05, uneven <= 1.25, uneven <= 1.5, uneven <= 2.0]),
            order: figures.order_kept.map(order),
            own_order: figures.own_order_kept.map(order),
            hot_keys: stars([hottest < 0.05, hottest < 0.25, hottest < 0.5, hottest < 1.0]),
        }
    }
}

/// Five for the first of these, four for the second, and so on.
fn stars(rules: [bool; 4]) -> u8 {
    rules.iter().position(|holds| *holds).map_or(1, |i| [5, 4, 3, 2][i])
}

/// So many stars, as they are drawn.
pub(crate) fn drawn(stars: u8) -> String {
    let stars = usize::from(stars.min(5));
    format!("{}{}", "*".repeat(stars), ".".repeat(5 - stars))
}
