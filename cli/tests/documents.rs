// SPDX-License-Identifier: Apache-2.0
//! The user's documents through the tool: first what they say, then what is true; each test by its document.
#![allow(clippy::unwrap_used)]

mod support;

use sandbox::{Options, Sandbox};
use serde_json::{Value, json as value};
use support::{assert_near, file, json, number, scratch, shardctl, shardctl_at, succeeded};

/// What the program writes without a Region in the environment.
fn told(arguments: &str) -> String {
    succeeded(shardctl(arguments, &[]).env_remove("AWS_REGION").output().unwrap())
}

const SIZING_SCRIPT: &str =
    "size --mb-per-second 3.5 --records-per-second 2500 --partition-keys 4 --headroom 20 --region us-east-1";

#[test]
fn the_sizing_script_comes_to_five_shards_and_its_keys_stay_apart_in_19_of_100_cases() {
    let report = json(&told(&format!("{SIZING_SCRIPT} --output json")));
    let shards = ["by_bytes", "by_records", "useful_max", "by_documents", "recommended"];
    assert_eq!(shards.map(|what| report[format!("shards_{what}")].clone()), [4, 3, 4, 5, 5]);
    assert_eq!(report["binding"], "bytes");
    assert_eq!(report["shards_cost"]["usd_hour"], 0.075);
    assert_near(number(&report, "/partition_keys/stay_apart"), 0.192);
    let words = told(SIZING_SCRIPT);
    assert!(words.contains("4 hashed keys occupy about 3.0 of 5 shards and stay apart in 19 of 100 cases"), "{words}");
    insta::assert_snapshot!("sizing_script", words);
}

#[test]
fn the_sizing_scripts_buffer_on_a_single_shard_is_told_beside_ours() {
    let small = "size --mb-per-second 0.5 --records-per-second 500 --region us-east-1";
    let report = json(&told(&format!("{small} --output json")));
    assert_eq!((&report["shards_by_documents"], &report["shards_recommended"]), (&2.into(), &1.into()));
    assert!(told(small).contains("(the documents' 20 % on top of whole shards gives 2)"));
}

#[test]
fn the_kafka_sizing_is_whole_megabytes_and_one() {
    // MB a second, by the documents' rule, exactly.
    for (megabytes, by_rule, exact) in [("5", 6, 5), ("5.5", 6, 6), ("4.9", 5, 5), ("0.5", 1, 1), ("10", 11, 10)] {
        let command = format!("size --kafka-mb-per-second {megabytes} --region us-east-1 --output json");
        let report = json(&told(&command));
        assert_eq!(report["kafka"]["shards_whole_mb_plus_one"], by_rule, "{megabytes}");
        assert_eq!(report["kafka"]["shards_exact"], exact, "{megabytes}");
        for unknown in ["shards_by_records", "put_units_cost", "cost"] {
            assert_eq!(report[unknown], Value::Null, "{unknown}");
        }
    }
    let topics = file("documents-rule.csv", "topic,mb_per_second\norders,5.5\nclicks,0.5\n");
    let moved = json(&told(&format!("migrate plan --region us-east-1 --output json --topics {}", topics.display())));
    let by_rule = [0, 1].map(|topic| moved["topics"][topic]["shards_by_documents"].clone());
    assert_eq!(by_rule, [1, 6], "clicks, orders");
    insta::assert_snapshot!("kafka_sizing", told("size --kafka-mb-per-second 5 --region us-east-1"));
}

#[test]
fn the_cost_comparison_script_is_reproduced_figure_by_figure_whatever_prices_are_given() {
    for more in ["--region us-east-1", "--region ap-northeast-1", "--region us-east-1 --broker-hour-usd 1"] {
        let report = json(&told(&format!("compare --case documents {more} --output json")));
        let documents = &report["documents"];
        assert_eq!(documents["shards"], 11);
        let figures = |way: &str| ["usd_hour", "usd_day", "usd_month"].map(|period| documents[way][period].to_string());
        assert_eq!(figures("kinesis_shards"), ["0.165", "3.96", "118.8"]);
        assert_eq!(figures("kinesis_data"), ["0.504", "12.096", "362.88"]);
        assert_eq!(figures("kinesis"), ["0.669", "16.056", "481.68"]);
        assert_eq!(figures("kafka"), ["0.378", "9.072", "272.16"]);
        assert_eq!(figures("kinesis_loses"), ["0.291", "6.984", "209.52"]);
        assert_eq!(documents["kinesis_loses_permille"], 770);
    }
    let words = told("compare --case documents --region us-east-1");
    let (theirs, truth) = words.split_once("In truth:").unwrap();
    assert!(theirs.contains("-209.52 USD a month, -77.0 %"), "{theirs}");
    assert!(truth.contains("so Kinesis costs less"), "{truth}");
    insta::assert_snapshot!("cost_comparison_script", words);
}

