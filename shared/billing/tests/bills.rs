// SPDX-License-Identifier: Apache-2.0
//! Bills that were reckoned by hand, one line a case: November 2026, 720 hours.
#![allow(clippy::unwrap_used)]

mod support;

use billing::prices::PriceSheet;
use billing::{Bill, ScalerUsage, StreamConfig, Usage, UsageStep, advantage_of_all, on_demand_bytes, put_units};
use kinesis_model::{Minute, ShardCount, StreamMode};
use support::{GB, MONTH, at, consumer, hours, lines, step, stream_config, whole};

const US: &str = "us-east-1";
const TOKYO: &str = "ap-northeast-1";
const MILLION: u64 = 1_000_000;
const KB: u64 = 1_024;

/// Two shards.
fn provisioned(retention_hours: u32) -> StreamConfig {
    stream_config(StreamMode::Provisioned, 2, retention_hours)
}

fn on_demand(retention_hours: u32) -> StreamConfig {
    stream_config(StreamMode::OnDemand, 4, retention_hours)
}

/// The same in each of the month's hours.
fn each_hour(step: &UsageStep) -> Vec<UsageStep> {
    vec![step.clone(); MONTH]
}

fn check(region: &str, config: &StreamConfig, steps: Vec<UsageStep>, expected: &[&str]) {
    let usage = whole(&hours(steps), config);
    let bill = Bill::as_it_is(&PriceSheet::of(region), &usage, config).unwrap();
    assert_eq!(lines(&bill), expected, "{region} {config:?}");
}

#[test]
fn provisioned_by_records() {
    // 2 shards x 720 h: x 0.015 = 21.60, in Tokyo x 0.0195 = 28.08.
    let [us, tokyo] = ["shard-hour 21.60", "shard-hour 28.08"];
    check(US, &provisioned(24), each_hour(&step(0, 0)), &[us]);
    check(US, &provisioned(24), each_hour(&UsageStep::default()), &[us]);
    // A million records of one byte an hour, a unit each: 720 x 0.014 = 10.08, in Tokyo x 0.0215 = 15.48.
    check(US, &provisioned(24), each_hour(&step(MILLION, MILLION)), &[us, "put-units 10.08"]);
    check(TOKYO, &provisioned(24), each_hour(&step(MILLION, MILLION)), &[tokyo, "put-units 15.48"]);
    // Of 25 KB still one each, and of a byte more two: 1,440 million.
    check(US, &provisioned(24), each_hour(&step(MILLION, MILLION * 25 * KB)), &[us, "put-units 10.08"]);
    check(US, &provisioned(24), each_hour(&step(MILLION, MILLION * (25 * KB + 1))), &[us, "put-units 20.16"]);
    check(TOKYO, &provisioned(24), each_hour(&step(MILLION, MILLION * (25 * KB + 1))), &[tokyo, "put-units 30.96"]);
    // Half of the hours of either kind: 360 million + 720 million units.
    let mut mixed = vec![step(MILLION, MILLION); MONTH / 2];
    mixed.extend(vec![step(MILLION, MILLION * (25 * KB + 1)); MONTH / 2]);
    check(US, &provisioned(24), mixed, &[us, "put-units 15.12"]);
}

#[test]
fn provisioned_by_shards_that_change() {
    // 2 shards for 10 days and 6 for 20: (2 x 240 + 6 x 480) x 0.015 = 50.40. A count holds until the next one.
    let mut steps = each_hour(&UsageStep::default());
    steps[5].open_shards = Some(2);
    steps[240].open_shards = Some(6);
    check(US, &provisioned(24), steps, &["shard-hour 50.40"]);
}

#[test]
fn provisioned_by_retention() {
    // 2^20 records of 1 KB an hour: 754,974,720 units x 0.014 / million = 10.569646; 720 GB in all.
    let traffic = step(1 << 20, GB);
    let base = ["shard-hour 21.60", "put-units 10.569646"];
    check(US, &provisioned(24), each_hour(&traffic), &base);
    // Beyond 24 hours each shard-hour costs 0.02 more, up to a week: 1,440 x 0.02 = 28.80.
    let extended = [base[0], base[1], "extended-retention 28.80"];
    check(US, &provisioned(25), each_hour(&traffic), &extended);
    check(US, &provisioned(48), each_hour(&traffic), &extended);
    check(US, &provisioned(168), each_hour(&traffic), &extended);
    // 30 days: each GB is kept 552 hours more, 720 x 552 / 720 GB-months x 0.023 = 12.696.
    let long_term = [base[0], base[1], extended[2], "long-term-retention 12.696"];
    check(US, &provisioned(720), each_hour(&traffic), &long_term);
}

