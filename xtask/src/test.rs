// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask test`: everything CI runs, quickest to fail first.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::bundles::package;
use crate::clients::clients;
use crate::emulator::emulator;
use crate::invoke::invoke;
use crate::release;
use crate::shell::{cargo, run, shown};
use crate::tidy::tidy;
use crate::tools::{check_python, tools};

/// One part of `cargo xtask test`.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    needs_python: bool,
    /// Does it, and adds the lines worth repeating at the very end.
    run: fn(&mut Vec<String>) -> Result<()>,
}

/// In the order in which they run.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "tidy", what: "the workspace's own rules", needs_python: false, run: |_| tidy() },
    Step { name: "fmt", what: "formatting", needs_python: false, run: fmt },
    Step { name: "clippy", what: "lints, warnings denied", needs_python: false, run: clippy },
    Step { name: "test", what: "all tests; one runs the demo twice", needs_python: false, run: cargo_test },
    Step { name: "doc", what: "documentation, warnings denied", needs_python: false, run: doc },
    Step { name: "template", what: "template.yaml by sam and cfn-lint", needs_python: true, run: template },
    Step { name: "permissions", what: "template.yaml by AWS's reference", needs_python: true, run: permissions },
    Step { name: "package", what: "sam build: every bundle", needs_python: true, run: package },
    Step { name: "release", what: "a release, packed and looked at", needs_python: true, run: release::check },
    Step { name: "invoke", what: "each of events/ by cargo lambda", needs_python: true, run: invoke },
    Step { name: "clients", what: "boto3 and every command told, on the sandbox", needs_python: true, run: clients },
    Step { name: "emulator", what: "the stack on MiniStack", needs_python: true, run: emulator },
];

/// Regions of each partition that AWS tells the resource types of.
pub(crate) const LINTED_REGIONS: [&str; 4] = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"];

/// Runs the steps named, or all; stops at the first that fails.
pub(crate) fn test(names: &[&str]) -> Result<()> {
    let steps = chosen(names)?;
    let (python, plain): (Vec<&Step>, Vec<&Step>) = steps.iter().partition(|step| step.needs_python);
    if !python.is_empty() {
        // Known in the first second instead of after the first ten minutes.
        check_python(&names_of(&python), &names_of(&plain))?;
    }

    let began = Instant::now();
    let mut table = vec![String::from("\nstep         seconds")];
    let mut closing = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("\n==== {}: {} ====", step.name, step.what);
        let step_began = Instant::now();
        let outcome = (step.run)(&mut closing);
        let verdict = if outcome.is_ok() { "" } else { "  FAILED" };
        table.push(format!("{:<11} {:>8.1}{verdict}", step.name, step_began.elapsed().as_secs_f64()));
        if let Err(error) = outcome {
            failure = Some(error.context(format!("step {0} (again: cargo xtask test {0})", step.name)));
            break;
        }
    }
    table.push(format!("{:<11} {:>8.1}\n", "total", began.elapsed().as_secs_f64()));
    for line in table.iter().chain(&closing) {
        println!("{line}");
    }
    failure.map_or(Ok(()), Err)
}

fn chosen(names: &[&str]) -> Result<Vec<&'static Step>> {
    for name in names {
        if !STEPS.iter().any(|step| step.name == *name) {
            let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            bail!("step {name:?} does not exist; there are: {}", known.join(" "));
        }
    }
    Ok(STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name)).collect())
}

fn names_of<'a>(steps: &[&'a Step]) -> Vec<&'a str> {
    steps.iter().map(|step| step.name).collect()
}

fn fmt(_: &mut Vec<String>) -> Result<()> {
    run(&mut cargo(["fmt", "--all", "--check"]))
}

fn clippy(_: &mut Vec<String>) -> Result<()> {
    run(&mut cargo(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

/// Shows cargo's output as it comes and keeps the result lines, which would else be far up the page.
fn cargo_test(closing: &mut Vec<String>) -> Result<()> {
    let mut command = cargo(["test", "--workspace", "--locked"]);
    println!("$ {}", shown(&command));
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let output = child.stdout.take().context("stdout was asked for")?;
    for line in BufReader::new(output).lines() {
        let line = line.context("cargo test wrote something that is not text")?;
        println!("{line}");
        if line.starts_with("test result:") {
            closing.push(line);
        }
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(&command));
    }
    Ok(())
}

fn doc(_: &mut Vec<String>) -> Result<()> {
    run(cargo(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-Dwarnings"))
}

fn template(_: &mut Vec<String>) -> Result<()> {
    let tools = tools()?;
    run(&mut tools.command("sam", ["validate", "--lint"])?)?;
    let mut lint = tools.command("cfn-lint", ["--template", "template.yaml", "--regions"])?;
    run(lint.args(LINTED_REGIONS))?;
    run(&mut tools.command("python", ["xtask/python/terraform.py"])?)
}

fn permissions(_: &mut Vec<String>) -> Result<()> {
    run(&mut tools()?.command("python", ["xtask/python/permissions.py"])?)
}
