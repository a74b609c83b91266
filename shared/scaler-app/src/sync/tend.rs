//! One stream: what it should have, what it has, and the few calls that make the two the same.

use scaler_core::{
    Care, Direction, Enrolment, Policy, Reason, ShardCount, StreamAlarm, StreamMode, StreamState, StreamStatus, care,
    stream_alarms,
};

use super::Settings;
use super::ports::{AlarmStore, DELETED_AT_ONCE, FleetAdapters, FleetPorts, StoredAlarm};
use crate::notice::tell_people;
use crate::ports::{CallError, Failure, Streams};
use crate::reconcile::{call_failed, reconcile};
use crate::report::{Outcome, OutcomeKind};

/// How AWS's words begin when it refuses an alarm for what the account lacks, be it a permission or quota.
const ACCOUNT_WIDE: [&str; 2] = ["AccessDenied", "LimitExceeded"];

const KEPT: &str = "everything is as it should be";

/// What is known of a stream before it is tended.
pub(super) struct Known {
    pub(super) stream: String,
    /// Its tags, where the tagging service told them; they may be minutes old.
    pub(super) tags: Option<Vec<(String, String)>>,
    /// Every alarm of its name.
    pub(super) alarms: Vec<StoredAlarm>,
    /// Whether the stack's settings say that it must be managed.
    pub(super) is_listed: bool,
    /// Whether to ask Kinesis for its shard count, whatever its alarms say.
    pub(super) is_due: bool,
}

/// What came of it.
pub(super) struct Tended {
    pub(super) outcomes: Vec<Outcome>,
    /// Where the stream stands, if it is one that is scaled.
    pub(super) standing: Option<(ShardCount, Enrolment)>,
    /// Whether it is changing just now, so that what it should have is known in some minutes only.
    pub(super) is_changing: bool,
}

impl From<Outcome> for Tended {
    fn from(outcome: Outcome) -> Self {
        Self { outcomes: vec![outcome], standing: None, is_changing: false }
    }
}

/// Tends streams, one after the other.
pub(super) struct Tender<'a, A: FleetAdapters> {
    pub(super) ports: &'a FleetPorts<A>,
    pub(super) settings: Settings<'a>,
    /// What AWS said when it refused to put an alarm and would say the same of every other: no more are put in this run.
    pub(super) refused: Option<String>,
}

