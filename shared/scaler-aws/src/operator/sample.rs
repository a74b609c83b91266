//! A bounded look at the records of a shard.

use std::time::Duration;

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;
use jiff::Timestamp;
use scaler_app::ports::CallError;

use super::Operator;
use crate::error::call_error;

/// What a look may take of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleLimits {
    /// Records, at most.
    pub records: usize,
    /// Bytes of their data, about: a page's size is known only when it is there.
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

impl Operator {
    /// The records of a shard from a time on, as far as the limits go, or up to the newest; oldest first.
    pub async fn sample(
        &self,
        stream: &str,
        shard: &str,
        since: Timestamp,
        limits: SampleLimits,
    ) -> Result<Vec<SampledRecord>, CallError> {
        let request = self.kinesis.get_shard_iterator().stream_name(stream).shard_id(shard);
        let request = request.shard_iterator_type(ShardIteratorType::AtTimestamp);
        let request = request.timestamp(DateTime::from_millis(since.as_millisecond()));
        let answer = request.send().await.map_err(|error| call_error("GetShardIterator", stream, error))?;
        let (mut iterator, mut records, mut bytes) = (answer.shard_iterator, Vec::new(), 0);
        let mut limit = FIRST_PAGE;
        for _ in 0..PAGES_MAX {
            let Some(from) = iterator.take() else { break };
            let wanted = limits.records.saturating_sub(records.len()).min(limit);
            let page_limit = i32::try_from(wanted).unwrap_or(i32::MAX);
            let page = self.kinesis.get_records().shard_iterator(from).limit(page_limit).send().await;
            let page = page.map_err(|error| call_error("GetRecords", stream, error))?;
            for record in page.records() {
                let data = record.data().as_ref().to_vec();
                bytes += data.len();
                let arrived =
                    record.approximate_arrival_timestamp().and_then(|at| Timestamp::from_second(at.secs()).ok());
                records.push(SampledRecord {
                    partition_key: record.partition_key().unwrap_or_default().to_owned(),
                    data,
                    arrived,
                });
            }
            let is_newest = page.records().is_empty() && page.millis_behind_latest().unwrap_or(0) == 0;
            if is_newest || records.len() >= limits.records || bytes >= limits.bytes {
                break;
            }
            // By what records have been so far, no page is larger than it may be, and than what is left.
            let mean = (bytes / records.len().max(1)).max(1);
            limit = (limits.bytes.saturating_sub(bytes).min(limits.page_bytes) / mean).clamp(1, PAGE_MAX);
            iterator = page.next_shard_iterator;
            tokio::time::sleep(limits.pause).await;
        }
        Ok(records)
    }
}

/// Calls of a look, at most: where little was written, pages are empty.
const PAGES_MAX: usize = 60;
/// Records of the first page: how large they are is not known yet.
const FIRST_PAGE: usize = 100;
/// Records of a page, at most. Source: Kinesis API reference, `GetRecords`.
const PAGE_MAX: usize = 10_000;
