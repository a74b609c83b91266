// SPDX-License-Identifier: Apache-2.0
//! The task of a producer: forms calls, makes them side by side, tries again what failed, and answers.

use kinesis_model::num::float;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::shared::{Phase, Shared, Work};
use crate::backoff::Backoff;
use crate::batch::{Pending, Queue};
use crate::outcome::{Acknowledged, SendError};
use crate::port::{CallFailure, Put, PutFailure, PutRecords, PutSuccess};
use crate::runtime::{Id, Instant, JoinSet, sleep_until, timeout};
use crate::settings::Settings;

/// Throttles make the calls at once fewer no more often than this: those of one moment are one event.
const CUT_EVERY: Duration = Duration::from_millis(100);
/// Records taken over at once, before calls are looked after again.
const RECORDS_AT_ONCE: usize = 1_000;

pub(crate) struct Worker<P> {
    stream: Arc<P>,
    settings: Settings,
    shared: Arc<Shared>,
    queue: Queue,
    /// Calls to be made next: halves of such as were too large.
    halves: VecDeque<Vec<Pending>>,
    calls: JoinSet<Result<Put, CallFailure>>,
    under_way: HashMap<Id, Vec<Pending>>,
    backoff: Backoff,
    /// Calls at once, as throttling has it: more, bit by bit, while all goes well; half, when a record was throttled.
    allowed: f64,
    cut_at: Option<Instant>,
}

impl<P: PutRecords> Worker<P> {
    pub(crate) fn new(stream: Arc<P>, settings: Settings, shared: Arc<Shared>) -> Self {
        let mut worker = Self {
            stream,
            queue: Queue::new(settings.clone()),
            halves: VecDeque::new(),
            backoff: Backoff::new(&settings),
            allowed: 0.0,
            shared,
            calls: JoinSet::new(),
            under_way: HashMap::new(),
            cut_at: None,
            settings,
        };
        worker.allow(f64::MAX);
        worker
    }

    pub(crate) async fn run(mut self) {
        loop {
            let asked = self.shared.take_over(RECORDS_AT_ONCE);
            let is_last = asked.phase != Phase::Open && !asked.is_more;
            if asked.phase == Phase::Dropped {
                return;
            }
            self.take(asked);
            self.start_calls();
            if is_last && self.has_ended() {
                return;
            }
            // A full house wakes by the end of a call alone.
            let wakes_at = self.queue.wakes_at().filter(|_| self.has_room());
            tokio::select! {
                // What is asked is looked at each time in any case.
                biased;
                Some(ended) = self.calls.join_next_with_id() => match ended {
                    Ok((id, result)) => self.ended(id, result),
                    Err(panicked) => {
                        self.ended(panicked.id(), Err(CallFailure::Unanswered("the call panicked".to_owned())));
                    }
                },
                () = self.shared.asked() => {}
                () = sleep_until(wakes_at.unwrap_or_else(Instant::now)), if wakes_at.is_some() => {}
            }
        }
    }

    fn take(&mut self, asked: Work) {
        let now = Instant::now();
        for (record, waiter) in asked.arrived {
            self.queue.push(record, waiter, now);
        }
        self.queue.hurry(asked.hurried);
    }

    fn has_ended(&self) -> bool {
        self.queue.is_empty() && self.halves.is_empty() && self.calls.is_empty()
    }

    fn has_room(&self) -> bool {
        float(self.calls.len()) < self.allowed.floor()
    }

    fn start_calls(&mut self) {
        while self.has_room() {
            let now = Instant::now();
            let next = self.halves.pop_front().or_else(|| self.queue.take(now));
            let Some(mut batch) = next else { return };
            for pending in &mut batch {
                pending.tried_since.get_or_insert(now);
            }
            let entries = batch.iter().map(|pending| pending.entry.clone()).collect();
            let retried = batch.iter().filter(|pending| pending.tries > 0).count() as u64;
            self.shared.count(|counts| {
                counts.retried += retried;
                counts.calls += 1;
            });
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
                        Ok(taken) => self.acknowledge(pending, taken),
                        Err(PutFailure { is_throttled, message }) => self.again_or_not(pending, message, !is_throttled),
                    }
                }
            }
            Ok(put) => {
                let message = format!("an answer with {} records to a call with {}", put.len(), batch.len());
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
            Err(CallFailure::TooLarge(_)) if batch.len() > 1 => self.halve(batch),
            Err(CallFailure::Refused(message) | CallFailure::TooLarge(message)) => {
                for mut pending in batch {
                    pending.tries += 1;
                    let (tries, maybe_written) = (pending.tries, pending.maybe_written);
                    self.end(pending, &Err(SendError::Refused { tries, message: message.clone(), maybe_written }));
                }
            }
        }
    }

    /// Two calls, of half the bytes each as nearly as can be. Nothing was written, and no record was tried by itself.
    fn halve(&mut self, mut batch: Vec<Pending>) {
        let half = batch.iter().map(Pending::bytes).sum::<usize>() / 2;
        let mut bytes = 0;
        let within = |pending: &Pending| {
            bytes += pending.bytes();
            bytes <= half
        };
        let first = batch.iter().map(within).take_while(|is_within| *is_within).count();
        let second = batch.split_off(first.clamp(1, batch.len() - 1));
        self.halves.extend([batch, second]);
    }

    /// More calls at once while all goes well, half of them when AWS cannot keep up.
    fn heed(&mut self, throttled: usize, is_too_much: bool) {
        self.shared.count(|counts| counts.throttled += throttled as u64);
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
        self.allowed = calls.clamp(1.0, float(self.settings.calls_max));
        self.shared.count(|counts| counts.calls_allowed = self.allowed as u64);
    }

    fn acknowledge(&mut self, pending: Pending, taken: PutSuccess) {
        let PutSuccess { shard, sequence_number } = taken;
        let (tries, maybe_doubled) = (pending.tries + 1, pending.maybe_written);
        self.end(pending, &Ok(Acknowledged { shard, sequence_number, tries, maybe_doubled }));
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
        self.end(pending, &Err(SendError::GaveUp { tries, message, maybe_written }));
    }

    fn end(&mut self, pending: Pending, ended: &Result<Acknowledged, SendError>) {
        self.queue.ended(&pending);
        self.shared.end(pending.waiters, ended);
    }
}

/// The producer was dropped, or the runtime is on its way out: what has not ended is given up, and whoever waits is told.
impl<P> Drop for Worker<P> {
    fn drop(&mut self) {
        let left = self.shared.gone();
        let under_way = self.under_way.drain().flat_map(|(_, batch)| batch).chain(self.halves.drain(..).flatten());
        let waiting = self.queue.drain().into_iter().chain(under_way).flat_map(|pending| pending.waiters);
        self.shared.end(waiting.chain(left).collect(), &Err(SendError::Abandoned));
    }
}
