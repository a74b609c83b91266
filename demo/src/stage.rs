//! What the demo plays on: a sandbox, a stream with the tag that enrols it, a producer, and the three functions.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::Context as _;
use aws_config::Region;
use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Capacity, ClockOptions, Options, QueueMapping, Sandbox, Schedule, Subscription};
use scaler_app::Outcome;
use scaler_app::ports::{Clock as _, Metrics as _, Streams as _};
use scaler_app::sync::ports::AlarmStore as _;
use scaler_app::wiring::Wiring;
use scaler_aws::{Pace, Share};
use scaler_core::{
    ALARM_PREFIX, AlarmKind, Direction, Minute, Policy, PolicySpec, SYNC_MINUTES, TAG_MANAGED, alarm_name,
};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::functions::{ALARM_SYNC, Answer, Functions, VirtualClock};
use crate::load::{self, STREAM};

/// Where it plays; prices depend on it.
pub(crate) const REGION: &str = "us-east-1";

/// How many shards it begins with.
pub(crate) const SHARDS_AT_FIRST: u32 = 2;
/// CloudWatch is late, and so is the sandbox's.
const METRIC_DELAY_MINUTES: u32 = 1;
/// The sandbox forgets stored records this often, so that the demo needs no more memory the longer it runs.
const TRIM_EVERY_MINUTES: i64 = 2;

/// What happened on the stream in one minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MinuteSeen {
    /// When it began.
    pub(crate) began: Timestamp,
    /// What CloudWatch says of it.
    pub(crate) metrics: Minute,
    /// Open shards at its end.
    pub(crate) shards: u32,
    /// MiB a second that the producer wanted to write.
    pub(crate) offered_mib_per_second: f64,
}

/// What alarm-sync made of a stream that had its tag and nothing else.
#[derive(Debug)]
pub(crate) struct Enrolled {
    /// When.
    pub(crate) at: Timestamp,
    /// What it answered.
    pub(crate) outcomes: Vec<Outcome>,
    /// Those of the six alarms that CloudWatch had then, none of which was there before.
    pub(crate) alarms: Vec<AlarmKind>,
}

/// Everything that is set up before the load begins.
pub(crate) struct Stage {
    sandbox: Arc<Sandbox>,
    answers: UnboundedReceiver<Answer>,
    functions: Arc<Functions>,
    enrolled: Enrolled,
    began: Timestamp,
    /// Open shards at the end of each minute whose metrics are still to come.
    shards_at_end: VecDeque<u32>,
    minutes_ended: i64,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Stage {
    /// Starts the sandbox, makes the stream, has alarm-sync make its alarms, and lets the producer loose.
    pub(crate) async fn set(speed: f64) -> anyhow::Result<Self> {
        let (sandbox, deliveries) = Sandbox::start(options(speed)?).await?;
        let sandbox = Arc::new(sandbox);
        sandbox.create_stream(STREAM, Capacity::Shards(SHARDS_AT_FIRST), &[(TAG_MANAGED, "true")]).await?;

        let sdk = scaler_aws::loader()
            .endpoint_url(sandbox.endpoint())
            .region(Region::from_static(REGION))
            .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
            .load()
            .await;
        let (clock, wiring) = (VirtualClock(Arc::clone(&sandbox)), wiring(sandbox.endpoint()));
        let pace = Pace::of(Share::SCALING, clock.clone());
        let ports = scaler_aws::fleet_ports(&sdk, clock, &pace, &wiring);
        let functions = Arc::new(Functions { ports, policy: policy()?, wiring });
        let enrolled = enrol(&functions).await?;

        let began = sandbox.now();
        let (sender, answers) = unbounded_channel();
        let producer = functions.ports.pass.streams.0.clone();
        let tasks = [
            tokio::spawn(Arc::clone(&functions).run(deliveries, sender)),
            load::produce(Arc::clone(&sandbox), producer, began),
        ];
        let shards_at_end = VecDeque::new();
        Ok(Self { sandbox, answers, functions, enrolled, began, shards_at_end, minutes_ended: 0, tasks })
    }

    /// What was done before the load began.
    pub(crate) fn enrolled(&self) -> &Enrolled {
        &self.enrolled
    }

    /// The subjects of all messages to people so far.
    pub(crate) fn messages(&self) -> Vec<String> {
        let topic = self.functions.wiring.notification_topic_arn.as_deref();
        let published = self.sandbox.published().into_iter();
        published.filter(|message| Some(message.topic_arn.as_str()) == topic).filter_map(|it| it.subject).collect()
    }

    /// The virtual time.
    pub(crate) fn now(&self) -> Timestamp {
        self.sandbox.now()
    }

    /// Waits for the next answer of a function.
    pub(crate) async fn next_answer(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            // Only when the functions' task is gone, and it lives as long as the stage.
            None => std::future::pending().await,
        }
    }

