// SPDX-License-Identifier: Apache-2.0
//! A stream's six alarms, all together.

use super::alarm::{AlarmKind, StreamAlarm, Watch};
use super::scaling::scaling_alarm;
use super::watch::watch_alarm;
use crate::direction::Direction;
use crate::policy::Policy;
use kinesis_model::ShardCount;

/// What the alarms do when they fire: ARNs of topics or functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmActions {
    /// Of scale-out alarms; none where EventBridge carries them.
    pub scale_out: Option<String>,
    /// Of scale-in alarms; none where EventBridge carries them.
    pub scale_in: Option<String>,
    /// Of watch alarms, but for the one on incoming records: that a stream is busy is no reason to wake somebody. None where
    /// nobody is told.
    pub watch: Option<String>,
}

/// The six alarms of a stream with so many open shards, in the order of [`AlarmKind::ALL`].
pub fn stream_alarms(policy: &Policy, stream: &str, shards: ShardCount, actions: &AlarmActions) -> Vec<StreamAlarm> {
    let of = |kind| match kind {
        AlarmKind::Scaling(Direction::Out) => {
            (scaling_alarm(policy, stream, shards, Direction::Out), &actions.scale_out)
        }
        AlarmKind::Scaling(Direction::In) => (scaling_alarm(policy, stream, shards, Direction::In), &actions.scale_in),
        AlarmKind::Watch(Watch::IncomingRecords) => (watch_alarm(policy, stream, Watch::IncomingRecords), &None),
        AlarmKind::Watch(watch) => (watch_alarm(policy, stream, watch), &actions.watch),
    };
    let with_action = |(alarm, action): (StreamAlarm, &Option<String>)| StreamAlarm {
        actions: action.iter().cloned().collect(),
        ..alarm
    };
    AlarmKind::ALL.into_iter().map(|kind| with_action(of(kind))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::alarm::stream_of_alarm;
    use super::*;
    use crate::settings::PolicySpec;

    fn alarms(shards: u32) -> Vec<StreamAlarm> {
        let policy = Policy::new(PolicySpec::default()).unwrap();
        let actions = AlarmActions { scale_out: Some("arn:out".to_owned()), ..AlarmActions::default() };
        stream_alarms(&policy, "orders", ShardCount::new(shards).unwrap(), &actions)
    }

    #[test]
    fn names_and_streams_are_read_back() {
        let names: Vec<_> = alarms(4).into_iter().map(|alarm| alarm.name).collect();
        assert_eq!(
            names,
            [
                "kinesis-scaler/orders/scale-out",
                "kinesis-scaler/orders/scale-in",
                "kinesis-scaler/orders/watch-write-throttled",
                "kinesis-scaler/orders/watch-read-throttled",
                "kinesis-scaler/orders/watch-iterator-age",
                "kinesis-scaler/orders/watch-incoming-records",
            ]
        );
        assert!(names.iter().all(|name| stream_of_alarm(name) == Some("orders")));
        for other in
            ["orders/scale-out", "kinesis-scaler/orders", "kinesis-scaler//scale-out", "kinesis-scaler/orders/"]
        {
            assert_eq!(stream_of_alarm(other), None, "{other}");
        }
    }

    #[test]
    fn an_alarm_is_right_in_any_order_of_its_entries_and_wrong_in_any_respect() {
        let wanted = &alarms(4)[0];
        let mut there = wanted.clone();
        there.metrics.reverse();
        there.expressions.reverse();
        there.threshold += 1e-9;
        assert!(there.differences(wanted).is_empty());
        let change = |change: fn(&mut StreamAlarm)| {
            let mut changed = wanted.clone();
            change(&mut changed);
            changed.differences(wanted)
        };
        assert_eq!(change(|alarm| alarm.threshold = 70.0), ["threshold"]);
        assert_eq!(change(|alarm| alarm.actions.push("arn:mine".to_owned())), ["actions"]);
        assert_eq!(change(|alarm| alarm.extras.push("disabled".to_owned())), ["other settings"]);
        assert_eq!(change(|alarm| alarm.expressions[1].expression.push_str(" * 2")), ["expression"]);
        assert_eq!(change(|alarm| alarm.metrics[0].statistic = "Average".to_owned()), ["metrics"]);
        assert_eq!(change(|alarm| alarm.expressions[0].expression = "four".to_owned()), ["shard count", "expression"]);
        assert_eq!(alarms(5)[0].differences(wanted), ["shard count"], "the one literal that a resize changes");
        assert_eq!(alarms(5)[1].differences(&alarms(4)[1]), ["shard count", "threshold"]);
        assert!(alarms(5)[2].differences(&alarms(4)[2]).is_empty(), "a watch alarm fits any count");
    }
}
