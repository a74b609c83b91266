// SPDX-License-Identifier: Apache-2.0
//! The commands that reckon on paper: what they say, and what they do not put up with. None of them needs AWS.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{file, json, number, scratch, shardctl, succeeded};

/// The program without a Region in the environment.
fn output(arguments: &str, more: &[&Path]) -> std::process::Output {
    shardctl(arguments, more).env_remove("AWS_REGION").output().unwrap()
}

fn told(arguments: &str, more: &[&Path]) -> String {
    succeeded(output(arguments, more))
}

/// A call that must fail with this code and say this.
fn refused(code: i32, words: &str, arguments: &str, more: &[&Path]) {
    let output = output(arguments, more);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(words), "{arguments}: {told}");
    assert_eq!(output.status.code(), Some(code), "{arguments}: {told}");
    assert!(output.stdout.is_empty(), "{arguments}");
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate").join(name)
}

#[test]
fn consumers_share_or_have_enhanced_fan_out_and_every_command_says_the_same() {
    let load = "--region us-east-1 --output json";
    let plan =
        |more: &str| json(&told(&format!("size --mb-per-second 10 --records-per-second 10000 {load} {more}"), &[]));
    let six = plan("--consumers 6");
    assert_eq!((&six["reading"], &six["classic_consumers_max"]), (&"enhanced fan-out".into(), &2.into()));
    assert_eq!((&six["binding"], &six["shards_recommended"]), (&"bytes".into(), &12.into()));
    // 12 shards x 720 x 6 consumers x 0.015, and 6 x 25,312.5 GB x 0.013.
    assert_eq!(six["fan_out_cost"]["usd_month"], 777.6 + 1_974.375);
    assert_eq!(six["shared"], Value::Null, "a shard answers five of them");
    // 5 x 10 MB/s take 25 shards: 30 x 720 x 0.015.
    assert_eq!(plan("--consumers 5")["shared"]["shards_cost"]["usd_month"], 324.0);
    let shared = plan("--read-mb-per-second 60");
    assert_eq!((&shared["shards_by_reads"], &shared["binding"]), (&30.into(), &"reads".into()));
    assert_eq!((&shared["reading"], &shared["fan_out_cost"]), (&Value::Null, &Value::Null));

    for (consumers, reading) in [(2, "classic"), (3, "enhanced fan-out")] {
        assert_eq!(plan(&format!("--consumers {consumers}"))["reading"], reading);
        let compared =
            told(&format!("compare --mb-per-second 10 --record-kb 1.024 {load} --consumers {consumers}"), &[]);
        assert_eq!(json(&compared)["reading"], reading);
        let groups: Vec<_> = (0..consumers).map(|number| format!("app{number}")).collect();
        let text = format!("topic,mb_per_second,records_per_second,consumer_groups\nx,10,10000,{}\n", groups.join(";"));
        let topics = file(&format!("{consumers}-groups.csv"), &text);
        let moved = json(&told(&format!("migrate plan {load} --topics"), &[&topics]));
        assert_eq!(moved["topics"][0]["reading"], reading);
        assert_eq!(moved["usd_month"], plan(&format!("--consumers {consumers}"))["cost"]["usd_month"]);
    }
    let words = "3 consumers with enhanced fan-out (at most 2 can share the shards)";
    for command in [
        "size --mb-per-second 10 --records-per-second 10000 --consumers 3 --region us-east-1",
        "compare --mb-per-second 10 --record-kb 10 --consumers 3 --region us-east-1",
    ] {
        assert!(told(command, &[]).contains(words), "{command}");
    }
    let topics = file("three-groups.csv", "topic,mb_per_second,consumer_groups\nx,10,a;b;c\n");
    assert!(told("migrate plan --region us-east-1 --topics", &[&topics]).contains(words));
    insta::assert_snapshot!(
        "plan_fan_out",
        told("size --mb-per-second 10 --records-per-second 10000 --consumers 5 --region us-east-1", &[])
    );
}

