// SPDX-License-Identifier: Apache-2.0
//! A sizing on paper in words and tables for people, and in JSON for programs.

use billing::prices::{Item, MONTH_SECONDS, MissingPrice, PriceSheet};
use kinesis_model::limits::SHARDS_PER_STREAM_MAX;
use kinesis_model::{MicroUsd, ShardCount, thousands};
use serde_json::{Value, json};
use sizing::{Binding, HashedKeys, Readers, Reading, Sizing};

use super::load::{Load, Origin};
use crate::few_keys;
use crate::pricing::{Rates, borrowed, in_megabytes, item_words, unpriced};
use crate::table::table;

pub(super) type Cost = Result<Rates, MissingPrice>;

/// All that there is to say of a load.
pub(super) struct Answer<'a> {
    pub(super) load: &'a Load,
    pub(super) sheet: &'a PriceSheet,
    pub(super) headroom_percent: u32,
    /// The partition keys on what is recommended, where somebody counted them.
    pub(super) keys: Option<HashedKeys>,
    pub(super) sizing: Sizing,
    /// The bill of what is recommended, were it always the peak.
    pub(super) lines: Vec<(Item, Cost)>,
    /// Shards, and their cost, on which consumers with enhanced fan-out could share.
    pub(super) shared: Option<(ShardCount, Cost)>,
    /// By the rule "whole MB + 1", and exactly.
    pub(super) kafka: Option<[(ShardCount, Cost); 2]>,
}

impl Answer<'_> {
    /// What the lines about some items cost together; `None` where a price is not known, or there is no such line.
    fn cost_of(&self, is_meant: impl Fn(Item) -> bool) -> Option<Rates> {
        let lines: Vec<_> = self.lines.iter().filter(|(item, _)| is_meant(*item)).collect();
        let months = lines.iter().map(|(_, cost)| cost.as_ref().ok().map(|rates| rates.month.0.0));
        let sum = months.sum::<Option<u64>>().filter(|_| !lines.is_empty())?;
        Some(Rates::of_month(MicroUsd(sum)))
    }

    /// What they all cost; `None` where the records are not known, since payload units come on top.
    fn cost(&self) -> Option<Rates> {
        self.load.records_per_second.and_then(|_| self.cost_of(|_| true))
    }

    /// The prices that are missing.
    fn unknown(&self) -> Vec<String> {
        self.lines.iter().filter_map(|(_, cost)| cost.as_ref().err().map(unpriced)).collect()
    }
}

/// The answer for people.
pub(super) fn in_words(answer: &Answer<'_>) -> String {
    let mut blocks = vec![heading(answer)];
    blocks.extend(answer.kafka.as_ref().map(|by| kafka(answer, by)));
    blocks.extend([limits(answer), recommended(answer), costs(answer)]);
    blocks.join("\n\n") + "\n"
}

fn heading(answer: &Answer<'_>) -> String {
    let Load { bytes_per_second, records_per_second, origin } = answer.load;
    let megabytes = in_megabytes(*bytes_per_second);
    let records = records_per_second.map_or("records not given".to_owned(), |records| {
        let each = answer.load.mean_record_bytes().unwrap_or_default();
        format!("{} records/s of {} bytes", thousands(records), thousands(each))
    });
    match origin {
        Origin::Options if records_per_second.is_none() => format!("{megabytes} MB/s at the peak ({records}):"),
        Origin::Options => format!("{megabytes} MB/s in {records}, at the peak:"),
        Origin::Kafka => format!("A Kafka topic of {megabytes} MB/s at the peak ({records}):"),
        Origin::History { stream, minute } => {
            format!("{stream} in its busiest minute, {minute}: {megabytes} MB/s in {records}:")
        }
    }
}

