// SPDX-License-Identifier: Apache-2.0
//! Reports of cost-report over a world in memory: what they say, whom they tell, and what they do where something fails.
#![allow(clippy::unwrap_used)]

use billing::Consumer;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{MicroUsd, Minute, ShardCount, StreamMode};
use scaler_app::cloud::{Failure, NotificationKind};
use scaler_app::report::figures::{StreamCost, Usd};
use scaler_app::report::{CostReport, CostSettings, cost_report, lines};
use scaler_app::stack_config::StackConfig;
use scaler_core::{AlarmActions, Policy, PolicySpec, TAG_RESIZES, stream_alarms};
use serde_json::{Value, json};
use testkit::{Billed, Stream, World};

/// The morning after ten days of a month of 30.
const NOW: Timestamp = Timestamp::constant(1_794_377_700, 0);

const SCHEDULE: &str = "Scheduled Event";

/// A million bytes a second in a thousand records, all read once.
fn load() -> Minute {
    Minute {
        bytes: Some(60_000_000),
        records: Some(60_000),
        read_bytes: Some(60_000_000),
        iterator_age_ms: Some(2_000),
        ..Minute::default()
    }
}

fn stack_config(region: &str) -> StackConfig {
    StackConfig {
        stream_metrics: true,
        functions: vec![("scale-out".to_owned(), 256)],
        region: region.to_owned(),
        ..StackConfig::default()
    }
}

async fn report_in(world: &World, stack_config: &StackConfig, event: &Value) -> CostReport {
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let settings =
        CostSettings { policy: &policy, stack_config, draw: |report| format!("<p>{}</p>", report.streams.len()) };
    cost_report(world, settings, event, NOW + SignedDuration::from_mins(13)).await
}

async fn report(world: &World, event: &Value) -> CostReport {
    report_in(world, &stack_config("us-east-1"), event).await
}

fn scheduled() -> Value {
    json!({ "detail-type": SCHEDULE })
}

fn usd(micro: u64) -> Value {
    json!(Usd(MicroUsd(micro)))
}

/// The bill of a stream, as in `shard-hour 14.4`.
fn lines_of(stream: &StreamCost) -> Vec<String> {
    stream.lines.iter().map(|line| format!("{} {}", line.item, json!(line.usd))).collect()
}

#[tokio::test]
async fn ten_days_of_a_stream_are_reckoned_as_by_hand() {
    let world = World::at(NOW).with("orders", Stream::managed(4, load()));
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let four = ShardCount::new(4).unwrap();
    for alarm in stream_alarms(&policy, "orders", four, &AlarmActions::default()) {
        world.put_alarm(alarm, true);
    }
    let report = report(&world, &scheduled()).await;
    assert_eq!(
        (report.from.to_string(), report.until.to_string()),
        ("2026-11-01T00:00:00Z".to_owned(), "2026-11-11T00:00:00Z".to_owned())
    );
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    let stream = &report.streams[0];
    // 4 shards x 240 h x 0.015; 864 million records of a unit each x 0.014.
    assert_eq!(lines_of(stream), ["shard-hour 14.4", "put-units 12.096"]);
    let shown = json!(stream);
    // 240 h x 0.04; 864 million records of 1,024 bytes, 823.97 GB, x 0.08; 864e9 bytes read, 804.66 GB, x 0.04.
    assert_eq!(shown["usd_on_demand"], usd(9_600_000 + 65_917_969 + 32_186_508));
    // One record a second at 80 %: two shards.
    assert_eq!((stream.static_peak_shards, &shown["usd_static_peak"]), (2, &usd(7_200_000 + 12_096_000)));
    // Eleven alarm metrics and six others for a third of a month, and 45 metrics read an hour.
    assert_eq!(shown["usd_scaler"], usd(366_667 + 600_000 + 108_000));
    assert_eq!(shown["usd_month_expected"], usd(3 * 26_496_000));
    assert_eq!(shown["saved_against_static_peak"], json!(-8.260_267));
    assert_eq!((stream.mean_shards, stream.notes.len()), (4.0, 0));
    assert_eq!(report.streams[0].days.len(), 10);
    assert_eq!(report.fleet.usd, stream.usd);
    // The floor of 25 MiB/s, in and out, for ten days: a third of some 3,040 a month.
    assert_eq!(json!(report.fleet.usd_advantage), usd(675_000_000 + 337_500_000));
}

