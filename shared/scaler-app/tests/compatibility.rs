// SPDX-License-Identifier: Apache-2.0
//! What builds of before wrote on streams and alarms is still understood. The values are fixed, as those builds wrote them: who
//! changes a format keeps reading these, or says in CHANGELOG.md what is lost.
#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use kinesis_model::ShardCount;

use scaler_app::event::{Request, parse};
use scaler_app::stack_settings::StackSettings;
use scaler_core::{
    AlarmKind, AttemptKind, Direction, Policy, PolicySpec, ResizeHistory, Risk, StreamTags, TAG_MADE_BY, alarm_name,
    signed_by, stream_of_alarm,
};
use serde_json::json;

/// A while after the entries below: 2026-01-02T05:00:00Z.
const NOW: i64 = 1_767_330_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A ledger as it was written from that day on, what it spends of the day's ten, and the last count that it tells.
const LEDGERS: [(&str, &str, u32, Option<u32>); 6] = [
    ("2026-11-21, with the count before", "o1767322445=4 i1767326045=8 x1767329000=6", 2, Some(6)),
    ("2026-11-24, with resizes by others", "o1767322445=4 f1767326045=8", 2, None),
    (
        "2026-11-24, with the count after",
        "o1767322445=4-8 i1767326045=8-6 f1767327000=6-9 x1767328000=9-12",
        3,
        Some(9),
    ),
    ("2026-11-25, with splits and merges", "o1767322445=4-8 s1767326045=8-10", 1, Some(10)),
    (
        "2026-11-30, with what is known of each attempt",
        "O1767322445=4-8 n1767325000=4-6 I1767326045=8-6 f1767327000=6",
        3,
        None,
    ),
    ("2026-11-30, after AWS said that the day's calls are spent", "o1767322445=4-8 l1767329000=8", 10, Some(8)),
];

#[test]
fn a_ledger_is_read_whole_and_written_as_it_was() {
    for (since, value, spent, count) in LEDGERS {
        let read = StreamTags::read(&[("kinesis-scaler/managed", "true"), ("kinesis-scaler/resizes", value)]);
        assert_eq!(read.faults, [], "{since}");
        assert!(read.managed, "{since}");
        assert_eq!(read.history.to_string(), value, "{since}: nothing is lost");
        assert_eq!(read.history.spent(now()), spent, "{since}");
        assert_eq!(read.history.count_at(now(), now()).map(ShardCount::get), count, "{since}");
    }
}

#[test]
fn each_letter_of_a_ledger_means_what_it_meant() {
    let value = "o1=4-8 i2=8-6 x3=6-9 f4=6-9 s5=9-10 O6=10-12 I7=10-8 n8=10-12 l9=10";
    let kinds: Vec<_> = ResizeHistory::parse(value).unwrap().attempts().iter().map(|attempt| attempt.kind).collect();
    assert_eq!(
        kinds,
        [
            AttemptKind::ScaleOut,
            AttemptKind::ScaleIn,
            AttemptKind::Refused,
            AttemptKind::External,
            AttemptKind::SplitOrMerge,
            AttemptKind::Unanswered(Direction::Out),
            AttemptKind::Unanswered(Direction::In),
            AttemptKind::NotMade,
            AttemptKind::DailyLimitReached,
        ]
    );
}

/// Without the count after an attempt nobody can tell a resize by somebody else from that one's own.
#[test]
fn an_entry_without_its_end_takes_no_count_for_somebody_else_s() {
    let history = ResizeHistory::parse("o1767322445=4").unwrap();
    let seen = ShardCount::new(8).unwrap();
    assert_eq!(history.settled_with(ShardCount::new(4), seen, now()), history);
}

/// Of some hours on 2026-11-21 alone, without counts. The stream is left alone and says what to do; nothing is guessed.
#[test]
fn a_ledger_that_cannot_be_read_holds_the_stream_and_says_how_to_forget() {
    let read =
        StreamTags::read(&[("kinesis-scaler/managed", "true"), ("kinesis-scaler/resizes", "o1767322445 i1767326045")]);
    let told = read.faults[0].to_string();
    assert!(told.contains("\"o1767322445\" is not a valid entry; delete the tag to reset the history"), "{told}");
}

#[test]
fn what_people_were_told_is_not_told_again() {
    // 2026-11-24: causes, and a resize by its counts, as no later build writes it.
    let read = StreamTags::read(&[("kinesis-scaler/notices", "max=1767329000 hot-shard=1767329100 4-8=1767329200")]);
    for cause in ["max", "hot-shard", "4-8"] {
        assert!(read.notices.knows(cause, now()), "{cause}");
    }
}

