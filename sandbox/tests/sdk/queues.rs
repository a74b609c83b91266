// SPDX-License-Identifier: Apache-2.0
//! Queues: a message calls the function that its queue is mapped to.

use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::operation::send_message::SendMessageError;
use jiff::SignedDuration;
use sandbox::{EventSource, Options, QueueMapping, Sandbox};
use serde_json::json;

use crate::support::{World, manual};

fn mapping(queue_url: &str, function: &str) -> QueueMapping {
    QueueMapping { queue_url: queue_url.to_owned(), function: function.to_owned() }
}

async fn world() -> World {
    let queues = vec![
        mapping("http://127.0.0.1/123456789012/others", "other"),
        mapping("http://127.0.0.1/123456789012/continuations", "alarm-sync"),
    ];
    World::new(Options { queues, ..manual() }).await
}

#[tokio::test]
async fn a_message_is_delivered_as_the_event_of_its_queue() {
    let mut world = world().await;
    world.sandbox.clock().advance(SignedDuration::from_millis(1_250));
    let url = format!("{}/123456789012/continuations", world.sandbox.endpoint());
    let sent = world.sqs.send_message().queue_url(url).message_body("hello world").send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5eb63bbbe01eeed093cb22bb8f5acdc3"));

    let deliveries = world.delivered();
    let [delivery] = &deliveries[..] else { return assert_eq!(deliveries.len(), 1) };
    assert_eq!((delivery.function.as_str(), delivery.source), ("alarm-sync", EventSource::Sqs));
    let id = sent.message_id().unwrap();
    assert_eq!(
        delivery.payload,
        json!({"Records": [{
            "messageId": id,
            "receiptHandle": format!("receipt-{id}"),
            "body": "hello world",
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1767322801250",
                "SenderId": "123456789012",
                "ApproximateFirstReceiveTimestamp": "1767322801250",
            },
            "messageAttributes": {},
            "md5OfBody": "5eb63bbbe01eeed093cb22bb8f5acdc3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:continuations",
            "awsRegion": "us-east-1",
        }]})
    );
}

#[tokio::test]
async fn a_queue_is_named_by_the_end_of_its_url() {
    let mut world = world().await;
    let url = "https://sqs.us-east-1.amazonaws.com/123456789012/others";
    world.sqs.send_message().queue_url(url).message_body("m").send().await.unwrap();
    assert_eq!(world.delivered()[0].function, "other");
}

#[tokio::test]
async fn each_refusal_of_a_message_arrives_as_aws_says_it() {
    let mut world = world().await;
    let send = async |queue: &str, body: &str| -> SendMessageError {
        let call = world.sqs.send_message().queue_url(format!("http://127.0.0.1/{queue}")).message_body(body);
        call.send().await.unwrap_err().into_service_error()
    };
    for unknown in ["123456789012/unknown", "210987654321/others", "others", ""] {
        assert!(send(unknown, "m").await.is_queue_does_not_exist(), "{unknown}");
    }
    let empty = send("123456789012/others", "").await;
    assert_eq!(empty.code(), Some("MissingParameter"));
    assert_eq!(empty.message(), Some("The request must contain the parameter MessageBody."));
    let long = send("123456789012/others", &"m".repeat(1_048_577)).await;
    assert_eq!(long.code(), Some("InvalidParameterValue"));
    for seconds in [-1, 901] {
        let late = world.sqs.send_message().queue_url("http://h/123456789012/others").message_body("m");
        let late = late.delay_seconds(seconds).send().await.unwrap_err().into_service_error();
        assert_eq!(late.code(), Some("InvalidParameterValue"));
        assert!(late.message().unwrap().contains(&format!("DelaySeconds must be >= 0 and <= 900, and is {seconds}")));
    }
    assert!(world.delivered().is_empty());

    let longest =
        world.sqs.send_message().queue_url("http://h/123456789012/others").message_body("m".repeat(1_048_576));
    longest.send().await.unwrap();
    assert_eq!(world.delivered().len(), 1);
}

#[tokio::test]
async fn a_mapping_that_names_no_queue_is_refused_at_the_start() {
    for url in ["", "http://127.0.0.1", "http://127.0.0.1/others", "http://127.0.0.1/123456789012/"] {
        let error = Sandbox::start(Options { queues: vec![mapping(url, "f")], ..manual() }).await.err().unwrap();
        assert_eq!(error.to_string(), format!("queue URL {url:?} of f is not http://HOST/ACCOUNT/NAME"));
    }
}

#[tokio::test]
async fn a_delayed_message_waits() {
    let mut world = world().await;
    let message = world.sqs.send_message().queue_url("http://h/123456789012/others").message_body("later");
    message.delay_seconds(90).send().await.unwrap();
    let mut delivered = Vec::new();
    for _ in 0..3 {
        world.sandbox.clock().advance(SignedDuration::from_mins(1));
        world.sandbox.tick().await;
        delivered.push(world.delivered().len());
    }
    assert_eq!(delivered, [0, 1, 0], "90 seconds are over at the second minute");
}
