// SPDX-License-Identifier: Apache-2.0
//! Kafka topics as Kinesis streams: what each becomes, and what of it has no counterpart.

use crate::paper::PaperStream;
use crate::{HashedKeys, Readers, Reading, Reads, Sizing, Workload};
use kinesis_model::limits::{FAN_OUT_CONSUMERS_MAX, RECORD_BYTES_MAX, RETENTION_HOURS_MAX, RETENTION_HOURS_MIN};

/// `max.message.bytes` of a topic that says nothing else. A batch of it holds no record above 1 MiB. Apache Kafka,
/// `ServerLogConfigs`.
const KAFKA_MESSAGE_BYTES_DEFAULT: u64 = 1_048_588;
const HOUR_MS: u64 = 3_600_000;

/// A topic, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// Its partitions.
    pub partitions: Option<u32>,
    /// Bytes written a second at the peak.
    pub bytes_per_second: Option<u64>,
    /// Records written a second at the peak.
    pub records_per_second: Option<u64>,
    /// Different keys of its records, where they are few.
    pub partition_keys: Option<u32>,
    /// `max.message.bytes`: the largest batch, after compression.
    pub max_message_bytes: Option<u64>,
    /// `retention.ms`.
    pub retention: Option<Retention>,
    /// `retention.bytes`.
    pub size_limit: Option<SizeLimit>,
    /// `cleanup.policy`.
    pub cleanup: Option<Cleanup>,
    /// `compression.type`.
    pub compression: Option<String>,
    /// Whether its readers rely on the order of a key's records.
    pub key_ordering: Option<bool>,
    /// The consumer groups that read it.
    pub consumer_groups: Option<Vec<String>>,
}

/// How long Kafka keeps records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// So long.
    Milliseconds(u64),
    /// Until the size limits or compaction say otherwise.
    Forever,
}

/// How much of a partition Kafka keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeLimit {
    /// So many bytes.
    Bytes(u64),
    /// However much there is.
    None,
}

/// What Kafka does with old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// It deletes them.
    Delete,
    /// It keeps the last of each key.
    Compact,
    /// Both.
    CompactAndDelete,
    /// Neither, whatever the limits are: an empty `cleanup.policy`, as of Kafka 4.2.
    Neither,
}

impl Cleanup {
    /// Whether the limits of time and size count.
    const fn deletes(self) -> bool {
        match self {
            Self::Delete | Self::CompactAndDelete => true,
            Self::Compact | Self::Neither => false,
        }
    }
}

/// Something to be known of a topic before it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationNotice {
    /// Nobody said how much is written.
    RateUnknown,
    /// Nobody said in how many records: shards by records and payload units are not reckoned.
    RecordsUnknown,
    /// It takes more shards than one stream is resized to.
    TooManyShards,
    /// Its keys are few, and by their hashes they share shards.
    KeysFew(HashedKeys),
    /// Nobody said how long it keeps records.
    RetentionUnknown,
    /// It keeps them for less than a stream must.
    RetentionRaised,
    /// It keeps them for longer than a stream can.
    RetentionCut,
    /// It keeps them for ever, which no stream can.
    RetentionForever,
    /// It keeps them by size, which no stream does.
    RetentionBySize {
        /// Bytes of a partition.
        bytes: u64,
    },
    /// Nobody said whether it keeps them by size, too.
    SizeLimitUnknown,
    /// Nobody said how large its batches may be.
    BatchesUnknown,
    /// Its batches may hold records above the default limit of a stream.
    RecordsLarge {
        /// The stream's limit that takes them, in KiB.
        kib: u64,
    },
    /// Its batches may hold records above the limit of any stream.
    RecordsTooLarge {
        /// Bytes of a batch.
        bytes: u64,
    },
    /// Nobody said whether it is compacted.
    CleanupUnknown,
    /// Compaction has no counterpart.
    Compacted,
    /// Rates and sizes that Kafka tells are those after compression.
    Compressed,
    /// Readers rely on the order of a key's records.
    KeyOrder,
    /// Nobody said whether they do.
    KeyOrderUnknown,
    /// Nobody said which groups read it.
    GroupsUnknown,
    /// The groups are too many to share what the shards give.
    FanOutNeeded(Readers),
    /// And more than a stream gives enhanced fan-out to.
    TooManyGroups,
}

