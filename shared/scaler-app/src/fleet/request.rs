// SPDX-License-Identifier: Apache-2.0
//! What alarm-sync is asked for: schedules, changes that CloudTrail or the tagging service tell of, deployments, people.

use aws_lambda_events::event::sqs::SqsEvent;
use jiff::Timestamp;
use scaler_core::{TAG_NOTICES, TAG_RESIZES};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::event::{EventFault, malformed, shape_of};
use crate::role::Role;
use crate::stream_name::{is_stream_name, stream_in};

/// Characters shown of a request that cannot be read.
const SHOWN_CHARS: usize = 100;

/// One thing that alarm-sync is asked for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncRequest {
    /// Bring the fleet in step. A stream's shard count is what its alarms say, but for those whose turn it is or that look
    /// wrong. What does not fit into the run is left to the next one, which the schedule asks for.
    Due {
        /// When the schedule asked, in epoch seconds: whose turn it is depends on it, however late the run. `None` is now.
        asked_at: Option<i64>,
    },
    /// Bring the fleet in step, and ask Kinesis for every stream's shard count.
    All {
        /// The streams up to this one, by name, are done.
        after: Option<String>,
    },
    /// The stack was deployed: as all, and people are told once what that came to.
    Deployed {
        /// Whether it was rolled back to what it was.
        is_rollback: bool,
    },
    /// Bring these streams in step.
    Streams(Look),
    /// Nothing, for this reason.
    Nothing(String),
}

/// A look at some streams.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Look {
    /// Their names.
    pub streams: Vec<String>,
    /// Whether to look ahead for them as well.
    pub plans: bool,
    /// The end, exclusive and in epoch seconds, of the time in which this look may ask for another. `None` is the first look of a
    /// chain, which gives the chain its end.
    pub until: Option<i64>,
}

impl SyncRequest {
    /// The request as the JSON that [`parse`] reads, for another run.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Due { .. } => json!({ "sync": "due" }).to_string(),
            Self::All { after } => json!({ "sync": "all", "after": after }).to_string(),
            Self::Deployed { .. } => json!({ "sync": "all" }).to_string(),
            Self::Streams(Look { streams, plans, until }) => {
                json!({ "sync": streams, "plans": plans, "until": until }).to_string()
            }
            Self::Nothing(_) => json!({}).to_string(),
        }
    }
}

/// Reads any event that alarm-sync may be sent. A queue may hand over several at once. `ours` are the roles of the stack's own
/// functions.
pub fn parse(event: &Value, ours: &[Role]) -> Vec<Result<SyncRequest, EventFault>> {
    let is_queue = event.pointer("/Records/0/eventSource").and_then(Value::as_str) == Some("aws:sqs");
    match event.get("detail-type").and_then(Value::as_str) {
        // The next run comes in minutes: what did not change meanwhile is not asked for.
        Some("Scheduled Event") => vec![Ok(SyncRequest::Due { asked_at: time_of(event) })],
        // New settings, perhaps: everything is looked at.
        Some("CloudFormation Stack Status Change") => {
            let status = event.pointer("/detail/status-details/status").and_then(Value::as_str);
            vec![Ok(SyncRequest::Deployed { is_rollback: status.is_some_and(|status| status.contains("ROLLBACK")) })]
        }
        Some("AWS API Call via CloudTrail") => vec![from_cloudtrail(event, ours)],
        Some("Tag Change on Resource") => vec![from_tag_change(event)],
        _ if is_queue => from_queue(event),
        _ => vec![by_hand(event)],
    }
}

/// When EventBridge says that it sent the event.
fn time_of(event: &Value) -> Option<i64> {
    let time: Timestamp = event.get("time")?.as_str()?.parse().ok()?;
    Some(time.as_second())
}

fn from_queue(event: &Value) -> Vec<Result<SyncRequest, EventFault>> {
    let road = "SQS event";
    let records = match SqsEvent::deserialize(event) {
        Ok(event) => event.records,
        Err(fault) => return vec![Err(malformed(road, &fault))],
    };
    let request = |body: Option<String>| {
        let body: Value = serde_json::from_str(&body.unwrap_or_default()).map_err(|fault| malformed(road, &fault))?;
        by_hand(&body)
    };
    records.into_iter().map(|record| request(record.body)).collect()
}

/// What people and our own queue send.
fn by_hand(event: &Value) -> Result<SyncRequest, EventFault> {
    let expected = || {
        Err(EventFault::NoSyncRequest(match event.get("sync") {
            Some(_) => event.to_string().chars().take(SHOWN_CHARS).collect(),
            None => shape_of(event),
        }))
    };
    match event.get("sync") {
        Some(Value::Array(_)) => match StreamsAsked::deserialize(event) {
            Ok(StreamsAsked { sync: streams, plans, until })
                if !streams.is_empty() && streams.iter().all(|name| is_stream_name(name)) =>
            {
                Ok(SyncRequest::Streams(Look { streams, plans: plans.unwrap_or(true), until }))
            }
            _ => expected(),
        },
        Some(Value::String(all)) if all == "all" => match event.get("after") {
            None | Some(Value::Null) => Ok(SyncRequest::All { after: None }),
            Some(Value::String(after)) => Ok(SyncRequest::All { after: Some(after.clone()) }),
            Some(_) => expected(),
        },
        Some(Value::String(due)) if due == "due" => Ok(SyncRequest::Due { asked_at: None }),
        _ => expected(),
    }
}

