// SPDX-License-Identifier: Apache-2.0
//! How often AWS lets an account call an operation, and the bucket that holds calls to it.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::API_RATES;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The calls per second and account that AWS documents for an IAM action; signed, as what a duration is divided by. What
/// is not listed is not limited here.
pub(crate) fn per_second(action: &str) -> Option<i32> {
    let rate = API_RATES.iter().find(|rate| rate.action == action)?;
    i32::try_from(rate.per_second).ok()
}

/// A token bucket that holds one second's worth of calls. AWS documents no burst; a second's worth is the least that
/// lets the documented rate through.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When all tokens will be back; `None` before the first call. It stands for the number of tokens, and is exact.
    full_at: Option<Timestamp>,
}

impl Bucket {
    /// Takes a token, if there is one.
    pub(crate) fn take(&mut self, per_second: i32, now: Timestamp) -> bool {
        let full_at = self.full_at.map_or(now, |at| at.max(now)) + SECOND / per_second;
        let taken = full_at.duration_since(now) <= SECOND;
        if taken {
            self.full_at = Some(full_at);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_a_second_of_calls_and_refills_call_by_call() {
        let at = |milliseconds| Timestamp::UNIX_EPOCH + SignedDuration::from_millis(milliseconds);
        for (calls, one) in [(1_i32, 1_000), (3, 334), (500, 2)] {
            let mut bucket = Bucket::default();
            let mut granted = |now| (0..=calls).map(|_| i32::from(bucket.take(calls, now))).sum::<i32>();
            assert_eq!((granted(at(0)), granted(at(0))), (calls, 0), "{calls} a second");
            assert_eq!((granted(at(one - 1)), granted(at(one))), (0, 1), "{calls} a second");
            assert_eq!(granted(at(60_000)), calls, "{calls} a second, and no more for having waited");
        }
    }
}
