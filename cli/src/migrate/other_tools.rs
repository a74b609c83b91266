// SPDX-License-Identifier: Apache-2.0
//! Topics in the JSON of other tools, where it says enough of them; and which tool a file looks to be of, where it is not read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::fields;
use super::gathered::{FIELDS, Gathered};

/// Which tools' answers are read.
pub(super) const READ: &str = "the output of these tools is read, too: kafka-topics.sh --describe, \
    kafka-configs.sh --describe --all --entity-type topics, kcat -L -J, aws kafka list-topics, aws kafka \
    describe-topic, kubectl get kafkatopics -o json, rpk topic list --format json, confluent kafka topic list \
    -o json";

/// Fields that have a topic's name, ours before those of other tools.
const NAMES: [&str; 4] = ["topic", "topicName", "topic_name", "name"];
/// Fields that have the count of its partitions, or a list of them.
const PARTITIONS: [&str; 4] = ["partitionCount", "partitions_count", "partition_count", "partitions"];
/// Fields of ours that other tools have, too.
const SHARED: [&str; 2] = ["topic", "partitions"];
/// Fields that have its configuration.
const CONFIGS: [&str; 3] = ["configs", "config", "configuration"];
/// Fields that say that it is the cluster's own.
const INTERNAL: [&str; 3] = ["is_internal", "internal", "isInternal"];
/// Fields that have the list of topics.
const LISTS: [&str; 5] = ["topics", "data", "items", "results", "Topics"];
/// What MSK says of a topic that is on its way out.
const GOING: &str = "DELETING";

/// Reads the topics, if one of them is as another tool tells it; `false` for descriptions of ours, and for anything else.
pub(super) fn read(file: &str, parsed: &Value, gathered: &mut Gathered) -> bool {
    // kcat calls topics as we do, and says more beside them.
    let is_metadata = parsed.get("brokers").is_some();
    let topics = topics(parsed);
    if !topics.iter().any(|topic| other_tool_topic(topic, is_metadata).is_some()) {
        return false;
    }
    for (at, topic) in topics.iter().enumerate() {
        let place = format!("{file}: topic {}", at + 1);
        match other_tool_topic(topic, is_metadata) {
            Some((topic, name)) if gathered.found(name, &place) => add(name, &place, topic, gathered),
            Some(_) => {}
            // The odd one of the list; where several answers were joined, it may be a description.
            None => fields::add_value(&place, topic, gathered),
        }
    }
    true
}

/// The topics of one answer of several.
pub(super) fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list,
        Value::Object(mut object) => {
            let list = LISTS.iter().find(|list| object.get(**list).is_some_and(Value::is_array));
            match list.and_then(|list| object.remove(*list)) {
                Some(Value::Array(list)) => list,
                _ => vec![Value::Object(object)],
            }
        }
        other => vec![other],
    }
}

/// Where the topics would be.
fn topics(parsed: &Value) -> &[Value] {
    match parsed {
        Value::Array(list) => list,
        Value::Object(object) => match LISTS.iter().find_map(|list| object.get(*list)) {
            Some(list) => list.as_array().map_or(&[], Vec::as_slice),
            None => std::slice::from_ref(parsed),
        },
        _ => &[],
    }
}

/// A topic and its name, where no description of ours says it so.
fn other_tool_topic(topic: &Value, is_metadata: bool) -> Option<(&Map<String, Value>, &str)> {
    let object = topic.as_object()?;
    if object.get("kind").and_then(Value::as_str) == Some("KafkaTopic") && object.contains_key("spec") {
        let named = topic.pointer("/spec/topicName").or_else(|| topic.pointer("/metadata/name"));
        return Some((topic.get("spec")?.as_object()?, named?.as_str()?));
    }
    // What no tool but ours would read would be lost.
    let is_ours = FIELDS.iter().any(|(field, _)| !SHARED.contains(field) && object.contains_key(*field));
    let (field, name) = NAMES.iter().find_map(|field| Some((*field, object.get(*field)?.as_str()?)))?;
    let has_partitions = PARTITIONS.iter().any(|field| object.contains_key(*field));
    let is_foreign = field != "topic" || is_metadata || object.get("partitions").is_some_and(Value::is_array);
    (!is_ours && is_foreign && (has_partitions || is_metadata)).then_some((object, name))
}