/// The request for a look at some streams; people leave out all but their names.
#[derive(Deserialize)]
struct StreamsAsked {
    sync: Vec<String>,
    plans: Option<bool>,
    until: Option<i64>,
}

/// A split or merge is done in minutes, and a series of them tells of each: looks at one go on for so long.
const STEP_SECONDS: i64 = 3_600;

/// A look at streams that have changed, says AWS. What is planned for them is looked at in their turn.
fn changed(streams: Vec<String>) -> SyncRequest {
    SyncRequest::Streams(Look { streams, plans: false, until: None })
}

/// The parts of a Kinesis call that CloudTrail tells of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    event_name: String,
    #[serde(default)]
    request_parameters: Option<Parameters>,
    #[serde(default)]
    user_identity: Value,
}

impl Call {
    /// Whether one of these roles put tags on a stream.
    fn is_tags_by(&self, roles: &[Role]) -> bool {
        // The issuer is the role itself, and the other the session in which it was taken on.
        let arns = ["/sessionContext/sessionIssuer/arn", "/arn"];
        let mut by = arns.into_iter().filter_map(|place| Role::of_arn(self.user_identity.pointer(place)?.as_str()?));
        ["AddTagsToStream", "TagResource"].contains(&self.event_name.as_str()) && by.any(|role| roles.contains(&role))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    #[serde(rename = "streamName")]
    stream_name: Option<String>,
    #[serde(rename = "streamARN", alias = "streamArn")]
    stream_arn: Option<String>,
    #[serde(rename = "resourceARN", alias = "resourceArn")]
    resource_arn: Option<String>,
    /// Keys and values when tags are added, perhaps as a list of both, ...
    tags: Option<Value>,
    /// ... keys when they are removed.
    #[serde(rename = "tagKeys")]
    tag_keys: Option<Vec<String>>,
}

fn from_cloudtrail(event: &Value, ours: &[Role]) -> Result<SyncRequest, EventFault> {
    let road = "CloudTrail event";
    let call = Call::deserialize(&event["detail"]).map_err(|fault| malformed(road, &fault))?;
    // Told by who made it as well: no record of how CloudTrail shows tags is published.
    if call.is_tags_by(ours) {
        return Ok(nothing_but_memory());
    }
    let parameters = call.request_parameters.unwrap_or_default();
    if let Some(keys) = parameters.tags.as_ref().and_then(keys_of).or(parameters.tag_keys)
        && only_memory(&keys)
    {
        return Ok(nothing_but_memory());
    }
    let arn = parameters.stream_arn.or(parameters.resource_arn);
    let of_arn = arn.as_deref().and_then(stream_in).map(str::to_owned);
    match (parameters.stream_name.filter(|name| is_stream_name(name)).or(of_arn), arn) {
        (Some(name), _) => {
            let is_step = ["SplitShard", "MergeShards"].contains(&call.event_name.as_str());
            let until = time_of(event).filter(|_| is_step).map(|told| told.saturating_add(STEP_SECONDS));
            Ok(SyncRequest::Streams(Look { streams: vec![name], plans: false, until }))
        }
        // Consumers are tagged by the same call.
        (None, Some(arn)) => Ok(SyncRequest::Nothing(format!("{arn} is not a stream"))),
        (None, None) => Err(EventFault::Malformed { road, fault: format!("{} names no stream", call.event_name) }),
    }
}

/// The keys of tags, be they an object or a list of keys and values; `None` where one cannot be read.
fn keys_of(tags: &Value) -> Option<Vec<String>> {
    let key = |tag: &Value| Some(["key", "Key"].into_iter().find_map(|name| tag.get(name)?.as_str())?.to_owned());
    match tags {
        Value::Object(tags) => Some(tags.keys().cloned().collect()),
        Value::Array(tags) => tags.iter().map(key).collect(),
        _ => None,
    }
}

/// The parts of an event of the tagging service.
#[derive(Deserialize)]
struct TagChange {
    resources: Vec<String>,
    detail: ChangedKeys,
}

#[derive(Deserialize)]
struct ChangedKeys {
    #[serde(rename = "changed-tag-keys", default)]
    keys: Vec<String>,
}

fn from_tag_change(event: &Value) -> Result<SyncRequest, EventFault> {
    let road = "tag event";
    let change = TagChange::deserialize(event).map_err(|fault| malformed(road, &fault))?;
    if only_memory(&change.detail.keys) {
        return Ok(nothing_but_memory());
    }
    let streams: Vec<_> = change.resources.iter().filter_map(|arn| stream_in(arn)).map(str::to_owned).collect();
    if streams.is_empty() {
        return Ok(SyncRequest::Nothing(format!("none of {:?} is a stream", change.resources)));
    }
    Ok(changed(streams))
}

/// What we write on every resize and every message tells us nothing new.
fn only_memory(keys: &[String]) -> bool {
    !keys.is_empty() && keys.iter().all(|key| [TAG_RESIZES, TAG_NOTICES].contains(&key.as_str()))
}

fn nothing_but_memory() -> SyncRequest {
    SyncRequest::Nothing("only the scaler's own tags changed".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_request_for_another_run_is_read_back() {
        for request in [
            SyncRequest::All { after: Some("orders".to_owned()) },
            SyncRequest::All { after: None },
            SyncRequest::Due { asked_at: None },
            SyncRequest::Streams(Look { streams: vec!["orders".to_owned()], plans: true, until: None }),
            SyncRequest::Streams(Look { streams: vec!["orders".to_owned()], plans: false, until: Some(1_767_322_800) }),
        ] {
            let body = request.message();
            let queue = json!({ "Records": [{ "eventSource": "aws:sqs", "body": body }] });
            assert_eq!(parse(&queue, &[]), [Ok(request)], "{body}");
        }
    }

    #[test]
    fn what_is_no_request_is_told_with_what_was_expected() {
        for (event, told) in [
            (json!({ "sync": "everything" }), "got {\"sync\":\"everything\"}"),
            (json!({ "sync": ["or ders"] }), "got {\"sync\":[\"or ders\"]}"),
            (json!({ "sync": [] }), "got {\"sync\":[]}"),
            (json!({ "sync": ["orders"], "plans": "yes" }), "\"plans\":\"yes\""),
            (json!({ "sync": ["orders"], "until": "noon" }), "\"until\":\"noon\""),
            (json!({ "sync": "all", "after": 7 }), "expected"),
            (json!({ "Records": [] }), "an object with the fields [Records]"),
            (json!(null), "got null"),
        ] {
            let fault = parse(&event, &[]).remove(0).unwrap_err().to_string();
            assert!(fault.contains(told) && fault.contains("{\"sync\": \"all\"}"), "{fault}");
        }
    }

    #[test]
    fn a_consumer_that_is_tagged_asks_for_nothing() {
        let arn = "arn:aws:kinesis:us-east-1:123456789012:stream/orders/consumer/app:1767322800";
        let call =
            json!({ "eventName": "TagResource", "requestParameters": { "resourceARN": arn, "tags": { "a": "b" } } });
        let request = parse(&json!({ "detail-type": "AWS API Call via CloudTrail", "detail": call }), &[]).remove(0);
        assert_eq!(request, Ok(SyncRequest::Nothing(format!("{arn} is not a stream"))));
    }

    #[test]
    fn our_own_memory_asks_for_nothing() {
        let tags = |keys: &[&str], pair: &dyn Fn(&str) -> Value| {
            let list: Vec<_> = keys.iter().map(|key| pair(key)).collect();
            let object: serde_json::Map<_, _> = keys.iter().map(|key| ((*key).to_owned(), json!("x"))).collect();
            [told("AddTagsToStream", &json!(list), "operator"), told("AddTagsToStream", &json!(object), "operator")]
        };
        for pair in [|key: &str| json!({ "key": key, "value": "x" }), |key: &str| json!({ "Key": key, "Value": "x" })] {
            assert!(tags(&[TAG_RESIZES], &pair).iter().all(|request| matches!(request, SyncRequest::Nothing(_))));
            assert_eq!(tags(&[TAG_RESIZES, "team"], &pair), [(); 2].map(|()| changed(vec!["orders".to_owned()])));
        }
    }

    /// A request for tags on orders as CloudTrail may tell of it, by a session of this role.
    fn told(call: &str, tags: &Value, role: &str) -> SyncRequest {
        let ours = Role::of_arn("arn:aws:iam::123456789012:role/scaler").into_iter().collect::<Vec<_>>();
        let call = json!({
            "eventName": call,
            "requestParameters": { "streamName": "orders", "tags": tags },
            "userIdentity": {
                "type": "AssumedRole",
                "arn": format!("arn:aws:sts::123456789012:assumed-role/{role}/session"),
                "sessionContext": { "sessionIssuer": { "arn": format!("arn:aws:iam::123456789012:role/{role}") } },
            },
        });
        parse(&json!({ "detail-type": "AWS API Call via CloudTrail", "detail": call }), &ours).remove(0).unwrap()
    }

    /// However CloudTrail shows them, or hides them.
    #[test]
    fn tags_of_our_own_role_ask_for_nothing_in_any_shape() {
        let orders = || changed(vec!["orders".to_owned()]);
        for tags in [json!(null), json!("HIDDEN_DUE_TO_SECURITY_REASONS"), json!([["a", "b"]]), json!({ "tags": [] })] {
            assert!(matches!(told("AddTagsToStream", &tags, "scaler"), SyncRequest::Nothing(_)), "{tags}");
            assert_eq!(told("AddTagsToStream", &tags, "operator"), orders(), "{tags}");
            assert_eq!(told("UpdateShardCount", &tags, "scaler"), orders(), "whose alarms are looked at");
        }
    }
}
