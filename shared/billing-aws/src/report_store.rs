// SPDX-License-Identifier: Apache-2.0
//! Amazon S3 through the SDK: a bucket that people look into.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use scaler_app::cloud::{CallError, ReportStore};

use scaler_aws::error::call_error;

/// The stack's bucket.
#[derive(Clone, Debug)]
pub struct S3ReportStore {
    /// The client.
    pub client: Client,
    /// The bucket's name.
    pub bucket: String,
}

impl ReportStore for S3ReportStore {
    async fn put(&self, key: &str, html: String) -> Result<String, CallError> {
        let place = format!("s3://{}/{key}", self.bucket);
        let request = self.client.put_object().bucket(&self.bucket).key(key).content_type("text/html; charset=utf-8");
        let put = request.body(ByteStream::from(html.into_bytes())).send().await;
        put.map_err(|error| call_error("PutObject", &place, error))?;
        Ok(place)
    }
}
