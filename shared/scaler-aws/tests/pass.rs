// SPDX-License-Identifier: Apache-2.0
//! The whole pass over the wire: alarms that the sandbox evaluates, events by every road, the deployed handler, the SDK.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use aws_models::alarm::AlarmState;
use aws_models::cloudwatch::{Alarm, AlarmSource, Metric, QuerySource};
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::ShardCount;
use sandbox::{Capacity, ClockOptions, Delivery, EventSource, Options, Sandbox, Schedule, Subscription};
use scaler_app::cloud::{Cloud as _, CloudWatch as _, Kinesis as _, OtherSettings};
use scaler_app::{FunctionState, Outcome, OutcomeKind, handle};
use scaler_aws::AwsCloud;
use scaler_core::{
    AlarmActions, AlarmKind, AttemptKind, Direction, Policy, PolicySpec, ResizeHistory, TAG_MADE_BY, TAG_MANAGED,
    TAG_RESIZES, alarm_name, stream_alarms,
};
use tokio::sync::mpsc::UnboundedReceiver;

use support::VirtualClock;

const STREAM: &str = "orders";
const MANAGED: (&str, &str) = (TAG_MANAGED, "true");
const MIB_A_MINUTE: f64 = 60.0 * 1_048_576.0;
/// What people are told by, beside the functions.
const NOTICES: &str = "arn:aws:sns:us-east-1:123456789012:notices";

fn topic(direction: Direction) -> String {
    format!("arn:aws:sns:us-east-1:123456789012:kinesis-scaler-{direction}")
}

fn function(direction: Direction) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{direction}")
}

/// A sandbox on a clock that tests move, and the functions over it.
struct World {
    sandbox: Arc<Sandbox>,
    deliveries: UnboundedReceiver<Delivery>,
    cloud: AwsCloud<VirtualClock>,
    policy: Policy,
}

fn start() -> Timestamp {
    "2026-01-02T03:00:00Z".parse().unwrap()
}

/// At this weight a shard takes 17,476 bytes a second.
fn options() -> Options {
    let subscribed = [Direction::Out, Direction::In]
        .map(|way| Subscription { topic_arn: topic(way), function: way.to_string() })
        .to_vec();
    Options {
        clock: ClockOptions::Manual { start: start(), weight: 60.0 },
        create_seconds: 0,
        resize_seconds: 0,
        subscriptions: subscribed,
        ..Options::default()
    }
}

/// With the schedule of one function.
fn swept(direction: Direction) -> Options {
    let every_minute = Schedule { function: direction.to_string(), every_minutes: 1 };
    Options { schedules: vec![every_minute], ..options() }
}

/// The stack whose functions run.
const OUR_STACK: &str = "kinesis-scaler";

impl World {
    async fn new(options: Options, policy: PolicySpec) -> Self {
        let (sandbox, deliveries) = Sandbox::start(options).await.unwrap();
        let sandbox = Arc::new(sandbox);
        let sdk = support::sdk(sandbox.endpoint()).await;
        let cloud = support::cloud(&sdk, VirtualClock(Arc::clone(&sandbox)));
        Self { sandbox, deliveries, cloud, policy: Policy::new(policy).unwrap() }
    }

    /// With the managed stream `orders` and its alarms, which call the functions directly.
    async fn with_orders(options: Options, policy: PolicySpec, shards: u32) -> Self {
        let world = Self::new(options, policy).await;
        world.sandbox.create_stream(STREAM, Capacity::Shards(shards), &[MANAGED]).await.unwrap();
        world.create_alarms(STREAM, shards, function).await;
        world
    }

    async fn create_alarms(&self, stream: &str, shards: u32, action: fn(Direction) -> String) {
        let actions = AlarmActions {
            scale_out: Some(action(Direction::Out)),
            scale_in: Some(action(Direction::In)),
            watch: None,
        };
        for alarm in stream_alarms(&self.policy, stream, ShardCount::new(shards).unwrap(), &actions) {
            let (alarm, tags) = (alarm.signed_by(OUR_STACK), [(TAG_MADE_BY, OUR_STACK)]);
            self.cloud.cloudwatch().put_alarm(&alarm, &OtherSettings::default(), &tags).await.unwrap();
        }
    }

