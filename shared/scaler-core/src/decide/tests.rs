// SPDX-License-Identifier: Apache-2.0
//! Words of reasons, as of a time.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn consumers_that_are_behind_by_more_than_is_borne_are_told_so() {
    let behind = ConsumersReason::ConsumersBehind { iterator_age_ms: 60_001, max_seconds: 60 };
    let told = Reason::Consumers(behind).to_string();
    assert!(told.starts_with("consumers are 61 s behind (more than 60 s)"), "{told}");
}

#[test]
fn a_time_of_another_day_has_its_date() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let told = |reason: &Reason, now: &str| ReasonAt { reason, now: Some(at(now)) }.to_string();
    let next = at("2026-12-01T10:12:00Z");
    let spent = Reason::Budget(BudgetReason::NoneLeft(NoneLeft::BudgetSpent { spent: 10, next }));
    assert!(told(&spent, "2026-12-01T09:00:00Z").ends_with("the next is possible at 10:12Z"), "the same day");
    assert!(told(&spent, "2026-11-30T10:17:00Z").ends_with("the next is possible at 2026-12-01 10:12Z"), "tomorrow");
    assert!(told(&spent, "2027-12-01T10:00:00Z").ends_with("at 2026-12-01 10:12Z"), "the same day of another year");
    assert!(spent.to_string().ends_with("at 2026-12-01 10:12Z"), "to whom, and when, is not known");
    let resized_at = at("2026-11-30T23:58:00Z");
    for (reason, words) in [
        (Reason::Cooldown(CooldownReason::CoolingDown { until: at("2026-12-01T00:10:00Z") }), "until 00:10:00Z"),
        (
            Reason::Recommend(RecommendReason::Unknown(UnknownLoad::NoDataSinceResize { resized_at })),
            "at 2026-11-30 23:58Z",
        ),
        (
            Reason::Cooldown(CooldownReason::RefusedLately {
                at: at("2026-11-30T23:59:00Z"),
                until: at("2026-12-01T00:14:00Z"),
            }),
            "at 2026-11-30 23:59Z (the log says why); the next attempt is possible at 00:14:00Z",
        ),
    ] {
        let told = told(&reason, "2026-12-01T00:05:00Z");
        assert!(told.ends_with(words), "{told}");
    }
}
