// SPDX-License-Identifier: Apache-2.0
//! `shardctl keys`: what is measured of partition keys, and what is said of it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::io::Write as _;
use std::process::Stdio;

use sandbox::{Capacity, Options, Sandbox};
use serde_json::Value;
use support::{assert_near, file, json, number, scratch, shardctl, shardctl_at, succeeded, told};

fn compared(arguments: &str) -> Vec<Value> {
    let report = json(&told(&format!("keys compare --output json {arguments}"), &[]));
    report["strategies"].as_array().unwrap().clone()
}

fn strategy<'a>(strategies: &'a [Value], name: &str) -> &'a Value {
    strategies.iter().find(|strategy| strategy["keys"] == name).unwrap()
}

#[test]
fn five_strategies_beside_each_other() {
    insta::assert_snapshot!("compare", told("keys compare --records 240000 --shards 8", &[]));
}

/// What each strategy is known for is in the figures, whatever the shards and the seed.
#[test]
fn each_strategy_is_as_it_is_known() {
    for arguments in ["--shards 4 --seed 7", "--shards 16 --seed 8 --skew 1.2", "--shards 5 --seed 9 --users 5000"] {
        let strategies = compared(&format!("--records 240000 {arguments}"));
        let of = |name, figure: &str| number(strategy(&strategies, name), figure);
        for even in ["random", "hash-based"] {
            assert!(of(even, "/p_value") > 1e-4, "{arguments}: {even} is even");
            assert!(of(even, "/window_max_over_mean") < 1.1, "{arguments}: {even}");
            assert_near(of(even, "/stars/evenness"), 5.0);
        }
        assert!(of("user-based", "/p_value") < 1e-9, "{arguments}: heavy users are no chance");
        assert_near(of("user-based", "/order_kept"), 1.0);
        assert!(of("composite", "/hottest/share") < of("user-based", "/hottest/share") / 10.0, "{arguments}");
        // One shard has all at any time.
        let shards = of("time-based", "/shards");
        assert_near(of("time-based", "/window_max_over_mean"), shards);
        assert_near(of("time-based", "/stars/evenness"), 1.0);
        // What each is meant to keep, it keeps; of a user's records a combination keeps no more than chance.
        for meant in ["user-based", "time-based", "composite"] {
            assert_near(of(meant, "/own_order_kept"), 1.0);
            assert_near(of(meant, "/stars/own_order"), 5.0);
        }
        assert!(of("composite", "/order_kept") < 0.5, "{arguments}");
        assert_eq!(strategy(&strategies, "composite")["own_order_of"], "each user in each category");
        for none in ["random", "hash-based"] {
            assert_eq!(strategy(&strategies, none)["own_order_kept"], Value::Null, "{none}");
        }
        assert!((of("random", "/order_kept") - 1.0 / shards).abs() < 0.02, "{arguments}: order by chance alone");
    }
}

#[test]
fn the_same_seed_is_the_same_events() {
    let told_by = |seed| told(&format!("keys test composite --records 50000 --seed {seed}"), &[]);
    assert_eq!(told_by(3), told_by(3));
    assert_ne!(told_by(3), told_by(4));
}

#[test]
fn keys_of_a_file_are_counted_and_the_hottest_told() {
    let lines: String =
        (0..1_000).map(|i| if i % 4 == 0 { "tenant-1\n".to_owned() } else { format!("user-{i}\n") }).collect();
    let keys = file("keys.txt", &lines);
    let picture = scratch("keys.svg");
    let told_of = told("keys test --shards 4 --records-per-second 20000 --keys", &[&keys]);
    let told_of = told_of.replace(keys.to_str().unwrap(), "keys.txt");
    insta::assert_snapshot!("test_file", told_of);
    told("keys test --keys", &[&keys, "--svg".as_ref(), &picture]);
    let svg = std::fs::read_to_string(picture).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert!(document.descendants().filter(|node| node.has_tag_name("rect")).count() >= 4, "a bar each");
}