fn add(name: &str, place: &str, topic: &Map<String, Value>, gathered: &mut Gathered) {
    let of = |fields: &[&str]| fields.iter().find_map(|field| topic.get(*field));
    match of(&PARTITIONS) {
        Some(Value::Array(list)) if !list.is_empty() => {
            gathered.take(name, place, "partitions", &list.len().to_string());
        }
        Some(Value::Number(count)) => gathered.take(name, place, "partitions", &count.to_string()),
        Some(_) | None => {}
    }
    match of(&CONFIGS).map(configs) {
        Some(Some(configs)) => {
            for (property, value) in configs {
                // Our own fields are no names of Kafka's.
                if property.contains('.') {
                    gathered.take(name, place, &property, &value);
                }
            }
        }
        Some(None) => gathered.fault(Some(name), place, "its configs have a format that is not supported".to_owned()),
        None => {}
    }
    if let Some(error) = topic.get("error").and_then(Value::as_str).filter(|error| !error.is_empty()) {
        gathered.fault(Some(name), place, format!("the tool could not read it: {error}"));
    }
    if of(&INTERNAL) == Some(&Value::Bool(true)) {
        gathered.leave_out(name, Some(place), "the cluster's own, nothing to move");
    }
    if topic.get("status").and_then(Value::as_str) == Some(GOING) {
        gathered.leave_out(name, Some(place), "being deleted");
    }
}

/// Names and values: of an object, of a list of `{"name": ..., "value": ...}`, or of lines that MSK has in base64.
fn configs(value: &Value) -> Option<Vec<(String, String)>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match value {
        Value::Null => Some(Vec::new()),
        Value::Object(object) => {
            Some(object.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect())
        }
        Value::Array(list) => {
            let pairs: Option<Vec<_>> =
                list.iter().map(|each| Some((each.get("name")?.as_str()?, each.get("value")?))).collect();
            Some(pairs?.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value)?))).collect())
        }
        Value::String(encoded) => {
            let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
            let lines = decoded.lines().filter_map(|line| line.split_once('='));
            Some(lines.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect())
        }
        Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Which tool's JSON it looks to be that is not read.
pub(super) fn json_looks_like(parsed: &Value) -> &'static str {
    let of_topics = parsed.get("topics").unwrap_or(parsed);
    let is_reassignment = parsed.get("version").is_some()
        && (parsed.get("partitions").is_some() || parsed.get("topics").is_some() || parsed.get("brokers").is_some());
    if parsed.get("ClusterInfoList").is_some() {
        return "it looks like aws kafka list-clusters; ";
    }
    if is_reassignment {
        return "it looks like kafka-reassign-partitions or kafka-log-dirs; ";
    }
    if of_topics.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string)) {
        return "it has the names of topics alone, as REST proxies list them; ";
    }
    ""
}

