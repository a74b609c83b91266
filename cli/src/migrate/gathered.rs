// SPDX-License-Identifier: Apache-2.0
//! What all files together say of the topics: each property once, contradictions told as they were written.

use std::collections::{BTreeMap, BTreeSet};

use kinesis_model::limits::{
    SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_SECOND_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD,
};
use kinesis_model::number::{Number, NumberFault, is_minus_one, whole};
use serde::Serialize;
use sizing::migration::{Cleanup, Retention, SizeLimit, Topic};

use super::infrastructure::certain;
use crate::pricing::megabytes;

const BYTES_PER_SECOND_MAX: u64 = WRITE_BYTES_PER_SECOND_PER_SHARD * SHARDS_PER_STREAM_MAX as u64;
const RECORDS_PER_SECOND_MAX: u64 = WRITE_RECORDS_PER_SECOND_PER_SHARD * SHARDS_PER_STREAM_MAX as u64;
const HOUR_MS: u32 = 3_600_000;
/// Names of topics have up to so many characters. Apache Kafka, `Topic.MAX_NAME_LENGTH`.
const TOPIC_NAME_MAX: usize = 249;

/// Topics by name, and what could not be made use of.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) topics: BTreeMap<String, Known>,
    /// Lines of Kafka's tools that say nothing we know, in the order of the files.
    pub(super) unread: Vec<Unread>,
    /// What is not in the plan, and why.
    pub(super) left_out: Vec<LeftOut>,
    /// Groups that read topics which no file describes.
    pub(super) strangers: Vec<String>,
}

/// A topic, and where each of its properties was said.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) topic: Topic,
    /// Whether a description of ours says more of it than its name and partitions.
    is_described: bool,
    said: BTreeMap<Property, Said>,
}

/// What a property is called here; Kafka and our fields have several names for some.
type Property = &'static str;

const GROUPS: Property = "groups";

/// A property as it was given.
#[derive(Clone, Debug)]
struct Said {
    place: String,
    name: String,
    value: String,
}

/// A line that could not be read.
#[derive(Debug, Serialize)]
pub(super) struct Unread {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) text: String,
}

/// A topic that is not in the plan, or a line of which nobody knows the topic.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct LeftOut {
    pub(super) topic: Option<String>,
    /// File and line, where a line is the cause.
    pub(super) place: Option<String>,
    pub(super) reason: String,
    /// Whether somebody has to correct something for it to be in the plan.
    pub(super) is_fault: bool,
}

impl Gathered {
    /// Notes that there is a topic of this name; `false`, and a fault, where none can be called so.
    pub(super) fn found(&mut self, name: &str, place: &str) -> bool {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_legal = (1..=TOPIC_NAME_MAX).contains(&name.len()) && name.bytes().all(legal);
        if is_legal {
            self.topics.entry(name.to_owned()).or_default();
        } else {
            let expected = format!("up to {TOPIC_NAME_MAX} of letters, digits, `.`, `_` and `-`");
            self.fault(None, place, format!("topic={name:?} is not a topic's name: {expected}"));
        }
        is_legal
    }

    /// Takes one property of a topic that was found; what is wrong with it leaves that topic out.
    pub(super) fn take(&mut self, topic: &str, place: &str, name: &str, value: &str) {
        let Some(known) = self.topics.get_mut(topic) else { return };
        let said = Said { place: place.to_owned(), name: name.to_owned(), value: value.to_owned() };
        if let Err(fault) = known.take(&said) {
            self.fault(Some(topic), place, fault);
        }
    }

    /// Takes the groups that read a topic; their names may have any sign in them.
    pub(super) fn take_groups(&mut self, topic: &str, place: &str, groups: Vec<String>) {
        let Some(known) = self.topics.get_mut(topic) else { return };
        let (name, value) = ("consumer_groups".to_owned(), groups.join(";"));
        let said = Said { place: place.to_owned(), name, value };
        if let Err(fault) = once(&mut known.topic.consumer_groups, groups, GROUPS, &said, &mut known.said) {
            self.fault(Some(topic), place, fault);
        }
    }

