// SPDX-License-Identifier: Apache-2.0
//! `shardctl keys`: how partition keys spread over shards, measured.

mod chart;
mod compare;
mod events;
mod field;
mod measured;
mod options;
mod sample;
mod sample_report;
mod sampled;
mod shards_to_sample;
mod stars;
mod test;

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Show how partition keys spread over shards, and which keys are hot.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::Arguments),
    Test(test::Arguments),
    Sample(sample::Arguments),
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    match &arguments.command {
        Command::Compare(arguments) => compare::run(arguments, out),
        Command::Test(arguments) => test::run(arguments, out),
        Command::Sample(arguments) => sample::run(arguments, out),
    }
}
