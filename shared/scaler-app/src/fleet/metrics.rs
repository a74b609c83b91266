// SPDX-License-Identifier: Apache-2.0
//! Where each managed stream stands: open shards, how much of them is used, resizes left, what they cost.

use std::collections::BTreeMap;

use billing::prices::shard_hour;
use kinesis_model::limits::{METRIC_DELAY_MINUTES, RESIZES_PER_DAY};
use kinesis_model::{Demand, MetricWindow, ShardCount};
use scaler_core::{SYNC_MINUTES, StreamTags};

use super::response::ResponseBuilder;
use super::settings::Settings;
use crate::cloud::{Clock, CloudWatch, FleetCloud};
use crate::outcome::{Outcome, OutcomeKind};
use crate::telemetry::Gauges;
use kinesis_model::whole_minute;

/// Says where these streams stand; how much of them is used only `with_loads`, which takes calls.
pub(super) async fn publish(
    cloud: &impl FleetCloud,
    settings: Settings<'_>,
    standings: &[(String, ShardCount, StreamTags)],
    with_loads: bool,
    builder: &mut ResponseBuilder<'_>,
) {
    let now = cloud.clock().now();
    let names: Vec<String> = standings.iter().map(|(stream, ..)| stream.clone()).collect();
    let minutes = METRIC_DELAY_MINUTES + u32::try_from(SYNC_MINUTES).unwrap_or(5);
    let mut loads = BTreeMap::new();
    if with_loads && !names.is_empty() {
        match cloud.cloudwatch().stream_windows(&names, whole_minute(now), minutes).await {
            Ok(known) => loads = known,
            Err(error) => {
                let words = format!("the utilization is unknown: {error}");
                builder.outcome(Outcome::plain(OutcomeKind::Failed, None, words));
            }
        }
    }
    let price = shard_hour(&settings.stack_config.region);
    for (stream, open_shards, tags) in standings {
        builder.gauges(Gauges {
            stream: stream.clone(),
            open_shards: *open_shards,
            utilization_percent: loads.get(stream).and_then(|window| busiest_percent(window, *open_shards)),
            resizes_left: RESIZES_PER_DAY.saturating_sub(tags.history.spent(now)),
            per_hour: price.map(|price| price.times(u64::from(open_shards.get()))),
        });
    }
}

/// Percent of the capacity that the busiest known minute wanted; `None` where no minute is known.
fn busiest_percent(window: &MetricWindow, open_shards: ShardCount) -> Option<u64> {
    window.known().map(|(_, minute)| Demand::wanted(minute).utilization_percent(open_shards)).max()
}
