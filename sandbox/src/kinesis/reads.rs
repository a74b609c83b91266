// SPDX-License-Identifier: Apache-2.0
//! Reads of records: from times by the virtual clock, as much at once as Kinesis gives, and to the end of closed shards.

use aws_models::kinesis_rules::Refusal;
use axum::response::Response;
use ferrokinesis::store::Store;
use ferrokinesis::types::Stream;
use ferrokinesis::{sequence, shard_iterator};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answers::answer;
use super::call::Call;
use super::records::record_bytes;
use super::shards::is_open;
use super::{observe, shard_lifetimes};
use crate::locked::locked;
use crate::state::Shared;

/// Bytes of an answer of `GetRecords`. Source: API reference, `GetRecords`: 10 MiB.
const ANSWER_BYTES_MAX: usize = 10 << 20;

impl Call<'_> {
    /// The emulator looks for a time by the real clock, and knows every shard for ever.
    pub(super) async fn get_shard_iterator(mut self) -> Result<Response, Refusal> {
        let now = self.shared.clock.now();
        let shard = self.text("ShardId").unwrap_or_default();
        let shard = sequence::resolve_shard_id(shard).map_or_else(|_| shard.to_owned(), |(id, _)| id);
        if let Some(stream) = self.stream().await
            && !locked(&self.shared.shard_lifetimes).is_kept(&stream, &shard, now)
        {
            let (stream, account) = (&stream.stream_name, &self.shared.options.account);
            let message = format!("Shard {shard} in stream {stream} under account {account} does not exist");
            return Err(Refusal::new("ResourceNotFoundException", message));
        }
        let at = self.body.get("Timestamp").and_then(Value::as_f64);
        let (Some("AT_TIMESTAMP"), Some(at)) = (self.text("ShardIteratorType"), at) else {
            return Ok(self.pass_on().await);
        };
        let at = SignedDuration::try_from_secs_f64(at).ok().and_then(|since| Timestamp::from_duration(since).ok());
        let Some(at) = at else { return Ok(self.pass_on().await) };
        if at > now {
            let message = format!("Timestamp {at} is after the sandbox's present time, {now}.");
            return Err(Refusal::new("InvalidArgumentException", message));
        }
        let stream = self.text("StreamName").unwrap_or_default();
        let first = locked(&self.shared.arrivals).first_since(stream, &shard, at);
        self.body.remove("Timestamp");
        let kind = if first.is_some() { "AT_SEQUENCE_NUMBER" } else { "LATEST" };
        self.body.insert("ShardIteratorType".to_owned(), json!(kind));
        if let Some(number) = first {
            self.body.insert("StartingSequenceNumber".to_owned(), json!(number));
        }
        Ok(self.pass_on().await)
    }

    pub(super) async fn get_records(self) -> Result<Response, Refusal> {
        let shared = self.shared;
        let read = shard_iterator::decode_shard_iterator(self.text("ShardIterator").unwrap_or_default());
        let (status, mut body) = self.passed_on().await;
        if let (true, Ok((_, stream, shard, _))) = (status.is_success(), read)
            && let Ok(stream) = shared.store.get_stream(&stream).await
        {
            date_records(shared, &stream, &shard, &mut body);
            cut(&mut body);
            let behind = go_on(shared, &stream, &shard, &mut body).await;
            body["MillisBehindLatest"] = json!(behind);
            observe::get(shared, &stream.stream_name, &body, behind);
        }
        Ok(answer(status, &body))
    }
}

/// Puts the virtual time of arrival in the place of the real one, and leaves out what is no longer kept by it.
fn date_records(shared: &Shared, stream: &Stream, shard_id: &str, body: &mut Value) {
    let Some(records) = body["Records"].as_array_mut() else { return };
    let arrivals = locked(&shared.arrivals);
    let horizon = shard_lifetimes::horizon(stream, shared.clock.now());
    records.retain_mut(|record| {
        let number = record["SequenceNumber"].as_str();
        let Some(came) = number.and_then(|number| arrivals.at(&stream.stream_name, shard_id, number)) else {
            return true;
        };
        record["ApproximateArrivalTimestamp"] = json!(came.as_duration().as_secs_f64());
        came >= horizon
    });
}

/// Leaves as many records as Kinesis gives at once, and has the next read go on with the first that is left out.
fn cut(body: &mut Value) {
    let Some(records) = body["Records"].as_array_mut() else { return };
    let mut bytes = 0;
    let fits = |record: &&Value| {
        bytes += record.as_object().map_or(0, record_bytes);
        bytes <= ANSWER_BYTES_MAX
    };
    // One record alone is never too large.
    let fitting = records.iter().take_while(fits).count();
    if fitting == records.len() {
        return;
    }
    records.truncate(fitting);
    let last = records.last().and_then(|record| sequence::parse_sequence(record["SequenceNumber"].as_str()?).ok());
    let next = body["NextShardIterator"].as_str().map(shard_iterator::decode_shard_iterator);
    if let (Some(last), Some(Ok((time, stream, shard, _)))) = (last, next) {
        let number = sequence::increment_sequence(&last, None);
        body["NextShardIterator"] = json!(shard_iterator::create_shard_iterator(&stream, &shard, &number, time));
    }
}

/// Says where a reader goes on: in the shard, or, at the end of a closed one, in its children. Returns how many milliseconds
/// the reader is behind: the age of the oldest record it has not had, and 0 when it has had all.
async fn go_on(shared: &Shared, stream: &Stream, shard_id: &str, body: &mut Value) -> u64 {
    let next = body["NextShardIterator"].as_str().and_then(|next| shard_iterator::decode_shard_iterator(next).ok());
    let unread = match next {
        Some((_, _, _, number)) => first_from(&shared.store, &stream.stream_name, shard_id, &number).await,
        None => None,
    };
    let Some(unread) = unread else {
        let is_closed = stream.shards.iter().any(|it| it.shard_id == shard_id && !is_open(it));
        if let (true, Some(answer)) = (is_closed, body.as_object_mut()) {
            answer.remove("NextShardIterator");
            answer.insert("ChildShards".to_owned(), json!(shard_lifetimes::children(stream, shard_id)));
        }
        return 0;
    };
    let came = locked(&shared.arrivals).at(&stream.stream_name, shard_id, &unread);
    let behind = came.map_or(0, |came| shared.clock.now().duration_since(came).as_millis());
    u64::try_from(behind).unwrap_or(0)
}

/// The first record of a shard from this sequence number on.
async fn first_from(store: &Store, stream: &str, shard: &str, number: &str) -> Option<String> {
    let (_, index) = sequence::resolve_shard_id(shard).ok()?;
    // The emulator keys its records by shard and sequence number.
    let start = format!("{}/{number}", sequence::shard_ix_to_hex(index));
    let end = sequence::shard_ix_to_hex(index + 1);
    let unread = store.get_records_range_limited(stream, &start, &end, 1).await;
    unread.first().and_then(|(key, _)| key.split('/').nth(1)).map(str::to_owned)
}
