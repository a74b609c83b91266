// SPDX-License-Identifier: Apache-2.0
//! Options that several commands have in common.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use aws_models::stream_model::Assumptions;
use clap::builder::RangedU64ValueParser;
use clap::{Arg, Args, ValueEnum, value_parser};
use kinesis_model::limits::{
    METRIC_DELAY_MINUTES, SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_MINUTE_PER_SHARD, WRITE_RECORDS_PER_MINUTE_PER_SHARD,
};
use kinesis_model::number::Number;
use kinesis_model::resize_time::{RESIZE_SECONDS_MAX, RESIZE_SECONDS_MIN, RESIZE_SECONDS_PER_SHARD};
use scaler_app::stack_config::is_stack_name;
use scaler_app::stream_name::is_stream_name;
use simulator::trace::Trace;

use crate::failure::usage;
use crate::files;

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// What is not known of AWS and of the producers, and has to be assumed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Assumptions")]
pub(crate) struct AssumptionOptions {
    /// Seconds that a resize takes for each shard that it adds or removes.
    #[arg(long, value_name = "SECONDS", default_value_t = RESIZE_SECONDS_PER_SHARD)]
    #[arg(value_parser = value_parser!(u32).range(0..=3_600))]
    delay_per_shard: u32,
    /// Minimum seconds that a resize takes.
    #[arg(long, value_name = "SECONDS", default_value_t = RESIZE_SECONDS_MIN)]
    #[arg(value_parser = value_parser!(u32).range(0..=86_400))]
    delay_min: u32,
    /// Maximum seconds that a resize takes.
    #[arg(long, value_name = "SECONDS", default_value_t = RESIZE_SECONDS_MAX)]
    #[arg(value_parser = value_parser!(u32).range(0..=86_400))]
    delay_max: u32,
    /// Minutes until CloudWatch shows a minute that has ended.
    #[arg(long, value_name = "MINUTES", default_value_t = METRIC_DELAY_MINUTES)]
    #[arg(value_parser = value_parser!(u32).range(0..=60))]
    metric_delay: u32,
    /// Busiest second of a minute over its mean second, 1 or more.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = burst)]
    burst: f64,
    /// What producers do with throttled records: give up, or send them again in later minutes. For kinesis-scaler only.
    #[arg(long, value_name = "HANDLING", default_value = "lost")]
    pub(crate) throttled: ThrottleHandling,
    /// Share of the traffic, above 0 and up to 1, that goes to one hot shard. For kinesis-scaler only.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) hottest_key_share: Option<f64>,
}

/// What producers do with throttled records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ThrottleHandling {
    /// They do not send them again.
    Lost,
    /// They are sent again.
    Retried,
}

impl AssumptionOptions {
    /// What is assumed of AWS.
    ///
    /// # Errors
    /// Bounds that contradict each other.
    pub(crate) fn assumptions(&self) -> Result<Assumptions> {
        let (min, max) = (self.delay_min, self.delay_max);
        if min > max {
            return Err(usage(format!(
                "--delay-min={min} is more than --delay-max={max}: lower it or raise the other"
            )));
        }
        Ok(Assumptions {
            resize_seconds_per_shard: self.delay_per_shard,
            resize_seconds_min: min,
            resize_seconds_max: max,
            metric_delay_minutes: self.metric_delay,
            burst: self.burst,
        })
    }
}

/// Lets a negative number reach the parser of an option, which says what it expected; for `mut_args`.
pub(crate) fn with_negative_numbers(option: Arg) -> Arg {
    let takes_a_value = option.get_action().takes_values();
    option.allow_negative_numbers(takes_a_value)
}

/// A name that a stream can have.
pub(crate) fn stream_name(text: &str) -> Result<String, String> {
    let expected = || "expected a stream's name: up to 128 of letters, digits, `_`, `.` and `-`".to_owned();
    is_stream_name(text).then(|| text.to_owned()).ok_or_else(expected)
}

/// A name that a stack can have.
pub(crate) fn stack_name(text: &str) -> Result<String, String> {
    let expected = || "expected a stack's name: up to 128 of letters, digits and `-`".to_owned();
    is_stack_name(text).then(|| text.to_owned()).ok_or_else(expected)
}

/// A count that a stream can have.
pub(crate) fn shards() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(1..=u64::from(SHARDS_PER_STREAM_MAX))
}

/// A trace has no more than so many of the largest streams take: what sums up to a year of it is counted without overflow.
const STREAMS_MAX: u64 = 10;

/// Reads the trace in a file; it is called by the file's name.
pub(crate) fn read_trace(file: &Path) -> Result<Trace> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let bytes = files::bytes("trace", file)?;
    let trace = Trace::read(&name, bytes).with_context(|| format!("cannot read the trace {}", file.display()))?;
    let most = |limit: u64| limit * u64::from(SHARDS_PER_STREAM_MAX) * STREAMS_MAX;
    let (bytes, records) = (most(WRITE_BYTES_PER_MINUTE_PER_SHARD), most(WRITE_RECORDS_PER_MINUTE_PER_SHARD));
    if let Some(at) = trace.minutes.iter().position(|minute| minute.bytes > bytes || minute.records > records) {
        bail!(
            "the trace {}: the minute {} has more than {STREAMS_MAX} streams of {SHARDS_PER_STREAM_MAX} shards \
             take, {bytes} bytes or {records} records: are these the sums of one minute?",
            file.display(),
            trace.at(at)
        );
    }
    Ok(trace)
}

/// What a file was asked for and could not be written.
pub(crate) fn cannot_write(file: &Path) -> String {
    format!("cannot write {}", file.display())
}

fn burst(text: &str) -> Result<f64, String> {
    number(text, |burst| burst >= 1.0).ok_or_else(|| "expected a number of 1 or more".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    number(text, |share| share > 0.0 && share <= 1.0)
        .ok_or_else(|| "expected a number above 0 and up to 1, for example 0.3".to_owned())
}

/// Percent, 0 to 100.
pub(crate) fn percent_option(text: &str) -> Result<f64, String> {
    number(text, |percent| (0.0..=100.0).contains(&percent))
        .ok_or_else(|| "expected a number from 0 to 100, for example 0.1".to_owned())
}

/// A rate as people and their tools write it, `60000.0` or a mean of `59.7`; up, since a part of a record is a record.
pub(crate) fn rate(min: u64, max: u64) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| {
        let rate = text.parse::<Number>().and_then(|number| number.times(1));
        let rate = rate.map_err(|fault| format!("expected a number from {min} to {max}; it is {fault}"))?;
        if (min..=max).contains(&rate) { Ok(rate) } else { Err(format!("{text} is not in {min}..={max}")) }
    }
}

/// A number that is allowed; one beyond all floating-point numbers never is.
pub(crate) fn number(text: &str, allowed: impl Fn(f64) -> bool) -> Option<f64> {
    text.parse().ok().map(Number::nearest).filter(|number| number.is_finite() && allowed(*number))
}