    /// Adds actions of somebody else's to both alarms.
    fn notify_people(&self) {
        for direction in [Direction::Out, Direction::In] {
            let mut config = self.alarm(direction).config;
            config.alarm_actions.push(NOTICES.to_owned());
            config.ok_actions.push(NOTICES.to_owned());
            config.insufficient_data_actions.push(NOTICES.to_owned());
            self.sandbox.cloudwatch().put_alarm(config, self.sandbox.now()).unwrap();
        }
    }

    /// The running minute's metrics of `orders`, with consumers so far behind.
    fn load(&self, shards_full: u32, iterator_age_ms: f64) {
        let bytes = f64::from(shards_full) * MIB_A_MINUTE;
        let values = [
            ("IncomingBytes", bytes),
            ("IncomingRecords", bytes / 4_096.0),
            ("WriteProvisionedThroughputExceeded", 0.0),
            ("GetRecords.IteratorAgeMilliseconds", iterator_age_ms),
        ];
        for (name, value) in values {
            self.sandbox.cloudwatch().record(&Metric::kinesis(STREAM, name), self.sandbox.now(), value);
        }
    }

    /// A minute with two records of so many bytes in each second, of which a shard takes one if they are more than 8 KiB.
    async fn minute_of_puts(&mut self, bytes_each: usize) -> Vec<(EventSource, Outcome)> {
        for _ in 0..60 {
            self.put_two_records(bytes_each).await;
            self.sandbox.clock().advance(SignedDuration::from_secs(1));
        }
        self.sandbox.tick().await;
        self.call_functions().await
    }

    /// Two records in one call, one in each half of the key space.
    async fn put_two_records(&self, bytes_each: usize) {
        let record = |hash_key: u128| {
            let record = PutRecordsRequestEntry::builder().partition_key("k").explicit_hash_key(hash_key.to_string());
            record.data(vec![7; bytes_each].into()).build().unwrap()
        };
        let records = vec![record(0), record(u128::MAX)];
        self.cloud.kinesis().client.put_records().stream_name(STREAM).set_records(Some(records)).send().await.unwrap();
    }

    /// Of the last minute, as the functions see it.
    async fn throttled_records(&self) -> Option<u64> {
        let window = self.cloud.cloudwatch().window(STREAM, self.sandbox.now(), 1).await.unwrap();
        window.minutes[0].throttled_records
    }

    /// The minute boundary passes: alarms are evaluated, and the functions called.
    async fn minute(&mut self) -> Vec<(EventSource, Outcome)> {
        self.sandbox.clock().advance(SignedDuration::from_mins(1));
        self.sandbox.tick().await;
        self.call_functions().await
    }

    /// Hands every event that is waiting to its function.
    async fn call_functions(&mut self) -> Vec<(EventSource, Outcome)> {
        let mut outcomes = Vec::new();
        while let Ok(delivery) = self.deliveries.try_recv() {
            let direction =
                if delivery.function == Direction::Out.to_string() { Direction::Out } else { Direction::In };
            let response =
                handle(&self.cloud, &FunctionState::default(), &self.policy, direction, &delivery.payload, &mut |_| ())
                    .await;
            outcomes.extend(response.outcomes.into_iter().map(|outcome| (delivery.source, outcome)));
        }
        outcomes
    }

    /// As an operator tries an alarm out: `aws cloudwatch set-alarm-state`.
    async fn set_alarm(&self, stream: &str, direction: Direction) {
        let set = self
            .cloud
            .cloudwatch()
            .client
            .set_alarm_state()
            .alarm_name(alarm_name(stream, AlarmKind::Scaling(direction)));
        set.state_value(StateValue::Alarm).state_reason("by hand").send().await.unwrap();
    }

    /// What `DescribeStreamSummary` says of `orders`.
    async fn summary(&self) -> (String, i32) {
        let answer = self.cloud.kinesis().client.describe_stream_summary().stream_name(STREAM).send().await.unwrap();
        let summary = answer.stream_description_summary().unwrap();
        (summary.stream_status().as_str().to_owned(), summary.open_shard_count())
    }

    /// `orders` is ACTIVE with that many shards.
    async fn assert_active(&self, shards: u32) {
        assert_eq!(self.summary().await, ("ACTIVE".to_owned(), i32::try_from(shards).unwrap()));
    }

    /// The resize history of `orders`: attempts that count, and the newest of all with the seconds since.
    async fn history(&self) -> Option<(u32, i64, AttemptKind)> {
        let tags = self.cloud.kinesis().tags(STREAM).await.unwrap();
        let (_, tag) = tags.into_iter().find(|(key, _)| key == TAG_RESIZES)?;
        let (history, now) = (ResizeHistory::parse(&tag).unwrap(), self.sandbox.now());
        let newest = history.attempts().last().unwrap();
        Some((history.spent(now), now.duration_since(newest.at).as_secs(), newest.kind))
    }

