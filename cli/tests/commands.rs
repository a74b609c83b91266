// SPDX-License-Identifier: Apache-2.0
//! The program over the short traces: what it says, what it writes, and what it does not put up with.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::fs;

use jiff::Timestamp;
use serde_json::Value;
use support::{assert_near, cut, file, json, number, scratch, shardctl, told, trace};

const SIMULATE_NEWS: &str = "simulate --summary json --no-optimum --trace";

#[test]
fn help_tells_what_there_is() {
    insta::assert_snapshot!("help", told("--help", &[]));
    for command in [
        "create",
        "status",
        "scale",
        "simulate",
        "backtest",
        "tune",
        "forecast",
        "size",
        "compare",
        "migrate",
        "migrate plan",
        "keys",
        "keys compare",
        "keys sample",
        "keys test",
        "completions",
        "man",
    ] {
        insta::assert_snapshot!(format!("help_{}", command.replace(' ', "_")), told(&format!("{command} -h"), &[]));
    }
    insta::assert_snapshot!("help_long_migrate_plan", told("migrate plan --help", &[]));
}

/// A call that must fail with this code and say this.
fn refused(code: i32, words: &str, arguments: &str) {
    let news = trace("news.csv");
    let arguments: Vec<_> =
        arguments.split(' ').map(|word| if word == "NEWS" { news.to_str().unwrap() } else { word }).collect();
    let output = shardctl("", &[]).args(&arguments).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains(words), "{arguments:?}: {told}");
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn bad_usage_is_told_with_what_was_expected() {
    refused(2, "--trace <FILE>", "simulate");
    refused(2, "<--stream <NAME>|--trace <FILE>>", "backtest");
    refused(2, "cannot be used with", "backtest --stream orders --trace NEWS");
    refused(2, "cannot be used with", "tune --days 3 --trace NEWS");
    refused(2, "expected a stream's name", "backtest --stream or/ders");
    refused(2, "16 is not in 1..=15", "tune --stream orders --days 16");
    refused(2, "0 is not in 1..=10000", "simulate --trace NEWS --initial-shards 0");
    refused(2, "expected careful, balanced or thrifty", "simulate --trace NEWS --risk wild");
    refused(2, "expected a number of 1 or more", "simulate --trace NEWS --burst 0.9");
    refused(2, "expected a number above 0 and up to 1", "simulate --trace NEWS --hottest-key-share 30");
    refused(2, "expected a number from 0 to 100", "tune --trace NEWS --throttled-max=-1");
    refused(2, "--policy=\"foo\" is neither a file nor one of kinesis-scaler, ", "simulate --trace NEWS --policy foo");
    refused(2, "shards_min=9 is more than shards_max=3", "simulate --trace NEWS --shards-min 9 --shards-max 3");
    refused(2, "--delay-min=10 is more than --delay-max=5", "simulate --trace NEWS --delay-min 10 --delay-max 5");
    refused(2, "--risk concerns kinesis-scaler", "simulate --trace NEWS --policy aws-sample --risk thrifty");
    refused(2, "no settings file is called \"aws-sample\"", "tune --trace NEWS --policy aws-sample");
}

#[test]
fn files_that_are_not_what_they_should_be_are_told() {
    let bad = |name: &str, text: &str| file(name, text).to_str().unwrap().to_owned();
    refused(1, "cannot open the trace missing.csv", "simulate --trace missing.csv");
    let header = bad("header.csv", "time,bytes\n");
    refused(1, "line 1: the header is `time,bytes`, and lacks timestamp and", &format!("simulate --trace {header}"));
    let folder = scratch("no/such/folder/calls.jsonl");
    refused(1, "cannot write ", &format!("simulate --trace NEWS --calls {}", folder.display()));
    let short = cut("news.csv", 100, "short.csv");
    refused(1, "short has 100 minutes: choosing settings needs 1440", &format!("tune --trace {}", short.display()));
    for (text, words) in [
        ("SHARDS_MIN", "line 1: `SHARDS_MIN` is not NAME=value"),
        ("# a comment\nSHARDS_MIN=1\nSHARDS_MIN=2\n", "line 3: SHARDS_MIN is given twice"),
        ("SHARD_MIN=1\n", "no setting is called SHARD_MIN; there are: "),
        (
            "SHARDS_MIN=0\nSHARDS_MAX=x",
            "SHARDS_MIN=\"0\" is not a whole number from 1 to 10000; SHARDS_MAX=\"x\" is not",
        ),
        ("SHARDS_MIN=9\nSHARDS_MAX=3", "shards_min=9 is more than shards_max=3"),
    ] {
        let settings = bad("bad-settings.txt", text);
        refused(1, words, &format!("simulate --trace NEWS --policy {settings}"));
    }
}

