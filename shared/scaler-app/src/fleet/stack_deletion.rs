// SPDX-License-Identifier: Apache-2.0
//! What CloudFormation asks of the stack's one custom resource: when the stack is deleted, the alarms of all streams go with it.
//!
//! It is asked when it is made and when its properties change as well, and waits for each answer. So every answer is success, and
//! comes in time: a stack that cannot be deleted is worse than alarms that are left. CloudFormation shows nobody the reason of a
//! success, so people are told of those by a message.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use scaler_core::{ALARM_PREFIX, TAG_MADE_BY};
use serde::Deserialize;
use serde_json::{Value, json};

use super::response::{ResponseBuilder, SyncResponse};
use crate::cloud::{
    CallError, Clock, CloudFormation, CloudWatch, DELETED_AT_ONCE, Failure, FleetCloud, Notification, NotificationKind,
    Notifications, StoredAlarm, Subject, Tagging,
};
use crate::event::{EventFault, malformed};
use crate::outcome::{Outcome, OutcomeKind};
use crate::pass::is_ours;
use crate::telemetry::TelemetryItem;

/// The name by which the stack knows its alarms. It stays the same, since CloudFormation takes another one for another resource,
/// and has the former deleted.
const PHYSICAL_ID: &str = "stream-alarms";
/// The permission to put alarms is taken away just before: so long it may still be in force somewhere, and a run may be making alarms
/// with it. Source: IAM User Guide, "Changes that I make are not always immediately visible", which gives no figure.
const PERMISSION_GOES: Duration = Duration::from_secs(15);
/// Telling people may take so long: a call's time in `scaler-aws/src/connect.rs`.
const TELLING_TAKES: SignedDuration = SignedDuration::from_secs(12);
/// Characters of a reason, at most: CloudFormation takes 4,096 bytes of answer.
const REASON_CHARS_MAX: usize = 1_000;

/// What CloudFormation is doing to the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Deletes,
    /// Makes or changes it, or what a later release of CloudFormation may ask for.
    Deploys,
}

/// One request of CloudFormation. It is not printed whole: whoever has the URL can answer for us.
#[derive(Clone, PartialEq, Eq)]
pub struct StackRequest {
    change: Change,
    /// The stack's name.
    stack: String,
    url: String,
    stack_id: String,
    request_id: String,
    logical_id: String,
    physical_id: String,
}

impl fmt::Debug for StackRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StackRequest({:?} {})", self.change, self.stack)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    request_type: String,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
}

impl StackRequest {
    /// Reads a request of CloudFormation; `None` where the event is another one.
    ///
    /// # Errors
    /// It lacks something without which it cannot be answered.
    pub fn read(event: &Value) -> Option<Result<Self, EventFault>> {
        event.get("RequestType")?;
        event.get("ResponseURL")?;
        let read = Event::deserialize(event).map(|event| Self {
            change: if event.request_type == "Delete" { Change::Deletes } else { Change::Deploys },
            // arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/ID
            stack: event.stack_id.split('/').nth(1).unwrap_or_default().to_owned(),
            url: event.response_url,
            stack_id: event.stack_id,
            request_id: event.request_id,
            logical_id: event.logical_resource_id,
            physical_id: event.physical_resource_id.unwrap_or_else(|| PHYSICAL_ID.to_owned()),
        });
        Some(read.map_err(|fault| malformed("request of CloudFormation", &fault)))
    }

    /// The answer, as CloudFormation reads it.
    fn answer(&self, reason: &str) -> String {
        json!({
            "Status": "SUCCESS",
            "Reason": reason.chars().take(REASON_CHARS_MAX).collect::<String>(),
            "PhysicalResourceId": self.physical_id,
            "StackId": self.stack_id,
            "RequestId": self.request_id,
            "LogicalResourceId": self.logical_id,
        })
        .to_string()
    }
}

/// Answers CloudFormation, once the alarms of `stack` are gone if it is deleted. No alarm is begun with after `until`.
pub async fn answer_stack(
    cloud: &impl FleetCloud,
    cloudformation: &impl CloudFormation,
    stack: &str,
    request: Result<StackRequest, EventFault>,
    until: Timestamp,
    emit: &mut (dyn FnMut(TelemetryItem) + Send),
) -> SyncResponse {
    let mut builder = ResponseBuilder::new(emit);
    builder.outcome(match request {
        Err(fault) => Outcome::plain(OutcomeKind::Refused, None, fault.to_string()),
        Ok(request) => {
            let mut outcome = match request.change {
                Change::Deploys => Outcome::plain(
                    OutcomeKind::Ignored,
                    None,
                    "alarm-sync creates the alarms when the stack is \
                        complete",
                ),
                Change::Deletes if request.stack != stack => {
                    let words = format!(
                        "the alarms of the stack {stack} stay, because another stack is deleted: {}",
                        request.stack
                    );
                    Outcome::plain(OutcomeKind::Refused, None, words)
                }
                Change::Deletes => {
                    // See PERMISSION_GOES.
                    cloud.clock().sleep(PERMISSION_GOES).await;
                    let mut outcome = remove_alarms(cloud, stack, until - TELLING_TAKES).await;
                    if outcome.needs_attention {
                        tell_left(cloud, stack, &mut outcome).await;
                    }
                    outcome
                }
            };
            if let Err(error) = cloudformation.answer(&request.url, &request.answer(&outcome.words)).await {
                outcome.needs_attention = true;
                outcome.faults.push(format!(
                    "CloudFormation received no answer, and waits until its timeout: \
                    {error}"
                ));
            }
            outcome
        }
    });
    builder.build()
}

