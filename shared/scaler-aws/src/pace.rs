// SPDX-License-Identifier: Apache-2.0
//! Keeps every call inside a share of the rate that AWS accepts of it, by one token bucket an operation.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kinesis_model::TokenBucket;
use kinesis_model::limits::{API_RATES, ApiRate};
use scaler_app::cloud::Clock;

/// Reading the past of a stream, which has a bucket of its own beside that of `GetMetricData`.
pub(crate) const PAST: &str = "GetMetricData (past)";
/// `GetMetricData` gives 180,000 data points a second for the account and Region (CloudWatch User Guide, "CloudWatch service
/// quotas", the lower of its two figures), and a past has some 65,000.
const PASTS_PER_SECOND: u32 = 2;

/// What cost-report reads of many streams, by the month; a bucket of its own beside that of `GetMetricData`.
pub(crate) const REPORT: &str = "GetMetricData (report)";
/// Not scaled by a share, as nobody else makes these calls. A stream's month is a question of 53,568 points (six metrics in
/// steps of five minutes), and no answer has more than 100,800. Of data older than three hours, which nearly all of a report
/// is, CloudWatch gives 396,000 points a second for the account and Region (CloudWatch User Guide, "CloudWatch service
/// quotas"), and pasts take 130,000. Less than two a second would only make the report late.
const REPORTS_PER_SECOND: u32 = 2;

/// The calls that cost-report makes of those that have a rate. It has a share of these alone; `tests/permissions.rs` holds
/// them against what it really calls.
const REPORTED: [&str; 5] = [
    "kinesis:DescribeStreamSummary",
    "kinesis:ListStreams",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "tag:GetResources",
];

/// Percent of AWS's rates that one function may use, for the whole account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Of calls to Kinesis.
    pub kinesis_percent: u32,
    /// Of calls to CloudWatch and the tagging service.
    pub other_percent: u32,
    /// What it has more, or less, of the calls that cost-report makes; in percent of the rate too.
    pub reported_more: i32,
}

impl Share {
    /// Of alarm-sync, which makes alarms above all. A little later costs nothing.
    pub const ALARM_SYNC: Self = Self { kinesis_percent: 20, other_percent: 50, reported_more: 0 };
    /// Of scale-out and scale-in, each; they need Kinesis above all. Both give cost-report a little of what it reads, and
    /// nothing of what resizes a stream.
    pub const SCALING: Self = Self { kinesis_percent: 40, other_percent: 25, reported_more: -5 };
    /// Of cost-report, which nobody waits for. With the others' it makes the whole.
    pub const COST_REPORT: Self = Self { kinesis_percent: 0, other_percent: 0, reported_more: 10 };

    fn percent_of(self, rate: &ApiRate) -> u32 {
        let percent = if rate.action.starts_with("kinesis:") { self.kinesis_percent } else { self.other_percent };
        let more = if REPORTED.contains(&rate.action) { self.reported_more } else { 0 };
        percent.saturating_add_signed(more)
    }
}

/// The buckets of one process; clones share them.
#[derive(Clone)]
pub struct Pace {
    buckets: Arc<Mutex<BTreeMap<&'static str, TokenBucket>>>,
    clock: Arc<dyn Clock>,
}

impl Pace {
    /// Uses at most this share of each rate in [`API_RATES`].
    pub fn of(share: Share, clock: impl Clock + 'static) -> Self {
        let bucket = |rate: &ApiRate| (rate.operation(), TokenBucket::new(rate.per_second, share.percent_of(rate)));
        let pasts = (PAST, TokenBucket::new(PASTS_PER_SECOND, share.other_percent));
        let reports = (REPORT, TokenBucket::new(REPORTS_PER_SECOND, 100));
        let buckets = API_RATES.iter().map(bucket).chain([pasts, reports]).collect();
        Self { buckets: Arc::new(Mutex::new(buckets)), clock: Arc::new(clock) }
    }

    /// Waits until one more call of this operation may be made. One that is not in the table is never waited for.
    pub async fn wait(&self, operation: &str) {
        let wait = {
            let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            buckets.get_mut(operation).map(|bucket| bucket.take(self.clock.now()))
        };
        if let Some(wait) = wait.and_then(|wait| Duration::try_from(wait).ok()).filter(|wait| !wait.is_zero()) {
            self.clock.sleep(wait).await;
        }
    }
}

impl Pace {
    /// Returns when so much time has passed.
    pub(crate) async fn pause(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// Whether one more call of this operation may be made without waiting; if so, it is taken for made.
    pub(crate) fn is_free(&self, operation: &str) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(operation) else { return true };
        let mut taken = *bucket;
        let is_free = taken.take(self.clock.now()).is_zero();
        if is_free {
            *bucket = taken;
        }
        is_free
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_four_functions_together_use_each_rate_once() {
        let functions = [Share::SCALING, Share::SCALING, Share::ALARM_SYNC, Share::COST_REPORT];
        for rate in &API_RATES {
            let percent: u32 = functions.iter().map(|share| share.percent_of(rate)).sum();
            assert_eq!(percent, 100, "{}", rate.action);
        }
    }

    #[test]
    fn the_report_takes_nothing_of_what_scales_a_stream() {
        let of = |action: &str| {
            let rate = API_RATES.iter().find(|rate| rate.action == action).unwrap();
            [Share::SCALING, Share::ALARM_SYNC, Share::COST_REPORT].map(|share| share.percent_of(rate))
        };
        for action in REPORTED {
            let scaling = if action.starts_with("kinesis:") { [35, 20, 10] } else { [20, 50, 10] };
            assert_eq!(of(action), scaling, "{action}");
        }
        for action in ["UpdateShardCount", "AddTagsToStream", "ListTagsForStream", "DescribeLimits"] {
            assert_eq!(of(&format!("kinesis:{action}")), [40, 20, 0], "{action}");
        }
        for action in ["PutMetricAlarm", "DeleteAlarms", "ListTagsForResource"] {
            assert_eq!(of(&format!("cloudwatch:{action}")), [25, 50, 0], "{action}");
        }
    }
}
