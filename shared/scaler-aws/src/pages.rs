//! The `Pages` port over Amazon S3: a bucket that people look into.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use scaler_app::cloud::Pages;
use scaler_app::cloud::{CallError, Failure};

use crate::error::call_error;

const CALL: &str = "PutObject";

/// The stack's bucket through the SDK, if it has one.
#[derive(Clone, Debug)]
pub struct S3Pages(pub Option<(Client, String)>);

impl Pages for S3Pages {
    fn is_there(&self) -> bool {
        self.0.is_some()
    }

    async fn keep(&self, key: &str, html: String) -> Result<String, CallError> {
        let Some((client, bucket)) = &self.0 else {
            return Err(CallError {
                call: CALL,
                subject: key.to_owned(),
                failure: Failure::Refused,
                message: "there is no bucket; set REPORT_BUCKET".to_owned(),
                source: None,
            });
        };
        let place = format!("s3://{bucket}/{key}");
        let request = client.put_object().bucket(bucket).key(key).content_type("text/html; charset=utf-8");
        let kept = request.body(ByteStream::from(html.into_bytes())).send().await;
        kept.map_err(|error| call_error(CALL, &place, error))?;
        Ok(place)
    }
}
