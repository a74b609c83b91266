// SPDX-License-Identifier: Apache-2.0
//! What streams take in, throttle and hand out becomes metrics; series come back as they were stored.

use aws_models::cloudwatch::Metric;
use aws_sdk_cloudwatch::error::ProvideErrorMetadata as _;
use aws_sdk_cloudwatch::types::ScanBy;
use aws_sdk_kinesis::types::{MetricsName, PutRecordsRequestEntry, ShardIteratorType};
use aws_smithy_types::DateTime;
use jiff::SignedDuration;
use sandbox::{Capacity, ClockOptions, Options};

use crate::support::{STREAM, World, expression, manual, seconds, start, sum};

fn record(bytes: usize) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder().partition_key("key").data(vec![7; bytes].into()).build().unwrap()
}

#[tokio::test]
async fn a_put_counts_bytes_and_records_and_no_throttles() {
    let world = World::with_stream(2).await;
    world.kinesis.put_record().stream_name(STREAM).partition_key("key").data(vec![7; 10].into()).send().await.unwrap();
    world.minute().await;
    let records = Some(vec![record(100), record(11), record(0)]);
    world.kinesis.put_records().stream_name(STREAM).set_records(records).send().await.unwrap();
    assert_eq!(world.sums("IncomingBytes").await, [13.0, 120.0]); // data and the three bytes of each key
    assert_eq!(world.sums("IncomingRecords").await, [1.0, 3.0]);
    assert_eq!(world.sums("WriteProvisionedThroughputExceeded").await, [0.0, 0.0]);
}

#[tokio::test]
async fn throttled_records_are_counted_and_are_not_incoming() {
    let world = World::with_stream(1).await;
    // Both in one call, so in one second of the shard: the second one is beyond its 1 MiB.
    let records = Some(vec![record(700_000), record(700_000)]);
    let answer = world.kinesis.put_records().stream_name(STREAM).set_records(records).send().await.unwrap();
    assert_eq!(answer.failed_record_count(), Some(1));
    assert_eq!(world.sums("WriteProvisionedThroughputExceeded").await, [1.0]);
    assert_eq!(world.sums("IncomingBytes").await, [700_003.0]);
}

/// Records of one call to one shard: what was written of them, and what throttled.
async fn put(world: &World, sizes: &[usize]) -> (usize, usize) {
    let records = sizes.iter().map(|bytes| record(*bytes)).collect();
    let answer = world.kinesis.put_records().stream_name(STREAM).set_records(Some(records)).send().await.unwrap();
    let throttled = answer.records().iter().filter(|it| it.error_code().is_some()).count();
    assert_eq!(answer.failed_record_count(), i32::try_from(throttled).ok());
    assert_eq!(answer.records().iter().filter(|it| it.sequence_number().is_some()).count(), sizes.len() - throttled);
    (sizes.len() - throttled, throttled)
}

#[tokio::test]
async fn a_shard_takes_a_mebibyte_in_each_second_of_the_virtual_clock() {
    let world = World::with_stream(1).await;
    let second = SignedDuration::from_secs(1);
    assert_eq!(put(&world, &[700_000, 700_000, 300_000]).await, (2, 1), "what still fits is taken");
    // However long this takes by the real clock, it is the same second.
    assert_eq!(put(&world, &[700_000]).await, (0, 1));
    world.sandbox.clock().advance(second);
    assert_eq!(put(&world, &[700_000]).await, (1, 0));
    // A call that is wrong as a whole takes no room.
    let wrong = world.kinesis.put_record().stream_name(STREAM).partition_key("").data(vec![7; 300_000].into());
    let error = wrong.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationException"));
    assert_eq!(put(&world, &[300_000, 300_000]).await, (1, 1));
    world.sandbox.clock().advance(second);
    assert_eq!(put(&world, &[0; 500]).await, (500, 0));
    assert_eq!(put(&world, &[0; 500]).await, (500, 0));
    assert_eq!(put(&world, &[0]).await, (0, 1), "a thousand records are full too");
}