/// Tells people of alarms that are left. The topic is still there: what asks depends on the function, and that on the topic.
async fn tell_left(cloud: &impl FleetCloud, stack: &str, outcome: &mut Outcome) {
    let Some(topic) = cloud.notifications() else { return };
    let what = format!("the stack {stack} is deleted, and some of its alarms are left");
    let text = format!(
        "What: {what}.\nWhy: {}\nNext: Find the alarms in CloudWatch whose names begin with {ALARM_PREFIX}, and \
         delete those of this stack. Nothing else deletes them, and each costs money.\n",
        outcome.words
    );
    let notification = Notification { kind: NotificationKind::Attention, subject: Subject::new(&what), text };
    if let Err(error) = topic.publish(&notification).await {
        outcome.faults.push(format!("the message could not be sent: {error}"));
    }
}

/// Deletes every alarm of the stack that there is time for.
async fn remove_alarms(cloud: &impl FleetCloud, stack: &str, until: Timestamp) -> Outcome {
    let there = match cloud.cloudwatch().alarms(ALARM_PREFIX).await {
        Ok(there) => there,
        Err(error) => {
            let words = format!(
                "no alarm was deleted, and the alarms named {ALARM_PREFIX}... cost money until somebody deletes \
                 them: {error}"
            );
            return Outcome::plain(OutcomeKind::Refused, None, words);
        }
    };
    // What the tagging service does not list, or where it does not answer, is asked for its tags one by one.
    let known = cloud.tagging().alarms_tagged(TAG_MADE_BY, stack).await.unwrap_or_default();
    let mut removal = Removal { known, ..Removal::default() };
    for some in there.chunks(DELETED_AT_ONCE) {
        removal.remove(cloud, stack, some, until).await;
    }
    removal.outcome()
}

/// What became of the alarms so far.
#[derive(Default)]
struct Removal {
    /// The ARNs of alarms that are known to be ours.
    known: BTreeSet<String>,
    deleted: usize,
    left: Vec<String>,
    /// What went wrong first.
    fault: Option<CallError>,
}

impl Removal {
    /// Deletes those of these alarms that are ours.
    async fn remove(&mut self, cloud: &impl FleetCloud, stack: &str, alarms: &[StoredAlarm], until: Timestamp) {
        let mut ours = Vec::new();
        for stored in alarms {
            let name = &stored.alarm.name;
            if cloud.clock().now() >= until {
                self.left.push(name.clone());
                continue;
            }
            if self.known.contains(&stored.arn) {
                ours.push(name.clone());
                continue;
            }
            match is_ours(cloud.cloudwatch(), stack, stored).await {
                Ok(true) => ours.push(name.clone()),
                Ok(false) => {}
                // Somebody else was quicker.
                Err(error) if error.failure == Failure::NotFound => {}
                Err(error) => self.keep([name.clone()], error),
            }
        }
        if ours.is_empty() {
            return;
        }
        match cloud.cloudwatch().delete_alarms(&ours).await {
            Ok(()) => self.deleted += ours.len(),
            Err(error) => self.keep(ours, error),
        }
    }

    fn keep(&mut self, names: impl IntoIterator<Item = String>, error: CallError) {
        self.left.extend(names);
        self.fault.get_or_insert(error);
    }

    fn outcome(self) -> Outcome {
        let words = format!("the stack is deleted, and so are {} alarms of its streams", self.deleted);
        let Some(first) = self.left.first() else { return Outcome::plain(OutcomeKind::Mended, None, words) };
        let why = self.fault.as_ref().map_or("there was no time left".to_owned(), ToString::to_string);
        let (count, advice) = (self.left.len(), "delete those of this stack, because each costs money");
        let words = format!(
            "{words}; {count} more alarms with such names are left: {advice}; the first is \
            {first}: {why}"
        );
        Outcome::plain(OutcomeKind::Refused, None, words)
    }
}
