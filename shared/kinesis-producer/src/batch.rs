// SPDX-License-Identifier: Apache-2.0
//! What waits to be written: records, alone or put together, and in the order that was asked for.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque, btree_map};
use std::io::Write as _;
use std::time::Duration;

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::aggregation::{UserRecord, encode};
use crate::outcome::{Acknowledged, SendError};
use crate::port::Entry;
use crate::record::Record;
use crate::runtime::Instant;
use crate::settings::{Aggregation, Compression, Order, Settings};

/// Bytes that a record adds to an aggregated one beside its key and data, at most: its explicit hash key, tags, lengths, indices.
const AGGREGATED_OVERHEAD: usize = 64;
/// ... and an aggregated record has beside its records and its own key: magic bytes and digest.
const AGGREGATE_OVERHEAD: usize = 20;

/// Whoever waits for a record's end, and its place in the queue.
pub(crate) struct Waiter {
    pub(crate) answer: oneshot::Sender<Result<Acknowledged, SendError>>,
    /// What was sent before a flush is of a lower one than what was sent after.
    pub(crate) round: u64,
    pub(crate) _room: OwnedSemaphorePermit,
}

impl Waiter {
    /// Tells the end, gives the place back, and says the round.
    pub(crate) fn end(self, ended: &Result<Acknowledged, SendError>) -> u64 {
        // Whoever dropped the ticket does not want to know.
        let _ = self.answer.send(ended.clone());
        self.round
    }
}

/// One entry of a call to come, and all who wait for it.
pub(crate) struct Pending {
    pub(crate) entry: Entry,
    pub(crate) waiters: Vec<Waiter>,
    /// When it began to wait for a call, this time.
    waits_since: Instant,
    /// When it was tried first, if it was.
    pub(crate) tried_since: Option<Instant>,
    pub(crate) tries: u32,
    /// Whether a try that was not answered may have written it.
    pub(crate) maybe_written: bool,
    group: Group,
}

impl Pending {
    pub(crate) fn bytes(&self) -> usize {
        self.entry.partition_key.len() + self.entry.data.len()
    }

    fn round(&self) -> u64 {
        first_round(&self.waiters)
    }
}

/// Records whose order is kept. Those that are put together are of one, and of one place on the ring.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Group {
    Key(String),
    Shard(usize),
}

impl Group {
    fn of(record: &Record, aggregation: &Aggregation) -> Self {
        match aggregation {
            Aggregation::None | Aggregation::PerKey { .. } => Self::Key(record.partition_key.clone()),
            Aggregation::PerShard { ranges, .. } => {
                let hash_key = record.hash_key();
                Self::Shard(ranges.partition_point(|range| range.last() < hash_key))
            }
        }
    }
}

/// Records that are put together as long as they have room.
struct Open {
    records: Vec<UserRecord>,
    waiters: Vec<Waiter>,
    bytes: usize,
    since: Instant,
    explicit_hash_key: Option<u128>,
}

impl Open {
    /// Whether it has waited long enough.
    fn is_due(&self, now: Instant, linger: Duration, hurried: u64) -> bool {
        now.duration_since(self.since) >= linger || first_round(&self.waiters) < hurried
    }
}

/// Of records in the order in which they were sent.
fn first_round(waiters: &[Waiter]) -> u64 {
    waiters.first().map_or(0, |waiter| waiter.round)
}

/// Everything that waits.
pub(crate) struct Queue {
    settings: Settings,
    open: HashMap<Group, Open>,
    /// Groups in the order in which they were opened.
    opened: VecDeque<(Instant, Group)>,
    ready: VecDeque<Pending>,
    ready_bytes: usize,
    /// Since when the one of them waits that waits longest; known as long as they do not fill a call.
    ready_since: Option<Instant>,
    /// How many of them are of each round.
    ready_rounds: BTreeMap<u64, usize>,
    /// Rounds below this one wait for no more.
    hurried: u64,
    /// Groups of which a record is under way, and those behind it; where order is kept.
    busy: HashSet<Group>,
    behind: HashMap<Group, VecDeque<Pending>>,
    /// Records that are tried again, by when, and in the order in which they failed.
    later: BTreeMap<(Instant, u64), Pending>,
    failures: u64,
}

