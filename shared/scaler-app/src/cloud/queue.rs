// SPDX-License-Identifier: Apache-2.0
//! Amazon SQS: the queue whose messages call alarm-sync.

use super::failure::CallError;

/// The queue whose messages call alarm-sync.
pub trait Queue: Send + Sync {
    /// Sends a message that is handed over in so many seconds (900 at most) at the earliest.
    fn send(&self, message: &str, delay_seconds: u32) -> impl Future<Output = Result<(), CallError>> + Send;
}
