// SPDX-License-Identifier: Apache-2.0
//! What the project has set itself as targets for its policy, and what came of them.

use crate::agreement::Agreement;
use crate::board::{Board, Runs, median};
use simulator::score::Score;

const RATIO_MAX: f64 = 1.30;
const THROTTLED_MAX: f64 = 0.0005;

/// A target, whether it is met, and by which figure.
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) met: bool,
    pub(crate) figure: String,
}

/// All of them.
pub(crate) fn targets(board: &Board, agreement: &Agreement) -> Vec<Target> {
    vec![
        in_the_median(board),
        against_the_best(board),
        along_the_knob(board),
        in_order(board, false),
        in_order(board, true),
        without_violation(board, agreement),
    ]
}

/// The names of the traces on which these throttle more than the public policy that throttles least there.
pub(crate) fn behind_the_best<'a>(board: &'a Board, runs: &Runs) -> Vec<&'a str> {
    let least = |at: usize| board.public.iter().map(|peer| peer.throttled()[at]).fold(f64::INFINITY, f64::min);
    let behind = runs.throttled().into_iter().enumerate().filter(|(at, throttled)| *throttled > least(*at));
    behind.map(|(at, _)| board.traces[at].name.as_str()).collect()
}

/// Public policies, each with a trace, that are no worse than these there in shard-hours and in throttling, and better
/// in one of them.
pub(crate) fn dominating(board: &Board, runs: &Runs) -> Vec<String> {
    let mut found = Vec::new();
    for peer in &board.public {
        for ((its, own), trace) in peer.all.iter().zip(&runs.all).zip(&board.traces) {
            let cost = its.score.shard_hours.total_cmp(&own.score.shard_hours);
            let throttled = its.score.throttled_bytes_share.total_cmp(&own.score.throttled_bytes_share);
            if cost.is_le() && throttled.is_le() && (cost.is_lt() || throttled.is_lt()) {
                found.push(format!("{} on {}", peer.name, trace.name));
            }
        }
    }
    found
}

fn in_the_median(board: &Board) -> Target {
    let ours = board.ours_by_default();
    let (ratio, throttled) = (median(&board.ratios(ours)), median(&ours.throttled()));
    Target {
        what: format!("at most {RATIO_MAX:.2}x and {} % (medians) at the default risk", THROTTLED_MAX * 100.0),
        met: ratio <= RATIO_MAX && throttled <= THROTTLED_MAX,
        figure: format!("{ratio:.3}x, {:.4} %", throttled * 100.0),
    }
}

fn against_the_best(board: &Board) -> Target {
    let behind = behind_the_best(board, board.ours_by_default());
    let (all, kept) = (board.traces.len(), board.traces.len() - behind.len());
    let but = if behind.is_empty() { String::new() } else { format!("; not {}", behind.join(", ")) };
    Target {
        what: "on every trace no more throttling than the best public policy".to_owned(),
        met: behind.is_empty(),
        figure: format!("{kept} of {all}{but}"),
    }
}

fn along_the_knob(board: &Board) -> Target {
    let found: Vec<(&str, Vec<String>)> =
        board.ours.iter().map(|runs| (runs.name.as_str(), dominating(board, runs))).collect();
    let cases: usize = found.iter().map(|(_, by)| by.len()).sum();
    let at: Vec<&str> = found.iter().filter(|(_, by)| !by.is_empty()).map(|(risk, _)| *risk).collect();
    let at = if at.is_empty() { String::new() } else { format!(", at {}", at.join(", ")) };
    let all = board.ours.len() * board.public.len() * board.traces.len();
    Target {
        what: "at no risk dominated by a public policy".to_owned(),
        met: cases == 0,
        figure: format!("{cases} of {all} comparisons{at}"),
    }
}

/// Whether the more careful throttle no more.
pub(crate) fn is_in_order(scores: &[&Score]) -> bool {
    scores.is_sorted_by_key(|score| score.throttled_bytes_share)
}

/// Whether each trace is in order; as recorded, or at other loads.
fn in_order(board: &Board, at_other_loads: bool) -> Target {
    let recorded = board.traces.len();
    let (skipped, taken) = if at_other_loads { (recorded, board.scaled_traces.len()) } else { (0, recorded) };
    let all = || board.along_the_knob().skip(skipped).take(taken);
    let astray: Vec<&str> = all().filter(|(_, scores)| !is_in_order(scores)).map(|(trace, _)| trace).collect();
    let but = if astray.is_empty() { String::new() } else { format!("; not {}", astray.join(", ")) };
    let what = "more careful throttles no more, on every trace";
    Target {
        what: if at_other_loads { format!("{what} at other loads") } else { what.to_owned() },
        met: astray.is_empty(),
        figure: format!("{} of {taken}{but}", taken - astray.len()),
    }
}

fn without_violation(board: &Board, agreement: &Agreement) -> Target {
    let here: usize = board.ours.iter().map(|runs| board.refused(runs)).sum();
    let calls: usize = board.ours.iter().flat_map(|runs| &runs.all).map(|one| one.run.calls.len()).sum();
    let (there, also) = match agreement {
        Agreement::Compared { violations_of_ours, .. } => {
            (*violations_of_ours, format!("; independent scorer: {violations_of_ours}"))
        }
        Agreement::Skipped(_) => (0, String::new()),
    };
    Target {
        what: "no violation".to_owned(),
        met: here == 0 && there == 0,
        figure: format!("{here} of {calls} calls{also}"),
    }
}
