// SPDX-License-Identifier: Apache-2.0
//! Whose settings count: the stack's as its alarms tell them, the stream's own tags, or none.
#![allow(clippy::unwrap_used)]

#[path = "support/operator.rs"]
mod operator;
mod support;

use std::collections::BTreeMap;

use kinesis_model::ShardCount;
use sandbox::{Sandbox, alarm_config};
use scaler_app::stack_settings::alarms_of;
use scaler_core::{AlarmActions, Policy, PolicySpec, TAG_MADE_BY, TAG_SHARDS_MAX};
use serde_json::{Value, json};

use operator::{STACK, answer, held, loaded, sandbox, told, writes};
use support::{file, shardctl_at};

/// The alarms of a stream as a stack with these settings makes them.
fn put_alarms(sandbox: &Sandbox, stream: &str, shards: u32, stack: PolicySpec, name: &str) {
    put_edited_alarms(sandbox, stream, shards, stack, name, ("", ""));
}

/// The same, with this text in every description replaced by that.
fn put_edited_alarms(
    sandbox: &Sandbox,
    stream: &str,
    shards: u32,
    stack: PolicySpec,
    name: &str,
    (from, to): (&str, &str),
) {
    let policy = Policy::new(stack).unwrap();
    let tags = BTreeMap::from([(TAG_MADE_BY.to_owned(), name.to_owned())]);
    for alarm in alarms_of(&policy, &policy, stream, ShardCount::new(shards).unwrap(), &AlarmActions::default()) {
        let mut alarm = alarm.signed_by(name);
        if !from.is_empty() {
            alarm.description = alarm.description.replace(from, to);
        }
        sandbox.cloudwatch().put_alarm_tagged(alarm_config(&alarm), tags.clone(), sandbox.now()).unwrap();
    }
}

