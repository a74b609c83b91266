// SPDX-License-Identifier: Apache-2.0
//! Alarms that exist: whose they are, and how ours are brought in step with a shard count.

use scaler_core::{StreamAlarm, TAG_MADE_BY};

use crate::cloud::{CallError, CloudWatch, Failure, StoredAlarm};

/// Whether this stack made an alarm, by its tag; the name alone does not tell.
///
/// # Errors
/// CloudWatch did not say.
pub async fn is_ours(cloudwatch: &impl CloudWatch, stack: &str, alarm: &StoredAlarm) -> Result<bool, CallError> {
    let tags = cloudwatch.alarm_tags(alarm).await?;
    Ok(tags.iter().any(|(key, value)| key == TAG_MADE_BY && value == stack))
}

/// Replaces those of these alarms that exist and that this stack made. What they do when they fire, what they say of themselves (the
/// stack's settings, which a caller need not know) and what is no part of ours stays. One that does not exist is not made:
/// alarm-sync does that.
///
/// # Errors
/// A call failed, or an alarm is another stack's: that one is left as it is, and the others are replaced.
pub async fn refit(cloudwatch: &impl CloudWatch, stack: &str, alarms: &[StreamAlarm]) -> Result<(), CallError> {
    let names: Vec<_> = alarms.iter().map(|alarm| alarm.name.clone()).collect();
    let existing = cloudwatch.alarms_named(&names).await?;
    let mut others = Vec::new();
    for alarm in alarms {
        let Some(stored) = existing.iter().find(|stored| stored.alarm.name == alarm.name) else { continue };
        if !is_ours(cloudwatch, stack, stored).await? {
            others.push(alarm.name.as_str());
            continue;
        }
        let StreamAlarm { actions, description, .. } = stored.alarm.clone();
        let fitted = StreamAlarm { actions, description, ..alarm.clone() };
        cloudwatch.put_alarm(&fitted, &stored.other, &[]).await?;
    }
    if others.is_empty() {
        return Ok(());
    }
    let message = format!("not created by the stack {stack}, so it was not changed");
    Err(CallError::new("PutMetricAlarm", others.join(", "), Failure::Refused, message))
}
