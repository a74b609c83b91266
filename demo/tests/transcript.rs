// SPDX-License-Identifier: Apache-2.0
//! The demo prints the same lines in every run, also on a machine whose cores are all busy.
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{available_parallelism, scope};

/// What `cargo xtask demo --plain` prints; it ends well.
fn transcript() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_demo")).arg("--plain").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    printed
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
    insta::assert_snapshot!(alone);
    assert_eq!(beside_busy_loops(transcript), alone);
}
