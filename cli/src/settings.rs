// SPDX-License-Identifier: Apache-2.0
//! The settings of kinesis-scaler from the command line and a file of `NAME=value` lines to a checked policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use scaler_app::config::{ConfigError, from_lookup};
use scaler_core::settings::{SETTINGS, Setting};
use scaler_core::{Policy, PolicySpec};

use crate::failure::usage;
use crate::files;
use crate::setting_options::{SettingOptions, default_of};

/// What the functions were deployed with; their alarms tell it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct StackOptions {
    /// The stack's settings: a file of NAME=value lines, the environment variables of the functions [default: the
    /// settings that the stack's alarms have, else the template's defaults without a maximum].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingOptions,
}

impl StackOptions {
    /// The stack's policy: what the caller says, over what the stack's alarms have told.
    ///
    /// # Errors
    /// Settings that are wrong, or a file that cannot be read.
    pub(crate) fn policy(&self, told: Option<&BTreeMap<String, String>>) -> Result<Policy> {
        deployed(&self.settings, settings_file(self.policy.as_deref())?, told)
    }

    /// Whether the caller says all of it.
    pub(crate) const fn names_a_file(&self) -> bool {
        self.policy.is_some()
    }

    /// Whether the caller says the setting of this variable.
    pub(crate) fn gives(&self, variable: &str) -> bool {
        self.names_a_file() || self.settings.value(variable).is_some()
    }
}

/// A file of settings that is there.
///
/// # Errors
/// It is not, which is the caller's to correct.
pub(crate) fn settings_file(file: Option<&Path>) -> Result<Option<&Path>> {
    match file {
        Some(file) if !files::is_there(file) => Err(usage(format!(
            "--policy: no settings file is called \"{}\"; correct the path, or leave it out",
            file.display()
        ))),
        file => Ok(file),
    }
}

/// The policy to simulate with these settings: as [`deployed`], but for a dry run, which leaves every stream as it is.
/// There would be nothing to see.
///
/// # Errors
/// As there.
pub(crate) fn policy_to_simulate(given: &SettingOptions, file: Option<&Path>) -> Result<Policy> {
    let spec = PolicySpec { dry_run: false, ..*deployed(given, file, None)? };
    Ok(Policy::new(spec).expect("a policy is one without its dry run too"))
}

/// The policy that these settings ask for; those of the command line win over those of the file, and both over those that were told
/// of the stack.
///
/// # Errors
/// Every setting that is wrong, or a file that cannot be read.
fn deployed(
    given: &SettingOptions,
    file: Option<&Path>,
    told_of_stack: Option<&BTreeMap<String, String>>,
) -> Result<Policy> {
    let in_file = file.map(read).transpose()?.unwrap_or_default();
    let fallback = |name: &str| match told_of_stack {
        Some(told) => told.get(name).cloned(),
        None => SETTINGS.iter().find(|setting| setting.variable == name).map(default_of),
    };
    let value = |name: &str| given.value(name).or_else(|| in_file.get(name)).cloned().or_else(|| fallback(name));
    from_lookup(value).map_err(|faults| told(file, &faults))
}

/// What people ask for first, and whatever else is not as it is deployed.
pub(crate) fn in_words(policy: &Policy) -> String {
    let shown = PolicySpec {
        throttling_risk: policy.throttling_risk,
        target_utilization_percent: policy.target_utilization_percent,
        stabilization_window_minutes: policy.stabilization_window_minutes,
        shards_min: policy.shards_min,
        shards_max: policy.shards_max,
        ..PolicySpec::default()
    };
    let others = changes(&shown, policy).map(|(setting, value)| format!(", {}={value}", setting.variable));
    format!(
        "risk {}, target {} %, stabilization {} min, {} to {} shards{}",
        policy.throttling_risk,
        policy.target_utilization_percent,
        policy.stabilization_window_minutes,
        policy.shards_min,
        policy.shards_max,
        others.collect::<String>(),
    )
}

/// The settings that are not the same in both, with their values in `to`.
pub(crate) fn changes(from: &PolicySpec, to: &PolicySpec) -> impl Iterator<Item = (&'static Setting, String)> {
    SETTINGS
        .iter()
        .filter(|setting| setting.value(from) != setting.value(to))
        .map(|setting| (setting, setting.value(to)))
}

/// Faults are the file's where there is one; bounds that contradict each other may also stand on the command line.
fn told(file: Option<&Path>, faults: &ConfigError) -> anyhow::Error {
    let words = joined(faults.0.iter().map(ToString::to_string));
    match file {
        Some(file) => anyhow::anyhow!("settings of {} and the command line: {words}", file.display()),
        None => usage(words),
    }
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join("; ")
}

fn read(file: &Path) -> Result<BTreeMap<String, String>> {
    let text = files::text("settings", file)?;
    let mut settings = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let place = format!("{}, line {}", file.display(), at + 1);
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            bail!("{place}: `{line}` is not NAME=value, for example TARGET_UTILIZATION_PERCENT=85");
        };
        let (name, value) = (name.trim(), value.trim());
        if SETTINGS.iter().all(|setting| setting.variable != name) {
            let known: Vec<_> = SETTINGS.iter().map(|setting| setting.variable).collect();
            bail!("{place}: no setting is called {name}; there are: {}", known.join(", "));
        }
        if settings.insert(name.to_owned(), value.to_owned()).is_some() {
            bail!("{place}: {name} is given twice; remove one of the lines");
        }
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_name_whatever_is_not_as_it_is_deployed() {
        let words = |spec| in_words(&Policy::new(spec).unwrap());
        let usual = "risk balanced, target 80 %, stabilization 60 min, 1 to 100 shards";
        assert_eq!(words(PolicySpec::default()), usual);
        let changed = PolicySpec { tolerance_percent: 0, dry_run: true, ..PolicySpec::default() };
        assert_eq!(words(changed), format!("{usual}, TOLERANCE_PERCENT=0, DRY_RUN=true"));
    }
}
