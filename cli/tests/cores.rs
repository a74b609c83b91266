// SPDX-License-Identifier: Apache-2.0
//! No figure depends on how many cores there are: each command on one of them and on all says the same.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test reads what a command wrote")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use support::{cut, scratch, shardctl, succeeded};

/// What a command writes, its files included, on so many of the cores that this test may use.
fn told(arguments: &str, file: Option<&str>, cores: usize) -> String {
    let allowed = sched_getaffinity(None).unwrap();
    let mut chosen = CpuSet::new();
    for core in (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).take(cores) {
        chosen.set(core);
    }
    let path = file.map(|name| scratch(&format!("{cores}-{name}")));
    let more: Vec<_> = path.iter().map(PathBuf::as_path).collect();
    // A process begins on the cores of the thread that starts it.
    let output = thread::scope(|scope| {
        let run = scope.spawn(|| {
            sched_setaffinity(None, &chosen).unwrap();
            shardctl(arguments, &more).output().unwrap()
        });
        run.join().unwrap()
    });
    let written = path.map(|path| fs::read_to_string(path).unwrap()).unwrap_or_default();
    succeeded(output) + &written
}

fn check(arguments: &str, file: Option<&str>) {
    let allowed = sched_getaffinity(None).unwrap().count();
    assert!(allowed >= 2, "on {allowed} core nothing is compared: let this test have two or more (taskset, cpuset)");
    let one = told(arguments, file, 1);
    assert!(one.len() > 100, "{arguments}: {one}");
    assert_eq!(told(arguments, file, usize::MAX), one, "{arguments}");
}

#[test]
fn a_simulation_is_the_same_on_one_core_and_on_all() {
    let trace = cut("news.csv", 1_500, "cores-simulate.csv");
    check(&format!("simulate --trace {} --summary json --calls", trace.display()), Some("cores-calls.json"));
}

#[test]
fn a_backtest_is_the_same_on_one_core_and_on_all() {
    let trace = cut("commute.csv", 1_500, "cores-backtest.csv");
    check(&format!("backtest --trace {} --output json --picture", trace.display()), Some("cores-backtest.svg"));
}

#[test]
fn a_choice_of_settings_is_the_same_on_one_core_and_on_all() {
    let trace = cut("news.csv", 1_500, "cores-tune.csv");
    check(&format!("tune --trace {} --output json", trace.display()), None);
}
