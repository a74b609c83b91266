//! The `Fleet` port over the Resource Groups Tagging API: every stream of the account and Region that carries the tag.

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use scaler_app::ports::CallError;
use scaler_app::stream_name::stream_in;
use scaler_app::sync::ports::{Fleet, TaggedStream};
use scaler_core::{TAG_MANAGED, TAG_PREFIX};

use crate::error::call_error;
use crate::pace::Pace;

/// Resources in one answer, at most. Source: API reference, `GetResources`.
const PAGE: i32 = 100;

/// Streams by their tag through the SDK.
#[derive(Clone, Debug)]
pub struct TaggingFleet(pub Client, pub Pace);

impl Fleet for TaggingFleet {
    async fn tagged(&self) -> Result<Vec<TaggedStream>, CallError> {
        let call = "GetResources";
        let mut streams = Vec::new();
        let mut pages = self
            .0
            .get_resources()
            .resource_type_filters("kinesis:stream")
            .tag_filters(TagFilter::builder().key(TAG_MANAGED).build())
            .resources_per_page(PAGE)
            .into_paginator()
            .send();
        loop {
            self.1.wait(call).await;
            let Some(page) = pages.next().await else { return Ok(streams) };
            let page = page.map_err(|error| call_error(call, "the account's streams", error))?;
            for resource in page.resource_tag_mapping_list() {
                // A stream's consumers have tags as well, and such ARNs.
                let Some(name) = resource.resource_arn().and_then(stream_in) else { continue };
                let ours = resource.tags().iter().filter(|tag| tag.key().starts_with(TAG_PREFIX));
                let tags = ours.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
                streams.push(TaggedStream { name: name.to_owned(), tags });
            }
        }
    }
}