    fn alarm(&self, direction: Direction) -> Alarm {
        self.sandbox.cloudwatch().alarm(&alarm_name(STREAM, AlarmKind::Scaling(direction))).unwrap().clone()
    }

    fn alarm_state(&self, direction: Direction) -> AlarmState {
        self.alarm(direction).state.value
    }

    /// The shard count that both alarms are fitted to; they never differ.
    fn fitted(&self) -> String {
        let of = |direction| match self.alarm(direction).config.source {
            AlarmSource::Math(queries) => queries.into_iter().find(|query| query.id == "shards").unwrap().source,
            AlarmSource::Stat(_) => QuerySource::Expression("no metric math".to_owned()),
        };
        let (out, back) = (of(Direction::Out), of(Direction::In));
        assert_eq!(out, back);
        let QuerySource::Expression(count) = out else { return format!("{out:?}") };
        count
    }
}

/// What matters of most outcomes.
fn brief(outcomes: &[(EventSource, Outcome)]) -> Vec<(EventSource, OutcomeKind, Option<u32>)> {
    outcomes.iter().map(|(road, outcome)| (*road, outcome.outcome, outcome.desired)).collect()
}

/// A stream of four full shards, from its alarm to its alarm's end, by one road.
async fn alarm_resizes_stream(road: EventSource, action: fn(Direction) -> String, options: Options) {
    let mut world = World::new(Options { resize_seconds: 60, ..options }, PolicySpec::default()).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(4), &[MANAGED]).await.unwrap();
    world.create_alarms(STREAM, 4, action).await;
    world.notify_people();
    world.load(4, 0.0);
    assert_eq!(brief(&world.minute().await), [], "one busy minute is not enough");

    world.load(4, 0.0);
    let outcomes = world.minute().await;
    assert_eq!(brief(&outcomes), [(road, OutcomeKind::Resized, Some(5))], "{outcomes:?}");
    assert_eq!(world.summary().await, ("UPDATING".to_owned(), 4));
    let (_, outcome) = &outcomes[0];
    assert_eq!((outcome.stream.as_deref(), outcome.current, &outcome.faults), (Some(STREAM), Some(4), &vec![]));
    assert_eq!(outcome.alarm.as_deref(), Some("kinesis-scaler/orders/scale-out"));
    assert_eq!(outcome.steps.last().unwrap().reason, "the count is within AWS's shard quotas");

    assert_eq!(world.history().await, Some((1, 0, AttemptKind::ScaleOut)));
    assert_eq!(world.fitted(), "5");
    for direction in [Direction::Out, Direction::In] {
        let config = world.alarm(direction).config;
        assert_eq!(config.alarm_actions, [&action(direction), NOTICES]);
        assert_eq!(
            (&config.ok_actions[..], &config.insufficient_data_actions[..]),
            (&[NOTICES.to_owned()][..], &[NOTICES.to_owned()][..])
        );
        assert!(config.actions_enabled);
    }
    assert_eq!(world.alarm_state(Direction::Out), AlarmState::Alarm);
    world.load(4, 0.0);
    assert_eq!(brief(&world.minute().await), []);
    world.assert_active(5).await;
    assert_eq!(world.alarm_state(Direction::Out), AlarmState::Ok, "the same load is 80 % of 5 shards");
}

#[tokio::test]
async fn an_alarm_resizes_a_stream_by_sns() {
    alarm_resizes_stream(EventSource::Sns, topic, options()).await;
}

#[tokio::test]
async fn an_alarm_resizes_a_stream_by_eventbridge() {
    let options = Options { eventbridge: true, subscriptions: Vec::new(), ..options() };
    alarm_resizes_stream(EventSource::EventBridge, topic, options).await;
}

#[tokio::test]
async fn an_alarm_resizes_a_stream_by_calling_the_function() {
    alarm_resizes_stream(EventSource::Direct, function, options()).await;
}

