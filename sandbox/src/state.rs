//! What the services of one sandbox share, and the minute tick that evaluates alarms.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_models::alarm::AlarmState;
use aws_models::cloudwatch::{CloudWatch, Transition};
use ferrokinesis::store::Store;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::calls::{Calls, TooFast};
use crate::clock::SandboxClock;
use crate::events::{self, Origin};
use crate::kinesis::{self, Arrivals, Changes, Lives, Throttle};
use crate::lambda::Stopped;
use crate::locked::locked;
use crate::s3::Objects;
use crate::{Delivery, Options, Published, Road, Schedule};

pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How long minutes are kept, of which points of an hour are made; finer points are not shown for so long. Source:
/// `GetMetricData` (facts 4.1).
const METRIC_RETENTION: SignedDuration = SignedDuration::from_hours(455 * 24);

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) clock: SandboxClock,
    pub(crate) store: Store,
    pub(crate) cloudwatch: Mutex<CloudWatch>,
    pub(crate) calls: Calls,
    pub(crate) objects: Mutex<Objects>,
    /// When streams were created, by name: the emulator knows the real time only.
    created: Mutex<HashMap<String, Timestamp>>,
    /// What streams are going through.
    pub(crate) changes: tokio::sync::Mutex<Changes>,
    /// What shards have taken in the present window of their limits.
    pub(crate) throttle: Mutex<Throttle>,
    /// When records came in.
    pub(crate) arrivals: Mutex<Arrivals>,
    /// When shards were opened and closed.
    pub(crate) lives: Mutex<Lives>,
    pub(crate) stopped: Mutex<Stopped>,
    published: Mutex<Vec<Published>>,
    deliveries: mpsc::UnboundedSender<Delivery>,
    /// Deliveries that are not due yet, with the time from which they are.
    delayed: Mutex<Vec<(Timestamp, Delivery)>>,
    /// Held over a whole tick: two at once would evaluate the same minute twice.
    last_tick: tokio::sync::Mutex<Timestamp>,
    next_id: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        options: Options,
        clock: SandboxClock,
        store: Store,
        deliveries: mpsc::UnboundedSender<Delivery>,
    ) -> Self {
        let cloudwatch = CloudWatch::with_metric_delay(options.metric_delay_minutes);
        let calls = Calls::new(options.api_rates);
        let last_tick = minute_of(clock.now());
        Self {
            options,
            clock,
            store,
            cloudwatch: Mutex::new(cloudwatch),
            calls,
            objects: Mutex::default(),
            created: Mutex::default(),
            changes: tokio::sync::Mutex::default(),
            throttle: Mutex::default(),
            arrivals: Mutex::default(),
            lives: Mutex::default(),
            stopped: Mutex::default(),
            published: Mutex::default(),
            deliveries,
            delayed: Mutex::default(),
            last_tick: tokio::sync::Mutex::new(last_tick),
            next_id: AtomicU64::new(1),
        }
    }

    /// A new id in the form of a UUID; counted, so that two runs are alike.
    pub(crate) fn new_id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012x}", self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts a call that has arrived, and refuses it when it comes faster than AWS allows.
    pub(crate) fn called(&self, service: &str, operation: &str) -> Result<(), TooFast> {
        self.calls.arrived(service, operation, self.clock.now())
    }

    pub(crate) fn was_created(&self, name: &str, at: Timestamp) {
        locked(&self.created).insert(name.to_owned(), at);
    }

    pub(crate) fn created(&self, name: &str) -> Option<Timestamp> {
        locked(&self.created).get(name).copied()
    }

    /// Ends the changes of streams that are due.
    pub(crate) async fn settle(&self) {
        kinesis::settle(self, self.clock.now()).await;
    }

    pub(crate) fn published(&self) -> Vec<Published> {
        locked(&self.published).clone()
    }

    /// Handles every minute boundary since the last call: evaluates alarms, delivers, sends the events of schedules that
    /// are due, and records the synthetic traffic of the minute that begins.
    pub(crate) async fn tick(&self) -> Vec<Transition> {
        let mut transitions = Vec::new();
        let mut last_tick = self.last_tick.lock().await;
        while *last_tick + MINUTE <= self.clock.now() {
            *last_tick += MINUTE;
            kinesis::settle(self, *last_tick).await;
            transitions.extend(self.minute(*last_tick));
            for traffic in &self.options.traffic {
                traffic.record(self, *last_tick).await;
            }
        }
        transitions
    }

    /// The next minute boundary that [`Self::tick`] will handle.
    pub(crate) async fn next_tick(&self) -> Timestamp {
        *self.last_tick.lock().await + MINUTE
    }

    fn minute(&self, at: Timestamp) -> Vec<Transition> {
        let transitions = {
            let mut cloudwatch = locked(&self.cloudwatch);
            cloudwatch.forget(at - METRIC_RETENTION);
            cloudwatch.evaluate_alarms(at)
        };
        for transition in &transitions {
            self.run_actions(transition);
        }
        for (_, Delivery { function, payload, road }) in locked(&self.delayed).extract_if(.., |(from, _)| *from <= at) {
            self.deliver(&function, payload, road);
        }
        let minutes = at.as_second().div_euclid(60);
        let due = |schedule: &&Schedule| minutes.rem_euclid(i64::from(schedule.every_minutes)) == 0;
        for Schedule { function, .. } in self.options.schedules.iter().filter(due) {
            let payload = events::schedule(&self.origin(), function, &self.new_id(), at);
            self.deliver(function, payload, Road::Schedule);
        }
        transitions
    }

    /// Runs the actions of the state an alarm has entered, and tells EventBridge, which needs no action for it.
    pub(crate) fn run_actions(&self, transition: &Transition) {
        let alarm = &transition.alarm;
        let (name, state, at) = (&alarm.config.name, alarm.state.value, alarm.state.updated_at);
        let actions = alarm.config.actions(state).iter().filter(|_| alarm.config.actions_enabled);
        for action in actions {
            if action.starts_with("arn:aws:sns:") {
                let subject = format!("{state}: \"{name}\" in {}", events::region_name(&self.options.region));
                let message = events::sns_message(&self.origin(), transition).to_string();
                self.publish(action, Some(subject), message, at);
            } else if let Some(function) = function_name(action) {
                self.deliver(function, events::direct(&self.origin(), transition), Road::Direct);
            }
        }
        // The rule of the template: alarms of this project that have gone to ALARM, each to its function.
        let ours = name.strip_prefix("kinesis-scaler/").and_then(|rest| rest.rsplit_once('/'));
        let function = ours.map(|(_, function)| function).filter(|last| matches!(*last, "scale-out" | "scale-in"));
        if let (true, AlarmState::Alarm, Some(function)) = (self.options.eventbridge, state, function) {
            let payload = events::eventbridge(&self.origin(), transition, &self.new_id());
            self.deliver(function, payload, Road::EventBridge);
        }
    }

    /// Records a message and delivers it to the functions that subscribe to its topic; returns its id.
    pub(crate) fn publish(&self, topic_arn: &str, subject: Option<String>, message: String, at: Timestamp) -> String {
        let published = Published { topic_arn: topic_arn.to_owned(), message_id: self.new_id(), subject, message, at };
        for subscription in self.options.subscriptions.iter().filter(|it| it.topic_arn == topic_arn) {
            self.deliver(&subscription.function, events::sns_envelope(&published), Road::Sns);
        }
        let id = published.message_id.clone();
        locked(&self.published).push(published);
        id
    }

    pub(crate) fn deliver(&self, function: &str, payload: Value, road: Road) {
        if locked(&self.stopped).contains(function) {
            return;
        }
        // Nobody listens any more when the receiver is gone; the sandbox goes on without it.
        let _ = self.deliveries.send(Delivery { function: function.to_owned(), payload, road });
    }

    /// As [`Self::deliver`], at the first minute boundary that is no earlier than this.
    pub(crate) fn deliver_from(&self, from: Timestamp, function: &str, payload: Value, road: Road) {
        locked(&self.delayed).push((from, Delivery { function: function.to_owned(), payload, road }));
    }

    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin { account: &self.options.account, region: &self.options.region }
    }
}

/// The start of the minute that `at` lies in.
pub(crate) fn minute_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

/// `arn:aws:lambda:region:account:function:name`, with or without a version or alias after it.
fn function_name(arn: &str) -> Option<&str> {
    let mut parts = arn.strip_prefix("arn:aws:lambda:")?.split(':').skip(2);
    (parts.next() == Some("function")).then(|| parts.next()).flatten()
}
