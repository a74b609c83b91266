// SPDX-License-Identifier: Apache-2.0
//! The script that compares Kafka with Kinesis: 3 x r5.large against eleven shards for 10 MB/s.

use billing::prices::{Item, PriceSheet, US_EAST_1};
use sizing::DocumentsComparison;

use crate::MB;

#[test]
fn kinesis_costs_481_68_against_272_16_and_so_loses_209_52() {
    let script = DocumentsComparison::of_script();
    assert_eq!(script.shards.get(), 11);
    // 11 x 0.015 x 720.
    assert_eq!(script.shards_cost.to_string(), "118.80");
    // 10 MB/s x 2,592,000 s x 0.000014.
    assert_eq!(script.data_cost.to_string(), "362.88");
    assert_eq!(script.kinesis_cost().to_string(), "481.68");
    // 3 x 0.126 x 720.
    assert_eq!(script.kafka_cost.to_string(), "272.16");
    assert_eq!(script.kinesis_cost().0 - script.kafka_cost.0, 209_520_000);
    assert_eq!(script.lost_permille(), 770, "-77.0 %");
}

#[test]
fn a_mb_is_no_put_in_records_of_25_kb_a_bill_has_a_twenty_fourth_of_it() {
    // 10 MB/s in records of 25 KB are 409.6 a second, of one payload unit each.
    let units = u128::from(10 * MB * 2_592_000 / 25_600);
    let billed = PriceSheet::of(US_EAST_1).cost(Item::PutUnits, units).unwrap();
    assert_eq!(billed.cents(), "14.86");
}