#[tokio::test]
async fn records_that_are_really_throttled_are_taken_after_the_resize() {
    let mut world = World::with_orders(options(), PolicySpec::default(), 1).await;
    let mut resizes = Vec::new();
    for _ in 0..2 {
        let outcomes = world.minute_of_puts(10_000).await.into_iter().map(|(_, outcome)| outcome);
        let done = outcomes.filter(|outcome| outcome.outcome == OutcomeKind::Resized);
        resizes.extend(done.map(|outcome| (outcome.current, outcome.desired)));
        assert!(world.throttled_records().await > Some(0));
    }
    assert_eq!(resizes, [(Some(1), Some(2))]);
    world.assert_active(2).await;
    for _ in 0..4 {
        world.minute_of_puts(10_000).await;
        assert_eq!(world.throttled_records().await, Some(0));
    }
    assert_eq!(world.alarm_state(Direction::Out), AlarmState::Ok);
}

#[tokio::test]
async fn the_sweep_resizes_for_an_alarm_whose_need_was_held() {
    let options = Options { account_shard_limit: 5, ..swept(Direction::Out) };
    let mut world = World::with_orders(options, PolicySpec::default(), 4).await;
    world.sandbox.create_stream("other", Capacity::Shards(1), &[]).await.unwrap();
    let mut minutes = Vec::new();
    for minute in 1..=5 {
        world.load(4, 0.0);
        let outcomes = world.minute().await;
        assert!(minute != 2 || outcomes[0].1.words.contains("the account has 0 shards left"), "{outcomes:?}");
        minutes.push(brief(&outcomes));
        if minute == 3 {
            // The account gets its last shard back; the alarm, which fired long ago, does not fire again for that.
            world.cloud.kinesis().client.delete_stream().stream_name("other").send().await.unwrap();
        }
        world.assert_active(if minute < 4 { 4 } else { 5 }).await;
    }
    let swept = |kind, shards| (EventSource::Schedule, kind, Some(shards));
    let held = swept(OutcomeKind::Held, 4);
    let alarm = (EventSource::Direct, OutcomeKind::Held, Some(4));
    assert_eq!(minutes, [vec![], vec![alarm, held], vec![held], vec![swept(OutcomeKind::Resized, 5)], vec![]]);
    assert_eq!((world.alarm_state(Direction::Out), world.fitted().as_str()), (AlarmState::Ok, "5"));
}

#[tokio::test]
async fn the_sweep_fits_alarms_to_a_stream_that_somebody_resized() {
    let mut world = World::with_orders(swept(Direction::Out), PolicySpec::default(), 4).await;
    world.cloud.kinesis().update_shard_count(STREAM, ShardCount::new(6).unwrap()).await.unwrap();
    world.assert_active(6).await;
    let mut last = Vec::new();
    for _ in 0..2 {
        world.load(5, 0.0);
        last = world.minute().await;
    }
    let held = |road| (road, OutcomeKind::Held, Some(6));
    assert_eq!(
        brief(&last),
        [held(EventSource::Direct), held(EventSource::Schedule)],
        "fires as if it had 4 shards: {last:?}"
    );
    // Counted when it was found, two sweeps or fewer ago.
    let counted = world.history().await.map(|(spent, _, kind)| (spent, kind));
    assert_eq!((world.fitted().as_str(), counted), ("6", Some((1, AttemptKind::External))));
    assert_eq!(world.alarm(Direction::Out).config.alarm_actions, [function(Direction::Out)]);
    world.load(5, 0.0);
    assert_eq!(brief(&world.minute().await), []);
    assert_eq!(world.alarm_state(Direction::Out), AlarmState::Ok);
}

#[tokio::test]
async fn an_alarm_that_goes_back_to_ok_is_acknowledged_and_ignored() {
    let listens = Subscription { topic_arn: NOTICES.to_owned(), function: Direction::Out.to_string() };
    let options = Options { subscriptions: vec![listens], ..options() };
    let mut world = World::with_orders(options, PolicySpec::default(), 4).await;
    world.notify_people();
    world.load(1, 0.0);
    let outcomes = world.minute().await;
    let ok: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.words.contains("not firing")).collect();
    assert_eq!(ok.len(), 1, "the scale-out alarm is OK at last, the scale-in alarm fires: {outcomes:?}");
    assert_eq!(
        (ok[0].0, ok[0].1.outcome, ok[0].1.stream.as_deref()),
        (EventSource::Sns, OutcomeKind::Ignored, Some(STREAM))
    );
    assert_eq!((world.summary().await, world.history().await), (("ACTIVE".to_owned(), 4), None));
}