#[test]
fn settings_come_from_a_file_and_the_command_line_wins() {
    let text =
        "# for the tests\nSHARDS_MIN = 3  # not two\n\nSHARDS_MAX=30\nTARGET_UTILIZATION_PERCENT=77\nDRY_RUN=true\n";
    let settings = file("settings.txt", text);
    let arguments = ["--policy".as_ref(), settings.as_path()];
    let news = trace("news.csv");
    let summary = |more: &str| {
        let command = format!("{SIMULATE_NEWS} {} {more}", news.display());
        json(&told(&command, &arguments))
    };
    let setting = |summary: &Value, name: &str| summary["settings"][name].as_str().unwrap().to_owned();
    let from_file = summary("");
    assert_eq!(
        ["SHARDS_MIN", "SHARDS_MAX", "TARGET_UTILIZATION_PERCENT"].map(|name| setting(&from_file, name)),
        ["3", "30", "77"]
    );
    let bounded = summary("--shards-max 8 --risk careful --initial-shards 4");
    assert_eq!(
        ["SHARDS_MIN", "SHARDS_MAX", "THROTTLING_RISK"].map(|name| setting(&bounded, name)),
        ["3", "8", "careful"]
    );
    assert!(number(&bounded, "/shards_max") <= 8.0 && number(&bounded, "/shards_min") >= 3.0, "{bounded}");
}

#[test]
fn nothing_caps_a_simulation_unless_it_is_asked_to() {
    let summary = json(&told(SIMULATE_NEWS, &[&trace("news.csv")]));
    assert_eq!(summary["settings"]["SHARDS_MAX"], "10000");
}

