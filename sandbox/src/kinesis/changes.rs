//! Changes that take time, on the virtual clock: streams are created, deleted, resized, split and merged, consumers come and go.
//!
//! The emulator would wait by the real clock, so here it never waits. While a change lasts the stream has the status that AWS
//! shows for it; the emulator is asked to make the change when it ends. Encryption, mode and monitoring are switched at once.

use std::collections::HashMap;

use ferrokinesis::actions::{self, Operation};
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::store::Store;
use ferrokinesis::types::{Consumer, ConsumerStatus, Shard, Stream, StreamStatus};
use ferrokinesis::util::current_time_ms;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{beyond, consumers, resize};
use crate::locked::locked;
use crate::state::Shared;
use crate::store_options;

/// What streams are going through. Whoever looks at a stream in order to change it holds this until that is done: the emulator
/// changes a stream by copying it and writing it back, so that two at once would undo each other.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pending: Vec<Change>,
    /// When `UpdateShardCount` calls were accepted, by stream.
    accepted: HashMap<String, Vec<Timestamp>>,
}

/// A change of one stream or consumer. Each goes through one at a time.
#[derive(Debug)]
struct Change {
    /// The stream's name or the consumer's ARN.
    of: String,
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
    /// The stream has so many equal shards, each the child of earlier ones: the emulator gives those of a resize no parents.
    Resize(u32),
    /// The emulator does what was asked.
    Request(Operation, Value),
    /// The consumer becomes ACTIVE.
    Registration(Consumer),
    /// The consumer is gone.
    Deregistration,
}

impl Changes {
    /// Open shards that the changes under way will add.
    pub(super) fn adds(&self) -> u32 {
        self.pending.iter().map(|change| change.adds).sum()
    }

    /// When the stream's `UpdateShardCount` calls were accepted.
    pub(super) fn accepted(&mut self, stream: &str) -> &mut Vec<Timestamp> {
        self.accepted.entry(stream.to_owned()).or_default()
    }

    /// Puts a new stream back to CREATING for as long as creation takes.
    pub(super) async fn create(&mut self, shared: &Shared, name: &str) -> Result<(), KinesisErrorResponse> {
        let seconds = shared.options.create_seconds;
        if seconds == 0 {
            return Ok(());
        }
        let shards = shared.store.update_stream(name, |stream| {
            stream.stream_status = StreamStatus::Creating;
            Ok(std::mem::take(&mut stream.shards))
        });
        let shards = shards.await?;
        let adds = u32::try_from(shards.len()).unwrap_or(u32::MAX);
        self.begin(shared, name, seconds, adds, End::Creation(shards));
        Ok(())
    }

    /// Begins a change that was asked for, unless the emulator has something against it.
    ///
    /// # Errors
    /// What the emulator says.
    pub(super) async fn ask(
        &mut self,
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
        if stream.stream_status == StreamStatus::Deleting && operation == Operation::DeleteStream {
            return Ok(()); // the first call has set its end
        }
        let request = rehearsed(shared, stream, operation, &request).await?;
        set_status(&shared.store, &stream.stream_name, meanwhile).await?;
        let target = request["TargetShardCount"].as_u64().and_then(|target| u32::try_from(target).ok());
        let end = match (operation, target) {
            (Operation::UpdateShardCount, Some(target)) => End::Resize(target),
            _ => End::Request(operation, request),
        };
        self.begin(shared, &stream.stream_name, seconds, adds, end);
        Ok(())
    }

    /// Begins the registration of a consumer, which the emulator knows as CREATING.
    pub(super) fn register(&mut self, shared: &Shared, mut consumer: Consumer) {
        consumer.consumer_status = ConsumerStatus::Active;
        let arn = consumer.consumer_arn.clone();
        self.begin(shared, &arn, shared.options.create_seconds, 0, End::Registration(consumer));
    }

    /// Begins the end of a consumer, which the emulator knows as DELETING.
    pub(super) fn deregister(&mut self, shared: &Shared, arn: &str) {
        self.begin(shared, arn, shared.options.create_seconds, 0, End::Deregistration);
    }

    fn begin(&mut self, shared: &Shared, of: &str, seconds: u32, adds: u32, end: End) {
        let ends = shared.clock.now() + SignedDuration::from_secs(i64::from(seconds));
        // What is being deleted goes through nothing else.
        self.pending.retain(|change| change.of != of);
        self.pending.push(Change { of: of.to_owned(), ends, adds, end });
    }

