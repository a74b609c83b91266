// SPDX-License-Identifier: Apache-2.0
//! The fleet, stream by stream, until all are synchronised or time is up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use scaler_core::{
    ALARM_PREFIX, FULL_SYNC_MINUTES, SYNC_MINUTES, TAG_MANAGED, is_full_sync_due, is_plan_due, stream_of_alarm,
};

use super::metrics::publish;
use super::plan_step::{LATER_SECONDS_MAX, TURN_MINUTES};
use super::request::{Look, SyncRequest};
use super::response::ResponseBuilder;
use super::settings::Settings;
use super::stream_sync::{Depth, ObservedStream, StreamSync, SyncedStream};
use crate::cloud::{CallError, Clock, CloudWatch, FleetCloud, Queue, StoredAlarm, TaggedStream, Tagging};
use crate::function_state::FunctionState;
use crate::outcome::{Outcome, OutcomeKind};

/// Names in one message: far below what SQS takes, and a run's work.
const STREAMS_A_MESSAGE: usize = 100;
/// Billionths of the fleet that each run of the schedule begins further on than the one before: the golden ratio, by which
/// few runs begin everywhere. Where time does not suffice for all, all have their turn.
const STRIDE: i128 = 618_033_989;
const WHOLE: i128 = 1_000_000_000;
/// What failed is tried again after so long.
const RETRY_SECONDS: u32 = 300;
/// The looks at a stream that is changing, or at which a look failed, go on for so long: four hours, in which each stream has the
/// turn in which Kinesis is asked about it.
const CHANGE_SECONDS: i64 = FULL_SYNC_MINUTES * 60;
/// The looks ahead for a stream go on for so long: an hour, after which its turn begins others.
const PLAN_SECONDS: i64 = TURN_MINUTES as i64 * 60;

/// One run over many streams.
pub(super) struct FleetSync<'a, C: FleetCloud> {
    cloud: &'a C,
    settings: Settings<'a>,
    until: Timestamp,
    stream_sync: StreamSync<'a, C>,
}

impl<'a, C: FleetCloud> FleetSync<'a, C> {
    pub(super) fn new(
        cloud: &'a C,
        function_state: &'a FunctionState,
        settings: Settings<'a>,
        until: Timestamp,
    ) -> Self {
        Self { cloud, settings, until, stream_sync: StreamSync { cloud, function_state, settings, refused: None } }
    }

    /// The schedule's run: what looks wrong, and those whose turn it is.
    pub(super) async fn due(self, asked_at: Option<i64>, builder: &mut ResponseBuilder<'_>) {
        let asked_at = asked_at.unwrap_or_else(|| self.now());
        let depth =
            |stream: &str| if is_full_sync_due(stream, asked_at) { Depth::Scheduled } else { Depth::TrustAlarms };
        let mut fleet = match self.find(depth, |stream| is_plan_due(stream, asked_at)).await {
            Ok(fleet) => fleet,
            Err(error) => return builder.decisive(run_failed(&error)),
        };
        let run = i128::from(asked_at.div_euclid(SYNC_MINUTES * 60));
        let first = i128::try_from(fleet.len()).unwrap_or(0) * (run * STRIDE).rem_euclid(WHOLE) / WHOLE;
        fleet.rotate_left(usize::try_from(first).unwrap_or(0));
        let (all, SyncCounts { done, .. }) = (fleet.len(), self.sync(fleet, builder).await);
        if done == 0 && all > 0 {
            builder.decisive(no_time());
        } else if done < all {
            let words =
                format!("this run has no time left: the next run checks the other {} of {all} streams", all - done);
            builder.outcome(Outcome::plain(OutcomeKind::Held, None, words));
        }
    }

