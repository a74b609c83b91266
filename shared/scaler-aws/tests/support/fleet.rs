// SPDX-License-Identifier: Apache-2.0
//! A fleet of tagged streams on the sandbox, alarm-sync over it through the real SDK, and time that only waiting moves.
//!
//! The sandbox refuses calls beyond AWS's rates. Its clock stands still but for the waits of our pacing, so that the time a
//! run takes is what AWS's rates make of it: answers take no time here.
#![allow(dead_code, clippy::unwrap_used, reason = "a test and a bench use a part of it each")]

use scaler_app::cloud::Cloud as _;
use std::collections::BTreeMap;
use std::sync::Arc;

use aws_models::cloudwatch::AlarmFilter;
use billing_aws::AwsCostCloud;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::ShardCount;
use sandbox::{Capacity, ClockOptions, Delivery, Options, QueueMapping, Sandbox, alarm_config};
use scaler_app::FunctionState;
use scaler_app::fleet::{BEGINS_WITHIN, Settings, StackRequest, SyncResponse, answer_stack, sync};
use scaler_app::stack_config::StackConfig;
use scaler_app::stack_settings::alarms_of;
use scaler_app::telemetry::TelemetryItem;
use scaler_aws::{AwsCloudFormation, AwsFleetCloud, Pace, Share};
use scaler_core::{
    ALARM_PREFIX, AlarmKind, Direction, Policy, PolicySpec, SYNC_MINUTES, StreamAlarm, StreamTags, TAG_MADE_BY,
    TAG_MANAGED, alarm_name,
};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use super::support::VirtualClock;

const ACCOUNT: &str = "123456789012";

/// What some runs came to together.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    pub(crate) times: usize,
    pub(crate) kept: usize,
    /// Outcomes by kind.
    pub(crate) outcomes: BTreeMap<String, usize>,
    pub(crate) gauges: usize,
    /// Calls by IAM action.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Calls that the sandbox refused for their rate.
    pub(crate) throttled: BTreeMap<String, u64>,
    /// Time spent waiting for AWS's rates.
    pub(crate) waited: SignedDuration,
}

impl Runs {
    /// These and those together.
    pub(crate) fn and(mut self, more: Self) -> Self {
        fn add<N: Copy + std::ops::AddAssign + Default>(to: &mut BTreeMap<String, N>, more: BTreeMap<String, N>) {
            for (key, count) in more {
                *to.entry(key).or_default() += count;
            }
        }
        self.times += more.times;
        self.kept += more.kept;
        self.gauges += more.gauges;
        self.waited += more.waited;
        add(&mut self.outcomes, more.outcomes);
        add(&mut self.calls, more.calls);
        add(&mut self.throttled, more.throttled);
        self
    }

    pub(crate) fn all_calls(&self) -> u64 {
        self.calls.values().sum()
    }

    /// Calls that change streams or alarms.
    pub(crate) fn writes(&self) -> u64 {
        const WRITES: [&str; 4] = ["PutMetricAlarm", "DeleteAlarms", "UpdateShardCount", "AddTagsToStream"];
        let is_write = |action: &str| WRITES.iter().any(|write| action.ends_with(write));
        self.calls.iter().filter(|(action, _)| is_write(action)).map(|(_, calls)| calls).sum()
    }
}

/// A stream as it should be.
#[derive(Clone)]
struct Stream {
    shards: u32,
    tags: BTreeMap<String, String>,
}

pub(crate) struct Fleet {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) cloud: AwsFleetCloud<VirtualClock>,
    deliveries: UnboundedReceiver<Delivery>,
    policy: Policy,
    stack_config: StackConfig,
    streams: BTreeMap<String, Stream>,
    /// When the schedule called last.
    scheduled_at: Timestamp,
    /// After so much time a run begins nothing new.
    pub(crate) run: SignedDuration,
}

impl Fleet {
    /// What the stack says to cost-report.
    pub(crate) fn reporting(&self) -> StackConfig {
        StackConfig { report_bucket: Some("reports".to_owned()), ..self.stack_config.clone() }
    }

