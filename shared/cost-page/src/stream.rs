// SPDX-License-Identifier: Apache-2.0
//! One stream in full: its bill, advice, notes, and its days.

use kinesis_model::num::whole;
use kinesis_model::thousands;
use maud::{Markup, html};
use scaler_app::report::CostReport;
use scaler_app::report::figures::{AdviceLine, StreamCost};

use crate::chart::{Chart, Measure, Unit};
use crate::days::Days;
use crate::figures::{month, quantity, usd};
use crate::parts::{anchor, cost_chart, mode};

/// What opens on a click; over budget, it is open.
pub(crate) fn details(report: &CostReport, at: usize, stream: &StreamCost) -> Markup {
    let open = stream.over_budget.then_some("open");
    let days = Days::of(report, stream);
    html! {
        details open=[open] {
            summary {
                span.name { (stream.stream) }
                @if stream.over_budget { span.badge.over { "over budget" } }
                span.amount { (usd(Some(stream.usd))) " USD" }
            }
            // A link to what is inside of details opens them.
            div.inside id=(anchor(at)) {
                (facts(stream))
                (bill(stream))
                (advice(&stream.advice))
                @if !stream.notes.is_empty() {
                    h3 { "Notes" }
                    ul { @for note in &stream.notes { li { (note) } } }
                }
                (cost_chart("Cost a day, USD", &days))
                (shards_chart(&days))
            }
        }
    }
}

fn facts(stream: &StreamCost) -> Markup {
    let shards = |count: u32| thousands(u64::from(count));
    html! {
        dl {
            div { dt { "Mode" } dd { (mode(stream.mode)) @if !stream.managed { ", not managed" } } }
            div { dt { "Shards now" } dd { (shards(stream.open_shards)) } }
            div { dt { "Shards on average" } dd { (format!("{:.1}", stream.mean_shards)) } }
            div { dt { "Shards for its peak" } dd { (shards(stream.static_peak_shards)) } }
            div { dt { "Records throttled" } dd { (thousands(stream.throttled_records)) } }
            div { dt { "Retention" } dd { (stream.retention_hours) " hours" } }
            div { dt { "On-demand Advantage" } dd { (usd(stream.usd_advantage)) } }
            div { dt { "Its share of the scaler's cost" } dd { (usd(Some(stream.usd_scaler))) } }
            div { dt { "This month so far" } dd { (month(stream.usd_month_so_far)) } }
            div { dt { "Month expected" } dd { (month(stream.usd_month_expected)) } }
            @if let Some(budget) = stream.budget_usd_month {
                div { dt { "Budget a month" } dd { (usd(Some(budget))) } }
            }
        }
    }
}

fn bill(stream: &StreamCost) -> Markup {
    html! {
        h3 { "Bill" }
        table.bill {
            thead { tr { th { "Item" } th.number { "Quantity" } th { "Unit" } th.number { "USD" } } }
            tbody {
                @for line in &stream.lines {
                    tr {
                        th scope="row" { (line.item) }
                        td.number data-label="Quantity" { span title=(line.quantity) { (quantity(line.quantity)) } }
                        td data-label="Unit" { (line.unit) }
                        td.number data-label="USD" { (usd(Some(line.usd))) }
                    }
                }
            }
            tfoot {
                tr { th scope="row" { "Together" } td {} td {} td.number data-label="USD" { (usd(Some(stream.usd))) } }
            }
        }
    }
}

fn advice(advice: &[AdviceLine]) -> Markup {
    html! {
        @if !advice.is_empty() {
            h3 { "Advice" }
            p.hint { "Each saving is calculated alone. Two together save less than their sum." }
            ul.advice {
                @for line in advice {
                    li {
                        p { strong.saved { (usd(Some(line.usd_month))) " USD a month" } ": " (line.words) "." }
                        @if let Some(command) = &line.command { pre { code { (command) } } }
                    }
                }
            }
        }
    }
}

fn shards_chart(days: &Days) -> Markup {
    let values = days.costs.iter().map(|cost| Some(thousandths(cost.mean_shards))).collect();
    Chart {
        title: "Shards a day, on average",
        unit: Unit::Shards,
        days: &days.days,
        bars: Measure { name: "shards", class: "shards", values },
        lines: Vec::new(),
    }
    .draw()
}

/// For a chart, which is drawn from whole numbers.
fn thousandths(shards: f64) -> u64 {
    whole((shards * 1_000.0).round())
}
