//! The producer: a handle that takes records, tickets that tell their end, counts of both.

#[cfg(test)]
mod interleavings;
mod shared;
mod worker;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::batch::compressed;
use crate::port::PutRecords;
use crate::record::{Record, RecordFault};
use crate::runtime::spawn;
use crate::settings::{Settings, SettingsFault};
use shared::Shared;
use worker::Worker;

/// What a record counts in the queue at least: it is more than its bytes there.
const QUEUED_BYTES_MIN: usize = 1_024;

/// Writes records to a stream. Its work is done by a task of its own, on the runtime on which it was started.
pub struct Producer {
    shared: Arc<Shared>,
    settings: Settings,
}

/// A record that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The shard that took it.
    pub shard: String,
    /// Its number there; records that were put together have one.
    pub sequence_number: String,
    /// Calls that it took, but for those that were too large as a whole.
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

/// What became of all records so far, in one moment: `sent` is never less than `acknowledged` and `failed` together, and when a
/// producer is closed it is just that.
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
        let shared = Arc::new(Shared::new(settings.queue_bytes_max));
        spawn(Worker::new(Arc::new(stream), settings.clone(), Arc::clone(&shared)).run());
        Ok(Self { shared, settings })
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
        let room = self.shared.room(bytes).await?;
        self.shared.hand_over(record, room)
    }

    /// What became of all records so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// Writes what was sent so far without waiting for more, and comes back when all of it has ended. What is sent meanwhile is
    /// neither hurried nor waited for.
    pub async fn flush(&self) {
        let next = self.shared.flush();
        self.shared.ended(next).await;
    }

    /// Takes no more records, from its first poll on, and comes back when each that was sent has ended; says what became of them.
    /// It may be called more than once, and need not be waited for: what was begun goes on to its end while the runtime lives.
    ///
    /// A producer that is dropped without it gives up what has not ended: every ticket says so, and whoever has dropped the tickets
    /// is not told.
    pub async fn close(&self) -> Counts {
        let next = self.shared.close();
        self.shared.ended(next).await;
        self.shared.counts()
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.shared.dropped();
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
