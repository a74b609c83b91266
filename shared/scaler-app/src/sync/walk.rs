//! The fleet, stream by stream in the order of their names, until all are tended or time is up.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use scaler_core::{ALARM_PREFIX, is_due, stream_of_alarm};

use super::Settings;
use super::metrics::publish;
use super::ports::{AlarmStore, Continuations, Fleet, FleetAdapters, FleetPorts, StoredAlarm, TaggedStream};
use super::report::Tally;
use super::request::{Depth, SyncRequest};
use super::tend::{Known, Look, Tended, Tender};
use crate::ports::{CallError, Clock};
use crate::reconcile::call_failed;
use crate::report::{Outcome, OutcomeKind};

/// A resize takes minutes.
const LOOK_AGAIN_SECONDS: u32 = 300;
/// Names in one message: far below what SQS takes, and a run's work.
const STREAMS_A_MESSAGE: usize = 100;

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

    /// Every stream that is tagged, listed or has alarms, from after `after` on.
    pub(super) async fn fleet(
        mut self,
        depth: Depth,
        after: Option<String>,
        asked_at: Option<i64>,
        tally: &mut Tally<'_>,
    ) {
        let asked_at = asked_at.unwrap_or_else(|| self.ports.pass.clock.now().as_second());
        let streams = match self.find(depth, asked_at).await {
            Ok(streams) => streams,
            // Half a fleet would make the other half look unmanaged.
            Err(error) => return tally.decisive(run_failed(&error)),
        };
        let mut last = after.clone().unwrap_or_default();
        let (mut standings, mut changing) = (Vec::new(), Vec::new());
        for known in streams.into_iter().filter(|known| after.as_ref().is_none_or(|after| known.stream > *after)) {
            if self.is_over() {
                let rest = SyncRequest::Fleet { depth, after: Some(last.clone()), asked_at: Some(asked_at) };
                self.go_on_later(rest, &last, after.as_ref(), tally).await;
                break;
            }
            last.clone_from(&known.stream);
            let Tended { outcomes, standing, is_changing } = self.tender.tend(known).await;
            changing.extend(is_changing.then(|| last.clone()));
            for outcome in outcomes {
                tally.outcome(outcome);
            }
            standings.extend(standing.map(|(shards, enrolment)| (last.clone(), shards, enrolment)));
        }
        self.look_again(changing, tally).await;
        if self.settings.wiring.stream_metrics {
            let with_loads = !self.is_over();
            publish(self.ports, self.settings, &standings, with_loads, tally).await;
        }
    }

    /// These streams, as they are now.
    pub(super) async fn streams(mut self, streams: Vec<String>, tally: &mut Tally<'_>) {
        let mut changing = Vec::new();
        for (done, stream) in streams.iter().enumerate() {
            if done > 0 && self.is_over() {
                self.send(&SyncRequest::Streams(streams[done..].to_vec()), 0, tally).await;
                break;
            }
            let tended = match self.ports.alarms.under(&format!("{ALARM_PREFIX}{stream}/")).await {
                Ok(alarms) => {
                    let is_listed = self.settings.wiring.stream_names.contains(stream);
                    self.tender
                        .tend(Known { stream: stream.clone(), tags: None, alarms, is_listed, look: Look::Close })
                        .await
                }
                Err(error) => call_failed(stream, &error).into(),
            };
            changing.extend(tended.is_changing.then(|| stream.clone()));
            for outcome in tended.outcomes {
                tally.decisive(outcome);
            }
        }
        self.look_again(changing, tally).await;
    }

    /// Everything that is to be tended, by name.
    async fn find(&self, depth: Depth, asked_at: i64) -> Result<Vec<Known>, CallError> {
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
            look: match depth {
                Depth::All => Look::Close,
                Depth::Due if is_due(&stream, asked_at) => Look::InTurn,
                Depth::Due => Look::AsItsAlarmsSay,
            },
            stream,
        };
        Ok(names.into_iter().map(known).collect())
    }

    fn is_over(&self) -> bool {
        self.ports.pass.clock.now() >= self.until
    }

    /// Has another run go on, if this one came any further than the one before it.
    async fn go_on_later(&self, request: SyncRequest, last: &str, after: Option<&String>, tally: &mut Tally<'_>) {
        if last.is_empty() || after.is_some_and(|after| after == last) {
            let words = "the fleet took all the time to be read: no stream was tended in this run";
            return tally.decisive(Outcome::plain(OutcomeKind::Failed, None, words));
        }
        if self.send(&request, 0, tally).await {
            tally.goes_on_after(last);
        }
    }

    /// Has streams that are changing just now looked at when they may be done. The event that told of the change comes while
    /// it goes on, and nothing tells of its end.
    async fn look_again(&self, changing: Vec<String>, tally: &mut Tally<'_>) {
        if !self.ports.continuations.is_there() {
            return;
        }
        for streams in changing.chunks(STREAMS_A_MESSAGE) {
            self.send(&SyncRequest::Streams(streams.to_vec()), LOOK_AGAIN_SECONDS, tally).await;
        }
    }

    async fn send(&self, request: &SyncRequest, seconds: u32, tally: &mut Tally<'_>) -> bool {
        if !self.ports.continuations.is_there() {
            let words =
                "time is up, and there is no queue (CONTINUATION_QUEUE_URL): the next run of the schedule goes on";
            tally.outcome(Outcome::plain(OutcomeKind::Held, None, words));
            return false;
        }
        match self.ports.continuations.later(&request.message(), seconds).await {
            Ok(()) => true,
            Err(error) => {
                tally.outcome(run_failed(&error));
                false
            }
        }
    }
}

fn run_failed(error: &CallError) -> Outcome {
    let kind = if error.failure.is_passing() { OutcomeKind::Failed } else { OutcomeKind::Refused };
    Outcome::plain(kind, None, format!("this run did nothing: {error}"))
}
