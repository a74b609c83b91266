// SPDX-License-Identifier: Apache-2.0
//! The deployed functions over traces: what they may see, when they act, and that the quick alarms are the model's.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]

use std::collections::BTreeMap;

use aws_models::alarm::AlarmState;
use aws_models::cloudwatch::{CloudWatch, Metric};
use aws_models::stream_model::Assumptions;
use jiff::{SignedDuration, Timestamp};
use kinesis_model::limits::WRITE_BYTES_PER_MINUTE_PER_SHARD as SHARD;
use kinesis_model::{Demand, Minute};
use proptest::prelude::*;
use scaler_core::{Policy, PolicySpec, StreamAlarm};
use simulator::run::Run;
use simulator::score::Score;
use simulator::simulate::{Setup, Simulation, Skew, ThrottleHandling, simulate};
use simulator::trace::Trace;

/// On the hour.
const START: Timestamp = Timestamp::constant(1_767_322_800, 0);

fn policy(spec: PolicySpec) -> Policy {
    Policy::new(spec).unwrap()
}

fn setup(initial_shards: u32) -> Setup {
    Setup::new(initial_shards, policy(PolicySpec { shards_max: 10_000, ..PolicySpec::default() }))
}

/// A trace of loads in percent of a shard, by bytes.
fn trace(percents: impl IntoIterator<Item = u64>) -> Trace {
    let minute = |percent| Demand { bytes: percent * SHARD / 100, records: percent * 60 };
    Trace { name: "t".to_owned(), start: START, minutes: percents.into_iter().map(minute).collect() }
}

/// So many minutes at so many percent of a shard, one after the other.
fn steps(steps: &[(usize, u64)]) -> Trace {
    trace(steps.iter().flat_map(|&(minutes, percent)| std::iter::repeat_n(percent, minutes)))
}

fn news() -> Trace {
    Trace::read("news", include_str!("../traces/news.csv").as_bytes()).unwrap()
}

fn commute() -> Trace {
    Trace::read("commute", include_str!("../traces/commute.csv").as_bytes()).unwrap()
}

/// Calls as `minute: from -> to`.
fn calls(run: &Run) -> Vec<String> {
    run.calls.iter().map(|call| format!("{}: {} -> {}", call.minute, call.from, call.to)).collect()
}

fn assert_legal(run: &Run) {
    for (at, call) in run.calls.iter().enumerate() {
        assert!(call.to <= call.from * 2 && call.to >= call.from.div_ceil(2), "{call:?}");
        assert!(!call.reason.is_empty(), "{call:?}");
        let day_ago = run.calls[..at].iter().filter(|past| past.minute + 1_440 > call.minute).count();
        assert!(day_ago < 10, "{call:?} is the eleventh of a day");
    }
}

#[test]
fn what_comes_later_changes_nothing_before_it() {
    for (whole, initial, cuts) in [(news(), 2, [0, 1, 61, 1_003, 1_777].as_slice()), (commute(), 128, &[1_237])] {
        let full = simulate(&whole, &setup(initial));
        assert!(!full.calls.is_empty());
        for &minutes in cuts {
            let cut = simulate(&whole.cut(minutes), &setup(initial));
            let before: Vec<_> = full.calls.iter().filter(|call| call.minute < minutes).cloned().collect();
            assert_eq!(cut.calls, before, "{} up to minute {minutes}", whole.name);
            assert_eq!(cut.capacity, full.capacity[..minutes]);
        }
        assert_legal(&full);
    }
}

#[test]
fn the_same_again_is_the_same() {
    assert_eq!(simulate(&news(), &setup(2)), simulate(&news(), &setup(2)));
}

/// The alarms of a simulation, evaluated a second time by the model of CloudWatch, which looks at whole windows.
struct Model {
    cloudwatch: CloudWatch,
    put: BTreeMap<String, StreamAlarm>,
}

impl Model {
    fn record(&mut self, at: Timestamp, minute: &Minute) {
        for (name, value) in [
            ("IncomingBytes", minute.bytes),
            ("IncomingRecords", minute.records),
            ("WriteProvisionedThroughputExceeded", minute.throttled_records),
            ("ReadProvisionedThroughputExceeded", minute.read_throttles),
            ("GetRecords.IteratorAgeMilliseconds", minute.iterator_age_ms),
        ] {
            if let Some(value) = value {
                self.cloudwatch.record(&Metric::kinesis("simulated", name), at, value as f64);
            }
        }
    }

