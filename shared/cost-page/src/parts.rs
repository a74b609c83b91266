// SPDX-License-Identifier: Apache-2.0
//! What several parts of the page have: the place of a stream, its mode, the chart of costs.

use kinesis_model::MicroUsd;
use maud::Markup;
use scaler_app::report::figures::{DayCost, Mode};

use crate::chart::{Chart, Measure, Unit};
use crate::days::Days;

/// Where the page has a stream: by its place, since a name is an outsider's word.
pub(crate) fn anchor(at: usize) -> String {
    format!("stream-{}", at + 1)
}

/// A mode in words.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Provisioned => "provisioned",
        Mode::OnDemand => "on-demand",
    }
}

/// What was paid, as bars, and what else would have been, as lines.
pub(crate) fn cost_chart(title: &str, days: &Days) -> Markup {
    let values =
        |of: fn(&DayCost) -> Option<MicroUsd>| days.costs.iter().map(|cost| of(cost).map(|usd| usd.0)).collect();
    Chart {
        title,
        unit: Unit::Usd,
        days: &days.days,
        bars: Measure { name: "paid", class: "paid", values: values(|cost| Some(cost.usd)) },
        lines: vec![
            Measure { name: "on-demand Standard", class: "on-demand", values: values(|cost| cost.usd_on_demand) },
            Measure { name: "static peak", class: "static", values: values(|cost| cost.usd_static_peak) },
        ],
    }
    .draw()
}
