// SPDX-License-Identifier: Apache-2.0
//! Telling people: which outcomes are worth a message, in words they can act on, and each cause once an hour.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::SHARD_METRICS;
use scaler_core::{AttemptKind, Policy, StreamTags, TAG_NOTICES, Verdict};

use crate::advice::StreamCommand;
use crate::cloud::{CallError, Clock, Cloud, Failure, Kinesis, Notification, NotificationKind, Notifications, Subject};
use crate::outcome::{Outcome, OutcomeKind};

/// Tells people of an outcome that is worth it: a resize, a need that a person has to see to, a fault.
///
/// Each resize is told, of which AWS allows ten a day, and the first of a series of splits or merges with less than an hour between
/// them. That shard metrics are switched on is told as well, since they are charged. A stream that was just set in motion may
/// refuse tags, so no tag stands before these messages. Any other cause is told once an hour, and first written down on the
/// stream. Where that fails nothing is sent: without a memory the same message would go out every minute. The log and
/// `NeedsAttentionAlarm` still tell. A dry run changes no tag, and so tells nobody.
pub(crate) async fn notify(cloud: &impl Cloud, stack: &Policy, tags: &StreamTags, outcome: &mut Outcome) {
    let Some(topic) = cloud.notifications() else { return };
    if !tags.managed || tags.is_dry_run(stack) {
        return;
    }
    let Some(stream) = outcome.stream.clone() else { return };
    let Some((cause, notification)) = notification(&stream, outcome) else { return };
    let now = cloud.clock().now();
    let is_resize = outcome.outcome == OutcomeKind::Resized;
    let measuring = Measuring::of(outcome);
    let is_news = measuring == Some(Measuring::Begun) || (is_resize && !is_one_more(tags, outcome, now));
    let needs_record = (!is_resize && measuring != Some(Measuring::Begun)) || outcome.needs_attention;
    if needs_record && !tags.notices.knows(&cause, now) {
        let notices = tags.notices.with(&cause, now).to_string();
        match cloud.kinesis().put_tag(&stream, TAG_NOTICES, &notices).await {
            // A stream in motion is one that the call, whose answer was lost, has reached.
            Err(error) if error.failure == Failure::InUse && measuring == Some(Measuring::Unanswered) => {}
            Err(error) if !is_news => {
                if !is_resize {
                    untold(outcome, &error);
                }
                return;
            }
            _ => {}
        }
    } else if !is_news {
        return;
    }
    publish(topic, &notification, outcome).await;
}

/// Tells people of a stream on which nothing may be written down. To be called rarely: it tells each time.
pub(crate) async fn notify_unrecorded(cloud: &impl Cloud, outcome: &mut Outcome) {
    let stream = outcome.stream.clone().unwrap_or_default();
    if let Some(topic) = cloud.notifications()
        && let Some((_, notification)) = notification(&stream, outcome)
    {
        publish(topic, &notification, outcome).await;
    }
}

async fn publish(topic: &impl Notifications, notification: &Notification, outcome: &mut Outcome) {
    if let Err(error) = topic.publish(notification).await {
        untold(outcome, &error);
    }
}

/// A person should know that nobody was told; the metric has an alarm of its own.
fn untold(outcome: &mut Outcome, error: &CallError) {
    outcome.faults.push(format!("the message could not be sent: {error}"));
    outcome.needs_attention = true;
}

/// What is known of the call that switches the metrics of shards on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measuring {
    /// AWS took it.
    Begun,
    /// Its answer was lost.
    Unanswered,
}

impl Measuring {
    fn of(outcome: &Outcome) -> Option<Self> {
        outcome.decision.as_ref().filter(|decision| decision.verdict == Verdict::Measure)?;
        Some(if outcome.outcome == OutcomeKind::Failed { Self::Unanswered } else { Self::Begun })
    }

