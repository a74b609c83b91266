// SPDX-License-Identifier: Apache-2.0
//! Registered consumers, which become ACTIVE, and go, by the virtual clock: the emulator has half a second of the real one
//! for both.

use aws_models::kinesis_rules::Refusal;
use axum::http::StatusCode;
use axum::response::Response;
use ferrokinesis::actions::{self, Operation};
use ferrokinesis::error::KinesisErrorResponse;
use ferrokinesis::types::{Consumer, ConsumerStatus, EpochSeconds, Stream};
use serde_json::{Value, json};

use super::answers::{answer, internal, refused};
use super::call::Call;
use super::{changes, tags, wider_limits};
use crate::emulator;
use crate::state::Shared;

/// Consumers of a stream that may be CREATING at once. Source: API reference, `RegisterStreamConsumer`.
const CREATING_MAX: usize = 5;

impl Call<'_> {
    pub(super) async fn register_consumer(mut self) -> Result<Response, Refusal> {
        let (Some(stream), Some(mut pending)) = (self.stream().await, self.pending.take()) else {
            return Ok(self.pass_on().await);
        };
        let (shared, now) = (self.shared, self.shared.clock.now());
        let request = Value::Object(self.body);
        if let Err(error) = rehearsed(shared, &stream, &request).await {
            return Ok(refused(&error));
        }
        let tags = tags::read(&request["Tags"]);
        tags::check(&tags)?;
        check_creating(shared, &stream).await?;
        let name = request["ConsumerName"].as_str().unwrap_or_default();
        let arn = format!("{}/consumer/{name}:{}", stream.stream_arn, now.as_second());
        let consumer = Consumer {
            consumer_name: name.to_owned(),
            consumer_arn: arn.clone(),
            consumer_status: ConsumerStatus::Creating,
            consumer_creation_timestamp: EpochSeconds(now.as_duration().as_secs_f64().floor()),
        };
        let store = &shared.store;
        store.put_consumer(&arn, consumer.clone()).await.map_err(|error| internal(&error))?;
        store.put_resource_tags(&arn, &tags).await.map_err(|error| internal(&error))?;
        changes::register(shared, &mut pending, consumer.clone());
        Ok(answer(StatusCode::OK, &json!({"Consumer": consumer})))
    }

    pub(super) async fn deregister_consumer(mut self) -> Result<Response, Refusal> {
        let store = &self.shared.store;
        let consumer = match (self.text("ConsumerARN"), self.text("StreamARN"), self.text("ConsumerName")) {
            (Some(arn), _, _) => store.get_consumer(arn).await,
            (None, Some(stream), Some(name)) => store.find_consumer(stream, name).await,
            _ => None,
        };
        let (Some(mut consumer), Some(mut pending)) = (consumer, self.pending.take()) else {
            return Ok(self.pass_on().await); // it knows what to say of a missing consumer
        };
        consumer.consumer_status = ConsumerStatus::Deleting;
        let arn = consumer.consumer_arn.clone();
        store.put_consumer(&arn, consumer).await.map_err(|error| internal(&error))?;
        changes::deregister(self.shared, &mut pending, &arn);
        Ok(answer(StatusCode::OK, &json!({})))
    }
}

/// Asks the emulator what is wrong with a registration, on a copy of the stream and its consumers.
async fn rehearsed(shared: &Shared, stream: &Stream, request: &Value) -> Result<(), KinesisErrorResponse> {
    let operation = Operation::RegisterStreamConsumer;
    let checked = wider_limits::checked(operation, Some(stream), request)?;
    let copy = emulator::copy_of(stream, &shared.options).await?;
    for consumer in shared.store.list_consumers_for_stream(&stream.stream_arn).await {
        copy.put_consumer(&consumer.consumer_arn.clone(), consumer).await?;
    }
    actions::dispatch(&copy, operation, checked).await.map(drop)
}

async fn check_creating(shared: &Shared, stream: &Stream) -> Result<(), Refusal> {
    let consumers = shared.store.list_consumers_for_stream(&stream.stream_arn).await;
    let creating = consumers.iter().filter(|it| it.consumer_status == ConsumerStatus::Creating).count();
    if creating < CREATING_MAX {
        return Ok(());
    }
    let message = format!(
        "Stream {} has {creating} consumers in the CREATING status: at most {CREATING_MAX} are created at once.",
        stream.stream_name
    );
    Err(Refusal::new("LimitExceededException", message))
}

/// Refuses to delete a stream that consumers are registered with, unless that is enforced.
pub(super) async fn check_deletion(shared: &Shared, stream: &Stream, is_enforced: bool) -> Result<(), Refusal> {
    let consumers = shared.store.list_consumers_for_stream(&stream.stream_arn).await;
    if is_enforced || consumers.iter().all(|it| it.consumer_status == ConsumerStatus::Deleting) {
        return Ok(());
    }
    let (account, name) = (&shared.options.account, &stream.stream_name);
    // The words are AWS's, as quoted in rebuy-de/aws-nuke#497.
    let message = format!(
        "DeleteStream can't delete {account}:{name} because there are consumers associated with this data stream. To \
         delete {name} anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the \
         consumers that are associated with it."
    );
    Err(Refusal::new("ResourceInUseException", message))
}
