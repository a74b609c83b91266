// SPDX-License-Identifier: Apache-2.0
//! The SDK as the functions have it, pointed at a local endpoint.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use billing_aws::AwsCostCloud;
use jiff::{SignedDuration, Timestamp};
use sandbox::Sandbox;
use scaler_app::cloud::Clock;
use scaler_app::stack_config::StackConfig;
use scaler_aws::{AwsCloud, AwsFleetCloud, Pace, Share};

/// Wait before the first of the SDK's retries, instead of its second: tests run in real time.
const BACKOFF: Duration = Duration::from_millis(1);

/// What [`scaler_aws::loader`] makes, for this endpoint. Only the length of the first backoff is not its own.
pub(crate) async fn sdk(endpoint: &str) -> SdkConfig {
    // What all clients of one service and Region in a process may retry is limited: each test has a Region to itself.
    static REGIONS: AtomicU32 = AtomicU32::new(1);
    let region = format!("test-{}", REGIONS.fetch_add(1, Ordering::Relaxed));
    let sdk = scaler_aws::loader()
        .endpoint_url(endpoint)
        .region(Region::new(region))
        .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
        .load()
        .await;
    let retries = sdk.retry_config().unwrap().clone().with_initial_backoff(BACKOFF);
    sdk.into_builder().retry_config(retries).build()
}

/// The cloud of a pass, with nobody to be told and no waiting between calls.
pub(crate) fn cloud<C: Clock>(sdk: &SdkConfig, clock: C) -> AwsCloud<C> {
    AwsCloud::new(sdk, clock, &unpaced(), &StackConfig::default())
}

/// The cloud of alarm-sync, with no waiting between calls.
pub(crate) fn fleet_cloud<C: Clock>(sdk: &SdkConfig, clock: C, stack_config: &StackConfig) -> AwsFleetCloud<C> {
    AwsFleetCloud::new(sdk, clock, &unpaced(), stack_config)
}

/// The cloud of cost-report, with no waiting between calls.
pub(crate) fn cost_cloud<C: Clock>(sdk: &SdkConfig, clock: C, stack_config: &StackConfig) -> AwsCostCloud<C> {
    AwsCostCloud::new(sdk, clock, &unpaced(), stack_config)
}

/// No waiting between calls.
pub(crate) fn unpaced() -> Pace {
    Pace::of(Share::SCALING, NoWaiting::default())
}

/// The sandbox's time, which a wait moves at once.
#[derive(Clone)]
pub(crate) struct VirtualClock(pub(crate) Arc<Sandbox>);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.0.clock().advance(SignedDuration::try_from(time).expect("a wait is far shorter than all time"));
        Box::pin(std::future::ready(()))
    }
}

/// A minute later each time it is asked: whatever the rate, nobody has to wait.
#[derive(Default)]
struct NoWaiting(AtomicI64);

impl Clock for NoWaiting {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.fetch_add(60, Ordering::Relaxed)).unwrap()
    }

    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}
