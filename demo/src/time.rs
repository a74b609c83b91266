// SPDX-License-Identifier: Apache-2.0
//! The demo's virtual time: it passes when somebody waits for it, second by second, with the load of each second.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandbox::Sandbox;
use scaler_app::cloud::Clock;
use tokio::sync::Mutex;

use crate::load::Load;

/// The clock of everything in the demo. A function that pauses moves it on, and so does the stage between two seconds; so what
/// happens, and in which order, depends on nothing but the clock.
#[derive(Clone)]
pub(crate) struct Time {
    sandbox: Arc<Sandbox>,
    /// None before the story begins.
    load: Arc<Mutex<Option<Load>>>,
}

impl Time {
    pub(crate) fn of(sandbox: Arc<Sandbox>) -> Self {
        Self { sandbox, load: Arc::default() }
    }

    /// From now on every second has its load.
    pub(crate) async fn begin(&self, load: Load) {
        *self.load.lock().await = Some(load);
    }

    /// Lets time pass until `to`: in each whole second the sandbox does what is due and the producers write.
    pub(crate) async fn pass_until(&self, to: Timestamp) -> anyhow::Result<()> {
        let mut load = self.load.lock().await;
        let clock = self.sandbox.clock();
        loop {
            let second = Timestamp::from_second(clock.now().as_second() + 1)?;
            if second > to {
                break;
            }
            clock.set(second);
            self.sandbox.tick().await;
            if let Some(load) = load.as_mut() {
                load.write(second).await?;
            }
        }
        clock.set(to.max(clock.now()));
        Ok(())
    }
}

impl Clock for Time {
    fn now(&self) -> Timestamp {
        self.sandbox.now()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let until = self.now() + SignedDuration::try_from(time).expect("a pause is far shorter than all time");
            // Only the load can fail, and then the stage, which writes it too, says why.
            let _ = self.pass_until(until).await;
        })
    }
}
