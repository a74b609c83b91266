//! What decides in a run: kinesis-scaler with its settings, one of the others, or hindsight.

use std::path::Path;

use anyhow::{Context as _, Result};
use scaler_core::Policy;
use simulator::peers::{PEERS, Peer};
use simulator::run::Run;

use crate::failure::usage;
use crate::files;
use crate::options::{AssumptionOptions, Fate, PolicyOptions, SettingOptions};
use crate::scene::Scene;
use crate::settings;

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
        let given = &options.settings;
        let other = match (options.policy.as_str(), peer) {
            (_, Some((name, peer))) => Self::Peer(name, peer),
            (HINDSIGHT, None) => Self::Hindsight,
            (OURS, None) => return settings::policy(&options.settings, None).map(Self::Ours),
            (file, None) => return in_file(file, &options.settings).map(Self::Ours),
        };
        let of_ours = [
            ("--risk", given.risk.is_some()),
            ("--shards-min", given.shards_min.is_some()),
            ("--shards-max", given.shards_max.is_some()),
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

/// The settings in a file of this name, which is not that of a policy.
fn in_file(name: &str, given: &SettingOptions) -> Result<Policy> {
    let file = Path::new(name);
    if files::is_there(file) {
        return settings::policy(given, Some(file));
    }
    let names = PEERS.map(|(name, _)| name).join(", ");
    Err(usage(format!(
        "--policy={name:?} is neither a file nor one of {OURS}, {names}, {HINDSIGHT}: correct the name or the path"
    )))
}
