//! What decides in a run: kinesis-scaler with its settings, one of the others, or hindsight.

use std::path::Path;

use anyhow::{Context as _, Result};
use scaler_core::Policy;
use scaler_sim::peers::{PEERS, Peer};
use scaler_sim::run::Run;

use crate::failure::usage;
use crate::options::{AssumptionOptions, Fate, PolicyOptions};
use crate::scene::Scene;
use crate::settings::{self, Given};

pub(crate) const OURS: &str = "kinesis-scaler";
pub(crate) const HINDSIGHT: &str = "hindsight";

/// What decides.
#[derive(Debug)]
pub(crate) enum Contender {
    /// The deployed code, with these settings.
    Ours(Policy),
    /// One of [`PEERS`], by its name.
    Peer(&'static str, Peer),
    /// The optimum of who knows the whole workload.
    Hindsight,
}

impl Contender {
    /// The one that was asked for.
    ///
    /// # Errors
    /// A name that is none and no file either, settings that are wrong, or settings for one that has none.
    pub(crate) fn chosen(options: &PolicyOptions, assumed: &AssumptionOptions) -> Result<Self> {
        let peer = PEERS.into_iter().find(|(name, _)| *name == options.policy);
        let other = match (options.policy.as_str(), peer) {
            (_, Some((name, peer))) => Self::Peer(name, peer),
            (HINDSIGHT, None) => Self::Hindsight,
            _ => return ours(options).map(Self::Ours),
        };
        let of_ours = [
            ("--risk", options.risk.is_some()),
            ("--shards-min", options.shards_min.is_some()),
            ("--shards-max", options.shards_max.is_some()),
            ("--throttled=retried", assumed.throttled == Fate::Retried),
            ("--hottest-key-share", assumed.hottest_key_share.is_some()),
        ];
        match of_ours.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(usage(format!(
                "{option} concerns kinesis-scaler and would change nothing with --policy={}: leave one of them out",
                options.policy
            ))),
            None => Ok(other),
        }
    }

    /// The name by which tables call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => OURS,
            Self::Peer(name, _) => name,
            Self::Hindsight => HINDSIGHT,
        }
    }

    /// What it does.
    ///
    /// # Errors
    /// Where even hindsight finds no way not to throttle.
    pub(crate) fn run(&self, scene: &Scene) -> Result<Run> {
        match self {
            Self::Ours(policy) => Ok(scene.simulate(*policy)),
            Self::Peer(_, peer) => Ok(peer(&scene.trace, scene.initial_shards, &scene.assumed.aws)),
            Self::Hindsight => {
                let optimum = scene.optimum().as_ref().map_err(Clone::clone);
                let optimum = optimum.context("there is no run in hindsight; begin with more --initial-shards")?;
                Ok(optimum.run.clone())
            }
        }
    }
}

/// The settings of kinesis-scaler that were asked for.
///
/// # Errors
/// As [`Contender::chosen`].
pub(crate) fn ours(options: &PolicyOptions) -> Result<Policy> {
    let given = Given { shards_min: options.shards_min, shards_max: options.shards_max, risk: options.risk };
    let file = Path::new(&options.policy);
    if options.policy == OURS {
        settings::policy(&given, None)
    } else if file.is_file() {
        settings::policy(&given, Some(file))
    } else {
        let names = PEERS.map(|(name, _)| name).join(", ");
        Err(usage(format!(
            "--policy={:?} is neither a file nor one of {OURS}, {names}, {HINDSIGHT}: correct the name or the path",
            options.policy
        )))
    }
}
