// SPDX-License-Identifier: Apache-2.0
//! The Resource Groups Tagging API over AWS JSON 1.1: `GetResources`, of Kinesis streams and CloudWatch alarms.
//!
//! Source of the rules: Resource Groups Tagging API reference, `GetResources` (read 2026-11). Two things are left out:
//! AWS also lists resources that had tags once, and sees changed tags late.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_models::kinesis_rules::Refusal;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json;
use crate::locked::locked;
use crate::state::Shared;

const TARGET_PREFIX: &str = "ResourceGroupsTaggingAPI_20170126.";
const INVALID: &str = "InvalidParameterException";
const EXPIRED: &str = "PaginationTokenExpiredException";

const PAGE_MAX: usize = 100;

/// What AWS takes for an absent `ResourcesPerPage`. Unverified: the reference gives none; emulators take 50.
const PAGE_DEFAULT: usize = 50;

const TAG_FILTERS_MAX: usize = 50;
const FILTER_VALUES_MAX: usize = 20;

/// What a token begins with whose page is one of alarms; a stream's name has no such character.
const ALARMS: &str = "alarm/";

/// How long a token is good for.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Takes the requests for this API; everything else goes on.
pub(crate) async fn layer(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let Some(operation) = json::operation(request.headers(), TARGET_PREFIX) else { return next.run(request).await };
    json::respond(json::V1_1, run(&shared, &operation, request.into_body()).await)
}