    /// The next whole minute whose metrics have come, read through the SDK as any client would.
    pub(crate) async fn next_minute(&mut self) -> anyhow::Result<Option<MinuteSeen>> {
        if self.now() < self.minute(self.minutes_ended + 1)? {
            return Ok(None);
        }
        self.minutes_ended += 1;
        self.shards_at_end.push_back(self.functions.ports.pass.streams.describe(STREAM).await?.open_shards.get());
        if self.minutes_ended % TRIM_EVERY_MINUTES == 0 {
            self.sandbox.trim(STREAM).await;
        }
        if self.shards_at_end.len() <= METRIC_DELAY_MINUTES as usize {
            return Ok(None);
        }
        let shards = self.shards_at_end.pop_front().context("at least one was just put in")?;
        let end = self.minute(self.minutes_ended - i64::from(METRIC_DELAY_MINUTES))?;
        let began = end.checked_sub(SignedDuration::from_mins(1))?;
        let window = self.functions.ports.pass.metrics.window(STREAM, end, 1).await?;
        let metrics = window.minutes.first().copied().unwrap_or_default();
        let middle = began.duration_since(self.began) + SignedDuration::from_secs(30);
        let offered_mib_per_second = load::offered_mib_per_second(middle);
        Ok(Some(MinuteSeen { began, metrics, shards, offered_mib_per_second }))
    }

    /// The beginning of the minute so many after the first whole one.
    fn minute(&self, after: i64) -> anyhow::Result<Timestamp> {
        Ok(Timestamp::from_second((self.began.as_second().div_euclid(60) + 1 + after) * 60)?)
    }
}

/// A sandbox that delivers to the functions as the stack does.
fn options(speed: f64) -> anyhow::Result<Options> {
    let scaling = [Direction::Out, Direction::In].map(|direction| direction.to_string());
    let subscription = |function: &String| Subscription { topic_arn: topic(function), function: function.clone() };
    let sweep = |function: &String| Schedule { function: function.clone(), every_minutes: 1 };
    let sync = Schedule { function: ALARM_SYNC.to_owned(), every_minutes: u32::try_from(SYNC_MINUTES)? };
    Ok(Options {
        clock: ClockOptions::Running { speed },
        region: REGION.to_owned(),
        subscriptions: scaling.iter().map(subscription).collect(),
        // The port is not chosen yet; it is not what names the queue.
        queues: vec![QueueMapping { queue_url: queue_url("http://127.0.0.1"), function: ALARM_SYNC.to_owned() }],
        metric_delay_minutes: METRIC_DELAY_MINUTES,
        schedules: scaling.iter().map(sweep).chain([sync]).collect(),
        ..Options::default()
    })
}

/// An environment like the stack's: alarms call two topics, people read a third.
fn wiring(endpoint: &str) -> Wiring {
    Wiring {
        notification_topic_arn: Some(topic("people")),
        scale_out_action_arn: Some(topic(&Direction::Out.to_string())),
        scale_in_action_arn: Some(topic(&Direction::In.to_string())),
        continuation_queue_url: Some(queue_url(endpoint)),
        region: REGION.to_owned(),
        ..Wiring::default()
    }
}

fn topic(name: &str) -> String {
    format!("arn:aws:sns:{REGION}:123456789012:kinesis-scaler-{name}")
}

fn queue_url(endpoint: &str) -> String {
    format!("{endpoint}/123456789012/kinesis-scaler-continuations")
}

/// Has alarm-sync look at the stream, as the events of its tag would, and asks CloudWatch what there is now.
async fn enrol(functions: &Functions) -> anyhow::Result<Enrolled> {
    let outcomes = functions.sync(&json!({ "sync": [STREAM] })).await;
    let at = functions.ports.pass.clock.now();
    let stored = functions.ports.alarms.under(&format!("{ALARM_PREFIX}{STREAM}/")).await?;
    let is_there = |kind: &AlarmKind| stored.iter().any(|stored| stored.alarm.name == alarm_name(STREAM, *kind));
    Ok(Enrolled { at, outcomes, alarms: AlarmKind::ALL.into_iter().filter(is_there).collect() })
}

/// The deployed defaults, but for the patience that a demo does not ask for.
fn policy() -> anyhow::Result<Policy> {
    let spec = PolicySpec { stabilization_window_minutes: 10, scale_in_cooldown_seconds: 300, ..PolicySpec::default() };
    Policy::new(spec).map_err(|faults| anyhow::anyhow!("the demo's policy: {faults:?}"))
}
