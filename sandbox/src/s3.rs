// SPDX-License-Identifier: Apache-2.0
//! S3 over its REST protocol, with the bucket in the path: objects are put and got, and kept in memory.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use md5::{Digest as _, Md5};

use crate::locked::locked;
use crate::objects::Object;
use crate::query::escaped;
use crate::state::Shared;

/// An object's path.
pub(crate) const PATH: &str = "/{bucket}/{*key}";

/// The one bucket that is not there; every other is.
pub const MISSING_BUCKET: &str = "missing-bucket";

pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    Path((bucket, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refusal(&shared, "PutObject", &bucket, &headers) {
        return refusal;
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).map(str::to_owned);
    let object = Object { content_type, body: body.to_vec() };
    let tag = entity_tag(&object);
    locked(&shared.objects).insert((bucket, key), object);
    (StatusCode::OK, [(header::ETAG, tag)]).into_response()
}

pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    Path((bucket, key)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refusal(&shared, "GetObject", &bucket, &headers) {
        return refusal;
    }
    let Some(object) = locked(&shared.objects).get(&(bucket, key.clone())).cloned() else {
        let message = format!("The specified key does not exist: {key}");
        return error(&shared, StatusCode::NOT_FOUND, "NoSuchKey", &message);
    };
    let tag = entity_tag(&object);
    // What S3 takes for an object that does not say.
    let content_type = object.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned());
    (StatusCode::OK, [(header::ETAG, tag), (header::CONTENT_TYPE, content_type)], object.body).into_response()
}

/// Source: S3 API reference, "Error responses".
fn refusal(shared: &Shared, operation: &str, bucket: &str, headers: &HeaderMap) -> Option<Response> {
    if let Err(too_fast) = shared.called("s3", operation) {
        return Some(error(shared, StatusCode::SERVICE_UNAVAILABLE, "SlowDown", &too_fast.message()));
    }
    if bucket == MISSING_BUCKET {
        let message = format!("The specified bucket does not exist: {bucket}");
        return Some(error(shared, StatusCode::NOT_FOUND, "NoSuchBucket", &message));
    }
    let encoding = headers.get(header::CONTENT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if encoding.contains("aws-chunked") {
        let message = "Bodies in chunks (aws-chunked) are not supported by this sandbox; send an object whole";
        return Some(error(shared, StatusCode::NOT_IMPLEMENTED, "NotImplemented", message));
    }
    None
}

fn entity_tag(object: &Object) -> String {
    format!("\"{:x}\"", Md5::digest(&object.body))
}

fn error(shared: &Shared, status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{}</Message>\
         <RequestId>{}</RequestId></Error>",
        escaped(message),
        shared.new_id()
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}
