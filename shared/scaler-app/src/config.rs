// SPDX-License-Identifier: Apache-2.0
//! Environment variables to a checked policy, with every fault told at once.

use std::fmt;

use scaler_core::settings::SETTINGS;
use scaler_core::{Policy, PolicyFault, PolicySpec};

/// One setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingFault {
    /// A value that does not parse or is out of bounds.
    #[error("{name}={value:?} is not {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What it held.
        value: String,
        /// What it should have held.
        expected: String,
    },
    /// Values that are fine alone and contradict each other.
    #[error("{0}")]
    Contradiction(PolicyFault),
}

/// Everything that is wrong with the settings.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<SettingFault>);

impl fmt::Debug for ConfigError {
    /// In words as well: a `main` that returns an error prints it so, and a person reads it in the function's log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} invalid setting(s), correct the function's environment variables:", self.0.len())?;
        self.0.iter().try_for_each(|fault| write!(f, " {fault};"))
    }
}

impl std::error::Error for ConfigError {}

/// The policy that this process's environment asks for.
///
/// # Errors
/// All faults at once; a setting that does not parse never falls back to its default.
pub fn from_environment() -> Result<Policy, ConfigError> {
    // Lossy: a value that is not text is then reported as what it is not, rather than taken for unset.
    from_lookup(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// The policy that these variables ask for.
///
/// # Errors
/// As [`from_environment`].
pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Policy, ConfigError> {
    let mut spec = PolicySpec::default();
    let mut faults = Vec::new();
    for setting in SETTINGS {
        let Some(value) = lookup(setting.variable) else { continue };
        if let Err(expected) = setting.set(&mut spec, &value) {
            faults.push(SettingFault::Invalid { name: setting.variable, value, expected });
        }
    }
    // Only what no single setting is to blame for is left to be found here.
    let policy = Policy::new(spec).map_err(|left| faults.extend(left.into_iter().map(SettingFault::Contradiction)));
    match policy {
        Ok(policy) if faults.is_empty() => Ok(policy),
        _ => Err(ConfigError(faults)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use scaler_core::Risk;
    use scaler_core::settings::SettingKind;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Policy, ConfigError> {
        from_lookup(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_empty_environment_is_the_default() {
        assert_eq!(*read(&[]).unwrap(), PolicySpec::default());
    }

    #[test]
    fn every_setting_arrives_and_its_faults_are_told() {
        for setting in SETTINGS {
            let value = match &setting.kind {
                SettingKind::Whole { allowed, .. } => allowed.end().to_string(),
                SettingKind::Risk { .. } => Risk::Thrifty.to_string(),
                SettingKind::Switch { .. } => true.to_string(),
            };
            // A minimum at its most needs a maximum that is no less.
            let policy = read(&[(setting.variable, &value), ("SHARDS_MAX", "10000")]).unwrap();
            assert_eq!(setting.value(&policy), value, "{setting:?}");
            let told = read(&[(setting.variable, "?")]).unwrap_err().0[0].to_string();
            assert_eq!(told, format!("{}=\"?\" is not {}", setting.variable, setting.expected()));
        }
    }

    #[test]
    fn every_fault_is_named_with_its_value_and_what_was_expected() {
        let told = read(&[
            ("SHARDS_MIN", "0"),
            ("TARGET_UTILIZATION_PERCENT", "eighty"),
            ("TOLERANCE_PERCENT", ""),
            ("THROTTLING_RISK", "brave"),
            ("DRY_RUN", "yes"),
        ]);
        assert_eq!(
            told.unwrap_err().to_string(),
            "5 invalid setting(s), correct the function's environment variables: \
             TARGET_UTILIZATION_PERCENT=\"eighty\" is not a whole number from 1 to 100; SHARDS_MIN=\"0\" is not \
             a whole number from 1 to 10000; TOLERANCE_PERCENT=\"\" is not a whole number from 0 to 50; \
             THROTTLING_RISK=\"brave\" is not careful, balanced or thrifty; DRY_RUN=\"yes\" is \
             not true or false, in lower case;"
        );
    }

    #[test]
    fn settings_that_contradict_each_other_are_told_too() {
        let told = read(&[("SHARDS_MIN", "9"), ("SHARDS_MAX", "3"), ("DRY_RUN", "no")]).unwrap_err();
        assert_eq!(told.0.len(), 2, "{told}");
        assert!(told.to_string().contains("shards_min=9 is more than shards_max=3"), "{told}");
    }
}