impl<A: FleetAdapters> Tender<'_, A> {
    /// Brings one stream in step.
    pub(super) async fn tend(&mut self, known: Known) -> Tended {
        if let Some(tended) = self.as_its_alarms_say(&known) {
            return tended;
        }
        let (stream, state) = match self.ports.pass.streams.describe(&known.stream).await {
            Ok(state) => (known.stream.as_str(), state),
            Err(error) if error.failure == Failure::NotFound => return self.is_gone(&known).await.into(),
            Err(error) => return call_failed(&known.stream, &error).into(),
        };
        let tags = match &known.tags {
            Some(tags) => tags.clone(),
            None => match self.ports.pass.streams.tags(stream).await {
                Ok(tags) => tags,
                Err(error) => return call_failed(stream, &error).into(),
            },
        };
        let enrolment = read(&tags);
        match care(self.settings.policy, &state, &enrolment) {
            Care::NoAlarms(reason) => {
                let mut outcome = Outcome::stopped(OutcomeKind::Refused, stream, &reason);
                if known.is_listed && !enrolment.managed {
                    outcome.words = format!("STREAM_NAMES lists it, but {reason}");
                    outcome.needs_attention = true;
                }
                if !outcome.needs_attention {
                    outcome.outcome = OutcomeKind::Kept;
                }
                outcome = self.without_alarms(outcome, &known.alarms).await;
                self.tell(&mut outcome).await;
                outcome.into()
            }
            Care::Leave(reason) => {
                let is_changing = matches!(reason, Reason::NotActive(_));
                let kind = if is_changing { OutcomeKind::Held } else { OutcomeKind::Refused };
                let mut outcome = Outcome::stopped(kind, stream, &reason);
                outcome.current = Some(state.open_shards.get());
                self.tell(&mut outcome).await;
                Tended { is_changing, ..outcome.into() }
            }
            Care::Alarms { policy, outside } => {
                let outcome = self.with_alarms(&known, &policy, state.open_shards).await;
                let mut tended = Tended { standing: Some((state.open_shards, enrolment)), ..outcome.into() };
                if let Some(direction) = outside {
                    tended.outcomes.push(self.bring_inside(stream, direction).await);
                }
                tended
            }
        }
    }

    /// The whole work for a stream that is as it should be, by what its alarms say of it: no call at all.
    fn as_its_alarms_say(&self, known: &Known) -> Option<Tended> {
        let enrolment = read(known.tags.as_ref()?);
        let kept = Outcome::plain(OutcomeKind::Kept, Some(&known.stream), KEPT);
        if !enrolment.managed && enrolment.faults.is_empty() && known.alarms.is_empty() && !known.is_listed {
            return Some(kept.into());
        }
        let shards = believed_shards(&known.alarms).filter(|_| !known.is_due)?;
        let state = StreamState { status: StreamStatus::Active, mode: StreamMode::Provisioned, open_shards: shards };
        let Care::Alarms { policy, outside: None } = care(self.settings.policy, &state, &enrolment) else {
            return None;
        };
        let changes = self.changes(known, &policy, shards);
        changes.is_none().then(|| Tended { standing: Some((shards, enrolment)), ..kept.into() })
    }

    fn changes<'k>(&self, known: &'k Known, policy: &Policy, shards: ShardCount) -> Changes<'k> {
        let wanted = stream_alarms(policy, &known.stream, shards, &self.settings.wiring.alarm_actions());
        Changes::between(&known.alarms, wanted)
    }

    /// Makes, changes and deletes alarms until they are the six that fit.
    async fn with_alarms(&mut self, known: &Known, policy: &Policy, shards: ShardCount) -> Outcome {
        let changes = self.changes(known, policy, shards);
        let mut outcome = Outcome::plain(OutcomeKind::Kept, Some(&known.stream), KEPT);
        outcome.current = Some(shards.get());
        if changes.is_none() {
            return outcome;
        }
        outcome.outcome = OutcomeKind::Mended;
        let mut done = Vec::new();
        for (alarm, there, why) in &changes.put {
            match self.put(alarm, *there).await {
                Ok(true) => done.push(format!("{} ({why})", alarm.name)),
                Ok(false) => {
                    outcome.outcome = OutcomeKind::Refused;
                    outcome.faults.push(not_ours(&alarm.name));
                }
                Err(error) => {
                    // What failed for one of a stream's alarms fails for the others; the next run goes on here.
                    outcome.outcome = error.kind();
                    outcome.faults.push(error.to_string());
                    break;
                }
            }
        }
        match self.delete_ours(&changes.delete).await {
            Ok(names) => done.extend(names.into_iter().map(|name| format!("{name} (deleted)"))),
            Err(error) => outcome.faults.push(error.to_string()),
        }
        if done.is_empty() && outcome.faults.is_empty() {
            // Only alarms that are not ours lie under the stream's name beside its six.
            outcome.outcome = OutcomeKind::Kept;
            return outcome;
        }
        outcome.needs_attention = !outcome.faults.is_empty();
        outcome.cause = outcome.needs_attention.then(|| "alarms".to_owned());
        outcome.words = words(shards, &done, &outcome.faults);
        self.tell(&mut outcome).await;
        outcome
    }

    /// Puts one alarm; `false` where one of its name is somebody else's.
    async fn put(&mut self, alarm: &StreamAlarm, there: Option<&StoredAlarm>) -> Result<bool, Unput> {
        if let Some(words) = &self.refused {
            return Err(Unput::NotTried(words.clone()));
        }
        if let Some(there) = there
            && !self.ports.alarms.is_ours(there).await?
        {
            return Ok(false);
        }
        match self.ports.alarms.put(alarm).await {
            Ok(()) => Ok(true),
            Err(error) => {
                if ACCOUNT_WIDE.iter().any(|code| error.message.starts_with(code)) {
                    self.refused = Some(error.to_string());
                }
                Err(error.into())
            }
        }
    }

    /// Deletes those of these alarms that are ours, and names them.
    pub(super) async fn delete_ours(&self, alarms: &[&StoredAlarm]) -> Result<Vec<String>, CallError> {
        let mut ours = Vec::new();
        for alarm in alarms {
            if self.ports.alarms.is_ours(alarm).await? {
                ours.push(alarm.alarm.name.clone());
            }
        }
        for names in ours.chunks(DELETED_AT_ONCE) {
            self.ports.alarms.delete(names).await?;
        }
        Ok(ours)
    }

    /// A stream that is not scaled keeps no alarm of ours.
    async fn without_alarms(&self, mut outcome: Outcome, alarms: &[StoredAlarm]) -> Outcome {
        let alarms: Vec<_> = alarms.iter().collect();
        match self.delete_ours(&alarms).await {
            Ok(names) if names.is_empty() => {}
            Ok(names) => {
                if outcome.outcome == OutcomeKind::Kept {
                    outcome.outcome = OutcomeKind::Mended;
                }
                outcome.words = format!("deleted {} alarms: {}", names.len(), outcome.words);
            }
            Err(error) => {
                outcome.outcome = OutcomeKind::Failed;
                outcome.words = format!("its alarms could not be deleted: {error}");
                outcome.needs_attention = true;
            }
        }
        outcome
    }

    async fn is_gone(&self, known: &Known) -> Outcome {
        let outcome = Outcome::plain(OutcomeKind::Kept, Some(&known.stream), "there is no such stream");
        let mut outcome = self.without_alarms(outcome, &known.alarms).await;
        if known.is_listed {
            outcome.words = format!("STREAM_NAMES lists it, and {}", outcome.words);
            outcome.outcome = OutcomeKind::Refused;
            outcome.needs_attention = true;
        }
        outcome
    }

    /// A step towards the minimum or maximum, by the very pass that an alarm causes.
    async fn bring_inside(&self, stream: &str, direction: Direction) -> Outcome {
        reconcile(&self.ports.pass, self.settings.policy, stream, direction, None).await
    }

    /// Tells people of what this run found; what it found in `reconcile` was told there.
    ///
    /// The memory of what was told is read afresh, since the tags we have may be older than the last message.
    async fn tell(&self, outcome: &mut Outcome) {
        let Some(stream) = outcome.stream.clone().filter(|_| outcome.needs_attention) else { return };
        match self.ports.pass.streams.tags(&stream).await {
            Ok(tags) => tell_people(&self.ports.pass, self.settings.policy, &read(&tags), outcome).await,
            Err(error) => outcome.faults.push(format!("nobody was told: {error}")),
        }
    }
}

