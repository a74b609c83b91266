// SPDX-License-Identifier: Apache-2.0
//! What a decision asks for is carried out: a resize, a split or merge, the metrics of shards; and the alarms are fitted to it.

use jiff::Timestamp;
use kinesis_model::ShardCount;
use scaler_core::{
    Attempt, AttemptKind, Decision, Direction, Policy, ShardCall, StreamTags, TAG_RESIZES, Verdict, scaling_alarm,
};

use super::end::{Pass, Stop, StoppedAt};
use super::refit::refit;
use crate::cloud::{CallError, Clock, Cloud, Failure, Kinesis};
use crate::function_state::FunctionState;

/// A stream on which decisions are carried out.
pub(super) struct Act<'a, C> {
    pub(super) cloud: &'a C,
    pub(super) function_state: &'a FunctionState,
    /// The stream's own policy, by which it was admitted.
    pub(super) policy: &'a Policy,
    pub(super) stream: &'a str,
    pub(super) tags: &'a StreamTags,
}

impl<C: Cloud> Act<'_, C> {
    /// Carries a decision out. Where nothing is to be done but fit the alarms, `misfits` says so.
    pub(super) async fn carry_out(&self, decision: Decision, misfits: bool) -> Result<Pass, Stop> {
        match decision.verdict {
            Verdict::Resize => self.resize(decision).await,
            Verdict::Measure => self.measure(decision).await,
            Verdict::DryRun | Verdict::Hold | Verdict::Refuse => {
                let faults = if misfits { self.refit(decision.current).await } else { None };
                Ok(Pass { decision, faults: faults.into_iter().collect() })
            }
        }
    }

    /// Has the shards' metrics sent; what they say is another pass's.
    async fn measure(&self, decision: Decision) -> Result<Pass, Stop> {
        match self.cloud.kinesis().enable_shard_metrics(self.stream).await {
            Ok(()) => Ok(Pass { decision, faults: Vec::new() }),
            Err(error) => {
                let at = StoppedAt::Measuring(Box::new(decision), self.tags.history.clone());
                Err(Stop { error, at, faults: Vec::new() })
            }
        }
    }

    /// Makes the call: writes the attempt down, requests it, writes the answer down, brings the alarms in step.
    pub(super) async fn resize(&self, decision: Decision) -> Result<Pass, Stop> {
        // Before the call: should the answer be lost, or this function die, it may have been made.
        let asked = attempt(&decision, self.cloud.clock().now());
        if let Err(error) = self.write_down(asked).await {
            return Err(Stop { error, at: StoppedAt::Attempt(decision.current), faults: Vec::new() });
        }
        let answer = self.call(&decision).await;
        let known = match &answer {
            Ok(()) => asked.accepted(),
            Err(error) => after(error.failure, asked, decision.current),
        };
        // A stream that has just been set in motion may refuse tags. Then the entry stays as it was, which explains what the stream
        // is now and what it may become: the next look settles it.
        if known != asked {
            let _ = self.write_down(known).await;
        }
        match answer {
            Ok(()) => {
                let faults = self.refit(decision.desired).await.into_iter().collect();
                Ok(Pass { decision, faults })
            }
            Err(error) => {
                let (decision, history) = (Box::new(decision), self.tags.history.clone());
                Err(Stop { error, at: StoppedAt::Resize { decision, history, at: known.at }, faults: Vec::new() })
            }
        }
    }

    async fn write_down(&self, attempt: Attempt) -> Result<(), CallError> {
        let history = self.tags.history.with(attempt).to_string();
        self.cloud.kinesis().put_tag(self.stream, TAG_RESIZES, &history).await
    }

    /// Makes the one call that a decision came to.
    async fn call(&self, decision: &Decision) -> Result<(), CallError> {
        let (kinesis, stream) = (self.cloud.kinesis(), self.stream);
        match decision.resharding.as_ref().map(|resharding| &resharding.call) {
            None => kinesis.update_shard_count(stream, decision.desired).await,
            Some(ShardCall::Split { shard, at }) => kinesis.split_shard(stream, shard, *at).await,
            Some(ShardCall::Merge { lower, upper }) => kinesis.merge_shards(stream, lower, upper).await,
        }
    }

    /// Fits both alarms to a count; says what went wrong.
    ///
    /// The stream is right and an alarm is not: nothing is undone, and the sweep that this alarm causes mends it.
    async fn refit(&self, shards: ShardCount) -> Option<String> {
        let fitted = |direction| scaling_alarm(self.policy, self.stream, shards, direction);
        let alarms = [Direction::Out, Direction::In].map(fitted);
        let failed = refit(self.cloud.cloudwatch(), &self.function_state.stack, &alarms).await.err()?;
        Some(format!("the alarms do not fit the new shard count of {shards} yet: {failed}"))
    }
}

/// What is known of an attempt whose call failed so.
fn after(failure: Failure, asked: Attempt, current: ShardCount) -> Attempt {
    match failure {
        // Perhaps it was made.
        Failure::Unavailable | Failure::ServerFault | Failure::Unreadable => asked,
        // Though ACTIVE a moment ago: perhaps by the other function, whose entry in the tag ours has overwritten. To which count is
        // not known.
        Failure::InUse => Attempt { kind: AttemptKind::External, from: current, to: None, ..asked },
        Failure::DailyLimitReached => {
            Attempt { kind: AttemptKind::DailyLimitReached, from: current, to: None, ..asked }
        }
        Failure::NotFound
        | Failure::Refused
        | Failure::Denied
        | Failure::Unauthenticated(_)
        | Failure::Quota
        | Failure::Throttled => Attempt { kind: AttemptKind::Refused, ..asked },
    }
}

/// What is written down of a decision's call.
fn attempt(decision: &Decision, at: Timestamp) -> Attempt {
    match (&decision.resharding, decision.direction) {
        (Some(plan), _) => Attempt { at, kind: AttemptKind::SplitOrMerge, from: plan.from, to: Some(plan.to) },
        (None, direction) => {
            let kind = AttemptKind::Unanswered(direction);
            Attempt { at, kind, from: decision.current, to: Some(decision.desired) }
        }
    }
}
