// SPDX-License-Identifier: Apache-2.0
//! The client for Kinesis, and what `DescribeStreamSummary` says.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::{
    EnhancedMetrics, MetricsName, StreamDescriptionSummary, StreamMode as SdkMode, StreamModeDetails,
    StreamStatus as SdkStatus,
};
use kinesis_model::limits::SHARD_METRICS;
use kinesis_model::{ShardCount, StreamMode, StreamState, StreamStatus};
use scaler_app::cloud::{CallError, Failure};

use crate::error::call_error;
use crate::pace::Pace;

/// Kinesis through the SDK.
#[derive(Clone, Debug)]
pub struct AwsKinesis {
    /// The client.
    pub client: Client,
    /// Its pace.
    pub pace: Pace,
}

impl AwsKinesis {
    /// What `read` makes of a stream's summary; where that is `None`, what was `expected` is not in it as we know it.
    pub async fn summary<T>(
        &self,
        stream: &str,
        expected: &str,
        read: impl FnOnce(&StreamDescriptionSummary) -> Option<T>,
    ) -> Result<T, CallError> {
        let call = "DescribeStreamSummary";
        self.pace.wait(call).await;
        let answer = self.client.describe_stream_summary().stream_name(stream).send().await;
        let answer = answer.map_err(|error| call_error(call, stream, error))?;
        answer.stream_description_summary().and_then(read).ok_or_else(|| {
            let message = format!("an answer without a known {expected}: {answer:?}");
            CallError::new(call, stream, Failure::Refused, message)
        })
    }
}

/// `None` where AWS says something that this program was not written for: no guess is better than a wrong one.
pub fn state(summary: &StreamDescriptionSummary) -> Option<StreamState> {
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
