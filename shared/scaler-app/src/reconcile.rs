//! One pass over one stream: observe, decide, act.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kinesis_model::{MetricWindow, Minute, OpenShard, ShardCount, whole_minute};
use scaler_core::commands::operand;
use scaler_core::{
    Attempt, AttemptKind, Decision, Direction, Observation, Policy, Reason, ResizeHistory, ShardCall, ShardWindow,
    StreamTags, TAG_RESIZES, Verdict, admit, decide, may_plan, scaling_alarm,
};

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
    direction: Direction,
    alarm_fits: Option<u32>,
) -> Outcome {
    let now = cloud.clock().now();
    let (enrolment, mut outcome) = match observe(cloud, process, stack, stream, direction, now).await {
        Sight::Unknown(outcome) => return outcome,
        Sight::Stopped(enrolment, outcome) => (enrolment, outcome),
        Sight::Whole(seen, fault) => {
            let mut outcome =
                decide_and_act(cloud, process, stack, stream, direction, *seen.clone(), alarm_fits, now).await;
            outcome.faults.extend(fault);
            (seen.enrolment, outcome)
        }
    };
    tell_people(cloud, stack, &enrolment, &mut outcome).await;
    outcome
}

/// A pass over a stream of which everything was seen.
#[allow(clippy::too_many_arguments, reason = "what a pass knows")]
async fn decide_and_act(
    cloud: &impl Cloud,
    process: &Process,
    stack: &Policy,
    stream: &str,
    direction: Direction,
    mut seen: Observation,
    alarm_fits: Option<u32>,
    now: Timestamp,
) -> Outcome {
    let dry_run = seen.enrolment.is_dry_run(stack);
    let current = seen.stream.open_shards;
    let alarm_fits = alarm_fits.and_then(ShardCount::new);
    let misfits = alarm_fits.is_some_and(|fits| fits != current) && !dry_run;
    if !dry_run {
        match settle(cloud, stream, &seen.enrolment.history, alarm_fits, current).await {
            Ok(history) => seen.enrolment.history = history,
            Err(error) => return call_failed(stream, &error),
        }
    }
    let mut decision = decide(stack, &seen, direction, now);
    let mut fault = None;
    if decision.wants_shards {
        // Only now, since of most streams the count is all that matters.
        match shards(cloud, stack, stream, &seen).await {
            Ok(shards) => seen.shards = Some(shards),
            Err(error) => fault = Some(format!("where the load lies could not be seen: {error}")),
        }
        decision = decide(stack, &seen, direction, now);
    }
    if decision.verdict == Verdict::Resize && direction == Direction::Out {
        // Only now, since DescribeLimits allows one call a second for the whole account. Where it says nothing, AWS will.
        seen.account = cloud.kinesis().account_shards().await.ok();
        decision = decide(stack, &seen, direction, now);
    }
    let mut outcome = match decision.verdict {
        Verdict::Resize => act(cloud, process, stack, stream, &seen.enrolment, &decision).await,
        Verdict::Measure => measure(cloud, stream, &seen.enrolment.history, &decision).await,
        Verdict::DryRun | Verdict::Hold | Verdict::Refuse => {
            let mut outcome = Outcome::decided(stream, &decision);
            if misfits {
                outcome
                    .faults
                    .extend(refit_alarms(cloud, process, stack, stream, &seen.enrolment, decision.current).await);
            }
            outcome
        }
    };
    outcome.faults.extend(fault);
    outcome
}

