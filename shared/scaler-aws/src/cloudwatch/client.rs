// SPDX-License-Identifier: Apache-2.0
//! The client for CloudWatch.

use aws_sdk_cloudwatch::Client;

use crate::pace::Pace;

/// CloudWatch through the SDK.
#[derive(Clone, Debug)]
pub struct AwsCloudWatch {
    /// The client.
    pub client: Client,
    /// Its pace.
    pub pace: Pace,
}
