//! The settings, as each of the places that list them has them.

use std::fs;

use anyhow::{Context as _, Result};

use crate::shell::root;

/// A setting in one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    /// `None` where the place does not say.
    pub(crate) default: Option<String>,
    /// From 1.
    pub(crate) line: usize,
}

/// Name and value of the settings that a deployment has in force which changes none.
pub(crate) fn template_defaults() -> Result<Vec<(String, String)>> {
    let template = fs::read_to_string(root().join("template.yaml")).context("cannot read template.yaml")?;
    Ok(in_template(&template).into_iter().filter_map(|setting| Some((setting.name, setting.default?))).collect())
}

/// Names of the variables that single functions are given beside the settings.
pub(crate) fn template_wiring() -> Result<Vec<String>> {
    let template = fs::read_to_string(root().join("template.yaml")).context("cannot read template.yaml")?;
    Ok(in_functions(&template).into_iter().map(|variable| variable.name).collect())
}

/// The environment of all functions in `template.yaml`, each variable with the default of the parameter it refers to.
///
/// Reads lines and not YAML: intrinsic functions need a parser of their own, and our one template is laid out by us.
pub(crate) fn in_template(text: &str) -> Vec<Setting> {
    let lines = || text.lines().enumerate();
    let Some((start, _)) = lines().find(|(_, line)| line.trim() == "Variables:") else { return Vec::new() };
    lines()
        .skip(start + 1)
        .map_while(|(at, line)| Some((at, line, line.trim().split_once(": !Ref ")?)))
        .filter(|(_, _, (name, _))| is_setting(name))
        .map(|(at, _, (name, parameter))| Setting {
            name: name.to_owned(),
            default: default_of(text, parameter),
            line: at + 1,
        })
        .collect()
}

/// The variables in single functions' own environments in `template.yaml`, each once.
pub(crate) fn in_functions(text: &str) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    let mut heading_indent = None;
    for (at, line) in text.lines().enumerate().skip_while(|(_, line)| *line != "Resources:") {
        let indent = line.len() - line.trim_start().len();
        if line.trim() == "Variables:" {
            heading_indent = Some(indent);
        } else if heading_indent.is_none_or(|heading| indent <= heading) {
            heading_indent = None;
        } else if let Some((name, _)) = line.trim().split_once(':')
            && is_setting(name)
            && found.iter().all(|variable| variable.name != name)
        {
            found.push(Setting { name: name.to_owned(), default: None, line: at + 1 });
        }
    }
    found
}

fn default_of(text: &str, parameter: &str) -> Option<String> {
    let head = format!("  {parameter}:");
    text.lines()
        .skip_while(|line| *line != head)
        .skip(1)
        .take_while(|line| line.starts_with("    "))
        .find_map(|line| line.trim().strip_prefix("Default: "))
        .map(|value| value.trim_matches('"').to_owned())
}

/// The rows of the README's table whose first cell is a setting, each with its cell under the heading "Default".
pub(crate) fn in_readme(text: &str) -> Vec<Setting> {
    let mut default_column = None;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let Some(row) = line.trim().strip_prefix('|') else {
            default_column = None;
            continue;
        };
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        if let Some(column) = cells.iter().position(|cell| cell.eq_ignore_ascii_case("default")) {
            default_column = Some(column);
        } else if let Some(column) = default_column
            && is_setting(cells[0])
        {
            let default = cells.get(column).copied().unwrap_or_default().to_owned();
            found.push(Setting { name: cells[0].to_owned(), default: Some(default), line: at + 1 });
        }
    }
    found
}

/// The string literals in `config.rs` or `wiring.rs` that can only be settings, each once; tests are not looked at.
pub(crate) fn in_config(text: &str) -> Vec<Setting> {
    let mut found: Vec<Setting> = Vec::new();
    for (at, line) in text.lines().enumerate().take_while(|(_, line)| line.trim() != "#[cfg(test)]") {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for literal in line.split('"').skip(1).step_by(2).filter(|literal| is_setting(literal)) {
            if found.iter().all(|setting| setting.name != literal) {
                found.push(Setting { name: literal.to_owned(), default: None, line: at + 1 });
            }
        }
    }
    found
}

