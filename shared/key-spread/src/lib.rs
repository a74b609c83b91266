// SPDX-License-Identifier: Apache-2.0
//! How partition keys spread over the shards of a stream: any number of keys in one pass, with memory that does not grow.
//!
//! Start at [`Spread`], which takes keys and tells; [`spread_lines`] reads a file of them with every core.

mod fault;
mod hash;
mod heavy_hitters;
mod lines;
mod pieces;
mod spread;
mod statistics;

pub use fault::{LineFault, LinesFault};
pub use heavy_hitters::{HeavyHitter, HeavyHitters};
pub use lines::spread_lines;
pub use spread::{Spread, WINDOW_RECORDS};
pub use statistics::Evenness;
