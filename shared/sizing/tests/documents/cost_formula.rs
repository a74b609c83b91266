// SPDX-License-Identifier: Apache-2.0
//! The document that tells what a month costs: shards x 24 x 30 x 0.015, and 0.000014 "per PUT".

use billing::prices::{Item, PriceSheet, US_EAST_1};
use kinesis_model::{MicroUsd, ShardCount};
use sizing::{DOCUMENTS_SHARD_HOUR, documents_month_cost, documents_put_cost};

#[test]
fn a_month_of_five_shards_without_and_with_a_put_a_second() {
    let five = ShardCount::saturating(5);
    // 5 x 24 x 30 x 0.015.
    assert_eq!(documents_month_cost(five, DOCUMENTS_SHARD_HOUR, 0).to_string(), "54.00");
    // 2,592,000 x 0.000014 = 36.288.
    assert_eq!(documents_month_cost(five, DOCUMENTS_SHARD_HOUR, 2_592_000).to_string(), "90.288");
    assert_eq!(documents_put_cost(u64::MAX), MicroUsd(u64::MAX));
}

#[test]
fn a_put_is_a_thousand_times_too_dear_and_a_shard_is_not() {
    let sheet = PriceSheet::of(US_EAST_1);
    let puts = 2_500 * 86_400 * 30;
    let real = sheet.cost(Item::PutUnits, u128::from(puts)).unwrap();
    // 6,480 million records of one unit each: 90.72 USD, and by the documents 90,720.
    assert_eq!(real.to_string(), "90.72");
    assert_eq!(documents_put_cost(puts), real.times(1_000));
    assert_eq!(sheet.cost(Item::ShardHour, 3_600).unwrap(), DOCUMENTS_SHARD_HOUR);
}
