// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask release`: what somebody installs who builds nothing, in `target/release-bundles/<version>/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::bundles::{architecture, functions, package};
use crate::emulator::build_folder;
use crate::licences::third_party;
use crate::shell::{metadata, root, run, target_folder, text};
use crate::test::LINTED_REGIONS;
use crate::tools::{Tools, tools};

/// Processors of Lambda, as Lambda and as Rust call them.
const TARGETS: [(&str, &str); 2] = [("arm64", "aarch64-unknown-linux-gnu"), ("x86_64", "x86_64-unknown-linux-gnu")];
/// The licences of what is compiled into the bundles, which ask to go along with them.
const THIRD_PARTY: &str = "THIRD-PARTY.txt";

/// Builds every function for each processor that this machine can build for, with all optimizations, and packs them.
pub(crate) fn release() -> Result<()> {
    let tools = tools()?;
    let (can, cannot): (Vec<_>, Vec<_>) = TARGETS.into_iter().partition(|(_, triple)| has_standard_library(triple));
    if can.is_empty() {
        bail!("no standard library of Rust for Lambda's processors: rustup target add {}", TARGETS[0].1);
    }
    let source = source()?;
    let target = target_folder()?.join("release-bundles");
    let folder = emptied(target.join(version()?))?;
    fs::write(folder.join(THIRD_PARTY), third_party()?).context(THIRD_PARTY)?;
    fs::write(folder.join("SOURCE"), source).context("SOURCE")?;
    for (processor, triple) in &can {
        let built = target.join("built").join(processor);
        // Zig, which cargo-lambda brings and links with unless told otherwise: for any processor, and against a C library as old as
        // Lambda's.
        let mut lambda =
            tools.command("cargo-lambda", ["lambda", "build", "--release", "--locked", "--target", triple])?;
        lambda.arg("--lambda-dir").arg(&built);
        for function in functions()? {
            lambda.args(["--package", &function]);
        }
        run(&mut lambda)?;
        pack(&tools, processor, &built, &folder)?;
    }
    println!("\n{} holds bundles for {}", folder.display(), names(&can));
    for (processor, triple) in cannot {
        println!("none for {processor}: rustup target add {triple}, then again");
    }
    Ok(())
}

/// The step `release`: a release of what `sam build` made, checked as somebody finds it who installs it. The bundles are those of the
/// step `package`, for this machine's processor and without link-time optimization.
pub(crate) fn check(closing: &mut Vec<String>) -> Result<()> {
    let tools = tools()?;
    // Again, and soon done where the step before has just built.
    package(&mut Vec::new())?;
    let target = target_folder()?.join("release-bundles");
    let [first, second] = ["checked", "checked-again"].map(|name| emptied(target.join(name)));
    let (first, second) = (first?, second?);
    let third_party = third_party()?;
    for folder in [&first, &second] {
        fs::write(folder.join(THIRD_PARTY), &third_party).context(THIRD_PARTY)?;
        pack(&tools, architecture(), &build_folder(), folder)?;
    }
    run(tools
        .command("python3", ["xtask/python/release_check.py", architecture(), &version()?])?
        .args([&first, &second]))?;
    let template = first.join(format!("template-{}.yaml", architecture()));
    run(tools.command("cfn-lint", ["--template"])?.arg(&template).arg("--regions").args(LINTED_REGIONS))?;
    closing.push(format!(
        "release: bundles for {} packed twice alike, and the template over them is valid",
        architecture()
    ));
    Ok(())
}

fn pack(tools: &Tools, processor: &str, built: &Path, folder: &Path) -> Result<()> {
    run(tools.command("python3", ["xtask/python/release.py", processor])?.args([built, folder]))
}

/// The commit that is built, so that whoever has the release finds its source.
fn source() -> Result<String> {
    let git = |args: &[&str]| Command::new("git").args(args).current_dir(root()).output();
    let Ok(commit) = git(&["rev-parse", "HEAD"]) else { return Ok("not from a git repository\n".to_owned()) };
    if !commit.status.success() {
        return Ok("not from a git repository\n".to_owned());
    }
    let changes = git(&["status", "--porcelain"]).context("git status")?.stdout;
    if !changes.is_empty() {
        let changes = String::from_utf8_lossy(&changes).into_owned();
        bail!(
            "these files are not committed, so nobody could build this release again; commit or remove them:\n{changes}"
        );
    }
    Ok(String::from_utf8_lossy(&commit.stdout).into_owned())
}

/// Whether rustup has what programs for this target are linked with.
fn has_standard_library(triple: &str) -> bool {
    let told =
        Command::new("rustc").args(["--print", "target-libdir", "--target", triple]).current_dir(root()).output();
    told.is_ok_and(|told| told.status.success() && Path::new(String::from_utf8_lossy(&told.stdout).trim()).is_dir())
}

/// The version of every package of the workspace.
pub(crate) fn version() -> Result<String> {
    let metadata = metadata()?;
    let version = metadata["packages"][0]["version"].as_str();
    Ok(version.context("`cargo metadata` names no version")?.to_owned())
}

/// What names the version names this one: the template for whoever publishes it, and the list of changes.
pub(crate) fn version_is_told() -> Result<Vec<String>> {
    let version = version()?;
    let told =
        [("template.yaml", format!("    SemanticVersion: {version}\n")), ("CHANGELOG.md", format!("\n## {version} "))];
    let mut breaches = Vec::new();
    for (file, line) in told {
        if !text(&root().join(file))?.contains(&line) {
            breaches.push(format!("{file}:1: has no line {:?}: the version in Cargo.toml is {version}", line.trim()));
        }
    }
    Ok(breaches)
}

fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

fn names(targets: &[(&str, &str)]) -> String {
    targets.iter().map(|(processor, _)| *processor).collect::<Vec<_>>().join(" and ")
}
