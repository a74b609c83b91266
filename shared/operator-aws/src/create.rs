// SPDX-License-Identifier: Apache-2.0
//! What an operator's tool does to make a stream and to try it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_kinesis::Config;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::types::{ShardIteratorType, StreamMode, StreamModeDetails};
use kinesis_producer::{Acknowledged, Producer, Record, SendError, Settings, Stream};
use scaler_app::cloud::{CallError, Failure};

use scaler_aws::error::call_error;

use crate::operator::Operator;

/// Tags in one `AddTagsToStream`. A stream may have 50; older pages of the reference allow ten in a call.
const TAGS_AT_ONCE: usize = 10;

/// Pages of records read in one look. A shard answers five `GetRecords` a second, of all its consumers (API reference).
const PAGES_MAX: usize = 3;

/// A new stream takes ten records at once; longer than this, something is wrong with it.
const PUT_WITHIN: Duration = Duration::from_secs(10);

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
        let request = self
            .kinesis
            .client
            .create_stream()
            .stream_name(stream)
            .stream_mode_details(in_mode(mode))
            .set_shard_count(shards);
        // Not tried again by the SDK: a second try would be told that the stream exists, by the first one.
        let once = Config::builder().retry_config(RetryConfig::disabled());
        request.customize().config_override(once).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    /// Tags a stream.
    pub async fn tag(&self, stream: &str, tags: &[(String, String)]) -> Result<(), CallError> {
        let call = "AddTagsToStream";
        for tags in tags.chunks(TAGS_AT_ONCE) {
            self.kinesis.pace.wait(call).await;
            let tags = tags.iter().cloned().collect();
            let sent = self.kinesis.client.add_tags_to_stream().stream_name(stream).set_tags(Some(tags)).send().await;
            sent.map_err(|error| call_error(call, stream, error))?;
        }
        Ok(())
    }

    /// Has records kept for so many hours, more than before.
    pub async fn lengthen_retention(&self, stream: &str, hours: u32) -> Result<(), CallError> {
        let call = "IncreaseStreamRetentionPeriod";
        let hours = whole(call, stream, hours)?;
        let request = self.kinesis.client.increase_stream_retention_period().stream_name(stream);
        request.retention_period_hours(hours).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    /// Puts a record for each of these keys, with the key as its data. All of them, or an error.
    pub async fn put(&self, stream: &str, keys: &[String]) -> Result<Vec<TestRecord>, CallError> {
        let failed = |error: &SendError| put_failed(stream, error);
        let kinesis = Stream::new(self.kinesis.client.clone(), stream);
        let settings = Settings { give_up_after: PUT_WITHIN, ..Settings::default() };
        let producer = Producer::start(kinesis, settings)
            .map_err(|faults| CallError::new("PutRecords", stream, Failure::Refused, faults.to_string()))?;
        let mut tickets = Vec::with_capacity(keys.len());
        for key in keys {
            let record = Record::new(key.clone(), key.as_bytes());
            tickets.push(producer.send(record).await.map_err(|error| failed(&error))?);
        }
        let mut put = Vec::with_capacity(keys.len());
        for ticket in tickets {
            let Acknowledged { shard, sequence_number, .. } = ticket.await.map_err(|error| failed(&error))?;
            put.push(TestRecord { shard, sequence_number });
        }
        Ok(put)
    }

    /// Which of these records, all of one shard, can be read there now.
    pub async fn read_back(&self, stream: &str, records: &[TestRecord]) -> Result<BTreeSet<TestRecord>, CallError> {
        let mut found = BTreeSet::new();
        let by_number = |record: &&TestRecord| (record.sequence_number.len(), record.sequence_number.clone());
        let Some(first) = records.iter().min_by_key(by_number) else { return Ok(found) };
        let call = "GetShardIterator";
        let request = self.kinesis.client.get_shard_iterator().stream_name(stream).shard_id(&first.shard);
        let request = request.shard_iterator_type(ShardIteratorType::AtSequenceNumber);
        let answer = request.starting_sequence_number(&first.sequence_number).send().await;
        let mut iterator = answer.map_err(|error| call_error(call, stream, error))?.shard_iterator;
        for _ in 0..PAGES_MAX {
            let Some(from) = iterator else { break };
            let page = self.kinesis.client.get_records().shard_iterator(from).send().await;
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

fn put_failed(stream: &str, error: &SendError) -> CallError {
    let failure = match error {
        SendError::Refused { .. } | SendError::Record(_) => Failure::Refused,
        SendError::GaveUp { maybe_written: false, .. } => Failure::Throttled,
        SendError::GaveUp { .. } | SendError::Closed | SendError::Abandoned => Failure::Unavailable,
    };
    CallError::new("PutRecords", stream, failure, error.to_string()).caused_by(error.clone())
}

/// A number as requests have it.
fn whole(call: &'static str, stream: &str, number: u32) -> Result<i32, CallError> {
    i32::try_from(number).map_err(|source| {
        let message = format!("{number} does not fit into a request");
        CallError::new(call, stream, Failure::Refused, message).caused_by(source)
    })
}