    /// Takes over what was put while a minute lasted.
    fn put(&mut self, alarms: Vec<(StreamAlarm, AlarmState)>, now: Timestamp) {
        for (alarm, _) in alarms {
            if self.put.get(&alarm.name) != Some(&alarm) {
                self.cloudwatch.put_alarm(sandbox::alarm_config(&alarm), now).unwrap();
                self.put.insert(alarm.name.clone(), alarm);
            }
        }
    }
}

/// Steps through a simulation beside the model, and returns how often alarms changed and were put.
fn beside_the_model(trace: &Trace, setup: &Setup) -> (usize, usize) {
    let cloudwatch = CloudWatch::with_metric_delay(setup.assumptions.metric_delay_minutes);
    let mut model = Model { cloudwatch, put: BTreeMap::new() };
    let mut simulation = Simulation::new(trace, setup);
    let (mut changed, mut put) = (0, 0);
    for minute in 0..trace.minutes.len() {
        let now = trace.at(minute);
        changed += model.cloudwatch.evaluate_alarms(now).len();
        assert!(simulation.step());
        let alarms = simulation.alarms();
        let before = model.put.clone();
        model.put(alarms.clone(), now);
        put += model.put.iter().filter(|(name, alarm)| before.get(*name) != Some(*alarm)).count();
        for (alarm, state) in alarms {
            let name = alarm.name;
            assert_eq!(state, model.cloudwatch.alarm(&name).unwrap().state.value, "{name} in minute {minute}");
        }
        model.record(now, &simulation.last_minute().unwrap());
        // Only so that the store stays small: no alarm looks back that far.
        model.cloudwatch.forget(now.checked_sub(SignedDuration::from_mins(200)).unwrap());
    }
    (changed, put)
}

#[test]
fn the_quick_alarms_are_those_of_the_model() {
    let (changed, put) = beside_the_model(&news(), &setup(2));
    assert!(changed > 6 && put > 6, "{changed} changes, {put} puts: more than six alarms' first ones");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Random steps, so that streams are resized both ways, under short windows and any delay.
    #[test]
    fn the_quick_alarms_are_those_of_the_model_whatever_comes(
        levels in proptest::collection::vec((1_usize..90, prop_oneof![Just(0_u64), 0_u64..1_500]), 1..10),
        delay in 0_u32..4,
        window in 5_u32..70,
        retried: bool,
    ) {
        let spec = PolicySpec {
            stabilization_window_minutes: window,
            scale_in_cooldown_seconds: 0,
            ..PolicySpec::default()
        };
        let setup = Setup {
            assumptions: Assumptions { metric_delay_minutes: delay, ..Assumptions::default() },
            throttled: if retried { ThrottleHandling::Retried } else { ThrottleHandling::Lost },
            ..Setup::new(4, policy(spec))
        };
        beside_the_model(&steps(&levels), &setup);
    }
}

#[test]
fn a_rise_is_answered_in_the_minute_in_which_its_alarm_fires() {
    let (calm, rise) = (90, steps(&[(90, 250), (30, 800)]));
    for delay in [0, 1, 2] {
        let assumptions = Assumptions { metric_delay_minutes: delay, ..Assumptions::default() };
        let mut simulation = Simulation::new(&rise, &Setup { assumptions, ..setup(4) });
        let mut since = None;
        for minute in 0..rise.minutes.len() {
            assert!(simulation.step());
            let mut alarms = simulation.alarms().into_iter();
            let fires = alarms.any(|(alarm, state)| alarm.name.ends_with("/scale-out") && state == AlarmState::Alarm);
            since = since.or(fires.then_some(minute)).filter(|minute| *minute > calm);
        }
        let (run, since) = (simulation.run(), since.unwrap());
        let answered = run.calls.iter().find(|call| call.to > call.from && call.minute > calm).map(|call| call.minute);
        assert_eq!(answered, Some(since), "{:?}", calls(&run));
        assert!((1 + delay as usize..=5).contains(&(since - calm)), "{delay} minutes late: {since}");
    }
}