/// The fields of `PolicySpec::default()`, which is what an unset variable leaves in force.
pub(crate) fn in_policy(text: &str) -> Vec<Setting> {
    text.lines()
        .enumerate()
        .skip_while(|(_, line)| *line != "impl Default for PolicySpec {")
        .take_while(|(_, line)| *line != "}")
        .filter_map(|(at, line)| Some((at, line.trim().strip_suffix(',')?.split_once(": ")?)))
        .map(|(at, (field, value))| Setting {
            name: field.to_ascii_uppercase(),
            // A number without its grouping; of an enum's value the word alone.
            default: Some(value.rsplit("::").next().unwrap_or(value).replace('_', "").to_lowercase()),
            line: at + 1,
        })
        .collect()
}

/// `SHARDS_MIN` is one; `AWS_REGION`, which Lambda sets, and `OK` are not.
fn is_setting(word: &str) -> bool {
    let shouted = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    shouted && word.contains('_') && !word.starts_with("AWS_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, default: Option<&str>, line: usize) -> Setting {
        Setting { name: name.to_owned(), default: default.map(str::to_owned), line }
    }

    #[test]
    fn template_variables_come_with_the_default_of_their_parameter() {
        let template = "\
Parameters:
  ShardsMin:
    Type: Number
    Default: 1
  DryRun:
    Default: \"false\"
Globals:
      Variables:
        SHARDS_MIN: !Ref ShardsMin
        DRY_RUN: !Ref DryRun
    EventInvokeConfig:
        OTHER_THING: !Ref ShardsMin
";
        let expected = [setting("SHARDS_MIN", Some("1"), 9), setting("DRY_RUN", Some("false"), 10)];
        assert_eq!(in_template(template), expected);
    }

    #[test]
    fn a_function_s_own_variables_are_found_and_not_those_of_all() {
        let template = "\
Globals:
      Variables:
        SHARDS_MIN: !Ref ShardsMin
Resources:
  ScaleOutFunction:
      Environment:
        Variables:
          STREAM_METRICS: !Ref StreamMetrics
      OTHER_THING: 1
  AlarmSyncFunction:
      Environment:
        Variables:
          STREAM_METRICS: !Ref StreamMetrics
          # NOT_THIS: a comment
          QUEUE_URL: !If [BySns, !Ref Topic, \"\"]
Outputs:
  NOT_THIS_EITHER: 1
";
        assert_eq!(in_functions(template), [setting("STREAM_METRICS", None, 8), setting("QUEUE_URL", None, 15)]);
    }

    #[test]
    fn readme_rows_come_with_the_cell_under_default() {
        let readme = "\
| Setting | Unit | Default | Meaning |
|---|---|---|---|
| `SHARDS_MIN` | shards | 1 | fewest |
| `DRY_RUN` | | `false` | |

| Event | Outcome |
|---|---|
| `NOT_MANAGED` | refused |
";
        let expected = [setting("SHARDS_MIN", Some("1"), 3), setting("DRY_RUN", Some("false"), 4)];
        assert_eq!(in_readme(readme), expected);
    }

    #[test]
    fn policy_defaults_are_read_as_they_would_be_typed() {
        let policy = "\
impl Default for PolicySpec {
    fn default() -> Self {
        Self {
            scale_in_cooldown_seconds: 1_800,
            dry_run: false,
        }
    }
}
        not_this: 1,
";
        let expected = [setting("SCALE_IN_COOLDOWN_SECONDS", Some("1800"), 4), setting("DRY_RUN", Some("false"), 5)];
        assert_eq!(in_policy(policy), expected);
    }

    #[test]
    fn config_literals_are_found_wherever_they_stand_but_not_in_tests() {
        let config = "\
// the doc of \"OLD_NAME\"
const NAMES: [&str; 2] = [\"SHARDS_MIN\", \"DRY_RUN\"];
let region = read(\"AWS_REGION\", \"OK\", \"SHARDS_MIN\");
#[cfg(test)]
const NO: &str = \"NOT_THIS\";
";
        assert_eq!(in_config(config), [setting("SHARDS_MIN", None, 2), setting("DRY_RUN", None, 2)]);
    }
}
