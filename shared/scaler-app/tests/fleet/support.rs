// SPDX-License-Identifier: Apache-2.0
//! A fleet made to order, runs of alarm-sync over it, and what is wrong with it.

use jiff::{SignedDuration, Timestamp};
use kinesis_model::{Minute, ShardCount, StreamMode};
use scaler_app::fleet::{Settings, StackRequest, SyncResponse, answer_stack, sync};
use scaler_app::stack_config::StackConfig;
use scaler_app::stack_settings::alarms_of;
use scaler_app::telemetry::{Gauges, TelemetryItem};
use scaler_app::{Outcome, OutcomeKind};
use scaler_core::{Policy, PolicySpec, StreamAlarm, StreamTags};
use serde_json::{Value, json};
use testkit::{Stream, World};

/// None of the streams used here has its turn at this time.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_767_324_000, 0);

/// A stack over a world.
pub(crate) struct Stack {
    pub(crate) world: World,
    pub(crate) policy: PolicySpec,
    pub(crate) config: StackConfig,
}

/// What one run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) response: SyncResponse,
    pub(crate) gauges: Vec<Gauges>,
}

impl Run {
    /// Streams and how it ended for each, as in `orders mended`, by name: where a run begins is another question.
    pub(crate) fn brief(&self) -> Vec<String> {
        let of = |outcome: &Outcome| {
            let kind = json!(outcome.outcome);
            format!("{} {}", outcome.stream.as_deref().unwrap_or("-"), kind.as_str().unwrap_or("?"))
        };
        let mut brief: Vec<_> = self.response.outcomes.iter().map(of).collect();
        brief.sort_by(|a, b| a.split(' ').next().cmp(&b.split(' ').next()));
        brief
    }
}

/// Half of four shards used, and consumers that keep up.
pub(crate) fn load() -> Minute {
    let bytes = 2 * 60 * 1_048_576;
    Minute { bytes: Some(bytes), records: Some(bytes / 4_096), iterator_age_ms: Some(0), ..Minute::default() }
}

/// A load of so many hundredths of a shard, by bytes, and consumers that keep up.
pub(crate) fn hundredths(load: i64) -> Minute {
    let bytes = load.unsigned_abs() * 60 * 1_048_576 / 100;
    Minute {
        bytes: Some(bytes),
        records: Some(bytes / 4_096),
        throttled_records: Some(0),
        iterator_age_ms: Some(0),
        ..Minute::default()
    }
}

pub(crate) fn minute_of_day(at: Timestamp) -> i64 {
    at.as_second().rem_euclid(86_400) / 60
}

/// Two shards' load, and seven shards' from 19:00 to 22:00.
pub(crate) fn evenings(at: Timestamp) -> Minute {
    let minute = minute_of_day(at);
    hundredths(if (19 * 60..22 * 60).contains(&minute) { 690 } else { 190 } + minute * 7 % 11)
}

impl Stack {
    /// With these managed streams of four shards each, and no alarm yet.
    pub(crate) fn with(streams: &[&str]) -> Self {
        let mut world = World::at(NOW);
        for stream in streams {
            world = world.with(stream, Stream::managed(4, load()));
        }
        let arn = |name: &str| Some(format!("arn:aws:sns:us-east-1:123456789012:{name}"));
        let config = StackConfig {
            scale_out_action_arn: arn("out"),
            scale_in_action_arn: arn("in"),
            notification_topic_arn: arn("people"),
            stream_metrics: true,
            region: "us-east-1".to_owned(),
            ..StackConfig::default()
        };
        Self { world, policy: PolicySpec::default(), config }
    }

    /// As [`Self::with`], after a run that made the alarms; no call is on record.
    pub(crate) async fn enrolled(streams: &[&str]) -> Self {
        let stack = Self::with(streams);
        let run = stack.all().await;
        assert_eq!(run.brief(), streams.iter().map(|stream| format!("{stream} mended")).collect::<Vec<_>>());
        assert_eq!(stack.wrongs(), Vec::<String>::new());
        stack.world.forget_calls();
        stack
    }

    /// Every stream is looked at closely.
    pub(crate) async fn all(&self) -> Run {
        self.run(&json!({ "sync": "all" })).await
    }

