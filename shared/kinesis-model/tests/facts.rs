// SPDX-License-Identifier: Apache-2.0
//! `docs/aws-facts.md` has the quotas and rates that the code has.
#![allow(clippy::unwrap_used, clippy::panic)]

use kinesis_model::limits::{self, API_RATES};

const FACTS: &str = include_str!("../../../docs/aws-facts.md");

/// The row that has these words in a cell.
fn row(words: &str) -> &str {
    let cell = format!("`{words}`");
    FACTS
        .lines()
        .find(|line| line.starts_with("| ") && line.contains(&cell))
        .unwrap_or_else(|| panic!("no row has {cell}"))
}

/// As the page writes numbers: `1,048,576`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// Whether a row has the number as its value, and not as a part of another.
fn has(row: &str, number: u64) -> bool {
    let value = row.split('|').nth(2).unwrap_or_default();
    value.split(|c: char| !c.is_ascii_digit() && c != ',').any(|word| word.trim_end_matches(',') == grouped(number))
}

#[test]
fn each_quota_stands_in_its_row() {
    let in_usize = |number: usize| u64::try_from(number).unwrap();
    for (name, value) in [
        ("WRITE_BYTES_PER_SECOND_PER_SHARD", limits::WRITE_BYTES_PER_SECOND_PER_SHARD),
        ("WRITE_RECORDS_PER_SECOND_PER_SHARD", limits::WRITE_RECORDS_PER_SECOND_PER_SHARD),
        ("READ_BYTES_PER_SECOND_PER_SHARD", limits::READ_BYTES_PER_SECOND_PER_SHARD),
        ("READ_CALLS_PER_SECOND_PER_SHARD", limits::READ_CALLS_PER_SECOND_PER_SHARD.into()),
        ("FAN_OUT_CONSUMERS_MAX", limits::FAN_OUT_CONSUMERS_MAX.into()),
        ("RECORD_BYTES_DEFAULT", limits::RECORD_BYTES_DEFAULT),
        ("RECORD_BYTES_MAX", limits::RECORD_BYTES_MAX),
        ("TAGS_PER_STREAM_MAX", in_usize(limits::TAGS_PER_STREAM_MAX)),
        ("TAG_VALUE_CHARS_MAX", in_usize(limits::TAG_VALUE_CHARS_MAX)),
        ("RETENTION_HOURS_MIN", limits::RETENTION_HOURS_MIN.into()),
        ("RETENTION_HOURS_MAX", limits::RETENTION_HOURS_MAX.into()),
        ("RESIZES_PER_DAY", limits::RESIZES_PER_DAY.into()),
        ("RESIZES_WINDOW_HOURS", limits::RESIZES_WINDOW_HOURS.unsigned_abs()),
        ("SHARDS_PER_STREAM_MAX", limits::SHARDS_PER_STREAM_MAX.into()),
        ("METRIC_DELAY_MINUTES", limits::METRIC_DELAY_MINUTES.into()),
    ] {
        assert!(has(row(name), value), "{name} is {value} in the code: {}", row(name));
    }
}

#[test]
fn each_rate_stands_in_its_row() {
    for rate in API_RATES {
        let cells: Vec<_> = row(rate.action).split('|').map(str::trim).collect();
        assert_eq!(cells[2], rate.per_second.to_string(), "{}", rate.action);
    }
}
