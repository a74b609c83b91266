//! The operator's tool of kinesis-scaler: one file for each command, and what they share.
//!
//! Nothing here changes anything in AWS: streams are described and their metrics read, no more.

mod backtest;
mod compare;
mod comparison;
mod completions;
mod contender;
mod failure;
mod man;
mod migrate;
mod options;
mod picture;
mod plan;
mod pricing;
mod progress;
mod report;
mod scene;
mod settings;
mod simulate;
mod source;
mod table;
mod time_axis;
mod trial;
mod tune;
mod words;

use std::io::Write;

use clap::{CommandFactory as _, Parser, Subcommand};

pub use failure::{exit_code, is_broken_pipe};

/// What would kinesis-scaler do? Answers for a recorded workload, or for a stream of yours.
///
/// Reads only: no command changes anything in AWS.
#[derive(Debug, Parser)]
#[command(name = "shardctl", version, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Simulate(simulate::Arguments),
    Backtest(backtest::Arguments),
    Tune(tune::Arguments),
    Plan(plan::Arguments),
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
        Command::Simulate(arguments) => simulate::run(&arguments, out),
        Command::Backtest(arguments) => backtest::run(&arguments, out),
        Command::Tune(arguments) => tune::run(&arguments, out),
        Command::Plan(arguments) => plan::run(&arguments, out),
        Command::Compare(arguments) => compare::run(&arguments, out),
        Command::Migrate(arguments) => migrate::run(&arguments, out),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command(), out),
        Command::Man(arguments) => man::run(&arguments, Arguments::command(), out),
    }
}
