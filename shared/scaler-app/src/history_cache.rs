// SPDX-License-Identifier: Apache-2.0
//! The load history of streams, read once an hour and kept while the function is warm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use kinesis_model::MetricWindow;
use kinesis_model::limits::METRIC_DELAY_MINUTES;
use scaler_core::{HISTORY_MINUTES, LoadHistory};

use crate::cloud::{CallError, CloudWatch};

/// Streams kept at most: some 90 KB each.
const KEPT_MAX: usize = 256;

/// What was read of the past, by stream. It only saves calls: without it every decision is the same.
#[derive(Debug, Default)]
pub struct HistoryCache(Mutex<BTreeMap<String, (Timestamp, Arc<LoadHistory>)>>);

impl HistoryCache {
    /// The load history of a stream up to the last whole hour.
    ///
    /// # Errors
    /// CloudWatch could not be read.
    pub(crate) async fn of_stream(
        &self,
        cloudwatch: &impl CloudWatch,
        stream: &str,
        now: Timestamp,
    ) -> Result<Arc<LoadHistory>, CallError> {
        self.read(stream, now, |hour| cloudwatch.load_history(stream, hour, HISTORY_MINUTES)).await
    }

    /// As [`Self::of_stream`], by whoever reads what comes before this time.
    async fn read<F: Future<Output = Result<MetricWindow, CallError>>>(
        &self,
        stream: &str,
        now: Timestamp,
        past_before: impl FnOnce(Timestamp) -> F,
    ) -> Result<Arc<LoadHistory>, CallError> {
        let hour = history_end(now);
        if let Some((of, history)) = self.kept().get(stream)
            && *of == hour
        {
            return Ok(Arc::clone(history));
        }
        let history = Arc::new(LoadHistory::of(&past_before(hour).await?));
        let mut kept = self.kept();
        kept.retain(|_, (of, _)| *of == hour);
        if kept.len() >= KEPT_MAX {
            kept.pop_first();
        }
        kept.insert(stream.to_owned(), (hour, Arc::clone(&history)));
        Ok(history)
    }

    /// A panic while the lock was held left at worst one history too few.
    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Timestamp, Arc<LoadHistory>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Histories end at the last whole hour whose every minute CloudWatch has by now, so that a warm function reads one once an hour.
fn history_end(now: Timestamp) -> Timestamp {
    let complete = now.as_second() - i64::from(METRIC_DELAY_MINUTES + 1) * 60;
    Timestamp::from_second(complete - complete.rem_euclid(3_600)).unwrap_or(now)
}

/// Minutes since the history ends.
pub(crate) fn minutes_since_end(now: Timestamp) -> u32 {
    u32::try_from(now.duration_since(history_end(now)).as_mins()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::cell::RefCell;

    use jiff::SignedDuration;
    use kinesis_model::Minute;

    use super::*;
    use crate::cloud::Failure;

    /// On the hour.
    const HOUR: Timestamp = Timestamp::constant(1_767_322_800, 0);

    /// A cache over a CloudWatch that notes what it was asked for.
    #[derive(Default)]
    struct Counted {
        cache: HistoryCache,
        asked: RefCell<Vec<(String, Timestamp)>>,
    }

    impl Counted {
        async fn read(&self, stream: &str, now: Timestamp) -> Arc<LoadHistory> {
            let past = async |end| {
                self.asked.borrow_mut().push((stream.to_owned(), end));
                Ok(MetricWindow { end, minutes: vec![Minute { records: Some(60_000), ..Minute::default() }; 90] })
            };
            self.cache.read(stream, now, past).await.unwrap()
        }

        fn asked(&self) -> usize {
            self.asked.borrow().len()
        }
    }

    fn later(minutes: i64) -> Timestamp {
        HOUR.checked_add(SignedDuration::from_mins(minutes)).unwrap()
    }

    #[tokio::test]
    async fn the_history_of_a_stream_is_read_once_an_hour() {
        let counted = Counted::default();
        // Three minutes past the hour its last minutes are known for sure.
        for (minute, reads) in [(3, 1), (4, 1), (62, 1), (63, 2), (64, 2), (203, 3)] {
            let history = counted.read("orders", later(minute)).await;
            assert_eq!(counted.asked(), reads, "minute {minute}");
            assert_eq!(history.end(), later((minute - 3) / 60 * 60), "up to the last whole hour");
            assert_eq!(i64::from(minutes_since_end(later(minute))), minute - (minute - 3) / 60 * 60);
            assert_eq!(history.minutes().len(), 90);
        }
        counted.read("clicks", later(204)).await;
        counted.read("orders", later(205)).await;
        assert_eq!(counted.asked(), 4, "each stream has its own");
        assert_eq!(counted.asked.borrow()[0], ("orders".to_owned(), HOUR));
    }

    #[tokio::test]
    async fn a_history_that_could_not_be_read_is_asked_for_again() {
        let counted = Counted::default();
        let failed = async |_| Err(CallError::new("GetMetricData", "orders", Failure::Throttled, "made to fail"));
        assert!(counted.cache.read("orders", HOUR, failed).await.is_err());
        counted.read("orders", later(1)).await;
        counted.read("orders", later(2)).await;
        assert_eq!(counted.asked(), 1);
    }

    #[tokio::test]
    async fn no_more_histories_are_kept_than_there_is_room_for() {
        let counted = Counted::default();
        for stream in 0..KEPT_MAX * 3 {
            counted.read(&format!("stream-{stream}"), HOUR).await;
            assert!(counted.cache.kept().len() <= KEPT_MAX);
        }
    }
}
