// SPDX-License-Identifier: Apache-2.0
//! All streams together: what is over budget, the figures as tiles, cost by day.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::MicroUsd;
use maud::{Markup, html};
use scaler_app::report::CostReport;
use scaler_app::report::figures::{StreamCost, Usd, UsdSaved};

use crate::days::Days;
use crate::figures::{dollars, month, streams, usd};
use crate::parts::{anchor, cost_chart};

/// The streams that are expected to cost more than they may, if there are any.
pub(crate) fn over_budget(report: &CostReport) -> Markup {
    let over: Vec<_> = report.streams.iter().enumerate().filter(|(_, stream)| stream.over_budget).collect();
    html! {
        @if !over.is_empty() {
            section.box.over {
                h2 { (streams(over.len())) " over budget" }
                ul { @for (at, stream) in over { li { (over_budget_words(at, stream)) } } }
            }
        }
    }
}

fn over_budget_words(at: usize, stream: &StreamCost) -> Markup {
    html! {
        a href={ "#" (anchor(at)) } { (stream.stream) }
        " is expected to cost " strong { (month(stream.usd_month_expected)) " USD" }
        " this month, and its budget is " strong { (month(stream.budget_usd_month)) " USD" } "."
    }
}

/// A report without a stream.
pub(crate) fn nothing(report: &CostReport) -> Markup {
    html! {
        section {
            @if report.faults.is_empty() {
                p { "The report covers no stream. A stream is managed once it has the tag "
                    code { "kinesis-scaler/managed=true" } "." }
            } @else {
                p { "No stream's cost could be calculated; the reasons are above." }
            }
            @if report.fleet.usd_scaler > Usd::default() {
                p { "The scaler itself cost " (usd(Some(report.fleet.usd_scaler))) " USD." }
            }
        }
    }
}

/// The tiles and the chart.
pub(crate) fn figures(report: &CostReport) -> Markup {
    let fleet = &report.fleet;
    let (on_demand, static_peak) = (fleet.usd_on_demand, fleet.usd_static_peak);
    let cost = html! { (streams(fleet.streams)) ", without the scaler's own cost" };
    let expected = if fleet.usd_month_expected.is_some() { dollars(fleet.usd_month_expected) } else { month(None) };
    let floor = html! { "with its minimum charge for 25 MiB/s in and out" };
    let until = html! { "expected for " (month_name(report.until)) };
    html! {
        section.tiles aria-label="All streams together" {
            (tile("Cost", &dollars(Some(fleet.usd)), &cost))
            (saved_tile("on-demand", fleet.saved_against_on_demand, managed(report, |one| one.usd_on_demand)))
            (saved_tile("static peak", fleet.saved_against_static_peak, managed(report, |one| one.usd_static_peak)))
            (tile("Expected for the month", &expected, &until))
            (tile("The scaler itself", &dollars(Some(fleet.usd_scaler)), &html! { "alarms, metrics and functions, as far as they are known" }))
            (tile("On-demand Standard", &dollars(on_demand), &html! { "for the same traffic" }))
            (tile("On-demand Advantage", &dollars(fleet.usd_advantage), &floor))
            (tile("Static peak", &dollars(static_peak), &html! { "shards for the busiest minute, all the time" }))
        }
        (cost_chart("Cost a day, USD", &Days::of_fleet(report)))
    }
}

fn tile(name: &str, amount: &Markup, note: &Markup) -> Markup {
    html! { div.tile { h3 { (name) } p.amount { (amount) } p.hint { (note) } } }
}

/// A difference, the scaler paid, in whole percent too.
/// What the managed streams would have cost, which are those that anything is saved on.
fn managed(report: &CostReport, of: fn(&StreamCost) -> Option<Usd>) -> Option<Usd> {
    let add = |sum: Usd, one: &StreamCost| Some(Usd(sum.0.and(of(one)?.0)));
    report.streams.iter().filter(|one| one.managed).try_fold(Usd::default(), add)
}

fn saved_tile(against: &str, saved: Option<UsdSaved>, otherwise: Option<Usd>) -> Markup {
    let (Some(UsdSaved(saved)), Some(Usd(otherwise))) = (saved, otherwise) else {
        return tile(&format!("Saved against {against}"), &usd(None), &html! { "including the scaler's cost" });
    };
    let amount = dollars(Some(Usd(MicroUsd(saved.unsigned_abs()))));
    let share = u128::from(saved.unsigned_abs()) * 100 / u128::from(otherwise.0.max(1));
    if saved < 0 {
        let name = format!("More than {against}");
        return tile(
            &name,
            &html! { span.more { (amount) } },
            &html! { (share) " % more, for managed streams, including the scaler's cost" },
        );
    }
    let name = format!("Saved against {against}");
    tile(
        &name,
        &html! { span.saved { (amount) } },
        &html! { (share) " % less, for managed streams, including \
        the scaler's cost" },
    )
}

/// The month in which the period ends: one that ends at midnight of the first is of the month before.
fn month_name(until: Timestamp) -> String {
    until
        .saturating_sub(SignedDuration::from_secs(1))
        .map_or_else(|_| String::new(), |at| at.strftime("%B %Y").to_string())
}
