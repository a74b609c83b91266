// SPDX-License-Identifier: Apache-2.0
//! What is to be done for a migration, and what of it the plan has found done.

use billing::prices::Item;
use scaler_app::advice::{StreamCommand, operand};
use sizing::migration::{Cleanup, MigrationNotice, StreamPlan};

use super::moves::{Move, Report};

/// Topics that an item names; the others are counted.
const NAMED_MAX: usize = 5;

/// Things to do, ticked where the plan could see that they are done.
pub(super) type Checks = Vec<(bool, String)>;

/// Before anything moves. What nobody told is not ticked, and said.
pub(super) fn preparation(report: &Report<'_>) -> Checks {
    let shards = report.shards();
    let in_all =
        if report.moves.iter().all(|moved| moved.plan.sizing.is_some()) { "" } else { " and those not yet known" };
    let known = |is_unknown: fn(&MigrationNotice) -> bool, what: &str| report.check(|_| false, is_unknown, what);
    let (fits, fitting) = report.check(
        |notice| matches!(notice, MigrationNotice::RetentionCut | MigrationNotice::RetentionForever),
        |notice| *notice == MigrationNotice::RetentionUnknown,
        "every retention fits a stream's 24 to 8,760 hours",
    );
    let (_, priced) = known(|notice| *notice == MigrationNotice::RateUnknown, "every price is known");
    let (is_rated, rates) =
        known(|notice| *notice == MigrationNotice::RateUnknown, "the peak rate of every topic is known");
    let keeps_keys = report.moves.iter().any(|moved| moved.topic.cleanup == Some(Cleanup::Compact));
    [
        (report.moves.iter().all(|moved| moved.stream.is_some()), "every topic has a legal stream name".to_owned()),
        (report.gathered.is_all_read(), "every topic in the files is read".to_owned()),
        (is_rated && !report.moves.iter().any(|moved| moved.is_assumed), rates),
        known(
            |notice| matches!(notice, MigrationNotice::RecordsUnknown | MigrationNotice::RateUnknown),
            "the records a second of every topic are known",
        ),
        known(|notice| *notice == MigrationNotice::GroupsUnknown, "the consumer groups of every topic are known"),
        known(
            |notice| *notice == MigrationNotice::KeyOrderUnknown,
            "for every topic it is known whether key order matters",
        ),
        known(|notice| *notice == MigrationNotice::RetentionUnknown, "the retention of every topic is known"),
        (fits && !keeps_keys, fitting),
        report.check(
            |notice| matches!(notice, MigrationNotice::RetentionBySize { .. }),
            |notice| *notice == MigrationNotice::SizeLimitUnknown,
            "no topic keeps records by size",
        ),
        report.check(
            |notice| matches!(notice, MigrationNotice::RecordsLarge { .. } | MigrationNotice::RecordsTooLarge { .. }),
            |notice| *notice == MigrationNotice::BatchesUnknown,
            "no topic allows batches above 1 MiB",
        ),
        report.check(
            |notice| *notice == MigrationNotice::Compacted,
            |notice| *notice == MigrationNotice::CleanupUnknown,
            "no topic is compacted",
        ),
        (report.moves.iter().all(|moved| report.is_priced(moved)), priced),
    ]
    .into_iter()
    .chain(report.moves.iter().any(|moved| moved.likely_of.is_some()).then(|| {
        (false, "for every topic it is known whether it is an application's or another tool's own".to_owned())
    }))
    .chain([
        (
            false,
            format!(
                "the account's shard quota has room for {shards}{in_all} (DescribeLimits; 1,000 to 20,000 by Region)"
            ),
        ),
        (
            false,
            "producers may PutRecords, consumers GetRecords (or SubscribeToShard), by IAM roles of their own"
                .to_owned(),
        ),
        (false, "encryption at rest, where Kafka's disks had it: start-stream-encryption".to_owned()),
        (false, "every consumer tolerates duplicates: it recognizes a record by an id of its own".to_owned()),
    ])
    .collect()
}

