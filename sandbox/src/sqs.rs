// SPDX-License-Identifier: Apache-2.0
//! SQS over AWS JSON 1.0: `SendMessage`, whose message calls the function that the queue is mapped to.

use std::sync::Arc;

use anyhow::Context as _;
use aws_models::kinesis_rules::Refusal;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use jiff::SignedDuration;
use md5::{Digest as _, Md5};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::delivery::EventSource;
use crate::events::{self, Message, Queue};
use crate::json;
use crate::options::QueueMapping;
use crate::state::Shared;

const TARGET_PREFIX: &str = "AmazonSQS.";

/// Source: SQS API reference, `SendMessage`: 1 MiB (read 2026-11).
const BODY_BYTES_MAX: usize = 1_048_576;

/// Source: as above.
const DELAY_SECONDS: std::ops::RangeInclusive<i64> = 0..=900;

/// Every mapping must name a queue, or no message would ever find it.
pub(crate) fn checked(queues: &[QueueMapping]) -> anyhow::Result<()> {
    for QueueMapping { queue_url, function } in queues {
        let expected = || format!("queue URL {queue_url:?} of {function} is not http://HOST/ACCOUNT/NAME");
        Queue::of(queue_url).with_context(expected)?;
    }
    Ok(())
}

/// Takes the requests for SQS; everything else goes on.
pub(crate) async fn layer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let Some(operation) = json::operation(request.headers(), TARGET_PREFIX) else { return next.run(request).await };
    match run(&shared, &operation, request.into_body()).await {
        Ok(body) => json::answer(json::V1_0, StatusCode::OK, &body),
        Err(refusal) => refuse(&refusal),
    }
}

/// SQS names its errors twice; the SDK matches on the older name, which travels in a header.
fn refuse(refusal: &Refusal) -> Response {
    let Refusal { error_type, message } = refusal;
    let code = match *error_type {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue",
        other => other,
    };
    let mut response = json::error(json::V1_0, &format!("com.amazonaws.sqs#{error_type}"), message);
    if let Ok(value) = format!("{code};Sender").parse() {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

async fn run(shared: &Shared, operation: &str, body: Body) -> Result<Value, Refusal> {
    shared.called("sqs", operation).map_err(|too_fast| Refusal::new("RequestThrottled", too_fast.message()))?;
    match operation {
        "SendMessage" => send_message(shared, json::read(body).await?),
        _ => Err(json::unknown_operation(operation, "SendMessage")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: Option<String>,
    message_body: Option<String>,
    #[serde(default)]
    delay_seconds: i64,
    // Not modelled; named so that a message that needs them is refused instead of delivered without.
    message_attributes: Option<Value>,
    message_system_attributes: Option<Value>,
    message_group_id: Option<Value>,
    message_deduplication_id: Option<Value>,
}

fn send_message(shared: &Shared, input: SendMessage) -> Result<Value, Refusal> {
    input.refuse_unmodelled()?;
    if !DELAY_SECONDS.contains(&input.delay_seconds) {
        let reason = format!("DelaySeconds must be >= 0 and <= 900, and is {}", input.delay_seconds);
        return Err(invalid(&reason));
    }
    let url = required(input.queue_url, "QueueUrl")?;
    let queue = Queue::of(&url);
    let mappings = &shared.options.queues;
    let mapping = mappings.iter().find(|it| queue.is_some() && Queue::of(&it.queue_url) == queue);
    let (Some(queue), Some(mapping)) = (queue, mapping) else {
        return Err(Refusal::new("QueueDoesNotExist", format!("The specified queue does not exist: {url:?}")));
    };
    let body = required(input.message_body, "MessageBody")?;
    if body.len() > BODY_BYTES_MAX {
        return Err(invalid(&format!("Message has {} bytes, not at most {BODY_BYTES_MAX}", body.len())));
    }
    let md5 = format!("{:x}", Md5::digest(&body));
    let message = Message { id: shared.new_id(), body, md5, sent_at: shared.clock.now() };
    let event = events::sqs(&shared.origin(), queue, &message);
    match input.delay_seconds {
        0 => shared.deliver(&mapping.function, event, EventSource::Sqs),
        seconds => {
            let from = message.sent_at + SignedDuration::from_secs(seconds);
            shared.deliver_from(from, &mapping.function, event, EventSource::Sqs);
        }
    }
    Ok(json!({"MessageId": message.id, "MD5OfMessageBody": message.md5}))
}

fn invalid(reason: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", format!("One or more parameters are invalid. Reason: {reason}."))
}

/// An empty text is missing to SQS. Source: answers of SQS quoted in localstack/localstack#12317.
fn required(field: Option<String>, name: &str) -> Result<String, Refusal> {
    let missing = || Refusal::new("MissingParameter", format!("The request must contain the parameter {name}."));
    field.filter(|text| !text.is_empty()).ok_or_else(missing)
}

impl SendMessage {
    fn refuse_unmodelled(&self) -> Result<(), Refusal> {
        let unmodelled = json::unmodelled(&[
            ("MessageAttributes", &self.message_attributes),
            ("MessageSystemAttributes", &self.message_system_attributes),
            ("MessageGroupId", &self.message_group_id),
            ("MessageDeduplicationId", &self.message_deduplication_id),
        ]);
        unmodelled.map_or(Ok(()), |message| Err(Refusal::new("InvalidParameterValue", message)))
    }
}
