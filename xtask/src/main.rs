// SPDX-License-Identifier: Apache-2.0
//! The project's own commands, as `cargo xtask <command>`.

mod background;
mod bundles;
mod clients;
mod cold_start;
mod dependencies;
mod emulator;
mod invoke;
mod licences;
mod links;
mod local;
mod prove;
mod release;
mod shell;
mod test;
mod tidy;
mod told;
mod tools;

use std::process::ExitCode;

use crate::shell::{cargo, run};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["demo", rest @ ..] => run(cargo(["run", "--locked", "--package", "demo", "--"]).args(rest)),
        ["test", steps @ ..] => test::test(steps),
        ["prove", rest @ ..] => prove::prove(rest),
        ["release"] => release::release(),
        ["tidy"] => tidy::tidy(),
        ["bench", "cold-start"] => cold_start::bench(),
        ["bench", "decide"] => run(&mut cargo(["bench", "--locked", "--package", "scaler-core", "--bench", "decide"])),
        ["bench", "fleet"] => run(&mut cargo(["bench", "--locked", "--package", "scaler-aws", "--bench", "fleet"])),
        ["bench", "keys"] => run(&mut cargo(["bench", "--locked", "--package", "key-spread", "--bench", "keys"])),
        ["bench", "producer"] => {
            run(&mut cargo(["bench", "--locked", "--package", "kinesis-producer", "--bench", "producer"]))
        }
        ["bench", "policy", folder @ ..] if folder.len() <= 1 => policy(folder.first()),
        [] | ["help" | "--help" | "-h"] => {
            println!("{}", usage());
            Ok(())
        }
        unknown => {
            eprintln!("`cargo xtask {}` is not one of these:\n\n{}", unknown.join(" "), usage());
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The folder is meant from where we were started; a bench is started elsewhere.
fn policy(folder: Option<&&str>) -> anyhow::Result<()> {
    let mut bench = cargo(["bench", "--locked", "--package", "simulator", "--bench", "policy"]);
    if let Some(folder) = folder {
        bench.arg("--").arg(std::path::absolute(folder)?);
    }
    run(&mut bench)
}

fn usage() -> String {
    let steps: Vec<String> =
        test::STEPS.iter().map(|step| format!("                  {:<11}  {}", step.name, step.what)).collect();
    format!(
        "\
cargo xtask demo [args]       the main job, end to end, on this machine alone; --plain prints lines
cargo xtask test [step ...]   everything CI runs, or only the steps named:
{}
cargo xtask prove [args]      the same on AWS, in an account that can be thrown away; says first what it will cost
cargo xtask release           bundles and templates for whoever builds nothing, into target/release-bundles/VERSION
cargo xtask tidy              the workspace's own rules
cargo xtask bench cold-start  start-up time and memory of scale-out, beside an empty function
cargo xtask bench decide      time and memory of one decision, with all the past there can be and without
cargo xtask bench fleet       calls and time of alarm-sync over 3,000 streams
cargo xtask bench keys        partition keys hashed and counted a second, beside Python's hashlib
cargo xtask bench producer    records a second into the sandbox, beside Python's boto3
cargo xtask bench policy [FOLDER]
                              the policies over a folder of traces, into docs/policy.md; ../shared/traces if not given",
        steps.join("\n")
    )
}
