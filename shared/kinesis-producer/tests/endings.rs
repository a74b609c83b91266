// SPDX-License-Identifier: Apache-2.0
//! When a record, a flush and a close end: each record once, a flush with what was sent before it, a close with all.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kinesis_producer::{
    CallFailure, Counts, Entry, Producer, Put, PutRecords, PutSuccess, Record, SendError, Settings,
};
use tokio::runtime::Builder;
use tokio::time::{Instant, timeout};

/// A stream that takes all of a call after a while, unless it is too large.
#[derive(Clone)]
struct Slow {
    answers_after: Duration,
    call_bytes_max: usize,
    record_bytes_max: usize,
    /// Records of each call that was taken.
    calls: Arc<Mutex<Vec<usize>>>,
    refused: Arc<AtomicUsize>,
}

impl Slow {
    fn new(answers_after: Duration) -> Self {
        let (call_bytes_max, record_bytes_max) = (usize::MAX, usize::MAX);
        Self { answers_after, call_bytes_max, record_bytes_max, calls: Arc::default(), refused: Arc::default() }
    }
}

impl PutRecords for Slow {
    async fn put(&self, entries: Vec<Entry>) -> Result<Put, CallFailure> {
        tokio::time::sleep(self.answers_after).await;
        let bytes = |entry: &Entry| entry.partition_key.len() + entry.data.len();
        if entries.iter().map(bytes).sum::<usize>() > self.call_bytes_max
            || entries.iter().any(|entry| bytes(entry) > self.record_bytes_max)
        {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(CallFailure::TooLarge("Records size exceeds 5 MB limit".into()));
        }
        self.calls.lock().unwrap().push(entries.len());
        let taken = |entry: Entry| {
            Ok(PutSuccess { shard: "s".into(), sequence_number: String::from_utf8(entry.data).unwrap() })
        };
        Ok(entries.into_iter().map(taken).collect())
    }
}

fn is_whole(counts: Counts) -> bool {
    counts.sent == counts.acknowledged + counts.failed
}

