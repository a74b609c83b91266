//! A small AWS in memory, behind the ports: streams that resize and refuse, calls that are logged and can be made to fail.
//!
//! Time stands still until [`World::advance`] moves it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use scaler_app::Ports;
use scaler_app::ports::{Alarms, CallError, Clock, Failure, FiringAlarm, Metrics, Streams};
use scaler_core::{
    AccountShards, Direction, MetricWindow, Minute, ResizeHistory, ScalingAlarm, ShardCount, StreamMode, StreamState,
    StreamStatus, TAG_RESIZES,
};

use crate::kinesis_rules::{self, Mode, Resize};

/// How long a resize keeps a stream UPDATING; AWS says "a few minutes".
const RESIZE_SECONDS: i64 = 60;

/// One stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Open shards; those of a resize under way once it is done.
    pub shards: u32,
    /// Capacity mode.
    pub mode: StreamMode,
    /// Status but for resizes, which [`World`] sees to.
    pub status: StreamStatus,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// What every minute's metrics say.
    pub load: Minute,
    /// Accepted resizes.
    pub resizes: Vec<Timestamp>,
}

impl Stream {
    /// A managed stream under this load.
    pub fn managed(shards: u32, load: Minute) -> Self {
        Self {
            shards,
            mode: StreamMode::Provisioned,
            status: StreamStatus::Active,
            tags: BTreeMap::from([("kinesis-scaler/managed".to_owned(), "true".to_owned())]),
            load,
            resizes: Vec::new(),
        }
    }
}

/// The world. Share it by reference; every port is on it.
#[derive(Debug)]
pub struct World(Mutex<State>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    streams: BTreeMap<String, Stream>,
    firing: Vec<(Direction, FiringAlarm)>,
    failures: BTreeMap<&'static str, VecDeque<Failure>>,
    calls: Vec<String>,
    account_limit: u32,
    call_takes: SignedDuration,
}

impl World {
    /// An empty one at this time.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(State {
            now,
            streams: BTreeMap::new(),
            firing: Vec::new(),
            failures: BTreeMap::new(),
            calls: Vec::new(),
            account_limit: 20_000,
            call_takes: SignedDuration::ZERO,
        }))
    }

    /// With one more stream.
    #[must_use]
    pub fn with(self, name: &str, stream: Stream) -> Self {
        self.state().streams.insert(name.to_owned(), stream);
        self
    }

    /// The ports.
    pub fn ports(&self) -> Ports<&Self, &Self, &Self, &Self> {
        Ports { streams: self, metrics: self, alarms: self, clock: self }
    }

    /// Lets time pass.
    pub fn advance(&self, by: SignedDuration) {
        let mut state = self.state();
        state.now = state.now.checked_add(by).unwrap_or(Timestamp::MAX);
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// Makes every call from now on take so long.
    pub fn slow(&self, call_takes: SignedDuration) {
        self.state().call_takes = call_takes;
    }

    /// Makes the next call of this operation fail, after those already waiting to.
    pub fn fail_next(&self, call: &'static str, failure: Failure) {
        self.state().failures.entry(call).or_default().push_back(failure);
    }

    /// A scaling alarm, fitted to so many shards, goes into ALARM and stays there.
    pub fn fire(&self, direction: Direction, name: &str, streams: &[&str], fits: Option<u32>) {
        let alarm =
            FiringAlarm { name: name.to_owned(), streams: streams.iter().map(ToString::to_string).collect(), fits };
        self.state().firing.push((direction, alarm));
    }

    /// Changes a stream from outside.
    pub fn change(&self, name: &str, change: impl FnOnce(&mut Stream)) {
        if let Some(stream) = self.state().streams.get_mut(name) {
            change(stream);
        }
    }

    /// A copy of a stream as it is now.
    pub fn stream(&self, name: &str) -> Option<Stream> {
        self.state().streams.get(name).cloned()
    }

    /// Every call so far, as in `UpdateShardCount orders 5`.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// A test that panicked while holding the lock has failed already; what it left is still worth reading.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Logs a call and fails it if that was asked for.
    fn called(&mut self, call: &'static str, subject: &str, argument: &str) -> Result<(), CallError> {
        self.now = self.now.checked_add(self.call_takes).unwrap_or(Timestamp::MAX);
        self.calls.push(format!("{call} {subject} {argument}").trim_end().to_owned());
        match self.failures.get_mut(call).and_then(VecDeque::pop_front) {
            None => Ok(()),
            Some(failure) => Err(failed(call, subject, failure, "made to fail")),
        }
    }

    fn find(&mut self, call: &'static str, name: &str) -> Result<&mut Stream, CallError> {
        let missing = || failed(call, name, Failure::NotFound, "ResourceNotFoundException: no such stream");
        self.streams.get_mut(name).ok_or_else(missing)
    }

    fn open_shards(&self) -> u32 {
        self.streams.values().map(|stream| stream.shards).sum()
    }
}