    /// Notes what is wrong with a topic, or with a line of which nobody knows the topic.
    pub(super) fn fault(&mut self, topic: Option<&str>, place: &str, reason: String) {
        let (topic, place) = (topic.map(str::to_owned), Some(place.to_owned()));
        self.left_out.push(LeftOut { topic, place, reason, is_fault: true });
    }

    /// Leaves a topic out that nobody needs to correct.
    pub(super) fn leave_out(&mut self, topic: &str, place: Option<&str>, reason: &str) {
        let left = LeftOut {
            topic: Some(topic.to_owned()),
            place: place.map(str::to_owned),
            reason: reason.to_owned(),
            is_fault: false,
        };
        if !self.left_out.iter().any(|other| other.topic == left.topic && other.reason == left.reason) {
            self.left_out.push(left);
        }
    }

    /// Notes that somebody says more of a topic than tools do.
    pub(super) fn described(&mut self, topic: &str) {
        if let Some(known) = self.topics.get_mut(topic) {
            known.is_described = true;
        }
    }

    /// Takes out of the topics those that are left out, and those that tools keep for themselves and nobody describes.
    pub(super) fn settle(&mut self) {
        let names: Vec<_> = self.topics.keys().cloned().collect();
        for (name, whose) in certain(&names) {
            // Whoever describes one may mean one of their own: they are asked.
            if !self.topics[name].is_described {
                self.leave_out(name, None, &format!("{whose}, nothing to move"));
            }
        }
        for left in &self.left_out {
            if let Some(name) = &left.topic {
                self.topics.remove(name);
            }
        }
    }

    /// Whether every topic that the files name could be read: nobody has to correct or to describe one.
    pub(super) fn is_all_read(&self) -> bool {
        self.strangers.is_empty() && !self.left_out.iter().any(|left| left.is_fault)
    }
}

impl LeftOut {
    /// In one line.
    pub(super) fn told(&self) -> String {
        let parts = [self.topic.as_ref(), self.place.as_ref(), Some(&self.reason)];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(": ")
    }
}

/// What a description may say of a topic, and what each means.
pub(super) const FIELDS: [(&str, &str); 14] = [
    ("topic", "its name"),
    ("partitions", "how many it has"),
    ("bytes_per_second", "written at the peak"),
    ("mb_per_second", "the same in MB (1,048,576 bytes), as 3.5"),
    ("records_per_second", "written at the peak"),
    ("partition_keys", "different keys of its records, where they are few"),
    ("max_message_bytes", "max.message.bytes"),
    ("retention_ms", "retention.ms, -1 for ever"),
    ("retention_hours", "the same in hours"),
    ("retention_bytes", "retention.bytes, -1 for no limit"),
    ("cleanup_policy", "delete, compact, both with a comma, or none for neither"),
    ("compression", "compression.type"),
    ("key_ordering", "yes or no: do readers rely on the order of a key's records?"),
    ("consumer_groups", "the names of those that read it; in CSV with `;` or line ends between"),
];

