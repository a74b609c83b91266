//! The fleet, stream by stream, until all are tended or time is up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use scaler_core::{ALARM_PREFIX, SYNC_MINUTES, is_due, is_plan_due, stream_of_alarm};

use super::Settings;
use super::metrics::publish;
use super::ports::{AlarmStore, Continuations, Fleet, FleetAdapters, FleetPorts, StoredAlarm, TaggedStream};
use super::report::Tally;
use super::request::SyncRequest;
use super::tend::{Known, Look, Tended, Tender};
use crate::ports::{CallError, Clock};
use crate::reconcile::call_failed;
use crate::report::{Outcome, OutcomeKind};

/// Names in one message: far below what SQS takes, and a run's work.
const STREAMS_A_MESSAGE: usize = 100;
/// Billionths of the fleet that each run of the schedule begins further on than the one before: the golden ratio, by which
/// few runs begin everywhere. Where time does not suffice for all, all have their turn.
const STRIDE: i128 = 618_033_989;
const WHOLE: i128 = 1_000_000_000;

/// One run over many streams.
pub(super) struct Walk<'a, A: FleetAdapters> {
    ports: &'a FleetPorts<A>,
    settings: Settings<'a>,
    until: Timestamp,
    tender: Tender<'a, A>,
}

impl<'a, A: FleetAdapters> Walk<'a, A> {
    pub(super) fn new(ports: &'a FleetPorts<A>, settings: Settings<'a>, until: Timestamp) -> Self {
        Self { ports, settings, until, tender: Tender { ports, settings, refused: None } }
    }

    /// The schedule's run: what looks wrong, and those whose turn it is.
    pub(super) async fn due(self, asked_at: Option<i64>, tally: &mut Tally<'_>) {
        let asked_at = asked_at.unwrap_or_else(|| self.ports.pass.clock.now().as_second());
        let look = |stream: &str| if is_due(stream, asked_at) { Look::InTurn } else { Look::AsItsAlarmsSay };
        let mut fleet = match self.find(look, |stream| is_plan_due(stream, asked_at)).await {
            Ok(fleet) => fleet,
            Err(error) => return tally.decisive(run_failed(&error)),
        };
        let run = i128::from(asked_at.div_euclid(SYNC_MINUTES * 60));
        let first = i128::try_from(fleet.len()).unwrap_or(0) * (run * STRIDE).rem_euclid(WHOLE) / WHOLE;
        fleet.rotate_left(usize::try_from(first).unwrap_or(0));
        let (all, done) = (fleet.len(), self.tend(fleet, tally).await);
        if done == 0 && all > 0 {
            tally.decisive(no_time());
        } else if done < all {
            let words = format!("time is up, {} of {all} streams are left to the next run", all - done);
            tally.outcome(Outcome::plain(OutcomeKind::Held, None, words));
        }
    }

    /// Every stream closely, by name, from after `after` on; and through the queue, if that takes more than one run.
    pub(super) async fn all(self, after: Option<String>, tally: &mut Tally<'_>) {
        let mut fleet = match self.find(|_| Look::Close, |_| false).await {
            Ok(fleet) => fleet,
            Err(error) => return tally.decisive(run_failed(&error)),
        };
        fleet.retain(|known| after.as_ref().is_none_or(|after| known.stream > *after));
        let names: Vec<String> = fleet.iter().map(|known| known.stream.clone()).collect();
        let (ports, done) = (self.ports, self.tend(fleet, tally).await);
        if done == names.len() {
            return;
        }
        // Further than the run before, or it would never end.
        let Some(last) = done.checked_sub(1).map(|last| names[last].clone()) else {
            return tally.decisive(no_time());
        };
        if leave(ports, &SyncRequest::All { after: Some(last.clone()) }, 0, tally).await {
            tally.goes_on_after(&last);
        }
    }

    /// These streams, as they are now.
    pub(super) async fn streams(mut self, streams: Vec<String>, tally: &mut Tally<'_>) {
        let mut again = BTreeMap::new();
        for (done, stream) in streams.iter().enumerate() {
            if done > 0 && self.is_over() {
                leave(self.ports, &SyncRequest::Streams(streams[done..].to_vec()), 0, tally).await;
                break;
            }
            let tended = match self.ports.alarms.under(&format!("{ALARM_PREFIX}{stream}/")).await {
                Ok(alarms) => {
                    let is_listed = self.settings.wiring.stream_names.contains(stream);
                    let known =
                        Known { stream: stream.clone(), tags: None, alarms, is_listed, look: Look::Close, plans: true };
                    Box::pin(self.tender.tend(known)).await
                }
                Err(error) => call_failed(stream, &error).into(),
            };
            note(&mut again, tended.look_again, stream);
            let at_rest = tended.at_rest();
            for outcome in tended.outcomes {
                tally.decisive(outcome);
            }
            if let Some((shards, enrolment)) = at_rest {
                let ahead = Box::pin(self.tender.look_ahead(stream, shards, &enrolment)).await;
                note(&mut again, ahead.look_again, stream);
                ahead.outcome.into_iter().for_each(|outcome| tally.decisive(outcome));
            }
        }
        // A run that is tried again looks again by that.
        if !tally.is_retried() {
            self.look_again(again, tally).await;
        }
    }

