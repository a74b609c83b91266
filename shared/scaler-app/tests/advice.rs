// SPDX-License-Identifier: Apache-2.0
//! What people are told to do can be done: the tags in an advice are read by whoever reads tags.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use kinesis_model::{MetricWindow, Minute, ShardCount, StreamMode, StreamState, StreamStatus};
use scaler_core::{Direction, Fetched, Intent, Observation, Policy, PolicySpec, StreamTags, decide};

const NOW: Timestamp = Timestamp::constant(1_767_322_800, 0);

/// The advice to a stream of so many shards with this maximum, which is 99 % full.
fn advice(shards: u32, max: u32) -> Option<String> {
    let bytes = u64::from(shards) * 99 * 60 * 1_048_576 / 100;
    let minute =
        Minute { bytes: Some(bytes), records: Some(bytes / 4_096), throttled_records: Some(0), ..Minute::default() };
    let stream = StreamState {
        status: StreamStatus::Active,
        mode: StreamMode::Provisioned,
        open_shards: ShardCount::new(shards).unwrap(),
        shard_metrics: false,
    };
    let seen = Observation {
        stream,
        tags: StreamTags::read(&[
            ("kinesis-scaler/managed", "true"),
            ("kinesis-scaler/shards-max", max.to_string().as_str()),
        ]),
        window: MetricWindow { end: NOW, minutes: vec![minute; 7] },
        plan: Fetched::Unavailable,
        account: Fetched::Unavailable,
        shards: Fetched::Unavailable,
    };
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let decision = decide(&policy, &seen, Intent::Auto, Direction::Out, NOW).unwrap();
    decision.attention.map(|cause| scaler_app::advice::advice(&cause, "orders"))
}

/// Also where more is wanted than AWS gives any stream.
#[test]
fn a_maximum_that_is_advised_is_a_maximum() {
    for (shards, max, advised) in [
        (4, 4, Some(5)),
        (100, 100, Some(124)),
        (8_000, 8_000, Some(9_900)),
        (9_000, 9_000, Some(10_000)),
        (9_600, 10_000, Some(10_000)),
        (10_000, 10_000, Some(10_000)),
        (4, 100, None),
    ] {
        let advice = advice(shards, max);
        let value = advice.as_ref().and_then(|advice| advice.rsplit_once("shards-max=")).map(|(_, value)| value);
        assert_eq!(value, advised.map(|count: u32| count.to_string()).as_deref(), "{shards} shards, {max}: {advice:?}");
        if let Some(value) = value {
            let tags = [("kinesis-scaler/managed", "true"), ("kinesis-scaler/shards-max", value)];
            assert_eq!(StreamTags::read(&tags).faults, [], "{advice:?}");
        }
        // What cannot be raised is not advised to be.
        let is_raised = advice.is_some_and(|advice| advice.starts_with("Raise the maximum"));
        assert_eq!(is_raised, max < 10_000 && advised.is_some(), "{shards} shards, {max}");
    }
}
