// SPDX-License-Identifier: Apache-2.0
//! The document that sizes a stream: 3.5 MB/s, 2,500 records/s, four partition keys, a buffer of 20 %.

use sizing::{DOCUMENTS_SHARD_HOUR, HashedKeys, Reads, Sizing, Workload, documents_month_cost, shards_cost_per_hour};

use crate::{MB, megabytes};

fn workload() -> Workload {
    Workload {
        bytes_per_second: megabytes(3_500_000),
        records_per_second: Some(2_500),
        reads: Reads::ByConsumers(1),
        distinct_partition_keys: Some(4),
    }
}

#[test]
fn four_shards_by_bytes_three_by_records_and_five_with_the_buffer() {
    let sizing = Sizing::of(&workload(), 20);
    assert_eq!((sizing.by_bytes.get(), sizing.by_records.unwrap().get()), (4, 3));
    assert_eq!(sizing.useful_max.unwrap().get(), 4, "a fifth shard would get no key");
    assert_eq!((sizing.documents.get(), sizing.recommended.get()), (5, 5));
}

#[test]
fn five_shards_cost_0_075_an_hour_and_54_a_month() {
    let five = Sizing::of(&workload(), 20).documents;
    assert_eq!(shards_cost_per_hour(five, DOCUMENTS_SHARD_HOUR).to_string(), "0.075");
    assert_eq!(documents_month_cost(five, DOCUMENTS_SHARD_HOUR, 0).to_string(), "54.00");
}

#[test]
fn the_buffer_is_added_to_a_single_shard_too_where_ours_leaves_it() {
    let small = Workload { bytes_per_second: MB / 2, records_per_second: Some(500), ..workload() };
    let sizing = Sizing::of(&small, 20);
    assert_eq!((sizing.documents.get(), sizing.recommended.get()), (2, 1));
    for needed in 2..=10 {
        let load = Workload { bytes_per_second: needed * MB, records_per_second: None, ..workload() };
        let sizing = Sizing::of(&load, 20);
        assert_eq!(
            (u64::from(sizing.documents.get()), sizing.documents),
            ((needed * 12).div_ceil(10), sizing.recommended)
        );
    }
}

#[test]
fn four_keys_on_five_shards_stay_apart_in_19_of_100_cases() {
    let keys = HashedKeys::of(&workload(), Sizing::of(&workload(), 20).recommended).unwrap();
    // 5/5 x 4/5 x 3/5 x 2/5, and 5 x (1 - 0.8^4).
    assert!((keys.apart() - 0.192).abs() < 1e-12, "{}", keys.apart());
    assert!((keys.occupied() - 2.952).abs() < 1e-12, "{}", keys.occupied());
    // 0.875 MB/s each: a shard takes one of them, so it carries the load as often as they stay apart.
    assert_eq!(keys.per_shard_max(), 1);
    assert!((keys.carried() - 0.192).abs() < 1e-12, "{}", keys.carried());
}
