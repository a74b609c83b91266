// SPDX-License-Identifier: Apache-2.0
//! Amazon S3: the bucket in which pages are kept for people.

use super::failure::CallError;

/// The bucket in which pages are kept for people.
pub trait ReportStore: Send + Sync {
    /// Puts an HTML page under this key, over one that is there; says where it is.
    fn put(&self, key: &str, html: String) -> impl Future<Output = Result<String, CallError>> + Send;
}