    /// The cloud of cost-report over this fleet.
    pub(crate) async fn cost_cloud(&self, stack_config: &StackConfig) -> AwsCostCloud<VirtualClock> {
        let clock = VirtualClock(Arc::clone(&self.sandbox));
        let sdk = super::support::sdk(self.sandbox.endpoint()).await;
        AwsCostCloud::new(&sdk, clock.clone(), &Pace::of(Share::COST_REPORT, clock), stack_config)
    }

    /// So many managed streams of two shards, and no alarm.
    pub(crate) async fn of(count: usize) -> Self {
        let start: Timestamp = "2026-01-02T03:00:00Z".parse().unwrap();
        let queue = format!("https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/later");
        let options = Options {
            clock: ClockOptions::Manual { start, weight: 1.0 },
            create_seconds: 0,
            resize_seconds: 0,
            api_rates: true,
            queues: vec![QueueMapping { queue_url: queue.clone(), function: "alarm-sync".to_owned() }],
            ..Options::default()
        };
        let (sandbox, deliveries) = Sandbox::start(options).await.unwrap();
        let sandbox = Arc::new(sandbox);
        let arn = |name: &str| Some(format!("arn:aws:sns:us-east-1:{ACCOUNT}:{name}"));
        let stack_config = StackConfig {
            scale_out_action_arn: arn("scale-out"),
            scale_in_action_arn: arn("scale-in"),
            notification_topic_arn: arn("people"),
            continuation_queue_url: Some(queue),
            stream_metrics: true,
            region: "us-east-1".to_owned(),
            ..StackConfig::default()
        };
        let clock = VirtualClock(Arc::clone(&sandbox));
        let pace = Pace::of(Share::ALARM_SYNC, clock.clone());
        let sdk = super::support::sdk(sandbox.endpoint()).await;
        let cloud = AwsFleetCloud::new(&sdk, clock, &pace, &stack_config);
        let policy = Policy::new(PolicySpec::default()).unwrap();
        let mut fleet = Self {
            sandbox,
            cloud,
            deliveries,
            policy,
            stack_config,
            streams: BTreeMap::new(),
            scheduled_at: start,
            run: BEGINS_WITHIN,
        };
        for i in 0..count {
            fleet.create(&format!("stream-{i:05}"), 2).await;
        }
        fleet
    }

    pub(crate) async fn create(&mut self, name: &str, shards: u32) {
        self.sandbox.create_stream(name, Capacity::Shards(shards), &[(TAG_MANAGED, "true")]).await.unwrap();
        let tags = BTreeMap::from([(TAG_MANAGED.to_owned(), "true".to_owned())]);
        self.streams.insert(name.to_owned(), Stream { shards, tags });
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.streams.keys().cloned().collect()
    }

    /// The schedule's run, and all that it leaves for later.
    pub(crate) async fn scheduled(&mut self) -> Runs {
        self.run(json!({ "detail-type": "Scheduled Event", "time": self.scheduled_at.to_string() })).await
    }

    /// So many runs of the schedule that nothing is wrong any more.
    pub(crate) async fn until_right(&mut self) -> Runs {
        let mut runs = self.scheduled().await;
        while !self.wrongs().is_empty() {
            self.wait();
            runs = runs.and(self.scheduled().await);
        }
        runs
    }

    /// Runs for this event, and for all that is left for later.
    pub(crate) async fn run(&mut self, event: Value) -> Runs {
        self.sandbox.forget_calls();
        let began = self.sandbox.now();
        let mut runs = Runs::default();
        let mut next = Some(event);
        while let Some(event) = next {
            let (response, gauges) = self.run_once(&event).await;
            runs.times += 1;
            runs.kept += response.kept;
            runs.gauges += gauges;
            for outcome in &response.outcomes {
                *runs.outcomes.entry(format!("{:?}", outcome.outcome)).or_default() += 1;
            }
            next = self.deliveries.try_recv().ok().map(|delivery| delivery.payload);
        }
        runs.calls = self.sandbox.calls();
        runs.throttled = self.sandbox.throttled();
        runs.waited = self.sandbox.now().duration_since(began);
        runs
    }

