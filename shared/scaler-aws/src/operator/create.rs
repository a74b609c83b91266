//! What an operator's tool does to make a stream and to try it.

use std::collections::BTreeSet;

use aws_sdk_kinesis::Config;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ShardIteratorType, StreamMode, StreamModeDetails};
use scaler_app::ports::{CallError, Failure};

use super::Operator;
use crate::error::call_error;

/// Tags in one `AddTagsToStream`. A stream may have 50; older pages of the reference allow ten in a call.
const TAGS_AT_ONCE: usize = 10;

/// Pages of records read in one look. A shard answers five `GetRecords` a second, of all its consumers (API reference).
const PAGES_MAX: usize = 3;

/// How a new stream gets its capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewCapacity {
    /// Provisioned mode with so many shards.
    Shards(u32),
    /// AWS chooses.
    OnDemand,
}

/// A record that was put, as AWS names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestRecord {
    /// The shard that took it.
    pub shard: String,
    /// Its number there.
    pub sequence_number: String,
}

impl Operator {
    /// Starts to make a stream; returns when AWS has accepted it, some time before it is ACTIVE.
    pub async fn create_stream(&self, stream: &str, capacity: NewCapacity) -> Result<(), CallError> {
        let call = "CreateStream";
        let (mode, shards) = match capacity {
            NewCapacity::Shards(shards) => (StreamMode::Provisioned, Some(shards)),
            NewCapacity::OnDemand => (StreamMode::OnDemand, None),
        };
        let shards = shards.map(|shards| whole(call, stream, shards)).transpose()?;
        let request =
            self.kinesis.create_stream().stream_name(stream).stream_mode_details(in_mode(mode)).set_shard_count(shards);
        // Not tried again by the SDK: a second try would be told that the stream exists, by the first one.
        let once = Config::builder().retry_config(RetryConfig::disabled());
        request.customize().config_override(once).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    /// Tags a stream.
    pub async fn tag(&self, stream: &str, tags: &[(String, String)]) -> Result<(), CallError> {
        let call = "AddTagsToStream";
        for tags in tags.chunks(TAGS_AT_ONCE) {
            self.pace.wait(call).await;
            let tags = tags.iter().cloned().collect();
            let sent = self.kinesis.add_tags_to_stream().stream_name(stream).set_tags(Some(tags)).send().await;
            sent.map_err(|error| call_error(call, stream, error))?;
        }
        Ok(())
    }

    /// Has records kept for so many hours, more than before.
    pub async fn lengthen_retention(&self, stream: &str, hours: u32) -> Result<(), CallError> {
        let call = "IncreaseStreamRetentionPeriod";
        let hours = whole(call, stream, hours)?;
        let request = self.kinesis.increase_stream_retention_period().stream_name(stream);
        request.retention_period_hours(hours).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    /// Puts a record for each of these keys, with the key as its data. All of them, or an error.
    pub async fn put(&self, stream: &str, keys: &[String]) -> Result<Vec<TestRecord>, CallError> {
        let call = "PutRecords";
        let request = self.kinesis.put_records().stream_name(stream);
        let answer = request.set_records(Some(keys.iter().map(|key| entry(key)).collect())).send().await;
        let answer = answer.map_err(|error| call_error(call, stream, error))?;
        let refused = answer.records().iter().find_map(|record| Some((record.error_code()?, record.error_message())));
        if let Some((code, message)) = refused {
            let message = format!("{code}: {}", message.unwrap_or_default());
            return Err(CallError {
                call,
                subject: stream.to_owned(),
                failure: Failure::Throttled,
                message,
                source: None,
            });
        }
        let put = answer.records().iter().map(|record| TestRecord {
            shard: record.shard_id().unwrap_or_default().to_owned(),
            sequence_number: record.sequence_number().unwrap_or_default().to_owned(),
        });
        Ok(put.collect())
    }

    /// Which of these records, all of one shard, can be read there now.
    pub async fn read_back(&self, stream: &str, records: &[TestRecord]) -> Result<BTreeSet<TestRecord>, CallError> {
        let mut found = BTreeSet::new();
        let by_number = |record: &&TestRecord| (record.sequence_number.len(), record.sequence_number.clone());
        let Some(first) = records.iter().min_by_key(by_number) else { return Ok(found) };
        let call = "GetShardIterator";
        let request = self.kinesis.get_shard_iterator().stream_name(stream).shard_id(&first.shard);
        let request = request.shard_iterator_type(ShardIteratorType::AtSequenceNumber);
        let answer = request.starting_sequence_number(&first.sequence_number).send().await;
        let mut iterator = answer.map_err(|error| call_error(call, stream, error))?.shard_iterator;
        for _ in 0..PAGES_MAX {
            let Some(from) = iterator else { break };
            let page = self.kinesis.get_records().shard_iterator(from).send().await;
            let page = page.map_err(|error| call_error("GetRecords", stream, error))?;
            let here = |number: &str| TestRecord { shard: first.shard.clone(), sequence_number: number.to_owned() };
            found.extend(page.records().iter().map(|record| here(record.sequence_number())));
            if records.iter().all(|record| found.contains(record)) {
                break;
            }
            iterator = page.next_shard_iterator;
        }
        found.retain(|record| records.contains(record));
        Ok(found)
    }
}

fn in_mode(mode: StreamMode) -> StreamModeDetails {
    StreamModeDetails::builder().stream_mode(mode).build().expect("the mode is all that it needs")
}

fn entry(key: &str) -> PutRecordsRequestEntry {
    let entry = PutRecordsRequestEntry::builder().partition_key(key).data(Blob::new(key.as_bytes())).build();
    entry.expect("a key and data are all that it needs")
}

/// A number as requests have it.
fn whole(call: &'static str, stream: &str, number: u32) -> Result<i32, CallError> {
    i32::try_from(number).map_err(|source| CallError {
        call,
        subject: stream.to_owned(),
        failure: Failure::Refused,
        message: format!("{number} is more than a request can say"),
        source: Some(Box::new(source)),
    })
}
