//! The two alarms that make the functions look at a stream, fitted to its shard count.
//!
//! An alarm is a trigger and not a judge: it fires where [`decide`](crate::decide) could come to a change, and `decide`
//! reads the metrics itself.

use crate::direction::Direction;
use crate::limits::{WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD};
use crate::policy::Policy;
use crate::units::ShardCount;

/// One entry of a metric-math alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmExpression {
    /// What other expressions call it.
    pub id: &'static str,
    /// CloudWatch metric math.
    pub expression: String,
    /// Whether this is the series that is compared with the threshold; exactly one is.
    pub returned: bool,
}

/// One of a stream's two scaling alarms, whole but for its actions.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingAlarm {
    /// The function it calls.
    pub direction: Direction,
    /// `kinesis-scaler/<stream>/scale-out` or `/scale-in`.
    pub name: String,
    /// The stream.
    pub stream: String,
    /// The expressions over [`ScalingAlarm::METRICS`].
    pub expressions: Vec<AlarmExpression>,
    /// Percent of the stream's capacity: scale-out fires above it, scale-in below.
    pub threshold_percent: f64,
    /// Of the last this many minutes, ...
    pub evaluation_minutes: u32,
    /// ... so many must breach.
    pub minutes_to_alarm: u32,
}

impl ScalingAlarm {
    /// Id and `AWS/Kinesis` metric name, each the Sum of a minute, of what the expressions use.
    pub const METRICS: [(&'static str, &'static str); 3] = [
        ("bytes", "IncomingBytes"),
        ("records", "IncomingRecords"),
        ("throttled", "WriteProvisionedThroughputExceeded"),
    ];

    /// How the usage is compared with the threshold, by CloudWatch's name.
    pub const fn comparison(&self) -> &'static str {
        match self.direction {
            Direction::Out => "GreaterThanThreshold",
            Direction::In => "LessThanThreshold",
        }
    }

    /// What a minute without metrics counts as, by CloudWatch's name. An idle stream has none: that asks scale-in for a
    /// look, and the look tells idle from unknown.
    pub const fn treat_missing_data(&self) -> &'static str {
        match self.direction {
            Direction::Out => "notBreaching",
            Direction::In => "breaching",
        }
    }

    /// What the alarm says of itself to a person who finds it.
    pub fn description(&self) -> String {
        let firing_means = match self.direction {
            Direction::Out => "is too busy for its shards, or throttles",
            Direction::In => "has more shards than its load needs",
        };
        format!("kinesis-scaler: stream {} {firing_means}. Kept in step with its shard count.", self.stream)
    }
}

/// The alarm's name; the sweep finds a stream's firing alarms by it.
pub fn scaling_alarm_name(stream: &str, direction: Direction) -> String {
    format!("kinesis-scaler/{stream}/{direction}")
}

/// The alarm in one direction for a stream of `shards` open shards.
pub fn scaling_alarm(policy: &Policy, stream: &str, shards: ShardCount, direction: Direction) -> ScalingAlarm {
    let (threshold_percent, evaluation_minutes, minutes_to_alarm) = match direction {
        // Two minutes: one busy minute alone is not worth one of ten resizes a day. Of five: the newest two may be late,
        // and FILL makes them look idle.
        Direction::Out => (f64::from(policy.bearable_percent()), 5, 2),
        // Every minute of the window, as `decide` sizes for its busiest. At the minimum this is 0: it can never fire.
        Direction::In => {
            let kept = policy.worth_shrinking_to(shards);
            let kept = if kept < policy.shards_min { 0.0 } else { f64::from(kept) / f64::from(shards.get()) };
            let threshold = f64::from(policy.target_utilization_percent) * kept;
            (threshold, policy.stabilization_window_minutes, policy.stabilization_window_minutes)
        }
    };
    ScalingAlarm {
        direction,
        name: scaling_alarm_name(stream, direction),
        stream: stream.to_owned(),
        expressions: vec![
            // The one literal that a resize has to change. CloudWatch takes a constant as an expression of its own.
            AlarmExpression { id: "shards", expression: shards.to_string(), returned: false },
            AlarmExpression { id: "usage", expression: usage(direction), returned: true },
        ],
        threshold_percent,
        evaluation_minutes,
        minutes_to_alarm,
    }
}

/// Percent of the stream's capacity that is used; for scale-out, throttled records alone are 200, above any threshold.
fn usage(direction: Direction) -> String {
    let throttled = match direction {
        Direction::Out => ", IF(FILL(throttled, 0) > 0, 2, 0)",
        Direction::In => "",
    };
    format!(
        "100 * MAX([FILL(bytes, 0) / (shards * {WRITE_BYTES_PER_MINUTE_PER_SHARD}), \
         (FILL(records, 0) + FILL(throttled, 0)) / (shards * {WRITE_RECORDS_PER_MINUTE_PER_SHARD}){throttled}])"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::PolicySpec;

    #[test]
    fn thresholds_are_where_decide_would_act() {
        let policy = Policy::new(PolicySpec::default()).unwrap();
        let thresholds = |shards| {
            let shards = ShardCount::new(shards).unwrap();
            [Direction::Out, Direction::In]
                .map(|way| format!("{:.1}", scaling_alarm(&policy, "s", shards, way).threshold_percent))
        };
        assert_eq!(thresholds(1), ["88.0", "0.0"], "one shard cannot become fewer");
        assert_eq!(thresholds(4), ["88.0", "60.0"], "3 shards at 80 % are 60 % of 4");
        let least = PolicySpec { shards_min: 4, ..PolicySpec::default() };
        let at_least = scaling_alarm(&Policy::new(least).unwrap(), "s", ShardCount::new(4).unwrap(), Direction::In);
        assert_eq!(format!("{:.1}", at_least.threshold_percent), "0.0", "nor fewer than the minimum");
        assert_eq!(thresholds(100), ["88.0", "72.0"], "10 % fewer shards at 80 %");
    }

    #[test]
    fn the_shard_count_is_the_only_literal_that_a_resize_changes() {
        let policy = Policy::new(PolicySpec::default()).unwrap();
        let of = |shards| scaling_alarm(&policy, "orders", ShardCount::new(shards).unwrap(), Direction::Out);
        let (four, five) = (of(4), of(5));
        assert_eq!(four.expressions[0].expression, "4");
        assert_eq!(four.expressions[1], five.expressions[1]);
        assert_eq!(
            four.expressions[1].expression,
            "100 * MAX([FILL(bytes, 0) / (shards * 62914560), \
             (FILL(records, 0) + FILL(throttled, 0)) / (shards * 60000), IF(FILL(throttled, 0) > 0, 2, 0)])"
        );
    }
}
