// SPDX-License-Identifier: Apache-2.0
//! docs/cost.md says for whom the scaler pays: the deployed functions over recorded days, scaled to streams of each size.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use aws_models::stream_model::Assumptions;
use billing::prices::{Item, MONTH_SECONDS, PriceSheet, US_EAST_1};
use billing::{Bill, OnDemandOnly, ScalerUsage, Series, StreamConfig, Usage, UsageStep};
use jiff::Timestamp;
use kinesis_model::limits::{SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_MINUTE_PER_SHARD};
use kinesis_model::{Demand, MicroUsd, Minute, ShardCount, StreamMode};
use scaler_core::{Policy, PolicySpec};
use simulator::run::Run;
use simulator::score::Score;
use simulator::simulate::{Setup, Simulation};
use simulator::trace::Trace;
use sizing::compare::{stack_month, stream_month};
use testkit::document::has_parts;

const DAY_MINUTES: usize = 24 * 60;
const DAYS_PER_MONTH: u64 = MONTH_SECONDS / 86_400;
/// Sizes of streams: all of the first, so that the smallest that pays is among them, and then as they stand in the table.
const SIZES: [u32; 23] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 50, 100, 200];
const SIZES_SHOWN: [u32; 10] = [1, 2, 3, 4, 5, 10, 20, 50, 100, 200];

/// A month of days like the last one of a trace, in USD.
struct Month {
    /// What it has today, and would go on to have: enough for that day's busiest minute at the target utilization.
    shards: u32,
    static_peak: MicroUsd,
    /// The same without headroom: the busiest minute fills every shard.
    static_full: MicroUsd,
    /// With the scaler, but for what that costs itself.
    scaled: MicroUsd,
    /// The scaler itself: with metrics of the stream, and without.
    own: [MicroUsd; 2],
    on_demand: MicroUsd,
    /// Bytes, 0 to 1.
    throttled: f64,
}

#[test]
fn the_page_of_costs_says_for_whom_it_pays() {
    let rhythm = months(include_str!("../traces/commute.csv"));
    let bursts = months(include_str!("../traces/news.csv"));
    let table = format!(
        "**A daily rhythm** (`shared/simulator/traces/commute.csv`, {}):\n\n{}\n**Quiet, with bursts** \
         (`shared/simulator/traces/news.csv`, {}):\n\n{}\n{}",
        shape(include_str!("../traces/commute.csv")),
        table(&rhythm),
        shape(include_str!("../traces/news.csv")),
        table(&bursts),
        one_shard(),
    );
    let parts = [("table", table), ("own", own())];
    has_parts("docs/cost.md", "pays", "shared/simulator/tests/pays.rs", &parts);
}

fn months(csv: &str) -> Vec<Month> {
    let trace = Trace::read("trace", csv.as_bytes()).unwrap();
    SIZES.into_iter().map(|shards| Month::of(&scaled_to(&trace, shards), shards)).collect()
}

/// How much of its busiest minute a mean minute of the last day takes.
fn shape(csv: &str) -> String {
    let day = last_day(&Trace::read("trace", csv.as_bytes()).unwrap());
    let bytes = || day.minutes.iter().map(|minute| minute.bytes);
    let mean = bytes().sum::<u64>() * 100 / bytes().max().unwrap() / day.minutes.len() as u64;
    format!("{}, where a mean minute takes {mean} % of what the busiest one does", day.start.strftime("%Y-%m-%d"))
}

/// The trace with so much in the busiest minute of its last day that it fills so many shards to the target utilization.
fn scaled_to(trace: &Trace, shards: u32) -> Trace {
    let busiest = last_day(trace).minutes.iter().map(|minute| minute.bytes).max().unwrap();
    let full = WRITE_BYTES_PER_MINUTE_PER_SHARD * u64::from(shards) * u64::from(target()) / 100;
    let scaled = |sum: u64| u64::try_from(u128::from(sum) * u128::from(full) / u128::from(busiest)).unwrap();
    let minute = |minute: &Demand| Demand { bytes: scaled(minute.bytes), records: scaled(minute.records) };
    Trace { minutes: trace.minutes.iter().map(minute).collect(), ..trace.clone() }
}

fn target() -> u32 {
    PolicySpec::default().target_utilization_percent
}

fn last_day(trace: &Trace) -> Trace {
    let first = trace.minutes.len() - DAY_MINUTES;
    Trace { name: trace.name.clone(), start: trace.at(first), minutes: trace.minutes[first..].to_vec() }
}

