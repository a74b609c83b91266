// SPDX-License-Identifier: Apache-2.0
//! Tags: streams are found by them, page by page.

use aws_sdk_cloudwatch::types::{ComparisonOperator, Tag};
use aws_sdk_resourcegroupstagging::error::ProvideErrorMetadata as _;
use aws_sdk_resourcegroupstagging::operation::get_resources::builders::GetResourcesFluentBuilder;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use jiff::SignedDuration;
use sandbox::Capacity;

use crate::support::{World, manual, usage};

const MANAGED: &str = "kinesis-scaler/managed";

fn filter(key: &str, values: &[&str]) -> TagFilter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    TagFilter::builder().key(key).set_values(Some(values)).build()
}

/// The names of the streams that are found, page by page.
async fn found(call: GetResourcesFluentBuilder) -> Vec<Vec<String>> {
    let mut pages = call.into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let arns = page.resource_tag_mapping_list().iter().map(|it| it.resource_arn().unwrap());
        names.push(arns.map(|arn| arn.rsplit_once('/').unwrap().1.to_owned()).collect());
    }
    names
}

/// A world with streams `s0`, `s1`, ..., each with these tags.
async fn world(streams: &[&[(&str, &str)]]) -> World {
    let world = World::new(manual()).await;
    for (index, tags) in streams.iter().enumerate() {
        world.sandbox.create_stream(&format!("s{index}"), Capacity::Shards(1), tags).await.unwrap();
    }
    world
}

#[tokio::test]
async fn streams_are_found_by_their_tags() {
    let world = world(&[
        &[(MANAGED, "true"), ("team", "data")],
        &[(MANAGED, "false")],
        &[(MANAGED, "true"), ("team", "web")],
        &[],
    ])
    .await;
    let check = async |filters: &[TagFilter], expected: &[&str]| {
        let call = world.tagging.get_resources().set_tag_filters(Some(filters.to_vec()));
        assert_eq!(found(call).await, [expected], "{filters:?}");
    };
    check(&[], &["s0", "s1", "s2"]).await; // a stream without tags is never found
    check(&[filter(MANAGED, &[])], &["s0", "s1", "s2"]).await;
    check(&[filter(MANAGED, &["true"])], &["s0", "s2"]).await;
    check(&[filter(MANAGED, &["true", "false"])], &["s0", "s1", "s2"]).await;
    check(&[filter(MANAGED, &["true"]), filter("team", &["web", "ops"])], &["s2"]).await;
    check(&[filter(MANAGED, &["false"]), filter("team", &[])], &[]).await;
    check(&[filter("MANAGED", &[])], &[]).await;

    let call = world.tagging.get_resources().tag_filters(filter("team", &["data"])).send().await.unwrap();
    let [mapping] = call.resource_tag_mapping_list() else { return assert_eq!(found(call_all(&world)).await.len(), 1) };
    assert_eq!(mapping.resource_arn(), Some("arn:aws:kinesis:us-east-1:123456789012:stream/s0"));
    let tags: Vec<_> = mapping.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(tags, [(MANAGED, "true"), ("team", "data")]);
}

fn call_all(world: &World) -> GetResourcesFluentBuilder {
    world.tagging.get_resources().tag_filters(filter(MANAGED, &["true"]))
}

#[tokio::test]
async fn tags_that_change_are_seen() {
    let world = world(&[&[], &[(MANAGED, "true")]]).await;
    world.kinesis.add_tags_to_stream().stream_name("s0").tags(MANAGED, "true").send().await.unwrap();
    assert_eq!(found(call_all(&world)).await, [["s0", "s1"]]);
    world.kinesis.remove_tags_from_stream().stream_name("s1").tag_keys(MANAGED).send().await.unwrap();
    assert_eq!(found(call_all(&world)).await, [["s0"]]);
}

#[tokio::test]
async fn pages_hold_each_stream_once_and_the_last_has_no_token() {
    let managed = [(MANAGED, "true")];
    let streams: Vec<&[(&str, &str)]> = (0..9).map(|at| if at % 2 == 0 { &managed[..] } else { &[] }).collect();
    let world = world(&streams).await;
    assert_eq!(found(call_all(&world).resources_per_page(2)).await, [vec!["s0", "s2"], vec!["s4", "s6"], vec!["s8"]]);
    assert_eq!(found(call_all(&world).resources_per_page(3)).await, [vec!["s0", "s2", "s4"], vec!["s6", "s8"]]);
    assert_eq!(found(call_all(&world).resources_per_page(5)).await.len(), 1); // full, and yet the last
    let all = call_all(&world).pagination_token("").send().await.unwrap();
    assert_eq!((all.resource_tag_mapping_list().len(), all.pagination_token()), (5, Some("")));

    // Streams that come and go between two pages move none of the others.
    let first = call_all(&world).resources_per_page(2).send().await.unwrap();
    world.kinesis.remove_tags_from_stream().stream_name("s2").tag_keys(MANAGED).send().await.unwrap();
    let second = call_all(&world).resources_per_page(2).set_pagination_token(first.pagination_token);
    assert_eq!(found(second).await, [vec!["s4", "s6"], vec!["s8"]]);
}

