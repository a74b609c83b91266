// SPDX-License-Identifier: Apache-2.0
//! A comparison in words, tables and bars for people, and in JSON for programs.

use kinesis_model::limits::{SHARDS_PER_STREAM_MAX, on_demand_bytes_per_second_max};
use kinesis_model::thousands;
use serde_json::{Value, json};
use sizing::HEADROOM_PERCENT;
use sizing::compare::{
    BreakEven, Hosting, STEP_BYTES_PER_SECOND, TARGET_UTILIZATION_PERCENT, network_bytes_per_second_max,
    on_demand_below_permille,
};

use super::alternatives::{Alternative, Alternatives};
use crate::pricing::{borrowed, in_megabytes};
use crate::table::table;

/// Characters of the longest bar.
const BAR: u64 = 40;

/// The comparison for people.
pub(super) fn in_words(alternatives: &Alternatives<'_>) -> String {
    let mut blocks = vec![heading(alternatives), costs(alternatives)];
    let warnings = warnings(alternatives);
    blocks.extend((!warnings.is_empty()).then(|| warnings.join("\n")));
    blocks.push(bars(alternatives));
    blocks.extend(break_evens(alternatives));
    blocks.extend(utilization(alternatives));
    blocks.push(notes(alternatives));
    blocks.join("\n\n") + "\n"
}

fn heading(alternatives: &Alternatives<'_>) -> String {
    let day = &alternatives.day;
    let peak = match day.peak_hours {
        0 => String::new(),
        hours => format!(", {} MB/s for {hours} hours of each day", in_megabytes(day.peak_bytes_per_second)),
    };
    format!(
        "{} MB/s{peak}, in records of {} bytes; {}; kept for {} hours:",
        in_megabytes(day.bytes_per_second),
        day.record_bytes,
        day.readers(),
        day.retention_hours
    )
}

/// Every way with its lines; its sum stands beside its name.
fn costs(alternatives: &Alternatives<'_>) -> String {
    let mut rows = Vec::new();
    for alternative in Alternative::ALL {
        match alternatives.costs(alternative) {
            Ok(costs) => {
                rows.push(costs.total.row(name(alternatives, alternative)));
                rows.extend(costs.lines.iter().map(|(what, rates)| rates.row(format!("  {what}"))));
            }
            Err(known) => {
                rows.push([name(alternatives, alternative), "?".into(), "?".into(), "?".into()]);
                rows.extend(known.lines.iter().map(|(what, rates)| rates.row(format!("  {what}"))));
            }
        }
    }
    let missing = alternatives.missing().into_iter().map(|words| format!("\n{words}"));
    let usd = format!("USD{}", borrowed(alternatives.sheet));
    table([&usd, "hour", "day", "month"], rows) + &missing.collect::<String>()
}

/// What a way is called here, with what it has of shards or brokers.
fn name(alternatives: &Alternatives<'_>, alternative: Alternative) -> String {
    let day = &alternatives.day;
    let [peak, base] = [day.peak_bytes_per_second, day.bytes_per_second].map(|rate| day.shards(rate));
    match alternative.key() {
        "kafka" => format!("{}, {}", alternative.name(), alternatives.cluster.name),
        "static-peak" => format!("{}, {}", alternative.name(), day.shards_for_peak()),
        "kinesis-scaler" if peak == base => format!("{}, {peak}", alternative.name()),
        "kinesis-scaler" => format!("{}, {base} to {peak}", alternative.name()),
        _ => alternative.name().to_owned(),
    }
}

/// Bars for the month.
fn bars(alternatives: &Alternatives<'_>) -> String {
    let months: Vec<_> = Alternative::ALL
        .into_iter()
        .filter_map(|way| Some((way, alternatives.costs(way).ok()?.total.month.0)))
        .collect();
    let most = months.iter().map(|(_, month)| month.0).max().unwrap_or_default().max(1);
    let bar = |(way, month): &(Alternative, kinesis_model::MicroUsd)| {
        let length = usize::try_from((month.0.saturating_mul(BAR)).div_ceil(most)).unwrap_or_default();
        format!(" {:24} {} {}", way.name(), "█".repeat(length), month.cents())
    };
    let bars: Vec<_> = months.iter().map(bar).collect();
    format!("USD a month{}\n{}", borrowed(alternatives.sheet), bars.join("\n"))
}

