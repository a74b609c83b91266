// SPDX-License-Identifier: Apache-2.0
//! A producer over a Kinesis that fails in every way it can: whatever happens, each record ends once, and what is said of it is
//! true. Time is tokio's, and moves by itself when all wait.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::read::GzDecoder;
use kinesis_model::keys::KeyFault;
use kinesis_model::{HashKeyRange, hash_key};
use kinesis_producer::aggregation::decode;
use kinesis_producer::{
    Aggregation, CallFailure, Compression, Entry, Order, Producer, Put, PutFailure, PutRecords, PutSuccess, Record,
    RecordFault, SendError, Settings,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// How often what goes wrong, in percent.
#[derive(Clone, Copy, Default)]
struct Odds {
    lost_before: u32,
    lost_after: u32,
    call_throttled: u32,
    refused: u32,
    record_throttled: u32,
    record_failed: u32,
    hangs_before: u32,
    hangs_after: u32,
}

const EVERYTHING: Odds = Odds {
    lost_before: 6,
    lost_after: 6,
    call_throttled: 6,
    refused: 0,
    record_throttled: 20,
    record_failed: 4,
    hangs_before: 2,
    hangs_after: 2,
};

/// A stream that keeps what it took, in the order in which it did.
struct Fake {
    random: Mutex<StdRng>,
    odds: Mutex<Odds>,
    taken: Mutex<Vec<Entry>>,
    calls: Mutex<Vec<(usize, usize)>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[derive(Clone)]
struct Stream(Arc<Fake>);

impl Stream {
    fn new(seed: u64, odds: Odds) -> Self {
        Self(Arc::new(Fake {
            random: Mutex::new(StdRng::seed_from_u64(seed)),
            odds: Mutex::new(odds),
            taken: Mutex::default(),
            calls: Mutex::default(),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }))
    }

    fn happens(&self, percent: u32) -> bool {
        self.0.random.lock().unwrap().random_range(0..100) < percent
    }

    /// How often data is in the stream.
    fn times(&self) -> BTreeMap<Vec<u8>, usize> {
        let mut times = BTreeMap::new();
        for entry in self.0.taken.lock().unwrap().iter() {
            *times.entry(entry.data.clone()).or_default() += 1;
        }
        times
    }

    fn take(&self, entries: Vec<Entry>, odds: Odds) -> Put {
        let take = |entry: Entry| {
            if self.happens(odds.record_throttled) {
                return Err(PutFailure {
                    is_throttled: true,
                    message: "ProvisionedThroughputExceededException".into(),
                });
            }
            if self.happens(odds.record_failed) {
                return Err(PutFailure { is_throttled: false, message: "InternalFailure".into() });
            }
            let mut taken = self.0.taken.lock().unwrap();
            taken.push(entry);
            Ok(PutSuccess { shard: "shardId-000000000000".into(), sequence_number: taken.len().to_string() })
        };
        entries.into_iter().map(take).collect()
    }
}

/// A call under way, which ends by its answer or by nobody waiting for it any more.
struct UnderWay<'a>(&'a Fake);

impl<'a> UnderWay<'a> {
    fn new(fake: &'a Fake) -> Self {
        let at_once = fake.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        fake.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        Self(fake)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, Ordering::SeqCst);
    }
}

impl PutRecords for Stream {
    async fn put(&self, entries: Vec<Entry>) -> Result<Put, CallFailure> {
        let _under_way = UnderWay::new(&self.0);
        let bytes = entries.iter().map(|entry| entry.partition_key.len() + entry.data.len()).sum();
        self.0.calls.lock().unwrap().push((entries.len(), bytes));
        let (before, after) = {
            let mut random = self.0.random.lock().unwrap();
            (random.random_range(0..80), random.random_range(0..80))
        };
        tokio::time::sleep(Duration::from_millis(before)).await;
        let odds = *self.0.odds.lock().unwrap();
        if self.happens(odds.hangs_before) {
            std::future::pending::<()>().await;
        }
        if self.happens(odds.lost_before) {
            Err(CallFailure::Unanswered("connection reset before it was read".into()))
        } else if self.happens(odds.call_throttled) {
            Err(CallFailure::Throttled("LimitExceededException".into()))
        } else if self.happens(odds.refused) {
            Err(CallFailure::Refused("ResourceNotFoundException".into()))
        } else {
            let put = self.take(entries, odds);
            tokio::time::sleep(Duration::from_millis(after)).await;
            if self.happens(odds.hangs_after) {
                std::future::pending::<()>().await;
            }
            if self.happens(odds.lost_after) {
                Err(CallFailure::Unanswered("connection reset before the answer".into()))
            } else {
                Ok(put)
            }
        }
    }
}

