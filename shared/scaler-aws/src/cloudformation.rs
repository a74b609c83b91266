// SPDX-License-Identifier: Apache-2.0
//! AWS CloudFormation's answers: an HTTPS PUT to the place in S3 that CloudFormation looks at, by a URL that it has signed.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use scaler_app::cloud::{CallError, CloudFormation, Failure};

use crate::http::connector;
use crate::pace::Pace;
use crate::trust::trust_store;

const CALL: &str = "PUT";
const SUBJECT: &str = "the answer to CloudFormation";
/// Tries, the first included, and what lies between two.
const ATTEMPTS_MAX: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// How the hosts of S3 end, by partition. Source: botocore 1.44.8, `endpoints.json` and `partitions.json`.
const S3_HOSTS_END: [&str; 7] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
];

/// The place where CloudFormation looks for answers.
#[derive(Clone, Debug)]
pub struct AwsCloudFormation {
    /// Whether it is not AWS that is spoken to, so that a URL may lead anywhere.
    is_elsewhere: bool,
    pace: Pace,
}

impl AwsCloudFormation {
    /// As this configuration has it.
    pub fn new(sdk: &SdkConfig, pace: &Pace) -> Self {
        Self { is_elsewhere: sdk.endpoint_url().is_some(), pace: pace.clone() }
    }
}

impl CloudFormation for AwsCloudFormation {
    async fn answer(&self, url: &str, answer: &str) -> Result<(), CallError> {
        if !self.is_elsewhere && !is_of_s3(url) {
            return Err(failed(
                Failure::Refused,
                "its URL is not an Amazon S3 URL, so this is not a request from CloudFormation",
            ));
        }
        let mut tried = put(url, answer).await;
        for _ in 1..ATTEMPTS_MAX {
            if !tried.as_ref().is_err_and(|error| error.failure.is_passing()) {
                break;
            }
            self.pace.pause(PAUSE).await;
            tried = put(url, answer).await;
        }
        tried
    }
}

/// One try. No header says what kind of body it is: the URL is signed without one.
async fn put(url: &str, answer: &str) -> Result<(), CallError> {
    let mut request = HttpRequest::new(answer.into());
    let shaped = request.set_method(CALL).is_ok() && request.set_uri(url).is_ok();
    if !shaped {
        return Err(failed(Failure::Refused, "its URL cannot be read"));
    }
    // Made for this one request of a stack's life: what it needs would cost every cold start.
    let connector = connector(trust_store(|name| std::env::var_os(name)));
    let status = match connector.call(request).await {
        // The kind of the fault alone: its words may have the URL.
        Err(error) if error.is_timeout() => return Err(failed(Failure::Unavailable, "no answer in time")),
        Err(_) => return Err(failed(Failure::Unavailable, "no connection")),
        Ok(response) => response.status(),
    };
    if status.is_success() {
        return Ok(());
    }
    let failure = if status.is_server_error() { Failure::Unavailable } else { Failure::Refused };
    Err(failed(failure, &format!("HTTP status {}", status.as_u16())))
}

/// Whether the URL leads to S3, and by HTTPS: nobody is to have the function send a request anywhere else.
fn is_of_s3(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let before = S3_HOSTS_END.iter().find_map(|end| host.strip_suffix(end));
    // BUCKET.s3.REGION, BUCKET.s3-REGION, BUCKET.s3, and the same without a bucket.
    let labels: Vec<_> = before.unwrap_or_default().rsplit('.').collect();
    let is_s3 = |label: &str| label == "s3" || label.starts_with("s3-");
    is_host
        && match labels.as_slice() {
            [region, "dualstack", label, ..] => !region.is_empty() && *label == "s3",
            [label, ..] if is_s3(label) => true,
            [_, label, ..] => is_s3(label),
            _ => false,
        }
}

fn failed(failure: Failure, message: &str) -> CallError {
    CallError::new(CALL, SUBJECT, failure, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_to_s3_and_nowhere_else() {
        for url in [
            "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn%3Aaws?X-Amz-Signature=s",
            "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/a?b",
            "https://cloudformation-custom-resource-response-eunorth1.s3.eu-north-1.amazonaws.com/a?b",
            "https://cloudformation-custom-resource-response-cnnorth1.s3.cn-north-1.amazonaws.com.cn/a?b",
            "https://bucket.s3.eusc-de-east-1.amazonaws.eu/a?b",
            "https://s3.us-gov-west-1.amazonaws.com/bucket/a?b",
            "https://bucket.s3.dualstack.us-west-2.amazonaws.com/a?b",
        ] {
            assert!(is_of_s3(url), "{url}");
        }
        for url in [
            "http://bucket.s3.amazonaws.com/a",
            "https://169.254.169.254/latest/meta-data/",
            "https://bucket.s3.amazonaws.com@evil.example/a",
            "https://bucket.s3.amazonaws.com:8443/a",
            "https://bucket.s3.amazonaws.com.evil.example/a",
            "https://evil.example/bucket.s3.amazonaws.com",
            "https://evil.example?.s3.amazonaws.com",
            "https://evil.example#.s3.amazonaws.com",
            "https://evil.example\\.s3.amazonaws.com/a",
            "https://kinesis.us-east-1.amazonaws.com/",
            "https://s3-mine-0123456789.us-east-1.elb.amazonaws.com/",
            "https://.amazonaws.com/",
            "",
        ] {
            assert!(!is_of_s3(url), "{url}");
        }
    }
}
