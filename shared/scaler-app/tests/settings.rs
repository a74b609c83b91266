// SPDX-License-Identifier: Apache-2.0
//! README.md and template.yaml have the settings as the table of settings has them, and the functions what they read.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use scaler_app::{config, stack_config};
use scaler_core::PolicySpec;
use scaler_core::settings::{SETTINGS, Setting, SettingKind};

/// Puts what is generated between its marks. A file that was out of date is written anew, and the test fails once.
fn is_up_to_date(file: &str, parts: &[(&str, String)]) {
    let path = in_root(file);
    let text = fs::read_to_string(&path).unwrap();
    let mut wanted = text.clone();
    for (name, part) in parts {
        let (begin, end) = (format!("begin settings: {name}"), format!("end settings: {name}"));
        let places = wanted.find(&begin).zip(wanted.find(&end));
        let (begin, end) = places.unwrap_or_else(|| panic!("{file} has no lines with `{begin}` and `{end}`: add them"));
        let from = begin + wanted[begin..].find('\n').unwrap() + 1;
        let to = wanted[..end].rfind('\n').unwrap() + 1;
        wanted.replace_range(from..to, part);
    }
    if text != wanted {
        fs::write(path, wanted).unwrap();
        panic!(
            "{file} did not have the settings as shared/scaler-core/src/settings.rs has them, and was written anew: look at the change, \
             and commit it"
        );
    }
}

fn in_root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)
}

fn default(setting: &Setting) -> String {
    setting.value(&PolicySpec::default())
}

#[test]
fn the_readme_has_a_row_for_each_setting() {
    let mut table = "| Setting | Tag of a stream | Default | Allowed | Meaning |\n|---|---|---|---|---|\n".to_owned();
    for setting in SETTINGS {
        let tag = setting.tag.map(|tag| format!("`{tag}`")).unwrap_or_default();
        let Setting { variable, meaning, .. } = setting;
        writeln!(table, "| `{variable}` | {tag} | {} | {} | {meaning} |", default(setting), setting.bounds()).unwrap();
    }
    is_up_to_date("README.md", &[("table", table)]);
}

#[test]
fn the_template_has_a_parameter_and_a_variable_for_each_setting() {
    let lines = |line: fn(&Setting) -> String| SETTINGS.iter().map(line).collect::<String>();
    is_up_to_date(
        "template.yaml",
        &[
            ("group", lines(|setting| format!("          - {}\n", setting.parameter))),
            ("parameters", lines(parameter)),
            ("variables", lines(|setting| format!("        {}: !Ref {}\n", setting.variable, setting.parameter))),
        ],
    );
}

/// A parameter of the template.
fn parameter(setting: &Setting) -> String {
    let default = default(setting);
    let (kind, default_in_yaml, bounds) = match &setting.kind {
        SettingKind::Whole { allowed, .. } => {
            let bounds = format!("MinValue: {}\n    MaxValue: {}", allowed.start(), allowed.end());
            ("Number", default.clone(), bounds)
        }
        SettingKind::Risk { .. } => {
            // Those of older releases, too: an update with a parameter's previous value must not fail.
            let words = scaler_core::Risk::words().collect::<Vec<_>>().join(", ");
            ("String", default.clone(), format!("AllowedValues: [{words}]"))
        }
        SettingKind::Switch { .. } => {
            ("String", format!("\"{default}\""), "AllowedValues: [\"true\", \"false\"]".to_owned())
        }
    };
    format!(
        "  {}:\n    Description: \"{} Allowed: {} (default {default}).\"\n    Type: {kind}\n    Default: {default_in_yaml}\n    {bounds}\n",
        setting.parameter,
        setting.meaning,
        setting.bounds(),
    )
}

/// What is asked of the environment.
fn asked(read: impl Fn(&dyn Fn(&str) -> Option<String>)) -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::new());
    read(&|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    });
    asked.into_inner()
}

#[test]
fn the_functions_are_given_every_variable_that_they_read_and_no_other() {
    let template = fs::read_to_string(in_root("template.yaml")).unwrap();
    let keys = template.lines().filter_map(|line| line.trim().split_once(':')).map(|(key, _)| key);
    let is_variable =
        |key: &&str| key.contains('_') && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let given: BTreeSet<_> = keys.filter(is_variable).map(str::to_owned).collect();
    let mut read = asked(|lookup| drop(config::from_lookup(lookup)));
    read.extend(asked(|lookup| drop(stack_config::from_lookup(lookup))));
    // Lambda itself gives these.
    read.retain(|name| !name.starts_with("AWS_"));
    assert_eq!(given, read, "template.yaml gives the left, config.rs and stack_config.rs read the right");
}
