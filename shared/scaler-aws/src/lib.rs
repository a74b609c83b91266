//! The ports over AWS: the only library that names `aws-sdk-*` crates.

mod alarm_read;
mod alarms;
mod clock;
mod connect;
mod continuations;
mod error;
mod fleet;
mod metrics;
mod notices;
mod operator;
mod pace;
mod streams;
mod trust;

pub use alarms::CloudWatchAlarms;
pub use clock::SystemClock;
pub use connect::{Aws, AwsFleetPorts, AwsPorts, connect, connect_fleet, fleet_ports, loader, ports};
pub use continuations::SqsContinuations;
pub use fleet::TaggingFleet;
pub use metrics::CloudWatchMetrics;
pub use notices::{SnsNotices, Topic};
pub use operator::{AlarmState, NewCapacity, Operator, StreamDetails, TestRecord};
pub use pace::{Pace, Pause, Share};
pub use streams::KinesisStreams;
