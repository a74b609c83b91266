//! The load of the demo: a quiet stream, a rush to six times its traffic, and quiet again.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use jiff::{SignedDuration, Timestamp};
use kinesis_producer::{Producer, Record, Settings, Stream};
use sandbox::Sandbox;
use tokio::task::JoinHandle;

/// The stream of the demo.
pub(crate) const STREAM: &str = "orders";
/// Minutes from the start, and the MiB a second wanted from then on, with straight lines between.
const CURVE: [(f64, f64); 6] = [(0.0, 1.0), (4.0, 1.0), (7.0, 6.0), (18.0, 6.0), (21.0, 1.0), (600.0, 1.0)];
/// When the rush is over and the stream ought to shrink.
pub(crate) const RUSH_ENDS_MINUTE: i64 = 21;
/// Bytes of a record, its key included.
const RECORD_BYTES: usize = 8_192;
/// Real time between two bursts: many small calls load a second evenly, as a real fleet of producers does.
const TICK: Duration = Duration::from_millis(40);

/// MiB a second wanted so long after the start.
pub(crate) fn offered_mib_per_second(since_start: SignedDuration) -> f64 {
    let minute = since_start.as_secs_f64() / 60.0;
    let at = CURVE.windows(2).find(|pair| minute < pair[1].0);
    at.map_or(CURVE[CURVE.len() - 1].1, |pair| {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        low + (high - low) * (minute - from) / (to - from)
    })
}

/// Writes to the stream along the curve until it is aborted.
///
/// What is throttled is not tried again: the demo counts what was turned away, and a retry would be counted twice.
#[allow(clippy::cast_precision_loss, reason = "a record's size")]
pub(crate) fn produce(sandbox: Arc<Sandbox>, client: Client, began: Timestamp) -> JoinHandle<()> {
    tokio::spawn(async move {
        let settings = Settings { tries_max: 1, linger: Duration::ZERO, ..Settings::default() };
        let producer = Producer::start(Stream::new(client, STREAM), settings).expect("these settings can be");
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut sequence = 0_u128;
        let mut owed_bytes = 0.0;
        let mut last = tokio::time::Instant::now();
        loop {
            let elapsed = ticks.tick().await.duration_since(last);
            last += elapsed;
            let mib_per_second = offered_mib_per_second(sandbox.now().duration_since(began));
            // A producer that fell behind does not make up for it in a burst.
            owed_bytes += mib_per_second * 1_048_576.0 * elapsed.min(TICK * 3).as_secs_f64();
            while owed_bytes >= RECORD_BYTES as f64 {
                owed_bytes -= RECORD_BYTES as f64;
                sequence += 1;
                // Nobody waits for its end: a record that failed shows as one that never came in.
                drop(producer.send(record(sequence)).await);
            }
        }
    })
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
