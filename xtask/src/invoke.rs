// SPDX-License-Identifier: Apache-2.0
//! The step `invoke`: every file of `events/` to the functions, by `cargo lambda`, against the sandbox.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use self::Expected::{Are, Costed, Each, Synced};
use crate::background::Background;
use crate::local::{free_port, only_here, sandbox};
use crate::shell::{cargo, root, run, target_folder};
use crate::tools::{Tools, tools};

/// A file of `events/`, the function it is for, and what the answer should say.
struct Call(&'static str, &'static str, Expected);

#[derive(Debug)]
enum Expected {
    /// These outcomes; a resize with both counts.
    Are(&'static [&'static str]),
    /// This outcome for every alarm that happens to be firing, be it none.
    Each(&'static str),
    /// So many streams at which alarm-sync found everything as it should be, and these outcomes beside them.
    Synced(u64, &'static [&'static str]),
    /// So many streams whose cost was reckoned, and so many things that could not be.
    Costed(usize, usize),
}

/// In the order in which they are sent, and that matters: what resizes a stream leaves nothing to do for what follows.
///
/// The sandbox has made the alarms of `orders` and `clicks`. `elastic` is managed and on-demand, which is refused wherever
/// alarm-sync looks at the whole fleet.
const CALLS: &[Call] = &[
    Call("alarm-sync-all.json", "alarm-sync", Synced(2, &["refused"])),
    Call("scale-in-sns.json", "scale-in", Are(&["resized 8 -> 4"])),
    Call("scale-in-eventbridge.json", "scale-in", Are(&["held"])),
    Call("scale-in-direct.json", "scale-in", Are(&["held"])),
    Call("scale-out-sns-back-to-ok.json", "scale-out", Are(&["ignored"])),
    Call("scale-out-sns-insufficient-data.json", "scale-out", Are(&["ignored"])),
    Call("scale-out-sns.json", "scale-out", Are(&["resized 4 -> 5"])),
    Call("scale-out-sns-metric-math.json", "scale-out", Are(&["held"])),
    // Its second record names a stream that the sandbox does not have.
    Call("scale-out-sns-two-records.json", "scale-out", Are(&["held", "refused"])),
    Call("scale-out-eventbridge.json", "scale-out", Are(&["held"])),
    Call("scale-out-eventbridge-single-metric.json", "scale-out", Are(&["held"])),
    Call("scale-out-period-86400.json", "scale-out", Are(&["held"])),
    Call("scale-out-direct.json", "scale-out", Are(&["held"])),
    Call("scale-out-on-demand-stream.json", "scale-out", Are(&["refused"])),
    Call("scale-out-unknown-stream.json", "scale-out", Are(&["refused"])),
    Call("scale-out-unmanaged-stream.json", "scale-out", Are(&["refused"])),
    Call("bad-alarm-without-stream.json", "scale-out", Are(&["refused"])),
    Call("bad-not-an-alarm.json", "scale-out", Are(&["refused"])),
    Call("bad-sns-message-not-json.json", "scale-out", Are(&["refused"])),
    Call("sweep.json", "scale-out", Each("held")),
    Call("sweep.json", "scale-in", Each("held")),
    Call("alarm-sync-bad-request.json", "alarm-sync", Synced(0, &["refused"])),
    Call("alarm-sync-stack-create.json", "alarm-sync", Synced(0, &["ignored"])),
    Call("alarm-sync-own-tag.json", "alarm-sync", Synced(0, &["ignored"])),
    // Of a stream that the sandbox does not have: no alarms to make and none to delete.
    Call("alarm-sync-cloudtrail-create.json", "alarm-sync", Synced(1, &[])),
    // Both streams have another count by now, and the resizes have refitted their alarms. They last two seconds; what
    // scale-out was sent since took longer, for it reads tags less than twice a second.
    Call("alarm-sync-cloudtrail-resize.json", "alarm-sync", Synced(1, &[])),
    Call("alarm-sync-tag-change.json", "alarm-sync", Synced(1, &[])),
    Call("alarm-sync-streams.json", "alarm-sync", Synced(2, &[])),
    Call("alarm-sync-schedule.json", "alarm-sync", Synced(2, &["refused"])),
    Call("alarm-sync-deployed.json", "alarm-sync", Synced(2, &["refused"])),
    // It goes on after `orders`, and that is the last.
    Call("alarm-sync-continuation.json", "alarm-sync", Synced(0, &[])),
    // Its month is that of the day before, in which the sandbox was not there yet, unless it is just past midnight.
    Call("cost-report-schedule.json", "cost-report", Costed(3, 0)),
    Call("cost-report-managed.json", "cost-report", Costed(3, 0)),
    Call("cost-report-all.json", "cost-report", Costed(4, 0)),
    Call("cost-report-streams.json", "cost-report", Costed(2, 0)),
    Call("cost-report-bad-request.json", "cost-report", Costed(0, 1)),
    // Last, since it takes the alarms away, and answers at the sandbox's S3.
    Call("alarm-sync-stack-delete.json", "alarm-sync", Synced(0, &["mended"])),
];

