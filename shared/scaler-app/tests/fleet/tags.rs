// SPDX-License-Identifier: Apache-2.0
//! Streams on which nothing can be written down: they are told before they have to be scaled, and no resize goes unremembered.

use scaler_app::cloud::Failure;
use scaler_app::{OutcomeCause, OutcomeKind};
use scaler_core::{Cause, Direction};
use serde_json::json;

use crate::ledger::{busy, look};
use crate::support::Stack;

/// A new stream with so many tags of somebody else's, beside the one that enrols it.
fn with_tags(tags: usize) -> Stack {
    let stack = Stack::with(&["orders"]);
    stack.world.change("orders", |stream| {
        stream.tags.extend((0..tags).map(|tag| (format!("cost-{tag:02}"), "x".to_owned())));
    });
    stack
}

/// CloudTrail tells that the stream was tagged.
async fn enrols(stack: &Stack) -> scaler_app::Outcome {
    let call = json!({ "eventName": "AddTagsToStream", "requestParameters": { "streamName": "orders",
        "tags": { "kinesis-scaler/managed": "true" } } });
    let event = json!({ "detail-type": "AWS API Call via CloudTrail", "detail": call });
    let mut outcomes = stack.run(&event).await.response.outcomes;
    outcomes.pop().unwrap_or_else(|| scaler_app::Outcome::plain(OutcomeKind::Kept, Some("orders"), "as it should be"))
}

#[tokio::test]
async fn a_stream_without_room_for_our_tags_is_told_at_once_and_not_by_its_first_resize() {
    for (tags, kind, words) in [
        (
            49,
            OutcomeKind::Refused,
            "the stream has 50 tags and AWS allows 50: there is no room for \
            kinesis-scaler/resizes",
        ),
        // It is scaled, and people are not told of what happens to it.
        (48, OutcomeKind::Mended, "the tag kinesis-scaler/notices cannot be written"),
    ] {
        let stack = with_tags(tags);
        let outcome = enrols(&stack).await;
        assert_eq!((outcome.outcome, outcome.needs_attention), (kind, true), "{tags}: {outcome:?}");
        let told = stack.world.told();
        assert_eq!(told.len(), 1, "{tags}: {told:?}");
        let text = &told[0].text;
        assert!(text.contains(words) && text.contains("kinesis-scaler/notices"), "{tags}: {text}");
        // The schedule's runs find it as it was, and nobody hears of it again until its turn.
        for _ in 0..12 {
            stack.scheduled().await;
        }
        assert_eq!(stack.world.told().len(), 1, "{tags}");
        let alarms = if kind == OutcomeKind::Mended { 6 } else { 0 };
        assert_eq!(stack.world.alarms().len(), alarms, "{tags}: no alarm asks for what cannot be done");
        // Once there is room, all is well.
        stack.world.change("orders", |stream| {
            stream.tags.retain(|key, _| !["cost-00", "cost-01"].contains(&key.as_str()));
        });
        enrols(&stack).await;
        assert_eq!(stack.wrongs(), Vec::<String>::new(), "{tags}");
    }
}

#[tokio::test]
async fn a_policy_that_forbids_our_tags_is_told_when_the_stream_is_enrolled() {
    let stack = with_tags(0);
    stack.world.fail_next_with("AddTagsToStream", Failure::Denied, "AccessDeniedException: with an explicit deny");
    let outcome = enrols(&stack).await;
    assert_eq!(outcome.outcome, OutcomeKind::Refused);
    assert!(outcome.words.contains("the tag kinesis-scaler/resizes cannot be written"), "{}", outcome.words);
    let told = stack.world.told();
    assert!(told.len() == 1 && told[0].text.contains("A tag policy or SCP must allow these keys"), "{told:?}");
}

/// Tags that were added later fill the room that was there: a stream that has our tags keeps its room.
#[tokio::test]
async fn a_stream_that_is_enrolled_keeps_its_room() {
    let stack = with_tags(0);
    enrols(&stack).await;
    stack.world.change("orders", |stream| {
        stream.tags.extend((0..47).map(|tag| (format!("cost-{tag:02}"), "x".to_owned())));
        stream.load = busy(4);
    });
    assert_eq!(stack.world.stream("orders").unwrap().tags.len(), 50);
    assert_eq!(look(&stack, Direction::Out).await.outcome, OutcomeKind::Resized);
}

/// A stream of an older release has no tag yet, and no room for one: it is refused with the reason, and no call is made.
#[tokio::test]
async fn without_room_nothing_is_asked_for() {
    let stack = with_tags(49);
    for alarm in stack.wanted("orders") {
        stack.world.put_alarm(alarm, true);
    }
    stack.world.change("orders", |stream| stream.load = busy(4));
    let outcome = look(&stack, Direction::Out).await;
    assert_eq!(
        (outcome.outcome, &outcome.cause),
        (OutcomeKind::Refused, &Some(OutcomeCause::Decision(Cause::NoRoomForTags))),
        "{outcome:?}"
    );
    assert!(outcome.next.unwrap().starts_with("Remove two of the stream's tags"));
    assert_eq!(stack.writes(), ["AddTagsToStream orders tags=1767324000"], "that people were told, which fails too");
}
