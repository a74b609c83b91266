// SPDX-License-Identifier: Apache-2.0
//! What the handles of a producer and its task share: records on their way to it, what became of all, and who waits for that.
//!
//! One lock holds it all, for a moment each time: a record is counted in the moment in which it is handed over, a flush knows what
//! was sent before it, and nothing is handed over that nobody will take.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::batch::Waiter;
use crate::outcome::{Acknowledged, Counts, SendError, Ticket};
use crate::record::Record;
use crate::runtime::Mutex;

/// See the module.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Wakes the task.
    asked: Notify,
    /// All rounds below this one have ended.
    ended: watch::Sender<u64>,
    room: Arc<Semaphore>,
}

struct State {
    counts: Counts,
    phase: Phase,
    /// Records that the task has not taken over, in the order in which they were sent.
    arrived: VecDeque<(Record, Waiter)>,
    /// A round is what is sent between two flushes. This is the number of the first that has not ended...
    round_first: u64,
    /// ... and how many records of each, from that one on, have not. The last takes what is sent; there is always one.
    open: VecDeque<u64>,
    /// Rounds below this one wait for no more.
    hurried: u64,
}

/// How far a producer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It takes records.
    Open,
    /// It takes no more, and writes those that it has.
    Closed,
    /// Its handle was dropped while it was open: it gives up what it has.
    Dropped,
    /// Its task is over.
    Gone,
}

/// What the task is to do.
pub(crate) struct Work {
    pub(crate) arrived: Vec<(Record, Waiter)>,
    /// Rounds below this one wait for no more.
    pub(crate) hurried: u64,
    pub(crate) phase: Phase,
    /// Whether records are left that have not been taken over.
    pub(crate) is_more: bool,
}

impl Shared {
    pub(crate) fn new(queue_bytes_max: usize) -> Self {
        let state = State {
            counts: Counts::default(),
            phase: Phase::Open,
            arrived: VecDeque::new(),
            round_first: 0,
            open: VecDeque::from([0]),
            hurried: 0,
        };
        Self {
            state: Mutex::new(state),
            asked: Notify::new(),
            ended: watch::Sender::new(0),
            room: Arc::new(Semaphore::new(queue_bytes_max)),
        }
    }

    fn with<T>(&self, what: impl FnOnce(&mut State) -> T) -> T {
        // Whoever panicked under it, as no code here does, left counts and records.
        what(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Room in the queue, as soon as there is some.
    pub(crate) async fn room(&self, bytes: u32) -> Result<OwnedSemaphorePermit, SendError> {
        Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| SendError::Closed)
    }

    /// Counts a record as sent, and leaves it to the task; or does neither.
    pub(crate) fn hand_over(&self, record: Record, room: OwnedSemaphorePermit) -> Result<Ticket, SendError> {
        let (answer, ticket) = oneshot::channel();
        let is_first = self.with(|state| {
            if state.phase != Phase::Open {
                return Err(SendError::Closed);
            }
            let round = state.round();
            state.counts.sent += 1;
            *state.open_of(round) += 1;
            state.arrived.push_back((record, Waiter { answer, round, _room: room }));
            Ok(state.arrived.len() == 1)
        })?;
        // Before the others it was woken already.
        if is_first {
            self.asked.notify_one();
        }
        Ok(Ticket(ticket))
    }

    pub(crate) fn counts(&self) -> Counts {
        self.with(|state| state.counts)
    }

    pub(crate) fn count(&self, how: impl FnOnce(&mut Counts)) {
        self.with(|state| how(&mut state.counts));
    }

    /// Hurries what was sent so far, and says which round is the first that was not.
    pub(crate) fn flush(&self) -> u64 {
        let next = self.with(State::next_round);
        self.asked.notify_one();
        next
    }

    /// As [`Self::flush`], and nothing is taken any more.
    pub(crate) fn close(&self) -> u64 {
        let next = self.with(|state| {
            if state.phase == Phase::Open {
                state.phase = Phase::Closed;
            }
            state.next_round()
        });
        self.room.close();
        self.asked.notify_one();
        next
    }

    /// The handle is dropped; what was closed goes on to its end.
    pub(crate) fn dropped(&self) {
        self.with(|state| {
            if state.phase == Phase::Open {
                state.phase = Phase::Dropped;
            }
        });
        self.asked.notify_one();
    }

    /// Waits until every round below this one has ended.
    pub(crate) async fn ended(&self, round: u64) {
        // It fails where nobody tells any more, and whoever tells is here.
        let _ = self.ended.subscribe().wait_for(|ended| *ended >= round).await;
    }

    /// Waits until [`Self::take_over`] has something new to say.
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// What the task is to do now, with so many new records at most.
    pub(crate) fn take_over(&self, most: usize) -> Work {
        let asked = self.with(|state| Work {
            arrived: state.arrived.drain(..most.min(state.arrived.len())).collect(),
            hurried: state.hurried,
            phase: state.phase,
            is_more: !state.arrived.is_empty(),
        });
        if asked.is_more {
            self.asked.notify_one();
        }
        asked
    }

    /// Ends records: counts them, then tells whoever waits for them, then whoever waits for all.
    pub(crate) fn end(&self, waiters: Vec<Waiter>, ended: &Result<Acknowledged, SendError>) {
        let records = waiters.len() as u64;
        self.count(|counts| match ended {
            Ok(acknowledged) => {
                counts.acknowledged += records;
                counts.maybe_doubled += if acknowledged.maybe_doubled { records } else { 0 };
            }
            Err(_) => counts.failed += records,
        });
        let rounds: Vec<u64> = waiters.into_iter().map(|waiter| waiter.end(ended)).collect();
        let first = self.with(|state| state.end(&rounds));
        self.ended.send_if_modified(|ended| std::mem::replace(ended, first) != first);
    }

    /// The task is over, whatever the cause: nothing is taken any more. What it had not taken over yet is its caller's to end.
    pub(crate) fn gone(&self) -> Vec<Waiter> {
        let left = self.with(|state| {
            state.phase = Phase::Gone;
            std::mem::take(&mut state.arrived)
        });
        self.room.close();
        left.into_iter().map(|(_, waiter)| waiter).collect()
    }
}

impl State {
    /// The round of what is sent now.
    fn round(&self) -> u64 {
        self.round_first + self.open.len() as u64 - 1
    }

    fn next_round(&mut self) -> u64 {
        // One in which nothing was sent, or all has ended, goes on: whoever flushes again and again makes no rounds.
        if *self.open_of(self.round()) > 0 {
            self.open.push_back(0);
        }
        self.hurried = self.round();
        self.hurried
    }

    /// How many records of a round have not ended.
    fn open_of(&mut self, round: u64) -> &mut u64 {
        let place = usize::try_from(round - self.round_first).ok();
        place.and_then(|place| self.open.get_mut(place)).expect("a round is there until all of its records have ended")
    }

    /// The first round that has not ended, now that these records have.
    fn end(&mut self, rounds: &[u64]) -> u64 {
        for round in rounds {
            *self.open_of(*round) -= 1;
        }
        while self.open.len() > 1 && self.open.front() == Some(&0) {
            self.open.pop_front();
            self.round_first += 1;
        }
        self.round_first
    }
}