/// Which tool a text looks to be of, that is read by another command's; what to do about it.
pub(super) fn looks_like(text: &str) -> Option<&'static str> {
    let has = |words: &[&str]| text.lines().any(|line| words.iter().all(|word| line.contains(word)));
    let is_name = |line: &str| line.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    if has(&["TOPIC", "PARTITION", "CURRENT-OFFSET"]) {
        return Some("it looks like kafka-consumer-groups --describe: give it as --groups");
    }
    if has(&["topic \"", "\" with ", "partitions:"]) {
        return Some("it looks like kcat -L: use kcat -L -J");
    }
    if has(&["kind: KafkaTopic"]) {
        return Some("it looks like Strimzi's YAML: use kubectl get kafkatopics -o json");
    }
    if has(&["NAME", "PARTITIONS", "REPLICAS"]) {
        return Some("it looks like rpk topic list: use --format json");
    }
    if has(&["\"logDirs\""]) || has(&["Querying brokers for log directories"]) {
        return Some("it looks like kafka-log-dirs: use kafka-topics --describe");
    }
    let first = lines.next()?;
    (is_name(first) && lines.all(is_name)).then_some("if it is kafka-topics --list: use --describe")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;
    use sizing::migration::Retention;

    use super::*;

    #[test]
    fn topics_are_read_from_the_json_of_other_tools() {
        for (tool, told) in [
            (
                "kcat -L -J",
                json!({"originating_broker": {"id": 1}, "query": {"topic": "*"}, "controllerid": 1, "brokers": [],
                    "topics": [{"topic": "fares", "partitions": [{"partition": 0}, {"partition": 1}, {"partition": 2}]}]}),
            ),
            (
                "kcat -L -J, its topics alone",
                json!({"topics": [{"topic": "fares", "partitions": [{"partition": 0}, {"partition": 1}, {"partition": 2}]}]}),
            ),
            (
                "aws kafka describe-topic",
                json!({"topicArn": "arn:aws:kafka:x", "topicName": "fares", "partitionCount": 3, "replicationFactor": 3,
                    "configs": "cmV0ZW50aW9uLm1zPTYwNDgwMDAwMA==", "status": "ACTIVE"}),
            ),
            (
                "aws kafka list-topics",
                json!({"topics": [{"topicArn": "arn:aws:kafka:x", "topicName": "fares", "partitionCount": 3}], "nextToken": "x"}),
            ),
            (
                "kubectl get kafkatopics",
                json!({"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "kafka.strimzi.io/v1beta2", "kind": "KafkaTopic",
                    "metadata": {"name": "fares"}, "spec": {"partitions": 3, "config": {"retention.ms": 604_800_000}}}]}),
            ),
            ("rpk topic list", json!([{"name": "fares", "partitions": 3, "replicas": 3, "internal": false}])),
            (
                "Kafka REST v3",
                json!({"kind": "KafkaTopicList", "data": [{"topic_name": "fares", "is_internal": false, "partitions_count": 3,
                    "configs": {"related": "http://x"}}]}),
            ),
            (
                "names and values",
                json!([{"name": "fares", "partition_count": 3, "config": [{"name": "retention.ms", "value": "604800000"}]}]),
            ),
        ] {
            let mut gathered = Gathered::default();
            assert!(read("t.json", &told, &mut gathered), "{tool}");
            assert!(gathered.left_out.is_empty(), "{tool}: {:?}", gathered.left_out);
            let topic = &gathered.topics["fares"].topic;
            assert_eq!(topic.partitions, Some(3), "{tool}");
            let week = Some(Retention::Milliseconds(604_800_000));
            assert!(topic.retention.is_none() || topic.retention == week, "{tool}");
        }
    }

    #[test]
    fn what_is_ours_is_not_taken_for_another_tool_s() {
        for ours in [
            json!({"topics": [{"topic": "fares", "partitions": 3}]}),
            json!([{"topic": "fares"}]),
            json!({"topic": "fares"}),
            json!({"topics": ["fares"]}),
            json!([{"name": "fares", "partitions": 3, "mb_per_second": 5, "retention_ms": 1000}]),
            json!([{"topicName": "fares", "partitionCount": 3, "consumer_groups": ["a"]}]),
            json!([{"topic": "fares", "name": "Fares", "partitions": 3}]),
            json!([{"topic": "fares", "partitions": 3, "topicName": "Fares"}]),
            json!([]),
            json!(7),
        ] {
            assert!(!read("t.json", &ours, &mut Gathered::default()), "{ours}");
        }
    }

    #[test]
    fn one_odd_topic_of_a_list_is_left_out_with_its_reason() {
        let told = json!({"brokers": [], "topics": [
            {"topic": "fares", "partitions": [{"partition": 0}]},
            {"topic": "gone", "partitions": [], "error": "Broker: Unknown topic or partition"},
            {"topic": "a/b", "partitions": [{"partition": 0}]},
        ]});
        let msk = json!([{"topicName": "old", "partitionCount": 1, "status": "DELETING"},
            {"topicName": "odd", "partitionCount": 1, "configs": "!"}]);
        let mut gathered = Gathered::default();
        assert!(read("t", &told, &mut gathered) && read("msk", &msk, &mut gathered));
        gathered.settle();
        assert_eq!(gathered.topics.keys().collect::<Vec<_>>(), ["fares"]);
        let told: Vec<_> = gathered.left_out.iter().map(super::super::gathered::LeftOut::told).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0], "gone: t: topic 2: the tool could not read it: Broker: Unknown topic or partition");
        assert!(
            told[2..]
                == [
                    "old: msk: topic 1: being deleted",
                    "odd: msk: topic 2: its configs have a format that is \
                    not supported"
                ],
            "{told:?}"
        );
    }

    #[test]
    fn an_odd_topic_spoils_no_list_of_another_tool() {
        let told = json!([
            {"topicName": "fares", "partitionCount": 3},
            {"topicName": "parcels"},
            {"topic": "clicks", "mb_per_second": 2},
            {"name": "views", "partitions": 2, "mb_per_second": 5},
            7,
        ]);
        let mut gathered = Gathered::default();
        assert!(read("t", &told, &mut gathered));
        gathered.settle();
        assert_eq!(gathered.topics.keys().collect::<Vec<_>>(), ["clicks", "fares"]);
        assert_eq!(gathered.topics["clicks"].topic.bytes_per_second, Some(2 << 20));
        let told: Vec<_> = gathered.left_out.iter().map(super::super::gathered::LeftOut::told).collect();
        for (topic, words) in
            [(2, "no field is called \"topicName\""), (4, "no field is called \"name\""), (5, "7 is not")]
        {
            let begin = format!("t: topic {topic}: {words}");
            assert!(told.iter().any(|told| told.starts_with(&begin)), "{begin}: {told:?}");
        }
    }

    #[test]
    fn json_that_is_not_read_is_told_what_it_looks_like() {
        for (parsed, words) in [
            (json!({"ClusterInfoList": []}), "aws kafka list-clusters"),
            (
                json!({"version": 1, "partitions": [{"topic": "fares", "partition": 0, "replicas": [1]}]}),
                "kafka-reassign-partitions",
            ),
            (json!({"version": 1, "topics": [{"topic": "fares"}]}), "kafka-reassign-partitions"),
            (json!(["fares"]), "names of topics alone"),
            (json!({"topics": ["fares"]}), "names of topics alone"),
        ] {
            assert!(!read("t.json", &parsed, &mut Gathered::default()), "{parsed}");
            assert!(json_looks_like(&parsed).contains(words), "{parsed}");
        }
        assert_eq!(json_looks_like(&json!({"topic": "fares"})), "");
    }

    #[test]
    fn a_file_that_is_not_read_is_told_what_it_looks_like() {
        for (text, words) in [
            ("orders\nclicks\n", Some("kafka-topics --list")),
            ("Metadata for all topics (from broker 1: x):\n  topic \"fares\" with 3 partitions:\n", Some("kcat -L")),
            ("apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaTopic\n", Some("Strimzi")),
            ("NAME    PARTITIONS  REPLICAS\nfares   3           3\n", Some("rpk")),
            ("GROUP TOPIC PARTITION CURRENT-OFFSET\n", Some("--groups")),
            ("hello there\n", None),
            ("", None),
        ] {
            let told = looks_like(text);
            assert!(
                told.is_some() == words.is_some() && words.is_none_or(|words| told.unwrap().contains(words)),
                "{text}: {told:?}"
            );
        }
    }
}
