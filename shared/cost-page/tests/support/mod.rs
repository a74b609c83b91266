// SPDX-License-Identifier: Apache-2.0
//! Reports to draw: a fleet with something of everything, and its parts.
#![allow(unreachable_pub, reason = "a module of tests")]

use billing::prices::{Item, PriceSheet};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan as _};
use kinesis_model::MicroUsd;
use scaler_app::report::CostReport;
use scaler_app::report::figures::{AdviceLine, DayCost, FleetCost, Line, Mode, PriceUsed, StreamCost, Usd, UsdSaved};

/// Thirty days that begin and end within a day, as those of a report without a period do.
pub const FROM: &str = "2026-10-26T13:05:00Z";
pub const UNTIL: &str = "2026-11-25T13:05:00Z";

/// So many cents.
pub fn cents(cents: u64) -> Usd {
    Usd(MicroUsd(cents * 10_000))
}

/// A report of nothing in a Region.
pub fn empty(region: &str) -> CostReport {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    CostReport::empty(region, at(FROM), at(UNTIL), Vec::new())
}

/// A stream that costs about so many cents a day, and otherwise so many times that.
pub fn stream(name: &str, a_day: u64, on_demand: Option<u64>, static_peak: Option<u64>) -> StreamCost {
    let days: Vec<_> = (0..31).map(|at| day(at, a_day, on_demand, static_peak)).collect();
    let sum = |of: fn(&DayCost) -> Option<MicroUsd>| {
        days.iter().try_fold(0, |sum, day| Some(sum + of(day)?.0)).map(|sum| Usd(MicroUsd(sum)))
    };
    let (usd, usd_on_demand, usd_static_peak) =
        (sum(|day| Some(day.usd)).unwrap(), sum(|day| day.usd_on_demand), sum(|day| day.usd_static_peak));
    let scaler = cents(123);
    let saved = |otherwise: Option<Usd>| Some(UsdSaved::by(MicroUsd(usd.0.0 + scaler.0.0), otherwise?.0));
    let shards = u32::try_from(a_day).unwrap() / 50 + 1;
    StreamCost {
        stream: name.to_owned(),
        managed: true,
        mode: Mode::Provisioned,
        open_shards: shards,
        mean_shards: f64::from(shards) * 0.93,
        throttled_records: 0,
        retention_hours: 48,
        usd,
        lines: lines(usd),
        usd_on_demand,
        usd_advantage: usd_on_demand.map(|usd| Usd(MicroUsd(usd.0.0 * 2 / 5))),
        static_peak_shards: shards * 2,
        usd_static_peak,
        usd_scaler: scaler,
        saved_against_on_demand: saved(usd_on_demand),
        saved_against_static_peak: saved(usd_static_peak),
        usd_month_so_far: Some(Usd(MicroUsd(usd.0.0 * 4 / 5))),
        usd_month_expected: Some(usd),
        budget_usd_month: None,
        over_budget: false,
        advice: Vec::new(),
        notes: Vec::new(),
        days,
    }
}

/// Weekends are quieter, and the first and the last day are not whole.
fn day(at: i64, a_day: u64, on_demand: Option<u64>, static_peak: Option<u64>) -> DayCost {
    let date: Date = date(2026, 10, 26) + at.days();
    let quiet = if at % 7 > 4 { 55 } else { 90 + u64::try_from(at * 13 % 20).unwrap() };
    let part = if at == 0 || at == 30 { 50 } else { 100 };
    let micro = a_day * 10_000 * part / 100;
    let usd = MicroUsd(micro * quiet / 100);
    DayCost {
        date,
        usd,
        usd_on_demand: on_demand.map(|times| MicroUsd(usd.0 * times)),
        usd_static_peak: static_peak.map(|times| MicroUsd(micro * times)),
        mean_shards: f64::from(u32::try_from(a_day * quiet / 100).unwrap()) / 50.0,
    }
}

fn lines(usd: Usd) -> Vec<Line> {
    let line = |item: Item, quantity, share| Line {
        item: item.name(),
        quantity,
        unit: item.unit(),
        usd: Usd(MicroUsd(usd.0.0 * share / 100)),
    };
    vec![
        line(Item::ShardHour, 4_217.25, 60),
        line(Item::PutUnits, 1_204.618_2, 12),
        line(Item::ExtendedRetention, 720.0, 8),
        line(Item::FanOutHour, 1_440.5, 15),
        line(Item::FanOutOut, 0.004_1, 5),
    ]
}