    async fn run_once(&self, event: &Value) -> (SyncResponse, usize) {
        let settings = Settings { policy: &self.policy, stack_config: &self.stack_config };
        let until = self.sandbox.now() + self.run;
        let mut gauges = 0;
        let mut emit = |item| gauges += usize::from(matches!(item, TelemetryItem::Gauges(_)));
        let response =
            sync(&self.cloud, &FunctionState::new(&self.stack_config), settings, event, until, &mut emit).await;
        (response, gauges)
    }

    /// What comes of the deletion of the stack, and what CloudFormation was answered.
    pub(crate) async fn stack_deleted(&self) -> (SyncResponse, Value) {
        self.sandbox.forget_calls();
        let event = json!({
            "RequestType": "Delete",
            "ResponseURL": format!("{}/cloudformation/answer?X-Amz-Signature=s", self.sandbox.endpoint()),
            "StackId": format!("arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{}/1", self.stack_config.stack_name),
            "RequestId": "1",
            "LogicalResourceId": "StreamAlarms",
            "PhysicalResourceId": "stream-alarms",
        });
        let request = StackRequest::read(&event).unwrap();
        let clock = VirtualClock(Arc::clone(&self.sandbox));
        let sdk = super::support::sdk(self.sandbox.endpoint()).await;
        let cloudformation = AwsCloudFormation::new(&sdk, &Pace::of(Share::ALARM_SYNC, clock));
        let until = self.sandbox.now() + BEGINS_WITHIN;
        let stack = &self.stack_config.stack_name;
        let response = answer_stack(&self.cloud, &cloudformation, stack, request, until, &mut |_| ()).await;
        let answers = self.sandbox.objects();
        let (_, answer) = answers.iter().find(|((bucket, _), _)| bucket == "cloudformation").unwrap();
        assert_eq!(answer.content_type, None, "the URL is signed without one");
        (response, serde_json::from_slice(&answer.body).unwrap())
    }

    /// Lets time pass until the schedule is due again, however long the last run took.
    pub(crate) fn wait(&mut self) {
        self.scheduled_at += SignedDuration::from_mins(SYNC_MINUTES);
        self.sandbox.clock().set(self.sandbox.now().max(self.scheduled_at));
    }

    /// Lets this stream drift in one of [`DRIFTS`] ways.
    pub(crate) async fn drift(&mut self, name: &str, way: usize) {
        let kinesis = &self.cloud.kinesis().client;
        let out = alarm_name(name, AlarmKind::Scaling(Direction::Out));
        // Not by our own paced cloud: somebody else does this, and takes the time it needs.
        self.sandbox.clock().advance(SignedDuration::from_secs(1));
        match DRIFTS[way % DRIFTS.len()] {
            "resized by hand" => self.resize(name, 3).await,
            "resized while its alarms were being refitted" => {
                self.resize(name, 3).await;
                let stream = &self.streams[name];
                let fitted = self.wanted(name, stream).remove(0);
                let tags = BTreeMap::from([(TAG_MADE_BY.to_owned(), self.stack_config.stack_name.clone())]);
                let now = self.sandbox.now();
                self.sandbox
                    .cloudwatch()
                    .put_alarm_tagged(alarm_config(&fitted.signed_by(&self.stack_config.stack_name)), tags, now)
                    .unwrap();
            }
            "an alarm deleted" => self.sandbox.cloudwatch().delete_alarms(&[out]),
            "an alarm changed" => {
                let mut config = self.sandbox.cloudwatch().alarm(&out).unwrap().config.clone();
                config.rule.threshold = 42.0;
                config.actions_enabled = false;
                self.sandbox.cloudwatch().put_alarm(config, self.sandbox.now()).unwrap();
            }
            "its tag removed" => {
                kinesis.remove_tags_from_stream().stream_name(name).tag_keys(TAG_MANAGED).send().await.unwrap();
                self.streams.remove(name);
            }
            "its tag renamed" => {
                kinesis.remove_tags_from_stream().stream_name(name).tag_keys(TAG_MANAGED).send().await.unwrap();
                self.sandbox.clock().advance(SignedDuration::from_secs(1));
                kinesis
                    .add_tags_to_stream()
                    .stream_name(name)
                    .tags("kinesis-scaler/manged", "true")
                    .send()
                    .await
                    .unwrap();
                self.streams.remove(name);
            }
            "deleted" => {
                kinesis.delete_stream().stream_name(name).send().await.unwrap();
                self.streams.remove(name);
            }
            "another target" => self.tag(name, "kinesis-scaler/target-utilization", "60").await,
            "a bad tag" => {
                // Its alarms are left as they are.
                self.tag(name, "kinesis-scaler/shards-max", "lots").await;
                self.streams.get_mut(name).unwrap().tags.remove("kinesis-scaler/shards-max");
            }
            _ => {
                self.tag(name, "kinesis-scaler/shards-min", "4").await;
                self.streams.get_mut(name).unwrap().shards = 4;
            }
        }
    }

