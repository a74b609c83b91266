// SPDX-License-Identifier: Apache-2.0
//! An AWS with one stream: it resizes by [`StreamModel`], and shows what was accepted, minutes late.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use billing::{Series, StreamConfig};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{
    AccountShards, MetricWindow, Minute, OpenShard, ShardCount, StreamMode, StreamState, StreamStatus,
};
use scaler_app::cloud::{
    CallError, Clock, Cloud, CloudWatch, Failure, FiringAlarm, FleetCloud, Kinesis, LambdaUsage, Notification,
    Notifications, OtherSettings, Queue, StoredAlarm, TaggedStream, Tagging,
};
use scaler_app::stack_config::StackConfig;
use scaler_core::{Direction, StreamAlarm, TAG_MADE_BY};

use super::alarms::SimulatedAlarm;
use super::aws_state::{State, refused, writes};
use super::producers::Sent;
use aws_models::alarm::AlarmState;
use aws_models::hash_key_space::HashKeySpace;
use aws_models::stream_model::{Call, ResizeKind, StreamModel};

/// The stream's name.
const STREAM: &str = "simulated";
/// Shards that the account may have: more than a stream can.
const ACCOUNT_SHARDS: u32 = 20_000;
/// Metrics of a stream that tell its minutes, and those of them that tell its writes. Source: `windows.rs` of scaler-aws.
const METRICS: u64 = 6;
const WRITE_METRICS: u64 = 3;

/// The account. Copies are of the same one.
#[derive(Clone, Debug)]
pub(super) struct Aws(Arc<Mutex<State>>);

impl Aws {
    /// One with this stream, managed and otherwise as it is made, at minute 0 of a trace that starts then.
    pub(super) fn new(start: Timestamp, stream: StreamModel, metric_delay_minutes: u32, shard_metrics: bool) -> Self {
        Self(Arc::new(Mutex::new(State::new(start, stream, metric_delay_minutes, shard_metrics))))
    }

    /// Lets a minute begin: evaluates the alarms and hands out those that begin to fire and wake a function.
    pub(super) fn begin(&self, minute: usize, now: Timestamp) -> Vec<(Direction, StreamAlarm)> {
        let mut state = self.state();
        (state.minute, state.now) = (minute, now);
        let State { minutes, alarms, delay, .. } = &mut *state;
        let visible = &minutes[..minute.saturating_sub(*delay)];
        let fired = alarms.values_mut().filter_map(|held| {
            let fires = held.evaluate(visible, *delay);
            held.wakes.filter(|_| fires).map(|direction| (direction, held.alarm.clone()))
        });
        fired.collect()
    }

    /// The requests for another run of alarm-sync that are due; they are taken away.
    pub(super) fn due(&self) -> Vec<String> {
        let mut state = self.state();
        let now = state.now;
        state.later.extract_if(.., |(due, _)| *due <= now).map(|(_, request)| request).collect()
    }

    /// Shards in force in this minute.
    pub(super) fn capacity(&self) -> u32 {
        let state = self.state();
        state.stream.capacity(state.minute)
    }

    /// The shards in force in this minute, where it matters how they lie: what is sent is not even, or they are not.
    pub(super) fn key_space(&self, is_even: bool) -> Option<Arc<HashKeySpace>> {
        let mut state = self.state();
        let minute = state.minute;
        if !is_even {
            return Some(Arc::clone(state.stream.key_space(minute)));
        }
        state.stream.known_key_space(minute).filter(|key_space| !key_space.is_uniform()).cloned()
    }

    /// The open shards, in the order of their ranges.
    pub(super) fn shards(&self) -> Vec<OpenShard> {
        let mut state = self.state();
        let minute = state.minute;
        state.stream.key_space(minute).shards().to_vec()
    }

    /// Lets this minute end with these metrics, and with what became of each shard's tries unless all took the same.
    pub(super) fn record(&self, minute: Minute, each: Option<Vec<Sent>>) {
        self.state().record(minute, each);
    }

