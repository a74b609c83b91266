// SPDX-License-Identifier: Apache-2.0
//! What the demo plays on: a sandbox, a stream with the tag that enrols it, a producer, and the three functions.

use kinesis_model::num::float;
use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::Context as _;
use aws_config::Region;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::Minute;
use sandbox::{Capacity, ClockOptions, Delivery, Options, QueueMapping, Sandbox, Schedule, Subscription};
use scaler_app::cloud::{Clock as _, Cloud as _, CloudWatch as _, Kinesis as _};
use scaler_app::stack_config::StackConfig;
use scaler_app::{FunctionState, Outcome};
use scaler_aws::{AwsFleetCloud, Pace, Share};
use scaler_core::{ALARM_PREFIX, AlarmKind, Direction, Policy, PolicySpec, SYNC_MINUTES, TAG_MANAGED, alarm_name};
use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::functions::{ALARM_SYNC, Answer, Functions};
use crate::load::{self, Load, RECORDS_EACH_STANDS_FOR, STREAM};
use crate::time::Time;

/// When the story begins, the same in every run, so that two runs are the same: 2026-01-02T03:05:00Z, five minutes before one
/// of the sweeps of scale-in.
const BEGINS: Timestamp = Timestamp::constant(1_767_323_100, 0);
/// How long the stream has been in use when it is enrolled.
const USED_BEFORE: SignedDuration = SignedDuration::from_mins(5);
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

impl MinuteSeen {
    /// MiB a second that were taken in.
    pub(crate) fn accepted_mib_per_second(&self) -> f64 {
        float(self.metrics.bytes.unwrap_or(0)) / 60.0 / 1_048_576.0
    }
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

/// Everything that is set up before the story begins.
pub(crate) struct Stage {
    sandbox: Arc<Sandbox>,
    time: Time,
    deliveries: UnboundedReceiver<Delivery>,
    functions: Functions,
    enrolled: Enrolled,
    began: Timestamp,
    /// Open shards at the end of each minute whose metrics are still to come.
    shards_at_end: VecDeque<u32>,
    minutes_ended: i64,
}

impl Stage {
    /// Starts the sandbox, makes the stream, lets the producer loose and has alarm-sync make the stream's alarms.
    pub(crate) async fn set() -> anyhow::Result<Self> {
        let (sandbox, deliveries) = Sandbox::start(options()?).await?;
        let sandbox = Arc::new(sandbox);
        sandbox.create_stream(STREAM, Capacity::Shards(SHARDS_AT_FIRST), &[(TAG_MANAGED, "true")]).await?;

        let sdk = scaler_aws::loader()
            .endpoint_url(sandbox.endpoint())
            .region(Region::from_static(REGION))
            .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
            // Real time does not count here: on a busy machine an answer is late and nothing else.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .load()
            .await;
        let (time, stack_config) = (Time::of(Arc::clone(&sandbox)), stack_config(sandbox.endpoint()));
        let pace = Pace::of(Share::SCALING, time.clone());
        let cloud = AwsFleetCloud::new(&sdk, time.clone(), &pace, &stack_config);
        let functions =
            Functions { cloud, function_state: FunctionState::new(&stack_config), policy: policy()?, stack_config };

        // A stream that somebody enrols has been in use before.
        time.begin(Load::new(functions.cloud.kinesis().client.clone(), BEGINS)?).await;
        time.pass_until(BEGINS).await?;
        let enrolled = enrol(&functions).await?;
        let shards_at_end = VecDeque::new();
        let mut stage =
            Self { sandbox, time, deliveries, functions, enrolled, began: BEGINS, shards_at_end, minutes_ended: 0 };
        // The schedules before the stream was enrolled.
        while stage.deliveries.try_recv().is_ok() {}
        Ok(stage)
    }

    /// When the story begins: the stream is enrolled, on a whole minute.
    pub(crate) fn began(&self) -> Timestamp {
        self.began
    }

    /// What alarm-sync did for the stream.
    pub(crate) fn enrolled(&self) -> &Enrolled {
        &self.enrolled
    }

    /// The subjects of all messages to people so far.
    pub(crate) fn messages(&self) -> Vec<String> {
        let topic = self.functions.stack_config.notification_topic_arn.as_deref();
        let published = self.sandbox.published().into_iter();
        published.filter(|message| Some(message.topic_arn.as_str()) == topic).filter_map(|it| it.subject).collect()
    }

