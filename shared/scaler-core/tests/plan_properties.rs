// SPDX-License-Identifier: Apache-2.0
//! Laws of plans, and of decisions that follow one, that hold for every past.
#![allow(clippy::unwrap_used)]

#[path = "support/days.rs"]
mod days;

use std::sync::Arc;

use days::{DAY, Days, at, decided, planned};
use proptest::prelude::*;
use scaler_core::{Direction, LoadHistory, Observation, Plan, Policy, PolicySpec, ResizeHistory, Risk};

/// Days that are alike but for some unrest, gaps included: hours of loads by the time of day.
fn days() -> impl Strategy<Value = Days> {
    let size = prop_oneof![3 => 1..=160_u64, 2 => 100..=4_000_u64, 1 => 3_000..=60_000_u64];
    (size, prop::collection::vec(0..=16_u64, 1..=24), 0..=8_u64, 1..=40_usize, 1..=5_usize).prop_map(
        |(size, hours, unrest, gap, count)| {
            let load = move |minute: usize| {
                let level = hours[minute / 60 % 24 % hours.len()] * size / 16;
                level + ((minute as u64 * 2_654_435_761) >> 7) % (level * unrest / 16 + 1)
            };
            Days::of(count, load).unknown(|minute| gap > 2 && minute % gap == 1)
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    (1..=4_000_u32, 1..=4_000_u32, 0..=50_u32, 0..Risk::ALL.len(), 0..=4_u32).prop_map(
        |(a, b, tolerance, risk, reserved)| {
            let spec = PolicySpec {
                shards_min: a.min(b),
                shards_max: a.max(b),
                tolerance_percent: tolerance,
                throttling_risk: Risk::ALL[risk],
                resizes_reserved_for_scale_out: reserved,
                ..PolicySpec::default()
            };
            Policy::new(spec).unwrap()
        },
    )
}

/// A stream with a past, in some minute of its last day, with so many resizes spent some of which the day frees.
#[derive(Clone, Debug)]
struct Looked {
    seen: Observation,
    past: Arc<LoadHistory>,
    now: usize,
}

impl Looked {
    fn left(&self) -> u32 {
        10_u32.saturating_sub(self.seen.tags.history.spent(at(self.now)))
    }

    fn plan(&self, policy: &Policy) -> Option<Plan> {
        planned(policy, &self.seen, &self.past, self.now)
    }

    /// Resizes that are free again in at most so many minutes.
    fn freed(&self, minutes: u32) -> usize {
        let by = at(self.now + minutes as usize);
        self.seen.tags.history.free_again(at(self.now)).iter().filter(|free| **free <= by).count()
    }
}

fn looked() -> impl Strategy<Value = Looked> {
    (days(), prop_oneof![3 => 1..=40_u32, 2 => 20..=400_u32, 1 => 200..=8_000_u32], 70..DAY, ages()).prop_map(
        |(days, shards, minute, ages)| {
            let now = days.minutes.len() - DAY + minute;
            let mut seen = days.seen_without_past(shards, now);
            seen.tags.history = history(&ages, shards, now);
            Looked { seen, past: days.past(now), now }
        },
    )
}

/// How many minutes ago each resize was: none of them keeps the stream from the next.
fn ages() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(31..1_500_i64, 0..=11)
}

fn history(ages: &[i64], shards: u32, now: usize) -> ResizeHistory {
    let word = |ago: &i64| format!("o{}={shards}-{shards}", at(now).as_second() - ago * 60);
    ResizeHistory::parse(&ages.iter().map(word).collect::<Vec<_>>().join(" ")).unwrap()
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Out), Just(Direction::In)]
}

proptest! {
    // Each case makes days of metrics and a plan or two.
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn the_first_step_of_every_plan_is_legal_and_within_bounds(policy in policy(), looked in looked()) {
        let Some(plan) = looked.plan(&policy) else { return Ok(()) };
        let (current, desired) = (looked.seen.stream.open_shards.get(), plan.desired().get());
        prop_assert!(desired <= current * 2 && desired >= current.div_ceil(2), "{current} -> {desired}");
        if desired > current {
            prop_assert!(desired <= policy.shards_max, "the maximum caps growth: {current} -> {desired}");
        } else if desired < current {
            prop_assert!(desired >= policy.shards_min, "not below the minimum: {current} -> {desired}");
        }
        if looked.left() == 0 {
            prop_assert_eq!(desired, current, "nothing can be done now");
        }
        if looked.left() <= 2 {
            prop_assert!(desired >= current, "the last two are for scale-out");
        }
    }

    #[test]
    fn a_plan_covers_a_day_in_order_and_no_more_changes_than_there_are_resizes(
        policy in policy(),
        looked in looked(),
    ) {
        let Some(plan) = looked.plan(&policy) else { return Ok(()) };
        prop_assert_eq!(plan.left, looked.left());
        let mut until = 0;
        let mut before = looked.seen.stream.open_shards;
        let mut changes = 0;
        for span in &plan.spans {
            prop_assert_eq!(span.begins_in_minutes, until, "spans without a gap");
            prop_assert!(span.minutes > 0 && span.likely <= span.high);
            until += span.minutes;
            changes += usize::from(span.shards != before);
            before = span.shards;
            // A change in a span is made with what is free as it begins.
            let may = looked.left() as usize + looked.freed(span.begins_in_minutes);
            prop_assert!(changes <= may, "{} changes with {} resizes: {:?}", changes, may, plan);
        }
        prop_assert_eq!(until, 1_440);
    }

    #[test]
    fn a_decision_with_a_past_is_legal_in_its_direction_and_the_same_again(
        policy in policy(),
        looked in looked(),
        way in direction(),
    ) {
        let seen = Observation { plan: looked.plan(&policy).into(), ..looked.seen.clone() };
        let decision = decided(&policy, &seen, way, at(looked.now));
        prop_assert_eq!(&decision, &decided(&policy, &seen.clone(), way, at(looked.now)));
        let (current, desired) = (decision.current.get(), decision.desired.get());
        prop_assert!(desired <= current * 2 && desired >= current.div_ceil(2), "{}", decision.words());
        match way {
            Direction::Out => prop_assert!(desired >= current, "{}", decision.words()),
            Direction::In => prop_assert!(desired <= current, "{}", decision.words()),
        }
        if (policy.shards_min..=policy.shards_max).contains(&current) {
            prop_assert!((policy.shards_min..=policy.shards_max).contains(&desired), "{}", decision.words());
        }
        if looked.left() == 0 {
            prop_assert_eq!(desired, current, "an eleventh resize");
        }
        if way == Direction::In && looked.left() <= 2 && looked.plan(&policy).is_some() {
            prop_assert_eq!(desired, current, "the last two are for scale-out: {}", decision.words());
        }
    }

    /// How many shards that makes is another question: the careful may take two steps where the thrifty take one.
    #[test]
    fn the_careful_reckon_with_no_less_than_the_thrifty_in_every_span(looked in looked()) {
        let of = |risk| {
            let spec = PolicySpec { throttling_risk: risk, shards_max: 10_000, ..PolicySpec::default() };
            looked.plan(&Policy::new(spec).unwrap()).map_or(Vec::new(), |plan| plan.spans)
        };
        for (careful, thrifty) in of(Risk::Careful).iter().zip(of(Risk::Thrifty)) {
            prop_assert!(careful.high >= thrifty.high && careful.likely == thrifty.likely);
        }
    }
}