#[test]
fn what_is_offered_is_accepted_lost_or_waiting() {
    let trace = news().cut(1_200);
    for (throttled, hottest_key_share) in [
        (ThrottleHandling::Lost, None),
        (ThrottleHandling::Retried, None),
        (ThrottleHandling::Lost, Some(0.2)),
        (ThrottleHandling::Retried, Some(0.2)),
    ] {
        let skew = hottest_key_share.map(|share| Skew::of_key("hottest", share)).unwrap_or_default();
        let setup = Setup { throttled, skew, ..setup(2) };
        let mut simulation = Simulation::new(&trace, &setup);
        let mut offered = Demand::default();
        for minute in &trace.minutes {
            assert!(simulation.step());
            let (traffic, shown) = (simulation.traffic(), simulation.last_minute().unwrap());
            let sum =
                |part: fn(&Demand) -> u64| [traffic.accepted, traffic.lost, traffic.waiting].iter().map(part).sum();
            offered = Demand { bytes: offered.bytes + minute.bytes, records: offered.records + minute.records };
            assert_eq!(traffic.offered, offered);
            assert_eq!(offered, Demand { bytes: sum(|part| part.bytes), records: sum(|part| part.records) });
            match throttled {
                ThrottleHandling::Lost => {
                    assert_eq!((traffic.waiting, traffic.lost), (Demand::default(), traffic.throttled));
                }
                ThrottleHandling::Retried => assert_eq!(shown.throttled_records, Some(traffic.waiting.records)),
            }
        }
        assert!(!simulation.step(), "the trace is over");
        let traffic = simulation.traffic();
        assert!(traffic.throttled.records > 0, "the news throttles it");
        assert_eq!(traffic.lost == Demand::default(), throttled == ThrottleHandling::Retried);
    }
}

/// Two independent accounts of what was lost: record by record here, by capacity in the score.
#[test]
fn what_is_lost_is_what_the_score_says() {
    let trace = news();
    let mut simulation = Simulation::new(&trace, &setup(2));
    while simulation.step() {}
    let traffic = simulation.traffic();
    let score = Score::of(&trace, &simulation.run(), &Assumptions::default());
    let lost = traffic.lost.bytes as f64 / traffic.offered.bytes as f64;
    assert!((lost - score.throttled_bytes_share).abs() < 1e-6, "{lost} and {}", score.throttled_bytes_share);
}

#[test]
fn what_is_tried_again_is_taken_in_the_end() {
    let trace = steps(&[(60, 250), (5, 700), (60, 250)]);
    let mut simulation = Simulation::new(&trace, &Setup { throttled: ThrottleHandling::Retried, ..setup(4) });
    while simulation.step() {}
    let traffic = simulation.traffic();
    assert_eq!(traffic.accepted, traffic.offered);
    assert!(traffic.throttled.bytes > 5 * 3 * SHARD, "and each try was counted: {traffic:?}");
}

/// Slow resizes and a load that only grows: each call waits for the one before it.
#[test]
fn a_resize_under_way_refuses_the_next() {
    let assumptions = Assumptions { resize_seconds_per_shard: 300, ..Assumptions::default() };
    let rise = steps(&[(60, 250), (30, 600), (30, 1_400), (60, 3_000)]);
    let run = simulate(&rise, &Setup { assumptions, ..setup(4) });
    assert!(run.calls.len() >= 3, "{:?}", calls(&run));
    for pair in run.calls.windows(2) {
        let takes = assumptions.resize_minutes(pair[0].from, pair[0].to, pair[0].kind);
        assert!(pair[1].minute >= pair[0].minute + takes, "{:?}", calls(&run));
        assert_eq!(pair[1].from, pair[0].to);
    }
    let first = &run.calls[0];
    assert_eq!([run.capacity[first.minute], run.capacity[first.minute + 1]], [4, 4], "the old count is still in force");
}

/// A load that goes up and down forever under a policy that would follow it all day.
#[test]
fn no_day_sees_an_eleventh_resize() {
    let spec = PolicySpec {
        stabilization_window_minutes: 5,
        scale_in_cooldown_seconds: 0,
        scale_out_cooldown_seconds: 0,
        resizes_reserved_for_scale_out: 0,
        shards_max: 10_000,
        ..PolicySpec::default()
    };
    let restless = trace((0..4 * 1_440).map(|minute| if minute / 40 % 2 == 0 { 300 } else { 1_700 }));
    let run = simulate(&restless, &Setup::new(4, policy(spec)));
    assert_legal(&run);
    assert!(run.calls.len() > 10, "some day's ten were used up: {:?}", calls(&run));
}

#[test]
fn the_shard_with_the_hottest_key_throttles_first() {
    let steady = steps(&[(30, 240)]);
    let throttled = |hottest_key_share: Option<f64>| {
        let skew = hottest_key_share.map(|share| Skew::of_key("hottest", share)).unwrap_or_default();
        let mut simulation = Simulation::new(&steady, &Setup { skew, ..setup(4) });
        assert!(simulation.step());
        simulation.last_minute().unwrap().throttled_records.unwrap()
    };
    assert_eq!(throttled(None), 0, "60 % of four shards");
    assert_eq!(throttled(Some(0.0)), 0);
    assert_eq!(throttled(Some(0.2)), 0, "0.48 + 0.48 of a shard");
    // 0.96 beside a quarter of 1.44 is 1.32 shards, of which one is taken; of 2.4 shards' 14,400 records that is 1,920.
    assert_eq!(throttled(Some(0.4)), 1_920);
    assert_eq!(throttled(Some(1.0)), 8_400, "all on one shard");
}

