// SPDX-License-Identifier: Apache-2.0
//! One stream: what it should have, what it has, and the few calls that make the two the same.

use kinesis_model::{ShardCount, StreamMode, StreamState, StreamStatus};
use scaler_core::{
    AdmitReason, DesiredAlarms, Direction, Intent, Policy, StreamAlarm, StreamTags, TAG_MADE_BY, TAG_NOTICES,
    TAG_RESIZES, stream_of_alarm,
};

use super::plan_step::{PlanStep, take_plan_step};
use super::settings::Settings;
use crate::advice::TAGS_ADVICE;
use crate::cloud::{CallError, CloudWatch, DELETED_AT_ONCE, Failure, FleetCloud, Kinesis, OtherSettings, StoredAlarm};
use crate::function_state::FunctionState;
use crate::outcome::{Outcome, OutcomeCause, OutcomeKind};
use crate::pass::{is_ours, notify, notify_unrecorded, reconcile, settle};
use crate::stack_settings::alarms_of;

/// A resize takes minutes.
const CHANGED_BY_THEN_SECONDS: u32 = 300;

const KEPT: &str = "the alarms and the shard count need no change";

/// What is known of a stream before it is synchronised.
pub(super) struct ObservedStream {
    pub(super) stream: String,
    /// Its tags, where the tagging service told them; they may be minutes old, and nothing is changed by them alone.
    pub(super) tags: Option<Vec<(String, String)>>,
    /// Every alarm of its name.
    pub(super) alarms: Vec<StoredAlarm>,
    /// Whether the stack's settings say that it must be managed.
    pub(super) is_listed: bool,
    pub(super) depth: Depth,
    /// Whether to look ahead as well.
    pub(super) plans: bool,
}

/// How closely a stream is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Its shard count is what its alarms say, if they say so with one voice and are right.
    TrustAlarms,
    /// Kinesis is asked for its count: it is the stream's turn, which comes every four hours.
    Scheduled,
    /// Kinesis is asked for its count: somebody asked for that.
    Requested,
}

/// What came of it.
pub(super) struct SyncedStream {
    pub(super) outcomes: Vec<Outcome>,
    /// Where the stream stands, if it is one that is scaled.
    pub(super) standing: Option<(ShardCount, StreamTags)>,
    /// In how many seconds to look again, if no alarm will ask for it: the stream is changing just now, it may have changed
    /// while its alarms were put, or a step of its plan is due then.
    pub(super) recheck_seconds: Option<u32>,
}

impl SyncedStream {
    /// Where the stream stands, if its alarms are as they should be and it is not being resized: only then is it looked ahead
    /// for. One whose alarms are somebody else's, or could not be made, is left to a person.
    pub(super) fn in_sync(&self) -> Option<(ShardCount, StreamTags)> {
        let is_in_step = |outcome: &Outcome| matches!(outcome.outcome, OutcomeKind::Kept | OutcomeKind::Mended);
        self.standing.clone().filter(|_| self.outcomes.iter().all(is_in_step))
    }
}

impl From<Outcome> for SyncedStream {
    fn from(outcome: Outcome) -> Self {
        Self { outcomes: vec![outcome], standing: None, recheck_seconds: None }
    }
}

/// Synchronises streams with their tags, one after the other.
pub(super) struct StreamSync<'a, C: FleetCloud> {
    pub(super) cloud: &'a C,
    pub(super) function_state: &'a FunctionState,
    pub(super) settings: Settings<'a>,
    /// What AWS said when it refused to put an alarm and would say the same of every other: no more are put in this run.
    pub(super) refused: Option<String>,
}

