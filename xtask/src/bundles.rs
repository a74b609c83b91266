// SPDX-License-Identifier: Apache-2.0
//! The bundles that `sam deploy` would upload, built for this machine's processor.

use std::env::consts::ARCH;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::shell::{root, run};
use crate::tools::tools;

/// This machine's processor, as Lambda calls it.
pub(crate) fn architecture() -> &'static str {
    if ARCH == "aarch64" { "arm64" } else { "x86_64" }
}

/// The packages that are functions.
pub(crate) fn functions() -> Result<Vec<String>> {
    let folders = fs::read_dir(root().join("functions")).context("functions/")?;
    let mut names: Vec<_> = folders
        .map(|entry| Ok(entry.context("functions/")?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Builds what `sam deploy` would upload, for this machine's processor.
pub(crate) fn package(closing: &mut Vec<String>) -> Result<()> {
    let override_ = format!("Architecture={}", architecture());
    let mut sam = tools()?.command("sam", ["build", "--parameter-overrides", &override_])?;
    // Link-time optimization is minutes of CI for a bundle nobody deploys.
    sam.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    if cfg!(target_os = "linux") {
        // The processor is ours, so the system's linker will do. A deployment keeps cargo-lambda's default, Zig, which
        // links against a C library as old as Lambda's.
        sam.env("CARGO_LAMBDA_COMPILER", "cargo");
    }
    run(&mut sam)?;

    let built = bundles(&root().join(".aws-sam/build"))?;
    let functions = functions()?.len();
    if built.len() != functions {
        bail!(
            "sam built {} bundles for the {functions} packages in functions/: give each an \
             AWS::Serverless::Function in template.yaml",
            built.len()
        );
    }
    for (function, bytes) in built {
        closing.push(format!("{function}: bundle of {} KiB before compression (no LTO)", bytes / 1024));
    }
    Ok(())
}

/// The functions in sam's output, each with the size of its executable.
fn bundles(folder: &Path) -> Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        if !path.is_dir() {
            continue;
        }
        let bootstrap = path.join("bootstrap");
        let bytes = fs::read(&bootstrap).with_context(|| format!("sam build left no {}", bootstrap.display()))?;
        if !bytes.starts_with(b"\x7fELF") {
            bail!("{} is not a Linux executable: Lambda cannot start it", bootstrap.display());
        }
        found.push((path.file_name().unwrap_or_default().to_string_lossy().into_owned(), bytes.len()));
    }
    found.sort();
    Ok(found)
}
