// SPDX-License-Identifier: Apache-2.0
//! What scale-out and scale-in run: an event in, a pass for each stream it is about, one answer out.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use scaler_core::{ALARM_PREFIX, Direction, Intent, Policy, signature};
use serde_json::Value;

use super::reconcile::reconcile;
use crate::cloud::{CallError, Clock, Cloud, CloudWatch, FiringAlarm};
use crate::event::{self, AlarmEvent, AlarmState, EventFault, Request};
use crate::function_state::FunctionState;
use crate::outcome::{Outcome, OutcomeKind, Response};
use crate::telemetry::TelemetryItem;

/// Minutes between the sweeps that scale-in heeds.
const SCALE_IN_SWEEP_MINUTES: i64 = 10;
/// No pass begins later than this after the event came: the last one must end before the function's timeout of 60 s.
const LAST_PASS_BEGINS: SignedDuration = SignedDuration::from_secs(30);

/// Handles any event that a scaling function may be sent. Bad input is an outcome, not an error.
///
/// `emit` gets every outcome at once, so that what was done is on record should the function be cut off.
pub async fn handle(
    cloud: &impl Cloud,
    function_state: &FunctionState,
    policy: &Policy,
    direction: Direction,
    event: &Value,
    emit: &mut (dyn FnMut(TelemetryItem) + Send),
) -> Response {
    let began = cloud.clock().now();
    let request = event::parse(event);
    let is_sweep = request == Request::Sweep;
    let asked: Vec<_> = match request {
        Request::Alarms(alarms) => alarms,
        Request::Sweep if !is_swept(direction, began) => Vec::new(),
        Request::Sweep => match firing(cloud.cloudwatch(), &function_state.stack, direction).await {
            Ok(firing) => in_turn(firing, sweep_number(direction, began))
                .into_iter()
                .map(|alarm| Ok(AlarmEvent::from(alarm)))
                .collect(),
            Err(error) => {
                let outcome = sweep_failed(&error);
                emit(TelemetryItem::Outcome(Box::new(outcome.clone())));
                return Response::new(direction, is_sweep, vec![outcome]);
            }
        },
    };
    let mut seen = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(asked.len());
    for asked in asked {
        let outcome = if cloud.clock().now().duration_since(began) > LAST_PASS_BEGINS {
            out_of_time(asked)
        } else {
            answer(cloud, function_state, policy, direction, asked, &mut seen).await
        };
        emit(TelemetryItem::Outcome(Box::new(outcome.clone())));
        outcomes.push(outcome);
    }
    Response::new(direction, is_sweep, outcomes)
}

/// The scaling alarms of this direction that are firing now and that this stack made: another stack's alarm is another stack's to
/// answer.
async fn firing(
    cloudwatch: &impl CloudWatch,
    stack: &str,
    direction: Direction,
) -> Result<Vec<FiringAlarm>, CallError> {
    let (suffix, signature) = (format!("/{direction}"), signature(stack));
    let mut firing = cloudwatch.firing_alarms(ALARM_PREFIX).await?;
    firing.retain(|alarm| alarm.name.ends_with(&suffix) && alarm.description.ends_with(&signature));
    Ok(firing)
}

impl From<FiringAlarm> for AlarmEvent {
    fn from(alarm: FiringAlarm) -> Self {
        Self {
            alarm: alarm.name,
            state: AlarmState::Alarm,
            streams: alarm.streams,
            alarm_shard_count: alarm.alarm_shard_count,
            region: None,
            account: None,
            metric_accounts: BTreeSet::new(),
        }
    }
}

/// Saving money can wait: of the sweeps, one a minute, scale-in heeds those of every tenth minute.
fn is_swept(direction: Direction, now: Timestamp) -> bool {
    (now.as_second() / 60) % sweep_minutes(direction) == 0
}

/// Minutes from one sweep that this direction heeds to the next.
const fn sweep_minutes(direction: Direction) -> i64 {
    match direction {
        Direction::Out => 1,
        Direction::In => SCALE_IN_SWEEP_MINUTES,
    }
}