    /// The schedule's run.
    pub(crate) async fn scheduled(&self) -> Run {
        self.run(&json!({ "detail-type": "Scheduled Event", "time": self.world.now().to_string() })).await
    }

    pub(crate) async fn run(&self, event: &Value) -> Run {
        self.run_for(event, SignedDuration::from_mins(5)).await
    }

    /// What comes of a request of CloudFormation, within four minutes.
    pub(crate) async fn asked_by_cloudformation(&self, event: &Value) -> SyncResponse {
        let request = StackRequest::read(event).expect("it is one");
        let until = self.world.now().checked_add(SignedDuration::from_mins(4)).unwrap();
        let stack = &self.config.stack_name;
        answer_stack(&self.world, &self.world, stack, request, until, &mut |_| ()).await
    }

    pub(crate) async fn run_for(&self, event: &Value, time: SignedDuration) -> Run {
        let policy = Policy::new(self.policy).unwrap();
        let settings = Settings { policy: &policy, stack_config: &self.config };
        let until = self.world.now().checked_add(time).unwrap();
        let (mut said, mut gauges) = (Vec::new(), Vec::new());
        let mut say = |one: TelemetryItem| match one {
            TelemetryItem::Outcome(outcome) => said.push(*outcome),
            TelemetryItem::Gauges(gauge) => gauges.push(gauge),
        };
        let response = sync(&self.world, &World::function_state(), settings, event, until, &mut say).await;
        gauges.sort_by(|a, b| a.stream.cmp(&b.stream));
        let (answered, left_out) = said.split_at(response.outcomes.len());
        assert_eq!(answered, response.outcomes, "each outcome is said as it comes");
        assert_eq!(left_out.len(), response.left_out);
        assert!(said.iter().all(|outcome| outcome.outcome != OutcomeKind::Kept));
        Run { response, gauges }
    }

    /// The alarms that a stream should have.
    pub(crate) fn wanted(&self, stream: &str) -> Vec<StreamAlarm> {
        let Some(state) = self.world.stream(stream) else { return Vec::new() };
        let tags = StreamTags::read(&state.tags.iter().collect::<Vec<_>>());
        if !tags.managed || state.mode == StreamMode::OnDemand {
            return Vec::new();
        }
        let policy = tags.policy(&Policy::new(self.policy).unwrap()).unwrap();
        let shards = ShardCount::new(state.shards).unwrap();
        let alarms =
            alarms_of(&Policy::new(self.policy).unwrap(), &policy, stream, shards, &self.config.alarm_actions());
        alarms.iter().map(|alarm| alarm.signed_by(&self.config.stack_name)).collect()
    }

    /// As [`Self::wanted`], and none where the stream's tags cannot be read.
    pub(crate) fn wanted_if_readable(&self, stream: &str) -> Vec<StreamAlarm> {
        let Some(state) = self.world.stream(stream) else { return Vec::new() };
        let tags = StreamTags::read(&state.tags.iter().collect::<Vec<_>>());
        let is_readable = tags.faults.is_empty() && tags.policy(&Policy::new(self.policy).unwrap()).is_ok();
        if is_readable { self.wanted(stream) } else { Vec::new() }
    }

    /// Every way in which the account is not as it should be; alarms that are not ours do not count.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        let mut wrongs = Vec::new();
        let mut alarms = self.world.alarms();
        for stream in self.world.names() {
            for alarm in self.wanted(&stream) {
                match alarms.remove(&alarm.name).map(|held| held.alarm.differences(&alarm)) {
                    None => wrongs.push(format!("{} is missing", alarm.name)),
                    Some(differences) if differences.is_empty() => {}
                    Some(differences) => wrongs.push(format!("{}: {}", alarm.name, differences.join(", "))),
                }
            }
        }
        wrongs.extend(
            alarms.into_values().filter(|held| held.is_ours).map(|held| format!("{} is left", held.alarm.name)),
        );
        wrongs
    }

    /// The writes on record, by operation and subject.
    pub(crate) fn writes(&self) -> Vec<String> {
        const WRITES: [&str; 4] = ["PutMetricAlarm", "DeleteAlarms", "UpdateShardCount", "AddTagsToStream"];
        self.world.calls().into_iter().filter(|call| WRITES.iter().any(|write| call.starts_with(write))).collect()
    }
}
