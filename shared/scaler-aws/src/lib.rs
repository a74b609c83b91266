//! The ports over Amazon Kinesis and CloudWatch: the only library that names `aws-sdk-*` crates.

mod alarms;
mod clock;
mod connect;
mod error;
mod metrics;
mod streams;
mod trust;

pub use alarms::CloudWatchAlarms;
pub use clock::SystemClock;
pub use connect::{AwsPorts, connect, loader, ports};
pub use metrics::CloudWatchMetrics;
pub use streams::KinesisStreams;