    /// Says why the last call was made.
    pub(super) fn explain(&self, reason: &str) {
        self.state().stream.explain(reason);
    }

    /// The accepted calls so far.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.state().stream.calls().to_vec()
    }

    /// The alarms and their states, by name.
    pub(super) fn alarms(&self) -> Vec<(StreamAlarm, AlarmState)> {
        self.state().alarms.values().map(|held| (held.alarm.clone(), held.state)).collect()
    }

    /// Metrics that were read so far so as to decide.
    pub(super) fn metrics_read(&self) -> u64 {
        self.state().metrics_read
    }

    /// The last minute that is over.
    pub(super) fn last_minute(&self) -> Option<Minute> {
        self.state().minutes.last().copied()
    }

    /// A panic while the lock was held ends the simulation anyway.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kinesis for Aws {
    async fn list_streams(&self) -> Result<Vec<String>, CallError> {
        Ok(vec![STREAM.to_owned()])
    }

    async fn stream_config(&self, stream: &str) -> Result<StreamConfig, CallError> {
        Err(no_bills("DescribeStreamSummary", stream))
    }

    async fn describe(&self, _stream: &str) -> Result<StreamState, CallError> {
        let state = self.state();
        let is_active = state.stream.is_active(state.minute);
        Ok(StreamState {
            status: if is_active { StreamStatus::Active } else { StreamStatus::Updating },
            mode: StreamMode::Provisioned,
            open_shards: ShardCount::saturating(u64::from(state.stream.capacity(state.minute))),
            shard_metrics: state.shard_metrics,
        })
    }

    async fn tags(&self, _stream: &str) -> Result<Vec<(String, String)>, CallError> {
        Ok(self.state().tags.clone().into_iter().collect())
    }

    async fn put_tag(&self, _stream: &str, key: &str, value: &str) -> Result<(), CallError> {
        self.state().tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn update_shard_count(&self, stream: &str, desired: ShardCount) -> Result<(), CallError> {
        let mut state = self.state();
        let minute = state.minute;
        // Why is known when the pass is over.
        let resized = state.stream.resize(minute, desired.get(), ResizeKind::UpdateShardCount, "");
        resized.map_err(|why| refused("UpdateShardCount", stream, why))
    }

    async fn account_shards(&self) -> Result<AccountShards, CallError> {
        let state = self.state();
        Ok(AccountShards { open: state.stream.capacity(state.minute), limit: ACCOUNT_SHARDS })
    }

    async fn open_shards(&self, _stream: &str) -> Result<Vec<OpenShard>, CallError> {
        Ok(self.shards())
    }

    async fn split_shard(&self, stream: &str, shard: &str, at: u128) -> Result<(), CallError> {
        self.state().reshard("SplitShard", stream, |key_space| key_space.split(shard, at))
    }

    async fn merge_shards(&self, stream: &str, lower: &str, upper: &str) -> Result<(), CallError> {
        self.state().reshard("MergeShards", stream, |key_space| key_space.merge(lower, upper))
    }

    async fn enable_shard_metrics(&self, _stream: &str) -> Result<(), CallError> {
        self.state().shard_metrics = true;
        Ok(())
    }
}

impl CloudWatch for Aws {
    async fn window(&self, _stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        let mut state = self.state();
        state.metrics_read += METRICS;
        Ok(state.window(end, minutes, |minute| *minute))
    }

    async fn load_history(&self, _stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        let mut state = self.state();
        state.metrics_read += WRITE_METRICS;
        Ok(state.window(end, minutes, writes))
    }

    async fn shard_windows(
        &self,
        _stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let mut state = self.state();
        state.metrics_read += WRITE_METRICS * shards.len() as u64;
        Ok(state.shard_windows(shards, end, minutes))
    }

    async fn stream_windows(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        let state = self.state();
        Ok(streams.iter().map(|stream| (stream.clone(), state.window(end, minutes, writes))).collect())
    }