fn limits(answer: &Answer<'_>) -> String {
    let sizing = &answer.sizing;
    let mark = |binding: Binding| if sizing.binding == binding { "binds" } else { "" }.to_owned();
    let reads = match sizing.readers.as_ref().map(Readers::reading) {
        Some(Reading::FanOut) => "reads, with enhanced fan-out",
        Some(Reading::Classic) | None => "reads, 2 MB/s a shard",
    };
    let known = |shards: Option<ShardCount>| shards.map_or("unknown".to_owned(), |shards| shards.to_string());
    let mut rows = vec![
        ["bytes, 1 MB/s a shard".to_owned(), sizing.by_bytes.to_string(), mark(Binding::Bytes)],
        ["records, 1,000/s a shard".to_owned(), known(sizing.by_records), mark(Binding::Records)],
        [reads.to_owned(), known(sizing.by_reads), mark(Binding::Reads)],
    ];
    rows.extend(
        answer
            .keys
            .map(|keys| keys.keys())
            .map(|keys| [format!("useful with {keys} partition keys, at most"), keys.to_string(), String::new()]),
    );
    table(["limit", "shards", ""], rows)
}

fn recommended(answer: &Answer<'_>) -> String {
    let Answer { sizing, headroom_percent, .. } = answer;
    let (needed, binding) = (sizing.needed, sizing.binding);
    let why = if sizing.recommended == ShardCount::ONE && *headroom_percent > 0 {
        format!(
            "It has room for {headroom_percent} % more, and a second shard would add far more than that (the \
             documents' 20 % on top of whole shards gives {}).",
            sizing.documents
        )
    } else {
        format!("That is {needed} by {binding}, and {headroom_percent} % on top.")
    };
    let mut lines = vec![format!("Recommended: {}. {why}", shards_words(sizing.recommended))];
    if let Some(keys) = sizing.useful_max
        && sizing.recommended > keys
    {
        let short = if sizing.needed > keys { ", and these do not carry the load" } else { "" };
        lines.push(format!(
            "A partition key lives on one shard: with {keys} keys, {keys} shards at most get any traffic{short}. Use \
             more keys before more shards."
        ));
    }
    lines.extend(answer.keys.filter(HashedKeys::are_few).as_ref().map(few_keys::in_words));
    if sizing.is_too_large() {
        lines.push(format!(
            "AWS resizes no stream above {SHARDS_PER_STREAM_MAX} shards: spread the load over several streams."
        ));
    }
    lines.extend(consumers(answer));
    if answer.load.has_large_records() {
        lines.push(
            "Records above 1 MiB: raise the stream's limit with UpdateMaxRecordSize (10 MiB at most); a shard takes \
             them now and then, not all the time."
                .to_owned(),
        );
    }
    lines.join("\n")
}

/// Who reads and how; and what it would take for those with enhanced fan-out to share all the same.
fn consumers(answer: &Answer<'_>) -> Option<String> {
    let readers = format!("Read by {}.", answer.sizing.readers?);
    let Some((shards, cost)) = &answer.shared else { return Some(readers) };
    let cost = cost.as_ref().map_or_else(
        |_| "cost unknown".to_owned(),
        |cost| format!("{} USD a month{}", cost.month.0.cents(), borrowed(answer.sheet)),
    );
    Some(format!(
        "{readers} If they shared the shards all the same, they would need {} ({cost}), all day and whatever is \
         written: kinesis-scaler adds no shards for reads.",
        shards_words(*shards)
    ))
}

fn kafka(answer: &Answer<'_>, [spare, exact]: &[(ShardCount, Cost); 2]) -> String {
    let borrowed = borrowed(answer.sheet);
    let words = |(shards, cost): &(ShardCount, Cost)| match cost {
        Ok(rates) => format!("{}, {} USD an hour{borrowed}", shards_words(*shards), rates.hour.0.in_table()),
        Err(_) => shards_words(*shards),
    };
    format!(
        "By the documents' rule, whole MB + 1:  {}\nExactly, with nothing to spare:        {}\n\
         The rule leaves a shard to spare at whole MB, and next to nothing just below: 6 shards for 5 MB and for 5.99.",
        words(spare),
        words(exact)
    )
}

