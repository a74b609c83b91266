// SPDX-License-Identifier: Apache-2.0
//! Sweeps in which time does not suffice for every firing alarm: all have their turn.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use scaler_app::{OutcomeKind, handle};
use scaler_core::{Direction, Policy, PolicySpec};
use serde_json::json;
use testkit::{Stream, World};

use crate::support::load;

/// How often each of so many streams is looked at in half a day.
async fn looks(direction: Direction, streams: usize) -> BTreeMap<String, usize> {
    let policy = Policy::new(PolicySpec::default()).unwrap();
    let begins = 1_767_322_800_i64;
    let mut world = World::at(Timestamp::from_second(begins).unwrap());
    let names: Vec<_> = (0..streams).map(|number| format!("stream-{number:02}")).collect();
    for name in &names {
        // Four shards half used: nothing is worth a resize, so each pass is a hold.
        let mut stream = Stream::managed(4, load());
        stream.tags.insert("kinesis-scaler/shards-min".to_owned(), "4".to_owned());
        world = world.with(name, stream);
    }
    for name in &names {
        world.fire(&format!("kinesis-scaler/{name}/{direction}"), &[name], Some(4));
    }
    let mut looks: BTreeMap<_, _> = names.iter().map(|name| (name.clone(), 0)).collect();
    // A slow hour at AWS: there is time for nine or so.
    world.slow(SignedDuration::from_millis(1_200));
    for minute in 0..720 {
        world.set(Timestamp::from_second(begins + minute * 60).unwrap());
        let event = json!({ "detail-type": "Scheduled Event", "source": "aws.events", "detail": {} });
        for outcome in handle(&world, &World::function_state(), &policy, direction, &event, &mut |_| ()).await.outcomes
        {
            if !outcome.words.starts_with("no time left") {
                assert_eq!(outcome.outcome, OutcomeKind::Held);
                *looks.get_mut(&outcome.stream.unwrap()).unwrap() += 1;
            }
        }
    }
    looks
}

/// Whatever the number of alarms has in common with the minutes between sweeps.
#[tokio::test]
async fn every_firing_alarm_has_its_turn() {
    for direction in [Direction::Out, Direction::In] {
        for streams in [10, 11, 20, 30] {
            let looks = looks(direction, streams).await;
            let (least, most) = (looks.values().min().unwrap(), looks.values().max().unwrap());
            assert!(*least > 0 && most - least <= most / 3, "{streams} alarms, {direction}: {looks:?}");
        }
    }
}
