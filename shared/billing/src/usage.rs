// SPDX-License-Identifier: Apache-2.0
//! What a stream used, counted from its metrics in the units of a bill.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::prices::Item;
use kinesis_model::ShardCount;
use kinesis_model::limits::{FAN_OUT_CONSUMERS_MAX, MINUTE_SECONDS};
use kinesis_model::{Demand, shards_to_read};
use kinesis_model::{Minute, StreamMode};
use scaler_core::ResizeHistory;
use scaler_core::SYNC_MINUTES;

/// Bytes of a record that one PUT payload unit covers; a record takes whole units. Kinesis pricing page, where it is
/// "25 KB": powers of two are taken to be meant.
const PUT_UNIT_BYTES: u64 = 25 * 1_024;
/// On-demand bills each record as a multiple of so many bytes ("1 KB"). Kinesis pricing page.
const ON_DEMAND_STEP_BYTES: u64 = 1_024;
/// Records kept so long cost nothing more. Kinesis pricing page.
pub(super) const FREE_RETENTION_HOURS: u32 = 24;
/// Up to so many hours retention is "extended", beyond "long-term". Kinesis pricing page.
const EXTENDED_RETENTION_HOURS: u32 = 7 * 24;
/// For so long a published shard count says how many there are: alarm-sync publishes it every [`SYNC_MINUTES`], and a run may
/// be late by as much.
const COUNT_HOLDS_SECONDS: u64 = 2 * SYNC_MINUTES as u64 * MINUTE_SECONDS;

/// PUT payload units of so many records with so many bytes together, all taken to be of their mean size, since metrics know
/// no single one. Whatever the sizes, the truth lies between the larger of `records` and `bytes / 25 KB`, and the sum of the
/// two. Bytes without records, of which the metric is missing, are taken to have come in one.
pub fn put_units(records: u64, bytes: u64) -> u128 {
    steps(records, bytes, PUT_UNIT_BYTES)
}

/// Bytes that on-demand bills for so many records with so many bytes together, with the same reservation as [`put_units`].
pub fn on_demand_bytes(records: u64, bytes: u64) -> u128 {
    steps(records, bytes, ON_DEMAND_STEP_BYTES) * u128::from(ON_DEMAND_STEP_BYTES)
}

/// Up, since each record takes whole steps; the smallest record takes one.
fn steps(records: u64, bytes: u64, step: u64) -> u128 {
    let records = if bytes > 0 { records.max(1) } else { records };
    let of_a_record = u128::from(bytes).div_ceil((u128::from(records) * u128::from(step)).max(1)).max(1);
    u128::from(records) * of_a_record
}

/// What of a stream decides which items it is billed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamConfig {
    /// Who chooses its shard count.
    pub mode: StreamMode,
    /// Its open shards now.
    pub open_shards: ShardCount,
    /// How long it keeps records, in hours.
    pub retention_hours: u32,
    /// When it was created; before that nothing was billed. The step in which it was counts whole.
    pub created: Timestamp,
    /// Its consumers with enhanced fan-out.
    pub consumers: Vec<Consumer>,
    /// What it has that on-demand mode alone has.
    pub on_demand_only: OnDemandOnly,
}

/// What a stream may have in on-demand mode alone, as far as it is told; what is there has to go before another mode. Source: API
/// reference, `CreateChannel`, `UpdateStreamRecordDistributionStrategy`, `UpdateStreamMode`.
///
/// Queues are of that mode alone as well. `aws-sdk-kinesis` 1.130 does not tell of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnDemandOnly {
    /// How many channels deliver from it; `None` where that is not told.
    pub channels: Option<u32>,
    /// Whether Kinesis chooses each record's shard (`AUTO`); `None` where that is not told.
    pub is_auto: Option<bool>,
    /// Consumers with enhanced fan-out beyond those that a provisioned stream may have.
    pub consumers_beyond: u32,
}

impl OnDemandOnly {
    /// What has to go first, each as an order for a person.
    pub fn blocks(&self) -> Vec<String> {
        let channels = self.channels.filter(|channels| *channels > 0);
        let channels = channels.map(|channels| {
            format!(
                "delete its {channels} channel(s), or replace them by Firehose: a provisioned stream cannot \
                have channels"
            )
        });
        let auto = (self.is_auto == Some(true)).then(|| {
            "let its producers set partition keys, and set its record distribution to USER_PARTITION_KEY: AUTO \
             exists only in on-demand mode"
                .to_owned()
        });
        let beyond = (self.consumers_beyond > 0).then(|| {
            format!(
                "deregister {} of its consumers with enhanced fan-out: a provisioned stream can have at most \
                 {FAN_OUT_CONSUMERS_MAX}",
                self.consumers_beyond
            )
        });
        channels.into_iter().chain(auto).chain(beyond).collect()
    }

