// SPDX-License-Identifier: Apache-2.0
//! A plan of migration as a whole: for people as a document, for programs as JSON.

use billing::BillLine;
use kinesis_model::ShardCount;
use scaler_app::report::figures::Usd;
use serde_json::{Value, json};
use sizing::documents_kafka_shards;
use sizing::migration::{MigrationNotice, Retention};

use super::checklist::{commands, migration, preparation, verification};
use super::document::{Block, Section};
use super::gathered::{Gathered, LeftOut};
use super::moves::{Move, Report};
use super::words::{CONCEPTS, notice};
use crate::few_keys;
use crate::pricing::{borrowed, in_megabytes, item_words};

impl Report<'_> {
    /// The document.
    pub(super) fn sections(&self) -> Vec<Section> {
        let mut sections = vec![
            self.streams(),
            self.notices(),
            self.applications(),
            self.costs(),
            section(
                "Commands",
                vec![Block::Commands(
                    self.moves.iter().flat_map(|moved| commands(moved, self.sheet.region())).collect(),
                )],
            ),
            concepts(),
            section("Preparation", vec![Block::Checks(preparation(self))]),
            section("Migration", vec![Block::Checks(migration(self))]),
            section("Verification", vec![Block::Checks(verification())]),
        ];
        sections.extend(self.left_out());
        sections
    }

    fn streams(&self) -> Section {
        let header =
            ["topic", "stream", "partitions", "MB/s", "MB + 1", "shards", "by", "hours kept", "read", "USD a month"];
        let rows = self.moves.iter().map(|moved| {
            let Move { name, stream, topic, plan, .. } = moved;
            let unknown = || "?".to_owned();
            let rate = topic.bytes_per_second.map_or_else(unknown, in_megabytes);
            vec![
                name.clone(),
                stream.clone().unwrap_or_else(|| "name too long".to_owned()),
                topic.partitions.map_or_else(unknown, |count| count.to_string()),
                if moved.is_assumed { format!("{rate} (assumed)") } else { rate },
                moved.by_documents().map_or_else(unknown, |shards| shards.to_string()),
                plan.sizing.map_or_else(unknown, |sizing| sizing.recommended.to_string()),
                plan.sizing.map_or_else(String::new, |sizing| sizing.binding.to_string()),
                plan.retention_hours.to_string(),
                moved.reading().unwrap_or_else(unknown),
                match &moved.month {
                    Some(Ok(bill)) if moved.is_complete() => bill.total().cents(),
                    Some(Ok(bill)) => format!("{} +", bill.total().cents()),
                    Some(Err(_)) | None => unknown(),
                },
            ]
        });
        let more = if self.moves.iter().any(|moved| moved.month.is_some() && !moved.is_complete()) {
            " +: PUT payload units come on top, for unknown records."
        } else {
            ""
        };
        let lent = self.sheet.lender().map(|lender| format!(" USD are at prices of {lender}.")).unwrap_or_default();
        let note = format!(
            "MB + 1 is the documents' rule: whole MB and one. Shards are the fewest that the tightest limit \
             allows, and {} % more (a single shard with that much room stays one); partitions do not count. The \
             scaler changes the count with the load.{more}{lent}",
            self.headroom_percent
        );
        section("Streams", vec![table(&header, rows.collect()), Block::Text(note)])
    }

    fn notices(&self) -> Section {
        let lines = |no_counterpart: bool| {
            // The same words once, for all topics that they are about.
            let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
            for moved in &self.moves {
                for each in moved.plan.notices.iter().filter(|notice| notice.has_no_counterpart() == no_counterpart) {
                    let words = notice(*each);
                    match lines.iter_mut().find(|(others, _)| *others == words) {
                        Some((_, topics)) => topics.push(&moved.name),
                        None => lines.push((words, vec![&moved.name])),
                    }
                }
            }
            lines.into_iter().map(|(words, topics)| format!("{}: {words}", topics.join(", "))).collect::<Vec<_>>()
        };
        let mut blocks = Vec::new();
        let likely = self.moves.iter().filter_map(|moved| Some(format!("{}: {}", moved.name, moved.question()?)));
        let (hard, other) = (lines(true), likely.chain(lines(false)).collect::<Vec<_>>());
        if !hard.is_empty() {
            blocks.extend([Block::Text("Kinesis has no counterpart for:".to_owned()), Block::List(hard)]);
        }
        if !other.is_empty() {
            blocks.extend([Block::Text("Find out first:".to_owned()), Block::List(other)]);
        }
        if blocks.is_empty() {
            blocks.push(Block::Text("Nothing stands out.".to_owned()));
        }
        section("What needs attention", blocks)
    }

    fn applications(&self) -> Section {
        let rows: Vec<_> = self
            .moves
            .iter()
            .flat_map(|moved| {
                let groups = moved.topic.consumer_groups.iter().flatten();
                let reading = moved.reading().unwrap_or_else(|| "?".to_owned());
                groups.map(move |group| vec![group.clone(), moved.name.clone(), reading.clone()])
            })
            .collect();
        let block = if rows.is_empty() {
            Block::Text("No consumer group is known.".to_owned())
        } else {
            table(&["consumer group", "reads", "as application"], rows)
        };
        let note = "Each becomes one application: a KCL application with its lease table, a Lambda event source \
             mapping, or a consumer with enhanced fan-out.";
        section("Applications", vec![block, Block::Text(note.to_owned())])
    }

    fn costs(&self) -> Section {
        let items = self.moves.iter().filter_map(|moved| Some((moved, moved.month.as_ref()?.as_ref().ok()?)));
        let mut rows: Vec<_> = items
            .flat_map(|(moved, bill)| {
                let line =
                    |line: &BillLine| vec![moved.name.clone(), item_words(line.item).to_owned(), line.cost.cents()];
                bill.lines.iter().map(line).collect::<Vec<_>>()
            })
            .collect();
        let partial = if self.moves.iter().all(Move::is_complete) { "" } else { ", as far as known" };
        let together = format!("together{partial}{}", borrowed(self.sheet));
        rows.push(vec![together, String::new(), self.month().cents()]);
        let note = format!(
            "Prices of {}; a month has 30 days, all of them as busy as the peak: an upper bound. PUT payload \
             units are included where the records are known.",
            self.sheet.origin()
        );
        let faults = self.price_faults();
        let mut blocks = if self.moves.iter().any(|moved| matches!(moved.month, Some(Ok(_)))) {
            vec![table(&["topic", "item", "USD a month"], rows), Block::Text(note)]
        } else {
            vec![Block::Text(
                "No topic's cost is known: without a rate there are no shards, without a price no cost.".to_owned(),
            )]
        };
        if !faults.is_empty() {
            blocks.push(Block::List(faults));
        }
        section("Cost", blocks)
    }

    /// What the files had in them that is not in the plan; `None` where there is nothing.
    fn left_out(&self) -> Option<Section> {
        let Gathered { unread, left_out, strangers, .. } = self.gathered;
        let unread = unread.iter().map(|line| format!("{}, line {}: {:?}", line.file, line.line, line.text));
        let left_out = left_out.iter().map(LeftOut::told);
        let strangers = strangers.iter().map(|topic| format!("topic {topic}: no file describes it"));
        let items: Vec<_> = left_out.chain(strangers).chain(unread).collect();
        (!items.is_empty()).then(|| section("Left out", vec![Block::List(items)]))
    }

    /// For programs; what is not known is `null`.
    pub(super) fn in_json(&self) -> Value {
        let Gathered { unread, left_out, strangers, .. } = self.gathered;
        let checks = |checks: Vec<(bool, String)>| {
            checks.into_iter().map(|(done, what)| json!({ "done": done, "what": what })).collect::<Vec<_>>()
        };
        json!({
            "region": self.sheet.region(),
            "prices_of": self.sheet.lender(),
            "headroom_percent": self.headroom_percent,
            "shards": self.shards(),
            "usd_month": Usd(self.month()),
            "is_complete": self.moves.iter().all(Move::is_complete),
            "topics": self.moves.iter().map(|moved| moved.in_json(self.sheet.region())).collect::<Vec<_>>(),
            "concepts": CONCEPTS.map(|(kafka, kinesis, note)| {
                json!({ "kafka": kafka, "kinesis": kinesis, "note": note })
            }),
            "preparation": checks(preparation(self)),
            "migration": checks(migration(self)),
            "verification": checks(verification()),
            "missing_prices": self.price_faults(),
            "left_out": left_out,
            "groups_of_unknown_topics": strangers,
            "unread": unread,
        })
    }
}

