// SPDX-License-Identifier: Apache-2.0
//! The Resource Groups Tagging API through the SDK: every stream or alarm that carries a tag.

use std::collections::BTreeSet;

use aws_sdk_resourcegroupstagging::Client;
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, TagFilter};
use scaler_app::cloud::{CallError, TaggedStream, Tagging};
use scaler_app::stream_name::stream_in;
use scaler_core::TAG_PREFIX;

use crate::error::call_error;
use crate::pace::Pace;

/// Resources in one answer, at most. Source: API reference, `GetResources`.
const PAGE: i32 = 100;

/// The Resource Groups Tagging API through the SDK.
#[derive(Clone, Debug)]
pub struct AwsTagging {
    /// The client.
    pub client: Client,
    /// Its pace.
    pub pace: Pace,
}

impl AwsTagging {
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

impl Tagging for AwsTagging {
    async fn streams_tagged(&self, key: &str) -> Result<Vec<TaggedStream>, CallError> {
        let stream = |resource: &ResourceTagMapping| {
            // A stream's consumers have tags as well, and such ARNs.
            let name = resource.resource_arn().and_then(stream_in)?.to_owned();
            let ours = resource.tags().iter().filter(|tag| tag.key().starts_with(TAG_PREFIX));
            let tags = ours.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            Some(TaggedStream { name, tags })
        };
        let tag = TagFilter::builder().key(key).build();
        self.found("kinesis:stream", tag, "the account's streams", stream).await
    }

    async fn alarms_tagged(&self, key: &str, value: &str) -> Result<BTreeSet<String>, CallError> {
        let tag = TagFilter::builder().key(key).values(value).build();
        let arn = |resource: &ResourceTagMapping| resource.resource_arn().map(str::to_owned);
        Ok(self.found("cloudwatch:alarm", tag, "the stack's alarms", arn).await?.into_iter().collect())
    }
}
