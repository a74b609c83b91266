// SPDX-License-Identifier: Apache-2.0
//! What an alarm does when it changes state.

use aws_models::alarm::AlarmState;
use aws_models::cloudwatch::Transition;

use crate::delivery::EventSource;
use crate::events;
use crate::state::Shared;

/// Runs the actions of the state an alarm has entered, and tells EventBridge, which needs no action for it.
pub(crate) fn run(shared: &Shared, transition: &Transition) {
    let alarm = &transition.alarm;
    let (name, state, at) = (&alarm.config.name, alarm.state.value, alarm.state.updated_at);
    let actions = alarm.config.actions(state).iter().filter(|_| alarm.config.actions_enabled);
    for action in actions {
        if action.starts_with("arn:aws:sns:") {
            let subject = format!("{state}: \"{name}\" in {}", events::region_name(&shared.options.region));
            let message = events::sns_message(&shared.origin(), transition).to_string();
            shared.publish(action, Some(subject), message, at);
        } else if let Some(function) = function_name(action) {
            shared.deliver(function, events::direct(&shared.origin(), transition), EventSource::Direct);
        }
    }
    // The rule of the template: alarms of this project that have gone to ALARM, each to its function.
    let ours = name.strip_prefix("kinesis-scaler/").and_then(|rest| rest.rsplit_once('/'));
    let function = ours.map(|(_, function)| function).filter(|last| matches!(*last, "scale-out" | "scale-in"));
    if let (true, AlarmState::Alarm, Some(function)) = (shared.options.eventbridge, state, function) {
        let payload = events::eventbridge(&shared.origin(), transition, &shared.new_id());
        shared.deliver(function, payload, EventSource::EventBridge);
    }
}

/// `arn:aws:lambda:region:account:function:name`, with or without a version or alias after it.
fn function_name(arn: &str) -> Option<&str> {
    let mut parts = arn.strip_prefix("arn:aws:lambda:")?.split(':').skip(2);
    (parts.next() == Some("function")).then(|| parts.next()).flatten()
}
