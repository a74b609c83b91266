// SPDX-License-Identifier: Apache-2.0
//! One pass over one stream: observe, decide, act.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kinesis_model::{MetricWindow, OpenShard, ShardCount, whole_minute};
use scaler_core::{
    Decision, Direction, Fetched, Intent, Need, Observation, Plan, Policy, ShardWindow, StreamTags, admit, decide,
    plan_ahead,
};

use super::act::Act;
use super::end::{Pass, Stop};
use super::notify::notify;
use super::settle::settle;
use crate::cloud::{CallError, Clock, Cloud, CloudWatch, Kinesis};
use crate::function_state::FunctionState;
use crate::history_cache::minutes_since_end;
use crate::outcome::Outcome;

/// Looks at a stream and, if `decide` says so, resizes it. Never fails: how it ended is the outcome.
///
/// `alarm_shard_count` is the shard count that the alarm which asked was made for, where that is known: should the stream have
/// another by now (somebody resized it by hand, or a crash came between a resize and the refit of its alarms), its alarms are brought in step.
pub async fn reconcile(
    cloud: &impl Cloud,
    function_state: &FunctionState,
    stack: &Policy,
    stream: &str,
    intent: Intent,
    direction: Direction,
    alarm_shard_count: Option<u32>,
) -> Outcome {
    let reconciliation =
        Reconciliation { cloud, function_state, stack, stream, intent, direction, now: cloud.clock().now() };
    let (tags, end) = match reconciliation.look().await {
        Look::Failed(stop) => return Outcome::of_pass(stream, Err(stop)),
        Look::Stopped(tags, end) => (*tags, *end),
        Look::Seen(policy, mut seen) => {
            let end =
                reconciliation.decide_and_act(&policy, &mut seen, alarm_shard_count.and_then(ShardCount::new)).await;
            (seen.tags, end)
        }
    };
    let mut outcome = Outcome::of_pass(stream, end);
    // Only what the functions do by themselves is told: a person who asked has the outcome.
    if intent == Intent::Auto {
        notify(cloud, stack, &tags, &mut outcome).await;
    }
    outcome
}

/// Makes one split or merge that a person has ordered, as a pass makes its own: see [`Decision::ordered`]. Never fails: how it
/// ended is the outcome.
///
/// `policy` is the stream's own, and `tags` what its tags say now.
pub async fn reshard(
    cloud: &impl Cloud,
    function_state: &FunctionState,
    policy: &Policy,
    stream: &str,
    tags: &StreamTags,
    ordered: &Decision,
) -> Outcome {
    let end = match settle(cloud, stream, &tags.history, None, ordered.current).await {
        Ok(history) => {
            let tags = StreamTags { history, ..tags.clone() };
            Act { cloud, function_state, policy, stream, tags: &tags }.resize(ordered.clone()).await
        }
        Err(error) => Err(error.into()),
    };
    Outcome::of_pass(stream, end)
}

/// A look at one stream, and what comes of it.
struct Reconciliation<'a, C> {
    cloud: &'a C,
    function_state: &'a FunctionState,
    stack: &'a Policy,
    stream: &'a str,
    intent: Intent,
    direction: Direction,
    now: Timestamp,
}

/// What there was to see.
enum Look {
    /// Not even the stream's tags.
    Failed(Stop),
    /// The stream's tags, and how the pass ended there.
    Stopped(Box<StreamTags>, Box<Result<Pass, Stop>>),
    /// The stream's own policy, and what every decision looks at.
    Seen(Box<Policy>, Box<Observation>),
}