impl Move {
    /// Whether its month is the whole of it.
    fn is_complete(&self) -> bool {
        matches!(self.month, Some(Ok(_))) && !self.plan.notices.contains(&MigrationNotice::RecordsUnknown)
    }

    /// Shards by the rule of the user's documents, where the rate is known.
    fn by_documents(&self) -> Option<ShardCount> {
        self.topic.bytes_per_second.map(documents_kafka_shards)
    }

    /// How the stream is read, where that is known.
    fn reading(&self) -> Option<String> {
        self.plan.sizing?.readers.map(|readers| readers.reading().to_string())
    }

    fn in_json(&self, region: &str) -> Value {
        let Self { name, stream, likely_of, topic, is_assumed, plan, month } = self;
        let bill = month.as_ref().and_then(|month| month.as_ref().ok());
        let lines = bill.map(|bill| {
            let line = |line: &BillLine| json!({ "item": line.item.name(), "usd_month": Usd(line.cost) });
            bill.lines.iter().map(line).collect::<Vec<_>>()
        });
        json!({
            "topic": name,
            "stream": stream,
            "likely_of": likely_of,
            "partitions": topic.partitions,
            "bytes_per_second": topic.bytes_per_second,
            "is_rate_assumed": is_assumed,
            "records_per_second": topic.records_per_second,
            "retention_ms": match topic.retention {
                Some(Retention::Milliseconds(ms)) => Some(ms),
                Some(Retention::Forever) | None => None,
            },
            "shards_by_documents": self.by_documents().map(ShardCount::get),
            "shards": plan.sizing.map(|sizing| sizing.recommended.get()),
            "shards_by_bytes": plan.sizing.map(|sizing| sizing.by_bytes.get()),
            "shards_by_records": plan.sizing.and_then(|sizing| sizing.by_records).map(ShardCount::get),
            "shards_by_reads": plan.sizing.and_then(|sizing| sizing.by_reads).map(ShardCount::get),
            "partition_keys": plan.keys.as_ref().map(few_keys::in_json),
            "binding": plan.sizing.map(|sizing| sizing.binding.to_string()),
            "retention_hours": plan.retention_hours,
            "consumer_groups": topic.consumer_groups,
            "reading": self.reading(),
            "notices": plan.notices.iter().map(|each| json!({
                "has_no_counterpart": each.has_no_counterpart(),
                "words": notice(*each),
            })).collect::<Vec<_>>(),
            "usd_month": bill.map(|bill| Usd(bill.total())),
            "items": lines,
            "commands": commands(self, region),
        })
    }
}

fn concepts() -> Section {
    let rows = CONCEPTS.map(|(kafka, kinesis, note)| [kafka, kinesis, note].map(str::to_owned).to_vec());
    section("What replaces what", vec![table(&["Kafka", "Kinesis", ""], rows.to_vec())])
}

fn section(title: &str, blocks: Vec<Block>) -> Section {
    Section { title: title.to_owned(), blocks }
}

fn table(header: &[&str], rows: Vec<Vec<String>>) -> Block {
    Block::Table { header: header.iter().map(|cell| (*cell).to_owned()).collect(), rows }
}