#[test]
fn every_tag_that_an_operator_may_have_set_is_understood() {
    let mut tags = vec![
        ("kinesis-scaler/managed", "true"),
        ("kinesis-scaler/target-utilization", "70"),
        ("kinesis-scaler/shards-min", "2"),
        ("kinesis-scaler/shards-max", "40"),
        ("kinesis-scaler/shard-metrics", "true"),
        ("kinesis-scaler/dry-run", "false"),
        ("kinesis-scaler/budget-usd-month", "120.50"),
    ];
    for (risk, read_as) in [
        ("careful", Risk::Careful),
        ("cautious", Risk::Careful),
        ("balanced", Risk::Balanced),
        ("lean", Risk::Balanced),
        ("thrifty", Risk::Thrifty),
    ] {
        tags.push(("kinesis-scaler/risk", risk));
        let read = StreamTags::read(&tags);
        assert_eq!(read.faults, [], "{risk}");
        let policy = read.policy(&Policy::new(PolicySpec::default()).unwrap()).unwrap();
        assert_eq!(policy.throttling_risk, read_as, "{risk}");
        assert!(read.managed && read.budget.as_ref().is_some_and(Result::is_ok), "{risk}");
        tags.pop();
    }
}

#[test]
fn an_alarm_is_known_by_its_name_its_tag_and_its_signature() {
    let names = [
        (AlarmKind::Scaling(Direction::Out), "kinesis-scaler/orders/scale-out"),
        (AlarmKind::Scaling(Direction::In), "kinesis-scaler/orders/scale-in"),
    ];
    for (kind, name) in names {
        assert_eq!(alarm_name("orders", kind), name);
    }
    for name in [
        "scale-out",
        "scale-in",
        "watch-incoming-records",
        "watch-write-throttled",
        "watch-read-throttled",
        "watch-iterator-age",
    ] {
        let name = format!("kinesis-scaler/orders/{name}");
        assert_eq!(stream_of_alarm(&name), Some("orders"), "{name}");
        assert!(AlarmKind::ALL.iter().any(|kind| alarm_name("orders", *kind) == name), "{name} would be left behind");
    }
    assert_eq!(TAG_MADE_BY, "kinesis-scaler/made-by");
    // Since the evening of 2026-11-24.
    let description = "kinesis-scaler: stream orders is too busy for its shards, or throttles. Kept in step with its shard count. \
                       Made by stack kinesis-scaler.";
    assert_eq!(signed_by(description), Some("kinesis-scaler"));
}

#[test]
fn a_stack_s_settings_are_read_from_its_alarm() {
    // Since 2026-11-30, by a stack with its own minimum, maximum and risk.
    let description = "kinesis-scaler: stream orders has more shards than its load needs, and consumers that keep up as far as is \
                       known. Kept in step with its shard count. Settings: TARGET_UTILIZATION_PERCENT=80 SHARDS_MIN=2 SHARDS_MAX=64 \
                       SCALE_OUT_WINDOW_MINUTES=5 STABILIZATION_WINDOW_MINUTES=60 SCALE_OUT_COOLDOWN_SECONDS=120 \
                       SCALE_IN_COOLDOWN_SECONDS=1800 RESIZES_RESERVED_FOR_SCALE_OUT=2 TOLERANCE_PERCENT=10 \
                       ITERATOR_AGE_MAX_SECONDS=60 WATCH_RECORDS_PER_MINUTE=10000 THROTTLING_RISK=balanced SHARD_METRICS=true \
                       DRY_RUN=false. Made by stack kinesis-scaler.";
    let settings = StackSettings::of(description).unwrap();
    assert_eq!(settings.stack, "kinesis-scaler");
    assert_eq!(settings.unknown(), Vec::<&str>::new(), "no setting was taken away without a word");
    let told = PolicySpec { shards_min: 2, shards_max: 64, shard_metrics: true, ..PolicySpec::default() };
    assert_eq!(*settings.policy().unwrap(), told);
}

#[test]
fn an_alarm_that_fires_still_tells_its_stream_and_its_shard_count() {
    let metric = |name| json!({"Metric": {"Namespace": "AWS/Kinesis", "MetricName": name, "Dimensions": [{"Name": "StreamName", "Value": "orders"}]}});
    let event = json!({
        "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "account": "123456789012", "region": "us-east-1",
        "time": "2026-01-02T05:00:00Z", "id": "1", "version": "0", "resources": [],
        "detail": {
            "alarmName": "kinesis-scaler/orders/scale-out",
            "state": {"value": "ALARM"},
            "configuration": {"metrics": [
                {"id": "bytes", "metricStat": metric("IncomingBytes"), "returnData": false},
                {"id": "shards", "expression": "4", "returnData": false},
                {"id": "usage", "expression": "100 * MAX([FILL(bytes, 0) / (shards * 62914560)])", "returnData": true},
            ]},
        },
    });
    let Request::Alarms(alarms) = parse(&event) else { panic!("not heard as an alarm") };
    let alarm = alarms.into_iter().next().unwrap().unwrap();
    assert_eq!((alarm.streams, alarm.alarm_shard_count), (vec!["orders".to_owned()], Some(4)));
}