#[test]
fn keys_may_be_fields_of_json_and_come_through_a_pipe() {
    let mut child = shardctl("keys test --keys - --field user --output json", &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "{\"user\":\"a\\u00e9\",\"n\":1}\n{\"user\":\"b\"}\n{\"user\":\"b\"}\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let report = json(&succeeded(child.wait_with_output().unwrap()));
    assert_eq!((&report["records"], &report["hottest_keys"][0]["key"]), (&3.into(), &"b".into()));
    assert_eq!(report["hottest_keys"][1]["key"], "aé");
    assert_eq!(report["order_kept"], Value::Null, "nobody knows the users");
}

/// One user with half of all events is the hottest key, or not, by the strategy.
#[test]
fn users_of_a_file_get_the_keys_of_a_strategy() {
    let users: String = (0..40_000).map(|i| if i % 2 == 0 { "big\n".to_owned() } else { format!("u{i}\n") }).collect();
    let path = file("users.txt", &users);
    let of = |strategy: &str| json(&told(&format!("keys test {strategy} --output json --keys"), &[&path]));
    let hottest = |report: &Value| number(report, "/hottest/share");
    for one_key_each in ["user-based", "hash-based"] {
        let report = of(one_key_each);
        let error = number(&report, "/count_error") / 40_000.0;
        assert!((0.5 - error..=0.5).contains(&hottest(&report)), "{one_key_each}: {}", hottest(&report));
        assert_eq!(report["order_kept"], 1.0, "{one_key_each}");
        assert_eq!(report["degrees_of_freedom"], 3);
    }
    let composite = of("composite");
    assert!(hottest(&composite) < 0.05 && composite["order_kept"].is_null(), "twenty categories share it");
    let random = of("random");
    assert!(hottest(&random) < 0.001 && number(&random, "/p_value") > 1e-4);
    // 40 s of a thousand a second are in one minute.
    assert_eq!(of("time-based")["effective_shards"], 1.0);
    assert_eq!(random, of("random"), "the same, whichever core has a line");
}

#[test]
fn what_cannot_be_counted_is_named() {
    let bad = |name, text: &str| file(name, text);
    for (arguments, path, code, words) in [
        ("keys test --keys", Some(bad("empty.txt", "")), 1, "has no key: expected one key on each line"),
        (
            "keys test --keys",
            Some(bad("gap.txt", "a\n\nb\n")),
            1,
            "line 2 is not a valid key: a partition key has 1 to 256 characters, and this key is empty",
        ),
        (
            "keys test --keys",
            Some(bad("long.txt", &"k".repeat(257))),
            1,
            "line 1 is not a valid key: a partition key has 1 to 256 characters, and \
             \"kkkkkkkkkkkkkkkkkkkk...\" has 257",
        ),
        (
            "keys test --field user --keys",
            Some(bad("no.json", "{\"id\":1}\n")),
            1,
            "no text and no number in the field \"user\"",
        ),
        ("keys test --field user --keys", Some(bad("half.json", "{\"user\":")), 1, "line 1 is not JSON"),
        ("keys test --keys /nowhere/keys.txt", None, 1, "cannot open the keys /nowhere/keys.txt"),
        ("keys test", None, 2, "required"),
        ("keys test by-chance", None, 2, "hash-based, user-based, time-based, composite or random"),
        (
            "keys test composite --keys",
            Some(bad("slashes.txt", &"/".repeat(200))),
            1,
            "line 1 gives no key: a partition key has",
        ),
        ("keys test random --keys", Some(bad("nobody.txt", "a\n\n")), 1, "line 2 has an empty user"),
        ("keys test --field user --keys", Some(bad("gap.json", "{\"user\":\"a\"}\n\n")), 1, "line 2 is not JSON"),
        ("keys test random --keys /nowhere/users.txt", None, 1, "cannot open the keys /nowhere/users.txt"),
        ("keys test random --field x", None, 2, "--keys"),
        ("keys test random --shards 0", None, 2, "0 is not in 1..=10000"),
        ("keys test random --shards 2 --stream s", None, 2, "cannot be used with"),
        ("keys compare --skew=-1", None, 2, "expected a number from 0 to 10"),
    ] {
        let more: Vec<_> = path.iter().map(std::path::PathBuf::as_path).collect();
        let output = shardctl(arguments, &more).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{arguments}: {told}");
        assert_eq!(output.status.code(), Some(code), "{arguments}: {told}");
    }
}

#[tokio::test]
async fn a_live_stream_s_own_ranges_are_those_that_count() {
    let options = Options { create_seconds: 0, resize_seconds: 0, ..Options::default() };
    let (sandbox, _) = Sandbox::start(options).await.unwrap();
    sandbox.create_stream("orders", Capacity::Shards(3), &[]).await.unwrap();
    let arguments = "keys test random --records 60000 --stream orders --output json";
    let report = json(&succeeded(shardctl_at(sandbox.endpoint(), arguments, &[]).await));
    let shards = report["by_shard"].as_array().unwrap();
    assert_eq!((shards.len(), &shards[2]["shard"]), (3, &"shardId-000000000002".into()));
    assert!(shards[0]["hash_keys"].as_str().unwrap().starts_with("0-113427455640312821154458202477256070484"));
}