/// What a function answered, as far as the table tells.
#[derive(Debug, PartialEq)]
enum Answer {
    /// scale-out's or scale-in's outcomes.
    Outcomes(Vec<String>),
    /// alarm-sync's streams that were as they should be, and its outcomes.
    Synced(u64, Vec<String>),
    /// cost-report's streams and faults.
    Costed(usize, usize),
}

impl Answer {
    fn read(answer: &Value) -> Result<Self> {
        let list = |field: &str| answer[field].as_array().with_context(|| format!("no {field} in {answer}"));
        if answer["function"] == "cost-report" {
            return Ok(Self::Costed(list("streams")?.len(), list("faults")?.len()));
        }
        let outcomes = list("outcomes")?.iter().map(brief).collect();
        Ok(match answer["kept"].as_u64() {
            None => Self::Outcomes(outcomes),
            Some(kept) => Self::Synced(kept, outcomes),
        })
    }

    /// Why, as it says itself.
    fn words(answer: &Value) -> String {
        let outcomes = answer["outcomes"].as_array().into_iter().flatten().map(|outcome| &outcome["words"]);
        let faults = answer["faults"].as_array().into_iter().flatten();
        outcomes.chain(faults).filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")
    }
}

/// `held`, or `resized 8 -> 4`, or `mended with faults`.
fn brief(outcome: &Value) -> String {
    let kind = outcome["outcome"].as_str().unwrap_or("?");
    let faults = if outcome["faults"].is_array() { " with faults" } else { "" };
    match kind {
        "resized" => format!("{kind} {} -> {}{faults}", outcome["current"], outcome["desired"]),
        _ => format!("{kind}{faults}"),
    }
}

impl fmt::Display for Answer {
    /// `kept 2, refused`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = |kinds: &[String]| if kinds.is_empty() { "none".to_owned() } else { kinds.join(" ") };
        match self {
            Self::Outcomes(outcomes) => f.pad(&kinds(outcomes)),
            Self::Synced(kept, outcomes) => f.pad(&format!("kept {kept}, {}", kinds(outcomes))),
            Self::Costed(streams, faults) => f.pad(&format!("costed {streams}, {faults} fault(s)")),
        }
    }
}

impl Expected {
    fn met_by(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Are(expected), Answer::Outcomes(outcomes)) => outcomes == expected,
            (Each(expected), Answer::Outcomes(outcomes)) => outcomes.iter().all(|outcome| outcome == expected),
            (Synced(expected_kept, expected), Answer::Synced(kept, outcomes)) => {
                kept == expected_kept && outcomes == expected
            }
            (Costed(streams, faults), Answer::Costed(had, lacked)) => streams == had && faults == lacked,
            _ => false,
        }
    }
}

/// Where the logs are, in the build folder.
const LOGS: &str = "invoke";

/// How long `cargo lambda watch` lets a function run: as long as `template.yaml` lets alarm-sync. It has one limit for all;
/// scale-out and scale-in have 60 s there.
const ANSWER_SECONDS: &str = "300";

pub(crate) fn invoke(closing: &mut Vec<String>) -> Result<()> {
    table_is_complete()?;
    let tools = tools()?;
    // What `watch` will run, built where it can be seen, and with the very arguments that make it find nothing to build.
    run(&mut cargo(["build", "--locked"]))?;
    run(&mut cargo(["build", "--locked", "--package", "sandbox"]))?;
    let (sandbox, variables) = sandbox(&[], LOGS)?;
    let Some((_, endpoint)) = variables.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL") else {
        bail!("the sandbox tells of no AWS_ENDPOINT_URL");
    };

    let port = free_port()?;
    let watch = watch(&tools, port, &variables)?;
    let mut watch = Background::start("cargo lambda watch", &watch, target_folder()?.join(LOGS).join("watch.log"))?;
    let wrong = watch
        .ready(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
        .and_then(|_| send_all(&tools, port, endpoint))
        .inspect_err(|_| watch.show_log())?;
    if wrong > 0 {
        bail!("{wrong} of {} events came to another outcome than the table in xtask/src/invoke.rs says", CALLS.len());
    }
    drop(sandbox);
    closing.push(format!("invoke: {} events, and every outcome as expected", CALLS.len()));
    Ok(())
}

/// A file that nobody sends proves nothing.
fn table_is_complete() -> Result<()> {
    let named = CALLS.iter().map(|Call(file, ..)| (*file).to_owned()).collect();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root().join("events")).context("cannot read events/")? {
        found.insert(entry.context("cannot read events/")?.file_name().to_string_lossy().into_owned());
    }
    let differing: Vec<&String> = found.symmetric_difference(&named).collect();
    if !differing.is_empty() {
        bail!(
            "events/ and the table in xtask/src/invoke.rs differ by {differing:?}: say there what comes of each file"
        );
    }
    Ok(())
}

