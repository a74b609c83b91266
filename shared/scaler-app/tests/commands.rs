// SPDX-License-Identifier: Apache-2.0
//! Every command of the AWS CLI that people are told, in a file that the step `clients` of `cargo xtask test` has the CLI run.

use kinesis_model::limits::SHARD_METRICS;
use scaler_app::advice::StreamCommand;

/// A command a line.
const TOLD: &str = include_str!("aws-commands.txt");
const MADE_IN: &str = include_str!("../src/advice/commands.rs");

/// One of each kind, and each way of writing one, for a stream of an ordinary name and one that looks like an option.
fn told() -> String {
    let commands = [
        StreamCommand::Await,
        StreamCommand::Tag("kinesis-scaler/managed=true"),
        StreamCommand::Tag("kinesis-scaler/shards-min=2,kinesis-scaler/target-utilization=81"),
        StreamCommand::Tag(r#"'{"kinesis-scaler/managed":"true","team":"data and more"}'"#),
        StreamCommand::Untag("kinesis-scaler/managed"),
        StreamCommand::LengthenRetention(72),
        StreamCommand::ShortenRetention(24),
        StreamCommand::Measure(&SHARD_METRICS),
        StreamCommand::StopMeasuring(&SHARD_METRICS),
        StreamCommand::Deregister("app"),
        StreamCommand::Deregister("-app"),
        StreamCommand::TakeRecords(4_096),
        StreamCommand::Split { shard: "shardId-000000000000", at: 1 << 125 },
        StreamCommand::Switch("ON_DEMAND"),
        StreamCommand::Switch("PROVISIONED"),
        StreamCommand::Delete,
        StreamCommand::DeleteWithConsumers,
    ];
    let named = [(Some("us-east-1"), "told"), (None, "told"), (Some("us-east-1"), "-told")];
    let lines = named.iter().flat_map(|(region, stream)| commands.map(|command| command.text(*region, stream)));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_commands_that_the_cli_is_tried_with_are_those_that_are_told() {
    assert_eq!(told(), TOLD, "write the left into tests/aws-commands.txt");
}

fn is_call(text: &str) -> bool {
    text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || "- ".contains(c))
}

#[test]
fn no_call_is_left_out() {
    let calls = MADE_IN.lines().filter_map(|line| line.split_once("(\"")?.1.split_once("\", "));
    let calls: Vec<&str> = calls.map(|(call, _)| call).filter(|call| is_call(call)).collect();
    assert!(calls.len() > 10, "{calls:?}");
    for call in calls {
        assert!(TOLD.contains(&format!("aws kinesis {call} ")), "{call} is not among the commands that are tried");
    }
}
