// SPDX-License-Identifier: Apache-2.0
//! The operator's tool of kinesis-scaler: one file for each command, and what they share.
//!
//! `create` and `scale` change a stream, the latter through the pass that the functions run. Every other command reads:
//! streams are described and their metrics read, no more.

mod backtest;
mod compare;
mod comparison;
mod completions;
mod connection;
mod cost;
mod create;
mod environment;
mod failure;
mod few_keys;
mod files;
mod fleet;
mod forecast;
mod keys;
mod load;
mod man;
mod migrate;
mod options;
mod picture;
mod pricing;
mod progress;
mod report;
mod scale;
mod scaling_policy;
mod scenario;
mod setting_options;
mod settings;
mod shown;
mod simulate;
mod size;
mod source;
mod stack;
mod status;
mod svg;
mod table;
mod tags;
mod time_axis;
mod trial;
mod tune;
mod waiting;
mod words;

use std::io::Write;

use clap::{CommandFactory as _, Parser, Subcommand};

pub use failure::{exit_code, is_broken_pipe};

/// The operator's tool of kinesis-scaler: create, watch and scale streams, and see what kinesis-scaler would do with a
/// workload.
///
/// Only `create` and `scale` change anything in AWS. Region, credentials and endpoint are found as the AWS SDKs
/// find them (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`).
#[derive(Debug, Parser)]
#[command(name = "shardctl", version, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Create(create::Arguments),
    Status(status::Arguments),
    Scale(scale::Arguments),
    Cost(cost::Arguments),
    Keys(keys::Arguments),
    Simulate(simulate::Arguments),
    Backtest(backtest::Arguments),
    Tune(tune::Arguments),
    Forecast(forecast::Arguments),
    Size(size::Arguments),
    Compare(compare::Arguments),
    Migrate(migrate::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// Does what the arguments ask for, and writes the answer to `out`; progress goes to standard error, where that is a
/// terminal.
///
/// # Errors
/// What was wrong with the call or went wrong, in words for the operator; [`exit_code`] tells which.
pub fn run(arguments: Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    match arguments.command {
        Command::Create(arguments) => create::run(&arguments, out),
        Command::Status(arguments) => show_status(&arguments, out),
        Command::Scale(arguments) => scale::run(&arguments, out),
        Command::Cost(arguments) => cost::run(&arguments, out),
        Command::Keys(arguments) => keys::run(&arguments, out),
        Command::Simulate(arguments) => simulate::run(&arguments, out),
        Command::Backtest(arguments) => backtest::run(&arguments, out),
        Command::Tune(arguments) => tune::run(&arguments, out),
        Command::Forecast(arguments) => forecast::run(&arguments, out),
        Command::Size(arguments) => size::run(&arguments, out),
        Command::Compare(arguments) => compare::run(&arguments, out),
        Command::Migrate(arguments) => migrate::run(&arguments, out),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command(), out),
        Command::Man(arguments) => man::run(&arguments, Arguments::command(), out),
    }
}

/// A stream, or without a name the fleet.
fn show_status(arguments: &status::Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    // What is wrong is told before anything is called.
    arguments.stack.policy(None)?;
    match &arguments.name {
        Some(name) => status::run(name, arguments, out),
        None => fleet::run(arguments.output, out),
    }
}
