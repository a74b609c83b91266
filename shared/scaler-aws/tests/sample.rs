// SPDX-License-Identifier: Apache-2.0
//! A bounded look at a shard: small pages first, nothing tried again faster than its pace, and what was read is kept.
#![allow(clippy::unwrap_used)]

#[path = "support/standin.rs"]
mod standin;
mod support;

use std::time::Duration;

use jiff::Timestamp;
use operator_aws::{Operator, SampleLimits};
use scaler_app::cloud::Failure;
use serde_json::{Value, json};
use standin::{Answer, Asked, Standin};

const LIMITS: SampleLimits =
    SampleLimits { records: 1_000, bytes: 1 << 20, page_bytes: 64 << 10, pause: Duration::ZERO };

/// So many records of a kilobyte.
fn page(records: u64) -> Answer {
    let record = json!({"SequenceNumber": "1", "PartitionKey": "key", "Data": "AAAA".repeat(340)});
    let records: Vec<Value> = (0..records).map(|_| record.clone()).collect();
    Answer::json(200, &json!({"Records": records, "NextShardIterator": "next", "MillisBehindLatest": 1}))
}

/// A shard whose `GetRecords` with this number, from 1, and all after it, end so; those before are answered in full.
async fn shard(number: usize, then: Answer) -> Standin {
    let mut reads = 0;
    Standin::start(move |asked| {
        if asked.operation == "GetShardIterator" {
            return Answer::json(200, &json!({"ShardIterator": "first"}));
        }
        reads += 1;
        if reads < number { page(limit(asked)) } else { then.clone() }
    })
    .await
}

fn limit(asked: &Asked) -> u64 {
    asked.json()["Limit"].as_u64().unwrap()
}

fn pages(standin: &Standin) -> Vec<u64> {
    standin.asked().iter().filter(|asked| asked.operation == "GetRecords").map(limit).collect()
}

async fn operator(standin: &Standin) -> Operator {
    Operator::new(&support::sdk(standin.endpoint()).await, &support::unpaced())
}

fn throttle() -> Answer {
    Answer::error("GetRecords", 400, "ProvisionedThroughputExceededException", "as scripted")
}

#[tokio::test]
async fn the_first_page_is_one_record_and_no_page_is_larger_than_it_may_be() {
    let standin = shard(usize::MAX, throttle()).await;
    let sampled = operator(&standin).await.sample("orders", "shard", Timestamp::UNIX_EPOCH, LIMITS).await.unwrap();
    let pages = pages(&standin);
    assert_eq!((pages[0], pages[1]), (1, 10));
    assert!(pages.iter().all(|records| records * 1_023 <= LIMITS.page_bytes as u64), "{pages:?}");
    assert_eq!((sampled.len(), sampled.cut_short_by.is_none()), (1_000, true));
}

#[tokio::test]
async fn what_was_read_before_a_throttle_is_kept_and_the_throttle_told() {
    let standin = shard(3, throttle()).await;
    let sampled = operator(&standin).await.sample("orders", "shard", Timestamp::UNIX_EPOCH, LIMITS).await.unwrap();
    assert_eq!(sampled.records.len(), 11);
    assert_eq!(sampled.cut_short_by.unwrap().failure, Failure::Throttled);
    assert_eq!(pages(&standin).len(), 3, "and not tried again at once");
}

#[tokio::test]
async fn a_shard_that_gives_nothing_is_an_error_after_one_call() {
    for (answer, failure) in [
        (throttle(), Failure::Throttled),
        (Answer::HangUp, Failure::Unavailable),
        (Answer::error("GetRecords", 400, "AccessDeniedException", "as scripted"), Failure::Denied),
    ] {
        let standin = shard(1, answer).await;
        let error =
            operator(&standin).await.sample("orders", "shard", Timestamp::UNIX_EPOCH, LIMITS).await.unwrap_err();
        assert_eq!((error.call, error.failure), ("GetRecords", failure));
        assert_eq!(pages(&standin).len(), 1);
    }
}

#[tokio::test]
async fn what_aws_refuses_is_an_error_whatever_was_read() {
    let standin = shard(2, Answer::error("GetRecords", 400, "AccessDeniedException", "as scripted")).await;
    let error = operator(&standin).await.sample("orders", "shard", Timestamp::UNIX_EPOCH, LIMITS).await.unwrap_err();
    assert_eq!(error.failure, Failure::Denied);
}