impl<C: FleetCloud> StreamSync<'_, C> {
    /// Takes the step of a plan that is due, of a stream that stands so and is in step.
    pub(super) async fn take_plan_step(&self, stream: &str, shards: ShardCount, tags: &StreamTags) -> PlanStep {
        take_plan_step(self.cloud, self.function_state, self.settings, stream, shards, tags).await
    }

    /// Brings one stream in step with its tags and its shard count.
    pub(super) async fn sync(&mut self, observed: ObservedStream) -> SyncedStream {
        if let Some(synced) = self.in_sync_by_alarms(&observed) {
            return synced;
        }
        let stream = observed.stream.as_str();
        let state = match self.cloud.kinesis().describe(stream).await {
            Ok(state) => state,
            Err(error) if error.failure == Failure::NotFound => return self.is_gone(&observed).await.into(),
            Err(error) => return Outcome::of_call(stream, &error).into(),
        };
        if let Some(synced) = self.is_right(&observed, &state) {
            return synced;
        }
        // There is something to do: not by tags that may be minutes old.
        let tags = match self.cloud.kinesis().tags(stream).await {
            Ok(tags) => StreamTags::read(&tags),
            Err(error) => return Outcome::of_call(stream, &error).into(),
        };
        match DesiredAlarms::of(self.settings.policy, &state, &tags) {
            DesiredAlarms::None(reason) => self.clean_up(&observed, &tags, &reason).await.into(),
            DesiredAlarms::Unchanged(reason) => self.leave(&observed, &tags, &reason).await,
            DesiredAlarms::Managed { policy, outside } => {
                let is_new = observed.alarms.is_empty() && !policy.dry_run;
                if is_new && let Some(stopped) = self.reserve_resizes_tag(&observed, &tags).await {
                    return stopped.into();
                }
                self.scaled(&observed, tags, &policy, state.open_shards, outside).await
            }
        }
    }

    /// Writes the tag of resizes on a stream which is new to us: one on which it cannot be written, be it for want of room, a tag
    /// policy or a permission, cannot be scaled, and somebody should know before it has to be. What stops it, if anything does.
    async fn reserve_resizes_tag(&self, observed: &ObservedStream, tags: &StreamTags) -> Option<Outcome> {
        if tags.has_own_tags.resizes {
            return None;
        }
        let stream = observed.stream.as_str();
        let error = self.cloud.kinesis().put_tag(stream, TAG_RESIZES, "").await.err()?;
        let mut outcome = Outcome::of_call(stream, &error);
        if error.failure.is_refusal() {
            outcome.cause = Some(OutcomeCause::Tags);
            outcome.words = format!("the tag {TAG_RESIZES} cannot be written, so the stream is not scaled: {error}");
            outcome.next = Some(TAGS_ADVICE.to_owned());
            self.notify_in_turn(observed, tags, &mut outcome).await;
        }
        Some(outcome)
    }

    /// The same for the tag of notices, without which a stream is scaled and people are told nothing of it; what is wrong with it.
    async fn reserve_notices_tag(&self, observed: &ObservedStream, tags: &StreamTags) -> Option<String> {
        if tags.has_own_tags.notices {
            return None;
        }
        let written = self.cloud.kinesis().put_tag(&observed.stream, TAG_NOTICES, "").await;
        let error = written.err().filter(|error| error.failure.is_refusal())?;
        Some(format!(
            "the tag {TAG_NOTICES} cannot be written, so messages are sent only about resizes and about charged \
             shard-level metrics: {error}"
        ))
    }

    /// Tells people of a stream on which nothing may be written down: when AWS told of a change of it or somebody asked, and in its
    /// turn.
    async fn notify_in_turn(&self, observed: &ObservedStream, tags: &StreamTags, outcome: &mut Outcome) {
        if tags.managed && tags.has_own_tags.notices {
            self.notify(tags, outcome).await;
        } else if observed.depth != Depth::TrustAlarms && !tags.is_dry_run(self.settings.policy) {
            notify_unrecorded(self.cloud, outcome).await;
        }
    }

    /// A stream that is scaled: its alarms, and its bounds.
    async fn scaled(
        &mut self,
        observed: &ObservedStream,
        mut tags: StreamTags,
        policy: &Policy,
        shards: ShardCount,
        outside: Option<Direction>,
    ) -> SyncedStream {
        let (changes, stream) = (self.changes(observed, policy, shards), observed.stream.as_str());
        let alarm_shards = alarm_shard_count(&observed.alarms);
        let (mut outcome, is_done) = match self.may_put(&changes).await {
            Ok(()) => {
                if !policy.dry_run {
                    match settle(self.cloud, stream, &tags.history, alarm_shards, shards).await {
                        Ok(history) => tags.history = history,
                        Err(error) => return Outcome::of_call(stream, &error).into(),
                    }
                }
                self.put_in_step(observed, &changes, shards).await
            }
            Err(error) => (stopped(stream, shards, &[], &error), false),
        };
        let untold = if observed.alarms.is_empty() && is_done && !policy.dry_run {
            self.reserve_notices_tag(observed, &tags).await
        } else {
            None
        };
        if let Some(fault) = untold {
            // Its alarms were made just now, so it is told once.
            (outcome.needs_attention, outcome.next) = (true, Some(TAGS_ADVICE.to_owned()));
            outcome.faults.push(fault);
            notify_unrecorded(self.cloud, &mut outcome).await;
        } else {
            self.notify(&tags, &mut outcome).await;
        }
        let recheck_seconds =
            alarm_shards.filter(|alarm_shards| *alarm_shards != shards).map(|_| CHANGED_BY_THEN_SECONDS);
        let mut synced = SyncedStream { outcomes: vec![outcome], standing: Some((shards, tags)), recheck_seconds };
        if let Some(direction) = outside.filter(|_| is_done) {
            synced.outcomes.retain(|outcome| outcome.outcome != OutcomeKind::Kept);
            synced.outcomes.push(self.resize_into_bounds(stream, direction).await);
        }
        synced
    }

    /// The whole work for a stream that is as it should be, by what its alarms say of it: no call at all.
    fn in_sync_by_alarms(&self, observed: &ObservedStream) -> Option<SyncedStream> {
        let tags = StreamTags::read(observed.tags.as_ref()?);
        if !tags.managed && tags.faults.is_empty() && observed.alarms.is_empty() && !observed.is_listed {
            return Some(Outcome::plain(OutcomeKind::Kept, Some(&observed.stream), KEPT).into());
        }
        let open_shards = alarm_shard_count(&observed.alarms).filter(|_| observed.depth == Depth::TrustAlarms)?;
        self.is_right(
            observed,
            &StreamState {
                status: StreamStatus::Active,
                mode: StreamMode::Provisioned,
                open_shards,
                shard_metrics: false,
            },
        )
    }

    /// The end of the work for a stream in this state that is as it should be, by the tags that are known of it.
    fn is_right(&self, observed: &ObservedStream, state: &StreamState) -> Option<SyncedStream> {
        let tags = StreamTags::read(observed.tags.as_ref()?);
        let desired = DesiredAlarms::of(self.settings.policy, state, &tags);
        let DesiredAlarms::Managed { policy, outside: None } = desired else { return None };
        let changes = self.changes(observed, &policy, state.open_shards);
        let kept = Outcome::plain(OutcomeKind::Kept, Some(&observed.stream), KEPT);
        changes.is_none().then(|| SyncedStream { standing: Some((state.open_shards, tags)), ..kept.into() })
    }

    /// A stream with which the scaler has nothing to do.
    async fn clean_up(&self, observed: &ObservedStream, tags: &StreamTags, reason: &AdmitReason) -> Outcome {
        let mut outcome = Outcome::stopped(OutcomeKind::Refused, &observed.stream, reason);
        if observed.is_listed && !tags.managed {
            outcome.words = format!("STREAM_NAMES lists this stream, but {reason}");
            outcome.needs_attention = true;
        }
        if !outcome.needs_attention {
            outcome.outcome = OutcomeKind::Kept;
        }
        let mut outcome = self.without_alarms(&observed.stream, outcome, &observed.alarms).await;
        self.notify(tags, &mut outcome).await;
        outcome
    }

    /// A stream that is changing, or of which it cannot be told what it should have.
    async fn leave(&self, observed: &ObservedStream, tags: &StreamTags, reason: &AdmitReason) -> SyncedStream {
        let is_changing = reason.is_passing();
        let kind = if is_changing { OutcomeKind::Held } else { OutcomeKind::Refused };
        let mut outcome = Outcome::stopped(kind, &observed.stream, reason);
        if tags.managed && !tags.lacks_room() {
            self.notify(tags, &mut outcome).await;
        } else {
            // No tag of it may be written while its managed tag cannot be read, and none can be where there is no room.
            self.notify_in_turn(observed, tags, &mut outcome).await;
        }
        // What looks wrong, the schedule sees again by itself.
        let recheck_seconds =
            is_changing && alarm_shard_count(&observed.alarms).is_some() && observed.depth != Depth::TrustAlarms;
        SyncedStream { recheck_seconds: recheck_seconds.then_some(CHANGED_BY_THEN_SECONDS), ..outcome.into() }
    }

    fn changes<'k>(&self, observed: &'k ObservedStream, policy: &Policy, shards: ShardCount) -> Changes<'k> {
        let actions = self.settings.stack_config.alarm_actions();
        let desired = alarms_of(self.settings.policy, policy, &observed.stream, shards, &actions);
        let signed = desired.iter().map(|alarm| alarm.signed_by(&self.function_state.stack)).collect();
        Changes::between(&observed.alarms, signed)
    }

    /// Whether every alarm that is to be changed is ours. One that is somebody else's, be it another stack's, means that
    /// somebody else works on the stream: then nothing of it is touched.
    async fn may_put(&self, changes: &Changes<'_>) -> Result<(), AlarmPutError> {
        for there in changes.put.iter().filter_map(|(_, there, _)| *there) {
            let stack = &self.function_state.stack;
            if !is_ours(self.cloud.cloudwatch(), stack, there).await? {
                return Err(AlarmPutError::NotOurs(format!(
                    "hand {} over with the tag {TAG_MADE_BY}={stack}",
                    there.alarm.name
                )));
            }
        }
        Ok(())
    }

    /// Makes, changes and deletes alarms until they are the six that fit; whether that was done.
    async fn put_in_step(
        &mut self,
        observed: &ObservedStream,
        changes: &Changes<'_>,
        shards: ShardCount,
    ) -> (Outcome, bool) {
        let mut kept = Outcome::plain(OutcomeKind::Kept, Some(&observed.stream), KEPT);
        kept.current = Some(shards.get());
        let (mut done, mut stopped_by) = (Vec::new(), None);
        for (alarm, there, why) in &changes.put {
            // What stops one of a stream's alarms stops the others; the next run goes on here.
            match self.put(alarm, *there).await {
                Ok(()) => done.push(format!("{} ({why})", alarm.name)),
                Err(failed) => {
                    stopped_by = Some(failed);
                    break;
                }
            }
        }
        match self.delete_ours(&observed.stream, &changes.delete).await {
            Ok(names) => done.extend(names.into_iter().map(|name| format!("{name} (deleted)"))),
            Err(failed) => stopped_by = stopped_by.or(Some(failed.into())),
        }
        match stopped_by {
            Some(error) => (stopped(&observed.stream, shards, &done, &error), false),
            // Nothing was wrong, or only alarms that are not ours lie under the stream's name beside its six.
            None if done.is_empty() => (kept, true),
            None => {
                let words = format!("alarms updated for a shard count of {shards}: {}", done.join(", "));
                (Outcome { outcome: OutcomeKind::Mended, words, ..kept }, true)
            }
        }
    }

    async fn put(&mut self, alarm: &StreamAlarm, there: Option<&StoredAlarm>) -> Result<(), AlarmPutError> {
        if let Some(words) = &self.refused {
            return Err(AlarmPutError::NotTried(words.clone()));
        }
        let native = there.map(|there| there.other.native.clone()).unwrap_or_default();
        let other = OtherSettings { native, ..OtherSettings::default() };
        let tags = [(TAG_MADE_BY, self.function_state.stack.as_str())];
        self.cloud.cloudwatch().put_alarm(alarm, &other, &tags).await.map_err(|error| {
            // What the account lacks, be it a permission or quota, every alarm lacks.
            if matches!(error.failure, Failure::Denied | Failure::Quota) {
                self.refused = Some(error.to_string());
            }
            error.into()
        })
    }

    /// Deletes those of these alarms that are ours, and names them.
    ///
    /// By the name and by the tag: AWS's permission for this call may tell neither.
    async fn delete_ours(&self, stream: &str, alarms: &[&StoredAlarm]) -> Result<Vec<String>, CallError> {
        let mut ours = Vec::new();
        for alarm in alarms.iter().filter(|alarm| stream_of_alarm(&alarm.alarm.name) == Some(stream)) {
            match is_ours(self.cloud.cloudwatch(), &self.function_state.stack, alarm).await {
                Ok(true) => ours.push(alarm.alarm.name.clone()),
                Ok(false) => {}
                // Somebody else was quicker.
                Err(error) if error.failure == Failure::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        for names in ours.chunks(DELETED_AT_ONCE) {
            self.cloud.cloudwatch().delete_alarms(names).await?;
        }
        Ok(ours)
    }

    /// A stream that is not scaled keeps no alarm of ours.
    async fn without_alarms(&self, stream: &str, mut outcome: Outcome, alarms: &[StoredAlarm]) -> Outcome {
        let alarms: Vec<_> = alarms.iter().collect();
        match self.delete_ours(stream, &alarms).await {
            Ok(names) if names.is_empty() => {}
            Ok(names) => {
                if outcome.outcome == OutcomeKind::Kept {
                    outcome.outcome = OutcomeKind::Mended;
                }
                outcome.words = format!("deleted {} alarms, because {}", names.len(), outcome.words);
            }
            Err(error) => {
                outcome.outcome = OutcomeKind::of(error.failure);
                outcome.words = format!("the stream's alarms could not be deleted: {error}");
                outcome.needs_attention = true;
            }
        }
        outcome
    }

    async fn is_gone(&self, observed: &ObservedStream) -> Outcome {
        let outcome = Outcome::plain(OutcomeKind::Kept, Some(&observed.stream), "there is no such stream");
        let mut outcome = self.without_alarms(&observed.stream, outcome, &observed.alarms).await;
        if observed.is_listed {
            outcome.words = format!("STREAM_NAMES lists this stream, and: {}", outcome.words);
            outcome.outcome = OutcomeKind::Refused;
            outcome.needs_attention = true;
        }
        outcome
    }

    /// A step towards the minimum or maximum, by the very pass that an alarm causes.
    async fn resize_into_bounds(&self, stream: &str, direction: Direction) -> Outcome {
        reconcile(self.cloud, self.function_state, self.settings.policy, stream, Intent::Auto, direction, None).await
    }

    /// Tells people of what this run found; what it found in `reconcile` was told there.
    async fn notify(&self, tags: &StreamTags, outcome: &mut Outcome) {
        if outcome.needs_attention {
            notify(self.cloud, self.settings.policy, tags, outcome).await;
        }
    }
}

/// Why an alarm was not put.
#[derive(Debug, thiserror::Error)]
enum AlarmPutError {
    #[error("this run did not try again after the first failure: {0}")]
    NotTried(String),
    #[error("an alarm exists that this stack did not create: delete it, or {0}")]
    NotOurs(String),
    #[error(transparent)]
    Failed(#[from] CallError),
}

impl AlarmPutError {
    fn kind(&self) -> OutcomeKind {
        match self {
            Self::Failed(error) => OutcomeKind::of(error.failure),
            Self::NotOurs(_) | Self::NotTried(_) => OutcomeKind::Refused,
        }
    }

    /// What a person can do about it, where that is observed.
    fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::NotOurs(_) => "Check whether another stack or tool scales this stream. Only one may do so.",
            Self::Failed(error) if error.failure == Failure::Quota => {
                "Ask AWS for a higher alarm quota in this account and Region. It affects every stream that has \
                 no alarms yet."
            }
            Self::Failed(error) if error.failure == Failure::Denied => {
                "Correct the permissions of alarm-sync's role. The fault affects every stream."
            }
            Self::Failed(_) | Self::NotTried(_) => return None,
        };
        Some(advice.to_owned())
    }
}

