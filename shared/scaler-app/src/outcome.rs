// SPDX-License-Identifier: Apache-2.0
//! What a function answers and logs: one outcome per stream looked at, each with its decision in figures and words.

use std::fmt;

use scaler_core::{AdmitReason, Cause, Decision, Direction, Progress, Resharding, ShardCall, Verdict};
use serde::{Serialize, Serializer};

use crate::advice::advice;
use crate::cloud::{CallError, Failure, NOT_FOUND_ADVICE};
use crate::retry::RetryNeeded;

/// How a pass over one stream (or one alarm that names none) ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// AWS accepted a resize.
    Resized,
    /// Nothing to do, or not now: the sweep looks again while the alarm fires.
    Held,
    /// A resize would have been requested.
    DryRun,
    /// Not to be done until a person does something.
    Refused,
    /// A notification that asks for nothing.
    Ignored,
    /// A call failed that may succeed when tried again.
    Failed,
    /// Everything is as it should be.
    Kept,
    /// Alarms were made, changed or deleted.
    Mended,
}

/// One step of the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepReport {
    /// The stage, as in `recommend`, `cooldown`, `step-factor`.
    pub stage: String,
    /// Shards after it.
    pub shards: u32,
    /// Why, in words.
    pub reason: String,
}

/// A split or a merge that took the place of `UpdateShardCount`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallReport {
    /// `split` or `merge`.
    pub call: &'static str,
    /// The shard that is split, or the lower one and the upper one that are merged.
    pub shards: Vec<String>,
    /// The first hash key of the upper part, in digits, of a split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Its number in its series, from 1 on.
    pub step: u32,
    /// How many there are in the series.
    pub of: u32,
}

impl CallReport {
    fn of(decision: &Decision) -> Option<Self> {
        let Resharding { call, .. } = decision.resharding.as_ref()?;
        let (call, shards, at) = match call {
            ShardCall::Split { shard, at } => ("split", vec![shard.clone()], Some(at.to_string())),
            ShardCall::Merge { lower, upper } => ("merge", vec![lower.clone(), upper.clone()], None),
        };
        let Progress { step, of } = decision.progress?;
        Some(Self { call, shards, at, step, of })
    }
}

impl fmt::Display for CallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, shards, step, of, .. } = self;
        write!(f, "{call} {} ({step} of {of})", shards.join(" with "))
    }
}

/// What a person is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutcomeCause {
    /// What keeps the stream from what it needs, by the decision.
    Decision(Cause),
    /// AWS refuses the call that the decision asks for.
    Refused,
    /// The stream's tags cannot be written.
    Tags,
    /// The stream's alarms cannot be made.
    Alarms,
}

/// A short name, by which the same is not told twice; letters and hyphens only, so that it fits a tag.
impl fmt::Display for OutcomeCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision(cause) => cause.fmt(f),
            Self::Refused => f.write_str("refused"),
            Self::Tags => f.write_str("tags"),
            Self::Alarms => f.write_str("alarms"),
        }
    }
}

impl Serialize for OutcomeCause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a pass ended, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The stream, where one is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// The alarm that asked, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// How it ended.
    pub outcome: OutcomeKind,
    /// Open shards before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<u32>,
    /// Shards requested, or that would have been; `current` where none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<u32>,
    /// The split or merge requested, or that would have been, where it is not the count that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resharding: Option<CallReport>,
    /// Whether a person should know: the stream does not get what it needs, and will not by itself.
    pub needs_attention: bool,
    /// A short name for what a person is told of, by which the same is not told twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<OutcomeCause>,
    /// The whole of it in a sentence.
    pub words: String,
    /// What a person can do next, where one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The decision, step by step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepReport>,
    /// What went wrong beside the decision, and was left for a later pass to mend.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// How a call failed that ended it, where one did.
    #[serde(skip)]
    pub failure: Option<Failure>,
    /// The decision itself, where there was one; `steps` says the same in words.
    #[serde(skip)]
    pub decision: Option<Box<Decision>>,
}

impl OutcomeKind {
    /// How a pass ends in which a call failed so.
    pub(crate) const fn of(failure: Failure) -> Self {
        match failure {
            Failure::NotFound
            | Failure::Refused
            | Failure::Denied
            | Failure::Unauthenticated(_)
            | Failure::Quota
            | Failure::DailyLimitReached => Self::Refused,
            Failure::InUse => Self::Held,
            Failure::Throttled | Failure::Unavailable | Failure::ServerFault | Failure::Unreadable => Self::Failed,
        }
    }
}

