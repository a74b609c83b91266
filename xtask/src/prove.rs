// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask prove`: the stack deployed, at work and deleted in an AWS account that can be thrown away.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::bundles::architecture;
use crate::emulator::{build_folder, load_program};
use crate::shell::run;
use crate::tools::tools;

/// Builds what is deployed as `sam deploy` would, and runs the steps, which say what they will cost before they begin.
pub(crate) fn prove(arguments: &[&str]) -> Result<()> {
    let tools = tools()?;
    let has = |option: &str| arguments.iter().any(|argument| argument.split('=').next() == Some(option));
    // What it would cost, and what is left to delete, is told without a build of minutes.
    let deploys = has("--account") && !has("--clean-up") && !has("--help");
    let load = if deploys { load_program()? } else { "not-built".into() };
    if deploys {
        let architecture = format!("Architecture={}", architecture());
        run(&mut tools.command("sam", ["build", "--parameter-overrides", &architecture])?)?;
    }
    let mut proof = tools.command("python3", ["xtask/proof/aws.py"])?;
    proof.arg("--sam").arg(tools.path("sam")).arg("--build").arg(build_folder());
    proof.args(["--architecture", architecture()]).arg("--load").arg(load);
    become_it(proof.args(arguments))
}

/// In our place, so that the terminal waits for it: after Ctrl-C it deletes what it made, and we would be gone.
#[cfg(unix)]
fn become_it(proof: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(proof.exec()).context("cannot start the proof")
}

#[cfg(not(unix))]
fn become_it(proof: &mut Command) -> Result<()> {
    run(proof)
}
