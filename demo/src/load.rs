// SPDX-License-Identifier: Apache-2.0
//! The load of the demo: a quiet stream, a rush to six times its traffic, and quiet again.

use kinesis_model::num::float;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_kinesis::Client;
use jiff::{SignedDuration, Timestamp};
use kinesis_producer::{Producer, Record, Settings, Stream};

/// The stream of the demo.
pub(crate) const STREAM: &str = "orders";
/// Minutes from the start, and the MiB a second wanted from then on, with straight lines between.
const CURVE: [(f64, f64); 6] = [(0.0, 1.0), (4.0, 1.0), (7.0, 6.0), (18.0, 6.0), (21.0, 1.0), (600.0, 1.0)];
/// When the rush has come to its full height.
pub(crate) const RUSH_IS_FULL_MINUTE: i64 = 7;
/// When the rush is over and the stream ought to shrink.
pub(crate) const RUSH_ENDS_MINUTE: i64 = 21;
/// Bytes of a record, its key included.
const RECORD_BYTES: usize = 2_048;
/// Each record stands for so many alike ones, or the demo would have to write six gigabytes.
pub(crate) const RECORDS_EACH_STANDS_FOR: f64 = 64.0;
/// No real time counts here, so no answer comes too late.
const CALL_TIMEOUT: Duration = Duration::from_hours(1);

/// MiB a second wanted so long after the start.
pub(crate) fn offered_mib_per_second(since_start: SignedDuration) -> f64 {
    let minute = since_start.as_secs_f64() / 60.0;
    let at = CURVE.windows(2).find(|pair| minute < pair[1].0);
    at.map_or(CURVE[CURVE.len() - 1].1, |pair| {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        low + (high - low) * (minute - from) / (to - from)
    })
}

/// What writes to the stream along the curve.
pub(crate) struct Load {
    producer: Producer,
    began: Timestamp,
    /// Records wanted so far that are not written yet, as a fraction.
    owed: f64,
    sequence: u128,
}

impl Load {
    /// What is throttled is not tried again: the demo counts what was turned away, and a retry would be counted twice.
    pub(crate) fn new(client: Client, began: Timestamp) -> anyhow::Result<Self> {
        let settings = Settings { tries_max: 1, call_timeout: CALL_TIMEOUT, ..Settings::default() };
        let producer = Producer::start(Stream::new(client, STREAM), settings)?;
        Ok(Self { producer, began, owed: 0.0, sequence: 0 })
    }

    /// Writes the records of one second, and waits until each has ended.
    pub(crate) async fn write(&mut self, second: Timestamp) -> anyhow::Result<()> {
        let mib = offered_mib_per_second(second.duration_since(self.began));
        self.owed += mib * 1_048_576.0 / (float(RECORD_BYTES) * RECORDS_EACH_STANDS_FOR);
        while self.owed >= 1.0 {
            self.owed -= 1.0;
            self.sequence += 1;
            // Nobody asks for the end of each: a record that failed shows as one that never came in.
            drop(self.producer.send(record(self.sequence)).await.context("the demo's producer")?);
        }
        self.producer.flush().await;
        Ok(())
    }
}

/// A record whose hash key follows the golden ratio: however many shards there are, each gets its even share.
fn record(sequence: u128) -> Record {
    const GOLDEN_RATIO: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    let partition_key = format!("{sequence:016}");
    let data = vec![0_u8; RECORD_BYTES - partition_key.len()];
    Record { partition_key, explicit_hash_key: Some(sequence.wrapping_mul(GOLDEN_RATIO)), data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_rises_and_falls() {
        let at = |minute| format!("{:.1}", offered_mib_per_second(SignedDuration::from_mins(minute)));
        assert_eq!([0, 4, 7, 12, 18, 21, 50].map(at), ["1.0", "1.0", "6.0", "6.0", "6.0", "1.0", "1.0"]);
    }
}
