// SPDX-License-Identifier: Apache-2.0
//! CloudWatch, as the AWS in memory has it.

use std::collections::BTreeMap;

use ::billing::{Series, StreamConfig};
use jiff::Timestamp;
use kinesis_model::MetricWindow;
use scaler_app::cloud::{CallError, CloudWatch, FiringAlarm, LambdaUsage, OtherSettings, StoredAlarm};
use scaler_core::{StreamAlarm, TAG_MADE_BY};

use crate::world::{STACK, World, WorldAlarm};

impl CloudWatch for World {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "GetMetricData";
        state.called(call, stream, &minutes.to_string())?;
        Ok(state.find(call, stream)?.window(end, minutes))
    }

    /// Streams without a `Stream::curve` are new: they have no past, and to ask for it is not on record.
    async fn load_history(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        if self.stream(stream).is_none_or(|stream| stream.curve.is_none()) {
            return Ok(MetricWindow { end, minutes: Vec::new() });
        }
        self.alive().await;
        let mut state = self.state();
        let call = "GetMetricData (past)";
        state.called(call, stream, &minutes.to_string())?;
        Ok(state.find(call, stream)?.window(end, minutes))
    }

    async fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "GetMetricData";
        state.called(call, stream, &format!("{minutes} of {} shards", shards.len()))?;
        let stream = state.find(call, stream)?;
        let open = stream.key_space().shards().to_vec();
        let asked = open.into_iter().filter(|shard| shards.contains(&shard.id));
        Ok(asked.map(|shard| (shard.id, stream.shard_window(shard.range, end, minutes))).collect())
    }

    async fn stream_windows(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("GetMetricData", "the fleet", &streams.len().to_string())?;
        let window = |name: &String| Some((name.clone(), state.streams.get(name)?.window(end, minutes)));
        Ok(streams.iter().filter_map(window).collect())
    }

    async fn series(
        &self,
        streams: &[(String, StreamConfig)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> Result<BTreeMap<String, Series>, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "GetMetricData (bills)";
        state.called(call, "the fleet", &streams.len().to_string())?;
        let mut series = BTreeMap::new();
        for (name, _) in streams {
            series.insert(name.clone(), state.find(call, name)?.series(start, end, step_seconds));
        }
        Ok(series)
    }

    async fn lambda_usage(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<String, LambdaUsage>, CallError> {
        self.alive().await;
        self.state().called("GetMetricData (runs)", &functions.join(","), "")?;
        // One a minute, of 100 ms.
        let count = u64::try_from(end.duration_since(start).as_secs() / 60).unwrap_or(0);
        Ok(functions.iter().map(|name| (name.clone(), LambdaUsage { count, milliseconds: 100 * count })).collect())
    }

    async fn alarms(&self, prefix: &str) -> Result<Vec<StoredAlarm>, CallError> {
        self.described(prefix, |name| name.starts_with(prefix)).await
    }

    async fn alarms_named(&self, names: &[String]) -> Result<Vec<StoredAlarm>, CallError> {
        self.described(names.first().map_or("", String::as_str), |name| names.contains(name)).await
    }

    async fn firing_alarms(&self, prefix: &str) -> Result<Vec<FiringAlarm>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("DescribeAlarms", prefix, "ALARM")?;
        Ok(state.firing.iter().filter(|alarm| alarm.name.starts_with(prefix)).cloned().collect())
    }

    async fn alarm_tags(&self, alarm: &StoredAlarm) -> Result<Vec<(String, String)>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("ListTagsForResource", &alarm.alarm.name, "")?;
        let held = state.alarms.get(&alarm.alarm.name).filter(|held| held.is_ours);
        Ok(held.map(|_| (TAG_MADE_BY.to_owned(), STACK.to_owned())).into_iter().collect())
    }

    async fn put_alarm(
        &self,
        alarm: &StreamAlarm,
        _other: &OtherSettings,
        tags: &[(&str, &str)],
    ) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        let alarm_shard_count = alarm.shard_count().map(|shards| shards.to_string()).unwrap_or_default();
        state.called("PutMetricAlarm", &alarm.name, &alarm_shard_count)?;
        // Tags take effect on creation only.
        let is_tagged = tags.contains(&(TAG_MADE_BY, STACK));
        let is_ours = state.alarms.get(&alarm.name).map_or(is_tagged, |held| held.is_ours);
        state.alarms.insert(alarm.name.clone(), WorldAlarm { alarm: alarm.clone(), is_ours });
        Ok(())
    }

    async fn delete_alarms(&self, names: &[String]) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("DeleteAlarms", &names.join(" "), "")?;
        for name in names {
            state.alarms.remove(name);
        }
        Ok(())
    }
}

impl World {
    /// The alarms whose names are wanted.
    async fn described(
        &self,
        subject: &str,
        is_wanted: impl Fn(&String) -> bool + Send,
    ) -> Result<Vec<StoredAlarm>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("DescribeAlarms", subject, "")?;
        let stored = |held: &WorldAlarm| StoredAlarm {
            arn: alarm_arn(&held.alarm.name),
            alarm: held.alarm.clone(),
            other: OtherSettings::default(),
        };
        Ok(state.alarms.values().filter(|held| is_wanted(&held.alarm.name)).map(stored).collect())
    }
}

pub(crate) fn alarm_arn(name: &str) -> String {
    format!("arn:{name}")
}
