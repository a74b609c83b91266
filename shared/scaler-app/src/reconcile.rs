//! One pass over one stream: observe, decide, act.

use jiff::{SignedDuration, Timestamp};
use scaler_core::{
    Attempt, AttemptKind, Decision, Direction, Enrolment, Observation, Policy, Verdict, admit, decide, scaling_alarm,
};

use crate::ports::{Alarms, CallError, Clock, Failure, Metrics, Ports, Streams};
use crate::report::{Outcome, OutcomeKind};

/// Looks at a stream and, if `decide` says so, resizes it. Never fails: how it ended is the outcome.
pub async fn reconcile<S: Streams, M: Metrics, A: Alarms, C: Clock>(
    ports: &Ports<S, M, A, C>,
    stack: &Policy,
    stream: &str,
    direction: Direction,
) -> Outcome {
    let now = ports.clock.now();
    match observe(ports, stack, stream, direction, now).await {
        Err(error) => call_failed(stream, &error),
        Ok(Sight::Stopped(decision)) => Outcome::decided(stream, &decision),
        Ok(Sight::Whole(seen)) => {
            let decision = decide(stack, &seen, direction, now);
            match decision.verdict {
                Verdict::Resize => act(ports, stack, stream, &seen, &decision, now).await,
                Verdict::DryRun | Verdict::Hold | Verdict::Refuse => Outcome::decided(stream, &decision),
            }
        }
    }
}

/// What there was to see.
enum Sight {
    /// The decision was made by what the stream itself says.
    Stopped(Box<Decision>),
    /// Everything a decision looks at.
    Whole(Box<Observation>),
}

async fn observe<S: Streams, M: Metrics, A: Alarms, C: Clock>(
    ports: &Ports<S, M, A, C>,
    stack: &Policy,
    name: &str,
    direction: Direction,
    now: Timestamp,
) -> Result<Sight, CallError> {
    let stream = ports.streams.describe(name).await?;
    let tags = ports.streams.tags(name).await?;
    let enrolment = Enrolment::read(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    let policy = match admit(stack, &stream, &enrolment, direction) {
        Ok(policy) => policy,
        Err(decision) => return Ok(Sight::Stopped(decision)),
    };
    let window = ports.metrics.window(name, whole_minute(now), policy.window_minutes(direction)).await?;
    let account = match direction {
        // DescribeLimits allows one call a second for the whole account: where it says nothing, AWS judges by itself.
        Direction::Out => ports.streams.account().await.ok(),
        Direction::In => None,
    };
    Ok(Sight::Whole(Box::new(Observation { stream, enrolment, window, account })))
}

/// Carries a resize out: writes the attempt down, requests it, brings the alarms in step.
async fn act<S: Streams, M: Metrics, A: Alarms, C: Clock>(
    ports: &Ports<S, M, A, C>,
    stack: &Policy,
    stream: &str,
    seen: &Observation,
    decision: &Decision,
    now: Timestamp,
) -> Outcome {
    let kind = match decision.direction {
        Direction::Out => AttemptKind::ScaleOut,
        Direction::In => AttemptKind::ScaleIn,
    };
    // Before the call: if the answer is lost, the resize still counts. Overcounting is safe, undercounting is not.
    let history = seen.enrolment.history.with(Attempt { at: now, kind });
    if let Err(error) = ports.streams.record(stream, &history).await {
        return Outcome { current: Some(decision.current.get()), ..call_failed(stream, &error) };
    }
    let mut outcome = Outcome::decided(stream, decision);
    if let Err(error) = ports.streams.update_shard_count(stream, decision.desired).await {
        outcome.outcome = kind_of(error.failure);
        outcome.words = format!("{error}; it was to {}", decision.words());
        if error.failure.is_certain()
            && let Err(error) = ports.streams.record(stream, &history.with_last_refused()).await
        {
            outcome.faults.push(format!("the refused attempt stays counted: {error}"));
        }
        return outcome;
    }
    if let Err(error) = refit(ports, stack, stream, seen, decision).await {
        // The stream is right and the alarm is not: the next refit repairs it, and nothing is undone.
        outcome.faults.push(format!("the alarms still fit {} shards: {error}", decision.current));
    }
    outcome
}

/// Fits both alarms to the count that was requested.
async fn refit<S: Streams, M: Metrics, A: Alarms, C: Clock>(
    ports: &Ports<S, M, A, C>,
    stack: &Policy,
    stream: &str,
    seen: &Observation,
    decision: &Decision,
) -> Result<(), CallError> {
    // `decide` has come this far with the stream's own policy, so it is one.
    let policy = seen.enrolment.policy(stack).unwrap_or(*stack);
    let alarms =
        [Direction::Out, Direction::In].map(|direction| scaling_alarm(&policy, stream, decision.desired, direction));
    ports.alarms.refit(&alarms).await
}

fn call_failed(stream: &str, error: &CallError) -> Outcome {
    Outcome::plain(kind_of(error.failure), Some(stream), error.to_string())
}

/// How a pass ends in which a call failed so.
fn kind_of(failure: Failure) -> OutcomeKind {
    match failure {
        Failure::NotFound | Failure::Refused => OutcomeKind::Refused,
        Failure::InUse => OutcomeKind::Held,
        Failure::Throttled | Failure::Unavailable => OutcomeKind::Failed,
    }
}

/// The last whole minute: a minute that is not over yet is not asked for.
fn whole_minute(now: Timestamp) -> Timestamp {
    let into_minute = now.as_second().rem_euclid(60);
    let start = now.checked_sub(SignedDuration::from_secs(into_minute)).unwrap_or(now);
    Timestamp::from_second(start.as_second()).unwrap_or(start)
}
