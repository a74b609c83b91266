// SPDX-License-Identifier: Apache-2.0
//! The costs of streams that the sandbox keeps: figures by hand, what is said beside them, and the page.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::collections::BTreeMap;
use std::fs;

use aws_models::cloudwatch::Metric;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Capacity, Options, Sandbox, Traffic};
use scaler_core::TAG_MANAGED;
use serde_json::Value;
use support::{assert_near, json, number, scratch, shardctl_at, succeeded};

const BUDGET: &str = "kinesis-scaler/budget-usd-month";
/// Two days and an hour.
const MINUTES: u32 = 2_940;

/// A sandbox two days old, with a managed stream of four shards whose count is published, one that nobody manages, and one
/// on demand; all three carry the traffic of two full shards, in records of 2 KiB, and give as much to their consumers.
async fn sandbox() -> Sandbox {
    let traffic = |stream: &str| Traffic { stream: stream.to_owned(), full_shards: 2.0 };
    let traffic = ["orders", "idle-hands", "elastic"].map(traffic).to_vec();
    let (sandbox, _) =
        Sandbox::start(Options { create_seconds: 0, resize_seconds: 0, traffic, ..Options::default() }).await.unwrap();
    let managed = (TAG_MANAGED, "true");
    sandbox.create_stream("orders", Capacity::Shards(4), &[managed, (BUDGET, "1")]).await.unwrap();
    sandbox.create_stream("idle-hands", Capacity::Shards(20), &[]).await.unwrap();
    sandbox.create_stream("elastic", Capacity::OnDemand, &[]).await.unwrap();
    sandbox.seed(MINUTES).await;
    let running = Timestamp::from_second(sandbox.now().as_second().div_euclid(60) * 60).unwrap();
    let shards = Metric {
        namespace: "KinesisScaler".to_owned(),
        name: "OpenShards".to_owned(),
        dimensions: BTreeMap::from([("StreamName".to_owned(), "orders".to_owned())]),
    };
    for ago in 1..=i64::from(MINUTES) {
        // Half of the time it had two.
        let count = if ago > i64::from(MINUTES) / 2 { 2.0 } else { 4.0 };
        sandbox.cloudwatch().record(&shards, running - SignedDuration::from_mins(ago), count);
    }
    sandbox
}

async fn answer(sandbox: &Sandbox, arguments: &str) -> Value {
    json(&succeeded(shardctl_at(sandbox.endpoint(), &format!("{arguments} --output json"), &[]).await))
}

async fn told(sandbox: &Sandbox, arguments: &str) -> String {
    succeeded(shardctl_at(sandbox.endpoint(), arguments, &[]).await)
}

/// A line of a stream's bill: how much, and what it costs.
fn line(stream: &Value, item: &str) -> (f64, f64) {
    let line = stream["lines"].as_array().unwrap().iter().find(|line| line["item"] == item).unwrap();
    (number(line, "/quantity"), number(line, "/usd"))
}