#[tokio::test]
async fn a_report_changes_nothing_and_tells_people_only_where_it_is_asked_to() {
    let world = World::at(NOW).with("orders", Stream::managed(4, load()));
    let by_hand = report(&world, &json!({ "report": "managed" })).await;
    assert_eq!((by_hand.page, world.told().len(), world.pages().len()), (None, 0, 0));
    let told = report(&world, &scheduled()).await;
    assert_eq!(told.page.as_deref(), Some("s3://reports/us-east-1/2026-11-11.html"));
    assert_eq!(world.pages()["us-east-1/2026-11-11.html"], "<p>1</p>");
    let told_people = world.told();
    assert_eq!(told_people.len(), 1);
    let notice = &told_people[0];
    assert_eq!((notice.kind, &*notice.subject), (NotificationKind::Cost, "kinesis-scaler: 26.50 USD until 2026-11-11"));
    for part in [
        "1 stream(s) in us-east-1 cost 26.50 USD from 2026-11-01 00:00 to 2026-11-11 00:00 (UTC)",
        "on-demand Standard 107.70 USD;",
        "Expected for the whole month: 79.49 USD",
        "  orders: 26.50 USD, 4.0 shards on average",
        "Page: s3://reports/us-east-1/2026-11-11.html",
    ] {
        assert!(notice.text.contains(part), "{part}: {}", notice.text);
    }
    let writes = ["AddTagsToStream", "UpdateShardCount", "PutMetricAlarm", "DeleteAlarms", "SendMessage"];
    let calls = world.calls();
    assert!(!calls.iter().any(|call| writes.iter().any(|write| call.starts_with(write))), "{calls:?}");
}

#[tokio::test]
async fn a_region_without_prices_is_told_and_never_reckoned_with_anothers() {
    let world = World::at(NOW).with("orders", Stream::managed(4, load()));
    let nowhere = report_in(&world, &stack_config("sa-east-1"), &scheduled()).await;
    assert!(nowhere.streams.is_empty());
    let told = nowhere.faults.join("\n");
    assert!(
        told.contains("orders is left out: no price of shard-hour is known for sa-east-1: allow pricing"),
        "{told}"
    );
    assert!(nowhere.notes[0].contains("AccessDeniedException"), "{:?}", nowhere.notes);
    assert!(world.told()[0].text.contains("Not included: orders is left out"), "{}", world.told()[0].text);
    // The Price List knows of shards alone: the stream is reckoned, and what it would have cost otherwise is not.
    let ireland = report_in(&world, &stack_config("eu-west-1"), &scheduled()).await;
    let stream = &ireland.streams[0];
    assert_eq!(lines_of(stream), ["shard-hour 16.32", "put-units 14.256"]);
    assert_eq!((stream.usd_on_demand, stream.saved_against_on_demand, json!(stream.usd_scaler)), (None, None, usd(0)));
    let without = |item: &str| {
        stream.notes.iter().any(|note| {
            note.contains(&format!(
                "scaler's own cost does not include \
            {item}"
            ))
        })
    };
    assert!(without("custom-metric") && without("metric-request"), "{:?}", stream.notes);
    assert!(stream.notes.iter().any(|note| note.contains("no price of on-demand-hour")), "{:?}", stream.notes);
    assert!(ireland.prices.iter().all(|price| price.source.starts_with("AWS Price List, read 2026-11-11")));
    // What is not sound in it is said, and discards nothing else.
    let frankfurt = report_in(&world, &stack_config("eu-central-1"), &scheduled()).await;
    assert_eq!(lines_of(&frankfurt.streams[0]), ["shard-hour 16.32", "put-units 14.256"]);
    assert_eq!(frankfurt.notes[0], "some prices are not from AWS's Price List: two prices of on-demand-hour");
    // What the operator says comes before everything.
    let prices = vec![("shard-hour".parse().unwrap(), "0.02".parse().unwrap())];
    let own = report_in(&world, &StackConfig { prices, ..stack_config("eu-west-1") }, &scheduled()).await;
    assert_eq!(lines_of(&own.streams[0])[0], "shard-hour 19.2");
}