#[test]
fn the_stream_is_brought_inside_its_bounds_and_kept_there() {
    let setup = Setup::new(2, policy(PolicySpec { shards_min: 6, shards_max: 8, ..PolicySpec::default() }));
    let run = simulate(&steps(&[(120, 100), (120, 2_000)]), &setup);
    assert_eq!(run.calls[0].minute, 0, "by the first run of alarm-sync: {:?}", calls(&run));
    assert!(run.capacity[30..].iter().all(|shards| (6..=8).contains(shards)), "{:?}", calls(&run));
    assert_legal(&run);
}

#[test]
fn without_traffic_and_without_minutes_nothing_goes_wrong() {
    let idle = simulate(&steps(&[(300, 0)]), &setup(8));
    assert_eq!(idle.capacity.last(), Some(&1), "an idle stream goes down to the minimum: {:?}", calls(&idle));
    assert_eq!(simulate(&steps(&[]), &setup(0)), Run::default());
    assert_eq!(simulate(&steps(&[(1, 10)]), &setup(0)).capacity, [1], "zero counts as one");
}

/// Alarm-sync alone is awake before a peak that comes every day: no scale-out alarm fires until the stream has grown.
#[test]
fn a_daily_peak_is_met_on_its_third_day_before_any_alarm_fires() {
    // Two shards' load, and for three hours of each day seven shards', from one minute to the next.
    let (begins, ends) = (960, 1_140);
    let daily = trace((0..3 * 1_440).map(|minute| {
        let unrest = (minute * 7 % 11) as u64;
        if (begins..ends).contains(&(minute % 1_440)) { 690 + unrest } else { 190 + unrest }
    }));
    let setup = setup(3);
    let mut simulation = Simulation::new(&daily, &setup);
    let mut fired = Vec::new();
    for minute in 0.. {
        if !simulation.step() {
            break;
        }
        let is_firing = |(alarm, state): &(StreamAlarm, AlarmState)| {
            alarm.name.ends_with("/scale-out") && *state == AlarmState::Alarm
        };
        if simulation.alarms().iter().any(is_firing) {
            fired.push(minute);
        }
    }
    let run = simulation.run();
    assert_legal(&run);
    let peak = 2 * 1_440 + begins;
    assert!(run.capacity[peak] >= 7, "{} shards as the peak begins: {:?}", run.capacity[peak], calls(&run));
    let grown: Vec<_> = run.calls.iter().filter(|call| (peak - 180..peak).contains(&call.minute)).collect();
    assert!(grown.iter().any(|call| call.to > call.from), "{:?}", calls(&run));
    for call in grown {
        assert!(call.reason.contains("the forecast peak needs"), "{}", call.reason);
        assert!(!fired.contains(&call.minute), "an alarm asked for it in minute {}", call.minute);
    }
    assert!(!fired.iter().any(|minute| (peak - 180..peak).contains(minute)), "{fired:?}");
    // On the first day nothing could be known: it is met only as it comes.
    assert!(run.capacity[begins] < 7 && fired.iter().any(|minute| (begins..ends).contains(minute)), "{fired:?}");
}

/// With a hot key, or retries, capacity alone does not tell what was throttled: the run does.
#[test]
fn what_a_hot_key_throttles_is_in_the_score() {
    let trace = steps(&[(120, 240)]);
    let policy = Policy::new(PolicySpec { shards_min: 4, shards_max: 4, ..PolicySpec::default() }).unwrap();
    let hot = Setup { skew: Skew::of_key("hottest", 1.0), ..Setup::new(4, policy) };
    let mut simulation = Simulation::new(&trace, &hot);
    while simulation.step() {}
    let traffic = simulation.traffic();
    let score = Score::of(&trace, &simulation.run(), &hot.assumptions);
    let lost = traffic.lost.records as f64 / traffic.offered.records as f64;
    assert!((score.throttled_records_share - lost).abs() < 1e-4 && lost > 0.5, "{score:?} {traffic:?}");
    let even = Score::of(&trace, &simulate(&trace, &Setup::new(4, policy)), &hot.assumptions);
    assert!(even.throttled_records_share < 1e-9, "spread evenly it fits");
}
