// SPDX-License-Identifier: Apache-2.0
//! What a policy did with a stream over a trace: the capacity of each minute and the calls that led to it.

use aws_models::stream_model::Call;

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