#[test]
fn prices_are_those_of_the_region_and_of_nobody_else() {
    let command = "size --mb-per-second 1 --records-per-second 100";
    refused(2, "no Region is given", command, &[]);
    let empty = shardctl(command, &[]).env("AWS_REGION", "").output().unwrap();
    assert_eq!(empty.status.code(), Some(2), "{empty:?}");
    let from_environment = shardctl(command, &[]).env("AWS_REGION", "ap-northeast-1").output().unwrap();
    assert!(succeeded(from_environment).contains("prices of ap-northeast-1"));
    let unknown = told(&format!("{command} --region eu-west-1"), &[]);
    for item in ["shard-hour", "put-units"] {
        assert!(unknown.contains(&format!("no price of {item} is known for eu-west-1: give it")), "{unknown}");
    }
    let half = json(&told(&format!("{command} --region eu-west-1 --price shard-hour=0.017 --output json"), &[]));
    assert_eq!((&half["shards_cost"]["usd_hour"], &half["cost"]), (&0.034.into(), &Value::Null));
    let given = format!("{command} --region eu-west-1 --price shard-hour=0.017 --price put-units=0.0165 --output json");
    assert_eq!(json(&told(&given, &[]))["shards_cost"]["usd_hour"], 0.034);
}

#[test]
fn bad_usage_is_told_with_what_was_expected() {
    let size = "size --mb-per-second 3 --records-per-second 9";
    for (words, arguments) in [
        ("<--mb-per-second <MB>|--kafka-mb-per-second <MB>|--stream <NAME>>", "size"),
        ("<STREAM|--trace <FILE>>", "forecast"),
        ("expected MB a second, above 0", "size --mb-per-second -1"),
        ("-2 is not in 0..=20", &format!("{size} --consumers -2")),
        ("expected KB, above 0", "compare --mb-per-second 3 --record-kb -1"),
        ("expected MB a second, above 0", "migrate plan --topics x --mb-per-second-per-topic -1"),
        ("cannot be used with", "size --mb-per-second 3 --records-per-second 9 --stream orders"),
        ("unexpected argument", "forecast --trace x.csv --consumers 3"),
        ("unexpected argument", "forecast --trace x.csv --region us-east-1"),
        ("unexpected argument", "forecast orders --price shard-hour=1"),
        ("unexpected argument", &format!("{size} --risk thrifty")),
        ("unexpected argument", &format!("{size} --initial-shards 3")),
        ("cannot be used with", &format!("{size} --days 3")),
        ("cannot be used with", &format!("{size} --consumers 2 --read-mb-per-second 4")),
        ("cannot be used with", "size --stream orders --records-per-second 4"),
        ("expected MB a second, above 0 and up to 10000", "size --mb-per-second 0 --records-per-second 9"),
        ("expected MB a second, above 0 and up to 10000", "size --kafka-mb-per-second 10000.000001"),
        ("expected MB a second, above 0 and up to 10000", "size --kafka-mb-per-second NaN"),
        ("10000001 is not in 1..=10000000", "size --mb-per-second 3 --records-per-second 10000001"),
        ("no stream takes more than 10485760", "size --mb-per-second 11 --records-per-second 1 --region us-east-1"),
        ("expected a number of 1 or more", "simulate --trace x --burst 1e400"),
        ("expected a number of 1 or more", "simulate --trace x --burst 1e999999"),
        ("expected a number of 1 or more", "simulate --trace x --burst inf"),
        ("expected a number of 1 or more", "tune --trace x --burst 0.9"),
        ("expected ITEM=USD", &format!("{size} --price shard-hour")),
        ("is not an item with a price", &format!("{size} --price shards=3")),
        ("\"-3\" is not an amount in USD", &format!("{size} --price shard-hour=-3")),
        (
            "--price shard-hour is given twice, as 0.015 and as 0.02: give it once",
            &format!("{size} --region us-east-1 --price shard-hour=0.015 --price put-units=1 --price shard-hour=0.02"),
        ),
        ("--price put-units is given twice", "cost --price put-units=1 --price put-units=1"),
        ("21 is not in 0..=20", &format!("{size} --consumers 21")),
        ("21 is not in 0..=20", "compare --case documents --consumers 21"),
        ("expected a Region's code", &format!("{size} --region us/east")),
        ("--mb-per-second <MB>|--case <CASE>", "compare"),
        ("--record-kb <KB>", "compare --mb-per-second 3"),
        ("expected KB, above 0 and up to 10240", "compare --mb-per-second 3 --record-kb 10241"),
        ("--peak-mb-per-second <MB>", "compare --mb-per-second 3 --record-kb 1 --hours-at-peak-per-day 2"),
        ("25 is not in 1..=24", "compare --mb-per-second 3 --record-kb 1 --hours-at-peak-per-day 25"),
        ("cannot be used with", "compare --case documents --brokers 4"),
        ("expected USD: \"free\"", "compare --case documents --broker-hour-usd free"),
        (
            "--peak-mb-per-second=1 is less than --mb-per-second=3",
            "compare --mb-per-second 3 --record-kb 1 --hours-at-peak-per-day 2 --peak-mb-per-second 1 --region \
             us-east-1",
        ),
        ("no Region is given", "compare --case documents"),
        ("--topics <FILE>", "migrate plan"),
        ("no Region is given", "migrate plan --topics x"),
        (
            "--topics-format is given 2 times for 1 files",
            "migrate plan --topics x --topics-format csv --topics-format json --region us-east-1",
        ),
        ("possible values: bash", "completions tcsh"),
    ] {
        refused(2, words, arguments, &[]);
    }
    refused(
        1,
        "nothing can be compared without a price",
        "compare --mb-per-second 3 --record-kb 1 --region eu-west-1",
        &[],
    );
    refused(
        1,
        "cannot write ",
        "compare --case documents --region us-east-1 --picture",
        &[&scratch("no/such/folder/x.svg")],
    );
}

