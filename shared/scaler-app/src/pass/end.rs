// SPDX-License-Identifier: Apache-2.0
//! How a pass ended: with a decision that was carried out, or early; and the outcome that the log and the answer make of it.

use jiff::Timestamp;
use kinesis_model::ShardCount;
use scaler_core::{Cause, Decision, ResizeHistory};

use crate::advice::{TAGS_ADVICE, refusal_advice};
use crate::cloud::{CallError, Failure};
use crate::outcome::{Outcome, OutcomeCause, OutcomeKind};

/// A pass that came to its end.
#[derive(Debug)]
pub(crate) struct Pass {
    /// What was decided, and done if it asked for something.
    pub(crate) decision: Decision,
    /// What went wrong beside it, and was left for a later pass to mend.
    pub(crate) faults: Vec<String>,
}

/// A pass that a failed call ended early.
#[derive(Debug)]
pub(crate) struct Stop {
    /// The call that failed.
    pub(crate) error: CallError,
    /// Where it ended the pass.
    pub(crate) at: StoppedAt,
    /// What went wrong before.
    pub(crate) faults: Vec<String>,
}

/// Where a failed call ended a pass.
#[derive(Debug)]
pub(crate) enum StoppedAt {
    /// Before anything was decided.
    Look,
    /// When the attempt was to be written on the stream, which has so many shards.
    Attempt(ShardCount),
    /// When the metrics of shards were to be switched on.
    Measuring(Box<Decision>, ResizeHistory),
    /// When the decision was to be carried out.
    Resize {
        /// It.
        decision: Box<Decision>,
        /// The resizes before.
        history: ResizeHistory,
        /// When it was tried.
        at: Timestamp,
    },
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self { error, at: StoppedAt::Look, faults: Vec::new() }
    }
}

impl Outcome {
    /// The outcome of a pass over this stream.
    pub(crate) fn of_pass(stream: &str, end: Result<Pass, Stop>) -> Self {
        let (mut outcome, faults) = match end {
            Ok(Pass { decision, faults }) => (Self::decided(stream, &decision), faults),
            Err(Stop { error, at, faults }) => (Self::of_stop(stream, &error, at), faults),
        };
        outcome.faults.extend(faults);
        outcome
    }

    fn of_stop(stream: &str, error: &CallError, at: StoppedAt) -> Self {
        let failed = Self::of_call(stream, error);
        match at {
            StoppedAt::Look => failed,
            StoppedAt::Attempt(current) => {
                let next = error.failure.is_refusal().then(|| TAGS_ADVICE.to_owned());
                Self { current: Some(current.get()), next, ..failed }
            }
            StoppedAt::Measuring(decision, history) => {
                let next = error.failure.is_refusal().then(|| refusal_advice(error, &history));
                let cause = next.is_some().then_some(OutcomeCause::Refused);
                let current = Some(decision.current.get());
                // Perhaps it was carried out, and is charged.
                let decision = error.failure.is_uncertain().then_some(decision);
                Self { current, cause, next, decision, ..failed }
            }
            StoppedAt::Resize { decision, history, at } => Self::of_resize(stream, error, &decision, &history, at),
        }
    }

    /// The outcome of a decision whose call failed.
    fn of_resize(stream: &str, error: &CallError, decision: &Decision, history: &ResizeHistory, at: Timestamp) -> Self {
        let mut outcome = Self {
            outcome: OutcomeKind::of(error.failure),
            failure: Some(error.failure),
            words: format!("{error}; the decision was: {}", decision.words()),
            ..Self::decided(stream, decision)
        };
        match error.failure {
            Failure::InUse => {}
            Failure::DailyLimitReached => {
                let spent = Some(Cause::daily_limit_reached(at)).filter(|spent| spent.matters_in(decision.direction));
                outcome.call_for_attention(stream, spent.as_ref());
            }
            _ => {
                outcome.needs_attention = true;
                outcome.cause = Some(OutcomeCause::Refused);
                outcome.next = Some(refusal_advice(error, history));
            }
        }
        outcome
    }
}
