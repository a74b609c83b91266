// SPDX-License-Identifier: Apache-2.0
//! `shardctl tune`: which settings suit a stream best, tried on one part of its past and checked on another.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args};
use scaler_app::advice::StreamCommand;
use scaler_core::Policy;
use serde::Serialize;

use crate::files;
use crate::options::{AssumptionOptions, Output, percent_option};
use crate::report::{ScoreReport, write_json};
use crate::scenario::{Assumed, hours};
use crate::setting_options::SettingOptions;
use crate::settings::{changes, in_words, policy_to_simulate, settings_file};
use crate::source::SourceOptions;
use crate::table::{figure, percent, table};
use crate::trial::{Candidate, Trial, grid};
use crate::words::HOURS_PER_MONTH;

/// A day at least: what is chosen on less is chosen by chance.
const MINUTES_MIN: usize = 1_440;

/// Find the settings that suit a stream best, by trying a grid of settings on its past.
///
/// Risk, target utilization and stabilization window, in 27 combinations. They are chosen on the first two thirds of
/// the history and checked on the last third, which shows settings that fit only the past. --policy gives the starting
/// settings, with which the others are compared.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("workload").args(["stream", "trace"]).required(true)))]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: SourceOptions,
    /// The starting settings: a file of NAME=value lines, the environment variables of the functions [default: the
    /// template's defaults without a maximum].
    #[arg(long, value_name = "FILE", help_heading = "Policy")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingOptions,
    #[command(flatten)]
    assumptions: AssumptionOptions,
    /// Highest percent of the bytes that may be throttled [default: the percent with the starting settings].
    #[arg(long, value_name = "PERCENT", value_parser = percent_option, help_heading = "Choice")]
    throttled_max: Option<f64>,
    /// The form of the answer; json is for programs.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    files::is_read_once(arguments.source.file().into_iter().chain(arguments.policy.as_deref()))?;
    let base = policy_to_simulate(&arguments.settings, settings_file(arguments.policy.as_deref())?)?;
    let assumed = Assumed::of(&arguments.assumptions)?;
    let source = arguments.source.read()?;
    let minutes = source.trace.minutes.len();
    if minutes < MINUTES_MIN {
        bail!(
            "{} has {minutes} minutes: choosing settings needs {MINUTES_MIN} or more; wait until there are, or \
             give another trace",
            source.trace.name
        );
    }
    let stream = source.stream.as_ref().map(|stream| stream.name.clone());
    let trial = Trial::of(source, &assumed, grid(&base)?, arguments.throttled_max);
    match arguments.output {
        Output::Json => write_json(&trial.report(), out),
        Output::Table => trial.tell(stream.as_deref(), out),
    }
}

impl Trial {
    fn tell(&self, stream: Option<&str>, out: &mut impl Write) -> Result<()> {
        writeln!(
            out,
            "{}: {} settings, chosen on {} minutes from {}, checked on the {} from {}\n",
            self.trace.name,
            self.candidates.len(),
            self.split,
            self.trace.start,
            self.trace.minutes.len() - self.split,
            self.trace.at(self.split),
        )?;
        writeln!(out, "{}\n", self.table())?;
        if self.winner().chosen_on.throttled_bytes_share > self.throttled_max {
            writeln!(
                out,
                "No settings throttle as little as requested ({}): the best settings are those that throttle least.",
                percent(self.throttled_max, 3)
            )?;
        }
        if self.winner().policy == self.base().policy {
            return Ok(writeln!(out, "No settings are better than the starting ones: keep those.")?);
        }
        writeln!(out, "{}", self.verdict())?;
        if self.held() {
            write!(out, "\n{}", applied(&self.base().policy, &self.winner().policy, stream))?;
        }
        Ok(())
    }

    /// The undominated ones, and what there was to begin from.
    fn table(&self) -> String {
        let mut shown = self.undominated();
        if !shown.iter().any(|one| one.policy == self.base().policy) {
            shown.push(self.base());
        }
        let winner = self.winner().policy;
        let rows = shown.into_iter().map(|one| {
            let Candidate { policy, chosen_on, checked_on } = one;
            let mark = match *policy {
                policy if policy == winner => "best",
                policy if policy == self.base().policy => "starting",
                _ => "",
            };
            [
                mark.to_owned(),
                policy.throttling_risk.to_string(),
                format!("{} %", policy.target_utilization_percent),
                format!("{} min", policy.stabilization_window_minutes),
                figure(chosen_on.usd, 2),
                percent(chosen_on.throttled_bytes_share, 4),
                figure(checked_on.usd, 2),
                percent(checked_on.throttled_bytes_share, 4),
            ]
        });
        let header = ["", "risk", "target", "window", "USD", "throttled", "USD, checked", "throttled, checked"];
        table(header, rows)
    }