#[tokio::test]
async fn a_stream_over_its_budget_is_called_out() {
    let world = World::at(NOW)
        .with("orders", Stream::managed(4, load()))
        .with("clicks", Stream::managed(1, load()))
        .with("logs", Stream::managed(1, load()));
    world.change("orders", |stream| {
        stream.tags.insert("kinesis-scaler/budget-usd-month".to_owned(), "79".to_owned());
    });
    world.change("clicks", |stream| {
        stream.tags.insert("kinesis-scaler/budget-usd-month".to_owned(), "79".to_owned());
    });
    world.change("logs", |stream| {
        stream.tags.insert("kinesis-scaler/budget-usd-month".to_owned(), "a lot".to_owned());
    });
    let report = report(&world, &scheduled()).await;
    let over: Vec<_> = report.streams.iter().filter(|stream| stream.over_budget).map(|stream| &stream.stream).collect();
    assert_eq!(over, ["orders"]);
    let logs = report.streams.iter().find(|stream| stream.stream == "logs").unwrap();
    assert!(logs.notes.iter().any(|note| note.contains("\"a lot\" is not an amount in USD")), "{:?}", logs.notes);
    let notice = &world.told()[0];
    assert_eq!(notice.kind, NotificationKind::Attention);
    assert!(notice.subject.ends_with("until 2026-11-11, 1 over budget"), "{}", notice.subject);
    assert!(notice.text.contains(
        "Over budget: orders is expected to cost 79.49 USD this month, and its budget \
        is 79.00 USD"
    ));
    let metrics: Vec<Value> =
        lines(&report, true, NOW).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&metrics[0]["level"], &metrics[1]["OverBudget"]), (&json!("WARN"), &json!(1)));
    assert_eq!((metrics.len(), &metrics[2]["StreamName"]), (5, &json!("orders")));
}

#[tokio::test]
async fn every_stream_is_reported_on_request() {
    let unmanaged = |stream: Stream| Stream { tags: std::collections::BTreeMap::new(), ..stream };
    let elastic = Stream { mode: StreamMode::OnDemand, ..Stream::managed(4, load()) };
    let world = World::at(NOW)
        .with("orders", Stream::managed(4, load()))
        .with("big", unmanaged(Stream::managed(30, load())))
        .with("elastic", unmanaged(elastic));
    let managed = report(&world, &json!({ "report": "managed", "since": "10d" })).await;
    assert_eq!(managed.streams.len(), 1);
    let all = report(&world, &json!({ "report": "all", "since": "10d" })).await;
    let names: Vec<_> = all.streams.iter().map(|stream| stream.stream.as_str()).collect();
    assert_eq!(names, ["big", "elastic", "orders"], "the dearest first");
    let advice =
        |at: usize| all.streams[at].advice.iter().filter_map(|advice| advice.command.clone()).collect::<Vec<_>>();
    assert!(advice(0)[0].contains("--stream-name big --tags kinesis-scaler/managed=true"), "{:?}", advice(0));
    assert!(advice(1)[0].contains("StreamMode=PROVISIONED"), "{:?}", advice(1));
    assert_eq!(json!(all.streams[0].usd_scaler), json!(0.0));
    assert_eq!(all.fleet.usd.0.0, all.streams.iter().map(|stream| stream.usd.0.0).sum::<u64>());
    let one = report(&world, &json!({ "report": ["elastic"], "since": "10d" })).await;
    assert_eq!((one.streams.len(), one.streams[0].usd), (1, all.streams[1].usd));
}

