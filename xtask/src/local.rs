// SPDX-License-Identifier: Apache-2.0
//! The sandbox beside us, and what other programs need to find it and nothing of the developer's own.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::background::Background;
use crate::shell::target_folder;

/// Variables by name and value.
pub(crate) type Variables = Vec<(String, String)>;

/// Starts the sandbox, which is built already, with its log in this folder of the build folder; returns what it tells people
/// to set.
pub(crate) fn sandbox(args: &[&str], folder: &str) -> Result<(Background, Variables)> {
    let target = target_folder()?;
    let logs = target.join(folder);
    fs::create_dir_all(&logs).with_context(|| format!("cannot create {}", logs.display()))?;
    let mut program = Command::new(target.join("debug/sandbox"));
    program.args(["--port", "0"]).args(args);
    let mut sandbox = Background::start("the sandbox", &program, logs.join("sandbox.log"))?;
    let variables = sandbox.ready(exports).inspect_err(|_| sandbox.show_log())?;
    if !variables.iter().any(|(name, _)| name == "AWS_ENDPOINT_URL") {
        bail!("the sandbox tells of no AWS_ENDPOINT_URL, without which others would call AWS itself");
    }
    Ok((sandbox, variables))
}

/// Has a program call the endpoint of these variables: a profile or a service's endpoint of the developer's could lead to a real account.
pub(crate) fn only_here(command: &mut Command, variables: &[(String, String)]) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.envs(variables.iter().cloned());
}

/// The variables that the sandbox tells people to set, once it has told all of them.
///
/// Taken from there, so that what it tells is known to work.
fn exports(printed: &str) -> Option<Variables> {
    let (told, _) = printed.split_once("cargo lambda watch")?;
    let lines = told.lines().filter_map(|line| line.trim().strip_prefix("export "));
    let variables = lines.flat_map(str::split_whitespace).filter_map(|word| word.split_once('='));
    Some(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// A port of loopback that nobody listens on now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on loopback")?;
    Ok(listener.local_addr().context("the listener's address")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_what_the_sandbox_says_to_export_when_it_has_said_all() {
        let begun = "Kinesis on http://127.0.0.1:4567\n  export AWS_ENDPOINT_URL=http://127.0.0.1:4567\n";
        assert_eq!(exports(begun), None);
        let whole = format!("{begun}  export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=sandbox\n  cargo lambda watch\n");
        let variables = exports(&whole).unwrap_or_default();
        let lines: Vec<_> = variables.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let expected = ["AWS_ENDPOINT_URL http://127.0.0.1:4567", "AWS_REGION us-east-1", "AWS_ACCESS_KEY_ID sandbox"];
        assert_eq!(lines, expected);
    }
}