#[test]
fn records_that_nobody_told_leave_the_bytes_to_size_by() {
    let command = "size --mb-per-second 3.5 --region us-east-1";
    let report = json(&told(&format!("{command} --output json"), &[]));
    assert_eq!((&report["shards_recommended"], &report["shards_by_records"]), (&5.into(), &Value::Null));
    assert_eq!((&report["shards_cost"]["usd_month"], &report["cost"]), (&54.0.into(), &Value::Null));
    let words = told(command, &[]);
    assert!(words.contains("Records are not known: shards are sized by the bytes"), "{words}");
}

#[test]
fn a_load_has_the_same_shards_in_every_command() {
    for (megabytes, shards) in [("0.01", 1), ("0.8", 1), ("1", 2), ("3.5", 5), ("10", 12), ("100", 120)] {
        let plan = told(&format!("size --mb-per-second {megabytes} --region us-east-1 --output json"), &[]);
        assert_eq!(json(&plan)["shards_recommended"], shards, "{megabytes}");
        let compared = format!("compare --mb-per-second {megabytes} --record-kb 10 --region us-east-1 --output json");
        assert_eq!(json(&told(&compared, &[]))["shards_peak"], shards, "{megabytes}");
        let topics = file(&format!("{megabytes}-mb.csv"), &format!("topic,mb_per_second\nx,{megabytes}\n"));
        let moved = json(&told("migrate plan --region us-east-1 --output json --topics", &[&topics]));
        assert_eq!(moved["topics"][0]["shards"], shards, "{megabytes}");
    }
}

#[test]
fn a_load_that_no_count_of_keys_carries_is_told_so() {
    let told = told("size --mb-per-second 9000 --partition-keys 1 --region us-east-1", &[]);
    assert!(told.contains("Neither more shards nor up to a million keys would be enough."), "{told}");
}

