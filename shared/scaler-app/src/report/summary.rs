// SPDX-License-Identifier: Apache-2.0
//! A report in words: the message that people get, and what stands above a table.

use std::fmt::Write as _;

use kinesis_model::MicroUsd;

use super::figures::{CostReport, StreamCost, Usd, UsdSaved};
use crate::cloud::{Notification, NotificationKind, Subject};

/// Streams, pieces of advice and faults in a message; the answer and the page have them all.
const LISTED_MAX: usize = 10;

/// The report as a message.
pub(super) fn notification(report: &CostReport) -> Notification {
    let over = report.streams.iter().filter(|stream| stream.over_budget).count();
    // A subscription that wants only what needs somebody gets what is over its budget, or could not be reckoned.
    let kind = if report.needs_attention() { NotificationKind::Attention } else { NotificationKind::Cost };
    let budget = if over > 0 { format!(", {over} over budget") } else { String::new() };
    let subject = Subject::new(&format!("{} USD until {}{budget}", cents(report.fleet.usd), day(report)));
    Notification { kind, subject, text: summary(report) }
}

/// The report in a few lines.
pub fn summary(report: &CostReport) -> String {
    let fleet = &report.fleet;
    let mut text = format!(
        "What: {} stream(s) in {} cost {} USD from {} to {} (UTC).\n",
        fleet.streams,
        report.region,
        cents(fleet.usd),
        report.from.strftime("%Y-%m-%d %H:%M"),
        report.until.strftime("%Y-%m-%d %H:%M"),
    );
    let otherwise = [
        ("on-demand Standard", fleet.usd_on_demand, fleet.saved_against_on_demand),
        ("shards for the peak all the time", fleet.usd_static_peak, fleet.saved_against_static_peak),
    ];
    for (name, usd, saved) in otherwise {
        if let Some(usd) = usd {
            let saved = saved.map_or_else(String::new, |saved| format!("; {}", saved_words(saved)));
            let _ = writeln!(text, "For comparison: {name} {} USD{saved}.", cents(usd));
        }
    }
    if let Some(usd) = fleet.usd_advantage {
        let _ = writeln!(
            text,
            "For comparison: on-demand Advantage {} USD, with its minimum charge for the account.",
            cents(usd)
        );
    }
    let _ = writeln!(text, "The scaler itself: {} USD.", cents(fleet.usd_scaler));
    if let Some(usd) = fleet.usd_month_expected {
        let _ = writeln!(text, "Expected for the whole month: {} USD.", cents(usd));
    }
    for stream in report.streams.iter().filter(|stream| stream.over_budget).take(LISTED_MAX) {
        let _ = writeln!(text, "Over budget: {}.", budget_words(stream));
    }
    for stream in report.streams.iter().filter(|stream| stream.throttled_records > 0).take(LISTED_MAX) {
        let _ = writeln!(text, "Throttled: {} refused {} records.", stream.stream, stream.throttled_records);
    }
    for stream in report.streams.iter().take(LISTED_MAX) {
        let _ = writeln!(
            text,
            "  {}: {} USD, {:.1} shards on average",
            stream.stream,
            cents(stream.usd),
            stream.mean_shards
        );
    }
    advice(report, &mut text);
    for fault in report.faults.iter().take(LISTED_MAX) {
        let _ = writeln!(text, "Not included: {fault}");
    }
    for note in &report.notes {
        let _ = writeln!(text, "Note: {note}");
    }
    if let Some(page) = &report.page {
        let _ = writeln!(text, "Page: {page}");
    }
    text
}

/// What saves most, over all streams.
fn advice(report: &CostReport, text: &mut String) {
    let mut all: Vec<_> =
        report.streams.iter().flat_map(|stream| stream.advice.iter().map(|advice| (&stream.stream, advice))).collect();
    all.sort_by_key(|(_, advice)| std::cmp::Reverse(advice.usd_month));
    for (stream, advice) in all.into_iter().take(LISTED_MAX) {
        let _ = writeln!(text, "Could save {} USD a month: {stream}: {}", cents(advice.usd_month), advice.words);
        if let Some(command) = &advice.command {
            let _ = writeln!(text, "  {command}");
        }
    }
}

fn budget_words(stream: &StreamCost) -> String {
    let [expected, budget] =
        [stream.usd_month_expected, stream.budget_usd_month].map(|usd| cents(usd.unwrap_or_default()));
    format!("{} is expected to cost {expected} USD this month, and its budget is {budget} USD", stream.stream)
}

fn saved_words(UsdSaved(micro): UsdSaved) -> String {
    let amount = cents(Usd(MicroUsd(micro.unsigned_abs())));
    if micro < 0 {
        format!("managed streams cost {amount} USD more")
    } else {
        format!(
            "managed streams saved \
        {amount} USD"
        )
    }
}

/// Which is all that a message needs.
fn cents(Usd(amount): Usd) -> String {
    amount.cents()
}

fn day(report: &CostReport) -> String {
    report.until.strftime("%Y-%m-%d").to_string()
}
