// SPDX-License-Identifier: Apache-2.0
//! What a release before this one came to over the same traces, as it was measured then.

use crate::board::Board;

/// The release, by its commit.
pub(crate) const RELEASE: &str = "8d3de7c";
/// Its figures at the default risk: shard-hours, and throttled bytes in percent, by trace.
const FIGURES: &str = include_str!("release-8d3de7c.csv");

/// A trace then and now.
pub(crate) struct Since {
    pub(crate) trace: String,
    pub(crate) shard_hours: (f64, f64),
    pub(crate) throttled_percent: (f64, f64),
}

impl Since {
    /// Shard-hours now over those then.
    pub(crate) fn cost(&self) -> f64 {
        self.shard_hours.1 / self.shard_hours.0
    }
}

/// The traces of the board that the release was measured on, too.
pub(crate) fn since(board: &Board) -> crate::Result<Vec<Since>> {
    let mut found = Vec::new();
    for line in FIGURES.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [trace, shard_hours, throttled] = fields[..] else { return Err(format!("three figures: {line:?}").into()) };
        let Some(at) = board.traces.iter().position(|other| other.name == trace) else { continue };
        let now = &board.ours_by_default().all[at].score;
        found.push(Since {
            trace: trace.to_owned(),
            shard_hours: (shard_hours.parse()?, now.shard_hours),
            throttled_percent: (throttled.parse()?, now.throttled_bytes_share * 100.0),
        });
    }
    Ok(found)
}
