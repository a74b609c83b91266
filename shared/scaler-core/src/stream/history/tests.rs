// SPDX-License-Identifier: Apache-2.0
//! What the ledger reads, settles, counts and keeps.
#![allow(clippy::unwrap_used)]
use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_history_reads_back_what_it_wrote() {
    let written = "o1767322445=4 i1767326045=8-6 f1767327000=6-9 O1767328000=9-10 n1767328500=9-10 I1767329000=10-9 l1767329500=9 \
                   x1767330000=10000-9000";
    assert_eq!(ResizeHistory::parse(written).unwrap().to_string(), written);
    assert_eq!(ResizeHistory::parse("").unwrap(), ResizeHistory::default());
}

#[test]
fn what_is_not_a_history_is_named() {
    for bad in [
        "1767322445=4",
        "o",
        "oops",
        "o99999999999999999=4",
        "q1767322445=4",
        "o1767322445",
        "o1767322445=0",
        "o1767322445=4-",
        "o1767322445=4-0",
    ] {
        assert_eq!(ResizeHistory::parse(&format!("o1767322445=4 {bad}")).unwrap_err(), bad);
    }
}

#[test]
fn a_call_is_free_again_two_minutes_after_a_day_and_a_refused_one_at_once() {
    let counts_for = 86_400 + 120;
    let history = ResizeHistory::parse("o1000=4 i2000=8 x3000=6").unwrap();
    assert_eq!(history.next_free(at(3_000)), Some(at(1_000 + counts_for)));
    assert_eq!(history.spent(at(3_000)), 2);
    assert_eq!(history.spent(at(1_000 + counts_for - 1)), 2);
    assert_eq!(history.spent(at(1_000 + counts_for)), 1);
    assert_eq!(history.peak(at(3_000)).unwrap().get(), 8);
}

/// What is known of a call without an answer, by what the stream is seen to be afterwards.
#[test]
fn a_call_without_an_answer_explains_the_count_before_and_the_one_asked_for() {
    for (written, actual, known, spent) in [
        ("O1000=4-8", 4, "n1000=4-8", 0),
        ("O1000=4-8", 8, "o1000=4-8", 1),
        ("O1000=4-8", 5, "O1000=4-8 f2000=4-5", 2),
        ("I1000=8-6", 6, "i1000=8-6", 1),
        ("O1000=4-8 x1120=4-8", 4, "n1000=4-8 x1120=4-8", 0),
        ("O1000=4-8 l1120=4", 4, "n1000=4-8 l1120=4", 10),
        ("n1000=4-8 O1120=4-8", 8, "n1000=4-8 o1120=4-8", 1),
        ("n1000=4-8 o1120=4-8", 8, "n1000=4-8 o1120=4-8", 1),
        // It is known that the first was not made, so it does not explain the count either.
        ("n1000=4-8 O1120=4-6", 8, "n1000=4-8 O1120=4-6 f2000=4-8", 2),
        // Two that nobody looked after.
        ("O1000=4-8 O1120=4-8", 4, "n1120=4-8", 0),
        ("O1000=4-8 O1120=4-6", 8, "o1000=4-8 n1120=4-6", 1),
        ("O1000=4-8 O1990=4-6", 4, "O1000=4-8 O1990=4-6", 2),
        // Somebody else was there in between, so it may have been made.
        ("O1000=4-8 f1120=4-6 i1500=6-4", 4, "O1000=4-8 f1120=4-6 i1500=6-4", 3),
    ] {
        let seen =
            ResizeHistory::parse(written).unwrap().settled_with(None, ShardCount::new(actual).unwrap(), at(2_000));
        assert_eq!((seen.to_string().as_str(), seen.spent(at(2_000))), (known, spent), "{written} seen at {actual}");
    }
}

#[test]
fn a_resize_that_was_under_way_is_what_it_led_to() {
    for (written, actual, known) in [
        ("f1000=4", 4, ""),
        ("f1000=4", 6, "f1000=4-6"),
        // What our next attempt began with is what was seen then.
        ("f1000=4 O1015=4-5", 5, "o1015=4-5"),
        ("f1000=4 o1040=6-8", 8, "f1000=4-6 o1040=6-8"),
        // Our own splits, of which one was under way.
        ("s900=8-12 f1000=10", 10, "s900=8-12"),
        ("s900=8-12 f1000=10", 11, "s900=8-12"),
        ("s900=8-12 f1000=10", 20, "s900=8-12 f1000=10-20"),
    ] {
        let seen =
            ResizeHistory::parse(written).unwrap().settled_with(None, ShardCount::new(actual).unwrap(), at(1_060));
        assert_eq!(seen.to_string(), known, "{written} seen at {actual}");
    }
}

