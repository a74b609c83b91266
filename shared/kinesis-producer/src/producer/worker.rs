//! The task of a producer: forms calls, makes them side by side, tries again what failed, and answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Acknowledged, Counters, SendError};
use crate::backoff::Backoff;
use crate::batch::{Pending, Queue, Waiter};
use crate::port::{CallFailure, Put, PutFailure, PutRecords, Taken};
use crate::record::Record;
use crate::settings::Settings;

/// Throttles make the calls at once fewer no more often than this: those of one moment are one event.
const CUT_EVERY: Duration = Duration::from_millis(100);
/// Jobs taken over at once, before calls are looked after again.
const JOBS_AT_ONCE: usize = 1_000;

/// What a producer is asked for.
pub(crate) enum Job {
    Send(Record, Waiter),
    /// Answered when all that was sent has ended.
    Flush(oneshot::Sender<()>),
    /// The same, and nothing is taken any more.
    Close(oneshot::Sender<()>),
}

pub(crate) struct Worker<P> {
    stream: Arc<P>,
    settings: Settings,
    counters: Arc<Counters>,
    jobs: mpsc::UnboundedReceiver<Job>,
    queue: Queue,
    calls: JoinSet<Result<Put, CallFailure>>,
    under_way: HashMap<Id, Vec<Pending>>,
    backoff: Backoff,
    /// Calls at once, as throttling has it: more, bit by bit, while all goes well; half, when a record was throttled.
    allowed: f64,
    cut_at: Option<Instant>,
    /// Who waits for all that was sent to have ended.
    flushing: Vec<oneshot::Sender<()>>,
    is_closing: bool,
}

impl<P: PutRecords> Worker<P> {
    pub(crate) fn new(
        stream: Arc<P>,
        settings: Settings,
        counters: Arc<Counters>,
        jobs: mpsc::UnboundedReceiver<Job>,
    ) -> Self {
        let mut worker = Self {
            stream,
            queue: Queue::new(settings.clone()),
            backoff: Backoff::new(&settings),
            allowed: 0.0,
            counters,
            jobs,
            calls: JoinSet::new(),
            under_way: HashMap::new(),
            cut_at: None,
            flushing: Vec::new(),
            is_closing: false,
            settings,
        };
        worker.allow(f64::MAX);
        worker
    }

    pub(crate) async fn run(mut self) {
        loop {
            self.start_calls();
            if self.queue.is_empty() && self.calls.is_empty() {
                for flushed in self.flushing.drain(..) {
                    // Whoever asked may not wait for it.
                    let _ = flushed.send(());
                }
                if self.is_closing {
                    return;
                }
            }
            // A full house wakes by the end of a call alone.
            let wakes_at = self.queue.wakes_at().filter(|_| self.has_room());
            tokio::select! {
                job = self.jobs.recv(), if !self.is_closing => match job {
                    Some(job) => self.take(job),
                    None => return self.abandon(),
                },
                Some(ended) = self.calls.join_next_with_id() => match ended {
                    Ok((id, result)) => self.ended(id, result),
                    Err(panicked) => {
                        self.ended(panicked.id(), Err(CallFailure::Unanswered("the call panicked".to_owned())));
                    }
                },
                () = sleep_until(wakes_at.unwrap_or_else(Instant::now)), if wakes_at.is_some() => {}
            }
        }
    }

