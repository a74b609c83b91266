//! A small AWS in memory: streams that resize and refuse, calls that are logged and can be made to fail.
//!
//! Time stands still until [`World::advance`] moves it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use ::billing::{Series, Standing};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::{
    AccountShards, HashKeyRange, MetricWindow, Minute, OpenShard, ShardCount, StreamMode, StreamState, StreamStatus,
};
use scaler_app::cloud::{
    CallError, Clock, Cloud, CloudFormation, CloudWatch, Failure, FiringAlarm, FleetCloud, Kinesis, Notification,
    Notifications, OtherSettings, Queue, Runs, StoredAlarm, TaggedStream, Tagging,
};
use scaler_app::{HistoryCache, Process};
use scaler_core::{StreamAlarm, TAG_MADE_BY, TAG_PREFIX, signature};

use kinesis_model::limits::TAGS_PER_STREAM_MAX;

use aws_models::kinesis_rules;
use aws_models::kinesis_rules::{Refusal, Reshard, Resize};
use aws_models::ring::{Ring, RingFault};

mod billing;

pub use billing::Billed;

/// How long a change keeps a stream UPDATING; of a resize AWS says "a few minutes".
const RESIZE_SECONDS: i64 = 60;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
/// Whose alarms are ours.
const STACK: &str = "kinesis-scaler";

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
    /// What a minute's metrics say by the time it began, instead: such a stream has as much of a past as is asked for.
    pub curve: Option<fn(Timestamp) -> Minute>,
    /// Accepted resizes.
    pub resizes: Vec<Timestamp>,
    /// Accepted splits and merges.
    pub reshards: Vec<Timestamp>,
    /// Whether the metrics of its shards are sent.
    pub shard_metrics: bool,
    /// When they were last switched on by a call, which sets the stream in motion.
    pub measured: Option<Timestamp>,
    /// What a minute's metrics say of a shard with this range; `None` is its share of [`Self::load`].
    pub by_range: Option<fn(HashKeyRange) -> Minute>,
    /// Where its shards lie, once somebody has asked.
    pub ring: Option<Ring>,
    /// What it is billed by beside its shards and traffic.
    pub billed: Billed,
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
            curve: None,
            resizes: Vec::new(),
            reshards: Vec::new(),
            shard_metrics: false,
            measured: None,
            by_range: None,
            ring: None,
            billed: Billed::default(),
        }
    }

    /// Where its shards lie: evenly, where nobody has split or merged them.
    fn ring(&mut self) -> &mut Ring {
        let shards = self.shards;
        let ring = self.ring.get_or_insert_with(|| Ring::uniform(shards));
        if ring.shards().len() != shards as usize {
            *ring = ring.evened_out(shards);
        }
        ring
    }

    /// The `minutes` before `end` of a shard with this range.
    fn shard_window(&self, range: HashKeyRange, end: Timestamp, minutes: u32) -> MetricWindow {
        let minute = match self.by_range {
            _ if !self.shard_metrics => Minute::default(),
            Some(by_range) => by_range(range),
            None => share(&self.load, range.share()),
        };
        MetricWindow { end, minutes: vec![minute; minutes as usize] }
    }

    /// The `minutes` before `end`.
    fn window(&self, end: Timestamp, minutes: u32) -> MetricWindow {
        let Some(curve) = self.curve else { return MetricWindow { end, minutes: vec![self.load; minutes as usize] } };
        let began = |ago: u32| end.checked_sub(SignedDuration::from_mins(i64::from(ago))).unwrap_or(end);
        MetricWindow { end, minutes: (1..=minutes).rev().map(|ago| curve(began(ago))).collect() }
    }
}

/// The world: every service of AWS.
#[derive(Debug)]
pub struct World(Mutex<State>);