/// The policy of a stack with this maximum.
fn at_most(shards_max: u32) -> PolicySpec {
    PolicySpec { shards_max, ..PolicySpec::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stacks_dry_run_holds_looks_and_a_streams_own_holds_orders_too() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "orders", 4, 3.9, &[]).await;
    loaded(&sandbox, "talked-about", 4, 3.9, &[("kinesis-scaler/dry-run", "true")]).await;
    for stream in ["orders", "talked-about"] {
        put_alarms(&sandbox, stream, 4, PolicySpec { dry_run: true, ..PolicySpec::default() }, STACK);
    }
    sandbox.forget_calls();
    let (off, order) =
        ("DRY_RUN of stack kinesis-scaler prevents changes to all its streams", "shardctl scale orders to 5");
    let untag = "--tag-keys kinesis-scaler/dry-run removes the tag";
    for look in ["auto", "out", "out --wait"] {
        let looked = answer(&sandbox, &format!("scale orders {look}")).await;
        let next = looked["next"].as_str().unwrap();
        assert_eq!(looked["outcome"], "dry-run", "{looked}");
        assert!(next.contains(off) && next.contains("DryRun=false") && next.ends_with(order), "{next}");
        assert!(!next.contains("tag"), "it has none: {next}");
    }
    let both = answer(&sandbox, "scale talked-about out").await;
    assert!(both["next"].as_str().unwrap().contains(off) && both["next"].as_str().unwrap().contains(untag), "{both}");
    let tagged = held(&sandbox, "scale talked-about to 5").await;
    let next = tagged["next"].as_str().unwrap();
    assert!(next.contains(untag) && !next.contains("DRY_RUN"), "the stack's would not hold it: {next}");
    assert_eq!(writes(&sandbox), [""; 0]);
    let file = file("dry-run-of-a-file.txt", "DRY_RUN=true\n");
    let by_file = answer(&sandbox, &format!("scale orders out --policy {}", file.display())).await;
    assert!(by_file["next"].as_str().unwrap().contains("in the --policy file"), "{by_file}");
    let ordered = answer(&sandbox, "scale orders to 5").await;
    assert_eq!((&ordered["outcome"], &ordered["to"]), (&json!("resized"), &json!(5)), "{ordered}");
    assert_eq!(answer(&sandbox, "status orders").await["open_shards"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_another_stack_is_not_scaled_out_without_a_maximum() {
    let sandbox = sandbox().await;
    for (stream, tags) in [("orders", &[][..]), ("capped", &[(TAG_SHARDS_MAX, "4")]), ("new", &[])] {
        loaded(&sandbox, stream, 4, 3.9, tags).await;
    }
    for stream in ["orders", "capped"] {
        put_alarms(&sandbox, stream, 4, at_most(4), "second");
    }
    sandbox.forget_calls();
    for order in ["auto", "out --wait", "out --dry-run", "rebalance"] {
        let order = format!("scale --stack-name kinesis-scaler orders {order}");
        let output = shardctl_at(sandbox.endpoint(), &order, &[]).await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("belong to stack second, not to kinesis-scaler"), "{order}: {told}");
        assert!(told.contains("--stack-name second or --shards-max N"), "{order}: {told}");
        assert_eq!(output.status.code(), Some(2), "{order}: {told}");
    }
    assert_eq!(writes(&sandbox), [""; 0]);
    // Its maximum is known in four ways, by its own alarms among them.
    let other = "--stack-name kinesis-scaler";
    let (given, tagged) = (format!("orders out {other} --shards-max 4"), format!("capped out {other}"));
    for arguments in ["orders out", "orders out --stack-name second", &given, &tagged] {
        let looked = answer(&sandbox, &format!("scale {arguments}")).await;
        assert!(looked["outcome"] == "held" && looked["words"].to_string().contains("the maximum is 4"), "{looked}");
        let is_told = looked["notes"].to_string().contains("its alarms belong to stack second, not to kinesis-scaler");
        assert_eq!(is_told, arguments.contains(other), "{looked}");
    }
    // What others' alarms tell is no reason to refuse, and is told for what it is.
    let new = answer(&sandbox, &format!("scale new out --dry-run {other}")).await;
    assert!(
        new["notes"].to_string().contains("that have settings belong to stack second, not to kinesis-scaler"),
        "{new}"
    );
    put_alarms(&sandbox, "other", 4, at_most(9), STACK);
    let several = told(&sandbox, "status new").await;
    assert!(several.contains("alarms of several stacks tell settings") && several.contains("kinesis-scaler or second"));
    // A count is a person's own maximum; what goes on names the stack again.
    let ordered = answer(&sandbox, "scale orders to 20 --stack-name second").await;
    let next = ordered["next"].as_str().unwrap();
    assert!(next.contains("shardctl scale --stack-name second --wait orders to 20"), "{next}");
    assert_eq!(answer(&sandbox, "scale orders to 9").await["outcome"], "resized");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_description_stops_no_command() {
    let sandbox = sandbox().await;
    for stream in ["clicks", "orders"] {
        loaded(&sandbox, stream, 4, 3.9, &[]).await;
    }
    let edit = ("SHARDS_MAX=4", "SHARDS_MAX=many");
    for stream in ["clicks", "zebra"] {
        put_edited_alarms(&sandbox, stream, 4, at_most(4), STACK, edit);
    }
    for stream in ["clicks", "orders"] {
        let status = answer(&sandbox, &format!("status {stream}")).await;
        let warning = status["settings_warning"].as_str().unwrap();
        for words in ["kinesis-scaler/clicks/scale-in", "SHARDS_MAX=\"many\" is not a whole number", "--shards-max"] {
            assert!(warning.contains(words), "{stream}: {words}: {warning}");
        }
        assert!(!warning.contains("environment"), "{warning}");
        assert_eq!(status["settings_of_stack"], Value::Null, "{status}");
        let scaled = answer(&sandbox, &format!("scale {stream} out --shards-max 4")).await;
        assert!(scaled["words"].to_string().contains("the maximum is 4"), "{scaled}");
    }
    // A good one is found among them, and the stream's own before any other.
    put_alarms(&sandbox, "other", 4, at_most(6), STACK);
    put_alarms(&sandbox, "orders", 4, at_most(5), STACK);
    put_alarms(&sandbox, "yak", 4, at_most(7), STACK);
    for (stream, most) in [("clicks", ["5", "6", "7"].as_slice()), ("orders", &["5"])] {
        let status = answer(&sandbox, &format!("status {stream}")).await;
        assert_eq!(
            (&status["settings_of_stack"], &status["settings_warning"]),
            (&json!(STACK), &Value::Null),
            "{status}"
        );
        assert!(most.contains(&status["settings"]["SHARDS_MAX"].as_str().unwrap()), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_description_lacks_is_told_as_not_the_stacks() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "orders", 4, 3.9, &[]).await;
    put_edited_alarms(&sandbox, "orders", 4, at_most(4), STACK, ("SHARDS_MAX=", "SHARD_MAX="));
    let status = told(&sandbox, "status orders").await;
    let own = format!("shardctl uses its own: SHARDS_MAX={}.", PolicySpec::default().shards_max);
    assert!(
        status.contains(&own) && status.contains("have settings that shardctl does not know: SHARD_MAX"),
        "{status}"
    );
    let looked = answer(&sandbox, "scale orders out --dry-run").await;
    assert!(looked["notes"].to_string().contains(&own), "{looked}");
    let given = answer(&sandbox, "status orders --shards-max 4").await["settings_warning"].to_string();
    assert!(given.contains("SHARD_MAX") && !given.contains("SHARDS_MAX="), "the caller has said it: {given}");
    put_edited_alarms(&sandbox, "orders", 4, at_most(4), STACK, (" DRY_RUN=false", ""));
    let status = told(&sandbox, "status orders").await;
    assert!(status.contains("shardctl's own are DRY_RUN=false.") && status.contains("1 to 4 shards"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_scale_judge_by_what_the_stacks_alarms_tell() {
    let sandbox = sandbox().await;
    for stream in ["orders", "clicks"] {
        loaded(&sandbox, stream, 4, 3.9, &[]).await;
    }
    let unknown = told(&sandbox, "status orders").await;
    let warning = "the stack's settings are unknown (no alarm has them): shardctl uses the template's defaults";
    assert!(unknown.contains("1 to 10000 shards\n") && unknown.contains(warning), "{unknown}");
    assert!(answer(&sandbox, "scale orders out --dry-run").await["notes"][0].as_str().unwrap().starts_with(warning));

    put_alarms(&sandbox, "orders", 4, PolicySpec { shards_max: 4, ..PolicySpec::default() }, STACK);
    // Of a stream that has no alarms yet, those of the stack's other streams tell.
    for stream in ["orders", "clicks"] {
        let known = told(&sandbox, &format!("status {stream}")).await;
        assert!(
            known.contains("1 to 4 shards (of stack kinesis-scaler)") && !known.contains("settings are unknown"),
            "{known}"
        );
        assert!(known.contains("the maximum is 4"), "what it would do is by that: {known}");
        let report = answer(&sandbox, &format!("status {stream}")).await;
        assert_eq!((&report["settings"]["SHARDS_MAX"], &report["settings_of_stack"]), (&json!("4"), &json!(STACK)));
        let scaled = answer(&sandbox, &format!("scale {stream} out")).await;
        assert_eq!((&scaled["outcome"], &scaled["notes"]), (&json!("held"), &json!([])), "{scaled}");
    }
    // What the caller says counts over it, one setting or all.
    let more = answer(&sandbox, "scale orders out --shards-max 8 --dry-run").await;
    assert_eq!((&more["outcome"], &more["to"]), (&json!("dry-run"), &json!(5)), "{more}");
    let file = file("stack-of-six.txt", "SHARDS_MAX=6\n");
    let by_file = answer(&sandbox, &format!("status orders --policy {}", file.display())).await;
    assert_eq!((&by_file["settings"]["SHARDS_MAX"], &by_file["settings_of_stack"]), (&json!("6"), &Value::Null));
    assert_eq!(by_file["settings_warning"], Value::Null, "the caller knows");

    // Of two stacks neither is guessed; by its name the one that is meant.
    put_alarms(&sandbox, "other", 4, PolicySpec { shards_max: 9, ..PolicySpec::default() }, "second");
    assert_eq!(answer(&sandbox, "status clicks").await["settings_of_stack"], Value::Null);
    let second = answer(&sandbox, "scale clicks out --stack-name second --dry-run").await;
    assert_eq!((&second["to"], &second["notes"]), (&json!(5), &json!([])), "{second}");
}

/// After a resize by a person the alarm still tells the stack's settings, whatever that person's were.
#[tokio::test(flavor = "multi_thread")]
async fn a_refit_by_a_person_leaves_the_stacks_settings_as_they_are_told() {
    let sandbox = sandbox().await;
    loaded(&sandbox, "orders", 4, 3.9, &[]).await;
    put_alarms(&sandbox, "orders", 4, PolicySpec { shards_max: 20, ..PolicySpec::default() }, STACK);
    let scaled = answer(&sandbox, "scale orders out --shards-max 8 --wait").await;
    assert_eq!(scaled["outcome"], "resized", "{scaled}");
    assert_eq!(answer(&sandbox, "status orders").await["settings"]["SHARDS_MAX"], "20");
    // Beyond the stack's own maximum, an order says what becomes of it.
    let beyond = answer(&sandbox, "scale orders to 10").await;
    assert!(!beyond["notes"].to_string().contains("is unknown"), "{beyond}");
}
