// SPDX-License-Identifier: Apache-2.0
//! Streams and their metrics made to order, for tests of costs.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, missing_docs)]

use billing::{Bill, Consumer, OnDemandOnly, Series, StreamConfig, Usage, UsageStep};
use jiff::Timestamp;
use kinesis_model::{Minute, ShardCount, StreamMode};

pub const GB: u64 = 1 << 30;
pub const HOUR: u32 = 3_600;
/// Hours of the month that prices are for.
pub const MONTH: usize = 720;

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A stream that is older than anything asked about, without consumers.
pub fn stream_config(mode: StreamMode, shards: u32, retention_hours: u32) -> StreamConfig {
    StreamConfig {
        mode,
        open_shards: ShardCount::new(shards).unwrap(),
        retention_hours,
        created: at("2020-01-01T00:00:00Z"),
        consumers: Vec::new(),
        on_demand_only: OnDemandOnly::default(),
    }
}

pub fn consumer(name: &str, created: &str) -> Consumer {
    Consumer { name: name.to_owned(), created: at(created) }
}

/// A step with so many records and bytes.
pub fn step(records: u64, bytes: u64) -> UsageStep {
    UsageStep {
        metrics: Minute { records: Some(records), bytes: Some(bytes), ..Minute::default() },
        ..UsageStep::default()
    }
}

/// Steps of an hour from the first of November 2026 on, which has thirty days.
pub fn hours(steps: Vec<UsageStep>) -> Series {
    Series { start: at("2026-11-01T00:00:00Z"), step_seconds: HOUR, steps }
}

/// What was used in all of it.
pub fn whole(series: &Series, config: &StreamConfig) -> Usage {
    series.usage(config, series.start, series.end())
}

/// The bill line by line, as a person reads it.
pub fn lines(bill: &Bill) -> Vec<String> {
    bill.lines.iter().map(|line| format!("{} {}", line.item, line.cost)).collect()
}
