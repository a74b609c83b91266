//! What is to be done for a migration, and what of it the plan has found done.

use scaler_core::commands::{aws_kinesis, operand};
use scaler_core::migration::{Notice, StreamPlan};

use super::report::{Move, Report};

/// Things to do, ticked where the plan could see that they are done.
pub(super) type Checks = Vec<(bool, String)>;

/// Before anything moves.
pub(super) fn preparation(report: &Report<'_>) -> Checks {
    let none =
        |is_fault: fn(&Notice) -> bool| !report.moves.iter().any(|moved| moved.plan.notices.iter().any(is_fault));
    let shards = report.shards();
    let in_all =
        if report.moves.iter().all(|moved| moved.plan.sizing.is_some()) { "" } else { " and those not yet known" };
    [
        (report.moves.iter().all(|moved| moved.stream.is_some()), "every topic has a legal stream name"),
        (
            none(|notice| *notice == Notice::RateUnknown) && !report.moves.iter().any(|moved| moved.is_assumed),
            "the peak rate of every topic is known",
        ),
        (
            none(|notice| *notice == Notice::RecordsUnknown || *notice == Notice::RateUnknown),
            "the records a second of every topic are known",
        ),
        (none(|notice| *notice == Notice::GroupsUnknown), "the consumer groups of every topic are known"),
        (none(|notice| *notice == Notice::KeyOrderUnknown), "for every topic it is known whether key order matters"),
        (none(|notice| *notice == Notice::RetentionUnknown), "the retention of every topic is known"),
        (
            none(|notice| {
                matches!(notice, Notice::RetentionCut | Notice::RetentionForever | Notice::RetentionBySize { .. })
            }),
            "every retention fits a stream's 24 to 8,760 hours",
        ),
        (
            none(|notice| matches!(notice, Notice::RecordsLarge { .. } | Notice::RecordsTooLarge { .. })),
            "no topic allows batches above 1 MiB",
        ),
        (none(|notice| *notice == Notice::Compacted), "no topic is compacted"),
        (report.price_faults().is_empty(), "every price is known"),
    ]
    .into_iter()
    .map(|(done, what)| (done, what.to_owned()))
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
        (false, "every consumer bears duplicates: it knows a record by an id of its own".to_owned()),
    ])
    .collect()
}

/// The move itself.
pub(super) fn migration(report: &Report<'_>) -> Checks {
    let ordered = report.moves.iter().any(|moved| moved.plan.notices.contains(&Notice::KeyOrder));
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
        return vec![format!("# {name}: {} shards are more than one stream has", sizing.recommended)];
    }
    let StreamPlan { retention_hours, notices, .. } = plan;
    let mut commands = vec![format!(
        "AWS_REGION={region} shardctl create --shards {} --retention-hours {retention_hours} --managed {}",
        sizing.recommended,
        operand(stream)
    )];
    for notice in notices {
        if let Notice::RecordsLarge { kib } = notice {
            let described = aws_kinesis("describe-stream-summary", region, stream);
            commands.push(format!(
                "aws kinesis update-max-record-size --region {region} --max-record-size-in-ki-b {kib} --stream-arn \
                 \"$({described} --query StreamDescriptionSummary.StreamARN --output text)\""
            ));
        }
    }
    commands
}
