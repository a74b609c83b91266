// SPDX-License-Identifier: Apache-2.0
//! `decide` for a person's order and for a dry run: what gives way to them, and what does not.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod support;

use kinesis_model::ShardCount;
use scaler_core::{Decision, Direction, Intent, Order, Stage, Verdict};
use support::Case;

use Direction::{In, Out};

fn order(shards: u32) -> Order {
    Order { shards: ShardCount::new(shards).unwrap(), dry_run: false, unknown_is_idle: false }
}

/// Checks the desired count of an order and the stage that blocked it.
#[track_caller]
fn check(case: Case, order: Order, way: Direction, desired: u32, blocked_by: Option<Stage>) -> Decision {
    let decision = case.intend(Intent::Exactly(order), way).unwrap();
    assert_eq!((decision.desired.get(), decision.blocked_by), (desired, blocked_by), "{}", decision.words());
    assert_eq!(decision.verdict == Verdict::Hold, blocked_by.is_some(), "{}", decision.words());
    decision
}

#[test]
fn bounds_cooldowns_and_the_reserve_give_way_to_an_order() {
    let bounded = || Case::of(8).busy(10).tag("shards-min", "6").tag("shards-max", "9");
    check(bounded(), order(12), Out, 12, None);
    check(bounded(), order(5), In, 5, None);
    check(Case::of(8).busy(10).tag("shards-min", "9").tag("shards-max", "4"), order(12), Out, 12, None);
    check(Case::of(8).busy(10).resized("o", 60), order(5), In, 5, None);
    check(Case::of(8).busy(10).resizes_today(9), order(5), In, 5, None);
    check(Case::of(8).busy(10), order(20), Out, 16, None);
    check(Case::of(8).busy(10), order(2), In, 4, None);
}

#[test]
fn what_is_needed_or_impossible_stands_against_an_order() {
    let held = check(Case::of(8).busy(60), order(5), In, 8, Some(Stage::Recommend));
    assert!(held.why_blocked().unwrap().starts_with("demand in the busiest minute"), "{}", held.words());
    check(Case::of(8).busy(100), order(5), In, 8, Some(Stage::Recommend));
    check(Case::of(8).unknown(), order(5), In, 8, Some(Stage::Recommend));
    check(Case::of(8).busy(10).lag_ms(61_000), order(5), In, 8, Some(Stage::Consumers));
    check(Case::of(16).busy(25).read_mib_per_second(20), order(9), In, 16, Some(Stage::Consumers));
    check(Case::of(8).busy(10).resizes_today(10), order(5), In, 8, Some(Stage::Budget));
    check(Case::of(8).busy(10).account(8, 8), order(12), Out, 8, Some(Stage::Quota));
    check(Case::of(8).busy(10).status(kinesis_model::StreamStatus::Updating), order(12), Out, 8, Some(Stage::Admit));
}

#[test]
fn a_person_may_say_that_unknown_minutes_were_idle() {
    let idle = Order { unknown_is_idle: true, ..order(5) };
    check(Case::of(8).unknown(), idle, In, 5, None);
    check(Case::of(8).busy(60).known_minutes(20), idle, In, 8, Some(Stage::Recommend));
}

#[test]
fn a_dry_run_of_any_kind_changes_nothing() {
    let verdict = |case: Case, intent| case.intend(intent, Out).unwrap().verdict;
    let busy = || Case::of(8).busy(100);
    assert_eq!(verdict(busy(), Intent::Auto), Verdict::Resize);
    assert_eq!(verdict(busy(), Intent::DryRun), Verdict::DryRun);
    assert_eq!(verdict(busy(), Intent::Exactly(Order { dry_run: true, ..order(12) })), Verdict::DryRun);
    assert_eq!(verdict(busy().tag("dry-run", "true"), Intent::Exactly(order(12))), Verdict::DryRun);
}

/// A decision that holds says which stage held it, where a change was wanted.
#[test]
fn a_decision_says_what_blocked_it() {
    let blocked = |case: Case, way| case.ask(way).unwrap().blocked_by;
    assert_eq!(blocked(Case::of(8).busy(100), Out), None, "nothing did");
    assert_eq!(blocked(Case::of(8).busy(75), Out), None, "nothing was wanted");
    assert_eq!(blocked(Case::of(8).busy(10), Out), None, "that is the other function's");
    assert_eq!(blocked(Case::of(8).unknown(), Out), Some(Stage::Recommend), "nothing is known");
    assert_eq!(blocked(Case::of(8).busy(100).resized("i", 60), Out), Some(Stage::Cooldown));
    assert_eq!(blocked(Case::of(8).busy(100).tag("shards-max", "8"), Out), Some(Stage::Bounds));
    assert_eq!(blocked(Case::of(8).busy(10).lag_ms(61_000), In), Some(Stage::Consumers));
    assert_eq!(blocked(Case::of(8).busy(10).resized("o", 1_000), In), Some(Stage::Cooldown));
    assert_eq!(blocked(Case::of(8).busy(10).resizes_today(8), In), Some(Stage::Budget));
    assert_eq!(blocked(Case::of(8).busy(20).throttled_per_second(1), Out), Some(Stage::Recommend), "a hot shard");
    assert_eq!(blocked(Case::of(8).busy(100).account(8, 8), Out), Some(Stage::Quota));
}
