// SPDX-License-Identifier: Apache-2.0
//! What the program reckons in.

/// Shard-minutes; signed because the program keeps differences.
pub(super) type Cost = i64;

/// The cost of what is impossible: above any sum of real ones, and far enough below the end to be added to.
pub(super) const IMPOSSIBLE: Cost = Cost::MAX / 4;

/// A number of minutes or counts to reckon costs with.
pub(super) fn cost(whole: usize) -> Cost {
    Cost::try_from(whole).expect("there are fewer minutes and counts than that")
}
