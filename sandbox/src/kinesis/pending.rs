// SPDX-License-Identifier: Apache-2.0
//! The changes of streams and consumers that are under way, each with the virtual time at which it ends.

use std::collections::HashMap;

use ferrokinesis::actions::Operation;
use ferrokinesis::types::{Consumer, Shard};
use jiff::Timestamp;
use serde_json::Value;

/// The changes under way. Whoever looks at a stream in order to change it holds this until that is done: the emulator
/// changes a stream by copying it and writing it back, so that two at once would undo each other.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    changes: Vec<Change>,
    /// When `UpdateShardCount` calls were accepted, by stream.
    accepted: HashMap<String, Vec<Timestamp>>,
}

/// A change of one stream or consumer. Each goes through one at a time.
#[derive(Debug)]
pub(super) struct Change {
    /// The stream's name or the consumer's ARN.
    pub(super) of: String,
    pub(super) ends: Timestamp,
    /// Open shards that it adds.
    pub(super) adds: u32,
    pub(super) end: Completion,
}

/// What happens when a change ends.
#[derive(Debug)]
pub(super) enum Completion {
    /// The stream, which the emulator has made already, becomes ACTIVE with these shards.
    Creation(Vec<Shard>),
    /// The stream has so many equal shards, each the child of earlier ones: the emulator gives those of a resize no parents.
    Resize(u32),
    /// The emulator does what was asked.
    Request(Operation, Value),
    /// The consumer becomes ACTIVE.
    Registration(Consumer),
    /// The consumer is gone.
    Deregistration,
}

impl Pending {
    /// Open shards that the changes under way will add.
    pub(super) fn adds(&self) -> u32 {
        self.changes.iter().map(|change| change.adds).sum()
    }

    /// When the stream's `UpdateShardCount` calls were accepted.
    pub(super) fn accepted(&mut self, stream: &str) -> &mut Vec<Timestamp> {
        self.accepted.entry(stream.to_owned()).or_default()
    }

    /// Begins a change; what is being deleted goes through nothing else.
    pub(super) fn begin(&mut self, change: Change) {
        self.changes.retain(|other| other.of != change.of);
        self.changes.push(change);
    }

    /// Forgets a stream that is gone, and what its consumers, whose ARNs start with this, were going through.
    pub(super) fn forget(&mut self, stream: &str, consumers: &str) {
        self.accepted.remove(stream);
        self.changes.retain(|change| !change.of.starts_with(consumers));
    }

    /// Takes out the change that ends first, if it has ended by now.
    pub(super) fn next_ended(&mut self, now: Timestamp) -> Option<Change> {
        let ended = (0..self.changes.len()).filter(|at| self.changes[*at].ends <= now);
        let first = ended.min_by_key(|at| self.changes[*at].ends)?;
        Some(self.changes.remove(first))
    }
}

impl Change {
    pub(super) fn is_deletion(&self) -> bool {
        matches!(self.end, Completion::Request(Operation::DeleteStream, _))
    }
}
