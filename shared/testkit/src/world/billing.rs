//! What the world's streams are billed by: the ports of cost-report.

use std::collections::BTreeMap;

use billing::prices::Item;
use billing::{Consumer, OnDemandOnly, Series, Standing, Tick};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{MicroUsd, Minute, ShardCount};
use scaler_app::cloud::{Billing, Listed, Pages, PriceList, Runs};
use scaler_app::report::{CostAdapters, CostPorts};
use scaler_app::cloud::{CallError, Failure};
use scaler_core::SYNC_MINUTES;

use super::{Stream, World};

/// What a stream is billed by beside its shards and traffic.
#[derive(Clone, Debug)]
pub struct Billed {
    /// How long it keeps records, in hours.
    pub retention_hours: u32,
    /// When it was created.
    pub created: Timestamp,
    /// Its consumers with enhanced fan-out, and the bytes that each is given in a minute, where that is known.
    pub consumers: Vec<(Consumer, Option<u64>)>,
    /// Whether its shard count is published; it is the same in every minute.
    pub is_counted: bool,
    /// What it has that on-demand mode alone has.
    pub on_demand_only: OnDemandOnly,
}

impl Default for Billed {
    /// Created long ago, with nothing that costs extra.
    fn default() -> Self {
        Self {
            retention_hours: 24,
            created: Timestamp::UNIX_EPOCH,
            consumers: Vec::new(),
            is_counted: true,
            on_demand_only: OnDemandOnly::default(),
        }
    }
}

impl Stream {
    fn tick(&self, begins: Timestamp, minutes: u64) -> Tick {
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
        Tick {
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
    /// The ports of cost-report.
    pub fn cost_ports(&self) -> CostPorts<&Self> {
        CostPorts { fleet: self.fleet_ports(), billing: self, price_list: self, pages: self }
    }

    /// The pages that were kept, by their key.
    pub fn pages(&self) -> BTreeMap<String, String> {
        self.state().pages.clone()
    }
}

impl Billing for &World {
    async fn all(&self) -> Result<Vec<String>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("ListStreams", "the account", "")?;
        Ok(state.streams.keys().cloned().collect())
    }

    async fn standing(&self, stream: &str) -> Result<Standing, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "DescribeStreamSummary";
        state.called(call, stream, "")?;
        state.called("ListStreamConsumers", stream, "")?;
        let stream = state.find(call, stream)?;
        Ok(Standing {
            mode: stream.mode,
            open_shards: ShardCount::saturating(u64::from(stream.shards)),
            retention_hours: stream.billed.retention_hours,
            created: stream.billed.created,
            consumers: stream.billed.consumers.iter().map(|(consumer, _)| consumer.clone()).collect(),
            on_demand_only: stream.billed.on_demand_only,
        })
    }

    async fn series(
        &self,
        streams: &[(String, Standing)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> Result<BTreeMap<String, Series>, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "GetMetricData (bills)";
        state.called(call, "the fleet", &streams.len().to_string())?;
        let steps = end.duration_since(start).as_secs() / i64::from(step_seconds);
        let begins = |step: i64| start + SignedDuration::from_secs(step * i64::from(step_seconds));
        let minutes = u64::from(step_seconds / 60);
        let mut series = BTreeMap::new();
        for (name, _) in streams {
            let stream = state.find(call, name)?;
            let ticks = (0..steps).map(|step| stream.tick(begins(step), minutes)).collect();
            series.insert(name.clone(), Series { start, step_seconds, ticks });
        }
        Ok(series)
    }

    async fn runs(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<String, Runs>, CallError> {
        self.alive().await;
        self.state().called("GetMetricData (runs)", &functions.join(","), "")?;
        // One a minute, of 100 ms.
        let count = u64::try_from(end.duration_since(start).as_secs() / 60).unwrap_or(0);
        Ok(functions.iter().map(|name| (name.clone(), Runs { count, milliseconds: 100 * count })).collect())
    }
}

impl PriceList for &World {
    /// What the repository's sheet says anyway is not said again; a Region that it lacks has shards alone, of which one has
    /// a price that is not sound.
    async fn prices(&self, region: &str) -> Result<Listed, CallError> {
        self.alive().await;
        self.state().called("GetProducts", region, "")?;
        let shards = BTreeMap::from([(Item::ShardHour, MicroUsd(17_000)), (Item::PutUnits, MicroUsd(16_500))]);
        match region {
            "us-east-1" => Ok(Listed::default()),
            "eu-west-1" => Ok(Listed { prices: shards, faults: Vec::new() }),
            "eu-central-1" => Ok(Listed { prices: shards, faults: vec!["two prices of on-demand-hour".to_owned()] }),
            _ => Err(CallError::new("GetProducts", region, Failure::Refused, "AccessDeniedException: not allowed")),
        }
    }
}

impl Pages for &World {
    fn is_there(&self) -> bool {
        true
    }

    async fn keep(&self, key: &str, html: String) -> Result<String, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("PutObject", key, "")?;
        state.pages.insert(key.to_owned(), html);
        Ok(format!("s3://reports/{key}"))
    }
}

impl CostAdapters for &World {
    type Billing = Self;
    type PriceList = Self;
    type Pages = Self;
}
