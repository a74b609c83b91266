// SPDX-License-Identifier: Apache-2.0
//! `decide` on streams of which one shard or key is the matter, and on those that have no resize left.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod support;

use kinesis_model::HashKeyRange;
use scaler_core::{
    BoundsReason, BudgetReason, Cause, CooldownReason, Decision, Direction, DirectionReason, HotKey, HotShardsReason,
    Need, NoneLeft, QuotaReason, Reason, RecommendReason, ShardCall, UnevenLoadReason, UnknownLoad, Verdict,
};
use support::{Case, NOW};

use Direction::{In, Out};

macro_rules! is {
    ($($pattern:tt)+) => { |reason: &Reason| matches!(reason, $($pattern)+) };
}

/// Even shards, each wanted to take so many percent of what it can.
fn even(percents: &[u64]) -> Case {
    let shards = u32::try_from(percents.len()).unwrap();
    let shards: Vec<_> = HashKeyRange::uniform(shards).into_iter().zip(percents.iter().copied()).collect();
    Case::of(u32::try_from(percents.len()).unwrap()).measured().shards(&shards)
}

/// Shards that end where these hundredths of the ring do, each wanted to take so many percent of what it can.
fn ranges(ends_and_percents: &[(u128, u64)]) -> Case {
    let mut first = 0;
    let mut shards = Vec::new();
    for (end, percent) in ends_and_percents {
        let last = if *end == 100 { u128::MAX } else { u128::MAX / 100 * end };
        shards.push((HashKeyRange::new(first, last).unwrap(), *percent));
        first = last.wrapping_add(1);
    }
    Case::of(u32::try_from(shards.len()).unwrap()).measured().shards(&shards)
}

fn has(decision: &Decision, reason: impl Fn(&Reason) -> bool) -> bool {
    decision.steps.iter().any(|step| reason(&step.reason))
}

/// What a decision calls: `split 2` for the third shard, `merge 0 1`, `9` for a count, `hold`.
fn call(decision: &Decision) -> String {
    let number = |id: &str| id.rsplit('-').next().unwrap().parse::<u32>().unwrap();
    match (&decision.resharding, decision.verdict) {
        (_, Verdict::Hold) => "hold".to_owned(),
        (_, Verdict::Measure) => "measure".to_owned(),
        (Some(plan), _) => match &plan.call {
            ShardCall::Split { shard, .. } => format!("split {}", number(shard)),
            ShardCall::Merge { lower, upper } => format!("merge {} {}", number(lower), number(upper)),
        },
        (None, _) => decision.desired.to_string(),
    }
}

#[track_caller]
fn check(case: Case, direction: Direction, expected: &str, decisive: impl Fn(&Reason) -> bool) -> Decision {
    let decision = case.decide(direction);
    assert_eq!(call(&decision), expected, "{}", decision.words());
    assert!(has(&decision, decisive), "{}", decision.words());
    decision
}

#[test]
fn what_makes_a_stream_throttle_is_told_apart() {
    // One shard of four is hot, and the average is 48 %.
    let hot = check(
        even(&[20, 130, 20, 20]),
        Out,
        "split 1",
        is!(Reason::HotShards(HotShardsReason::HotShard { load_percent: 130..=135, .. })),
    );
    assert_eq!((hot.desired.get(), hot.attention), (5, None), "five shards where doubling would make eight");
    // All are equally full.
    check(even(&[110, 110, 110, 110]), Out, "6", is!(Reason::Recommend(RecommendReason::Load { .. })));
    // Keys are even, ranges are not.
    check(
        ranges(&[(55, 138), (70, 37), (85, 37), (100, 37)]),
        Out,
        "split 0",
        is!(Reason::HotShards(HotShardsReason::WideShard { .. })),
    );
    // What is left of three splits is as hot as ever: one key.
    let key = check(
        ranges(&[(50, 20), (52, 20), (54, 150), (77, 20), (100, 20)]),
        Out,
        "hold",
        is!(Reason::HotShards(HotShardsReason::HotKey(HotKey { narrower: 10, .. }))),
    );
    assert!(matches!(key.attention, Some(Cause::HotKey { .. })), "a person has to see to the key: {}", key.words());
    // Bursts of seconds, everywhere.
    check(even(&[30, 30, 30, 30]).bursts(), Out, "5", is!(Reason::HotShards(HotShardsReason::EvenBursts(_))));
}

