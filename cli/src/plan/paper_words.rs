//! A sizing on paper in words and tables for people, and in JSON for programs.

use scaler_app::cost::report::Usd;
use scaler_core::limits::{READ_CALLS_PER_SECOND_PER_SHARD, SHARDS_PER_STREAM_MAX};
use scaler_core::prices::{MissingPrice, PriceSheet};
use scaler_core::sizing::{Binding, Sizing};
use scaler_core::{MicroUsd, ShardCount};
use serde_json::{Value, json};

use super::paper::{Load, Origin};
use crate::pricing::{MONTH_SECONDS, Rates, dollars, in_megabytes, unpriced};
use crate::table::{figure, table};

type Cost = Result<Rates, MissingPrice>;

/// All that there is to say of a load.
pub(super) struct Answer<'a> {
    pub(super) load: &'a Load,
    pub(super) sheet: &'a PriceSheet,
    pub(super) headroom_percent: u32,
    /// `None` where reads were given as such.
    pub(super) consumers: Option<u32>,
    pub(super) keys: Option<u32>,
    pub(super) sizing: Sizing,
    pub(super) shards_cost: Cost,
    /// `None` where the records are not known.
    pub(super) put_cost: Option<Cost>,
    pub(super) classic_consumers_max: u32,
    /// Shards and a month's cost with the consumers on enhanced fan-out, where they are too many to share.
    pub(super) fan_out: Option<(ShardCount, Result<MicroUsd, MissingPrice>)>,
    /// By the rule "whole MB + 1", and exactly.
    pub(super) kafka: Option<[(ShardCount, Cost); 2]>,
}

/// The answer for people.
pub(super) fn in_words(answer: &Answer<'_>) -> String {
    let mut blocks = vec![heading(answer), limits(answer), recommended(answer)];
    blocks.extend(answer.kafka.as_ref().map(kafka));
    blocks.push(costs(answer));
    blocks.join("\n\n") + "\n"
}