impl Month {
    fn of(trace: &Trace, shards: u32) -> Self {
        let (run, metrics_read) = simulated(trace, shards);
        let (sheet, config) = (PriceSheet::of(US_EAST_1), config(shards));
        let usage = usage(&last_day(trace), &config, &run);
        assert_eq!(usage.shards_at_peak(StreamMode::Provisioned, target()).get(), shards);
        let month = |bill: Bill| bill.total().times(DAYS_PER_MONTH);
        let count = ShardCount::new(shards).unwrap();
        let static_month = |shards| month(Bill::with_shards(&sheet, &usage, &config, shards).unwrap());
        let own = |has_metrics| {
            let paper = stream_month(has_metrics);
            // What it reads to plan is in what was read.
            let read =
                ScalerUsage { metrics_requested: metrics_read * u128::from(DAYS_PER_MONTH), ..ScalerUsage::default() };
            let metrics_requested = paper.metrics_requested - stream_month(false).metrics_requested;
            ScalerUsage { metrics_requested, ..paper }.and(read).bill(&sheet).unwrap().total()
        };
        Self {
            shards,
            static_peak: static_month(count),
            static_full: static_month(usage.shards_at_peak(StreamMode::Provisioned, 100)),
            scaled: month(Bill::as_it_is(&sheet, &usage, &config).unwrap()),
            own: [own(true), own(false)],
            on_demand: month(Bill::on_demand(&sheet, &usage, &config).unwrap()),
            throttled: Score::of(&last_day(trace), &run, &Assumptions::default()).throttled_bytes_share,
        }
    }

    /// What is saved beside what is paid otherwise, in micro-dollars.
    fn saved(&self, otherwise: MicroUsd, own: MicroUsd) -> i64 {
        signed(otherwise) - signed(self.scaled) - signed(own)
    }
}

/// What the deployed functions do on the last day with a stream that begins with so many shards, and how many metrics they read for that.
fn simulated(trace: &Trace, shards: u32) -> (Run, u128) {
    let policy = Policy::new(PolicySpec { shards_max: SHARDS_PER_STREAM_MAX, ..PolicySpec::default() }).unwrap();
    let mut simulation = Simulation::new(trace, &Setup::new(shards, policy));
    let first = trace.minutes.len() - DAY_MINUTES;
    let mut read_before = 0;
    for minute in 0..trace.minutes.len() {
        if minute == first {
            read_before = simulation.metrics_read();
        }
        simulation.step();
    }
    let read = simulation.metrics_read() - read_before;
    let run = simulation.run();
    let throttled = run.throttled.map(|shares| shares[first..].to_vec());
    (Run { capacity: run.capacity[first..].to_vec(), calls: Vec::new(), throttled }, u128::from(read))
}

/// What a stream uses that takes all that is offered on the shards of a run; one consumer reads all of it.
fn usage(day: &Trace, config: &StreamConfig, run: &Run) -> Usage {
    let step = |(offered, shards): (&Demand, &u32)| {
        let (bytes, records) = (Some(offered.bytes), Some(offered.records));
        let metrics = Minute { bytes, records, read_bytes: bytes, ..Minute::default() };
        UsageStep { metrics, open_shards: Some(*shards), ..UsageStep::default() }
    };
    let steps = day.minutes.iter().zip(&run.capacity).map(step).collect();
    let series = Series { start: day.start, step_seconds: 60, steps };
    series.usage(config, series.start, series.end())
}

fn config(shards: u32) -> StreamConfig {
    StreamConfig {
        mode: StreamMode::Provisioned,
        open_shards: ShardCount::new(shards).unwrap(),
        retention_hours: 24,
        created: Timestamp::MIN,
        consumers: Vec::new(),
        on_demand_only: OnDemandOnly::default(),
    }
}

fn table(months: &[Month]) -> String {
    let mut table = "\
| Shards for the peak | Static | Scaled | The scaler itself | Saved | Saved, `StreamMetrics=false` | Throttled | On-demand |
|---:|---:|---:|---:|---:|---:|---:|---:|
"
    .to_owned();
    for month in months.iter().filter(|month| SIZES_SHOWN.contains(&month.shards)) {
        let Month { shards, static_peak, scaled, own, on_demand, throttled, .. } = month;
        let saved = own.map(|own| {
            let saved = month.saved(*static_peak, own);
            let whole = signed(*static_peak);
            // To the nearest.
            format!("{} ({} %)", usd(saved), (saved * 100 + saved.signum() * whole / 2) / whole)
        });
        writeln!(
            table,
            "| {shards} | {} | {} | {} | {} | {} | {:.2} % | {} |",
            static_peak.cents(),
            scaled.cents(),
            own[0].cents(),
            saved[0],
            saved[1],
            throttled * 100.0,
            on_demand.cents(),
        )
        .unwrap();
    }
    let [peak, without] = [0, 1].map(|own| from(months, |month| month.saved(month.static_peak, month.own[own])));
    let full = from(months, |month| month.saved(month.static_full, month.own[0]));
    format!(
        "{table}\nIt pays {peak}, with `StreamMetrics=false` {without}. Compared with a fixed count that is 100 % full in \
         its busiest minute, it pays {full}.\n"
    )
}

