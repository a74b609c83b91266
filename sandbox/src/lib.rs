// SPDX-License-Identifier: Apache-2.0
//! A local AWS endpoint for this project: Kinesis that throttles, CloudWatch that evaluates alarms, tags that are
//! found, SNS that records, SQS that delivers, a price list, S3 that keeps.
//!
//! One HTTP port on loopback speaks to unchanged AWS SDKs, to boto3 and to the AWS CLI, each in the protocol that it chooses.
//! Inside, `ferrokinesis` is Kinesis, with what it lets pass
//! refused and what streams take in and throttle counted in front of it; the models of `aws-models` are CloudWatch.
//! Alarms that change state, schedules and messages become [`Delivery`] values: the events that the deployed functions
//! would be called with. Every call is counted and, if asked for, held to the rate that AWS allows.

mod alarm_actions;
mod calls;
mod clock;
mod cloudwatch;
mod delivery;
mod emulator;
mod events;
mod json;
mod kinesis;
mod lambda;
mod locked;
mod objects;
mod options;
mod pricing;
mod query;
mod query_layer;
mod rates;
mod router;
mod s3;
mod sandbox;
mod sns;
mod sqs;
mod state;
mod stream_alarm;
mod tagging;
mod tick;
mod traffic;

pub use clock::{ClockOptions, SPEEDS, SandboxClock};
pub use delivery::{Delivery, EventSource, Published};
pub use objects::Object;
pub use options::{Options, QueueMapping, Schedule, Subscription};
pub use s3::MISSING_BUCKET;
pub use sandbox::{Capacity, Sandbox};
pub use stream_alarm::alarm_config;
pub use traffic::Traffic;
