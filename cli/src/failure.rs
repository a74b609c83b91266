// SPDX-License-Identifier: Apache-2.0
//! Which errors are the caller's, which are orders that were not carried out, and what the process says of each when it ends.

use std::io;

/// Arguments that each parse and do not go together, or name nothing: what, and what to do about it.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// An error that is the caller's to correct.
pub(crate) fn usage(words: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(words.into()))
}

/// An order that was understood, and that something stands against.
#[derive(Debug)]
struct NotCarriedOut(String);

impl std::fmt::Display for NotCarriedOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotCarriedOut {}

/// A person's order that was not carried out, though nothing failed.
pub(crate) fn not_carried_out(words: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(NotCarriedOut(words.into()))
}

/// 2 for arguments that are wrong, as with those that do not parse; 3 for an order that was not carried out; 1 for
/// everything else.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    match error {
        _ if error.is::<Usage>() => 2,
        _ if error.is::<NotCarriedOut>() => 3,
        _ => 1,
    }
}

/// Whether the reader of the output has gone away.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.into_iter().any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
