//! The two alarms of a stream, evaluated as CloudWatch does: they fire when a look is worth it, however late the metrics.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use jiff::{SignedDuration, Timestamp};
use scaler_core::{Direction, Policy, PolicySpec, ShardCount, scaling_alarm};
use scaler_sim::alarm::AlarmState;
use scaler_sim::cloudwatch::{AlarmConfig, CloudWatch, Metric};

const START: Timestamp = Timestamp::constant(1_767_322_800, 0);

/// The alarm's state after so many minutes of a steady load on four shards: the percent used, and whether it throttles.
fn state_after(
    spec: PolicySpec,
    direction: Direction,
    delay_minutes: u32,
    minutes: i64,
    (percent, throttled): (f64, bool),
) -> AlarmState {
    let policy = Policy::new(spec).unwrap();
    let alarm = scaling_alarm(&policy, "orders", ShardCount::new(4).unwrap(), direction);
    let mut cloudwatch = CloudWatch::with_metric_delay(delay_minutes);
    cloudwatch.put_alarm(AlarmConfig::scaling(&alarm, "arn:aws:sns:us-east-1:123456789012:topic"), START).unwrap();
    for minute in 0..minutes {
        let at = START.checked_add(SignedDuration::from_mins(minute)).unwrap();
        let refused = if throttled { 10.0 } else { 0.0 };
        for (name, value) in [
            ("IncomingBytes", percent / 100.0 * 4.0 * 62_914_560.0),
            ("IncomingRecords", 240.0),
            ("WriteProvisionedThroughputExceeded", refused),
        ] {
            cloudwatch.record(&Metric::kinesis("orders", name), at, value);
        }
        cloudwatch.evaluate_alarms(at.checked_add(SignedDuration::from_mins(1)).unwrap());
    }
    cloudwatch.alarm(&alarm.name).unwrap().state.value
}

#[test]
fn a_busy_stream_fires_whatever_the_delay() {
    for delay in 0..=2 {
        let state = |load| state_after(PolicySpec::default(), Direction::Out, delay, 20, load);
        assert_eq!(state((95.0, false)), AlarmState::Alarm, "{delay} minutes late");
        assert_eq!(state((30.0, true)), AlarmState::Alarm, "throttling, {delay} minutes late");
        assert_eq!(state((85.0, false)), AlarmState::Ok, "within the tolerance, {delay} minutes late");
    }
}

#[test]
fn throttling_fires_whatever_the_target() {
    for target in [1, 80, 91, 100] {
        let spec = PolicySpec { target_utilization_percent: target, ..PolicySpec::default() };
        assert_eq!(state_after(spec, Direction::Out, 2, 20, (0.5, true)), AlarmState::Alarm, "target {target} %");
    }
}

#[test]
fn an_idle_stream_fires_unless_it_cannot_shrink() {
    for delay in 0..=2 {
        let idle = |spec| state_after(spec, Direction::In, delay, 70, (10.0, false));
        assert_eq!(idle(PolicySpec::default()), AlarmState::Alarm, "{delay} minutes late");
        assert_eq!(idle(PolicySpec { shards_min: 4, ..PolicySpec::default() }), AlarmState::Ok);
        let busy = state_after(PolicySpec::default(), Direction::In, delay, 70, (61.0, false));
        assert_eq!(busy, AlarmState::Ok, "3 shards would be over the target");
    }
}
