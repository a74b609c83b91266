// SPDX-License-Identifier: Apache-2.0
//! Alarms are put, described, deleted and set to a state.

use aws_models::cloudwatch::{AlarmFilter, DESCRIBE_PAGE_MAX};

use super::refusal::Refusal;
use super::wire::alarms::{
    DeleteAlarms, DescribeAlarms, DescribeAlarmsOutput, MetricAlarm, PutMetricAlarm, SetAlarmState,
};
use super::wire::tags::tags;
use super::wire::values::named;
use crate::alarm_actions;
use crate::locked::locked;
use crate::state::Shared;

/// What there are in CloudWatch; the first alone is here. Source: CloudWatch API reference, `DescribeAlarms`.
const ALARM_TYPES: [&str; 3] = ["MetricAlarm", "CompositeAlarm", "LogAlarm"];

/// What a page's token starts with; the last name of the page follows.
const TOKEN_PREFIX: &str = "after:";

pub(super) fn put_metric_alarm(shared: &Shared, mut input: PutMetricAlarm) -> Result<(), Refusal> {
    let tags = tags(std::mem::take(&mut input.tags));
    let config = input.into_config()?;
    Ok(locked(&shared.cloudwatch).put_alarm_tagged(config, tags, shared.clock.now())?)
}

pub(super) fn describe_alarms(shared: &Shared, input: DescribeAlarms) -> Result<DescribeAlarmsOutput, Refusal> {
    input.refuse_unmodelled()?;
    if !input.alarm_names.is_empty() && input.alarm_name_prefix.is_some() {
        return Err(Refusal::validation("AlarmNames and AlarmNamePrefix cannot be given together"));
    }
    if input.alarm_names.len() > DESCRIBE_PAGE_MAX {
        return Err(Refusal::validation(format!("AlarmNames has {} names, not at most 100", input.alarm_names.len())));
    }
    let page = input.max_records.map_or(Ok(DESCRIBE_PAGE_MAX), |records| {
        let allowed = usize::try_from(records).ok().filter(|records| (1..=DESCRIBE_PAGE_MAX).contains(records));
        allowed.ok_or_else(|| Refusal::validation(format!("MaxRecords={records} is not 1 to 100")))
    })?;
    if let Some(other) = input.alarm_types.iter().find(|kind| !ALARM_TYPES.contains(&kind.as_str())) {
        return Err(Refusal::validation(format!("AlarmTypes {other:?} is not one of {}", ALARM_TYPES.join(", "))));
    }
    let after = input.next_token.map(|token| {
        let name = token.strip_prefix(TOKEN_PREFIX).map(str::to_owned);
        name.ok_or_else(|| Refusal::bad_token(&token))
    });
    let after = after.transpose()?;
    let state = input.state_value.map(|state| named(&state)).transpose()?;
    let [metric_alarm, ..] = ALARM_TYPES;
    if !input.alarm_types.is_empty() && !input.alarm_types.iter().any(|kind| kind == metric_alarm) {
        return Ok(DescribeAlarmsOutput::default());
    }
    let filter = AlarmFilter {
        names: input.alarm_names,
        name_prefix: input.alarm_name_prefix,
        action_prefix: input.action_prefix,
        state,
    };
    let page = locked(&shared.cloudwatch).describe_alarms(&filter, page, after.as_deref());
    Ok(DescribeAlarmsOutput {
        metric_alarms: page.alarms.iter().map(|alarm| MetricAlarm::new(&shared.origin(), alarm)).collect(),
        next_token: page.next.map(|name| format!("{TOKEN_PREFIX}{name}")),
        ..DescribeAlarmsOutput::default()
    })
}

pub(super) fn delete_alarms(shared: &Shared, input: DeleteAlarms) -> Result<(), Refusal> {
    let names = input.alarm_names.ok_or_else(|| Refusal::missing("alarmNames"))?;
    if names.len() > 100 {
        return Err(Refusal::validation(format!("AlarmNames has {} names, not at most 100", names.len())));
    }
    locked(&shared.cloudwatch).delete_alarms(&names);
    Ok(())
}

pub(super) fn set_alarm_state(shared: &Shared, input: SetAlarmState) -> Result<(), Refusal> {
    let name = input.alarm_name.ok_or_else(|| Refusal::missing("alarmName"))?;
    let state = named(&input.state_value.ok_or_else(|| Refusal::missing("stateValue"))?)?;
    let reason = input.state_reason.ok_or_else(|| Refusal::missing("stateReason"))?;
    let data = input.state_reason_data;
    if data.as_ref().is_some_and(|data| serde_json::from_str::<serde_json::Value>(data).is_err()) {
        return Err(Refusal::new("InvalidFormatFault", "InvalidFormat", "StateReasonData is not JSON"));
    }
    let now = shared.clock.now();
    let transition = locked(&shared.cloudwatch).set_alarm_state(&name, state, &reason, data, now)?;
    if let Some(transition) = transition {
        alarm_actions::run(shared, &transition);
    }
    Ok(())
}