/// Five minutes of scale-in window, and a minute to cool down.
fn impatient() -> PolicySpec {
    PolicySpec { stabilization_window_minutes: 5, scale_in_cooldown_seconds: 60, ..PolicySpec::default() }
}

#[tokio::test]
async fn a_quiet_stream_is_scaled_in_by_legal_steps() {
    let mut world = World::with_orders(swept(Direction::In), impatient(), 8).await;
    world.load(1, 0.0);
    let first = world.minute().await;
    assert_eq!(
        brief(&first),
        [(EventSource::Direct, OutcomeKind::Held, Some(8))],
        "the alarm fires with one minute known, which is too little to give capacity away: {first:?}"
    );
    let mut resizes = Vec::new();
    // Of the sweeps scale-in heeds one in ten.
    for _ in 0..30 {
        world.load(1, 0.0);
        for (road, outcome) in world.minute().await {
            assert_eq!(road, EventSource::Schedule);
            if outcome.outcome == OutcomeKind::Resized {
                world.assert_active(outcome.desired.unwrap()).await;
                resizes.push((outcome.current, outcome.desired));
            }
        }
    }
    // 1 MiB/s asks for 2 shards, and one call can only halve.
    assert_eq!(resizes, [(Some(8), Some(4)), (Some(4), Some(2))]);
    let (spent, _, newest) = world.history().await.unwrap();
    assert_eq!((spent, newest), (2, AttemptKind::ScaleIn));
    assert_eq!((world.alarm_state(Direction::In), world.fitted().as_str()), (AlarmState::Ok, "2"));
}

/// While they lag the alarm does not even ask; where somebody else does, `decide` says no.
#[tokio::test]
async fn consumers_that_are_behind_block_scale_in_until_they_caught_up() {
    let mut world = World::with_orders(swept(Direction::In), impatient(), 8).await;
    for _ in 0..7 {
        world.load(1, 120_000.0);
        assert_eq!(brief(&world.minute().await), []);
    }
    assert_eq!(world.alarm_state(Direction::In), AlarmState::Ok);
    world.set_alarm(STREAM, Direction::In).await;
    let asked = world.call_functions().await;
    assert_eq!(brief(&asked), [(EventSource::Direct, OutcomeKind::Held, Some(8))]);
    assert!(asked[0].1.words.contains("consumers are 120 s behind"), "{asked:?}");
    let mut minutes = 0;
    let last = loop {
        assert_eq!(world.summary().await, ("ACTIVE".to_owned(), 8));
        world.load(1, 0.0);
        minutes += 1;
        let outcomes = world.minute().await;
        if let Some(resized) = brief(&outcomes).into_iter().find(|(_, kind, _)| *kind == OutcomeKind::Resized) {
            break resized;
        }
        assert!(minutes < 15, "{outcomes:?}");
    };
    assert!(minutes > 1, "one good minute is not enough");
    assert_eq!((last.1, last.2), (OutcomeKind::Resized, Some(4)));
}

#[tokio::test]
async fn streams_that_are_not_ours_to_change_end_as_refusals() {
    let mut world = World::new(options(), PolicySpec::default()).await;
    world.sandbox.create_stream("unmanaged", Capacity::Shards(2), &[("team", "orders")]).await.unwrap();
    world.sandbox.create_stream("elastic", Capacity::OnDemand, &[MANAGED]).await.unwrap();
    for (stream, told) in [
        ("unmanaged", "tag it kinesis-scaler/managed=true"),
        ("elastic", "on-demand mode"),
        ("nowhere", "DescribeStreamSummary for nowhere: ResourceNotFoundException"),
    ] {
        world.create_alarms(stream, 2, topic).await;
        for direction in [Direction::Out, Direction::In] {
            world.set_alarm(stream, direction).await;
            let outcomes = world.call_functions().await;
            assert_eq!(outcomes.len(), 1, "{outcomes:?}");
            let (road, outcome) = &outcomes[0];
            assert_eq!((*road, outcome.outcome), (EventSource::Sns, OutcomeKind::Refused), "{outcome:?}");
            assert!(outcome.words.contains(told), "{}", outcome.words);
        }
    }
    let tags = world.cloud.kinesis().tags("unmanaged").await.unwrap();
    assert_eq!(tags, [("team".to_owned(), "orders".to_owned())]);
}

