// SPDX-License-Identifier: Apache-2.0
//! The cost report as an HTML page: one file that needs nothing else, for a browser, a phone or a printer.
//!
//! Whatever comes from outside (names, tags, AWS's words) goes through `maud`, which escapes it. The page is
//! well-formed XML too, so that programs can read it, and holds no script: its own policy forbids any.

mod chart;
mod days;
mod figures;
mod fleet;
mod parts;
mod stream;
mod table;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use scaler_app::report::CostReport;
use scaler_app::report::figures::PriceUsed;

/// Void elements in the way of XML, which maud does not write. The policy keeps a page that shows outsiders' words from
/// ever running or loading anything.
const META: PreEscaped<&str> = PreEscaped(concat!(
    r#"<meta charset="utf-8"/>"#,
    r#"<meta name="viewport" content="width=device-width, initial-scale=1"/>"#,
    r#"<meta name="color-scheme" content="light dark"/>"#,
    r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>"#,
));
const STYLE: PreEscaped<&str> = PreEscaped(include_str!("page.css"));

/// Draws a report as a whole page.
pub fn draw(report: &CostReport) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (META)
                title { "Kinesis costs in " (report.region) ", until " (report.until.strftime("%Y-%m-%d")) }
                style { (STYLE) }
            }
            body {
                header {
                    h1 { "Kinesis costs" }
                    p { strong { (report.region) } ", " (period(report.from, report.until)) }
                }
                main {
                    (fleet::over_budget(report))
                    (not_in_it(&report.faults))
                    (body(report))
                    (notes(&report.notes))
                    (prices(report))
                }
            }
        }
    };
    page.into_string()
}

/// A call that could not be read has no period.
fn period(from: Timestamp, until: Timestamp) -> String {
    let minute = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
    if from == until {
        return format!("requested on {} UTC", minute(until));
    }
    format!("{} to {} UTC", minute(from), minute(until))
}

fn body(report: &CostReport) -> Markup {
    if report.streams.is_empty() {
        return fleet::nothing(report);
    }
    html! {
        (fleet::figures(report))
        (table::table(&report.streams))
        section {
            h2 { "Stream by stream" }
            @for (at, one) in report.streams.iter().enumerate() { (stream::details(report, at, one)) }
        }
    }
}

/// At the top: who does not know of these reads the figures wrongly.
fn not_in_it(faults: &[String]) -> Markup {
    html! {
        @if !faults.is_empty() {
            section.box.faults {
                h2 { "Not included" }
                ul { @for fault in faults { li { (fault) } } }
            }
        }
    }
}

fn notes(notes: &[String]) -> Markup {
    html! {
        @if !notes.is_empty() {
            section.notes {
                h2 { "Notes" }
                ul { @for note in notes { li { (note) } } }
            }
        }
    }
}

/// Closed, since it is long: who doubts a figure opens it.
fn prices(report: &CostReport) -> Markup {
    html! {
        @if !report.prices.is_empty() {
            section.prices {
                h2 { "Prices" }
                details {
                    summary { "Prices and their sources" }
                    div.inside {
                        p.hint { "A GB is 2" sup { "30" } " bytes, and a month of a price 30 days." }
                        (price_table(&report.prices))
                    }
                }
            }
        }
    }
}

fn price_table(prices: &[PriceUsed]) -> Markup {
    html! {
        table {
            thead { tr { th { "Item" } th.number { "USD" } th { "for" } th { "Source" } } }
            tbody {
                @for price in prices {
                    tr {
                        th scope="row" { (price.item) }
                        td.number data-label="USD" { (price.usd.0) }
                        td data-label="for" { (price.unit) }
                        td data-label="Source" { (price.source) }
                    }
                }
            }
        }
    }
}
