//! The settings of kinesis-scaler from the command line and a file of `NAME=value` lines to a checked policy.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use scaler_app::config::{ConfigError, from_lookup};
use scaler_core::{Policy, PolicySpec};

use crate::failure::usage;
use crate::files;
use crate::options::SettingOptions;

const RISK: &str = "THROTTLING_RISK";
const TARGET: &str = "TARGET_UTILIZATION_PERCENT";
const WINDOW: &str = "STABILIZATION_WINDOW_MINUTES";
const SHARDS_MIN: &str = "SHARDS_MIN";
/// The variable of the maximum.
pub(crate) const SHARDS_MAX: &str = "SHARDS_MAX";

/// Settings that a stream can have for itself, and the ends of their tags.
pub(crate) const TAGS: [(&str, &str); 4] =
    [(RISK, "risk"), (TARGET, "target-utilization"), (SHARDS_MIN, "shards-min"), (SHARDS_MAX, "shards-max")];

/// The policy to simulate with these settings: as [`deployed`], but for a dry run, which leaves every stream as it is.
/// There would be nothing to see.
///
/// # Errors
/// As there.
pub(crate) fn policy(given: &SettingOptions, file: Option<&Path>) -> Result<Policy> {
    let spec = PolicySpec { dry_run: false, ..*deployed(given, file, None)? };
    Ok(Policy::new(spec).expect("a policy is one without its dry run too"))
}

/// The policy that these settings ask for; those of the command line win over those of the file, and both over those that were told
/// of the stack.
///
/// # Errors
/// Every setting that is wrong, or a file that cannot be read.
pub(crate) fn deployed(
    given: &SettingOptions,
    file: Option<&Path>,
    told_of_stack: Option<&BTreeMap<String, String>>,
) -> Result<Policy> {
    let in_file = file.map(read).transpose()?.unwrap_or_default();
    let asked = RefCell::new(BTreeSet::new());
    let found = from_lookup(|name| {
        asked.borrow_mut().insert(name.to_owned());
        let bound = match name {
            SHARDS_MIN => given.shards_min,
            SHARDS_MAX => given.shards_max,
            _ => None,
        };
        bound
            .map(|shards| shards.to_string())
            .or_else(|| in_file.get(name).cloned())
            .or_else(|| told_of_stack.map_or_else(|| unbounded(name), |told| told.get(name).cloned()))
    });
    if let Some(file) = file {
        all_known(file, &in_file, &asked.into_inner())?;
    }
    let found = found.map_err(|faults| told(file, &faults))?;
    let risk = given.risk.unwrap_or(found.throttling_risk);
    Policy::new(PolicySpec { throttling_risk: risk, ..*found })
        .map_err(|faults| usage(joined(faults.iter().map(ToString::to_string))))
}

/// Whether the command line gives the setting of this variable.
pub(crate) fn gives(given: &SettingOptions, variable: &str) -> bool {
    match variable {
        RISK => given.risk.is_some(),
        SHARDS_MIN => given.shards_min.is_some(),
        SHARDS_MAX => given.shards_max.is_some(),
        _ => false,
    }
}

/// What tells policies apart that [`crate::tune`] tries, and the bounds: as lines of a file that [`policy`] reads.
pub(crate) fn lines(policy: &Policy) -> Vec<(&'static str, String)> {
    vec![
        (RISK, policy.throttling_risk.to_string()),
        (TARGET, policy.target_utilization_percent.to_string()),
        (WINDOW, policy.stabilization_window_minutes.to_string()),
        (SHARDS_MIN, policy.shards_min.to_string()),
        (SHARDS_MAX, policy.shards_max.to_string()),
    ]
}

/// The same, to be read.
pub(crate) fn in_words(policy: &Policy) -> String {
    format!(
        "risk {}, target {} %, stabilization {} min, {} to {} shards",
        policy.throttling_risk,
        policy.target_utilization_percent,
        policy.stabilization_window_minutes,
        policy.shards_min,
        policy.shards_max,
    )
}

/// The most that a stream can have: what caps a simulation has to be asked for.
fn unbounded(name: &str) -> Option<String> {
    (name == SHARDS_MAX).then(|| SHARDS_PER_STREAM_MAX.to_string())
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

/// A name that nothing reads is a slip of the pen.
fn all_known(file: &Path, in_file: &BTreeMap<String, String>, known: &BTreeSet<String>) -> Result<()> {
    let unknown: Vec<&str> = in_file.keys().filter(|name| !known.contains(*name)).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let known = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    bail!("{}: no setting is called {}; there are: {known}", file.display(), unknown.join(", "))
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
        if settings.insert(name.to_owned(), value.to_owned()).is_some() {
            bail!("{place}: {name} is there twice; remove one of the lines");
        }
    }
    Ok(settings)
}

/// Lines as a JSON object.
pub(crate) fn as_map<S: serde::Serializer>(lines: &[(&str, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(lines.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use scaler_core::{Enrolment, Risk, TAG_PREFIX};

    use super::*;

    #[test]
    fn lines_are_read_as_the_policy_that_they_are_of() {
        let spec = PolicySpec {
            throttling_risk: Risk::ALL[4],
            target_utilization_percent: 71,
            stabilization_window_minutes: 77,
            shards_min: 3,
            shards_max: 33,
            ..PolicySpec::default()
        };
        let policy = Policy::new(spec).unwrap();
        let lines = lines(&policy);
        let value = |name: &str| lines.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        assert_eq!(from_lookup(value).unwrap(), policy);
    }

    #[test]
    fn tags_are_those_that_streams_are_read_by() {
        let tags = TAGS.map(|(name, tag)| (format!("{TAG_PREFIX}{tag}"), if name == RISK { "lean" } else { "50" }));
        assert_eq!(Enrolment::read(tags.iter().map(|(tag, value)| (tag.as_str(), *value))).faults, []);
    }
}