#[derive(Debug)]
struct State {
    now: Timestamp,
    streams: BTreeMap<String, Stream>,
    firing: Vec<FiringAlarm>,
    alarms: BTreeMap<String, Held>,
    /// Streams that the tagging service does not know of yet.
    not_indexed: BTreeSet<String>,
    /// What it says of streams whose tags have changed since.
    indexed: BTreeMap<String, BTreeMap<String, String>>,
    told: Vec<Notification>,
    /// Pages that were kept, by their key.
    pages: BTreeMap<String, String>,
    /// Answers to CloudFormation.
    answers: Vec<String>,
    /// Requests for another run, and after how many seconds.
    later: Vec<(String, u32)>,
    failures: BTreeMap<&'static str, VecDeque<(Failure, &'static str)>>,
    /// After how long each of the next resizes is carried out of which nobody hears.
    unheard: VecDeque<SignedDuration>,
    /// Resizes that are on their way: when they arrive, of which stream, to which count.
    on_their_way: Vec<(Timestamp, String, ShardCount)>,
    /// Whether nobody hears what comes of the next call that switches the metrics of shards on.
    unheard_measuring: bool,
    tags_need_active: bool,
    calls: Vec<String>,
    /// Calls after which the caller is dead.
    lives: Option<usize>,
    account_limit: u32,
    call_takes: SignedDuration,
}

/// An alarm in the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What it is.
    pub alarm: StreamAlarm,
    /// Whether it carries the tag of alarm-sync.
    pub is_ours: bool,
}

impl World {
    /// An empty one at this time.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(State {
            now,
            streams: BTreeMap::new(),
            firing: Vec::new(),
            alarms: BTreeMap::new(),
            not_indexed: BTreeSet::new(),
            indexed: BTreeMap::new(),
            told: Vec::new(),
            pages: BTreeMap::new(),
            answers: Vec::new(),
            later: Vec::new(),
            failures: BTreeMap::new(),
            unheard: VecDeque::new(),
            on_their_way: Vec::new(),
            unheard_measuring: false,
            tags_need_active: false,
            calls: Vec::new(),
            lives: None,
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

