// SPDX-License-Identifier: Apache-2.0
//! The six alarms of a stream, evaluated as CloudWatch does: they fire when a look is worth it, however late the metrics.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use aws_models::alarm::AlarmState;
use aws_models::cloudwatch::{CloudWatch, Metric};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::ShardCount;
use sandbox::alarm_config;
use scaler_core::{AlarmActions, AlarmKind, Direction, Policy, PolicySpec, Watch, alarm_name, stream_alarms};

const START: Timestamp = Timestamp::constant(1_767_322_800, 0);

/// A steady load on four shards.
#[derive(Clone, Copy, Default)]
struct Load {
    percent: f64,
    throttled: f64,
    reads_throttled: f64,
    /// `None` where nobody reads.
    lag_ms: Option<f64>,
}

/// The alarm's state after so many minutes of a load.
fn state_after(spec: PolicySpec, kind: AlarmKind, delay_minutes: u32, minutes: i64, load: Load) -> AlarmState {
    let policy = Policy::new(spec).unwrap();
    let alarms = stream_alarms(&policy, "orders", ShardCount::new(4).unwrap(), &AlarmActions::default());
    let alarm = alarms.into_iter().find(|alarm| alarm.name == alarm_name("orders", kind)).unwrap();
    let mut cloudwatch = CloudWatch::with_metric_delay(delay_minutes);
    cloudwatch.put_alarm(alarm_config(&alarm), START).unwrap();
    for minute in 0..minutes {
        let at = START.checked_add(SignedDuration::from_mins(minute)).unwrap();
        for (name, value) in [
            ("IncomingBytes", Some(load.percent / 100.0 * 4.0 * 62_914_560.0)),
            ("IncomingRecords", Some(240.0)),
            ("WriteProvisionedThroughputExceeded", Some(load.throttled)),
            ("ReadProvisionedThroughputExceeded", Some(load.reads_throttled)),
            ("GetRecords.IteratorAgeMilliseconds", load.lag_ms),
        ] {
            if let Some(value) = value {
                cloudwatch.record(&Metric::kinesis("orders", name), at, value);
            }
        }
        cloudwatch.evaluate_alarms(at.checked_add(SignedDuration::from_mins(1)).unwrap());
    }
    cloudwatch.alarm(&alarm.name).unwrap().state.value
}

const OUT: AlarmKind = AlarmKind::Scaling(Direction::Out);
const IN: AlarmKind = AlarmKind::Scaling(Direction::In);

fn used(percent: f64) -> Load {
    Load { percent, ..Load::default() }
}

fn throttling(percent: f64) -> Load {
    Load { percent, throttled: 10.0, ..Load::default() }
}

#[test]
fn a_busy_stream_fires_whatever_the_delay() {
    for delay in 0..=2 {
        let state = |load| state_after(PolicySpec::default(), OUT, delay, 20, load);
        assert_eq!(state(used(95.0)), AlarmState::Alarm, "{delay} minutes late");
        assert_eq!(state(throttling(30.0)), AlarmState::Alarm, "throttling, {delay} minutes late");
        assert_eq!(state(used(85.0)), AlarmState::Ok, "within the tolerance, {delay} minutes late");
    }
}

#[test]
fn throttling_fires_whatever_the_target() {
    for target in [1, 80, 91, 100] {
        let spec = PolicySpec { target_utilization_percent: target, ..PolicySpec::default() };
        assert_eq!(state_after(spec, OUT, 2, 20, throttling(0.5)), AlarmState::Alarm, "target {target} %");
    }
}

#[test]
fn an_idle_stream_fires_unless_it_cannot_shrink() {
    for delay in 0..=2 {
        let idle = |spec| state_after(spec, IN, delay, 70, used(10.0));
        assert_eq!(idle(PolicySpec::default()), AlarmState::Alarm, "{delay} minutes late");
        assert_eq!(idle(PolicySpec { shards_min: 4, ..PolicySpec::default() }), AlarmState::Ok);
        let busy = state_after(PolicySpec::default(), IN, delay, 70, used(61.0));
        assert_eq!(busy, AlarmState::Ok, "3 shards would be over the target");
    }
}

/// Consumers that lag keep scale-in from being asked at all; where nobody is known to read, it is asked, and says so.
#[test]
fn consumers_behind_keep_an_idle_stream_from_firing() {
    for delay in 0..=2 {
        let state = |lag_ms| state_after(PolicySpec::default(), IN, delay, 70, Load { lag_ms, ..used(10.0) });
        assert_eq!(state(Some(60_001.0)), AlarmState::Ok, "{delay} minutes late");
        assert_eq!(state(Some(60_000.0)), AlarmState::Alarm, "{delay} minutes late");
        assert_eq!(state(None), AlarmState::Alarm, "{delay} minutes late");
    }
}

#[test]
fn watch_alarms_fire_on_what_they_watch_and_on_nothing_else() {
    let firing = |load| {
        let state = |watch| state_after(PolicySpec::default(), AlarmKind::Watch(watch), 2, 20, load);
        [Watch::IncomingRecords, Watch::WriteThrottled, Watch::ReadThrottled, Watch::IteratorAge]
            .map(|watch| state(watch) == AlarmState::Alarm)
    };
    assert_eq!(firing(used(50.0)), [false, false, false, false]);
    assert_eq!(firing(throttling(50.0)), [false, true, false, false]);
    assert_eq!(firing(Load { reads_throttled: 1.0, ..used(50.0) }), [false, false, true, false]);
    assert_eq!(firing(Load { lag_ms: Some(60_001.0), ..used(50.0) }), [false, false, false, true]);
    let few = PolicySpec { watch_records_per_minute: 239, ..PolicySpec::default() };
    let busy = state_after(few, AlarmKind::Watch(Watch::IncomingRecords), 2, 20, used(50.0));
    assert_eq!(busy, AlarmState::Alarm, "240 records a minute");
}