    /// Tends these streams in their order, and says how many of them there was time for.
    async fn tend(mut self, fleet: Vec<Known>, tally: &mut Tally<'_>) -> usize {
        let (mut done, mut again, mut standings, mut plans) = (0, BTreeMap::new(), Vec::new(), Vec::new());
        for known in fleet {
            if self.is_over() {
                break;
            }
            done += 1;
            let stream = known.stream.clone();
            let is_planned = known.plans;
            let tended = Box::pin(self.tender.tend(known)).await;
            plans.extend(tended.at_rest().filter(|_| is_planned).map(|at_rest| (stream.clone(), at_rest)));
            let Tended { outcomes, standing, look_again } = tended;
            for outcome in outcomes {
                tally.outcome(outcome);
            }
            note(&mut again, look_again, &stream);
            standings.extend(standing.map(|(shards, enrolment)| (stream, shards, enrolment)));
        }
        // What is wrong is put right first; whom there is no time for has a turn in an hour, and alarms.
        for (stream, (shards, enrolment)) in plans {
            if self.is_over() {
                break;
            }
            let ahead = Box::pin(self.tender.look_ahead(&stream, shards, &enrolment)).await;
            note(&mut again, ahead.look_again, &stream);
            ahead.outcome.into_iter().for_each(|outcome| tally.outcome(outcome));
        }
        self.look_again(again, tally).await;
        if self.settings.wiring.stream_metrics {
            publish(self.ports, self.settings, &standings, !self.is_over(), tally).await;
        }
        done
    }

    /// Everything that is to be tended, by name. All of it or an error: half a fleet would make the other half look unmanaged.
    async fn find(&self, look: impl Fn(&str) -> Look, plans: impl Fn(&str) -> bool) -> Result<Vec<Known>, CallError> {
        let tagged = self.ports.fleet.tagged().await?;
        let mut alarms: BTreeMap<String, Vec<StoredAlarm>> = BTreeMap::new();
        for stored in self.ports.alarms.under(ALARM_PREFIX).await? {
            if let Some(stream) = stream_of_alarm(&stored.alarm.name) {
                alarms.entry(stream.to_owned()).or_default().push(stored);
            }
        }
        let listed: BTreeSet<String> = self.settings.wiring.stream_names.iter().cloned().collect();
        let mut tags: BTreeMap<String, Vec<(String, String)>> =
            tagged.into_iter().map(|TaggedStream { name, tags }| (name, tags)).collect();
        let names: BTreeSet<String> = tags.keys().chain(alarms.keys()).chain(&listed).cloned().collect();
        let known = |stream: String| Known {
            tags: tags.remove(&stream),
            alarms: alarms.remove(&stream).unwrap_or_default(),
            is_listed: listed.contains(&stream),
            look: look(&stream),
            plans: plans(&stream),
            stream,
        };
        Ok(names.into_iter().map(known).collect())
    }

    fn is_over(&self) -> bool {
        self.ports.pass.clock.now() >= self.until
    }

    /// Has streams looked at again after so many seconds, of which the schedule's next run would not know that it should.
    async fn look_again(&self, again: BTreeMap<u32, Vec<String>>, tally: &mut Tally<'_>) {
        if !self.ports.continuations.is_there() {
            return;
        }
        for (seconds, streams) in again {
            for streams in streams.chunks(STREAMS_A_MESSAGE) {
                leave(self.ports, &SyncRequest::Streams(streams.to_vec()), seconds, tally).await;
            }
        }
    }
}

/// Notes a stream to be looked at again in so many seconds.
fn note(again: &mut BTreeMap<u32, Vec<String>>, seconds: Option<u32>, stream: &str) {
    if let Some(seconds) = seconds {
        again.entry(seconds).or_default().push(stream.to_owned());
    }
}

/// Leaves a request to another run, in so many seconds at the earliest; whether that succeeded.
async fn leave<A: FleetAdapters>(
    ports: &FleetPorts<A>,
    request: &SyncRequest,
    seconds: u32,
    tally: &mut Tally<'_>,
) -> bool {
    let words = if ports.continuations.is_there() {
        match ports.continuations.later(&request.message(), seconds).await {
            Ok(()) => return true,
            Err(error) => error.to_string(),
        }
    } else {
        "there is no queue (CONTINUATION_QUEUE_URL)".to_owned()
    };
    let words = format!("the rest could not be left to another run: {words}");
    tally.decisive(Outcome::plain(OutcomeKind::Failed, None, words));
    false
}

fn no_time() -> Outcome {
    let words = "reading the fleet took all the time there is: no stream was looked at in this run";
    Outcome::plain(OutcomeKind::Failed, None, words)
}

fn run_failed(error: &CallError) -> Outcome {
    let kind = OutcomeKind::of(error.failure);
    Outcome { needs_attention: true, ..Outcome::plain(kind, None, format!("this run did nothing: {error}")) }
}
