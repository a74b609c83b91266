//! A model of CloudWatch: per-minute statistics, `GetMetricData`, and alarms that are really evaluated.

mod alarms;
mod metrics;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use alarms::{Alarm, AlarmConfig, AlarmFilter, AlarmPage, AlarmSource, DESCRIBE_PAGE_MAX, StateRecord, Transition};
pub use metrics::{Metric, MetricResult, MetricStat, POINTS_PAGE_MAX, Query, QuerySource, Statistic};

use crate::metric_math::MathError;

/// Seconds in a minute, the resolution of the store.
const MINUTE: i64 = 60;

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudWatchError {
    /// A parameter outside what AWS accepts.
    #[error("{parameter}={value:?} is not {expected}")]
    Invalid {
        /// The parameter, in AWS's spelling.
        parameter: &'static str,
        /// What it was.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An action of an alarm that is no ARN. The words are AWS's.
    #[error("Invalid arn syntax: {action}")]
    Action {
        /// What it is.
        action: String,
    },
    /// An alarm's queries of which none or several return data. The words are AWS's.
    #[error("Exactly one element of the metrics list should return data.")]
    ReturnData,
    /// An expression that cannot be evaluated.
    #[error("query {id:?}: {source}")]
    Math {
        /// The id of the query.
        id: String,
        /// What is wrong with it.
        source: MathError,
    },
    /// Queries that wait for each other.
    #[error("query {id:?} depends on itself through the other queries")]
    Circular {
        /// The id of one of them.
        id: String,
    },
    /// No alarm has that name.
    #[error("alarm {name:?} does not exist")]
    UnknownAlarm {
        /// The name.
        name: String,
    },
}

/// The metrics and alarms of one account and Region.
#[derive(Debug, Clone, Default)]
pub struct CloudWatch {
    metrics: BTreeMap<Metric, metrics::Minutes>,
    alarms: BTreeMap<String, Alarm>,
    metric_delay_minutes: u32,
}

impl CloudWatch {
    /// An empty model whose newest `metric_delay_minutes` ended minutes are not visible yet. AWS documents no delay;
    /// the newest one or two minutes are often absent (facts 4.1), so 0 is an ideal and 1 or 2 is life.
    pub fn with_metric_delay(metric_delay_minutes: u32) -> Self {
        Self { metric_delay_minutes, ..Self::default() }
    }

    /// The start of the first minute that cannot be seen at `now`. Without a delay even the running minute is
    /// visible, as in AWS; with one, neither it nor the newest ended minutes are.
    fn hidden_from(&self, now: Timestamp) -> i64 {
        let running = now.as_second().div_euclid(MINUTE) * MINUTE;
        match self.metric_delay_minutes {
            0 => running + MINUTE,
            delay => running - i64::from(delay) * MINUTE,
        }
    }
}
