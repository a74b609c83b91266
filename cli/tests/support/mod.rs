// SPDX-License-Identifier: Apache-2.0
//! The built program as a test calls it, and the short traces.

#![allow(dead_code, clippy::unwrap_used, clippy::disallowed_methods, reason = "each test file uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// One of the traces that the simulator's own tests use.
pub(crate) fn trace(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/simulator/traces").join(name)
}

/// A place for a file that nobody needs afterwards; the name must be this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Such a file with this text.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    let path = scratch(name);
    fs::write(&path, text).unwrap();
    path
}

/// The first `minutes` of a trace, in a file.
pub(crate) fn cut(name: &str, minutes: usize, into: &str) -> PathBuf {
    let whole = fs::read_to_string(trace(name)).unwrap();
    file(into, &whole.lines().take(minutes + 1).fold(String::new(), |text, line| text + line + "\n"))
}

/// The program with these arguments, apart by blanks, and these more.
pub(crate) fn shardctl(arguments: &str, more: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shardctl"));
    // It would say how wide help is.
    command.env_remove("COLUMNS").args(arguments.split_whitespace()).args(more);
    command
}

/// The program where AWS is this endpoint, with these variables besides.
pub(crate) async fn shardctl_at(endpoint: &str, arguments: &str, more: &[(&str, &str)]) -> Output {
    let mut command = command_at(endpoint);
    command.args(arguments.split_whitespace()).envs(more.iter().copied()).output().await.unwrap()
}

/// The program, to which this is AWS.
pub(crate) fn command_at(endpoint: &str) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_shardctl"));
    command.stdin(Stdio::null()).envs([
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "sandbox"),
        ("AWS_SECRET_ACCESS_KEY", "sandbox"),
    ]);
    command
}

/// What it writes when all goes well.
pub(crate) fn told(arguments: &str, more: &[&Path]) -> String {
    succeeded(shardctl(arguments, more).output().unwrap())
}

pub(crate) fn succeeded(output: Output) -> String {
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    assert_eq!(errors, "", "nothing but errors is written there, where it is no terminal");
    String::from_utf8(output.stdout).unwrap()
}

/// What it writes of an order that it did not carry out.
pub(crate) fn not_carried_out(output: Output) -> String {
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert!(errors.contains("the order was not carried out"), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A figure in JSON, by its path: `/hindsight/usd`.
pub(crate) fn number(json: &Value, path: &str) -> f64 {
    json.pointer(path).and_then(Value::as_f64).ok_or_else(|| format!("{path} is no number in {json}")).unwrap()
}

pub(crate) fn assert_near(one: f64, other: f64) {
    assert!((one - other).abs() <= 1e-9 * one.abs().max(1.0), "{one} is not {other}");
}
