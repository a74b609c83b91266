// SPDX-License-Identifier: Apache-2.0
//! AWS's services through its SDK, as a pass and alarm-sync use them.

mod clock;
mod cloud;
mod cloudformation;
mod cloudwatch;
mod connect;
pub mod error;
mod http;
mod kinesis;
mod notifications;
mod pace;
mod queue;
mod tagging;
mod trust;

pub use clock::SystemClock;
pub use cloud::{AwsCloud, AwsFleetCloud};
pub use cloudformation::AwsCloudFormation;
pub use cloudwatch::AwsCloudWatch;
pub use connect::{connect, connect_fleet, loader};
pub use kinesis::{AwsKinesis, open_since, state};
pub use notifications::SnsTopic;
pub use pace::{Pace, Share};
pub use queue::SqsQueue;
pub use tagging::AwsTagging;