/// The open shards of a stream, with their metrics in the minutes of its window where they are sent and may be looked at, which
/// is charged.
async fn shards(
    cloud: &impl Cloud,
    stack: &Policy,
    stream: &str,
    seen: &Observation,
) -> Result<Vec<ShardWindow>, CallError> {
    let open = cloud.kinesis().open_shards(stream).await?;
    let (end, minutes) = (seen.window.end, seen.window.minutes.len());
    let mut windows = BTreeMap::new();
    let may_look = seen.enrolment.policy(stack).is_ok_and(|policy| policy.shard_metrics);
    if seen.stream.shard_metrics && may_look {
        let ids: Vec<_> = open.iter().map(|shard| shard.id.clone()).collect();
        let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
        windows = cloud.cloudwatch().shard_windows(stream, &ids, end, minutes).await?;
    }
    let unknown = MetricWindow { end, minutes: vec![Minute::default(); minutes] };
    let with_window = |shard: OpenShard| {
        let window = windows.remove(&shard.id).unwrap_or_else(|| unknown.clone());
        ShardWindow { shard, window }
    };
    Ok(open.into_iter().map(with_window).collect())
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

/// What there was to see.
enum Sight {
    /// Not even the stream's tags.
    Unknown(Outcome),
    /// The stream's tags, and what ended the pass there.
    Stopped(StreamTags, Outcome),
    /// Everything a decision looks at, and what of it could not be had.
    Whole(Box<Observation>, Option<String>),
}

async fn observe(
    cloud: &impl Cloud,
    process: &Process,
    stack: &Policy,
    name: &str,
    direction: Direction,
    now: Timestamp,
) -> Sight {
    let stream = match cloud.kinesis().describe(name).await {
        Ok(stream) => stream,
        Err(error) => return Sight::Unknown(call_failed(name, &error)),
    };
    let enrolment = match cloud.kinesis().tags(name).await {
        Ok(tags) => StreamTags::read(&tags),
        Err(error) => return Sight::Unknown(call_failed(name, &error)),
    };
    let policy = match admit(stack, &stream, &enrolment, direction) {
        Ok(policy) => policy,
        Err(decision) => return Sight::Stopped(enrolment, Outcome::decided(name, &decision)),
    };
    let minutes = policy.window_minutes(direction).max(minutes_since_end(now));
    let window = match cloud.cloudwatch().window(name, whole_minute(now), minutes).await {
        Ok(window) => window,
        Err(error) => return Sight::Stopped(enrolment, call_failed(name, &error)),
    };
    // Without its past the stream is scaled by what it takes now.
    let (past, fault) = if may_plan(&policy, &enrolment.history, direction, now) {
        match process.histories.of_stream(cloud.cloudwatch(), name, now).await {
            Ok(past) => (Some(past), None),
            Err(error) => (None, Some(format!("its past could not be read, so nothing is planned: {error}"))),
        }
    } else {
        (None, None)
    };
    Sight::Whole(Box::new(Observation { stream, enrolment, window, past, account: None, shards: None }), fault)
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
            let spent = Reason::day_spent(at);
            outcome.needs_attention = spent.needs_a_person(decision.direction);
            outcome.cause = spent.cause().filter(|_| outcome.needs_attention).map(str::to_owned);
            outcome.next = spent.advice(&error.subject).filter(|_| outcome.needs_attention);
        }
        _ => {
            outcome.needs_attention = true;
            outcome.cause = Some("refused".to_owned());
            outcome.next = Some(refusal_advice(error, history));
        }
    }
}

/// The calls whose permission the stack's policy ties to the stream's tag though AWS documents no such condition for them. Source:
/// Service Authorization Reference, Kinesis: neither has a condition key.
const TAG_CONDITIONED: [&str; 2] = ["UpdateShardCount", "EnableEnhancedMonitoring"];

/// What a person can do about a call that AWS refused.
fn refusal_advice(error: &CallError, history: &ResizeHistory) -> String {
    match error.failure {
        Failure::Denied if TAG_CONDITIONED.contains(&error.call) => {
            format!(
                "Allow kinesis:{} to the role or user. Where its policy asks for the stream's tag, AWS may never allow it, since it \
                 documents no condition on tags for this action: deploy the stack with TagConditions=false. The functions look at \
                 the tag before each call in any case. {}",
                error.call,
                split_words(&error.subject, history)
            )
        }
        Failure::Denied => format!("Allow kinesis:{} to the role or user: see its policy.", error.call),
        Failure::Quota => {
            "AWS's words name the limit; where it is a quota of the account, ask AWS for a higher one.".to_owned()
        }
        _ => "AWS's words say what is wrong.".to_owned(),
    }
}

/// What the stream's history knows of splits and merges. It is written before each call, by whoever makes it, so it does not prove
/// that the function was allowed one.
fn split_words(stream: &str, history: &ResizeHistory) -> String {
    let is_split = |attempt: &&Attempt| attempt.kind == AttemptKind::Stepwise;
    match history.attempts().iter().rfind(is_split) {
        Some(split) => format!(
            "A split or merge was begun at {}: where the function was allowed it, that condition may be what stands in the way.",
            split.at.strftime("%Y-%m-%d %H:%MZ")
        ),
        None => format!(
            "SplitShard and MergeShards, for which AWS documents the condition, may be allowed meanwhile: shardctl scale {} rebalance \
             makes them.",
            operand(stream)
        ),
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
    let failure = Some(error.failure);
    Outcome { next, failure, ..Outcome::plain(OutcomeKind::of(error.failure), Some(stream), error.to_string()) }
}
