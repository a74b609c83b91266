// SPDX-License-Identifier: Apache-2.0
//! The one place where `shardctl` reads files: each as text, whatever the encoding, by its path or `-` for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, Result};
use file_reader::TextReader;

use crate::failure::usage;

/// Whether a path means standard input.
fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether there is something to read: a file, standard input, or a pipe that a shell gives a name.
pub(crate) fn is_there(path: &Path) -> bool {
    is_standard_input(path) || (path.exists() && !path.is_dir())
}

/// That standard input is given for one file at most: it can be read once.
///
/// # Errors
/// It is given for several.
pub(crate) fn is_read_once<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    if files.into_iter().filter(|file| is_standard_input(file)).count() > 1 {
        return Err(usage(
            "`-` is given for several files, and standard input can be read once: give all but one of them by their paths",
        ));
    }
    Ok(())
}

/// The bytes of a file, for what decodes them itself; `what` is in it.
///
/// # Errors
/// It cannot be opened.
#[allow(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn bytes(what: &str, path: &Path) -> Result<Box<dyn Read>> {
    if is_standard_input(path) {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(File::open(path).with_context(|| format!("cannot open the {what} {}", path.display()))?))
}

/// The text of a file, to be read piece by piece; `what` is in it.
///
/// # Errors
/// It cannot be opened.
pub(crate) fn open(what: &str, path: &Path) -> Result<Box<dyn Read>> {
    Ok(Box::new(TextReader::new(bytes(what, path)?)))
}

/// The text of a file; `what` is in it.
///
/// # Errors
/// It cannot be read, or is no text.
pub(crate) fn text(what: &str, path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = open(what, path)?.read_to_string(&mut text);
    read.with_context(|| format!("cannot read the {what} {}", path.display()))?;
    Ok(text)
}
