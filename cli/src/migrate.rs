// SPDX-License-Identifier: Apache-2.0
//! `shardctl migrate`: from Kafka to Kinesis.

mod checklist;
mod describe;
mod description;
mod document;
mod fields;
mod gathered;
mod groups;
mod infrastructure;
mod moves;
mod other_tools;
mod plan;
mod report;
mod words;

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Move from Kafka to Kinesis: what each topic becomes, what it costs, and what to do.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Plan(plan::Arguments),
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    match &arguments.command {
        Command::Plan(arguments) => plan::run(arguments, out),
    }
}
