// SPDX-License-Identifier: Apache-2.0
//! What the scaler itself uses.

use crate::bill::Bill;
use crate::prices::{Item, MissingPrice, PriceSheet};

/// What the scaler used over some time, for one stream or for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScalerUsage {
    /// Metrics that its alarms read, times seconds.
    pub alarm_metric_seconds: u128,
    /// Metrics that it published, times seconds.
    pub custom_metric_seconds: u128,
    /// Metrics that it asked `GetMetricData` for.
    pub metrics_requested: u128,
    /// Runs of its functions.
    pub runs: u128,
    /// Their time in milliseconds, times their memory in MB.
    pub run_milliseconds_mb: u128,
}

/// Metrics of the stack's own alarms in `template.yaml`.
const STACK_ALARM_METRICS: u128 = 9;
/// Metrics by function on an ordinary day: three functions, each with `NeedsAttention` and two or three kinds of outcome. What
/// cost-report publishes and reads once a day is a hundredth of it, and left out.
const STACK_CUSTOM_METRICS: u128 = 12;
/// Of each stream, where `STREAM_METRICS` is on: four that say where it stands, and two of what was decided on a day with
/// decisions.
const STREAM_CUSTOM_METRICS: u128 = 6;
/// alarm-sync reads three metrics of each stream twelve times an hour, to say how full it is.
const READ_AN_HOUR_FOR_METRICS: u128 = 36;
/// And once an hour, to look ahead, three of its past and the six of its last minutes.
const READ_AN_HOUR_TO_PLAN: u128 = 9;

impl ScalerUsage {
    /// For one managed stream in so many seconds, whose alarms read so many metrics, and of which metrics were published in so
    /// many seconds; what a look by a scaling function reads is not in it.
    pub fn of_stream(seconds: u64, alarm_metrics: usize, seconds_published: u64) -> Self {
        let [seconds, published] = [seconds, seconds_published].map(u128::from);
        Self {
            alarm_metric_seconds: alarm_metrics as u128 * seconds,
            custom_metric_seconds: STREAM_CUSTOM_METRICS * published,
            metrics_requested: (READ_AN_HOUR_TO_PLAN * seconds + READ_AN_HOUR_FOR_METRICS * published) / 3_600,
            ..Self::default()
        }
    }

    /// For the stack itself in so many seconds, but for its runs.
    pub fn of_stack(seconds: u64) -> Self {
        let seconds = u128::from(seconds);
        Self {
            alarm_metric_seconds: STACK_ALARM_METRICS * seconds,
            custom_metric_seconds: STACK_CUSTOM_METRICS * seconds,
            ..Self::default()
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            alarm_metric_seconds: self.alarm_metric_seconds + other.alarm_metric_seconds,
            custom_metric_seconds: self.custom_metric_seconds + other.custom_metric_seconds,
            metrics_requested: self.metrics_requested + other.metrics_requested,
            runs: self.runs + other.runs,
            run_milliseconds_mb: self.run_milliseconds_mb + other.run_milliseconds_mb,
        }
    }

    /// What it costs.
    ///
    /// # Errors
    /// An item has no price.
    pub fn bill(&self, sheet: &PriceSheet) -> Result<Bill, MissingPrice> {
        Bill::of(sheet, self.quantities())
    }

    /// What it costs as far as prices are known, and what has none.
    pub fn bill_as_known(&self, sheet: &PriceSheet) -> (Bill, Vec<MissingPrice>) {
        let (mut known, mut missing) = (Bill::default(), Vec::new());
        for quantity in self.quantities() {
            match Bill::of(sheet, [quantity]) {
                Ok(bill) => known.lines.extend(bill.lines),
                Err(fault) => missing.push(fault),
            }
        }
        (known, missing)
    }

    fn quantities(&self) -> [(Item, u128); 5] {
        [
            (Item::AlarmMetric, self.alarm_metric_seconds),
            (Item::CustomMetric, self.custom_metric_seconds),
            (Item::MetricRequest, self.metrics_requested),
            (Item::LambdaRequest, self.runs),
            (Item::LambdaTime, self.run_milliseconds_mb),
        ]
    }
}
