//! `shardctl plan`: the next 24 hours of a stream, or a stream sized on paper.

mod ahead;
mod paper;
mod paper_words;

use std::io::Write;

use anyhow::Result;
use clap::{ArgGroup, Args};

use crate::options::{Output, with_negative_numbers};
use crate::setting_options::SettingOptions;
use crate::source::SourceOptions;

/// Show the next 24 hours of a stream and the shards planned for them; or size a stream on paper.
///
/// With --stream or --trace: what the stream is expected to be asked for, and the plan that the functions would make
/// now; at each of their looks they make it anew, and only its first step is ever carried out.
///
/// With --mb-per-second, --kafka-mb-per-second or --from-stream: how many shards a peak load takes by each limit of a
/// shard, and what they cost. No AWS account is needed for the first two.
#[derive(Debug, Args)]
#[command(group(
    ArgGroup::new("workload")
        .args(["stream", "trace", "mb_per_second", "kafka_mb_per_second", "from_stream"])
        .required(true)
))]
#[command(mut_args(with_negative_numbers))]
// Prices are for what is on paper.
#[command(mut_arg("region", |arg| arg.conflicts_with_all(["stream", "trace"])))]
#[command(mut_arg("prices", |arg| arg.conflicts_with_all(["stream", "trace"])))]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    paper: paper::PaperOptions,
    #[command(flatten)]
    settings: SettingOptions,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let Arguments { source, paper, settings, output } = arguments;
    if paper.is_asked_for() {
        return paper.run(source, *output, out);
    }
    ahead::run(source, settings, paper.partition_keys, *output, out)
}
