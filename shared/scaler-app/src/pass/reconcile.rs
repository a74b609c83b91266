//! One pass over one stream: observe, decide, act.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kinesis_model::{MetricWindow, OpenShard, ShardCount, whole_minute};
use scaler_core::{
    Attempt, AttemptKind, Cause, Decision, Direction, Fetched, Intent, Need, Observation, Plan, Policy, ResizeHistory,
    ShardCall, ShardWindow, StreamTags, TAG_RESIZES, Verdict, admit, decide, plan_ahead, scaling_alarm,
};

use crate::advice::refusal_advice;
use crate::cloud::{CallError, Clock, Cloud, CloudWatch, Failure, Kinesis, NOT_FOUND_ADVICE};
use crate::history_cache::minutes_since_end;
use crate::outcome::{Outcome, OutcomeKind};
use crate::pass::refit;
use crate::pass::tell::tell_people;
use crate::process::Process;

/// What to do about a stream on which nothing may be written down.
pub(crate) const TAGS_ADVICE: &str = "Two tags must be free of the 50 that a stream may have, kinesis-scaler/resizes and \
                                      kinesis-scaler/notices; a tag policy or SCP must allow these keys with any value, and the \
                                      role or user kinesis:AddTagsToStream.";

/// Looks at a stream and, if `decide` says so, resizes it. Never fails: how it ended is the outcome.
///
/// `alarm_fits` is the shard count that the alarm which asked was made for, where that is known: should the stream have
/// another by now (a hand resized it, or a crash came between a resize and its refit), its alarms are brought in step.
pub async fn reconcile(
    cloud: &impl Cloud,
    process: &Process,
    stack: &Policy,
    stream: &str,
    intent: Intent,
    direction: Direction,
    alarm_fits: Option<u32>,
) -> Outcome {
    let pass = Pass { cloud, process, stack, stream, intent, direction, now: cloud.clock().now() };
    let (enrolment, mut outcome) = match pass.look().await {
        Look::Failed(outcome) => return outcome,
        Look::Stopped(enrolment, outcome) => (*enrolment, outcome),
        Look::Seen(mut seen) => {
            let outcome = pass.decide_and_act(&mut seen, alarm_fits.and_then(ShardCount::new)).await;
            (seen.enrolment, outcome)
        }
    };
    // Whoever asks for more than what alarms cause knows of it.
    if intent == Intent::Auto {
        tell_people(cloud, stack, &enrolment, &mut outcome).await;
    }
    outcome
}

/// A pass over one stream.
struct Pass<'a, C> {
    cloud: &'a C,
    process: &'a Process,
    stack: &'a Policy,
    stream: &'a str,
    intent: Intent,
    direction: Direction,
    now: Timestamp,
}

/// What there was to see.
enum Look {
    /// Not even the stream's tags.
    Failed(Outcome),
    /// The stream's tags, and what ended the pass there.
    Stopped(Box<StreamTags>, Outcome),
    /// What every decision looks at.
    Seen(Box<Observation>),
}

