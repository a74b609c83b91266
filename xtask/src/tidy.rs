//! `cargo xtask tidy`: rules of this workspace that no compiler knows, each with its remedy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::shell::{metadata, root};

/// Checks every rule and reports all breaches at once.
pub(crate) fn tidy() -> Result<()> {
    let mut breaches = sources_open_with_their_purpose()?;
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
    // These know Kinesis and nothing of the scaler; the producer is a library for other people's programs, too.
    let is_general = ["aws-models", "kinesis-producer", "key-spread"].contains(&package);
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

fn text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", from_root(path)))
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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