    fn take(&mut self, first: Job) {
        let (mut job, mut taken) = (Some(first), 0);
        // Of a producer that is closing everything: what came before it was closed was sent.
        while let Some(next) = job {
            match next {
                Job::Send(record, waiter) => self.queue.push(record, waiter, Instant::now()),
                Job::Flush(answer) => self.flushing.push(answer),
                Job::Close(answer) => {
                    self.flushing.push(answer);
                    self.is_closing = true;
                    self.jobs.close();
                }
            }
            taken += 1;
            job = (self.is_closing || taken < JOBS_AT_ONCE).then(|| self.jobs.try_recv().ok()).flatten();
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a thousand calls at most")]
    fn has_room(&self) -> bool {
        (self.calls.len() as f64) < self.allowed.floor()
    }

    fn start_calls(&mut self) {
        while self.has_room() {
            let now = Instant::now();
            let Some(mut batch) = self.queue.take(now, !self.flushing.is_empty()) else { return };
            for pending in &mut batch {
                pending.tried_since.get_or_insert(now);
            }
            let entries = batch.iter().map(|pending| pending.entry.clone()).collect();
            let retried = batch.iter().filter(|pending| pending.tries > 0).count();
            Counters::add(&self.counters.retried, retried);
            Counters::add(&self.counters.calls, 1);
            let (stream, within) = (Arc::clone(&self.stream), self.settings.call_timeout);
            let call = self.calls.spawn(async move {
                let none = || Err(CallFailure::Unanswered(format!("none came within call_timeout, {within:?}")));
                timeout(within, stream.put(entries)).await.unwrap_or_else(|_| none())
            });
            self.under_way.insert(call.id(), batch);
        }
    }

    fn ended(&mut self, call: Id, result: Result<Put, CallFailure>) {
        let batch = self.under_way.remove(&call).unwrap_or_default();
        match result {
            Ok(put) if put.len() == batch.len() => {
                let throttled = put.iter().filter(|it| it.as_ref().is_err_and(|it| it.is_throttled)).count();
                // Most of them: one hot shard alone is no reason to write less to the others.
                self.heed(throttled, throttled * 2 > put.len());
                for (pending, became) in batch.into_iter().zip(put) {
                    match became {
                        Ok(taken) => self.acknowledge(pending, &taken),
                        Err(PutFailure { is_throttled, message }) => self.again_or_not(pending, message, !is_throttled),
                    }
                }
            }
            Ok(put) => {
                let message = format!("an answer of {} records to {}", put.len(), batch.len());
                self.all_again(batch, &message, true);
            }
            Err(CallFailure::Throttled(message)) => {
                self.heed(batch.len(), true);
                self.all_again(batch, &message, false);
            }
            Err(CallFailure::Unanswered(message)) => {
                self.heed(0, true);
                self.all_again(batch, &message, true);
            }
            Err(CallFailure::Refused(message)) => {
                for mut pending in batch {
                    pending.tries += 1;
                    let (tries, maybe_written) = (pending.tries, pending.maybe_written);
                    self.fail(pending, &SendError::Refused { tries, message: message.clone(), maybe_written });
                }
            }
        }
    }

    /// More calls at once while all goes well, half of them when AWS cannot keep up.
    fn heed(&mut self, throttled: usize, is_too_much: bool) {
        Counters::add(&self.counters.throttled, throttled);
        let now = Instant::now();
        if !is_too_much {
            self.allow(self.allowed + 1.0 / self.allowed);
        } else if self.cut_at.is_none_or(|cut_at| now.duration_since(cut_at) >= CUT_EVERY) {
            self.cut_at = Some(now);
            self.allow(self.allowed / 2.0);
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "from 1 to a thousand"
    )]
    fn allow(&mut self, calls: f64) {
        self.allowed = calls.clamp(1.0, self.settings.calls_max as f64);
        self.counters.calls_allowed.store(self.allowed as u64, Ordering::Relaxed);
    }

    fn acknowledge(&mut self, pending: Pending, taken: &Taken) {
        self.queue.ended(&pending);
        let records = pending.waiters.len();
        Counters::add(&self.counters.acknowledged, records);
        if pending.maybe_written {
            Counters::add(&self.counters.maybe_doubled, records);
        }
        let acknowledged = Acknowledged {
            shard: taken.shard.clone(),
            sequence_number: taken.sequence_number.clone(),
            tries: pending.tries + 1,
            maybe_doubled: pending.maybe_written,
        };
        answer(pending.waiters, &Ok(acknowledged));
    }

    fn all_again(&mut self, batch: Vec<Pending>, message: &str, maybe_written: bool) {
        for pending in batch {
            self.again_or_not(pending, message.to_owned(), maybe_written);
        }
    }

    fn again_or_not(&mut self, mut pending: Pending, message: String, maybe_written: bool) {
        pending.tries += 1;
        pending.maybe_written |= maybe_written;
        let now = Instant::now();
        let at = now + self.backoff.pause(pending.tries);
        let in_time = at.duration_since(pending.tried_since.unwrap_or(now)) <= self.settings.give_up_after;
        if in_time && pending.tries < self.settings.tries_max {
            return self.queue.again(pending, at);
        }
        let (tries, maybe_written) = (pending.tries, pending.maybe_written);
        self.fail(pending, &SendError::GaveUp { tries, message, maybe_written });
    }

    fn fail(&mut self, pending: Pending, error: &SendError) {
        self.queue.ended(&pending);
        Counters::add(&self.counters.failed, pending.waiters.len());
        answer(pending.waiters, &Err(error.clone()));
    }

    /// The producer was dropped: whoever waits is told.
    fn abandon(mut self) {
        let under_way = std::mem::take(&mut self.under_way).into_values().flatten();
        let all: Vec<_> = self.queue.drain().into_iter().chain(under_way).collect();
        for pending in all {
            Counters::add(&self.counters.failed, pending.waiters.len());
            answer(pending.waiters, &Err(SendError::Abandoned));
        }
    }
}

fn answer(waiters: Vec<Waiter>, ended: &Result<Acknowledged, SendError>) {
    for waiter in waiters {
        // Whoever dropped the ticket does not want to know.
        let _ = waiter.answer.send(ended.clone());
    }
}
