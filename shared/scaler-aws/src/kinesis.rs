//! The `Streams` port over Amazon Kinesis.

use aws_sdk_kinesis::config::Builder as ConfigBuilder;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{
    EnhancedMetrics, MetricsName, ScalingType, Shard, ShardFilter, ShardFilterType, StreamDescriptionSummary,
    StreamMode as SdkMode, StreamModeDetails, StreamStatus as SdkStatus,
};
use aws_sdk_kinesis::{Client, Config};
use jiff::Timestamp;
use kinesis_model::limits::SHARD_METRICS;
use kinesis_model::{AccountShards, HashKeyRange, OpenShard, ShardCount, StreamMode, StreamState, StreamStatus};
use scaler_app::cloud::{CallError, Failure, Streams};

use crate::error::call_error;
use crate::pace::Pace;

/// Shards in one answer, at most. Source: API reference, `ListShards`.
const SHARDS_PAGE: i32 = 1_000;

/// Kinesis through the SDK.
#[derive(Clone, Debug)]
pub struct KinesisStreams(pub Client, pub Pace);

impl Streams for KinesisStreams {
    /// Not `async` itself: one future more between a function's `main` and the SDK is more than the compiler counts (128).
    fn describe(&self, stream: &str) -> impl Future<Output = Result<StreamState, CallError>> + Send {
        self.summary(stream, "status, mode or shard count", state)
    }

