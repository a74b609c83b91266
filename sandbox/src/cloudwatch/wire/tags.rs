// SPDX-License-Identifier: Apache-2.0
//! The tags of alarms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct WireTag {
    key: String,
    value: String,
}

pub(in crate::cloudwatch) fn tags(tags: Vec<WireTag>) -> BTreeMap<String, String> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

#[derive(Debug, Deserialize)]
pub(in crate::cloudwatch) struct ListTagsForResource {
    #[serde(rename = "ResourceARN")]
    pub(in crate::cloudwatch) resource_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct TagResource {
    #[serde(rename = "ResourceARN")]
    pub(in crate::cloudwatch) resource_arn: Option<String>,
    pub(in crate::cloudwatch) tags: Option<Vec<WireTag>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct UntagResource {
    #[serde(rename = "ResourceARN")]
    pub(in crate::cloudwatch) resource_arn: Option<String>,
    pub(in crate::cloudwatch) tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::cloudwatch) struct ListTagsForResourceOutput {
    tags: Vec<WireTag>,
}

impl ListTagsForResourceOutput {
    pub(in crate::cloudwatch) fn new(tags: BTreeMap<String, String>) -> Self {
        Self { tags: tags.into_iter().map(|(key, value)| WireTag { key, value }).collect() }
    }
}
