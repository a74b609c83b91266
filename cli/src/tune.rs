//! `shardctl tune`: which settings suit a stream best, tried on one part of its past and checked on another.

use std::io::Write;
use std::num::NonZero;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, bail};
use clap::Args;
use scaler_core::{Policy, PolicySpec, Risk, TAG_PREFIX};
use scaler_sim::run::Run;
use scaler_sim::score::Score;
use scaler_sim::trace::Trace;
use serde::Serialize;

use crate::backtest::Output;
use crate::contender::ours;
use crate::options::{AssumptionOptions, PolicyOptions, percent_option};
use crate::progress;
use crate::report::{HOURS_PER_MONTH, ScoreReport, write_json};
use crate::scene::{Assumed, hours, run as simulated};
use crate::settings;
use crate::source::{Source, SourceOptions};
use crate::table::{figure, percent, table};

/// What is tried, in every combination.
const TARGETS: [u32; 3] = [70, 80, 90];
const WINDOWS: [u32; 3] = [30, 60, 120];
/// A day at least: what is chosen on less is chosen by chance.
const MINUTES_MIN: usize = 1_440;

/// Which settings suit a stream best: tries a grid of them on its past.
///
/// Risk, target utilization and stabilization window, in 45 combinations. They are chosen on the first two thirds of the
/// history, and what is said of them is what they do on the last third, which had no say: settings that only fit the past
/// show there. --policy gives the settings to begin from; the others are compared with them.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: SourceOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    #[command(flatten)]
    assumptions: AssumptionOptions,
    /// Percent of the bytes that may be throttled at most [default: as many as with the settings to begin from].
    #[arg(long, value_name = "PERCENT", value_parser = percent_option)]
    throttled_max: Option<f64>,
    /// How to tell what came of it.
    #[arg(long, value_name = "FORM", default_value = "table", help_heading = "Output")]
    output: Output,
}

/// Settings, and how they did.
struct Candidate {
    policy: Policy,
    /// On the part of the history on which settings are chosen.
    chosen_on: Score,
    /// On the part that has no say in it.
    checked_on: Score,
}

/// All that was tried. The first candidate is what there was to begin from.
struct Trial {
    trace: Trace,
    /// The first minute that has no say.
    split: usize,
    candidates: Vec<Candidate>,
    /// Most throttled bytes, 0 to 1, with which settings are chosen.
    throttled_max: f64,
}

pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let base = ours(&arguments.policy)?;
    let assumed = Assumed::of(&arguments.assumptions)?;
    let source = arguments.source.read()?;
    let minutes = source.trace.minutes.len();
    if minutes < MINUTES_MIN {
        bail!(
            "{} has {minutes} minutes: to choose settings takes {MINUTES_MIN} or more; wait until there are, or give another \
             trace",
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

/// What to begin from, and every combination beside it.
fn grid(base: &Policy) -> Result<Vec<Policy>> {
    let mut policies = vec![*base];
    for risk in Risk::ALL {
        for target_utilization_percent in TARGETS {
            for stabilization_window_minutes in WINDOWS {
                let spec = PolicySpec { risk, target_utilization_percent, stabilization_window_minutes, ..**base };
                match Policy::new(spec) {
                    Ok(policy) if policy == *base => {}
                    Ok(policy) => policies.push(policy),
                    Err(faults) => bail!("a candidate is no policy: {faults:?}"),
                }
            }
        }
    }
    Ok(policies)
}

impl Trial {
    fn of(source: Source, assumed: &Assumed, policies: Vec<Policy>, throttled_max_percent: Option<f64>) -> Self {
        let trace = source.trace;
        let split = trace.minutes.len() * 2 / 3;
        // Policies do not see ahead: the first part of a run is what it would be if there were no second.
        let scores = scores(&policies, |policy| {
            let run = simulated(&trace, source.initial_shards, assumed, policy);
            [0..split, split..trace.minutes.len()].map(|minutes| {
                let (trace, run) = part(&trace, &run, minutes);
                Score::of(&trace, &run, &assumed.aws)
            })
        });
        let candidates: Vec<Candidate> = policies
            .into_iter()
            .zip(scores)
            .map(|(policy, [chosen_on, checked_on])| Candidate { policy, chosen_on, checked_on })
            .collect();
        let as_before = candidates[0].chosen_on.throttled_bytes_share;
        let throttled_max = throttled_max_percent.map_or(as_before, |percent| percent / 100.0);
        Self { trace, split, candidates, throttled_max }
    }

    fn base(&self) -> &Candidate {
        &self.candidates[0]
    }

    /// The cheapest that throttles no more than it may; where none does, the one that throttles least.
    fn winner(&self) -> &Candidate {
        let by = |figure: fn(&Score) -> f64| {
            move |one: &&Candidate, other: &&Candidate| figure(&one.chosen_on).total_cmp(&figure(&other.chosen_on))
        };
        let allowed = self.candidates.iter().filter(|one| one.chosen_on.throttled_bytes_share <= self.throttled_max);
        allowed
            .min_by(by(|score| score.usd))
            .or_else(|| self.candidates.iter().min_by(by(|score| score.throttled_bytes_share)))
            .unwrap_or(self.base())
    }

    /// Whether the winner is also the better one where it had no say.
    fn held(&self) -> bool {
        let (winner, base) = (&self.winner().checked_on, &self.base().checked_on);
        let allowed = self.throttled_max.max(base.throttled_bytes_share);
        let throttles_less = winner.throttled_bytes_share < base.throttled_bytes_share;
        winner.throttled_bytes_share <= allowed && (winner.usd < base.usd || throttles_less)
    }

    /// Those that nothing else beats in cost and in throttling, the cheapest first.
    fn undominated(&self) -> Vec<&Candidate> {
        let figures = |one: &Candidate| (one.chosen_on.usd, one.chosen_on.throttled_bytes_share);
        let beats = |other: &Candidate, one: &Candidate| {
            let ((usd, throttled), (its_usd, its_throttled)) = (figures(other), figures(one));
            usd <= its_usd && throttled <= its_throttled && (usd < its_usd || throttled < its_throttled)
        };
        let is_beaten = |one: &Candidate| self.candidates.iter().any(|other| beats(other, one));
        let mut left: Vec<&Candidate> = self.candidates.iter().filter(|one| !is_beaten(one)).collect();
        left.sort_by(|one, other| one.chosen_on.usd.total_cmp(&other.chosen_on.usd));
        // Settings that make no difference here are told once.
        left.dedup_by(|one, other| figures(one) == figures(other));
        left
    }
}

/// What each policy scores, in their order, on all processors.
fn scores<T: Send>(policies: &[Policy], score: impl Fn(Policy) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let bar = progress::bar("settings tried", policies.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(policy) = policies.get(at) else { return done };
            done.push((at, score(*policy)));
            bar.inc(1);
        }
    };
    let mut done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        ended.flatten().collect::<Vec<_>>()
    });
    bar.finish_and_clear();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, score)| score).collect()
}