    /// What nobody told, and a person has to look at.
    pub fn to_check(&self) -> String {
        let channels = self.channels.is_none().then_some("channels");
        let auto = self.is_auto.is_none().then_some("AUTO record distribution");
        let unknown: Vec<_> = ["queues"].into_iter().chain(channels).chain(auto).collect();
        unknown.join(", ")
    }
}

/// A consumer with enhanced fan-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consumer {
    /// Its name.
    pub name: String,
    /// When it was registered; it is billed from then on, whether it reads or not. The step in which it was counts whole.
    pub created: Timestamp,
}

/// One step of a [`Series`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageStep {
    /// The sums and maxima of the step; a step without any is one in which nobody wrote.
    pub metrics: Minute,
    /// Open shards, where the scaler has published them.
    pub open_shards: Option<u32>,
    /// Open shards by the stream's own ledger, see [`Series::recall`].
    pub by_ledger: Option<u32>,
    /// Bytes given to each consumer of [`StreamConfig::consumers`], in their order; `None` where CloudWatch has no point.
    pub fan_out_bytes: Vec<Option<u64>>,
}

/// A stream's metrics in even steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// When the first step begins.
    pub start: Timestamp,
    /// How long each is, in seconds; whole minutes.
    pub step_seconds: u32,
    /// The steps.
    pub steps: Vec<UsageStep>,
}

/// What one consumer with enhanced fan-out used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerUse {
    /// Shards that it was registered for, times seconds.
    pub shard_seconds: u128,
    /// What it was given; `None` where CloudWatch has no point at all, as of a consumer that never subscribes.
    pub bytes: Option<u128>,
}

/// What a stream used over some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How long it was there.
    pub seconds: u64,
    /// For how much of that its shard count was published, which happens every few minutes.
    pub seconds_counted: u64,
    /// For how much of the rest the stream's own ledger tells it; beyond that the nearest one known is taken.
    pub seconds_by_ledger: u64,
    /// Open shards times seconds.
    pub shard_seconds: u128,
    /// Records written.
    pub records: u128,
    /// Bytes written.
    pub bytes: u128,
    /// See [`put_units`].
    pub put_units: u128,
    /// See [`on_demand_bytes`].
    pub on_demand_bytes: u128,
    /// Bytes read with `GetRecords`.
    pub read_bytes: u128,
    /// Bytes kept beyond 24 hours, up to 7 days, times hours.
    pub extended_byte_hours: u128,
    /// Bytes kept beyond 7 days, times hours.
    pub long_term_byte_hours: u128,
    /// Records refused for throttling.
    pub throttled_records: u128,
    /// What was wanted in the busiest minute, on average over the minutes of a step.
    pub peak: Demand,
    /// Bytes read with `GetRecords` in the minute that most was read in, on average over the minutes of a step.
    pub peak_read_bytes: u64,
    /// How far consumers with `GetRecords` were behind at most, in milliseconds; `None` where nobody read so.
    pub iterator_age_ms: Option<u64>,
    /// What each consumer with enhanced fan-out used.
    pub consumers: BTreeMap<String, ConsumerUse>,
}

impl Series {
    /// When the last step ends.
    pub fn end(&self) -> Timestamp {
        self.at(self.steps.len())
    }

    /// What was used in the steps that begin from `from` (inclusive) to `until` (exclusive).
    pub fn usage(&self, config: &StreamConfig, from: Timestamp, until: Timestamp) -> Usage {
        let counts = self.shard_counts(config);
        let mut usage = Usage::default();
        for (at, (step, count)) in self.steps.iter().zip(counts).enumerate() {
            let (begins, ends) = (self.at(at), self.at(at + 1));
            if begins >= from && begins < until && ends > config.created {
                usage.add(step, count, ends, self.step_seconds, config);
            }
        }
        usage
    }

