// SPDX-License-Identifier: Apache-2.0
//! An alarm's change of state, in whichever form it came: which streams it is about.

use std::collections::{BTreeMap, BTreeSet};

use scaler_core::SHARDS_ID;
use serde::{Deserialize, Deserializer};

use super::fault::{EventFault, NAMESPACE};

/// The dimension of Kinesis's metrics that names a stream.
const STREAM_DIMENSION: &str = "StreamName";

/// An alarm's state, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Look.
    Alarm,
    /// Nothing to do.
    Ok,
    /// Nothing to do.
    InsufficientData,
}

/// One alarm's change of state.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AlarmEvent {
    /// The alarm.
    pub alarm: String,
    /// Its new state.
    pub state: AlarmState,
    /// Every stream that a `StreamName` dimension of its metrics names.
    pub streams: Vec<String>,
    /// The shard count that its expressions hold, if it is an alarm of ours.
    pub alarm_shard_count: Option<u32>,
    /// The Region of the alarm, and so of its metrics, where it says so.
    #[serde(skip)]
    pub region: Option<String>,
    /// The account of the alarm, where it says so.
    #[serde(skip)]
    pub account: Option<String>,
    /// The accounts of its metrics.
    #[serde(skip)]
    pub metric_accounts: BTreeSet<String>,
}

/// An alarm as an event tells of it.
pub(super) struct AlarmDescription {
    pub(super) alarm: String,
    pub(super) state: AlarmState,
    /// Where the alarm is.
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    /// Whether it has a rule over other alarms, and those of them that fired.
    pub(super) children: Option<Vec<String>>,
    pub(super) metrics: Vec<AlarmMetric>,
}

/// A metric or an expression of an alarm. SNS writes the names of the fields with capitals, all others without.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct AlarmMetric {
    #[serde(alias = "Id")]
    id: Option<String>,
    #[serde(alias = "Expression")]
    expression: Option<String>,
    #[serde(alias = "AccountId", alias = "accountId")]
    account: Option<String>,
    #[serde(alias = "MetricStat", alias = "metricStat")]
    stat: Option<MetricStat>,
}

#[derive(Deserialize)]
struct MetricStat {
    #[serde(alias = "Metric")]
    metric: MetricName,
}

/// The name of a metric; expressions have none.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct MetricName {
    #[serde(alias = "Namespace")]
    namespace: Option<String>,
    #[serde(alias = "Dimensions", deserialize_with = "null_is_default")]
    dimensions: Dimensions,
}

/// SNS lists them, all others have an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum Dimensions {
    Listed(Vec<Dimension>),
    Named(BTreeMap<String, String>),
}

#[derive(Deserialize)]
struct Dimension {
    #[serde(alias = "Name")]
    name: String,
    #[serde(alias = "Value")]
    value: String,
}

impl Default for Dimensions {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl AlarmDescription {
    /// What the alarm asks for.
    pub(super) fn event(self) -> Result<AlarmEvent, EventFault> {
        let alarm = self.alarm;
        // What does not fire asks for nothing, so nothing is wrong with it.
        let fires = self.state == AlarmState::Alarm;
        if let Some(children) = self.children.filter(|_| fires) {
            let children = if children.is_empty() { String::new() } else { format!(" ({})", children.join(", ")) };
            return Err(EventFault::Composite { alarm, children });
        }
        if fires && self.metrics.iter().any(AlarmMetric::is_query) {
            return Err(EventFault::Query(alarm));
        }
        let with_stream = || self.metrics.iter().filter_map(|metric| Some((metric, metric.stream()?)));
        let of_kinesis: Vec<_> = with_stream().filter(|(metric, _)| metric.is_of_kinesis()).collect();
        if let (true, Some((other, _))) = (fires && of_kinesis.is_empty(), with_stream().next()) {
            return Err(EventFault::Namespace { alarm, namespace: other.namespace().unwrap_or_default().to_owned() });
        }
        let account_of = |(metric, _): &(&AlarmMetric, _)| metric.account.clone().or_else(|| self.account.clone());
        let streams: BTreeSet<_> = of_kinesis.iter().map(|(_, stream)| (*stream).to_owned()).collect();
        Ok(AlarmEvent {
            alarm,
            state: self.state,
            streams: streams.into_iter().collect(),
            alarm_shard_count: alarm_shard_count(&self.metrics),
            region: self.region,
            metric_accounts: of_kinesis.iter().filter_map(account_of).collect(),
            account: self.account,
        })
    }
}

impl AlarmMetric {
    /// The metric of an alarm on a single one.
    pub(super) fn single(metric: MetricName) -> Self {
        Self { stat: Some(MetricStat { metric }), ..Self::default() }
    }

    fn namespace(&self) -> Option<&str> {
        self.stat.as_ref()?.metric.namespace.as_deref()
    }

    /// The stream that its dimension names.
    fn stream(&self) -> Option<&str> {
        match &self.stat.as_ref()?.metric.dimensions {
            Dimensions::Listed(listed) => {
                listed.iter().find(|dimension| dimension.name == STREAM_DIMENSION).map(|it| it.value.as_str())
            }
            Dimensions::Named(named) => named.get(STREAM_DIMENSION).map(String::as_str),
        }
    }

    /// One that does not say its namespace is taken for one of Kinesis, whose dimension it has.
    fn is_of_kinesis(&self) -> bool {
        self.namespace().is_none_or(|namespace| namespace == NAMESPACE)
    }

    fn is_query(&self) -> bool {
        self.expression.as_ref().is_some_and(|expression| {
            expression.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("select"))
        })
    }
}

/// The shard count in an alarm's expressions.
fn alarm_shard_count(metrics: &[AlarmMetric]) -> Option<u32> {
    metrics.iter().find(|metric| metric.id.as_deref() == Some(SHARDS_ID))?.expression.as_ref()?.parse().ok()
}

/// The values of the `StreamName` dimensions, each once.
pub fn stream_names<'a>(dimensions: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let names: BTreeSet<_> = dimensions.filter(|(name, _)| *name == STREAM_DIMENSION).map(|(_, value)| value).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// AWS sends `null` where it has nothing to say.
pub(super) fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    value: D,
) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}
