//! Consumer groups as `kafka-consumer-groups --describe` prints them: who reads which topic.

use std::collections::{BTreeMap, BTreeSet};

use super::gathered::{Gathered, Unread, take};

/// Where the columns are that matter, by the last header.
#[derive(Clone, Copy)]
struct Columns {
    group: usize,
    topic: usize,
    partition: usize,
}

/// Reads who reads what, and adds it to the topics.
pub(super) fn read(file: &str, text: &str, gathered: &mut Gathered) {
    let mut readers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut columns: Option<Columns> = None;
    for (at, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.is_empty() || is_known_remark(line) {
            continue;
        }
        if words.contains(&"TOPIC") && words.contains(&"PARTITION") {
            columns = header(&words);
            if columns.is_none() {
                gathered.faults.push(format!(
                    "{file}: line {}: no column is called GROUP, so nobody can tell whose lines follow: an old \
                     kafka-consumer-groups leaves it out; name the groups as consumer_groups in a description instead",
                    at + 1
                ));
            }
            continue;
        }
        match columns.and_then(|columns| reader(&words, columns)) {
            Some((topic, group)) if topic != "-" => {
                readers.entry(topic).or_default().insert(group);
            }
            Some(_) => {}
            None => {
                gathered.unread.push(Unread { file: file.to_owned(), line: at + 1, text: line.trim().to_owned() });
            }
        }
    }
    for (name, groups) in readers {
        let groups: Vec<_> = groups.into_iter().collect();
        match gathered.topics.get_mut(name) {
            Some(topic) => {
                let taken = take(topic, "consumer_groups", &groups.join(";"));
                gathered.faults.extend(taken.err().map(|fault| format!("{file}: topic {name}: {fault}")));
            }
            None => gathered.strangers.push(format!("{name} (read by {})", groups.join(", "))),
        }
    }
}

/// Whether a text looks like what the tool prints.
pub(super) fn is_printed(text: &str) -> bool {
    text.lines().any(|line| line.contains("TOPIC") && line.contains("PARTITION") && line.contains("CURRENT-OFFSET"))
}

fn header(words: &[&str]) -> Option<Columns> {
    let place = |name: &str| words.iter().position(|word| *word == name);
    Some(Columns { group: place("GROUP")?, topic: place("TOPIC")?, partition: place("PARTITION")? })
}

/// Topic and group of a line; a member that has nothing to read has `-` for both topic and partition.
fn reader<'a>(words: &[&'a str], columns: Columns) -> Option<(&'a str, &'a str)> {
    let word = |at: usize| words.get(at).copied();
    let partition = word(columns.partition)?;
    let is_partition = partition == "-" || partition.parse::<u32>().is_ok();
    is_partition.then(|| Some((word(columns.topic)?, word(columns.group)?))).flatten()
}

/// What the tool says of groups that are idle, which read all the same once they are back.
fn is_known_remark(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("Consumer group '")
        && (line.ends_with("has no active members.") || line.ends_with("is rebalancing."))
}