    /// Notes in each step what the stream's ledger tells of its shard count, as it is `now`.
    pub fn recall(&mut self, ledger: &ResizeHistory, now: Timestamp) {
        for at in 0..self.steps.len() {
            let count = ledger.count_at(self.at(at), now);
            self.steps[at].by_ledger = count.map(ShardCount::get);
        }
    }

    /// Open shards of each step: the last that was published, where that is long ago the ledger's, before the first of both that
    /// one, and where there is none the count of now.
    fn shard_counts(&self, config: &StreamConfig) -> Vec<Count> {
        let first = self.steps.iter().find_map(|step| step.open_shards.or(step.by_ledger));
        let mut shards = first.unwrap_or_else(|| config.open_shards.get());
        let mut seconds_since = u64::MAX;
        let count = |step: &UsageStep| {
            seconds_since = match step.open_shards {
                Some(published) => {
                    shards = published;
                    0
                }
                None => seconds_since.saturating_add(u64::from(self.step_seconds)),
            };
            let is_published = seconds_since < COUNT_HOLDS_SECONDS;
            let by_ledger = step.by_ledger.filter(|_| !is_published);
            shards = by_ledger.unwrap_or(shards);
            Count { shards, is_published, is_by_ledger: by_ledger.is_some() }
        };
        self.steps.iter().map(count).collect()
    }

    fn at(&self, step: usize) -> Timestamp {
        let seconds = i64::try_from(step).unwrap_or(i64::MAX).saturating_mul(i64::from(self.step_seconds));
        self.start.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }
}

/// Open shards of a step.
#[derive(Clone, Copy)]
struct Count {
    shards: u32,
    /// Whether it was published lately.
    is_published: bool,
    /// Whether it is the ledger's.
    is_by_ledger: bool,
}

impl Usage {
    fn add(&mut self, step: &UsageStep, count: Count, ends: Timestamp, step_seconds: u32, config: &StreamConfig) {
        let seconds = u64::from(step_seconds);
        let shard_seconds = u128::from(count.shards) * u128::from(seconds);
        let [records, bytes, read, throttled] = {
            let metrics = &step.metrics;
            [metrics.records, metrics.bytes, metrics.read_bytes, metrics.throttled_records]
                .map(Option::unwrap_or_default)
        };
        self.seconds += seconds;
        self.seconds_counted += if count.is_published { seconds } else { 0 };
        self.seconds_by_ledger += if count.is_by_ledger { seconds } else { 0 };
        self.shard_seconds += shard_seconds;
        self.records += u128::from(records);
        self.bytes += u128::from(bytes);
        self.put_units += put_units(records, bytes);
        self.on_demand_bytes += on_demand_bytes(records, bytes);
        let age_hours = u32::try_from(ends.duration_since(config.created).as_hours().max(0)).unwrap_or(u32::MAX);
        self.keep(u128::from(bytes), config.retention_hours.min(age_hours));
        self.read_bytes += u128::from(read);
        self.throttled_records += u128::from(throttled);
        self.iterator_age_ms = self.iterator_age_ms.max(step.metrics.iterator_age_ms);
        let minutes = (seconds / MINUTE_SECONDS).max(1);
        self.peak = busier(self.peak, a_minute_of(Demand::wanted(&step.metrics), minutes));
        self.peak_read_bytes = self.peak_read_bytes.max(read.div_ceil(minutes));
        for (at, consumer) in config.consumers.iter().enumerate() {
            let used = self.consumers.entry(consumer.name.clone()).or_default();
            if ends > consumer.created {
                used.shard_seconds += shard_seconds;
            }
            let given = step.fan_out_bytes.get(at).copied().flatten();
            used.bytes = given.map(|bytes| used.bytes.unwrap_or(0) + u128::from(bytes)).or(used.bytes);
        }
    }

    /// Counts what is kept of so many bytes, as if it had been written for as long as it is kept: as much was written then as is
    /// written now, so what is kept now costs what these bytes will.
    fn keep(&mut self, bytes: u128, hours: u32) {
        let extended = hours.min(EXTENDED_RETENTION_HOURS).saturating_sub(FREE_RETENTION_HOURS);
        let long_term = hours.saturating_sub(EXTENDED_RETENTION_HOURS);
        let times = |hours: u32| bytes.saturating_mul(u128::from(hours));
        self.extended_byte_hours = self.extended_byte_hours.saturating_add(times(extended));
        self.long_term_byte_hours = self.long_term_byte_hours.saturating_add(times(long_term));
    }

