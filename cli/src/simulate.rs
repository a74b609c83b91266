// SPDX-License-Identifier: Apache-2.0
//! `shardctl simulate`: a policy over a recorded workload, and what came of it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use simulator::calls_file;
use simulator::run::Run;

use crate::comparison::{Comparison, Optimum};
use crate::files;
use crate::options::{AssumptionOptions, cannot_write, read_trace, shards};
use crate::report::{Report, write_json};
use crate::scaling_policy::{PolicyOptions, ScalingPolicy};
use crate::scenario::{Assumed, Scenario};
use crate::words::{comparison_table, figures, heading, hindsight_line};

/// Run a policy over a recorded workload: what it costs, what it throttles, which calls it makes.
///
/// At each minute the policy sees only what CloudWatch would have shown by then. The scaling code is the deployed code.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The workload: a CSV file with the header `timestamp,incoming_bytes,incoming_records` and a line for each minute.
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// Shards in the first minute [default: the power of two that carries the first hour at 90 %].
    #[arg(long, value_name = "N", value_parser = shards())]
    initial_shards: Option<u32>,
    #[command(flatten)]
    policy: PolicyOptions,
    #[command(flatten)]
    assumptions: AssumptionOptions,
    /// Write the resizes to this file, one JSON object on each line.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    calls: Option<PathBuf>,
    /// Print a summary, with the optimum in hindsight, which takes some seconds; json is for programs.
    #[arg(long, value_name = "FORM", help_heading = "Output")]
    summary: Option<Summary>,
    /// Leave the optimum out of the summary.
    #[arg(long, help_heading = "Output")]
    no_optimum: bool,
}

/// The form of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Summary {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    files::is_read_once([Path::new(&arguments.policy.policy), &arguments.trace])?;
    let policy = ScalingPolicy::chosen(&arguments.policy, &arguments.assumptions)?;
    let assumed = Assumed::of(&arguments.assumptions)?;
    let trace = read_trace(&arguments.trace)?;
    let initial_shards = arguments.initial_shards.unwrap_or_else(|| trace.initial_shards());
    let scenario = Scenario::new(trace, initial_shards, assumed);
    let run = policy.run(&scenario)?;
    if let Some(file) = &arguments.calls {
        write_calls(&scenario, &run, file)?;
    }
    let optimum = match arguments.summary {
        Some(_) if !arguments.no_optimum => Optimum::Wanted,
        _ => Optimum::NotWanted,
    };
    let comparison = Comparison::of(&scenario, &policy, &run, optimum)?;
    match arguments.summary {
        Some(Summary::Json) => write_json(&Report::of(&scenario, &policy, &comparison), out),
        None | Some(Summary::Text) => {
            writeln!(out, "{}:\n", heading(&scenario, &policy))?;
            writeln!(out, "{}\n", figures(&comparison.ours.score))?;
            writeln!(out, "{}", comparison_table(&comparison))?;
            Ok(write!(out, "{}", hindsight_line(&comparison))?)
        }
    }
}

fn write_calls(scenario: &Scenario, run: &Run, file: &PathBuf) -> Result<()> {
    let created = File::create(file).with_context(|| cannot_write(file))?;
    calls_file::write(&scenario.trace, run, BufWriter::new(created)).with_context(|| cannot_write(file))
}