#[test]
fn few_keys_are_told_wherever_shards_are_sized() {
    let load = "--mb-per-second 6 --records-per-second 8000 --region us-east-1";
    let words = told(&format!("size {load} --partition-keys 10"));
    assert!(
        words.contains("10 hashed keys occupy about 6.5 of 10 shards and stay apart in 4 of 10,000 cases"),
        "{words}"
    );
    let report = json(&told(&format!("size {load} --partition-keys 10 --output json")));
    let keys = &report["partition_keys"];
    assert_near(number(keys, "/occupied_shards"), 10.0 * (1.0 - 0.9_f64.powi(10)));
    // 10! / 10^10.
    assert_near(number(keys, "/stay_apart"), 0.000_362_88);
    assert_eq!(keys["per_shard_max"], 1, "two have 1,600 records a second");

    // What would do, does; and one shard less does not.
    let enough = keys["keys_that_do"].as_u64().unwrap();
    assert!(words.contains(&format!("{} keys on these shards", kinesis_model::thousands(enough))), "{words}");
    let many = json(&told(&format!("size {load} --partition-keys {enough} --output json")));
    assert!(number(&many, "/partition_keys/load_is_carried") >= 0.95, "{many}");
    let shards = u32::try_from(keys["shards_that_do"].as_u64().unwrap()).unwrap();
    let apart = |shards: u32| (0..10).map(|taken| 1.0 - f64::from(taken) / f64::from(shards)).product::<f64>();
    assert!(apart(shards) >= 0.95 && apart(shards - 1) < 0.95, "{shards}");
    assert!(!told(&format!("size {load} --partition-keys 1000000")).contains("stay apart"), "many keys need no words");
    let alone = told(&format!("size {load} --partition-keys 3"));
    assert!(alone.contains("each carries more than one shard takes"), "{alone}");

    let topics = file("few-keys.csv", "topic,mb_per_second,records_per_second,partition_keys\norders,6,8000,10\n");
    let moved = format!("migrate plan --region us-east-1 --topics {}", topics.display());
    assert!(told(&moved).contains("orders: 10 hashed keys occupy about 6.5 of 10 shards"), "{}", told(&moved));
    assert_eq!(json(&told(&format!("{moved} --output json")))["topics"][0]["partition_keys"], *keys);

    let compared = "keys compare --records 20000 --users 4 --shards 5 --records-per-second 3200";
    let words = told(compared);
    let user_based =
        "user-based: by chance, 4 hashed keys occupy about 3.0 of 5 shards and stay apart in 19 of 100 cases";
    assert!(words.contains(user_based), "{words}");
    let strategies = json(&told(&format!("{compared} --output json")))["strategies"].clone();
    let of_user = strategies.as_array().unwrap().iter().find(|each| each["keys"] == "user-based").unwrap();
    assert_near(number(of_user, "/partition_keys/stay_apart"), 0.192);
}

#[test]
fn few_keys_are_told_beside_the_plan_of_a_day() {
    let path = scratch("few-keys-day.csv");
    let minutes = (0..1_440).map(|minute| {
        let at = jiff::Timestamp::from_second(1_767_225_600 + minute * 60).unwrap();
        format!("{at},{},{}\n", 60 * 3 * 1_048_576, 60 * 2_000)
    });
    std::fs::write(&path, format!("timestamp,incoming_bytes,incoming_records\n{}", minutes.collect::<String>()))
        .unwrap();
    let command = format!("forecast --trace {} --initial-shards 4 --partition-keys 4", path.display());
    let words = told(&command);
    assert!(words.contains("4 hashed keys occupy about"), "{words}");
    let report = json(&told(&format!("{command} --output json")));
    assert_eq!(report["partition_keys"]["keys"], 4);
    assert_eq!(report["partition_keys"]["per_shard_max"], 1, "each has 0.75 MB/s");
}

/// `create-kinesis-streams.sh NAME SHARDS MODE RETENTION`.
#[tokio::test(flavor = "multi_thread")]
async fn the_script_that_creates_streams_has_its_four_arguments() {
    let options = Options { create_seconds: 0, resize_seconds: 0, ..Options::default() };
    let (sandbox, _) = Sandbox::start(options).await.unwrap();
    for (create, name, [mode, shards, hours]) in [
        ("payments --shards 3 --mode provisioned --retention-hours 48", "payments", ["provisioned", "3", "48"]),
        ("events --mode on-demand --retention-hours 24", "events", ["on-demand", "4", "24"]),
    ] {
        succeeded(shardctl_at(sandbox.endpoint(), &format!("create {create}"), &[]).await);
        let status = format!("status {name} --output json");
        let made = json(&succeeded(shardctl_at(sandbox.endpoint(), &status, &[]).await));
        let figures = [&made["open_shards"], &made["retention_hours"]].map(ToString::to_string);
        assert_eq!((&made["mode"], figures), (&value!(mode), [shards.to_owned(), hours.to_owned()]), "{made}");
    }
}
