//! AWS's services through its SDK: the only library that names `aws-sdk-*` crates.

mod clock;
mod cloud;
mod cloudformation;
mod cloudwatch;
mod connect;
mod cost_cloud;
mod error;
mod http;
mod kinesis;
mod notifications;
mod operator;
mod pace;
mod pages;
mod price_list;
mod queue;
mod tagging;
mod trust;

pub use clock::SystemClock;
pub use cloud::{AwsCloud, AwsFleetCloud};
pub use cloudformation::AwsCloudFormation;
pub use cloudwatch::AwsCloudWatch;
pub use connect::{connect, connect_cost, connect_fleet, loader};
pub use cost_cloud::AwsCostCloud;
pub use kinesis::AwsKinesis;
pub use notifications::SnsTopic;
pub use operator::{
    AlarmState, NewCapacity, Operator, SampleLimits, Sampled, SampledRecord, StreamDetails, TestRecord,
};
pub use pace::{Pace, Share};
pub use pages::S3Pages;
pub use price_list::AwsPriceList;
pub use queue::SqsQueue;
pub use tagging::AwsTagging;
