// SPDX-License-Identifier: Apache-2.0
//! The board as a page of markdown.

use aws_models::stream_model::Assumptions;
use jiff::Timestamp;
use kinesis_model::num::float;
use scaler_core::Risk;

use crate::agreement::Agreement;
use crate::before::{self, Since};
use crate::board::{Board, Runs, median};
use crate::targets::{behind_the_best, dominating, targets};

/// The whole page.
pub(crate) fn page(board: &Board, agreement: &Agreement, since: &[Since]) -> String {
    let date = Timestamp::now().to_string();
    let date = date.split('T').next().unwrap_or_default();
    let minutes: usize = board.traces.iter().map(|trace| trace.minutes.len()).sum();
    format!(
        "\
# How the policy does on recorded workloads

Written on {date} (UTC) by `cargo xtask bench policy [FOLDER]`, over {} traces of {:.0} days in all; not by hand.

A cell is: shard-hours over those of the optimum in hindsight, throttled bytes in %, accepted calls (+ resizes by single
splits and merges). `static` is as many shards as the peak needs, all the time. `on-demand` is its USD over those of the
optimum. kinesis-scaler is at its default risk, {}.

{}
## Along the risk knob

The public policies are {}.
As good as the best: the traces on which none of them throttles less. Dominated by: those that on a trace cost no more and
throttle no more, and one of both less.

{}
## What the law of steady loads costs

A load that is steady, or falls, is left alone however little is known of it: no more is expected than was seen, or than the
growth that is seen leads to. Against release {}, trace by trace; all traces together as the geometric mean.

{}
## Targets

{}
## What the numbers are

{}",
        board.traces.len(),
        float(minutes) / 1_440.0,
        Risk::default(),
        table(&traces(board)),
        board.public.iter().map(|peer| peer.name.as_str()).collect::<Vec<_>>().join(", "),
        table(&knob(board)),
        before::RELEASE,
        table(&steady(since)),
        table(&judged(board, agreement)),
        notes(board, agreement),
    )
}

fn traces(board: &Board) -> Vec<Vec<String>> {
    let full: Vec<&Runs> = std::iter::once(board.ours_by_default()).chain(&board.public).collect();
    let names = board.public.iter().map(|peer| peer.name.as_str());
    let heads = ["trace", "kinesis-scaler"].into_iter().chain(names).chain(["static", "on-demand"]);
    let mut rows = vec![heads.map(str::to_owned).collect::<Vec<_>>()];
    let ratios: Vec<Vec<f64>> = full.iter().map(|runs| board.ratios(runs)).collect();
    let (still, on_demand) = (board.ratios(&board.static_peak), board.on_demand_ratios());
    for (at, trace) in board.traces.iter().enumerate() {
        let cells = full.iter().zip(&ratios).map(|(runs, ratios)| {
            let score = &runs.all[at].score;
            cell(ratios[at], score.throttled_bytes_share, &calls(float(score.calls), float(score.split_merges)))
        });
        let row = std::iter::once(trace.name.clone()).chain(cells);
        rows.push(row.chain([format!("{:.2}x", still[at]), format!("{:.2}x", on_demand[at])]).collect());
    }
    let medians = full.iter().zip(&ratios).map(|(runs, ratios)| {
        let of = |figure: fn(&simulator::score::Score) -> usize| {
            median(&runs.all.iter().map(|one| float(figure(&one.score))).collect::<Vec<_>>())
        };
        let calls = calls(of(|score| score.calls), of(|score| score.split_merges));
        cell(median(ratios), median(&runs.throttled()), &calls)
    });
    let row = std::iter::once("median".to_owned()).chain(medians);
    rows.push(row.chain([median(&still), median(&on_demand)].map(|ratio| format!("{ratio:.2}x"))).collect());
    rows
}