impl Report<'_> {
    /// Whether the prices of all that is billed for it are known, also of what nobody told the amount.
    fn is_priced(&self, moved: &Move) -> bool {
        matches!(moved.month, Some(Ok(_))) && self.sheet.price(Item::PutUnits).is_ok()
    }

    /// A thing that holds where no topic speaks against it, and every topic is known to be so.
    fn check(
        &self,
        is_against: fn(&MigrationNotice) -> bool,
        is_unknown: fn(&MigrationNotice) -> bool,
        what: &str,
    ) -> (bool, String) {
        let having = |is_so: fn(&MigrationNotice) -> bool| {
            self.moves.iter().filter(move |moved| moved.plan.notices.iter().any(is_so))
        };
        let unknown: Vec<_> = having(is_unknown).map(|moved| moved.name.as_str()).collect();
        let is_done = unknown.is_empty() && having(is_against).next().is_none();
        let named = unknown.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let said = match unknown.len() {
            0 => String::new(),
            1..=NAMED_MAX => format!(" (unknown for {named})"),
            all => format!(" (unknown for {named} and {} more)", all - NAMED_MAX),
        };
        (is_done, format!("{what}{said}"))
    }
}

/// The move itself.
pub(super) fn migration(report: &Report<'_>) -> Checks {
    let ordered = report.moves.iter().any(|moved| moved.plan.notices.contains(&MigrationNotice::KeyOrder));
    let mut checks = vec![
        "create the streams (commands above); --managed has kinesis-scaler resize them",
        "bridge: a Lambda function with the topics as event source writes what Kafka has to the streams",
        "start each application on its stream at TRIM_HORIZON, beside its consumer group, without effect on the \
         outside",
        "compare both (verification), then let each application's stream side take effect and stop its consumer group",
        "move the producers topic by topic; Kafka gets what is not moved yet, and the bridge carries it over; in Rust with \
         shared/kinesis-producer: linger.ms is its linger, batch.size its call_bytes_max, delivery.timeout.ms its \
         give_up_after, max.in.flight.requests its calls_max, compression.type=gzip its Compression::Gzip",
        "when a topic has no producer left and the bridge no lag: remove the bridge",
    ];
    if ordered {
        checks.push(
            "where key order matters: stop a topic's producers, let the bridge run dry, then start them on the stream, \
             with Order::PerKey where they write through shared/kinesis-producer",
        );
    }
    checks.into_iter().map(|what| (false, what.to_owned())).collect()
}

/// Whether it went well.
pub(super) fn verification() -> Checks {
    [
        "records and bytes an hour: Kafka's MessagesInPerSec and BytesInPerSec against IncomingRecords and \
         IncomingBytes",
        "WriteProvisionedThroughputExceeded and ReadProvisionedThroughputExceeded stay at 0",
        "GetRecords.IteratorAgeMilliseconds (fan-out: MillisBehindLatest) stays low for every application",
        "a sample of records is the same on both sides: key, payload, what was in the headers",
        "where key order matters: the records of a key come in order, across a resize too",
        "after a week: what shardctl cost says against this plan",
        "a way back: Kafka keeps running until its retention has passed since the last producer moved",
    ]
    .into_iter()
    .map(|what| (false, what.to_owned()))
    .collect()
}

/// What has to be run for a stream; a comment where its shards are not known.
pub(super) fn commands(moved: &Move, region: &str) -> Vec<String> {
    let Move { name, stream: Some(stream), plan, .. } = moved else {
        return vec![format!("# {}: choose a stream name of up to 128 characters first", moved.name)];
    };
    let Some(sizing) = &plan.sizing else {
        return vec![format!("# {name}: its rate is not known, and so are its shards")];
    };
    if sizing.is_too_large() {
        return vec![format!("# {name}: {} shards are more than one stream can have", sizing.recommended)];
    }
    let StreamPlan { retention_hours, notices, .. } = plan;
    let mut commands = vec![format!(
        "AWS_REGION={region} shardctl create --shards {} --retention-hours {retention_hours} --managed {}",
        sizing.recommended,
        operand(stream)
    )];
    if let Some(question) = moved.question() {
        return vec![format!("# {name}: {question} Then: {}", commands.concat())];
    }
    for notice in notices {
        if let MigrationNotice::RecordsLarge { kib } = notice {
            commands.push(StreamCommand::TakeRecords(*kib).text(Some(region), stream));
        }
    }
    commands
}
