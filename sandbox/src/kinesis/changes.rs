//! Changes of streams that take time, on the virtual clock: creation, deletion, resizes, splits and merges.
//!
//! The emulator would wait by the real clock, so here it never waits. While a change lasts the stream has the status that AWS
//! shows for it; the emulator is asked to make the change when it ends.

use ferrokinesis::actions::{self, Operation};
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::store::{Store, StoreOptions};
use ferrokinesis::types::{Shard, Stream, StreamStatus};
use ferrokinesis::validation::{self, FieldDef};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::locked::locked;
use crate::state::Shared;

/// The changes under way, in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pending: Vec<Change>,
}

/// A change of one stream. A stream goes through one at a time.
#[derive(Debug)]
struct Change {
    stream: String,
    ends: Timestamp,
    /// Open shards that it adds.
    adds: u32,
    end: End,
}

/// What happens when a change ends.
#[derive(Debug)]
enum End {
    /// The stream, which the emulator has made already, becomes ACTIVE with these shards.
    Creation(Vec<Shard>),
    /// The emulator does what was asked.
    Request(Operation, Value),
}

impl Changes {
    /// Open shards that the changes under way will add.
    pub(crate) fn adds(&self) -> u32 {
        self.pending.iter().map(|change| change.adds).sum()
    }
}

/// Puts a new stream back to CREATING for as long as creation takes.
pub(super) async fn create(shared: &Shared, name: &str) -> Result<(), KinesisErrorResponse> {
    let seconds = shared.options.create_seconds;
    if seconds == 0 {
        return Ok(());
    }
    let shards = shared.store.update_stream(name, |stream| {
        stream.stream_status = StreamStatus::Creating;
        Ok(std::mem::take(&mut stream.shards))
    });
    let end = End::Creation(shards.await?);
    begin(shared, Change { stream: name.to_owned(), ends: ends(shared, seconds), adds: 0, end });
    Ok(())
}

/// Begins a change that was asked for, unless the emulator has something against it.
///
/// # Errors
/// What the emulator says.
pub(super) async fn ask(
    shared: &Shared,
    stream: &Stream,
    operation: Operation,
    request: Value,
    adds: u32,
) -> Result<(), KinesisErrorResponse> {
    let (meanwhile, seconds) = match operation {
        Operation::DeleteStream => (StreamStatus::Deleting, shared.options.create_seconds),
        _ => (StreamStatus::Updating, shared.options.resize_seconds),
    };
    let request = rehearsed(stream, operation, &request).await?;
    let name = &stream.stream_name;
    shared
        .store
        .update_stream(name, |stream| {
            stream.stream_status = meanwhile;
            Ok(())
        })
        .await?;
    if operation == Operation::DeleteStream {
        // Nothing else will become of it.
        locked(&shared.changes).pending.retain(|change| change.stream != *name);
    }
    let end = End::Request(operation, request);
    begin(shared, Change { stream: name.clone(), ends: ends(shared, seconds), adds, end });
    Ok(())
}

fn ends(shared: &Shared, seconds: u32) -> Timestamp {
    shared.clock.now() + SignedDuration::from_secs(i64::from(seconds))
}

fn begin(shared: &Shared, change: Change) {
    locked(&shared.changes).pending.push(change);
}

/// Checks a request as the emulator does, and carries it out on a copy of its stream: so it is known to succeed later.
///
/// Returns the request with what the emulator reads of it, and no more.
pub(super) async fn rehearsed(
    stream: &Stream,
    operation: Operation,
    request: &Value,
) -> Result<Value, KinesisErrorResponse> {
    let rules = operation.validation_rules();
    let rules: Vec<(&str, &FieldDef)> = rules.iter().map(|(name, rule)| (*name, rule)).collect();
    let request = validation::check_types(request, &rules)?;
    validation::check_validations(&request, &rules, None)?;
    let copy = Store::new(StoreOptions { shard_limit: u32::MAX, ..StoreOptions::default() });
    copy.put_stream(&stream.stream_name, stream.clone()).await?;
    actions::dispatch(&copy, operation, request.clone()).await?;
    Ok(request)
}

/// Ends every change that is due at `now`, in the order in which they are.
pub(crate) async fn settle(shared: &Shared, now: Timestamp) {
    // One caller after the other: whoever comes second must find the streams as they are by now.
    let _settling = shared.settling.lock().await;
    loop {
        let due = {
            let pending = &mut locked(&shared.changes).pending;
            let earliest = (0..pending.len()).filter(|at| pending[*at].ends <= now).min_by_key(|at| pending[*at].ends);
            earliest.map(|at| pending.remove(at))
        };
        let Some(change) = due else { return };
        let stream = change.stream.clone();
        if let Err(error) = change.end(shared).await {
            // It was carried out on a copy before, so this is the sandbox's own fault, and nobody waits for an answer.
            eprintln!("sandbox: a change of stream {stream} did not end: {error}");
        }
    }
}

impl Change {
    async fn end(self, shared: &Shared) -> Result<(), KinesisErrorResponse> {
        let (store, name) = (&shared.store, &self.stream);
        let (operation, request) = match self.end {
            End::Creation(shards) => {
                return store
                    .update_stream(name, |stream| {
                        stream.stream_status = StreamStatus::Active;
                        stream.shards = shards;
                        Ok(())
                    })
                    .await;
            }
            End::Request(operation, request) => (operation, request),
        };
        store
            .update_stream(name, |stream| {
                stream.stream_status = StreamStatus::Active;
                Ok(())
            })
            .await?;
        actions::dispatch(store, operation, request).await?;
        until_done(store, name).await;
        Ok(())
    }
}

/// Waits until the emulator, which makes each change in a task of its own, has made it.
pub(super) async fn until_done(store: &Store, name: &str) {
    let is_changing = |stream: Stream| stream.stream_status != StreamStatus::Active;
    while store.get_stream(name).await.is_ok_and(is_changing) {
        tokio::task::yield_now().await;
    }
}
