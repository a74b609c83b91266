// SPDX-License-Identifier: Apache-2.0
//! What was read of one shard: its records and their keys, counted.

use std::collections::{BTreeMap, HashMap};

use kinesis_model::limits::{WRITE_BYTES_PER_SECOND_PER_SHARD, WRITE_RECORDS_PER_SECOND_PER_SHARD};
use kinesis_model::num::float;
use kinesis_model::{OpenShard, hash_key};
use kinesis_producer::aggregation::{self, Aggregate, AggregateFault};
use operator_aws::SampledRecord;
use scaler_core::KeyLoad;

/// What was read of one shard.
pub(super) struct Sample {
    pub(super) shard: OpenShard,
    /// The demand on it, of what a shard takes: by its metrics, or by the records' own times.
    pub(super) load: f64,
    pub(super) measured: Option<f64>,
    pub(super) records: usize,
    pub(super) bytes: usize,
    pub(super) aggregated: usize,
    pub(super) unopened: BTreeMap<AggregateFault, usize>,
    pub(super) odd_hash_keys: usize,
    pub(super) user_records: usize,
    pub(super) keys: HashMap<String, (usize, usize)>,
    /// By the keys that chose the shard.
    pub(super) outer: HashMap<String, (usize, usize)>,
    /// Records whose key's MD5 is not on the shard: an explicit hash key chose it, which readers are not told.
    pub(super) elsewhere: usize,
}

impl Sample {
    pub(super) fn of(shard: OpenShard, measured: Option<f64>, records: &[SampledRecord]) -> Self {
        let mut sample = Self {
            shard,
            load: measured.unwrap_or_else(|| rate(records)),
            measured,
            records: records.len(),
            bytes: 0,
            aggregated: 0,
            unopened: BTreeMap::new(),
            odd_hash_keys: 0,
            user_records: 0,
            keys: HashMap::new(),
            outer: HashMap::new(),
            elsewhere: 0,
        };
        for record in records {
            let bytes = record.partition_key.len() + record.data.len();
            sample.bytes += bytes;
            count(&mut sample.outer, &record.partition_key, bytes);
            sample.elsewhere += usize::from(!sample.shard.range.contains(hash_key(&record.partition_key)));
            match aggregation::decode(&record.data) {
                Ok(Some(inside)) => sample.opened(inside),
                Ok(None) => sample.own(record),
                Err(fault) => {
                    *sample.unopened.entry(fault).or_default() += 1;
                    sample.own(record);
                }
            }
        }
        sample
    }

    fn own(&mut self, record: &SampledRecord) {
        self.user_records += 1;
        count(&mut self.keys, &record.partition_key, record.partition_key.len() + record.data.len());
    }

    fn opened(&mut self, inside: Aggregate) {
        self.aggregated += 1;
        self.user_records += inside.records.len();
        self.odd_hash_keys += inside.odd_hash_keys;
        for user in inside.records {
            count(&mut self.keys, &user.partition_key, user.partition_key.len() + user.data.len());
        }
    }

    /// The share that a key has of what binds the shard: of its records, or of its bytes.
    pub(super) fn share(&self, (records, bytes): (usize, usize)) -> (f64, f64) {
        (float(records) / float(self.user_records.max(1)), float(bytes) / float(self.bytes.max(1)))
    }

    /// The loads of the keys that lie on this shard by their own hash, for a plan.
    pub(super) fn key_loads(&self) -> Vec<KeyLoad> {
        let load = |(key, counts): (&String, &(usize, usize))| {
            let (_, bytes_share) = self.share(*counts);
            let records_share = float(counts.0) / float(self.records.max(1));
            KeyLoad { hash_key: hash_key(key), load: self.load * records_share.max(bytes_share) }
        };
        self.outer.iter().map(load).filter(|key| self.shard.range.contains(key.hash_key)).collect()
    }
}

fn count(keys: &mut HashMap<String, (usize, usize)>, key: &str, bytes: usize) {
    if let Some((records, all)) = keys.get_mut(key) {
        (*records, *all) = (*records + 1, *all + bytes);
    } else {
        keys.insert(key.to_owned(), (1, bytes));
    }
}

/// What records fill of a shard, by when they came.
fn rate(records: &[SampledRecord]) -> f64 {
    let arrived = || records.iter().filter_map(|record| record.arrived);
    let (Some(first), Some(last)) = (arrived().min(), arrived().max()) else { return 0.0 };
    // Times are told in whole seconds at best.
    let seconds = last.duration_since(first).as_secs_f64().max(1.0);
    let bytes: usize = records.iter().map(|record| record.partition_key.len() + record.data.len()).sum();
    let of_records = float(records.len()) / seconds / float(WRITE_RECORDS_PER_SECOND_PER_SHARD);
    of_records.max(float(bytes) / seconds / float(WRITE_BYTES_PER_SECOND_PER_SHARD))
}