#[test]
fn every_missing_price_is_told_at_once_and_once() {
    let command = "compare --mb-per-second 10 --record-kb 1";
    let nothing = output(&format!("{command} --region eu-west-1"), &[]);
    let words = String::from_utf8(nothing.stderr).unwrap();
    for item in ["shard-hour", "put-units", "metric-request", "lambda-time", "on-demand-in", "advantage-out"] {
        assert_eq!(words.matches(&format!("no price of {item} is known")).count(), 1, "{item}: {words}");
    }
    // Those of the scaler are missing there: its shards are shown all the same.
    let tokyo = told(&format!("{command} --region ap-northeast-1"), &[]);
    for item in ["metric-request", "lambda-time"] {
        assert_eq!(tokyo.matches(&format!("--price {item}=USD")).count(), 1, "{item}: {tokyo}");
    }
    let scaled = tokyo.lines().skip_while(|line| !line.contains("shards by kinesis-scaler"));
    let scaled: Vec<_> = scaled.take(4).collect();
    assert!(scaled[0].ends_with('?') && scaled[1].contains("182.52"), "{tokyo}");
    assert!(scaled[3].contains("the scaler itself, as far as known"), "{tokyo}");
    let given = format!("{command} --region ap-northeast-1 --price metric-request=10 --price lambda-time=16.6667");
    assert!(!told(&given, &[]).contains("no price of lambda"), "what was told is all");
}

#[test]
fn a_broker_whose_price_nobody_has_told_is_asked_for_and_each_other_price_has_its_source() {
    let command = "compare --mb-per-second 10 --record-kb 1 --region us-east-1 --broker kafka.m7g.large";
    let words = told(command, &[]);
    let asked =
        "no price is known for kafka.m7g.large in us-east-1: give, in USD, a broker's hour with --broker-hour-usd\n";
    assert!(words.contains(asked), "{words}");
    assert!(words.contains("Kafka prices in USD: a GB of disk for a month 0.10 (Price List of mid-2024"), "{words}");
    let given = told(&format!("{command} --broker-hour-usd 0.2"), &[]);
    assert!(!given.contains("no price is known"), "{given}");
    assert!(given.contains("a broker's hour 0.20 (--broker-hour-usd); a GB of disk for a month 0.10 ("), "{given}");
}

