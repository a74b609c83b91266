//! The producer: a handle that takes records, tickets that tell their end, counts of both.

mod worker;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::batch::{Waiter, compressed};
use crate::port::PutRecords;
use crate::record::{Record, RecordFault};
use crate::settings::{Settings, SettingsFault};
use worker::{Job, Worker};

/// What a record counts in the queue at least: it is more than its bytes there.
const QUEUED_BYTES_MIN: usize = 1_024;

/// Writes records to a stream. Its work is done by a task of its own, on the runtime on which it was started.
pub struct Producer {
    jobs: mpsc::UnboundedSender<Job>,
    room: Arc<Semaphore>,
    counters: Arc<Counters>,
    settings: Settings,
}

/// A record that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The shard that took it.
    pub shard: String,
    /// Its number there; records that were put together have one.
    pub sequence_number: String,
    /// Calls that it took.
    pub tries: u32,
    /// Whether it may be in the stream more than once: a call before was not answered.
    pub maybe_doubled: bool,
}

/// Why a record was not written, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It cannot be.
    #[error(transparent)]
    Record(#[from] RecordFault),
    /// The producer takes no more.
    #[error("the producer is closed: start another")]
    Closed,
    /// AWS said no, and would again.
    #[error("refused after {tries} tries: {message}")]
    Refused {
        /// Calls so far.
        tries: u32,
        /// AWS's words.
        message: String,
        /// Whether a call before may have written it all the same.
        maybe_written: bool,
    },
    /// It was tried for as long, or as often, as the settings say.
    #[error("given up after {tries} tries, the last: {message}")]
    GaveUp {
        /// Calls so far.
        tries: u32,
        /// What the last one ended with.
        message: String,
        /// Whether one of them may have written it all the same.
        maybe_written: bool,
    },
    /// The producer was dropped before the record had ended; it may have been written.
    #[error("the producer was dropped before this record had ended: it may have been written")]
    Abandoned,
}

/// What became of all records so far. When a producer is closed, `sent` is `acknowledged` and `failed` together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were accepted by [`Producer::send`].
    pub sent: u64,
    /// ... and written.
    pub acknowledged: u64,
    /// ... and given back as an error.
    pub failed: u64,
    /// Of those acknowledged, records that may be there more than once.
    pub maybe_doubled: u64,
    /// Tries of an entry that were throttled; entries are records, or several put together.
    pub throttled: u64,
    /// Tries of an entry after its first.
    pub retried: u64,
    /// Calls.
    pub calls: u64,
    /// Calls that may wait for an answer at once as throttling has it now.
    pub calls_allowed: u64,
}

/// [`Counts`] as they are counted.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) maybe_doubled: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) calls: AtomicU64,
    pub(crate) calls_allowed: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, more: usize) {
        counter.fetch_add(more as u64, Ordering::Relaxed);
    }

    fn now(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            sent: of(&self.sent),
            acknowledged: of(&self.acknowledged),
            failed: of(&self.failed),
            maybe_doubled: of(&self.maybe_doubled),
            throttled: of(&self.throttled),
            retried: of(&self.retried),
            calls: of(&self.calls),
            calls_allowed: of(&self.calls_allowed),
        }
    }
}

impl Producer {
    /// Starts one on the current runtime.
    ///
    /// # Errors
    /// Every setting that cannot be, at once.
    pub fn start(stream: impl PutRecords, settings: Settings) -> Result<Self, SettingsFaults> {
        let faults = settings.faults();
        if !faults.is_empty() {
            return Err(SettingsFaults(faults));
        }
        let (jobs, received) = mpsc::unbounded_channel();
        let counters = Arc::new(Counters::default());
        let worker = Worker::new(Arc::new(stream), settings.clone(), Arc::clone(&counters), received);
        tokio::spawn(worker.run());
        Ok(Self { jobs, room: Arc::new(Semaphore::new(settings.queue_bytes_max)), counters, settings })
    }

    /// Takes a record, as soon as the queue has room for it. The ticket tells its end; whoever does not want to know may drop it.
    ///
    /// # Errors
    /// The record cannot be written, or the producer is closed.
    pub async fn send(&self, mut record: Record) -> Result<Ticket, SendError> {
        record.data = compressed(record.data, self.settings.compression);
        record.checked(self.settings.record_bytes_max)?;
        let bytes = record.bytes().max(QUEUED_BYTES_MIN).min(self.settings.queue_bytes_max);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| SendError::Closed)?;
        let (answer, ticket) = oneshot::channel();
        let waiter = Waiter { answer, _room: room };
        self.jobs.send(Job::Send(record, waiter)).map_err(|_| SendError::Closed)?;
        Counters::add(&self.counters.sent, 1);
        Ok(Ticket(ticket))
    }

    /// What became of all records so far.
    pub fn counts(&self) -> Counts {
        self.counters.now()
    }

    /// Writes what waits, at once, and comes back when all that was sent has ended.
    pub async fn flush(&self) {
        let (answer, done) = oneshot::channel();
        if self.jobs.send(Job::Flush(answer)).is_ok() {
            // Without an answer the runtime is on its way out, and nothing is written any more.
            let _ = done.await;
        }
    }

    /// As [`Self::flush`], and takes no more records: says what became of all of them, each of which has ended. A producer that is
    /// dropped without it gives up what has not ended: every ticket says so, and whoever has dropped the tickets is not told.
    pub async fn close(&self) -> Counts {
        let (answer, done) = oneshot::channel();
        if self.jobs.send(Job::Close(answer)).is_ok() {
            let _ = done.await;
        }
        self.counters.now()
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// Settings that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFaults(pub Vec<SettingsFault>);

impl fmt::Display for SettingsFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&faults.join("; "))
    }
}

impl std::error::Error for SettingsFaults {}

/// The end of one record, to be waited for.
#[derive(Debug)]
pub struct Ticket(oneshot::Receiver<Result<Acknowledged, SendError>>);

impl Future for Ticket {
    type Output = Result<Acknowledged, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|ended| ended.unwrap_or(Err(SendError::Abandoned)))
    }
}