fn heading(answer: &Answer<'_>) -> String {
    let Load { bytes_per_second, records_per_second, origin } = answer.load;
    let megabytes = in_megabytes(*bytes_per_second);
    let records = records_per_second.map_or("records not given".to_owned(), |records| {
        let each = answer.load.mean_record_bytes().unwrap_or_default();
        format!("{} records/s of {} bytes", grouped(records), grouped(each))
    });
    match origin {
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
    let reads = answer.consumers.map_or("reads, 2 MB/s a shard".to_owned(), |consumers| {
        format!("reads of {consumers} classic consumer{}, 2 MB/s a shard", if consumers == 1 { "" } else { "s" })
    });
    let known = answer.load.records_per_second.is_some();
    let records = if known { sizing.by_records.to_string() } else { "unknown".to_owned() };
    let mut rows = vec![
        ["bytes, 1 MB/s a shard".to_owned(), sizing.by_bytes.to_string(), mark(Binding::Bytes)],
        ["records, 1,000/s a shard".to_owned(), records, mark(Binding::Records)],
        [reads, sizing.by_reads.to_string(), mark(Binding::Reads)],
    ];
    rows.extend(
        answer
            .keys
            .map(|keys| [format!("useful with {keys} partition keys, at most"), keys.to_string(), String::new()]),
    );
    table(["limit", "shards", ""], rows)
}

fn recommended(answer: &Answer<'_>) -> String {
    let Answer { sizing, headroom_percent, .. } = answer;
    let mut lines = vec![format!(
        "Recommended: {}. That is {} by {}, and {headroom_percent} % on top.",
        shards_words(sizing.recommended),
        sizing.needed(),
        sizing.binding
    )];
    if let Some(keys) = sizing.useful_max
        && sizing.recommended > keys
    {
        let short = if sizing.needed() > keys { ", and these do not carry the load" } else { "" };
        lines.push(format!(
            "A partition key lives on one shard: with {keys} keys, {keys} shards at most get any traffic{short}. Use \
             more keys before more shards."
        ));
    }
    if sizing.is_too_large() {
        lines.push(format!(
            "No stream is resized to more than {SHARDS_PER_STREAM_MAX} shards: spread the load over several streams."
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

fn consumers(answer: &Answer<'_>) -> Option<String> {
    let max = answer.classic_consumers_max;
    let consumers = answer.consumers.as_ref()?;
    let Some((shards, month)) = &answer.fan_out else {
        return Some(format!(
            "Up to {max} such consumers share what the shards give; from {} on, enhanced fan-out is the answer.",
            max + 1
        ));
    };
    let cost =
        |cost: Option<MicroUsd>| cost.map_or("cost unknown".to_owned(), |usd| format!("{} USD a month", dollars(usd)));
    let above = cost(answer.shards_cost.as_ref().ok().map(|rates| rates.month.0));
    let calls = if *consumers > READ_CALLS_PER_SECOND_PER_SHARD {
        "\nMore than 5 want it in any case: a shard answers 5 GetRecords calls a second, one for each of them."
    } else {
        ""
    };
    Some(format!(
        "Only {max} such consumers share what the shards for the writes give: more shards, as above ({above}), or \
         enhanced fan-out with {} ({}, the consumers and their data in it).{calls}",
        shards_words(*shards),
        cost(month.as_ref().ok().copied()),
    ))
}

fn kafka([spare, exact]: &[(ShardCount, Cost); 2]) -> String {
    let words = |(shards, cost): &(ShardCount, Cost)| match cost {
        Ok(rates) => format!("{}, {} USD an hour", shards_words(*shards), rates.hour.0),
        Err(_) => shards_words(*shards),
    };
    format!(
        "By the rule for Kafka, whole MB + 1:  {}\nExactly, with nothing to spare:       {}\n\
         The one is a shard to spare whatever the size: half of a small topic's, one percent of a large one's.",
        words(spare),
        words(exact)
    )
}

fn costs(answer: &Answer<'_>) -> String {
    let region = answer.sheet.region();
    let shards = match &answer.shards_cost {
        Ok(rates) => rates,
        Err(missing) => return format!("Cost: {}", unpriced(missing)),
    };
    let header = ["USD", "hour", "day", "month"];
    let shards_row = shards.row(format!("shards, {}", answer.sizing.recommended));
    let (rows, note) = match &answer.put_cost {
        Some(Ok(put)) => {
            let sum = |one: Usd, other: Usd| Usd(MicroUsd(one.0.0.saturating_add(other.0.0)));
            let both = Rates {
                hour: sum(shards.hour, put.hour),
                day: sum(shards.day, put.day),
                month: sum(shards.month, put.month),
            };
            let put = put.row("PUT payload units, were it always the peak");
            (vec![shards_row, put, both.row("together")], String::new())
        }
        Some(Err(missing)) => (vec![shards_row], format!("\nPUT payload units: {}", unpriced(missing))),
        None => (vec![shards_row], "\nPUT payload units come on top: give --records-per-second.".to_owned()),
    };
    format!("{}\nprices of {region}; a month has 30 days{note}", table(header, rows))
}

fn shards_words(shards: ShardCount) -> String {
    if shards == ShardCount::ONE { "1 shard".to_owned() } else { format!("{shards} shards") }
}

#[allow(clippy::cast_precision_loss, reason = "records a second and bytes of a record are far below 2^53")]
fn grouped(count: u64) -> String {
    figure(count as f64, 0)
}

/// The answer for programs. A cost that is not known is `null`, and told in `unknown`.
pub(super) fn in_json(answer: &Answer<'_>) -> Value {
    let Answer { sizing, load, .. } = answer;
    let missing = [answer.shards_cost.as_ref().err(), answer.put_cost.as_ref().and_then(|cost| cost.as_ref().err())];
    let of_fan_out = answer.fan_out.as_ref().and_then(|(_, month)| month.as_ref().err());
    let unknown: Vec<_> = missing.into_iter().chain([of_fan_out]).flatten().map(unpriced).collect();
    json!({
        "bytes_per_second": load.bytes_per_second,
        "records_per_second": load.records_per_second,
        "busiest_minute": match &load.origin {
            Origin::History { minute, .. } => Some(minute),
            Origin::Options | Origin::Kafka => None,
        },
        "shards_by_bytes": sizing.by_bytes.get(),
        "shards_by_records": load.records_per_second.map(|_| sizing.by_records.get()),
        "shards_by_reads": sizing.by_reads.get(),
        "shards_useful_max": sizing.useful_max.map(ShardCount::get),
        "binding": sizing.binding.to_string(),
        "headroom_percent": answer.headroom_percent,
        "shards_recommended": sizing.recommended.get(),
        "kafka": answer.kafka.as_ref().map(|[spare, exact]| json!({
            "shards_whole_mb_plus_one": spare.0.get(),
            "shards_exact": exact.0.get(),
        })),
        "classic_consumers_max": answer.classic_consumers_max,
        "fan_out": answer.fan_out.as_ref().map(|(shards, month)| json!({
            "shards_recommended": shards.get(),
            "usd_month": month.as_ref().ok().map(|usd| Usd(*usd)),
        })),
        "region": answer.sheet.region(),
        "month_days": MONTH_SECONDS / 86_400,
        "shards_cost": answer.shards_cost.as_ref().ok(),
        "put_units_cost": answer.put_cost.as_ref().and_then(|cost| cost.as_ref().ok()),
        "unknown": unknown,
    })
}
