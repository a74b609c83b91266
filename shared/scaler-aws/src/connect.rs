//! Clients built once per cold start, with the retries and time limits that every call is held to.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_sdk_kinesis::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use scaler_app::Ports;

use crate::trust::trust_store;
use crate::{CloudWatchAlarms, CloudWatchMetrics, KinesisStreams, SystemClock};

/// Tries per call, the first included; the SDK waits between them exponentially longer, with jitter.
const ATTEMPTS_MAX: u32 = 4;
/// A healthy control-plane call takes tens of milliseconds.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// One call with all its retries. A pass makes nine calls at most and begins in the first half of the function's 60 s; a
/// call that takes this long is one that fails, and ends the pass.
const CALL_TIMEOUT: Duration = Duration::from_secs(12);

/// The ports as they are in AWS.
pub type AwsPorts<C = SystemClock> = Ports<KinesisStreams, CloudWatchMetrics, CloudWatchAlarms, C>;

/// Region, credentials and endpoint by the SDK's own conventions (`AWS_REGION`, `AWS_ENDPOINT_URL`, ...).
pub async fn connect() -> AwsPorts {
    ports(&loader().load().await, SystemClock)
}

/// The ports over this configuration, with this clock.
pub fn ports<C>(sdk: &SdkConfig, clock: C) -> AwsPorts<C> {
    let cloudwatch = aws_sdk_cloudwatch::Client::new(sdk);
    Ports {
        streams: KinesisStreams(aws_sdk_kinesis::Client::new(sdk)),
        metrics: CloudWatchMetrics(cloudwatch.clone()),
        alarms: CloudWatchAlarms(cloudwatch),
        clock,
    }
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

/// ring and not the SDK's default provider: that one tests its entropy at start, at the expense of every cold start.
pub(crate) fn https(roots: TrustStore) -> SharedHttpClient {
    let tls = TlsContext::builder().with_trust_store(roots).build().expect("a trust store is all that it needs");
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls).build_https()
}
