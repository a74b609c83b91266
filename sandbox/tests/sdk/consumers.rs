// SPDX-License-Identifier: Apache-2.0
//! Consumers by the sandbox's clock, tags of streams and consumers, and what a stream that is changing refuses.

use aws_sdk_kinesis::error::ProvideErrorMetadata as _;
use aws_sdk_kinesis::types::{ConsumerStatus, MetricsName, ScalingType, StreamMode, StreamModeDetails};
use jiff::SignedDuration;
use sandbox::{Capacity, Options};

use crate::support::{STREAM, World, manual};

const ARN: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";

/// A world in which streams and consumers take half a minute to come and go, and resizes a minute.
async fn slow() -> World {
    let world = World::new(Options { create_seconds: 30, resize_seconds: 60, ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(2), &[]).await.unwrap();
    world
}

impl World {
    async fn register(&self, name: &str) -> String {
        let registered = self.kinesis.register_stream_consumer().stream_arn(ARN).consumer_name(name).send().await;
        let consumer = registered.unwrap().consumer.unwrap();
        assert_eq!(consumer.consumer_status(), &ConsumerStatus::Creating);
        consumer.consumer_arn
    }

    /// Names and status of the consumers of `orders`, by name.
    async fn consumers(&self) -> Vec<(String, ConsumerStatus)> {
        let listed = self.kinesis.list_stream_consumers().stream_arn(ARN).send().await.unwrap();
        let mut consumers: Vec<_> =
            listed.consumers().iter().map(|it| (it.consumer_name().to_owned(), it.consumer_status().clone())).collect();
        consumers.sort_by(|one, other| one.0.cmp(&other.0));
        consumers
    }

    async fn pass(&self, seconds: i64) {
        self.sandbox.clock().advance(SignedDuration::from_secs(seconds));
        self.sandbox.tick().await;
    }
}

/// AWS's code and words.
macro_rules! refusal {
    ($call:expr) => {{
        let error = $call.send().await.unwrap_err().into_service_error();
        format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
    }};
}

#[tokio::test]
async fn a_consumer_is_active_when_the_clock_says_so_and_gone_when_it_says_so() {
    let world = slow().await;
    let arn = world.register("app").await;
    world.pass(29).await;
    assert_eq!(world.consumers().await, [("app".to_owned(), ConsumerStatus::Creating)]);
    world.pass(1).await;
    let one = world.kinesis.describe_stream_consumer().consumer_arn(&arn).send().await.unwrap();
    assert_eq!(one.consumer_description().unwrap().consumer_status(), &ConsumerStatus::Active);
    let again = refusal!(world.kinesis.register_stream_consumer().stream_arn(ARN).consumer_name("app"));
    assert!(again.starts_with("ResourceInUseException: "), "{again}");

    world.kinesis.deregister_stream_consumer().consumer_arn(&arn).send().await.unwrap();
    world.pass(29).await;
    assert_eq!(world.consumers().await, [("app".to_owned(), ConsumerStatus::Deleting)]);
    world.pass(1).await;
    assert_eq!(world.consumers().await, []);
    let gone = refusal!(world.kinesis.deregister_stream_consumer().stream_arn(ARN).consumer_name("app"));
    assert!(gone.starts_with("ResourceNotFoundException: "), "{gone}");
}

#[tokio::test]
async fn five_consumers_are_created_at_once_and_no_more() {
    let world = slow().await;
    for name in ["a", "b", "c", "d", "e"] {
        world.register(name).await;
    }
    let sixth = || world.kinesis.register_stream_consumer().stream_arn(ARN).consumer_name("f");
    assert!(refusal!(sixth()).starts_with("LimitExceededException: "));
    world.pass(30).await;
    sixth().send().await.unwrap();
}

#[tokio::test]
async fn a_stream_with_consumers_is_deleted_with_them_where_that_is_said() {
    let world = slow().await;
    world.register("app").await;
    world.pass(30).await;
    let delete = || world.kinesis.delete_stream().stream_name(STREAM);
    assert_eq!(
        refusal!(delete()),
        "ResourceInUseException: DeleteStream can't delete 123456789012:orders because there are consumers associated with \
         this data stream. To delete orders anyway, set the EnforceConsumerDeletion parameter to true to force the deletion \
         of all the consumers that are associated with it."
    );
    assert!(refusal!(delete().enforce_consumer_deletion(false)).starts_with("ResourceInUseException"));
    world.register("late").await;
    delete().enforce_consumer_deletion(true).send().await.unwrap();
    world.pass(30).await;
    world.kinesis.create_stream().stream_name(STREAM).shard_count(1).send().await.unwrap();
    world.pass(30).await;
    assert_eq!(world.consumers().await, []);
}

#[tokio::test]
async fn a_stream_that_is_changing_is_not_changed_otherwise() {
    let world = slow().await;
    let kinesis = &world.kinesis;
    let mode = || StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    let metric = MetricsName::IncomingBytes;
    let resize = kinesis.update_shard_count().stream_name(STREAM).target_shard_count(4);
    resize.scaling_type(ScalingType::UniformScaling).send().await.unwrap();
    for said in [
        refusal!(kinesis.update_stream_mode().stream_arn(ARN).stream_mode_details(mode())),
        refusal!(kinesis.enable_enhanced_monitoring().stream_name(STREAM).shard_level_metrics(metric.clone())),
        refusal!(kinesis.disable_enhanced_monitoring().stream_arn(ARN).shard_level_metrics(metric.clone())),
        refusal!(kinesis.increase_stream_retention_period().stream_name(STREAM).retention_period_hours(48)),
        refusal!(kinesis.update_max_record_size().stream_arn(ARN).max_record_size_in_kib(2_048)),
    ] {
        let words = "Stream orders under account 123456789012 not ACTIVE, instead in state UPDATING";
        assert_eq!(said, format!("ResourceInUseException: {words}"));
    }
    world.pass(60).await;
    kinesis.enable_enhanced_monitoring().stream_name(STREAM).shard_level_metrics(metric).send().await.unwrap();
    kinesis.update_stream_mode().stream_arn(ARN).stream_mode_details(mode()).send().await.unwrap();
    let unknown = ARN.replace("orders", "none");
    let said = refusal!(kinesis.update_stream_mode().stream_arn(unknown).stream_mode_details(mode()));
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
}

#[tokio::test]
async fn streams_and_consumers_are_tagged_by_arn() {
    let world = World::with_stream(1).await;
    let kinesis = &world.kinesis;
    let registered = kinesis.register_stream_consumer().stream_arn(ARN).consumer_name("app").tags("born", "so");
    let consumer = registered.send().await.unwrap().consumer.unwrap().consumer_arn;
    for arn in [ARN, &consumer] {
        let tags = async || {
            let listed = kinesis.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
            let tag = |it: &aws_sdk_kinesis::types::Tag| format!("{}={}", it.key(), it.value().unwrap_or_default());
            listed.tags().iter().map(tag).collect::<Vec<_>>().join(" ")
        };
        kinesis.tag_resource().resource_arn(arn).tags("a:b", "c:d").tags("team", "x y").send().await.unwrap();
        kinesis.untag_resource().resource_arn(arn).tag_keys("team").tag_keys("none").send().await.unwrap();
        assert_eq!(tags().await, if arn == ARN { "a:b=c:d" } else { "a:b=c:d born=so" });
    }
    let of_stream = kinesis.list_tags_for_stream().stream_name(STREAM).send().await.unwrap();
    assert_eq!((of_stream.tags().len(), of_stream.tags()[0].key()), (1, "a:b"));
    for arn in [ARN.replace("orders", "none"), format!("{ARN}/consumer/none:1"), ARN.replace("us-east-1", "eu-west-1")]
    {
        for said in [
            refusal!(kinesis.tag_resource().resource_arn(&arn).tags("a", "b")),
            refusal!(kinesis.untag_resource().resource_arn(&arn).tag_keys("a")),
            refusal!(kinesis.list_tags_for_resource().resource_arn(&arn)),
        ] {
            assert!(said.starts_with("ResourceNotFoundException: "), "{arn}: {said}");
        }
    }
}

#[tokio::test]
async fn what_aws_takes_for_no_tag_is_refused_however_it_is_given() {
    let world = World::with_stream(1).await;
    let kinesis = &world.kinesis;
    for (key, words) in
        [("aws:team", "reserved for AWS"), ("AWS:team", "reserved for AWS"), ("50%", "invalid characters")]
    {
        for said in [
            refusal!(kinesis.add_tags_to_stream().stream_name(STREAM).tags("fine", "v").tags(key, "v")),
            refusal!(kinesis.tag_resource().resource_arn(ARN).tags(key, "v")),
            refusal!(kinesis.create_stream().stream_name("new").shard_count(1).tags(key, "v")),
            refusal!(kinesis.register_stream_consumer().stream_arn(ARN).consumer_name("app").tags(key, "v")),
        ] {
            assert!(said.starts_with("InvalidArgumentException: ") && said.contains(words), "{key}: {said}");
        }
    }
    let many = (0..51).map(|i| (format!("k{i}"), String::new())).collect();
    let said = refusal!(kinesis.tag_resource().resource_arn(ARN).set_tags(Some(many)));
    assert_eq!(said, "InvalidArgumentException: A resource cannot have more than 50 tags.");
    assert!(kinesis.list_tags_for_stream().stream_name(STREAM).send().await.unwrap().tags().is_empty());
    assert!(kinesis.describe_stream_summary().stream_name("new").send().await.is_err());
    assert_eq!(world.consumers().await, []);
}
