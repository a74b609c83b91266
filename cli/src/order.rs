//! A person's order for a count, as a pass takes it: the stream's own bounds give way to it, and nothing else does.

use std::collections::BTreeMap;

use billing::{Series, Standing};
use jiff::Timestamp;
use kinesis_model::{AccountShards, MetricWindow, Minute, OpenShard, ShardCount, StreamState};
use scaler_app::Outcome;
use scaler_app::cloud::{CallError, Cloud, CloudWatch, FiringAlarm, Kinesis, OtherSettings, Runs, StoredAlarm};
use scaler_aws::{AwsCloudWatch, AwsKinesis, SnsTopic, SystemClock};
use scaler_core::{
    Direction, Policy, PolicySpec, Reason, StreamAlarm, StreamTags, TAG_SHARDS_MAX, TAG_SHARDS_MIN, scaling_alarm,
};

use crate::connection::Connection;

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

/// AWS for an order; `own` is the policy that the stream has without it.
pub(crate) fn cloud(connection: &Connection, own: &Policy, unknown: NoData) -> OrderedCloud {
    let cloud = &connection.cloud;
    OrderedCloud {
        kinesis: OrderedKinesis(cloud.kinesis().clone()),
        cloudwatch: OrderedCloudWatch { cloudwatch: cloud.cloudwatch().clone(), unknown, own: *own },
    }
}

/// AWS as a pass sees it that carries an order out.
#[derive(Debug)]
pub(crate) struct OrderedCloud {
    kinesis: OrderedKinesis,
    cloudwatch: OrderedCloudWatch,
}

impl Cloud for OrderedCloud {
    type Kinesis = OrderedKinesis;
    type CloudWatch = OrderedCloudWatch;
    type Notifications = SnsTopic;
    type Clock = SystemClock;

    fn kinesis(&self) -> &OrderedKinesis {
        &self.kinesis
    }

    fn cloudwatch(&self) -> &OrderedCloudWatch {
        &self.cloudwatch
    }

    fn notifications(&self) -> Option<&SnsTopic> {
        None
    }

    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
}

/// Streams whose own bounds are not seen: they would win over those of the order.
#[derive(Debug)]
pub(crate) struct OrderedKinesis(AwsKinesis);

impl Kinesis for OrderedKinesis {
    async fn list_streams(&self) -> Result<Vec<String>, CallError> {
        self.0.list_streams().await
    }

    async fn describe(&self, stream: &str) -> Result<StreamState, CallError> {
        self.0.describe(stream).await
    }

    async fn standing(&self, stream: &str) -> Result<Standing, CallError> {
        self.0.standing(stream).await
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

    async fn put_tag(&self, stream: &str, key: &str, value: &str) -> Result<(), CallError> {
        self.0.put_tag(stream, key, value).await
    }

    async fn update_shard_count(&self, stream: &str, desired: ShardCount) -> Result<(), CallError> {
        self.0.update_shard_count(stream, desired).await
    }

    async fn account_shards(&self) -> Result<AccountShards, CallError> {
        self.0.account_shards().await
    }

    async fn open_shards(&self, stream: &str) -> Result<Vec<OpenShard>, CallError> {
        self.0.open_shards(stream).await
    }

    async fn split_shard(&self, stream: &str, shard: &str, at: u128) -> Result<(), CallError> {
        self.0.split_shard(stream, shard, at).await
    }

    async fn merge_shards(&self, stream: &str, lower: &str, upper: &str) -> Result<(), CallError> {
        self.0.merge_shards(stream, lower, upper).await
    }

    async fn enable_shard_metrics(&self, stream: &str) -> Result<(), CallError> {
        self.0.enable_shard_metrics(stream).await
    }
}

/// Metrics in which a person may take unknown minutes for idle ones, and alarms that are fitted by the policy that holds after the
/// order.
#[derive(Debug)]
pub(crate) struct OrderedCloudWatch {
    cloudwatch: AwsCloudWatch,
    unknown: NoData,
    own: Policy,
}

impl OrderedCloudWatch {
    fn taken(&self, mut window: MetricWindow) -> MetricWindow {
        if self.unknown == NoData::Idle {
            for minute in window.minutes.iter_mut().filter(|minute| !minute.is_known()) {
                *minute = Minute { bytes: Some(0), records: Some(0), ..Minute::default() };
            }
        }
        window
    }
}

impl CloudWatch for OrderedCloudWatch {
    async fn window(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        match self.cloudwatch.window(stream, end, minutes).await {
            Ok(window) => Ok(self.taken(window)),
            Err(_) if self.unknown == NoData::Unneeded => {
                Ok(MetricWindow { end, minutes: vec![Minute::default(); minutes as usize] })
            }
            Err(error) => Err(error),
        }
    }

    async fn past(&self, stream: &str, end: Timestamp, minutes: u32) -> Result<MetricWindow, CallError> {
        self.cloudwatch.past(stream, end, minutes).await
    }

    async fn shard_windows(
        &self,
        stream: &str,
        shards: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.cloudwatch.shard_windows(stream, shards, end, minutes).await
    }

    async fn stream_windows(
        &self,
        streams: &[String],
        end: Timestamp,
        minutes: u32,
    ) -> Result<BTreeMap<String, MetricWindow>, CallError> {
        self.cloudwatch.stream_windows(streams, end, minutes).await
    }

    async fn series(
        &self,
        streams: &[(String, Standing)],
        start: Timestamp,
        end: Timestamp,
        step_seconds: u32,
    ) -> Result<BTreeMap<String, Series>, CallError> {
        self.cloudwatch.series(streams, start, end, step_seconds).await
    }

    async fn runs(
        &self,
        functions: &[String],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<BTreeMap<String, Runs>, CallError> {
        self.cloudwatch.runs(functions, start, end).await
    }

    async fn alarms(&self, prefix: &str) -> Result<Vec<StoredAlarm>, CallError> {
        self.cloudwatch.alarms(prefix).await
    }

    async fn alarms_named(&self, names: &[String]) -> Result<Vec<StoredAlarm>, CallError> {
        self.cloudwatch.alarms_named(names).await
    }

    async fn firing_alarms(&self, prefix: &str) -> Result<Vec<FiringAlarm>, CallError> {
        self.cloudwatch.firing_alarms(prefix).await
    }

    async fn alarm_tags(&self, alarm: &StoredAlarm) -> Result<Vec<(String, String)>, CallError> {
        self.cloudwatch.alarm_tags(alarm).await
    }

    async fn put_alarm(
        &self,
        alarm: &StreamAlarm,
        other: &OtherSettings,
        tags: &[(&str, &str)],
    ) -> Result<(), CallError> {
        let ways = [Direction::Out, Direction::In];
        let own = |shards| ways.map(|way| scaling_alarm(&self.own, &alarm.stream, shards, way));
        let fits = alarm.fits().and_then(ShardCount::new);
        let fitted = fits.and_then(|shards| own(shards).into_iter().find(|own| own.name == alarm.name));
        let fitted = fitted.map(|own| {
            let StreamAlarm { actions, description, .. } = alarm.clone();
            StreamAlarm { actions, description, ..own }
        });
        self.cloudwatch.put_alarm(fitted.as_ref().unwrap_or(alarm), other, tags).await
    }

    async fn delete_alarms(&self, names: &[String]) -> Result<(), CallError> {
        self.cloudwatch.delete_alarms(names).await
    }
}
