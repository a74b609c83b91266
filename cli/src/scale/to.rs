// SPDX-License-Identifier: Apache-2.0
//! `shardctl scale NAME to N`: a person's order, resize by resize, until it is reached or held.

use std::cmp::Ordering;

use anyhow::{Context as _, Result};
use kinesis_model::{ShardCount, StreamState};
use scaler_app::advice::{StreamCommand, operand};
use scaler_app::cloud::{CallError, Clock as _, Cloud as _, CloudWatch as _, Kinesis as _};
use scaler_app::{Outcome, OutcomeKind, reconcile};
use scaler_core::{
    Decision, Direction, Intent, Order, Policy, PolicySpec, Stage, StreamTags, TAG_SHARDS_MAX, TAG_SHARDS_MIN, admit,
};

use super::{ACTIVE_WITHIN, Answer, Arguments, OrderResult, ScaleJob};
use crate::connection::{Connection, explained};
use crate::load::needed_shards;
use crate::waiting::until_resized;
use kinesis_model::whole_minute;

/// An order for a count, and what the stream is beside it.
struct CountOrder<'a> {
    job: &'a ScaleJob<'a>,
    count: ShardCount,
    tags: StreamTags,
    /// The stream's policy without the order.
    own: Policy,
}

impl ScaleJob<'_> {
    /// Goes to exactly so many shards.
    pub(super) async fn to(&self, count: ShardCount) -> Result<Answer> {
        let tags = self.tags().await.map_err(|error| explained(&error))?;
        // Bounds that contradict each other give way to the order as all others do.
        let own = tags.policy(self.stack).unwrap_or(*self.stack);
        CountOrder { job: self, count, tags, own }.carry_out().await
    }
}

