//! The SDK as the functions have it, pointed at a local endpoint.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;

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
