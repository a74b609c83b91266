// SPDX-License-Identifier: Apache-2.0
//! Metrics, their statistics, and queries for both.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::alarm::{UnknownName, aws_names, by_name};

/// A metric: namespace, name and dimensions identify it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Metric {
    /// For example `AWS/Kinesis`.
    pub namespace: String,
    /// For example `IncomingBytes`.
    pub name: String,
    /// Sorted by name, so that their order in a request does not matter.
    pub dimensions: BTreeMap<String, String>,
}

impl Metric {
    /// A stream-level metric of Kinesis.
    pub fn kinesis(stream: &str, name: &str) -> Self {
        Self {
            namespace: "AWS/Kinesis".to_owned(),
            name: name.to_owned(),
            dimensions: BTreeMap::from([("StreamName".to_owned(), stream.to_owned())]),
        }
    }

    /// A shard-level metric of Kinesis.
    pub fn shard(stream: &str, shard: &str, name: &str) -> Self {
        let mut metric = Self::kinesis(stream, name);
        metric.dimensions.insert("ShardId".to_owned(), shard.to_owned());
        metric
    }
}

/// How the values of a period become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The total.
    Sum,
    /// How many values there were.
    SampleCount,
    /// Total over count.
    Average,
    /// The smallest.
    Minimum,
    /// The largest.
    Maximum,
}

aws_names!(Statistic, "Stat",
    "Sum" => Self::Sum, "SampleCount" => Self::SampleCount, "Average" => Self::Average,
    "Minimum" => Self::Minimum, "Maximum" => Self::Maximum);

/// A statistic of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// Length of a data point, seconds.
    pub period_seconds: u32,
    /// How its values become one number.
    pub statistic: Statistic,
}

/// What a query returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuerySource {
    /// A statistic of a stored metric.
    Stat(MetricStat),
    /// Metric math over the other queries.
    Expression(String),
}

/// One entry of `MetricDataQueries`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The name other queries know it by.
    pub id: String,
    /// The text to show; AWS makes one up when it is absent.
    pub label: Option<String>,
    /// What it returns.
    pub source: QuerySource,
    /// Whether the answer has it, or only other queries use it.
    pub return_data: bool,
}

impl Query {
    /// The statistic that it returns, unless it is metric math.
    pub(super) fn stat(&self) -> Option<&MetricStat> {
        match &self.source {
            QuerySource::Stat(stat) => Some(stat),
            QuerySource::Expression(_) => None,
        }
    }
}

/// Expressions are evaluated over the largest period of the metrics; a request of constants alone gets minutes.
pub(super) fn common_period(queries: &[Query]) -> u32 {
    queries.iter().filter_map(Query::stat).map(|stat| stat.period_seconds).max().unwrap_or(60)
}
