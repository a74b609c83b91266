// SPDX-License-Identifier: Apache-2.0
//! The minute tick: changes of streams end, alarms are evaluated, and what is due is delivered.

use aws_models::cloudwatch::{Metric, Transition};
use jiff::{SignedDuration, Timestamp};

use crate::delivery::{Delivery, EventSource};
use crate::kinesis::changes;
use crate::kinesis::shards::open_shards;
use crate::locked::locked;
use crate::options::Schedule;
use crate::state::{MINUTE, Shared};
use crate::traffic::Traffic;
use crate::{alarm_actions, events};

/// How long minutes are kept, of which points of an hour are made; finer points are not shown for so long. Source:
/// CloudWatch API reference, `GetMetricData`.
const METRIC_RETENTION: SignedDuration = SignedDuration::from_hours(455 * 24);

/// Handles every minute boundary since the last call: evaluates alarms, delivers, sends the events of schedules that
/// are due, and records the synthetic traffic of the minute that begins.
pub(crate) async fn tick(shared: &Shared) -> Vec<Transition> {
    let mut transitions = Vec::new();
    let mut last_tick = shared.last_tick.lock().await;
    while *last_tick + MINUTE <= shared.clock.now() {
        *last_tick += MINUTE;
        changes::settle(shared, *last_tick).await;
        transitions.extend(minute(shared, *last_tick));
        for traffic in &shared.options.traffic {
            record_traffic(shared, traffic, *last_tick).await;
        }
    }
    transitions
}

/// The next minute boundary that [`tick`] will handle.
pub(crate) async fn next(shared: &Shared) -> Timestamp {
    *shared.last_tick.lock().await + MINUTE
}

/// Ends the changes of streams that are due.
pub(crate) async fn settle(shared: &Shared) {
    changes::settle(shared, shared.clock.now()).await;
}

fn minute(shared: &Shared, at: Timestamp) -> Vec<Transition> {
    let transitions = {
        let mut cloudwatch = locked(&shared.cloudwatch);
        cloudwatch.forget(at - METRIC_RETENTION);
        cloudwatch.evaluate_alarms(at)
    };
    for transition in &transitions {
        alarm_actions::run(shared, transition);
    }
    for Delivery { function, payload, source } in shared.due(at) {
        shared.deliver(&function, payload, source);
    }
    let minutes = at.as_second().div_euclid(60);
    let due = |schedule: &&Schedule| minutes.rem_euclid(i64::from(schedule.every_minutes)) == 0;
    for Schedule { function, .. } in shared.options.schedules.iter().filter(due) {
        let payload = events::schedule(&shared.origin(), function, &shared.new_id(), at);
        shared.deliver(function, payload, EventSource::Schedule);
    }
    transitions
}

/// Records one minute of made-up traffic, as its stream would have counted it with its present shards.
pub(crate) async fn record_traffic(shared: &Shared, traffic: &Traffic, minute: Timestamp) {
    let Ok(stream) = shared.store.get_stream(&traffic.stream).await else { return };
    let mut cloudwatch = locked(&shared.cloudwatch);
    for (name, value) in traffic.minute(open_shards(&stream)) {
        cloudwatch.record(&Metric::kinesis(&traffic.stream, name), minute, value);
    }
}