/// `None` where no two ways have a price.
fn break_evens(alternatives: &Alternatives<'_>) -> Option<String> {
    let lines: Vec<_> = alternatives
        .break_evens()
        .iter()
        .map(|(first, second, turns)| format!(" {}", turns_words(*first, *second, turns, alternatives.steps(*first))))
        .collect();
    if lines.is_empty() {
        return None;
    }
    let brokers = match &alternatives.cluster.brokers {
        Ok(_) => {
            format!("; Kafka has {} at each load, so the comparison ends at twice the load", alternatives.cluster.name)
        }
        Err(_) => String::new(),
    };
    let of_peak = if alternatives.day.peak_hours > 0 { " at the peak, with the same shape of the day" } else { "" };
    Some(format!("The cheaper of two, by MB/s{of_peak}{brokers}\n{}", lines.join("\n")))
}

/// Where each of two ways is the cheaper.
fn turns_words(first: Alternative, second: Alternative, turns: &[BreakEven], steps: u32) -> String {
    let cheaper = |turn: &BreakEven| if turn.first_is_cheaper { first.name() } else { second.name() };
    let other = |turn: &BreakEven| if turn.first_is_cheaper { second.name() } else { first.name() };
    match turns {
        [] => String::new(),
        [only] => format!("{} costs less than {} at every load up to {}", cheaper(only), other(only), tenths(steps)),
        [start, turn] => {
            format!("{} below {}, {} from there on", cheaper(start), step(turn), cheaper(turn))
        }
        [start, first_turn, .., last] => format!(
            "{} below {}, {} from {} on; in between, {} and {} alternate with each shard",
            cheaper(start),
            step(first_turn),
            cheaper(last),
            step(last),
            first.name(),
            second.name()
        ),
    }
}

fn step(turn: &BreakEven) -> String {
    tenths(u32::try_from(turn.bytes_per_second / STEP_BYTES_PER_SECOND).unwrap_or(u32::MAX))
}

/// Steps of a tenth of a MB/s.
fn tenths(steps: u32) -> String {
    format!("{}.{} MB/s", steps / 10, steps % 10)
}

/// How full shards must be for provisioned mode to pay; `None` where a price is not known.
fn utilization(alternatives: &Alternatives<'_>) -> Option<String> {
    Some(match on_demand_below_permille(&alternatives.day, alternatives.sheet).ok()? {
        Some(permille) => format!(
            "On-demand Standard is cheaper than shards that are up to {}.{} % full on average (for a large \
             stream, whose stream-hours hardly count).",
            permille / 10,
            permille % 10
        ),
        None => "On-demand Standard costs more than shards, however empty they are.".to_owned(),
    })
}

fn notes(alternatives: &Alternatives<'_>) -> String {
    let mut notes = vec![
        format!(
            "Kinesis prices of {}. Shards for the peak are the shards that the peak needs and \
             {HEADROOM_PERCENT} % more, as in shardctl size; kinesis-scaler keeps shards \
             {TARGET_UTILIZATION_PERCENT} % full. The time that a resize takes is not included, and neither is \
             a VPC endpoint. The scaler's own cost is the cost of a whole stack for this one stream.",
            alternatives.sheet.origin()
        ),
        "Queues, channels and AUTO record distribution exist only in on-demand mode: if you need one of them, \
         you need that mode."
            .to_owned(),
        "On-demand Advantage is charged for at least 25 MB/s in and 25 MB/s out, over all streams of the \
         account and Region: here this stream alone pays it."
            .to_owned(),
    ];
    if alternatives.day.peak_hours == 0 {
        notes.push("The load is constant, so kinesis-scaler cannot save anything by following it.".to_owned());
    }
    if alternatives.day.consumers > 1 {
        notes.push(
            "At each other load the consumers share the shards, or have enhanced fan-out if there are too many \
             for that load."
                .to_owned(),
        );
    }
    if !alternatives.cluster.sources.is_empty() {
        notes.push(format!("Kafka prices in USD: {}.", alternatives.cluster.sources.join("; ")));
    }
    if let Ok(brokers) = &alternatives.cluster.brokers {
        let replicas = match brokers.hosting {
            Hosting::Ec2 => "Replicas in other zones are billed as transfer.",
            Hosting::Msk => "MSK does not bill replication.",
        };
        notes.push(format!(
            "Each broker has {} GB of disk. {replicas} The people who run the brokers are not included.",
            brokers.storage_gb(&alternatives.day)
        ));
        let [taken, given] = brokers.network_bytes_per_second(&alternatives.day).map(in_megabytes);
        notes.push(format!(
            "Nothing here checks whether the brokers carry the load: at the peak each broker receives {taken} \
             MB/s and sends {given} MB/s, replicas included."
        ));
    }
    notes.join("\n")
}

