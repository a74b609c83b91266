//! `cargo xtask tidy`: rules of this workspace that no compiler knows, each with its remedy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::settings::{Setting, in_config, in_functions, in_policy, in_readme, in_template};
use crate::shell::{metadata, root};

const TEMPLATE: &str = "template.yaml";
const README: &str = "README.md";
const CONFIG: &str = "shared/scaler-app/src/config.rs";
const WIRING: &str = "shared/scaler-app/src/wiring.rs";
const POLICY: &str = "shared/scaler-core/src/policy.rs";

/// Checks every rule and reports all breaches at once.
pub(crate) fn tidy() -> Result<()> {
    let mut breaches = settings_agree()?;
    breaches.extend(wiring_agrees()?);
    breaches.extend(sources_open_with_their_purpose()?);
    breaches.extend(mains_are_short()?);
    breaches.extend(events_are_json()?);
    breaches.extend(dependencies_point_inwards()?);
    if breaches.is_empty() {
        println!("tidy: every rule holds");
        return Ok(());
    }
    for breach in &breaches {
        eprintln!("{breach}");
    }
    bail!("tidy: {} breach(es) of the workspace's rules", breaches.len())
}

/// What is documented, what can be deployed and what is read must be the same settings with the same defaults.
fn settings_agree() -> Result<Vec<String>> {
    Ok(disagreements(&[
        Place {
            path: TEMPLATE,
            remedy: "add a parameter, and the variable to Globals",
            has: in_template(&read(TEMPLATE)?),
        },
        Place { path: README, remedy: "add a row to the table of settings", has: in_readme(&read(README)?) },
        Place { path: CONFIG, remedy: "read it there, or remove it here", has: in_config(&read(CONFIG)?) },
        Place { path: POLICY, remedy: "give it a default there", has: in_policy(&read(POLICY)?) },
    ]))
}

/// A variable that no function is given is never set, and one that is not read tells nobody anything.
fn wiring_agrees() -> Result<Vec<String>> {
    Ok(disagreements(&[
        Place {
            path: TEMPLATE,
            remedy: "put it into the Environment of the function that needs it",
            has: in_functions(&read(TEMPLATE)?),
        },
        Place { path: WIRING, remedy: "read it there, or remove it here", has: in_config(&read(WIRING)?) },
    ]))
}

/// One of the files that list variables.
struct Place {
    path: &'static str,
    /// What to do about a variable that is missing in it.
    remedy: &'static str,
    has: Vec<Setting>,
}

impl Place {
    fn find(&self, name: &str) -> Option<&Setting> {
        self.has.iter().find(|setting| setting.name == name)
    }
}

/// Each setting is held against the first place that has it, so that one slip is told once.
fn disagreements(places: &[Place]) -> Vec<String> {
    let mut breaches = Vec::new();
    for (at, place) in places.iter().enumerate() {
        if place.has.is_empty() {
            breaches
                .push(format!("{}: no variable found; does xtask/src/settings.rs still know how to look?", place.path));
        }
        for Setting { name, default, line } in &place.has {
            let here = format!("{}:{line}: {name}", place.path);
            let first = places[..at].iter().find_map(|earlier| Some((earlier.path, earlier.find(name)?)));
            let Some((path, first)) = first else {
                let lacking = places.iter().filter(|other| other.find(name).is_none());
                breaches.extend(lacking.map(|other| format!("{here} is missing in {}: {}", other.path, other.remedy)));
                continue;
            };
            if let (Some(ours), Some(theirs)) = (default, &first.default)
                && ours != theirs
            {
                let line = first.line;
                breaches
                    .push(format!("{here} is {ours} by default, but {theirs} at {path}:{line}: make them the same"));
            }
        }
    }
    breaches
}

