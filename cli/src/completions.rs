// SPDX-License-Identifier: Apache-2.0
//! `shardctl completions`: what a shell needs to complete our commands and options.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Command};
use clap_complete::Shell;

/// Print the completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "For example, in ~/.bashrc: source <(shardctl completions bash)")]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, mut tool: Command, out: &mut impl Write) -> Result<()> {
    let name = tool.get_name().to_owned();
    // Into memory first: the generator takes a writer that fails for a bug.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut tool, name, &mut script);
    Ok(out.write_all(&script)?)
}
