// SPDX-License-Identifier: Apache-2.0
//! What decides in a run: kinesis-scaler with its settings, one of the others, or hindsight.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use scaler_core::{Policy, PolicySpec};
use simulator::peers::{PEERS, Peer};
use simulator::run::Run;

use crate::failure::usage;
use crate::files;
use crate::options::{AssumptionOptions, ThrottleHandling};
use crate::scenario::Scenario;
use crate::setting_options::SettingOptions;
use crate::settings;

pub(crate) const OURS: &str = "kinesis-scaler";
pub(crate) const HINDSIGHT: &str = "hindsight";

/// What decides.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyOptions {
    /// The policy: kinesis-scaler, aws-sample, awslabs-count, awslabs-pct, static-peak, hindsight, or a file with
    /// settings of kinesis-scaler.
    ///
    /// A file has NAME=value lines, the environment variables of the functions; `#` begins a comment.
    #[arg(long, value_name = "NAME|FILE", default_value = OURS)]
    pub(crate) policy: String,
    #[command(flatten)]
    settings: SettingOptions,
}

/// What decides.
#[derive(Debug)]
pub(crate) enum ScalingPolicy {
    /// The deployed code, with these settings.
    Ours(Policy),
    /// One of [`PEERS`], by its name.
    Peer(&'static str, Peer),
    /// The optimum of who knows the whole workload.
    Hindsight,
}

impl ScalingPolicy {
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
            (OURS, None) => return settings::policy_to_simulate(given, None).map(Self::Ours),
            (file, None) => return in_file(file, given).map(Self::Ours),
        };
        let retried = (assumed.throttled == ThrottleHandling::Retried).then(|| "--throttled=retried".to_owned());
        let hottest = assumed.hottest_key_share.map(|_| "--hottest-key-share".to_owned());
        match given.any().or(retried).or(hottest) {
            Some(option) => Err(usage(format!(
                "{option} concerns kinesis-scaler and would change nothing with --policy={}: leave one of them out",
                options.policy
            ))),
            None => Ok(other),
        }
    }

    /// Percent of its capacity that a stream is sized to run at, for the others too.
    pub(crate) fn target_utilization_percent(&self) -> u32 {
        match self {
            Self::Ours(policy) => policy.target_utilization_percent,
            Self::Peer(..) | Self::Hindsight => PolicySpec::default().target_utilization_percent,
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
    pub(crate) fn run(&self, scenario: &Scenario) -> Result<Run> {
        match self {
            Self::Ours(policy) => Ok(scenario.simulate(*policy)),
            Self::Peer(_, peer) => Ok(peer(&scenario.trace, scenario.initial_shards, &scenario.assumed.aws)),
            Self::Hindsight => {
                let optimum = scenario.optimum().as_ref().map_err(Clone::clone);
                let optimum = optimum.context("no run in hindsight is possible; start with more --initial-shards")?;
                Ok(optimum.run.clone())
            }
        }
    }
}

/// The settings in a file of this name, which is not that of a policy.
fn in_file(name: &str, given: &SettingOptions) -> Result<Policy> {
    let file = Path::new(name);
    if files::is_there(file) {
        return settings::policy_to_simulate(given, Some(file));
    }
    let names = PEERS.map(|(name, _)| name).join(", ");
    Err(usage(format!(
        "--policy={name:?} is neither a file nor one of {OURS}, {names}, {HINDSIGHT}: correct the name or the path"
    )))
}
