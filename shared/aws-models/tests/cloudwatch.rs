// SPDX-License-Identifier: Apache-2.0
//! The model of CloudWatch: statistics, queries, and alarms over moving time.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use aws_models::alarm::{AlarmState, Comparison, Rule, TreatMissing};
use aws_models::cloudwatch::{
    AlarmConfig, AlarmFilter, AlarmSource, CloudWatch, CloudWatchError, Metric, MetricStat, Query, QuerySource,
    Statistic,
};
use jiff::{SignedDuration, Timestamp};

fn minute(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn bytes() -> Metric {
    Metric::kinesis("orders", "IncomingBytes")
}

fn stat(name: &str, statistic: Statistic, period_seconds: u32) -> MetricStat {
    MetricStat { metric: Metric::kinesis("orders", name), period_seconds, statistic }
}

fn query(id: &str, source: QuerySource, return_data: bool) -> Query {
    Query { id: id.to_owned(), label: None, source, return_data }
}

fn expression(id: &str, text: &str, return_data: bool) -> Query {
    query(id, QuerySource::Expression(text.to_owned()), return_data)
}

/// The scale-out alarm as this project makes it, on a stream of four shards.
fn usage() -> Vec<Query> {
    let sum = |id: &str, name: &str| query(id, QuerySource::Stat(stat(name, Statistic::Sum, 60)), false);
    vec![
        sum("bytes", "IncomingBytes"),
        sum("records", "IncomingRecords"),
        sum("throttled", "WriteProvisionedThroughputExceeded"),
        expression("shards", "4", false),
        expression(
            "usage",
            "100 * MAX([FILL(bytes,0)/(shards*62914560), (FILL(records,0)+FILL(throttled,0))/(shards*60000), \
             FILL(throttled,0) > 0])",
            true,
        ),
    ]
}

fn config(name: &str, source: AlarmSource) -> AlarmConfig {
    AlarmConfig {
        name: name.to_owned(),
        description: None,
        actions_enabled: true,
        ok_actions: vec![],
        alarm_actions: vec!["arn:aws:sns:us-east-1:123456789012:scaling".to_owned()],
        insufficient_data_actions: vec![],
        source,
        rule: Rule {
            threshold: 90.0,
            comparison: Comparison::GreaterThanOrEqualToThreshold,
            evaluation_periods: 3,
            datapoints_to_alarm: 2,
            treat_missing: TreatMissing::Missing,
        },
    }
}

fn values(cloudwatch: &CloudWatch, query: Query, minutes: i64) -> Vec<(i64, f64)> {
    let results = cloudwatch.metric_data(&[query], minute(0), minute(minutes), minute(minutes)).unwrap();
    results[0].values.iter().map(|(at, value)| (at / 60, *value)).collect()
}

#[test]
fn statistics_of_a_minute_and_of_longer_periods() {
    let mut cloudwatch = CloudWatch::default();
    for (at, value) in [(0, 5.0), (0, 1.0), (1, 9.0), (5, 2.0)] {
        cloudwatch.record(&bytes(), minute(at) + SignedDuration::from_secs(59), value);
    }
    let check = |statistic, period, expected: &[(i64, f64)]| {
        let source = QuerySource::Stat(stat("IncomingBytes", statistic, period));
        assert_eq!(values(&cloudwatch, query("m", source, true), 10), expected, "{statistic} {period}");
    };
    check(Statistic::Sum, 60, &[(0, 6.0), (1, 9.0), (5, 2.0)]);
    check(Statistic::SampleCount, 60, &[(0, 2.0), (1, 1.0), (5, 1.0)]);
    check(Statistic::Average, 60, &[(0, 3.0), (1, 9.0), (5, 2.0)]);
    check(Statistic::Minimum, 300, &[(0, 1.0), (5, 2.0)]);
    check(Statistic::Maximum, 300, &[(0, 9.0), (5, 2.0)]);
}

#[test]
fn the_window_includes_its_start_and_excludes_its_end() {
    let mut cloudwatch = CloudWatch::default();
    for at in 0..5 {
        cloudwatch.record(&bytes(), minute(at), 1.0);
    }
    let queries = [query("m", QuerySource::Stat(stat("IncomingBytes", Statistic::Sum, 60)), true)];
    let results = cloudwatch.metric_data(&queries, minute(1), minute(3), minute(9)).unwrap();
    assert_eq!(results[0].values.keys().copied().collect::<Vec<_>>(), [60, 120]);
    assert_eq!(results[0].label, "IncomingBytes");
}

#[test]
fn a_delay_hides_the_newest_minutes() {
    let visible = |delay| {
        let mut cloudwatch = CloudWatch::with_metric_delay(delay);
        for at in 0..=5 {
            cloudwatch.record(&bytes(), minute(at), 1.0);
        }
        let queries = [query("m", QuerySource::Stat(stat("IncomingBytes", Statistic::Sum, 60)), true)];
        cloudwatch.metric_data(&queries, minute(0), minute(9), minute(5)).unwrap()[0].values.len()
    };
    assert_eq!((visible(0), visible(1), visible(2)), (6, 4, 3)); // minute 5 is still running
}

#[test]
fn queries_may_refer_to_each_other_in_any_order() {
    let cloudwatch = CloudWatch::default();
    let data = |queries: &[Query]| cloudwatch.metric_data(queries, minute(0), minute(2), minute(2));
    let results = data(&[expression("a", "b + 1", true), expression("b", "2", false)]).unwrap();
    assert_eq!(results[0].values, BTreeMap::from([(0, 3.0), (60, 3.0)]));
    let circle = data(&[expression("a", "b", true), expression("b", "a", false)]);
    assert_eq!(circle, Err(CloudWatchError::Circular { id: "a".to_owned() }));
    assert!(matches!(data(&[expression("a", "c", true)]), Err(CloudWatchError::Math { .. })));
    assert!(matches!(data(&[expression("A", "1", true)]), Err(CloudWatchError::Invalid { parameter: "Id", .. })));
    assert!(matches!(data(&[]), Err(CloudWatchError::Invalid { parameter: "MetricDataQueries", .. })));
}

#[test]
fn the_scale_out_alarm_goes_to_alarm_and_back() {
    let mut cloudwatch = CloudWatch::default();
    cloudwatch.put_alarm(config("kinesis-scaler/orders/scale-out", AlarmSource::Math(usage())), minute(0)).unwrap();
    let full = 4.0 * 62_914_560.0;
    let mut seen = Vec::new();
    for (at, load) in [0.1, 0.1, 0.1, 0.95, 0.95, 0.95, 0.1, 0.1, 0.1].into_iter().enumerate() {
        let at = i64::try_from(at).unwrap();
        cloudwatch.record(&bytes(), minute(at), load * full);
        for transition in cloudwatch.evaluate_alarms(minute(at + 1)) {
            seen.push((at + 1, transition.previous.value, transition.alarm.state.value));
        }
    }
    assert_eq!(
        seen,
        [
            (1, AlarmState::InsufficientData, AlarmState::Ok), // gaps are filled with 0
            (5, AlarmState::Ok, AlarmState::Alarm),
            (8, AlarmState::Alarm, AlarmState::Ok),
        ]
    );
}

#[test]
fn a_throttled_record_alone_fires_the_scale_out_alarm() {
    let mut cloudwatch = CloudWatch::default();
    cloudwatch.put_alarm(config("a", AlarmSource::Math(usage())), minute(0)).unwrap();
    let throttled = Metric::kinesis("orders", "WriteProvisionedThroughputExceeded");
    cloudwatch.record(&throttled, minute(8), 1.0);
    cloudwatch.record(&throttled, minute(9), 1.0);
    let transitions = cloudwatch.evaluate_alarms(minute(10));
    assert_eq!(transitions[0].alarm.state.value, AlarmState::Alarm);
    assert!(transitions[0].alarm.state.reason.starts_with("Threshold Crossed: 2 out of the last 3 datapoints [100.0"));
    let data = transitions[0].alarm.state.reason_data.as_deref().unwrap();
    assert!(data.contains(r#""period":60,"recentDatapoints":[0.0,100.0,100.0],"threshold":90.0"#), "{data}");
}

#[test]
fn without_fill_the_premature_rule_and_the_delay_are_seen() {
    let mut cloudwatch = CloudWatch::with_metric_delay(2);
    cloudwatch.put_alarm(config("a", AlarmSource::Stat(stat("IncomingBytes", Statistic::Sum, 60))), minute(0)).unwrap();
    cloudwatch.record(&bytes(), minute(0), 95.0);
    assert!(cloudwatch.evaluate_alarms(minute(1)).is_empty()); // not visible yet
    assert!(cloudwatch.evaluate_alarms(minute(2)).is_empty());
    let transitions = cloudwatch.evaluate_alarms(minute(3)); // X - -: as old as M, and nothing good since
    assert_eq!(transitions[0].alarm.state.value, AlarmState::Alarm);
}

#[test]
fn putting_an_alarm_again_replaces_it_and_keeps_its_state() {
    let mut cloudwatch = CloudWatch::default();
    cloudwatch.put_alarm(config("a", AlarmSource::Math(usage())), minute(0)).unwrap();
    assert_eq!(cloudwatch.alarm("a").unwrap().state.reason, "Unchecked: Initial alarm creation");
    let set = cloudwatch.set_alarm_state("a", AlarmState::Alarm, "by hand", None, minute(1)).unwrap();
    assert_eq!(set.unwrap().previous.value, AlarmState::InsufficientData);
    assert_eq!(cloudwatch.set_alarm_state("a", AlarmState::Alarm, "again", None, minute(2)), Ok(None));
    let changed = AlarmConfig {
        description: Some("new".to_owned()),
        alarm_actions: vec![],
        ..config("a", AlarmSource::Math(usage()))
    };
    cloudwatch.put_alarm(changed.clone(), minute(3)).unwrap();
    let alarm = cloudwatch.alarm("a").unwrap();
    assert_eq!(
        (&alarm.config, alarm.state.value, alarm.configuration_updated_at),
        (&changed, AlarmState::Alarm, minute(3))
    );
    let unknown = cloudwatch.set_alarm_state("b", AlarmState::Ok, "", None, minute(4));
    assert_eq!(unknown, Err(CloudWatchError::UnknownAlarm { name: "b".to_owned() }));
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn tags_are_given_to_a_new_alarm_only_and_go_with_it() {
    let mut cloudwatch = CloudWatch::default();
    let mut put = |given: &[(&str, &str)]| {
        cloudwatch.put_alarm_tagged(config("a", AlarmSource::Math(usage())), tags(given), minute(0)).unwrap();
        cloudwatch.alarm_tags("a").cloned()
    };
    assert_eq!(put(&[("team", "data"), ("tier", "1")]), Ok(tags(&[("team", "data"), ("tier", "1")])));
    assert_eq!(put(&[("team", "web")]), Ok(tags(&[("team", "data"), ("tier", "1")])));
    cloudwatch.put_alarm(config("a", AlarmSource::Math(usage())), minute(1)).unwrap();
    assert_eq!(cloudwatch.alarm("a").unwrap().tags.len(), 2);

    cloudwatch.delete_alarms(&["a".to_owned()]);
    assert_eq!(cloudwatch.alarm_tags("a"), Err(CloudWatchError::UnknownAlarm { name: "a".to_owned() }));
    cloudwatch.put_alarm(config("a", AlarmSource::Math(usage())), minute(2)).unwrap();
    assert_eq!(cloudwatch.alarm_tags("a"), Ok(&BTreeMap::new()));
}

#[test]
fn tags_that_aws_refuses_are_refused() {
    let check = |given: BTreeMap<String, String>, expected: &str| {
        let config = config("a", AlarmSource::Math(usage()));
        let refused = CloudWatch::default().put_alarm_tagged(config, given, minute(0));
        assert_eq!(refused.map_err(|error| error.to_string()), Err(expected.to_owned()));
    };
    check((0..51).map(|index| (index.to_string(), String::new())).collect(), "Tags=\"51\" is not at most 50");
    check(tags(&[("", "v")]), "Key=\"\" is not 1 to 128 characters long");
    check(tags(&[("aws:x", "v")]), "Key=\"aws:x\" is not free of the prefix aws:");
    let long = "v".repeat(257);
    check(tags(&[("k", &long)]), &format!("Value={long:?} is not at most 256 characters long"));
}

#[test]
fn alarms_are_described_in_pages_and_deleted() {
    let mut cloudwatch = CloudWatch::default();
    for index in 0..105 {
        cloudwatch.put_alarm(config(&format!("a{index:03}"), AlarmSource::Math(usage())), minute(0)).unwrap();
    }
    let first = cloudwatch.describe_alarms(&AlarmFilter::default(), 100, None);
    assert_eq!((first.alarms.len(), first.next.as_deref()), (100, Some("a099")));
    let second = cloudwatch.describe_alarms(&AlarmFilter::default(), 100, first.next.as_deref());
    assert_eq!((second.alarms.len(), second.next), (5, None));
    let some = |filter: &AlarmFilter| cloudwatch.describe_alarms(filter, 100, None).alarms.len();
    assert_eq!(some(&AlarmFilter { names: vec!["a001".to_owned(), "x".to_owned()], ..AlarmFilter::default() }), 1);
    assert_eq!(some(&AlarmFilter { name_prefix: Some("a00".to_owned()), ..AlarmFilter::default() }), 10);
    assert_eq!(some(&AlarmFilter { state: Some(AlarmState::Alarm), ..AlarmFilter::default() }), 0);
    cloudwatch.delete_alarms(&["a000".to_owned(), "never".to_owned()]);
    assert!(cloudwatch.alarm("a000").is_none() && cloudwatch.alarm("a001").is_some());
}

#[test]
fn what_aws_refuses_of_an_alarm_is_refused() {
    let math = || config("a", AlarmSource::Math(usage()));
    let refusal = |config: AlarmConfig| CloudWatch::default().put_alarm(config, minute(0)).unwrap_err().to_string();
    let with_queries = |queries| refusal(config("a", AlarmSource::Math(queries)));
    assert_eq!(
        refusal(AlarmConfig { name: String::new(), ..math() }),
        "AlarmName=\"\" is not 1 to 255 characters long"
    );
    let rule = math().rule;
    assert_eq!(
        refusal(AlarmConfig { rule: Rule { datapoints_to_alarm: 4, ..rule }, ..math() }),
        "DatapointsToAlarm=\"4\" is not between 1 and EvaluationPeriods"
    );
    assert!(refusal(AlarmConfig { rule: Rule { evaluation_periods: 1_441, ..rule }, ..math() }).contains("1 day"));
    let odd = AlarmSource::Stat(stat("IncomingBytes", Statistic::Sum, 45));
    assert_eq!(refusal(config("a", odd)), "Period=\"45\" is not 10, 20, 30 or a multiple of 60");
    assert!(with_queries(vec![]).starts_with("MetricDataQueries"));
    let mut two = usage();
    two[0].return_data = true;
    assert_eq!(with_queries(two), "Exactly one element of the metrics list should return data.");
    assert_eq!(
        with_queries(vec![expression("four", "4", true)]),
        "Expression=\"four\" is not a time series, which an alarm needs"
    );
    let mut aggregate = usage();
    aggregate[4].source = QuerySource::Expression("MAX(bytes)".to_owned());
    assert!(with_queries(aggregate).contains("AWS advises against in alarms"));
}

#[test]
fn old_minutes_can_be_forgotten() {
    let mut cloudwatch = CloudWatch::default();
    for at in 0..4 {
        cloudwatch.record(&bytes(), minute(at), 1.0);
    }
    cloudwatch.forget(minute(2));
    let source = QuerySource::Stat(stat("IncomingBytes", Statistic::Sum, 60));
    assert_eq!(values(&cloudwatch, query("m", source, true), 9), [(2, 1.0), (3, 1.0)]);
}
