// SPDX-License-Identifier: Apache-2.0
//! What a plan does for a stream: ready before its peak, smaller after it, at rest where nothing happens.
#![allow(clippy::unwrap_used)]

#[path = "support/days.rs"]
mod days;

use std::sync::Arc;

use days::{DAY, Days, Resize, at, decided, planned, policy, spent, time};
use kinesis_model::{Limit, MetricWindow, Minute};
use scaler_core::{
    Direction, LoadHistory, Observation, Plan, Policy, PolicySpec, ResizeHistory, Risk, StreamTags, Verdict,
};

/// Sixteenths of a shard: 2.5 shards but for 7.5 from 19:00 to 22:00, with some unrest.
fn evenings(minute: usize) -> u64 {
    let unrest = (minute * 7 % 5) as u64;
    if (19 * 60..22 * 60).contains(&(minute % DAY)) { 116 + unrest } else { 36 + unrest }
}

fn ten_evenings() -> Days {
    Days::of(11, evenings)
}

fn plan(days: &Days, shards: u32, now: usize) -> Option<Plan> {
    days.plan(&policy(), &days.seen_without_past(shards, now), now)
}

/// Counts planned for the spans, in their order.
fn counts(plan: &Plan) -> Vec<u32> {
    plan.spans.iter().map(|span| span.shards.get()).collect()
}

#[test]
fn a_stream_is_made_ready_before_its_daily_peak_and_its_plan_says_so_ahead() {
    let days = ten_evenings();
    let ahead = plan(&days, 4, time(10, 18, 20)).unwrap();
    let (minutes, to) = match ahead.desired().get() {
        4 => ahead.next().unwrap(),
        _ => (0, ahead.desired()),
    };
    assert!(minutes <= 40 && to.get() >= 7, "{ahead:?}");

    let resizes = days.live(&policy(), 4, time(10, 18, 20), time(10, 19, 0));
    let last = resizes.last().unwrap();
    assert!((8..=12).contains(&last.to), "{resizes:?}");
    assert!(resizes.len() <= 2, "{resizes:?}");
    for words in resizes.iter().map(|resize| &resize.words) {
        assert!(words.starts_with("scale-out from 4 to "), "{words}");
        assert!(words.contains("the forecast peak needs "), "why: {words}");
        assert!(words.contains("resizes per 24 h left, the plan is ") && words.contains(" now and "), "how: {words}");
    }
    assert!(
        resizes.iter().any(|resize| resize.words.contains("the forecast peak needs 8 shards in ")),
        "when: {resizes:?}"
    );
    // Seen without its past the stream has no reason to grow.
    let seen = days.seen_without_past(4, time(10, 18, 55));
    assert_eq!(decided(&policy(), &seen, Direction::Out, at(time(10, 18, 55))).verdict, Verdict::Hold);
}

#[test]
fn what_a_peak_will_need_is_held_before_it_and_given_back_after_it() {
    let days = ten_evenings();
    let before = time(10, 18, 50);
    let held = decided(&policy(), &days.seen(8, before), Direction::In, at(before));
    assert_eq!(held.verdict, Verdict::Hold, "{}", held.words());
    assert!(held.words().contains("the forecast peak needs"), "{}", held.words());
    let blind = decided(&policy(), &days.seen_without_past(8, before), Direction::In, at(before));
    assert!(blind.desired.get() < 8, "the last hour alone would give them away: {}", blind.words());

    let resizes = days.live(&policy(), 9, time(10, 21, 0), time(10, 23, 59));
    let first = resizes.first().unwrap();
    assert!(first.minute >= time(10, 21, 45), "not while the peak lasts: {resizes:?}");
    assert!((3..=5).contains(&resizes.last().unwrap().to), "{resizes:?}");
    assert!(resizes.iter().all(|resize| resize.to < resize.from), "{resizes:?}");
}

#[test]
fn days_alike_are_lived_through_without_throttling_and_within_the_budget() {
    let resizes = ten_evenings().live(&policy(), 4, time(9, 12, 0), time(11, 0, 0));
    let eleven = |calls: &[Resize]| calls[10].minute - calls[0].minute < DAY;
    assert!(!resizes.windows(11).any(eleven), "{resizes:?}");
    let mut shards = 4;
    let mut left = resizes.iter().peekable();
    for minute in time(9, 12, 0)..time(11, 0, 0) {
        while let Some(resize) = left.next_if(|resize| resize.minute <= minute) {
            shards = resize.to;
        }
        assert!(u64::from(shards) * 16 >= evenings(minute), "throttled in minute {minute}: {resizes:?}");
    }
}