    /// What happened to this stream, and what to do next.
    fn words(self, stream: &str) -> (String, String) {
        let how = match self {
            Self::Begun => "are",
            Self::Unanswered => "may be",
        };
        let off = StreamCommand::StopMeasuring(&SHARD_METRICS).text(None, stream);
        let next = format!(
            "Nothing to do. The scaler finds the hot shard within minutes. The metrics stay on: three for each \
             shard, each charged as a custom metric. To switch them off: {off}"
        );
        (format!("shard-level metrics of {stream} {how} switched on, and charged from now on"), next)
    }
}

/// Whether a split or merge was made so lately that one more is no news.
fn is_one_more(tags: &StreamTags, outcome: &Outcome, now: Timestamp) -> bool {
    let is_step = outcome.decision.as_ref().is_some_and(|decision| decision.resharding.is_some());
    let last = tags.history.last_resize().filter(|last| last.kind == AttemptKind::SplitOrMerge);
    is_step && last.is_some_and(|last| now.duration_since(last.at) < SignedDuration::from_hours(1))
}

/// By what name people are told of an outcome only once an hour.
fn cause_of(outcome: &Outcome) -> String {
    outcome.cause.as_ref().map_or_else(|| "other".to_owned(), ToString::to_string)
}

/// The cause and the message, if the outcome is worth one.
fn notification(stream: &str, outcome: &Outcome) -> Option<(String, Notification)> {
    let (kind, cause, what, next) = match (outcome.outcome, outcome.current, outcome.desired) {
        (OutcomeKind::Resized, Some(from), Some(to)) => {
            let next = "Nothing to do. The stream stays available while AWS reshards it, which takes minutes.";
            // One that falls short of what is wanted is not only news.
            let (kind, cause) = if outcome.needs_attention {
                (NotificationKind::Attention, cause_of(outcome))
            } else {
                (NotificationKind::Resize, "resize".to_owned())
            };
            (kind, cause, format!("{stream} is being resized from {from} to {to} shards"), next.to_owned())
        }
        _ if let Some(measuring) = Measuring::of(outcome) => {
            let (what, next) = measuring.words(stream);
            (NotificationKind::Resize, "measured".to_owned(), what, next)
        }
        (OutcomeKind::Failed, ..) => {
            let next = "The scaler tries again within minutes. If this message comes again, read the function's \
                log.";
            (NotificationKind::Fault, "failed".to_owned(), format!("a call for {stream} failed"), next.to_owned())
        }
        _ if outcome.needs_attention => {
            let cause = cause_of(outcome);
            let next = "Read the function's log.".to_owned();
            (NotificationKind::Attention, cause, format!("{stream} needs attention"), next)
        }
        _ if !outcome.faults.is_empty() => {
            let next = "The next run of alarm-sync repairs this. If this message comes again, read the log of \
                alarm-sync.";
            (NotificationKind::Fault, "fault".to_owned(), format!("something went wrong for {stream}"), next.to_owned())
        }
        _ => return None,
    };
    let next = outcome.next.as_deref().unwrap_or(&next);
    let mut text = format!("What: {what}.\nWhy: {}\nNext: {next}\n", outcome.words);
    for fault in &outcome.faults {
        text.push_str("Also: ");
        text.push_str(fault);
        text.push('\n');
    }
    Some((cause, Notification { kind, subject: Subject::new(&what), text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_why_and_what_next() {
        let mut outcome = Outcome::plain(
            OutcomeKind::Refused,
            Some("orders"),
            "140 shards are needed and the \
            maximum is 100",
        );
        outcome.next = Some("Raise the maximum.".to_owned());
        outcome.faults.push("the alarms do not fit".to_owned());
        let (cause, message) = notification("orders", &outcome).unwrap_or_else(|| unreachable!("a refusal is told"));
        assert_eq!((cause.as_str(), &*message.subject), ("other", "kinesis-scaler: orders needs attention"));
        assert_eq!(
            message.text,
            "What: orders needs attention.\nWhy: 140 shards are needed and the maximum is 100\nNext: Raise the \
             maximum.\nAlso: the alarms do not fit\n"
        );
    }

    #[test]
    fn what_is_as_usual_is_not_told() {
        assert!(notification("orders", &Outcome::plain(OutcomeKind::Held, Some("orders"), "held at 4")).is_none());
    }
}