    /// How the winner did where it had no say.
    fn verdict(&self) -> String {
        let (winner, base) = (self.winner(), self.base());
        let (new, old) = (&winner.checked_on, &base.checked_on);
        let monthly = (old.usd - new.usd) / hours(self.trace.minutes.len() - self.split) * HOURS_PER_MONTH;
        let words = if self.held() {
            "The result held"
        } else {
            "The result did not hold, so keep the starting \
            settings"
        };
        format!(
            "Best: {}.\n\
             {words}: checked, it costs {} USD instead of {} ({} USD a month {}), and throttles {} of the bytes \
             instead of {}.",
            in_words(&winner.policy),
            figure(new.usd, 2),
            figure(old.usd, 2),
            figure(monthly.abs(), 2),
            if monthly < 0.0 { "more" } else { "less" },
            percent(new.throttled_bytes_share, 4),
            percent(old.throttled_bytes_share, 4),
        )
    }
}

/// How to change one policy into the other: by the stream's tags as far as there are any, else by the stack's settings.
fn applied(from: &Policy, to: &Policy, stream: Option<&str>) -> String {
    let (mut tags, mut settings) = (Vec::new(), Vec::new());
    for (setting, value) in changes(from, to) {
        match setting.tag {
            Some(tag) => tags.push(format!("{tag}={value}")),
            None => settings.push(format!("  {}={value}\n", setting.variable)),
        }
    }
    let mut words = Vec::new();
    if !tags.is_empty() {
        let (stream, tags) = (stream.unwrap_or("STREAM"), tags.join(","));
        let command = StreamCommand::Tag(&tags).text(None, stream);
        words.push(format!("For this stream alone:\n\n  {command}\n"));
    }
    if !settings.is_empty() {
        let settings = settings.concat();
        words.push(format!(
            "For all streams, as settings of the stack (to try them, in a file for --policy):\n\n{settings}"
        ));
    }
    words.join("\n")
}

/// A trial for programs.
#[derive(Serialize)]
struct TrialReport {
    /// Minutes on which settings were chosen, and those on which they were checked.
    minutes_chosen_on: usize,
    minutes_checked_on: usize,
    /// 0 to 1.
    throttled_bytes_share_max: f64,
    /// Whether the best is also better where it had no say.
    held: bool,
    best: usize,
    /// The first is what there was to begin from.
    candidates: Vec<CandidateReport>,
}

#[derive(Serialize)]
struct CandidateReport {
    settings: BTreeMap<&'static str, String>,
    is_undominated: bool,
    chosen_on: ScoreReport,
    checked_on: ScoreReport,
}

impl Trial {
    fn report(&self) -> TrialReport {
        let undominated = self.undominated();
        let (winner, split) = (self.winner().policy, self.split);
        let candidate = |one: &Candidate| CandidateReport {
            settings: one.policy.variables().into_iter().collect(),
            is_undominated: undominated.iter().any(|other| other.policy == one.policy),
            chosen_on: ScoreReport::from(&one.chosen_on),
            checked_on: ScoreReport::from(&one.checked_on),
        };
        TrialReport {
            minutes_chosen_on: split,
            minutes_checked_on: self.trace.minutes.len() - split,
            throttled_bytes_share_max: self.throttled_max,
            held: self.held(),
            best: self.candidates.iter().position(|one| one.policy == winner).unwrap_or_default(),
            candidates: self.candidates.iter().map(candidate).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use scaler_core::{PolicySpec, Risk};

    use super::*;

    #[test]
    fn what_has_a_tag_is_applied_by_it_and_the_rest_by_settings() {
        let from = PolicySpec { target_utilization_percent: 80, ..PolicySpec::default() };
        let to = PolicySpec { target_utilization_percent: 81, stabilization_window_minutes: 99, ..from };
        let policy = |spec| Policy::new(spec).unwrap();
        insta::assert_snapshot!(applied(&policy(from), &policy(to), Some("orders")), @r"
        For this stream alone:

          aws kinesis add-tags-to-stream --stream-name orders --tags kinesis-scaler/target-utilization=81

        For all streams, as settings of the stack (to try them, in a file for --policy):

          STABILIZATION_WINDOW_MINUTES=99
        ");
        let risks = [Risk::Careful, Risk::Thrifty].map(|risk| policy(PolicySpec { throttling_risk: risk, ..from }));
        insta::assert_snapshot!(applied(&risks[0], &risks[1], None), @r"
        For this stream alone:

          aws kinesis add-tags-to-stream --stream-name STREAM --tags kinesis-scaler/risk=thrifty
        ");
    }
}
