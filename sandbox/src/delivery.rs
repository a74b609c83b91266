// SPDX-License-Identifier: Apache-2.0
//! What leaves a sandbox: messages to topics, and events for functions.

use jiff::Timestamp;
use serde_json::Value;

/// A message published to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The topic.
    pub topic_arn: String,
    /// The id SNS gave it.
    pub message_id: String,
    /// Its subject line.
    pub subject: Option<String>,
    /// Its text.
    pub message: String,
    /// When it was published, virtual time.
    pub at: Timestamp,
}

/// What calls a function with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSource {
    /// An alarm, or a publisher, through a topic.
    Sns,
    /// An alarm through an EventBridge rule.
    EventBridge,
    /// An alarm whose action is the function.
    Direct,
    /// A schedule.
    Schedule,
    /// A message through a queue.
    Sqs,
}

/// An event for a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The function's name.
    pub function: String,
    /// The event, as the function gets it.
    pub payload: Value,
    /// What it comes from.
    pub source: EventSource,
}
