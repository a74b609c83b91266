// SPDX-License-Identifier: Apache-2.0
//! How the public autoscalers score on the short traces, and that they do not see the future.
#![allow(clippy::unwrap_used)]

use aws_models::stream_model::Assumptions;
use insta::assert_snapshot;
use simulator::peers::{PEERS, Peer};
use simulator::score::{Score, on_demand_usd};
use simulator::trace::Trace;

fn commute() -> Trace {
    Trace::read("commute", include_str!("../traces/commute.csv").as_bytes()).unwrap()
}

fn news() -> Trace {
    Trace::read("news", include_str!("../traces/news.csv").as_bytes()).unwrap()
}

fn scores(trace: &Trace) -> String {
    let (assumptions, initial) = (Assumptions::default(), trace.initial_shards());
    let score =
        |(name, peer): (_, Peer)| row(name, &Score::of(trace, &peer(trace, initial, &assumptions), &assumptions));
    let rows = PEERS.map(score).join("\n");
    let first = format!("{initial} shards at first; on-demand {:.2} USD", on_demand_usd(trace));
    format!("{first}\npeer           shard-hours  throttled        of  calls    used    shards      USD\n{rows}")
}

fn row(name: &str, score: &Score) -> String {
    format!(
        "{name:13} {:12.2} {:9.4}% {:5} min {:>6} {:6.2}% {:>9} {:8.2}",
        score.shard_hours,
        score.throttled_bytes_share * 100.0,
        score.minutes_throttled,
        format!("{}+{}", score.calls, score.split_merges),
        score.mean_utilization * 100.0,
        format!("{}-{}", score.shards_min, score.shards_max),
        score.usd,
    )
}

// Every figure below was compared once with an independent implementation in Python, which also made the same calls.

#[test]
fn two_days_of_commuters() {
    assert_snapshot!(scores(&commute()), @r"
    128 shards at first; on-demand 2210.61 USD
    peer           shard-hours  throttled        of  calls    used    shards      USD
    aws-sample        17702.40    0.2184%    58 min    6+0  38.70%   128-512   351.45
    awslabs-count      8455.48    6.9844%  1140 min 20+110  75.54%   124-240   206.69
    awslabs-pct       13681.93    0.2640%    91 min   13+0  50.05%    72-396   291.10
    static-peak       12912.00    0.0000%     0 min    0+0  53.18%   269-269   279.78
    ");
}

#[test]
fn two_days_with_news() {
    assert_snapshot!(scores(&news()), @r"
    2 shards at first; on-demand 45.55 USD
    peer           shard-hours  throttled        of  calls    used    shards      USD
    aws-sample          457.20   11.7386%   113 min   10+0  24.16%      2-32     9.72
    awslabs-count       304.05   18.4771%   158 min  20+22  33.55%      2-15     7.21
    awslabs-pct         435.72    9.5516%    92 min  20+16  25.98%      2-48     9.46
    static-peak        2304.00    0.0000%     0 min    0+0   5.43%     48-48    37.79
    ");
}

#[test]
fn nobody_acts_on_what_is_yet_to_come() {
    let assumptions = Assumptions::default();
    for trace in [commute(), news()] {
        let initial = trace.initial_shards();
        for (name, peer) in PEERS.into_iter().filter(|(name, _)| *name != "static-peak") {
            let whole = peer(&trace, initial, &assumptions);
            for minutes in [0, 1, 100, 1_111, 2_000] {
                let begun = peer(&trace.cut(minutes), initial, &assumptions);
                assert_eq!(begun.capacity, whole.capacity[..minutes], "{name} on {minutes} minutes of {}", trace.name);
                assert_eq!(begun.calls, whole.calls[..begun.calls.len()], "{name} on {}", trace.name);
            }
        }
    }
}
