// SPDX-License-Identifier: Apache-2.0
//! The roles of `template.yaml` admit exactly the calls that the functions make: not one less, not one more.
#![allow(clippy::unwrap_used)]

mod support;
#[path = "support/fleet.rs"]
mod wire;

use std::collections::BTreeSet;

use aws_models::cloudwatch::Metric;
use billing::ScalerUsage;
use jiff::SignedDuration;
use kinesis_model::limits::API_RATES;
use scaler_app::cloud::{Cloud as _, Kinesis as _};
use scaler_app::fleet::BEGINS_WITHIN;
use scaler_app::report::{self, CostSettings, cost_report};
use scaler_app::stack_config::StackConfig;
use scaler_app::{FunctionState, OutcomeKind, handle};
use scaler_core::{
    ALARM_PREFIX, Direction, Policy, PolicySpec, SYNC_MINUTES, TAG_MADE_BY, TAG_MANAGED, TAG_NOTICES, TAG_RESIZES,
};
use serde_json::json;

use wire::Fleet;

/// The stream of which the load does not lie evenly.
const SKEWED: &str = "skewed";

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// What the template grants and none of our code calls: Lambda itself does (logs, the failure queue, reading the
/// continuation queue), or CloudWatch asks for it beside another (tags in `PutMetricAlarm`).
const NOT_CALLED_BY_US: [&str; 6] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "cloudwatch:TagResource",
];

/// The actions that these resources of the template allow.
///
/// Reads lines and not YAML, as `cargo xtask tidy` does: our one template is laid out by us.
fn granted(resources: &[&str]) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for resource in resources {
        let head = format!("  {resource}:");
        let block: Vec<_> = TEMPLATE
            .lines()
            .skip_while(|line| *line != head)
            .skip(1)
            .take_while(|line| line.is_empty() || line.starts_with("   ") || line.starts_with("  #"))
            .collect();
        assert!(!block.is_empty(), "template.yaml has no {resource}");
        let lists = block.iter().filter_map(|line| line.trim().strip_prefix("Action: "));
        let listed = lists.flat_map(|list| list.trim_matches(['[', ']']).split(", "));
        actions.extend(listed.filter(|action| !action.starts_with("sts:")).map(str::to_owned));
    }
    actions.into_iter().filter(|action| !NOT_CALLED_BY_US.contains(&action.as_str())).collect()
}

fn called(fleet: &Fleet) -> BTreeSet<String> {
    let refused = fleet.sandbox.throttled();
    assert!(refused.is_empty(), "{refused:?}");
    fleet.sandbox.calls().into_keys().collect()
}

/// Two minutes of metrics in which the stream is so full.
fn load(fleet: &Fleet, stream: &str, full_shards: f64, minutes: i64) {
    for ago in 1..=minutes {
        let at = fleet.sandbox.now() - SignedDuration::from_mins(ago);
        for (name, value) in [("IncomingBytes", full_shards * 62_914_560.0), ("IncomingRecords", 1_000.0)] {
            fleet.sandbox.cloudwatch().record(&Metric::kinesis(stream, name), at, value);
        }
    }
}

/// Everything that a scaling function can be asked for: an alarm that leads to a resize, and a sweep.
async fn scaling_calls(direction: Direction, full_shards: f64) -> BTreeSet<String> {
    let mut fleet = Fleet::of(1).await;
    let stream = fleet.names().remove(0);
    fleet.scheduled().await;
    load(&fleet, &stream, full_shards, 70);
    fleet.wait();
    fleet.sandbox.forget_calls();
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let alarm = json!({ "alarmData": { "alarmName": "a", "state": { "value": "ALARM" }, "configuration": { "metrics": [
        { "metricStat": { "metric": { "dimensions": { "StreamName": stream } } } }] } } });
    let sweep = json!({ "detail-type": "Scheduled Event" });
    let mut outcomes = Vec::new();
    for event in [alarm, sweep] {
        outcomes.extend(
            handle(&fleet.cloud, &FunctionState::default(), &policy, direction, &event, &mut |_| ()).await.outcomes,
        );
    }
    assert_eq!(outcomes[0].outcome, OutcomeKind::Resized, "{outcomes:?}");
    assert_eq!(outcomes[0].faults, Vec::<String>::new());
    called(&fleet)
}