impl Queue {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            open: HashMap::new(),
            opened: VecDeque::new(),
            ready: VecDeque::new(),
            ready_bytes: 0,
            ready_since: None,
            ready_rounds: BTreeMap::new(),
            hurried: 0,
            busy: HashSet::new(),
            behind: HashMap::new(),
            later: BTreeMap::new(),
            failures: 0,
        }
    }

    /// Takes a record, whose data is as it is to be written.
    pub(crate) fn push(&mut self, record: Record, waiter: Waiter, now: Instant) {
        let group = Group::of(&record, &self.settings.aggregation);
        let most = match self.settings.aggregation {
            Aggregation::None => 0,
            Aggregation::PerKey { bytes_max } | Aggregation::PerShard { bytes_max, .. } => bytes_max,
        };
        let is_per_shard = matches!(self.settings.aggregation, Aggregation::PerShard { .. });
        let bytes = record.bytes() + AGGREGATED_OVERHEAD;
        let alone = AGGREGATE_OVERHEAD + record.partition_key.len() + bytes;
        if alone > most {
            // Alone: before it what is open of its group, lest it come out of turn.
            self.close(&group);
            return self.enqueue(Pending::alone(record, waiter, group, now));
        }
        let goes_in = |open: &Open| {
            let is_there = is_per_shard || open.explicit_hash_key == record.explicit_hash_key;
            is_there && open.bytes + bytes <= most
        };
        if self.open.get(&group).is_some_and(|open| !goes_in(open)) {
            self.close(&group);
        }
        let open = self.open.entry(group.clone()).or_insert_with(|| {
            self.opened.push_back((now, group));
            // The key of the first may lie elsewhere on the ring than another's; all of them are on its shard.
            let explicit_hash_key = if is_per_shard { Some(record.hash_key()) } else { record.explicit_hash_key };
            let (records, waiters) = (Vec::new(), Vec::new());
            Open { records, waiters, bytes: alone - bytes, since: now, explicit_hash_key }
        });
        open.bytes += bytes;
        open.waiters.push(waiter);
        let Record { partition_key, explicit_hash_key, data } = record;
        open.records.push(UserRecord { partition_key: partition_key.into(), explicit_hash_key, data });
    }

    /// Ends an aggregated record.
    fn close(&mut self, group: &Group) {
        let Some(open) = self.open.remove(group) else { return };
        let Some(first) = open.records.first() else { return };
        let partition_key = first.partition_key.to_string();
        let entry = match open.records.as_slice() {
            // Nothing to put together.
            [one] => Entry { partition_key, explicit_hash_key: one.explicit_hash_key, data: one.data.clone() },
            several => Entry { partition_key, explicit_hash_key: open.explicit_hash_key, data: encode(several) },
        };
        self.enqueue(Pending::new(entry, open.waiters, group.clone(), open.since));
    }

    fn enqueue(&mut self, pending: Pending) {
        if self.settings.order == Order::PerKey && !self.busy.insert(pending.group.clone()) {
            self.behind.entry(pending.group.clone()).or_default().push_back(pending);
        } else {
            self.ready(pending);
        }
    }

    fn ready(&mut self, pending: Pending) {
        self.counted(&pending);
        self.ready.push_back(pending);
    }

    fn counted(&mut self, pending: &Pending) {
        self.ready_bytes += pending.bytes();
        *self.ready_rounds.entry(pending.round()).or_default() += 1;
        self.ready_since = Some(self.ready_since.map_or(pending.waits_since, |since| since.min(pending.waits_since)));
    }

    /// Whether a call can have no more than is ready.
    fn is_full(&self) -> bool {
        self.ready.len() >= self.settings.call_records_max || self.ready_bytes >= self.settings.call_bytes_max
    }

    /// Tries a record again at this time.
    pub(crate) fn again(&mut self, pending: Pending, at: Instant) {
        self.failures += 1;
        self.later.insert((at, self.failures), pending);
    }

    /// Whoever was behind a record that has ended is next.
    pub(crate) fn ended(&mut self, pending: &Pending) {
        if self.settings.order == Order::Any {
            return;
        }
        if let Some(next) = self.behind.get_mut(&pending.group).and_then(VecDeque::pop_front) {
            self.ready(next);
        } else {
            self.behind.remove(&pending.group);
            self.busy.remove(&pending.group);
        }
    }

    /// Records of rounds below this one wait for no others any more.
    pub(crate) fn hurry(&mut self, below: u64) {
        self.hurried = below;
    }

    /// The entries of the next call, if there is one to be made now.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Vec<Pending>> {
        self.due(now);
        let is_late = self.ready_since.is_some_and(|since| now.duration_since(since) >= self.settings.linger);
        let is_hurried = self.ready_rounds.first_key_value().is_some_and(|(round, _)| *round < self.hurried);
        if !self.is_full() && !is_hurried && !is_late {
            return None;
        }
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.ready.front() {
            if taken.len() == self.settings.call_records_max || bytes + next.bytes() > self.settings.call_bytes_max {
                break;
            }
            bytes += next.bytes();
            taken.extend(self.ready.pop_front());
        }
        self.left(&taken, bytes);
        (!taken.is_empty()).then_some(taken)
    }

    /// What was taken of what is ready counts no more.
    fn left(&mut self, taken: &[Pending], bytes: usize) {
        self.ready_bytes -= bytes;
        for pending in taken {
            if let btree_map::Entry::Occupied(mut of_round) = self.ready_rounds.entry(pending.round()) {
                *of_round.get_mut() -= 1;
                if *of_round.get() == 0 {
                    of_round.remove();
                }
            }
        }
        // Where they fill a call, whoever waits longest makes no difference, and there may be very many.
        let left = || self.ready.iter().map(|pending| pending.waits_since).min();
        self.ready_since = if self.is_full() { None } else { left() };
    }

    /// Makes ready what has waited long enough.
    fn due(&mut self, now: Instant) {
        while let Some((since, group)) = self.opened.front().cloned() {
            // One that was closed, being full, may have been opened again since.
            let this = self.open.get(&group).filter(|open| open.since == since);
            if this.is_some_and(|open| !open.is_due(now, self.settings.linger, self.hurried)) {
                break;
            }
            self.opened.pop_front();
            if this.is_some() {
                self.close(&group);
            }
        }
        while let Some(next) = self.later.first_entry().filter(|next| next.key().0 <= now) {
            let ((waits_since, _), pending) = next.remove_entry();
            let pending = Pending { waits_since, ..pending };
            // Before what came later; it waits for others as any does.
            self.counted(&pending);
            self.ready.push_front(pending);
        }
    }

    /// When the next thing is due that time alone brings, if there is one.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        let linger: Duration = self.settings.linger;
        let open = self.opened.front().map(|(since, _)| *since + linger);
        let ready = self.ready_since.map(|since| since + linger);
        let later = self.later.keys().next().map(|(at, _)| *at);
        [open, ready, later].into_iter().flatten().min()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.ready.is_empty() && self.later.is_empty() && self.behind.is_empty()
    }

    /// Everything that waits, to be given up.
    pub(crate) fn drain(&mut self) -> Vec<Pending> {
        let groups: Vec<_> = self.open.keys().cloned().collect();
        for group in &groups {
            self.close(group);
        }
        let later = std::mem::take(&mut self.later).into_values();
        let behind = std::mem::take(&mut self.behind).into_values().flatten();
        self.ready.drain(..).chain(later).chain(behind).collect()
    }
}

