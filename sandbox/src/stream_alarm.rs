// SPDX-License-Identifier: Apache-2.0
//! A stream's alarm as CloudWatch is asked for it.

use aws_models::alarm::Rule;
use aws_models::cloudwatch::{AlarmConfig, AlarmSource, Metric, MetricStat, Query, QuerySource};
use scaler_core::{AlarmMetric, StreamAlarm};

/// Why a name in an alarm of ours is one that CloudWatch knows.
const OURS: &str = "core uses CloudWatch's names";

/// One of a stream's alarms as the functions make it.
///
/// # Panics
/// Never: the names that are parsed are of a fixed set, each of which a test puts through here.
pub fn alarm_config(alarm: &StreamAlarm) -> AlarmConfig {
    let stat = |metric: &AlarmMetric| MetricStat {
        metric: Metric::kinesis(&alarm.stream, &metric.name),
        period_seconds: 60,
        statistic: metric.statistic.parse().expect(OURS),
    };
    let source = match alarm.metrics.as_slice() {
        [plain] if alarm.expressions.is_empty() => AlarmSource::Stat(stat(plain)),
        metrics => {
            let query = |id: &str, source, return_data| Query { id: id.to_owned(), label: None, source, return_data };
            let reads = metrics.iter().map(|metric| query(&metric.id, QuerySource::Stat(stat(metric)), false));
            let math = alarm
                .expressions
                .iter()
                .map(|entry| query(&entry.id, QuerySource::Expression(entry.expression.clone()), entry.returned));
            AlarmSource::Math(reads.chain(math).collect())
        }
    };
    AlarmConfig {
        name: alarm.name.clone(),
        description: Some(alarm.description.clone()),
        actions_enabled: true,
        ok_actions: Vec::new(),
        alarm_actions: alarm.actions.clone(),
        insufficient_data_actions: Vec::new(),
        source,
        rule: Rule {
            threshold: alarm.threshold,
            comparison: alarm.comparison.parse().expect(OURS),
            evaluation_periods: alarm.evaluation_minutes as usize,
            datapoints_to_alarm: alarm.minutes_to_alarm as usize,
            treat_missing: alarm.treat_missing_data.parse().expect(OURS),
        },
    }
}