#[test]
fn bytes_and_records_that_fill_the_same_shards_have_the_same_plan() {
    let by = |limit| Days::bound_by(limit, 6, evenings);
    let (bytes, records) = (by(Limit::WriteBytes), by(Limit::WriteRecords));
    for now in [time(3, 4, 0), time(4, 18, 40), time(5, 20, 10), time(5, 22, 30)] {
        for shards in [3, 9, 20] {
            assert_eq!(plan(&bytes, shards, now).unwrap(), plan(&records, shards, now).unwrap(), "minute {now}");
        }
    }
}

/// It takes half an hour, longer than the plan's first span; so the plan once put it off from look to look.
#[test]
fn a_large_stream_that_is_too_large_shrinks_at_the_first_look() {
    let days = Days::of(5, |minute| 16 * 200 + (minute * 11 % 70) as u64);
    let now = time(4, 12, 0);
    let policy = Policy::new(PolicySpec { shards_max: 1_000, ..PolicySpec::default() }).unwrap();
    let seen = days.seen_by(&policy, ResizeHistory::default(), 340, now);
    let decision = decided(&policy, &seen, Direction::In, at(now));
    assert!((255..=265).contains(&decision.desired.get()), "204 shards of load: {}", decision.words());
}

/// Whatever it begins with, a flat load ends in one count and no resize more.
#[test]
fn a_flat_load_comes_to_rest() {
    let days = Days::of(5, |minute| 50 + (minute * 11 % 7) as u64);
    for shards in [2, 4, 7, 30] {
        let resizes = days.live(&policy(), shards, time(3, 0, 30), time(4, 6, 30));
        assert!(resizes.iter().all(|resize| resize.minute < time(3, 8, 30)), "does not come to rest: {resizes:?}");
        let rest = resizes.last().map_or(shards, |resize| resize.to);
        assert!((4..=6).contains(&rest), "3.3 shards of load from {shards}: {resizes:?}");
        let turns = resizes.windows(2).filter(|pair| (pair[0].to > pair[0].from) != (pair[1].to > pair[1].from));
        assert_eq!(turns.count(), 0, "turned around: {resizes:?}");
    }
}

#[test]
fn with_less_than_an_hour_of_history_every_decision_is_as_if_there_were_none() {
    let days = Days::of(2, evenings);
    let short = |minutes: usize| {
        let minutes = vec![days.minutes[0]; minutes];
        Arc::new(LoadHistory::of(&MetricWindow { end: at(time(1, 18, 0)), minutes }))
    };
    for shards in [1, 2, 3, 4, 9, 40] {
        for now in [time(1, 18, 30), time(1, 20, 0), time(1, 23, 10)] {
            let without = days.seen_without_past(shards, now);
            for past in [short(0), short(1), short(59)] {
                let plan = planned(&policy(), &without, &past, now);
                assert_eq!(plan, None);
                let seen = Observation { plan: plan.into(), ..without.clone() };
                for way in [Direction::Out, Direction::In] {
                    assert_eq!(decided(&policy(), &seen, way, at(now)), decided(&policy(), &without, way, at(now)));
                }
            }
        }
    }
}

#[test]
fn gaps_in_the_past_do_not_keep_a_stream_from_being_ready() {
    // Every third minute, a whole night, and half a day are unknown.
    let days = ten_evenings().unknown(|minute| {
        minute % 3 == 1
            || (time(7, 0, 0)..time(7, 8, 0)).contains(&minute)
            || (time(8, 12, 0)..time(9, 0, 0)).contains(&minute)
    });
    let resizes = days.live(&policy(), 4, time(10, 18, 20), time(10, 19, 0));
    assert!((7..=12).contains(&resizes.last().unwrap().to), "{resizes:?}");
}