fn costs(answer: &Answer<'_>) -> String {
    let known: Vec<_> = answer.lines.iter().filter_map(|(item, cost)| Some((*item, cost.as_ref().ok()?))).collect();
    let mut rows: Vec<_> = known.iter().map(|(item, rates)| rates.row(line_words(answer, *item))).collect();
    rows.extend(answer.cost().filter(|_| known.len() > 1).map(|both| both.row("together")));
    let mut blocks = match rows[..] {
        [] => vec!["Cost: unknown.".to_owned()],
        _ => vec![
            table([&format!("USD{}", borrowed(answer.sheet)), "hour", "day", "month"], rows),
            format!("prices of {}; a month has 30 days", answer.sheet.origin()),
        ],
    };
    blocks.extend(answer.unknown());
    if answer.load.records_per_second.is_none() {
        blocks.push(
            "Records are not known: shards are sized by the bytes (a shard takes 1,000 records a second), and PUT payload \
             units come on top. Give --records-per-second."
                .to_owned(),
        );
    }
    blocks.join("\n")
}

/// What a line of the bill is for.
fn line_words(answer: &Answer<'_>, item: Item) -> String {
    match item {
        Item::ShardHour => format!("shards, {}", answer.sizing.recommended),
        Item::PutUnits | Item::FanOutOut => format!("{}, if it were always the peak", item_words(item)),
        other => item_words(other).to_owned(),
    }
}

fn shards_words(shards: ShardCount) -> String {
    if shards == ShardCount::ONE { "1 shard".to_owned() } else { format!("{shards} shards") }
}

/// The answer for programs. A cost that is not known is `null`, and told in `unknown`.
pub(super) fn in_json(answer: &Answer<'_>) -> Value {
    let Answer { sizing, load, .. } = answer;
    json!({
        "bytes_per_second": load.bytes_per_second,
        "records_per_second": load.records_per_second,
        "busiest_minute": match &load.origin {
            Origin::History { minute, .. } => Some(minute),
            Origin::Options | Origin::Kafka => None,
        },
        "shards_by_bytes": sizing.by_bytes.get(),
        "shards_by_records": sizing.by_records.map(ShardCount::get),
        "shards_by_reads": sizing.by_reads.map(ShardCount::get),
        "partition_keys": answer.keys.as_ref().map(few_keys::in_json),
        "shards_useful_max": sizing.useful_max.map(ShardCount::get),
        "binding": sizing.binding.to_string(),
        "headroom_percent": answer.headroom_percent,
        "shards_recommended": sizing.recommended.get(),
        "shards_by_documents": sizing.documents.get(),
        "kafka": answer.kafka.as_ref().map(|[spare, exact]| json!({
            "shards_whole_mb_plus_one": spare.0.get(),
            "shards_exact": exact.0.get(),
        })),
        "reading": sizing.readers.map(|readers| readers.reading().to_string()),
        "consumers": sizing.readers.map(|readers| readers.count()),
        "classic_consumers_max": sizing.readers.map(|readers| readers.classic_max()),
        "shared": answer.shared.as_ref().map(|(shards, cost)| json!({
            "shards_recommended": shards.get(),
            "shards_cost": cost.as_ref().ok(),
        })),
        "region": answer.sheet.region(),
        "prices_of": answer.sheet.lender(),
        "month_days": MONTH_SECONDS / 86_400,
        "shards_cost": answer.cost_of(|item| item == Item::ShardHour),
        "put_units_cost": answer.cost_of(|item| item == Item::PutUnits),
        "fan_out_cost": answer.cost_of(|item| matches!(item, Item::FanOutHour | Item::FanOutOut)),
        "cost": answer.cost(),
        "unknown": answer.unknown(),
    })
}
