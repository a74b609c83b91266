//! What people are told once after a deployment: how many streams are managed, what was done, and what needs somebody.

use super::Settings;
use super::ports::{FleetAdapters, FleetPorts};
use super::report::{SyncResponse, Tally};
use crate::ports::{Notice, NoticeKind, Notices, Subject};
use crate::report::{Outcome, OutcomeKind};

/// Streams named of each kind, at most: a message is to be read.
const NAMED_MAX: usize = 10;

/// Tells people what the first look after a deployment came to, at which so many streams were found that are scaled.
pub(super) async fn tell_deployed<A: FleetAdapters>(
    ports: &FleetPorts<A>,
    settings: Settings<'_>,
    is_rollback: bool,
    scaled: usize,
    tally: &mut Tally<'_>,
) {
    if !ports.pass.notices.is_heard() {
        return;
    }
    let what = if is_rollback { "rolled back to what it was" } else { "deployed" };
    let notice = notice(settings, what, scaled, tally.so_far());
    if let Err(error) = ports.pass.notices.publish(&notice).await {
        let words = format!("nobody was told of the deployment: {error}");
        tally.decisive(Outcome::plain(OutcomeKind::of(error.failure), None, words));
    }
}

fn notice(settings: Settings<'_>, what: &str, scaled: usize, seen: &SyncResponse) -> Notice {
    let is_dry_run = settings.policy.dry_run;
    let of = |is_so: fn(&Outcome) -> bool| seen.outcomes.iter().filter(|outcome| is_so(outcome)).collect::<Vec<_>>();
    let mended = of(|outcome| outcome.outcome == OutcomeKind::Mended);
    let resized = of(|outcome| matches!(outcome.outcome, OutcomeKind::Resized | OutcomeKind::DryRun));
    let needy = of(|outcome| outcome.needs_attention);
    let mut lines = vec![
        format!("What: the stack {} was {what}, and has looked at its streams.", settings.wiring.stack_name),
        format!("Streams that are scaled: {scaled}"),
        format!("Dry run: {}", if is_dry_run { "yes, so nothing is resized" } else { "no" }),
        format!("Streams whose alarms were made or put right: {}", mended.len()),
    ];
    let bounds =
        if is_dry_run { "Outside their bounds, and would be resized" } else { "Outside their bounds, and resized" };
    lines.extend(listed(bounds, &resized, |outcome| match (outcome.current, outcome.desired) {
        (Some(from), Some(to)) => format!("from {from} to {to} shards"),
        _ => outcome.words.clone(),
    }));
    lines.extend(listed("Needs somebody", &needy, |outcome| outcome.words.clone()));
    if let Some(last) = &seen.goes_on_after {
        lines.push(format!(
            "Not looked at yet: the streams after {last}. Other runs do that; their log says what came of it."
        ));
    }
    lines.push(format!("Next: {}\n", next(scaled, is_dry_run, !needy.is_empty())));
    let streams = if scaled == 1 { "1 stream is".to_owned() } else { format!("{scaled} streams are") };
    let subject = Subject::new(&format!("{what}, {streams} scaled{}", if is_dry_run { " (dry run)" } else { "" }));
    Notice { kind: NoticeKind::Deployment, subject, text: lines.join("\n") }
}

fn next(scaled: usize, is_dry_run: bool, is_needed: bool) -> &'static str {
    match (scaled, is_dry_run, is_needed) {
        (_, _, true) => "See to the streams above.",
        (0, ..) => "Tag a stream with kinesis-scaler/managed = true. Within five minutes it has its alarms.",
        (_, true, _) => "Read in the logs what would be done. To let it, deploy with false for DryRun.",
        _ => "Nothing to do.",
    }
}

/// How many these are, and a line for each of the first few.
fn listed(what: &str, outcomes: &[&Outcome], words: impl Fn(&Outcome) -> String) -> Vec<String> {
    let mut lines = vec![format!("{what}: {}", outcomes.len())];
    let line = |outcome: &&Outcome| match &outcome.stream {
        Some(stream) => format!("- {stream}: {}", words(outcome)),
        None => format!("- {}", words(outcome)),
    };
    lines.extend(outcomes.iter().take(NAMED_MAX).map(line));
    if outcomes.len() > NAMED_MAX {
        lines.push(format!("- and {} more: see the log of alarm-sync", outcomes.len() - NAMED_MAX));
    }
    lines
}