    /// Every stream closely, by name, from after `after` on; and through the queue, if that takes more than one run. How many of
    /// them are scaled, if they could be looked at.
    pub(super) async fn all(self, after: Option<String>, builder: &mut ResponseBuilder<'_>) -> Option<usize> {
        let mut fleet = match self.find(|_| Depth::Requested, |_| false).await {
            Ok(fleet) => fleet,
            Err(error) => {
                builder.decisive(run_failed(&error));
                return None;
            }
        };
        fleet.retain(|observed| after.as_ref().is_none_or(|after| observed.stream > *after));
        let names: Vec<String> = fleet.iter().map(|observed| observed.stream.clone()).collect();
        let (cloud, SyncCounts { done, scaled }) = (self.cloud, self.sync(fleet, builder).await);
        if done == names.len() {
            return Some(scaled);
        }
        // Further than the run before, or it would never end.
        let Some(last) = done.checked_sub(1).map(|last| names[last].clone()) else {
            builder.decisive(no_time());
            return None;
        };
        if leave(cloud, &SyncRequest::All { after: Some(last.clone()) }, 0, builder).await {
            builder.goes_on_after(&last);
        }
        Some(scaled)
    }

    /// These streams, as they are now.
    pub(super) async fn streams(mut self, look: Look, builder: &mut ResponseBuilder<'_>) {
        let now = self.now();
        let end = |chain_seconds| {
            let latest = now.saturating_add(chain_seconds);
            look.until.map_or(latest, |until| until.min(now.saturating_add(CHANGE_SECONDS)))
        };
        let (change_ends, plan_ends) = (end(CHANGE_SECONDS), end(PLAN_SECONDS));
        // What is looked at again is not done yet, and may take its time.
        let pause = |first: u32| if look.until.is_none() { first } else { LATER_SECONDS_MAX };
        let mut rechecks = Rechecks::default();
        for (done, stream) in look.streams.iter().enumerate() {
            if done > 0 && self.is_over() {
                let rest = Look { streams: look.streams[done..].to_vec(), ..look };
                leave(self.cloud, &SyncRequest::Streams(rest), 0, builder).await;
                break;
            }
            let StreamResult { outcomes, changes, plan } = self.look_at(stream, look.plans).await;
            rechecks.note(stream, changes.map(pause), look.plans, change_ends);
            rechecks.note(stream, plan, true, plan_ends);
            // It alone is tried again: those that went well are not to wait for it.
            let is_retried_alone = has_failed(&outcomes) && self.cloud.queue().is_some();
            if is_retried_alone {
                rechecks.note(stream, Some(pause(RETRY_SECONDS)), look.plans, change_ends);
            }
            for outcome in outcomes {
                if is_retried_alone { builder.outcome(outcome) } else { builder.decisive(outcome) }
            }
        }
        self.request_rechecks(rechecks, builder).await;
    }

    /// Synchronises one stream, and looks ahead for it if that is asked for.
    async fn look_at(&mut self, stream: &str, plans: bool) -> StreamResult {
        let observed = match self.observe(stream).await {
            Ok(observed) => observed,
            Err(error) => {
                return StreamResult { outcomes: vec![Outcome::of_call(stream, &error)], changes: None, plan: None };
            }
        };
        // In a box, as in `pass/handle.rs`, here and below.
        let synced = Box::pin(self.stream_sync.sync(observed)).await;
        let in_sync = synced.in_sync().filter(|_| plans);
        let mut result = StreamResult { outcomes: synced.outcomes, changes: synced.recheck_seconds, plan: None };
        if let Some((shards, tags)) = in_sync {
            let plan_step = self.stream_sync.take_plan_step(stream, shards, &tags).await;
            result.plan = plan_step.recheck_seconds;
            result.outcomes.extend(plan_step.outcome);
        }
        result
    }

    /// What is known of a stream that is to be looked at closely.
    async fn observe(&self, stream: &str) -> Result<ObservedStream, CallError> {
        let alarms = self.cloud.cloudwatch().alarms(&format!("{ALARM_PREFIX}{stream}/")).await?;
        let is_listed = self.settings.stack_config.stream_names.iter().any(|listed| listed == stream);
        let (stream, depth) = (stream.to_owned(), Depth::Requested);
        Ok(ObservedStream { stream, tags: None, alarms, is_listed, depth, plans: true })
    }

