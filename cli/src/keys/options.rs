// SPDX-License-Identifier: Apache-2.0
//! What keys are tried on, and over which shards.

use std::borrow::Cow;
use std::io::Read;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, value_parser};
use key_spread::LineFault;
use kinesis_model::HashKeyRange;
use scaler_app::cloud::{Cloud as _, Kinesis as _};

use super::field::text_of;
use crate::connection::{Connection, explained, in_aws};
use crate::failure::usage;
use crate::files;
use crate::options::{number, rate, shards, stream_name};

/// The shards.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shards")]
pub(crate) struct ShardOptions {
    /// Number of equal shards [default: 4].
    #[arg(long, value_name = "N", value_parser = shards(), conflicts_with = "stream")]
    shards: Option<u32>,
    /// The open shards of this stream, with their present hash key ranges.
    #[arg(long, value_name = "NAME", value_parser = stream_name)]
    stream: Option<String>,
}

const SHARDS_DEFAULT: u32 = 4;
/// What a stream of the most shards takes.
const RECORDS_PER_SECOND_MAX: u64 = 10_000_000;

impl ShardOptions {
    /// Their ranges, and their names where they have some.
    ///
    /// # Errors
    /// The stream cannot be looked at.
    pub(crate) fn ranges(&self) -> Result<Vec<(String, HashKeyRange)>> {
        let Some(stream) = &self.stream else {
            let even = HashKeyRange::uniform(self.shards.unwrap_or(SHARDS_DEFAULT));
            return Ok(even.into_iter().enumerate().map(|(i, range)| (format!("shard {i}"), range)).collect());
        };
        let open = in_aws(async {
            let connection = Connection::new().await?;
            connection.cloud.kinesis().open_shards(stream).await.map_err(|error| explained(&error))
        })?;
        Ok(open.into_iter().map(|shard| (shard.id, shard.range)).collect())
    }
}

/// A stream of events that is made up: users by Zipf's law, categories and time evenly. The same seed is the same stream.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Events")]
pub(crate) struct EventOptions {
    /// Events.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) records: u64,
    /// Users who may write them.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = value_parser!(u32).range(1..=100_000_000))]
    pub(crate) users: u32,
    /// How much busier some users are: the exponent of Zipf's law. 0: all equally busy; 1: like words in a text; 2: one
    /// user dominates.
    #[arg(long, value_name = "EXPONENT", default_value_t = 1.0, value_parser = skew)]
    pub(crate) skew: f64,
    /// Categories, of which each event has one.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = value_parser!(u32).range(1..=1_000_000))]
    pub(crate) categories: u32,
    /// The seed of the random numbers.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Seconds for which a time-based key stays the same.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = value_parser!(u32).range(1..=86_400))]
    pub(crate) period: u32,
    #[command(flatten)]
    pub(crate) rate: RateOptions,
}

/// How much is written, by which a hot key is judged.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Events")]
pub(crate) struct RateOptions {
    /// Events a second.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = rate(1, RECORDS_PER_SECOND_MAX))]
    pub(crate) records_per_second: u64,
    /// KiB of a record, its key included.
    #[arg(long, value_name = "KIB", default_value_t = 1.0, value_parser = record_kib)]
    pub(crate) record_kib: f64,
}

fn skew(text: &str) -> Result<f64, String> {
    number(text, |skew| (0.0..=10.0).contains(&skew)).ok_or_else(|| "expected a number from 0 to 10".to_owned())
}

fn record_kib(text: &str) -> Result<f64, String> {
    number(text, |kib| kib > 0.0 && kib <= 10_240.0)
        .ok_or_else(|| "expected a number above 0 and up to 10240, for example 0.5".to_owned())
}

/// Lines of keys.
#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
pub(crate) struct FileOptions {
    /// Your own keys instead of generated events: a file with one key on each line, or `-` for standard input. With a
    /// strategy the lines are the users of events, and the strategy makes their keys.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) keys: Option<PathBuf>,
    /// The lines are JSON, and this field of each line, text or a number, is the key or the user.
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
}

impl FileOptions {
    /// The lines, where there are some.
    ///
    /// # Errors
    /// The file cannot be opened, or there is only a field.
    pub(crate) fn open(&self) -> Result<Option<Box<dyn Read>>> {
        let Some(path) = &self.keys else {
            return match &self.field {
                None => Ok(None),
                Some(field) => Err(usage(format!("--field={field} without --keys: it is a field of their lines"))),
            };
        };
        files::open("keys", path).map(Some)
    }

    /// What is in a line: the field, or all of it.
    ///
    /// # Errors
    /// It has no such field.
    pub(crate) fn text_of<'a>(&self, line: &'a str) -> Result<Cow<'a, str>, LineFault> {
        self.field.as_ref().map_or_else(|| Ok(line.into()), |field| text_of(line, field))
    }

    /// What the lines are called.
    pub(crate) fn name(&self) -> String {
        self.keys.as_ref().map_or_else(String::new, |path| path.display().to_string())
    }
}