/// Why an alarm was not put.
#[derive(Debug, thiserror::Error)]
enum Unput {
    #[error("not tried again in this run: {0}")]
    NotTried(String),
    #[error(transparent)]
    Failed(#[from] CallError),
}

impl Unput {
    fn kind(&self) -> OutcomeKind {
        match self {
            Self::Failed(error) if error.failure.is_passing() => OutcomeKind::Failed,
            Self::Failed(_) | Self::NotTried(_) => OutcomeKind::Refused,
        }
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
    fn between(there: &'k [StoredAlarm], wanted: Vec<StreamAlarm>) -> Self {
        let delete = there.iter().filter(|stored| wanted.iter().all(|alarm| alarm.name != stored.alarm.name)).collect();
        let mut put = Vec::new();
        for alarm in wanted {
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

fn words(shards: ShardCount, done: &[String], faults: &[String]) -> String {
    let done =
        if done.is_empty() { "no alarm was put".to_owned() } else { format!("put in step: {}", done.join(", ")) };
    let faults = if faults.is_empty() { String::new() } else { format!("; {}", faults.join("; ")) };
    format!("alarms for {shards} shards, {done}{faults}")
}

fn not_ours(name: &str) -> String {
    let (key, value) = scaler_core::ALARM_TAG;
    format!("the alarm {name} exists and is not ours: delete it, or hand it over by the tag {key}={value}")
}

/// The shard count that both scaling alarms hold.
fn believed_shards(alarms: &[StoredAlarm]) -> Option<ShardCount> {
    let mut fits = alarms.iter().filter_map(|stored| stored.alarm.fits());
    let (first, second) = (fits.next()?, fits.next()?);
    ShardCount::new(first).filter(|_| first == second)
}

fn read(tags: &[(String, String)]) -> Enrolment {
    Enrolment::read(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}
