// SPDX-License-Identifier: Apache-2.0
//! The step `clients`: boto3 and the AWS CLI against the sandbox, the latter with every command that people are told.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::local::{Variables, only_here, sandbox};
use crate::shell::{cargo, run};
use crate::told::{Told, told};
use crate::tools::{CLIENTS, Tools, installed};

const SCRIPT: &str = "xtask/python/sandbox_clients.py";

/// Streams change for two virtual seconds: at this speed, for less than a call of the CLI takes.
const SPEED: &str = "20";

pub(crate) fn clients(closing: &mut Vec<String>) -> Result<()> {
    let (by_programs, in_texts) = told()?;
    let tools = installed(CLIENTS)?;
    run(&mut cargo(["build", "--locked", "--package", "sandbox"]))?;
    let (sandbox, variables) = sandbox(&["--speed", SPEED], "clients")?;
    let tried = Clients { tools, variables }.check(&by_programs, &in_texts)?;
    drop(sandbox);
    closing
        .push(format!("clients: boto3 by three protocols, and {tried} commands of the AWS CLI that people are told"));
    Ok(())
}

struct Clients {
    tools: Tools,
    variables: Variables,
}

impl Clients {
    /// How many commands were tried.
    fn check(&self, by_programs: &[Told], in_texts: &[Told]) -> Result<usize> {
        run(&mut self.python(&["check"])?)?;
        let mut failed = 0;
        // A stream's commands end with its deletion; the next have one of the same name.
        for series in by_programs.split_inclusive(|told| told.command.contains("delete-stream")) {
            let name = if series.iter().any(|told| told.command.contains("=-told")) { "-told" } else { "told" };
            run(&mut self.python(&["prepare", name])?)?;
            failed += self.try_all(series)?;
        }
        failed += self.try_all(in_texts)?;
        if failed > 0 {
            bail!("{failed} commands that people are told do not work: see above");
        }
        Ok(by_programs.len() + in_texts.len())
    }

    /// How many of these failed.
    fn try_all(&self, all: &[Told]) -> Result<usize> {
        let mut failed = 0;
        for Told { place, command } in all {
            println!("$ {command}");
            let output = self.command("sh", &["-c", command])?.output().context("cannot start sh")?;
            for printed in [&output.stdout, &output.stderr] {
                print!("{}", String::from_utf8_lossy(printed));
            }
            if !output.status.success() {
                println!("    FAILED ({}); told in {place}", output.status);
                failed += 1;
            }
        }
        Ok(failed)
    }

    fn python(&self, args: &[&str]) -> Result<Command> {
        let mut command = self.command("python", &[SCRIPT])?;
        command.args(args);
        Ok(command)
    }

    fn command(&self, program: &str, args: &[&str]) -> Result<Command> {
        let mut command = self.tools.beside(Path::new(program))?;
        command.args(args);
        only_here(&mut command, &self.variables);
        // No settings of the developer's, and not through a proxy.
        command.envs([
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("NO_PROXY", "127.0.0.1"),
        ]);
        Ok(command)
    }
}
