// SPDX-License-Identifier: Apache-2.0
//! A stack's settings in the description of an alarm that it made: there `shardctl` finds what the functions judge by.

use std::collections::BTreeMap;

use kinesis_model::ShardCount;
use scaler_core::settings::SETTINGS;
use scaler_core::{AlarmActions, AlarmKind, Direction, Policy, StreamAlarm, alarm_name, signed_by, stream_alarms};

use crate::config::{self, ConfigError};

/// What stands before the settings.
const MARK: &str = " Settings: ";

/// The settings of a stack, by their variables, as one of its alarms tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackSettings {
    /// The stack's name.
    pub stack: String,
    /// Variables and values. Those of another release may be others than we know.
    pub variables: BTreeMap<String, String>,
}

impl StackSettings {
    /// What an alarm's description tells; `None` where it tells no settings, or one of them twice.
    pub fn of(description: &str) -> Option<Self> {
        let (_, told) = description.rsplit_once(MARK)?;
        let (settings, _) = told.split_once('.')?;
        let variable = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables = settings.split_whitespace().map(variable).collect::<Option<BTreeMap<_, _>>>()?;
        let is_each_once = variables.len() == settings.split_whitespace().count();
        is_each_once.then_some(Self { stack: signed_by(description)?.to_owned(), variables })
    }

    /// The variables of this release that are not told: each has its default in [`Self::policy`].
    pub fn lacking(&self) -> Vec<&'static str> {
        let variables = SETTINGS.iter().map(|setting| setting.variable);
        variables.filter(|name| !self.variables.contains_key(*name)).collect()
    }

    /// What is told and is no setting of this release.
    pub fn unknown(&self) -> Vec<&str> {
        let is_known = |name: &&str| SETTINGS.iter().any(|setting| setting.variable == *name);
        self.variables.keys().map(String::as_str).filter(|name| !is_known(name)).collect()
    }

    /// The policy that they are.
    ///
    /// # Errors
    /// A value that this release does not take.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        config::from_lookup(|name| self.variables.get(name).cloned())
    }
}

/// The six alarms of a stream with this policy of its own, of which the one for scale-in tells the stack's settings.
pub fn alarms_of(
    stack: &Policy,
    policy: &Policy,
    stream: &str,
    shards: ShardCount,
    actions: &AlarmActions,
) -> Vec<StreamAlarm> {
    let mut alarms = stream_alarms(policy, stream, shards, actions);
    // Most settings change this one anyway.
    let telling = alarm_name(stream, AlarmKind::Scaling(Direction::In));
    let settings: Vec<_> = stack.variables().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    for alarm in alarms.iter_mut().filter(|alarm| alarm.name == telling) {
        alarm.description = format!("{}{MARK}{}.", alarm.description, settings.join(" "));
    }
    alarms
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use scaler_core::settings::SettingKind;
    use scaler_core::{PolicySpec, Risk};

    /// Characters of a description, at most. Source: CloudWatch API reference, `PutMetricAlarm`.
    const DESCRIPTION_CHARS_MAX: usize = 1_024;

    fn descriptions(stack: &PolicySpec, stream: &str, name: &str) -> Vec<String> {
        let stack = Policy::new(*stack).unwrap();
        let own = Policy::new(PolicySpec { shards_max: 7, ..PolicySpec::default() }).unwrap();
        let alarms = alarms_of(&stack, &own, stream, ShardCount::ONE, &AlarmActions::default());
        alarms.iter().map(|alarm| alarm.signed_by(name).description).collect()
    }

    #[test]
    fn one_alarm_of_a_stream_tells_the_settings_of_its_stack_and_not_its_own() {
        let spec = PolicySpec {
            shards_min: 3,
            shards_max: 64,
            throttling_risk: Risk::Thrifty,
            shard_metrics: true,
            tolerance_percent: 0,
            ..PolicySpec::default()
        };
        let told: Vec<_> = descriptions(&spec, "a.b=c Settings: x", "my-stack")
            .iter()
            .filter_map(|it| StackSettings::of(it))
            .collect();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].stack.as_str(), *told[0].policy().unwrap()), ("my-stack", spec));
        assert_eq!((told[0].lacking(), told[0].unknown()), (vec![], vec![]), "a stack of this release tells all");
    }

    #[test]
    fn the_longest_names_and_values_fit() {
        let mut most = PolicySpec { throttling_risk: Risk::Balanced, ..PolicySpec::default() };
        for setting in SETTINGS {
            if let SettingKind::Whole { allowed, .. } = &setting.kind {
                setting.set(&mut most, &allowed.end().to_string()).unwrap();
            }
        }
        for description in descriptions(&most, &"s".repeat(128), &"n".repeat(128)) {
            let chars = description.chars().count();
            assert!(chars <= DESCRIPTION_CHARS_MAX, "{chars}: {description}");
            assert!(!description.contains("?.") && !description.contains(".."), "{description}");
        }
    }

    #[test]
    fn what_tells_no_settings_or_odd_ones_is_not_taken_for_some() {
        for description in [
            "",
            "An alarm. Made by stack a.",
            "An alarm. Settings: SHARDS_MAX 7. Made by stack a.",
            "An alarm. Settings: SHARDS_MAX=7",
            "An alarm. Settings: SHARDS_MAX=7.",
            "An alarm. Settings: SHARDS_MAX=7 SHARDS_MAX=70. Made by stack a.",
        ] {
            assert_eq!(StackSettings::of(description), None, "{description}");
        }
        let odd = StackSettings::of("An alarm. Settings: SHARDS_MAX=many NEW=1. Made by stack a.").unwrap();
        assert!(odd.policy().unwrap_err().to_string().contains("SHARDS_MAX=\"many\" is not a whole number"));
        assert_eq!(odd.unknown(), ["NEW"]);
        assert!(odd.lacking().contains(&"SHARDS_MIN") && !odd.lacking().contains(&"SHARDS_MAX"), "{:?}", odd.lacking());
    }
}
