//! The past of streams, read once an hour and kept while the function is warm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use scaler_core::{LoadHistory, PAST_DAYS};

use crate::ports::{CallError, Metrics};

/// Streams kept at most: some 90 KB each.
const KEPT_MAX: usize = 64;

/// What was read of the past, by stream. It only saves calls: without it every decision is the same.
#[derive(Debug, Default)]
pub struct Pasts(Mutex<BTreeMap<String, (Timestamp, Arc<LoadHistory>)>>);

impl Pasts {
    /// The past of a stream up to the last whole hour.
    ///
    /// # Errors
    /// CloudWatch could not be read.
    pub(crate) async fn read(
        &self,
        metrics: &impl Metrics,
        stream: &str,
        now: Timestamp,
    ) -> Result<Arc<LoadHistory>, CallError> {
        let hour = whole_hour(now);
        if let Some((of, past)) = self.kept().get(stream)
            && *of == hour
        {
            return Ok(Arc::clone(past));
        }
        let past = Arc::new(LoadHistory::of(&metrics.past(stream, hour, PAST_DAYS * 1_440).await?));
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(stream.to_owned(), (hour, Arc::clone(&past)));
        Ok(past)
    }

    /// A panic while the lock was held left at worst one past too few.
    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Timestamp, Arc<LoadHistory>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pasts end at whole hours, so that a warm function reads one once an hour.
fn whole_hour(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(3_600)).unwrap_or(now)
}

/// Minutes since the past ends.
pub(crate) fn minutes_since_past(now: Timestamp) -> u32 {
    u32::try_from(now.as_second().rem_euclid(3_600) / 60).unwrap_or(0)
}
