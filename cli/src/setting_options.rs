// SPDX-License-Identifier: Apache-2.0
//! Options for settings of kinesis-scaler, made of the table of settings.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use scaler_core::TAG_PREFIX;
use scaler_core::settings::{PolicySpec, SETTINGS, Setting, SettingKind};

/// Variables of the settings that have an option. It is called as the setting's tag.
const WITH_OPTION: [&str; 3] = ["SHARDS_MIN", SHARDS_MAX, "THROTTLING_RISK"];
/// The variable of the maximum.
pub(crate) const SHARDS_MAX: &str = "SHARDS_MAX";

/// Settings from the command line, by their variables.
#[derive(Debug, Default)]
pub(crate) struct SettingOptions(BTreeMap<&'static str, String>);

impl SettingOptions {
    /// What the command line says for this variable.
    pub(crate) fn value(&self, variable: &str) -> Option<&String> {
        self.0.get(variable)
    }

    /// An option that is there.
    pub(crate) fn any(&self) -> Option<String> {
        let (_, option) = options().find(|(setting, _)| self.0.contains_key(setting.variable))?;
        Some(format!("--{option}"))
    }
}

/// The value of a setting that nobody gives. Of the maximum it is the most that a stream can have: a simulation is capped only
/// where that is asked for.
pub(crate) fn default_of(setting: &Setting) -> String {
    let spec = PolicySpec { shards_max: SHARDS_PER_STREAM_MAX, ..PolicySpec::default() };
    setting.value(&spec)
}

/// The settings that have an option, and its name.
fn options() -> impl Iterator<Item = (&'static Setting, &'static str)> {
    let with_option = SETTINGS.iter().filter(|setting| WITH_OPTION.contains(&setting.variable));
    with_option.filter_map(|setting| Some((setting, setting.tag?.strip_prefix(TAG_PREFIX)?)))
}

fn option((setting, name): (&'static Setting, &'static str)) -> Arg {
    let value_name = match setting.kind {
        SettingKind::Whole { .. } => "N",
        SettingKind::Risk { .. } => "LEVEL",
        SettingKind::Switch { .. } => "BOOL",
    };
    let read = |text: &str| {
        let read = setting.set(&mut PolicySpec::default(), text);
        read.map(|()| text.to_owned()).map_err(|expected| format!("expected {expected}"))
    };
    let default = default_of(setting);
    let (first, _) = setting.meaning.split_once('.').unwrap_or((setting.meaning, ""));
    Arg::new(name)
        .long(name)
        .value_name(value_name)
        .value_parser(read)
        .help_heading("Policy")
        .help(format!("{first} [default: {default}]"))
        .long_help(format!("{} Allowed: {} [default: {default}]", setting.meaning, setting.bounds()))
}

impl Args for SettingOptions {
    fn augment_args(command: Command) -> Command {
        command.args(options().map(option))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let value = |name: &str| matches.get_one::<String>(name).cloned();
        Ok(Self(options().filter_map(|(setting, name)| Some((setting.variable, value(name)?))).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn given(arguments: &[&str]) -> Result<SettingOptions, clap::Error> {
        let command = SettingOptions::augment_args(Command::new("shardctl").no_binary_name(true));
        SettingOptions::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }

    #[test]
    fn every_option_arrives_at_its_setting_and_its_faults_are_told() {
        assert_eq!(options().count(), WITH_OPTION.len(), "an option is called as its tag");
        for (setting, name) in options() {
            let value = default_of(setting);
            let option = format!("--{name}");
            let read = given(&[&option, &value]).unwrap();
            assert_eq!((read.value(setting.variable), read.any()), (Some(&value), Some(option.clone())));
            assert_eq!(read.0.len(), 1);
            let told = given(&[&option, "?"]).unwrap_err().to_string();
            let expected = format!("'?' for '--{name}");
            assert!(told.contains(&expected) && told.contains(&setting.expected()), "{told}");
        }
        assert_eq!(given(&[]).unwrap().any(), None);
    }
}
