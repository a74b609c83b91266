// SPDX-License-Identifier: Apache-2.0
//! The same runs judged by the independent scorer, which shares no code with this project.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::Command;

use aws_models::stream_model::Assumptions;
use serde_json::Value;
use simulator::calls_file;
use simulator::run::Run;
use simulator::score::Score;
use simulator::trace::Trace;

use crate::Result;
use crate::board::{Board, Runs, Scored, each};

/// From the folder of the traces.
const SCORER: &str = "../scorer/score.py";
const INTERPRETER: &str = "python3";
const RELATIVE_MAX: f64 = 0.01;
const ABSOLUTE_MAX: f64 = 1e-6;

/// Whether both come to the same.
pub(crate) enum Agreement {
    Compared {
        runs: usize,
        /// Of the shard-hours, as a share of them.
        hours_apart: f64,
        /// Of the throttled shares, 0 to 1.
        throttled_apart: f64,
        /// In the runs of kinesis-scaler, at any risk.
        violations_of_ours: u64,
        disagreements: Vec<String>,
    },
    /// What is missing.
    Skipped(&'static str),
}

/// What the independent scorer says of a run.
struct Verdict {
    shard_hours: f64,
    throttled: f64,
    violations: u64,
}

/// A run to be judged.
struct Case<'a> {
    ours: bool,
    policy: &'a str,
    trace: &'a Trace,
    one: &'a Scored,
}

impl Agreement {
    /// Has every run that resizes judged over the traces of this folder.
    pub(crate) fn of(board: &Board, folder: &Path) -> Result<Self> {
        let scorer = folder.join(SCORER);
        if !scorer.is_file() {
            return Ok(Self::Skipped("no `../scorer/score.py` beside the traces"));
        }
        if !python().args(["-c", "import numpy"]).output().is_ok_and(|output| output.status.success()) {
            return Ok(Self::Skipped("no python3 with numpy; PYTHON may name another interpreter"));
        }
        let cases: Vec<Case<'_>> = board.resizing().flat_map(|runs| cases(board, runs)).collect();
        let verdicts = each(&cases, |case| case.judged(&scorer, folder).map_err(|error| error.to_string()));
        let mut told = Vec::new();
        for (case, verdict) in cases.iter().zip(verdicts) {
            told.push((case, verdict.map_err(|error| format!("{}: {error}", case.name()))?));
        }
        Ok(Self::Compared {
            runs: told.len(),
            hours_apart: told.iter().map(|(case, verdict)| case.hours_apart(verdict)).fold(0.0, f64::max),
            throttled_apart: told.iter().map(|(case, verdict)| case.throttled_apart(verdict)).fold(0.0, f64::max),
            violations_of_ours: told.iter().filter(|(case, _)| case.ours).map(|(_, said)| said.violations).sum(),
            disagreements: told.iter().filter_map(|(case, verdict)| case.disagreement(verdict)).collect(),
        })
    }

    /// # Errors
    /// The runs on which they disagree.
    pub(crate) fn expect(&self) -> Result<()> {
        match self {
            Self::Compared { disagreements, .. } if !disagreements.is_empty() => {
                Err(format!("the independent scorer disagrees:\n{}", disagreements.join("\n")).into())
            }
            Self::Compared { .. } | Self::Skipped(_) => Ok(()),
        }
    }
}

impl Case<'_> {
    fn name(&self) -> String {
        format!("{} on {}", self.policy, self.trace.name)
    }

    fn judged(&self, scorer: &Path, folder: &Path) -> Result<Verdict> {
        let calls = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{}.jsonl", self.policy, self.trace.name));
        calls_file::write(self.trace, &self.one.run, BufWriter::new(File::create(&calls)?))?;
        let trace = folder.join(format!("{}.csv", self.trace.name));
        let mut command = python();
        command.arg(scorer).arg("--trace").arg(trace).arg("--timeline").arg(calls);
        command.args(["--initial", &self.one.initial_shards().to_string(), "--json", "--no-references"]);
        let output = command.output()?;
        if !output.status.success() {
            return Err(format!("the independent scorer: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let missing = |name| format!("the independent scorer does not say `{name}`");
        let number = |name| said[name].as_f64().ok_or_else(|| missing(name));
        Ok(Verdict {
            shard_hours: number("shard_hours")?,
            throttled: number("throttled_bytes_share")?,
            violations: said["violations"].as_u64().ok_or_else(|| missing("violations"))?,
        })
    }

    fn hours_apart(&self, verdict: &Verdict) -> f64 {
        (self.one.score.shard_hours - verdict.shard_hours).abs() / verdict.shard_hours
    }

    fn throttled_apart(&self, verdict: &Verdict) -> f64 {
        (self.throttled_by_count() - verdict.throttled).abs()
    }

    /// The share that so many even shards would throttle. The scorer knows no more of a run than its counts; that the shards
    /// are not even while some are split and others not yet is in our own score alone.
    fn throttled_by_count(&self) -> f64 {
        let counts = Run { throttled: None, ..self.one.run.clone() };
        Score::of(self.trace, &counts, &Assumptions::default()).throttled_bytes_share
    }

    fn disagreement(&self, verdict: &Verdict) -> Option<String> {
        let throttled_apart_max = (RELATIVE_MAX * verdict.throttled).max(ABSOLUTE_MAX);
        let agree = self.hours_apart(verdict) <= RELATIVE_MAX
            && self.throttled_apart(verdict) <= throttled_apart_max
            && verdict.violations == 0;
        let ours = &self.one.score;
        (!agree).then(|| {
            format!(
                "{}: {} shard-hours here and {} there, throttled share {} and {}, violations there {}",
                self.name(),
                ours.shard_hours,
                verdict.shard_hours,
                self.throttled_by_count(),
                verdict.throttled,
                verdict.violations
            )
        })
    }
}

fn cases<'a>(board: &'a Board, runs: &'a Runs) -> impl Iterator<Item = Case<'a>> {
    let ours = board.ours.iter().any(|own| std::ptr::eq(own, runs));
    runs.all.iter().zip(&board.traces).map(move |(one, trace)| Case { ours, policy: &runs.name, trace, one })
}

/// An interpreter that leaves nothing beside the scorer.
fn python() -> Command {
    let mut command = Command::new(std::env::var_os("PYTHON").unwrap_or_else(|| INTERPRETER.into()));
    command.arg("-B");
    command
}
