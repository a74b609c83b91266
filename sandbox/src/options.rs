// SPDX-License-Identifier: Apache-2.0
//! How a sandbox is set up.

use crate::clock::ClockOptions;
use crate::traffic::Traffic;

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How its clock runs.
    pub clock: ClockOptions,
    /// Account id, 12 digits.
    pub account: String,
    /// Region code.
    pub region: String,
    /// Shard quota of the account. 20,000 in us-east-1 (Developer Guide, "Quotas and limits").
    pub account_shard_limit: u32,
    /// How long creating or deleting a stream or a consumer takes, virtual seconds.
    pub create_seconds: u32,
    /// How long a resize takes, virtual seconds. AWS says "a few minutes" (API reference, `UpdateShardCount`).
    pub resize_seconds: u32,
    /// Newest whole minutes of every metric that cannot be seen yet.
    pub metric_delay_minutes: u32,
    /// Functions that subscribe to SNS topics.
    pub subscriptions: Vec<Subscription>,
    /// Whether EventBridge passes alarms named `../scale-out` and `../scale-in` that go to ALARM to those functions.
    pub eventbridge: bool,
    /// Queues whose messages call a function.
    pub queues: Vec<QueueMapping>,
    /// Functions that are called by the virtual clock.
    pub schedules: Vec<Schedule>,
    /// Whether calls that come faster than AWS allows an account are refused, by the virtual clock.
    pub api_rates: bool,
    /// Streams whose metrics are made up, minute by minute; no records are written.
    pub traffic: Vec<Traffic>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            clock: ClockOptions::Running { speed: 1.0 },
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            account_shard_limit: 20_000,
            create_seconds: 10,
            resize_seconds: 60,
            metric_delay_minutes: 0,
            subscriptions: Vec::new(),
            eventbridge: false,
            queues: Vec::new(),
            schedules: Vec::new(),
            api_rates: false,
            traffic: Vec::new(),
        }
    }
}

/// A function that is called with every message of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The topic.
    pub topic_arn: String,
    /// The function's name.
    pub function: String,
}

/// A queue, and the function that is called with each of its messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMapping {
    /// The queue's URL. Its last two parts, account and name, are what counts: so it can be said before the port is.
    pub queue_url: String,
    /// The function's name.
    pub function: String,
}

/// A function that is called again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The function's name.
    pub function: String,
    /// Called in every virtual minute whose number since 1970 is a multiple of this; 1 or more.
    pub every_minutes: u32,
}
