// SPDX-License-Identifier: Apache-2.0
//! The licences of the crates that are compiled into the functions and `shardctl`: permissive ones alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::bundles::functions;
use crate::shell::{array, cargo};

/// By their SPDX identifiers: each lets a program be passed on in binary form, under another licence, if its notice goes along.
const PERMISSIVE: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// What is compiled for one of Lambda's processors is compiled for the other; what only other systems need is not even fetched.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// A crate by somebody else.
struct Crate {
    name: String,
    licence: Option<String>,
    folder: PathBuf,
}

/// What ships is under permissive licences.
pub(crate) fn what_ships_is_permissive() -> Result<Vec<String>> {
    let mut shipped = functions()?;
    shipped.push("shardctl".to_owned());
    let unfit = |it: &Crate| !it.licence.as_deref().is_some_and(is_permissive);
    let told = |it: &Crate| {
        let licence = it.licence.as_deref().unwrap_or("none");
        format!(
            "Cargo.lock:1: {} has the licence {licence}: use another crate, or add it to xtask/src/licences.rs",
            it.name
        )
    };
    Ok(crates_of(&shipped)?.iter().filter(|it| unfit(it)).map(told).collect())
}

/// The licences of all that is compiled into the functions, in their own words.
pub(crate) fn third_party() -> Result<String> {
    let mut text = String::from("The functions hold these crates, each under the licence that stands below it.\n");
    for it in crates_of(&functions()?)? {
        let licence = it.licence.as_deref().unwrap_or("no licence named");
        writeln!(text, "\n==== {}: {licence} ====", it.name).context("text takes all")?;
        let notices = notices(&it.folder)?;
        if notices.is_empty() {
            text.push_str("The package has no file with its licence; the words of the licence are those of SPDX.\n");
        }
        for file in notices {
            let notice = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            text.push_str(&String::from_utf8_lossy(&notice));
            text.push('\n');
        }
    }
    Ok(text)
}

/// Whether one may choose permissive licences alone. Brackets are read as the crates use them: around alternatives.
fn is_permissive(licence: &str) -> bool {
    licence
        .replace(['(', ')'], "")
        .replace('/', " OR ")
        .split(" AND ")
        .all(|all| all.split(" OR ").any(|one| PERMISSIVE.contains(&one.trim())))
}

/// The crates by others that are compiled into these packages, by name.
fn crates_of(packages: &[String]) -> Result<Vec<Crate>> {
    let known = known()?;
    let mut tree = cargo(["tree", "--locked", "--target", TARGET, "--edges", "normal", "--prefix", "none"]);
    for package in packages {
        tree.args(["--package", package]);
    }
    let mut used: Vec<String> = told(&mut tree)?
        .lines()
        .filter_map(|line| line.split(' ').next().zip(line.split(' ').nth(1)))
        .map(|(name, version)| format!("{name} {}", version.trim_start_matches('v')))
        .collect();
    used.sort();
    used.dedup();
    let of_others = |name: String| {
        let (licence, folder) = known.get(&name)?.clone();
        Some(Crate { name, licence, folder })
    };
    Ok(used.into_iter().filter_map(of_others).collect())
}

/// The licence and the folder of each crate by others, by name and version.
fn known() -> Result<BTreeMap<String, (Option<String>, PathBuf)>> {
    let metadata: Value = serde_json::from_str(&told(&mut cargo([
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform",
        TARGET,
    ]))?)
    .context("what `cargo metadata` printed")?;
    let of_others = array(&metadata["packages"]).iter().filter(|package| package["source"].is_string());
    let text = |package: &Value, field: &str| package[field].as_str().unwrap_or_default().to_owned();
    Ok(of_others
        .map(|package| {
            let folder = Path::new(&text(package, "manifest_path")).parent().unwrap_or(Path::new("")).to_owned();
            let name = format!("{} {}", text(package, "name"), text(package, "version"));
            (name, (package["license"].as_str().map(str::to_owned), folder))
        })
        .collect())
}

/// The files of a crate that are its licences and notices.
fn notices(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let is_notice =
            ["LICENSE", "LICENCE", "NOTICE", "COPYING", "COPYRIGHT"].iter().any(|start| name.starts_with(start));
        if is_notice && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn told(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_may_choose_among_alternatives_and_not_among_conditions() {
        for licence in [
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "Apache-2.0 AND ISC",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(is_permissive(licence), "{licence}");
        }
        for licence in ["GPL-3.0-only", "MIT AND GPL-2.0-only", "MPL-2.0", "(MIT OR GPL-2.0) AND LGPL-3.0", ""] {
            assert!(!is_permissive(licence), "{licence}");
        }
    }

    #[test]
    fn each_crate_in_a_bundle_is_named_with_its_licence_and_most_with_its_words() {
        let told = third_party().map_err(|error| error.to_string());
        let told = told.as_deref().unwrap_or_else(|error| error);
        assert!(told.contains("\n==== tokio 1.") && told.contains("Permission is hereby granted"), "{told:.200}");
        assert!(!told.contains("==== scaler-core"), "it is ours");
        assert!(!told.contains("====\n\n===="), "a crate without any words");
    }
}
