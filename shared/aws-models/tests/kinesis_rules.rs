// SPDX-License-Identifier: Apache-2.0
//! What Kinesis refuses of `UpdateShardCount`, as a table and as laws, and of `SplitShard` and `MergeShards`, as a
//! table.
#![allow(clippy::unwrap_used)]

use aws_models::kinesis_rules::{Refusal, Reshard, Resize, check, check_reshard};
use jiff::{SignedDuration, Timestamp};
use kinesis_model::StreamMode;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn resize(open_shards: u32, target: i64) -> Resize<'static> {
    Resize {
        stream: "orders",
        account: "123456789012",
        mode: StreamMode::Provisioned,
        status: "ACTIVE",
        open_shards,
        target,
        account_open_shards: open_shards,
        account_shard_limit: 20_000,
        accepted: &[],
    }
}

fn hours_ago(hours: i64) -> Timestamp {
    NOW - SignedDuration::from_hours(hours)
}

#[test]
fn the_step_must_lie_between_half_and_double() {
    let verdict = |open, target| check(&resize(open, target), NOW).map_err(|refusal| refusal.error_type);
    assert_eq!(verdict(4, 8), Ok(()));
    assert_eq!(verdict(4, 2), Ok(()));
    assert_eq!(verdict(5, 3), Ok(()));
    assert_eq!(verdict(5, 2), Err("InvalidArgumentException")); // half of 5 rounds up
    assert_eq!(verdict(4, 9), Err("InvalidArgumentException"));
    assert_eq!(verdict(4, 4), Err("InvalidArgumentException"));
    assert_eq!(verdict(4, 0), Err("ValidationException"));
    assert_eq!(verdict(4, -1), Err("ValidationException"));
    assert_eq!(verdict(9_000, 10_000), Ok(()));
    assert_eq!(verdict(9_000, 10_001), Err("LimitExceededException"));
    assert_eq!(verdict(9_000, i64::MAX), Err("LimitExceededException"));
}

#[test]
fn more_than_double_is_refused_in_the_words_of_the_service() {
    let Refusal { message, .. } = check(&resize(1, 4), NOW).unwrap_err();
    assert_eq!(
        message,
        "UpdateShardCount cannot scale up over double your current open shard count. \
         Current open shard count: 1 Target shard count: 4"
    );
}

#[test]
fn mode_status_and_quotas_are_checked() {
    let verdict = |resize: Resize<'_>| check(&resize, NOW).map_err(|refusal| refusal.error_type);
    assert_eq!(verdict(Resize { mode: StreamMode::OnDemand, ..resize(4, 8) }), Err("ValidationException"));
    assert_eq!(verdict(Resize { status: "UPDATING", ..resize(4, 8) }), Err("ResourceInUseException"));
    assert_eq!(
        verdict(Resize { account_open_shards: 17, account_shard_limit: 20, ..resize(4, 8) }),
        Err("LimitExceededException")
    );
    assert_eq!(verdict(Resize { account_open_shards: 16, account_shard_limit: 20, ..resize(4, 8) }), Ok(()));
    assert_eq!(verdict(Resize { account_open_shards: 25, account_shard_limit: 20, ..resize(4, 2) }), Ok(()));
}

#[test]
fn the_eleventh_call_of_a_day_is_refused_and_the_window_rolls() {
    let verdict = |accepted: &[Timestamp]| check(&Resize { accepted, ..resize(4, 8) }, NOW).map_err(|it| it.error_type);
    let mut accepted: Vec<Timestamp> = (1..=9).map(hours_ago).collect();
    assert_eq!(verdict(&accepted), Ok(()));
    accepted.push(hours_ago(23));
    assert_eq!(verdict(&accepted), Err("LimitExceededException"));
    accepted.pop();
    accepted.push(hours_ago(24));
    assert_eq!(verdict(&accepted), Ok(()));
}

/// A split (which adds one) or a merge (which adds none), of an account with four shards.
fn reshard(added: u32) -> Reshard<'static> {
    Reshard {
        stream: "orders",
        account: "123456789012",
        mode: StreamMode::Provisioned,
        status: "ACTIVE",
        added,
        account_open_shards: 4,
        account_shard_limit: 20_000,
        closed: None,
    }
}

#[test]
fn splits_and_merges_need_an_active_provisioned_stream_open_shards_and_room() {
    let (split, merge) = (reshard(1), reshard(0));
    let in_use = "ResourceInUseException: Stream orders under account 123456789012 not ACTIVE, instead in state";
    let full = "LimitExceededException: This request would exceed the shard limit for the account 123456789012.";
    let closed = Some("shardId-000000000001");
    for (reshard, expected) in [
        (split.clone(), None),
        (merge.clone(), None),
        (Reshard { mode: StreamMode::OnDemand, ..split.clone() }, Some("ValidationException: Stream orders")),
        (Reshard { mode: StreamMode::OnDemand, ..merge.clone() }, Some("ValidationException: Stream orders")),
        (Reshard { status: "UPDATING", ..split.clone() }, Some(in_use)),
        (Reshard { status: "UPDATING", ..merge.clone() }, Some(in_use)),
        (Reshard { status: "CREATING", ..split.clone() }, Some(in_use)),
        (Reshard { status: "DELETING", ..split.clone() }, Some(in_use)),
        (Reshard { closed, ..split.clone() }, Some("ResourceInUseException: Shard shardId-000000000001 in stream")),
        (Reshard { closed, ..merge.clone() }, Some("ResourceInUseException: Shard shardId-000000000001 in stream")),
        (Reshard { account_shard_limit: 5, ..split.clone() }, None),
        (Reshard { account_shard_limit: 4, ..split.clone() }, Some(full)),
        (Reshard { account_shard_limit: 4, ..merge.clone() }, None),
        // A stream that is changing is told so, whatever else is wrong.
        (Reshard { status: "UPDATING", closed, account_shard_limit: 4, ..split.clone() }, Some(in_use)),
    ] {
        let told = check_reshard(&reshard).err().map(|refusal| refusal.to_string());
        let is_so = match (&told, expected) {
            (None, None) => true,
            (Some(told), Some(expected)) => told.starts_with(expected),
            _ => false,
        };
        assert!(is_so, "{reshard:?}: {told:?} and not {expected:?}");
    }
}

proptest! {
    #[test]
    fn an_accepted_step_is_legal(open in 1_u32..12_000, target in -5_i64..25_000) {
        if check(&resize(open, target), NOW).is_ok() {
            let target = u32::try_from(target).unwrap();
            prop_assert!(target != open && (1..=10_000).contains(&target));
            prop_assert!(target <= open * 2 && target * 2 >= open);
        }
    }

    #[test]
    fn in_any_day_at_most_ten_calls_are_accepted(minutes in prop::collection::vec(1_i64..600, 1..60)) {
        let (mut now, mut accepted) = (NOW, Vec::new());
        for gap in minutes {
            now += SignedDuration::from_mins(gap);
            if check(&Resize { accepted: &accepted, ..resize(4, 8) }, now).is_ok() {
                accepted.push(now);
            }
        }
        for window in accepted.windows(11) {
            prop_assert!(window[10].duration_since(window[0]) >= SignedDuration::from_hours(24));
        }
    }
}