#[test]
fn a_past_that_says_nothing_of_the_last_minutes_makes_no_plan_and_changes_nothing() {
    let now = time(10, 18, 50);
    // (minutes since the end of the newest known one, whether a plan is made of it)
    for (age, is_planned) in [(3, true), (12, true), (13, false), (40, false), (600, false)] {
        let days = ten_evenings().unknown(|minute| minute >= now - age);
        assert_eq!(plan(&days, 4, now).is_some(), is_planned, "{age} minutes");
        for way in [Direction::Out, Direction::In] {
            let decision = decided(&policy(), &days.seen(20, now), way, at(now));
            let is_held = decision.verdict == Verdict::Hold;
            assert!(is_planned || is_held, "{age} minutes: {}", decision.words());
        }
    }
}

#[test]
fn how_much_throttling_may_be_risked_is_a_word_of_a_tag() {
    let risk = |tags: &[(&str, &str)]| StreamTags::read(tags).policy(&policy()).unwrap().throttling_risk;
    assert_eq!(risk(&[]), Risk::Balanced);
    for own in Risk::ALL {
        assert_eq!(risk(&[("kinesis-scaler/risk", &own.to_string())]), own);
    }
    // Words of older releases, which streams still have: each is the position that is more careful.
    assert_eq!(["cautious", "lean"].map(|old| risk(&[("kinesis-scaler/risk", old)])), [Risk::Careful, Risk::Balanced]);
    let fault = &StreamTags::read(&[("kinesis-scaler/risk", "brave")]).faults[0];
    let told = "tag kinesis-scaler/risk=\"brave\" is not careful, balanced or thrifty";
    assert_eq!(fault.to_string(), told);
}

#[test]
fn the_less_may_be_risked_the_more_shards_are_planned_for_now() {
    let days = Days::of(11, |minute| evenings(minute) + (minute * minute % 23) as u64);
    for now in [time(10, 3, 0), time(10, 18, 20), time(10, 18, 50), time(10, 20, 30), time(10, 22, 40)] {
        for shards in [3, 5, 9, 16] {
            let of = |risk| {
                let policy = Policy::new(PolicySpec { throttling_risk: risk, ..PolicySpec::default() }).unwrap();
                days.plan(&policy, &days.seen_without_past(shards, now), now).unwrap().desired()
            };
            assert!(of(Risk::Careful) >= of(Risk::Thrifty), "minute {now} from {shards}");
        }
    }
}

#[test]
fn a_stream_close_to_its_maximum_still_grows_up_to_it() {
    // From 150 shards not every count is tried; the maximum is.
    let days = Days::of(3, |_| 16 * 158);
    let policy = Policy::new(PolicySpec { shards_max: 160, ..PolicySpec::default() }).unwrap();
    let now = time(2, 12, 0);
    for shards in [150, 151] {
        let seen = days.seen_by(&policy, ResizeHistory::default(), shards, now);
        let decision = decided(&policy, &seen, Direction::Out, at(now));
        assert_eq!(decision.desired.get(), 160, "{}", decision.words());
    }
}

#[test]
fn the_last_two_resizes_of_a_day_are_not_planned_away_on_scale_in() {
    let days = ten_evenings();
    let now = time(10, 4, 0);
    for (used, may_shrink) in [(0, true), (7, true), (8, false), (9, false), (10, false)] {
        let policy = Policy::new(PolicySpec { resizes_reserved_for_scale_out: 0, ..PolicySpec::default() }).unwrap();
        let seen = days.seen_by(&policy, spent(used, now, 20), 20, now);
        let decision = decided(&policy, &seen, Direction::In, at(now));
        assert_eq!(decision.desired.get() < 20, may_shrink, "{used} spent: {}", decision.words());
        let planned = days.plan(&policy, &seen, now).unwrap();
        assert!(may_shrink || counts(&planned)[0] == 20, "{used} spent: {planned:?}");
    }
}

/// Idle minutes that are known are idle: a consumer polls, nobody writes.
#[test]
fn a_stream_that_nobody_writes_to_goes_down_to_its_minimum() {
    let idle = Days::of(3, |_| 0);
    let quiet = Minute { bytes: None, records: None, throttled_records: None, ..idle.minutes[0] };
    let idle = Days { minutes: vec![quiet; idle.minutes.len()] };
    let policy = Policy::new(PolicySpec { shards_min: 2, ..PolicySpec::default() }).unwrap();
    let resizes = idle.live(&policy, 16, time(2, 0, 0), time(2, 12, 0));
    assert_eq!(resizes.iter().map(|resize| resize.to).collect::<Vec<_>>(), [8, 4, 2], "{resizes:?}");
}
