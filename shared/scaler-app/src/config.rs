//! Environment variables to a checked policy, with every fault told at once.

use std::fmt;
use std::ops::RangeInclusive;

use scaler_core::{Policy, PolicyFault, PolicySpec, RISK_WORDS, UnknownRisk, parse_whole};

/// A setting that is a whole number: its variable, its bounds, and where it goes.
type Whole = (&'static str, RangeInclusive<u32>, fn(&mut PolicySpec) -> &mut u32);

/// Every setting that is a whole number. Unset ones keep the default of [`PolicySpec`].
const WHOLE_NUMBERS: [Whole; 11] = [
    ("TARGET_UTILIZATION_PERCENT", PolicySpec::TARGET_UTILIZATION_PERCENT, |spec| &mut spec.target_utilization_percent),
    ("SHARDS_MIN", PolicySpec::SHARDS, |spec| &mut spec.shards_min),
    ("SHARDS_MAX", PolicySpec::SHARDS, |spec| &mut spec.shards_max),
    ("SCALE_OUT_WINDOW_MINUTES", PolicySpec::SCALE_OUT_WINDOW_MINUTES, |spec| &mut spec.scale_out_window_minutes),
    ("STABILIZATION_WINDOW_MINUTES", PolicySpec::STABILIZATION_WINDOW_MINUTES, |spec| {
        &mut spec.stabilization_window_minutes
    }),
    ("SCALE_OUT_COOLDOWN_SECONDS", PolicySpec::COOLDOWN_SECONDS, |spec| &mut spec.scale_out_cooldown_seconds),
    ("SCALE_IN_COOLDOWN_SECONDS", PolicySpec::COOLDOWN_SECONDS, |spec| &mut spec.scale_in_cooldown_seconds),
    ("RESIZES_RESERVED_FOR_SCALE_OUT", PolicySpec::RESIZES_RESERVED, |spec| &mut spec.resizes_reserved_for_scale_out),
    ("TOLERANCE_PERCENT", PolicySpec::TOLERANCE_PERCENT, |spec| &mut spec.tolerance_percent),
    ("ITERATOR_AGE_MAX_SECONDS", PolicySpec::ITERATOR_AGE_MAX_SECONDS, |spec| &mut spec.iterator_age_max_seconds),
    ("WATCH_RECORDS_PER_MINUTE", PolicySpec::WATCH_RECORDS_PER_MINUTE, |spec| &mut spec.watch_records_per_minute),
];

/// How much throttling is worth avoiding.
const RISK: &str = "THROTTLING_RISK";
/// What is on or off: its variable, and where it goes.
type Switch = (&'static str, fn(&mut PolicySpec) -> &mut bool);

/// Every setting that is on or off.
const SWITCHES: [Switch; 2] =
    [("SHARD_METRICS", |spec| &mut spec.shard_metrics), ("DRY_RUN", |spec| &mut spec.dry_run)];

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
        write!(f, "{} bad setting(s), correct the function's environment:", self.0.len())?;
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
    for (name, allowed, field) in WHOLE_NUMBERS {
        let Some(value) = lookup(name) else { continue };
        match parse_whole(&value, &allowed) {
            Some(number) => *field(&mut spec) = number,
            None => faults.push(SettingFault::Invalid {
                name,
                value,
                expected: format!("a whole number from {} to {}", allowed.start(), allowed.end()),
            }),
        }
    }
    match lookup(RISK).map(|word| word.parse()) {
        None => {}
        Some(Ok(risk)) => spec.throttling_risk = risk,
        Some(Err(UnknownRisk(value))) => {
            faults.push(SettingFault::Invalid { name: RISK, value, expected: RISK_WORDS.to_owned() });
        }
    }
    for (name, field) in SWITCHES {
        match lookup(name).as_deref() {
            None => {}
            Some("true") => *field(&mut spec) = true,
            Some("false") => *field(&mut spec) = false,
            Some(value) => faults.push(SettingFault::Invalid {
                name,
                value: value.to_owned(),
                expected: "true or false".to_owned(),
            }),
        }
    }
    // Only what no single setting is to blame for is left to be found here.
    let policy = Policy::new(spec).map_err(|left| faults.extend(left.into_iter().map(SettingFault::Contradiction)));
    match policy {
        Ok(policy) if faults.is_empty() => Ok(policy),
        _ => Err(ConfigError(faults)),
    }
}

/// Every setting of a policy, by its variable: what [`from_lookup`] reads it from.
pub fn variables(policy: &Policy) -> Vec<(&'static str, String)> {
    let mut spec = **policy;
    let mut variables: Vec<_> =
        WHOLE_NUMBERS.iter().map(|(name, _, field)| (*name, field(&mut spec).to_string())).collect();
    variables.push((RISK, spec.throttling_risk.to_string()));
    variables.extend(SWITCHES.iter().map(|(name, field)| (*name, field(&mut spec).to_string())));
    variables
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Policy, ConfigError> {
        from_lookup(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_empty_environment_is_the_default() {
        assert_eq!(*read(&[]).unwrap(), PolicySpec::default());
    }

    #[test]
    fn every_setting_arrives() {
        for (name, allowed, field) in WHOLE_NUMBERS {
            let most = allowed.end().to_string();
            // A minimum at its most needs a maximum that is no less.
            let mut spec = *read(&[(name, &most), ("SHARDS_MAX", "10000")]).unwrap();
            assert_eq!(field(&mut spec), allowed.end(), "{name}");
        }
        for (name, field) in SWITCHES {
            let mut spec = *read(&[(name, "true")]).unwrap();
            assert!(*field(&mut spec), "{name}");
        }
        for risk in scaler_core::Risk::ALL {
            assert_eq!(read(&[("THROTTLING_RISK", &risk.to_string())]).unwrap().throttling_risk, risk);
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
            "5 bad setting(s), correct the function's environment: \
             TARGET_UTILIZATION_PERCENT=\"eighty\" is not a whole number from 1 to 100; \
             SHARDS_MIN=\"0\" is not a whole number from 1 to 10000; \
             TOLERANCE_PERCENT=\"\" is not a whole number from 0 to 50; \
             THROTTLING_RISK=\"brave\" is not careful, cautious, balanced, lean or thrifty; \
             DRY_RUN=\"yes\" is not true or false;"
        );
    }

    #[test]
    fn settings_that_contradict_each_other_are_told_too() {
        let told = read(&[("SHARDS_MIN", "9"), ("SHARDS_MAX", "3"), ("DRY_RUN", "no")]).unwrap_err();
        assert_eq!(told.0.len(), 2, "{told}");
        assert!(told.to_string().contains("shards_min=9 is more than shards_max=3"), "{told}");
    }
}