/// Minutes of a report's period.
fn minutes(report: &Value) -> f64 {
    let time = |field: &str| report[field].as_str().unwrap().parse::<Timestamp>().unwrap();
    time("until").duration_since(time("from")).as_secs_f64() / 60.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_what_a_hand_reckons() {
    let sandbox = sandbox().await;
    let report = answer(&sandbox, "cost orders --since 48h").await;
    let (stream, minutes) = (&report["streams"][0], minutes(&report));
    assert!((minutes - 2_878.0).abs() <= 1.0, "two days, less the two minutes that CloudWatch is late: {minutes}");
    // Two shards are 1,024 records of 2 KiB a second, of a unit each.
    let (hours, shards_usd) = line(stream, "shard-hour");
    assert!((hours - minutes / 60.0 * 3.0).abs() < 3.0, "{hours}: three shards on average");
    assert_near(shards_usd, (hours * 0.015 * 1e6).round() / 1e6);
    let (millions, units_usd) = line(stream, "put-units");
    assert_near(millions, minutes * 61_440.0 / 1e6);
    assert_near(units_usd, (millions * 0.014 * 1e6).round() / 1e6);
    assert_near(number(stream, "/usd"), shards_usd + units_usd);
    // 2 MiB a second in, and as much out.
    let gigabytes = minutes * 120.0 / 1_024.0;
    let on_demand = minutes / 60.0 * 0.04 + gigabytes * (0.08 + 0.04);
    assert!((number(stream, "/usd_on_demand") - on_demand).abs() < 1e-5, "{stream} {on_demand}");
    // Three shards carry two full ones at 80 %.
    assert_eq!(stream["static_peak_shards"], 3);
    assert!((number(stream, "/usd_static_peak") - minutes / 60.0 * 0.045 - units_usd).abs() < 1e-5, "{stream}");
    assert_eq!((&stream["over_budget"], &stream["budget_usd_month"]), (&true.into(), &1.0.into()));
    assert_eq!(stream["notes"], json("[]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stream_is_shown_with_what_could_be_saved() {
    let sandbox = sandbox().await;
    let all = told(&sandbox, "cost --all --since 47h").await;
    let row = |stream: &str| all.lines().find(|line| line.trim_start().starts_with(stream)).unwrap().to_owned();
    assert!(row("orders").ends_with("over 1.00"), "{all}");
    for (stream, words) in [
        ("idle-hands", "its busiest minute needs 3 shards: enrol the stream"),
        ("elastic", "switch to provisioned mode, and enrol the stream: 3 shards carry its busiest minute"),
        ("orders", "a record has 2048 bytes on average and is billed as 25 KB"),
    ] {
        let is_it = |line: &str| line.starts_with(&format!("{stream}: ")) && line.contains(words);
        assert!(all.lines().any(is_it), "{stream}: {words}: {all}");
    }
    assert!(
        all.contains("\n  aws kinesis add-tags-to-stream --region us-east-1 --stream-name idle-hands --tags kinesis-scaler/managed=true")
    );
    assert!(all.contains("idle-hands: no shard count was published"), "{all}");
    let managed = answer(&sandbox, "cost --since 47h").await;
    let names: Vec<_> = managed["streams"].as_array().unwrap().iter().map(|stream| &stream["stream"]).collect();
    assert_eq!(names, ["orders"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_those_of_the_region_or_of_the_caller() {
    let sandbox = sandbox().await;
    let cost = "cost orders --since 24h";
    let elsewhere = |region: &'static str, more: &str| {
        let command = format!("{cost} {more}");
        let endpoint = sandbox.endpoint().to_owned();
        async move { shardctl_at(&endpoint, &command, &[("AWS_REGION", region)]).await }
    };
    let nowhere = elsewhere("sa-east-1", "").await;
    let words = String::from_utf8(nowhere.stderr).unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(words.contains("no price of shard-hour is known for sa-east-1") && words.contains("--price"), "{words}");
    let given = elsewhere("sa-east-1", "--price shard-hour=0.03 --price put-units=0.03 --output json").await;
    let given = json(&succeeded(given));
    let (hours, usd) = line(&given["streams"][0], "shard-hour");
    assert_near(usd, (hours * 0.03 * 1e6).round() / 1e6);
    assert_eq!(given["streams"][0]["usd_on_demand"], Value::Null, "nobody said what on-demand costs there");
    // What is known is told, and that it is not all.
    let prices = "--price on-demand-hour=0.04 --price on-demand-in=0.08 --price on-demand-out=0.04";
    let command = format!("cost --all --since 24h {prices}");
    let partly = shardctl_at(sandbox.endpoint(), &command, &[("AWS_REGION", "sa-east-1")]).await;
    let [out, words] = [partly.stdout, partly.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(out.contains(" elastic  on-demand") && out.contains("not included: orders is left out"), "{out}");
    assert_eq!(partly.status.code(), Some(1));
    assert!(words.contains("2 of 3 streams are not in the report"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_in_a_table_has_a_sum_and_one_word_for_each_item() {
    let sandbox = sandbox().await;
    let told = told(&sandbox, "cost orders --since 24h").await;
    let bill: Vec<_> = told.lines().skip_while(|line| !line.trim_start().starts_with("item")).take(4).collect();
    for (line, words) in bill.iter().zip(["item", "shards", "PUT payload units", "together"]) {
        assert!(line.trim_start().starts_with(words), "{words}: {told}");
    }
    assert!(!told.contains("put-units"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_for_standard_output_is_all_that_is_there() {
    let sandbox = sandbox().await;
    let page = told(&sandbox, "cost orders --since 24h --html -").await;
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_written_and_has_the_stream() {
    let sandbox = sandbox().await;
    let page = scratch("cost.html");
    told(&sandbox, &format!("cost orders --since 24h --html {}", page.display())).await;
    let html = fs::read_to_string(page).unwrap();
    for part in ["<!DOCTYPE html>", "<svg", "orders", "shard-hour", "1 stream over budget"] {
        assert!(html.contains(part), "{part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_told() {
    let sandbox = sandbox().await;
    for (code, arguments, words) in [
        (1, "cost nobody --since 1d", "ResourceNotFoundException"),
        (1, "cost nobody --since 1d", "Check the name, the Region and the account."),
        (2, "cost --since yesterday", "--since=\"yesterday\" is neither a number of days or hours before now"),
        (2, "cost --since 90d", "keeps the metrics for 62 days"),
        (2, "cost --since 1h --until 2h", "it ends before it begins"),
        (2, "cost --price shard=1", "\"shard\" is not an item with a price; the items are shard-hour, "),
        (2, "cost --price shard-hour=cheap", "is not an amount in USD"),
        (2, "cost orders --all", "cannot be used with"),
    ] {
        let output = shardctl_at(sandbox.endpoint(), arguments, &[]).await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{arguments}: {told}");
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(code), true), "{arguments}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_from_its_making_to_its_bill() {
    let sandbox =
        Sandbox::start(Options { create_seconds: 0, resize_seconds: 0, ..Options::default() }).await.unwrap().0;
    assert_eq!(answer(&sandbox, "create fresh --shards 2 --managed").await["open_shards"], 2);
    assert_eq!(answer(&sandbox, "scale fresh to 7 --wait").await["outcome"], "resized");
    let status = answer(&sandbox, "status fresh").await;
    assert_eq!((&status["open_shards"], &status["managed"]), (&7.into(), &true.into()));
    let report = answer(&sandbox, "cost fresh --since 1h").await;
    assert_eq!((&report["streams"][0]["open_shards"], &report["faults"]), (&7.into(), &json("[]")));
    assert!(told(&sandbox, "cost fresh --since 1h").await.contains("\nnothing was billed in this period\n"));
}
