// SPDX-License-Identifier: Apache-2.0
//! A bounded look at the records of a shard.

use std::ops::Deref;
use std::time::Duration;

use aws_sdk_kinesis::Config;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Record, ShardIteratorType};
use jiff::Timestamp;
use scaler_app::cloud::{CallError, Failure};

use scaler_aws::error::call_error;

use crate::operator::Operator;

/// What a look may take of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleLimits {
    /// Records, at most.
    pub records: usize,
    /// Bytes of their keys and data, about: a page's size is known only when it is there.
    pub bytes: usize,
    /// Bytes of one call, about.
    pub page_bytes: usize,
    /// Time between two calls: a shard answers five a second, of all its classic consumers.
    pub pause: Duration,
}

/// A record as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampledRecord {
    /// Its key.
    pub partition_key: String,
    /// Its data.
    pub data: Vec<u8>,
    /// When it came.
    pub arrived: Option<Timestamp>,
}

impl SampledRecord {
    fn of(record: &Record) -> Self {
        let arrived = record.approximate_arrival_timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok());
        let partition_key = record.partition_key().unwrap_or_default().to_owned();
        Self { partition_key, data: record.data().as_ref().to_vec(), arrived }
    }

    fn bytes(&self) -> usize {
        self.partition_key.len() + self.data.len()
    }
}

/// What a look at a shard saw; read as its records.
#[derive(Debug, Default)]
pub struct Sampled {
    /// Oldest first.
    pub records: Vec<SampledRecord>,
    /// Why there are fewer than the limits allow, where AWS did not answer any more: the shard's readers took all that it gives,
    /// mostly.
    pub cut_short_by: Option<CallError>,
}

impl Deref for Sampled {
    type Target = [SampledRecord];

    fn deref(&self) -> &Self::Target {
        &self.records
    }
}

impl Operator {
    /// The records of a shard from a time on, as far as the limits go, or up to the newest; oldest first.
    ///
    /// Those read before AWS was too busy for more are kept, see [`Sampled::cut_short_by`].
    pub async fn sample(
        &self,
        stream: &str,
        shard: &str,
        since: Timestamp,
        limits: SampleLimits,
    ) -> Result<Sampled, CallError> {
        let request = self.kinesis.client.get_shard_iterator().stream_name(stream).shard_id(shard);
        let request = request.shard_iterator_type(ShardIteratorType::AtTimestamp);
        let request = request.timestamp(DateTime::from_millis(since.as_millisecond()));
        let answer = request.send().await.map_err(|error| call_error("GetShardIterator", stream, error))?;
        let (mut iterator, mut sampled, mut bytes) = (answer.shard_iterator, Sampled::default(), 0);
        for page_number in 0..PAGES_MAX {
            let Some(from) = iterator.take() else { break };
            if page_number > 0 {
                tokio::time::sleep(limits.pause).await;
            }
            let limit = i32::try_from(limits.next_page(sampled.len(), bytes)).unwrap_or(i32::MAX);
            // The SDK would try again within a second what the shard had no room for, and take from others what it gives.
            let once = Config::builder().retry_config(RetryConfig::disabled());
            let request = self.kinesis.client.get_records().shard_iterator(from).limit(limit);
            let page = request.customize().config_override(once).send().await;
            let page = match page.map_err(|error| call_error("GetRecords", stream, error)) {
                Ok(page) => page,
                Err(busy) if !sampled.is_empty() && is_busy(&busy) => {
                    sampled.cut_short_by = Some(busy);
                    break;
                }
                Err(error) => return Err(error),
            };
            let read = page.records().iter().map(SampledRecord::of);
            sampled.records.extend(read.inspect(|record| bytes += record.bytes()));
            let is_newest = page.records().is_empty() && page.millis_behind_latest().unwrap_or(0) == 0;
            if is_newest || sampled.len() >= limits.records || bytes >= limits.bytes {
                break;
            }
            iterator = page.next_shard_iterator;
        }
        Ok(sampled)
    }
}

impl SampleLimits {
    /// Records of the next page, after so many of so many bytes: by what they have been so far, no more than the page may have, and
    /// than is left.
    fn next_page(self, records: usize, bytes: usize) -> usize {
        let mean = bytes.div_ceil(records.max(1)).max(1);
        let of_bytes = self.bytes.saturating_sub(bytes).min(self.page_bytes) / mean;
        let most = self.records.saturating_sub(records).min(PAGE_MAX).min(records * PAGE_GROWTH);
        // One at least, or the look would not end.
        of_bytes.min(most).max(FIRST_PAGE)
    }
}

fn is_busy(error: &CallError) -> bool {
    matches!(error.failure, Failure::Throttled | Failure::Unavailable)
}

/// Calls of a look, at most: where little was written, pages are empty.
const PAGES_MAX: usize = 60;
/// Records of the first page: how large they are is not known yet, and after an answer of 10 MiB, which is one record at most, a
/// shard refuses all its readers for five seconds (API reference, `GetRecords`).
const FIRST_PAGE: usize = 1;
/// A page has so many times the records that are known, at most: a few small ones say little of the next.
const PAGE_GROWTH: usize = 10;
/// Records of a page, at most. Source: Kinesis API reference, `GetRecords`.
const PAGE_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_grow_by_what_records_have_been_and_stay_within_their_bytes() {
        let limits =
            SampleLimits { records: 5_000, bytes: 2 << 20, page_bytes: 256 << 10, pause: Duration::from_secs(1) };
        for (records, bytes, expected) in [
            (0, 0, 1),
            (1, 100, 10),
            (11, 1_100, 110),
            (121, 12_100, 1_210),
            (1_331, 133_100, 2_621),
            (4_990, 499_000, 10),
            (1, 10 << 20, 1),
            (100, 100 << 10, 256),
            (100, (2 << 20) - 1, 1),
        ] {
            assert_eq!(limits.next_page(records, bytes), expected, "{records} {bytes}");
        }
    }
}
