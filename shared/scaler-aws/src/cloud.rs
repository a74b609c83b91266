// SPDX-License-Identifier: Apache-2.0
//! AWS as the scaling functions and alarm-sync use it: a client for each service.

use aws_config::SdkConfig;
use scaler_app::cloud::{Clock, Cloud, FleetCloud};
use scaler_app::stack_config::StackConfig;

use crate::clock::SystemClock;
use crate::cloudwatch::AwsCloudWatch;
use crate::kinesis::AwsKinesis;
use crate::notifications::SnsTopic;
use crate::pace::Pace;
use crate::queue::SqsQueue;
use crate::tagging::AwsTagging;

/// AWS as scale-out and scale-in use it.
#[derive(Debug)]
pub struct AwsCloud<C = SystemClock> {
    kinesis: AwsKinesis,
    cloudwatch: AwsCloudWatch,
    topic: Option<SnsTopic>,
    clock: C,
}

impl<C: Clock> AwsCloud<C> {
    /// Over this configuration, with this clock.
    pub fn new(sdk: &SdkConfig, clock: C, pace: &Pace, stack_config: &StackConfig) -> Self {
        // A client that nobody needs is not made: it would cost every cold start.
        let topic = stack_config.notification_topic_arn.clone().map(|arn| SnsTopic {
            client: aws_sdk_sns::Client::new(sdk),
            arn,
            here: format!("Where: Region {}, log group {}", stack_config.region, stack_config.log_group),
        });
        Self {
            kinesis: AwsKinesis { client: aws_sdk_kinesis::Client::new(sdk), pace: pace.clone() },
            cloudwatch: AwsCloudWatch { client: aws_sdk_cloudwatch::Client::new(sdk), pace: pace.clone() },
            topic,
            clock,
        }
    }
}

impl<C: Clock> Cloud for AwsCloud<C> {
    type Kinesis = AwsKinesis;
    type CloudWatch = AwsCloudWatch;
    type Notifications = SnsTopic;
    type Clock = C;

    fn kinesis(&self) -> &AwsKinesis {
        &self.kinesis
    }

    fn cloudwatch(&self) -> &AwsCloudWatch {
        &self.cloudwatch
    }

    fn notifications(&self) -> Option<&SnsTopic> {
        self.topic.as_ref()
    }

    fn clock(&self) -> &C {
        &self.clock
    }
}

/// AWS as alarm-sync uses it.
#[derive(Debug)]
pub struct AwsFleetCloud<C = SystemClock> {
    pass: AwsCloud<C>,
    tagging: AwsTagging,
    queue: Option<SqsQueue>,
}

impl<C: Clock> AwsFleetCloud<C> {
    /// Over this configuration, with this clock.
    pub fn new(sdk: &SdkConfig, clock: C, pace: &Pace, stack_config: &StackConfig) -> Self {
        let queue = |url| SqsQueue { client: aws_sdk_sqs::Client::new(sdk), url };
        Self {
            pass: AwsCloud::new(sdk, clock, pace, stack_config),
            tagging: AwsTagging { client: aws_sdk_resourcegroupstagging::Client::new(sdk), pace: pace.clone() },
            queue: stack_config.continuation_queue_url.clone().map(queue),
        }
    }
}

impl<C: Clock> Cloud for AwsFleetCloud<C> {
    type Kinesis = AwsKinesis;
    type CloudWatch = AwsCloudWatch;
    type Notifications = SnsTopic;
    type Clock = C;

    fn kinesis(&self) -> &AwsKinesis {
        self.pass.kinesis()
    }

    fn cloudwatch(&self) -> &AwsCloudWatch {
        self.pass.cloudwatch()
    }

    fn notifications(&self) -> Option<&SnsTopic> {
        self.pass.notifications()
    }

    fn clock(&self) -> &C {
        self.pass.clock()
    }
}

impl<C: Clock> FleetCloud for AwsFleetCloud<C> {
    type Tagging = AwsTagging;
    type Queue = SqsQueue;

    fn tagging(&self) -> &AwsTagging {
        &self.tagging
    }

    fn queue(&self) -> Option<&SqsQueue> {
        self.queue.as_ref()
    }
}
