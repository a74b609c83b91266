// SPDX-License-Identifier: Apache-2.0
//! Objects of S3: put, got, and refused where there is no bucket.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use sandbox::{MISSING_BUCKET, Object};

use crate::support::{World, manual};

const HTML: &str = "text/html; charset=utf-8";

#[tokio::test]
async fn an_object_comes_back_as_it_was_put_and_a_second_takes_its_place() {
    let world = World::new(manual()).await;
    let put = |body: &'static [u8]| {
        let request = world.s3.put_object().bucket("reports").key("2026/ein Bericht & mehr.html").content_type(HTML);
        request.body(aws_sdk_s3::primitives::ByteStream::from_static(body)).send()
    };
    put(b"old").await.unwrap();
    let tag = put("<p>für alle</p>".as_bytes()).await.unwrap().e_tag;
    let got = world.s3.get_object().bucket("reports").key("2026/ein Bericht & mehr.html").send().await.unwrap();
    assert_eq!((got.content_type(), &got.e_tag), (Some(HTML), &tag));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), "<p>für alle</p>".as_bytes());
    let kept = Object { content_type: Some(HTML.to_owned()), body: "<p>für alle</p>".into() };
    let place = ("reports".to_owned(), "2026/ein Bericht & mehr.html".to_owned());
    assert_eq!(world.sandbox.objects().into_iter().collect::<Vec<_>>(), [(place, kept)]);
    let calls: Vec<_> = world.sandbox.calls().into_iter().collect();
    assert_eq!(calls, [("s3:GetObject".to_owned(), 1), ("s3:PutObject".to_owned(), 2)]);
}

#[tokio::test]
async fn what_is_not_there_is_told_by_its_code() {
    let world = World::new(manual()).await;
    let put = world.s3.put_object().bucket(MISSING_BUCKET).key("a").body(b"a".to_vec().into()).send().await;
    assert_eq!(put.unwrap_err().into_service_error().code(), Some("NoSuchBucket"));
    let get = world.s3.get_object().bucket("reports").key("a<b").send().await.unwrap_err().into_service_error();
    assert!(get.is_no_such_key());
    assert_eq!(get.message(), Some("The specified key does not exist: a<b"));
    assert!(world.sandbox.objects().is_empty());
}

/// Paths of two parts are not S3's alone.
#[tokio::test]
async fn the_emulators_own_paths_stay_its_own() {
    let world = World::new(manual()).await;
    let health = reqwest::get(format!("{}/_health/live", world.sandbox.endpoint())).await.unwrap();
    assert_eq!(health.status(), 200);
    assert!(world.sandbox.calls().is_empty());
}