fn watch(tools: &Tools, port: u16, variables: &[(String, String)]) -> Result<Command> {
    let mut watch = cargo_lambda(tools, "watch", port)?;
    watch.args(["--ignore-changes", "--timeout", ANSWER_SECONDS]);
    only_here(&mut watch, variables);
    // The settings are the defaults, and a topic of the developer's own is one of real people.
    for name in variables_in_template()? {
        watch.env_remove(name);
    }
    watch.envs(variables.iter().cloned()).env("STREAM_METRICS", "true");
    Ok(watch)
}

/// The variables that `template.yaml` gives functions.
fn variables_in_template() -> Result<Vec<String>> {
    let template = fs::read_to_string(root().join("template.yaml")).context("cannot read template.yaml")?;
    let keys = template.lines().filter_map(|line| line.trim().split_once(':')).map(|(key, _)| key);
    let is_variable =
        |key: &&str| key.contains('_') && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    Ok(keys.filter(is_variable).map(str::to_owned).collect())
}

fn cargo_lambda(tools: &Tools, subcommand: &str, port: u16) -> Result<Command> {
    let address = Ipv4Addr::LOCALHOST.to_string();
    let args = ["lambda", subcommand, "--invoke-address", &address, "--invoke-port", &port.to_string()];
    let mut command = tools.command("cargo-lambda", args)?;
    // It would call itself through the proxy of the environment.
    command.env("NO_PROXY", address);
    Ok(command)
}

/// Sends every event and counts the wrong outcomes; a function that fails is an error at once, for it fails again.
fn send_all(tools: &Tools, port: u16, endpoint: &str) -> Result<usize> {
    let mut wrong = 0;
    for Call(file, function, expected) in CALLS {
        let answer =
            send(tools, port, endpoint, file, function).with_context(|| format!("events/{file} to {function}"))?;
        let read = Answer::read(&answer)?;
        println!("{file:<40} {function:<11} {read:<16} {}", Answer::words(&answer));
        if !expected.met_by(&read) {
            println!("    WRONG: expected {expected:?}");
            wrong += 1;
        }
    }
    Ok(wrong)
}

/// Where `cargo run -p sandbox` listens, to which an event may have a URL.
const USUAL_ENDPOINT: &str = "http://127.0.0.1:4567";

fn send(tools: &Tools, port: u16, endpoint: &str, file: &str, function: &str) -> Result<Value> {
    let file = Path::new("events").join(file);
    let event = fs::read_to_string(root().join(&file)).context("cannot read the event")?;
    let mut invoke = cargo_lambda(tools, "invoke", port)?;
    if event.contains(USUAL_ENDPOINT) {
        invoke.arg(function).arg("--data-ascii").arg(event.replace(USUAL_ENDPOINT, endpoint));
    } else {
        invoke.arg(function).arg("--data-file").arg(file);
    }
    let output = invoke.output().context("cannot start cargo-lambda")?;
    if !output.status.success() {
        bail!("cargo lambda invoke failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the answer is not JSON: {}", String::from_utf8_lossy(&output.stdout)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_in_the_table() {
        assert_eq!(table_is_complete().map_err(|error| error.to_string()), Ok(()));
    }

    #[test]
    fn an_answer_meets_what_is_expected_whole() {
        let owned = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let outcomes = |kinds: &[&str]| Answer::Outcomes(owned(kinds));
        let synced = |kept, kinds: &[&str]| Answer::Synced(kept, owned(kinds));
        assert!(Are(&["held"]).met_by(&outcomes(&["held"])));
        assert!(!Are(&["held"]).met_by(&outcomes(&["held", "held"])));
        assert!(Each("held").met_by(&outcomes(&[])) && !Each("held").met_by(&outcomes(&["held", "failed"])));
        assert!(Synced(2, &["refused"]).met_by(&synced(2, &["refused"])));
        assert!(!Synced(2, &["refused"]).met_by(&synced(1, &["refused"])));
        assert!(!Synced(2, &[]).met_by(&synced(2, &["mended"])));
        assert!(!Synced(0, &[]).met_by(&outcomes(&[])), "an answer that does not count is not alarm-sync's");
        assert!(Costed(3, 0).met_by(&Answer::Costed(3, 0)) && !Costed(3, 0).met_by(&Answer::Costed(3, 1)));
    }

    #[test]
    fn an_answer_is_read_by_its_function() {
        let costs = serde_json::json!({ "function": "cost-report", "streams": [{}, {}], "faults": ["x"] });
        assert_eq!(Answer::read(&costs).map_err(|error| error.to_string()), Ok(Answer::Costed(2, 1)));
        assert!(Answer::read(&serde_json::json!({})).is_err());
        let resized = serde_json::json!({ "outcomes": [{ "outcome": "resized", "current": 8, "desired": 4 }] });
        let expected = Answer::Outcomes(vec!["resized 8 -> 4".to_owned()]);
        assert_eq!(Answer::read(&resized).map_err(|error| error.to_string()), Ok(expected));
        let faulty = serde_json::json!({ "kept": 0, "outcomes": [{ "outcome": "mended", "faults": ["x"] }] });
        let expected = Answer::Synced(0, vec!["mended with faults".to_owned()]);
        assert_eq!(Answer::read(&faulty).map_err(|error| error.to_string()), Ok(expected));
    }
}
