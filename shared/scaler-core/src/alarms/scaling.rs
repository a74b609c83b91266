// SPDX-License-Identifier: Apache-2.0
//! The two alarms that make the functions look at a stream, fitted to its shard count.
//!
//! They fire where [`decide`](crate::decide) could come to a change, and `decide` reads the metrics itself.

use super::alarm::{AlarmExpression, AlarmKind, AlarmMetric, Comparison, SHARDS_ID, StreamAlarm, alarm_name};
use crate::direction::Direction;
use crate::policy::Policy;
use kinesis_model::ShardCount;
use kinesis_model::limits::{WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD};

/// The alarm in one direction for a stream of `shards` open shards. Its threshold is in percent of the stream's capacity.
pub fn scaling_alarm(policy: &Policy, stream: &str, shards: ShardCount, direction: Direction) -> StreamAlarm {
    let (threshold, evaluation_minutes, minutes_to_alarm) = match direction {
        // Two minutes: one busy minute alone is not worth one of ten resizes a day. Of five: the newest two may be late,
        // and FILL makes them look idle.
        Direction::Out => (f64::from(policy.upper_threshold_percent()), 5, 2),
        // Every minute of the window, as `decide` sizes for its busiest. At the minimum this is 0: it can never fire.
        Direction::In => {
            let kept = policy.scale_in_target_max(shards);
            let kept = if kept < policy.shards_min { 0.0 } else { f64::from(kept) / f64::from(shards.get()) };
            let threshold = f64::from(policy.target_utilization_percent) * kept;
            (threshold, policy.stabilization_window_minutes, policy.stabilization_window_minutes)
        }
    };
    // An idle stream has no metrics: that asks scale-in for a look, and the look tells idle from unknown.
    let (comparison, treat_missing_data) = match direction {
        Direction::Out => (Comparison::GreaterThanThreshold, "notBreaching"),
        Direction::In => (Comparison::LessThanThreshold, "breaching"),
    };
    StreamAlarm {
        name: alarm_name(stream, AlarmKind::Scaling(direction)),
        stream: stream.to_owned(),
        description: description(stream, direction),
        metrics: metrics(direction),
        expressions: vec![
            // The one literal that a resize has to change. CloudWatch takes a constant as an expression of its own.
            AlarmExpression { id: SHARDS_ID.to_owned(), expression: shards.to_string(), returned: false },
            AlarmExpression { id: "usage".to_owned(), expression: usage(policy, direction), returned: true },
        ],
        comparison: comparison.name().to_owned(),
        threshold,
        evaluation_minutes,
        minutes_to_alarm,
        treat_missing_data: treat_missing_data.to_owned(),
        actions: Vec::new(),
        extras: Vec::new(),
    }
}

fn description(stream: &str, direction: Direction) -> String {
    let firing_means = match direction {
        Direction::Out => "needs more shards or throttles its producers. The alarm starts scale-out",
        Direction::In => {
            "has more shards than its load needs, and its consumers keep up as far as is known. \
            The alarm starts scale-in"
        }
    };
    format!("kinesis-scaler: stream {stream} {firing_means}. alarm-sync fits the alarm to the shard count.")
}

/// Scale-in reads the consumers' lag as well.
fn metrics(direction: Direction) -> Vec<AlarmMetric> {
    let metric = |id: &str, name: &str, statistic: &str| AlarmMetric {
        id: id.to_owned(),
        name: name.to_owned(),
        statistic: statistic.to_owned(),
    };
    let mut metrics = vec![
        metric("bytes", "IncomingBytes", "Sum"),
        metric("records", "IncomingRecords", "Sum"),
        metric("throttled", "WriteProvisionedThroughputExceeded", "Sum"),
    ];
    if direction == Direction::In {
        metrics.push(metric("age", "GetRecords.IteratorAgeMilliseconds", "Maximum"));
    }
    metrics
}

/// Percent of the stream's capacity that is used.
///
/// For scale-out, throttled records alone are 200, above any threshold. For scale-in, consumers that are behind are 1000,
/// which keeps it from firing while they lag; where there is no lag metric the alarm fires, and `decide` says that lag could
/// not be checked.
fn usage(policy: &Policy, direction: Direction) -> String {
    let besides = match direction {
        Direction::Out => "IF(FILL(throttled, 0) > 0, 2, 0)".to_owned(),
        Direction::In => {
            format!("IF(FILL(age, 0) > {}, 10, 0)", u64::from(policy.iterator_age_max_seconds) * 1_000)
        }
    };
    format!(
        "100 * MAX([FILL(bytes, 0) / (shards * {WRITE_BYTES_PER_MINUTE_PER_SHARD}), \
         (FILL(records, 0) + FILL(throttled, 0)) / (shards * {WRITE_RECORDS_PER_MINUTE_PER_SHARD}), {besides}])"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::settings::PolicySpec;

    #[test]
    fn thresholds_are_where_decide_would_act() {
        let policy = Policy::new(PolicySpec::default()).unwrap();
        let thresholds = |shards| {
            let shards = ShardCount::new(shards).unwrap();
            [Direction::Out, Direction::In]
                .map(|way| format!("{:.1}", scaling_alarm(&policy, "s", shards, way).threshold))
        };
        assert_eq!(thresholds(1), ["88.0", "0.0"], "one shard cannot become fewer");
        assert_eq!(thresholds(4), ["88.0", "60.0"], "3 shards at 80 % are 60 % of 4");
        let least = PolicySpec { shards_min: 4, ..PolicySpec::default() };
        let at_least = scaling_alarm(&Policy::new(least).unwrap(), "s", ShardCount::new(4).unwrap(), Direction::In);
        assert_eq!(format!("{:.1}", at_least.threshold), "0.0", "nor fewer than the minimum");
        assert_eq!(thresholds(100), ["88.0", "72.0"], "10 % fewer shards at 80 %");
    }

    #[test]
    fn the_expressions_are_metric_math_over_limits() {
        let policy = Policy::new(PolicySpec::default()).unwrap();
        let of = |direction| scaling_alarm(&policy, "orders", ShardCount::new(4).unwrap(), direction).expressions;
        assert_eq!(of(Direction::Out)[0].expression, "4");
        assert_eq!(
            of(Direction::Out)[1].expression,
            "100 * MAX([FILL(bytes, 0) / (shards * 62914560), \
             (FILL(records, 0) + FILL(throttled, 0)) / (shards * 60000), IF(FILL(throttled, 0) > 0, 2, 0)])"
        );
        assert!(
            of(Direction::In)[1].expression.ends_with("IF(FILL(age, 0) > 60000, 10, 0)])"),
            "consumers behind hold it"
        );
    }
}
