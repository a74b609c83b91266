// SPDX-License-Identifier: Apache-2.0
//! An alarm as `DescribeAlarms` shows it, read as one of ours; whatever ours never have is named as an extra.

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricAlarm, MetricDataQuery, StandardUnit};
use scaler_app::event::stream_names;
use scaler_core::{AlarmExpression, AlarmMetric, StreamAlarm};

/// The namespace of every metric that an alarm of ours reads.
pub(crate) const NAMESPACE: &str = "AWS/Kinesis";
/// Seconds of their data points.
pub(crate) const PERIOD: i32 = 60;

/// Reads an alarm, and the streams that its metrics name, which are one on any alarm of ours; `None` where it has no name.
pub(super) fn read(alarm: &MetricAlarm) -> Option<(StreamAlarm, Vec<String>)> {
    let mut extras = Extras::default();
    let (metrics, expressions) = match alarm.metrics() {
        [] => (vec![plain_metric(alarm, &mut extras)], Vec::new()),
        entries => (
            entries.iter().filter_map(|entry| read_metric(entry, &mut extras)).collect(),
            entries.iter().filter_map(read_expression).collect(),
        ),
    };
    extras.add_if(alarm.actions_enabled() == Some(false), "actions are disabled");
    extras.add_if(!alarm.ok_actions().is_empty(), "actions on OK");
    extras.add_if(!alarm.insufficient_data_actions().is_empty(), "actions on INSUFFICIENT_DATA");
    extras.add_if(alarm.threshold_metric_id().is_some(), "a threshold by metric");
    let streams = streams_of(alarm);
    extras.add_if(streams.len() != 1, "metrics of several streams");
    let periods = |periods: i32| u32::try_from(periods).unwrap_or(0);
    let evaluation_minutes = periods(alarm.evaluation_periods().unwrap_or(0));
    let read = StreamAlarm {
        name: alarm.alarm_name()?.to_owned(),
        stream: streams.first().cloned().unwrap_or_default(),
        description: alarm.alarm_description().unwrap_or_default().to_owned(),
        metrics,
        expressions,
        comparison: alarm.comparison_operator().map_or_else(String::new, |operator| operator.as_str().to_owned()),
        threshold: alarm.threshold().unwrap_or(f64::NAN),
        evaluation_minutes,
        // M is N and missing is missing where AWS does not say. Source: API reference, `PutMetricAlarm`.
        minutes_to_alarm: alarm.datapoints_to_alarm().map_or(evaluation_minutes, periods),
        treat_missing_data: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
        actions: alarm.alarm_actions().to_vec(),
        extras: extras.0,
    };
    Some((read, streams))
}

/// The streams that the alarm's metrics name.
fn streams_of(alarm: &MetricAlarm) -> Vec<String> {
    let of_metrics = alarm.metrics().iter().filter_map(|entry| entry.metric_stat()?.metric());
    let dimensions = of_metrics.flat_map(Metric::dimensions).chain(alarm.dimensions());
    stream_names(dimensions.filter_map(|dimension| Some((dimension.name()?, dimension.value()?))))
}

#[derive(Default)]
struct Extras(Vec<String>);

impl Extras {
    fn add_if(&mut self, is_there: bool, what: &str) {
        if is_there && self.0.iter().all(|known| known != what) {
            self.0.push(what.to_owned());
        }
    }

    /// What may be odd about a metric that is read.
    fn of_metric(
        &mut self,
        namespace: Option<&str>,
        dimensions: &[Dimension],
        period: Option<i32>,
        unit: Option<&StandardUnit>,
    ) {
        self.add_if(namespace != Some(NAMESPACE), "another namespace");
        self.add_if(dimensions.len() != 1, "other dimensions");
        self.add_if(period != Some(PERIOD), "another period");
        self.add_if(unit.is_some(), "a unit");
    }
}

fn plain_metric(alarm: &MetricAlarm, extras: &mut Extras) -> AlarmMetric {
    extras.of_metric(alarm.namespace(), alarm.dimensions(), alarm.period(), alarm.unit());
    extras.add_if(alarm.extended_statistic().is_some(), "an extended statistic");
    AlarmMetric {
        id: String::new(),
        name: alarm.metric_name().unwrap_or_default().to_owned(),
        statistic: alarm.statistic().map_or_else(String::new, |statistic| statistic.as_str().to_owned()),
    }
}

fn read_metric(entry: &MetricDataQuery, extras: &mut Extras) -> Option<AlarmMetric> {
    let stat = entry.metric_stat()?;
    let metric = stat.metric();
    let dimensions = metric.map_or(&[][..], Metric::dimensions);
    extras.of_metric(metric.and_then(Metric::namespace), dimensions, stat.period(), stat.unit());
    extras.add_if(entry.return_data() != Some(false), "a metric that is returned");
    Some(AlarmMetric {
        id: entry.id().unwrap_or_default().to_owned(),
        name: metric.and_then(Metric::metric_name).unwrap_or_default().to_owned(),
        statistic: stat.stat().unwrap_or_default().to_owned(),
    })
}

fn read_expression(entry: &MetricDataQuery) -> Option<AlarmExpression> {
    Some(AlarmExpression {
        id: entry.id().unwrap_or_default().to_owned(),
        expression: entry.expression()?.to_owned(),
        // Absent means returned. Source: API reference, `MetricDataQuery`.
        returned: entry.return_data().unwrap_or(true),
    })
}