async fn run(shared: &Shared, operation: &str, body: Body) -> Result<Value, Refusal> {
    shared.called("tag", operation).map_err(|too_fast| Refusal::new("ThrottledException", too_fast.message()))?;
    match operation {
        "GetResources" => get_resources(shared, &json::read(body).await?).await,
        _ => Err(json::unknown_operation(operation, "GetResources")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetResources {
    pagination_token: Option<String>,
    #[serde(default)]
    tag_filters: Vec<TagFilter>,
    resources_per_page: Option<i64>,
    #[serde(default)]
    resource_type_filters: Vec<String>,
    // Not modelled; named so that a caller who needs them is refused instead of answered wrongly.
    tags_per_page: Option<Value>,
    #[serde(rename = "ResourceARNList")]
    resource_arn_list: Option<Value>,
    include_compliance_details: Option<Value>,
    exclude_compliant_resources: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagFilter {
    #[serde(default)]
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

impl TagFilter {
    fn passes(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(&self.key).is_some_and(|value| self.values.is_empty() || self.values.contains(value))
    }
}

async fn get_resources(shared: &Shared, input: &GetResources) -> Result<Value, Refusal> {
    let page = input.checked()?;
    let now = shared.clock.now();
    let after = input.pagination_token.as_deref().filter(|token| !token.is_empty());
    let after = after.map_or(Ok(""), |token| last_name(token, now))?;
    let (mut found, mut last) = (Vec::new(), None);
    let alarms_after = after.strip_prefix(ALARMS);
    if input.wants("kinesis", "stream") && alarms_after.is_none() {
        (found, last) = tagged_streams(shared, input, page, after).await;
    }
    if input.wants("cloudwatch", "alarm") && last.is_none() {
        let more = tagged_alarms(shared, input, page - found.len(), alarms_after.unwrap_or_default());
        found.extend(more.0);
        last = more.1.map(|name| format!("{ALARMS}{name}"));
    }
    let token = last.map(|last| token(&last, now)).unwrap_or_default();
    Ok(json!({"ResourceTagMappingList": found, "PaginationToken": token}))
}

impl GetResources {
    /// Whether it asks for resources of this service and type.
    fn wants(&self, service: &str, kind: &str) -> bool {
        let types = &self.resource_type_filters;
        types.is_empty() || types.iter().any(|it| it == service || it.split_once(':') == Some((service, kind)))
    }

    /// The size of a page, when all parameters are what AWS accepts.
    fn checked(&self) -> Result<usize, Refusal> {
        let unmodelled = json::unmodelled(&[
            ("TagsPerPage", &self.tags_per_page),
            ("ResourceARNList", &self.resource_arn_list),
            ("IncludeComplianceDetails", &self.include_compliance_details),
            ("ExcludeCompliantResources", &self.exclude_compliant_resources),
        ]);
        if let Some(message) = unmodelled {
            return Err(Refusal::new(INVALID, message));
        }
        let filters = self.tag_filters.len();
        require(filters <= TAG_FILTERS_MAX, || {
            format!("TagFilters has {filters} keys, not at most {TAG_FILTERS_MAX}")
        })?;
        for TagFilter { key, values } in &self.tag_filters {
            require(!key.is_empty(), || "TagFilters has a filter without a Key".to_owned())?;
            let values = values.len();
            let message = || format!("The filter for {key:?} has {values} values, not at most {FILTER_VALUES_MAX}");
            require(values <= FILTER_VALUES_MAX, message)?;
        }
        let Some(asked) = self.resources_per_page else { return Ok(PAGE_DEFAULT) };
        let page = usize::try_from(asked).ok().filter(|page| (1..=PAGE_MAX).contains(page));
        page.ok_or_else(|| Refusal::new(INVALID, format!("ResourcesPerPage={asked} is not 1 to {PAGE_MAX}")))
    }
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::new(INVALID, message())) }
}

/// A page of the streams whose names sort after `after`, and the last name on it when there are more. Streams before
/// the page are not looked at, so that a listing looks at each of them once.
async fn tagged_streams(
    shared: &Shared,
    input: &GetResources,
    page: usize,
    after: &str,
) -> (Vec<Value>, Option<String>) {
    let names = shared.store.list_stream_names().await; // sorted
    let first = names.partition_point(|name| name.as_str() <= after);
    let (mut found, mut last) = (Vec::new(), None);
    for name in &names[first..] {
        let Ok(stream) = shared.store.get_stream(name).await else { continue };
        if stream.tags.is_empty() || !input.tag_filters.iter().all(|filter| filter.passes(&stream.tags)) {
            continue;
        }
        if found.len() == page {
            return (found, last);
        }
        let tags: Vec<Value> = stream.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        found.push(json!({"ResourceARN": stream.stream_arn, "Tags": tags}));
        last = Some(name.clone());
    }
    (found, None)
}

/// As [`tagged_streams`], of alarms.
fn tagged_alarms(shared: &Shared, input: &GetResources, room: usize, after: &str) -> (Vec<Value>, Option<String>) {
    let origin = shared.origin();
    let cloudwatch = locked(&shared.cloudwatch);
    let (mut found, mut last) = (Vec::new(), after.to_owned());
    for (name, tags) in cloudwatch.tagged_alarms(after) {
        if !input.tag_filters.iter().all(|filter| filter.passes(tags)) {
            continue;
        }
        if found.len() == room {
            return (found, Some(last));
        }
        let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        found.push(json!({"ResourceARN": origin.alarm_arn(name), "Tags": tags}));
        name.clone_into(&mut last);
    }
    (found, None)
}

/// A token for the page after this name, which says when it was given out.
fn token(last: &str, now: Timestamp) -> String {
    format!("{}:{last}", now.as_second())
}

/// The name in a token that is still good.
fn last_name(token: &str, now: Timestamp) -> Result<&str, Refusal> {
    let parts = token.split_once(':').and_then(|(given, last)| Some((given.parse().ok()?, last)));
    let (given, last) = parts.ok_or_else(|| {
        Refusal::new(EXPIRED, format!("PaginationToken {token:?} is not one that this sandbox returned"))
    })?;
    let age = now.duration_since(Timestamp::from_second(given).unwrap_or(Timestamp::MIN));
    if age > TOKEN_LIFE {
        let message = format!("PaginationToken {token:?} is {age:#} old, not at most {TOKEN_LIFE:#}");
        return Err(Refusal::new(EXPIRED, message));
    }
    Ok(last)
}