    async fn tags(&self, stream: &str) -> Result<Vec<(String, String)>, CallError> {
        let call = "ListTagsForStream";
        let mut tags = Vec::new();
        let mut after = None;
        loop {
            self.1.wait(call).await;
            let page =
                self.0.list_tags_for_stream().stream_name(stream).set_exclusive_start_tag_key(after).send().await;
            let page = page.map_err(|error| call_error(call, stream, error))?;
            tags.extend(
                page.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())),
            );
            after = page.tags().last().map(|tag| tag.key().to_owned());
            if !page.has_more_tags() || after.is_none() {
                return Ok(tags);
            }
        }
    }

    async fn remember(&self, stream: &str, tag: &'static str, value: &str) -> Result<(), CallError> {
        let call = "AddTagsToStream";
        self.1.wait(call).await;
        let request = self.0.add_tags_to_stream().stream_name(stream).tags(tag, value);
        request.send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn update_shard_count(&self, stream: &str, desired: ShardCount) -> Result<(), CallError> {
        let call = "UpdateShardCount";
        let target = i32::try_from(desired.get()).map_err(|source| CallError {
            call,
            subject: stream.to_owned(),
            failure: Failure::Refused,
            message: format!("{desired} shards are more than a request can say"),
            source: Some(Box::new(source)),
        })?;
        self.1.wait(call).await;
        let request = self.0.update_shard_count().stream_name(stream).target_shard_count(target);
        let request = request.scaling_type(ScalingType::UniformScaling);
        request.customize().config_override(once()).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn account(&self) -> Result<AccountShards, CallError> {
        let call = "DescribeLimits";
        if !self.1.is_free(call) {
            // One call a second for the whole account: a fleet that throttles does not wait in line for what only helps.
            let message = "not asked, to stay inside its rate".to_owned();
            return Err(CallError {
                call,
                subject: "the account".to_owned(),
                failure: Failure::Throttled,
                message,
                source: None,
            });
        }
        let answer = self.0.describe_limits().send().await;
        let answer = answer.map_err(|error| call_error(call, "the account", error))?;
        let whole = |shards: i32| u32::try_from(shards).unwrap_or(0);
        Ok(AccountShards { open: whole(answer.open_shard_count()), limit: whole(answer.shard_limit()) })
    }

    async fn open_shards(&self, stream: &str) -> Result<Vec<OpenShard>, CallError> {
        whole_ring(stream, self.shards(stream, open_now()).await?)
    }

    async fn split(&self, stream: &str, shard: &str, at: u128) -> Result<(), CallError> {
        let call = "SplitShard";
        self.1.wait(call).await;
        let request = self.0.split_shard().stream_name(stream).shard_to_split(shard);
        let request = request.new_starting_hash_key(at.to_string());
        request.customize().config_override(once()).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn merge(&self, stream: &str, lower: &str, upper: &str) -> Result<(), CallError> {
        let call = "MergeShards";
        self.1.wait(call).await;
        let request = self.0.merge_shards().stream_name(stream).shard_to_merge(lower).adjacent_shard_to_merge(upper);
        request.customize().config_override(once()).send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }

    async fn send_shard_metrics(&self, stream: &str) -> Result<(), CallError> {
        let call = "EnableEnhancedMonitoring";
        let metrics = SHARD_METRICS.iter().map(|metric| MetricsName::from(*metric)).collect();
        self.1.wait(call).await;
        let request = self.0.enable_enhanced_monitoring().stream_name(stream).set_shard_level_metrics(Some(metrics));
        request.send().await.map_err(|error| call_error(call, stream, error))?;
        Ok(())
    }
}

impl KinesisStreams {
    /// The shards of a stream that a filter lets through.
    pub(crate) async fn shards(&self, stream: &str, filter: ShardFilter) -> Result<Vec<OpenShard>, CallError> {
        let call = "ListShards";
        let (mut shards, mut next) = (Vec::new(), None::<String>);
        loop {
            let request = self.0.list_shards().max_results(SHARDS_PAGE);
            // A token stands for the stream and the filter that it came of; AWS refuses them beside it.
            let request = match next.take() {
                Some(token) => request.next_token(token),
                None => request.stream_name(stream).shard_filter(filter.clone()),
            };
            self.1.wait(call).await;
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

    /// What `read` makes of a stream's summary; where that is `None`, what was `expected` is not in it as we know it.
    pub(crate) async fn summary<T>(
        &self,
        stream: &str,
        expected: &str,
        read: impl FnOnce(&StreamDescriptionSummary) -> Option<T>,
    ) -> Result<T, CallError> {
        let call = "DescribeStreamSummary";
        self.1.wait(call).await;
        let answer = self.0.describe_stream_summary().stream_name(stream).send().await;
        let answer = answer.map_err(|error| call_error(call, stream, error))?;
        answer.stream_description_summary().and_then(read).ok_or_else(|| CallError {
            call,
            subject: stream.to_owned(),
            failure: Failure::Refused,
            message: format!("an answer without a known {expected}: {answer:?}"),
            source: None,
        })
    }
}

/// `None` where AWS says something that this program was not written for: no guess is better than a wrong one.
pub(crate) fn state(summary: &StreamDescriptionSummary) -> Option<StreamState> {
    let status = match summary.stream_status() {
        SdkStatus::Active => StreamStatus::Active,
        SdkStatus::Updating => StreamStatus::Updating,
        SdkStatus::Creating => StreamStatus::Creating,
        SdkStatus::Deleting => StreamStatus::Deleting,
        _ => return None,
    };
    let mode = match summary.stream_mode_details().map(StreamModeDetails::stream_mode) {
        // Streams older than the modes have none, and are provisioned.
        None | Some(SdkMode::Provisioned) => StreamMode::Provisioned,
        Some(SdkMode::OnDemand) => StreamMode::OnDemand,
        Some(_) => return None,
    };
    // A stream on its way in or out may have no open shard: it is not resized, so one stands for none.
    let open_shards = u32::try_from(summary.open_shard_count()).ok()?;
    let sent: Vec<_> = summary
        .enhanced_monitoring()
        .iter()
        .flat_map(EnhancedMetrics::shard_level_metrics)
        .map(MetricsName::as_str)
        .collect();
    let shard_metrics = sent.contains(&"ALL") || SHARD_METRICS.iter().all(|metric| sent.contains(metric));
    Some(StreamState { status, mode, open_shards: ShardCount::saturating(u64::from(open_shards)), shard_metrics })
}

/// Not tried again by the SDK: a second try would be answered by what the first one did, and could no longer tell a refusal
/// from a lost answer. Lambda and the sweep try again with a fresh look.
fn once() -> ConfigBuilder {
    Config::builder().retry_config(RetryConfig::disabled())
}

fn open_now() -> ShardFilter {
    let open = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build();
    open.expect("a filter by what is open needs no more than its type")
}

/// What is open, and what was closed at this time or later. Source: API reference, `ShardFilter`.
pub(crate) fn open_since(since: Timestamp) -> ShardFilter {
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
                "the open shards do not tile the ring of hash keys, see {lower} and {upper}: is it being resharded?"
            )
        }
        None => "there is no open shard".to_owned(),
    };
    Err(CallError { call: "ListShards", subject: stream.to_owned(), failure: Failure::InUse, message, source: None })
}

fn unlike(stream: &str, answer: &str) -> CallError {
    let message = format!("an answer without a hash key range as we know it: {answer}");
    CallError { call: "ListShards", subject: stream.to_owned(), failure: Failure::Refused, message, source: None }
}