impl Outcome {
    /// An outcome without a decision.
    pub fn plain(outcome: OutcomeKind, stream: Option<&str>, words: impl Into<String>) -> Self {
        Self {
            stream: stream.map(str::to_owned),
            alarm: None,
            outcome,
            current: None,
            desired: None,
            resharding: None,
            needs_attention: matches!(outcome, OutcomeKind::Refused | OutcomeKind::Failed),
            cause: None,
            words: words.into(),
            next: None,
            steps: Vec::new(),
            faults: Vec::new(),
            failure: None,
            decision: None,
        }
    }

    /// The outcome of a call that failed before anything was decided.
    pub(crate) fn of_call(stream: &str, error: &CallError) -> Self {
        let next = (error.failure == Failure::NotFound).then(|| NOT_FOUND_ADVICE.to_owned());
        let failure = Some(error.failure);
        Self { next, failure, ..Self::plain(OutcomeKind::of(error.failure), Some(stream), error.to_string()) }
    }

    /// The outcome of a reason that ended a look at a stream before any decision.
    pub(crate) fn stopped(outcome: OutcomeKind, stream: &str, reason: &AdmitReason) -> Self {
        let mut stopped = Self::plain(outcome, Some(stream), reason.to_string());
        stopped.call_for_attention(stream, reason.cause().as_ref());
        stopped
    }

    /// Says what only a person can mend, and how, or that nobody is needed.
    pub(crate) fn call_for_attention(&mut self, stream: &str, cause: Option<&Cause>) {
        self.needs_attention = cause.is_some();
        self.cause = cause.cloned().map(OutcomeCause::Decision);
        self.next = cause.map(|cause| advice(cause, stream));
    }

    /// The outcome of a decision that was, if it asked for a resize, carried out.
    pub fn decided(stream: &str, decision: &Decision) -> Self {
        let outcome = match decision.verdict {
            Verdict::Resize => OutcomeKind::Resized,
            Verdict::DryRun => OutcomeKind::DryRun,
            Verdict::Hold | Verdict::Measure => OutcomeKind::Held,
            Verdict::Refuse => OutcomeKind::Refused,
        };
        let steps = decision.steps.iter().map(|step| StepReport {
            stage: step.reason.stage().to_string(),
            shards: step.shards.get(),
            reason: decision.describe(&step.reason),
        });
        let mut decided = Self {
            current: Some(decision.current.get()),
            desired: Some(decision.desired.get()),
            resharding: CallReport::of(decision),
            steps: steps.collect(),
            decision: Some(Box::new(decision.clone())),
            ..Self::plain(outcome, Some(stream), decision.words())
        };
        decided.call_for_attention(stream, decision.attention.as_ref());
        decided
    }

    /// The whole of it, with the split or merge that it came to.
    pub fn in_words(&self) -> String {
        let call = self.resharding.as_ref().map(|call| format!("{call}: "));
        call.unwrap_or_default() + &self.words
    }

    /// The same, asked for by this alarm.
    #[must_use]
    pub fn asked_by(mut self, alarm: &str) -> Self {
        self.alarm = Some(alarm.to_owned());
        self
    }
}

/// The answer to one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Response {
    /// `scale-out` or `scale-in`.
    pub function: String,
    /// One entry per stream or notification; empty when a sweep finds nothing firing.
    pub outcomes: Vec<Outcome>,
    #[serde(skip)]
    is_sweep: bool,
}

impl Response {
    pub(crate) fn new(direction: Direction, is_sweep: bool, outcomes: Vec<Outcome>) -> Self {
        Self { function: direction.to_string(), outcomes, is_sweep }
    }

    /// The answer for Lambda: an error where a retry could help, and only there. A stream that failed in a sweep is not
    /// worth one: the next sweep comes within a minute, and a retry would keep it waiting.
    ///
    /// # Errors
    /// At least one outcome is [`OutcomeKind::Failed`]. The event is handed over whole again, which is harmless for the
    /// streams that were resized: they are being resized, or cooling down.
    pub fn into_result(self) -> Result<Self, RetryNeeded> {
        let retried =
            |outcome: &&Outcome| outcome.outcome == OutcomeKind::Failed && !(self.is_sweep && outcome.stream.is_some());
        let failed: Vec<_> = self.outcomes.iter().filter(retried).collect();
        match failed.first() {
            None => Ok(self),
            Some(first) => {
                let (failed, all) = (failed.len(), self.outcomes.len());
                Err(RetryNeeded(format!("{failed} of {all} evaluations failed, the first: {}", first.words)))
            }
        }
    }
}