#[test]
fn enhanced_fan_out_from_the_day_it_was_registered() {
    let mut stream = provisioned(24);
    stream.consumers = vec![consumer("analytics", "2026-11-16T00:00:00Z")];
    let mut steps = each_hour(&UsageStep { fan_out_bytes: vec![None], ..step(0, 0) });
    for step in &mut steps[MONTH / 2..] {
        step.fan_out_bytes = vec![Some(GB)];
    }
    // 360 h x 2 shards x 0.015 = 10.80, and 360 GB x 0.013 = 4.68.
    check(US, &stream, steps.clone(), &["shard-hour 21.60", "fan-out-hour 10.80", "fan-out-out 4.68"]);
    // Registered within an hour, which then counts whole: 361 h.
    stream.consumers[0].created = at("2026-11-15T23:30:00Z");
    check(US, &stream, steps.clone(), &["shard-hour 21.60", "fan-out-hour 10.83", "fan-out-out 4.68"]);
    // On-demand asks for what is given alone: 360 GB x 0.05 = 18.
    stream.mode = StreamMode::OnDemand;
    check(US, &stream, steps, &["on-demand-hour 28.80", "on-demand-fan-out-out 18.00"]);
}

#[test]
fn on_demand_by_whole_kilobytes() {
    // 720 h x 0.04 = 28.80, in Tokyo x 0.052 = 37.44.
    let [us, tokyo] = ["on-demand-hour 28.80", "on-demand-hour 37.44"];
    check(US, &on_demand(24), each_hour(&step(0, 0)), &[us]);
    // 720 million KB are 686.645508 GB: x 0.08 = 54.931641, in Tokyo x 0.104 = 71.411133; a byte is billed as a KB.
    check(US, &on_demand(24), each_hour(&step(MILLION, MILLION)), &[us, "on-demand-in 54.931641"]);
    check(US, &on_demand(24), each_hour(&step(MILLION, MILLION * KB)), &[us, "on-demand-in 54.931641"]);
    check(TOKYO, &on_demand(24), each_hour(&step(MILLION, MILLION)), &[tokyo, "on-demand-in 71.411133"]);
    // And 1,025 bytes as two.
    check(US, &on_demand(24), each_hour(&step(MILLION, MILLION * (KB + 1))), &[us, "on-demand-in 109.863281"]);
}