#[tokio::test]
async fn a_stream_that_is_being_deleted_and_one_that_is_gone_end_as_refusals() {
    let options = Options { create_seconds: 60, ..options() };
    let mut world = World::with_orders(options, PolicySpec::default(), 2).await;
    world.cloud.kinesis().client.delete_stream().stream_name(STREAM).send().await.unwrap();
    world.set_alarm(STREAM, Direction::Out).await;
    let outcomes = world.call_functions().await;
    assert_eq!(brief(&outcomes), [(EventSource::Direct, OutcomeKind::Refused, Some(2))], "{outcomes:?}");
    assert!(outcomes[0].1.words.contains("being deleted"), "{outcomes:?}");

    world.sandbox.clock().advance(SignedDuration::from_mins(1));
    world.set_alarm(STREAM, Direction::In).await;
    let outcomes = world.call_functions().await;
    assert_eq!(brief(&outcomes), [(EventSource::Direct, OutcomeKind::Refused, None)]);
    assert!(outcomes[0].1.words.contains("ResourceNotFoundException"), "{outcomes:?}");
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let mut world = World::new(options(), PolicySpec::default()).await;
    let tags = [MANAGED, ("kinesis-scaler/dry-run", "true")];
    world.sandbox.create_stream(STREAM, Capacity::Shards(4), &tags).await.unwrap();
    world.create_alarms(STREAM, 4, function).await;
    let before = [Direction::Out, Direction::In].map(|direction| world.alarm(direction));
    world.load(4, 0.0);
    world.minute().await;
    world.load(4, 0.0);
    let outcomes = world.minute().await;
    assert_eq!(brief(&outcomes), [(EventSource::Direct, OutcomeKind::DryRun, Some(5))], "{outcomes:?}");
    assert!(outcomes[0].1.words.starts_with("dry run: would scale out from 4 to 5 shards"), "{outcomes:?}");
    assert_eq!((world.summary().await, world.history().await), (("ACTIVE".to_owned(), 4), None));
    let after = [Direction::Out, Direction::In].map(|direction| world.alarm(direction));
    assert_eq!(after.map(|it| it.configuration_updated_at), before.map(|it| it.configuration_updated_at));
}

#[tokio::test]
async fn the_eleventh_resize_is_held_by_our_ledger_and_without_it_refused_by_aws() {
    let policy = PolicySpec { scale_out_cooldown_seconds: 0, ..PolicySpec::default() };
    let mut world = World::with_orders(swept(Direction::Out), policy, 1).await;
    let (mut shards, mut resizes) = (1, 0);
    let is_spent = |outcome: &Outcome| outcome.steps.last().is_some_and(|step| step.stage == "budget");
    let last = loop {
        // However many shards it gets, they are full.
        world.load(shards, 0.0);
        let outcomes = world.minute().await;
        if let Some((_, done)) = outcomes.iter().find(|(_, outcome)| outcome.outcome == OutcomeKind::Resized) {
            shards = done.desired.unwrap();
            resizes += 1;
            world.assert_active(shards).await;
        } else if outcomes.iter().any(|(_, outcome)| is_spent(outcome)) {
            break outcomes;
        }
        assert!(resizes <= 10 && world.sandbox.now() < start() + SignedDuration::from_hours(2), "{outcomes:?}");
    };
    assert_eq!(resizes, 10);
    assert!(last.iter().all(|(_, outcome)| outcome.outcome == OutcomeKind::Held), "{last:?}");
    let (spent, _, newest) = world.history().await.unwrap();
    assert_eq!((spent, newest), (10, AttemptKind::ScaleOut));

    let forget = world.cloud.kinesis().client.remove_tags_from_stream().stream_name(STREAM).tag_keys(TAG_RESIZES);
    forget.send().await.unwrap();
    world.load(shards, 0.0);
    let outcomes = world.minute().await;
    let [(EventSource::Schedule, refused)] = &outcomes[..] else { return assert_eq!(brief(&outcomes), []) };
    let wanted = refused.desired.unwrap();
    assert_eq!((refused.outcome, wanted > shards), (OutcomeKind::Refused, true), "{refused:?}");
    let words = &refused.words;
    assert!(words.starts_with("UpdateShardCount for orders: LimitExceededException: Rate exceeded"), "{words}");
    assert!(words.contains(&format!("the decision was: scale-out from {shards} to {wanted}")), "{words}");
    assert_eq!(world.history().await, Some((10, 0, AttemptKind::DailyLimitReached)));
    assert_eq!(world.summary().await, ("ACTIVE".to_owned(), i32::try_from(shards).unwrap()));
    assert_eq!(world.fitted(), shards.to_string());
}
