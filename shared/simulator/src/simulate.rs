// SPDX-License-Identifier: Apache-2.0
//! What the deployed functions would do with a stream over a trace, minute by minute.
//!
//! The three functions run as they are deployed, through the traits of [`scaler_app::cloud`]: scale-out and scale-in when their alarm begins to
//! fire and, while it does, every minute; alarm-sync every five minutes. Only AWS is a model, see `simulate/aws.rs`.
//! Nothing sees a minute before its metrics would be there.

mod alarms;
mod aws;
mod aws_state;
mod pieces;
mod producers;
mod skew;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use kinesis_model::{Minute, OpenShard};
use scaler_app::fleet::{BEGINS_WITHIN, Settings, sync};
use scaler_app::stack_config::StackConfig;
use scaler_app::telemetry::TelemetryItem;
use scaler_app::{FunctionState, OutcomeKind, handle};
use scaler_core::{Direction, Policy, SYNC_MINUTES, StreamAlarm};
use serde_json::{Value, json};

use crate::run::Run;
use crate::trace::Trace;
use aws::Aws;
use aws_models::alarm::AlarmState;
use aws_models::stream_model::{Assumptions, StreamModel};
use producers::{Producers, Sent};
pub use producers::{ThrottleHandling, Traffic};
pub use skew::{Skew, SkewFault};

/// What a simulation begins with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Open shards in minute 0; zero counts as one.
    pub initial_shards: u32,
    /// What AWS does not say.
    pub assumptions: Assumptions,
    /// The stack's policy; the stream has no settings of its own.
    pub policy: Policy,
    /// What producers do with throttled traffic.
    pub throttled: ThrottleHandling,
    /// How the load lies on the ring of hash keys.
    pub skew: Skew,
    /// How it lies from other minutes on, counted from the trace's start; what waits stays where it is.
    pub skew_from: Vec<(usize, Skew)>,
    /// Whether the metrics of its shards are sent from the start; else a pass may ask for that.
    pub shard_metrics: bool,
}

impl Setup {
    /// So many shards under a policy; keys are spread evenly, and what is throttled is lost.
    pub fn new(initial_shards: u32, policy: Policy) -> Self {
        let (assumptions, throttled) = (Assumptions::default(), ThrottleHandling::default());
        let (skew, skew_from) = (Skew::default(), Vec::new());
        Self { initial_shards, assumptions, policy, throttled, skew, skew_from, shard_metrics: false }
    }
}

/// Runs the deployed functions over a trace. The reason of each call is what its pass said of it.
pub fn simulate(trace: &Trace, setup: &Setup) -> Run {
    let mut simulation = Simulation::new(trace, setup);
    while simulation.step() {}
    simulation.run()
}

/// A simulation that is stopped after each minute, for those who want to see more of it than the [`Run`].
#[derive(Debug)]
pub struct Simulation<'a> {
    trace: &'a Trace,
    policy: Policy,
    stack_config: StackConfig,
    aws: Aws,
    function_state: FunctionState,
    producers: Producers,
    /// The minutes from which the load lies otherwise.
    skew_from: Vec<(usize, Skew)>,
    /// What schedules send.
    schedule: Value,
    capacity: Vec<u32>,
    /// The share of each minute's tries that was throttled.
    throttled: Vec<f64>,
    /// Whether capacity alone tells that.
    capacity_tells: bool,
}

impl<'a> Simulation<'a> {
    /// One that stands at the beginning of minute 0.
    pub fn new(trace: &'a Trace, setup: &Setup) -> Self {
        let Setup { assumptions, policy, throttled, .. } = *setup;
        let stream = StreamModel::new(setup.initial_shards.max(1), trace.start, assumptions);
        let aws = Aws::new(trace.start, stream, assumptions.metric_delay_minutes, setup.shard_metrics);
        Self {
            trace,
            policy,
            stack_config: StackConfig { stream_metrics: true, ..StackConfig::default() },
            function_state: FunctionState::default(),
            aws,
            throttled: Vec::with_capacity(trace.minutes.len()),
            capacity_tells: throttled == ThrottleHandling::Lost,
            producers: Producers::new(assumptions, throttled, setup.skew.clone()),
            skew_from: setup.skew_from.clone(),
            schedule: json!({ "detail-type": "Scheduled Event" }),
            capacity: Vec::with_capacity(trace.minutes.len()),
        }
    }

