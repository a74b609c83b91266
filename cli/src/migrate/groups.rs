// SPDX-License-Identifier: Apache-2.0
//! Consumer groups as `kafka-consumer-groups --describe` prints them: who reads which topic.

use std::collections::{BTreeMap, BTreeSet};

use file_reader::Printed;

use super::gathered::{Gathered, Unread};
use super::infrastructure::{Infrastructure, infrastructure};

/// Who reads which topic, and the line that says so first.
type Readers<'a> = BTreeMap<&'a str, (BTreeSet<&'a str>, usize)>;

/// Reads who reads what, and adds it to the topics.
///
/// # Errors
/// A header does not say where the groups' names are.
pub(super) fn read(file: &str, text: &str, gathered: &mut Gathered) -> Result<(), String> {
    let (mut readers, mut header) = (Readers::new(), None);
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || is_known_remark(line) {
            continue;
        }
        if is_header(line) {
            let columns = Columns::of(line).ok_or_else(|| {
                format!(
                    "{file}: line {}: no column is called GROUP, so the group of the lines is unknown: old \
                     versions of kafka-consumer-groups leave it out; name the groups as consumer_groups in a \
                     description instead",
                    at + 1
                )
            })?;
            header = Some(columns);
            continue;
        }
        match header.as_ref().and_then(|columns| columns.reader(line)) {
            // A member that has nothing to read.
            Some(("-", _)) => {}
            Some((topic, group)) => {
                readers.entry(topic).or_insert_with(|| (BTreeSet::new(), at + 1)).0.insert(group);
            }
            None => {
                gathered.unread.push(Unread { file: file.to_owned(), line: at + 1, text: line.trim().to_owned() });
            }
        }
    }
    add(file, readers, gathered);
    Ok(())
}

fn add(file: &str, readers: Readers<'_>, gathered: &mut Gathered) {
    for (name, (groups, line)) in readers {
        if gathered.topics.contains_key(name) {
            let groups = groups.into_iter().map(str::to_owned).collect();
            gathered.take_groups(name, &format!("{file}: line {line}"), groups);
        } else if !matches!(infrastructure(name), Some(Infrastructure::Certain(_))) {
            let groups: Vec<_> = groups.into_iter().collect();
            gathered.strangers.push(format!("{name} (read by {})", groups.join(", ")));
        }
    }
}

/// Whether a text looks like what the tool prints; where no group has read yet, there are remarks alone.
pub(super) fn is_printed(text: &str) -> bool {
    text.lines().any(|line| is_header(line) || is_known_remark(line))
}

fn is_header(line: &str) -> bool {
    let has = |name: &str| line.split_whitespace().any(|word| word == name);
    has("TOPIC") && has("PARTITION")
}

/// Where the columns are that matter, by the last header.
struct Columns {
    printed: Printed,
    group: usize,
    topic: usize,
    partition: usize,
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let printed = Printed::of(header);
        let [group, topic, partition] = ["GROUP", "TOPIC", "PARTITION"].map(|name| printed.column(name));
        Some(Self { group: group?, topic: topic?, partition: partition?, printed })
    }

    /// Topic and group of a line.
    fn reader<'a>(&self, line: &'a str) -> Option<(&'a str, &'a str)> {
        let cells = self.printed.cells(line)?;
        let partition = cells[self.partition];
        let is_partition = partition == "-" || partition.parse::<u32>().is_ok();
        is_partition.then_some((cells[self.topic], cells[self.group]))
    }
}

/// What the tool says of groups that are idle, which read all the same once they are back.
fn is_known_remark(line: &str) -> bool {
    let line = line.trim().trim_start_matches("Warning: ");
    line.starts_with("Consumer group '")
        && (line.ends_with("has no active members.") || line.ends_with("is rebalancing."))
}
