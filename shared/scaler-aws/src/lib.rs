//! The ports over AWS: the only library that names `aws-sdk-*` crates.

mod alarm_read;
mod alarms;
mod billing;
mod clock;
mod connect;
mod continuations;
mod error;
mod fleet;
mod metric_data;
mod metrics;
mod notices;
mod operator;
mod pace;
mod pages;
mod price_list;
mod stack;
mod streams;
mod trust;

pub use alarms::CloudWatchAlarms;
pub use billing::KinesisBilling;
pub use clock::SystemClock;
pub use connect::{
    Aws, AwsCostPorts, AwsFleetPorts, AwsPorts, connect, connect_cost, connect_fleet, cost_ports, fleet_ports, loader,
    ports,
};
pub use continuations::SqsContinuations;
pub use error::{is_failing, is_unreadable};
pub use fleet::TaggingFleet;
pub use metrics::CloudWatchMetrics;
pub use notices::{SnsNotices, Topic};
pub use operator::{
    AlarmState, NewCapacity, Operator, SampleLimits, Sampled, SampledRecord, StreamDetails, TestRecord,
};
pub use pace::{Pace, Pause, Share};
pub use pages::S3Pages;
pub use price_list::AwsPriceList;
pub use stack::CloudFormation;
pub use streams::KinesisStreams;
