// SPDX-License-Identifier: Apache-2.0
//! The table of streams, the dearest first; on a phone each row becomes a card.

use kinesis_model::{MicroUsd, thousands};
use maud::{Markup, html};
use scaler_app::report::figures::{StreamCost, Usd, UsdSaved};

use crate::figures::{month, saved, usd};
use crate::parts::{anchor, mode};

/// One row a stream.
pub(crate) fn table(streams: &[StreamCost]) -> Markup {
    html! {
        section {
            h2 { "Streams" }
            p.hint { "In USD. Savings are after the stream's share of the scaler's cost." }
            table.streams {
                thead {
                    tr {
                        th { "Stream" }
                        th { "Mode" }
                        th.number { "Shards on average" }
                        th.number { "Cost" }
                        th.number { "On-demand instead" }
                        th.number { "Static peak instead" }
                        th.number { "Month expected" }
                        th.number { "Budget a month" }
                    }
                }
                tbody { @for (at, stream) in streams.iter().enumerate() { (row(at, stream)) } }
            }
        }
    }
}

fn row(at: usize, stream: &StreamCost) -> Markup {
    let class = stream.over_budget.then_some("over");
    html! {
        tr class=[class] {
            th scope="row" {
                a href={ "#" (anchor(at)) } { (stream.stream) }
                @if !stream.managed { small { "not managed" } }
                @if stream.throttled_records > 0 {
                    small.more { (thousands(stream.throttled_records)) " records throttled" }
                }
                @if let Some(advice) = stream.advice.first() {
                    small.saved { "could save " (usd(Some(advice.usd_month))) " a month" }
                }
            }
            td data-label="Mode" { (mode(stream.mode)) }
            td.number data-label="Shards on average" { (format!("{:.1}", stream.mean_shards)) }
            td.number data-label="Cost" { strong { (usd(Some(stream.usd))) } }
            (instead("On-demand instead", stream.usd_on_demand, stream.saved_against_on_demand))
            (instead("Static peak instead", stream.usd_static_peak, stream.saved_against_static_peak))
            td.number data-label="Month expected" { (month(stream.usd_month_expected)) }
            td.number data-label="Budget a month" { (budget(stream)) }
        }
    }
}

fn instead(label: &str, otherwise: Option<Usd>, difference: Option<UsdSaved>) -> Markup {
    html! {
        td.number data-label=(label) {
            span {
                (usd(otherwise))
                @if let Some(difference) = difference { small { (saved(difference)) } }
            }
        }
    }
}

fn budget(stream: &StreamCost) -> Markup {
    let Some(Usd(budget)) = stream.budget_usd_month else { return html! { span.unknown { "none" } } };
    let over = stream.usd_month_expected.map(|expected| expected.0.0.saturating_sub(budget.0));
    html! {
        span {
            (usd(Some(Usd(budget))))
            @if let Some(over) = over.filter(|_| stream.over_budget) {
                small.more { (usd(Some(Usd(MicroUsd(over))))) " over" }
            }
        }
    }
}
