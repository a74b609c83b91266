// SPDX-License-Identifier: Apache-2.0
//! How long a resize takes: the one assumption that decisions, plans and simulations share.
//!
//! AWS says only that it takes "a few minutes, depending on the size of the stream" (API `UpdateShardCount`, read 2026-11-21),
//! in which the stream still throttles as the smaller one it was. The figures here are an assumption on the long side. A
//! simulation may be told others, since AWS may take another time than the scaler believes.

/// Seconds that a resize takes for each shard of difference. What people say of one split or merge; no page
/// has it (`docs/aws-facts.md#resharding`).
pub const RESIZE_SECONDS_PER_SHARD: u32 = 30;
/// Seconds that a resize takes at least. Chosen: metrics come by the minute.
pub const RESIZE_SECONDS_MIN: u32 = 60;
/// Seconds that a resize takes at most. Chosen: the more shards, the more of them AWS changes at a time.
pub const RESIZE_SECONDS_MAX: u32 = 1_800;

/// Minutes of a resize that show neither the old stream nor the new one: the one in which it began and the one in which it was done.
const MIXED_MINUTES: i64 = 2;
/// Minutes after a resize that are not believed to show the new size, at least. Chosen: how far `RESIZE_SECONDS_MIN` may be off.
const SETTLING_MINUTES_MIN: i64 = 5;

/// Minutes that a resize takes.
pub fn resize_minutes(from: u32, to: u32) -> f64 {
    let [per_shard, min, max] = [RESIZE_SECONDS_PER_SHARD, RESIZE_SECONDS_MIN, RESIZE_SECONDS_MAX].map(f64::from);
    (per_shard * f64::from(from.abs_diff(to))).clamp(min, max) / 60.0
}

/// Whole minutes after the call until the metrics show the new size.
pub fn settling_minutes(from: u32, to: u32) -> i64 {
    let changing = i64::from(from.abs_diff(to)) * i64::from(RESIZE_SECONDS_PER_SHARD) / 60;
    (changing + MIXED_MINUTES).clamp(SETTLING_MINUTES_MIN, i64::from(RESIZE_SECONDS_MAX / 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::whole;

    #[test]
    fn a_resize_takes_half_a_minute_a_shard_between_one_and_thirty() {
        let tenths = |(from, to)| whole(resize_minutes(from, to) * 10.0);
        assert_eq!([(4, 5), (4, 7), (9, 4), (100, 200)].map(tenths), [10, 15, 25, 300]);
        assert_eq!([(4, 5), (4, 14), (100, 200)].map(|(from, to)| settling_minutes(from, to)), [5, 7, 30]);
    }
}
