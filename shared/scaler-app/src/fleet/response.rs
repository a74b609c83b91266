// SPDX-License-Identifier: Apache-2.0
//! What alarm-sync answers: how many streams it saw, and an outcome for each that was not as it should be.

use serde::Serialize;

use crate::outcome::{Outcome, OutcomeKind};
use crate::retry::RetryNeeded;
use crate::telemetry::{Gauges, TelemetryItem};

/// Outcomes in one answer, at most: Lambda takes 6 MB, and the log has them all.
const OUTCOMES_MAX: usize = 200;
/// Streams named of each kind, at most: a message is to be read.
const NAMED_MAX: usize = 10;

/// The answer to one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncResponse {
    /// `alarm-sync`.
    pub function: &'static str,
    /// Streams at which everything was as it should be.
    pub kept: usize,
    /// All others, and what concerns no single stream; the first 200.
    pub outcomes: Vec<Outcome>,
    /// Outcomes left out above.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// The stream after which another run goes on, where time did not suffice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goes_on_after: Option<String>,
    #[serde(skip)]
    retry: Option<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl SyncResponse {
    /// The answer for Lambda: an error where a retry could help, and only there. Streams that failed in a walk over the fleet
    /// are not worth one: the next walk comes within minutes.
    ///
    /// # Errors
    /// The walk itself failed, or a stream that the event was about.
    pub fn into_result(self) -> Result<Self, RetryNeeded> {
        match self.retry {
            None => Ok(self),
            Some(words) => Err(RetryNeeded(words)),
        }
    }
}

/// Outcomes of one kind: how many there were, and the first few.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) count: usize,
    pub(super) first: Vec<Outcome>,
}

impl Counted {
    fn add(&mut self, outcome: &Outcome) {
        self.count += 1;
        if self.first.len() < NAMED_MAX {
            self.first.push(outcome.clone());
        }
    }
}

/// What people are told of a run, counted as it comes: the answer holds a part only.
#[derive(Default)]
pub(super) struct Seen {
    /// Outcomes for which alarms were made or put right.
    pub(super) mended: usize,
    /// Streams that were resized.
    pub(super) resized: Counted,
    /// Streams that would have been, but for a dry run.
    pub(super) in_dry_run: Counted,
    /// What needs somebody.
    pub(super) needy: Counted,
}

impl Seen {
    fn add(&mut self, outcome: &Outcome) {
        match outcome.outcome {
            OutcomeKind::Mended => self.mended += 1,
            OutcomeKind::Resized => self.resized.add(outcome),
            OutcomeKind::DryRun => self.in_dry_run.add(outcome),
            _ => {}
        }
        if outcome.needs_attention {
            self.needy.add(outcome);
        }
    }
}

/// Gathers a run's answer and emits everything as it comes.
pub(super) struct ResponseBuilder<'a> {
    emit: &'a mut (dyn FnMut(TelemetryItem) + Send),
    response: SyncResponse,
    seen: Seen,
}

impl<'a> ResponseBuilder<'a> {
    pub(super) fn new(emit: &'a mut (dyn FnMut(TelemetryItem) + Send)) -> Self {
        let response = SyncResponse {
            function: "alarm-sync",
            kept: 0,
            outcomes: Vec::new(),
            left_out: 0,
            goes_on_after: None,
            retry: None,
        };
        Self { emit, response, seen: Seen::default() }
    }

    /// One more outcome; a stream that is as it should be is only counted.
    pub(super) fn outcome(&mut self, outcome: Outcome) {
        if outcome.outcome == OutcomeKind::Kept {
            self.response.kept += 1;
            return;
        }
        self.seen.add(&outcome);
        (self.emit)(TelemetryItem::Outcome(Box::new(outcome.clone())));
        if self.response.outcomes.len() < OUTCOMES_MAX {
            self.response.outcomes.push(outcome);
        } else {
            self.response.left_out += 1;
        }
    }

    /// As [`Self::outcome`], and the event is worth another try if it failed.
    pub(super) fn decisive(&mut self, outcome: Outcome) {
        if outcome.outcome == OutcomeKind::Failed {
            self.response.retry.get_or_insert_with(|| outcome.words.clone());
        }
        self.outcome(outcome);
    }

    pub(super) fn gauges(&mut self, gauges: Gauges) {
        (self.emit)(TelemetryItem::Gauges(gauges));
    }

    pub(super) fn goes_on_after(&mut self, stream: &str) {
        self.response.goes_on_after = Some(stream.to_owned());
    }

    /// All that was seen until now.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The stream after which another run goes on, if one does.
    pub(super) fn rest(&self) -> Option<&str> {
        self.response.goes_on_after.as_deref()
    }

    pub(super) fn build(self) -> SyncResponse {
        self.response
    }
}
