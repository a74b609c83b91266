//! Topics as Kafka's own tools print them: `kafka-topics --describe` and `kafka-configs --describe --entity-type
//! topics`.
//!
//! The forms of old versions (`Topic:orders`, `Configs for topic 'orders' are a=1,b=2`) and new ones (`TopicId`, `Elr`,
//! `Dynamic configs for topic orders are:` and a line each, with synonyms) are read alike, in one file or in several.

use scaler_core::migration::Topic;

use super::gathered::{Gathered, Unread, take};

/// Which tool's lines to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Topics,
    Configs,
    Either,
}

/// How the line begins that says whose configuration follows, behind `Dynamic `, `All ` or nothing.
const CONFIGS_FOR: &str = "configs for topic ";

/// Reads what a tool printed.
pub(super) fn read(file: &str, text: &str, tool: Tool, gathered: &mut Gathered) {
    // Whose configuration the lines are that follow.
    let mut configured: Option<String> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let told = match line {
            "" => Some(Ok(())),
            _ if tool != Tool::Configs && word_after(line, "Topic:").is_some() => {
                configured = None;
                described(line, gathered)
            }
            _ if tool != Tool::Topics => configuration(line, &mut configured, gathered),
            _ => None,
        };
        match told {
            Some(Ok(())) => {}
            Some(Err(fault)) => gathered.faults.push(format!("{file}: line {}: {fault}", at + 1)),
            None => gathered.unread.push(Unread { file: file.to_owned(), line: at + 1, text: line.to_owned() }),
        }
    }
}

/// Whether a text looks like what a tool prints.
pub(super) fn is_printed(text: &str) -> bool {
    text.lines().any(|line| word_after(line, "Topic:").is_some() || configs_for(line.trim()).is_some())
}

/// A line that begins with `Topic:`, of the topic or of one of its partitions. `None` for one that says neither.
fn described(line: &str, gathered: &mut Gathered) -> Option<Result<(), String>> {
    let name = word_after(line, "Topic:")?;
    if word_after(line, "Partition:").is_some() {
        return Some(gathered.topic(name).map(|_| ()));
    }
    let partitions = word_after(line, "PartitionCount:")?;
    let configs = line.split_once("Configs:").map_or("", |(_, configs)| configs);
    Some(gathered.topic(name).and_then(|topic| {
        take(topic, "partitions", partitions)?;
        pairs(configs).into_iter().try_for_each(|(name, value)| take(topic, name, &value))
    }))
}

/// A line of `kafka-configs`.
fn configuration(line: &str, configured: &mut Option<String>, gathered: &mut Gathered) -> Option<Result<(), String>> {
    if let Some((name, rest)) = configs_for(line) {
        *configured = Some(name.to_owned());
        return Some(gathered.topic(name).and_then(|topic| configure(topic, rest)));
    }
    let name = configured.as_deref().filter(|_| line.contains('='))?;
    Some(gathered.topic(name).and_then(|topic| configure(topic, line)))
}

/// Takes `name=value sensitive=false synonyms={...}`, or `a=1,b=2` of old versions.
fn configure(topic: &mut Topic, text: &str) -> Result<(), String> {
    match text.split_once(" sensitive=") {
        Some((pair, _)) => {
            let (name, value) = pair.trim().split_once('=').unwrap_or((pair, ""));
            take(topic, name, value)
        }
        None => pairs(text).into_iter().try_for_each(|(name, value)| take(topic, name, &value)),
    }
}

/// `a=1,b=2`; what has no `=` belongs to the value before it, as in `cleanup.policy=compact,delete`.
fn pairs(text: &str) -> Vec<(&str, String)> {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for piece in text.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        match (piece.split_once('='), pairs.last_mut()) {
            (Some((name, value)), _) => pairs.push((name, value.to_owned())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            (None, None) => {}
        }
    }
    pairs
}

/// The topic of `Dynamic configs for topic orders are:` or `Configs for topic 'orders' are ...`, and what follows.
fn configs_for(line: &str) -> Option<(&str, &str)> {
    let begins = line.to_ascii_lowercase().find(CONFIGS_FOR)?;
    let rest = &line[begins + CONFIGS_FOR.len()..];
    let (name, rest) = rest.split_once(" are")?;
    Some((name.trim().trim_matches('\''), rest.trim_start_matches(':').trim()))
}

/// The word behind a label at the beginning of the line, or behind a blank.
fn word_after<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let at = line.find(label)?;
    let is_label = line[..at].chars().next_back().is_none_or(char::is_whitespace);
    is_label.then(|| line[at + label.len()..].split_whitespace().next()).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use scaler_core::migration::{Cleanup, Retention};

    use super::*;

    fn gathered(text: &str) -> Gathered {
        let mut gathered = Gathered::default();
        read("described.txt", text, Tool::Either, &mut gathered);
        assert_eq!(gathered.faults, [""; 0]);
        gathered
    }

    fn orders(text: &str) -> Topic {
        gathered(text).topics.remove("orders").unwrap()
    }

    #[test]
    fn every_version_of_the_tools_is_read() {
        let (retention, two) = (Some(Retention::Milliseconds(60_000)), Some(2));
        let described = Topic { partitions: two, retention, ..Topic::default() };
        for text in [
            "Topic:orders\tPartitionCount:2\tReplicationFactor:1\tConfigs:retention.ms=60000\n\tTopic: \
             orders\tPartition: 0",
            "Topic: orders\tTopicId: x-1\tPartitionCount: 2\tReplicationFactor: 3\tConfigs: \
             segment.bytes=1,retention.ms=60000",
            "  Topic: orders  PartitionCount: 2  ReplicationFactor: 2  Configs: retention.ms=60000",
        ] {
            assert_eq!(orders(text), described, "{text}");
        }
        let configured = Topic { retention, cleanup: Some(Cleanup::CompactAndDelete), ..Topic::default() };
        for text in [
            "Configs for topic 'orders' are retention.ms=60000,cleanup.policy=compact,delete",
            "Configs for topic 'orders' are:\n  cleanup.policy=delete,compact\n  retention.ms=60000",
            "Dynamic configs for topic orders are:\n  cleanup.policy=compact,delete sensitive=false \
             synonyms={DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, \
             DEFAULT_CONFIG:log.cleanup.policy=delete}\n  retention.ms=60000 sensitive=false \
              synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=60000}",
            "All configs for topic orders are:\n  retention.ms=60000 sensitive=false synonyms={}\n  \
             cleanup.policy=compact,delete sensitive=false synonyms={}\n  leader.replication.throttled.replicas= \
             sensitive=false synonyms={}",
        ] {
            assert_eq!(orders(text), configured, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_told_with_its_line() {
        let text = "[2026-01-01 00:00:00] WARN something\nTopic: orders\tPartitionCount: 2\n\nTopic: orders is fine";
        let unread: Vec<_> = gathered(text).unread.into_iter().map(|unread| unread.line).collect();
        assert_eq!(unread, [1, 4]);
    }
}
