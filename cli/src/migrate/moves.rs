// SPDX-License-Identifier: Apache-2.0
//! Topics, each with the stream that it becomes.

use billing::Bill;
use billing::prices::{MissingPrice, PriceSheet};
use kinesis_model::MicroUsd;
use sizing::migration::{StreamPlan, Topic};

use super::gathered::Gathered;
use crate::pricing::unpriced;

/// A topic and the stream that it becomes.
pub(super) struct Move {
    pub(super) name: String,
    /// `None` where no stream can be called as the topic is.
    pub(super) stream: Option<String>,
    /// The tool whose own it may be, by its name: a person has to say.
    pub(super) likely_of: Option<&'static str>,
    pub(super) topic: Topic,
    /// Whether the rate is the assumption for topics whose rate nobody said.
    pub(super) is_assumed: bool,
    pub(super) plan: StreamPlan,
    /// `None` where the shards are not known.
    pub(super) month: Option<Result<Bill, MissingPrice>>,
}

/// All topics, and what is said of them.
pub(super) struct Report<'a> {
    pub(super) moves: Vec<Move>,
    pub(super) gathered: &'a Gathered,
    pub(super) sheet: &'a PriceSheet,
    pub(super) headroom_percent: u32,
}

impl Report<'_> {
    /// Shards of all streams, as far as they are known.
    pub(super) fn shards(&self) -> u64 {
        self.moves.iter().filter_map(|moved| moved.plan.sizing).map(|sizing| u64::from(sizing.recommended.get())).sum()
    }

    /// The prices that are missing, each once.
    pub(super) fn price_faults(&self) -> Vec<String> {
        let mut faults: Vec<_> =
            self.moves.iter().filter_map(|moved| moved.month.as_ref()?.as_ref().err().map(unpriced)).collect();
        faults.sort();
        faults.dedup();
        faults
    }

    /// What a month of all streams costs, as far as it is known.
    pub(super) fn month(&self) -> MicroUsd {
        let totals = self.moves.iter().filter_map(|moved| Some(moved.month.as_ref()?.as_ref().ok()?.total()));
        totals.fold(MicroUsd::default(), MicroUsd::and)
    }
}

impl Move {
    /// What a person has to say of a topic that may be another tool's own.
    pub(super) fn question(&self) -> Option<String> {
        let whose = self.likely_of?;
        Some(format!("by its name it may be {whose}, which need not move: does it belong to an application?"))
    }
}