impl Known {
    /// Takes one property, by the name that [`FIELDS`] or Kafka's configuration has for it.
    ///
    /// # Errors
    /// The value is none for it, or contradicts an earlier one.
    fn take(&mut self, said: &Said) -> Result<(), String> {
        let Self { topic, said: before, .. } = self;
        let value = said.value.as_str();
        let is_not = |expected: &str| format!("{}={value:?} is not {expected}", said.name);
        let count = |fault: NumberFault| format!("{}={value:?} is not a whole number: it is {fault}", said.name);
        match said.name.as_str() {
            "partitions" => {
                let partitions = whole(value).ok().and_then(|count| u32::try_from(count).ok());
                let partitions = partitions.filter(|count| *count > 0);
                let partitions = partitions.ok_or_else(|| is_not("a whole number of 1 or more"))?;
                once(&mut topic.partitions, partitions, "partitions", said, before)
            }
            "bytes_per_second" => {
                let bytes = at_most(value, BYTES_PER_SECOND_MAX).map_err(|expected| is_not(&expected))?;
                once(&mut topic.bytes_per_second, bytes, "rate", said, before)
            }
            "mb_per_second" => {
                let bytes = megabytes(value).map_err(|expected| format!("{}={value:?}: {expected}", said.name))?;
                once(&mut topic.bytes_per_second, bytes, "rate", said, before)
            }
            "records_per_second" => {
                let records = at_most(value, RECORDS_PER_SECOND_MAX).map_err(|expected| is_not(&expected))?;
                once(&mut topic.records_per_second, records, "records", said, before)
            }
            "partition_keys" => {
                let keys = whole(value).ok().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
                let keys = keys.ok_or_else(|| is_not("a whole number of 1 or more"))?;
                once(&mut topic.partition_keys, keys, "partition keys", said, before)
            }
            "max_message_bytes" | "max.message.bytes" => {
                once(&mut topic.max_message_bytes, whole(value).map_err(count)?, "batch", said, before)
            }
            "retention_ms" | "retention.ms" | "retention_hours" => {
                let factor = if said.name == "retention_hours" { HOUR_MS } else { 1 };
                let retention = retention(value, factor).map_err(count)?;
                once(&mut topic.retention, retention, "retention", said, before)
            }
            "retention_bytes" | "retention.bytes" => {
                let limit = size_limit(value).map_err(count)?;
                once(&mut topic.size_limit, limit, "size", said, before)
            }
            "cleanup_policy" | "cleanup.policy" => {
                let expected = || is_not("delete, compact, both with a comma between, or none");
                once(&mut topic.cleanup, cleanup(value).ok_or_else(expected)?, "cleanup", said, before)
            }
            "compression" | "compression.type" => {
                once(&mut topic.compression, value.to_owned(), "compression", said, before)
            }
            "key_ordering" => {
                let needed = yes_or_no(value).ok_or_else(|| is_not("yes or no"))?;
                once(&mut topic.key_ordering, needed, "order", said, before)
            }
            "consumer_groups" => {
                let names = value.split([';', '\n']).map(str::trim).filter(|name| !name.is_empty());
                // In one order, so that the same groups are the same whoever lists them.
                let names: BTreeSet<_> = names.map(str::to_owned).collect();
                once(&mut topic.consumer_groups, names.into_iter().collect(), GROUPS, said, before)
            }
            _ => Ok(()),
        }
    }
}

/// A rate of what a stream of the most shards there can be takes. Up: brokers tell means, and a part of a byte is a byte.
fn at_most(value: &str, max: u64) -> Result<u64, String> {
    let rate = value.parse::<Number>().and_then(|number| number.times(1)).ok().filter(|rate| *rate <= max);
    rate.ok_or_else(|| format!("a number up to {max}, as much as a stream takes"))
}

/// A property may be said twice, if it is the same both times.
fn once<T: PartialEq>(
    slot: &mut Option<T>,
    value: T,
    property: Property,
    now: &Said,
    before: &mut BTreeMap<Property, Said>,
) -> Result<(), String> {
    if slot.as_ref().is_some_and(|earlier| *earlier != value)
        && let Some(Said { place, name, value }) = before.get(property)
    {
        let (name_now, value_now) = (&now.name, &now.value);
        return Err(format!(
            "{name_now}={value_now:?} here and {name}={value:?} in {place}: which of the two is \
            right?"
        ));
    }
    slot.get_or_insert(value);
    before.entry(property).or_insert_with(|| now.clone());
    Ok(())
}

fn retention(value: &str, factor: u32) -> Result<Retention, NumberFault> {
    if is_minus_one(value) {
        return Ok(Retention::Forever);
    }
    value.parse::<Number>().and_then(|number| number.times_exactly(factor)).map(Retention::Milliseconds)
}

fn size_limit(value: &str) -> Result<SizeLimit, NumberFault> {
    if is_minus_one(value) { Ok(SizeLimit::None) } else { whole(value).map(SizeLimit::Bytes) }
}

/// Empty is neither, as of Kafka 4.2; a word may be there twice.
fn cleanup(value: &str) -> Option<Cleanup> {
    let words: BTreeSet<_> = value.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["delete"] => Some(Cleanup::Delete),
        ["compact"] => Some(Cleanup::Compact),
        ["compact", "delete"] => Some(Cleanup::CompactAndDelete),
        ["" | "none"] => Some(Cleanup::Neither),
        _ => None,
    }
}

/// As people, spreadsheets and programs write it.
fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}