    async fn series(
        &self,
        _streams: &[(String, StreamConfig)],
        _start: Timestamp,
        _end: Timestamp,
        _step_seconds: u32,
    ) -> Result<BTreeMap<String, Series>, CallError> {
        Err(no_bills("GetMetricData", STREAM))
    }

    async fn lambda_usage(
        &self,
        _functions: &[String],
        _start: Timestamp,
        _end: Timestamp,
    ) -> Result<BTreeMap<String, LambdaUsage>, CallError> {
        Err(no_bills("GetMetricData", STREAM))
    }

    async fn alarms(&self, prefix: &str) -> Result<Vec<StoredAlarm>, CallError> {
        Ok(self.state().stored(|name| name.starts_with(prefix)))
    }

    async fn alarms_named(&self, names: &[String]) -> Result<Vec<StoredAlarm>, CallError> {
        Ok(self.state().stored(|name| names.contains(name)))
    }

    async fn firing_alarms(&self, prefix: &str) -> Result<Vec<FiringAlarm>, CallError> {
        let state = self.state();
        let is_firing = |held: &&SimulatedAlarm| held.state == AlarmState::Alarm && held.alarm.name.starts_with(prefix);
        let firing = state.alarms.values().filter(is_firing).map(|SimulatedAlarm { alarm, .. }| FiringAlarm {
            name: alarm.name.clone(),
            description: alarm.description.clone(),
            streams: vec![alarm.stream.clone()],
            alarm_shard_count: alarm.shard_count(),
        });
        Ok(firing.collect())
    }

    /// Nobody else makes alarms here.
    async fn alarm_tags(&self, _alarm: &StoredAlarm) -> Result<Vec<(String, String)>, CallError> {
        Ok(vec![(TAG_MADE_BY.to_owned(), StackConfig::default().stack_name)])
    }

    async fn put_alarm(
        &self,
        alarm: &StreamAlarm,
        _other: &OtherSettings,
        _tags: &[(&str, &str)],
    ) -> Result<(), CallError> {
        self.state().put(alarm)
    }

    async fn delete_alarms(&self, names: &[String]) -> Result<(), CallError> {
        self.state().alarms.retain(|name, _| !names.contains(name));
        Ok(())
    }
}

/// A simulation has no bill: [`crate::score`] says what its shards cost.
fn no_bills(call: &'static str, stream: &str) -> CallError {
    CallError::new(call, stream, Failure::Refused, "a simulated stream has no bill")
}

impl Notifications for Aws {
    async fn publish(&self, _notification: &Notification) -> Result<(), CallError> {
        Ok(())
    }
}

impl Clock for Aws {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    /// Nothing that is simulated waits.
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

impl Tagging for Aws {
    async fn streams_tagged(&self, _key: &str) -> Result<Vec<TaggedStream>, CallError> {
        let tags = self.tags(STREAM).await?;
        Ok(vec![TaggedStream { name: STREAM.to_owned(), tags }])
    }

    /// No stack is deleted here.
    async fn alarms_tagged(&self, _key: &str, _value: &str) -> Result<BTreeSet<String>, CallError> {
        Ok(BTreeSet::new())
    }
}

impl Queue for Aws {
    async fn send(&self, message: &str, delay_seconds: u32) -> Result<(), CallError> {
        let mut state = self.state();
        let due = state.now.checked_add(SignedDuration::from_secs(i64::from(delay_seconds))).unwrap_or(Timestamp::MAX);
        state.later.push((due, message.to_owned()));
        Ok(())
    }
}

impl Cloud for Aws {
    type Kinesis = Self;
    type CloudWatch = Self;
    type Notifications = Self;
    type Clock = Self;

    fn kinesis(&self) -> &Self {
        self
    }

    fn cloudwatch(&self) -> &Self {
        self
    }

    /// Nobody is told, as where the stack names no topic.
    fn notifications(&self) -> Option<&Self> {
        None
    }

    fn clock(&self) -> &Self {
        self
    }
}

impl FleetCloud for Aws {
    type Tagging = Self;
    type Queue = Self;

    fn tagging(&self) -> &Self {
        self
    }

