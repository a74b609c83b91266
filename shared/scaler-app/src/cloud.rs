// SPDX-License-Identifier: Apache-2.0
//! AWS as the functions use it: one trait for each service, and what each function needs of them.

mod clock;
mod cloudformation;
mod cloudwatch;
mod failure;
mod kinesis;
mod notifications;
mod price_list;
mod queue;
mod report_store;
mod subject;
mod tagging;

pub use clock::Clock;
pub use cloudformation::CloudFormation;
pub use cloudwatch::{
    CloudWatch, DELETED_AT_ONCE, FiringAlarm, LambdaUsage, NativeSettings, OtherSettings, StoredAlarm,
};
pub(crate) use failure::NOT_FOUND_ADVICE;
pub use failure::{CallError, CredentialFault, Failure};
pub use kinesis::Kinesis;
pub use notifications::{Notification, NotificationKind, Notifications};
pub use price_list::{ListedPrices, PriceList};
pub use queue::Queue;
pub use report_store::ReportStore;
pub use subject::Subject;
pub use tagging::{TaggedStream, Tagging};

/// What a pass over one stream needs: scale-out and scale-in link no more than this.
pub trait Cloud: Send + Sync {
    /// Amazon Kinesis.
    type Kinesis: Kinesis;
    /// Amazon CloudWatch.
    type CloudWatch: CloudWatch;
    /// Amazon SNS.
    type Notifications: Notifications;
    /// The time.
    type Clock: Clock;

    /// Streams, their shards and tags.
    fn kinesis(&self) -> &Self::Kinesis;
    /// Metrics and alarms.
    fn cloudwatch(&self) -> &Self::CloudWatch;
    /// The topic that people read; none where the stack has none.
    fn notifications(&self) -> Option<&Self::Notifications>;
    /// The time.
    fn clock(&self) -> &Self::Clock;
}

/// What alarm-sync needs, besides [`CloudFormation`], which answers are given to by itself.
pub trait FleetCloud: Cloud {
    /// The Resource Groups Tagging API.
    type Tagging: Tagging;
    /// Amazon SQS.
    type Queue: Queue;

    /// What carries which tags.
    fn tagging(&self) -> &Self::Tagging;
    /// The queue that calls alarm-sync again; none where the stack has none.
    fn queue(&self) -> Option<&Self::Queue>;
}

/// What cost-report needs.
pub trait CostCloud: FleetCloud {
    /// AWS's Price List.
    type PriceList: PriceList;
    /// Amazon S3.
    type ReportStore: ReportStore;

    /// Prices.
    fn price_list(&self) -> &Self::PriceList;
    /// The bucket in which reports are kept; none where the stack has none.
    fn report_store(&self) -> Option<&Self::ReportStore>;
}
