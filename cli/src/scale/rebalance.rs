// SPDX-License-Identifier: Apache-2.0
//! `shardctl scale NAME rebalance`: a person's order to bring every shard under its target, split by split.

use anyhow::{Context as _, Result};
use billing::prices::{Item, PriceSheet};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::SHARD_METRICS;
use kinesis_model::{MetricWindow, OpenShard, ShardCount, StreamState};
use scaler_app::advice::{StreamCommand, advice, operand};
use scaler_app::cloud::{CallError, Clock as _, Cloud as _, CloudWatch as _, Failure, Kinesis as _};
use scaler_app::{Outcome, OutcomeKind, reshard};
use scaler_core::{
    Decision, Direction, Fetched, Intent, KeyLoad, Observation, Policy, Progress, Reason, Rebalance, ShardWindow,
    Stage, StreamTags, TAG_SHARDS_MAX, admit, rebalance,
};

use super::plan::{Plan, Step, Turn};
use super::{ACTIVE_WITHIN, Answer, OrderResult, ScaleJob};
use crate::connection::explained;
use crate::waiting::{Pauses, until_active, until_step};
use kinesis_model::whole_minute;

impl ScaleJob<'_> {
    /// Splits what is hot and merges what is cold.
    pub(super) async fn rebalance(&self) -> Result<Answer> {
        let (state, tags) = self.look().await?;
        let began = state.open_shards;
        let policy = match admit(self.stack, &state, &tags, Intent::Auto, Direction::Out) {
            Ok(policy) => policy,
            Err(decision) => return Ok(self.stopped(began, Vec::new(), Outcome::decided(self.stream, &decision))),
        };
        if !state.shard_metrics {
            return Ok(self.unmeasured(began));
        }
        // As for any order of a person's, the stack's dry run does not count.
        let is_dry_run = tags.overrides.is_dry_run();
        // What single keys take could be known of a sample; here it is not.
        let keys = [];
        let Some(planned) = self.planned(&policy, state, tags, &keys).await? else {
            return Ok(self.unknown(began, &policy));
        };
        let (plan, notes) = (Plan::of(&planned, &keys), self.notes(&policy, &planned));
        let mut answer = if plan.operations.is_empty() {
            self.nothing(began, &policy, &plan, &planned)
        } else if is_dry_run || self.arguments.dry_run {
            let (words, all, then) = (plan.in_words(), began, plan.shards());
            let next = (!self.arguments.dry_run).then(|| self.dry_run_tag_advice());
            let words = format!("{words} would lead from {all} shards to {then}; nothing was changed");
            self.told(OrderResult::DryRun, began, words, next)
        } else {
            self.carry_out(began, &plan).await?
        };
        if answer.outcome == OrderResult::DryRun {
            answer.to = u32::try_from(plan.shards()).ok();
        }
        Ok(Answer { plan: Some(plan), notes, ..answer })
    }

    async fn look(&self) -> Result<(StreamState, StreamTags)> {
        let streams = self.connection.cloud.kinesis();
        let state = streams.describe(self.stream).await.map_err(|error| explained(&error))?;
        Ok((state, self.tags().await.map_err(|error| explained(&error))?))
    }

    /// What there is to be done; `None` where nothing is known of the shards.
    async fn planned(
        &self,
        policy: &Policy,
        stream: StreamState,
        tags: StreamTags,
        keys: &[KeyLoad],
    ) -> Result<Option<Rebalance>> {
        let now = self.connection.cloud.clock().now();
        let minutes = policy.window_minutes(Direction::In).max(policy.window_minutes(Direction::Out));
        let read = self.shards(whole_minute(now), minutes).await.map_err(|error| explained(&error))?;
        let (window, open, closed) = read;
        let (plan, account, shards) = (Fetched::NotYet, Fetched::NotYet, Fetched::Known(open));
        let seen = Observation { stream, tags, window, plan, account, shards };
        Ok(rebalance(policy, &seen, &closed, keys, now))
    }

    /// The metrics of the stream, of its open shards, and of those that were closed within these minutes.
    async fn shards(
        &self,
        end: Timestamp,
        minutes: u32,
    ) -> Result<(MetricWindow, Vec<ShardWindow>, Vec<ShardWindow>), CallError> {
        let cloud = &self.connection.cloud;
        let window = cloud.cloudwatch().window(self.stream, end, minutes).await?;
        let open = cloud.kinesis().open_shards(self.stream).await?;
        let since = end.checked_sub(SignedDuration::from_mins(i64::from(minutes))).unwrap_or(Timestamp::MIN);
        let mut closed = self.connection.operator.shards_since(self.stream, since).await?;
        closed.retain(|shard| !open.contains(shard));
        let ids: Vec<_> = open.iter().chain(&closed).map(|shard| shard.id.clone()).collect();
        let mut windows = cloud.cloudwatch().shard_windows(self.stream, &ids, end, minutes).await?;
        let mut with_window = |shard: OpenShard| {
            let window = windows.remove(&shard.id).unwrap_or_else(|| MetricWindow::unknown(end, minutes as usize));
            ShardWindow { shard, window }
        };
        let open = open.into_iter().map(&mut with_window).collect();
        Ok((window, open, closed.into_iter().map(with_window).collect()))
    }

    /// Makes the first split or merge that is not done yet; all of them, if it may wait.
    async fn carry_out(&self, began: ShardCount, plan: &Plan) -> Result<Answer> {
        let all = u32::try_from(plan.operations.len()).unwrap_or(u32::MAX);
        let mut passes = Vec::new();
        for (step, number) in plan.operations.iter().zip(1..) {
            match self.operate(step, number, all).await.with_context(|| done(began, &passes))? {
                None => {}
                Some(pass) if pass.outcome == OutcomeKind::Resized => passes.push(pass),
                Some(pass) => return Ok(self.stopped(began, passes, pass)),
            }
            if !self.arguments.wait && number < all && !passes.is_empty() {
                let words = format!("{} ({number} of {all}): {}", step.name(), done(began, &passes));
                let next = format!("One at a time. To go on: {}", self.again());
                return Ok(self.made(began, passes, words, Some(next)));
            }
        }
        let words = if passes.is_empty() {
            format!("{}, which somebody else has made meanwhile", plan.in_words())
        } else {
            format!("{}: {}", plan.in_words(), done(began, &passes))
        };
        let next = (!self.arguments.wait)
            .then(|| format!("AWS takes minutes: shardctl status {} shows when it is ACTIVE.", operand(self.stream)));
        Ok(self.made(began, passes, words, next))
    }

    fn made(&self, began: ShardCount, passes: Vec<Outcome>, words: String, next: Option<String>) -> Answer {
        let to = passes.last().and_then(|pass| pass.desired).or(Some(began.get()));
        Answer { to, passes, ..self.told(OrderResult::Resized, began, words, next) }
    }

    /// Makes one split or merge, again where somebody else was quicker; `None` where it is done already.
    async fn operate(&self, step: &Step, number: u32, all: u32) -> Result<Option<Outcome>> {
        let cloud = &self.connection.cloud;
        let (began, mut pauses) = (cloud.clock().now(), Pauses::new());
        loop {
            let (state, tags) = self.look().await?;
            let pass = match self.turn(step, &state, &tags).await? {
                Ok((_, Turn::Done)) => return Ok(None),
                Ok((_, Turn::Gone)) => return Ok(Some(Outcome::plain(OutcomeKind::Held, Some(self.stream), GONE))),
                Ok((policy, Turn::Call(call))) => {
                    let ordered = Decision::ordered(call, state.open_shards, Progress { step: number, of: all });
                    reshard(cloud, &self.connection.function_state, &policy, self.stream, &tags, &ordered).await
                }
                Err(pass) => *pass,
            };
            if !self.arguments.wait {
                return Ok(Some(pass));
            }
            let progress = format!("{number} of {all}: ");
            match pass.outcome {
                OutcomeKind::Resized => {
                    let before = Some(state.open_shards);
                    until_step(self.connection, self.stream, before, ACTIVE_WITHIN, &progress).await?;
                    return Ok(Some(pass));
                }
                // Somebody changes the stream: then it is looked at anew.
                OutcomeKind::Held if cloud.clock().now().duration_since(began) < ACTIVE_WITHIN => {
                    pauses.next().await;
                    until_active(self.connection, self.stream, ACTIVE_WITHIN).await?;
                }
                _ => return Ok(Some(pass)),
            }
        }
    }

    /// The stream's own policy and what a step comes to now, or what stands against it.
    async fn turn(
        &self,
        step: &Step,
        state: &StreamState,
        tags: &StreamTags,
    ) -> Result<Result<(Policy, Turn), Box<Outcome>>> {
        let policy = match admit(self.stack, state, tags, Intent::Auto, Direction::Out) {
            Ok(policy) => policy,
            Err(decision) => return Ok(Err(Box::new(Outcome::decided(self.stream, &decision)))),
        };
        match self.connection.cloud.kinesis().open_shards(self.stream).await {
            Ok(open) => Ok(Ok((policy, step.on(&open)))),
            Err(error) if error.failure == Failure::InUse => {
                Ok(Err(Box::new(Outcome::plain(OutcomeKind::Held, Some(self.stream), error.to_string()))))
            }
            Err(error) => Err(explained(&error)),
        }
    }

    /// Something stands against the order, or against the rest of it.
    fn stopped(&self, began: ShardCount, mut passes: Vec<Outcome>, last: Outcome) -> Answer {
        let (outcome, next) = match last.outcome {
            OutcomeKind::Refused => (OrderResult::Refused, self.enrol(&last).or_else(|| last.next.clone())),
            OutcomeKind::Failed => (OrderResult::Failed, Some(self.check_status_advice())),
            _ if is_not_active(&last) => (OrderResult::Held, Some(format!("When it is ACTIVE: {}", self.again()))),
            _ => (OrderResult::Held, Some(format!("To check again: {}", self.again()))),
        };
        let way = if passes.is_empty() { String::new() } else { format!("{}, then ", done(began, &passes)) };
        let words = format!("{way}{}", last.words);
        let to = passes.last().and_then(|pass| pass.desired).or(Some(began.get()));
        passes.push(last);
        Answer { to, passes, ..self.told(outcome, began, words, next) }
    }

    /// Without shard-level metrics there is nothing to plan by.
    fn unmeasured(&self, began: ShardCount) -> Answer {
        let metrics = SHARD_METRICS.len() as u64 * u64::from(began.get());
        // Each is charged as a custom metric. Kinesis Developer Guide, "Monitoring with CloudWatch".
        let cost = match PriceSheet::of(&self.connection.region).price(Item::CustomMetric) {
            Ok(month) => format!("which costs {} USD a month for these shards", month.times(metrics)),
            Err(_) => format!("which is charged as {metrics} custom metrics for these shards"),
        };
        let words = "its shard-level metrics are off, so the load of each shard is unknown";
        let next = format!(
            "Switch them on, {cost}, and run this command again some minutes later: {}",
            self.command(StreamCommand::Measure(&SHARD_METRICS))
        );
        self.told(OrderResult::Refused, began, words.to_owned(), Some(next))
    }

    /// Nor while they say nothing.
    fn unknown(&self, began: ShardCount, policy: &Policy) -> Answer {
        let minutes = policy.window_minutes(Direction::Out);
        let words = format!(
            "CloudWatch has no metrics of its shards for the last {minutes} minutes: an unknown \
            load is not treated as idle"
        );
        let next = "A shard's metrics arrive in CloudWatch some minutes after they were switched on and a record was \
             written.";
        self.told(OrderResult::Held, began, words, Some(next.to_owned()))
    }

    /// No split and no merge.
    fn nothing(&self, began: ShardCount, policy: &Policy, plan: &Plan, planned: &Rebalance) -> Answer {
        let (fullest, target) = (plan.fullest_percent(), policy.target_utilization_percent);
        let (outcome, words) = if planned.hot_keys.is_empty() && planned.needs.is_none() {
            (
                OrderResult::NothingToDo,
                format!("no shard is hot, and no adjacent shards are cold: the fullest shard takes {fullest} %"),
            )
        } else {
            (OrderResult::Held, format!("no split or merge would help: the fullest shard takes {fullest} %"))
        };
        self.told(outcome, began, format!("{words} of one shard's capacity; the target is {target} %"), None)
    }

    /// What a person should know besides.
    fn notes(&self, policy: &Policy, planned: &Rebalance) -> Vec<String> {
        let mut notes = Vec::new();
        for hot in &planned.hot_keys {
            notes.push(format!("{hot}. {}", advice(&hot.cause(), self.stream)));
        }
        if let Some(needs) = planned.needs {
            notes.push(format!(
                "All shards fit under the target only with {needs} shards, and the maximum is {}: {} raises it.",
                policy.shards_max,
                self.command(StreamCommand::Tag(&format!("{TAG_SHARDS_MAX}={needs}")))
            ));
        }
        if planned.is_even && planned.plan.operations.len() > 1 {
            notes.push(format!(
                "All shards are equally full: {} can add shards with one of the day's ten resizes.",
                self.scale(&format!("{} out", operand(self.stream)))
            ));
        }
        notes.extend(
            planned.unmerged.iter().map(|reason: &Reason| format!("Cold adjacent shards are not merged: {reason}.")),
        );
        notes
    }

    /// The command that goes on.
    fn again(&self) -> String {
        self.scale(&format!("--wait {} rebalance", operand(self.stream)))
    }

    fn told(&self, outcome: OrderResult, began: ShardCount, words: String, next: Option<String>) -> Answer {
        let (stream, from) = (self.stream.to_owned(), Some(began.get()));
        let (notes, passes) = (Vec::new(), Vec::new());
        Answer { stream, outcome, ordered: None, from, to: from, words, notes, next, plan: None, passes }
    }
}

const GONE: &str = "the shards no longer match the plan: somebody else is changing the stream";

/// The counts on the way, `4 -> 5 -> 6`.
fn done(began: ShardCount, passes: &[Outcome]) -> String {
    let counts = passes.iter().filter(|pass| pass.outcome == OutcomeKind::Resized).filter_map(|pass| pass.desired);
    counts.fold(began.to_string(), |way, count| format!("{way} -> {count}"))
}

fn is_not_active(pass: &Outcome) -> bool {
    pass.decision.as_deref().is_some_and(|decision| decision.blocked_by == Some(Stage::Admit))
}