/// What lies between the alarms there are and the alarms there should be.
struct Changes<'k> {
    /// To be put, over the one that is there if one is, and why.
    put: Vec<(StreamAlarm, Option<&'k StoredAlarm>, String)>,
    /// To be deleted if they are ours.
    delete: Vec<&'k StoredAlarm>,
}

impl<'k> Changes<'k> {
    fn between(there: &'k [StoredAlarm], desired: Vec<StreamAlarm>) -> Self {
        let delete =
            there.iter().filter(|stored| desired.iter().all(|alarm| alarm.name != stored.alarm.name)).collect();
        let mut put = Vec::new();
        for alarm in desired {
            let stored = there.iter().find(|stored| stored.alarm.name == alarm.name);
            let why = match stored.map(|stored| stored.alarm.differences(&alarm)) {
                None => "missing".to_owned(),
                Some(differences) if differences.is_empty() => continue,
                Some(differences) => format!("wrong: {}", differences.join(", ")),
            };
            put.push((alarm, stored, why));
        }
        Self { put, delete }
    }

    fn is_none(&self) -> bool {
        self.put.is_empty() && self.delete.is_empty()
    }
}

/// The outcome where alarms could not be put in step, but for these.
fn stopped(stream: &str, shards: ShardCount, done: &[String], error: &AlarmPutError) -> Outcome {
    let done = if done.is_empty() { String::new() } else { format!(" except for {}", done.join(", ")) };
    let words = format!("alarms could not be updated for a shard count of {shards}{done}: {error}");
    Outcome {
        current: Some(shards.get()),
        // One that was not tried is one of many, and of the first of them people are told.
        needs_attention: !matches!(error, AlarmPutError::NotTried(_)),
        cause: Some(OutcomeCause::Alarms),
        next: error.advice(),
        ..Outcome::plain(error.kind(), Some(stream), words)
    }
}

/// The shard count that both scaling alarms hold.
fn alarm_shard_count(alarms: &[StoredAlarm]) -> Option<ShardCount> {
    let mut counts = alarms.iter().filter_map(|stored| stored.alarm.shard_count());
    let (first, second) = (counts.next()?, counts.next()?);
    ShardCount::new(first).filter(|_| first == second)
}
