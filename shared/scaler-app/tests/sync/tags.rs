//! Streams on which nothing can be written down: they are told before they have to be scaled, and no resize goes unremembered.

use scaler_app::OutcomeKind;
use scaler_app::ports::Failure;
use scaler_core::Direction;
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
    stack.run(&event).await.response.outcomes.remove(0)
}

#[tokio::test]
async fn a_stream_without_room_for_our_tags_is_told_at_once_and_not_by_its_first_resize() {
    for (tags, words) in [
        (49, "the stream has 50 tags, and 50 are the most: there is no room for kinesis-scaler/resizes"),
        (48, "the tag kinesis-scaler/notices cannot be written"),
    ] {
        let stack = with_tags(tags);
        let outcome = enrols(&stack).await;
        assert_eq!((outcome.outcome, outcome.needs_attention), (OutcomeKind::Refused, true), "{tags}: {outcome:?}");
        assert!(outcome.words.contains(words), "{tags}: {}", outcome.words);
        let told = stack.world.told();
        assert_eq!(told.len(), 1, "{tags}: {told:?}");
        assert!(told[0].text.contains("kinesis-scaler/notices"), "which tags: {}", told[0].text);
        // The schedule's runs find it as it was, and nobody hears of it again until its turn.
        for _ in 0..12 {
            stack.scheduled().await;
        }
        assert_eq!(stack.world.told().len(), 1, "{tags}");
        assert_eq!(stack.world.alarms().len(), 0, "{tags}: no alarm asks for what cannot be done");
        // Once there is room, it is enrolled.
        stack
            .world
            .change("orders", |stream| stream.tags.retain(|key, _| !["cost-00", "cost-01"].contains(&key.as_str())));
        enrols(&stack).await;
        assert_eq!(stack.wrongs(), Vec::<String>::new(), "{tags}");
    }
}

#[tokio::test]
async fn a_policy_that_forbids_our_tags_is_told_when_the_stream_is_enrolled() {
    let stack = with_tags(0);
    stack.world.fail_next_with("AddTagsToStream", Failure::Refused, "AccessDeniedException: with an explicit deny");
    let outcome = enrols(&stack).await;
    assert_eq!(outcome.outcome, OutcomeKind::Refused);
    assert!(outcome.words.contains("the tag kinesis-scaler/resizes cannot be written"), "{}", outcome.words);
    let told = stack.world.told();
    assert!(told.len() == 1 && told[0].text.contains("a tag policy or SCP must allow these keys"), "{told:?}");
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
    assert_eq!((outcome.outcome, outcome.cause.as_deref()), (OutcomeKind::Refused, Some("tags")), "{outcome:?}");
    assert!(outcome.next.unwrap().starts_with("Remove two of its tags"));
    assert_eq!(stack.writes(), ["AddTagsToStream orders tags=1767324000"], "that people were told, which fails too");
}
