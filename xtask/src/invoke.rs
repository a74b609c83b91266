//! The step `invoke`: every file of `events/` to the functions, by `cargo lambda`, against the sandbox.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use self::Expected::{Are, Each};
use crate::background::Background;
use crate::settings::template_defaults;
use crate::shell::{cargo, root, run, target_folder};
use crate::tools::{Tools, tools};

/// A file of `events/`, the function it is for, and what the answer should say.
struct Call(&'static str, &'static str, Expected);

#[derive(Debug)]
enum Expected {
    /// These outcomes.
    Are(&'static [&'static str]),
    /// This outcome for every alarm that happens to be firing, be it none.
    Each(&'static str),
}

/// In the order in which they are sent, and that matters: what resizes a stream leaves nothing to do for what follows.
const CALLS: &[Call] = &[
    Call("scale-out-sns-back-to-ok.json", "scale-out", Are(&["ignored"])),
    Call("scale-out-sns-insufficient-data.json", "scale-out", Are(&["ignored"])),
    Call("scale-out-sns.json", "scale-out", Are(&["resized"])),
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
    Call("scale-in-sns.json", "scale-in", Are(&["resized"])),
    Call("scale-in-eventbridge.json", "scale-in", Are(&["held"])),
    Call("scale-in-direct.json", "scale-in", Are(&["held"])),
    Call("sweep.json", "scale-out", Each("held")),
    Call("sweep.json", "scale-in", Each("held")),
];

impl Expected {
    fn met_by(&self, outcomes: &[&str]) -> bool {
        match self {
            Are(expected) => outcomes == *expected,
            Each(expected) => outcomes.iter().all(|outcome| outcome == expected),
        }
    }
}

/// How long `cargo lambda watch` waits for a function's answer. Lambda's own limit in `template.yaml` is as long.
const ANSWER_SECONDS: &str = "60";

pub(crate) fn invoke(closing: &mut Vec<String>) -> Result<()> {
    table_is_complete()?;
    let tools = tools()?;
    // What `watch` will run, built where it can be seen, and with the very arguments that make it find nothing to build.
    run(&mut cargo(["build", "--locked"]))?;
    run(&mut cargo(["build", "--locked", "--package", "sandbox"]))?;
    let target = target_folder()?;
    let logs = target.join("invoke");
    fs::create_dir_all(&logs).with_context(|| format!("cannot create {}", logs.display()))?;

    let mut program = Command::new(target.join("debug/sandbox"));
    let mut sandbox = Background::start("the sandbox", program.args(["--port", "0"]), logs.join("sandbox.log"))?;
    let endpoint = sandbox.ready(endpoint).inspect_err(|_| sandbox.show_log())?;

    let port = free_port()?;
    let watch = watch(&tools, port, &endpoint)?;
    let mut watch = Background::start("cargo lambda watch", &watch, logs.join("watch.log"))?;
    let wrong = watch
        .ready(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
        .and_then(|_| send_all(&tools, port))
        .inspect_err(|_| watch.show_log())?;
    if wrong > 0 {
        bail!("{wrong} of {} events came to another outcome than the table in xtask/src/invoke.rs says", CALLS.len());
    }
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

/// The sandbox prints it when its streams are there; its port is open before.
fn endpoint(printed: &str) -> Option<String> {
    printed.split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on loopback")?;
    Ok(listener.local_addr().context("the listener's address")?.port())
}

fn watch(tools: &Tools, port: u16, endpoint: &str) -> Result<Command> {
    let mut watch = cargo_lambda(tools, "watch", port)?;
    watch.args(["--ignore-changes", "--timeout", ANSWER_SECONDS]);
    // Nothing of the developer's own: a profile or a service's endpoint could lead to a real account.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        watch.env_remove(name);
    }
    watch
        .envs(template_defaults()?)
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "sandbox")
        .env("AWS_SECRET_ACCESS_KEY", "sandbox");
    Ok(watch)
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
fn send_all(tools: &Tools, port: u16) -> Result<usize> {
    let mut wrong = 0;
    for Call(file, function, expected) in CALLS {
        let answer = send(tools, port, file, function).with_context(|| format!("events/{file} to {function}"))?;
        let outcomes = answer["outcomes"].as_array().with_context(|| format!("no outcomes in {answer}"))?;
        let each = |field: &str| outcomes.iter().map(|outcome| outcome[field].as_str().unwrap_or("?")).collect();
        let (kinds, words): (Vec<&str>, Vec<&str>) = (each("outcome"), each("words"));
        let shown = if kinds.is_empty() { "none".to_owned() } else { kinds.join(" ") };
        println!("{file:<40} {function:<9} {shown:<13} {}", words.join(" | "));
        if !expected.met_by(&kinds) {
            println!("    WRONG: expected {expected:?}");
            wrong += 1;
        }
    }
    Ok(wrong)
}

fn send(tools: &Tools, port: u16, file: &str, function: &str) -> Result<Value> {
    let file = Path::new("events").join(file);
    let mut invoke = cargo_lambda(tools, "invoke", port)?;
    let output = invoke.arg(function).arg("--data-file").arg(file).output().context("cannot start cargo-lambda")?;
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
    fn the_endpoint_is_where_the_sandbox_prints_it() {
        let check = |printed, expected: Option<&str>| assert_eq!(endpoint(printed).as_deref(), expected, "{printed:?}");
        check("", None);
        check("Kinesis, CloudWatch and SNS on http://127.0.0.1:4567\n  orders: 4", Some("http://127.0.0.1:4567"));
    }
}
