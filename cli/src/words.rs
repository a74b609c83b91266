// SPDX-License-Identifier: Apache-2.0
//! Runs and comparisons in words and tables, for people.

use kinesis_model::num::float;
use simulator::score::Score;

use crate::comparison::{Comparison, Hindsight, Rival};
use crate::report::{ON_DEMAND, ratio};
use crate::scaling_policy::{HINDSIGHT, ScalingPolicy};
use crate::scenario::Scenario;
use crate::settings::in_words;
use crate::table::{figure, percent, table};

/// Hours in a month as AWS counts them for its examples.
pub(crate) const HOURS_PER_MONTH: f64 = 730.0;

/// What was simulated, in two lines.
pub(crate) fn heading(scenario: &Scenario, policy: &ScalingPolicy) -> String {
    let trace = &scenario.trace;
    let what = match policy {
        ScalingPolicy::Ours(settings) => format!("{} ({})", policy.name(), in_words(settings)),
        ScalingPolicy::Peer(..) | ScalingPolicy::Hindsight => policy.name().to_owned(),
    };
    format!(
        "{}: {} minutes from {}, busiest minute {} shards\n{what}, {} shards at first",
        trace.name,
        figure(scenario.hours() * 60.0, 0),
        trace.start,
        trace.peak_shards(),
        scenario.initial_shards,
    )
}

/// The figures of one run, a line for each kind.
pub(crate) fn figures(score: &Score) -> String {
    format!(
        "  cost         {} USD: shards {}, PUT units {} (prices of us-east-1)\n  \
           capacity     {} shard-hours, {} to {} shards, {} used\n  \
           throttled    {} of bytes, {} of records; in {} minutes, in the worst {}\n  \
           calls        {} of UpdateShardCount{}",
        figure(score.usd, 2),
        figure(score.usd_shards, 2),
        figure(score.usd_put, 2),
        figure(score.shard_hours, 2),
        score.shards_min,
        score.shards_max,
        percent(score.mean_utilization, 1),
        percent(score.throttled_bytes_share, 4),
        percent(score.throttled_records_share, 4),
        score.minutes_throttled,
        percent(score.worst_minute_throttled_share, 1),
        score.calls,
        if score.split_merges == 0 { String::new() } else { format!(", {} by splits and merges", score.split_merges) },
    )
}

/// All ways to run the stream, a row each. The ratio is what the first costs for each dollar of the others.
pub(crate) fn comparison_table(comparison: &Comparison) -> String {
    let ours = &comparison.ours;
    let ratio = |usd: f64| ratio(ours.score.usd, usd).map_or("-".to_owned(), |ratio| format!("{ratio:.3}"));
    let row = |name: &str, score: &Score| {
        [
            name.to_owned(),
            figure(score.usd, 2),
            ratio(score.usd),
            figure(score.shard_hours, 1),
            percent(score.mean_utilization, 1),
            percent(score.throttled_bytes_share, 4),
            figure_of(score.minutes_throttled),
            calls(score),
            format!("{}-{}", score.shards_min, score.shards_max),
        ]
    };
    let usd = comparison.on_demand_usd;
    let mut on_demand = ["-"; 9].map(str::to_owned);
    (on_demand[0], on_demand[1], on_demand[2]) = (ON_DEMAND.to_owned(), figure(usd, 2), ratio(usd));
    let others = comparison.others.iter().filter(|other| other.name != ours.name);
    let mut rows = vec![row(&ours.name, &ours.score)];
    rows.extend(others.map(|Rival { name, score }| row(name, score)));
    rows.push(on_demand);
    if let Some(Hindsight::Found { score, .. }) = &comparison.hindsight
        && ours.name != HINDSIGHT
    {
        rows.push(row(HINDSIGHT, score));
    }
    let table =
        table(["policy", "USD", "ratio", "shard-hours", "used", "throttled", "minutes", "calls", "shards"], rows);
    format!("{table}\nratio: USD of {} over theirs; throttled: share of the bytes, and in how many minutes", ours.name)
}

/// What there is to know of the optimum, in a line; empty where it was not asked for.
pub(crate) fn hindsight_line(comparison: &Comparison) -> String {
    match &comparison.hindsight {
        None => String::new(),
        Some(Hindsight::NoPlan(why)) => format!("hindsight: {why}\n"),
        Some(Hindsight::Found { shard_hours_lower: lower, score }) => {
            let ours = comparison.ours.score.shard_hours;
            let [best, bound] = [score.shard_hours, *lower].map(|theirs| ratio(ours, theirs).unwrap_or(f64::INFINITY));
            format!(
                "hindsight: without throttling no run goes below {} shard-hours, and one of {} was found;\n\
                 this one has {bound:.3} and {best:.3} times as many\n",
                figure(*lower, 2),
                figure(score.shard_hours, 2),
            )
        }
    }
}

fn calls(score: &Score) -> String {
    match score.split_merges {
        0 => figure_of(score.calls),
        more => format!("{}+{}", score.calls, more),
    }
}

fn figure_of(count: usize) -> String {
    figure(float(count), 0)
}
