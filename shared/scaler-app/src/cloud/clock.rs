// SPDX-License-Identifier: Apache-2.0
//! The time.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;

/// A clock that can be waited on.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Returns when so much time has passed.
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}
