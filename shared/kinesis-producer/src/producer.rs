// SPDX-License-Identifier: Apache-2.0
//! The producer: a handle that takes records.

#[cfg(test)]
mod interleavings;
mod shared;
mod worker;

use std::fmt;
use std::sync::Arc;

use crate::batch::compressed;
use crate::outcome::{Counts, SendError, Ticket};
use crate::port::PutRecords;
use crate::record::Record;
use crate::runtime::spawn;
use crate::settings::{Settings, SettingsFaults};
use shared::Shared;
use worker::Worker;

/// What a record counts in the queue at least: it is more than its bytes there.
const QUEUED_BYTES_MIN: usize = 1_024;

/// Writes records to a stream. Its work is done by a task of its own, on the runtime on which it was started.
pub struct Producer {
    shared: Arc<Shared>,
    settings: Settings,
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