#[test]
fn a_hot_key_does_not_keep_another_hot_shard_from_being_split() {
    check(
        ranges(&[(2, 150), (40, 20), (70, 140), (100, 20)]),
        Out,
        "split 2",
        is!(Reason::HotShards(HotShardsReason::HotShard { .. })),
    );
}

#[test]
fn a_stream_of_which_the_shards_are_not_known_is_looked_at_first() {
    assert_eq!(even(&[20, 130, 20, 20]).unlooked().ask(Out), Err(Need::Shards));
    // Split a minute ago, or measured since a minute ago.
    check(
        even(&[20, 130, 20, 20]).shards_unknown(),
        Out,
        "hold",
        is!(Reason::HotShards(HotShardsReason::ShardsUnknown)),
    );
    // Without the metrics of the shards nothing is to be seen: it is as before.
    let unmeasured = Case::of(8).busy(20).throttled_per_second(1).unlooked().decide(Out);
    assert!(unmeasured.attention == Some(Cause::HotShardSuspected));
    // What is of no matter to them costs no look.
    assert!(even(&[50, 50]).unlooked().ask(Out).is_ok());
    assert_eq!(even(&[95, 95]).unlooked().ask(Out), Err(Need::Shards), "whether even shards would do");
}

#[test]
fn shards_are_measured_only_where_that_is_allowed() {
    let suspected = || Case::of(8).busy(20).throttled_per_second(1);
    let measure = check(
        suspected().tag("shard-metrics", "true"),
        Out,
        "measure",
        is!(Reason::HotShards(HotShardsReason::MeasuringShards)),
    );
    assert_eq!(measure.attention, None);
    check(
        suspected().tag("shard-metrics", "false"),
        Out,
        "hold",
        is!(Reason::Recommend(RecommendReason::HotShardSuspected { .. })),
    );
    let dry = suspected().tag("shard-metrics", "true").tag("dry-run", "true");
    check(dry, Out, "hold", is!(Reason::Recommend(RecommendReason::HotShardSuspected { .. })));
    check(
        Case::of(8).busy(70).tag("shard-metrics", "true"),
        Out,
        "hold",
        is!(Reason::Direction(DirectionReason::OtherDirection(_))),
    );
}

#[test]
fn a_split_waits_neither_for_the_budget_nor_for_itself_but_for_bounds_and_cooldowns() {
    let hot = || even(&[20, 130, 20, 20]);
    check(hot().resizes_today(10), Out, "split 1", is!(Reason::HotShards(HotShardsReason::HotShard { .. })));
    check(hot().resized("s", 600), Out, "split 1", is!(Reason::HotShards(HotShardsReason::HotShard { .. })));
    check(
        hot().resized("s", 30),
        Out,
        "hold",
        is!(Reason::Recommend(RecommendReason::Unknown(UnknownLoad::NoDataSinceResize { .. }))),
    );
    check(hot().resized("s", 240), Out, "hold", is!(Reason::Direction(DirectionReason::OtherDirection(_))));
    check(hot().resized("x", 60), Out, "hold", is!(Reason::Cooldown(CooldownReason::RefusedLately { .. })));
    let capped =
        check(hot().tag("shards-max", "4"), Out, "hold", is!(Reason::Bounds(BoundsReason::LoweredToMax { .. })));
    assert!(matches!(capped.attention, Some(Cause::LoweredToMax { .. })));
    check(hot().account(20_000, 20_000), Out, "hold", is!(Reason::Quota(QuotaReason::AccountQuota { .. })));
    assert_eq!(hot().tag("dry-run", "true").decide(Out).verdict, Verdict::DryRun);
    // An order for exactly four.
    check(
        hot().tag("shards-min", "4").tag("shards-max", "4"),
        Out,
        "hold",
        is!(Reason::Recommend(RecommendReason::HotShardSuspected { .. })),
    );
}

