// SPDX-License-Identifier: Apache-2.0
//! Schedules: functions called by the virtual clock, each in its own rhythm.

use std::time::Duration;

use sandbox::{ClockOptions, EventSource, Options, Sandbox, Schedule};

use crate::support::{World, manual};

fn every(every_minutes: u32, function: &str) -> Schedule {
    Schedule { function: function.to_owned(), every_minutes }
}

#[tokio::test]
async fn each_function_is_called_in_its_own_rhythm() {
    let schedules = vec![every(1, "scale-in"), every(5, "alarm-sync")];
    let mut world = World::new(Options { schedules, ..manual() }).await;
    for _ in 0..11 {
        world.minute().await;
    }
    let deliveries = world.delivered();
    let times = |function: &str| -> Vec<&str> {
        let of_function = deliveries.iter().filter(|it| it.function == function);
        of_function.map(|it| &it.payload["time"].as_str().unwrap()[11..]).collect()
    };
    assert_eq!(times("alarm-sync"), ["03:05:00Z", "03:10:00Z"]);
    assert_eq!((times("scale-in").len(), times("scale-in")[0]), (11, "03:01:00Z"));
    assert!(deliveries.iter().all(|it| it.source == EventSource::Schedule));
    assert_eq!(deliveries[0].payload["detail-type"], "Scheduled Event");
}

#[tokio::test]
async fn a_running_clock_ticks_by_itself() {
    let clock = ClockOptions::Running { speed: 6_000.0 };
    let mut world = World::new(Options { clock, schedules: vec![every(1, "scale-in")], ..manual() }).await;
    let delivery = tokio::time::timeout(Duration::from_secs(30), world.deliveries.recv()).await.unwrap().unwrap();
    assert_eq!(delivery.source, EventSource::Schedule);
}

#[tokio::test]
async fn a_schedule_without_a_rhythm_is_refused_at_the_start() {
    let error = Sandbox::start(Options { schedules: vec![every(0, "alarm-sync")], ..manual() }).await.err().unwrap();
    assert_eq!(error.to_string(), "schedule of alarm-sync: every_minutes=0 is not 1 or more");
}

/// As people stop everything at once: `aws lambda put-function-concurrency`.
#[tokio::test]
async fn a_function_that_may_not_run_is_sent_no_events_until_it_may_again() {
    let mut world = World::new(Options { schedules: vec![every(1, "scale-in")], ..manual() }).await;
    let endpoint = world.sandbox.endpoint().to_owned();
    let url = |function: &str| format!("{endpoint}/2017-10-31/functions/{function}/concurrency");
    let client = reqwest::Client::new();
    let reserve = async |function: &str, body: &str| {
        let answer = client.put(url(function)).body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:scale-in";
    let none = r#"{"ReservedConcurrentExecutions":0}"#;
    assert_eq!(reserve(arn, none).await, (200, none.to_owned()));
    let (status, words) = reserve("scale-in", r#"{"ReservedConcurrentExecutions":-1}"#).await;
    assert!(status == 400 && words.contains("ReservedConcurrentExecutions -1 is not a number of 0 or more"), "{words}");
    world.minute().await;
    let deleted = client.delete(url("scale-in")).send().await.unwrap().status().as_u16();
    assert_eq!((deleted, world.delivered().len()), (204, 0));
    world.minute().await;
    assert_eq!(world.delivered().len(), 1);
}