impl MigrationNotice {
    /// Whether the topic cannot become a stream as it is: something has to be built, or given up.
    pub fn has_no_counterpart(self) -> bool {
        match self {
            Self::TooManyShards
            | Self::RetentionCut
            | Self::RetentionForever
            | Self::RetentionBySize { .. }
            | Self::RecordsTooLarge { .. }
            | Self::Compacted
            | Self::TooManyGroups => true,
            Self::RateUnknown
            | Self::RecordsUnknown
            | Self::KeysFew(_)
            | Self::RetentionUnknown
            | Self::RetentionRaised
            | Self::SizeLimitUnknown
            | Self::BatchesUnknown
            | Self::CleanupUnknown
            | Self::RecordsLarge { .. }
            | Self::Compressed
            | Self::KeyOrder
            | Self::KeyOrderUnknown
            | Self::GroupsUnknown
            | Self::FanOutNeeded(_) => false,
        }
    }
}

/// The stream that a topic becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPlan {
    /// Its shards; `None` where the rate is not known.
    pub sizing: Option<Sizing>,
    /// Its keys on those shards, where both are known.
    pub keys: Option<HashedKeys>,
    /// How long it keeps records.
    pub retention_hours: u32,
    /// What to know, in the order of the topic's properties.
    pub notices: Vec<MigrationNotice>,
    /// A month at the peak rate, as far as it is known; `None` where the shards are not.
    pub month: Option<PaperStream>,
}

/// What a topic becomes, with `headroom_percent` on top of the shards that it needs.
pub fn stream_for(topic: &Topic, headroom_percent: u32) -> StreamPlan {
    let mut notices = Vec::new();
    let workload = workload(topic, &mut notices);
    let sizing = workload.map(|workload| Sizing::of(&workload, headroom_percent));
    notices.extend(sizing.iter().flat_map(sizes));
    let keys = workload.zip(sizing).and_then(|(workload, sizing)| HashedKeys::of(&workload, sizing.recommended));
    notices.extend(keys.filter(HashedKeys::are_few).map(MigrationNotice::KeysFew));
    let retention_hours = retention(topic, &mut notices);
    notices.extend(records(topic));
    notices.extend(match topic.key_ordering {
        Some(true) => Some(MigrationNotice::KeyOrder),
        Some(false) => None,
        None => Some(MigrationNotice::KeyOrderUnknown),
    });
    let month =
        workload.zip(sizing).map(|(workload, sizing)| PaperStream::at_peak(&workload, &sizing, retention_hours));
    StreamPlan { sizing, keys, retention_hours, notices, month }
}

/// What the stream is to carry; `None` where the rate is not known.
fn workload(topic: &Topic, notices: &mut Vec<MigrationNotice>) -> Option<Workload> {
    let reads = topic
        .consumer_groups
        .as_ref()
        .map_or(Reads::Unknown, |groups| Reads::ByConsumers(u32::try_from(groups.len()).unwrap_or(u32::MAX)));
    if reads == Reads::Unknown {
        notices.push(MigrationNotice::GroupsUnknown);
    }
    let Some(bytes_per_second) = topic.bytes_per_second else {
        notices.push(MigrationNotice::RateUnknown);
        return None;
    };
    if topic.records_per_second.is_none() {
        notices.push(MigrationNotice::RecordsUnknown);
    }
    let records_per_second = topic.records_per_second;
    Some(Workload { bytes_per_second, records_per_second, reads, distinct_partition_keys: topic.partition_keys })
}

