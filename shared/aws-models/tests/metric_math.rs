// SPDX-License-Identifier: Apache-2.0
//! Metric math: what expressions evaluate to, and how the unsupported ones are refused.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use aws_models::metric_math::{Expression, MathError, Point, Series, Value};
use proptest::prelude::*;

const MINUTES: [i64; 3] = [0, 60, 120];

fn ids() -> BTreeMap<String, Value> {
    let series = |points: &[(i64, f64)]| Value::Series(points.iter().copied().collect());
    BTreeMap::from([
        ("a".to_owned(), series(&[(0, 10.0), (60, 20.0)])),
        ("b".to_owned(), series(&[(60, 5.0), (120, 2.0)])),
        ("shards".to_owned(), Value::Scalar(4.0)),
    ])
}

fn evaluate(text: &str) -> Result<Value, MathError> {
    let expression = Expression::parse(text)?;
    let value = expression.evaluate(&ids(), &MINUTES);
    for minute in MINUTES {
        let point = |value: &Value| match value {
            Value::Scalar(number) => Point::Scalar(*number),
            Value::Series(series) => Point::Series(series.get(&minute).copied()),
        };
        let ids = ids();
        let points: Vec<_> = ids.iter().map(|(id, value)| (id.as_str(), point(value))).collect();
        assert_eq!(expression.at(&points), value.clone().map(|value| point(&value)), "{text} at {minute}");
    }
    value
}

fn check_scalar(text: &str, expected: f64) {
    assert_eq!(evaluate(text), Ok(Value::Scalar(expected)), "{text}");
}

fn check(text: &str, expected: &[(i64, f64)]) {
    assert_eq!(evaluate(text), Ok(Value::Series(expected.iter().copied().collect::<Series>())), "{text}");
}

#[test]
fn numbers_follow_the_usual_precedence() {
    check_scalar("1 + 2 * 3", 7.0);
    check_scalar("(1 + 2) * 3", 9.0);
    check_scalar("10 - 4 - 3", 3.0);
    check_scalar("-2 * - -3", -6.0);
    check_scalar("1.5e3/2", 750.0);
    check_scalar("2 + 1 > 2", 1.0);
    check_scalar(" 3 <= 2 ", 0.0);
    check_scalar("2==2", 1.0);
}

#[test]
fn a_gap_counts_as_zero_unless_both_sides_have_it() {
    check("a + b", &[(0, 10.0), (60, 25.0), (120, 2.0)]);
    check("a * shards", &[(0, 40.0), (60, 80.0)]);
    check("a / b", &[(60, 4.0), (120, 0.0)]); // at 0 the division by a missing b is one by zero
    check("a > 15", &[(0, 0.0), (60, 1.0)]);
    check("1 / 0", &[]);
}

#[test]
fn functions_work_point_by_point() {
    check("FILL(a, 0)", &[(0, 10.0), (60, 20.0), (120, 0.0)]);
    check("IF(a > 15, b, shards)", &[(0, 4.0), (60, 5.0)]);
    check("MAX([a, b])", &[(0, 10.0), (60, 20.0), (120, 2.0)]);
    check("MIN([a, b, 6])", &[(0, 6.0), (60, 5.0), (120, 2.0)]);
    check_scalar("MAX([1, shards])", 4.0);
    check_scalar("IF(shards == 4, 7, 8)", 7.0);
}

#[test]
fn the_expression_of_the_scale_out_alarm_evaluates() {
    let text = "100 * MAX([FILL(bytes,0)/(shards*62914560), (FILL(records,0)+FILL(throttled,0))/(shards*60000), \
                FILL(throttled,0) > 0])";
    let expression = Expression::parse(text).unwrap();
    assert_eq!(expression.ids().into_iter().collect::<Vec<_>>(), ["bytes", "records", "shards", "throttled"]);
    let values = BTreeMap::from([
        ("bytes".to_owned(), Value::Series(Series::from([(0, 125_829_120.0), (60, 0.0)]))),
        ("records".to_owned(), Value::Series(Series::from([(0, 24_000.0), (60, 24_000.0)]))),
        ("throttled".to_owned(), Value::Series(Series::from([(60, 1.0)]))),
        ("shards".to_owned(), Value::Scalar(4.0)),
    ]);
    let usage = expression.evaluate(&values, &MINUTES);
    assert_eq!(usage, Ok(Value::Series(Series::from([(0, 50.0), (60, 100.0), (120, 0.0)]))));
}

#[test]
fn refusals_name_the_culprit() {
    let message = |text: &str| evaluate(text).unwrap_err().to_string();
    assert_eq!(message("a + c"), "expression \"a + c\" uses id \"c\", which no query of the request defines");
    assert_eq!(message("SEARCH(a)"), "function \"SEARCH\" is not one of FILL, IF, MAX, MIN");
    assert_eq!(message("a +"), "expression \"a +\" has a syntax error at character 3");
    assert!(message("MAX(a)").starts_with("MAX over one series is a single number"));
    assert!(message("FILL(a, REPEAT)").starts_with("expression \"FILL(a, REPEAT)\" uses id \"REPEAT\""));
    assert!(matches!(evaluate("FILL(a)"), Err(MathError::Arguments { function: "FILL", .. })));
    assert!(matches!(evaluate("[a]"), Err(MathError::StrayArray)));
    assert!(matches!(evaluate(""), Err(MathError::Syntax { at: 0, .. })));
    assert!(matches!(evaluate(&"(".repeat(2_000)), Err(MathError::TooLarge { depth: 2_000, .. })));
    check_scalar(&format!("{}1", "-".repeat(2_000)), 1.0);
}

proptest! {
    #[test]
    fn any_text_is_answered_and_never_panics(text in "[-a-z0-9+*/()\\[\\], .<>=A-Z]{0,60}") {
        let _ = evaluate(&text);
    }

    #[test]
    fn filled_series_have_every_timestamp(points in prop::collection::btree_map(0_i64..3, -1e6..1e6_f64, 0..3)) {
        let series: Series = points.into_iter().map(|(minute, value)| (minute * 60, value)).collect();
        let values = BTreeMap::from([("m".to_owned(), Value::Series(series.clone()))]);
        let filled = Expression::parse("FILL(m, 1)").unwrap().evaluate(&values, &MINUTES);
        let expected = MINUTES.iter().map(|at| (*at, series.get(at).copied().unwrap_or(1.0))).collect();
        prop_assert_eq!(filled, Ok(Value::Series(expected)));
    }
}