/// A reader should learn from the first line what a file is for.
fn sources_open_with_their_purpose() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for path in files(root(), "rs")? {
        if !text(&path)?.starts_with("//!") {
            let path = from_root(&path);
            breaches.push(format!("{path}:1: does not begin with `//!`: say in one sentence what the file is for"));
        }
    }
    Ok(breaches)
}

/// A function's `main.rs` only wires; what it decides belongs where it can be tested.
fn mains_are_short() -> Result<Vec<String>> {
    const LINES_MAX: usize = 39;
    let mut breaches = Vec::new();
    for path in files(&root().join("functions"), "rs")?.iter().filter(|path| path.ends_with("src/main.rs")) {
        let lines = text(path)?.lines().count();
        if lines > LINES_MAX {
            let path = from_root(path);
            breaches.push(format!("{path}:{LINES_MAX}: goes on to line {lines}: move the rest to shared/scaler-app"));
        }
    }
    Ok(breaches)
}

fn events_are_json() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for path in files(&root().join("events"), "json")? {
        if let Err(error) = serde_json::from_str::<Value>(&text(&path)?) {
            let path = from_root(&path);
            breaches.push(format!("{path}:{}: {error}: `cargo lambda invoke` could not send it", error.line()));
        }
    }
    Ok(breaches)
}

/// Each crate of ours depends on crates of a lower layer alone; tests may look the other way.
fn dependencies_point_inwards() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for package in array(&metadata()?["packages"]) {
        let name = package["name"].as_str().unwrap_or_default();
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        for dependency in array(&package["dependencies"]).iter().filter(|dependency| dependency["kind"] != "dev") {
            let needed = dependency["name"].as_str().unwrap_or_default();
            if let Some(rule) = forbidden(name, &from_root(manifest), needed, dependency["path"].is_string()) {
                let line = text(manifest)?.lines().position(|line| line.starts_with(needed)).map_or(1, |at| at + 1);
                breaches.push(format!("{}:{line}: {name} must not depend on {needed}: {rule}", from_root(manifest)));
            }
        }
    }
    Ok(breaches)
}

/// Why the package may not have that dependency, if it may not; `manifest` is where it lies, from the root.
fn forbidden(package: &str, manifest: &str, needed: &str, of_ours: bool) -> Option<&'static str> {
    let is_pure = ["kinesis-model", "scaler-core", "billing", "sizing"].contains(&package);
    if is_pure && !of_ours && !["jiff", "md-5", "thiserror"].contains(&needed) {
        return Some("calculation takes values and gives values, with jiff, md-5 and thiserror and nothing else");
    }
    // These two are libraries for other people's programs, too.
    let is_general = ["kinesis-producer", "key-spread"].contains(&package);
    if is_general && of_ours && needed != "kinesis-model" {
        return Some("a general library carries nothing of the scaler: move what it needs to shared/kinesis-model");
    }
    let speaks = package == "scaler-aws" || (package == "kinesis-producer" && needed == "aws-sdk-kinesis");
    if needed.starts_with("aws-sdk-") && layer(package) < OUTERMOST && !speaks {
        return Some("only scaler-aws speaks to AWS; put a port in shared/scaler-app");
    }
    if manifest.starts_with("functions/") && ["aws-models", "testkit", "simulator", "sandbox"].contains(&needed) {
        return Some("a deployed function carries no model of AWS");
    }
    if manifest.starts_with("functions/") && needed == "sizing" {
        return Some("what only people's commands need stays out of the functions");
    }
    if of_ours && layer(needed) >= layer(package) && layer(needed) < OUTERMOST {
        return Some("dependencies point one way, see `layer` in xtask/src/tidy.rs: move what is shared inwards");
    }
    None
}

const OUTERMOST: u8 = 5;

/// A crate may depend on those of lower layers.
fn layer(package: &str) -> u8 {
    match package {
        "kinesis-model" | "file-reader" => 0,
        "scaler-core" | "aws-models" | "key-spread" | "kinesis-producer" => 1,
        "billing" => 2,
        "scaler-app" | "sizing" => 3,
        "scaler-aws" | "testkit" | "simulator" | "cost-page" => 4,
        _ => OUTERMOST,
    }
}

