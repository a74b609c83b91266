// SPDX-License-Identifier: Apache-2.0
//! A token bucket: how long to wait before the next call, so that calls stay inside a rate.
//!
//! Our own and not a crate's, since time is an argument here: the same bucket paces calls on the machine's clock and on the
//! clock that a test moves.

use jiff::{SignedDuration, Timestamp};

/// Calls of one operation, at most so many a second, with one second's worth at once (but always one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    interval: SignedDuration,
    burst: SignedDuration,
    /// When the bucket would be full again, if nothing more is taken.
    full_at: Option<Timestamp>,
}

impl TokenBucket {
    /// `percent` (1 to 100) of `per_second` calls a second; the rest is left to others who share the limit.
    pub fn new(per_second: u32, percent: u32) -> Self {
        let share = i64::from(per_second.max(1)) * i64::from(percent.clamp(1, 100));
        let interval = SignedDuration::from_nanos(100 * 1_000_000_000 / share);
        let burst = SignedDuration::from_secs(1).saturating_sub(interval).max(SignedDuration::ZERO);
        Self { interval, burst, full_at: None }
    }

    /// Takes one call, and says how long to wait before making it.
    #[must_use]
    pub fn take(&mut self, now: Timestamp) -> SignedDuration {
        let full_at = self.full_at.unwrap_or(now).max(now);
        let wait = full_at.duration_since(now).saturating_sub(self.burst).max(SignedDuration::ZERO);
        self.full_at = Some(full_at.checked_add(self.interval).unwrap_or(Timestamp::MAX));
        wait
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_322_800, 0);

    /// Milliseconds after `NOW` at which so many calls are made, each as soon as it may.
    fn made_at(mut bucket: TokenBucket, calls: usize) -> Vec<i128> {
        let mut now = NOW;
        let mut call = || {
            now = now.checked_add(bucket.take(now)).unwrap();
            now.duration_since(NOW).as_millis()
        };
        (0..calls).map(|_| call()).collect()
    }

    #[test]
    fn a_second_of_calls_at_once_and_then_the_rate() {
        assert_eq!(made_at(TokenBucket::new(4, 100), 8), [0, 0, 0, 0, 250, 500, 750, 1_000]);
        assert_eq!(made_at(TokenBucket::new(4, 50), 5), [0, 0, 500, 1_000, 1_500], "half is left to others");
        assert_eq!(made_at(TokenBucket::new(1, 50), 3), [0, 2_000, 4_000], "one call is always allowed");
    }

    #[test]
    fn an_idle_bucket_fills_and_does_not_overflow() {
        let mut bucket = TokenBucket::new(2, 100);
        for _ in 0..2 {
            assert_eq!(bucket.take(NOW), SignedDuration::ZERO);
        }
        assert_eq!(bucket.take(NOW), SignedDuration::from_millis(500));
        let later = NOW.checked_add(SignedDuration::from_hours(1)).unwrap();
        let waits: Vec<_> = (0..3).map(|_| bucket.take(later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 500]);
    }
}