fn settings(seed: u64) -> Settings {
    Settings {
        seed: Some(seed),
        linger: Duration::from_millis(5),
        call_timeout: Duration::from_secs(1),
        call_records_max: 40,
        ..Settings::default()
    }
}

/// Sends so many records of so many keys, waits for all of them, and holds what was said of each against the stream.
async fn all_ends_are_true(seed: u64, odds: Odds, settings: Settings, records: usize, keys: usize) -> (Stream, u64) {
    let stream = Stream::new(seed, odds);
    let calls_max = settings.calls_max;
    let (records_max, bytes_max) = (settings.call_records_max, settings.call_bytes_max);
    let producer = Producer::start(stream.clone(), settings).unwrap();
    let mut tickets = Vec::new();
    for i in 0..records {
        let data = format!("{i:06}").into_bytes();
        let ticket = producer.send(Record::new(format!("key-{}", i % keys), data.clone())).await.unwrap();
        tickets.push((data, ticket));
    }
    let counts = producer.close().await;
    assert_eq!(
        (counts.sent, counts.acknowledged + counts.failed),
        (records as u64, records as u64),
        "seed {seed}: {counts:?}"
    );
    let (times, mut acknowledged, mut doubled) = (stream.times(), 0, 0);
    for (data, ticket) in tickets {
        let there = times.get(&data).copied().unwrap_or(0);
        let words = String::from_utf8_lossy(&data).into_owned();
        match ticket.await {
            Ok(ack) => {
                acknowledged += 1;
                doubled += u64::from(ack.maybe_doubled);
                assert!(there >= 1, "seed {seed}: {words} was acknowledged and is not there");
                assert!(
                    there == 1 || ack.maybe_doubled,
                    "seed {seed}: {words} is there {there} times, and nobody said so"
                );
            }
            Err(SendError::GaveUp { maybe_written, .. } | SendError::Refused { maybe_written, .. }) => {
                assert!(there == 0 || maybe_written, "seed {seed}: {words} failed and is there");
            }
            Err(other) => panic!("seed {seed}: {words} ended as {other}"),
        }
    }
    assert_eq!((counts.acknowledged, counts.maybe_doubled), (acknowledged, doubled), "seed {seed}");
    let most = stream.0.most_at_once.load(Ordering::SeqCst);
    assert!(most <= calls_max, "seed {seed}: {most} calls at once");
    for (records, bytes) in stream.0.calls.lock().unwrap().iter() {
        assert!(*records <= records_max && *bytes <= bytes_max, "seed {seed}: a call of {records} records");
    }
    (stream, counts.failed)
}