#[tokio::test]
async fn a_throttled_record_alone_is_an_error_that_names_its_shard() {
    let world = World::with_stream(1).await;
    put(&world, &[1_048_000]).await;
    let put = world.kinesis.put_record().stream_name(STREAM).partition_key("k").data(vec![7; 1_000].into());
    let error = put.send().await.unwrap_err().into_service_error();
    assert!(error.is_provisioned_throughput_exceeded_exception());
    assert_eq!(
        error.meta().message(),
        Some("Rate exceeded for shard shardId-000000000000 in stream orders under account 123456789012.")
    );
    assert_eq!(world.sums("WriteProvisionedThroughputExceeded").await, [1.0]);
}

#[tokio::test]
async fn a_weight_fills_a_stream_with_fewer_records() {
    let clock = ClockOptions::Manual { start: start(), weight: 60.0 };
    let world = World::new(Options { clock, ..manual() }).await;
    world.sandbox.create_stream(STREAM, Capacity::Shards(1), &[]).await.unwrap();
    // A sixtieth of a mebibyte fills a second.
    assert_eq!(put(&world, &[8_000, 8_000, 8_000]).await, (2, 1));
    assert_eq!(world.sums("IncomingRecords").await, [120.0]);
    assert_eq!(world.sums("IncomingBytes").await, [60.0 * 2.0 * 8_003.0]);
    assert_eq!(world.sums("WriteProvisionedThroughputExceeded").await, [60.0]);
}

#[tokio::test]
async fn a_reader_that_lags_shows_its_age_and_one_that_caught_up_shows_zero() {
    let world = World::with_stream(1).await;
    for _ in 0..3 {
        put(&world, &[10]).await;
        world.sandbox.clock().advance(SignedDuration::from_secs(20));
    }
    let iterator = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id("shardId-000000000000");
    let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await.unwrap();
    let read = |iterator, limit| world.kinesis.get_records().set_shard_iterator(iterator).limit(limit).send();
    let first = read(iterator.shard_iterator, 1).await.unwrap();
    assert_eq!(first.millis_behind_latest(), Some(40_000), "the second record was written forty seconds ago");
    assert_eq!(first.records()[0].approximate_arrival_timestamp(), Some(&seconds(start())));
    let rest = read(first.next_shard_iterator, 10).await.unwrap();
    assert_eq!((rest.records().len(), rest.millis_behind_latest()), (2, Some(0)));
    world.minute().await;
    assert_eq!(world.sums("GetRecords.Bytes").await, [39.0]);
    assert_eq!(world.sums("GetRecords.IteratorAgeMilliseconds").await, [40_000.0]);
    assert_eq!(world.sums("ReadProvisionedThroughputExceeded").await, [0.0]);
}

#[tokio::test]
async fn a_reader_begins_at_a_time_of_the_virtual_clock() {
    let world = World::with_stream(1).await;
    for minute in 0..3_u32 {
        let put = world.kinesis.put_record().stream_name(STREAM).partition_key("key");
        put.data(minute.to_string().into_bytes().into()).send().await.unwrap();
        world.minute().await;
    }
    let from = async |seconds_after: i64| {
        let at = seconds(start() + SignedDuration::from_secs(seconds_after));
        let call = world.kinesis.get_shard_iterator().stream_name(STREAM).shard_id("shardId-000000000000");
        call.shard_iterator_type(ShardIteratorType::AtTimestamp).timestamp(at).send().await
    };
    for (seconds_after, expected) in [(-9, "012"), (0, "012"), (1, "12"), (60, "12"), (120, "2"), (121, "")] {
        let iterator = from(seconds_after).await.unwrap().shard_iterator;
        let page = world.kinesis.get_records().set_shard_iterator(iterator).send().await.unwrap();
        let read: Vec<_> = page.records().iter().flat_map(|it| it.data().as_ref().to_vec()).collect();
        assert_eq!(String::from_utf8(read).unwrap(), expected, "from {seconds_after} s after the start");
    }
    let future = from(181).await.unwrap_err().into_service_error();
    assert!(future.is_invalid_argument_exception(), "{future:?}");
}

