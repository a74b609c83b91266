// SPDX-License-Identifier: Apache-2.0
//! A model of CloudWatch: per-minute statistics, `GetMetricData`, and alarms that are really evaluated.

mod alarm;
mod alarm_checks;
mod alarms;
mod error;
mod metric;
mod metric_data;
mod store;

pub use alarm::{Alarm, AlarmConfig, AlarmFilter, AlarmPage, AlarmSource, StateRecord, Transition};
pub use alarms::DESCRIBE_PAGE_MAX;
pub use error::CloudWatchError;
pub use metric::{Metric, MetricStat, Query, QuerySource, Statistic};
pub use metric_data::{MetricResult, POINTS_PAGE_MAX};
pub use store::CloudWatch;
