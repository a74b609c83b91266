// SPDX-License-Identifier: Apache-2.0
//! A run beside what else could have been done with the stream: the others, on-demand mode, hindsight.

use anyhow::Result;
use simulator::peers::PEERS;
use simulator::run::Run;
use simulator::score::{Score, on_demand_usd};

use crate::scaling_policy::ScalingPolicy;
use crate::scenario::Scenario;

/// How the run in question did, and how everything else would have.
pub(crate) struct Comparison {
    pub(crate) ours: Rival,
    pub(crate) others: Vec<Rival>,
    /// USD of the stream in on-demand mode.
    pub(crate) on_demand_usd: f64,
    /// `None` where it was not asked for.
    pub(crate) hindsight: Option<Hindsight>,
}

/// One way to run the stream.
pub(crate) struct Rival {
    pub(crate) name: String,
    pub(crate) score: Score,
}

/// The fewest shards that throttle nothing.
pub(crate) enum Hindsight {
    Found {
        /// Shard-hours that no such run goes below.
        shard_hours_lower: f64,
        /// The best such run that was found.
        score: Score,
    },
    /// Why there is none.
    NoPlan(String),
}

/// Whether to spend seconds on the optimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Optimum {
    Wanted,
    NotWanted,
}

impl Comparison {
    /// Sets a run of the policy beside all others.
    pub(crate) fn of(scenario: &Scenario, policy: &ScalingPolicy, run: &Run, optimum: Optimum) -> Result<Self> {
        let rival = |name: &str, run: &Run| Rival { name: name.to_owned(), score: scenario.score(run) };
        let mut others = Vec::new();
        for (name, peer) in PEERS {
            others.push(rival(name, &ScalingPolicy::Peer(name, peer).run(scenario)?));
        }
        let hindsight = match optimum {
            Optimum::NotWanted => None,
            Optimum::Wanted => Some(match scenario.optimum() {
                Ok(optimum) => {
                    Hindsight::Found { shard_hours_lower: optimum.lower / 60.0, score: scenario.score(&optimum.run) }
                }
                Err(none) => Hindsight::NoPlan(none.to_string()),
            }),
        };
        let ours = rival(policy.name(), run);
        Ok(Self { ours, others, on_demand_usd: on_demand_usd(&scenario.trace), hindsight })
    }

    /// Adds another way to run the stream, above all others.
    pub(crate) fn add(&mut self, name: String, score: Score) {
        self.others.insert(0, Rival { name, score });
    }
}