/// What to know of its shards, and of those who read them.
fn sizes(sizing: &Sizing) -> Vec<MigrationNotice> {
    let fan_out = sizing.readers.filter(|readers| readers.reading() == Reading::FanOut);
    let is_too_many = fan_out.is_some_and(|readers| readers.count() > FAN_OUT_CONSUMERS_MAX);
    [
        sizing.is_too_large().then_some(MigrationNotice::TooManyShards),
        fan_out.map(MigrationNotice::FanOutNeeded),
        is_too_many.then_some(MigrationNotice::TooManyGroups),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Hours that the stream keeps records, up since a part of an hour cannot be had.
fn retention(topic: &Topic, notices: &mut Vec<MigrationNotice>) -> u32 {
    let by_limits = topic.cleanup.is_none_or(Cleanup::deletes);
    let (hours, notice) = match topic.retention {
        // Compaction says it all: what is compacted is kept for ever, and belongs into a table.
        _ if topic.cleanup == Some(Cleanup::Compact) => (RETENTION_HOURS_MIN, None),
        _ if !by_limits => (RETENTION_HOURS_MAX, Some(MigrationNotice::RetentionForever)),
        None => (RETENTION_HOURS_MIN, Some(MigrationNotice::RetentionUnknown)),
        Some(Retention::Forever) => (RETENTION_HOURS_MAX, Some(MigrationNotice::RetentionForever)),
        Some(Retention::Milliseconds(ms)) => {
            let hours = u32::try_from(ms.div_ceil(HOUR_MS)).unwrap_or(u32::MAX);
            let notice = match hours {
                _ if hours < RETENTION_HOURS_MIN => Some(MigrationNotice::RetentionRaised),
                _ if hours > RETENTION_HOURS_MAX => Some(MigrationNotice::RetentionCut),
                _ => None,
            };
            (hours.clamp(RETENTION_HOURS_MIN, RETENTION_HOURS_MAX), notice)
        }
    };
    notices.extend(notice);
    notices.extend(match topic.size_limit {
        _ if !by_limits => None,
        Some(SizeLimit::Bytes(bytes)) => Some(MigrationNotice::RetentionBySize { bytes }),
        Some(SizeLimit::None) => None,
        None => Some(MigrationNotice::SizeLimitUnknown),
    });
    hours
}

/// What of its records does not fit a stream as it comes.
fn records(topic: &Topic) -> Vec<MigrationNotice> {
    let mut notices = Vec::new();
    match topic.max_message_bytes {
        Some(bytes) if bytes > RECORD_BYTES_MAX => notices.push(MigrationNotice::RecordsTooLarge { bytes }),
        Some(bytes) if bytes > KAFKA_MESSAGE_BYTES_DEFAULT => {
            notices.push(MigrationNotice::RecordsLarge { kib: bytes.div_ceil(1_024) });
        }
        Some(_) => {}
        None => notices.push(MigrationNotice::BatchesUnknown),
    }
    match topic.cleanup {
        Some(Cleanup::Compact | Cleanup::CompactAndDelete) => notices.push(MigrationNotice::Compacted),
        Some(Cleanup::Delete | Cleanup::Neither) => {}
        None => notices.push(MigrationNotice::CleanupUnknown),
    }
    // "producer" says that each producer may do as it likes.
    let plain = ["uncompressed", "none", "producer"];
    if topic.compression.as_deref().is_some_and(|compression| !plain.contains(&compression)) {
        notices.push(MigrationNotice::Compressed);
    }
    notices
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Binding;
    use billing::Bill;
    use billing::prices::{Item, PriceSheet};

    const MB: u64 = 1_048_576;

    fn known() -> Topic {
        Topic {
            bytes_per_second: Some(2 * MB),
            records_per_second: Some(1_000),
            retention: Some(Retention::Milliseconds(24 * HOUR_MS)),
            size_limit: Some(SizeLimit::None),
            max_message_bytes: Some(KAFKA_MESSAGE_BYTES_DEFAULT),
            cleanup: Some(Cleanup::Delete),
            key_ordering: Some(false),
            consumer_groups: Some(vec!["billing".to_owned()]),
            ..Topic::default()
        }
    }

    #[test]
    fn a_topic_of_which_all_is_known_and_plain_needs_no_words() {
        let plan = stream_for(&known(), 20);
        assert_eq!(plan.notices, []);
        let sizing = plan.sizing.unwrap();
        assert_eq!((sizing.recommended.get(), sizing.binding), (3, Binding::Bytes));
        assert_eq!((plan.retention_hours, sizing.readers.unwrap().reading()), (24, Reading::Classic));
        // 3 x 720 x 0.015, and 1,000 units a second for 30 days: 2,592 million x 0.014.
        let bill = Bill::of(&PriceSheet::of("us-east-1"), plan.month.unwrap().quantities()).unwrap();
        assert_eq!(bill.total().to_string(), "68.688");
    }

    #[test]
    fn what_is_not_known_is_asked_for() {
        let plan = stream_for(&Topic::default(), 20);
        let asked = [
            MigrationNotice::GroupsUnknown,
            MigrationNotice::RateUnknown,
            MigrationNotice::RetentionUnknown,
            MigrationNotice::SizeLimitUnknown,
            MigrationNotice::BatchesUnknown,
            MigrationNotice::CleanupUnknown,
            MigrationNotice::KeyOrderUnknown,
        ];
        assert_eq!((plan.sizing, plan.month), (None, None));
        assert_eq!(plan.notices, asked);
    }

    #[test]
    fn retention_is_brought_into_a_streams_bounds() {
        let year = u64::from(RETENTION_HOURS_MAX) * HOUR_MS;
        for (retention, hours, notices) in [
            (Retention::Milliseconds(1), 24, vec![MigrationNotice::RetentionRaised]),
            (Retention::Milliseconds(24 * HOUR_MS), 24, vec![]),
            (Retention::Milliseconds(24 * HOUR_MS + 1), 25, vec![]),
            (Retention::Milliseconds(year), 8_760, vec![]),
            (Retention::Milliseconds(year + 1), 8_760, vec![MigrationNotice::RetentionCut]),
            (Retention::Milliseconds(u64::MAX), 8_760, vec![MigrationNotice::RetentionCut]),
            (Retention::Forever, 8_760, vec![MigrationNotice::RetentionForever]),
        ] {
            let plan = stream_for(&Topic { retention: Some(retention), ..known() }, 20);
            assert_eq!((plan.retention_hours, plan.notices), (hours, notices), "{retention:?}");
        }
        let by_size = Topic { size_limit: Some(SizeLimit::Bytes(9)), ..known() };
        assert_eq!(stream_for(&by_size, 20).notices, [MigrationNotice::RetentionBySize { bytes: 9 }]);
    }

    #[test]
    fn limits_count_where_kafka_deletes_by_them() {
        for (cleanup, hours, notices) in [
            (Cleanup::Delete, 48, vec![MigrationNotice::RetentionBySize { bytes: 9 }]),
            (
                Cleanup::CompactAndDelete,
                48,
                vec![MigrationNotice::RetentionBySize { bytes: 9 }, MigrationNotice::Compacted],
            ),
            (Cleanup::Compact, 24, vec![MigrationNotice::Compacted]),
            (Cleanup::Neither, 8_760, vec![MigrationNotice::RetentionForever]),
        ] {
            let (retention, size_limit) = (Some(Retention::Milliseconds(48 * HOUR_MS)), Some(SizeLimit::Bytes(9)));
            let plan = stream_for(&Topic { cleanup: Some(cleanup), retention, size_limit, ..known() }, 20);
            assert_eq!((plan.retention_hours, plan.notices), (hours, notices), "{cleanup:?}");
        }
    }

    #[test]
    fn records_that_do_not_fit_are_told() {
        for (bytes, notices) in [
            (1_048_588, vec![]),
            (1_048_589, vec![MigrationNotice::RecordsLarge { kib: 1_025 }]),
            (10 * MB, vec![MigrationNotice::RecordsLarge { kib: 10_240 }]),
            (10 * MB + 1, vec![MigrationNotice::RecordsTooLarge { bytes: 10 * MB + 1 }]),
        ] {
            assert_eq!(stream_for(&Topic { max_message_bytes: Some(bytes), ..known() }, 20).notices, notices);
        }
        let compacted = Topic { cleanup: Some(Cleanup::Compact), retention: Some(Retention::Forever), ..known() };
        assert_eq!(stream_for(&compacted, 20).notices, [MigrationNotice::Compacted]);
    }

    #[test]
    fn a_topic_that_no_stream_can_carry_is_told() {
        let topic = |megabytes: u64| Topic { bytes_per_second: Some(megabytes * MB), ..known() };
        assert_eq!(stream_for(&topic(10_000), 0).notices, []);
        assert_eq!(stream_for(&topic(10_000), 1).notices, [MigrationNotice::TooManyShards]);
    }

    #[test]
    fn a_topic_of_few_keys_is_told_how_they_fall() {
        let of_keys = |keys| stream_for(&Topic { partition_keys: Some(keys), ..known() }, 20);
        let few = of_keys(4);
        assert!(few.notices.contains(&MigrationNotice::KeysFew(few.keys.unwrap())), "{few:?}");
        assert_eq!(of_keys(10_000).notices, []);
    }

    #[test]
    fn groups_that_are_too_many_to_share_have_enhanced_fan_out_and_pay_for_it() {
        let read_by = |groups: usize| Topic { consumer_groups: Some(vec!["app".to_owned(); groups]), ..known() };
        let notices = |groups| stream_for(&read_by(groups), 20).notices;
        // The 2 shards that it needs, and one to spare, give 6 MB/s: three groups of 2 MB/s.
        assert_eq!(notices(3), []);
        let plan = stream_for(&read_by(4), 20);
        let readers = plan.sizing.unwrap().readers.unwrap();
        assert_eq!((readers.reading(), readers.classic_max()), (Reading::FanOut, 3));
        assert_eq!(plan.notices, [MigrationNotice::FanOutNeeded(readers)]);
        let bill = Bill::of(&PriceSheet::of("us-east-1"), plan.month.unwrap().quantities()).unwrap();
        // 4 groups x 3 shards x 720 x 0.015, and 4 x 5,062.5 GB x 0.013.
        assert_eq!(bill.cost_of(Item::FanOutHour).to_string(), "129.60");
        assert_eq!(bill.cost_of(Item::FanOutOut).to_string(), "263.25");
        assert!(
            !notices(20).contains(&MigrationNotice::TooManyGroups)
                && notices(21).contains(&MigrationNotice::TooManyGroups)
        );
    }
}