    async fn resize(&mut self, name: &str, shards: u32) {
        let target = i32::try_from(shards).unwrap();
        let kinesis = &self.cloud.kinesis().client;
        kinesis
            .update_shard_count()
            .stream_name(name)
            .target_shard_count(target)
            .scaling_type("UNIFORM_SCALING".into())
            .send()
            .await
            .unwrap();
        self.streams.get_mut(name).unwrap().shards = shards;
    }

    async fn tag(&mut self, name: &str, key: &str, value: &str) {
        let request = self.cloud.kinesis().client.add_tags_to_stream().stream_name(name).tags(key, value);
        request.send().await.unwrap();
        self.streams.get_mut(name).unwrap().tags.insert(key.to_owned(), value.to_owned());
    }

    fn wanted(&self, name: &str, stream: &Stream) -> Vec<StreamAlarm> {
        let tags = StreamTags::read(&stream.tags.iter().collect::<Vec<_>>());
        let policy = tags.policy(&self.policy).unwrap();
        let shards = ShardCount::new(stream.shards).unwrap();
        alarms_of(&self.policy, &policy, name, shards, &self.stack_config.alarm_actions())
    }

    /// Every alarm that is missing, wrong or left over, as the sandbox has them.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        let cloudwatch = self.sandbox.cloudwatch();
        let filter = AlarmFilter { name_prefix: Some(ALARM_PREFIX.to_owned()), ..AlarmFilter::default() };
        let (mut there, mut after) = (BTreeMap::new(), None);
        loop {
            let page = cloudwatch.describe_alarms(&filter, 100, after.as_deref());
            there.extend(page.alarms.into_iter().map(|alarm| (alarm.config.name.clone(), alarm.config)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut wrongs = Vec::new();
        for (name, stream) in &self.streams {
            for alarm in self.wanted(name, stream) {
                match there.remove(&alarm.name) {
                    Some(config) if config == alarm_config(&alarm.signed_by(&self.stack_config.stack_name)) => {}
                    Some(_) => wrongs.push(format!("{} is wrong", alarm.name)),
                    None => wrongs.push(format!("{} is missing", alarm.name)),
                }
            }
        }
        wrongs.extend(there.into_keys().map(|name| format!("{name} is left")));
        wrongs
    }
}

/// The ways in which a stream drifts here.
pub(crate) const DRIFTS: [&str; 10] = [
    "resized by hand",
    "resized while its alarms were being refitted",
    "an alarm deleted",
    "an alarm changed",
    "its tag removed",
    "its tag renamed",
    "deleted",
    "another target",
    "a bad tag",
    "a minimum above its count",
];
