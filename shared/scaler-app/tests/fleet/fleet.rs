// SPDX-License-Identifier: Apache-2.0
//! Bounds, plans that take several runs, time that does not suffice, and where each stream stands.

use jiff::SignedDuration;
use kinesis_model::{MicroUsd, ShardCount};
use scaler_app::cloud::Failure;
use scaler_core::PolicySpec;
use serde_json::{Value, json};
use testkit::{Stream, World};

use crate::support::{NOW, Stack, load};

/// Runs every five minutes until nothing changes any more, and the counts on the way.
async fn counts(stack: &Stack, stream: &str, runs: usize) -> Vec<u32> {
    let mut counts = vec![stack.world.stream(stream).unwrap().shards];
    for _ in 0..runs {
        stack.scheduled().await;
        stack.world.advance(SignedDuration::from_mins(5));
        let shards = stack.world.stream(stream).unwrap().shards;
        if counts.last() != Some(&shards) {
            counts.push(shards);
        }
    }
    counts
}

#[tokio::test]
async fn a_minimum_far_away_is_reached_over_several_runs() {
    let stack = Stack::enrolled(&["orders"]).await;
    let min = ("kinesis-scaler/shards-min".to_owned(), "30".to_owned());
    stack.world.change("orders", |stream| drop(stream.tags.insert(min.0, min.1)));
    assert_eq!(counts(&stack, "orders", 6).await, [4, 8, 16, 30], "double at most, and then to the letter");
    assert_eq!(stack.wrongs(), Vec::<String>::new(), "and its alarms fit");
    let ledger = &stack.world.stream("orders").unwrap().tags["kinesis-scaler/resizes"];
    assert_eq!(ledger.split(' ').count(), 3, "each is in the ledger: {ledger}");
}

#[tokio::test]
async fn a_maximum_is_kept_as_far_as_the_load_allows() {
    let to_max = |max: &'static str, load_shards: u64| async move {
        let bytes = load_shards * 60 * 1_048_576;
        let load = kinesis_model::Minute { bytes: Some(bytes), records: Some(1), iterator_age_ms: Some(0), ..load() };
        let stack = Stack { world: World::at(NOW).with("orders", Stream::managed(16, load)), ..Stack::with(&[]) };
        stack.world.change("orders", |stream| {
            drop(stream.tags.insert("kinesis-scaler/shards-max".to_owned(), max.to_owned()));
        });
        let counts = counts(&stack, "orders", 20).await;
        assert_eq!(stack.wrongs(), Vec::<String>::new());
        counts
    };
    assert_eq!(to_max("4", 1).await, [16, 8, 4], "half at most; the alarm does the rest down to what is needed");
    assert_eq!(to_max("15", 12).await, [16, 15], "one shard, which no tolerance keeps");
    assert_eq!(to_max("4", 13).await, [16], "nothing that is needed is taken away");
}

#[tokio::test]
async fn a_dry_run_makes_alarms_and_changes_no_stream() {
    let mut stack = Stack::with(&["orders"]);
    stack.policy = PolicySpec { dry_run: true, shards_min: 8, ..PolicySpec::default() };
    let run = stack.all().await;
    assert_eq!(run.brief(), ["orders mended", "orders dry-run"]);
    assert_eq!(
        run.response.outcomes[1].words,
        "dry run: would scale out from 4 to 8 shards: demand in the busiest minute (03:19Z) was 2.0 MiB/s, 512 \
         records/s: 50 % of the stream's capacity by bytes; the target utilization is 80 %; the minimum is 8 \
         shards"
    );
    assert!(!stack.writes().iter().any(|call| !call.starts_with("PutMetricAlarm")), "{:?}", stack.writes());
    assert!(stack.world.told().is_empty());
}

