// SPDX-License-Identifier: Apache-2.0
//! Changes that take time, on the virtual clock: streams are created, deleted, resized, split and merged, consumers come and go.
//!
//! The emulator would wait by the real clock, so here it never waits. While a change lasts the stream has the status that AWS
//! shows for it; the emulator is asked to make the change when it ends. Encryption, mode and monitoring are switched at once.

use std::collections::BTreeMap;

use ferrokinesis::actions::{self, Operation};
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::store::Store;
use ferrokinesis::types::{Consumer, ConsumerStatus, Stream, StreamStatus};
use ferrokinesis::util::current_time_ms;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::pending::{Change, Completion, Pending};
use super::{resize, wider_limits};
use crate::emulator;
use crate::locked::locked;
use crate::state::Shared;

/// Puts a new stream back to CREATING for as long as creation takes.
pub(super) async fn create(shared: &Shared, pending: &mut Pending, name: &str) -> Result<(), KinesisErrorResponse> {
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
    begin(shared, pending, name, seconds, adds, Completion::Creation(shards));
    Ok(())
}

/// Begins a change that was asked for, unless the emulator has something against it.
///
/// # Errors
/// What the emulator says.
pub(super) async fn ask(
    shared: &Shared,
    pending: &mut Pending,
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
        (Operation::UpdateShardCount, Some(target)) => Completion::Resize(target),
        _ => Completion::Request(operation, request),
    };
    begin(shared, pending, &stream.stream_name, seconds, adds, end);
    Ok(())
}

/// Begins the registration of a consumer, which the emulator knows as CREATING.
pub(super) fn register(shared: &Shared, pending: &mut Pending, mut consumer: Consumer) {
    consumer.consumer_status = ConsumerStatus::Active;
    let arn = consumer.consumer_arn.clone();
    begin(shared, pending, &arn, shared.options.create_seconds, 0, Completion::Registration(consumer));
}

/// Begins the end of a consumer, which the emulator knows as DELETING.
pub(super) fn deregister(shared: &Shared, pending: &mut Pending, arn: &str) {
    begin(shared, pending, arn, shared.options.create_seconds, 0, Completion::Deregistration);
}

fn begin(shared: &Shared, pending: &mut Pending, of: &str, seconds: u32, adds: u32, end: Completion) {
    let ends = shared.clock.now() + SignedDuration::from_secs(i64::from(seconds));
    pending.begin(Change { of: of.to_owned(), ends, adds, end });
}

fn forget(shared: &Shared, pending: &mut Pending, stream: &str) {
    pending.forget(stream, &format!("{}/consumer/", shared.origin().stream_arn(stream)));
    locked(&shared.arrivals).forget(stream);
    locked(&shared.throttle).forget(stream);
    locked(&shared.shard_lifetimes).forget(stream);
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
    let request = wider_limits::checked(operation, Some(stream), request)?;
    let copy = emulator::copy_of(stream, &shared.options).await?;
    wider_limits::carry_out(&copy, operation, request.clone()).await?;
    Ok(request)
}

/// Ends every change that is due at `now`, in the order in which they are.
pub(crate) async fn settle(shared: &Shared, now: Timestamp) {
    let mut pending = shared.pending.lock().await;
    while let Some(change) = pending.next_ended(now) {
        let of = change.of.clone();
        if change.is_deletion() {
            forget(shared, &mut pending, &of);
        }
        if let Err(error) = end(shared, change).await {
            // It was carried out on a copy before, so this is the sandbox's own fault, and nobody waits for an answer.
            eprintln!("sandbox: a change of {of} did not finish: {error}");
        }
    }
}

async fn end(shared: &Shared, change: Change) -> Result<(), KinesisErrorResponse> {
    let (store, name) = (&shared.store, &change.of);
    match change.end {
        Completion::Creation(shards) => {
            let filled = store.update_stream(name, |stream| {
                stream.stream_status = StreamStatus::Active;
                stream.shards = shards;
                Ok(())
            });
            filled.await
        }
        Completion::Resize(target) => {
            let resized = store.update_stream(name, |stream| {
                stream.stream_status = StreamStatus::Active;
                resize::resize(&mut stream.shards, target, current_time_ms());
                locked(&shared.shard_lifetimes).resharded(stream, change.ends);
                Ok(())
            });
            resized.await
        }
        Completion::Request(Operation::DeleteStream, request) => {
            for consumer in store.list_consumers_for_stream(&shared.origin().stream_arn(name)).await {
                remove_consumer(store, &consumer.consumer_arn).await?;
            }
            actions::dispatch(store, Operation::DeleteStream, request).await?;
            until_done(store, name).await;
            Ok(())
        }
        Completion::Request(operation, request) => {
            set_status(store, name, StreamStatus::Active).await?;
            actions::dispatch(store, operation, request).await?;
            until_done(store, name).await;
            let stream = store.get_stream(name).await?;
            locked(&shared.shard_lifetimes).resharded(&stream, change.ends);
            Ok(())
        }
        Completion::Registration(consumer) => store.put_consumer(name, consumer).await,
        Completion::Deregistration => remove_consumer(store, name).await,
    }
}

/// Removes a consumer and its tags.
async fn remove_consumer(store: &Store, arn: &str) -> Result<(), KinesisErrorResponse> {
    store.delete_consumer(arn).await?;
    store.put_resource_tags(arn, &BTreeMap::new()).await
}

/// Waits until the emulator, which makes each change in a task of its own, has made it.
pub(super) async fn until_done(store: &Store, name: &str) {
    let is_changing = |stream: Stream| stream.stream_status != StreamStatus::Active;
    while store.get_stream(name).await.is_ok_and(is_changing) {
        tokio::task::yield_now().await;
    }
}
