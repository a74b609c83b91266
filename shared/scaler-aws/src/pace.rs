//! Keeps every call inside a share of the rate that AWS accepts of it, by one token bucket an operation.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use scaler_app::ports::Clock;
use scaler_core::TokenBucket;
use scaler_core::limits::{API_RATES, ApiRate};

/// Percent of each rate that alarm-sync may use. The rest is left to scale-out, scale-in and whoever else is in the account:
/// alarms that are made a little later cost nothing, a resize that waits for its refit does.
pub const ALARM_SYNC_PERCENT: u32 = 66;
/// Percent of each rate that scale-out and scale-in may use, each.
pub const SCALING_PERCENT: u32 = 33;

/// A clock that can be waited on.
pub trait Pause: Clock {
    /// Returns when so much time has passed.
    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The buckets of one process; clones share them.
#[derive(Clone)]
pub struct Pace {
    buckets: Arc<Mutex<BTreeMap<&'static str, TokenBucket>>>,
    clock: Arc<dyn Pausing>,
}

/// [`Pause`], as far as it can be had without knowing the clock's type.
trait Pausing: Send + Sync {
    fn now(&self) -> Timestamp;
    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<C: Pause> Pausing for C {
    fn now(&self) -> Timestamp {
        Clock::now(self)
    }

    fn pause(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Pause::pause(self, time)
    }
}

impl Pace {
    /// Uses at most `percent` (1 to 100) of each rate in [`API_RATES`].
    pub fn of(percent: u32, clock: impl Pause + 'static) -> Self {
        let bucket = |rate: &ApiRate| (rate.operation(), TokenBucket::new(rate.per_second, percent));
        Self { buckets: Arc::new(Mutex::new(API_RATES.iter().map(bucket).collect())), clock: Arc::new(clock) }
    }

    /// Waits until one more call of this operation may be made. One that is not in the table is never waited for.
    pub(crate) async fn wait(&self, operation: &str) {
        let wait = {
            let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            buckets.get_mut(operation).map(|bucket| bucket.take(self.clock.now()))
        };
        if let Some(wait) = wait.and_then(|wait| Duration::try_from(wait).ok()).filter(|wait| !wait.is_zero()) {
            self.clock.pause(wait).await;
        }
    }
}

impl Pace {
    /// Whether one more call of this operation may be made without waiting; if so, it is taken for made.
    pub(crate) fn is_free(&self, operation: &str) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(operation) else { return true };
        let mut taken = *bucket;
        let is_free = taken.take(self.clock.now()).is_zero();
        if is_free {
            *bucket = taken;
        }
        is_free
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}