fn knob(board: &Board) -> Vec<Vec<String>> {
    let heads = ["risk", "median ratio", "median throttled", "as good as the best", "dominated by"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    let all = board.traces.len();
    for runs in &board.ours {
        let by = dominating(board, runs);
        rows.push(vec![
            runs.name.clone(),
            format!("{:.3}x", median(&board.ratios(runs))),
            format!("{:.4} %", median(&runs.throttled()) * 100.0),
            format!("{} of {all}", all - behind_the_best(board, runs).len()),
            if by.is_empty() { "none".to_owned() } else { by.join(", ") },
        ]);
    }
    rows
}

fn steady(since: &[Since]) -> Vec<Vec<String>> {
    let heads = ["trace", "shard-hours then", "now", "ratio", "throttled then", "now"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for one in since {
        let (hours, throttled) = (one.shard_hours, one.throttled_percent);
        rows.push(vec![
            one.trace.clone(),
            format!("{:.0}", hours.0),
            format!("{:.0}", hours.1),
            format!("{:.3}x", one.cost()),
            format!("{:.4} %", throttled.0),
            format!("{:.4} %", throttled.1),
        ]);
    }
    let logs: f64 = since.iter().map(|one| one.cost().ln()).sum();
    let mean = (logs / float(since.len().max(1))).exp();
    let none = String::new;
    rows.push(vec!["all".to_owned(), none(), none(), format!("{mean:.3}x"), none(), none()]);
    rows
}

fn judged(board: &Board, agreement: &Agreement) -> Vec<Vec<String>> {
    let mut rows = vec![["target", "", "figure"].map(str::to_owned).to_vec()];
    for target in targets(board, agreement) {
        rows.push(vec![target.what, if target.met { "met" } else { "NOT met" }.to_owned(), target.figure]);
    }
    rows
}

fn notes(board: &Board, agreement: &Agreement) -> String {
    let assumed = Assumptions::default();
    let gap = board.gaps.iter().copied().fold(0.0, f64::max);
    format!(
        "\
- Model: a resize takes {} s a shard of difference, {} to {} minutes, and AWS's refusals hold. Metrics are {} minutes late.
  Keys are spread evenly, throttled traffic is lost; all begin with the power of two that carries the first hour at 90 %.
- The optimum is the cheapest plan found that knows the whole trace and throttles nothing. None can be more than
  {:.1} % cheaper. A ratio below 1 was bought by throttling: read both figures together.
- The public policies see accepted traffic only, as CloudWatch would show it. On-demand is a price; its throttling is not
  modelled.
- {}
- The policy was developed with these traces in sight. A trace that nobody has looked at yet is another matter.
",
        assumed.resize_seconds_per_shard,
        assumed.resize_seconds_min / 60,
        assumed.resize_seconds_max / 60,
        assumed.metric_delay_minutes,
        gap * 100.0,
        agreed(agreement),
    )
}

fn agreed(agreement: &Agreement) -> String {
    match agreement {
        Agreement::Skipped(missing) => format!("Agreement with the independent scorer: skipped, {missing}."),
        Agreement::Compared { runs, hours_apart, throttled_apart, disagreements, .. } => format!(
            "Agreement with the independent scorer within 1 %: {} of {runs} runs; at most {:.4} % apart in shard-hours \
             and\n  {:.6} percentage points in throttled bytes, as counts have it. While some\n  shards are split and others not yet, more \
             throttles than counts tell: that is in the tables, and not in the scorer.",
            runs - disagreements.len(),
            hours_apart * 100.0,
            throttled_apart * 100.0,
        ),
    }
}

fn cell(ratio: f64, throttled: f64, calls: &str) -> String {
    format!("{ratio:.2}x {:.4}% {calls}", throttled * 100.0)
}

fn calls(calls: f64, split_merges: f64) -> String {
    if split_merges > 0.0 { format!("{calls}+{split_merges}") } else { calls.to_string() }
}

/// A table of markdown whose columns stand below each other; the first row is its head.
fn table(rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> =
        (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at].len()).max().unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
    let body: String = rows[1..].iter().map(line).collect();
    format!("{}|{}|\n{body}", line(&rows[0]), rules.join("|"))
}
