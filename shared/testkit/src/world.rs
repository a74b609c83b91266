// SPDX-License-Identifier: Apache-2.0
//! A small AWS in memory: streams that resize and refuse, calls that are logged and can be made to fail.
//!
//! Time stands still until [`World::advance`] moves it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};
use kinesis_model::ShardCount;
use scaler_app::cloud::{CallError, Failure, FiringAlarm, Notification};
use scaler_app::{FunctionState, HistoryCache};
use scaler_core::{StreamAlarm, signature};

use crate::refusal::{misplaced, refused};
use crate::stream::{Stream, status_word};
use aws_models::hash_key_space::{HashKeySpace, HashKeySpaceFault};
use aws_models::kinesis_rules;
use aws_models::kinesis_rules::{Reshard, Resize};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";
/// Whose alarms are ours.
pub(crate) const STACK: &str = "kinesis-scaler";

/// The world: every service of AWS.
#[derive(Debug)]
pub struct World(pub(crate) Mutex<State>);

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) streams: BTreeMap<String, Stream>,
    pub(crate) firing: Vec<FiringAlarm>,
    pub(crate) alarms: BTreeMap<String, WorldAlarm>,
    /// Streams that the tagging service does not know of yet.
    pub(crate) not_indexed: BTreeSet<String>,
    /// What it says of streams whose tags have changed since.
    pub(crate) indexed: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) told: Vec<Notification>,
    /// Pages that were kept, by their key.
    pub(crate) report_store: BTreeMap<String, String>,
    /// Answers to CloudFormation.
    pub(crate) answers: Vec<String>,
    /// Requests for another run, and after how many seconds.
    pub(crate) later: Vec<(String, u32)>,
    pub(crate) failures: BTreeMap<&'static str, VecDeque<(Failure, &'static str)>>,
    /// After how long each of the next resizes is carried out of which nobody hears.
    pub(crate) unheard: VecDeque<SignedDuration>,
    /// Resizes that are on their way: when they arrive, of which stream, to which count.
    pub(crate) on_their_way: Vec<(Timestamp, String, ShardCount)>,
    /// Whether nobody hears what comes of the next call that switches the metrics of shards on.
    pub(crate) unheard_measuring: bool,
    pub(crate) tags_need_active: bool,
    pub(crate) calls: Vec<String>,
    /// Calls after which the caller is dead.
    pub(crate) lives: Option<usize>,
    pub(crate) account_limit: u32,
    pub(crate) call_takes: SignedDuration,
}

/// An alarm in the account.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldAlarm {
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
            report_store: BTreeMap::new(),
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
    pub fn function_state() -> FunctionState {
        FunctionState {
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

    /// Makes a stream that is not ACTIVE refuse tags, as AWS says that it may (API reference, `AddTagsToStream`).
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
    pub fn fire(&self, name: &str, streams: &[&str], alarm_shard_count: Option<u32>) {
        self.fire_for(STACK, name, streams, alarm_shard_count);
    }

    /// As [`Self::fire`], one of this stack.
    pub fn fire_for(&self, stack: &str, name: &str, streams: &[&str], alarm_shard_count: Option<u32>) {
        let (name, description) = (name.to_owned(), signature(stack));
        let streams = streams.iter().map(ToString::to_string).collect();
        self.state().firing.push(FiringAlarm { name, description, streams, alarm_shard_count });
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
    pub fn alarms(&self) -> BTreeMap<String, WorldAlarm> {
        self.state().alarms.clone()
    }

    /// Puts an alarm there from outside; one of ours says so.
    pub fn put_alarm(&self, mut alarm: StreamAlarm, is_ours: bool) {
        if is_ours && !alarm.description.ends_with(&signature(STACK)) {
            alarm = alarm.signed_by(STACK);
        }
        self.state().alarms.insert(alarm.name.clone(), WorldAlarm { alarm, is_ours });
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
    pub(crate) async fn alive(&self) {
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
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Logs a call and fails it if that was asked for.
    pub(crate) fn called(&mut self, call: &'static str, subject: &str, argument: &str) -> Result<(), CallError> {
        self.now = self.now.checked_add(self.call_takes).unwrap_or(Timestamp::MAX);
        self.arrive();
        self.calls.push(format!("{call} {subject} {argument}").trim_end().to_owned());
        match self.failures.get_mut(call).and_then(VecDeque::pop_front) {
            None => Ok(()),
            Some((failure, words)) => Err(CallError::new(call, subject, failure, words)),
        }
    }

    pub(crate) fn find(&mut self, call: &'static str, name: &str) -> Result<&mut Stream, CallError> {
        let missing = || CallError::new(call, name, Failure::NotFound, "ResourceNotFoundException: no such stream");
        self.streams.get_mut(name).ok_or_else(missing)
    }

    /// Carries out the resizes that were on their way until now; nobody hears what came of them.
    pub(crate) fn arrive(&mut self) {
        let now = self.now;
        let arrived: Vec<_> = self.on_their_way.extract_if(.., |(at, ..)| *at <= now).collect();
        for (at, stream, desired) in arrived {
            let _ = self.resize(&stream, desired, at);
        }
    }

    /// What AWS makes of a resize that comes to it at this time.
    pub(crate) fn resize(&mut self, name: &str, desired: ShardCount, now: Timestamp) -> Result<(), CallError> {
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
    pub(crate) fn reshard(
        &mut self,
        call: &'static str,
        name: &str,
        argument: &str,
        added: u32,
        change: impl FnOnce(&mut HashKeySpace) -> Result<(), HashKeySpaceFault>,
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
        let key_space = stream.key_space();
        change(key_space).map_err(|fault| misplaced(call, name, fault))?;
        stream.shards = u32::try_from(key_space.shards().len()).unwrap_or(u32::MAX);
        stream.reshards.push(now);
        Ok(())
    }

    pub(crate) fn open_shards(&self) -> u32 {
        self.streams.values().map(|stream| stream.shards).sum()
    }
}