impl<C: Cloud> Pass<'_, C> {
    async fn look(&self) -> Look {
        let stream = match self.cloud.kinesis().describe(self.stream).await {
            Ok(stream) => stream,
            Err(error) => return Look::Failed(call_failed(self.stream, &error)),
        };
        let enrolment = match self.cloud.kinesis().tags(self.stream).await {
            Ok(tags) => StreamTags::read(&tags),
            Err(error) => return Look::Failed(call_failed(self.stream, &error)),
        };
        let stopped = |enrolment, outcome| Look::Stopped(Box::new(enrolment), outcome);
        let policy = match admit(self.stack, &stream, &enrolment, self.intent, self.direction) {
            Ok(policy) => policy,
            Err(decision) => return stopped(enrolment, Outcome::decided(self.stream, &decision)),
        };
        let end = whole_minute(self.now);
        let minutes = policy.window_minutes(self.direction).max(minutes_since_end(self.now));
        let window = match self.cloud.cloudwatch().window(self.stream, end, minutes).await {
            Ok(window) => window,
            // An order for more shards says all that there is to know.
            Err(_) if self.intent.order().is_some() && self.direction == Direction::Out => {
                MetricWindow::unknown(end, minutes as usize)
            }
            Err(error) => return stopped(enrolment, call_failed(self.stream, &error)),
        };
        let (plan, account, shards) = (Fetched::NotYet, Fetched::NotYet, Fetched::NotYet);
        Look::Seen(Box::new(Observation { stream, enrolment, window, plan, account, shards }))
    }

    async fn decide_and_act(&self, seen: &mut Observation, alarm_fits: Option<ShardCount>) -> Outcome {
        let is_dry_run = self.intent.is_dry_run(self.stack, &seen.enrolment);
        let current = seen.stream.open_shards;
        if !is_dry_run {
            match settle(self.cloud, self.stream, &seen.enrolment.history, alarm_fits, current).await {
                Ok(history) => seen.enrolment.history = history,
                Err(error) => return call_failed(self.stream, &error),
            }
        }
        let (decision, faults) = self.decide(seen).await;
        let mut outcome = match decision.verdict {
            Verdict::Resize => act(self.cloud, self.process, self.stack, self.stream, &seen.enrolment, &decision).await,
            Verdict::Measure => measure(self.cloud, self.stream, &seen.enrolment.history, &decision).await,
            Verdict::DryRun | Verdict::Hold | Verdict::Refuse => {
                let mut outcome = Outcome::decided(self.stream, &decision);
                if alarm_fits.is_some_and(|fits| fits != current) && !is_dry_run {
                    let misfit =
                        refit_alarms(self.cloud, self.process, self.stack, self.stream, &seen.enrolment, current).await;
                    outcome.faults.extend(misfit);
                }
                outcome
            }
        };
        outcome.faults.extend(faults);
        outcome
    }

    /// Decides, and fetches what that needs. What could not be had is decided without, and told.
    async fn decide(&self, seen: &mut Observation) -> (Decision, Vec<String>) {
        let mut faults = Vec::new();
        loop {
            let (fetched, without) = match decide(self.stack, seen, self.intent, self.direction, self.now) {
                Ok(decision) => return (decision, faults),
                Err(Need::Past) => {
                    let plan = self.plan(seen).await;
                    let failed = plan.as_ref().err().map(ToString::to_string);
                    seen.plan = plan.ok().flatten().into();
                    (failed, "its past could not be read, so nothing is planned")
                }
                Err(Need::Shards) => {
                    let shards = self.shards(seen).await;
                    let failed = shards.as_ref().err().map(ToString::to_string);
                    seen.shards = shards.ok().into();
                    (failed, "where the load lies could not be seen")
                }
                Err(Need::Quota) => {
                    // Where it says nothing, AWS will.
                    seen.account = self.cloud.kinesis().account_shards().await.ok().into();
                    (None, "")
                }
            };
            faults.extend(fetched.map(|error| format!("{without}: {error}")));
        }
    }

    /// The plan of the next day, as far as the stream's past tells.
    async fn plan(&self, seen: &Observation) -> Result<Option<Plan>, CallError> {
        let past = self.process.histories.of_stream(self.cloud.cloudwatch(), self.stream, self.now).await?;
        let Observation { stream, enrolment, window, .. } = seen;
        let policy = enrolment.policy(self.stack).ok();
        Ok(policy
            .and_then(|policy| plan_ahead(&policy, stream.open_shards, &enrolment.history, &past, window, self.now)))
    }

    /// The open shards, with their metrics in the minutes of the window where they are sent and may be looked at, which is charged.
    async fn shards(&self, seen: &Observation) -> Result<Vec<ShardWindow>, CallError> {
        let open = self.cloud.kinesis().open_shards(self.stream).await?;
        let (end, minutes) = (seen.window.end, seen.window.minutes.len());
        let mut windows = BTreeMap::new();
        let may_look = seen.enrolment.policy(self.stack).is_ok_and(|policy| policy.shard_metrics);
        if seen.stream.shard_metrics && may_look {
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

/// Has the shards' metrics sent; what they say is another pass's.
async fn measure(cloud: &impl Cloud, stream: &str, history: &ResizeHistory, decision: &Decision) -> Outcome {
    match cloud.kinesis().enable_shard_metrics(stream).await {
        Ok(()) => Outcome::decided(stream, decision),
        Err(error) => {
            // Perhaps it was carried out, and is charged.
            let decided = error.failure.is_uncertain().then(|| Box::new(decision.clone()));
            let next = error.failure.is_refusal().then(|| refusal_advice(&error, history));
            let cause = next.is_some().then(|| "refused".to_owned());
            let current = Some(decision.current.get());
            Outcome { current, decision: decided, cause, next, ..call_failed(stream, &error) }
        }
    }
}

/// The history of an ACTIVE stream as its shard count settles it: see [`ResizeHistory::seen`]. What is new is written down.
///
/// AWS counts a resize by somebody else among the day's ten as well (unless shards were split or merged one by one; overcounting
/// is safe), and whoever made it had a reason: scale-in cools down from here.
pub(crate) async fn settle(
    cloud: &impl Cloud,
    stream: &str,
    history: &ResizeHistory,
    alarms_fit: Option<ShardCount>,
    current: ShardCount,
) -> Result<ResizeHistory, CallError> {
    let seen = history.seen(alarms_fit, current, cloud.clock().now());
    if seen != *history {
        cloud.kinesis().put_tag(stream, TAG_RESIZES, &seen.to_string()).await?;
    }
    Ok(seen)
}

/// Makes one split or merge that a person has ordered, as a pass makes its own: see [`Decision::ordered`]. Never fails: how it
/// ended is the outcome.
///
/// `enrolment` is what the stream's tags say now.
pub async fn reshard(
    cloud: &impl Cloud,
    process: &Process,
    stack: &Policy,
    stream: &str,
    enrolment: &StreamTags,
    ordered: &Decision,
) -> Outcome {
    match settle(cloud, stream, &enrolment.history, None, ordered.current).await {
        Ok(history) => act(cloud, process, stack, stream, &StreamTags { history, ..enrolment.clone() }, ordered).await,
        Err(error) => call_failed(stream, &error),
    }
}

/// Carries a resize out: writes the attempt down, requests it, writes the answer down, brings the alarms in step.
async fn act(
    cloud: &impl Cloud,
    process: &Process,
    stack: &Policy,
    stream: &str,
    enrolment: &StreamTags,
    decision: &Decision,
) -> Outcome {
    // Before the call: should the answer be lost, or this function die, it may have been made.
    let asked = attempt(decision, cloud.clock().now());
    if let Err(error) = write_down(cloud, stream, enrolment, asked).await {
        let next = error.failure.is_refusal().then(|| TAGS_ADVICE.to_owned());
        return Outcome { current: Some(decision.current.get()), next, ..call_failed(stream, &error) };
    }
    let answer = call(cloud, stream, decision).await;
    let known = match &answer {
        Ok(()) => asked.accepted(),
        Err(error) => after(error.failure, asked, decision.current),
    };
    // A stream that has just been set in motion may refuse tags. Then the entry stays as it was, which explains what the stream
    // is now and what it may become: the next look settles it.
    if known != asked {
        let _ = write_down(cloud, stream, enrolment, known).await;
    }
    let mut outcome = Outcome::decided(stream, decision);
    match answer {
        Ok(()) => outcome.faults.extend(refit_alarms(cloud, process, stack, stream, enrolment, decision.desired).await),
        Err(error) => failed(&mut outcome, &error, decision, &enrolment.history, known.at),
    }
    outcome
}

async fn write_down(
    cloud: &impl Cloud,
    stream: &str,
    enrolment: &StreamTags,
    attempt: Attempt,
) -> Result<(), CallError> {
    let history = enrolment.history.with(attempt).to_string();
    cloud.kinesis().put_tag(stream, TAG_RESIZES, &history).await
}

/// What is known of an attempt whose call failed so.
fn after(failure: Failure, asked: Attempt, current: ShardCount) -> Attempt {
    match failure {
        // Perhaps it was made.
        Failure::Unavailable | Failure::ServerFault | Failure::Unreadable => asked,
        // Though ACTIVE a moment ago: perhaps by the other function, whose entry in the tag ours has overwritten. To which count is
        // not known.
        Failure::InUse => Attempt { kind: AttemptKind::Foreign, from: current, to: None, ..asked },
        Failure::DaySpent => Attempt { kind: AttemptKind::DaySpent, from: current, to: None, ..asked },
        Failure::NotFound
        | Failure::Refused
        | Failure::Denied
        | Failure::Unauthenticated(_)
        | Failure::Quota
        | Failure::Throttled => Attempt { kind: AttemptKind::Refused, ..asked },
    }
}

/// Turns the outcome of a decision into that of its call, which failed.
fn failed(outcome: &mut Outcome, error: &CallError, decision: &Decision, history: &ResizeHistory, at: Timestamp) {
    outcome.outcome = OutcomeKind::of(error.failure);
    outcome.failure = Some(error.failure);
    outcome.words = format!("{error}; it was to {}", decision.words());
    match error.failure {
        Failure::InUse => {}
        Failure::DaySpent => {
            let spent = Some(Cause::day_spent(at)).filter(|spent| spent.matters_in(decision.direction));
            outcome.call_for_attention(&error.subject, spent.as_ref());
        }
        _ => {
            outcome.needs_attention = true;
            outcome.cause = Some("refused".to_owned());
            outcome.next = Some(refusal_advice(error, history));
        }
    }
}

/// What is written down of a decision's call.
fn attempt(decision: &Decision, at: Timestamp) -> Attempt {
    match (&decision.resharding, decision.direction) {
        (Some(plan), _) => Attempt { at, kind: AttemptKind::Stepwise, from: plan.from, to: Some(plan.to) },
        (None, direction) => {
            let kind = AttemptKind::Asked(direction);
            Attempt { at, kind, from: decision.current, to: Some(decision.desired) }
        }
    }
}

/// Makes the one call that a decision came to.
async fn call(cloud: &impl Cloud, stream: &str, decision: &Decision) -> Result<(), CallError> {
    match decision.resharding.as_ref().map(|resharding| &resharding.call) {
        None => cloud.kinesis().update_shard_count(stream, decision.desired).await,
        Some(ShardCall::Split { shard, at }) => cloud.kinesis().split_shard(stream, shard, *at).await,
        Some(ShardCall::Merge { lower, upper }) => cloud.kinesis().merge_shards(stream, lower, upper).await,
    }
}

/// Fits both alarms to a count; says what went wrong.
///
/// The stream is right and an alarm is not: nothing is undone, and the sweep that this alarm causes mends it.
async fn refit_alarms(
    cloud: &impl Cloud,
    process: &Process,
    stack: &Policy,
    stream: &str,
    enrolment: &StreamTags,
    shards: ShardCount,
) -> Option<String> {
    // `decide` has come this far with the stream's own policy, so it is one.
    let policy = enrolment.policy(stack).unwrap_or(*stack);
    let alarms = [Direction::Out, Direction::In].map(|direction| scaling_alarm(&policy, stream, shards, direction));
    let failed = refit::refit(cloud.cloudwatch(), &process.stack, &alarms).await.err()?;
    Some(format!("the alarms do not fit {shards} shards yet: {failed}"))
}

pub(crate) fn call_failed(stream: &str, error: &CallError) -> Outcome {
    let next = (error.failure == Failure::NotFound).then(|| NOT_FOUND_ADVICE.to_owned());
    Outcome { next, ..Outcome::plain(OutcomeKind::of(error.failure), Some(stream), error.to_string()) }
}