    fn queue(&self) -> Option<&Self> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use kinesis_model::Demand;

    use super::super::ready;
    use super::*;
    use aws_models::stream_model::Assumptions;

    const START: Timestamp = Timestamp::constant(1_767_322_800, 0);

    fn at(minute: i64) -> Timestamp {
        START.checked_add(SignedDuration::from_mins(minute)).unwrap()
    }

    /// An account after so many minutes, the bytes of each of which are its number.
    fn after(minutes: usize) -> Aws {
        let aws = Aws::new(START, StreamModel::new(4, START, Assumptions::default()), 2, false);
        for minute in 0..minutes {
            aws.record(Minute { bytes: Some(minute as u64), iterator_age_ms: Some(0), ..Minute::default() }, None);
            aws.begin(minute + 1, aws.now().checked_add(SignedDuration::from_mins(1)).unwrap());
        }
        aws
    }

    fn bytes(window: &MetricWindow) -> Vec<Option<u64>> {
        window.minutes.iter().map(|minute| minute.bytes).collect()
    }

    #[test]
    fn a_window_has_gaps_before_the_trace_and_where_metrics_are_late() {
        let aws = after(5);
        let window = |end, minutes| bytes(&ready(aws.window(STREAM, at(end), minutes)).unwrap());
        assert_eq!(window(5, 4), [Some(1), Some(2), None, None]);
        assert_eq!(window(5, 7), [None, None, Some(0), Some(1), Some(2), None, None]);
        assert_eq!(window(2, 3), [None, Some(0), Some(1)]);
        assert_eq!(window(-10, 2), [None, None]);
        assert_eq!(window(5, 0), []);
    }

    #[test]
    fn the_past_is_of_writes_alone() {
        let past = ready(after(3).load_history(STREAM, at(3), 3)).unwrap();
        assert_eq!(bytes(&past), [Some(0), None, None]);
        assert_eq!(past.minutes[0].iterator_age_ms, None);
        let loads = ready(after(3).stream_windows(&[STREAM.to_owned()], at(3), 3)).unwrap();
        assert_eq!(loads[STREAM], past);
    }

    /// What each of these shards shows, byte by byte, of the `minutes` before `end`.
    fn shown(aws: &Aws, shards: &[OpenShard], end: i64, minutes: u32) -> Vec<Vec<Option<u64>>> {
        let ids: Vec<_> = shards.iter().map(|shard| shard.id.clone()).collect();
        let windows = ready(aws.shard_windows(STREAM, &ids, at(end), minutes)).unwrap();
        ids.iter().map(|id| bytes(&windows[id])).collect()
    }

    /// Lets a minute with so many bytes pass.
    fn pass(aws: &Aws, minute: i64, bytes: u64, each: Option<Vec<Sent>>) {
        aws.begin(usize::try_from(minute).unwrap(), at(minute));
        aws.record(
            Minute { bytes: Some(bytes), records: Some(9), throttled_records: Some(7), ..Minute::default() },
            each,
        );
    }

    #[test]
    fn shards_are_seen_late_and_only_since_their_metrics_are_sent() {
        let aws = after(0);
        let shards = aws.shards();
        pass(&aws, 0, 100, None);
        ready(aws.enable_shard_metrics(STREAM)).unwrap();
        for minute in 1..4 {
            pass(&aws, minute, 103, None);
        }
        aws.begin(4, at(4));
        let first = [None, Some(25), None, None];
        assert_eq!(shown(&aws, &shards[..1], 4, 4)[0], first, "not before they are sent, nor before they are there");
        assert_eq!(shown(&aws, &shards[..1], 2, 3)[0], [None, None, Some(25)]);
        assert_eq!(shown(&aws, &shards[..1], 1, 1)[0], [None], "a window ends before its end");
        aws.begin(5, at(5));
        assert_eq!(shown(&aws, &shards, 3, 1).concat().into_iter().flatten().sum::<u64>(), 103, "to the byte");
    }