    /// A process of a function, which has seen nothing yet.
    pub fn process() -> Process {
        Process {
            stack: STACK.to_owned(),
            region: Some(REGION.to_owned()),
            account: OnceLock::from(ACCOUNT.to_owned()),
            histories: HistoryCache::default(),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, by: SignedDuration) {
        let mut state = self.state();
        state.now = state.now.checked_add(by).unwrap_or(Timestamp::MAX);
        state.arrive();
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
        self.fail_next_with(call, failure, "made to fail");
    }

    /// As [`Self::fail_next`], in these words of AWS.
    pub fn fail_next_with(&self, call: &'static str, failure: Failure, words: &'static str) {
        self.state().failures.entry(call).or_default().push_back((failure, words));
    }

    /// Loses the answer to the next resize, after those already to be lost. It is carried out so much later, if AWS accepts it then.
    pub fn lose_next_resize(&self, carried_out_after: SignedDuration) {
        self.state().unheard.push_back(carried_out_after);
    }

    /// Loses the answer to the next call that switches the metrics of shards on. It is carried out.
    pub fn lose_next_measuring(&self) {
        self.state().unheard_measuring = true;
    }

    /// Makes a stream that is not ACTIVE refuse tags, as AWS says that it may.
    pub fn tags_need_active(&self, they_do: bool) {
        self.state().tags_need_active = they_do;
    }

    /// Takes back every failure that has not come yet.
    pub fn fail_nothing(&self) {
        let mut state = self.state();
        state.failures.clear();
        state.unheard.clear();
    }

    /// Lets whoever calls die after so many more calls: the next one never returns. `None` lets it live.
    pub fn dies_after(&self, calls: Option<usize>) {
        self.state().lives = calls;
    }

    /// A scaling alarm of ours, fitted to so many shards, goes into ALARM and stays there.
    pub fn fire(&self, name: &str, streams: &[&str], fits: Option<u32>) {
        self.fire_for(STACK, name, streams, fits);
    }

    /// As [`Self::fire`], one of this stack.
    pub fn fire_for(&self, stack: &str, name: &str, streams: &[&str], fits: Option<u32>) {
        let (name, description) = (name.to_owned(), signature(stack));
        let streams = streams.iter().map(ToString::to_string).collect();
        self.state().firing.push(FiringAlarm { name, description, streams, fits });
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

    /// Every alarm, by its name.
    pub fn alarms(&self) -> BTreeMap<String, Held> {
        self.state().alarms.clone()
    }

    /// Puts an alarm there from outside; one of ours says so.
    pub fn put_alarm(&self, mut alarm: StreamAlarm, is_ours: bool) {
        if is_ours && !alarm.description.ends_with(&signature(STACK)) {
            alarm = alarm.signed_by(STACK);
        }
        self.state().alarms.insert(alarm.name.clone(), Held { alarm, is_ours });
    }

    /// Takes an alarm away from outside.
    pub fn remove_alarm(&self, name: &str) {
        self.state().alarms.remove(name);
    }

    /// Makes a stream from outside, over one of its name if there is one.
    pub fn add_stream(&self, name: &str, stream: Stream) {
        self.state().streams.insert(name.to_owned(), stream);
    }

    /// The streams there are.
    pub fn names(&self) -> Vec<String> {
        self.state().streams.keys().cloned().collect()
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.state().now
    }

    /// Deletes a stream from outside.
    pub fn remove_stream(&self, name: &str) {
        self.state().streams.remove(name);
    }

    /// Makes the tagging service forget a stream for now, as it may.
    pub fn not_indexed(&self, name: &str, is_hidden: bool) {
        let hidden = &mut self.state().not_indexed;
        let _ = if is_hidden { hidden.insert(name.to_owned()) } else { hidden.remove(name) };
    }

    /// Makes the tagging service say this of a stream, as it may after its tags have changed; `None` brings it up to date.
    pub fn indexed_as(&self, name: &str, tags: Option<&[(&str, &str)]>) {
        let indexed = &mut self.state().indexed;
        match tags {
            None => drop(indexed.remove(name)),
            Some(tags) => {
                let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
                indexed.insert(name.to_owned(), tags.collect());
            }
        }
    }

    /// What people were told so far.
    pub fn told(&self) -> Vec<Notification> {
        self.state().told.clone()
    }

    /// What CloudFormation was answered so far.
    pub fn answers(&self) -> Vec<String> {
        self.state().answers.clone()
    }

    /// The requests for another run so far, and after how many seconds; they are taken away.
    pub fn take_later(&self) -> Vec<(String, u32)> {
        std::mem::take(&mut self.state().later)
    }

    /// Takes every call so far off the record.
    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// Every call so far, as in `UpdateShardCount orders 5`.
    pub fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// Waits for ever once the caller is dead.
    async fn alive(&self) {
        let is_dead = {
            let mut state = self.state();
            match &mut state.lives {
                Some(0) => true,
                Some(lives) => {
                    *lives -= 1;
                    false
                }
                None => false,
            }
        };
        if is_dead {
            std::future::pending::<()>().await;
        }
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
        self.arrive();
        self.calls.push(format!("{call} {subject} {argument}").trim_end().to_owned());
        match self.failures.get_mut(call).and_then(VecDeque::pop_front) {
            None => Ok(()),
            Some((failure, words)) => Err(CallError::new(call, subject, failure, words)),
        }
    }

    fn find(&mut self, call: &'static str, name: &str) -> Result<&mut Stream, CallError> {
        let missing = || CallError::new(call, name, Failure::NotFound, "ResourceNotFoundException: no such stream");
        self.streams.get_mut(name).ok_or_else(missing)
    }

    /// Carries out the resizes that were on their way until now; nobody hears what came of them.
    fn arrive(&mut self) {
        let now = self.now;
        let arrived: Vec<_> = self.on_their_way.extract_if(.., |(at, ..)| *at <= now).collect();
        for (at, stream, desired) in arrived {
            let _ = self.resize(&stream, desired, at);
        }
    }

    /// What AWS makes of a resize that comes to it at this time.
    fn resize(&mut self, name: &str, desired: ShardCount, now: Timestamp) -> Result<(), CallError> {
        let call = "UpdateShardCount";
        let (account_open_shards, account_shard_limit) = (self.open_shards(), self.account_limit);
        let stream = self.find(call, name)?;
        let resize = Resize {
            stream: name,
            account: ACCOUNT,
            mode: stream.mode,
            status: status_word(stream, now),
            open_shards: stream.shards,
            target: i64::from(desired.get()),
            account_open_shards,
            account_shard_limit,
            accepted: &stream.resizes,
        };
        kinesis_rules::check(&resize, now).map_err(|refusal| refused(call, name, &refusal))?;
        stream.resizes.push(now);
        stream.shards = desired.get();
        Ok(())
    }

    /// A split or a merge, which adds so many shards.
    fn reshard(
        &mut self,
        call: &'static str,
        name: &str,
        argument: &str,
        added: u32,
        change: impl FnOnce(&mut Ring) -> Result<(), RingFault>,
    ) -> Result<(), CallError> {
        self.called(call, name, argument)?;
        let (now, account_open_shards, account_shard_limit) = (self.now, self.open_shards(), self.account_limit);
        let stream = self.find(call, name)?;
        let reshard = Reshard {
            stream: name,
            account: ACCOUNT,
            mode: stream.mode,
            status: status_word(stream, now),
            added,
            account_open_shards,
            account_shard_limit,
            // The ring knows.
            closed: None,
        };
        kinesis_rules::check_reshard(&reshard).map_err(|refusal| refused(call, name, &refusal))?;
        let ring = stream.ring();
        change(ring).map_err(|fault| misplaced(call, name, fault))?;
        stream.shards = u32::try_from(ring.shards().len()).unwrap_or(u32::MAX);
        stream.reshards.push(now);
        Ok(())
    }

    fn open_shards(&self) -> u32 {
        self.streams.values().map(|stream| stream.shards).sum()
    }
}

fn refused(call: &'static str, subject: &str, refusal: &Refusal) -> CallError {
    let failure = match refusal.error_type {
        "ResourceInUseException" => Failure::InUse,
        _ if refusal.is_day_spent() => Failure::DaySpent,
        "LimitExceededException" => Failure::Quota,
        _ => Failure::Refused,
    };
    CallError::new(call, subject, failure, format!("{}: {}", refusal.error_type, refusal.message))
}

/// What is wrong with the shards or the hash key of a split or a merge.
fn misplaced(call: &'static str, subject: &str, fault: RingFault) -> CallError {
    let (failure, error_type) = match fault {
        RingFault::NoSuchShard => (Failure::NotFound, "ResourceNotFoundException"),
        RingFault::Closed => (Failure::InUse, "ResourceInUseException"),
        RingFault::NotInside | RingFault::NotAdjacent => (Failure::Refused, "InvalidArgumentException"),
    };
    CallError::new(call, subject, failure, format!("{error_type}: {fault}"))
}

fn status_word(stream: &Stream, now: Timestamp) -> &'static str {
    if status(stream, now) == StreamStatus::Active { "ACTIVE" } else { "UPDATING" }
}

/// The write metrics of a part of a stream's load.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a minute's sums, which are far below 2^53"
)]
fn share(load: &Minute, share: f64) -> Minute {
    let of = |sum: Option<u64>| sum.map(|sum| (sum as f64 * share) as u64);
    let Minute { bytes, records, throttled_records, .. } = load;
    Minute { bytes: of(*bytes), records: of(*records), throttled_records: of(*throttled_records), ..Minute::default() }
}