#[tokio::test]
async fn a_stream_that_does_not_exist_has_no_metrics() {
    let world = World::new(manual()).await;
    let put = world.kinesis.put_record().stream_name(STREAM).partition_key("key").data(vec![7; 10].into());
    assert!(put.send().await.unwrap_err().into_service_error().is_resource_not_found_exception());
    assert!(world.sums("IncomingBytes").await.is_empty());
    assert!(world.sums("WriteProvisionedThroughputExceeded").await.is_empty());
}

#[tokio::test]
async fn a_stored_series_comes_back_as_it_was_stored() {
    let world = World::new(manual()).await;
    let stored = [(0, 0.1), (1, 65_504.0), (2, 1e15), (4, 3.0)];
    for (minute, value) in stored {
        let at = start() + SignedDuration::from_mins(minute);
        world.sandbox.cloudwatch().record(&Metric::kinesis(STREAM, "IncomingBytes"), at, value);
    }
    world.sandbox.clock().advance(SignedDuration::from_mins(9));
    let call = world
        .cloudwatch
        .get_metric_data()
        .metric_data_queries(sum("m", "IncomingBytes").return_data(true).build())
        .metric_data_queries(expression("twice", "m * 2", true))
        .start_time(seconds(start()))
        .end_time(DateTime::from_secs_f64(seconds(start()).as_secs_f64() + 240.5));
    let newest_first = call.clone().send().await.unwrap();
    let results = newest_first.metric_data_results();
    let points = |index: usize| -> Vec<(i64, f64)> {
        let minutes = results[index].timestamps().iter().map(|at| (at.secs() - start().as_second()) / 60);
        minutes.zip(results[index].values().iter().copied()).collect()
    };
    let expected: Vec<_> = stored.into_iter().rev().collect();
    assert_eq!(points(0), expected);
    assert_eq!(points(1), expected.iter().map(|(at, value)| (*at, value * 2.0)).collect::<Vec<_>>());
    let oldest_first = call.scan_by(ScanBy::TimestampAscending).send().await.unwrap();
    assert_eq!(oldest_first.metric_data_results()[0].values()[0].to_string(), "0.1");
}

/// Points of one metric, each as long as the period, oldest first: minutes since the start, and values.
async fn points_of(world: &World, metric: Metric, period: i32, statistic: &str) -> Vec<(i64, f64)> {
    use aws_sdk_cloudwatch::types as cw;
    let dimension = |(name, value)| cw::Dimension::builder().name(name).value(value).build();
    let asked = cw::Metric::builder().namespace(metric.namespace).metric_name(metric.name);
    let asked = asked.set_dimensions(Some(metric.dimensions.into_iter().map(dimension).collect())).build();
    let stat = cw::MetricStat::builder().metric(asked).period(period).stat(statistic).build();
    let answer = world
        .cloudwatch
        .get_metric_data()
        .metric_data_queries(cw::MetricDataQuery::builder().id("m").metric_stat(stat).build())
        .start_time(seconds(start()))
        .end_time(seconds(start() + SignedDuration::from_hours(4)))
        .scan_by(ScanBy::TimestampAscending);
    let answer = answer.send().await.unwrap();
    let result = &answer.metric_data_results()[0];
    let minutes = result.timestamps().iter().map(|at| (at.secs() - start().as_second()) / 60);
    minutes.zip(result.values().iter().copied()).collect()
}

#[tokio::test]
async fn of_a_shard_only_those_metrics_are_sent_that_are_enabled() {
    const ARN: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/orders";
    let world = World::with_stream(1).await;
    let put = async || {
        world.kinesis.put_records().stream_name(STREAM).records(record(7)).send().await.unwrap();
        world.minute().await;
    };
    let of_shard = async |name: &'static str| {
        points_of(&world, Metric::shard(STREAM, "shardId-000000000000", name), 60, "Sum").await
    };
    let enable = world.kinesis.enable_enhanced_monitoring().stream_arn(ARN);
    let (bytes, records) = (MetricsName::IncomingBytes, MetricsName::IncomingRecords);
    let enabled = enable.shard_level_metrics(bytes.clone()).shard_level_metrics(records).send().await.unwrap();
    assert_eq!(enabled.desired_shard_level_metrics().len(), 2);
    put().await;
    let disable = world.kinesis.disable_enhanced_monitoring().stream_arn(ARN);
    disable.shard_level_metrics(bytes).send().await.unwrap();
    put().await;
    assert_eq!(of_shard("IncomingBytes").await, [(0, 10.0)]);
    assert_eq!(of_shard("IncomingRecords").await, [(0, 1.0), (1, 1.0)]);
    assert_eq!(of_shard("WriteProvisionedThroughputExceeded").await, []);
}

