// SPDX-License-Identifier: Apache-2.0
//! The days of a report side by side: of one stream, or of all together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kinesis_model::MicroUsd;
use scaler_app::report::CostReport;
use scaler_app::report::figures::{DayCost, StreamCost};

/// A day of a chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    pub(crate) date: Date,
    /// Whether the report's period begins or ends within it, so that it looks cheaper than it was.
    pub(crate) is_part: bool,
}

/// The days, and what each cost.
pub(crate) struct Days {
    pub(crate) days: Vec<Day>,
    pub(crate) costs: Vec<DayCost>,
}

impl Days {
    /// Of one stream.
    pub(crate) fn of(report: &CostReport, stream: &StreamCost) -> Self {
        let day = |cost: &DayCost| Day { date: cost.date, is_part: is_part(cost.date, report.from, report.until) };
        Self { days: stream.days.iter().map(day).collect(), costs: stream.days.clone() }
    }

    /// Of all streams together; a day of which one stream lacks a price has none.
    pub(crate) fn of_fleet(report: &CostReport) -> Self {
        let mut sums: BTreeMap<Date, DayCost> = BTreeMap::new();
        for cost in report.streams.iter().flat_map(|stream| &stream.days) {
            sums.entry(cost.date).and_modify(|sum| *sum = both(sum, cost)).or_insert(*cost);
        }
        let day = |date: &Date| Day { date: *date, is_part: is_part(*date, report.from, report.until) };
        Self { days: sums.keys().map(day).collect(), costs: sums.into_values().collect() }
    }
}

fn both(one: &DayCost, other: &DayCost) -> DayCost {
    let sum = MicroUsd::and;
    let sum_known = |one: Option<MicroUsd>, other: Option<MicroUsd>| Some(sum(one?, other?));
    DayCost {
        date: one.date,
        usd: sum(one.usd, other.usd),
        usd_on_demand: sum_known(one.usd_on_demand, other.usd_on_demand),
        usd_static_peak: sum_known(one.usd_static_peak, other.usd_static_peak),
        mean_shards: one.mean_shards + other.mean_shards,
    }
}

fn is_part(date: Date, from: Timestamp, until: Timestamp) -> bool {
    let midnight = |date: Date| date.to_zoned(TimeZone::UTC).map(|midnight| midnight.timestamp());
    let begins_within = midnight(date).is_ok_and(|midnight| midnight < from);
    let ends_within = date.tomorrow().and_then(midnight).is_ok_and(|midnight| midnight > until);
    begins_within || ends_within
}