/// Something of everything: over budget, dearer than otherwise, without prices, tiny, new, unmanaged.
pub fn fleet() -> CostReport {
    let mut report = empty("us-east-1");
    report.streams = vec![
        orders(),
        clicks(),
        audit(),
        stream("telemetry-raw", 88, Some(6), Some(2)),
        late(),
        stream("idle", 0, Some(2), Some(2)),
    ];
    let sum = |of: fn(&StreamCost) -> Option<Usd>| {
        Some(Usd(MicroUsd(report.streams.iter().filter_map(of).map(|usd| usd.0.0).sum())))
    };
    let (usd, usd_on_demand, usd_static_peak) =
        (sum(|one| Some(one.usd)).unwrap(), sum(|one| one.usd_on_demand), sum(|one| one.usd_static_peak));
    let usd_scaler = cents(1_907);
    let saved = |otherwise: Option<Usd>| Some(UsdSaved::by(MicroUsd(usd.0.0 + usd_scaler.0.0), otherwise?.0));
    report.fleet = FleetCost {
        streams: report.streams.len(),
        usd,
        usd_on_demand,
        usd_advantage: Some(cents(304_000)),
        usd_static_peak,
        usd_scaler,
        saved_against_on_demand: saved(usd_on_demand),
        saved_against_static_peak: saved(usd_static_peak),
        usd_month_expected: sum(|one| one.usd_month_expected),
    };
    report.faults = vec![
        "payments-eu is left out: DescribeStreamSummary of payments-eu: ResourceNotFoundException: Stream payments-eu \
         under account 123456789012 not found."
            .to_owned(),
    ];
    report.notes = vec![
        "prices are from the repository's dated price sheet, because AWS's Price List could not be read: \
            GetProducts: AccessDeniedException"
            .to_owned(),
    ];
    report.prices = prices("us-east-1");
    report
}

/// Over its budget, with advice of each kind.
fn orders() -> StreamCost {
    let advice = |words: &str, saves, command: Option<&str>| AdviceLine {
        words: words.to_owned(),
        usd_month: cents(saves),
        command: command.map(str::to_owned),
    };
    StreamCost {
        usd_month_expected: Some(cents(124_740)),
        budget_usd_month: Some(cents(120_000)),
        over_budget: true,
        advice: vec![
            advice(
                "consumer fraud-check-v1 has enhanced fan-out and was given nothing: deregister it",
                21_600,
                Some(
                    "aws kinesis deregister-stream-consumer --consumer-name fraud-check-v1 --stream-arn \"$(aws \
                     kinesis describe-stream-summary --stream-name orders --query \
                     StreamDescriptionSummary.StreamARN --output text)\"",
                ),
            ),
            advice(
                "a record has 312 bytes on average and is billed as 25 KB: aggregate records in the producer (KPL)",
                9_072,
                None,
            ),
            advice(
                "its minimum is 8 shards and its busiest minute needs 6: lower the minimum",
                2_160,
                Some("aws kinesis add-tags-to-stream --stream-name orders --tags kinesis-scaler/shards-min=6"),
            ),
        ],
        notes: vec![
            "what consumer fraud-check-v1 was given is not known to CloudWatch, and is not in the bill".to_owned(),
        ],
        ..stream("orders", 4_620, Some(4), Some(2))
    }
}

/// Within its budget.
fn clicks() -> StreamCost {
    StreamCost {
        budget_usd_month: Some(cents(90_000)),
        ..stream("clickstream-web-and-mobile-production", 2_480, Some(7), Some(3))
    }
}

/// On-demand, and not managed.
fn audit() -> StreamCost {
    StreamCost {
        mode: Mode::OnDemand,
        managed: false,
        usd_scaler: Usd::default(),
        saved_against_on_demand: Some(UsdSaved(0)),
        ..stream("audit.log_v2", 1_170, Some(1), Some(1))
    }
}

/// Created a few days ago: no month is known of it.
fn late() -> StreamCost {
    let mut late = stream("created-today", 12, Some(1), Some(1));
    late.days.truncate(1);
    (late.usd_month_so_far, late.usd_month_expected) = (None, None);
    late
}

/// The sheet of a Region, as a report tells it.
pub fn prices(region: &str) -> Vec<PriceUsed> {
    PriceUsed::all(&PriceSheet::of(region))
}
