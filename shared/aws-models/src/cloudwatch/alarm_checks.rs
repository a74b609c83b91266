// SPDX-License-Identifier: Apache-2.0
//! What `PutMetricAlarm` refuses.

use std::collections::BTreeMap;

use super::alarm::{AlarmConfig, AlarmSource, STATES};
use super::error::CloudWatchError;
use super::metric::{Query, QuerySource, common_period};
use super::metric_data::{checked_period, checked_queries, is_series};
use super::store::CloudWatch;

/// Tags of one alarm. Source: CloudWatch API reference, `PutMetricAlarm`.
const TAGS_MAX: usize = 50;

impl CloudWatch {
    /// The checks of `PutMetricAlarm`. Source: CloudWatch API reference, `PutMetricAlarm`.
    pub(super) fn checked(&self, config: &AlarmConfig) -> Result<(), CloudWatchError> {
        checked_text("AlarmName", &config.name, 1..=255, "1 to 255 characters long")?;
        if let Some(description) = &config.description {
            checked_text("AlarmDescription", description, 0..=1_024, "at most 1,024 characters long")?;
        }
        for actions in STATES.map(|state| config.actions(state)) {
            require(actions.len() <= 5, "Actions", actions.len(), "at most 5 for a state")?;
            if let Some(action) = actions.iter().find(|action| !is_arn(action)) {
                return Err(CloudWatchError::Action { action: action.clone() });
            }
        }
        checked_rule(config)?;
        match &config.source {
            AlarmSource::Stat(stat) => checked_period(stat.period_seconds),
            AlarmSource::Math(queries) => self.checked_math(queries),
        }
    }

    fn checked_math(&self, queries: &[Query]) -> Result<(), CloudWatchError> {
        checked_queries(queries)?;
        let expressions = queries.iter().filter(|query| matches!(query.source, QuerySource::Expression(_))).count();
        let stats = queries.len() - expressions;
        require(stats <= 10, "Metrics", stats, "at most 10 with a MetricStat")?;
        require(expressions <= 10, "Metrics", expressions, "at most 10 with an Expression")?;
        let period = common_period(queries);
        for other in queries.iter().filter_map(Query::stat).map(|stat| stat.period_seconds) {
            require(other == period, "Period", other, "the same for all metrics of an alarm")?;
        }
        let returned: Vec<&Query> = queries.iter().filter(|query| query.return_data).collect();
        let [returned] = returned[..] else { return Err(CloudWatchError::ReturnData) };
        let series = is_series(self, queries, &returned.id)?;
        require(series, "Expression", &returned.id, "a time series, which an alarm needs")
    }
}

/// `arn:partition:service:region:account:resource`, of which Region and account may be empty. Whether there is such a thing
/// is not looked at, as in AWS.
fn is_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, service, _, _, resource] if ![partition, service, resource].contains(&""))
}

fn checked_rule(config: &AlarmConfig) -> Result<(), CloudWatchError> {
    const DAY: u64 = 86_400;
    let rule = &config.rule;
    let (n, m, period) = (rule.evaluation_periods, rule.datapoints_to_alarm, config.period_seconds());
    require(n >= 1, "EvaluationPeriods", n, "1 or more")?;
    require((1..=n).contains(&m), "DatapointsToAlarm", m, "between 1 and EvaluationPeriods")?;
    require(rule.threshold.is_finite(), "Threshold", rule.threshold, "a finite number")?;
    let range = u64::from(period).saturating_mul(n as u64);
    let longest = if period < 3_600 { DAY } else { 7 * DAY };
    let expected = "a range of at most 1 day, or 7 days when the period is an hour or more";
    require(range <= longest, "EvaluationPeriods", n, expected)
}

/// Source: CloudWatch API reference, `Tag`; the prefix is reserved in all of AWS.
pub(super) fn checked_tags(tags: &BTreeMap<String, String>) -> Result<(), CloudWatchError> {
    require(tags.len() <= TAGS_MAX, "Tags", tags.len(), "at most 50")?;
    for (key, value) in tags {
        checked_text("Key", key, 1..=128, "1 to 128 characters long")?;
        require(!key.starts_with("aws:"), "Key", key, "free of the prefix aws:")?;
        checked_text("Value", value, 0..=256, "at most 256 characters long")?;
    }
    Ok(())
}

fn checked_text(
    parameter: &'static str,
    text: &str,
    chars: std::ops::RangeInclusive<usize>,
    expected: &'static str,
) -> Result<(), CloudWatchError> {
    require(chars.contains(&text.chars().count()), parameter, text, expected)
}

fn require(
    holds: bool,
    parameter: &'static str,
    value: impl std::fmt::Display,
    expected: &'static str,
) -> Result<(), CloudWatchError> {
    if holds { Ok(()) } else { Err(CloudWatchError::Invalid { parameter, value: value.to_string(), expected }) }
}
