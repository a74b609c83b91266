// SPDX-License-Identifier: Apache-2.0
//! What CloudFormation is answered, what a deletion takes away, and what people are told of a deployment.

use jiff::SignedDuration;
use scaler_app::OutcomeKind;
use scaler_app::cloud::{Failure, NotificationKind};
use scaler_app::fleet::StackRequest;
use serde_json::{Value, json};
use testkit::Stream;

use crate::support::{Stack, load};

/// Whoever has it can answer for the function.
const SECRET: &str = "X-Amz-Signature=0123456789abcdef";

fn request(kind: &str, stack: &str) -> Value {
    json!({
        "RequestType": kind,
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:alarm-sync",
        "ResponseURL": format!("https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/a?{SECRET}"),
        "StackId": format!("arn:aws:cloudformation:us-east-1:123456789012:stack/{stack}/3f2b1c90"),
        "RequestId": "5d478078",
        "ResourceType": "Custom::StreamAlarms",
        "LogicalResourceId": "StreamAlarms",
        "PhysicalResourceId": "stream-alarms",
        "ResourceProperties": { "ServiceTimeout": "900" },
    })
}

/// The stack is being deleted.
pub(crate) fn deletion() -> Value {
    request("Delete", "kinesis-scaler")
}

/// The one answer, which is success whatever happened, and why.
fn reason(stack: &Stack) -> String {
    let answers = stack.world.answers();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let answer: Value = serde_json::from_str(&answers[0]).unwrap();
    for (field, value) in [
        ("Status", "SUCCESS"),
        ("PhysicalResourceId", "stream-alarms"),
        ("StackId", "arn:aws:cloudformation:us-east-1:123456789012:stack/kinesis-scaler/3f2b1c90"),
        ("RequestId", "5d478078"),
        ("LogicalResourceId", "StreamAlarms"),
    ] {
        assert_eq!(answer[field], value, "{answer}");
    }
    answer["Reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_deployment_is_answered_at_once_and_takes_nothing_away() {
    for kind in ["Create", "Update", "SomethingNew"] {
        let stack = Stack::enrolled(&["orders"]).await;
        let mut event = request(kind, "kinesis-scaler");
        if kind == "Create" {
            event.as_object_mut().unwrap().remove("PhysicalResourceId");
        }
        let before = stack.world.now();
        stack.asked_by_cloudformation(&event).await;
        assert_eq!((stack.world.calls(), stack.world.now()), (vec!["PUT the answer".to_owned()], before), "{kind}");
        assert_eq!(reason(&stack), "alarm-sync creates the alarms when the stack is complete");
        assert_eq!(stack.wrongs(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_deletion_takes_the_stacks_alarms_and_nobody_elses() {
    let stack = Stack::enrolled(&["clicks", "orders"]).await;
    let mut foreign = stack.wanted("orders").remove(0);
    foreign.name = "kinesis-scaler/orders/mine".to_owned();
    stack.world.put_alarm(foreign.clone(), false);
    let mut elsewhere = foreign.clone();
    elsewhere.name = "orders-throttled".to_owned();
    stack.world.put_alarm(elsewhere.clone(), true);
    let mut gone = foreign.clone();
    gone.name = "kinesis-scaler/no-longer-there/scale-out".to_owned();
    stack.world.put_alarm(gone, true);
    let response = stack.asked_by_cloudformation(&deletion()).await;
    assert_eq!(reason(&stack), "the stack is deleted, and so are 13 alarms of its streams");
    assert_eq!(response.outcomes[0].outcome, OutcomeKind::Mended);
    let left: Vec<_> = stack.world.alarms().into_keys().collect();
    assert_eq!(left, [foreign.name, elsewhere.name]);
}

#[tokio::test]
async fn a_deletion_waits_until_no_run_can_make_alarms_any_more() {
    let stack = Stack::enrolled(&["orders"]).await;
    let before = stack.world.now();
    stack.asked_by_cloudformation(&deletion()).await;
    assert_eq!(stack.world.now().duration_since(before), SignedDuration::from_secs(15));
}

#[tokio::test]
async fn a_deletion_succeeds_however_aws_fails_and_says_what_is_left() {
    for (call, failure, told) in [
        (
            "DescribeAlarms",
            Failure::Unavailable,
            "no alarm was deleted, and the alarms named kinesis-scaler/... \
            cost money",
        ),
        ("ListTagsForResource", Failure::Throttled, "1 more alarms with such names are left"),
        ("DeleteAlarms", Failure::Refused, "0 alarms of its streams; 12 more alarms with such names are left"),
    ] {
        let stack = unlisted(&["clicks", "orders"]).await;
        stack.world.fail_next_with(call, failure, "AccessDenied: not allowed");
        let response = stack.asked_by_cloudformation(&deletion()).await;
        let reason = reason(&stack);
        assert!(reason.contains(told) && reason.ends_with("AccessDenied: not allowed"), "{call}: {reason}");
        assert!(response.outcomes[0].needs_attention, "{call}");
        assert!(response.into_result().is_ok(), "{call}: Lambda would ask again");
        // CloudFormation shows nobody the reason of a success.
        let people = stack.world.told();
        let told_people = &people.last().unwrap().text;
        assert_eq!(people.last().unwrap().kind, NotificationKind::Attention, "{call}");
        assert!(
            told_people.contains(&reason) && told_people.contains("Next: Find the alarms in CloudWatch"),
            "{told_people}"
        );
        let calls = stack.world.calls();
        let at = |made: &str| calls.iter().position(|call| call.starts_with(made));
        assert!(at("Publish").is_some() && at("Publish") < at("PUT"), "the topic is there until the answer: {calls:?}");
    }
    // That nobody could be told fails nothing.
    let stack = unlisted(&["orders"]).await;
    stack.world.fail_next("DeleteAlarms", Failure::Refused);
    stack.world.fail_next("Publish", Failure::Denied);
    let response = stack.asked_by_cloudformation(&deletion()).await;
    assert!(reason(&stack).contains("6 more alarms with such names are left"), "{}", reason(&stack));
    assert!(response.outcomes[0].faults[0].starts_with("the message could not be sent: Publish"), "{response:?}");
    assert!(response.into_result().is_ok());
    // Somebody else was quicker with one of them: that one is not left.
    let stack = unlisted(&["orders"]).await;
    stack.world.fail_next("ListTagsForResource", Failure::NotFound);
    let told = stack.world.told();
    stack.asked_by_cloudformation(&deletion()).await;
    assert_eq!(reason(&stack), "the stack is deleted, and so are 5 alarms of its streams");
    assert_eq!(stack.world.told(), told, "there is nothing to tell");
}

/// These streams with their alarms, of which the tagging service does not know yet.
async fn unlisted(names: &[&str]) -> Stack {
    let stack = Stack::enrolled(names).await;
    for alarm in stack.world.alarms().into_keys() {
        stack.world.not_indexed(&alarm, true);
    }
    stack
}

fn forty_names() -> Vec<String> {
    (0..40).map(|i| format!("stream-{i:02}")).collect()
}

#[tokio::test]
async fn a_fleets_alarms_that_the_tagging_service_lists_are_asked_for_nothing() {
    let names = forty_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stack = Stack::enrolled(&names).await;
    let new = "kinesis-scaler/stream-00/scale-out";
    stack.world.not_indexed(new, true);
    stack.world.forget_calls();
    stack.asked_by_cloudformation(&deletion()).await;
    assert_eq!(reason(&stack), "the stack is deleted, and so are 240 alarms of its streams");
    let asked: Vec<_> = stack.world.calls().into_iter().filter(|call| call.starts_with("ListTags")).collect();
    assert_eq!(asked, [format!("ListTagsForResource {new}")]);
    // Where the tagging service does not answer, each alarm is asked for its tags.
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.fail_next("GetResources", Failure::Refused);
    stack.asked_by_cloudformation(&deletion()).await;
    assert_eq!(reason(&stack), "the stack is deleted, and so are 6 alarms of its streams");
}

#[tokio::test]
async fn a_fleet_too_large_for_one_run_is_left_in_part_and_the_answer_comes_in_time() {
    let names = forty_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let stack = unlisted(&names).await;
    stack.world.slow(SignedDuration::from_secs(2));
    let before = stack.world.now();
    stack.asked_by_cloudformation(&deletion()).await;
    let took = stack.world.now().duration_since(before);
    assert!(took < SignedDuration::from_secs(270), "{took:#}: the function has 300 s");
    let left = stack.world.alarms().len();
    assert!(reason(&stack).contains(&format!("{left} more alarms with such names are left")), "{}", reason(&stack));
    assert!(reason(&stack).ends_with("there was no time left"), "{}", reason(&stack));
    assert!((100..200).contains(&left), "{left} of 240");
}

#[tokio::test]
async fn an_answer_that_cannot_be_given_is_told_and_the_request_is_not_made_again() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.world.fail_next("PUT", Failure::Unavailable);
    let response = stack.asked_by_cloudformation(&deletion()).await;
    assert!(response.outcomes[0].faults[0].starts_with(
        "CloudFormation received no answer, and waits until its \
        timeout: PUT"
    ));
    assert!(response.into_result().is_ok());
}

#[tokio::test]
async fn another_stacks_deletion_takes_nothing_and_is_answered() {
    let stack = Stack::enrolled(&["orders"]).await;
    stack.asked_by_cloudformation(&request("Delete", "other")).await;
    let answer: Value = serde_json::from_str(&stack.world.answers()[0]).unwrap();
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(
        answer["Reason"],
        "the alarms of the stack kinesis-scaler stay, because another stack is \
        deleted: other"
    );
    assert_eq!(stack.wrongs(), Vec::<String>::new());
}

#[tokio::test]
async fn the_url_is_told_nobody() {
    let mut lacking = deletion();
    lacking.as_object_mut().unwrap().remove("StackId");
    let mut odd = deletion();
    odd["RequestId"] = json!(5);
    for event in [deletion(), lacking, odd] {
        let stack = Stack::enrolled(&["orders"]).await;
        let response = stack.asked_by_cloudformation(&event).await;
        assert_eq!(response.outcomes.len(), 1);
        let printed = format!("{:?} {response:?} {}", StackRequest::read(&event), json!(response));
        assert!(!printed.contains("X-Amz") && !printed.contains("https:"), "{printed}");
    }
    assert!(StackRequest::read(&json!({ "sync": "all" })).is_none());
}

/// The sample event.
fn deployed() -> Value {
    let text = include_str!("../../../../events/alarm-sync-deployed.json");
    serde_json::from_str(text).unwrap()
}

fn told(stack: &Stack) -> Vec<String> {
    let told = stack.world.told().into_iter().filter(|notice| notice.kind == NotificationKind::Deployment);
    told.map(|notice| format!("{}\n\n{}", notice.subject, notice.text)).collect()
}

/// Of three streams one is below its minimum, and one has a tag that cannot be read.
fn fleet() -> Stack {
    let stack = Stack::with(&["clicks", "odd", "orders"]);
    let tag = |name: &str, key: &str, value: &str| {
        stack.world.change(name, |stream| drop(stream.tags.insert(format!("kinesis-scaler/{key}"), value.to_owned())));
    };
    tag("clicks", "shards-min", "6");
    tag("odd", "shards-max", "lots");
    stack
}

#[tokio::test]
async fn a_deployment_is_told_once_with_what_was_done_and_what_needs_somebody() {
    let stack = fleet();
    stack.run(&deployed()).await;
    let first = told(&stack);
    insta::assert_snapshot!("deployed", first.join("\n---\n"));
    for _ in 0..24 {
        stack.world.advance(SignedDuration::from_mins(5));
        stack.scheduled().await;
        stack.all().await;
    }
    assert_eq!(told(&stack), first, "it is not told again");
}

#[tokio::test]
async fn a_deployment_that_was_rolled_back_is_told_as_such() {
    for (status, told_as) in
        [("CREATE_COMPLETE", "deployed"), ("UPDATE_COMPLETE", "deployed"), ("UPDATE_ROLLBACK_COMPLETE", "rolled back")]
    {
        let stack = Stack::with(&["orders"]);
        let mut event = deployed();
        event["detail"]["status-details"]["status"] = json!(status);
        stack.run(&event).await;
        let told = told(&stack).remove(0);
        assert!(told.starts_with(&format!("kinesis-scaler: {told_as}, 1 stream is managed\n")), "{status}: {told}");
        assert!(
            told.contains(&format!("What: the stack kinesis-scaler was {told_as}, and alarm-sync checked")),
            "{status}: {told}"
        );
    }
}

#[tokio::test]
async fn a_dry_run_is_told_with_what_would_be_done() {
    let mut stack = fleet();
    stack.policy.dry_run = true;
    stack.run(&deployed()).await;
    insta::assert_snapshot!("deployed_dry_run", told(&stack).join("\n---\n"));
    assert!(stack.world.stream("clicks").unwrap().resizes.is_empty());
}

#[tokio::test]
async fn a_stream_that_is_in_dry_run_by_its_tag_is_not_told_as_resized() {
    let stack = Stack::with(&["clicks", "orders"]);
    for name in ["clicks", "orders"] {
        stack.world.change(name, |stream| drop(stream.tags.insert("kinesis-scaler/shards-min".into(), "6".into())));
    }
    stack.world.change("orders", |stream| drop(stream.tags.insert("kinesis-scaler/dry-run".into(), "true".into())));
    stack.run(&deployed()).await;
    insta::assert_snapshot!("deployed_dry_run_by_tag", told(&stack).join("\n---\n"));
    assert!(stack.world.stream("orders").unwrap().resizes.is_empty());
}

#[tokio::test]
async fn what_an_answer_has_no_room_for_is_told_all_the_same() {
    let stack = Stack::with(&[]);
    for i in 0..210 {
        stack.world.add_stream(&format!("stream-{i:03}"), Stream::managed(4, load()));
    }
    let mut odd = Stream::managed(4, load());
    odd.tags.insert("kinesis-scaler/shards-max".to_owned(), "lots".to_owned());
    stack.world.add_stream("the-last", odd);
    let run = stack.run(&deployed()).await;
    assert!(run.response.left_out > 0 && run.brief().iter().all(|line| !line.starts_with("the-last")));
    let told = told(&stack).remove(0);
    assert!(told.contains("Streams whose alarms were created or corrected: 210\n"), "{told}");
    assert!(told.contains("Needs attention: 1\n- the-last: tag kinesis-scaler/shards-max"), "{told}");
    assert!(told.contains("Next: Correct the streams above that need attention."), "{told}");
}

#[tokio::test]
async fn a_deployment_without_streams_says_how_to_enrol_one() {
    let stack = Stack::with(&[]);
    stack.run(&deployed()).await;
    let told = told(&stack).remove(0);
    assert!(told.starts_with("kinesis-scaler: deployed, 0 streams are managed\n"), "{told}");
    assert!(told.contains("Next: Tag a stream with kinesis-scaler/managed=true."), "{told}");
}

#[tokio::test]
async fn a_message_names_ten_and_says_that_the_rest_goes_on() {
    let stack = Stack::with(&[]);
    for i in 0..30 {
        let mut stream = Stream::managed(4, load());
        stream.tags.insert("kinesis-scaler/shards-max".to_owned(), "lots".to_owned());
        stack.world.add_stream(&format!("stream-{i:02}"), stream);
    }
    stack.world.slow(SignedDuration::from_secs(1));
    stack.run_for(&deployed(), SignedDuration::from_mins(1)).await;
    let told = told(&stack).remove(0);
    assert_eq!(told.matches("\n- stream-").count(), 10, "{told}");
    assert!(told.contains("more: see the log of alarm-sync\nNot checked yet: the streams after stream-"), "{told}");
}

#[tokio::test]
async fn a_fleet_that_cannot_be_read_is_told_by_the_try_that_can() {
    let stack = Stack::with(&["orders"]);
    stack.world.fail_next("GetResources", Failure::Throttled);
    let failed = stack.run(&deployed()).await;
    assert!(failed.response.into_result().is_err(), "Lambda tries again");
    assert_eq!(told(&stack), Vec::<String>::new());
    stack.run(&deployed()).await;
    assert_eq!(told(&stack).len(), 1);
}
