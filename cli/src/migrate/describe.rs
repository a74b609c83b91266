// SPDX-License-Identifier: Apache-2.0
//! Topics as Kafka's own tools print them: `kafka-topics --describe` and `kafka-configs --describe --entity-type
//! topics`.
//!
//! The forms of old versions (`Topic:orders`, `Configs for topic 'orders' are a=1,b=2`) and new ones (`TopicId`, `Elr`,
//! `Dynamic configs for topic orders are:` and a line each, with synonyms) are read alike, in one file or in several.

use super::gathered::{Gathered, Unread};

/// Which tool's lines to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Topics,
    Configs,
    Either,
}

/// What is before the name of whose configuration follows, behind `Dynamic `, `All `, `Default ` or nothing.
const CONFIGS_FOR: &str = "configs for ";
/// What is before a topic's name behind that, in new and old versions.
const TOPIC: [&str; 2] = ["topic ", "topics:"];

/// Reads what a tool printed.
pub(super) fn read(file: &str, text: &str, tool: Tool, gathered: &mut Gathered) {
    // Whose configuration the lines are that follow; `None` also where it is a broker's or a user's.
    let mut configured: Option<String> = None;
    for (at, whole) in text.lines().enumerate() {
        let (line, place) = (whole.trim(), format!("{file}: line {}", at + 1));
        let is_read = line.is_empty()
            || (tool != Tool::Configs && described(line, &place, gathered))
            || (tool != Tool::Topics && configuration(line, &place, &mut configured, gathered));
        if !is_read {
            gathered.unread.push(Unread { file: file.to_owned(), line: at + 1, text: line.to_owned() });
        }
    }
}

/// Whether a text looks like what a tool prints.
pub(super) fn is_printed(text: &str) -> bool {
    text.lines().any(|line| word_after(line, "Topic:").is_some() || configs_for(line.trim()).is_some())
}

/// Takes a line of a topic or of one of its partitions; `false` for one that is of neither.
fn described(line: &str, place: &str, gathered: &mut Gathered) -> bool {
    let Some(name) = word_after(line, "Topic:") else { return false };
    let partitions = word_after(line, "PartitionCount:");
    if partitions.is_none() && word_after(line, "Partition:").is_none() {
        return false;
    }
    if gathered.found(name, place) {
        if let Some(partitions) = partitions {
            gathered.take(name, place, "partitions", partitions);
            for (property, value) in pairs(configs(line)) {
                gathered.take(name, place, property, &value);
            }
        }
        if word_after(line, "MarkedForDeletion:") == Some("true") {
            gathered.leave_out(name, Some(place), "marked for deletion");
        }
    }
    true
}

/// The configs of a topic's line; with a tab, or with blanks where a terminal made them of it, something else follows them.
fn configs(line: &str) -> &str {
    let rest = line.split_once("Configs:").map_or("", |(_, rest)| rest).trim_start();
    let rest = rest.split('\t').next().unwrap_or_default();
    rest.split_once(" MarkedForDeletion:").map_or(rest, |(configs, _)| configs)
}

/// Takes a line of `kafka-configs`; `false` for one that is none.
fn configuration(line: &str, place: &str, configured: &mut Option<String>, gathered: &mut Gathered) -> bool {
    let rest = match (configs_for(line), pairs(line).is_empty()) {
        (Some((name, rest)), _) => {
            *configured = name.filter(|name| gathered.found(name, place)).map(str::to_owned);
            rest
        }
        (None, true) => return false,
        (None, false) => line,
    };
    let Some(name) = configured else { return configs_for(line).is_some() };
    match rest.split_once(" sensitive=") {
        Some((pair, _)) => {
            // A value may have commas in it, and is one all the same.
            let (property, value) = pair.trim().split_once('=').unwrap_or((pair, ""));
            gathered.take(name, place, property, value);
        }
        None => {
            for (property, value) in pairs(rest) {
                gathered.take(name, place, property, &value);
            }
        }
    }
    true
}

