//! What all files together say of the topics: each property once, contradictions told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use scaler_core::limits::{
    SHARDS_PER_STREAM_MAX, WRITE_BYTES_PER_SECOND_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD,
};
use scaler_core::migration::{Cleanup, Retention, Topic};
use serde::Serialize;

use crate::pricing::megabytes;

const BYTES_PER_SECOND_MAX: u64 = WRITE_BYTES_PER_SECOND_PER_SHARD * SHARDS_PER_STREAM_MAX as u64;
const RECORDS_PER_SECOND_MAX: u64 = WRITE_RECORDS_PER_SECOND_PER_SHARD * SHARDS_PER_STREAM_MAX as u64;
/// Names of topics have up to so many characters. Apache Kafka, `Topic.MAX_NAME_LENGTH`.
const TOPIC_NAME_MAX: usize = 249;
/// Kafka's own topics, which nobody moves.
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// Topics by name, and what could not be made use of.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) topics: BTreeMap<String, Topic>,
    /// Lines of Kafka's tools that say nothing we know, in the order of the files.
    pub(super) unread: Vec<Unread>,
    /// What is wrong with what somebody wrote for us, or contradicts itself.
    pub(super) faults: Vec<String>,
    /// Kafka's own topics that were left out.
    pub(super) internal: Vec<String>,
    /// Groups that read topics which no file describes.
    pub(super) strangers: Vec<String>,
}

/// A line that could not be read.
#[derive(Debug, Serialize)]
pub(super) struct Unread {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) text: String,
}

impl Gathered {
    /// The topic of this name, which may be new.
    ///
    /// # Errors
    /// No topic can be called so.
    pub(super) fn topic(&mut self, name: &str) -> Result<&mut Topic, String> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=TOPIC_NAME_MAX).contains(&name.len()) || !name.bytes().all(legal) {
            return Err(format!(
                "topic={name:?} is not a topic's name: up to {TOPIC_NAME_MAX} of letters, digits, `.`, `_` and `-`"
            ));
        }
        Ok(self.topics.entry(name.to_owned()).or_default())
    }

    /// Leaves out Kafka's own topics.
    pub(super) fn without_internal(&mut self) {
        for name in INTERNAL {
            self.internal.extend(self.topics.remove(name).map(|_| name.to_owned()));
        }
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
    ("cleanup_policy", "delete, compact, or both with a comma"),
    ("compression", "compression.type"),
    ("key_ordering", "yes or no: do readers rely on the order of a key's records?"),
    ("consumer_groups", "the names of those that read it; in CSV with `;` between"),
];

/// Takes one property of a topic, by the name that [`FIELDS`] or Kafka's configuration has for it.
///
/// # Errors
/// The value is none for it, or contradicts an earlier one.
pub(super) fn take(topic: &mut Topic, name: &str, value: &str) -> Result<(), String> {
    let is_not = |expected: &str| format!("{name}={value:?} is not {expected}");
    let whole = |value: &str| value.parse::<u64>().map_err(|_| is_not("a whole number"));
    match name {
        "partitions" => {
            let partitions =
                value.parse().ok().filter(|count| *count > 0).ok_or_else(|| is_not("a whole number of 1 or more"))?;
            once(&mut topic.partitions, partitions, name)
        }
        "bytes_per_second" => {
            let bytes = at_most(value, BYTES_PER_SECOND_MAX).map_err(|expected| is_not(&expected))?;
            once(&mut topic.bytes_per_second, bytes, name)
        }
        "mb_per_second" => {
            let bytes = megabytes(value).map_err(|expected| format!("{name}={value:?}: {expected}"))?;
            once(&mut topic.bytes_per_second, bytes, name)
        }
        "records_per_second" => {
            let records = at_most(value, RECORDS_PER_SECOND_MAX).map_err(|expected| is_not(&expected))?;
            once(&mut topic.records_per_second, records, name)
        }
        "partition_keys" => {
            let keys =
                value.parse().ok().filter(|count| *count > 0).ok_or_else(|| is_not("a whole number of 1 or more"))?;
            once(&mut topic.partition_keys, keys, name)
        }
        "max_message_bytes" | "max.message.bytes" => once(&mut topic.max_message_bytes, whole(value)?, name),
        "retention_ms" | "retention.ms" if value == "-1" => once(&mut topic.retention, Retention::Forever, name),
        "retention_ms" | "retention.ms" => once(&mut topic.retention, Retention::Milliseconds(whole(value)?), name),
        "retention_hours" => {
            let milliseconds = whole(value)?.saturating_mul(3_600_000);
            once(&mut topic.retention, Retention::Milliseconds(milliseconds), name)
        }
        "retention_bytes" | "retention.bytes" if value == "-1" => Ok(()),
        "retention_bytes" | "retention.bytes" => once(&mut topic.retention_bytes, whole(value)?, name),
        "cleanup_policy" | "cleanup.policy" => {
            let cleanup = cleanup(value).ok_or_else(|| is_not("delete, compact, or both with a comma between"))?;
            once(&mut topic.cleanup, cleanup, name)
        }
        "compression" | "compression.type" => once(&mut topic.compression, value.to_owned(), name),
        "key_ordering" => {
            let needed = match value {
                "yes" | "true" => true,
                "no" | "false" => false,
                _ => return Err(is_not("yes or no")),
            };
            once(&mut topic.key_ordering, needed, name)
        }
        "consumer_groups" => {
            let names = value.split(';').map(str::trim).filter(|name| !name.is_empty());
            // In one order, so that the same groups are the same whoever lists them.
            let names: BTreeSet<_> = names.map(str::to_owned).collect();
            once(&mut topic.consumer_groups, names.into_iter().collect(), name)
        }
        _ => Ok(()),
    }
}

/// What a stream of the most shards there can be takes.
fn at_most(value: &str, max: u64) -> Result<u64, String> {
    value
        .parse()
        .ok()
        .filter(|rate| *rate <= max)
        .ok_or_else(|| format!("a whole number up to {max}, as much as a stream takes"))
}

/// A property may be said twice, if it is the same both times.
fn once<T: PartialEq + Debug>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), String> {
    match slot {
        Some(earlier) if *earlier != value => {
            Err(format!("{name} is {value:?} here and {earlier:?} before: which of the two?"))
        }
        Some(_) => Ok(()),
        None => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn cleanup(value: &str) -> Option<Cleanup> {
    let mut words: Vec<_> = value.split(',').map(str::trim).collect();
    words.sort_unstable();
    match words[..] {
        ["delete"] => Some(Cleanup::Delete),
        ["compact"] => Some(Cleanup::Compact),
        ["compact", "delete"] => Some(Cleanup::CompactAndDelete),
        _ => None,
    }
}