impl CountOrder<'_> {
    async fn carry_out(&self) -> Result<Answer> {
        let mut state = self.state().await?;
        let (began, mut passes) = (state.open_shards, Vec::new());
        loop {
            let current = state.open_shards;
            let direction = match self.count.cmp(&current) {
                Ordering::Greater => Direction::Out,
                Ordering::Less => Direction::In,
                Ordering::Equal => return self.reached(&state, began, passes).await,
            };
            let pass = self.pass(direction).await;
            match pass.outcome {
                OutcomeKind::Resized if self.job.arguments.wait => passes.push(pass),
                OutcomeKind::Resized | OutcomeKind::DryRun => return self.stepped(began, passes, pass).await,
                _ => return self.stopped(began, passes, pass).await,
            }
            let resized = until_resized(self.job.connection, self.job.stream, Some(current), ACTIVE_WITHIN).await;
            state = resized.with_context(|| format!("{} was ordered", way(began, &passes)))?;
        }
    }

    fn intent(&self) -> Intent {
        let Arguments { dry_run, despite_unknown_load, .. } = *self.job.arguments;
        Intent::Exactly(Order { shards: self.count, dry_run, unknown_is_idle: despite_unknown_load })
    }

    async fn pass(&self, direction: Direction) -> Outcome {
        let ScaleJob { connection, stack, stream, .. } = *self.job;
        let Connection { cloud, function_state, .. } = connection;
        reconcile(cloud, function_state, stack, stream, self.intent(), direction, None).await
    }

    async fn state(&self) -> Result<StreamState> {
        self.job.connection.cloud.kinesis().describe(self.job.stream).await.map_err(|error| explained(&error))
    }

    /// The stream has the count: since it was brought there, or all along.
    async fn reached(&self, state: &StreamState, began: ShardCount, passes: Vec<Outcome>) -> Result<Answer> {
        if passes.is_empty()
            && let Err(decision) = admit(self.job.stack, state, &self.tags, self.intent(), Direction::Out)
        {
            return self.stopped(began, passes, Outcome::decided(self.job.stream, &decision)).await;
        }
        let (outcome, words) = match self.count {
            count if count == began => (OrderResult::NothingToDo, format!("the stream has {count} already")),
            _ => (OrderResult::Resized, format!("as ordered: {}", way(began, &passes))),
        };
        Ok(self.answer(outcome, began, passes, words, None).await)
    }

    /// One resize was asked for, or would be.
    async fn stepped(&self, began: ShardCount, mut passes: Vec<Outcome>, last: Outcome) -> Result<Answer> {
        let desired = last.desired.unwrap_or(began.get());
        let outcome = if last.outcome == OutcomeKind::DryRun { OrderResult::DryRun } else { OrderResult::Resized };
        passes.push(last);
        let (count, stream) = (self.count, operand(self.job.stream));
        let is_all = desired == count.get();
        let whole = if is_all { "as ordered".to_owned() } else { format!("on the way to {count}") };
        let words = match outcome {
            OrderResult::DryRun => format!("would go from {began} to {desired}, {whole}; nothing was changed"),
            _ => format!("requested: from {began} to {desired}, {whole}"),
        };
        let next = match outcome {
            OrderResult::DryRun if !self.job.arguments.dry_run => Some(self.job.dry_run_tag_advice()),
            OrderResult::DryRun => None,
            _ if is_all => Some(format!("AWS takes minutes: shardctl status {stream} shows when it is ACTIVE.")),
            _ => Some(format!(
                "One resize at most doubles or halves the count. To go on: {}",
                self.job.scale(&format!("--wait {stream} to {count}"))
            )),
        };
        Ok(self.answer(outcome, began, passes, words, next).await)
    }

    /// Something stands against the order.
    async fn stopped(&self, began: ShardCount, mut passes: Vec<Outcome>, last: Outcome) -> Result<Answer> {
        let (outcome, next) = match last.outcome {
            OutcomeKind::Refused => (OrderResult::Refused, self.job.enrol(&last).or_else(|| last.next.clone())),
            OutcomeKind::Failed => (OrderResult::Failed, Some(self.job.check_status_advice())),
            _ => (OrderResult::Held, Some(self.blocked_advice(&last).await)),
        };
        let way = if passes.is_empty() { String::new() } else { format!("{}, then ", way(began, &passes)) };
        let words = match outcome {
            OrderResult::Held => {
                let current = last.current.unwrap_or(began.get());
                let why = last.decision.as_deref().and_then(Decision::why_blocked);
                let why = why.unwrap_or_else(|| last.words.clone());
                format!("{way}stays at {current}: {why}")
            }
            _ => format!("{way}{}", last.words),
        };
        passes.push(last);
        Ok(self.answer(outcome, began, passes, words, next).await)
    }

    /// What a person can do about an order that is held.
    async fn blocked_advice(&self, pass: &Outcome) -> String {
        let (count, stream) = (self.count, operand(self.job.stream));
        let again = self.job.scale(&format!("{stream} to {count}"));
        match pass.decision.as_deref().and_then(|decision| decision.blocked_by) {
            Some(Stage::Admit) => format!("When it is ACTIVE, or with --wait: {again}"),
            Some(Stage::Consumers) => format!("When the consumers have caught up or read less: {again}"),
            Some(Stage::Budget) => format!("From then on: {again}"),
            Some(Stage::Quota) => format!("With a higher quota: {again}"),
            _ => match self.needed().await {
                Ok(Some(needed)) if needed > count && pass.current.is_some_and(|current| needed.get() < current) => {
                    format!(
                        "The lowest count that its load allows: {}. Or wait until it needs less.",
                        self.job.scale(&format!("{stream} to {needed}"))
                    )
                }
                Ok(None) => format!(
                    "When more is known of its load: {again}; or, if you know that nobody writes to it: {again} \
                     --despite-unknown-load"
                ),
                _ => format!("When more is known of its load, or it needs less: {again}"),
            },
        }
    }

    /// The shards that the load of the stabilization window needs; `None` where less than half of it is known.
    async fn needed(&self) -> Result<Option<ShardCount>, CallError> {
        let minutes = self.own.window_minutes(Direction::In);
        let metrics = self.job.connection.cloud.cloudwatch();
        let window =
            metrics.window(self.job.stream, whole_minute(self.job.connection.cloud.clock().now()), minutes).await?;
        let known = window.minutes.iter().filter(|minute| minute.is_known()).count();
        Ok(needed_shards(&window, self.own.target_utilization_percent).filter(|_| known * 2 >= window.minutes.len()))
    }

    async fn answer(
        &self,
        outcome: OrderResult,
        began: ShardCount,
        passes: Vec<Outcome>,
        words: String,
        next: Option<String>,
    ) -> Answer {
        let is_told = !matches!(outcome, OrderResult::Refused | OrderResult::Failed | OrderResult::Held);
        let notes = if is_told { self.notes().await } else { Vec::new() };
        let resized =
            passes.iter().rev().find(|pass| matches!(pass.outcome, OutcomeKind::Resized | OutcomeKind::DryRun));
        let to = match outcome {
            OrderResult::Held | OrderResult::Refused | OrderResult::Failed => {
                passes.last().and_then(|pass| pass.current)
            }
            _ => resized.and_then(|pass| pass.desired),
        };
        Answer {
            stream: self.job.stream.to_owned(),
            outcome,
            ordered: Some(self.count.get()),
            from: Some(began.get()),
            to: to.or(Some(began.get())),
            words,
            notes,
            next,
            plan: None,
            passes,
        }
    }

    /// Where the functions would take the stream from there.
    async fn notes(&self) -> Vec<String> {
        let (count, own) = (self.count.get(), &self.own);
        let tag = |key: &str| self.job.command(StreamCommand::Tag(&format!("{key}={count}")));
        let mut notes = Vec::new();
        if count < own.shards_min {
            let min = own.shards_min;
            notes.push(format!("alarm-sync brings it back to its minimum of {min}, unless: {}", tag(TAG_SHARDS_MIN)));
        }
        if count > own.shards_max {
            let max = own.shards_max;
            notes.push(format!(
                "alarm-sync brings it back to its maximum of {max}, if the load allows, unless: {}",
                tag(TAG_SHARDS_MAX)
            ));
        } else if !self.job.policy_source.is_known()
            && !self.tags.overrides.has(TAG_SHARDS_MAX)
            && count > PolicySpec::default().shards_max
        {
            let usual = PolicySpec::default().shards_max;
            notes.push(format!(
                "The stack's maximum is unknown (the default is {usual}). If it is less than {count}, alarm-sync resizes the stream back, unless you run: {}",
                tag(TAG_SHARDS_MAX)
            ));
        }
        let minutes = own.stabilization_window_minutes;
        match self.needed().await {
            Ok(Some(needed)) if needed < self.count && own.shards_min < count => notes.push(format!(
                "Its load of the last {minutes} minutes needs {needed}: scale-in removes the rest after its cooldown, unless you run: {}",
                tag(TAG_SHARDS_MIN)
            )),
            Ok(Some(needed)) if needed > self.count => notes
                .push(format!("Its load of the last {minutes} minutes needs {needed}: scale-out goes on from there.")),
            Ok(Some(_)) => {}
            Ok(None) => notes.push(format!("Little or nothing is known of its load of the last {minutes} minutes.")),
            Err(error) => notes.push(format!("Its load is not known: {}", explained(&error))),
        }
        notes
    }
}

/// The counts on the way, `2 -> 4 -> 7`.
fn way(began: ShardCount, passes: &[Outcome]) -> String {
    let resized = passes.iter().filter(|pass| pass.outcome == OutcomeKind::Resized);
    let counts = resized.filter_map(|pass| pass.desired).map(|desired| format!(" -> {desired}"));
    counts.fold(began.to_string(), |way, count| way + &count)
}