fn status(stream: &Stream, now: Timestamp) -> StreamStatus {
    let done = |at: &Timestamp| now.duration_since(*at) >= SignedDuration::from_secs(RESIZE_SECONDS);
    let changes = [stream.resizes.last(), stream.reshards.last(), stream.measured.as_ref()];
    if changes.into_iter().flatten().all(done) { stream.status } else { StreamStatus::Updating }
}

impl Kinesis for World {
    async fn list_streams(&self) -> Result<Vec<String>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("ListStreams", "the account", "")?;
        Ok(state.streams.keys().cloned().collect())
    }

    async fn standing(&self, stream: &str) -> Result<Standing, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "DescribeStreamSummary";
        state.called(call, stream, "")?;
        state.called("ListStreamConsumers", stream, "")?;
        Ok(state.find(call, stream)?.standing())
    }

    async fn describe(&self, stream: &str) -> Result<StreamState, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "DescribeStreamSummary";
        state.called(call, stream, "")?;
        let now = state.now;
        let stream = state.find(call, stream)?;
        let open_shards = ShardCount::saturating(u64::from(stream.shards));
        Ok(StreamState {
            status: status(stream, now),
            mode: stream.mode,
            open_shards,
            shard_metrics: stream.shard_metrics,
        })
    }

    async fn tags(&self, stream: &str) -> Result<Vec<(String, String)>, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "ListTagsForStream";
        state.called(call, stream, "")?;
        Ok(state.find(call, stream)?.tags.clone().into_iter().collect())
    }

    async fn put_tag(&self, stream: &str, key: &str, value: &str) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "AddTagsToStream";
        state.called(call, stream, value)?;
        let (now, needs_active) = (state.now, state.tags_need_active);
        let found = state.find(call, stream)?;
        if needs_active && status(found, now) != StreamStatus::Active {
            return Err(CallError::new(
                call,
                stream,
                Failure::InUse,
                "ResourceInUseException: the stream is not ACTIVE",
            ));
        }
        if !found.tags.contains_key(key) && found.tags.len() >= TAGS_PER_STREAM_MAX {
            return Err(CallError::new(
                call,
                stream,
                Failure::Refused,
                "LimitExceededException: a stream may have 50 tags",
            ));
        }
        found.tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn update_shard_count(&self, name: &str, desired: ShardCount) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "UpdateShardCount";
        state.called(call, name, &desired.to_string())?;
        if let Some(after) = state.unheard.pop_front() {
            let arrives = state.now.checked_add(after).unwrap_or(Timestamp::MAX);
            state.on_their_way.push((arrives, name.to_owned(), desired));
            state.arrive();
            return Err(CallError::new(call, name, Failure::Unavailable, "no answer"));
        }
        let now = state.now;
        state.resize(name, desired, now)
    }

    async fn account_shards(&self) -> Result<AccountShards, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("DescribeLimits", "the account", "")?;
        Ok(AccountShards { open: state.open_shards(), limit: state.account_limit })
    }

    async fn open_shards(&self, stream: &str) -> Result<Vec<OpenShard>, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "ListShards";
        state.called(call, stream, "")?;
        Ok(state.find(call, stream)?.ring().shards().to_vec())
    }

    async fn split_shard(&self, stream: &str, shard: &str, at: u128) -> Result<(), CallError> {
        self.alive().await;
        self.state().reshard("SplitShard", stream, &format!("{shard} {at}"), 1, |ring| ring.split(shard, at))
    }

    async fn merge_shards(&self, stream: &str, lower: &str, upper: &str) -> Result<(), CallError> {
        self.alive().await;
        self.state().reshard("MergeShards", stream, &format!("{lower} {upper}"), 0, |ring| ring.merge(lower, upper))
    }

    async fn enable_shard_metrics(&self, stream: &str) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "EnableEnhancedMonitoring";
        state.called(call, stream, "")?;
        let (now, is_unheard) = (state.now, state.unheard_measuring);
        state.unheard_measuring = false;
        let found = state.find(call, stream)?;
        (found.shard_metrics, found.measured) = (true, Some(now));
        if is_unheard { Err(CallError::new(call, stream, Failure::Unavailable, "no answer")) } else { Ok(()) }
    }
}

