// SPDX-License-Identifier: Apache-2.0
//! What was measured of one way to choose keys, as figures.

use key_spread::{Evenness, HeavyHitter, Spread};
use kinesis_model::limits::{WRITE_BYTES_PER_SECOND_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD};
use kinesis_model::num::{float, whole};
use serde::Serialize;
use sizing::{Reads, Workload};

use super::options::RateOptions;

/// Keys of one strategy, or of a file, counted.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) spread: Spread,
    /// The share of records that came to the shard of their user's record before, 0 to 1; `None` where that is not known.
    pub(crate) order_kept: Option<f64>,
    /// The order that the keys are meant to keep.
    pub(crate) own_order: OwnOrder,
    /// The share of the hottest key in windows of 60,000 records, on average; `None` where that was not measured.
    pub(crate) hottest_at_a_time: Option<f64>,
}

/// The order that a way to choose keys is meant to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OwnOrder {
    /// Of what; `None` where none is meant, or nobody said.
    pub(crate) of: Option<&'static str>,
    /// The share of records that came to the shard of the record before of the same, 0 to 1; `None` where there were none.
    pub(crate) kept: Option<f64>,
}

/// All figures of it, for programs.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) keys: String,
    pub(crate) records: u64,
    pub(crate) shards: usize,
    /// The busiest shard over the mean; 1 is even.
    pub(crate) max_over_mean: f64,
    /// The same in windows of 60,000 records, on average: what it is at a time. `null` for too few records.
    pub(crate) window_max_over_mean: Option<f64>,
    pub(crate) coefficient_of_variation: f64,
    pub(crate) chi_squared: f64,
    pub(crate) degrees_of_freedom: u64,
    pub(crate) p_value: f64,
    pub(crate) effective_shards: f64,
    /// The share of records that came to the shard of their user's record before, 0 to 1; `null` where
    /// that is not known.
    pub(crate) order_kept: Option<f64>,
    /// Of what the keys are meant to keep the order; `null` where they are meant to keep none.
    pub(crate) own_order_of: Option<&'static str>,
    /// The share of records that came to the shard of the record before of the same, 0 to 1; `null` where there were none.
    pub(crate) own_order_kept: Option<f64>,
    pub(crate) hottest: Option<HotKey>,
    /// The share of the hottest key in windows of 60,000 records, on average, and at least of all; 0 to 1.
    pub(crate) hottest_at_a_time: f64,
    /// What that is, of what one shard takes.
    pub(crate) hottest_of_a_shard: f64,
}

/// A key that has more records than others.
#[derive(Serialize)]
pub(crate) struct HotKey {
    pub(crate) key: String,
    pub(crate) hash_key: String,
    /// Of all records, 0 to 1.
    pub(crate) share: f64,
    /// What it would write, of what one shard takes; above 1 no count of shards suffices.
    pub(crate) of_a_shard: f64,
}

impl Measured {
    /// `None` where there is not a record.
    pub(crate) fn figures(&self, rate: RateOptions) -> Option<Figures> {
        let Evenness { max_over_mean, variation, chi_squared, degrees_of_freedom, p_value, effective_shards } =
            self.spread.evenness()?;
        let hottest = self.hottest(1, rate).into_iter().next();
        let at_a_time =
            hottest.as_ref().map_or(0.0, |hottest| hottest.share).max(self.hottest_at_a_time.unwrap_or(0.0));
        Some(Figures {
            keys: self.name.clone(),
            records: self.spread.records(),
            shards: self.spread.shards().len(),
            max_over_mean,
            window_max_over_mean: self.spread.window_max_over_mean(),
            coefficient_of_variation: variation,
            chi_squared,
            degrees_of_freedom,
            p_value,
            effective_shards,
            order_kept: self.order_kept,
            own_order_of: self.own_order.of,
            own_order_kept: self.own_order.kept,
            hottest,
            hottest_at_a_time: at_a_time,
            hottest_of_a_shard: at_a_time * rate.in_shards(),
        })
    }

    /// The hottest keys, so many at most.
    pub(crate) fn hottest(&self, most: usize, rate: RateOptions) -> Vec<HotKey> {
        let records = self.spread.records();
        self.spread.hottest(most).iter().map(|heavy| HotKey::of(heavy, records, rate)).collect()
    }
}

impl HotKey {
    fn of(heavy: &HeavyHitter, records: u64, rate: RateOptions) -> Self {
        let share = float(heavy.at_least) / float(records);
        Self {
            key: String::from_utf8_lossy(&heavy.key).into_owned(),
            hash_key: heavy.hash_key.to_string(),
            share,
            of_a_shard: share * rate.in_shards(),
        }
    }
}

impl RateOptions {
    /// What is written by so many keys.
    pub(crate) fn workload(self, keys: u32) -> Workload {
        let record_bytes = whole((self.record_kib * 1_024.0).ceil());
        Workload {
            bytes_per_second: self.records_per_second.saturating_mul(record_bytes),
            records_per_second: Some(self.records_per_second),
            reads: Reads::Unknown,
            distinct_partition_keys: Some(keys),
        }
    }

    /// What is written, in shards that it fills.
    pub(crate) fn in_shards(self) -> f64 {
        let records = float(self.records_per_second);
        let bytes = records * self.record_kib * 1_024.0;
        (records / float(WRITE_RECORDS_PER_SECOND_PER_SHARD)).max(bytes / float(WRITE_BYTES_PER_SECOND_PER_SHARD))
    }
}
