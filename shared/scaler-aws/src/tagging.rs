//! The `Fleet` port over the Resource Groups Tagging API: every stream that carries the tag, and every alarm of the stack's.

use std::collections::BTreeSet;

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use scaler_app::cloud::CallError;
use scaler_app::stream_name::stream_in;
use scaler_app::cloud::{Fleet, TaggedStream};
use scaler_core::{TAG_MADE_BY, TAG_MANAGED, TAG_PREFIX};

use crate::error::call_error;
use crate::pace::Pace;

/// Resources in one answer, at most. Source: API reference, `GetResources`.
const PAGE: i32 = 100;

/// Streams, and the stack's own alarms, by their tags through the SDK.
#[derive(Clone, Debug)]
pub struct TaggingFleet {
    /// The client.
    pub client: Client,
    /// Its pace.
    pub pace: Pace,
    /// Whose alarms are ours: the value of their tag.
    pub stack: String,
}

impl TaggingFleet {
    /// What `read` makes of every resource of this type with this tag, of all pages.
    async fn found<T>(
        &self,
        resource_type: &str,
        tag: TagFilter,
        subject: &str,
        read: impl Fn(&ResourceTagMapping) -> Option<T> + Send,
    ) -> Result<Vec<T>, CallError> {
        let call = "GetResources";
        let request = self.client.get_resources().resource_type_filters(resource_type).tag_filters(tag);
        let mut found = Vec::new();
        let mut pages = request.resources_per_page(PAGE).into_paginator().send();
        loop {
            self.pace.wait(call).await;
            let Some(page) = pages.next().await else { return Ok(found) };
            let page = page.map_err(|error| call_error(call, subject, error))?;
            found.extend(page.resource_tag_mapping_list().iter().filter_map(&read));
        }
    }
}

impl Fleet for TaggingFleet {
    async fn tagged(&self) -> Result<Vec<TaggedStream>, CallError> {
        let stream = |resource: &ResourceTagMapping| {
            // A stream's consumers have tags as well, and such ARNs.
            let name = resource.resource_arn().and_then(stream_in)?.to_owned();
            let ours = resource.tags().iter().filter(|tag| tag.key().starts_with(TAG_PREFIX));
            let tags = ours.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            Some(TaggedStream { name, tags })
        };
        let managed = TagFilter::builder().key(TAG_MANAGED).build();
        self.found("kinesis:stream", managed, "the account's streams", stream).await
    }

    async fn own_alarms(&self) -> Result<BTreeSet<String>, CallError> {
        let made_by_us = TagFilter::builder().key(TAG_MADE_BY).values(&self.stack).build();
        let arn = |resource: &ResourceTagMapping| resource.resource_arn().map(str::to_owned);
        Ok(self.found("cloudwatch:alarm", made_by_us, "the stack's alarms", arn).await?.into_iter().collect())
    }
}
