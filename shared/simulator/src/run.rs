// SPDX-License-Identifier: Apache-2.0
//! What a policy did with a stream over a trace: the capacity of each minute and the calls that led to it.

use aws_models::stream_model::{Assumptions, Call};
use kinesis_model::Demand;

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Shards in force in each minute of the trace.
    pub capacity: Vec<u32>,
    /// The resizes that were accepted, in their order.
    pub calls: Vec<Call>,
    /// The share of each minute's tries, 0 to 1, that was throttled; `None` where capacity alone tells, since keys are spread
    /// evenly and what is throttled is lost.
    pub throttled: Option<Vec<f64>>,
}

impl Run {
    /// The share of a minute's tries, 0 to 1, that was throttled: as the run knows it, else as the capacity of so many shards tells.
    pub fn throttled_share(&self, minute: usize, offered: &Demand, shards: u32, assumptions: &Assumptions) -> f64 {
        let known = self.throttled.as_ref().and_then(|shares| shares.get(minute));
        known.copied().unwrap_or_else(|| assumptions.throttled_share(offered, shards))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_knows_of_a_minute_wins_over_what_its_count_tells() {
        let run = Run { throttled: Some(vec![0.25]), ..Run::default() };
        let idle = Demand::default();
        let shares = [0, 1].map(|minute| run.throttled_share(minute, &idle, 1, &Assumptions::default()));
        assert_eq!(shares.map(f64::to_bits), [0.25, 0.0].map(f64::to_bits));
    }
}