impl<C: Cloud> Reconciliation<'_, C> {
    async fn look(&self) -> Look {
        let stream = match self.cloud.kinesis().describe(self.stream).await {
            Ok(stream) => stream,
            Err(error) => return Look::Failed(error.into()),
        };
        let tags = match self.cloud.kinesis().tags(self.stream).await {
            Ok(tags) => StreamTags::read(&tags),
            Err(error) => return Look::Failed(error.into()),
        };
        let stopped = |tags, end| Look::Stopped(Box::new(tags), Box::new(end));
        let policy = match admit(self.stack, &stream, &tags, self.intent, self.direction) {
            Ok(policy) => policy,
            Err(decision) => return stopped(tags, Ok(Pass { decision: *decision, faults: Vec::new() })),
        };
        let end = whole_minute(self.now);
        let minutes = policy.window_minutes(self.direction).max(minutes_since_end(self.now));
        let window = match self.cloud.cloudwatch().window(self.stream, end, minutes).await {
            Ok(window) => window,
            // An order for more shards says all that there is to know.
            Err(_) if self.intent.order().is_some() && self.direction == Direction::Out => {
                MetricWindow::unknown(end, minutes as usize)
            }
            Err(error) => return stopped(tags, Err(error.into())),
        };
        let (plan, account, shards) = (Fetched::NotYet, Fetched::NotYet, Fetched::NotYet);
        let seen = Observation { stream, tags, window, plan, account, shards };
        Look::Seen(Box::new(policy), Box::new(seen))
    }

    async fn decide_and_act(
        &self,
        policy: &Policy,
        seen: &mut Observation,
        alarm_shard_count: Option<ShardCount>,
    ) -> Result<Pass, Stop> {
        let Self { cloud, function_state, stream, .. } = *self;
        let is_dry_run = self.intent.is_dry_run(self.stack, &seen.tags);
        let current = seen.stream.open_shards;
        if !is_dry_run {
            seen.tags.history = settle(cloud, stream, &seen.tags.history, alarm_shard_count, current).await?;
        }
        let (decision, faults) = self.decide(policy, seen).await;
        let misfits = !is_dry_run && alarm_shard_count.is_some_and(|count| count != current);
        let act = Act { cloud, function_state, policy, stream, tags: &seen.tags };
        match act.carry_out(decision, misfits).await {
            Ok(mut pass) => {
                pass.faults.extend(faults);
                Ok(pass)
            }
            Err(mut stop) => {
                stop.faults.extend(faults);
                Err(stop)
            }
        }
    }

    /// Decides, and fetches what that needs. What could not be had is decided without. A fault tells of it; of the quota a step of the
    /// decision does.
    async fn decide(&self, policy: &Policy, seen: &mut Observation) -> (Decision, Vec<String>) {
        let mut faults = Vec::new();
        loop {
            match decide(self.stack, seen, self.intent, self.direction, self.now) {
                Ok(decision) => return (decision, faults),
                Err(Need::LoadHistory) => {
                    let plan = self.plan(policy, seen).await;
                    faults.extend(without(
                        "the stream's load history could not be read, so this decision has no \
                        forecast",
                        &plan,
                    ));
                    seen.plan = plan.ok().flatten().into();
                }
                Err(Need::Shards) => {
                    let shards = self.shards(policy, seen).await;
                    faults.extend(without("the load of each shard could not be read", &shards));
                    seen.shards = shards.ok().into();
                }
                // Where the quota is unknown, AWS itself refuses what is too much.
                Err(Need::Quota) => seen.account = self.cloud.kinesis().account_shards().await.ok().into(),
            }
        }
    }

    /// The plan of the next day, as far as the stream's past tells.
    async fn plan(&self, policy: &Policy, seen: &Observation) -> Result<Option<Plan>, CallError> {
        let past = self.function_state.histories.of_stream(self.cloud.cloudwatch(), self.stream, self.now).await?;
        let Observation { stream, tags, window, .. } = seen;
        Ok(plan_ahead(policy, stream.open_shards, &tags.history, &past, window, self.now))
    }

    /// The open shards, with their metrics in the minutes of the window where they are sent and may be looked at, which is charged.
    async fn shards(&self, policy: &Policy, seen: &Observation) -> Result<Vec<ShardWindow>, CallError> {
        let open = self.cloud.kinesis().open_shards(self.stream).await?;
        let (end, minutes) = (seen.window.end, seen.window.minutes.len());
        let mut windows = BTreeMap::new();
        if seen.stream.shard_metrics && policy.shard_metrics {
            let ids: Vec<_> = open.iter().map(|shard| shard.id.clone()).collect();
            let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
            windows = self.cloud.cloudwatch().shard_windows(self.stream, &ids, end, minutes).await?;
        }
        let with_window = |shard: OpenShard| {
            let window = windows.remove(&shard.id).unwrap_or_else(|| MetricWindow::unknown(end, minutes));
            ShardWindow { shard, window }
        };
        Ok(open.into_iter().map(with_window).collect())
    }
}

/// What is to be told of a read that failed.
fn without<T>(lacking: &str, read: &Result<T, CallError>) -> Option<String> {
    read.as_ref().err().map(|error| format!("{lacking}: {error}"))
}
