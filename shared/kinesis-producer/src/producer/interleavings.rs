// SPDX-License-Identifier: Apache-2.0
//! Sends, flushes, closes and drops of a producer in the orders that a model checker chooses: whatever the order, each record ends
//! once, and is counted so at every moment.
//!
//! Shuttle runs the producer as it is, over a runtime of its own (`runtime/model.rs`). Of tokio's channels each step is one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use kinesis_model::HashKeyRange;
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng as _, thread_rng};
use shuttle::scheduler::PctScheduler;
use shuttle::{Config, Runner, check_random_with_seed};

use super::Producer;
use crate::outcome::{Counts, SendError, Ticket};
use crate::port::{CallFailure, Entry, Put, PutFailure, PutRecords, PutSuccess};
use crate::record::Record;
use crate::runtime::{Instant, start_clock};
use crate::settings::{Aggregation, Order, Settings};

/// Orders that are tried at random, of each scenario; and as many that change the order in a few places only.
const ORDERS: usize = 800;
/// ... which are so many.
const CHANGES: usize = 3;
const SEED: u64 = 11;

/// A stream that takes and refuses as it comes.
struct Moody;

impl PutRecords for Moody {
    async fn put(&self, entries: Vec<Entry>) -> Result<Put, CallFailure> {
        yield_now().await;
        let taken = |_| match thread_rng().gen_range(0..3) {
            0 => Err(PutFailure { is_throttled: true, message: String::new() }),
            _ => Ok(PutSuccess { shard: String::new(), sequence_number: String::new() }),
        };
        match thread_rng().gen_range(0..7) {
            0 => Err(CallFailure::Throttled(String::new())),
            1 => Err(CallFailure::Unanswered(String::new())),
            2 => Err(CallFailure::Refused(String::new())),
            3 => Err(CallFailure::TooLarge(String::new())),
            _ => Ok(entries.into_iter().map(taken).collect()),
        }
    }
}

/// A producer of any kind, with room for two records.
fn producer() -> Producer {
    let mut random = thread_rng();
    let aggregation = match random.gen_range(0..3) {
        0 => Aggregation::None,
        1 => Aggregation::PerKey { bytes_max: 1_000 },
        _ => Aggregation::PerShard { ranges: HashKeyRange::uniform(2), bytes_max: 1_000 },
    };
    let settings = Settings {
        record_bytes_max: 1 << 10,
        queue_bytes_max: 2 << 10,
        call_records_max: random.gen_range(1..3),
        calls_max: random.gen_range(1..3),
        linger: Duration::from_millis(random.gen_range(0..2)),
        order: if random.gen_range(0..2) == 0 { Order::Any } else { Order::PerKey },
        tries_max: random.gen_range(1..4),
        aggregation,
        seed: Some(random.gen_range(0..u64::MAX)),
        ..Settings::default()
    };
    Producer::start(Moody, settings).unwrap()
}

fn has_ended(ticket: &mut Ticket) -> bool {
    now(pin!(ticket)).is_some()
}

/// What a future has come to after one look at it.
fn now<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn look(producer: &Producer) -> Counts {
    let counts = producer.counts();
    assert!(counts.sent >= counts.acknowledged + counts.failed, "{counts:?}");
    counts
}

/// Sends until it is told that the producer is closed, and flushes at times: then what it sent has ended.
async fn send(producer: Arc<Producer>, key: String) -> Vec<Ticket> {
    let mut tickets = Vec::new();
    for i in 0..3 {
        match producer.send(Record::new(key.clone(), [i])).await {
            Ok(ticket) => tickets.push(ticket),
            Err(SendError::Closed) => return tickets,
            Err(other) => panic!("{other}"),
        }
        look(&producer);
        if thread_rng().gen_range(0..3) == 0 {
            producer.flush().await;
            // A ticket that has said its end says no more.
            assert!(tickets.drain(..).all(|mut ticket| has_ended(&mut ticket)), "flushed");
        }
    }
    tickets
}

async fn close(producer: Arc<Producer>) {
    let counts = producer.close().await;
    assert_eq!(counts.sent, counts.acknowledged + counts.failed, "{counts:?}");
    let later = producer.counts();
    assert_eq!((counts.sent, counts.failed), (later.sent, later.failed), "closed is closed");
}

/// Senders and closers side by side. Returns what became of the records.
fn closed() -> Counts {
    block_on(async {
        let producer = Arc::new(producer());
        let senders: Vec<_> = (0..2).map(|i| spawn(send(Arc::clone(&producer), format!("key-{i}")))).collect();
        let closers = [spawn(close(Arc::clone(&producer))), spawn(close(Arc::clone(&producer)))];
        yield_now().await;
        look(&producer);
        for closer in closers {
            closer.await.unwrap();
        }
        for sender in senders {
            assert!(sender.await.unwrap().iter_mut().all(has_ended), "each record has ended");
        }
        assert_eq!(producer.send(Record::new("key", "x")).await.unwrap_err(), SendError::Closed);
        producer.flush().await;
        producer.counts()
    })
}

/// A producer whose last handle is dropped while records are under way.
fn dropped() {
    block_on(async {
        let producer = Arc::new(producer());
        let senders: Vec<_> = (0..2).map(|i| spawn(send(Arc::clone(&producer), format!("key-{i}")))).collect();
        drop(producer);
        for sender in senders {
            for ticket in sender.await.unwrap() {
                // It would wait for ever, and the model checker say so, if it did not end.
                let _ = ticket.await;
            }
        }
    });
}

/// A close and a flush that nobody waits for, and then the last handle is dropped: all goes on to its end.
fn closed_and_forgotten() {
    block_on(async {
        let producer = producer();
        let (first, second) =
            (producer.send(Record::new("key-1", "x")).await, producer.send(Record::new("key-2", "y")).await);
        let _ = now(pin!(producer.flush()));
        drop(now(pin!(producer.send(Record::new("key-3", "no room, or room")))));
        let _ = now(pin!(producer.close()));
        yield_now().await;
        drop(producer);
        for ticket in [first.unwrap(), second.unwrap()] {
            assert_ne!(ticket.await, Err(SendError::Abandoned));
        }
    });
}

/// Tries a scenario in so many orders of each kind, the same ones each time.
fn check(scenario: impl Fn() + Copy + Send + Sync + 'static, orders: usize) {
    let from_the_start = move || {
        start_clock();
        scenario();
    };
    check_random_with_seed(from_the_start, SEED, orders);
    Runner::new(PctScheduler::new_from_seed(SEED, CHANGES, orders), Config::new()).run(from_the_start);
}

#[test]
fn whatever_the_order_of_sends_flushes_and_closes_each_record_ends_once() {
    let closed = || {
        closed();
    };
    check(closed, ORDERS);
}

#[test]
fn whenever_the_producer_is_dropped_each_record_ends_once() {
    check(dropped, ORDERS);
}

#[test]
fn whoever_gives_up_waiting_for_a_close_loses_nothing() {
    check(closed_and_forgotten, ORDERS);
}

#[test]
fn a_failure_comes_again_since_the_same_orders_are_tried_each_time() {
    static ENDS: Mutex<Vec<(Counts, Instant)>> = Mutex::new(Vec::new());
    let ends = || {
        check(
            || {
                let counts = closed();
                ENDS.lock().unwrap().push((counts, Instant::now()));
            },
            40,
        );
        std::mem::take(&mut *ENDS.lock().unwrap())
    };
    let (first, second) = (ends(), ends());
    assert_eq!(first.len(), 80);
    assert_eq!(first, second);
}
