// SPDX-License-Identifier: Apache-2.0
//! What the user's documents reckon, figure by figure, under the name of each document: also where a bill says otherwise.
#![allow(clippy::unwrap_used)]

mod cost_comparison_script;
mod cost_formula;
mod kafka_sizing;
mod key_strategies;
mod sizing_script;

/// A MB of the documents, as a shard's limit counts it.
const MB: u64 = 1_048_576;

/// Millionths of a MB a second as bytes a second; up, since a part of a byte is a byte.
fn megabytes(millionths: u64) -> u64 {
    (millionths * MB).div_ceil(1_000_000)
}