/// What the same asks of a stream of which one shard is hot, or most are cold.
async fn resharding_calls(direction: Direction, percents: [f64; 4]) -> BTreeSet<String> {
    let mut fleet = Fleet::of(0).await;
    fleet.create(SKEWED, 4).await;
    let policy = Policy::new(PolicySpec { shard_metrics: true, ..PolicySpec::default() }).unwrap();
    let alarm = json!({ "alarmData": { "alarmName": "a", "state": { "value": "ALARM" }, "configuration": { "metrics": [
        { "metricStat": { "metric": { "dimensions": { "StreamName": SKEWED } } } }] } } });
    // The first look finds that its shards are not measured, the second, later, which one it is.
    let mut called_so_far = BTreeSet::new();
    let looks = if direction == Direction::Out { 2 } else { 1 };
    if direction == Direction::In {
        fleet.cloud.kinesis().enable_shard_metrics(SKEWED).await.unwrap();
        fleet.sandbox.forget_calls();
    }
    for look in 1..=looks {
        let shards = fleet.cloud.kinesis().open_shards(SKEWED).await.unwrap();
        fleet.sandbox.forget_calls();
        fleet.wait();
        for (shard, percent) in shards.iter().zip(percents) {
            shard_load(&fleet, &shard.id, percent);
        }
        let outcomes =
            handle(&fleet.cloud, &FunctionState::default(), &policy, direction, &alarm, &mut |_| ()).await.outcomes;
        let is_last = look == looks;
        assert_eq!(outcomes[0].outcome == OutcomeKind::Resized, is_last, "{outcomes:?}");
        assert_eq!(outcomes[0].faults, Vec::<String>::new());
        called_so_far.extend(called(&fleet));
    }
    called_so_far
}

/// Seventy minutes in which a shard is wanted to take so many percent of what it can; above 100 it throttles.
fn shard_load(fleet: &Fleet, shard: &str, percent: f64) {
    let (accepted, over) = (percent.min(100.0), (percent - 100.0).max(0.0));
    for ago in 1..=70 {
        let at = fleet.sandbox.now() - SignedDuration::from_mins(ago);
        for (name, value) in [
            ("IncomingBytes", accepted / 100.0 * 62_914_560.0),
            ("IncomingRecords", accepted / 100.0 * 30_000.0),
            ("WriteProvisionedThroughputExceeded", over / 100.0 * 30_000.0),
        ] {
            let mut cloudwatch = fleet.sandbox.cloudwatch();
            cloudwatch.record(&Metric::kinesis(SKEWED, name), at, value);
            cloudwatch.record(&Metric::shard(SKEWED, shard, name), at, value);
        }
    }
}

/// What the pass of both directions calls beside that of [`scaling_calls`].
const RESHARDING: [&str; 4] =
    ["kinesis:EnableEnhancedMonitoring", "kinesis:ListShards", "kinesis:MergeShards", "kinesis:SplitShard"];

#[tokio::test]
async fn scale_out_may_do_what_it_does() {
    // The failure queue, to which Lambda sends.
    let mut granted = granted(&["ScalerPolicy", "AlarmPolicy", "ScaleOutRole"]);
    assert!(granted.remove("sqs:SendMessage"));
    let mut called = scaling_calls(Direction::Out, 2.0).await;
    called.extend(resharding_calls(Direction::Out, [20.0, 130.0, 20.0, 20.0]).await);
    assert_eq!(called, granted);
}

#[tokio::test]
async fn scale_in_may_do_what_it_does() {
    let mut granted = granted(&["ScalerPolicy", "AlarmPolicy", "ScaleInRole"]);
    assert!(granted.remove("sqs:SendMessage"));
    let mut called = scaling_calls(Direction::In, 0.1).await;
    called.extend(resharding_calls(Direction::In, [86.0, 10.0, 5.0, 5.0]).await);
    assert_eq!(called, granted);
}

#[tokio::test]
async fn alarm_sync_may_do_what_it_does() {
    let mut fleet = Fleet::of(4).await;
    let names = fleet.names();
    // Too short for four streams: the rest is left to other runs.
    fleet.run = SignedDuration::from_secs(2);
    let mut calls = BTreeSet::new();
    let enrolled = fleet.run(json!({ "sync": "all" })).await;
    assert!(enrolled.times > 1, "{enrolled:?}");
    calls.extend(called(&fleet));
    fleet.run = SignedDuration::from_mins(4);
    // An alarm that is changed, a stream that is cleaned, one that is brought inside, one whose tag cannot be read.
    for (name, way) in names.iter().zip([3, 4, 9, 8]) {
        fleet.drift(name, way).await;
    }
    fleet.run(json!({ "sync": "all" })).await;
    calls.extend(called(&fleet));
    // It brings streams inside their bounds by the very passes of the two above, which may split, merge and measure.
    calls.extend(RESHARDING.map(str::to_owned));
    assert_eq!(calls, granted(&["ScalerPolicy", "AlarmPolicy", "AlarmSyncRole"]));
    assert_eq!(fleet.wrongs(), Vec::<String>::new());
}

