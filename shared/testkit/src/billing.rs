// SPDX-License-Identifier: Apache-2.0
//! What the world's streams are billed by: for cost-report.

use std::collections::BTreeMap;

use billing::prices::Item;
use billing::{Series, StreamConfig, UsageStep};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{MicroUsd, Minute, ShardCount};
use scaler_app::cloud::{CallError, CostCloud, Failure, ListedPrices, PriceList, ReportStore};
use scaler_core::SYNC_MINUTES;

use crate::stream::Stream;
use crate::world::World;

impl Stream {
    /// What it is billed by.
    pub(super) fn stream_config(&self) -> StreamConfig {
        StreamConfig {
            mode: self.mode,
            open_shards: ShardCount::saturating(u64::from(self.shards)),
            retention_hours: self.billed.retention_hours,
            created: self.billed.created,
            consumers: self.billed.consumers.iter().map(|(consumer, _)| consumer.clone()).collect(),
            on_demand_only: self.billed.on_demand_only,
        }
    }

    /// What it carried from `start` to `end`, step by step.
    pub(super) fn series(&self, start: Timestamp, end: Timestamp, step_seconds: u32) -> Series {
        let steps = end.duration_since(start).as_secs() / i64::from(step_seconds);
        let begins = |step: i64| start + SignedDuration::from_secs(step * i64::from(step_seconds));
        let minutes = u64::from(step_seconds / 60);
        Series { start, step_seconds, steps: (0..steps).map(|step| self.step(begins(step), minutes)).collect() }
    }

    fn step(&self, begins: Timestamp, minutes: u64) -> UsageStep {
        let load = self.curve.map_or(self.load, |curve| curve(begins));
        let times = |sum: Option<u64>| sum.map(|sum| sum * minutes);
        let metrics = Minute {
            bytes: times(load.bytes),
            records: times(load.records),
            throttled_records: times(load.throttled_records),
            read_bytes: times(load.read_bytes),
            read_throttles: times(load.read_throttles),
            ..load
        };
        UsageStep {
            metrics,
            // As alarm-sync publishes it.
            open_shards: (self.billed.is_counted && is_in_fifth_minute(begins, minutes)).then_some(self.shards),
            fan_out_bytes: self.billed.consumers.iter().map(|(_, bytes)| times(*bytes)).collect(),
            by_ledger: None,
        }
    }
}

/// Whether a step holds the begin of a minute by which alarm-sync runs.
fn is_in_fifth_minute(begins: Timestamp, minutes: u64) -> bool {
    minutes >= SYNC_MINUTES.unsigned_abs() || begins.as_second().div_euclid(60) % SYNC_MINUTES == 0
}

impl World {
    /// The pages that were kept, by their key.
    pub fn pages(&self) -> BTreeMap<String, String> {
        self.state().report_store.clone()
    }
}

impl PriceList for World {
    /// What the repository's sheet says anyway is not said again; a Region that it lacks has shards alone, of which one has
    /// a price that is not sound.
    async fn prices(&self, region: &str) -> Result<ListedPrices, CallError> {
        self.alive().await;
        self.state().called("GetProducts", region, "")?;
        let shards = BTreeMap::from([(Item::ShardHour, MicroUsd(17_000)), (Item::PutUnits, MicroUsd(16_500))]);
        match region {
            "us-east-1" => Ok(ListedPrices::default()),
            "eu-west-1" => Ok(ListedPrices { prices: shards, faults: Vec::new() }),
            "eu-central-1" => {
                Ok(ListedPrices { prices: shards, faults: vec!["two prices of on-demand-hour".to_owned()] })
            }
            _ => Err(CallError::new("GetProducts", region, Failure::Refused, "AccessDeniedException: not allowed")),
        }
    }
}

impl ReportStore for World {
    async fn put(&self, key: &str, html: String) -> Result<String, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("PutObject", key, "")?;
        state.report_store.insert(key.to_owned(), html);
        Ok(format!("s3://reports/{key}"))
    }
}

impl CostCloud for World {
    type PriceList = Self;
    type ReportStore = Self;

    fn price_list(&self) -> &Self {
        self
    }

    fn report_store(&self) -> Option<&Self> {
        Some(self)
    }
}
