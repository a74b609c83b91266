// SPDX-License-Identifier: Apache-2.0
//! What became of a record: the ticket that tells it, and the counts of all.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::record::RecordFault;

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
    #[error("the producer was dropped before this record was acknowledged: it may have been written")]
    Abandoned,
}

/// What became of all records so far, in one moment: `sent` is never less than `acknowledged` and `failed` together, and when a
/// producer is closed it is just that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were accepted by [`Producer::send`](crate::Producer::send).
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

/// The end of one record, to be waited for.
#[derive(Debug)]
pub struct Ticket(pub(crate) oneshot::Receiver<Result<Acknowledged, SendError>>);

impl Future for Ticket {
    type Output = Result<Acknowledged, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|ended| ended.unwrap_or(Err(SendError::Abandoned)))
    }
}
