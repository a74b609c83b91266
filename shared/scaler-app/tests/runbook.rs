// SPDX-License-Identifier: Apache-2.0
//! The runbook in docs/operations.md quotes what the product says: who searches the page for a message finds its row.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

fn in_root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)
}

/// What stands between backticks in the first column of the runbook's table.
fn quotes(page: &str) -> Vec<&str> {
    let section = page.split("\n## Runbook\n").nth(1).unwrap().split("\n##").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// The sources of the libraries, with texts that go on over lines joined.
fn sources(folder: &Path, joined: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, joined);
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.iter().any(|part| part == "src") {
            let text = fs::read_to_string(&path).unwrap();
            let is_code = |line: &&str| !line.trim_start().starts_with("//");
            let text = text.lines().filter(is_code).collect::<Vec<_>>().join("\n");
            let mut parts = text.split("\\\n");
            joined.push_str(parts.next().unwrap_or_default());
            parts.for_each(|part| joined.push_str(part.trim_start()));
        }
    }
}

#[test]
fn every_message_in_the_runbook_is_one_that_the_product_sends() {
    let page = fs::read_to_string(in_root("docs/operations.md")).unwrap();
    let mut said = String::new();
    sources(&in_root("shared"), &mut said);
    let quotes = quotes(&page);
    assert!(quotes.len() > 10, "{quotes:?}");
    for quote in quotes {
        for part in quote.split("...").map(str::trim).filter(|part| !part.is_empty()) {
            assert!(said.contains(part), "docs/operations.md quotes {quote:?}, and nothing in shared/ says {part:?}");
        }
    }
}