#[test]
fn a_resize_to_even_shards_is_not_made_where_one_would_be_too_full() {
    // 3.2 shards' worth, of which half is in a tenth of the ring that was split for it: of five even shards one would take 1.6.
    let skewed = || ranges(&[(5, 80), (10, 80), (40, 53), (70, 53), (100, 54)]);
    assert!(
        skewed().busy(95).decide(Out).words().contains("equal shards, one would be"),
        "{}",
        skewed().busy(95).decide(Out).words()
    );
    // All that it has grown by, it has in the hot tenth: that is split again.
    check(
        ranges(&[(5, 95), (10, 95), (40, 95), (70, 90), (100, 90)]).busy(93),
        Out,
        "split 0",
        is!(Reason::UnevenLoad(UnevenLoadReason::SplitOrMerge(_))),
    );
    // On the way down cold neighbours are merged, where half of an even count would melt.
    check(
        ranges(&[(5, 70), (10, 70), (40, 10), (70, 10), (100, 10)]),
        In,
        "merge 2 3",
        is!(Reason::UnevenLoad(UnevenLoadReason::SplitOrMerge(_))),
    );
    // The same load, evenly: a count.
    check(even(&[30, 30, 30, 30, 30]), In, "3", is!(Reason::Quota(QuotaReason::WithinQuota)));
    // None is cold.
    let warm = ranges(&[(10, 75), (20, 75), (46, 24), (73, 24), (100, 24)]);
    check(warm, In, "hold", is!(Reason::UnevenLoad(UnevenLoadReason::NothingCold(_))));
}

#[test]
fn an_idle_stream_shrinks_though_its_shards_have_no_metrics() {
    let idle = || even(&[0; 8]).shards_unknown();
    check(idle(), In, "4", is!(Reason::Quota(QuotaReason::WithinQuota)));
    // So little that one shard takes it all, wherever it lies.
    check(
        even(&[10, 10, 10, 10, 10, 10, 10, 10]).shards_unknown(),
        In,
        "4",
        is!(Reason::Quota(QuotaReason::WithinQuota)),
    );
    // More than that: where it lies has to be known.
    check(even(&[30; 8]).shards_unknown(), In, "hold", is!(Reason::UnevenLoad(UnevenLoadReason::ShardsUnknown)));
}

#[test]
fn splits_stand_in_where_no_resize_is_left_and_it_throttles() {
    let spent = || even(&[110, 110, 110, 110]).resizes_today(10);
    assert_eq!(spent().unlooked().ask(Out), Err(Need::Shards));
    let first =
        check(spent(), Out, "split 0", is!(Reason::Budget(BudgetReason::SplitsInstead { split: 1, all: 4, .. })));
    assert_eq!((first.resharding.as_ref().unwrap().to.get(), first.attention), (8, None));
    // It throttles no more than before: no need.
    check(
        even(&[95, 95, 95, 95]).resizes_today(10),
        Out,
        "hold",
        is!(Reason::Budget(BudgetReason::NoneLeft(NoneLeft::BudgetSpent { .. }))),
    );
    // Without the shards' own metrics as well, by their ranges.
    check(spent().shards_unknown(), Out, "split 0", is!(Reason::Budget(BudgetReason::SplitsInstead { .. })));
}

#[test]
fn splits_that_were_begun_are_gone_on_with() {
    let at = |ago: i64| NOW.as_second() - ago;
    let begun = |ago: i64| {
        let ten: Vec<_> = (1..=10).map(|hour| format!("o{}=4-4", at(hour * 3_600))).collect();
        let shards = ranges(&[(12, 55), (25, 55), (50, 110), (75, 110), (100, 110)]);
        shards.tag("resizes", &format!("{} s{}=4-8", ten.join(" "), at(ago)))
    };
    // A minute after the first, though nothing is known yet of the five that there are.
    let second =
        check(begun(60), Out, "split 4", is!(Reason::Budget(BudgetReason::SplitsInstead { split: 2, all: 4, .. })));
    assert!(second.words().contains("1 of 4 splits are done"), "{}", second.words());
    assert_eq!(second.resharding.unwrap().from.get(), 4);
    // Nothing asked for more in an hour.
    let late = begun(3_700).decide(Out);
    assert!(!has(&late, is!(Reason::Recommend(RecommendReason::SplitsUnfinished { .. }))), "{}", late.words());
    assert_eq!(call(&begun(60).decide(In)), "hold");
}