    /// Synchronises these streams in their order, as far as there is time.
    async fn sync(mut self, fleet: Vec<ObservedStream>, builder: &mut ResponseBuilder<'_>) -> SyncCounts {
        let (mut done, mut standings, mut plans) = (0, Vec::new(), Vec::new());
        let (now, mut rechecks) = (self.now(), Rechecks::default());
        let (change_ends, plan_ends) = (now.saturating_add(CHANGE_SECONDS), now.saturating_add(PLAN_SECONDS));
        for observed in fleet {
            if self.is_over() {
                break;
            }
            done += 1;
            let stream = observed.stream.clone();
            let (is_planned, is_scheduled) = (observed.plans, observed.depth == Depth::Scheduled);
            // In a box, as in `pass/handle.rs`, here and below.
            let synced = Box::pin(self.stream_sync.sync(observed)).await;
            plans.extend(synced.in_sync().filter(|_| is_planned).map(|in_sync| (stream.clone(), in_sync)));
            let SyncedStream { outcomes, standing, recheck_seconds } = synced;
            rechecks.note(&stream, recheck_seconds, is_planned, change_ends);
            // The schedule's next run would not look so closely.
            let is_retried = is_scheduled && has_failed(&outcomes);
            rechecks.note(&stream, is_retried.then_some(RETRY_SECONDS), is_planned, change_ends);
            for outcome in outcomes {
                builder.outcome(outcome);
            }
            standings.extend(standing.map(|(shards, tags)| (stream, shards, tags)));
        }
        // What is wrong is put right first; whom there is no time for has a turn in an hour, and alarms.
        for (stream, (shards, tags)) in plans {
            if self.is_over() {
                break;
            }
            let plan_step = self.stream_sync.take_plan_step(&stream, shards, &tags).await;
            rechecks.note(&stream, plan_step.recheck_seconds, true, plan_ends);
            plan_step.outcome.into_iter().for_each(|outcome| builder.outcome(outcome));
        }
        self.request_rechecks(rechecks, builder).await;
        if self.settings.stack_config.stream_metrics {
            publish(self.cloud, self.settings, &standings, !self.is_over(), builder).await;
        }
        SyncCounts { done, scaled: standings.len() }
    }

    /// Every stream that is to be synchronised, by name. All of it or an error: half a fleet would make the other half look unmanaged.
    async fn find(
        &self,
        depth: impl Fn(&str) -> Depth,
        plans: impl Fn(&str) -> bool,
    ) -> Result<Vec<ObservedStream>, CallError> {
        let tagged = self.cloud.tagging().streams_tagged(TAG_MANAGED).await?;
        let mut alarms: BTreeMap<String, Vec<StoredAlarm>> = BTreeMap::new();
        for stored in self.cloud.cloudwatch().alarms(ALARM_PREFIX).await? {
            if let Some(stream) = stream_of_alarm(&stored.alarm.name) {
                alarms.entry(stream.to_owned()).or_default().push(stored);
            }
        }
        let listed: BTreeSet<String> = self.settings.stack_config.stream_names.iter().cloned().collect();
        let mut tags: BTreeMap<String, Vec<(String, String)>> =
            tagged.into_iter().map(|TaggedStream { name, tags }| (name, tags)).collect();
        let names: BTreeSet<String> = tags.keys().chain(alarms.keys()).chain(&listed).cloned().collect();
        let observed = |stream: String| ObservedStream {
            tags: tags.remove(&stream),
            alarms: alarms.remove(&stream).unwrap_or_default(),
            is_listed: listed.contains(&stream),
            depth: depth(&stream),
            plans: plans(&stream),
            stream,
        };
        Ok(names.into_iter().map(observed).collect())
    }