#[tokio::test]
async fn what_is_not_known_is_said() {
    let since = NOW - SignedDuration::from_hours(24 * 5);
    let consumer = |name: &str| Consumer { name: name.to_owned(), created: since };
    let billed = Billed {
        retention_hours: 48,
        consumers: vec![(consumer("app"), Some(60_000_000)), (consumer("silent"), None)],
        is_counted: false,
        ..Billed::default()
    };
    let world = World::at(NOW).with("orders", Stream { billed, ..Stream::managed(4, load()) });
    let report = report(&world, &scheduled()).await;
    let stream = &report.streams[0];
    let items: Vec<_> = stream.lines.iter().map(|line| line.item).collect();
    assert_eq!(items, ["shard-hour", "put-units", "extended-retention", "fan-out-hour", "fan-out-out"]);
    // Registered at 06:15 five days before the last midnight's morning: 4.74 days, two of them, four shards.
    assert_eq!(lines_of(stream)[3], "fan-out-hour 13.65");
    assert!(stream.notes[0].starts_with("no shard count was published"), "{:?}", stream.notes);
    let silent: Vec<_> = stream.advice.iter().filter(|advice| advice.words.contains("consumer silent")).collect();
    assert!(silent[0].words.contains("CloudWatch shows no data delivered to it"), "{:?}", stream.advice);
    assert!(silent[0].command.as_ref().unwrap().contains("deregister-stream-consumer --region us-east-1"));
    let all = "the calculation assumes that mode, retention and consumers were always as they are now";
    assert!(report.notes.iter().any(|note| note == all), "{:?}", report.notes);
}

#[tokio::test]
async fn what_cannot_be_read_is_left_out_and_the_rest_is_reported() {
    let world = || World::at(NOW).with("a", Stream::managed(1, load())).with("b", Stream::managed(1, load()));
    let one = world();
    one.fail_next("DescribeStreamSummary", Failure::Refused);
    let partial = report(&one, &scheduled()).await;
    assert_eq!((partial.streams.len(), partial.faults.len()), (1, 1));
    assert!(partial.into_result().is_ok());

    let none = world();
    none.fail_next("GetMetricData (bills)", Failure::Throttled);
    let nothing = report(&none, &scheduled()).await;
    assert!(nothing.faults[0].starts_with("a, b are left out"), "{:?}", nothing.faults);
    assert!(nothing.into_result().is_err(), "another try may succeed");

    for call in ["DescribeAlarms", "GetMetricData (runs)", "GetProducts", "PutObject", "Publish"] {
        let without = world();
        without.fail_next(call, Failure::Refused);
        let report = report(&without, &scheduled()).await;
        let told = report.faults.iter().chain(&report.notes).filter(|words| words.contains("made to fail")).count();
        assert_eq!((report.streams.len(), told), (2, 1), "{call}");
        assert!(report.into_result().is_ok(), "{call}");
    }

    let unknown = report(&world(), &json!({ "report": ["orders"] })).await;
    assert!(unknown.faults[0].contains("orders is left out: DescribeStreamSummary"), "{:?}", unknown.faults);
    assert!(unknown.into_result().is_ok(), "another try would find it no more");
}

#[tokio::test]
async fn a_run_without_time_says_whom_it_did_not_reach() {
    let mut world = World::at(NOW);
    for stream in 0..25 {
        world = world.with(&format!("s{stream}"), Stream::managed(1, load()));
    }
    // Two calls a stream: twenty take more than the thirteen minutes of a run.
    world.slow(SignedDuration::from_secs(40));
    let report = report(&world, &json!({ "report": "managed" })).await;
    assert_eq!(report.streams.len(), 10);
    assert!(report.faults[0].starts_with("there was no time left for 15 of 25 streams"), "{:?}", report.faults);
}