/// Some minutes of a run, and of the trace that it was made over.
fn part(trace: &Trace, run: &Run, minutes: Range<usize>) -> (Trace, Run) {
    let calls = run.calls.iter().filter(|call| minutes.contains(&call.minute)).cloned().collect();
    let run = Run { capacity: run.capacity[minutes.clone()].to_vec(), calls };
    let start = trace.at(minutes.start);
    (Trace { name: trace.name.clone(), start, minutes: trace.minutes[minutes].to_vec() }, run)
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
        if self.winner().policy == self.base().policy {
            return Ok(writeln!(out, "Nothing is better than what there was to begin from: stay with it.")?);
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
                policy if policy == self.base().policy => "begun from",
                _ => "",
            };
            [
                mark.to_owned(),
                policy.risk.to_string(),
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
        let hours =
            hours(&self.trace) * to_float(self.trace.minutes.len() - self.split) / to_float(self.trace.minutes.len());
        let monthly = (old.usd - new.usd) / hours * HOURS_PER_MONTH;
        let words = if self.held() { "It held" } else { "It did not hold, so stay with what there was" };
        format!(
            "Best: {}.\n\
             {words}: checked, it costs {} USD instead of {} ({} USD a month {}), and throttles {} of the bytes instead of \
             {}.",
            settings::in_words(&winner.policy),
            figure(new.usd, 2),
            figure(old.usd, 2),
            figure(monthly.abs(), 2),
            if monthly < 0.0 { "more" } else { "less" },
            percent(new.throttled_bytes_share, 4),
            percent(old.throttled_bytes_share, 4),
        )
    }
}

#[allow(clippy::cast_precision_loss, reason = "a trace has far fewer than 2^53 minutes")]
fn to_float(minutes: usize) -> f64 {
    minutes as f64
}

/// How to change one policy into the other: by the stream's tags as far as there are tags, else by the stack's settings.
fn applied(from: &Policy, to: &Policy, stream: Option<&str>) -> String {
    let mut words = String::new();
    let lines = settings::lines(to).into_iter().zip(settings::lines(from));
    let changed: Vec<_> = lines.filter(|(new, old)| new != old).map(|(new, _)| new).collect();
    let tag_of = |variable: &str| settings::TAGS.iter().find(|(of, _)| *of == variable).map(|(_, tag)| *tag);
    let tags: Vec<String> =
        changed.iter().filter_map(|(name, value)| Some(format!("{TAG_PREFIX}{}={value}", tag_of(name)?))).collect();
    if !tags.is_empty() {
        let stream = stream.unwrap_or("STREAM");
        let tags = tags.join(",");
        words += "For this stream alone:\n\n  aws kinesis add-tags-to-stream --stream-name ";
        words += &format!("{stream} --tags {tags}\n");
    }
    let settings: Vec<_> = changed.iter().filter(|(name, _)| tag_of(name).is_none()).collect();
    if !settings.is_empty() {
        words += if tags.is_empty() { "For all streams" } else { "\nWhat has no tag, for all streams" };
        words += ", as settings of the stack (or in a file, to try with --policy):\n\n";
        for (name, value) in settings {
            words += &format!("  {name}={value}\n");
        }
    }
    words
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
    #[serde(serialize_with = "settings::as_map")]
    settings: Vec<(&'static str, String)>,
    is_undominated: bool,
    chosen_on: ScoreReport,
    checked_on: ScoreReport,
}

impl Trial {
    fn report(&self) -> TrialReport {
        let undominated = self.undominated();
        let (winner, split) = (self.winner().policy, self.split);
        let candidate = |one: &Candidate| CandidateReport {
            settings: settings::lines(&one.policy),
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
