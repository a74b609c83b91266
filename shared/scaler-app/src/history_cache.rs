//! The past of streams, read once an hour and kept while the function is warm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use kinesis_model::limits::METRIC_DELAY_MINUTES;
use scaler_core::{LoadHistory, PAST_MINUTES};

use crate::cloud::{CallError, Metrics};

/// Streams kept at most: some 90 KB each.
const KEPT_MAX: usize = 256;

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
        let hour = past_end(now);
        if let Some((of, past)) = self.kept().get(stream)
            && *of == hour
        {
            return Ok(Arc::clone(past));
        }
        let past = Arc::new(LoadHistory::of(&metrics.past(stream, hour, PAST_MINUTES).await?));
        let mut kept = self.kept();
        kept.retain(|_, (of, _)| *of == hour);
        if kept.len() >= KEPT_MAX {
            kept.pop_first();
        }
        kept.insert(stream.to_owned(), (hour, Arc::clone(&past)));
        Ok(past)
    }

    /// A panic while the lock was held left at worst one past too few.
    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Timestamp, Arc<LoadHistory>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pasts end at the last whole hour whose every minute CloudWatch has by now, so that a warm function reads one once an hour.
fn past_end(now: Timestamp) -> Timestamp {
    let complete = now.as_second() - i64::from(METRIC_DELAY_MINUTES + 1) * 60;
    Timestamp::from_second(complete - complete.rem_euclid(3_600)).unwrap_or(now)
}

/// Minutes since the past ends.
pub(crate) fn minutes_since_past(now: Timestamp) -> u32 {
    u32::try_from(now.duration_since(past_end(now)).as_mins()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use jiff::SignedDuration;
    use kinesis_model::{MetricWindow, Minute};

    use super::*;
    use crate::cloud::Failure;

    /// On the hour.
    const HOUR: Timestamp = Timestamp::constant(1_767_322_800, 0);

    /// Metrics that note what was asked of the past, and fail where they are told to.
    #[derive(Default)]
    struct Counted {
        asked: Mutex<Vec<(String, Timestamp, u32)>>,
        fails: Mutex<bool>,
    }

    impl Counted {
        fn asked(&self) -> usize {
            self.asked.lock().unwrap().len()
        }
    }

    impl Metrics for Counted {
        async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
            self.past(stream, end, minutes).await
        }

        async fn shard_windows(
            &self,
            _: &str,
            _: &[String],
            _: Timestamp,
            _: u32,
        ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
            unreachable!("no past is of a shard")
        }

        async fn past(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
            self.asked.lock().unwrap().push((stream.to_owned(), end, minutes));
            if *self.fails.lock().unwrap() {
                let (subject, message) = (stream.to_owned(), "made to fail".to_owned());
                return Err(CallError { call: "past", subject, failure: Failure::Throttled, message, source: None });
            }
            Ok(MetricWindow { end, minutes: vec![Minute { records: Some(60_000), ..Minute::default() }; 90] })
        }
    }

    fn later(minutes: i64) -> Timestamp {
        HOUR.checked_add(SignedDuration::from_mins(minutes)).unwrap()
    }

    #[tokio::test]
    async fn the_past_of_a_stream_is_read_once_an_hour() {
        let (pasts, metrics) = (Pasts::default(), Counted::default());
        // Three minutes past the hour its last minutes are known for sure.
        for (minute, reads) in [(3, 1), (4, 1), (62, 1), (63, 2), (64, 2), (203, 3)] {
            let past = pasts.read(&metrics, "orders", later(minute)).await.unwrap();
            assert_eq!(metrics.asked(), reads, "minute {minute}");
            assert_eq!(past.end(), later((minute - 3) / 60 * 60), "up to the last whole hour");
            assert_eq!(i64::from(minutes_since_past(later(minute))), minute - (minute - 3) / 60 * 60);
            assert_eq!(past.minutes().len(), 90);
        }
        pasts.read(&metrics, "clicks", later(204)).await.unwrap();
        pasts.read(&metrics, "orders", later(205)).await.unwrap();
        assert_eq!(metrics.asked(), 4, "each stream has its own");
        assert_eq!(
            metrics.asked.lock().unwrap()[0],
            ("orders".to_owned(), HOUR, PAST_MINUTES),
            "all that can be asked for"
        );
    }

    #[tokio::test]
    async fn a_past_that_could_not_be_read_is_asked_for_again() {
        let (pasts, metrics) = (Pasts::default(), Counted::default());
        *metrics.fails.lock().unwrap() = true;
        assert!(pasts.read(&metrics, "orders", HOUR).await.is_err());
        *metrics.fails.lock().unwrap() = false;
        assert!(pasts.read(&metrics, "orders", later(1)).await.is_ok());
        assert!(pasts.read(&metrics, "orders", later(2)).await.is_ok());
        assert_eq!(metrics.asked(), 2);
    }

    #[tokio::test]
    async fn no_more_pasts_are_kept_than_there_is_room_for() {
        let (pasts, metrics) = (Pasts::default(), Counted::default());
        for stream in 0..KEPT_MAX * 3 {
            pasts.read(&metrics, &format!("stream-{stream}"), HOUR).await.unwrap();
            assert!(pasts.kept().len() <= KEPT_MAX);
        }
    }
}
