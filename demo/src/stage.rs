//! What the demo plays on: a sandbox, a managed stream with its alarms, a producer, and the functions' handler.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::Context as _;
use aws_config::Region;
use aws_credential_types::Credentials;
use jiff::{SignedDuration, Timestamp};
use sandbox::{Capacity, ClockOptions, Delivery, Options, Road, Sandbox, Subscription};
use scaler_app::ports::{Clock, Metrics as _, Streams as _};
use scaler_app::{Outcome, handle};
use scaler_aws::AwsPorts;
use scaler_core::{Direction, Minute, Policy, PolicySpec, ShardCount, TAG_MANAGED, scaling_alarm};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::load::{self, STREAM};

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

/// An event and what the function answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// When it was given.
    pub(crate) at: Timestamp,
    /// How the event came.
    pub(crate) road: Road,
    /// What came of it.
    pub(crate) outcomes: Vec<Outcome>,
}

/// The sandbox's time, for the functions' handler.
#[derive(Clone)]
struct VirtualClock(Arc<Sandbox>);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// Everything that is set up before the load begins.
pub(crate) struct Stage {
    sandbox: Arc<Sandbox>,
    answers: UnboundedReceiver<Answer>,
    ports: AwsPorts<VirtualClock>,
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
    /// Starts the sandbox, makes the stream and its alarms, and lets the producer loose.
    pub(crate) async fn set(speed: f64) -> anyhow::Result<Self> {
        let topic = |direction: Direction| format!("arn:aws:sns:us-east-1:123456789012:kinesis-scaler-{direction}");
        let subscription =
            |direction: Direction| Subscription { topic_arn: topic(direction), function: direction.to_string() };
        let directions = [Direction::Out, Direction::In];
        let options = Options {
            clock: ClockOptions::Running { speed },
            subscriptions: directions.map(subscription).to_vec(),
            metric_delay_minutes: METRIC_DELAY_MINUTES,
            sweep: directions.map(|direction| direction.to_string()).to_vec(),
            ..Options::default()
        };
        let (sandbox, deliveries) = Sandbox::start(options).await?;
        let sandbox = Arc::new(sandbox);
        let shards = Capacity::Shards(SHARDS_AT_FIRST);
        sandbox.create_stream(STREAM, shards, &[(TAG_MANAGED, "true")]).await?;

        let sdk = scaler_aws::loader()
            .endpoint_url(sandbox.endpoint())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::from_keys("sandbox", "sandbox", None))
            .load()
            .await;
        let ports = scaler_aws::ports(&sdk, VirtualClock(Arc::clone(&sandbox)));
        let policy = policy()?;
        let shards = ShardCount::new(SHARDS_AT_FIRST).context("a stream has at least one shard")?;
        for direction in directions {
            let alarm = scaling_alarm(&policy, STREAM, shards, direction);
            ports.alarms.create(&alarm, &topic(direction)).await?;
        }
        let began = sandbox.now();
        let (functions, answers) = run_functions(ports.clone(), policy, deliveries);
        let tasks = [functions, load::produce(Arc::clone(&sandbox), ports.streams.0.clone(), began)];
        Ok(Self { sandbox, answers, ports, began, shards_at_end: VecDeque::new(), minutes_ended: 0, tasks })
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
        self.shards_at_end.push_back(self.ports.streams.describe(STREAM).await?.open_shards.get());
        if self.minutes_ended % TRIM_EVERY_MINUTES == 0 {
            self.sandbox.trim(STREAM).await;
        }
        if self.shards_at_end.len() <= METRIC_DELAY_MINUTES as usize {
            return Ok(None);
        }
        let shards = self.shards_at_end.pop_front().context("at least one was just put in")?;
        let end = self.minute(self.minutes_ended - i64::from(METRIC_DELAY_MINUTES))?;
        let began = end.checked_sub(SignedDuration::from_mins(1))?;
        let window = self.ports.metrics.window(STREAM, end, 1).await?;
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

/// Hands every event, one after the other as Lambda does at a reserved concurrency of one, to the very handler that is
/// deployed.
fn run_functions(
    ports: AwsPorts<VirtualClock>,
    policy: Policy,
    mut deliveries: UnboundedReceiver<Delivery>,
) -> (JoinHandle<()>, UnboundedReceiver<Answer>) {
    let (sender, answers) = unbounded_channel();
    let functions = tokio::spawn(async move {
        while let Some(delivery) = deliveries.recv().await {
            let direction =
                if delivery.function == Direction::Out.to_string() { Direction::Out } else { Direction::In };
            let response = handle(&ports, &policy, direction, &delivery.payload, &mut |_| ()).await;
            let answer = Answer { at: ports.clock.now(), road: delivery.road, outcomes: response.outcomes };
            if sender.send(answer).is_err() {
                break;
            }
        }
    });
    (functions, answers)
}

/// The deployed defaults, but for the patience that a demo does not ask for.
fn policy() -> anyhow::Result<Policy> {
    let spec = PolicySpec { stabilization_window_minutes: 10, scale_in_cooldown_seconds: 300, ..PolicySpec::default() };
    Policy::new(spec).map_err(|faults| anyhow::anyhow!("the demo's policy: {faults:?}"))
}
