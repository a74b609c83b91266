//! A person's order for a count, as a pass takes it: the stream's own bounds give way to it, and nothing else does.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use kinesis_model::{AccountShards, MetricWindow, Minute, OpenShard, ShardCount, StreamState};
use scaler_app::ports::{Adapters, Alarms, CallError, FiringAlarm, Metrics, Pasts, Streams};
use scaler_app::{Outcome, Ports};
use scaler_aws::{CloudWatchAlarms, CloudWatchMetrics, KinesisStreams, SnsNotices, SystemClock};
use scaler_core::{
    Direction, Policy, PolicySpec, Reason, StreamAlarm, StreamTags, TAG_SHARDS_MAX, TAG_SHARDS_MIN, scaling_alarm,
};

use crate::connection::Connection;

/// The ports of a pass that carries an order out.
#[derive(Debug)]
pub(crate) struct Ordered;

impl Adapters for Ordered {
    type Streams = OrderedStreams;
    type Metrics = OrderedMetrics;
    type Alarms = OrderedAlarms;
    type Notices = SnsNotices;
    type Clock = SystemClock;
}

/// The policy that asks for exactly so many shards, now.
///
/// Cooldowns and the reserve keep the functions from wasting what a person means to spend.
pub(crate) fn policy(stack: &Policy, shards: ShardCount) -> Policy {
    let spec = PolicySpec {
        shards_min: shards.get(),
        shards_max: shards.get(),
        scale_out_cooldown_seconds: 0,
        scale_in_cooldown_seconds: 0,
        resizes_reserved_for_scale_out: 0,
        ..**stack
    };
    Policy::new(spec).expect("the option allows only counts that a policy does, and zero is allowed for the rest")
}

/// The outcome of a pass that carries an order out, in which the order is told where the pass saw a bound.
pub(crate) fn told(mut pass: Outcome) -> Outcome {
    let Some(decision) = pass.decision.take() else { return pass };
    let as_ordered = decision.clone().as_ordered();
    let told = Outcome::decided(pass.stream.as_deref().unwrap_or_default(), &as_ordered);
    pass.words = pass.words.replace(&decision.words(), &told.words);
    pass.steps = told.steps;
    if pass.cause == decision.attention().and_then(Reason::cause).map(str::to_owned) {
        (pass.needs_attention, pass.cause, pass.next) = (told.needs_attention, told.cause, told.next);
    }
    Outcome { decision: Some(Box::new(as_ordered)), ..pass }
}

/// What a minute of which CloudWatch knows nothing is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoData {
    /// Unknown, which argues for nothing.
    Unknown,
    /// Idle: a person says so.
    Idle,
    /// Unknown, and so is all where CloudWatch cannot be read: nothing of it is needed.
    Unneeded,
}

/// The ports for an order; `own` is the policy that the stream has without it.
pub(crate) fn ports(connection: &Connection, own: &Policy, unknown: NoData) -> Ports<Ordered> {
    let pass = &connection.ports.pass;
    Ports {
        streams: OrderedStreams(pass.streams.clone()),
        metrics: OrderedMetrics { metrics: pass.metrics.clone(), unknown },
        alarms: OrderedAlarms { alarms: pass.alarms.clone(), own: *own },
        notices: SnsNotices(None),
        clock: SystemClock,
        pasts: Pasts::default(),
        region: None,
        account: OnceLock::new(),
    }
}

/// Streams whose own bounds are not seen: they would win over those of the order.
#[derive(Debug)]
pub(crate) struct OrderedStreams(KinesisStreams);

impl Streams for OrderedStreams {
    async fn describe(&self, stream: &str) -> Result<StreamState, CallError> {
        self.0.describe(stream).await
    }

    async fn tags(&self, stream: &str) -> Result<Vec<(String, String)>, CallError> {
        let mut tags = self.0.tags(stream).await?;
        // One that cannot be read stays, and keeps the stream from being touched, as ever.
        let gives_way = |key: &str, value: &str| {
            [TAG_SHARDS_MIN, TAG_SHARDS_MAX].contains(&key) && StreamTags::read(&[(key, value)]).faults.is_empty()
        };
        tags.retain(|(key, value)| !gives_way(key, value));
        Ok(tags)
    }

    async fn remember(&self, stream: &str, tag: &'static str, value: &str) -> Result<(), CallError> {
        self.0.remember(stream, tag, value).await
    }

    async fn update_shard_count(&self, stream: &str, desired: ShardCount) -> Result<(), CallError> {
        self.0.update_shard_count(stream, desired).await
    }

    async fn account(&self) -> Result<AccountShards, CallError> {
        self.0.account().await
    }

    async fn open_shards(&self, stream: &str) -> Result<Vec<OpenShard>, CallError> {
        self.0.open_shards(stream).await
    }

    async fn split(&self, stream: &str, shard: &str, at: u128) -> Result<(), CallError> {
        self.0.split(stream, shard, at).await
    }

    async fn merge(&self, stream: &str, lower: &str, upper: &str) -> Result<(), CallError> {
        self.0.merge(stream, lower, upper).await
    }

    async fn send_shard_metrics(&self, stream: &str) -> Result<(), CallError> {
        self.0.send_shard_metrics(stream).await
    }
}

/// Metrics in which a person may take unknown minutes for idle ones.
#[derive(Debug)]
pub(crate) struct OrderedMetrics {
    metrics: CloudWatchMetrics,
    unknown: NoData,
}

impl OrderedMetrics {
    fn taken(&self, mut window: MetricWindow) -> MetricWindow {
        if self.unknown == NoData::Idle {
            for minute in window.minutes.iter_mut().filter(|minute| !minute.is_known()) {
                *minute = Minute { bytes: Some(0), records: Some(0), ..Minute::default() };
            }
        }
        window
    }
}

impl Metrics for OrderedMetrics {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        match self.metrics.window(stream, end, minutes).await {
            Ok(window) => Ok(self.taken(window)),
            Err(_) if self.unknown == NoData::Unneeded => {
                Ok(MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] })
            }
            Err(error) => Err(error),
        }
    }

    async fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.metrics.shard_windows(stream, shards, end, minutes).await
    }

    async fn past(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.metrics.past(stream, end, minutes).await
    }
}

/// Alarms that are fitted by the policy that holds after the order.
#[derive(Debug)]
pub(crate) struct OrderedAlarms {
    alarms: CloudWatchAlarms,
    own: Policy,
}

impl Alarms for OrderedAlarms {
    async fn firing(&self, direction: Direction) -> Result<Vec<FiringAlarm>, CallError> {
        self.alarms.firing(direction).await
    }

    async fn refit(&self, alarms: &[StreamAlarm]) -> Result<(), CallError> {
        let fits = alarms.first().and_then(|alarm| Some((&alarm.stream, ShardCount::new(alarm.fits()?)?)));
        let Some((stream, shards)) = fits else { return self.alarms.refit(alarms).await };
        let own = [Direction::Out, Direction::In].map(|direction| scaling_alarm(&self.own, stream, shards, direction));
        self.alarms.refit(&own).await
    }
}