#[test]
fn a_stream_seen_at_once_after_a_call_says_nothing_of_it() {
    for written in ["O1000=4-8", "o1000=4-8", "f1000=4"] {
        let history = ResizeHistory::parse(written).unwrap();
        assert_eq!(history.settled_with(None, ShardCount::new(4).unwrap(), at(1_029)), history);
    }
    let accepted = ResizeHistory::parse("o1000=4-8").unwrap();
    let seen = accepted.settled_with(None, ShardCount::new(4).unwrap(), at(1_030));
    assert_eq!(seen.to_string(), "o1000=4-8 f1030=8-4", "it was shown by then, so somebody undid it");
}

#[test]
fn aws_is_believed_for_an_hour_that_the_day_is_spent() {
    let history = ResizeHistory::parse("o1000=4-8 l5000=8").unwrap();
    assert_eq!((history.spent(at(5_000)), history.spent(at(8_599)), history.spent(at(8_600))), (10, 10, 1));
    assert_eq!(history.next_free(at(5_000)), Some(at(8_600)));
    assert_eq!(history.free_again(at(5_000)).len(), 10);
    assert_eq!(history.last_before_cooldown(Direction::Out).unwrap().at, at(1_000), "splits need not wait");
    let unexplained = history.settled_with(None, ShardCount::new(9).unwrap(), at(6_000));
    assert_eq!(unexplained.to_string(), "o1000=4-8 l5000=8 f6000=8-9");
}

#[test]
fn a_refused_attempt_still_starts_the_cooldown_and_only_the_last_is_kept() {
    let history = ResizeHistory::parse("o1000=4 x2000=5").unwrap();
    assert_eq!(history.last_before_cooldown(Direction::Out).unwrap().at, at(2_000));
    assert_eq!(history.last_resize().unwrap().at, at(1_000));
    let attempt = |kind| Attempt { at: at(3_000), kind, from: ShardCount::ONE, to: ShardCount::new(2) };
    let next = history.with(attempt(AttemptKind::ScaleOut));
    assert_eq!(next.to_string(), "o1000=4 o3000=1-2");
    let refused = history.with(attempt(AttemptKind::Refused));
    assert_eq!(refused.to_string(), "o1000=4 x3000=1-2");
    let foreign = history.with(attempt(AttemptKind::External));
    assert_eq!(foreign.to_string(), "o1000=4 x2000=5 f3000=1-2", "ours is not tried again by that");
}

#[test]
fn a_resize_by_somebody_else_is_told_from_ours() {
    let shards = |count| ShardCount::new(count).unwrap();
    let history = ResizeHistory::parse("o1000=4-8 i2000=8-6").unwrap();
    for alarm_shard_count in [None, Some(shards(4)), Some(shards(6))] {
        assert_eq!(
            history.settled_with(alarm_shard_count, shards(6), at(3_000)),
            history,
            "whatever the alarms were made for"
        );
        let foreign = history.settled_with(alarm_shard_count, shards(9), at(3_000));
        assert_eq!(foreign.to_string(), "o1000=4-8 i2000=8-6 f3000=6-9");
    }
    // To a count that it had before, and again: each is one more.
    let again = history.settled_with(None, shards(8), at(3_000)).settled_with(None, shards(6), at(4_000));
    assert_eq!(again.to_string(), "o1000=4-8 i2000=8-6 f3000=6-8 f4000=8-6");
    assert_eq!((again.spent(at(4_000)), again.last_resize().unwrap().at), (4, at(2_000)));
    assert_eq!(again.last_before_cooldown(Direction::In).unwrap().at, at(4_000));
    assert_eq!(again.last_before_cooldown(Direction::Out).unwrap().at, at(2_000), "scale-out does not wait for it");
    // Of a day without a resize only the alarms tell.
    let none = ResizeHistory::default();
    assert_eq!(none.settled_with(Some(shards(4)), shards(3), at(3_000)).to_string(), "f3000=4-3");
    assert_eq!(none.settled_with(None, shards(3), at(3_000)), none);
    let a_day_later = at(2_000 + 86_400 + 120);
    assert_eq!(history.settled_with(Some(shards(4)), shards(3), a_day_later).to_string(), "f88520=4-3");
}