#[test]
fn what_cannot_be_had_is_priced_with_a_warning() {
    let warnings = |load: &str| {
        let report = json(&told(&format!("compare --record-kb 10 --output json {load}"), &[]));
        let warnings = report["warnings"].as_array().unwrap().clone();
        warnings.iter().map(|each| each.as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
    };
    let huge = warnings("--mb-per-second 9000 --region us-east-1");
    assert!(huge.contains("3 x r5.large do not carry this: each would have 9000 MB/s in or out"), "{huge}");
    assert!(huge.contains("a stream has at most 10,000 shards, and this load needs 11,250"), "{huge}");
    assert!(!huge.contains("on-demand"), "{huge}");
    let tokyo = warnings("--mb-per-second 201 --region ap-northeast-1");
    assert_eq!(
        tokyo,
        "warning: an on-demand stream takes 200 MB/s at most in ap-northeast-1, unless AWS raises that quota."
    );
    assert_eq!(warnings("--mb-per-second 10 --region us-east-1"), "");
    let words = told("compare --record-kb 10 --mb-per-second 10 --region us-east-1", &[]);
    assert!(
        words.contains(
            "Nothing here checks whether the brokers carry the load: at the peak each broker receives 10 MB/s"
        )
    );
    assert!(words.contains("shards for the peak costs less than Kafka at every load up to 20.0 MB/s"), "{words}");
}

#[test]
fn a_rate_that_was_assumed_is_not_ticked_as_known() {
    let topics = file("one.csv", "topic\nx\n");
    let plan = "migrate plan --region us-east-1 --mb-per-second-per-topic 2 --topics";
    let words = told(plan, &[&topics]);
    assert!(words.contains("[ ] the peak rate of every topic is known"), "{words}");
}

#[test]
fn commands_work_for_names_that_look_like_options() {
    let topics = file("dash.csv", "topic,mb_per_second,max_message_bytes\n-x,1,5000000\n");
    let words = told("migrate plan --region eu-west-1 --topics", &[&topics]);
    assert!(
        words.contains("AWS_REGION=eu-west-1 shardctl create --shards 2 --retention-hours 24 --managed -- -x"),
        "{words}"
    );
    assert!(words.contains("describe-stream-summary --region eu-west-1 --stream-name=-x --query"), "{words}");
}

#[test]
fn the_lines_of_a_way_make_its_sum_and_options_replace_prices() {
    let command = "compare --mb-per-second 1 --record-kb 5 --hours-at-peak-per-day 3 --peak-mb-per-second 20 \
                   --consumers 3 --retention-hours 48 --region us-east-1 --broker kafka.m5.large --output json";
    let report = json(&told(command, &[]));
    let ways = report["ways"].as_array().unwrap();
    for way in ways {
        let lines = way["lines"].as_array().unwrap();
        let sum: f64 = lines.iter().map(|line| number(line, "/cost/usd_month")).sum();
        assert!((sum - number(way, "/cost/usd_month")).abs() < 1e-6, "{way}");
    }
    assert_eq!(ways[0]["lines"][0]["cost"]["usd_month"], 453.6);
    let given =
        json(&told(&format!("{command} --broker-hour-usd 1 --storage-gb-per-broker 0 --transfer-gb-usd 0"), &[]));
    assert_eq!(given["ways"][0]["cost"]["usd_month"], 2_160.0);
    assert_eq!(given["kafka_price_sources"][0], "a broker's hour 1.00 (--broker-hour-usd)");
}

#[test]
fn a_break_even_agrees_with_the_comparisons_on_either_side_of_it() {
    // Where two ways take turns at a load, a comparison of just that load must say so too.
    let at = |step: u64| {
        // A step is 104,857 bytes, a little less than a tenth of a MB; down, since the program rounds up.
        let millionths = step * 104_857 * 1_000_000 / 1_048_576;
        let megabytes = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        json(&told(
            &format!("compare --record-kb 10 --region us-east-1 --output json --mb-per-second {megabytes}"),
            &[],
        ))
    };
    let month = |report: &Value, key: &str| {
        let ways = report["ways"].as_array().unwrap();
        number(ways.iter().find(|way| way["way"] == key).unwrap(), "/cost/usd_month")
    };
    let report = at(100);
    let mut checked = 0;
    for pair in report["break_evens"].as_array().unwrap() {
        let keys = [0, 1].map(|which| pair["between"][which].as_str().unwrap());
        for turn in pair["turns"].as_array().unwrap().iter().skip(1) {
            let step = number(turn, "/from_bytes_per_second") / 104_857.0;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of steps")]
            let step = step as u64;
            let cheaper =
                |report: &Value| keys[usize::from(month(report, keys[0]) >= month(report, keys[1]))].to_owned();
            assert_eq!(cheaper(&at(step)), turn["cheaper"].as_str().unwrap(), "{pair}");
            assert_ne!(cheaper(&at(step - 1)), turn["cheaper"].as_str().unwrap(), "{pair}");
            checked += 1;
        }
    }
    assert!(checked >= 2, "{report}");
}

#[test]
fn a_comparison_draws_a_picture_of_what_is_known() {
    let to = scratch("compare.svg");
    told("compare --mb-per-second 10 --record-kb 1 --region ap-northeast-1 --picture", &[&to]);
    let text = fs::read_to_string(&to).unwrap();
    let svg = roxmltree::Document::parse(&text).unwrap();
    let shown: Vec<_> = svg.descendants().filter_map(|node| node.text().map(str::trim)).collect();
    for words in ["shards for the peak", "on-demand Advantage", "MB/s at the peak", "USD a month"] {
        assert!(shown.contains(&words), "{words}: {shown:?}");
    }
    assert!(!shown.contains(&"Kafka"), "no source tells what brokers cost there");
}

#[test]
fn each_form_of_input_becomes_a_plan() {
    let plan = |arguments: &str, files: &[&str], groups: Option<&str>| {
        // The paths are as the plan shows them: from the folder of the tests.
        let mut command = shardctl(&format!("migrate plan --region us-east-1 {arguments}"), &[]);
        command.current_dir(fixture("."));
        for file in files {
            command.args(["--topics", file]);
        }
        command.args(groups.iter().flat_map(|groups| ["--groups", groups]));
        succeeded(command.output().unwrap())
    };
    insta::assert_snapshot!("migrate_json", plan("", &["topics.json"], None));
    insta::assert_snapshot!("migrate_csv_markdown", plan("--output markdown", &["topics.csv"], None));
    insta::assert_snapshot!("migrate_old_tools", plan("", &["kafka-topics-1.txt", "kafka-configs-1.txt"], None));
    let new = ["kafka-topics-4.txt", "kafka-configs.txt"];
    insta::assert_snapshot!("migrate_new_tools", plan("--mb-per-second-per-topic 2", &new, Some("groups.txt")));
    let for_programs = plan("--topics-format kafka-topics --topics-format kafka-configs --output json", &new, None);
    insta::assert_json_snapshot!("migrate_new_tools_json", json(&for_programs));
}

#[test]
fn what_is_wrong_with_a_description_is_told_with_its_place_and_all_at_once() {
    let plan = "migrate plan --region us-east-1 --topics";
    let bad = |name: &str, text: &str, expected: &[&str]| {
        let path = file(name, text);
        let output = output(plan, &[&path]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        for words in expected {
            assert!(told.contains(words), "{words}: {told}");
        }
    };
    bad(
        "bad.csv",
        "topic,partitions,mb_per_second,key_ordering\norders,none,-1,maybe\nbad name,1,1,no\n,1,1,no\nshort\n",
        &[
            "bad.csv: line 2: partitions=\"none\" is not a whole number of 1 or more",
            "bad.csv: line 2: mb_per_second=\"-1\": expected MB a second",
            "bad.csv: line 2: key_ordering=\"maybe\" is not yes or no",
            "bad.csv: line 3: topic=\"bad name\" is not a topic's name",
            "bad.csv: line 4: the field `topic`, its name, is missing",
            "bad.csv: line 5: \"short\": it has 1 cells, and the header has 4",
        ],
    );
    bad(
        "bad.json",
        r#"[{"topic": "a", "rate": 3}, {"topic": "b", "cleanup_policy": "shred", "consumer_groups": [1]}, 7]"#,
        &[
            "topic 1: no field is called \"rate\"; there are topic, ",
            "topic 2: consumer_groups=[1] is not a list of names",
            "topic 3: 7 is not",
        ],
    );
    bad("broken.json", "{\"topics\": [", &["broken.json: EOF while parsing"]);
    bad("fields.json", "{\"subject\": \"orders\"}", &["expected {\"topics\": [{"]);
    bad(
        "twice.csv",
        "topic,partitions\norders,1\norders,2\n",
        &["line 3: partitions=\"2\" here and partitions=\"1\" in", "twice.csv: line 2: which of the two is right?"],
    );
    bad("huge.csv", "topic,bytes_per_second\norders,18446744073709551615\n", &["is not a number up to 10485760000"]);
    bad("nothing.txt", "hello\n", &["nothing.txt is neither JSON nor CSV with a column `topic`"]);
    bad("empty.csv", "topic,partitions\n", &["no file describes a topic that could move"]);
    bad(
        "tools.txt",
        "Topic: orders\tPartitionCount: many\tConfigs: retention.ms=x\n",
        &["line 1: partitions=\"many\" is not"],
    );
    refused(1, "cannot open the topics missing.csv", "migrate plan --region us-east-1 --topics missing.csv", &[]);
    let old = file("old-groups.txt", "TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG\norders 0 1 1 0\n");
    let groups = "migrate plan --region us-east-1 --topics";
    let topics = fixture("topics.csv");
    refused(1, "line 1: no column is called GROUP", groups, &[&topics, "--groups".as_ref(), &old]);
    refused(1, "is not what kafka-consumer-groups", groups, &[&topics, "--groups".as_ref(), &topics]);
}

#[test]
fn a_topic_whose_name_is_too_long_for_a_stream_is_told() {
    let topics = file("long.csv", &format!("topic,mb_per_second\n{},1\n", "x".repeat(129)));
    let told = told("migrate plan --region us-east-1 --topics", &[&topics]);
    assert!(told.contains("[ ] every topic has a legal stream name"), "{told}");
    assert!(told.contains("choose a stream name of up to 128 characters first"), "{told}");
    assert!(!told.contains("shardctl create"), "{told}");
}

#[test]
fn more_shards_than_a_stream_has_are_told() {
    let large = told("size --kafka-mb-per-second 10000 --region us-east-1", &[]);
    assert!(large.contains("AWS resizes no stream above 10000 shards"), "{large}");
    let topics = file("large.csv", "topic,mb_per_second\nclicks,10000\n");
    let plan = told("migrate plan --region us-east-1 --topics", &[&topics]);
    assert!(plan.contains("# clicks: 12000 shards are more than one stream can have"), "{plan}");
}

/// Every command, and those within it.
const COMMANDS: [&str; 14] = [
    "create",
    "status",
    "scale",
    "cost",
    "simulate",
    "backtest",
    "tune",
    "forecast",
    "size",
    "compare",
    "migrate",
    "migrate-plan",
    "completions",
    "man",
];

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = told(&format!("completions {shell}"), &[]);
        for word in ["shardctl", "compare", "kafka-mb-per-second", "topics-format"] {
            assert!(script.contains(word), "{shell} has no {word}");
        }
    }
}

