// SPDX-License-Identifier: Apache-2.0
//! The error codes by which AWS says "too many calls".

/// Codes that the SDK takes for throttling of any service, but for `LimitExceededException`: of some calls that is another limit than
/// their rate. Source: `aws_runtime::retries::classifiers`, version 1.7.
const CODES: [&str; 12] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "ProvisionedThroughputExceededException",
    "PriorRequestNotComplete",
    "SlowDown",
    "TransactionInProgressException",
];

/// Whether AWS says "too many calls" by this code, whatever the call.
pub fn is_throttling(code: &str) -> bool {
    CODES.contains(&code)
}