    /// The virtual time.
    pub(crate) fn now(&self) -> Timestamp {
        self.sandbox.now()
    }

    /// Lets a second pass, and has the functions answer what it brought them.
    pub(crate) async fn second(&mut self) -> anyhow::Result<Vec<Answer>> {
        self.time.pass_until(Timestamp::from_second(self.now().as_second() + 1)?).await?;
        let mut answers = Vec::new();
        while let Ok(delivery) = self.deliveries.try_recv() {
            answers.push(self.functions.answer(delivery).await);
        }
        Ok(answers)
    }

    /// The next whole minute whose metrics have come, read through the SDK as any client would.
    pub(crate) async fn next_minute(&mut self) -> anyhow::Result<Option<MinuteSeen>> {
        if self.now() < self.minute(self.minutes_ended + 1)? {
            return Ok(None);
        }
        self.minutes_ended += 1;
        self.shards_at_end.push_back(self.functions.cloud.kinesis().describe(STREAM).await?.open_shards.get());
        if self.minutes_ended % TRIM_EVERY_MINUTES == 0 {
            self.sandbox.trim(STREAM).await;
        }
        if self.shards_at_end.len() <= METRIC_DELAY_MINUTES as usize {
            return Ok(None);
        }
        let shards = self.shards_at_end.pop_front().context("at least one was just put in")?;
        let end = self.minute(self.minutes_ended - i64::from(METRIC_DELAY_MINUTES))?;
        let began = end.checked_sub(SignedDuration::from_mins(1))?;
        let window = self.functions.cloud.cloudwatch().window(STREAM, end, 1).await?;
        let metrics = window.minutes.first().copied().unwrap_or_default();
        let middle = began.duration_since(self.began) + SignedDuration::from_secs(30);
        let offered_mib_per_second = load::offered_mib_per_second(middle);
        Ok(Some(MinuteSeen { began, metrics, shards, offered_mib_per_second }))
    }

    /// The beginning of the minute so many after the first one.
    fn minute(&self, after: i64) -> anyhow::Result<Timestamp> {
        Ok(self.began.checked_add(SignedDuration::from_mins(after))?)
    }
}

/// A sandbox that delivers to the functions as the stack does.
fn options() -> anyhow::Result<Options> {
    let scaling = [Direction::Out, Direction::In].map(|direction| direction.to_string());
    let subscription = |function: &String| Subscription { topic_arn: topic(function), function: function.clone() };
    let sweep = |function: &String| Schedule { function: function.clone(), every_minutes: 1 };
    let sync = Schedule { function: ALARM_SYNC.to_owned(), every_minutes: u32::try_from(SYNC_MINUTES)? };
    Ok(Options {
        clock: ClockOptions::Manual { start: BEGINS.checked_sub(USED_BEFORE)?, weight: RECORDS_EACH_STANDS_FOR },
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
fn stack_config(endpoint: &str) -> StackConfig {
    StackConfig {
        notification_topic_arn: Some(topic("people")),
        scale_out_action_arn: Some(topic(&Direction::Out.to_string())),
        scale_in_action_arn: Some(topic(&Direction::In.to_string())),
        continuation_queue_url: Some(queue_url(endpoint)),
        region: REGION.to_owned(),
        ..StackConfig::default()
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
    let at = functions.cloud.clock().now();
    let stored = functions.cloud.cloudwatch().alarms(&format!("{ALARM_PREFIX}{STREAM}/")).await?;
    let is_there = |kind: &AlarmKind| stored.iter().any(|stored| stored.alarm.name == alarm_name(STREAM, *kind));
    Ok(Enrolled { at, outcomes, alarms: AlarmKind::ALL.into_iter().filter(is_there).collect() })
}

/// The deployed defaults, but for the patience that a demo does not ask for.
fn policy() -> anyhow::Result<Policy> {
    let spec = PolicySpec { stabilization_window_minutes: 10, scale_in_cooldown_seconds: 300, ..PolicySpec::default() };
    Policy::new(spec).map_err(|faults| anyhow::anyhow!("the demo's policy: {faults:?}"))
}
