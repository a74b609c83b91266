// SPDX-License-Identifier: Apache-2.0
//! The two ways to change a stream.

use std::fmt;

/// Which way a function may change a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// More shards.
    Out,
    /// Fewer shards.
    In,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Out => "scale-out",
            Self::In => "scale-in",
        })
    }
}
