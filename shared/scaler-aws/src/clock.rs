// SPDX-License-Identifier: Apache-2.0
//! The clock of the machine.

use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use scaler_app::cloud::Clock;

/// Lambda keeps its machines' clocks in step with Amazon Time Sync; no more is needed for minutes.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(time))
    }
}