/// From which size on every one saves.
fn from(months: &[Month], saved: impl Fn(&Month) -> i64) -> String {
    let paying = months.iter().rev().take_while(|month| saved(month) > 0).last();
    paying.map_or_else(|| "at none of these sizes".to_owned(), |month| format!("from {} shards on", month.shards))
}

/// A stream that has one shard, which it never fills.
fn one_shard() -> String {
    let sheet = PriceSheet::of(US_EAST_1);
    let shard = sheet.cost(Item::ShardHour, u128::from(MONTH_SECONDS)).unwrap();
    let [own, own_without] = [true, false].map(|has_metrics| stream_month(has_metrics).bill(&sheet).unwrap().total());
    let percent = |own: MicroUsd| (own.0 * 100 + shard.0 / 2) / shard.0;
    format!(
        "A stream that needs one shard all day cannot shrink. It pays {} USD on top of the {} USD of its shard, {} %; with \
         `StreamMetrics=false` {} USD, {} %.\n",
        own.cents(),
        shard.cents(),
        percent(own),
        own_without.cents(),
        percent(own_without),
    )
}

/// What the scaler costs itself, item by item.
fn own() -> String {
    let sheet = PriceSheet::of(US_EAST_1);
    let bills = [stream_month(true), stream_month(false), stack_month()];
    let [stream, without, stack] = bills.map(|usage| usage.bill(&sheet).unwrap());
    let metrics = |seconds: u128| seconds / u128::from(MONTH_SECONDS);
    let [of_stream, of_stack] = [stream_month(true), stack_month()];
    let mut table = "\
| USD a month | Each stream | Each stream, `StreamMetrics=false` | The stack, once |
|---|---:|---:|---:|
"
    .to_owned();
    let rows: [(String, &[Item]); 4] = [
        (
            format!(
                "Alarms: they read {} metrics of a stream, and {} of the stack's own",
                metrics(of_stream.alarm_metric_seconds),
                metrics(of_stack.alarm_metric_seconds)
            ),
            &[Item::AlarmMetric],
        ),
        (
            format!(
                "Metrics that it publishes: up to {} of a stream, and {} of what its functions did",
                metrics(of_stream.custom_metric_seconds),
                metrics(of_stack.custom_metric_seconds)
            ),
            &[Item::CustomMetric],
        ),
        ("Metrics that it reads to plan and to publish".to_owned(), &[Item::MetricRequest]),
        ("Runs of its functions".to_owned(), &[Item::LambdaRequest, Item::LambdaTime]),
    ];
    let cost = |bill: &Bill, items: &[Item]| {
        items.iter().fold(MicroUsd::default(), |sum, item| sum.and(bill.cost_of(*item))).cents()
    };
    for (what, items) in &rows {
        let cells = [&stream, &without, &stack].map(|bill| cost(bill, items));
        writeln!(table, "| {what} | {} |", cells.join(" | ")).unwrap();
    }
    let sums = [&stream, &without, &stack].map(|bill| format!("**{}**", bill.total().cents()));
    writeln!(table, "| **Sum** | {} |", sums.join(" | ")).unwrap();
    table
}

fn signed(amount: MicroUsd) -> i64 {
    i64::try_from(amount.0).unwrap()
}

/// Cents, with a minus sign where money is lost.
fn usd(micro_usd: i64) -> String {
    let cents = MicroUsd(micro_usd.unsigned_abs()).cents();
    if micro_usd < 0 { format!("-{cents}") } else { cents }
}

/// What billing takes the functions to read of a stream to which nothing happens is what they do read.
#[test]
fn a_stream_that_needs_its_one_shard_is_billed_for_what_is_read_of_it() {
    let minutes = vec![Demand { bytes: WRITE_BYTES_PER_MINUTE_PER_SHARD / 2, records: 7_500 }; 3 * DAY_MINUTES];
    let trace = Trace { name: "steady".to_owned(), start: Timestamp::UNIX_EPOCH, minutes };
    let (_, read) = simulated(&trace, 1);
    assert_eq!(read * u128::from(DAYS_PER_MONTH), stream_month(false).metrics_requested);
}
