//! What both functions run: an event in, a pass for each stream it is about, one answer out.

use std::collections::BTreeSet;

use scaler_core::{Direction, Policy};
use serde_json::Value;

use crate::event::{self, AlarmState, EventFault, Notice, Request};
use crate::ports::{Alarms, Clock, Metrics, Ports, Streams};
use crate::reconcile::reconcile;
use crate::report::{Outcome, OutcomeKind, Response};

/// Handles any event that a scaling function may be sent. Bad input is an outcome, not an error.
pub async fn handle<S: Streams, M: Metrics, A: Alarms, C: Clock>(
    ports: &Ports<S, M, A, C>,
    policy: &Policy,
    direction: Direction,
    event: &Value,
) -> Response {
    let notices = match event::parse(event) {
        Request::Alarms(notices) => notices,
        Request::Sweep => match firing(ports, direction).await {
            Ok(notices) => notices,
            Err(outcome) => return Response::new(direction, vec![*outcome]),
        },
    };
    let mut seen = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(notices.len());
    for notice in notices {
        outcomes.push(answer(ports, policy, direction, notice, &mut seen).await);
    }
    Response::new(direction, outcomes)
}

/// The sweep: alarms that fire only once must not lose a need that had to wait.
async fn firing<S: Streams, M: Metrics, A: Alarms, C: Clock>(
    ports: &Ports<S, M, A, C>,
    direction: Direction,
) -> Result<Vec<Result<Notice, EventFault>>, Box<Outcome>> {
    let firing = ports.alarms.firing(direction).await.map_err(|error| {
        let kind = if error.failure.is_passing() { OutcomeKind::Failed } else { OutcomeKind::Refused };
        Box::new(Outcome::plain(kind, None, error.to_string()))
    })?;
    let notice = |alarm: crate::ports::FiringAlarm| Notice {
        alarm: alarm.name,
        state: AlarmState::Alarm,
        streams: alarm.streams,
    };
    Ok(firing.into_iter().map(|alarm| Ok(notice(alarm))).collect())
}

/// One notification's outcome. `seen` holds the streams already looked at for this event.
async fn answer<S: Streams, M: Metrics, A: Alarms, C: Clock>(
    ports: &Ports<S, M, A, C>,
    policy: &Policy,
    direction: Direction,
    notice: Result<Notice, EventFault>,
    seen: &mut BTreeSet<String>,
) -> Outcome {
    let notice = match notice {
        Ok(notice) => notice,
        Err(fault) => return Outcome::plain(OutcomeKind::Refused, None, fault.to_string()),
    };
    let stream = match (notice.state, notice.streams.as_slice()) {
        (AlarmState::Ok | AlarmState::InsufficientData, streams) => {
            let words = "the alarm is not firing: nothing to do";
            return Outcome::plain(OutcomeKind::Ignored, streams.first().map(String::as_str), words)
                .asked_by(&notice.alarm);
        }
        (AlarmState::Alarm, [stream]) => stream,
        (AlarmState::Alarm, streams) => {
            return Outcome::plain(OutcomeKind::Refused, None, no_single_stream(streams)).asked_by(&notice.alarm);
        }
    };
    if !seen.insert(stream.clone()) {
        let words = "this stream was already looked at for this event";
        return Outcome::plain(OutcomeKind::Ignored, Some(stream), words).asked_by(&notice.alarm);
    }
    reconcile(ports, policy, stream, direction).await.asked_by(&notice.alarm)
}

fn no_single_stream(streams: &[String]) -> String {
    if streams.is_empty() {
        "the alarm names no stream: give its metric the dimension StreamName".to_owned()
    } else {
        format!("the alarm names several streams ({}): make one alarm for each", streams.join(", "))
    }
}