#[tokio::test]
async fn alarms_are_found_by_their_tags_behind_the_streams() {
    let world = world(&[&[(MANAGED, "true")], &[(MANAGED, "true")]]).await;
    for (name, tag) in [("a", Some("stack")), ("b/c", Some("stack")), ("d", Some("other")), ("e", None)] {
        let tag = tag.map(|stack| vec![Tag::builder().key("made-by").value(stack).build()]);
        let alarm = world.cloudwatch.put_metric_alarm().alarm_name(name).set_metrics(Some(usage())).set_tags(tag);
        let alarm = alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold).threshold(1.0);
        alarm.evaluation_periods(1).send().await.unwrap();
    }
    let call = || world.tagging.get_resources();
    let alarms = call().resource_type_filters("cloudwatch:alarm").tag_filters(filter("made-by", &["stack"]));
    let page = alarms.clone().send().await.unwrap();
    let arns: Vec<_> = page.resource_tag_mapping_list().iter().filter_map(|it| it.resource_arn()).collect();
    let arn = |name: &str| format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}");
    assert_eq!(arns, [arn("a"), arn("b/c")]);
    // Of all types, a page ends with the streams, inside the alarms, or with the last of them.
    for (size, pages) in [(1, vec![1; 5]), (2, vec![2, 2, 1]), (3, vec![3, 2]), (5, vec![5])] {
        let mut found = call().resources_per_page(size).into_paginator().send();
        let mut sizes = Vec::new();
        while let Some(page) = found.next().await {
            sizes.push(page.unwrap().resource_tag_mapping_list().len());
        }
        assert_eq!(sizes, pages, "{size} a page");
    }
}

#[tokio::test]
async fn a_page_holds_fifty_unless_it_is_said() {
    let world = World::new(manual()).await;
    for index in 0..101 {
        let name = format!("s{index}");
        world.sandbox.create_stream(&name, Capacity::Shards(1), &[(MANAGED, "true")]).await.unwrap();
    }
    let sizes = async |call| found(call).await.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes(call_all(&world)).await, [50, 50, 1]);
    assert_eq!(sizes(call_all(&world).resources_per_page(100)).await, [100, 1]);
}

#[tokio::test]
async fn only_streams_are_found_whatever_is_asked_for() {
    let world = world(&[&[(MANAGED, "true")]]).await;
    let check = async |types: &[&str], expected: usize| {
        let types = types.iter().map(|it| (*it).to_owned()).collect();
        let call = call_all(&world).set_resource_type_filters(Some(types)).send().await.unwrap();
        assert_eq!((call.resource_tag_mapping_list().len(), call.pagination_token()), (expected, Some("")));
    };
    check(&["kinesis:stream"], 1).await;
    check(&["kinesis"], 1).await;
    check(&["ec2:instance", "kinesis:stream"], 1).await;
    check(&["cloudwatch:alarm"], 0).await;
}

#[tokio::test]
async fn each_refusal_arrives_as_the_typed_error() {
    let world = world(&[&[(MANAGED, "true")], &[(MANAGED, "true")]]).await;
    let call = || world.tagging.get_resources();
    for refused in [call().resources_per_page(0), call().resources_per_page(101), call().resources_per_page(-1)] {
        let error = refused.send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_parameter_exception() && error.message().unwrap().contains("is not 1 to 100"));
    }
    let many = call().set_tag_filters(Some(vec![filter("k", &[]); 51])).send().await.unwrap_err();
    assert_eq!(many.into_service_error().message(), Some("TagFilters has 51 keys, not at most 50"));
    let values = call().tag_filters(filter("k", &["v"; 21])).send().await.unwrap_err();
    assert_eq!(values.into_service_error().message(), Some("The filter for \"k\" has 21 values, not at most 20"));
    let unmodelled = call().tags_per_page(100).send().await.unwrap_err().into_service_error();
    assert_eq!(unmodelled.message(), Some("TagsPerPage is not supported by this sandbox; leave it out"));

    let unknown = call().pagination_token("made up").send().await.unwrap_err().into_service_error();
    assert!(unknown.is_pagination_token_expired_exception(), "{unknown:?}");
    let first = call().resources_per_page(1).send().await.unwrap();
    let second = call().set_pagination_token(first.pagination_token);
    world.sandbox.clock().advance(SignedDuration::from_mins(15));
    assert_eq!(second.clone().send().await.unwrap().resource_tag_mapping_list().len(), 1);
    world.sandbox.clock().advance(SignedDuration::from_secs(1));
    assert!(second.send().await.unwrap_err().into_service_error().is_pagination_token_expired_exception());
}
