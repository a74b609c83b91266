// SPDX-License-Identifier: Apache-2.0
//! The shards of a stream, as `ListShards` says.

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Shard, ShardFilter, ShardFilterType};
use jiff::Timestamp;
use kinesis_model::{HashKeyRange, OpenShard};
use scaler_app::cloud::{CallError, Failure};

use super::client::AwsKinesis;
use crate::error::call_error;

/// Shards in one answer, at most. Source: API reference, `ListShards`.
const SHARDS_PAGE: i32 = 1_000;

impl AwsKinesis {
    /// The open shards in the order of their ranges, if they are a whole ring.
    pub(super) async fn ring(&self, stream: &str) -> Result<Vec<OpenShard>, CallError> {
        whole_ring(stream, self.shards(stream, open_now()).await?)
    }

    /// The shards of a stream that a filter lets through.
    pub async fn shards(&self, stream: &str, filter: ShardFilter) -> Result<Vec<OpenShard>, CallError> {
        let call = "ListShards";
        let (mut shards, mut next) = (Vec::new(), None::<String>);
        loop {
            let request = self.client.list_shards().max_results(SHARDS_PAGE);
            // A token stands for the stream and the filter that it came of; AWS refuses them beside it.
            let request = match next.take() {
                Some(token) => request.next_token(token),
                None => request.stream_name(stream).shard_filter(filter.clone()),
            };
            self.pace.wait(call).await;
            let page = request.send().await.map_err(|error| call_error(call, stream, error))?;
            for shard in page.shards() {
                let understood = open_shard(shard).ok_or_else(|| unlike(stream, &format!("{shard:?}")))?;
                shards.push(understood);
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(shards);
            }
        }
    }
}

fn open_now() -> ShardFilter {
    let open = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build();
    open.expect("a filter by what is open needs no more than its type")
}

/// What is open, and what was closed at this time or later. Source: API reference, `ShardFilter`.
///
/// # Panics
/// Never: a filter by time needs no more than its type.
pub fn open_since(since: Timestamp) -> ShardFilter {
    let timestamp = DateTime::from_secs(since.as_second());
    let open = ShardFilter::builder().r#type(ShardFilterType::FromTimestamp).timestamp(timestamp).build();
    open.expect("a filter by time needs no more than its type")
}

/// `None` where its range cannot be read.
fn open_shard(shard: &Shard) -> Option<OpenShard> {
    let range = shard.hash_key_range()?;
    let range = HashKeyRange::new(range.starting_hash_key().parse().ok()?, range.ending_hash_key().parse().ok()?)?;
    Some(OpenShard { id: shard.shard_id().to_owned(), range })
}

/// These shards in the order of their ranges, if they are a whole ring: in the middle of a reshard an answer may have both
/// parents and children, or neither, and then nothing is to be decided by it.
fn whole_ring(stream: &str, mut shards: Vec<OpenShard>) -> Result<Vec<OpenShard>, CallError> {
    shards.sort_by_key(|shard| shard.range);
    let ranges: Vec<_> = shards.iter().map(|shard| shard.range).collect();
    if HashKeyRange::tile(&ranges) {
        return Ok(shards);
    }
    let gap = ranges.windows(2).find(|pair| pair[0].merge(pair[1]).is_none());
    let ends = || ranges.first().zip(ranges.last()).map(|(first, last)| [*first, *last]);
    let between = gap.map(|pair| [pair[0], pair[1]]).or_else(ends);
    let message = match between {
        Some([lower, upper]) => {
            format!(
                "the open shards leave a gap or overlap in the hash key space, see {lower} and {upper}: is the \
                 stream being resharded?"
            )
        }
        None => "there is no open shard".to_owned(),
    };
    Err(CallError::new("ListShards", stream, Failure::InUse, message))
}

fn unlike(stream: &str, answer: &str) -> CallError {
    let message = format!("an answer without a readable hash key range: {answer}");
    CallError::new("ListShards", stream, Failure::Refused, message)
}