#[tokio::test(start_paused = true)]
async fn whatever_fails_every_record_ends_once_and_what_is_said_of_it_is_true() {
    for seed in 0..30 {
        let (_, failed) = all_ends_are_true(seed, EVERYTHING, settings(seed), 600, 37).await;
        assert_eq!(failed, 0, "seed {seed}: there was time enough for all");
        let impatient = Settings { tries_max: 2, ..settings(seed) };
        let (_, failed) = all_ends_are_true(seed, EVERYTHING, impatient, 600, 37).await;
        assert!(failed > 0, "seed {seed}: two tries do not suffice for all");
        let short = Settings { give_up_after: Duration::from_millis(150), ..settings(seed) };
        all_ends_are_true(seed, EVERYTHING, short, 600, 37).await;
        all_ends_are_true(seed, Odds { refused: 30, ..EVERYTHING }, settings(seed), 600, 37).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_answers_holds_nobody() {
    for hangs in [Odds { hangs_before: 100, ..Odds::default() }, Odds { hangs_after: 100, ..Odds::default() }] {
        let stream = Stream::new(1, hangs);
        let producer = Producer::start(stream.clone(), Settings { tries_max: 2, ..settings(1) }).unwrap();
        let ticket = producer.send(Record::new("key", "x")).await.unwrap();
        let counts = producer.close().await;
        assert_eq!((counts.sent, counts.failed, counts.calls), (1, 1, 2));
        let ended = ticket.await.unwrap_err();
        let told = "given up after 2 tries, the last: none came within call_timeout, 1s";
        assert_eq!(ended.to_string(), told);
        assert!(matches!(ended, SendError::GaveUp { maybe_written: true, .. }), "it may have been: {ended:?}");
        // And the next goes through, once they answer.
        *stream.0.odds.lock().unwrap() = Odds::default();
        let producer = Producer::start(stream, settings(1)).unwrap();
        producer.send(Record::new("key", "y")).await.unwrap().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn however_long_a_record_waits_for_its_first_try_it_gets_others() {
    let odds = Odds { record_throttled: 20, ..Odds::default() };
    // One call at once, of some 80 ms each: the last of 4,000 records is tried first after 8 s.
    let deep = Settings { calls_max: 1, give_up_after: Duration::from_secs(5), ..settings(1) };
    let began = tokio::time::Instant::now();
    let (_, failed) = all_ends_are_true(1, odds, deep, 4_000, 100).await;
    assert!(began.elapsed() > Duration::from_secs(7), "{:?}", began.elapsed());
    assert_eq!(failed, 0, "each had time for several tries");
}

#[tokio::test(start_paused = true)]
async fn the_order_of_a_key_is_kept_whatever_fails() {
    for seed in 0..30 {
        let ordered = Settings { order: Order::PerKey, ..settings(seed) };
        let (stream, _) = all_ends_are_true(seed, EVERYTHING, ordered, 400, 7).await;
        let mut last: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for entry in stream.0.taken.lock().unwrap().iter() {
            let before = last.insert(entry.partition_key.clone(), entry.data.clone());
            assert!(before.is_none_or(|before| before <= entry.data), "seed {seed}: {} went back", entry.partition_key);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_of_a_key_is_kept_wherever_on_the_ring_its_records_go() {
    for aggregation in [Aggregation::None, Aggregation::PerKey { bytes_max: 2_000 }] {
        for seed in 0..10 {
            let stream = Stream::new(seed, EVERYTHING);
            let ordered = Settings { order: Order::PerKey, aggregation: aggregation.clone(), ..settings(seed) };
            let producer = Producer::start(stream.clone(), ordered).unwrap();
            for i in 0..60_u128 {
                // Three here, three there.
                let explicit_hash_key = Some((i / 3 % 2) << 127);
                let record = Record { explicit_hash_key, ..Record::new("key", format!("{i:06}")) };
                drop(producer.send(record).await.unwrap());
            }
            assert_eq!(producer.close().await.acknowledged, 60);
            let (mut last, mut seen) = (0, std::collections::BTreeSet::new());
            for entry in stream.0.taken.lock().unwrap().iter() {
                let alone = || vec![(entry.explicit_hash_key, entry.data.clone())];
                let inside = decode(&entry.data).unwrap().map(|all| all.records.into_iter());
                let inside = inside.map(|all| all.map(|it| (it.explicit_hash_key, it.data)));
                let records = inside.map_or_else(alone, Iterator::collect);
                // One that is doubled is there again, whole, before the next.
                let numbers: Vec<u32> =
                    records.iter().map(|(_, data)| String::from_utf8_lossy(data).parse().unwrap()).collect();
                assert!(last <= numbers[0] || seen.contains(&numbers) && last == numbers[numbers.len() - 1]);
                assert!(records.iter().all(|(hash_key, _)| *hash_key == entry.explicit_hash_key), "at their own place");
                last = numbers[numbers.len() - 1];
                seen.insert(numbers);
            }
            assert_eq!(seen.iter().flatten().count(), 60);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_failures_nothing_is_doubled_and_calls_are_full() {
    let (stream, failed) = all_ends_are_true(1, Odds::default(), settings(1), 4_000, 100).await;
    assert_eq!(failed, 0);
    assert!(stream.times().values().all(|times| *times == 1));
    let calls = stream.0.calls.lock().unwrap().len();
    assert!(calls <= 4_000 / 40 + 20, "{calls} calls for a hundred full ones");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_killed_goes_on_with_what_was_not_acknowledged() {
    for seed in 0..20 {
        let stream = Stream::new(seed, EVERYTHING);
        let mut left: Vec<Vec<u8>> = (0..300).map(|i| format!("{i:06}").into_bytes()).collect();
        let mut lives = 0;
        while !left.is_empty() {
            lives += 1;
            let producer = Producer::start(stream.clone(), settings(seed + lives)).unwrap();
            let mut tickets = Vec::new();
            for data in &left {
                tickets.push((data.clone(), producer.send(Record::new("key", data.clone())).await.unwrap()));
            }
            let life = Duration::from_millis(if lives < 4 { 120 } else { 60_000 });
            let counts = Arc::new(Mutex::new(Vec::new()));
            let wait = async {
                for (data, ticket) in tickets {
                    let ended = ticket.await;
                    counts.lock().unwrap().push((data, ended));
                }
            };
            // Killed in the middle, but for the last life: the producer is dropped, and every ticket still ends.
            let (killed, ()) = tokio::join!(
                async {
                    tokio::time::sleep(life).await;
                    drop(producer);
                },
                wait
            );
            let () = killed;
            let ended = std::mem::take(&mut *counts.lock().unwrap());
            assert_eq!(ended.len(), left.len(), "seed {seed}: every ticket ends");
            left = ended.into_iter().filter(|(_, ended)| ended.is_err()).map(|(data, _)| data).collect();
        }
        assert!(lives > 1, "seed {seed}: it was killed");
        assert_eq!(stream.times().len(), 300, "seed {seed}: nothing is lost");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_makes_the_sender_wait() {
    let stream = Stream::new(1, Odds::default());
    let small = Settings { queue_bytes_max: 8 << 10, record_bytes_max: 4 << 10, ..settings(1) };
    let producer = Producer::start(stream, small).unwrap();
    for i in 0..8 {
        producer.send(Record::new("key", vec![i; 100])).await.unwrap();
    }
    let ninth = producer.send(Record::new("key", "too much"));
    assert!(tokio::time::timeout(Duration::from_millis(1), ninth).await.is_err(), "eight kilobytes are queued");
    producer.send(Record::new("key", "after the first were written")).await.unwrap();
    assert_eq!(producer.close().await.acknowledged, 9);
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_all_that_was_sent_and_a_closed_producer_takes_no_more() {
    let lingering = Settings { linger: Duration::from_mins(10), ..settings(1) };
    let producer = Arc::new(Producer::start(Stream::new(1, EVERYTHING), lingering).unwrap());
    for round in 1..=3 {
        for i in 0..100 {
            drop(producer.send(Record::new(format!("key-{i}"), format!("{round} {i}"))).await.unwrap());
        }
        producer.flush().await;
        let counts = producer.counts();
        assert_eq!((counts.sent, counts.acknowledged + counts.failed), (round * 100, round * 100), "{counts:?}");
    }
    // Whoever shares it may close it, more than once.
    drop(producer.send(Record::new("key", "the last")).await.unwrap());
    let (one, other) = tokio::join!(producer.close(), producer.close());
    assert_eq!((one.acknowledged + one.failed, one), (301, other));
    assert_eq!(producer.send(Record::new("key", "too late")).await.unwrap_err(), SendError::Closed);
    producer.flush().await;
}

#[tokio::test(start_paused = true)]
async fn throttles_make_calls_fewer_and_peace_makes_them_more() {
    let stream = Stream::new(1, Odds { record_throttled: 60, ..Odds::default() });
    let producer = Producer::start(stream.clone(), settings(1)).unwrap();
    let write = async |records: usize| {
        for i in 0..records {
            drop(producer.send(Record::new(format!("{i}"), "x")).await.unwrap());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert_eq!(producer.counts().calls_allowed, 8);
    write(2_000).await;
    let throttled = producer.counts();
    assert!(throttled.calls_allowed < 3 && throttled.throttled > 0, "{throttled:?}");
    stream.0.odds.lock().unwrap().record_throttled = 0;
    write(20_000).await;
    assert_eq!(producer.counts().calls_allowed, 8);
    let counts = producer.close().await;
    assert_eq!((counts.acknowledged, counts.failed), (22_000, 0));
}

#[tokio::test(start_paused = true)]
async fn aggregated_records_are_taken_apart_to_what_was_sent_and_lie_on_their_shard() {
    let ranges = HashKeyRange::uniform(5);
    for (order, aggregation) in [
        (Order::Any, Aggregation::PerKey { bytes_max: 2_000 }),
        (Order::PerKey, Aggregation::PerShard { ranges: ranges.clone(), bytes_max: 2_000 }),
    ] {
        let stream = Stream::new(3, EVERYTHING);
        let producer =
            Producer::start(stream.clone(), Settings { order, aggregation: aggregation.clone(), ..settings(3) })
                .unwrap();
        let mut tickets = Vec::new();
        for i in 0..1_000 {
            tickets.push(producer.send(Record::new(format!("key-{}", i % 50), format!("{i:06}"))).await.unwrap());
        }
        let counts = producer.close().await;
        assert_eq!((counts.acknowledged, counts.failed), (1_000, 0));
        for ticket in tickets {
            assert!(!ticket.await.unwrap().sequence_number.is_empty());
        }
        let taken = stream.0.taken.lock().unwrap();
        assert!(taken.len() < 700, "{} entries for a thousand records", taken.len());
        let (mut last, mut seen) = (BTreeMap::new(), std::collections::BTreeSet::new());
        let mut entries = std::collections::BTreeSet::new();
        for entry in taken.iter() {
            // One that was not answered may be there again, whole; all of it is doubled then, and said to be.
            if !entries.insert(entry.data.clone()) {
                continue;
            }
            let place = entry.explicit_hash_key.unwrap_or_else(|| hash_key(&entry.partition_key));
            let shard = |place: u128| ranges.iter().position(|range| range.contains(place));
            assert!(entry.data.len() + entry.partition_key.len() <= 2_000);
            let alone = || {
                vec![kinesis_producer::aggregation::UserRecord {
                    partition_key: entry.partition_key.as_str().into(),
                    explicit_hash_key: entry.explicit_hash_key,
                    data: entry.data.clone(),
                }]
            };
            for record in decode(&entry.data).unwrap().map_or_else(alone, |all| all.records) {
                assert_eq!(shard(hash_key(&record.partition_key)), shard(place), "on the shard that is its own");
                seen.insert(record.data.clone());
                let before = last.insert(record.partition_key, record.data.clone());
                assert!(order == Order::Any || before.is_none_or(|before: Vec<u8>| before <= record.data));
            }
        }
        assert_eq!(seen.len(), 1_000);
    }
}

#[tokio::test(start_paused = true)]
async fn compressed_data_is_what_was_sent() {
    let stream = Stream::new(1, Odds::default());
    let producer = Producer::start(stream.clone(), Settings { compression: Compression::Gzip, ..settings(1) }).unwrap();
    let data = "the same again ".repeat(500);
    producer.send(Record::new("key", data.clone())).await.unwrap().await.unwrap();
    let written = stream.0.taken.lock().unwrap()[0].data.clone();
    assert!(written.len() < data.len() / 10);
    let mut read = String::new();
    GzDecoder::new(written.as_slice()).read_to_string(&mut read).unwrap();
    assert_eq!(read, data);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_is_told_before_it_is_tried() {
    let stream = Stream::new(1, Odds::default());
    let producer = Producer::start(stream.clone(), settings(1)).unwrap();
    let too_large = producer.send(Record::new("key", vec![0; 1 << 20])).await.unwrap_err();
    assert!(matches!(too_large, SendError::Record(RecordFault::TooLarge { max: 1_048_576, .. })), "{too_large}");
    let no_key = producer.send(Record::new("", "x")).await.unwrap_err();
    assert_eq!(no_key, SendError::Record(RecordFault::Key(KeyFault::Empty)));
    assert_eq!(producer.close().await.sent, 0);
    let faults = Producer::start(
        stream.clone(),
        Settings {
            call_records_max: 501,
            call_bytes_max: 11 << 20,
            calls_max: 0,
            pause: Duration::from_mins(1),
            ..settings(1)
        },
    );
    assert_eq!(
        faults.unwrap_err().to_string(),
        "call_records_max=501 is not from 1 to 500; call_bytes_max=11534336 is not from 1048576 to 10485760; calls_max=0 is not \
         from 1 to 1000; pause=60s is not at most pause_max, 5s"
    );
    let longest = Duration::MAX;
    let forever = Settings {
        linger: longest,
        call_timeout: Duration::ZERO,
        pause: longest,
        pause_max: longest,
        give_up_after: longest,
        ..settings(1)
    };
    let told = Producer::start(stream, forever).unwrap_err().to_string();
    assert_eq!(
        told.replace(&format!("{longest:?}"), "MAX"),
        "linger=MAX is not from 0ns to 86400s; call_timeout=0ns is not from 1ms to 86400s; pause=MAX is not from 0ns to \
         86400s; pause_max=MAX is not from 0ns to 86400s; give_up_after=MAX is not from 0ns to 86400s"
    );
}