impl CloudWatch for World {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.alive().await;
        let mut state = self.state();
        let call = "GetMetricData";
        state.called(call, stream, &minutes.to_string())?;
        Ok(state.find(call, stream)?.window(end, minutes))
    }

    /// Streams without a [`Stream::curve`] are new: they have no past, and to ask for it is not on record.
    async fn past(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
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
        let open = stream.ring().shards().to_vec();
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
        streams: &[(String, Standing)],
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

    async fn runs(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<String, Runs>, CallError> {
        self.alive().await;
        self.state().called("GetMetricData (runs)", &functions.join(","), "")?;
        // One a minute, of 100 ms.
        let count = u64::try_from(end.duration_since(start).as_secs() / 60).unwrap_or(0);
        Ok(functions.iter().map(|name| (name.clone(), Runs { count, milliseconds: 100 * count })).collect())
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
        let fits = alarm.fits().map(|shards| shards.to_string()).unwrap_or_default();
        state.called("PutMetricAlarm", &alarm.name, &fits)?;
        // Tags take effect on creation only.
        let is_tagged = tags.contains(&(TAG_MADE_BY, STACK));
        let is_ours = state.alarms.get(&alarm.name).map_or(is_tagged, |held| held.is_ours);
        state.alarms.insert(alarm.name.clone(), Held { alarm: alarm.clone(), is_ours });
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
        let stored = |held: &Held| StoredAlarm {
            arn: alarm_arn(&held.alarm.name),
            alarm: held.alarm.clone(),
            other: OtherSettings::default(),
        };
        Ok(state.alarms.values().filter(|held| is_wanted(&held.alarm.name)).map(stored).collect())
    }
}

impl Notifications for World {
    async fn publish(&self, notification: &Notification) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("Publish", &notification.subject, "")?;
        state.told.push(notification.clone());
        Ok(())
    }
}

