// SPDX-License-Identifier: Apache-2.0
//! Tags of streams and consumers. The emulator lets no colon into a tag, takes what is AWS's own, and finds no fault with a
//! resource that is not there, so it only checks the form of a request.

use std::collections::BTreeMap;

use aws_models::kinesis_rules::Refusal;
use axum::http::StatusCode;
use axum::response::Response;
use ferrokinesis::actions::Operation;
use ferrokinesis::error::KinesisErrorResponse;
use serde_json::{Value, json};

use super::answers::{answer, internal, invalid_argument, refused};
use super::call::Call;
use super::wider_limits;
use crate::state::Shared;

/// Tags of a resource. Source: API reference, `AddTagsToStream` and `TagResource`.
const TAGS_MAX: usize = 50;

/// What the keys of AWS's own tags start with. Source: Developer Guide, "Tag your Amazon Kinesis Data Streams resources".
const RESERVED: &str = "aws:";

/// What may be in a tag beside letters, digits and white space. Source: API reference, `TagResource`.
const SYMBOLS: &str = "_.:/=+-@";

pub(super) type Tags = BTreeMap<String, String>;

/// What has tags.
enum Tagged {
    /// A stream, by name.
    Stream(String),
    /// A consumer, by ARN.
    Consumer(String),
}

impl Call<'_> {
    /// Adds, removes or lists the tags of a resource.
    pub(super) async fn tag(self, operation: Operation) -> Result<Response, Refusal> {
        let request = match wider_limits::checked(operation, None, &Value::Object(self.body)) {
            Ok(request) => request,
            Err(error) => return Ok(refused(&error)),
        };
        let tagged = tagged(self.shared, &request).await?;
        let mut tags = match tags_of(self.shared, &tagged).await {
            Ok(tags) => tags,
            Err(error) => return Ok(refused(&error)),
        };
        match operation {
            Operation::AddTagsToStream | Operation::TagResource => {
                let added = read(&request["Tags"]);
                check(&added)?;
                tags.extend(added);
                check_count(self.shared, &tagged, operation, tags.len())?;
            }
            Operation::RemoveTagsFromStream | Operation::UntagResource => {
                let keys: Vec<&str> =
                    request["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                keys.iter().try_for_each(|key| check_characters(key))?;
                tags.retain(|key, _| !keys.contains(&key.as_str()));
            }
            _ => {
                let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                return Ok(answer(StatusCode::OK, &json!({"Tags": tags})));
            }
        }
        put_tags(self.shared, &tagged, tags).await.map_err(|error| internal(&error))?;
        Ok(answer(StatusCode::OK, &json!({})))
    }
}

async fn tagged(shared: &Shared, request: &Value) -> Result<Tagged, Refusal> {
    let Some(arn) = request["ResourceARN"].as_str() else {
        return Ok(Tagged::Stream(request["StreamName"].as_str().unwrap_or_default().to_owned()));
    };
    let not_found = |message| Refusal::new("ResourceNotFoundException", message);
    match arn.strip_prefix(&shared.origin().stream_arn("")) {
        Some(name) if !name.contains('/') => Ok(Tagged::Stream(name.to_owned())),
        Some(_) if shared.store.get_consumer(arn).await.is_some() => Ok(Tagged::Consumer(arn.to_owned())),
        Some(_) => Err(not_found(format!("Consumer {arn} not found."))),
        None => {
            let (account, region) = (&shared.options.account, &shared.options.region);
            Err(not_found(format!("Resource {arn} not found: this is account {account} in {region}.")))
        }
    }
}

async fn tags_of(shared: &Shared, tagged: &Tagged) -> Result<Tags, KinesisErrorResponse> {
    match tagged {
        Tagged::Stream(name) => shared.store.get_stream(name).await.map(|stream| stream.tags),
        Tagged::Consumer(arn) => Ok(shared.store.get_resource_tags(arn).await),
    }
}

async fn put_tags(shared: &Shared, tagged: &Tagged, tags: Tags) -> Result<(), KinesisErrorResponse> {
    match tagged {
        Tagged::Stream(name) => {
            let put = shared.store.update_stream(name, |stream| {
                stream.tags = tags;
                Ok(())
            });
            put.await
        }
        Tagged::Consumer(arn) => shared.store.put_resource_tags(arn, &tags).await,
    }
}

/// The `Tags` of a request.
pub(super) fn read(tags: &Value) -> Tags {
    let entries = tags.as_object().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Refuses what no resource may have.
pub(super) fn check(tags: &Tags) -> Result<(), Refusal> {
    for (key, value) in tags {
        if key.to_lowercase().starts_with(RESERVED) {
            // AWS's words for this are not known; its code is that of a wrong tag.
            return Err(invalid_argument(format!("Tag key {key} starts with {RESERVED}, which is reserved for AWS.")));
        }
        check_characters(key)?;
        check_characters(value)?;
    }
    if tags.len() > TAGS_MAX {
        return Err(too_many());
    }
    Ok(())
}

fn check_characters(text: &str) -> Result<(), Refusal> {
    let is_legal = |c: char| c.is_alphabetic() || c.is_numeric() || c.is_whitespace() || SYMBOLS.contains(c);
    if text.chars().all(is_legal) {
        return Ok(());
    }
    Err(invalid_argument(format!(
        "Some tags contain invalid characters: {text}. Valid characters: Unicode letters, digits, white space, \
         _ . : / = + - @."
    )))
}

fn check_count(shared: &Shared, tagged: &Tagged, operation: Operation, count: usize) -> Result<(), Refusal> {
    match tagged {
        _ if count <= TAGS_MAX => Ok(()),
        Tagged::Stream(name) if operation == Operation::AddTagsToStream => Err(invalid_argument(format!(
            "Failed to add tags to stream {name} under account {} because a given stream cannot have more than \
             {TAGS_MAX} tags associated with it.",
            shared.options.account
        ))),
        Tagged::Stream(_) | Tagged::Consumer(_) => Err(too_many()),
    }
}

fn too_many() -> Refusal {
    invalid_argument(format!("A resource cannot have more than {TAGS_MAX} tags."))
}