    /// The same, kept for so many hours by a stream that has always carried it: for a stream on paper.
    #[must_use]
    pub fn kept_for(mut self, hours: u32) -> Self {
        (self.extended_byte_hours, self.long_term_byte_hours) = (0, 0);
        self.keep(self.bytes, hours);
        self
    }

    /// What this is billed by in provisioned mode, with so many open shards times seconds.
    pub fn provisioned(&self, shard_seconds: u128, retention_hours: u32) -> Vec<(Item, u128)> {
        let consumers: u128 = self.consumers.values().map(|used| used.shard_seconds).sum();
        vec![
            (Item::ShardHour, shard_seconds),
            (Item::PutUnits, self.put_units),
            (Item::ExtendedRetention, if retention_hours > FREE_RETENTION_HOURS { shard_seconds } else { 0 }),
            (Item::LongTermRetention, self.kept_long(retention_hours)),
            // A consumer is billed for each shard: with another count the same consumers cost accordingly.
            (Item::FanOutHour, consumers.saturating_mul(shard_seconds) / self.shard_seconds.max(1)),
            (Item::FanOutOut, self.fan_out_bytes()),
        ]
    }

    /// What this is billed by in on-demand mode, Standard.
    pub(super) fn on_demand(&self, retention_hours: u32) -> Vec<(Item, u128)> {
        vec![
            (Item::OnDemandHour, u128::from(self.seconds)),
            (Item::OnDemandIn, self.on_demand_bytes),
            (Item::OnDemandOut, self.read_bytes),
            (Item::OnDemandFanOutOut, self.fan_out_bytes()),
            (Item::OnDemandExtendedRetention, self.kept_longer(retention_hours)),
            (Item::OnDemandLongTermRetention, self.kept_long(retention_hours)),
        ]
    }

    /// What this is billed by under On-demand Advantage, without the account's floor.
    pub(super) fn advantage(&self, retention_hours: u32) -> Vec<(Item, u128)> {
        vec![
            (Item::AdvantageIn, self.on_demand_bytes),
            (Item::AdvantageOut, self.read_bytes + self.fan_out_bytes()),
            (Item::AdvantageExtendedRetention, self.kept_longer(retention_hours)),
            (Item::OnDemandLongTermRetention, self.kept_long(retention_hours)),
        ]
    }

    /// Shards for its busiest minute at `utilization_percent` of their capacity.
    ///
    /// Of a provisioned stream that is the minute of the most writes: what is read in a replay is whatever there is, and
    /// would make a peak of its own. Of an on-demand stream it is that of reads as well: nobody adds shards for its consumers
    /// once it is provisioned.
    pub fn shards_at_peak(&self, mode: StreamMode, utilization_percent: u32) -> ShardCount {
        let to_write = self.peak.shards(utilization_percent);
        match mode {
            StreamMode::Provisioned => to_write,
            StreamMode::OnDemand => to_write.max(shards_to_read(self.peak_read_bytes, utilization_percent)),
        }
    }

    /// The fewest and the most payload units that it can have been, whatever the sizes of its records.
    pub fn put_units_bounds(&self) -> (u128, u128) {
        let full = self.bytes.div_ceil(u128::from(PUT_UNIT_BYTES));
        (self.records.max(full), self.records.saturating_add(full))
    }

    /// Bytes given to consumers with enhanced fan-out, as far as it is known.
    pub fn fan_out_bytes(&self) -> u128 {
        self.consumers.values().filter_map(|used| used.bytes).sum()
    }

    /// Beyond 24 hours; nothing where that is how long the stream is to keep it.
    fn kept_longer(&self, retention_hours: u32) -> u128 {
        if retention_hours > FREE_RETENTION_HOURS { self.extended_byte_hours } else { 0 }
    }

    /// Beyond 7 days, as [`Self::kept_longer`].
    fn kept_long(&self, retention_hours: u32) -> u128 {
        if retention_hours > EXTENDED_RETENTION_HOURS { self.long_term_byte_hours } else { 0 }
    }
}

/// Up, since a part of a byte or record cannot be had.
fn a_minute_of(demand: Demand, minutes: u64) -> Demand {
    Demand { bytes: demand.bytes.div_ceil(minutes), records: demand.records.div_ceil(minutes) }
}

fn busier(one: Demand, other: Demand) -> Demand {
    let load = |demand: &Demand| demand.utilization_percent(ShardCount::ONE);
    if load(&other) > load(&one) { other } else { one }
}