#[test]
fn the_manual_has_every_command() {
    let page = told("man", &[]);
    for command in COMMANDS.iter().filter(|command| !command.contains('-')) {
        assert!(page.contains(&format!("shardctl\\-{command}(1)")), "{command}");
    }
    let folder = scratch("man/pages");
    told("man --directory", &[&folder]);
    for command in COMMANDS {
        let page = fs::read_to_string(folder.join(format!("shardctl-{command}.1"))).unwrap();
        assert!(page.starts_with(".ie"), "{command}");
    }
    let is_file = file("man-is-a-file", "");
    refused(1, "cannot write ", "man --directory", &[&is_file]);
}

/// A Region of which the sheet has no price, at another's: with each sum it is said whose prices they are.
#[test]
fn a_region_without_prices_takes_anothers_where_asked_and_says_so_in_each_sum() {
    let seoul = "--region ap-northeast-2 --prices-of us-east-1";
    let load = "--mb-per-second 10 --records-per-second 10000 --consumers 6";
    let plan = |region: &str| told(&format!("size {load} {region}"), &[]);
    assert!(plan("--region ap-northeast-2").contains("--prices-of us-east-1"), "it is offered");
    let lent = plan(seoul);
    assert!(lent.contains("USD, at prices of us-east-1"), "{lent}");
    assert!(lent.contains("prices of us-east-1, in place of those of ap-northeast-2"), "{lent}");
    let own = plan("--region us-east-1");
    assert!(!own.contains("at prices of"), "{own}");
    let figures = |told: &str| told.lines().find(|line| line.trim_start().starts_with("together")).map(str::to_owned);
    assert_eq!(
        figures(&lent).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()),
        figures(&own).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    );
    let report = json(&told(&format!("size {load} {seoul} --output json"), &[]));
    assert_eq!((&report["region"], &report["prices_of"]), (&"ap-northeast-2".into(), &"us-east-1".into()));

    let kafka = told(&format!("size --kafka-mb-per-second 5 {seoul}"), &[]);
    assert_eq!(kafka.matches("USD an hour, at prices of us-east-1").count(), 2, "{kafka}");
    let compared = told(&format!("compare --mb-per-second 10 --record-kb 1 {seoul}"), &[]);
    assert_eq!(compared.matches("at prices of us-east-1").count(), 2, "the table and the bars: {compared}");
    assert!(!compared.contains("is known"), "Kafka's as well: {compared}");
    let moved = told(&format!("migrate plan {seoul} --topics"), &[&fixture("topics.csv")]);
    assert!(moved.contains("USD are at prices of us-east-1") && moved.contains(", at prices of us-east-1"), "{moved}");
    assert!(moved.contains("--region ap-northeast-2"), "the commands are the Region's own: {moved}");

    refused(
        2,
        "expected a Region of the sheet: us-east-1, us-east-2",
        "size --mb-per-second 1 --prices-of eu-west-1",
        &[],
    );
}