#[tokio::test]
async fn minutes_become_longer_points_of_any_namespace() {
    let world = World::new(manual()).await;
    let shards = Metric { namespace: "KinesisScaler".to_owned(), ..Metric::kinesis(STREAM, "OpenShards") };
    for (minute, value) in [(0, 4.0), (4, 6.0), (5, 5.0), (61, 3.0)] {
        world.sandbox.cloudwatch().record(&shards, start() + SignedDuration::from_mins(minute), value);
    }
    world.sandbox.clock().advance(SignedDuration::from_hours(5));
    assert_eq!(points_of(&world, shards.clone(), 300, "Maximum").await, [(0, 6.0), (5, 5.0), (60, 3.0)]);
    assert_eq!(points_of(&world, shards, 3_600, "Sum").await, [(0, 15.0), (60, 3.0)]);
    assert_eq!(points_of(&world, Metric::kinesis(STREAM, "OpenShards"), 3_600, "Sum").await, []);
}

#[tokio::test]
async fn the_finer_a_point_the_sooner_it_is_gone() {
    let world = World::new(manual()).await;
    let bytes = Metric::kinesis(STREAM, "IncomingBytes");
    world.sandbox.cloudwatch().record(&bytes, start(), 1.0);
    let mut left = Vec::new();
    for days in [14, 16, 64, 456] {
        world.sandbox.clock().set(start() + SignedDuration::from_hours(24 * days));
        let mut periods = Vec::new();
        for period in [60, 300, 3_600] {
            if !points_of(&world, bytes.clone(), period, "Sum").await.is_empty() {
                periods.push(period);
            }
        }
        left.push(periods);
    }
    assert_eq!(left, [vec![60, 300, 3_600], vec![300, 3_600], vec![3_600], vec![]]);
}

#[tokio::test]
async fn points_come_in_pages_of_the_size_asked_for() {
    let world = World::new(manual()).await;
    for minute in 0..5_i32 {
        let at = start() + SignedDuration::from_mins(minute.into());
        world.sandbox.cloudwatch().record(&Metric::kinesis(STREAM, "IncomingBytes"), at, minute.into());
    }
    world.sandbox.clock().advance(SignedDuration::from_mins(9));
    let ask = |page: i32, token: Option<String>| {
        let call = world.cloudwatch.get_metric_data().set_next_token(token).max_datapoints(page);
        call.metric_data_queries(sum("m", "IncomingBytes").return_data(true).build())
            .metric_data_queries(sum("none", "IncomingRecords").return_data(true).build())
            .metric_data_queries(expression("twice", "m * 2", true))
            .start_time(seconds(start()))
            .end_time(seconds(start() + SignedDuration::from_mins(9)))
            .send()
    };
    let (mut pages, mut token) = (Vec::new(), None);
    loop {
        let page = ask(4, token).await.unwrap();
        let shown = page.metric_data_results().iter().map(|it| {
            let status = it.status_code().unwrap().as_str().to_owned();
            (it.id().unwrap().to_owned(), it.values().to_vec(), status)
        });
        pages.push(shown.collect::<Vec<_>>());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let part = |id: &str, values: &[f64], status: &str| (id.to_owned(), values.to_vec(), status.to_owned());
    assert_eq!(
        pages,
        [
            vec![part("m", &[4.0, 3.0, 2.0, 1.0], "PartialData"), part("none", &[], "Complete")],
            vec![part("m", &[0.0], "Complete"), part("twice", &[8.0, 6.0, 4.0], "PartialData")],
            vec![part("twice", &[2.0, 0.0], "Complete")],
        ]
    );
    for page in [0, -1, 100_801] {
        let error = ask(page, None).await.unwrap_err().into_service_error();
        assert_eq!(error.message(), Some(format!("MaxDatapoints={page} is not 1 to 100800").as_str()));
    }
}