/// The number of this sweep among those that this direction heeds.
fn sweep_number(direction: Direction, now: Timestamp) -> i64 {
    now.as_second().div_euclid(60 * sweep_minutes(direction))
}

/// In each sweep another alarm is first, so that where time does not suffice for all, all have their turn.
fn in_turn(mut firing: Vec<FiringAlarm>, sweep: i64) -> Vec<FiringAlarm> {
    if let Ok(count @ 1..) = i64::try_from(firing.len()) {
        let first = sweep.rem_euclid(count);
        firing.rotate_left(usize::try_from(first).unwrap_or(0));
    }
    firing
}

fn sweep_failed(error: &CallError) -> Outcome {
    Outcome { needs_attention: true, ..Outcome::plain(OutcomeKind::of(error.failure), None, error.to_string()) }
}

fn out_of_time(asked: Result<AlarmEvent, EventFault>) -> Outcome {
    let (alarm, streams) = asked.map(|event| (event.alarm, event.streams)).unwrap_or_default();
    let words = "this run has no time left: the next scheduled run evaluates this alarm";
    Outcome::plain(OutcomeKind::Held, streams.first().map(String::as_str), words).asked_by(&alarm)
}

/// One alarm's outcome. `seen` holds the streams already looked at for this event.
async fn answer(
    cloud: &impl Cloud,
    function_state: &FunctionState,
    policy: &Policy,
    direction: Direction,
    asked: Result<AlarmEvent, EventFault>,
    seen: &mut BTreeSet<String>,
) -> Outcome {
    let event = match asked {
        Ok(event) => event,
        Err(fault) => return Outcome::plain(OutcomeKind::Refused, None, fault.to_string()),
    };
    // Where a function does not know its own account, the alarm's is taken for it.
    let own = function_state.account.get().or(event.account.as_ref());
    let other = event.metric_accounts.iter().find(|account| own.is_some_and(|own| own != *account));
    let elsewhere = event.region.filter(|region| function_state.region.as_ref().is_some_and(|home| home != region));
    let outcome = match (event.state, event.streams.as_slice()) {
        (AlarmState::Ok | AlarmState::InsufficientData, streams) => {
            let words = "the alarm is not firing: nothing to do";
            Outcome::plain(OutcomeKind::Ignored, streams.first().map(String::as_str), words)
        }
        (AlarmState::Alarm, streams) if let (Some(other), Some(own)) = (other, own) => {
            let words = format!(
                "the alarm watches a stream of account {other}, and this function runs in account {own}, where \
                 {} is a different stream: deploy the stack in account {other} as well, and let the alarm call \
                 the function there",
                streams.join(", "),
            );
            Outcome::plain(OutcomeKind::Refused, None, words)
        }
        (AlarmState::Alarm, streams) if let Some(elsewhere) = elsewhere => {
            let words = format!(
                "the alarm is from Region {elsewhere}, and this function runs in {}, where {} is a different \
                 stream: deploy the stack in {elsewhere} as well, and let the alarm call the function there",
                function_state.region.as_deref().unwrap_or_default(),
                streams.join(", "),
            );
            Outcome::plain(OutcomeKind::Refused, None, words)
        }
        (AlarmState::Alarm, [stream]) if seen.insert(stream.clone()) => {
            // In a box: all that a pass waits for, one in the other, is deeper than the compiler follows.
            Box::pin(reconcile(cloud, function_state, policy, stream, Intent::Auto, direction, event.alarm_shard_count))
                .await
        }
        (AlarmState::Alarm, [stream]) => {
            let words = "this stream was already evaluated for this event";
            Outcome::plain(OutcomeKind::Ignored, Some(stream), words)
        }
        (AlarmState::Alarm, streams) => Outcome::plain(OutcomeKind::Refused, None, no_single_stream(streams)),
    };
    outcome.asked_by(&event.alarm)
}

fn no_single_stream(streams: &[String]) -> String {
    if streams.is_empty() {
        "the alarm names no stream: give its metric the dimension StreamName".to_owned()
    } else {
        format!("the alarm names several streams ({}): create one alarm for each", streams.join(", "))
    }
}