impl Pending {
    fn new(entry: Entry, waiters: Vec<Waiter>, group: Group, waits_since: Instant) -> Self {
        Self { entry, waiters, waits_since, tried_since: None, tries: 0, maybe_written: false, group }
    }

    fn alone(record: Record, waiter: Waiter, group: Group, waits_since: Instant) -> Self {
        let Record { partition_key, explicit_hash_key, data } = record;
        Self::new(Entry { partition_key, explicit_hash_key, data }, vec![waiter], group, waits_since)
    }
}

/// The data as it is to be written.
pub(crate) fn compressed(data: Vec<u8>, compression: Compression) -> Vec<u8> {
    match compression {
        Compression::None => data,
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::with_capacity(data.len() / 2), Level::default());
            let written = encoder.write_all(&data).and_then(|()| encoder.finish());
            written.expect("memory takes whatever is written to it")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    fn push(queue: &mut Queue, key: &str, round: u64, now: Instant) {
        let room = Arc::new(Semaphore::new(1)).try_acquire_many_owned(1).unwrap();
        queue.push(Record::new(key, "x"), Waiter { answer: oneshot::channel().0, round, _room: room }, now);
    }

    fn keys(taken: Option<Vec<Pending>>) -> Vec<String> {
        taken.into_iter().flatten().map(|pending| pending.entry.partition_key).collect()
    }

    #[test]
    fn a_record_waits_no_longer_for_those_that_are_tried_again_before_it() {
        let began = Instant::now();
        let after = |millis| began + Duration::from_millis(millis);
        let mut queue = Queue::new(Settings { linger: Duration::from_millis(100), ..Settings::default() });
        push(&mut queue, "old", 0, began);
        let failed = queue.take(after(100)).unwrap().pop().unwrap();
        push(&mut queue, "new", 0, after(100));
        queue.again(failed, after(190));
        assert_eq!(queue.wakes_at(), Some(after(190)));
        assert_eq!(keys(queue.take(after(190))), [""; 0]);
        assert_eq!(queue.wakes_at(), Some(after(200)), "by the one that waits longest, and not by the first");
        assert_eq!(keys(queue.take(after(200))), ["old", "new"]);
        assert!(queue.wakes_at().is_none() && queue.is_empty());
    }

    #[test]
    fn what_was_sent_before_a_flush_waits_no_more_and_what_comes_after_it_does() {
        let (began, aggregation) = (Instant::now(), Aggregation::PerKey { bytes_max: 1_000 });
        let lingering = Settings { linger: Duration::from_millis(100), ..Settings::default() };
        for settings in [lingering.clone(), Settings { aggregation, ..lingering }] {
            let mut queue = Queue::new(settings);
            push(&mut queue, "before", 0, began);
            assert_eq!(keys(queue.take(began)), [""; 0]);
            queue.hurry(1);
            let failed = queue.take(began).unwrap().pop().unwrap();
            assert_eq!(failed.entry.partition_key, "before");
            push(&mut queue, "after", 1, began);
            assert_eq!(keys(queue.take(began)), [""; 0], "it is not the flush's");
            queue.again(failed, began);
            assert_eq!(keys(queue.take(began))[0], "before", "it is hurried at each try");
        }
    }
}
