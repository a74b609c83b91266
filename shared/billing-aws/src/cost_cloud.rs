// SPDX-License-Identifier: Apache-2.0
//! AWS as cost-report uses it, with a client for each service.

use aws_config::{Region, SdkConfig};
use aws_types::service_config::ServiceConfigKey;
use billing::prices::price_list_region;
use scaler_app::cloud::{Clock, Cloud, CostCloud, FleetCloud};
use scaler_app::stack_config::StackConfig;

use scaler_aws::{
    AwsCloudWatch, AwsFleetCloud, AwsKinesis, AwsTagging, Pace, Share, SnsTopic, SqsQueue, SystemClock, loader,
};

use crate::price_list::AwsPriceList;
use crate::report_store::S3ReportStore;

/// What cost-report needs, as [`scaler_aws::connect`].
pub async fn connect(stack_config: &StackConfig) -> AwsCostCloud {
    AwsCostCloud::new(&loader().load().await, SystemClock, &Pace::of(Share::COST_REPORT, SystemClock), stack_config)
}

/// AWS as cost-report uses it.
#[derive(Debug)]
pub struct AwsCostCloud<C = SystemClock> {
    fleet: AwsFleetCloud<C>,
    price_list: AwsPriceList,
    report_store: Option<S3ReportStore>,
}

impl<C: Clock> AwsCostCloud<C> {
    /// Over this configuration, with this clock.
    pub fn new(sdk: &SdkConfig, clock: C, pace: &Pace, stack_config: &StackConfig) -> Self {
        Self {
            fleet: AwsFleetCloud::new(sdk, clock, pace, stack_config),
            price_list: AwsPriceList(price_list(sdk)),
            report_store: stack_config.report_bucket.clone().map(|bucket| S3ReportStore { client: s3(sdk), bucket }),
        }
    }
}

impl<C: Clock> Cloud for AwsCostCloud<C> {
    type Kinesis = AwsKinesis;
    type CloudWatch = AwsCloudWatch;
    type Notifications = SnsTopic;
    type Clock = C;

    fn kinesis(&self) -> &AwsKinesis {
        self.fleet.kinesis()
    }

    fn cloudwatch(&self) -> &AwsCloudWatch {
        self.fleet.cloudwatch()
    }

    fn notifications(&self) -> Option<&SnsTopic> {
        self.fleet.notifications()
    }

    fn clock(&self) -> &C {
        self.fleet.clock()
    }
}

impl<C: Clock> FleetCloud for AwsCostCloud<C> {
    type Tagging = AwsTagging;
    type Queue = SqsQueue;

    fn tagging(&self) -> &AwsTagging {
        self.fleet.tagging()
    }

    fn queue(&self) -> Option<&SqsQueue> {
        self.fleet.queue()
    }
}

impl<C: Clock> CostCloud for AwsCostCloud<C> {
    type PriceList = AwsPriceList;
    type ReportStore = S3ReportStore;

    fn price_list(&self) -> &AwsPriceList {
        &self.price_list
    }

    fn report_store(&self) -> Option<&S3ReportStore> {
        self.report_store.as_ref()
    }
}

/// The Price List of a Region is asked for in one Region of its partition, if in any.
fn price_list(sdk: &SdkConfig) -> Option<aws_sdk_pricing::Client> {
    let config = aws_sdk_pricing::config::Builder::from(sdk);
    let config = if is_elsewhere(sdk, "Pricing") {
        config
    } else {
        config.region(Region::from_static(price_list_region(sdk.region().map_or("", Region::as_ref))?))
    };
    Some(aws_sdk_pricing::Client::from_conf(config.build()))
}

/// A local endpoint has no name for each bucket, as AWS has.
fn s3(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(is_elsewhere(sdk, "S3"));
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Whether somebody has named an endpoint for the calls of a service: `AWS_ENDPOINT_URL`, that with the service's name behind it, or
/// the same in a profile. As each client looks for its own.
fn is_elsewhere(sdk: &SdkConfig, service: &str) -> bool {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let key = key.expect("a key with its three parts is one");
    sdk.endpoint_url().is_some() || sdk.service_config().and_then(|config| config.load_config(key)).is_some()
}
