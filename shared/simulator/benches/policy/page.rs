// SPDX-License-Identifier: Apache-2.0
//! The board as a page of markdown.

use aws_models::stream_model::Assumptions;
use jiff::Timestamp;
use kinesis_model::num::float;
use scaler_core::Risk;

use crate::agreement::Agreement;
use crate::before::{self, Since};
use crate::board::{Board, Runs, median};
use crate::targets::{behind_the_best, dominating, is_in_order, targets};

/// The whole page.
pub(crate) fn page(board: &Board, agreement: &Agreement, since: &[Since]) -> String {
    let date = Timestamp::now().to_string();
    let date = date.split('T').next().unwrap_or_default();
    let minutes: usize = board.traces.iter().map(|trace| trace.minutes.len()).sum();
    format!(
        "\
# How the policy does on recorded workloads

`cargo xtask bench policy [FOLDER]` wrote this page on {date} (UTC), over {} traces of {:.0} days together. Do not edit it.

Each cell has three figures: the shard-hours divided by those of the optimum in hindsight, the throttled bytes in %, and the
number of accepted calls (+ resizes by single splits and merges). `static` always has as many shards as the peak needs. `on-demand`
is its price divided by the price of the optimum. kinesis-scaler runs at its default risk, {}.

{}
## Along the risk knob

The public policies are {}.
*As good as the best* counts the traces on which no public policy throttles less. *Dominated by* names each public policy that is
no worse on a trace in cost and in throttling, and better in one of them.

{}
Each trace at each risk: shard-hours, and throttled bytes in %. A trace is in order if a more careful risk throttles no more. The
risks were chosen on the traces as recorded, at a fifth and at four times their load. The other loads had no say. No choice of risks
is in order on every load that there can be: what a plan resized yesterday decides how many shards a surge meets today.

{}
## What the law of steady loads costs

A steady or falling load is left alone, however little is known of it: the forecast never goes beyond what was seen, or
beyond what the present growth leads to. The table compares with release {}, which did not have this law. The last row is the
geometric mean.

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
        table(&order(board)),
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

fn order(board: &Board) -> Vec<Vec<String>> {
    let names = board.ours.iter().map(|runs| runs.name.clone());
    let mut rows = vec![std::iter::once("trace".to_owned()).chain(names).chain(["in order".to_owned()]).collect()];
    for (trace, scores) in board.along_the_knob() {
        let cells = scores.iter().map(|it| format!("{:.0} {:.4}%", it.shard_hours, it.throttled_bytes_share * 100.0));
        let in_order = if is_in_order(&scores) { "yes" } else { "NO" };
        rows.push(std::iter::once(trace.to_owned()).chain(cells).chain([in_order.to_owned()]).collect());
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
- Model: a resize takes {} s for each shard of difference, from {} to {} minutes, and AWS's limits on resizes apply. Metrics arrive
  {} minutes late. Keys are spread evenly. Throttled traffic is lost. Each run begins with the smallest power of two that carries the
  first hour at 90 %.
- The optimum is the cheapest plan that was found with knowledge of the whole trace and without throttling. No plan is more than
  {:.1} % cheaper. A ratio below 1 comes from throttling: read both figures together.
- The public policies see accepted traffic only, as CloudWatch shows it. On-demand is only a price here: its throttling is not in
  the model.
- {}
- The policy and its risks were developed on these traces. On traces that nobody has looked at, the figures may differ.
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
        Agreement::Skipped(missing) => format!("The independent scorer did not run: {missing}."),
        Agreement::Compared { runs, hours_apart, throttled_apart, disagreements, .. } => format!(
            "An independent scorer agrees within 1 % on {} of {runs} runs. The largest difference is {:.4} % in shard-hours and\n  \
             {:.6} percentage points in throttled bytes. The scorer knows counts of shards only: it does not see that more is\n  \
             throttled while some shards are split and others are not. The tables have that.",
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
