// SPDX-License-Identifier: Apache-2.0
//! Alarm states over data points, among them both tables of AWS's page on missing data.
#![allow(clippy::unwrap_used)]

use aws_models::alarm::{AlarmState, Comparison, Rule, TreatMissing, evaluate};

fn rule(m: usize, n: usize, treat_missing: TreatMissing) -> Rule {
    Rule {
        threshold: 90.0,
        comparison: Comparison::GreaterThanOrEqualToThreshold,
        evaluation_periods: n,
        datapoints_to_alarm: m,
        treat_missing,
    }
}

/// `0` is a good point, `X` a breaching one, `-` a missing one; the newest is on the right, as in AWS's tables.
fn points(drawing: &str) -> Vec<Option<f64>> {
    drawing
        .split_whitespace()
        .map(|point| match point {
            "0" => Some(10.0),
            "X" => Some(95.0),
            _ => None,
        })
        .collect()
}

/// `expected` has AWS's four columns: missing, ignore, breaching, notBreaching; `kept` is "retain current state".
fn check(m: usize, n: usize, drawing: &str, expected: [&str; 4]) {
    let columns = [TreatMissing::Missing, TreatMissing::Ignore, TreatMissing::Breaching, TreatMissing::NotBreaching];
    for previous in [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData] {
        for (treat, expected) in columns.into_iter().zip(expected) {
            let state = evaluate(&rule(m, n, treat), &points(drawing), previous).state;
            let expected = if expected == "kept" { previous } else { expected.parse().unwrap() };
            assert_eq!(state, expected, "{m} of {n}, {drawing}, {treat}, from {previous}");
        }
    }
}

#[test]
fn three_of_three_as_in_the_first_table_of_aws() {
    check(3, 3, "0 - X - X", ["OK", "OK", "OK", "OK"]);
    check(3, 3, "0 - - - -", ["OK", "OK", "OK", "OK"]);
    check(3, 3, "- - - - -", ["INSUFFICIENT_DATA", "kept", "ALARM", "OK"]);
    check(3, 3, "0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(3, 3, "- - X - -", ["ALARM", "kept", "ALARM", "OK"]);
}

#[test]
fn two_of_three_as_in_the_second_table_of_aws() {
    check(2, 3, "0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(2, 3, "0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(2, 3, "0 - X - -", ["OK", "OK", "ALARM", "OK"]);
    check(2, 3, "- - - - 0", ["OK", "OK", "ALARM", "OK"]);
    check(2, 3, "- - - X -", ["ALARM", "kept", "ALARM", "OK"]);
}

#[test]
fn a_young_breaching_point_alone_does_not_alarm() {
    check(3, 3, "- - - - X", ["OK", "kept", "ALARM", "OK"]);
    check(3, 3, "- - - X -", ["OK", "kept", "ALARM", "OK"]);
}

#[test]
fn complete_ranges_need_no_filling() {
    check(1, 1, "X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(2, 3, "X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(2, 3, "X X X 0 0", ["OK", "OK", "OK", "OK"]);
    check(2, 3, "0 0 0 0 X", ["OK", "OK", "OK", "OK"]);
}

#[test]
fn each_comparison_breaches_on_its_side() {
    let state = |comparison, value| {
        let rule = Rule { comparison, ..rule(1, 1, TreatMissing::Missing) };
        evaluate(&rule, &[Some(value)], AlarmState::Ok).state == AlarmState::Alarm
    };
    assert!(state(Comparison::GreaterThanOrEqualToThreshold, 90.0));
    assert!(!state(Comparison::GreaterThanThreshold, 90.0));
    assert!(state(Comparison::LessThanOrEqualToThreshold, 90.0));
    assert!(!state(Comparison::LessThanThreshold, 90.0));
    assert!(state(Comparison::LessThanThreshold, 89.9));
}

#[test]
fn reasons_read_like_those_of_aws() {
    let reason = |rule, drawing| evaluate(&rule, &points(drawing), AlarmState::Ok).reason;
    assert_eq!(
        reason(rule(2, 3, TreatMissing::Missing), "X 0 X"),
        "Threshold Crossed: 2 out of the last 3 datapoints [95.0, 95.0] were greater than or equal to the threshold \
         (90.0) (minimum 2 datapoints for OK -> ALARM transition)."
    );
    assert_eq!(
        reason(rule(1, 1, TreatMissing::Missing), "0"),
        "Threshold Crossed: 1 out of the last 1 datapoints [10.0] was not greater than or equal to the threshold \
         (90.0) (minimum 1 datapoint for ALARM -> OK transition)."
    );
    assert_eq!(reason(rule(3, 3, TreatMissing::Missing), "- - -"), "Insufficient Data: 3 datapoints were unknown.");
    assert_eq!(
        reason(rule(2, 3, TreatMissing::Breaching), "- - - X"),
        "Threshold Crossed: 1 out of the last 3 datapoints [95.0] was greater than or equal to the threshold (90.0) \
         and 2 missing datapoints were treated as [breaching] (minimum 2 datapoints for OK -> ALARM transition)."
    );
}
