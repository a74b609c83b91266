// SPDX-License-Identifier: Apache-2.0
//! AWS CloudFormation, which waits for an answer about a resource of the stack.

use super::failure::CallError;

/// AWS CloudFormation.
pub trait CloudFormation: Send + Sync {
    /// Answers at the URL that it gave. With that URL anybody can answer, so nobody is told it.
    fn answer(&self, url: &str, answer: &str) -> impl Future<Output = Result<(), CallError>> + Send;
}