fn alarm_arn(name: &str) -> String {
    format!("arn:{name}")
}

impl Tagging for World {
    async fn streams_tagged(&self, key: &str) -> Result<Vec<TaggedStream>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("GetResources", "the fleet", "")?;
        let known = state.streams.iter().filter(|(name, _)| !state.not_indexed.contains(*name));
        let tags = |(name, stream): (&'_ String, &Stream)| {
            (name.clone(), state.indexed.get(name).unwrap_or(&stream.tags).clone())
        };
        let tagged = known.map(tags).filter(|(_, tags)| tags.contains_key(key));
        let ours = |(name, tags): (String, BTreeMap<String, String>)| TaggedStream {
            name,
            tags: tags.into_iter().filter(|(key, _)| key.starts_with(TAG_PREFIX)).collect(),
        };
        Ok(tagged.map(ours).collect())
    }

    async fn alarms_tagged(&self, _: &str, _: &str) -> Result<BTreeSet<String>, CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("GetResources", "the stack's alarms", "")?;
        let known = state.alarms.values().filter(|held| held.is_ours && !state.not_indexed.contains(&held.alarm.name));
        Ok(known.map(|held| alarm_arn(&held.alarm.name)).collect())
    }
}

impl Queue for World {
    async fn send(&self, message: &str, delay_seconds: u32) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("SendMessage", "alarm-sync", message)?;
        state.later.push((message.to_owned(), delay_seconds));
        Ok(())
    }
}

impl CloudFormation for World {
    async fn answer(&self, _: &str, answer: &str) -> Result<(), CallError> {
        self.alive().await;
        let mut state = self.state();
        state.called("PUT", "the answer", "")?;
        state.answers.push(answer.to_owned());
        Ok(())
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.advance(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX));
        Box::pin(std::future::ready(()))
    }
}

impl Cloud for World {
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

    fn notifications(&self) -> Option<&Self> {
        Some(self)
    }

    fn clock(&self) -> &Self {
        self
    }
}

impl FleetCloud for World {
    type Tagging = Self;
    type Queue = Self;

    fn tagging(&self) -> &Self {
        self
    }

    fn queue(&self) -> Option<&Self> {
        Some(self)
    }
}
