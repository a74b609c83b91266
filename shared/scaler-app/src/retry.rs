// SPDX-License-Identifier: Apache-2.0
//! The error in which a function ends where another try of the same event may help: Lambda makes two.

/// Something failed that another try of the same event may mend.
#[derive(Debug, thiserror::Error)]
#[error("worth another try: {0}")]
pub struct RetryNeeded(pub(crate) String);

/// Lambda shows it as an error of this type.
#[cfg(feature = "lambda")]
impl From<RetryNeeded> for lambda_runtime::Diagnostic {
    fn from(error: RetryNeeded) -> Self {
        Self { error_type: "RetryNeeded".to_owned(), error_message: error.to_string() }
    }
}
