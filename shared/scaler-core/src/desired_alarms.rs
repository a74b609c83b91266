// SPDX-License-Identifier: Apache-2.0
//! The alarms that a stream should have, as its tags and its state say: six, none, or those that it has.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::decide::{AdmitReason, admission};
use crate::direction::Direction;
use crate::intent::Intent;
use crate::policy::Policy;
use crate::stream::StreamTags;
use kinesis_model::StreamState;

/// The alarms that a stream should have.
#[derive(Clone, Debug, PartialEq)]
pub enum DesiredAlarms {
    /// The six, by the stream's own policy.
    Managed {
        /// The stack's policy with the stream's own settings in it.
        policy: Box<Policy>,
        /// The way back inside the minimum and maximum, where the stream is outside.
        outside: Option<Direction>,
    },
    /// None: the scaler has nothing to do with the stream.
    None(AdmitReason),
    /// Those that it has: what it should have is not known, or changing.
    Unchanged(AdmitReason),
}

impl DesiredAlarms {
    /// Those of a stream in this state with these tags.
    pub fn of(stack: &Policy, stream: &StreamState, tags: &StreamTags) -> Self {
        match admission(stack, stream, tags, Intent::Auto) {
            Ok(policy) => {
                let shards = stream.open_shards.get();
                let outside = match shards {
                    _ if shards < policy.shards_min => Some(Direction::Out),
                    _ if shards > policy.shards_max => Some(Direction::In),
                    _ => None,
                };
                Self::Managed { policy: Box::new(policy), outside }
            }
            Err(reason @ (AdmitReason::NotManaged | AdmitReason::OnDemand | AdmitReason::Deleting)) => {
                Self::None(reason)
            }
            Err(
                reason @ (AdmitReason::BadTags(_)
                | AdmitReason::BadPolicy(_)
                | AdmitReason::NoRoomForTags { .. }
                | AdmitReason::NotActive(_)),
            ) => Self::Unchanged(reason),
        }
    }
}

/// Minutes between two runs of alarm-sync by its schedule, as in `template.yaml`.
pub const SYNC_MINUTES: i64 = 5;
/// Runs in which each stream's shard count is asked of Kinesis once; in the others it is what its alarms say.
///
/// There is no call that tells the counts of many streams, and `DescribeStreamSummary` is too dear for a fleet every five
/// minutes. CloudTrail, where the account has a trail, tells of every resize at once. Without one, what is found here costs
/// money at most: alarms made for too few shards fire early, those made for too many still fire at the first throttled
/// record, and the sweep then mends both.
const FULL_SYNC_RUNS: i64 = 48;

/// Minutes in which each stream's shard count is asked of Kinesis once.
pub const FULL_SYNC_MINUTES: i64 = FULL_SYNC_RUNS * SYNC_MINUTES;

/// Runs in which each stream is looked ahead for once: that takes a call for many points, and a plan is good for
/// an hour.
const RUNS_A_PLAN: i64 = 12;

/// Whether it is this stream's turn to be looked at in the run that was asked for at this time, in epoch seconds: every four
/// hours, spread evenly over the fleet.
pub fn is_full_sync_due(stream: &str, asked_at: i64) -> bool {
    has_turn(stream, asked_at, FULL_SYNC_RUNS)
}

/// Whether it is this stream's turn to be looked ahead for: every hour, spread as for [`is_full_sync_due`].
pub fn is_plan_due(stream: &str, asked_at: i64) -> bool {
    has_turn(stream, asked_at, RUNS_A_PLAN)
}

fn has_turn(stream: &str, asked_at: i64, runs: i64) -> bool {
    let mut hasher = DefaultHasher::new();
    stream.hash(&mut hasher);
    let turn = hasher.finish() % runs.unsigned_abs();
    let run = asked_at.div_euclid(SYNC_MINUTES * 60).rem_euclid(runs);
    turn == run.unsigned_abs()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::settings::PolicySpec;
    use crate::settings::{TAG_SHARDS_MAX, TAG_SHARDS_MIN};
    use crate::stream::TAG_MANAGED;
    use kinesis_model::ShardCount;
    use kinesis_model::{StreamMode, StreamStatus};

    fn check(tags: &[(&str, &str)], change: impl FnOnce(&mut StreamState)) -> String {
        let mut stream = StreamState {
            status: StreamStatus::Active,
            mode: StreamMode::Provisioned,
            open_shards: ShardCount::new(4).unwrap(),
            shard_metrics: false,
        };
        change(&mut stream);
        let stack = Policy::new(PolicySpec::default()).unwrap();
        match DesiredAlarms::of(&stack, &stream, &StreamTags::read(tags)) {
            DesiredAlarms::Managed { policy, outside } => {
                format!("alarms {}-{} {outside:?}", policy.shards_min, policy.shards_max)
            }
            DesiredAlarms::None(reason) => format!("none: {reason}"),
            DesiredAlarms::Unchanged(reason) => format!("leave: {reason}"),
        }
    }

    #[test]
    fn every_kind_of_stream_has_its_alarms() {
        let managed = (TAG_MANAGED, "true");
        assert_eq!(check(&[managed], |_| ()), "alarms 1-100 None");
        assert_eq!(check(&[managed, (TAG_SHARDS_MIN, "5")], |_| ()), "alarms 5-100 Some(Out)");
        assert_eq!(check(&[managed, (TAG_SHARDS_MAX, "3")], |_| ()), "alarms 1-3 Some(In)");
        assert!(check(&[], |_| ()).starts_with("none: the stream is not managed"));
        assert!(check(&[(TAG_MANAGED, "false")], |_| ()).starts_with("none: the stream is not managed"));
        assert!(
            check(&[managed], |stream| stream.mode = StreamMode::OnDemand).starts_with("none: the stream is in on-dem")
        );
        assert!(
            check(&[managed], |stream| stream.status = StreamStatus::Deleting).starts_with("none: the stream is being")
        );
        assert!(
            check(&[managed], |stream| stream.status = StreamStatus::Updating)
                .starts_with("leave: the stream is being")
        );
        assert!(
            check(&[managed], |stream| stream.status = StreamStatus::Creating)
                .starts_with("leave: the stream is being")
        );
        assert!(check(&[managed, (TAG_SHARDS_MAX, "many")], |_| ()).starts_with("leave: tag"));
        assert!(check(&[(TAG_MANAGED, "yes")], |_| ()).starts_with("leave: tag"), "perhaps a slip of the pen");
        assert!(check(&[managed, (TAG_SHARDS_MIN, "200")], |_| ()).starts_with("leave: the stream's tags"));
    }

    #[test]
    fn each_stream_has_its_turn_once_in_four_hours_and_the_turns_are_even() {
        let runs: Vec<_> = (0..48).map(|run| 1_767_322_800 + run * SYNC_MINUTES * 60).collect();
        let streams: Vec<_> = (0..3_000).map(|i| format!("stream-{i}")).collect();
        for stream in &streams {
            assert_eq!(runs.iter().filter(|run| is_full_sync_due(stream, **run)).count(), 1, "{stream}");
            assert_eq!(runs.iter().filter(|run| is_plan_due(stream, **run)).count(), 4, "{stream}: once an hour");
        }
        for run in &runs {
            let due = streams.iter().filter(|stream| is_full_sync_due(stream, *run)).count();
            assert!((35..=95).contains(&due), "{due} of 3,000 in one run of 48");
        }
    }
}
