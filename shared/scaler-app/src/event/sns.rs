// SPDX-License-Identifier: Apache-2.0
//! An alarm as SNS carries it: a JSON string, whose fields have capitals. `event.rs` reads the envelope, `alarm.rs` finds the
//! stream's name.

use serde::Deserialize;
use serde_json::Value;

use super::alarm::{AlarmDescription, AlarmEvent, AlarmMetric, AlarmState, MetricName, null_is_default};
use super::arn::{account_part, region_part};
use super::fault::{EventFault, malformed};

/// Reads an alarm in a message.
pub(super) fn alarm_in(message: &Value) -> Result<AlarmEvent, EventFault> {
    let alarm = SnsAlarm::deserialize(message).map_err(|fault| malformed("alarm in a message", &fault))?;
    alarm.description().event()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsAlarm {
    alarm_name: String,
    new_state_value: AlarmState,
    #[serde(rename = "AWSAccountId")]
    account: Option<String>,
    alarm_arn: Option<String>,
    alarm_rule: Option<String>,
    #[serde(default, deserialize_with = "null_is_default")]
    triggering_children: Vec<Child>,
    #[serde(default, deserialize_with = "null_is_default")]
    trigger: Trigger,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Child {
    arn: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Trigger {
    /// Of an alarm on a single metric.
    #[serde(flatten)]
    single: MetricName,
    /// Of one on metric math.
    #[serde(rename = "Metrics", deserialize_with = "null_is_default")]
    metrics: Vec<AlarmMetric>,
}

impl SnsAlarm {
    fn description(self) -> AlarmDescription {
        let arn = self.alarm_arn.unwrap_or_default();
        let Trigger { single, metrics } = self.trigger;
        let name = |Child { arn }: &Child| arn.split_once(":alarm:").map_or(arn.clone(), |(_, name)| name.to_owned());
        AlarmDescription {
            alarm: self.alarm_name,
            state: self.new_state_value,
            account: self.account.or_else(|| account_part(&arn)),
            region: region_part(&arn),
            children: self.alarm_rule.map(|_| self.triggering_children.iter().map(name).collect()),
            metrics: metrics.into_iter().chain([AlarmMetric::single(single)]).collect(),
        }
    }
}