    /// Lets one more minute pass; `false` where the trace is over.
    ///
    /// Everything is decided as the minute begins, from what can be seen then; only then comes its traffic.
    pub fn step(&mut self) -> bool {
        let minute = self.capacity.len();
        let Some(own) = self.trace.minutes.get(minute) else { return false };
        let fired = self.aws.begin(minute, self.trace.at(minute));
        for direction in [Direction::Out, Direction::In] {
            for (_, alarm) in fired.iter().filter(|(wakes, _)| *wakes == direction) {
                self.wake(direction, &alarm_event(alarm));
            }
        }
        for direction in [Direction::Out, Direction::In] {
            self.wake(direction, &self.schedule);
        }
        if i64::try_from(minute).is_ok_and(|minute| minute % SYNC_MINUTES == 0) {
            self.sync(&self.schedule);
        }
        for request in self.aws.due() {
            self.sync(&queue_event(&request));
        }
        for (_, skew) in self.skew_from.iter().filter(|(from, _)| *from == minute) {
            self.producers.turn_to(skew);
        }
        let shards = self.aws.capacity();
        let key_space = self.aws.key_space(self.producers.is_even());
        self.capacity_tells &= key_space.is_none();
        let (sent, by_shard) = self.producers.send(*own, shards, key_space.as_deref());
        self.throttled.push(sent.throttled_share());
        self.aws.record(metrics(&sent), by_shard);
        self.capacity.push(shards);
        true
    }

    /// The traffic so far.
    pub fn traffic(&self) -> Traffic {
        self.producers.traffic()
    }

    /// The open shards of the last minute, in the order of their ranges.
    pub fn open_shards(&self) -> Vec<OpenShard> {
        self.aws.shards()
    }

    /// The alarms there are, by name, each with its state since the beginning of the last minute.
    pub fn alarms(&self) -> Vec<(StreamAlarm, AlarmState)> {
        self.aws.alarms()
    }

    /// The metrics of the last minute, which CloudWatch shows later.
    pub fn last_minute(&self) -> Option<Minute> {
        self.aws.last_minute()
    }

    /// Metrics that the functions have asked `GetMetricData` for so far so as to decide, each time counted. What alarm-sync reads only to
    /// publish it is not among them.
    pub fn metrics_read(&self) -> u64 {
        self.aws.metrics_read()
    }

    /// What was done with the stream so far.
    pub fn run(self) -> Run {
        let throttled = (!self.capacity_tells).then_some(self.throttled);
        Run { calls: self.aws.calls(), capacity: self.capacity, throttled }
    }

    /// Has a function handle an event, as it does where it is deployed.
    fn wake(&self, direction: Direction, event: &Value) {
        let mut emit = |item| explain(&self.aws, &item);
        ready(handle(&self.aws, &self.function_state, &self.policy, direction, event, &mut emit));
    }

    /// The same for alarm-sync.
    fn sync(&self, event: &Value) {
        let until = self.trace.at(self.capacity.len()).checked_add(BEGINS_WITHIN).unwrap_or(jiff::Timestamp::MAX);
        let mut emit = |item| explain(&self.aws, &item);
        let settings = Settings { policy: &self.policy, stack_config: &self.stack_config };
        ready(sync(&self.aws, &self.function_state, settings, event, until, &mut emit));
    }
}

/// Gives a call its reason, which is known only when the pass that made it is over.
fn explain(aws: &Aws, item: &TelemetryItem) {
    if let TelemetryItem::Outcome(outcome) = item
        && outcome.outcome == OutcomeKind::Resized
    {
        aws.explain(&outcome.words);
    }
}

/// What CloudWatch shows of a minute. A consumer reads all that comes in and keeps up, so that idle minutes are known.
fn metrics(Sent { accepted, throttled }: &Sent) -> Minute {
    Minute {
        bytes: Some(accepted.bytes),
        records: Some(accepted.records),
        throttled_records: Some(throttled.records),
        read_bytes: Some(accepted.bytes),
        read_throttles: Some(0),
        iterator_age_ms: Some(0),
    }
}

/// An alarm that begins to fire, as it calls the function that is its action.
fn alarm_event(alarm: &StreamAlarm) -> Value {
    let stat = |name: &str| json!({ "metric": { "name": name, "dimensions": { "StreamName": alarm.stream } } });
    let metrics = alarm.metrics.iter().map(|metric| json!({ "id": metric.id, "metricStat": stat(&metric.name) }));
    let expressions = alarm.expressions.iter().map(|entry| json!({ "id": entry.id, "expression": entry.expression }));
    json!({ "alarmData": {
        "alarmName": alarm.name,
        "state": { "value": AlarmState::Alarm.to_string() },
        "configuration": { "metrics": metrics.chain(expressions).collect::<Vec<_>>() },
    } })
}

/// A request from the queue that calls alarm-sync again.
fn queue_event(request: &str) -> Value {
    json!({ "Records": [{ "eventSource": "aws:sqs", "body": request }] })
}

/// What a future comes to. Nothing here is ever waited for.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("every service answers at once"),
    }
}