#[test]
fn on_demand_by_reading_and_retention() {
    // 720 GB in x 0.08 = 57.60 and out x 0.04 = 28.80; in Tokyo x 0.104 = 74.88 and x 0.052 = 37.44.
    let mut traffic = step(1 << 20, GB);
    traffic.metrics.read_bytes = Some(GB);
    let base = ["on-demand-hour 28.80", "on-demand-in 57.60", "on-demand-out 28.80"];
    check(US, &on_demand(24), each_hour(&traffic), &base);
    let tokyo = ["on-demand-hour 37.44", "on-demand-in 74.88", "on-demand-out 37.44"];
    check(TOKYO, &on_demand(24), each_hour(&traffic), &tokyo);
    // Kept 24 hours more: 720 x 24 / 720 GB-months x 0.10 = 2.40; six days more 14.40; then 552 hours x 0.023 = 12.696.
    let kept = |lines: &[&'static str]| [base.as_slice(), lines].concat();
    check(US, &on_demand(48), each_hour(&traffic), &kept(&["on-demand-extended-retention 2.40"]));
    check(US, &on_demand(168), each_hour(&traffic), &kept(&["on-demand-extended-retention 14.40"]));
    let long_term = ["on-demand-extended-retention 14.40", "on-demand-long-term-retention 12.696"];
    check(US, &on_demand(720), each_hour(&traffic), &kept(&long_term));
}

/// One GB an hour in records of 1 KB, read once.
fn gigabytes_an_hour(gigabytes: u64, config: &StreamConfig) -> Usage {
    let mut traffic = step(gigabytes << 20, gigabytes * GB);
    traffic.metrics.read_bytes = Some(gigabytes * GB);
    whole(&hours(each_hour(&traffic)), config)
}

#[test]
fn advantage_of_one_stream_has_no_hours() {
    // 720 GB in x 0.032 = 23.04, out x 0.016 = 11.52, 24 hours more x 0.04 = 0.96; in Tokyo x 0.0416 and x 0.0208.
    let stream = on_demand(48);
    let usage = gigabytes_an_hour(1, &stream);
    let bill = Bill::advantage(&PriceSheet::of(US), &usage, &stream).unwrap();
    assert_eq!(lines(&bill), ["advantage-in 23.04", "advantage-out 11.52", "advantage-extended-retention 0.96"]);
    let bill = Bill::advantage(&PriceSheet::of(TOKYO), &usage, &on_demand(24)).unwrap();
    assert_eq!(lines(&bill), ["advantage-in 29.952", "advantage-out 14.976"]);
}

#[test]
fn advantage_of_all_has_a_floor() {
    let stream = on_demand(24);
    let of_all = |region: &str, gigabytes: &[u64]| {
        let used: Vec<_> = gigabytes.iter().map(|gigabytes| gigabytes_an_hour(*gigabytes, &stream)).collect();
        let streams = used.iter().map(|usage| (usage, &stream));
        lines(&advantage_of_all(&PriceSheet::of(region), streams, 30 * 86_400).unwrap())
    };
    // 25 MiB/s for 30 days are 63,281.25 GB: x 0.032 = 2,025 and x 0.016 = 1,012.50, together 3,037.50 a month.
    let floor = ["advantage-in 2025.00", "advantage-out 1012.50"];
    assert_eq!(of_all(US, &[]), floor);
    assert_eq!(of_all(US, &[1, 80]), floor);
    // In Tokyo x 0.0416 = 2,632.50 and x 0.0208 = 1,316.25.
    assert_eq!(of_all(TOKYO, &[1]), ["advantage-in 2632.50", "advantage-out 1316.25"]);
    // Each below it and together above: 100 GB x 720 h x 0.032 = 2,304 and x 0.016 = 1,152.
    assert_eq!(of_all(US, &[50, 50]), ["advantage-in 2304.00", "advantage-out 1152.00"]);
}

#[test]
fn advantage_has_a_floor_in_each_direction() {
    let stream = on_demand(24);
    let written = whole(&hours(each_hour(&step(100 << 20, 100 * GB))), &stream);
    let bill = advantage_of_all(&PriceSheet::of(US), [(&written, &stream)], 30 * 86_400).unwrap();
    assert_eq!(lines(&bill), ["advantage-in 2304.00", "advantage-out 1012.50"]);
}

#[test]
fn static_peak_takes_its_consumers_along() {
    let mut stream = provisioned(48);
    stream.consumers = vec![consumer("analytics", "2026-11-16T00:00:00Z")];
    let usage = whole(&hours(each_hour(&step(MILLION, MILLION))), &stream);
    let fourteen = ShardCount::new(14).unwrap();
    let bill = Bill::with_shards(&PriceSheet::of(US), &usage, &stream, fourteen).unwrap();
    // 14 x 720 h: x 0.015 = 151.20, x 0.02 = 201.60; the consumer for half of the month: 14 x 360 x 0.015 = 75.60.
    let expected = ["shard-hour 151.20", "put-units 10.08", "extended-retention 201.60", "fan-out-hour 75.60"];
    assert_eq!(lines(&bill), expected);
}

#[test]
fn the_time_before_a_stream_was_created_costs_nothing() {
    let mut stream = provisioned(24);
    stream.created = at("2026-11-21T00:00:00Z");
    // 240 h x 2 x 0.015.
    check(US, &stream, each_hour(&step(0, 0)), &["shard-hour 7.20"]);
    // Created within an hour, which then counts whole.
    stream.created = at("2026-11-20T23:30:00Z");
    check(US, &stream, each_hour(&step(0, 0)), &["shard-hour 7.23"]);
    stream.created = at("2026-12-01T00:00:00Z");
    check(US, &stream, each_hour(&step(0, 0)), &[]);
}

#[test]
fn the_scaler_itself() {
    let sheet = PriceSheet::of(US);
    let month = 30 * 86_400;
    let told = |own: ScalerUsage| lines(&own.bill(&sheet).unwrap());
    // 11 metrics of alarms x 0.10; 6 published x 0.30; 39 read an hour x 720 x 10 / million.
    let stream = ScalerUsage::of_stream(month, 11, month);
    assert_eq!(told(stream), ["alarm-metric 1.10", "custom-metric 1.80", "metric-request 0.324"]);
    assert_eq!(told(ScalerUsage::of_stream(month, 11, 0)), ["alarm-metric 1.10", "metric-request 0.0648"]);
    // 9 and 12 of the stack's own, and 86,400 runs x 0.2 / million of 100 ms with 256 MB: 2,160 GB-seconds x 13.3334.
    let runs = ScalerUsage { runs: 43_200, run_milliseconds_mb: 43_200 * 100 * 256, ..ScalerUsage::default() };
    let all = runs.and(ScalerUsage::of_stack(month)).and(stream).and(runs);
    let expected = [
        "alarm-metric 2.00",
        "custom-metric 5.40",
        "metric-request 0.324",
        "lambda-request 0.01728",
        "lambda-time 0.0288",
    ];
    assert_eq!(told(all), expected);
}

#[test]
fn what_has_no_price_is_told_and_what_was_not_used_needs_none() {
    let sheet = PriceSheet::of(TOKYO);
    let told = |stream: &StreamConfig| {
        let usage = whole(&hours(each_hour(&step(1, 1))), stream);
        Bill::as_it_is(&sheet, &usage, stream).map_err(|missing| missing.item.to_string()).map(|_| ())
    };
    assert_eq!(told(&provisioned(24)), Ok(()));
    assert_eq!(told(&provisioned(48)), Err("extended-retention".to_owned()));
    assert_eq!(told(&on_demand(48)), Err("on-demand-extended-retention".to_owned()));
    let mut fanned_out = provisioned(24);
    fanned_out.consumers = vec![consumer("analytics", "2026-01-01T00:00:00Z")];
    assert_eq!(told(&fanned_out), Err("fan-out-hour".to_owned()));
}

#[test]
fn records_are_billed_by_their_mean_size() {
    for (records, bytes, units, billed) in [
        (0, 0, 0, 0),
        (1, 0, 1, KB),
        (1, 25 * KB, 1, 25 * KB),
        (1, 25 * KB + 1, 2, 26 * KB),
        (3, 3, 3, 3 * KB),
        // 100 and 1,948 bytes are one KB and two, and on average one each.
        (2, 2_048, 2, 2 * KB),
        // Bytes of which the records are not known are still bytes.
        (0, 25 * KB + 1, 2, 26 * KB),
        (u64::MAX, u64::MAX, u128::from(u64::MAX), KB),
    ] {
        let billed = if records == u64::MAX { u128::from(records) * 1_024 } else { u128::from(billed) };
        assert_eq!(put_units(records, bytes), units, "{records} {bytes}");
        assert_eq!(on_demand_bytes(records, bytes), billed, "{records} {bytes}");
    }
}

#[test]
fn the_busiest_minute_is_of_the_step_that_asks_for_most() {
    let mut busy = step(60 * 60_000, 0);
    busy.metrics.throttled_records = Some(60 * 30_000);
    busy.metrics.read_bytes = Some(60 * GB);
    let usage = whole(&hours(vec![step(60, 60), busy, step(0, 60 * 60 * 1_048_576)]), &provisioned(24));
    // 90,000 records wanted a minute are a shard and a half; the third hour fills but one.
    assert_eq!((usage.peak.records, usage.peak.shards(100).get(), usage.peak_read_bytes), (90_000, 2, GB));
    let silent = UsageStep { metrics: Minute::default(), ..UsageStep::default() };
    assert_eq!(whole(&hours(vec![silent]), &provisioned(24)).peak.shards(80), ShardCount::ONE);
}