#[test]
fn splits_spend_nothing_and_only_the_last_plan_is_kept() {
    let shards = |count| ShardCount::new(count).unwrap();
    let history = ResizeHistory::parse("o1000=4-8 s2000=8-12").unwrap();
    assert_eq!((history.spent(at(3_000)), history.free_again(at(3_000)).len()), (1, 1));
    assert_eq!(history.last_before_cooldown(Direction::Out).unwrap().at, at(1_000), "scale-out goes on");
    assert_eq!(history.last_before_cooldown(Direction::In).unwrap().at, at(2_000));
    for on_the_way in [8, 9, 12] {
        assert_eq!(history.settled_with(None, shards(on_the_way), at(3_000)), history);
    }
    assert_eq!(history.settled_with(None, shards(13), at(3_000)).to_string(), "o1000=4-8 s2000=8-12 f3000=12-13");
    assert_eq!(history.unfinished_splits(shards(9), at(3_000)), Some((shards(8), shards(12))));
    for (current, now) in [(12, 3_000), (7, 3_000), (9, 2_000 + 3_600)] {
        assert_eq!(history.unfinished_splits(shards(current), at(now)), None, "{current} at {now}");
    }
    // Later only the alarms tell, which each split refits.
    let later = at(2_000 + 3_600);
    assert_eq!(history.settled_with(Some(shards(9)), shards(9), later), history);
    let foreign = history.settled_with(Some(shards(9)), shards(11), later);
    assert_eq!(foreign.to_string(), "o1000=4-8 s2000=8-12 f5600=9-11", "a hand was there");
    assert_eq!(history.settled_with(None, shards(11), later), history);
    let next = |kind, to| Attempt { at: at(3_000), kind, from: shards(8), to: ShardCount::new(to) };
    let refused = history.with(next(AttemptKind::Refused, 13));
    assert_eq!(refused.to_string(), "o1000=4-8 s2000=8-12 x3000=8-13", "what was done before stays");
    assert_eq!(history.with(next(AttemptKind::SplitOrMerge, 12)).to_string(), "o1000=4-8 s3000=8-12");
    let resized = history.with(next(AttemptKind::ScaleOut, 16));
    assert_eq!(resized.to_string(), "o1000=4-8 s2000=8-12 o3000=8-16");
    assert_eq!(resized.unfinished_splits(shards(9), at(3_000)), None, "a count was asked for since");
    assert_eq!(ResizeHistory::parse("s2000=4-5").unwrap().unfinished_splits(shards(4), at(2_060)), None, "one alone");
}

#[test]
fn what_spends_the_budget_is_kept_before_what_does_not() {
    let mut words: Vec<_> = (0..10).map(|i| format!("o{}=9999-9998", 1_767_322_445 + i)).collect();
    words.insert(3, "s1767322448=9998-10000".to_owned());
    words.push("x1767322500=9999-9998".to_owned());
    words.push("n1767322510=9999-9998".to_owned());
    let value = ResizeHistory::parse(&words.join(" ")).unwrap().to_string();
    assert!(value.len() <= TAG_VALUE_CHARS_MAX, "{}", value.len());
    assert_eq!(ResizeHistory::parse(&value).unwrap().spent(at(1_767_322_600)), 10, "{value}");
}

#[test]
fn even_a_tampered_history_fits_a_tag() {
    let long = vec!["o1767322445=4"; 40].join(" ");
    let value = ResizeHistory::parse(&long).unwrap().to_string();
    assert!(value.len() <= TAG_VALUE_CHARS_MAX);
    assert_eq!(ResizeHistory::parse(&value).unwrap().to_string(), value);
}

/// What a bill is reckoned from where no metric tells the count.
#[test]
fn the_count_of_an_hour_is_that_before_or_after_the_attempts_around_it() {
    let history = ResizeHistory::parse("x10000=2-4 o20000=2-4 O30000=4-8 f40000=4-6 l50000=6 s60000=6-9").unwrap();
    let now = at(90_000);
    for (second, count) in [
        (3_599, None),
        (3_600, Some(2)),
        (10_000, Some(2)),
        (20_000, Some(4)),
        // Nobody knows whether that call was made; the next entry says from which count.
        (30_000, Some(4)),
        (40_000, Some(6)),
        (55_000, Some(6)),
        (60_000, Some(9)),
        (90_000, Some(9)),
    ] {
        assert_eq!(history.count_at(at(second), now).map(ShardCount::get), count, "{second}");
    }
    assert_eq!(ResizeHistory::default().count_at(now, now), None);
    let unanswered = ResizeHistory::parse("O30000=4-8").unwrap();
    assert_eq!(unanswered.count_at(at(20_000), now), ShardCount::new(4));
    assert_eq!(unanswered.count_at(at(40_000), now), None);
}