async fn send(producer: &Producer, records: usize) {
    for i in 0..records {
        drop(producer.send(Record::new(format!("key-{i}"), "x")).await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_closes_or_flushes_during_a_close_waits_for_its_end() {
    let producer = Producer::start(Slow::new(Duration::from_secs(5)), Settings::default()).unwrap();
    send(&producer, 10).await;
    assert!(timeout(Duration::from_secs(1), producer.close()).await.is_err());
    assert_eq!(producer.counts().acknowledged, 0, "the first has not ended");
    let flushed = async {
        producer.flush().await;
        producer.counts()
    };
    let (flushed, closed) = tokio::join!(flushed, producer.close());
    assert_eq!((flushed.acknowledged, closed.acknowledged), (10, 10));
    producer.flush().await;
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_was_closed_and_dropped_writes_what_it_has() {
    let stream = Slow::new(Duration::from_secs(5));
    let producer = Producer::start(stream.clone(), Settings::default()).unwrap();
    let ticket = producer.send(Record::new("key", "x")).await.unwrap();
    assert!(timeout(Duration::from_secs(1), producer.close()).await.is_err());
    drop(producer);
    assert_eq!(ticket.await.unwrap().sequence_number, "x");
}

#[tokio::test(start_paused = true)]
async fn a_producer_that_is_dropped_while_nothing_waits_leaves_no_task_behind() {
    let stream = Slow::new(Duration::ZERO);
    let producer = Producer::start(stream.clone(), Settings::default()).unwrap();
    send(&producer, 3).await;
    producer.flush().await;
    assert!(Arc::strong_count(&stream.calls) > 1);
    drop(producer);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&stream.calls), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_room_is_told_at_once_that_the_producer_is_closed() {
    let small = Settings { queue_bytes_max: 1 << 10, record_bytes_max: 1 << 10, ..Settings::default() };
    let producer = Producer::start(Slow::new(Duration::from_secs(5)), small).unwrap();
    send(&producer, 1).await;
    let began = Instant::now();
    let told = async { (producer.send(Record::new("key", "no room")).await.unwrap_err(), began.elapsed()) };
    let (told, counts) = tokio::join!(told, producer.close());
    assert_eq!(told, (SendError::Closed, Duration::ZERO));
    assert_eq!((counts.sent, counts.acknowledged), (1, 1));
}

/// Sends 5 records each 5 ms for so long, and flushes as often as that; says how many records a call had.
async fn records_a_call(flush_every: Option<Duration>) -> f64 {
    const FOR: Duration = Duration::from_secs(20);
    let stream = Slow::new(Duration::from_millis(30));
    let producer = Producer::start(stream.clone(), Settings::default()).unwrap();
    let load = async {
        let began = Instant::now();
        while began.elapsed() < FOR {
            send(&producer, 5).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let flushes = async {
        while let Some(pause) = flush_every {
            tokio::time::sleep(pause).await;
            let (sent, began) = (producer.counts().sent, Instant::now());
            producer.flush().await;
            let counts = producer.counts();
            assert!(counts.acknowledged >= sent, "{counts:?}");
            // Those under way, and its own call.
            assert!(began.elapsed() <= Duration::from_millis(62), "a flush took {:?}", began.elapsed());
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = load => {}
        () = flushes => {}
    }
    let calls = stream.calls.lock().unwrap();
    #[allow(clippy::cast_precision_loss, reason = "few")]
    let records_a_call = calls.iter().sum::<usize>() as f64 / calls.len() as f64;
    records_a_call
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_under_load_and_calls_of_later_records_stay_as_full() {
    let (never, each_second) = (records_a_call(None).await, records_a_call(Some(Duration::from_secs(1))).await);
    assert!(never > 20.0, "{never} records a call");
    assert!(each_second > never * 0.95, "{each_second} records a call with flushes, {never} without");
}

#[test]
fn each_record_ends_when_its_runtime_does() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (producer, ticket, taken_over) = first.block_on(async {
        let producer = Producer::start(Slow::new(Duration::from_secs(5)), Settings::default()).unwrap();
        let taken_over = producer.send(Record::new("key", "under way")).await.unwrap();
        tokio::task::yield_now().await;
        let ticket = producer.send(Record::new("key", "only just sent")).await.unwrap();
        (producer, ticket, taken_over)
    });
    drop(first);
    runtime().block_on(async {
        producer.flush().await;
        assert_eq!((ticket.await, taken_over.await), (Err(SendError::Abandoned), Err(SendError::Abandoned)));
        assert_eq!(producer.send(Record::new("key", "x")).await.unwrap_err(), SendError::Closed);
        let counts = producer.close().await;
        assert_eq!((counts.sent, counts.failed), (2, 2));
    });
}

/// Far longer than a round takes, which is milliseconds.
const ROUND_MAX: Duration = Duration::from_mins(1);

/// Senders on several threads, and a close after so many steps.
async fn closed_while_threads_send(round: usize) {
    let at_once = Settings { linger: Duration::ZERO, ..Settings::default() };
    let producer = Arc::new(Producer::start(Slow::new(Duration::ZERO), at_once).unwrap());
    let send = |sender: usize| {
        let producer = Arc::clone(&producer);
        tokio::spawn(async move {
            for i in 0..30 {
                match producer.send(Record::new(format!("{sender}-{i}"), "x")).await {
                    Ok(ticket) if i % 3 == 0 => assert!(ticket.await.is_ok()),
                    Ok(_) => {}
                    Err(closed) => return assert_eq!(closed, SendError::Closed),
                }
                let counts = producer.counts();
                assert!(counts.sent >= counts.acknowledged + counts.failed, "round {round}: {counts:?}");
            }
        })
    };
    let senders: Vec<_> = (0..4).map(send).collect();
    for _ in 0..round % 40 {
        tokio::task::yield_now().await;
    }
    let counts = producer.close().await;
    assert!(is_whole(counts), "round {round}: {counts:?}");
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(producer.counts().sent, counts.sent, "round {round}: closed is closed");
}

#[test]
fn each_record_ends_wherever_threads_meet() {
    for round in 0..400 {
        let runtime = Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
        let ended = runtime.block_on(async { timeout(ROUND_MAX, closed_while_threads_send(round)).await });
        assert!(ended.is_ok(), "round {round}: something waits for ever");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_too_large_is_made_again_in_parts_and_a_record_that_is_too_large_fails_alone() {
    let stream = Slow { call_bytes_max: 5_000, record_bytes_max: 2_000, ..Slow::new(Duration::from_millis(1)) };
    let once = Settings { tries_max: 1, ..Settings::default() };
    let producer = Producer::start(stream.clone(), once).unwrap();
    let mut tickets = Vec::new();
    for i in 0..100_u32 {
        let bytes = if i == 41 { 3_000 } else { 100 };
        tickets.push(producer.send(Record::new("key", format!("{i:0bytes$}"))).await.unwrap());
    }
    let counts = producer.close().await;
    assert_eq!((counts.acknowledged, counts.failed, counts.retried), (99, 1, 0), "{counts:?}");
    for (i, ticket) in (0..).zip(tickets) {
        match ticket.await {
            Ok(taken) => assert_eq!((taken.sequence_number.parse(), taken.tries), (Ok(i), 1), "each its own answer"),
            Err(SendError::Refused { tries: 1, message, maybe_written: false }) => {
                assert_eq!((i, message.as_str()), (41, "Records size exceeds 5 MB limit"));
            }
            Err(other) => panic!("{other}"),
        }
    }
    let refused = stream.refused.load(Ordering::SeqCst);
    assert!(refused <= 12, "{refused} calls refused on the way to one record of a hundred");
}