#[tokio::test]
async fn cost_report_may_do_what_it_does() {
    let fleet = Fleet::of(1).await;
    let stream = fleet.names().remove(0);
    load(&fleet, &stream, 0.5, 70);
    fleet.sandbox.forget_calls();
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let stack_config = StackConfig { functions: vec![("scale-out".to_owned(), 256)], ..fleet.reporting() };
    let settings = CostSettings { policy: &policy, stack_config: &stack_config, draw: |report| report.region.clone() };
    let deadline = fleet.sandbox.now() + SignedDuration::from_mins(13);
    for event in [json!({ "detail-type": "Scheduled Event" }), json!({ "report": "all", "since": "1h" })] {
        let report = cost_report(&fleet.cost_cloud(&stack_config).await, settings, &event, deadline).await;
        let from_sheet = report.notes.iter().any(|note| note.starts_with("prices are those"));
        assert_eq!((report.streams.len(), report.faults, from_sheet), (1, Vec::new(), false), "{event}");
    }
    assert_eq!(fleet.sandbox.objects().len(), 1);
    let mut granted = granted(&["CostReportRole"]);
    assert!(granted.remove("sqs:SendMessage"));
    let called = called(&fleet);
    assert_eq!(called, granted);
    let with_a_rate = called.iter().filter(|action| API_RATES.iter().any(|rate| rate.action == action.as_str()));
    assert_eq!(
        with_a_rate.collect::<Vec<_>>(),
        [
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "kinesis:DescribeStreamSummary",
            "kinesis:ListStreams",
            "tag:GetResources",
        ],
        "the calls that `pace.rs` gives it a share of"
    );
}

/// An action alone is not enough where a condition narrows it.
#[test]
fn the_conditions_name_the_tags_that_the_code_writes_and_asks_for() {
    let memory = format!("\"aws:TagKeys\": [{TAG_RESIZES}, {TAG_NOTICES}]");
    let managed = format!("\"aws:ResourceTag/{TAG_MANAGED}\": \"true\"");
    let ours = format!("\"aws:TagKeys\": [{TAG_MADE_BY}]");
    let made_by = ["Request", "Resource"].map(|kind| format!("aws:{kind}Tag/{TAG_MADE_BY}: !Ref AWS::StackName"));
    let [requested, there] = made_by;
    for (condition, times) in [(memory, 1), (managed, 7), (ours, 1), (requested, 1), (there, 1)] {
        assert_eq!(TEMPLATE.matches(&condition).count(), times, "{condition}");
    }
    assert!(TEMPLATE.contains(&format!(":alarm:{ALARM_PREFIX}*")));
}

/// What the scaler itself costs is reckoned with figures of the template.
#[test]
fn the_stacks_own_metrics_and_memory_are_those_that_costs_count_on() {
    let own = ScalerUsage::of_stack(1);
    let alarms =
        TEMPLATE.split("Type: AWS::CloudWatch::Alarm").skip(1).map(|block| block.split("\n\n").next().unwrap());
    let metrics = |block: &str| block.matches("MetricStat:").count().max(1);
    assert_eq!(alarms.map(metrics).sum::<usize>() as u128, own.alarm_metric_seconds);
    let globals = TEMPLATE.split("Globals:").nth(1).unwrap();
    let memory = |text: &str| text.split("MemorySize: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let sync = TEMPLATE.split("  AlarmSyncFunction:").nth(1).unwrap();
    let listed = format!(
        "SCALER_FUNCTIONS: !Sub ${{ScaleOutFunction}}={0},${{ScaleInFunction}}={0},${{AlarmSyncFunction}}={1}",
        memory(globals),
        memory(sync)
    );
    assert!(TEMPLATE.contains(&listed), "{listed}");
}

/// What is counted in runs and seconds in the code is set in the template.
#[test]
fn the_schedule_and_the_time_limit_are_those_that_the_code_counts_on() {
    assert!(TEMPLATE.contains(&format!("ScheduleExpression: rate({SYNC_MINUTES} minutes)")));
    let sync = TEMPLATE.split("  AlarmSyncFunction:").nth(1).unwrap();
    let timeout: i64 = sync.split("Timeout: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert_eq!(timeout - BEGINS_WITHIN.as_secs(), 45, "what the last stream may take");
    let report = TEMPLATE.split("  CostReportFunction:").nth(1).unwrap();
    let timeout: i64 = report.split("Timeout: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert_eq!(timeout - report::BEGINS_WITHIN.as_secs(), 120, "what ten streams may take");
}

#[test]
fn the_template_is_read_as_it_is_laid_out() {
    let granted = granted(&["ScalerPolicy"]);
    assert!(granted.contains("kinesis:UpdateShardCount"), "a single action: {granted:?}");
    assert!(granted.contains("kinesis:ListTagsForStream"), "one of a list: {granted:?}");
    assert!(!granted.contains("cloudwatch:DeleteAlarms"), "of another resource: {granted:?}");
}
