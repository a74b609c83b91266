// SPDX-License-Identifier: Apache-2.0
//! `cargo xtask bench policy [FOLDER]`: the policies over recorded workloads, as `docs/policy.md`.
#![allow(missing_docs)]

#[path = "policy/agreement.rs"]
mod agreement;
#[path = "policy/before.rs"]
mod before;
#[path = "policy/board.rs"]
mod board;
#[path = "policy/page.rs"]
mod page;
#[path = "policy/targets.rs"]
mod targets;

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use simulator::trace::Trace;

use agreement::Agreement;
use board::Board;

/// From the project's root.
const FOLDER: &str = "../shared/traces";
const PAGE: &str = "docs/policy.md";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` and the like only ask whether it can be run.
    if !args.iter().any(|arg| arg == "--bench") {
        println!("skipped: run it by `cargo xtask bench policy`");
        return Ok(());
    }
    let folder = args.iter().find(|arg| *arg != "--bench").map_or_else(|| root().join(FOLDER), PathBuf::from);
    let traces = traces(&folder)?;
    if traces.is_empty() {
        println!("skipped: there is no trace (*.csv) in {}; name a folder that has some", folder.display());
        return Ok(());
    }
    let began = Instant::now();
    let board = Board::over(traces)?;
    let (slowest, which) = board.slowest_30_days();
    println!("slowest simulation, 30-day equivalent: {:.0} ms ({which})", slowest.as_secs_f64() * 1e3);
    let agreement = Agreement::of(&board, &folder)?;
    let page = page::page(&board, &agreement, &before::since(&board)?);
    println!("\n{page}");
    agreement.expect()?;
    fs::write(root().join(PAGE), page).map_err(|error| format!("cannot write {PAGE}: {error}"))?;
    println!("written to {PAGE}, in all {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("this crate lies in shared/ of the workspace")
}

/// Those of a folder, by name; none where there is no such folder.
fn traces(folder: &Path) -> Result<Vec<Trace>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "csv"));
    files.sort();
    files.iter().map(|file| trace(file).map_err(|error| format!("{}: {error}", file.display()).into())).collect()
}

fn trace(file: &Path) -> Result<Trace> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Trace::read(&name, BufReader::new(File::open(file)?))?)
}