/// Every file with that extension that is ours, in order.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn read(path: &str) -> Result<String> {
    text(&root().join(path))
}

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", from_root(path)))
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &'static str, has: &[(&str, Option<&str>)]) -> Place {
        let setting = |&(name, default): &(&str, Option<&str>)| Setting {
            name: name.to_owned(),
            default: default.map(str::to_owned),
            line: 7,
        };
        Place { path, remedy: "add it", has: has.iter().map(setting).collect() }
    }

    #[test]
    fn a_setting_must_be_in_every_place() {
        let breaches = disagreements(&[
            place("template", &[("SHARDS_MIN", Some("1"))]),
            place("readme", &[("SHARDS_MIN", Some("1"))]),
            place("config", &[("SHARDS_MIN", None), ("SHARDS_MAX", None)]),
        ]);
        let expected = [
            "config:7: SHARDS_MAX is missing in template: add it",
            "config:7: SHARDS_MAX is missing in readme: add it",
        ];
        assert_eq!(breaches, expected);
    }

    #[test]
    fn a_default_must_be_the_same_in_every_place_that_gives_one() {
        let breaches = disagreements(&[
            place("template", &[("SHARDS_MIN", Some("2"))]),
            place("readme", &[("SHARDS_MIN", Some("1"))]),
            place("config", &[("SHARDS_MIN", None)]),
        ]);
        let expected = ["readme:7: SHARDS_MIN is 1 by default, but 2 at template:7: make them the same"];
        assert_eq!(breaches, expected);
    }

    #[test]
    fn a_variable_must_be_given_and_read() {
        let breaches = disagreements(&[
            place("template", &[("STREAM_NAMES", None), ("QUEUE_URL", None)]),
            place("wiring", &[("STREAM_NAMES", None), ("TOPIC_ARN", None)]),
        ]);
        let expected = [
            "template:7: QUEUE_URL is missing in wiring: add it",
            "wiring:7: TOPIC_ARN is missing in template: add it",
        ];
        assert_eq!(breaches, expected);
    }

    #[test]
    fn dependencies_point_one_way() {
        let allowed = |folder, package, needed, of_ours| {
            forbidden(package, &format!("{folder}/{package}/Cargo.toml"), needed, of_ours).is_none()
        };
        assert!(allowed("shared", "scaler-core", "jiff", false));
        assert!(!allowed("shared", "scaler-core", "serde", false));
        assert!(allowed("shared", "scaler-core", "kinesis-model", true));
        assert!(!allowed("shared", "scaler-core", "billing", true));
        assert!(allowed("shared", "scaler-app", "scaler-core", true));
        assert!(!allowed("shared", "scaler-app", "testkit", true));
        assert!(!allowed("shared", "simulator", "scaler-aws", true));
        assert!(!allowed("shared", "scaler-app", "aws-sdk-kinesis", false));
        assert!(allowed("shared", "scaler-aws", "aws-sdk-kinesis", false));
        assert!(allowed("shared", "cost-page", "scaler-app", true));
        assert!(!allowed("shared", "cost-page", "scaler-aws", true));
        for general in ["kinesis-producer", "key-spread"] {
            assert!(allowed("shared", general, "kinesis-model", true));
            assert!(!allowed("shared", general, "scaler-core", true));
        }
        for function in ["scale-out", "alarm-sync", "one-to-come"] {
            assert!(allowed("functions", function, "scaler-aws", true));
            assert!(allowed("functions", function, "cost-page", true));
            for models in ["aws-models", "testkit", "simulator", "sandbox", "sizing"] {
                assert!(!allowed("functions", function, models, true));
            }
        }
        assert!(allowed(".", "sandbox", "aws-models", true));
    }
}
