// SPDX-License-Identifier: Apache-2.0
//! Documents that tests write: one that is out of date is written anew, and its test fails once.
#![allow(clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the repository, by its path from the root.
pub fn in_root(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)
}

/// Holds that a file has each part between the lines with `begin {kind}: {name}` and `end {kind}: {name}`; `source` says where the
/// parts are from.
///
/// # Panics
/// The file lacks the lines, or had other parts; then it was written anew.
pub fn has_parts(file: &str, kind: &str, source: &str, parts: &[(&str, String)]) {
    let mut wanted = read(file);
    for (name, part) in parts {
        let (begin, end) = (format!("begin {kind}: {name}"), format!("end {kind}: {name}"));
        let places = wanted.find(&begin).zip(wanted.find(&end));
        let (begin, end) = places.unwrap_or_else(|| panic!("{file} has no lines with `{begin}` and `{end}`: add them"));
        let from = wanted[begin..].find('\n').map_or(wanted.len(), |line| begin + line + 1);
        let to = wanted[..end].rfind('\n').map_or(0, |line| line + 1);
        wanted.replace_range(from..to, part);
    }
    is(file, source, &wanted);
}

/// Holds that a file has this text, which is made by `source`.
///
/// # Panics
/// It had another; then it was written anew.
pub fn is(file: &str, source: &str, wanted: &str) {
    let text = fs::read_to_string(in_root(file)).unwrap_or_default();
    if text == wanted {
        return;
    }
    fs::write(in_root(file), wanted).unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
    let differing = text.lines().zip(wanted.lines()).find(|(had, has)| had != has);
    panic!(
        "{file} was not what {source} makes, and was written anew: look at the change, and commit it; the first line that \
         differs, before and after: {differing:?}"
    );
}

fn read(file: &str) -> String {
    fs::read_to_string(in_root(file)).unwrap_or_else(|error| panic!("cannot read {file}: {error}"))
}
