//! What the scaler itself uses.

use super::bill::Bill;
use crate::prices::{Item, MissingPrice, PriceSheet};

/// What the scaler used over some time, for one stream or for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnUse {
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

impl OwnUse {
    /// What it costs.
    ///
    /// # Errors
    /// An item has no price.
    pub fn bill(&self, sheet: &PriceSheet) -> Result<Bill, MissingPrice> {
        Bill::of(
            sheet,
            [
                (Item::AlarmMetric, self.alarm_metric_seconds),
                (Item::CustomMetric, self.custom_metric_seconds),
                (Item::MetricRequest, self.metrics_requested),
                (Item::LambdaRequest, self.runs),
                (Item::LambdaTime, self.run_milliseconds_mb),
            ],
        )
    }
}
