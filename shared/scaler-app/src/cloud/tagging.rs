// SPDX-License-Identifier: Apache-2.0
//! The Resource Groups Tagging API: what carries which tags, as of some minutes ago.

use std::collections::BTreeSet;

use super::failure::CallError;

/// A stream that carries a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedStream {
    /// Its name.
    pub name: String,
    /// Its tags that are ours, as the tagging service has them: perhaps minutes old.
    pub tags: Vec<(String, String)>,
}

/// The Resource Groups Tagging API.
pub trait Tagging: Send + Sync {
    /// Every stream that carries a tag with this key, whatever its value; all of them, or an error.
    fn streams_tagged(&self, key: &str) -> impl Future<Output = Result<Vec<TaggedStream>, CallError>> + Send;

    /// The ARNs of the alarms that carry this tag: perhaps without the newest.
    fn alarms_tagged(&self, key: &str, value: &str)
    -> impl Future<Output = Result<BTreeSet<String>, CallError>> + Send;
}
