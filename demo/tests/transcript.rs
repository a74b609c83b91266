// SPDX-License-Identifier: Apache-2.0
//! The demo prints the same lines in every run, also on a machine whose cores are all busy; and it is the picture in the README.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{available_parallelism, scope};

/// What `cargo xtask demo --plain` prints, and the picture that it draws; it ends well.
fn transcript() -> (String, String) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo.svg");
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).args(["--plain", "--picture"]).arg(&file).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    (printed, fs::read_to_string(file).unwrap())
}

/// Runs beside two busy loops on every core.
fn beside_busy_loops<T>(run: impl FnOnce() -> T) -> T {
    /// Ends the loops however the run ends.
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let is_over = AtomicBool::new(false);
    scope(|threads| {
        for _ in 0..2 * available_parallelism().unwrap().get() {
            threads.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let _stop = Stop(&is_over);
        run()
    })
}

#[test]
fn every_run_prints_the_same_lines_also_beside_busy_loops() {
    let alone = transcript();
    assert_eq!(beside_busy_loops(transcript), alone);
    let (printed, picture) = alone;
    insta::assert_snapshot!(printed);
    testkit::document::is("docs/demo.svg", "`cargo xtask demo --picture`", &picture);
}
