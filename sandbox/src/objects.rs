// SPDX-License-Identifier: Apache-2.0
//! What is kept in S3.

use std::collections::BTreeMap;

/// An object of S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// What it says that it is, for example `text/html`.
    pub content_type: Option<String>,
    /// What it holds.
    pub body: Vec<u8>,
}

/// Objects by bucket and key.
pub(crate) type Objects = BTreeMap<(String, String), Object>;