    fn is_over(&self) -> bool {
        self.cloud.clock().now() >= self.until
    }

    fn now(&self) -> i64 {
        self.cloud.clock().now().as_second()
    }

    /// Has streams looked at again, of which the schedule's next run would not know that it should. A look after the end of its chain
    /// is not asked for: the stream has had its turn by then.
    async fn request_rechecks(&self, rechecks: Rechecks, builder: &mut ResponseBuilder<'_>) {
        if self.cloud.queue().is_none() {
            return;
        }
        let now = self.now();
        for (Recheck { seconds, plans, until }, streams) in rechecks.by_time() {
            if now.saturating_add(i64::from(seconds)) >= until {
                continue;
            }
            for streams in streams.chunks(STREAMS_A_MESSAGE) {
                let look = Look { streams: streams.to_vec(), plans, until: Some(until) };
                leave(self.cloud, &SyncRequest::Streams(look), seconds, builder).await;
            }
        }
    }
}

fn has_failed(outcomes: &[Outcome]) -> bool {
    outcomes.iter().any(|outcome| outcome.outcome == OutcomeKind::Failed)
}

/// How many streams a run looked at, and how many of them are scaled.
struct SyncCounts {
    done: usize,
    scaled: usize,
}

/// What came of a look at one stream.
struct StreamResult {
    outcomes: Vec<Outcome>,
    /// In how many seconds to look again, since the stream is changing.
    changes: Option<u32>,
    /// In how many seconds to look ahead again.
    plan: Option<u32>,
}

/// Another look at a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Recheck {
    /// In how many seconds.
    seconds: u32,
    /// Whether to look ahead as well.
    plans: bool,
    /// The end of its chain, exclusive, in epoch seconds.
    until: i64,
}

/// The looks that a run asks for: one for each stream.
#[derive(Default)]
struct Rechecks(BTreeMap<String, Recheck>);

impl Rechecks {
    /// Asks for a look at a stream in so many seconds, if any: one look serves all who ask for it.
    fn note(&mut self, stream: &str, seconds: Option<u32>, plans: bool, until: i64) {
        let Some(seconds) = seconds else { return };
        let asked = Recheck { seconds, plans, until };
        let both = |other: &Recheck| Recheck {
            seconds: seconds.min(other.seconds),
            plans: plans || other.plans,
            until: until.max(other.until),
        };
        let asked = self.0.get(stream).map_or(asked, both);
        self.0.insert(stream.to_owned(), asked);
    }

    /// The streams of each look.
    fn by_time(self) -> BTreeMap<Recheck, Vec<String>> {
        let mut by_time: BTreeMap<Recheck, Vec<String>> = BTreeMap::new();
        for (stream, recheck) in self.0 {
            by_time.entry(recheck).or_default().push(stream);
        }
        by_time
    }
}

/// Leaves a request to another run, in so many seconds at the earliest; whether that succeeded.
async fn leave(
    cloud: &impl FleetCloud,
    request: &SyncRequest,
    seconds: u32,
    builder: &mut ResponseBuilder<'_>,
) -> bool {
    let words = match cloud.queue() {
        Some(queue) => match queue.send(&request.message(), seconds).await {
            Ok(()) => return true,
            Err(error) => error.to_string(),
        },
        None => "there is no queue (CONTINUATION_QUEUE_URL)".to_owned(),
    };
    let words = format!("the other streams could not be passed to another run: {words}");
    builder.decisive(Outcome::plain(OutcomeKind::Failed, None, words));
    false
}

fn no_time() -> Outcome {
    let words = "reading tags and alarms used all the time of this run: no stream was checked";
    Outcome::plain(OutcomeKind::Failed, None, words)
}

fn run_failed(error: &CallError) -> Outcome {
    let kind = OutcomeKind::of(error.failure);
    Outcome { needs_attention: true, ..Outcome::plain(kind, None, format!("this run did nothing: {error}")) }
}