#[test]
fn the_parts_of_a_summary_agree() {
    let summary = json(&told("simulate --summary json --trace", &[&cut("news.csv", 300, "parts.csv")]));
    assert_eq!(summary["trace"]["minutes"], 300);
    assert_near(number(&summary, "/usd"), number(&summary, "/usd_shards") + number(&summary, "/usd_put"));
    assert_near(number(&summary, "/usd_shards"), number(&summary, "/shard_hours") * 0.015);
    let compared = summary["compared"].as_array().unwrap();
    let names: Vec<_> = compared.iter().map(|rival| rival["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["aws-sample", "awslabs-count", "awslabs-pct", "static-peak", "on-demand"]);
    for rival in compared {
        assert_near(number(rival, "/usd_ratio") * number(rival, "/usd"), number(&summary, "/usd"));
        if rival["name"] != "on-demand" {
            let hours = number(rival, "/score/shard_hours");
            assert_near(number(rival, "/shard_hours_ratio") * hours, number(&summary, "/shard_hours"));
        }
    }
    let peak = &compared[3]["score"];
    assert_eq!((&peak["minutes_throttled"], &peak["shards_max"]), (&0.into(), &summary["trace"]["peak_shards"]));
}

#[test]
fn the_optimum_is_in_a_summary_that_does_not_decline_it() {
    // With the peak to begin with there is a plan for sure: to stay there.
    let short = cut("news.csv", 300, "optimum.csv");
    let peak = json(&told("simulate --summary json --no-optimum --trace", &[&short]))["trace"]["peak_shards"].clone();
    let with = |form: &str| told(&format!("simulate --initial-shards {peak} {form} --trace"), &[&short]);
    let summary = json(&with("--summary json"));
    let [lower, upper] = ["lower", "upper"].map(|bound| number(&summary, &format!("/hindsight/shard_hours_{bound}")));
    assert!(lower <= upper + 1e-9, "{lower} {upper}");
    assert_near(number(&summary, "/hindsight/ratio_to_lower") * lower, number(&summary, "/shard_hours"));
    assert_near(number(&summary, "/hindsight/ratio_to_upper") * upper, number(&summary, "/shard_hours"));
    assert!(with("--summary text").contains("\nhindsight: without throttling no run goes below "));
    assert_eq!(json(&with("--summary json --no-optimum"))["hindsight"], Value::Null);
    for form in ["", "--summary text --no-optimum"] {
        assert!(!with(form).contains("hindsight"), "{form}");
    }
    assert_eq!(json(&with("--summary json --policy hindsight"))["minutes_throttled"], 0);
}

/// The resizes of a policy over a trace, a JSON object each.
fn calls(policy: &str, trace: &std::path::Path) -> Vec<Value> {
    let name = format!("{policy}-{}.jsonl", trace.file_stem().unwrap().to_str().unwrap());
    let to = scratch(&name);
    told(&format!("simulate --initial-shards 4 --policy {policy} --calls {} --trace", to.display()), &[trace]);
    fs::read_to_string(&to).unwrap().lines().map(json).collect()
}

#[test]
fn the_calls_in_the_file_are_legal() {
    for policy in ["kinesis-scaler", "aws-sample"] {
        let calls = calls(policy, &trace("news.csv"));
        assert!(!calls.is_empty());
        let count = |call: &Value, name: &str| call[name].as_u64().unwrap();
        let at = |call: &Value| call["at"].as_str().unwrap().parse::<Timestamp>().unwrap();
        for call in &calls {
            let (from, to) = (count(call, "from"), count(call, "to"));
            assert!(to != from && to <= 2 * from && 2 * to >= from, "{call}");
            assert_eq!(at(call).as_second() % 60, 0, "{call}");
            assert_eq!(call["kind"], "UpdateShardCount");
        }
        for pair in calls.windows(2) {
            assert_eq!(count(&pair[0], "to"), count(&pair[1], "from"), "{policy}");
            assert!(at(&pair[0]) < at(&pair[1]), "{policy}");
        }
        for eleven in calls.windows(11) {
            let within = at(&eleven[10]).duration_since(at(&eleven[0])).as_hours();
            assert!(within >= 24, "{policy}: eleven calls in {within} hours");
        }
    }
}

#[test]
fn what_is_to_come_changes_nothing_before() {
    let cut = cut("news.csv", 1_300, "half.csv");
    for policy in ["kinesis-scaler", "aws-sample", "awslabs-count", "awslabs-pct"] {
        let (whole, half) = (calls(policy, &trace("news.csv")), calls(policy, &cut));
        assert_eq!(half[..], whole[..half.len()], "{policy}");
        let later = whole.get(half.len()).map(|call| call["at"].as_str().unwrap().parse::<Timestamp>().unwrap());
        let end = "2015-03-13T21:40:00Z".parse::<Timestamp>().unwrap();
        assert!(later.is_none_or(|later| later >= end), "{policy}: {later:?}");
    }
}

#[test]
fn a_backtest_draws_a_picture() {
    let to = scratch("news.svg");
    let arguments = format!("backtest --no-optimum --picture {} --trace", to.display());
    let told = told(&arguments, &[&trace("news.csv")]);
    assert!(told.contains("\nThe cost that was paid is not known for a trace. With --stream it is known.\n"), "{told}");
    let text = fs::read_to_string(&to).unwrap();
    let svg = roxmltree::Document::parse(&text).unwrap();
    assert_eq!(svg.root_element().tag_name().name(), "svg");
    let shown: Vec<_> = svg.descendants().filter_map(|node| node.text().map(str::trim)).collect();
    for words in ["news under kinesis-scaler, 2015-03-13 00:00 to 2015-03-15 00:00 (UTC)", "Mar 14", "12:00", "shards"]
    {
        assert!(shown.contains(&words), "{words}: {shown:?}");
    }
}

/// The picture in the README is what the deployed functions make of the second day of a recorded trace.
#[test]
fn the_day_in_the_documents_is_what_is_drawn_today() {
    let to = scratch("day.svg");
    let arguments =
        format!("backtest --no-optimum --shards-max 1000 --picture {} --picture-days 1 --trace", to.display());
    told(&arguments, &[&trace("commute.csv")]);
    let drawn = fs::read_to_string(&to).unwrap();
    testkit::document::is("docs/day.svg", "`shardctl backtest`", &drawn);
}

#[test]
fn a_backtest_for_programs_is_a_summary_and_what_is_known_of_the_stream() {
    let told = json(&told("backtest --no-optimum --output json --policy aws-sample --trace", &[&trace("news.csv")]));
    assert_eq!(
        (&told["policy"], &told["stream"], &told["hindsight"]),
        (&"aws-sample".into(), &Value::Null, &Value::Null)
    );
    assert!(number(&told, "/usd") > 0.0);
}

#[test]
fn tuning_chooses_on_one_part_and_checks_on_the_other() {
    let told_json = json(&told("tune --output json --trace", &[&trace("news.csv")]));
    assert_eq!([&told_json["minutes_chosen_on"], &told_json["minutes_checked_on"]], [1_920, 960]);
    let candidates = told_json["candidates"].as_array().unwrap();
    assert!((24..=60).contains(&candidates.len()), "{}", candidates.len());
    let best = &candidates[usize::try_from(told_json["best"].as_u64().unwrap()).unwrap()];
    let most = number(&told_json, "/throttled_bytes_share_max");
    assert_near(most, number(&candidates[0], "/chosen_on/throttled_bytes_share"));
    let figures = |one: &Value| (number(one, "/chosen_on/usd"), number(one, "/chosen_on/throttled_bytes_share"));
    let (usd, throttled) = figures(best);
    assert!(throttled <= most);
    assert!(candidates.iter().map(figures).all(|(its, its_throttled)| its_throttled > most || its >= usd));
    let told = told("tune --trace", &[&trace("news.csv")]);
    assert!(told.starts_with("news: ") && told.contains("chosen on 1920 minutes"), "{told}");
}

#[test]
fn a_plan_covers_the_next_day_and_says_what_is_expected() {
    let news = trace("news.csv");
    let report = json(&told("forecast --initial-shards 4 --output json --trace", &[&news]));
    let spans = report["spans"].as_array().unwrap();
    assert_eq!(spans.iter().map(|span| span["minutes"].as_u64().unwrap()).sum::<u64>(), 1_440);
    assert_eq!((&report["resizes_left"], &spans[0]["shards"]), (&10.into(), &report["desired"]));
    for span in spans {
        assert!(number(span, "/likely") <= number(span, "/up_to"), "{span}");
    }
    let shown = told("forecast --initial-shards 4 --trace", &[&news]);
    assert_eq!(shown.lines().count(), 4 + spans.len(), "{shown}");
    let short = cut("news.csv", 59, "short.csv");
    refused(1, "a forecast needs at least an hour", &format!("forecast --trace {}", short.display()));
}

/// Two days of 10 MiB/s on 13 shards, which carry it: nothing is done, whatever little is known of the stream.
#[test]
fn a_load_that_never_changes_costs_no_call() {
    let start: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    let minute = |minute: i64| {
        let at = start.checked_add(jiff::SignedDuration::from_mins(minute)).unwrap();
        format!("{at},629145600,300000\n")
    };
    let minutes: String = (0..2 * 1_440).map(minute).collect();
    let flat = file("flat.csv", &format!("timestamp,incoming_bytes,incoming_records\n{minutes}"));
    let to = scratch("flat-calls.jsonl");
    let command = format!("simulate --initial-shards 13 --no-optimum --summary text --calls {} --trace", to.display());
    let said = told(&command, &[&flat]);
    assert!(said.contains("624"), "13 shards for two days: {said}");
    assert_eq!(fs::read_to_string(&to).unwrap(), "", "{said}");
}
