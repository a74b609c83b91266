// SPDX-License-Identifier: Apache-2.0
//! The operator's commands over a sandbox: what they do to a stream, what they say, and what they leave alone.
#![allow(clippy::unwrap_used)]

#[path = "support/operator.rs"]
mod operator;
#[path = "support/standin.rs"]
mod standin;
mod support;

use std::collections::BTreeMap;

use aws_models::cloudwatch::{AlarmSource, Metric, Query, QuerySource};
use kinesis_model::ShardCount;
use operator::{BYTES_PER_SHARD, MANAGED, STACK, answer, fails, held, loaded, minutes_ago, sandbox, told, writes};
use sandbox::{Capacity, alarm_config};
use scaler_core::{
    AlarmActions, Policy, PolicySpec, TAG_MADE_BY, TAG_MANAGED, TAG_RESIZES, TAG_SHARDS_MAX, stream_alarms,
};
use serde_json::{Value, json};
use support::{file, json, shardctl, shardctl_at, succeeded};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_made_looked_at_scaled_and_looked_at_again() {
    let sandbox = sandbox().await;
    let made = answer(&sandbox, "create orders --managed --tag team=a/b --retention-hours 48").await;
    assert_eq!(
        [&made["mode"], &made["status"], &made["open_shards"], &made["retention_hours"], &made["tags"]],
        [
            &json!("provisioned"),
            &json!("ACTIVE"),
            &json!(2),
            &json!(48),
            &json!({ TAG_MANAGED: "true", "team": "a/b" })
        ]
    );
    assert_eq!((&made["records_put"], &made["records_read"], &made["load"]), (&json!(10), &json!(10), &Value::Null));
    let by_shard = made["records_by_shard"].as_object().unwrap();
    assert_eq!(by_shard.values().map(|records| records.as_u64().unwrap()).sum::<u64>(), 10);

    let before = answer(&sandbox, "status orders").await;
    assert_eq!([&before["open_shards"], &before["retention_hours"], &before["resizes_left"]], [2, 48, 10]);
    assert_eq!((&before["managed"], &before["attempts"], &before["alarms"]), (&json!(true), &json!([]), &json!([])));

    let scaled = answer(&sandbox, "scale orders to 7 --wait").await;
    assert_eq!((&scaled["outcome"], &scaled["from"], &scaled["to"]), (&json!("resized"), &json!(2), &json!(7)));
    let passes: Vec<_> = scaled["passes"].as_array().unwrap().iter().map(|pass| &pass["desired"]).collect();
    assert_eq!(passes, [4, 7], "no more than double at once");

    let after = answer(&sandbox, "status orders").await;
    assert_eq!([&after["open_shards"], &after["resizes_left"]], [7, 8]);
    let attempts: Vec<_> = after["attempts"].as_array().unwrap().iter().map(|attempt| &attempt["to"]).collect();
    assert_eq!(attempts, [4, 7]);
    assert!(after["next_resize_free_at"].is_string(), "{after}");
    assert_eq!(after["missing"], json!([]));

    let again = answer(&sandbox, "scale orders to 7").await;
    assert_eq!((&again["outcome"], &again["passes"]), (&json!("nothing-to-do"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_for_people_say_what_is_next() {
    let sandbox = sandbox().await;
    let made = told(&sandbox, "create orders --managed --shards 1").await;
    for words in ["orders: created, ACTIVE, provisioned, open shards 1", "10 put and read back", "CloudWatch has none"]
    {
        assert!(made.contains(words), "{made}");
    }
    let resized = told(&sandbox, "scale orders to 4").await;
    assert!(resized.contains("requested: from 1 to 2, on the way to 4\n"), "{resized}");
    assert!(resized.ends_with("To go on: shardctl scale --wait orders to 4\n"), "{resized}");
    fails(sandbox.endpoint(), "create orders", &["stream orders exists already", "shardctl status orders"]).await;

    loaded(&sandbox, "clicks", 8, 0.8, &[(TAG_SHARDS_MAX, "9")]).await;
    let status = told(&sandbox, "status clicks").await;
    for words in [
        "clicks: provisioned, ACTIVE, open shards 8, retention 24 h",
        "settings: risk balanced, target 80 %, stabilization 60 min, 1 to 9 shards",
        "aws kinesis enable-enhanced-monitoring --region us-east-1 --stream-name clicks --shard-level-metrics IncomingBytes \
         IncomingRecords WriteProvisionedThroughputExceeded\n",
        "cost 7.20 USD a month",
        "resizes left in 24 h: 10 of 10\n",
        "alarms: none: alarm-sync creates them",
        "scale-in: dry run: would scale in from 8 to 4 shards: ",
    ] {
        assert!(status.contains(words), "{words}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looks_and_dry_runs_change_nothing() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "small", 4, 3.9, &[]).await;
    loaded(&sandbox, "large", 8, 0.8, &[]).await;
    // Resized by somebody else since: a pass that may write would note it.
    let history = format!("o{}=2-3", sandbox.now().as_second() - 7_200);
    loaded(&sandbox, "changed", 4, 2.0, &[(TAG_RESIZES, &history)]).await;
    sandbox.forget_calls();
    let mut before = Vec::new();
    for stream in ["small", "large", "changed"] {
        before.push(answer(&sandbox, &format!("status {stream}")).await);
    }
    assert_eq!(writes(&sandbox), [""; 0]);
    for (arguments, outcome) in [
        ("small auto", "dry-run"),
        ("small out", "dry-run"),
        ("small in", "nothing-to-do"),
        ("small to 9", "dry-run"),
        ("large auto", "dry-run"),
        ("large in", "dry-run"),
        ("large to 2", "dry-run"),
        ("changed to 5", "dry-run"),
    ] {
        let looked = answer(&sandbox, &format!("scale {arguments} --dry-run")).await;
        assert_eq!(looked["outcome"], outcome, "{arguments}: {looked}");
    }
    let settings = file("dry-run.txt", "DRY_RUN=true\n");
    let stack = answer(&sandbox, &format!("scale small out --policy {}", settings.display())).await;
    assert_eq!(stack["outcome"], "dry-run", "so the stack says: {stack}");
    answer(&sandbox, "status").await;
    assert_eq!(writes(&sandbox), [""; 0]);
    for (stream, before) in ["small", "large", "changed"].into_iter().zip(before) {
        let after = answer(&sandbox, &format!("status {stream}")).await;
        for field in ["open_shards", "tags", "attempts", "alarms"] {
            assert_eq!(before[field], after[field], "{stream}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_goes_the_way_that_the_load_asks_for() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "small", 4, 3.9, &[]).await;
    loaded(&sandbox, "large", 8, 0.8, &[]).await;
    loaded(&sandbox, "right", 4, 3.0, &[]).await;
    loaded(&sandbox, "talked-about", 8, 0.8, &[("kinesis-scaler/dry-run", "true")]).await;
    sandbox.create_stream("new", Capacity::Shards(2), &[MANAGED]).await.unwrap();
    for (arguments, outcome, to) in [
        ("small auto --wait", "resized", 5),
        ("small in", "nothing-to-do", 5),
        ("large out", "nothing-to-do", 8),
        ("large auto", "resized", 4),
        ("right auto", "nothing-to-do", 4),
        ("talked-about in", "dry-run", 4),
        ("new auto", "held", 2),
        ("new in", "held", 2),
    ] {
        let looked = answer(&sandbox, &format!("scale {arguments}")).await;
        assert_eq!((&looked["outcome"], &looked["to"]), (&json!(outcome), &json!(to)), "{arguments}: {looked}");
    }
    let talk = held(&sandbox, "scale talked-about to 6").await;
    assert_eq!((&talk["outcome"], &talk["to"]), (&json!("dry-run"), &json!(6)), "its own tag keeps hands off it");
    let asked = answer(&sandbox, "scale talked-about to 6 --dry-run").await;
    assert_eq!(asked["outcome"], "dry-run", "nothing else was ordered");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_takes_nothing_away_that_is_needed() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "busy", 8, 4.0, &[]).await;
    sandbox.forget_calls();
    let few = held(&sandbox, "scale busy to 3").await;
    assert_eq!((&few["outcome"], &few["to"]), (&json!("held"), &json!(8)), "not half of what was ordered: {few}");
    assert!(few["words"].as_str().unwrap().starts_with("stays at 8: demand in the busiest minute"), "{few}");
    assert!(few["next"].as_str().unwrap().contains("shardctl scale busy to 5"), "{few}");
    sandbox.cloudwatch().record(
        &Metric::kinesis("busy", "GetRecords.IteratorAgeMilliseconds"),
        minutes_ago(&sandbox, 2),
        600_000.0,
    );
    let behind = held(&sandbox, "scale busy to 5 --wait").await;
    assert_eq!(behind["outcome"], "held");
    assert!(behind["words"].as_str().unwrap().starts_with("stays at 8: consumers are 600 s behind"), "{behind}");
    assert_eq!(writes(&sandbox), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_a_persons_to_give() {
    let sandbox = sandbox().await;
    let spent = |count: i64| {
        let at = sandbox.now().as_second() - 60;
        (0..count).map(|i| format!("o{}=8-8", at - i)).collect::<Vec<_>>().join(" ")
    };
    // Neither the cooldown, nor the reserve, nor its own bounds, nor a load that changes.
    loaded(&sandbox, "cooling", 8, 0.8, &[(TAG_RESIZES, &spent(8)), (TAG_SHARDS_MAX, "5")]).await;
    sandbox.cloudwatch().record(
        &Metric::kinesis("cooling", "IncomingBytes"),
        minutes_ago(&sandbox, 58),
        2.0 * BYTES_PER_SHARD,
    );
    let down = answer(&sandbox, "scale cooling to 7 --wait").await;
    assert_eq!((&down["outcome"], &down["to"]), (&json!("resized"), &json!(7)), "{down}");
    let notes = down["notes"].to_string();
    assert!(notes.contains("back to its maximum of 5") && notes.contains("shards-max=7"), "{notes}");
    assert!(notes.contains("minutes needs 4: scale-in removes the rest"), "{notes}");

    loaded(&sandbox, "spent", 8, 0.8, &[(TAG_RESIZES, &spent(9))]).await;
    let few = held(&sandbox, "scale spent to 2 --wait").await;
    assert_eq!((&few["outcome"], &few["from"], &few["to"]), (&json!("held"), &json!(8), &json!(4)), "{few}");
    let words = few["words"].as_str().unwrap();
    assert!(words.starts_with("8 -> 4, then stays at 4: 10 resizes were made in the last 24 h"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_to_which_nobody_writes_shrinks_when_a_person_takes_the_unknown_upon_them() {
    let sandbox = sandbox().await;
    told(&sandbox, "create idle --shards 40 --managed").await;
    let unknown = held(&sandbox, "scale idle to 20").await;
    assert_eq!((&unknown["outcome"], &unknown["to"]), (&json!("held"), &json!(40)), "{unknown}");
    let next = unknown["next"].as_str().unwrap();
    assert!(next.contains("shardctl scale idle to 20 --despite-unknown-load"), "{next}");
    let done = answer(&sandbox, "scale idle to 7 --wait --despite-unknown-load").await;
    assert_eq!((&done["outcome"], &done["to"]), (&json!("resized"), &json!(7)), "{done}");
    assert!(done["words"].as_str().unwrap().contains("40 -> 20 -> 10 -> 7"), "AWS halves at most: {done}");
    assert!(done["notes"].to_string().contains("Little or nothing is known of its load"), "{done}");
    // What is known counts all the same.
    loaded(&sandbox, "busy", 8, 4.0, &[]).await;
    let busy = held(&sandbox, "scale busy to 4 --despite-unknown-load").await;
    assert!(busy["words"].as_str().unwrap().starts_with("stays at 8: demand in the busiest minute"), "{busy}");
    let look = shardctl_at(sandbox.endpoint(), "scale busy in --despite-unknown-load", &[]).await;
    assert_eq!(look.status.code(), Some(2), "a look goes by what is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_order_the_alarms_fit_the_streams_own_bounds() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "orders", 4, 0.8, &[]).await;
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let tags = BTreeMap::from([(TAG_MADE_BY.to_owned(), STACK.to_owned())]);
    for alarm in stream_alarms(&policy, "orders", ShardCount::new(4).unwrap(), &AlarmActions::default()) {
        let config = alarm_config(&alarm.signed_by(STACK));
        sandbox.cloudwatch().put_alarm_tagged(config, tags.clone(), sandbox.now()).unwrap();
    }
    let scaled = answer(&sandbox, "scale orders to 8 --wait").await;
    assert_eq!(scaled["passes"][0].get("faults"), None, "{scaled}");
    let cloudwatch = sandbox.cloudwatch();
    let alarm = &cloudwatch.alarm("kinesis-scaler/orders/scale-in").unwrap().config;
    assert!((alarm.rule.threshold - 70.0).abs() < 1e-9, "7 of 8 at 80 %, and not the 0 of a fixed count: {alarm:?}");
    let fits = |query: &Query| query.id == "shards" && query.source == QuerySource::Expression("8".to_owned());
    assert!(matches!(&alarm.source, AlarmSource::Math(queries) if queries.iter().any(fits)), "{alarm:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_ours_is_refused() {
    let sandbox = sandbox().await;
    sandbox.create_stream("untagged", Capacity::Shards(2), &[]).await.unwrap();
    sandbox.create_stream("slip", Capacity::Shards(2), &[MANAGED, (TAG_SHARDS_MAX, "lots")]).await.unwrap();
    sandbox.create_stream("elastic", Capacity::OnDemand, &[MANAGED]).await.unwrap();
    sandbox.forget_calls();
    let enrol =
        "aws kinesis add-tags-to-stream --region us-east-1 --stream-name untagged --tags kinesis-scaler/managed=true";
    for order in ["auto", "out", "in", "to 4", "to 2", "to 4 --dry-run", "rebalance", "rebalance --dry-run"] {
        fails(sandbox.endpoint(), &format!("scale untagged {order}"), &["not managed", enrol]).await;
    }
    fails(sandbox.endpoint(), "scale slip to 4", &["shards-max=\"lots\" is not a whole number"]).await;
    fails(sandbox.endpoint(), "scale elastic to 8", &["on-demand mode"]).await;
    fails(sandbox.endpoint(), "scale elastic rebalance", &["on-demand mode"]).await;
    fails(sandbox.endpoint(), "scale nobody auto", &["ResourceNotFoundException"]).await;
    fails(
        sandbox.endpoint(),
        "status nobody",
        &["ResourceNotFoundException", "check the name, the Region and the account"],
    )
    .await;
    let refused = shardctl_at(sandbox.endpoint(), "scale untagged to 4 --output json", &[]).await;
    assert_eq!(json(&String::from_utf8(refused.stdout).unwrap())["outcome"], "refused", "programs are told as well");
    assert_eq!(writes(&sandbox), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_is_every_stream_that_carries_the_tag() {
    let sandbox = sandbox().await;
    assert!(told(&sandbox, "status").await.contains("no stream in this account and Region carries the tag"));
    loaded(&sandbox, "orders", 4, 3.9, &[]).await;
    sandbox.create_stream("declined", Capacity::Shards(2), &[(TAG_MANAGED, "false")]).await.unwrap();
    sandbox.create_stream("elastic", Capacity::OnDemand, &[MANAGED]).await.unwrap();
    sandbox.create_stream("untagged", Capacity::Shards(2), &[]).await.unwrap();
    sandbox.forget_calls();
    let fleet = answer(&sandbox, "status").await;
    let streams = fleet["streams"].as_array().unwrap();
    let names: Vec<_> = streams.iter().map(|stream| stream["stream"].as_str().unwrap()).collect();
    assert_eq!(names, ["declined", "elastic", "orders"]);
    assert_eq!([&streams[0]["managed"], &streams[2]["managed"]], [false, true]);
    assert_eq!((&streams[1]["mode"], &streams[1]["busiest_percent"]), (&json!("on-demand"), &Value::Null));
    let orders = &streams[2];
    assert_eq!([&orders["busiest_percent"], &orders["iterator_age_ms"]], [98, 0], "{orders}");
    assert_eq!([&orders["open_shards"], &orders["resizes_left"], &orders["alarms_firing"]], [4, 10, 0], "{orders}");
    assert_eq!(sandbox.calls()["cloudwatch:GetMetricData"], 1, "all loads in one question");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_said_and_the_rest_is_shown() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "orders", 4, 3.9, &[]).await;
    // {"__type": "AccessDenied", "message": "no"} in CBOR.
    let cloudwatch = standin::start(|_| (403, b"\xa2\x66__type\x6cAccessDenied\x67message\x62no"));
    let without = [("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.as_str())];
    let one = json(&succeeded(shardctl_at(sandbox.endpoint(), "status orders --output json", &without).await));
    assert_eq!((&one["open_shards"], &one["load"], &one["alarms"]), (&json!(4), &Value::Null, &Value::Null));
    let missing = one["missing"].to_string();
    assert!(missing.contains("cloudwatch:GetMetricData") && missing.contains("cloudwatch:DescribeAlarms"), "{missing}");
    let fleet = json(&succeeded(shardctl_at(sandbox.endpoint(), "status --output json", &without).await));
    assert_eq!((&fleet["streams"][0]["open_shards"], &fleet["streams"][0]["load"]), (&json!(4), &Value::Null));
    assert_eq!(fleet["missing"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_stops_half_way_says_how_to_go_on_and_back() {
    let denied = r#"{"__type":"AccessDeniedException","message":"not authorized"}"#;
    let summary = r#"{"StreamDescriptionSummary":{"StreamName":"orders","StreamARN":"a","StreamStatus":"ACTIVE",
        "RetentionPeriodHours":24,"StreamCreationTimestamp":1,"EnhancedMonitoring":[],"OpenShardCount":2}}"#;
    let kinesis = standin::start(move |operation| match operation {
        "CreateStream" => (200, "{}".to_owned()),
        "DescribeStreamSummary" => (200, summary.to_owned()),
        _ => (400, denied.to_owned()),
    });
    let words = [
        "AddTagsToStream for orders: AccessDeniedException: not authorized; ask for the permission kinesis:AddTags",
        "Done: stream orders was requested, became ACTIVE. Not done: tagged, given a retention of 48 h, tried",
        "aws kinesis add-tags-to-stream --region us-east-1 --stream-name orders --tags '{\"kinesis-scaler/managed\":\"true\",\"team\":",
        "aws kinesis increase-stream-retention-period --region us-east-1 --stream-name orders --retention-period-hours 48",
        "aws kinesis delete-stream --region us-east-1 --stream-name orders",
    ];
    fails(&kinesis, "create orders --managed --tag team=a --retention-hours 48", &words).await;
}

#[test]
fn bad_usage_is_told_before_anything_is_called() {
    for (arguments, words) in [
        ("create", "<NAME>"),
        ("create or/ders", "expected a stream's name"),
        ("create orders --shards 0", "0 is not in 1..=10000"),
        ("create orders --shards 2 --mode on-demand", "--shards=2 with --mode=on-demand"),
        ("create orders --managed --mode on-demand", "there is nothing to manage"),
        ("create orders --retention-hours 23", "23 is not in 24..=8760"),
        ("create orders --tag team", "expected KEY=VALUE"),
        ("create orders --tag team=a,b", "',' is not allowed"),
        ("create orders --tag a=1 --tag a=2", "tag a is given twice"),
        ("create orders --managed --tag kinesis-scaler/managed=false", "contradicts --managed"),
        ("create orders --tag kinesis-scaler/shards-min=none", "is not a whole number from 1 to 10000"),
        ("create orders --tag kinesis-scaler/shards-mim=1", "is not one of the scaler's tags"),
        ("status or/ders", "expected a stream's name"),
        ("status --shards-min 9 --shards-max 3", "shards_min=9 is more than shards_max=3"),
        ("status orders --policy nowhere.txt", "no settings file is called \"nowhere.txt\""),
        ("scale orders", "<ORDER>"),
        ("scale orders up", "possible values: auto, out, in, to"),
        ("scale orders to", "no shard count is given: use shardctl scale orders to N"),
        ("scale orders to 0", "0 is not in 1..=10000"),
        ("scale orders to many", "invalid value 'many'"),
        ("scale orders rebalance 4", "use shardctl scale orders to 4"),
        ("scale orders out 4", "use shardctl scale orders to 4"),
        ("scale orders to 4 --wait --dry-run", "cannot be used with"),
    ] {
        let output = shardctl(arguments, &[]).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{arguments}: {told}");
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(2), true), "{arguments}: {told}");
    }
}

/// Two tags must be free: nothing is promised that the functions could not write down.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_room_for_our_tags_is_told() {
    let sandbox = sandbox().await;
    let keys: Vec<_> = (0..49).map(|tag| format!("cost-{tag:02}")).collect();
    let tags: Vec<_> = keys.iter().map(|key| (key.as_str(), "x")).collect();
    for (stream, others, refused, missing) in [
        ("full", 49, true, json!(["kinesis-scaler/resizes", "kinesis-scaler/notices"])),
        ("one-free", 48, false, json!(["kinesis-scaler/notices"])),
        ("two-free", 47, false, json!([])),
    ] {
        loaded(&sandbox, stream, 4, 3.9, &tags[..others]).await;
        let status = answer(&sandbox, &format!("status {stream}")).await;
        assert_eq!(status["no_room_for"], missing, "{stream}");
        let words = told(&sandbox, &format!("status {stream}")).await;
        assert_eq!(words.contains("the functions need kinesis-scaler/notices"), others > 47, "{stream}: {words}");
        assert_eq!(words.contains("would scale out"), !refused, "{stream}: {words}");
        assert_eq!(words.contains("there is no room for kinesis-scaler/resizes"), refused, "{stream}: {words}");
    }
}

/// More shards need no look at the load: a person has ordered them.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_for_more_shards_needs_no_cloudwatch() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "orders", 4, 3.9, &[]).await;
    let cloudwatch = standin::start(|_| (403, b"\xa2\x66__type\x6cAccessDenied\x67message\x62no"));
    let without = [("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.as_str())];
    let more = json(&succeeded(shardctl_at(sandbox.endpoint(), "scale orders to 6 --output json", &without).await));
    assert_eq!((&more["outcome"], &more["to"]), (&json!("resized"), &json!(6)), "{more}");
    assert!(more["notes"].to_string().contains("Its load is not known: GetMetricData"), "{more}");
    assert!(more["notes"].to_string().contains("its alarms could not be read"), "{more}");
    let fewer = shardctl_at(sandbox.endpoint(), "scale orders to 3", &without).await;
    assert!(!fewer.status.success(), "what the load needs is not taken away unseen");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_told_as_one_and_not_as_a_bound() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "orders", 4, 0.5, &[]).await;
    for order in ["to 6", "to 2"] {
        let ordered = answer(&sandbox, &format!("scale orders {order} --dry-run")).await.to_string();
        assert!(ordered.contains("as ordered"), "{ordered}");
        assert!(!ordered.contains("the minimum is") && !ordered.contains("the maximum is"), "{ordered}");
    }
}
