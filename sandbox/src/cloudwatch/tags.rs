// SPDX-License-Identifier: Apache-2.0
//! The tags of alarms.

use std::collections::BTreeMap;

use aws_models::cloudwatch::CloudWatch;

use super::refusal::Refusal;
use super::wire::tags::{ListTagsForResource, ListTagsForResourceOutput, TagResource, UntagResource, tags};
use crate::locked::locked;
use crate::state::Shared;

type Tags = BTreeMap<String, String>;

/// An alarm that is not here goes by another name of the error than with `SetAlarmState`: there it is `ResourceNotFound`,
/// here `ResourceNotFoundException`. Source: CloudWatch API reference, the operations that tag.
fn no_resource(message: String) -> Refusal {
    Refusal::not_found("ResourceNotFoundException", message)
}

fn tags_of(cloudwatch: &CloudWatch, alarm: &str) -> Result<Tags, Refusal> {
    cloudwatch.alarm_tags(alarm).cloned().map_err(|error| no_resource(error.to_string()))
}

/// The name of the alarm that is asked for its tags; nothing else has any here.
fn tagged_alarm(shared: &Shared, arn: Option<String>) -> Result<String, Refusal> {
    let arn = arn.ok_or_else(|| Refusal::missing("resourceARN"))?;
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", "aws", "cloudwatch", _, _, "alarm", _] = parts[..] else {
        return Err(Refusal::parameter_value(format!("ResourceARN {arn:?} is not the ARN of an alarm")));
    };
    let name = arn.strip_prefix(&shared.origin().alarm_arn("")).map(str::to_owned);
    let (account, region) = (&shared.options.account, &shared.options.region);
    name.ok_or_else(|| no_resource(format!("{arn} is not of account {account} in {region}")))
}

pub(super) fn list_tags_for_resource(
    shared: &Shared,
    input: ListTagsForResource,
) -> Result<ListTagsForResourceOutput, Refusal> {
    let name = tagged_alarm(shared, input.resource_arn)?;
    Ok(ListTagsForResourceOutput::new(tags_of(&locked(&shared.cloudwatch), &name)?))
}

pub(super) fn tag_resource(shared: &Shared, input: TagResource) -> Result<(), Refusal> {
    let name = tagged_alarm(shared, input.resource_arn)?;
    let mut cloudwatch = locked(&shared.cloudwatch);
    let mut tags = tags_of(&cloudwatch, &name)?;
    tags.extend(self::tags(input.tags.ok_or_else(|| Refusal::missing("tags"))?));
    cloudwatch.set_alarm_tags(&name, tags).map_err(|error| Refusal::parameter_value(error.to_string()))
}

pub(super) fn untag_resource(shared: &Shared, input: UntagResource) -> Result<(), Refusal> {
    let name = tagged_alarm(shared, input.resource_arn)?;
    let keys = input.tag_keys.ok_or_else(|| Refusal::missing("tagKeys"))?;
    let mut cloudwatch = locked(&shared.cloudwatch);
    let mut tags = tags_of(&cloudwatch, &name)?;
    tags.retain(|key, _| !keys.contains(key));
    Ok(cloudwatch.set_alarm_tags(&name, tags)?)
}
