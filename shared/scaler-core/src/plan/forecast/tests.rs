// SPDX-License-Identifier: Apache-2.0
//! What a forecast takes for growth, and how far beyond what was seen it goes.

use jiff::Timestamp;

use super::super::moments::likeness;
use super::super::tuning::{GROWTH_PER_MINUTE_MAX, GROWTH_PER_MINUTE_MIN};
use super::*;
use kinesis_model::limits::WRITE_RECORDS_PER_MINUTE_PER_SHARD;
use kinesis_model::{MetricWindow, Minute};

const END: Timestamp = Timestamp::constant(1_767_322_800, 0);

/// So many minutes of a load in hundredths of a shard.
fn history(minutes: u64, hundredths: impl Fn(u64) -> u64) -> LoadHistory {
    let minute = |minute| {
        let records = hundredths(minute) * WRITE_RECORDS_PER_MINUTE_PER_SHARD / 100;
        Minute { records: Some(records), ..Minute::default() }
    };
    LoadHistory::of(&MetricWindow { end: END, minutes: (0..minutes).map(minute).collect() })
}

fn growth(minutes: u64, hundredths: impl Fn(u64) -> u64) -> f64 {
    Past::of(history(minutes, hundredths).minutes()).growth()
}

/// The largest load, in shards, that any span is expected to have.
fn most(minutes: u64, hundredths: impl Fn(u64) -> u64) -> u32 {
    let forecast = Forecast::of(&history(minutes, hundredths), 3, 4).expect("an hour is enough");
    (0..SPANS_MINUTES.len()).map(|span| forecast.high(span, 1e-9)).max().expect("there are spans")
}

#[test]
fn a_ramp_is_growth_and_a_step_is_not() {
    let ramp = growth(90, |minute| 200 + 5 * minute);
    assert!((0.006..0.01).contains(&ramp), "5 in 620 each minute: {ramp}");
    let fall = growth(90, |minute| 800 - 5 * minute);
    assert!((-0.015..-0.01).contains(&fall), "5 in 380 each minute: {fall}");
    for at in 60..90 {
        let step = growth(90, |minute| if minute < at { 200 } else { 1_000 });
        assert!(step.abs() < 1e-6, "{step} for a step in minute {at} of 90");
    }
    assert!(growth(90, |_| 300).abs() < 1e-6);
    assert!(growth(90, |minute| 300 + 40 * (minute / 5 % 2)).abs() < 1e-6, "up and down is neither");
    assert!(growth(90, |minute| 300 + minute / 3 + 40 * (minute % 2)).abs() < 1e-6, "less than its unrest explains");
}

#[test]
fn growth_and_decline_have_a_limit() {
    assert!((growth(90, |minute| 1_u64 << (minute / 3)) - GROWTH_PER_MINUTE_MAX).abs() < 1e-9);
    assert!((growth(90, |minute| 1_u64 << (29 - minute / 3)) - GROWTH_PER_MINUTE_MIN).abs() < 1e-9);
}

/// At any age, and the less so the less is known: that is what a young stream was once told.
#[test]
fn no_steady_load_is_expected_to_exceed_what_was_seen() {
    for age in [60, 76, 90, 1_440, 21_600] {
        assert_eq!(most(age, |_| 388), 4, "{age} minutes of a constant load");
        assert_eq!(most(age, |minute| 360 + minute * 7 % 37), 4, "{age} minutes of an unrestful one");
    }
}

#[test]
fn a_load_that_grows_is_expected_to_exceed_what_was_seen() {
    // 6.4 shards now; as it grows it is 7.4 in the twenty minutes for which growth was seen.
    assert_eq!(most(90, |minute| 200 + 5 * minute), 8);
}

#[test]
fn what_has_not_been_there_for_a_day_does_not_come_back() {
    // A day at nine shards, then two at three.
    let fallen = |minute| if minute < 1_440 { 900 } else { 300 };
    let forecast = Forecast::of(&history(3 * 1_440, fallen), 3, 4).expect("an hour is enough");
    for span in 0..SPANS_MINUTES.len() {
        assert!(forecast.high(span, 0.05) <= 3, "span {span}: {}", forecast.high(span, 0.05));
    }
}

/// A day on another level says little, and leaves the word to the others.
#[test]
fn the_day_before_counts_as_much_as_it_is_alike() {
    let close = |weight: f64, is: f64| (weight - is).abs() < 0.01;
    assert!(close(likeness(0.0), 1.0) && close(likeness(0.3), 0.37) && close(likeness(-0.3), 0.37));
    assert!(likeness(1.1) < 0.03 && likeness(-9.0) > 0.0);
    // Nine shards for a day, but three since an hour before it was over.
    let fallen = |minute| if minute < 1_440 - 60 { 900 } else { 300 };
    let forecast = Forecast::of(&history(1_440 + 120, fallen), 3, 4).expect("an hour is enough");
    assert!(forecast.high(0, 0.2) <= 3, "{}", forecast.high(0, 0.2));
}
