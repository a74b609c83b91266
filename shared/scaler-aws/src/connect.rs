// SPDX-License-Identifier: Apache-2.0
//! Clients built once per cold start, with the retries and time limits that every call is held to.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use scaler_app::stack_config::StackConfig;

use crate::clock::SystemClock;
use crate::cloud::{AwsCloud, AwsFleetCloud};
use crate::cloudformation::AwsCloudFormation;
use crate::http::{ATTEMPT_TIMEOUT, https};
use crate::pace::{Pace, Share};
use crate::trust::trust_store;

/// Tries per call, the first included; the SDK waits between them exponentially longer, with jitter.
const ATTEMPTS_MAX: u32 = 4;
/// One call with all its retries. A pass makes fourteen calls at most and begins in the first half of the function's 60 s; a
/// call that takes this long is one that fails, and ends the pass.
const CALL_TIMEOUT: Duration = Duration::from_secs(12);

/// What scale-out and scale-in need. Region, credentials and endpoint by the SDK's own conventions (`AWS_REGION`,
/// `AWS_ENDPOINT_URL`, ...).
pub async fn connect(stack_config: &StackConfig) -> AwsCloud {
    AwsCloud::new(&loader().load().await, SystemClock, &Pace::of(Share::SCALING, SystemClock), stack_config)
}

/// What alarm-sync needs, as [`connect`].
pub async fn connect_fleet(stack_config: &StackConfig) -> (AwsFleetCloud, AwsCloudFormation) {
    let (sdk, pace) = (loader().load().await, Pace::of(Share::ALARM_SYNC, SystemClock));
    (AwsFleetCloud::new(&sdk, SystemClock, &pace, stack_config), AwsCloudFormation::new(&sdk, &pace))
}

/// What every client of ours is configured with.
pub fn loader() -> ConfigLoader {
    let timeouts =
        TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(https(trust_store(|name| std::env::var_os(name))))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(timeouts)
}
