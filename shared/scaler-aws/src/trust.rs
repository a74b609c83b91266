// SPDX-License-Identifier: Apache-2.0
//! Whom the clients trust: in Lambda the five root certificates of AWS's own endpoints, elsewhere the system's.
//!
//! Reading and parsing the system's hundred and more roots is most of what a cold start would take (`cargo xtask bench
//! cold-start`). `amazon_roots.pem` holds the roots that AWS tells clients to trust ("Amazon Trust Services": Amazon Root
//! CA 1 to 4 and Starfield Services Root CA - G2) as Mozilla's bundle carries them. The first expires at the end of 2037.

use std::ffi::OsString;

use aws_smithy_http_client::tls::TrustStore;

const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// Variables by which somebody says that the other end is not AWS itself, or to be trusted otherwise.
const OVERRIDES: [&str; 6] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_KINESIS",
    "AWS_ENDPOINT_URL_CLOUDWATCH",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Parts of the world whose Regions are all, but for the exceptions below, in the commercial partition. A Region that is
/// not known here gets the system's roots: slower, and never wrong.
const COMMERCIAL: [&str; 9] = ["af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-"];

/// The roots for a process with this environment.
pub(crate) fn trust_store(variable: impl Fn(&str) -> Option<OsString>) -> TrustStore {
    if talks_to_aws_alone(variable) {
        TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
    } else {
        TrustStore::default()
    }
}

fn talks_to_aws_alone(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let region = variable("AWS_REGION").unwrap_or_default().to_string_lossy().into_owned();
    let commercial = COMMERCIAL.iter().any(|part| region.starts_with(part));
    let exception = region.starts_with("us-gov-") || region.contains("-iso");
    let in_lambda = variable("AWS_LAMBDA_FUNCTION_NAME").is_some();
    in_lambda && commercial && !exception && OVERRIDES.iter().all(|name| variable(name).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_function_in_a_commercial_region_with_no_override_trusts_amazon_alone() {
        let alone = |variables: &[(&str, &str)]| {
            talks_to_aws_alone(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        let lambda = ("AWS_LAMBDA_FUNCTION_NAME", "scale-out");
        assert!(alone(&[lambda, ("AWS_REGION", "eu-west-1")]));
        assert!(!alone(&[("AWS_REGION", "eu-west-1")]), "a laptop may sit behind a proxy with its own root");
        for region in ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eu-isoe-west-1", "moon-1", ""] {
            assert!(!alone(&[lambda, ("AWS_REGION", region)]), "{region}");
        }
        for name in OVERRIDES {
            assert!(!alone(&[lambda, ("AWS_REGION", "eu-west-1"), (name, "x")]), "{name}");
        }
    }

    #[test]
    fn a_client_accepts_the_roots() {
        // Building a client parses them, and panics at a root that is none.
        let _client = crate::http::https(TrustStore::empty().with_pem_certificate(AMAZON_ROOTS));
        assert_eq!(AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
    }
}
