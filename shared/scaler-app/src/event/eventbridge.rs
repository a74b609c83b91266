// SPDX-License-Identifier: Apache-2.0
//! An alarm as EventBridge and the direct alarm action carry it.

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use serde::Deserialize;
use serde_json::Value;

use super::alarm::{AlarmDescription, AlarmEvent, AlarmMetric, AlarmState, null_is_default};
use super::arn::{account_part, region_part};
use super::fault::{EventFault, malformed};

/// Reads an alarm that EventBridge tells of.
pub(super) fn alarm_in(event: &Value) -> Result<AlarmEvent, EventFault> {
    let road = "EventBridge alarm event";
    let event = EventBridgeEvent::<Value>::deserialize(event).map_err(|fault| malformed(road, &fault))?;
    let data = AlarmData::deserialize(&event.detail).map_err(|fault| malformed(road, &fault))?;
    data.description(event.account, event.region).event()
}

/// Reads an alarm whose action the function is.
pub(super) fn direct_alarm_in(event: &Value) -> Result<AlarmEvent, EventFault> {
    let data = AlarmData::deserialize(&event["alarmData"]).map_err(|fault| malformed("direct alarm action", &fault))?;
    let arn = event.get("alarmArn").and_then(Value::as_str).unwrap_or_default();
    data.description(account_part(arn), region_part(arn)).event()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlarmData {
    alarm_name: String,
    state: State,
    #[serde(default, deserialize_with = "null_is_default")]
    configuration: Configuration,
}

#[derive(Deserialize)]
struct State {
    value: AlarmState,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    alarm_rule: Option<String>,
    #[serde(deserialize_with = "null_is_default")]
    metrics: Vec<AlarmMetric>,
}

impl AlarmData {
    fn description(self, account: Option<String>, region: Option<String>) -> AlarmDescription {
        AlarmDescription {
            alarm: self.alarm_name,
            state: self.state.value,
            account,
            region,
            children: self.configuration.alarm_rule.map(|_| Vec::new()),
            metrics: self.configuration.metrics,
        }
    }
}
