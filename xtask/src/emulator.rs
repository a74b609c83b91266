// SPDX-License-Identifier: Apache-2.0
//! The step `emulator`: what `sam build` made, deployed and at work on MiniStack, an emulator of AWS that is not ours.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::background::Background;
use crate::bundles::{architecture, package};
use crate::local::{Variables, free_port, only_here};
use crate::shell::{cargo, root, run, target_folder};
use crate::tools::{EMULATOR, Tools, installed, tools};

/// The account and Region that the emulator plays.
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

/// Deploys by each road that alarms can take, and sees each promise kept.
pub(crate) fn emulator(closing: &mut Vec<String>) -> Result<()> {
    let tools = tools()?;
    // Again, and soon done where the step before has just built: what is deployed must be what is written now.
    package(&mut Vec::new())?;
    let load = load_program()?;
    let logs = target_folder()?.join("emulator");
    fs::create_dir_all(&logs).with_context(|| format!("cannot create {}", logs.display()))?;

    let port = free_port()?;
    let endpoint = format!("http://127.0.0.1:{port}");
    let mut ministack = Background::start(
        "MiniStack",
        &ministack(&installed(EMULATOR)?, port, &endpoint)?,
        logs.join("ministack.log"),
    )?;
    ministack.ready(|printed| printed.contains("Running on").then_some(())).inspect_err(|_| ministack.show_log())?;
    let mut proof = tools.command("python3", ["xtask/proof/emulator.py"])?;
    only_here(&mut proof, &client(&endpoint));
    proof.arg(tools.path("sam")).arg(build_folder()).args([architecture().as_ref(), load.as_os_str()]);
    run(&mut proof).inspect_err(|_| ministack.show_log())?;
    closing
        .push("emulator: deployed by SNS, Lambda and EventBridge; scaled out and in; deleted, and nothing left".into());
    Ok(())
}

/// What `sam build` leaves.
pub(crate) fn build_folder() -> PathBuf {
    root().join(".aws-sam/build")
}

/// The program that writes records through our producer, built.
pub(crate) fn load_program() -> Result<PathBuf> {
    run(&mut cargo(["build", "--locked", "--workspace", "--example", "load"]))?;
    let program = target_folder()?.join("debug/examples/load").with_extension(EXE_SUFFIX.trim_start_matches('.'));
    if !program.is_file() {
        bail!("cargo built no {}", program.display());
    }
    Ok(program)
}

fn ministack(tools: &Tools, port: u16, endpoint: &str) -> Result<Command> {
    let mut ministack = tools.command("ministack", [])?;
    only_here(&mut ministack, &client(endpoint));
    ministack.envs([
        // It would else listen on every interface, and on two ports for services that are not asked for.
        ("BIND_HOST", "127.0.0.1"),
        ("GATEWAY_PORT", &port.to_string()),
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
        // Of the address that it gives out for itself, queues' and custom resources' answers among them.
        ("MINISTACK_HOST", "127.0.0.1"),
        ("MINISTACK_ACCOUNT_ID", ACCOUNT),
        ("MINISTACK_REGION", REGION),
    ]);
    Ok(ministack)
}

/// The environment that leads a client of AWS, and the functions, to the emulator.
fn client(endpoint: &str) -> Variables {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        // It takes the key for the account.
        ("AWS_ACCESS_KEY_ID", ACCOUNT),
        ("AWS_SECRET_ACCESS_KEY", "none"),
        ("NO_PROXY", "127.0.0.1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
