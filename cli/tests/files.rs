// SPDX-License-Identifier: Apache-2.0
//! Files as their tools write them: every encoding, every legal form, and what is odd told without spoiling the rest.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::Parser as _;
use proptest::prelude::*;
use serde_json::Value;
use support::{file, json, scratch, shardctl, succeeded, told};

fn input(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The plan for a file, as programs get it.
fn planned(topics: &Path, more: &str) -> Value {
    json(&told(&format!("migrate plan --region us-east-1 --output json {more} --topics"), &[topics]))
}

fn names(plan: &Value) -> Vec<&str> {
    plan["topics"].as_array().unwrap().iter().map(|topic| topic["topic"].as_str().unwrap()).collect()
}

/// What is left out, in words.
fn left_out(plan: &Value) -> Vec<String> {
    let told = |left: &Value| {
        let place = left["place"].as_str().and_then(|place| place.rsplit_once(": ")).map_or("", |(_, line)| line);
        let parts = [left["topic"].as_str().unwrap_or_default(), place, left["reason"].as_str().unwrap()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
    };
    plan["left_out"].as_array().unwrap().iter().map(told).collect()
}

fn check_of(plan: &Value, what: &str) -> (bool, String) {
    let check =
        plan["preparation"].as_array().unwrap().iter().find(|check| check["what"].as_str().unwrap().starts_with(what));
    let check = check.ok_or_else(|| format!("no {what}")).unwrap();
    (check["done"].as_bool().unwrap(), check["what"].as_str().unwrap().to_owned())
}

/// A text in the encodings that tools write, with their ends of lines.
fn written(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let windows = text.replace('\n', "\r\n");
    let marked = format!("\u{feff}{windows}");
    vec![
        ("UTF-8 with a mark and CRLF", marked.clone().into_bytes()),
        ("UTF-8 with CRLF", windows.into_bytes()),
        ("UTF-8 with CR", text.replace('\n', "\r").into_bytes()),
        ("UTF-16LE", marked.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16BE", marked.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ]
}

#[test]
fn every_command_reads_every_encoding_alike() {
    let path = scratch("encoded.txt");
    let plan = "migrate plan --region us-east-1 --output json --topics";
    for (command, name) in [
        (plan, "migrate/kafka-topics-4.txt"),
        (plan, "migrate/kafka-configs.txt"),
        (plan, "migrate/topics.csv"),
        (plan, "migrate/topics.json"),
        (plan, "migrate/kcat.json"),
        ("keys test --output json --keys", "migrate/topics.csv"),
        ("simulate --no-optimum --summary json --trace", "files/cloudwatch-floats.csv"),
    ] {
        let text = fs::read_to_string(input(name)).unwrap();
        fs::write(&path, &text).unwrap();
        let expected = told(command, &[&path]);
        for (encoding, bytes) in written(&text) {
            fs::write(&path, bytes).unwrap();
            assert!(told(command, &[&path]) == expected, "{command} {name} in {encoding}");
        }
    }
}

#[test]
fn settings_and_groups_are_read_in_every_encoding() {
    let (path, plain) = (scratch("encoded-2.txt"), scratch("plain-2.txt"));
    let settings = "TARGET_UTILIZATION_PERCENT=71\nSHARDS_MIN=2\n";
    let groups = fs::read_to_string(input("migrate/groups-with-blanks.txt")).unwrap();
    for (command, text, more) in [
        (
            "simulate --no-optimum --summary json --trace",
            settings,
            [input("files/cloudwatch-floats.csv"), "--policy".into()],
        ),
        ("migrate plan --region us-east-1 --topics", groups.as_str(), [input("migrate/topics.csv"), "--groups".into()]),
    ] {
        let of = |path: &Path| told(command, &[&more[0], &more[1], path]).replace(path.to_str().unwrap(), "F");
        fs::write(&plain, text).unwrap();
        let expected = of(&plain);
        for (encoding, bytes) in written(text) {
            fs::write(&path, bytes).unwrap();
            assert_eq!(of(&path), expected, "{command} in {encoding}");
        }
    }
}

#[test]
fn a_pipe_is_read_as_a_file_is() {
    let bytes = fs::read(input("files/windows-topics.txt")).unwrap();
    let mut child = shardctl("migrate plan --region us-east-1 --output json --topics -", &[])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let plan = json(&succeeded(child.wait_with_output().unwrap()));
    assert_eq!((names(&plan), &plan["topics"][0]["partitions"]), (vec!["fares"], &6.into()));
    let mut child =
        shardctl("simulate --no-optimum --summary json --policy - --trace", &[&input("files/cloudwatch-floats.csv")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    child.stdin.take().unwrap().write_all(b"\xef\xbb\xbfSHARDS_MIN=3\r\n").unwrap();
    assert_eq!(json(&succeeded(child.wait_with_output().unwrap()))["settings"]["SHARDS_MIN"], "3");
}

#[test]
fn standard_input_is_read_once() {
    for arguments in [
        "migrate plan --region us-east-1 --topics - --groups -",
        "migrate plan --region us-east-1 --topics - --topics -",
        "simulate --policy - --trace -",
        "backtest --policy - --trace -",
        "tune --policy - --trace -",
    ] {
        let output = shardctl(arguments, &[]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("`-` is given for several files"), "{arguments}: {told}");
        assert_eq!(output.status.code(), Some(2), "{arguments}: {told}");
    }
}

#[test]
fn a_cell_with_ends_of_lines_is_one() {
    let text = "topic;mb_per_second;consumer_groups\r\nfares;1;\"billing\r\nreports\"\r\nclicks;2;views\r\n";
    let plan = planned(&file("alt-enter.csv", text), "");
    assert_eq!((names(&plan), left_out(&plan)), (vec!["clicks", "fares"], vec![]));
    assert_eq!(plan["topics"][1]["consumer_groups"], serde_json::json!(["billing", "reports"]));
}

#[test]
fn keys_may_begin_as_files_of_other_kinds_do() {
    for text in ["PAR1-rack7\nPAR1-rack8\n", "+/v8\n+/v9\n"] {
        let keys = json(&told("keys test --shards 2 --output json --keys", &[&file("like-parquet.txt", text)]));
        assert_eq!(keys["hottest_keys"].as_array().unwrap().len(), 2, "{keys}");
    }
}

#[test]
fn a_topic_whose_name_has_are_in_it_is_read() {
    let text = "Dynamic configs for topic area-events are:\n  retention.ms=60000 sensitive=false synonyms={}\n";
    let plan = planned(&file("are.txt", text), "");
    assert_eq!((names(&plan), &plan["topics"][0]["retention_ms"]), (vec!["area-events"], &60_000.into()));
}

#[test]
fn a_tool_s_topic_that_somebody_describes_is_asked_about() {
    let described = file("described.csv", "topic,mb_per_second\nheartbeats,2\nconnect-configs,1\nfares,1\n");
    let plan = planned(&described, "");
    assert_eq!((names(&plan), left_out(&plan)), (vec!["connect-configs", "fares", "heartbeats"], vec![]));
    for (at, whose) in [(0, "Kafka Connect's own"), (2, "MirrorMaker's own")] {
        let asked = plan["topics"][at]["commands"][0].as_str().unwrap();
        assert!(asked.contains(&format!("by its name it may be {whose}")), "{asked}");
    }
    let tools = "Topic: heartbeats\tPartitionCount: 1\nTopic: fares\tPartitionCount: 1\n";
    let alone = planned(&file("heartbeats.txt", tools), "");
    assert_eq!((names(&alone), left_out(&alone)), (vec!["fares", "heartbeats"], vec![]));
    let beside = format!("{tools}Topic: west.checkpoints.internal\tPartitionCount: 1\n");
    let mirrored = planned(&file("mirrored.txt", &beside), "");
    assert_eq!(names(&mirrored), ["fares"]);
    assert!(left_out(&mirrored).contains(&"heartbeats: MirrorMaker's own, nothing to move".to_owned()), "{mirrored:#}");
}

#[test]
fn a_description_with_a_field_of_another_tool_loses_nothing_silently() {
    let told = |name: &str, text: &str| {
        let output = shardctl("migrate plan --region us-east-1 --topics", &[&file(name, text)]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let named = told("named.json", r#"[{"name":"fares","partitions":3,"mb_per_second":5,"retention_ms":1000}]"#);
    assert!(
        named.contains("no field is called \"name\"") && named.contains("`topic`, its name, is missing"),
        "{named}"
    );
    let both = told("both.json", r#"{"topic":"fares","name":"Fares","partitions":3,"mb_per_second":5}"#);
    assert!(both.contains("fares: ") && both.contains("no field is called \"name\""), "{both}");
    let one = planned(&file("one.json", r#"{"topic":"fares","partitions":3,"mb_per_second":5}"#), "");
    assert_eq!((names(&one), &one["topics"][0]["partitions"]), (vec!["fares"], &3.into()));
}

#[test]
fn marks_of_windows_hide_nothing() {
    let plan = planned(&input("files/windows-topics.txt"), "");
    assert_eq!((names(&plan), &plan["topics"][0]["partitions"]), (vec!["fares"], &6.into()));
    for what in ["no topic is compacted", "no topic allows batches", "every retention fits"] {
        assert!(!check_of(&plan, what).0, "{what}");
    }
    let keys = json(&told("keys test --shards 2 --output json --keys", &[&input("files/windows-keys.txt")]));
    assert_eq!(keys["hottest_keys"].as_array().unwrap().len(), 2, "{keys}");
    told("simulate --no-optimum --summary json --trace", &[&input("files/windows-trace.csv")]);
}

#[test]
fn a_file_that_is_no_text_is_named_with_the_place() {
    let path = scratch("no-text");
    for (bytes, words) in [
        (&b"topic,mb_per_second\nfares,1\ncaf\xe9,1\n"[..], "byte 31 (line 3): not UTF-8"),
        (b"\x1f\x8b\x08\0", "compressed by gzip: unpack it first"),
        (b"PK\x03\x04xlsx", "save the sheet as CSV"),
        (b"t\0o\0p\0", "UTF-16 without a byte order mark"),
        (b"\xff\xfe\0\0t\0\0\0", "UTF-32"),
    ] {
        fs::write(&path, bytes).unwrap();
        for command in [
            "migrate plan --region us-east-1 --topics",
            "keys test --keys",
            "simulate --no-optimum --trace",
            "simulate --no-optimum --trace shared/none.csv --policy",
        ] {
            let command = command.replace("shared/none.csv", input("files/cloudwatch-floats.csv").to_str().unwrap());
            let output = shardctl(&command, &[&path]).output().unwrap();
            let told = String::from_utf8(output.stderr).unwrap();
            assert!(told.contains(words) && told.contains("no-text"), "{command} {bytes:?}: {told}");
            assert_eq!(output.status.code(), Some(1), "{command}: {told}");
        }
    }
}

#[test]
fn what_is_kept_for_ever_has_no_counterpart_and_spoils_no_other_topic() {
    let plan = planned(&input("migrate/kafka-topics-kept-for-ever.txt"), "");
    assert_eq!(names(&plan), ["archive", "fares"]);
    assert_eq!(plan["topics"][0]["retention_hours"], 8_760);
    let hard = plan["topics"][0]["notices"].as_array().unwrap().iter().any(|notice| {
        notice["has_no_counterpart"] == true && notice["words"].as_str().unwrap().contains("kept for ever")
    });
    assert!(hard, "{plan:#}");
}

#[test]
fn a_topic_that_is_being_deleted_is_left_out_by_name() {
    let plan = planned(&input("migrate/kafka-topics-deleting.txt"), "");
    assert_eq!(
        (names(&plan), left_out(&plan)),
        (vec!["fares"], vec!["parcels: line 1: marked for deletion".to_owned()])
    );
    assert!(check_of(&plan, "every topic in the files is read").0, "nobody has to correct it");
}

#[test]
fn what_tools_keep_for_themselves_is_left_out_or_asked_about() {
    let groups = input("migrate/groups-infrastructure.txt");
    let more = format!("--mb-per-second-per-topic 0.5 --groups {}", groups.display());
    let plan = planned(&input("migrate/kafka-topics-infrastructure.txt"), &more);
    assert_eq!(names(&plan), ["app-store-changelog", "fares"]);
    assert_eq!(
        left_out(&plan),
        [
            "__KafkaCruiseControlModelTrainingSamples: Cruise Control's own, nothing to move",
            "__amazon_msk_canary: Amazon MSK's own, nothing to move",
            "__consumer_offsets: Kafka's own, nothing to move",
            "_schemas: the schema registry's own, nothing to move",
            "connect-offsets: Kafka Connect's own, nothing to move",
        ]
    );
    let asked = plan["topics"][0]["commands"][0].as_str().unwrap();
    assert!(asked.starts_with("# app-store-changelog: by its name it may be Kafka Streams' own"), "{asked}");
    assert!(plan["topics"][1]["commands"][0].as_str().unwrap().starts_with("AWS_REGION="), "{plan:#}");
    assert_eq!(plan["groups_of_unknown_topics"], Value::Array(vec![]));
}

#[test]
fn nothing_is_ticked_that_nobody_told() {
    let unticked = |plan: &Value, but: &[&str]| {
        for check in plan["preparation"].as_array().unwrap() {
            let what = check["what"].as_str().unwrap();
            let is_known = but.iter().any(|known| what.starts_with(known));
            assert_eq!(check["done"], is_known, "{what}");
        }
    };
    let names_alone = ["every topic has a legal stream name", "every topic in the files is read"];
    unticked(&planned(&file("names.csv", "topic\nfares\n"), ""), &names_alone);
    let rate = [&names_alone[..], &["the peak rate", "every price is known"]].concat();
    let bare = planned(&input("migrate/bare.csv"), "");
    unticked(&bare, &rate);
    assert_eq!(check_of(&bare, "no topic is compacted").1, "no topic is compacted (unknown for fares)");
    // A price that nobody looks for, since the records are not known, is not known either.
    unticked(
        &json(&told(
            "migrate plan --region eu-west-1 --price shard-hour=0.017 --output json --topics",
            &[&input("migrate/bare.csv")],
        )),
        &rate[..3],
    );
    let whole = "topic,mb_per_second,records_per_second,max_message_bytes,retention_ms,retention_bytes,cleanup_policy,key_ordering,\
                 consumer_groups\nfares,0.5,10,1000,86400000.0,-1.0,delete,no,a\n";
    let plan = planned(&file("whole.csv", whole), "");
    let open = plan["preparation"].as_array().unwrap().iter().filter(|check| check["done"] == false).count();
    assert_eq!(open, 4, "what no file can tell: {plan:#}");
    assert_eq!(plan["topics"][0]["notices"], Value::Array(vec![]));
}

#[test]
fn groups_are_read_by_the_columns_of_the_header() {
    let groups = input("migrate/groups-with-blanks.txt");
    let plan = planned(&input("migrate/kafka-topics-warning.txt"), &format!("--groups {}", groups.display()));
    assert_eq!(plan["topics"][0]["consumer_groups"], serde_json::json!(["Fare Engine (prod)", "reports 2025"]));
    assert_eq!(plan["unread"].as_array().unwrap().len(), 1, "the warning alone");
    let text = "Consumer group 'idle' has no active members.\n\nWarning: Consumer group 'busy' is rebalancing.\n\n\
                GROUP   TOPIC  PARTITION  LEADER-EPOCH CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST  CLIENT-ID\n\
                a;b c   fares  0          -            -               7               -    -            -     -\n\
                a;b c   -      -          -            -               -               -    c 1          /x    c 1\n\
                [2026-01-01 00:00:00,000] WARN something (x)\n\
                \nGROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID\n\
                billing fares 0 16577 33154 16577 consumer1 /127.0.0.1 consumer1\n";
    let groups = file("odd-groups.txt", text);
    let plan = planned(&input("migrate/kafka-topics-warning.txt"), &format!("--groups {}", groups.display()));
    assert_eq!(plan["topics"][0]["consumer_groups"], serde_json::json!(["a;b c", "billing"]));
    assert_eq!(plan["unread"].as_array().unwrap().len(), 2, "both warnings of a log");
}

#[test]
fn topic_lists_of_other_tools_are_read_or_named() {
    let kcat = planned(&input("migrate/kcat.json"), "");
    let partitions: Vec<_> =
        kcat["topics"].as_array().unwrap().iter().map(|topic| topic["partitions"].clone()).collect();
    assert_eq!((names(&kcat), partitions), (vec!["fares", "parcels"], vec![2.into(), 1.into()]));
    let msk = planned(&input("migrate/msk.json"), "");
    assert_eq!((names(&msk), &msk["topics"][0]["retention_hours"]), (vec!["fares"], &168.into()));
    for (text, words) in [
        ("[\"fares\", \"parcels\"]", "kafka-topics.sh --describe"),
        ("{\"hits\": {\"total\": 3}}", "kcat -L -J"),
        ("fares\nparcels\n", "if it is kafka-topics --list: use --describe"),
        ("GROUP  TOPIC  PARTITION  CURRENT-OFFSET\na  b  0  1\n", "give it as --groups"),
    ] {
        let output =
            shardctl("migrate plan --region us-east-1 --topics", &[&file("foreign.txt", text)]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && told.contains(words), "{text}: {told}");
    }
}

#[test]
fn descriptions_are_read_as_programs_write_them() {
    for (name, text) in [
        ("lines.json", "{\"topic\": \"fares\", \"partitions\": 3}\n{\"topic\": \"clicks\", \"partitions\": 2.0}\n"),
        (
            "loop.json",
            "{\n  \"topicName\": \"fares\",\n  \"partitionCount\": 3\n}\n{\n  \"topicName\": \"clicks\",\n  \"partitionCount\": 2\n}\n",
        ),
        (
            "pages.json",
            "{\"topics\": [{\"topic\": \"fares\", \"partitions\": 3}]}\n[{\"topic\": \"clicks\", \"partitions\": 2}]",
        ),
        ("pandas.csv", ",topic,partitions,retention_ms\n0,fares,3.0,\n1,clicks,2.0,-1.0\n"),
        ("excel.txt", "Topic\tPartitions\tKey_Ordering\nfares\t3\tTRUE\nclicks\t2\t\n"),
    ] {
        let plan = planned(&file(name, text), "");
        let partitions: Vec<_> =
            plan["topics"].as_array().unwrap().iter().map(|topic| topic["partitions"].clone()).collect();
        assert_eq!((names(&plan), partitions), (vec!["clicks", "fares"], vec![2.into(), 3.into()]), "{name}");
    }
    let plan = "migrate plan --region us-east-1 --topics";
    let column = file("column.csv", "topic,rate,owner\nfares,1,me\nclicks,2,you\n");
    let output = shardctl(plan, &[&column]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        (output.status.code(), told.matches("no field is called").count()),
        (Some(1), 2),
        "once a column: {told}"
    );
    let idle = file("idle-groups.txt", "\nConsumer group 'nightly' has no active members.\n");
    assert!(told_of(&[&input("migrate/bare.csv"), "--groups".as_ref(), &idle]).contains("No consumer group is known"));
}

fn told_of(more: &[&Path]) -> String {
    told("migrate plan --region us-east-1 --topics", more)
}

#[test]
fn one_odd_row_of_a_description_is_left_out_and_the_others_are_planned() {
    let table = "Topic;Partitions;MB_per_second;Retention_hours\nfares;3;0,5;48\nclicks;many;1;24\n\"parcels;2;1;24\nshort;1\n\
                 orders;2;1,024;24\nlate;2;2;24\n;;;\n";
    let plan = planned(&file("odd.csv", table), "");
    assert_eq!(names(&plan), ["fares", "late"]);
    assert_eq!(plan["topics"][0]["bytes_per_second"], 524_288);
    assert_eq!(
        left_out(&plan),
        [
            "clicks: line 3: partitions=\"many\" is not a whole number of 1 or more",
            "line 4: \"\\\"parcels;2;1;24\": it begins a quoted cell that has no closing quote at the end of a row",
            "short: line 5: \"short;1\": it has 2 cells, and the header has 4",
            "orders: line 6: mb_per_second=\"1,024\": expected MB a second, above 0 and up to 10000, for \
             example 3.5; it is 1024 to some readers and 1.024 to others: write one of the two",
        ]
    );
    assert!(!check_of(&plan, "every topic in the files is read").0);
}

#[test]
fn contradictions_are_told_as_they_were_written() {
    let first = file("first.csv", "topic,mb_per_second,retention_hours\nfares,3.5,72\nclicks,1,24\n");
    let second = file("second.json", r#"[{"topic": "fares", "bytes_per_second": 1048576, "retention_ms": 259200000}]"#);
    let plan =
        json(&told("migrate plan --region us-east-1 --output json --topics", &[&first, "--topics".as_ref(), &second]));
    let expected = format!(
        "fares: topic 1: bytes_per_second=\"1048576\" here and mb_per_second=\"3.5\" in {}: line 2: which of \
         the two is right?",
        first.display()
    );
    assert_eq!((names(&plan), left_out(&plan)), (vec!["clicks"], vec![expected]));
}

#[test]
fn numbers_are_read_as_tools_print_them() {
    let floats = json(&told("simulate --no-optimum --summary json --trace", &[&input("files/cloudwatch-floats.csv")]));
    assert_eq!(floats["trace"]["peak_shards"], 1, "{floats:#}");
    let plan =
        json(&told("size --mb-per-second 2.9296875 --records-per-second 3000.0 --region us-east-1 --output json", &[]));
    assert_eq!((&plan["shards_by_bytes"], &plan["shards_by_records"]), (&3.into(), &3.into()));
    let numbers = file(
        "numbers.json",
        "{\"user\":12345678901234567890123}\n{\"user\":12345678901234567890123}\n{\"user\":1.0}\n",
    );
    let keys = json(&told("keys test --field user --output json --keys", &[&numbers]));
    let hottest: Vec<_> =
        keys["hottest_keys"].as_array().unwrap().iter().map(|hot| hot["key"].as_str().unwrap()).collect();
    assert_eq!(hottest, ["12345678901234567890123", "1.0"]);
}

#[test]
fn a_huge_trace_is_simulated_from_no_more_shards_than_there_can_be_or_refused() {
    let trace = |bytes: &str, records: &str| {
        let minute = |minute: u8| format!("2026-03-02T00:0{minute}:00Z,{bytes},{records}");
        let minutes = (0..9).map(minute).collect::<Vec<_>>().join("\n");
        file(&format!("huge-{bytes}-{records}.csv"), &format!("timestamp,incoming_bytes,incoming_records\n{minutes}"))
    };
    // 8,000 MiB a second, and the most that is read.
    for (bytes, records, fate) in
        [("503316480000", "1", "lost"), ("6.291456e12", "6.0e9", "lost"), ("6.291456e12", "6.0e9", "retried")]
    {
        let command = format!("simulate --no-optimum --summary json --throttled {fate} --trace");
        let run = json(&told(&command, &[&trace(bytes, records)]));
        assert_eq!(run["initial_shards"], 10_000, "{run:#}");
    }
    for (bytes, records) in [("6.3e12", "1"), ("1", "6000000001"), ("18446744073709551615", "1")] {
        let output = shardctl("simulate --no-optimum --trace", &[&trace(bytes, records)]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            told.contains("the minute 2026-03-02T00:00:00Z has more than 10 streams of 10000 shards take"),
            "{told}"
        );
        assert_eq!(output.status.code(), Some(1), "{told}");
    }
}

#[test]
fn hashes_of_users_are_told_from_hashes_of_events() {
    let keys = input("files/windows-keys.txt");
    let words = "for generated events it hashes each event's own identifier";
    assert!(told("keys test hash_based_key --keys", &[&keys]).contains(words));
    for function in ["user_based_key", "time_based_key", "composite_key", "random_key"] {
        assert!(!told(&format!("keys test {function} --keys"), &[&keys]).contains(words), "{function}");
    }
    assert!(!told("keys test hash_based_key --records 1000", &[]).contains(words));
}

/// Runs it in this process: `Err` in words, where it is refused.
fn run(arguments: &[&str]) -> Result<String, String> {
    let parsed =
        shardctl::Arguments::try_parse_from(["shardctl"].iter().chain(arguments)).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    shardctl::run(parsed, &mut out).map_err(|error| format!("{error:#}"))?;
    Ok(String::from_utf8(out).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// A fixture with some bytes in its midst that nobody expects.
    #[test]
    fn whatever_is_in_a_file_it_is_answered(
        which in 0..8_usize,
        at in any::<prop::sample::Index>(),
        removed in 0..12_usize,
        put in prop_oneof![proptest::collection::vec(any::<u8>(), 0..12), "[-0-9.,eE;:=\"\\t\\n# {}\\[\\]]{0,12}".prop_map(String::into_bytes)],
    ) {
        let (name, before): (&str, &[&str]) = [
            ("migrate/kafka-topics-4.txt", &["migrate", "plan", "--region", "us-east-1", "--topics"][..]),
            ("migrate/kafka-configs.txt", &["migrate", "plan", "--region", "us-east-1", "--topics"]),
            ("migrate/topics.csv", &["migrate", "plan", "--region", "us-east-1", "--topics"]),
            ("migrate/topics.json", &["migrate", "plan", "--region", "us-east-1", "--topics"]),
            ("migrate/kcat.json", &["migrate", "plan", "--region", "us-east-1", "--topics"]),
            ("migrate/groups.txt", &["migrate", "plan", "--region", "us-east-1", "--topics", "tests/migrate/topics.csv", "--groups"]),
            ("migrate/topics.csv", &["keys", "test", "--keys"]),
            ("files/cloudwatch-floats.csv", &["simulate", "--no-optimum", "--trace"]),
        ][which];
        let mut bytes = fs::read(input(name)).unwrap();
        let from = at.index(bytes.len());
        bytes.splice(from..(from + removed).min(bytes.len()), put);
        let path = scratch(&format!("odd-bytes-{which}"));
        fs::write(&path, bytes).unwrap();
        if let Err(told) = run(&[before, &[path.to_str().unwrap()]].concat()) {
            prop_assert!(told.contains("odd-bytes") || told.contains("no key"), "names the file: {}", told);
        }
    }
}