/// A fleet that does not fit one run is walked in several, each further along than the one before it.
#[tokio::test]
async fn what_does_not_fit_a_run_goes_on_in_the_next() {
    let names: Vec<String> = (10..30).map(|i| format!("stream-{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stack = Stack::with(&names);
    // Every call takes a second: ten seconds are the two of reading, and one stream.
    stack.world.slow(SignedDuration::from_secs(1));
    let mut event = json!({ "sync": "all" });
    let (mut runs, mut reached) = (0, String::new());
    loop {
        let run = stack.run_for(&event, SignedDuration::from_secs(10)).await;
        runs += 1;
        let later = stack.world.take_later();
        let Some((request, 0)) = later.first() else { break };
        let after = run.response.goes_on_after.unwrap();
        assert!(after > reached, "{after} is not further than {reached}");
        reached = after;
        assert_eq!(later.len(), 1);
        event = json!({ "Records": [{ "eventSource": "aws:sqs", "body": request }] });
        assert!(runs < 30, "it does not end");
    }
    assert!(runs >= 10, "{runs} runs are too few to have been cut");
    assert_eq!(stack.wrongs(), Vec::<String>::new());
}

/// The schedule comes again by itself: each run begins elsewhere, and leaves nothing in the queue.
#[tokio::test]
async fn a_schedule_that_is_cut_short_comes_round_to_everyone() {
    let names: Vec<String> = (10..30).map(|i| format!("stream-{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stack = Stack::with(&names);
    // Every stream needs a look in every run, and there is time for a few.
    for name in names {
        stack
            .world
            .change(name, |stream| drop(stream.tags.insert("kinesis-scaler/shards-max".to_owned(), "?".to_owned())));
    }
    stack.world.slow(SignedDuration::from_secs(1));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let event = json!({ "detail-type": "Scheduled Event", "time": stack.world.now().to_string() });
        let run = stack.run_for(&event, SignedDuration::from_secs(10)).await;
        assert!(
            run.response.outcomes.last().unwrap().words.contains(
                "this run has no time left: the next run \
            checks the other"
            ),
            "{:?}",
            run.response
        );
        seen.extend(run.response.outcomes.into_iter().filter_map(|outcome| outcome.stream));
        stack.world.advance(SignedDuration::from_mins(4));
    }
    assert_eq!(seen.len(), 20, "{seen:?}");
    assert!(stack.world.take_later().is_empty());
}

/// What cannot be left to another run is not forgotten: Lambda tries the event again.
#[tokio::test]
async fn a_rest_that_could_not_be_left_is_tried_again() {
    let stack = Stack::with(&["clicks", "orders"]);
    stack.world.slow(SignedDuration::from_secs(1));
    for event in [json!({ "sync": ["clicks", "orders"] }), json!({ "sync": "all" })] {
        stack.world.fail_next("SendMessage", Failure::Unavailable);
        let run = stack.run_for(&event, SignedDuration::from_secs(3)).await;
        assert!(run.response.outcomes.last().unwrap().words.contains("could not be passed to another run"));
        assert!(run.response.into_result().is_err());
    }
}

/// The same for streams that were asked for by name.
#[tokio::test]
async fn named_streams_that_do_not_fit_a_run_go_on_in_the_next() {
    let stack = Stack::with(&["clicks", "orders", "views"]);
    stack.world.slow(SignedDuration::from_secs(1));
    let event = json!({ "sync": ["clicks", "orders", "views"] });
    let first = stack.run_for(&event, SignedDuration::from_secs(5)).await;
    assert_eq!(first.brief(), ["clicks mended"]);
    let (message, seconds) = stack.world.take_later().remove(0);
    let rest: serde_json::Value = serde_json::from_str(&message).unwrap();
    assert_eq!((&rest["sync"], seconds), (&json!(["orders", "views"]), 0));
    assert_eq!(rest["until"], json!(null), "they were not looked at yet: {message}");
    let never = stack.run_for(&event, SignedDuration::ZERO).await;
    assert_eq!(never.response.kept, 1, "one is always done, so that it ends");
}

/// A fleet that cannot even be read in the time there is must not call itself for ever.
#[tokio::test]
async fn a_run_that_comes_no_further_does_not_call_for_another() {
    let stack = Stack::with(&["orders"]);
    stack.world.slow(SignedDuration::from_secs(10));
    let run = stack.run_for(&json!({ "sync": "all" }), SignedDuration::from_secs(5)).await;
    assert!(run.response.outcomes[0].words.contains("no stream was checked"), "{:?}", run.response);
    assert!(stack.world.take_later().is_empty());
    assert!(run.response.into_result().is_err());
}

#[tokio::test]
async fn where_each_stream_stands_is_told() {
    let stack = Stack::enrolled(&["clicks", "orders"]).await;
    stack.world.change("orders", |stream| {
        let resizes = format!("o{}=2 i{}=5", NOW.as_second() - 7_200, NOW.as_second() - 3_600);
        drop(stream.tags.insert("kinesis-scaler/resizes".to_owned(), resizes));
    });
    let gauges = stack.scheduled().await.gauges;
    let told: Vec<_> = gauges.iter().map(|gauge| (gauge.stream.as_str(), gauge.resizes_left)).collect();
    assert_eq!(told, [("clicks", 10), ("orders", 8)]);
    assert_eq!(gauges[0].open_shards, ShardCount::new(4).unwrap());
    assert_eq!((gauges[0].utilization_percent, gauges[0].per_hour), (Some(50), Some(MicroUsd(60_000))));
    let line: Value = serde_json::from_str(&gauges[0].line(NOW)).unwrap();
    assert_eq!(
        (&line["StreamName"], &line["OpenShards"], &line["UtilizationPercent"], &line["HourlyCostUsd"]),
        (&json!("clicks"), &json!(4), &json!(50), &json!(0.06))
    );

    // What is not known is not zero.
    let mut abroad = Stack::enrolled(&["orders"]).await;
    abroad.config.region = "eu-west-1".to_owned();
    abroad.world.change("orders", |stream| stream.load = kinesis_model::Minute::default());
    let gauge = abroad.scheduled().await.gauges.remove(0);
    assert_eq!((gauge.utilization_percent, gauge.per_hour), (None, None));
    let line: Value = serde_json::from_str(&gauge.line(NOW)).unwrap();
    assert!(line.get("UtilizationPercent").is_none() && line.get("HourlyCostUsd").is_none(), "{line}");
    abroad.config.stream_metrics = false;
    assert!(abroad.scheduled().await.gauges.is_empty());
}
