// SPDX-License-Identifier: Apache-2.0
//! `decide`, one line per case: what it comes to, and why.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod support;

use scaler_core::{
    BoundsReason, BudgetReason, Cause, ConsumersReason, CooldownReason, Direction, DirectionReason, NoneLeft,
    QuotaReason, Reason, StepFactorReason, Verdict,
};
use support::{Case, NOW};

/// Checks the desired count and the reason that was decisive: the last step's.
#[track_caller]
fn check(case: Case, direction: Direction, desired: u32, decisive: impl Fn(&Reason) -> bool) {
    let decision = case.decide(direction);
    assert_eq!(decision.desired.get(), desired, "{}", decision.words());
    let reason = &decision.steps.last().unwrap().reason;
    assert!(decisive(reason), "decided by {reason:?}: {}", decision.words());
}

macro_rules! is {
    ($($pattern:tt)+) => { |reason: &Reason| matches!(reason, $($pattern)+) };
}

use Direction::{In, Out};

#[test]
fn scale_out_goes_to_the_exact_count() {
    // (open shards, percent of them used) -> count that runs at 80 %
    check(Case::of(4).busy(100), Out, 5, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(4).busy(89), Out, 5, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(10).busy(95), Out, 12, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(40).busy(97), Out, 49, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(4).busy(88), Out, 4, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    check(Case::of(4).busy(50), Out, 4, is!(Reason::Direction(DirectionReason::OtherDirection(_))));
}

#[test]
fn records_count_as_much_as_bytes() {
    check(Case::of(4).records_per_second(3_900), Out, 5, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(
        Case::of(4).records_per_second(2_000),
        In,
        3,
        is!(Reason::StepFactor(StepFactorReason::WithinStep) | Reason::Quota(QuotaReason::WithinQuota)),
    );
}

#[test]
fn throttled_records_are_demand() {
    // 4,000 records/s accepted and as many refused: 8,000 / 0.8 = 10, of which one call may do 8.
    check(
        Case::of(4).records_per_second(4_000).throttled_per_second(4_000),
        Out,
        8,
        is!(Reason::Quota(QuotaReason::WithinQuota)),
    );
    let decision = Case::of(4).records_per_second(4_000).throttled_per_second(4_000).decide(Out);
    assert!(
        decision.steps.iter().any(
            |step| matches!(step.reason, Reason::StepFactor(StepFactorReason::LimitedToDouble(n)) if n.get() == 10)
        )
    );
    // A mean record of 1 KiB: refused records are refused bytes as well.
    check(
        Case::of(4).busy(100).records_per_second(2_000).throttled_per_second(500),
        Out,
        7,
        is!(Reason::Quota(QuotaReason::WithinQuota)),
    );
}

#[test]
fn throttling_that_the_average_hides() {
    check(Case::of(8).busy(70).throttled_per_second(1), Out, 10, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(8).busy(20).throttled_per_second(1), Out, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    let words = Case::of(8).busy(20).throttled_per_second(1).decide(Out).words();
    assert!(words.contains("one shard or key is hot"), "{words}");
    // Nor is a stream shrunk that throttled in the window.
    check(Case::of(8).busy(20).throttled_per_second(1), In, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    // Nor when the throttling was what the last scale-out answered.
    check(
        Case::of(8).busy(60).throttled_per_second(1).resized("o", 3_000),
        In,
        8,
        is!(Reason::Direction(DirectionReason::OtherDirection(_))),
    );
    // At 85 % a stream would be close enough to its target; not while it throttles.
    // Refused retries of one hot key are not a full stream, however many.
    check(
        Case::of(8).busy(19).records_per_second(100).throttled_per_second(9_000),
        Out,
        8,
        is!(Reason::Bounds(BoundsReason::WithinBounds)),
    );
    check(
        Case::of(8).busy(85).records_per_second(8).throttled_per_second(1),
        Out,
        10,
        is!(Reason::Quota(QuotaReason::WithinQuota)),
    );
}

#[test]
fn scale_in_goes_to_what_the_busiest_minute_of_the_window_needs() {
    check(Case::of(8).busy(10), In, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(8).busy(50), In, 5, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(8).busy(10).peak_minutes_ago(20, 60), In, 6, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(8).busy(75), In, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    check(Case::of(5).busy(0), In, 3, is!(Reason::Quota(QuotaReason::WithinQuota))); // half rounds up
    check(Case::of(1).busy(0), In, 1, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    check(Case::of(8).busy(100), In, 8, is!(Reason::Direction(DirectionReason::OtherDirection(_))));
}

#[test]
fn scale_in_waits_for_a_falling_load_to_arrive() {
    // The busy minute is in the older half of the window: once it has left, one resize does what now would take two.
    check(Case::of(8).busy(10).peak_minutes_ago(55, 60), In, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    let words = Case::of(8).busy(10).peak_minutes_ago(55, 60).decide(In).words();
    assert!(
        words.contains(
            "the busiest minute of the window needs 6 shards, and the load is falling towards 1 \
        shard"
        ),
        "{words}"
    );
    check(Case::of(8).busy(58).peak_minutes_ago(55, 60), In, 6, is!(Reason::Quota(QuotaReason::WithinQuota)));
}

#[test]
fn throttling_while_a_resize_was_under_way_says_nothing_of_the_new_size() {
    check(
        Case::of(8).busy(70).throttled_per_second(1).resized("o", 359),
        Out,
        8,
        is!(Reason::Direction(DirectionReason::OtherDirection(_))),
    );
    check(
        Case::of(8).busy(70).throttled_per_second(1).resized("o", 360),
        Out,
        10,
        is!(Reason::Quota(QuotaReason::WithinQuota)),
    );
}

#[test]
fn a_gap_is_not_idle() {
    check(Case::of(8).unknown(), Out, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    check(Case::of(8).unknown(), In, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    check(Case::of(8).busy(10).known_minutes(20), In, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    check(Case::of(8).busy(10).newest_minutes_ago(15), In, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    let words = Case::of(8).unknown().decide(In).words();
    assert_eq!(
        words,
        "held at 8 shards: CloudWatch has no metrics for the last 62 minutes: an unknown load is \
        not treated as idle"
    );
    // No write metrics at all, but a consumer's: CloudWatch reports the stream, so nobody writes.
    check(Case::of(8).only_a_consumer(), In, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
}

#[test]
fn consumers_behind_block_scale_in_only() {
    check(Case::of(8).busy(10).lag_ms(61_000), In, 8, is!(Reason::Consumers(ConsumersReason::ConsumersBehind { .. })));
    check(Case::of(8).busy(10).lag_ms(60_000), In, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(8).busy(95).lag_ms(61_000), Out, 10, is!(Reason::Quota(QuotaReason::WithinQuota)));
    // Five reads a second a shard is a limit that shards do not lift: only throttled volume keeps them.
    check(Case::of(8).busy(10).read_throttles(3), In, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(
        Case::of(8).busy(10).read_throttles(3).read_mib_per_second(7),
        In,
        8,
        is!(Reason::Consumers(ConsumersReason::ReadThrottled { calls: 3 })),
    );
    // A consumer that read half an hour ago and does not now is not one that keeps up.
    check(
        Case::of(8).busy(10).consumer_stopped_minutes_ago(30),
        In,
        8,
        is!(Reason::Consumers(ConsumersReason::ConsumersSilent)),
    );
    // 4 MiB written a second by 8 shards, read three times: 12 MiB/s at 80 % of 2 MiB/s a shard.
    check(Case::of(16).busy(25).read_mib_per_second(12), In, 8, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(16).busy(25).read_mib_per_second(20), In, 13, is!(Reason::Quota(QuotaReason::WithinQuota)));
    let unread = Case::of(8).busy(10).no_consumer().decide(In);
    assert!(
        unread.steps.iter().any(|step| step.reason == Reason::Consumers(ConsumersReason::LagUnknown)),
        "said, not assumed"
    );
    assert_eq!(unread.desired.get(), 4);
    assert!(unread.words().contains("lag could not be checked"), "{}", unread.words());
}

#[test]
fn cooldowns_count_from_any_attempt() {
    check(Case::of(4).busy(100).resized("i", 119), Out, 4, is!(Reason::Cooldown(CooldownReason::CoolingDown { .. })));
    check(Case::of(4).busy(100).resized("x", 119), Out, 4, is!(Reason::Cooldown(CooldownReason::RefusedLately { .. })));
    check(Case::of(4).busy(100).resized("o", 600), Out, 5, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(8).busy(10).resized("o", 1_799), In, 8, is!(Reason::Cooldown(CooldownReason::CoolingDown { .. })));
    check(Case::of(8).busy(10).resized("o", 1_800), In, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
}

#[test]
fn what_was_measured_before_a_resize_does_not_argue_for_the_next() {
    check(
        Case::of(4).busy(100).resized("o", 121).newest_minutes_ago(4),
        Out,
        4,
        is!(Reason::Bounds(BoundsReason::WithinBounds)),
    );
}

#[test]
fn ten_a_day_and_the_reserve() {
    check(Case::of(4).busy(100).resizes_today(3), Out, 5, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(
        Case::of(4).busy(100).resizes_today(10),
        Out,
        4,
        is!(Reason::Budget(BudgetReason::NoneLeft(NoneLeft::BudgetSpent { spent: 10, .. }))),
    );
    check(Case::of(8).busy(10).resizes_today(5), In, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(
        Case::of(8).busy(10).resizes_today(8),
        In,
        8,
        is!(Reason::Budget(BudgetReason::ReservedForScaleOut { left: 2, reserved: 2 })),
    );
    let words = Case::of(4).busy(100).resizes_today(10).decide(Out).words();
    assert!(
        words.ends_with("10 resizes were made in the last 24 h and AWS allows 10: the next is possible at 17:02Z"),
        "{words}"
    );
}

#[test]
fn the_fewer_resizes_are_left_the_longer_each_must_last() {
    check(Case::of(40).busy(95).resizes_today(3), Out, 48, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(40).busy(95).resizes_today(4), Out, 50, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(40).busy(95).resizes_today(7), Out, 60, is!(Reason::Quota(QuotaReason::WithinQuota)));
    // What was made to last is not taken back as soon as it proves to be more than enough.
    check(Case::of(50).busy(72).resizes_today(4), In, 50, is!(Reason::Budget(BudgetReason::TooSmallForBudget { .. })));
    check(Case::of(50).busy(50).resizes_today(4), In, 32, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(90).busy(95).resizes_today(7), Out, 100, is!(Reason::Quota(QuotaReason::WithinQuota))); // but not over the maximum
}

#[test]
fn scale_in_keeps_a_way_back_to_the_days_peak() {
    // 100 shards by day. Four resizes spent: of the six left one is this one, one to spare, and four double 7 to over 100.
    let night = |shards| Case::of(shards).busy(1).resized_from(100, 4);
    check(night(14), In, 7, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(night(10), In, 7, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(night(7), In, 7, is!(Reason::Budget(BudgetReason::RecoveryFloor { .. })));
    // A floor that would leave a resize hardly worth its while leaves none.
    check(Case::of(14).busy(1).resized_from(100, 5), In, 14, is!(Reason::Budget(BudgetReason::RecoveryFloor { .. })));
    // Nor is there a way back to more than the maximum.
    check(
        Case::of(60).busy(1).resized_from(800, 5).tag("shards-max", "20"),
        In,
        30,
        is!(Reason::Quota(QuotaReason::WithinQuota)),
    );
}

#[test]
fn bounds_are_the_operators() {
    check(Case::of(4).busy(100).tag("shards-max", "4"), Out, 4, is!(Reason::Bounds(BoundsReason::LoweredToMax { .. })));
    check(Case::of(8).busy(10).tag("shards-min", "6"), In, 6, is!(Reason::Quota(QuotaReason::WithinQuota)));
    // Outside its bounds a stream is brought inside, by the function whose direction that is.
    check(Case::of(2).busy(10).tag("shards-min", "3"), Out, 3, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(2).unknown().tag("shards-min", "9"), Out, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
    // A maximum caps growth; it takes nothing away that the load needs.
    check(Case::of(300).busy(60), In, 225, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(300).busy(90), In, 300, is!(Reason::Direction(DirectionReason::OtherDirection(_))));
    check(Case::of(300).busy(90), Out, 300, is!(Reason::Bounds(BoundsReason::LoweredToMax { .. })));
    check(Case::of(300).unknown(), In, 300, is!(Reason::Bounds(BoundsReason::OverMax { .. })));
    check(Case::of(300).unknown(), Out, 300, is!(Reason::Bounds(BoundsReason::OverMax { .. })));
    // One over its maximum is worth a resize, where the load allows it; one under it is not.
    check(Case::of(101).busy(79), In, 100, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(Case::of(100).busy(79), In, 100, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    let words = Case::of(300).busy(75).decide(In).words();
    assert!(words.contains("more shards than its maximum of 100"), "{words}");
}

#[test]
fn a_way_back_inside_the_bounds_waits_for_nothing_that_would_change_it() {
    // The load falls towards less than the minimum: it is the minimum all the same.
    let falling = Case::of(8).busy(10).peak_minutes_ago(55, 60);
    check(falling.clone().tag("shards-min", "6"), In, 6, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(falling.tag("shards-min", "5"), In, 8, is!(Reason::Bounds(BoundsReason::WithinBounds)));
    // Small as it is, and few as the resizes left are.
    let few = Case::of(50).busy(72).resizes_today(4);
    check(few.clone().tag("shards-max", "49"), In, 45, is!(Reason::Quota(QuotaReason::WithinQuota)));
    check(few.tag("shards-max", "50"), In, 50, is!(Reason::Budget(BudgetReason::TooSmallForBudget { .. })));
}

#[test]
fn the_accounts_quota_caps_scale_out() {
    check(
        Case::of(8).busy(100).account(199, 200),
        Out,
        9,
        is!(Reason::Quota(QuotaReason::AccountQuota { left: 1, .. })),
    );
    check(
        Case::of(8).busy(100).account(200, 200),
        Out,
        8,
        is!(Reason::Quota(QuotaReason::AccountQuota { left: 0, .. })),
    );
    check(Case::of(8).busy(100).account_unknown(), Out, 10, is!(Reason::Quota(QuotaReason::QuotaUnknown)));
    check(Case::of(8).busy(10).account(200, 200), In, 4, is!(Reason::Quota(QuotaReason::WithinQuota)));
}

#[test]
fn streams_that_are_not_ours_to_change() {
    use kinesis_model::{StreamMode, StreamStatus};
    let refused = |case: Case| case.decide(Out).verdict == Verdict::Refuse;
    assert!(refused(Case::of(4).busy(100).unmanaged()));
    assert!(refused(Case::of(4).busy(100).mode(StreamMode::OnDemand)));
    assert!(refused(Case::of(4).busy(100).status(StreamStatus::Deleting)));
    assert!(refused(Case::of(4).busy(100).tag("shards-max", "many")));
    assert!(refused(Case::of(4).busy(100).tag("shards-min", "101")), "more than the stack's maximum");
    assert_eq!(Case::of(4).busy(100).status(StreamStatus::Updating).decide(Out).verdict, Verdict::Hold);
}

/// Scale-out that a stream needs and does not get, and what nobody but a person can mend; not what only costs money, and not
/// what passes.
#[test]
fn a_person_is_told_of_what_needs_one() {
    let told = |case: &Case, way| case.decide(way).attention.is_some();
    let busy = || Case::of(8).busy(100);
    let idle = || Case::of(8).busy(10);
    assert!(told(&busy().tag("shards-max", "8"), Out));
    assert!(told(&busy().resizes_today(10), Out) && !told(&idle().resizes_today(10), In));
    assert!(told(&busy().account(8, 8), Out));
    assert!(told(&idle().throttled_per_second(1), Out) && !told(&idle().throttled_per_second(1), In));
    assert!(told(&idle().resized("x", 60), In) && !told(&idle().resized("i", 60), In));
    assert!(told(&busy().tag("shards-max", "many"), Out));
    assert!(!told(&busy().unmanaged(), Out), "somebody removed the tag on purpose");
    assert!(!told(&busy().status(kinesis_model::StreamStatus::Deleting), Out));
    assert!(!told(&Case::of(300).busy(75), In), "over the maximum, and served");
    let refused = idle().resized("x", 60).decide(In).words();
    assert!(refused.contains("AWS refused the attempt at 02:59Z"), "{refused}");
}

#[test]
fn a_dry_run_decides_and_does_not_act() {
    let decision = Case::of(4).busy(100).tag("dry-run", "true").decide(Out);
    assert_eq!((decision.verdict, decision.desired.get()), (Verdict::DryRun, 5));
    assert!(decision.words().starts_with("dry run: would scale out from 4 to 5 shards"), "{}", decision.words());
}

#[test]
fn a_decision_explains_itself() {
    let words = Case::of(4).records_per_second(4_000).throttled_per_second(4_000).decide(Out).words();
    let minute = NOW.checked_sub(jiff::SignedDuration::from_mins(1)).unwrap().strftime("%H:%MZ").to_string();
    assert_eq!(
        words,
        format!(
            "scale-out from 4 to 8 shards: demand in the busiest minute ({minute}) was 0.0 MiB/s, 8000 \
             records/s: 200 % of the stream's capacity by records; the target utilization is 80 %; 10 shards \
             would be more than double, and AWS at most doubles in one resize: a later evaluation continues"
        )
    );
}

/// A resize is free at the minute that is told, and not some seconds after it.
#[test]
fn what_is_free_at_a_time_is_free_then() {
    // Ten within the last day, of which the oldest was made at 03:00:10 on the day before.
    let ten: Vec<_> = (0..10).map(|hour| format!("o{}=4-4", NOW.as_second() - 86_400 + 10 + hour * 3_600)).collect();
    let decision = Case::of(4).busy(100).tag("resizes", &ten.join(" ")).decide(Out);
    assert!(decision.words().ends_with("the next is possible at 03:03Z"), "{}", decision.words());
    let free = "2026-01-02T03:03:00Z".parse().unwrap();
    assert_eq!(decision.attention, Some(Cause::BudgetSpent { next: free }));
}