#[tokio::test]
async fn what_is_no_request_is_told_and_asks_for_nothing() {
    let world = World::at(NOW).with("orders", Stream::managed(4, load()));
    let report = report(&world, &json!({ "report": "everything" })).await;
    assert!(
        report.faults[0].starts_with("the event is no request for cost-report: got \"everything\""),
        "{:?}",
        report.faults
    );
    assert_eq!(world.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn what_throttling_made_cheaper_is_no_saving() {
    let throttled = Minute { throttled_records: Some(6_600), ..load() };
    let world = World::at(NOW).with("orders", Stream::managed(1, throttled));
    let report = report(&world, &scheduled()).await;
    let note = "95040000 records, 10 % of all attempts, were throttled: the stream had too few shards at times";
    assert!(report.streams[0].notes.iter().any(|told| told.starts_with(note)), "{:?}", report.streams[0].notes);
    let message = &world.told()[0].text;
    assert!(message.contains("Throttled: orders refused 95040000 records."), "{message}");
}

#[tokio::test]
async fn a_report_that_will_be_tried_again_tells_nobody_yet() {
    let world = World::at(NOW).with("orders", Stream::managed(1, load()));
    world.fail_next("GetResources", Failure::Throttled);
    assert!(report(&world, &scheduled()).await.into_result().is_err());
    assert_eq!((world.told().len(), world.pages().len()), (0, 0));
    let by_hand = json!({ "report": ["orders"], "since": "1d", "publish": true });
    report(&world, &by_hand).await;
    assert_eq!(world.pages().into_keys().collect::<Vec<_>>(), ["us-east-1/2026-11-11-some.html"]);
}

/// In steps of a minute the count stands in each fifth of them, and holds until the next.
#[tokio::test]
async fn a_published_count_holds_between_two_syncs() {
    let world = World::at(NOW).with("orders", Stream::managed(4, load()));
    let report = report(&world, &json!({ "report": "managed", "since": "24h" })).await;
    assert_eq!(report.streams[0].notes, Vec::<String>::new());
    // Six metrics for a day and 45 reads an hour, less two minutes.
    let day = 1_438.0 / 1_440.0;
    let expected = (6.0 * 0.3 / 30.0 + 1_080.0 * 0.000_01) * day;
    let scaler = json!(report.streams[0].usd_scaler).as_f64().unwrap();
    assert!((scaler - expected).abs() < 0.000_02, "{scaler} {expected}");
}

#[tokio::test]
async fn every_line_of_metrics_has_a_metric() {
    let world = World::at(NOW).with("orders", Stream::managed(4, load()));
    let mut report = report(&world, &scheduled()).await;
    assert_eq!(lines(&report, true, NOW).len(), 3, "a log line, the fleet's metrics and the stream's");
    report.streams[0].usd_month_expected = None;
    assert_eq!(lines(&report, true, NOW).len(), 2);
}

/// Where CloudWatch has no shard count, as in a stream's first hours, the stream's own ledger tells it.
#[tokio::test]
async fn hours_of_which_no_count_was_published_are_reckoned_by_the_ledger() {
    // Four shards now, two until twelve hours ago.
    let ledger = format!("o{}=2-4", NOW.as_second() - 12 * 3_600);
    let of = |ledger: Option<&str>, is_counted: bool| {
        let billed = Billed { is_counted, ..Billed::default() };
        let mut stream = Stream { billed, ..Stream::managed(4, load()) };
        if let Some(ledger) = ledger {
            stream.tags.insert(TAG_RESIZES.to_owned(), ledger.to_owned());
        }
        World::at(NOW).with("orders", stream)
    };
    let day = json!({ "report": ["orders"], "since": "24h" });
    let by_ledger = report(&of(Some(&ledger), false), &day).await.streams.remove(0);
    let by_now = report(&of(None, false), &day).await.streams.remove(0);
    assert!((by_ledger.mean_shards - 3.0).abs() < 0.1 && (by_now.mean_shards - 4.0).abs() < 0.01, "{by_ledger:?}");
    assert!(by_ledger.usd < by_now.usd);
    assert!(!by_ledger.notes.iter().any(|note| note.contains("shard count")), "all is known: {:?}", by_ledger.notes);
    // What was published is believed before the ledger, and the metric is paid for where it was published alone.
    let published = report(&of(Some(&ledger), true), &day).await.streams.remove(0);
    assert!((published.mean_shards - 4.0).abs() < 0.01 && published.usd_scaler > by_ledger.usd_scaler);
    // Two days: the ledger tells the last one.
    let two =
        report(&of(Some(&ledger), false), &json!({ "report": ["orders"], "since": "48h" })).await.streams.remove(0);
    let told = "published for 0 of 48 hours, and the stream's resize history gives it for 24 more; for the \
        other hours the nearest";
    assert!(two.notes.iter().any(|note| note.contains(told)), "{:?}", two.notes);
}