    #[test]
    fn children_have_no_past_and_their_parent_keeps_its_own() {
        let aws = after(0);
        ready(aws.enable_shard_metrics(STREAM)).unwrap();
        let parent = aws.shards()[0].clone();
        ready(aws.split_shard(STREAM, &parent.id, parent.range.middle().unwrap())).unwrap();
        let sent = |bytes| Sent { accepted: Demand { bytes, records: 1 }, ..Sent::default() };
        pass(&aws, 0, 100, None);
        pass(&aws, 1, 110, Some([30, 20, 10, 20, 30].map(sent).to_vec()));
        aws.begin(4, at(4));
        let child = |bytes| vec![None, Some(bytes)];
        let other = |bytes| vec![Some(25), Some(bytes)];
        assert_eq!(shown(&aws, &aws.shards(), 2, 2), [child(30), child(20), other(10), other(20), other(30)]);
        assert_eq!(shown(&aws, &[parent], 2, 2)[0], [Some(25), None]);
    }

    #[test]
    fn throttles_are_counted_by_shard() {
        let aws = after(0);
        ready(aws.enable_shard_metrics(STREAM)).unwrap();
        let shards = aws.shards();
        let sent = |records| Sent { throttled: Demand { bytes: 0, records }, ..Sent::default() };
        pass(&aws, 0, 100, Some([0, 5, 0, 2].map(sent).to_vec()));
        pass(&aws, 1, 100, None);
        aws.begin(4, at(4));
        let ids: Vec<_> = shards.iter().map(|shard| shard.id.clone()).collect();
        let windows = ready(aws.shard_windows(STREAM, &ids, at(2), 2)).unwrap();
        let throttled =
            |id: &String| windows[id].minutes.iter().map(|minute| minute.throttled_records.unwrap()).collect();
        let throttled: Vec<Vec<u64>> = ids.iter().map(throttled).collect();
        assert_eq!(throttled, [[0, 1], [5, 2], [0, 2], [2, 2]], "and in an even minute all alike: 7 in four");
    }

    #[test]
    fn shards_that_cannot_be_split_are_told_apart() {
        let aws = after(0);
        let first = aws.shards()[0].clone();
        let split = |id: &str| ready(aws.split_shard(STREAM, id, first.range.middle().unwrap()));
        let refused = |id: &str| split(id).unwrap_err().failure;
        assert_eq!(refused("shardId-000000000004"), Failure::NotFound);
        split(&first.id).unwrap();
        assert_eq!(refused(&first.id), Failure::InUse, "it is under way");
        aws.begin(1, at(1));
        assert_eq!(refused(&first.id), Failure::InUse, "it is closed");
        assert_eq!(refused("shardId-4"), Failure::NotFound);
    }

    #[test]
    fn a_resize_shows_as_it_goes() {
        let aws = after(0);
        let shown = |minute| {
            aws.begin(minute, at(i64::try_from(minute).unwrap()));
            let state = ready(aws.describe(STREAM)).unwrap();
            (state.status, state.open_shards.get())
        };
        let resize = |to| ready(aws.update_shard_count(STREAM, ShardCount::new(to).unwrap()));
        assert_eq!(shown(0), (StreamStatus::Active, 4));
        assert_eq!(resize(9).unwrap_err().failure, Failure::Refused);
        resize(8).unwrap();
        assert_eq!(resize(9).unwrap_err().failure, Failure::InUse);
        assert_eq!(shown(1), (StreamStatus::Updating, 4));
        assert_eq!(shown(2), (StreamStatus::Active, 8));
        assert_eq!(ready(aws.account_shards()).unwrap().open, 8);
    }

    #[test]
    fn a_request_for_another_run_comes_once_and_not_before_its_time() {
        let aws = after(0);
        ready(aws.send("again", 90)).unwrap();
        let due = |minute| {
            aws.record(Minute::default(), None);
            aws.begin(minute, at(i64::try_from(minute).unwrap()));
            aws.due()
        };
        assert_eq!([due(1), due(2), due(3)], [vec![], vec!["again".to_owned()], vec![]]);
    }
}
