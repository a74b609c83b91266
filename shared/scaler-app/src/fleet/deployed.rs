// SPDX-License-Identifier: Apache-2.0
//! What people are told once after a deployment: how many streams are managed, what was done, and what needs attention.

use super::response::{Counted, ResponseBuilder};
use super::settings::Settings;
use crate::cloud::{FleetCloud, Notification, NotificationKind, Notifications, Subject};
use crate::outcome::{Outcome, OutcomeKind};

/// Tells people what the first look after a deployment came to, at which so many streams were found that are scaled.
pub(super) async fn notify_deployed(
    cloud: &impl FleetCloud,
    settings: Settings<'_>,
    is_rollback: bool,
    scaled: usize,
    builder: &mut ResponseBuilder<'_>,
) {
    let Some(topic) = cloud.notifications() else { return };
    let what = if is_rollback { "rolled back" } else { "deployed" };
    let notification = notification(settings, what, scaled, builder);
    if let Err(error) = topic.publish(&notification).await {
        let words = format!("the message about the deployment could not be sent: {error}");
        builder.decisive(Outcome::plain(OutcomeKind::of(error.failure), None, words));
    }
}

fn notification(settings: Settings<'_>, what: &str, scaled: usize, builder: &ResponseBuilder<'_>) -> Notification {
    let (is_dry_run, seen) = (settings.policy.dry_run, builder.seen());
    let mut lines = vec![
        format!("What: the stack {} was {what}, and alarm-sync checked the streams.", settings.stack_config.stack_name),
        format!("Managed streams: {scaled}"),
        format!("Dry run: {}", if is_dry_run { "yes, so no stream is resized" } else { "no" }),
        format!("Streams whose alarms were created or corrected: {}", seen.mended),
    ];
    let counts = |outcome: &Outcome| match (outcome.current, outcome.desired) {
        (Some(from), Some(to)) => format!("from {from} to {to} shards"),
        _ => outcome.words.clone(),
    };
    if !is_dry_run {
        lines.extend(listed("Outside their minimum and maximum, and resized", &seen.resized, counts));
    }
    // A stream may be in dry run by its tag.
    if is_dry_run || seen.in_dry_run.count > 0 {
        lines.extend(listed(
            "Outside their minimum and maximum, not resized because of the dry run",
            &seen.in_dry_run,
            counts,
        ));
    }
    lines.extend(listed("Needs attention", &seen.needy, |outcome| outcome.words.clone()));
    if let Some(last) = builder.rest() {
        lines.push(format!("Not checked yet: the streams after {last}. The next runs check them, and log the result."));
    }
    lines.push(format!("Next: {}\n", next(scaled, is_dry_run, builder)));
    let streams = if scaled == 1 { "1 stream is".to_owned() } else { format!("{scaled} streams are") };
    let subject = Subject::new(&format!("{what}, {streams} managed{}", if is_dry_run { " (dry run)" } else { "" }));
    Notification { kind: NotificationKind::Deployment, subject, text: lines.join("\n") }
}

fn next(scaled: usize, is_dry_run: bool, builder: &ResponseBuilder<'_>) -> &'static str {
    let seen = builder.seen();
    match (scaled, builder.rest().is_some()) {
        _ if seen.needy.count > 0 => "Correct the streams above that need attention.",
        (0, false) => {
            "Tag a stream with kinesis-scaler/managed=true. Within five minutes alarm-sync creates \
            its alarms."
        }
        _ if is_dry_run => {
            "Read in the logs what the scaler would do. To let it resize streams, deploy with \
            DryRun=false."
        }
        _ if seen.in_dry_run.count > 0 => {
            "Nothing to do. To let the scaler resize the streams in dry run, remove their tag \
             kinesis-scaler/dry-run."
        }
        (_, true) => "Nothing to do for the streams that were checked.",
        (_, false) => "Nothing to do.",
    }
}

/// How many these are, and a line for each of the first few.
fn listed(what: &str, outcomes: &Counted, words: impl Fn(&Outcome) -> String) -> Vec<String> {
    let mut lines = vec![format!("{what}: {}", outcomes.count)];
    let line = |outcome: &Outcome| match &outcome.stream {
        Some(stream) => format!("- {stream}: {}", words(outcome)),
        None => format!("- {}", words(outcome)),
    };
    lines.extend(outcomes.first.iter().map(line));
    let more = outcomes.count - outcomes.first.len();
    if more > 0 {
        lines.push(format!("- and {more} more: see the log of alarm-sync"));
    }
    lines
}