fn failed(call: &'static str, subject: &str, failure: Failure, message: &str) -> CallError {
    CallError { call, subject: subject.to_owned(), failure, message: message.to_owned(), source: None }
}

fn status(stream: &Stream, now: Timestamp) -> StreamStatus {
    let done = |at: &Timestamp| now.duration_since(*at) >= SignedDuration::from_secs(RESIZE_SECONDS);
    if stream.resizes.last().is_none_or(done) { stream.status } else { StreamStatus::Updating }
}

impl Streams for &World {
    async fn describe(&self, stream: &str) -> Result<StreamState, CallError> {
        let mut state = self.state();
        let call = "DescribeStreamSummary";
        state.called(call, stream, "")?;
        let now = state.now;
        let stream = state.find(call, stream)?;
        let open_shards = ShardCount::saturating(u64::from(stream.shards));
        Ok(StreamState { status: status(stream, now), mode: stream.mode, open_shards })
    }

    async fn tags(&self, stream: &str) -> Result<Vec<(String, String)>, CallError> {
        let mut state = self.state();
        let call = "ListTagsForStream";
        state.called(call, stream, "")?;
        Ok(state.find(call, stream)?.tags.clone().into_iter().collect())
    }

    async fn record(&self, stream: &str, history: &ResizeHistory) -> Result<(), CallError> {
        let mut state = self.state();
        let call = "AddTagsToStream";
        state.called(call, stream, &history.to_string())?;
        state.find(call, stream)?.tags.insert(TAG_RESIZES.to_owned(), history.to_string());
        Ok(())
    }

    async fn update_shard_count(&self, name: &str, desired: ShardCount) -> Result<(), CallError> {
        let mut state = self.state();
        let call = "UpdateShardCount";
        state.called(call, name, &desired.to_string())?;
        let (now, account_open_shards, account_shard_limit) = (state.now, state.open_shards(), state.account_limit);
        let stream = state.find(call, name)?;
        let (mode, status) = match (stream.mode, status(stream, now)) {
            (StreamMode::OnDemand, status) => (Mode::OnDemand, status),
            (StreamMode::Provisioned, status) => (Mode::Provisioned, status),
        };
        let resize = Resize {
            stream: name,
            account: "123456789012",
            mode,
            status: if status == StreamStatus::Active { "ACTIVE" } else { "UPDATING" },
            open_shards: stream.shards,
            target: i64::from(desired.get()),
            account_open_shards,
            account_shard_limit,
            accepted: &stream.resizes,
        };
        if let Err(refusal) = kinesis_rules::check(&resize, now) {
            let in_use = refusal.error_type == "ResourceInUseException";
            let failure = if in_use { Failure::InUse } else { Failure::Refused };
            return Err(failed(call, name, failure, &format!("{}: {}", refusal.error_type, refusal.message)));
        }
        stream.resizes.push(now);
        stream.shards = desired.get();
        Ok(())
    }

    async fn account(&self) -> Result<AccountShards, CallError> {
        let mut state = self.state();
        state.called("DescribeLimits", "the account", "")?;
        Ok(AccountShards { open: state.open_shards(), limit: state.account_limit })
    }
}

impl Metrics for &World {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        let mut state = self.state();
        let call = "GetMetricData";
        state.called(call, stream, &minutes.to_string())?;
        let load = state.find(call, stream)?.load;
        Ok(MetricWindow { end, minutes: vec![load; minutes as usize] })
    }
}

impl Alarms for &World {
    async fn firing(&self, direction: Direction) -> Result<Vec<FiringAlarm>, CallError> {
        let mut state = self.state();
        state.called("DescribeAlarms", &direction.to_string(), "")?;
        Ok(state.firing.iter().filter(|(of, _)| *of == direction).map(|(_, alarm)| alarm.clone()).collect())
    }

    async fn refit(&self, alarms: &[ScalingAlarm]) -> Result<(), CallError> {
        let mut state = self.state();
        for alarm in alarms {
            let shards = alarm.expressions.first().map_or("", |shards| shards.expression.as_str());
            state.called("PutMetricAlarm", &alarm.name, shards)?;
        }
        Ok(())
    }
}

impl Clock for &World {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}
