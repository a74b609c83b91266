// SPDX-License-Identifier: Apache-2.0
//! docs/settings.md and template.yaml have the settings as the table of settings has them, and the functions what they read.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use scaler_app::{config, stack_config};
use scaler_core::PolicySpec;
use scaler_core::settings::{SETTINGS, Setting, SettingKind};
use testkit::document::{has_parts, in_root};

/// Where the parts of documents are from.
const SOURCE: &str = "shared/scaler-core/src/settings.rs";

fn default(setting: &Setting) -> String {
    setting.value(&PolicySpec::default())
}

#[test]
fn the_settings_page_has_a_row_for_each_setting() {
    let mut table =
        "| Parameter and variable | Tag of a stream | Default | Allowed | Meaning |\n|---|---|---|---|---|\n"
            .to_owned();
    for setting in SETTINGS {
        let tag = setting.tag.map(|tag| format!("`{tag}`")).unwrap_or_default();
        let Setting { parameter, variable, meaning, .. } = setting;
        let (default, bounds) = (default(setting), setting.bounds());
        writeln!(table, "| `{parameter}`<br>`{variable}` | {tag} | {default} | {bounds} | {meaning} |").unwrap();
    }
    has_parts("docs/settings.md", "settings", SOURCE, &[("table", table)]);
}

#[test]
fn the_settings_page_has_every_other_parameter_with_its_default() {
    let template = fs::read_to_string(in_root("template.yaml")).unwrap();
    let page = fs::read_to_string(in_root("docs/settings.md")).unwrap();
    let parameters = template.split("\nParameters:\n").nth(1).unwrap().split("\nRules:\n").next().unwrap();
    let others = parameters_with_defaults(parameters).into_iter();
    let others = others.filter(|(name, _)| SETTINGS.iter().all(|setting| setting.parameter != name));
    let wanted: BTreeSet<_> = others
        .map(|(name, default)| {
            let default = if default.is_empty() { "empty".to_owned() } else { format!("`{default}`") };
            format!("| `{name}` | {default} |")
        })
        .collect();
    let table = page.split("\n## Other parameters of the stack\n").nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let rows: BTreeSet<_> = rows.map(|row| row.split('|').take(3).collect::<Vec<_>>().join("|") + "|").collect();
    assert_eq!(rows, wanted, "docs/settings.md has the left, template.yaml the right");
}

/// The parameters of the template's section, as it is laid out, with their defaults as values.
fn parameters_with_defaults(section: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in section.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        if indent == 2 && value.is_empty() && !key.starts_with('#') {
            found.push((key.to_owned(), String::new()));
        } else if indent == 4 && key == "Default" {
            value.trim().trim_matches('"').clone_into(&mut found.last_mut().unwrap().1);
        }
    }
    found
}

#[test]
fn the_template_has_a_parameter_and_a_variable_for_each_setting() {
    let lines = |line: fn(&Setting) -> String| SETTINGS.iter().map(line).collect::<String>();
    has_parts(
        "template.yaml",
        "settings",
        SOURCE,
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
