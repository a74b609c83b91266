//! `cargo xtask alarms`: a stream's two scaling alarms as commands of the AWS CLI.
//!
//! For people who enrol a stream by hand; the alarms are the very ones that the functions keep in step. They fit the
//! functions' settings as the environment has them, and the defaults otherwise.

use anyhow::{Context as _, Result, bail};
use scaler_app::config;
use scaler_core::{Direction, ScalingAlarm, ShardCount, scaling_alarm};
use serde_json::{Value, json};

/// Prints a command for each of the two alarms.
pub(crate) fn alarms(stream: &str, shards: &str, actions: &[&str]) -> Result<()> {
    let legal = !stream.is_empty() && stream.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    if !legal {
        bail!("{stream:?} is no stream name: letters, digits and _ . - are");
    }
    let expected = || format!("{shards:?} is not the stream's number of open shards, 1 or more");
    let shards = shards.parse().ok().and_then(ShardCount::new).with_context(expected)?;
    let (out, in_) = match actions {
        [] => (None, None),
        [out, in_] => (Some(*out), Some(*in_)),
        _ => bail!(
            "give both actions, the scale-out alarm's and the scale-in alarm's, or none (for AlarmRoad=eventbridge)"
        ),
    };
    let policy = config::from_environment()?;
    for (direction, action) in [(Direction::Out, out), (Direction::In, in_)] {
        // No name, number or ARN that passes the checks above holds a quote.
        if action.is_some_and(|arn| !arn.starts_with("arn:") || arn.contains('\'')) {
            bail!("{action:?} is not the ARN of a topic or function");
        }
        let input = input(&scaling_alarm(&policy, stream, shards, direction), action);
        println!("aws cloudwatch put-metric-alarm --cli-input-json '{input}'");
    }
    Ok(())
}

/// The input of `PutMetricAlarm`, as the AWS CLI takes it.
fn input(alarm: &ScalingAlarm, action: Option<&str>) -> Value {
    let reads = ScalingAlarm::METRICS.iter().map(|(id, name)| {
        json!({ "Id": id, "ReturnData": false, "MetricStat": { "Period": 60, "Stat": "Sum", "Metric": {
            "Namespace": "AWS/Kinesis", "MetricName": name,
            "Dimensions": [{ "Name": "StreamName", "Value": alarm.stream }] } } })
    });
    let expressions = alarm.expressions.iter();
    let expressions = expressions.map(|e| json!({ "Id": e.id, "Expression": e.expression, "ReturnData": e.returned }));
    json!({
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description(),
        "AlarmActions": action.into_iter().collect::<Vec<_>>(),
        "Metrics": reads.chain(expressions).collect::<Vec<_>>(),
        "ComparisonOperator": alarm.comparison(),
        "Threshold": alarm.threshold_percent,
        "EvaluationPeriods": alarm.evaluation_minutes,
        "DatapointsToAlarm": alarm.minutes_to_alarm,
        "TreatMissingData": alarm.treat_missing_data(),
    })
}

#[cfg(test)]
mod tests {
    use super::alarms;

    #[test]
    fn bad_arguments_are_named() {
        let told = |stream, shards, actions: &[&str]| match alarms(stream, shards, actions) {
            Ok(()) => String::new(),
            Err(error) => format!("{error:#}"),
        };
        assert!(told("or'ders", "4", &[]).contains("or'ders"));
        assert!(told("orders", "0", &[]).contains("\"0\" is not"));
        assert!(told("orders", "4", &["arn:aws:sns:a"]).contains("both actions"));
        assert!(told("orders", "4", &["arn:aws:sns:a", "topic"]).contains("topic"));
        assert_eq!(told("orders", "4", &["arn:aws:sns:a", "arn:aws:sns:b"]), "");
    }
}
