// SPDX-License-Identifier: Apache-2.0
//! The four alarms that make a person look at a stream; no function acts on them.

use super::alarm::{AlarmKind, AlarmMetric, Comparison, StreamAlarm, Watch, alarm_name};
use crate::policy::Policy;

/// Three minutes of the last five: a state and not a chance, and late metrics do not hide it.
const EVALUATION_MINUTES: u32 = 5;
const MINUTES_TO_ALARM: u32 = 3;

/// One watch alarm of a stream. It does not depend on the shard count.
pub(crate) fn watch_alarm(policy: &Policy, stream: &str, watch: Watch) -> StreamAlarm {
    let (metric, statistic, threshold, firing_means) = match watch {
        Watch::IncomingRecords => {
            let threshold = policy.watch_records_per_minute;
            let means = format!("receives more than {threshold} records a minute");
            ("IncomingRecords", "Sum", f64::from(threshold), means)
        }
        Watch::WriteThrottled => {
            let means = "throttles its producers: scale-out is blocked, or one shard is hot".to_owned();
            ("WriteProvisionedThroughputExceeded", "Sum", 0.0, means)
        }
        Watch::ReadThrottled => {
            let means = "throttles its consumers: all consumers with GetRecords share 5 calls and 2 MiB a second of \
                 each shard"
                .to_owned();
            ("ReadProvisionedThroughputExceeded", "Sum", 0.0, means)
        }
        Watch::IteratorAge => {
            let seconds = policy.iterator_age_max_seconds;
            let means = format!(
                "has consumers that are more than {seconds} s behind: scale-in waits until they \
                catch up"
            );
            ("GetRecords.IteratorAgeMilliseconds", "Maximum", f64::from(seconds) * 1_000.0, means)
        }
    };
    StreamAlarm {
        name: alarm_name(stream, AlarmKind::Watch(watch)),
        stream: stream.to_owned(),
        description: format!("kinesis-scaler: stream {stream} {firing_means}."),
        metrics: vec![AlarmMetric { id: String::new(), name: metric.to_owned(), statistic: statistic.to_owned() }],
        expressions: Vec::new(),
        comparison: Comparison::GreaterThanThreshold.name().to_owned(),
        threshold,
        evaluation_minutes: EVALUATION_MINUTES,
        minutes_to_alarm: MINUTES_TO_ALARM,
        // Nobody writes or nobody reads: nothing to look at.
        treat_missing_data: "notBreaching".to_owned(),
        actions: Vec::new(),
        extras: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::settings::PolicySpec;

    #[test]
    fn thresholds_are_those_of_the_design_by_default() {
        let policy = Policy::new(PolicySpec::default()).unwrap();
        for (watch, metric, threshold) in [
            (Watch::IncomingRecords, "IncomingRecords", 10_000.0),
            (Watch::WriteThrottled, "WriteProvisionedThroughputExceeded", 0.0),
            (Watch::ReadThrottled, "ReadProvisionedThroughputExceeded", 0.0),
            (Watch::IteratorAge, "GetRecords.IteratorAgeMilliseconds", 60_000.0),
        ] {
            let alarm = watch_alarm(&policy, "orders", watch);
            assert_eq!((alarm.metrics[0].name.as_str(), alarm.comparison.as_str()), (metric, "GreaterThanThreshold"));
            assert!((alarm.threshold - threshold).abs() < f64::EPSILON, "{watch}: {}", alarm.threshold);
        }
    }
}