/// `a=1,b=2`; what does not begin with a name and `=` belongs to the value before it, as in `cleanup.policy=compact,delete`.
fn pairs(text: &str) -> Vec<(&str, String)> {
    let is_name = |name: &str| {
        let mut signs = name.bytes();
        signs.next().is_some_and(|first| first.is_ascii_alphabetic())
            && signs.all(|sign| sign.is_ascii_alphanumeric() || b"._-".contains(&sign))
    };
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for piece in text.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        match (piece.split_once('=').filter(|(name, _)| is_name(name)), pairs.last_mut()) {
            (Some((name, value)), _) => pairs.push((name, value.trim().to_owned())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            (None, None) => {}
        }
    }
    pairs
}

/// `orders` of `Dynamic configs for topic orders are:`, `Configs for topic 'orders' are ...` or `Configs for topics:orders are
/// ...`, and what follows; no name where it is a broker's, a user's or a default.
fn configs_for(line: &str) -> Option<(Option<&str>, &str)> {
    let begins = line.to_ascii_lowercase().find(CONFIGS_FOR)?;
    if begins > "dynamic ".len() {
        return None;
    }
    let entity = &line[begins + CONFIGS_FOR.len()..];
    let Some(topic) = TOPIC.iter().find_map(|before| entity.strip_prefix(before)) else {
        return entity.contains(" are").then_some((None, ""));
    };
    // The name is a word of its own: `area-events` ends no earlier.
    let (name, rest) = topic.trim_start().split_once(char::is_whitespace)?;
    let rest = rest.trim_start().strip_prefix("are")?;
    Some((Some(name.trim_matches('\'')), rest.trim_start_matches(':').trim()))
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
    use sizing::migration::{Cleanup, Retention, Topic};

    use super::*;

    fn gathered(text: &str) -> Gathered {
        let mut gathered = Gathered::default();
        read("described.txt", text, Tool::Either, &mut gathered);
        assert!(gathered.is_all_read(), "{:?}", gathered.left_out);
        gathered
    }

    fn orders(text: &str) -> Topic {
        gathered(text).topics.remove("orders").unwrap().topic
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
            "Configs for topics:orders are retention.ms=60000,cleanup.policy=compact,delete",
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
    fn a_name_may_have_any_word_of_the_tools_in_it() {
        for name in [
            "area-events",
            "are",
            "are-are",
            "x.are",
            "topic",
            "topics",
            "Configs",
            "Topic",
            "sensitive",
            "PartitionCount",
        ] {
            for text in [
                format!("Dynamic configs for topic {name} are:\n  retention.ms=60000 sensitive=false synonyms={{}}"),
                format!("All configs for topic {name} are:\n  retention.ms=60000 sensitive=false synonyms={{}}"),
                format!("Configs for topic '{name}' are retention.ms=60000"),
                format!("Configs for topics:{name} are retention.ms=60000"),
                format!("Topic: {name}\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: retention.ms=60000"),
            ] {
                let read = gathered(&text);
                let retention = read.topics.get(name).and_then(|known| known.topic.retention);
                assert_eq!(retention, Some(Retention::Milliseconds(60_000)), "{text}: {read:?}");
                assert_eq!((read.topics.len(), read.unread.len()), (1, 0), "{text}");
            }
        }
    }

    #[test]
    fn what_says_nothing_is_told_with_its_line() {
        let text = "[2026-01-01 00:00:00] WARN something\nTopic: orders\tPartitionCount: 2\n\nTopic: orders is fine";
        let unread: Vec<_> = gathered(text).unread.into_iter().map(|unread| unread.line).collect();
        assert_eq!(unread, [1, 4]);
    }

    #[test]
    fn every_legal_cleanup_policy_is_read() {
        for (value, cleanup) in [
            ("delete", Cleanup::Delete),
            ("compact", Cleanup::Compact),
            ("compact,delete", Cleanup::CompactAndDelete),
            ("delete, compact", Cleanup::CompactAndDelete),
            ("delete,delete", Cleanup::Delete),
            ("compact,compact", Cleanup::Compact),
            ("", Cleanup::Neither),
        ] {
            for text in [
                format!(
                    "Topic: orders\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: cleanup.policy={value},retention.ms=1"
                ),
                format!(
                    "Topic: orders\tPartitionCount: 2\tConfigs: retention.ms=1,cleanup.policy={value}\tMarkedForDeletion: false"
                ),
                format!(
                    "Dynamic configs for topic orders are:\n  cleanup.policy={value} sensitive=false synonyms={{}}"
                ),
                format!("Configs for topic 'orders' are cleanup.policy={value}"),
            ] {
                assert_eq!(orders(&text).cleanup, Some(cleanup), "{text}");
            }
        }
    }

    #[test]
    fn what_follows_the_configs_is_none_and_a_topic_that_is_going_is_left_out() {
        for end in ["\tMarkedForDeletion: true", " MarkedForDeletion: true", "\tMarkedForDeletion:true"] {
            let text = format!(
                "Topic: orders\tPartitionCount: 4\tConfigs: retention.ms=86400000{end}\nTopic: x\tPartitionCount: 1"
            );
            let mut gathered = gathered(&text);
            assert_eq!(gathered.topics["orders"].topic.retention, Some(Retention::Milliseconds(86_400_000)), "{end:?}");
            gathered.settle();
            assert_eq!(gathered.topics.keys().collect::<Vec<_>>(), ["x"]);
            assert_eq!(gathered.left_out[0].told(), "orders: described.txt: line 1: marked for deletion");
        }
    }

    #[test]
    fn one_odd_topic_is_left_out_and_the_others_are_read() {
        let mut gathered = Gathered::default();
        let text = "Topic: orders\tPartitionCount: 2\tConfigs: retention.ms=soon,cleanup.policy=shred\nTopic: \
                    clicks\tPartitionCount: 3\nTopic: a/b\tPartitionCount: 1";
        read("t", text, Tool::Either, &mut gathered);
        gathered.settle();
        assert_eq!(gathered.topics.keys().collect::<Vec<_>>(), ["clicks"]);
        let told: Vec<_> = gathered.left_out.iter().map(super::super::gathered::LeftOut::told).collect();
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[0], "orders: t: line 1: retention.ms=\"soon\" is not a whole number: it is not a number");
        assert!(told[2].starts_with("t: line 3: topic=\"a/b\" is not a topic's name"), "{told:?}");
    }

    #[test]
    fn another_entity_s_configs_are_no_topic_s() {
        for other in ["Dynamic configs for broker 1 are:", "Default configs for brokers in the cluster are:"] {
            let text = format!(
                "Dynamic configs for topic orders are:\n  retention.ms=5 sensitive=false synonyms={{}}\n{other}\n  \
                                retention.ms=7 sensitive=false synonyms={{}}\nConfigs for user-principal 'u' are a=1"
            );
            let gathered = gathered(&text);
            assert_eq!(gathered.topics["orders"].topic.retention, Some(Retention::Milliseconds(5)), "{other}");
            assert_eq!(gathered.unread.iter().map(|unread| unread.line).collect::<Vec<_>>(), [4], "{other}");
        }
    }

    #[test]
    fn values_may_have_commas_and_signs_in_them() {
        let text = "Topic: orders\tPartitionCount: 2\tConfigs: leader.replication.throttled.replicas=0:1,1:2,\
                    confluent.placement.constraints={\"version\":1,\"replicas\":[{\"count\":2,\"x\":\"a=b\"}]},retention.ms=60000";
        assert_eq!(orders(text).retention, Some(Retention::Milliseconds(60_000)));
    }
}
