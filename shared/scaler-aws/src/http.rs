// SPDX-License-Identifier: Apache-2.0
//! HTTP clients, with ring for TLS.

use std::time::Duration;

use aws_sdk_kinesis::config::SharedHttpClient;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;

/// One try of a call. A healthy control-plane call takes tens of milliseconds.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);

/// ring and not the SDK's default provider: that one tests its entropy at start, at the expense of every cold start.
pub(crate) fn https(roots: TrustStore) -> SharedHttpClient {
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls(roots)).build_https()
}

/// The same for one request that is no call of an SDK's, with the time limit of an attempt.
pub(crate) fn connector(roots: TrustStore) -> Connector {
    let limits =
        HttpConnectorSettings::builder().connect_timeout(ATTEMPT_TIMEOUT).read_timeout(ATTEMPT_TIMEOUT).build();
    let builder = Connector::builder().connector_settings(limits).tls_provider(Provider::Rustls(CryptoMode::Ring));
    builder.tls_context(tls(roots)).build()
}

fn tls(roots: TrustStore) -> TlsContext {
    TlsContext::builder().with_trust_store(roots).build().expect("a trust store is all that it needs")
}
