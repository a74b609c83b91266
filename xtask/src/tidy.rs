// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask tidy`: rules of this workspace that no compiler knows, each with its remedy.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::dependencies::{dependencies_point_inwards, functions_compile_what_they_use};
use crate::licences::what_ships_is_permissive;
use crate::links::links_lead_somewhere;
use crate::release::version_is_told;
use crate::shell::{from_root, root, text};
use crate::test::STEPS;

/// Checks every rule and reports all breaches at once.
pub(crate) fn tidy() -> Result<()> {
    let mut breaches = sources_open_with_licence_and_purpose()?;
    breaches.extend(mains_are_short()?);
    breaches.extend(events_are_json()?);
    breaches.extend(documents_name_files_that_exist()?);
    breaches.extend(documents_name_commands_that_exist()?);
    breaches.extend(links_lead_somewhere()?);
    breaches.extend(dependencies_point_inwards()?);
    breaches.extend(functions_compile_what_they_use()?);
    breaches.extend(what_ships_is_permissive()?);
    breaches.extend(version_is_told()?);
    if breaches.is_empty() {
        println!("tidy: every rule holds");
        return Ok(());
    }
    for breach in &breaches {
        eprintln!("{breach}");
    }
    bail!("tidy: {} breach(es) of the workspace's rules", breaches.len())
}

/// Each source says its licence in its first line, as tools read it, and what it is for in the next.
fn sources_open_with_licence_and_purpose() -> Result<Vec<String>> {
    const LICENCE: &str = "SPDX-License-Identifier: Apache-2.0";
    let mut breaches = Vec::new();
    for (extension, comment, purpose) in [("rs", "//", "//!"), ("py", "#", "\"\"\""), ("tf", "#", "#")] {
        for path in files(root(), extension)? {
            let text = text(&path)?;
            let mut lines = text.lines();
            if lines.next() != Some(&format!("{comment} {LICENCE}")) {
                breaches.push(format!("{}:1: is not `{comment} {LICENCE}`", from_root(&path)));
            } else if !lines.next().is_some_and(|line| line.starts_with(purpose)) {
                let path = from_root(&path);
                breaches.push(format!(
                    "{path}:2: does not begin with `{purpose}`: say in one sentence what the file is for"
                ));
            }
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

/// A reader who follows a document to a file finds it: each Rust file that is named in backticks exists, by the end of its path.
fn documents_name_files_that_exist() -> Result<Vec<String>> {
    let sources: Vec<_> = files(root(), "rs")?.iter().map(|path| format!("/{}", from_root(path))).collect();
    let exists = |named: &str| sources.iter().any(|source| source.ends_with(&format!("/{named}")));
    let mut breaches = Vec::new();
    for path in files(root(), "md")? {
        for (at, line) in text(&path)?.lines().enumerate() {
            let named = line
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(|word| word.strip_suffix(".rs").is_some() && !word.contains(' '));
            for missing in named.flat_map(alternatives).filter(|named| !exists(named)) {
                let (path, line) = (from_root(&path), at + 1);
                breaches.push(format!("{path}:{line}: there is no {missing}: name the file that took its place"));
            }
        }
    }
    Ok(breaches)
}

/// What a document tells people to run with `cargo xtask` is there, by the usage that it prints itself.
fn documents_name_commands_that_exist() -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for path in files(root(), "md")? {
        for (at, line) in text(&path)?.lines().enumerate() {
            for missing in line.split("cargo xtask ").skip(1).filter_map(missing_command) {
                let (path, line) = (from_root(&path), at + 1);
                breaches.push(format!("{path}:{line}: there is no `cargo xtask {missing}`: see `cargo xtask help`"));
            }
        }
    }
    Ok(breaches)
}

/// The first of these words that the project's commands do not have.
fn missing_command(rest: &str) -> Option<String> {
    let is_word = |word: &&str| word.starts_with(|it: char| it.is_ascii_lowercase());
    let words = rest.split(['`', '#', '\n', ':', ',', ';', ')']).next().unwrap_or_default();
    let mut words = words.split_whitespace().map(|word| word.trim_end_matches('.')).take_while(is_word);
    let command = words.next()?;
    let usage = crate::usage();
    let has = |words: &[&str]| {
        usage.lines().any(|line| {
            let line = line.strip_prefix("cargo xtask ").unwrap_or_default().split_whitespace();
            line.take(words.len()).eq(words.iter().copied())
        })
    };
    if !has(&[command]) && command != "help" {
        return Some(command.to_owned());
    }
    let is_known = |word: &&str| match command {
        "test" => STEPS.iter().any(|step| step.name == *word),
        "bench" => has(&["bench", word]),
        _ => true,
    };
    words.find(|word| !is_known(word)).map(|word| format!("{command} {word}"))
}

/// `a/{b,c}.rs` names two files.
fn alternatives(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else { return vec![word.to_owned()] };
    let Some((names, after)) = rest.split_once('}') else { return vec![word.to_owned()] };
    names.split(',').map(|name| format!("{before}{}{after}", name.trim())).collect()
}

/// Every file with that extension that is ours, in order.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_that_the_usage_has() {
        let missing = [
            "test tidy fmt",
            "tidy`",
            "bench cold-start",
            "prove --clean-up",
            "help`",
            "te",
            "frob",
            "test frob",
            "bench pol",
        ]
        .map(missing_command);
        let none = || None::<String>;
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            missing,
            [none(), none(), none(), none(), none(), some("te"), some("frob"), some("test frob"), some("bench pol")]
        );
    }

    #[test]
    fn braces_name_several_files() {
        assert_eq!(alternatives("kinesis/{lives, reads}.rs"), ["kinesis/lives.rs", "kinesis/reads.rs"]);
        assert_eq!(alternatives("plan.rs"), ["plan.rs"]);
    }
}