    /// Forgets a stream that is gone, and what its consumers were going through.
    fn forget(&mut self, shared: &Shared, stream: &str) {
        self.accepted.remove(stream);
        let consumers = format!("{}/consumer/", shared.origin().stream_arn(stream));
        self.pending.retain(|change| !change.of.starts_with(&consumers));
        locked(&shared.arrivals).forget(stream);
        locked(&shared.throttle).forget(stream);
        locked(&shared.lives).forget(stream);
    }

    /// Takes out the change that ends first, if it has ended by now.
    fn next_ended(&mut self, now: Timestamp) -> Option<Change> {
        let ended = (0..self.pending.len()).filter(|at| self.pending[*at].ends <= now);
        let first = ended.min_by_key(|at| self.pending[*at].ends)?;
        Some(self.pending.remove(first))
    }
}

async fn set_status(store: &Store, name: &str, status: StreamStatus) -> Result<(), KinesisErrorResponse> {
    let set = store.update_stream(name, |stream| {
        stream.stream_status = status;
        Ok(())
    });
    set.await
}

/// Checks a request as the emulator does, and carries it out on a copy of its stream: so it is known to succeed later.
///
/// Returns the request with what the emulator reads of it, and no more.
pub(super) async fn rehearsed(
    shared: &Shared,
    stream: &Stream,
    operation: Operation,
    request: &Value,
) -> Result<Value, KinesisErrorResponse> {
    let request = beyond::checked(operation, Some(stream), request)?;
    let copy = Store::new(store_options(&shared.options));
    copy.put_stream(&stream.stream_name, stream.clone()).await?;
    beyond::done(&copy, operation, request.clone()).await?;
    Ok(request)
}

/// Ends every change that is due at `now`, in the order in which they are.
pub(crate) async fn settle(shared: &Shared, now: Timestamp) {
    let mut changes = shared.changes.lock().await;
    while let Some(change) = changes.next_ended(now) {
        let of = change.of.clone();
        if change.is_deletion() {
            changes.forget(shared, &of);
        }
        if let Err(error) = change.end(shared).await {
            // It was carried out on a copy before, so this is the sandbox's own fault, and nobody waits for an answer.
            eprintln!("sandbox: a change of {of} did not end: {error}");
        }
    }
}

impl Change {
    fn is_deletion(&self) -> bool {
        matches!(self.end, End::Request(Operation::DeleteStream, _))
    }

    async fn end(self, shared: &Shared) -> Result<(), KinesisErrorResponse> {
        let (store, name) = (&shared.store, &self.of);
        match self.end {
            End::Creation(shards) => {
                let filled = store.update_stream(name, |stream| {
                    stream.stream_status = StreamStatus::Active;
                    stream.shards = shards;
                    Ok(())
                });
                filled.await
            }
            End::Resize(target) => {
                let resized = store.update_stream(name, |stream| {
                    stream.stream_status = StreamStatus::Active;
                    resize::resize(&mut stream.shards, target, current_time_ms());
                    locked(&shared.lives).resharded(stream, self.ends);
                    Ok(())
                });
                resized.await
            }
            End::Request(Operation::DeleteStream, request) => {
                for consumer in store.list_consumers_for_stream(&shared.origin().stream_arn(name)).await {
                    consumers::remove(store, &consumer.consumer_arn).await?;
                }
                actions::dispatch(store, Operation::DeleteStream, request).await?;
                until_done(store, name).await;
                Ok(())
            }
            End::Request(operation, request) => {
                set_status(store, name, StreamStatus::Active).await?;
                actions::dispatch(store, operation, request).await?;
                until_done(store, name).await;
                let stream = store.get_stream(name).await?;
                locked(&shared.lives).resharded(&stream, self.ends);
                Ok(())
            }
            End::Registration(consumer) => store.put_consumer(name, consumer).await,
            End::Deregistration => consumers::remove(store, name).await,
        }
    }
}

/// Waits until the emulator, which makes each change in a task of its own, has made it.
pub(super) async fn until_done(store: &Store, name: &str) {
    let is_changing = |stream: Stream| stream.stream_status != StreamStatus::Active;
    while store.get_stream(name).await.is_ok_and(is_changing) {
        tokio::task::yield_now().await;
    }
}