/// What is priced here and cannot be had just so.
fn warnings(alternatives: &Alternatives<'_>) -> Vec<String> {
    let Alternatives { day, cluster, sheet } = alternatives;
    let mut warnings = Vec::new();
    let most = network_bytes_per_second_max(&cluster.broker);
    if let (Ok(brokers), Some(most)) = (&cluster.brokers, most) {
        let [taken, given] = brokers.network_bytes_per_second(day);
        if taken.max(given) > most {
            warnings.push(format!(
                "warning: {} do not carry this: each would have {} MB/s in or out, and its network has {} MB/s at most \
                 (EC2 User Guide: up to 10 Gbps, for a while). Give more --brokers, or larger ones.",
                cluster.name,
                in_megabytes(taken.max(given)),
                most / 1_048_576
            ));
        }
    }
    let shards = day.shards_for_peak().max(day.shards(day.peak_bytes_per_second)).get();
    if shards > SHARDS_PER_STREAM_MAX {
        warnings.push(format!(
            "warning: a stream has at most {} shards, and this load needs {}: spread it over {} streams.",
            thousands(SHARDS_PER_STREAM_MAX.into()),
            thousands(shards.into()),
            shards.div_ceil(SHARDS_PER_STREAM_MAX)
        ));
    }
    let most = on_demand_bytes_per_second_max(sheet.region());
    if day.peak_bytes_per_second > most {
        warnings.push(format!(
            "warning: an on-demand stream takes {} MB/s at most in {}, unless AWS raises that quota.",
            thousands(most / 1_048_576),
            sheet.region()
        ));
    }
    warnings
}

/// The comparison for programs; what is not known is `null`.
pub(super) fn in_json(alternatives: &Alternatives<'_>) -> Value {
    let day = &alternatives.day;
    let way = |alternative: Alternative| {
        let costs = alternatives.costs(alternative);
        let lines = |costs: &super::alternatives::Costs| {
            costs.lines.iter().map(|(what, rates)| json!({ "item": what, "cost": rates })).collect::<Vec<_>>()
        };
        json!({
            "way": alternative.key(),
            "cost": costs.as_ref().ok().map(|costs| costs.total),
            "lines": costs.as_ref().ok().map(lines),
            "unknown": costs.as_ref().err().map(|lacking| &lacking.missing),
        })
    };
    let turns = |(first, second, turns): &(Alternative, Alternative, Vec<BreakEven>)| {
        let turn = |turn: &BreakEven| {
            let cheaper = if turn.first_is_cheaper { first.key() } else { second.key() };
            json!({ "from_bytes_per_second": turn.bytes_per_second, "cheaper": cheaper })
        };
        json!({
            "between": [first.key(), second.key()],
            "turns": turns.iter().map(turn).collect::<Vec<_>>(),
            "sought_up_to_bytes_per_second": u64::from(alternatives.steps(*first)) * STEP_BYTES_PER_SECOND,
        })
    };
    let below = on_demand_below_permille(day, alternatives.sheet).ok().flatten();
    json!({
        "region": alternatives.sheet.region(),
        "prices_of": alternatives.sheet.lender(),
        "bytes_per_second": day.bytes_per_second,
        "peak_bytes_per_second": day.peak_bytes_per_second,
        "hours_at_peak_per_day": day.peak_hours,
        "record_bytes": day.record_bytes,
        "consumers": day.consumers,
        "reading": day.readers().reading().to_string(),
        "retention_hours": day.retention_hours,
        "shards_peak": day.shards_for_peak().get(),
        "kafka": alternatives.cluster.name,
        "kafka_price_sources": alternatives.cluster.sources,
        "ways": Alternative::ALL.map(way),
        "break_evens": alternatives.break_evens().iter().map(turns).collect::<Vec<_>>(),
        "warnings": warnings(alternatives),
        "on_demand_cheaper_below_utilization_permille": below,
    })
}
