//! The alarms in `docs/alarms/`, which people make by hand, are the alarms that the functions keep in step.
#![allow(clippy::unwrap_used)]

use std::fs;

use scaler_core::{Direction, Policy, PolicySpec, ScalingAlarm, ShardCount, scaling_alarm};
use serde_json::{Value, json};

#[test]
fn the_alarm_files_are_the_alarms_of_four_shards_and_the_default_policy() {
    let policy = Policy::new(PolicySpec::default()).unwrap();
    for direction in [Direction::Out, Direction::In] {
        let path = format!("{}/../../docs/alarms/orders-{direction}.json", env!("CARGO_MANIFEST_DIR"));
        let file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let alarm = scaling_alarm(&policy, "orders", ShardCount::new(4).unwrap(), direction);
        assert_eq!(file["AlarmName"], alarm.name);
        assert_eq!(file["Threshold"], alarm.threshold_percent);
        assert_eq!(file["EvaluationPeriods"], alarm.evaluation_minutes);
        assert_eq!(file["DatapointsToAlarm"], alarm.minutes_to_alarm);
        assert_eq!(file["Metrics"], metrics(&alarm));
    }
}

fn metrics(alarm: &ScalingAlarm) -> Value {
    let reads = ScalingAlarm::METRICS.iter().map(|(id, name)| {
        json!({ "Id": id, "ReturnData": false, "MetricStat": { "Period": 60, "Stat": "Sum", "Metric": {
            "Namespace": "AWS/Kinesis", "MetricName": name,
            "Dimensions": [{ "Name": "StreamName", "Value": alarm.stream }] } } })
    });
    let expressions = alarm.expressions.iter();
    let expressions = expressions.map(|e| json!({ "Id": e.id, "Expression": e.expression, "ReturnData": e.returned }));
    reads.chain(expressions).collect()
}
